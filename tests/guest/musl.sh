#!/bin/sh
# make test-musl: the library built and linked with musl, and as a static one. Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
export BUILD=build/musl CC=musl-gcc FOREIGN=musl
build=$root/$BUILD

# As such systems like to have it, with a section for each variable.
CGO_CFLAGS="-O2 -g -fdata-sections" make -s BUILD=$BUILD CC=$CC >/dev/null && make_pki "$tmp/pki" && compile "$tmp/harness" tests/*.c &&
$CC -static -std=c11 -I. -o "$tmp/static" tests/*.c $BUILD/libtls.a || exit 1
harness "harness, musl" timeout 300 "$tmp/harness" -p "$tmp/pki"
harness "harness, musl, static" timeout 300 "$tmp/static" -x "*_by_dlsym" -p "$tmp/pki"
harness "names, musl" tests/names/run.sh "$tmp/pki"
harness "guests, musl" tests/guest/run.sh
verdict
