#!/bin/sh
# make test-arch ARCH=...: the library for another of Debian's architectures, in qemu-user. Ends with "N passed, N
# failed". Arguments are patterns of the tests in the C harness that are run, instead of all; FIRST leaves it at
# these.
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
arch=${ARCH:?one of arm64 armhf i386 mips64el ppc64el riscv64 s390x}
case $arch in
arm64) go=arm64 cross=aarch64-linux-gnu qemu=aarch64 ;;
armhf) go=arm cross=arm-linux-gnueabihf qemu=arm ;;
i386) go=386 cross=i686-linux-gnu qemu=i386 ;;
mips64el) go=mips64le cross=mips64el-linux-gnuabi64 qemu=mips64el ;;
ppc64el) go=ppc64le cross=powerpc64le-linux-gnu qemu=ppc64le ;;
riscv64) go=riscv64 cross=riscv64-linux-gnu qemu=riscv64 ;;
s390x) go=s390x cross=s390x-linux-gnu qemu=s390x ;;
*)
	echo "test-arch: ARCH=$arch isn't known" >&2
	exit 1
	;;
esac
export BUILD=build/$arch CC=$cross-gcc FOREIGN=$arch RUN="qemu-$qemu-static -L /usr/$cross"
build=$root/$BUILD

# Where long has 32 bits, time_t is to have 64, as in Debian 13.
case $arch in
armhf | i386) export CPPFLAGS="-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64" ;;
esac

# qemu has a thread of its own, and keeps 280 kB for each that has ended; it doesn't pass on a mask
# that keeps it from its own signals, nor limits of memory, nor that a page is to be wiped for children of
# any kind. It is slow.
export OMIT="limits many" EXCEPT="-x one_thread_before_the_first_call -x thousands_of_short_threads
	-x other_threads_block_signals -x by_a_bare_system_call -x none_to_be_had"

GOARM=7 make -s BUILD=$BUILD CC=$CC OBJCOPY=$cross-objcopy GO="env GOARCH=$go CGO_ENABLED=1 go" check >/dev/null &&
make_pki "$tmp/pki" && compile "$tmp/harness" tests/*.c || exit 1
# shellcheck disable=SC2086 # several words
harness "harness, $arch" timeout 600 $RUN "$tmp/harness" $EXCEPT -p "$tmp/pki" "$@"
[ -n "${FIRST:-}" ] || harness "guests, $arch" tests/guest/run.sh
verdict
