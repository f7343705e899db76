#!/bin/sh
# tsan.sh PKI: what threads share, under ThreadSanitizer. PKI is what tests/pki makes. The C front and
# the tests are instrumented; Go's side is for go test -race.
set -eu
. "$(dirname "$0")/lib.sh"

cd "$root"
# A sanitized thread needs a larger stack than the runtime's have.
CGO_CFLAGS="-O1 -g -fsanitize=thread -DSTACK_SIZE=4194304" CGO_LDFLAGS=-fsanitize=thread LDFLAGS=-fsanitize=thread \
	make -s BUILD=build/tsan SSL_SUBSET=no
build=$root/build/tsan
CFLAGS=-fsanitize=thread CC=gcc compile "$tmp/harness" tests/*.c
"$tmp/harness" -p "$1" 'threads_*' 'callbacks_*' 'sign_callback*'
