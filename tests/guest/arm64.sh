#!/bin/sh
# make test-arm64: the library for linux/arm64, in qemu-user. Ends with "N passed, N failed".
# Its arguments are patterns of the tests in the C harness that are run, instead of all.
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
cross=aarch64-linux-gnu
export BUILD=build/arm64 CC=$cross-gcc FOREIGN=arm64 RUN="qemu-aarch64-static -L /usr/$cross"
build=$root/$BUILD

# qemu has a thread of its own, and keeps 280 kB for each that has ended; it doesn't pass on a mask
# that keeps it from its own signals, nor limits of memory, nor that a page is to be wiped for children of
# any kind. It is slow.
export OMIT="limits many" EXCEPT="-x one_thread_before_the_first_call -x thousands_of_short_threads
	-x other_threads_block_signals -x by_a_bare_system_call"

make -s BUILD=$BUILD CC=$CC OBJCOPY=$cross-objcopy GO="env GOARCH=arm64 CGO_ENABLED=1 go" >/dev/null &&
make_pki "$tmp/pki" && compile "$tmp/harness" tests/*.c || exit 1
# shellcheck disable=SC2086 # several words
harness "harness, arm64" timeout 600 $RUN "$tmp/harness" $EXCEPT -p "$tmp/pki" "$@"
harness "guests, arm64" tests/guest/run.sh
verdict
