#!/bin/sh
# make test-musl: the library built and linked with musl, and as a static one.
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
export BUILD=build/musl CC=musl-gcc
build=$root/$BUILD

make -s BUILD=$BUILD CC=$CC SSL_SUBSET="${SSL_SUBSET:-yes}" >/dev/null &&
go run ./tests/pki "$tmp/pki" && mkdir "$tmp/pki/hashed" && cp "$tmp/pki/ca.pem" "$tmp/pki/hashed" &&
openssl rehash "$tmp/pki/hashed" && compile "$tmp/harness" tests/*.c &&
$CC -static -std=c11 -I. -o "$tmp/static" tests/*.c build/musl/libtls.a || exit 1
timeout 600 "$tmp/harness" -p "$tmp/pki" || exit 1
timeout 600 "$tmp/static" -p "$tmp/pki" || exit 1
HARNESS_ONLY=1 tests/guest/run.sh
