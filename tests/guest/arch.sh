#!/bin/sh
# make test-arch ARCH=...: the library for another of Debian's architectures, in qemu-user where this machine can't
# run its programs. Ends with "N passed, N failed". Arguments are patterns of the tests in the C harness that are run,
# instead of all; FIRST leaves it at these.
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
arch=${ARCH:?one of arm64 armhf i386 ppc64el riscv64 s390x}
case $arch in
arm64) go=arm64 cross=aarch64-linux-gnu qemu=aarch64 ;;
armhf) go=arm cross=arm-linux-gnueabihf qemu=arm ;;
i386) go=386 cross=i686-linux-gnu qemu=i386 ;;
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
# any kind, nor in smaps that it isn't dumped; nor that memory is not for children, where all secrets of
# the parent's are left then. It is slow.
export OMIT="limits many secrets" EXCEPT="-x one_thread_before_the_first_call -x thousands_of_short_threads
	-x other_threads_block_signals -x by_a_bare_system_call -x none_to_be_had -x generations_do_not_add_up"

# qemu is too slow at i386 for the harness's limits of time. Amd64 runs its programs as they are.
own="/usr/$cross/lib/ld-linux.so.2 --library-path /usr/$cross/lib"
if [ "$arch" = i386 ] && [ "$(uname -m)" = x86_64 ]; then
	# Go doesn't map its memory through libc there: children have the parent's, with the secrets in it.
	RUN=$own OMIT=secrets EXCEPT='-x generations_do_not_add_up'
fi

# visit RESUMED PORT COMMAND...: a client of which each takes the session file from the one before.
visit() {
	resumed=$1
	port=$2
	shift 2
	"$@" -C "$tmp/pki/ca.pem" -e ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256 -p "$version" -s "$tmp/session-$version" "$port" >"$tmp/visit" 2>&1 &&
	grep -q "resumed=$resumed$" "$tmp/visit" || { echo "$version: $*"; cat "$tmp/visit"; return 1; }
}

# Session files and tickets mean the same here and there: two servers with one key, and two clients with one file.
# Which suite a server prefers depends on its processor, and TLS 1.2 resumes under that alone.
sessions_travel() {
	fleet="-i fleet -l 300 -K $(printf %096d 7) -c $tmp/pki/server.pem -k $tmp/pki/server.key"
	env -u BUILD -u CC -u CPPFLAGS make -s >/dev/null || return 1
	for program in client server; do
		compile "$tmp/$program-there" tests/sessions/$program.c &&
		build=$root/build CC=cc CPPFLAGS= compile "$tmp/$program-here" tests/sessions/$program.c || return 1
	done
	# shellcheck disable=SC2086 # several words
	background "$tmp/here" "$tmp/server-here" $fleet
	# shellcheck disable=SC2086
	background "$tmp/there" $RUN "$tmp/server-there" $fleet
	here=$(await "$tmp/here" '^port ([0-9]+)') && there=$(await "$tmp/there" '^port ([0-9]+)') || return 1
	for version in tlsv1.2 tlsv1.3; do
		# shellcheck disable=SC2086
		visit 0 "$here" $RUN "$tmp/client-there" && visit 1 "$there" "$tmp/client-here" &&
		visit 1 "$here" $RUN "$tmp/client-there" || return 1
	done
}

GOARM=7 make -s BUILD=$BUILD CC=$CC OBJCOPY=$cross-objcopy GO="env GOARCH=$go CGO_ENABLED=1 go" check >/dev/null &&
make_pki "$tmp/pki" && compile "$tmp/harness" tests/*.c || exit 1
# shellcheck disable=SC2086 # several words
harness "harness, $arch" timeout 600 $RUN "$tmp/harness" $EXCEPT -p "$tmp/pki" "$@"
step "sessions and tickets, here and on $arch" sessions_travel
[ -n "${FIRST:-}" ] || harness "guests, $arch" tests/guest/run.sh
verdict
