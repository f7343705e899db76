#!/bin/sh
# deps.sh [demo]: installs the Debian packages, and the Go, that building and testing need, or those for the
# demo alone, if root runs it; else tells what to type and fails if there is anything to install.
set -eu
cd "$(dirname "$0")/.."

# The oldest release that go.mod allows, and the one to install.
least=$(sed -n 's/^go //p' go.mod)
go=$(sed -n 's/^toolchain go//p' go.mod)

missing=
need() { # PACKAGE, a file that it brings, found by its path or in PATH
	case $2 in
	/*) [ -e "$2" ] ;;
	*) command -v "$2" >/dev/null ;;
	esac || missing="$missing $1"
}

# Go 1.19, which can't read go.mod, fails as well.
go_will_do() {
	go list -m >/dev/null 2>&1
}

too_old() { # WHAT TO DO
	echo "deps: Go $least or a later one is needed$(command -v go >/dev/null && (cd / && go version) |
		sed 's/go version \([^ ]*\).*/, not \1/'): $1" >&2
}

need make make
need gcc gcc
need libc6-dev /usr/include/stdlib.h
need binutils nm
need openssl openssl
need golang-go go
# Go fetches modules, and root another Go.
{ [ -d vendor ] && go_will_do; } || need ca-certificates /etc/ssl/certs/ca-certificates.crt
if [ "${1:-}" != demo ]; then
	need g++ g++
	need clang clang
	need libclang-rt-dev "$(clang -print-runtime-dir 2>/dev/null || echo /)/libclang_rt.fuzzer-$(uname -m).a"
	need lld ld.lld
	need mold mold
	# In binutils before Debian 13.
	need binutils-gold ld.gold
	need cppcheck cppcheck
	need musl-tools musl-gcc
	need gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
	need libc6-dev-arm64-cross /usr/aarch64-linux-gnu/include/stdlib.h
	need gcc-s390x-linux-gnu s390x-linux-gnu-gcc
	need libc6-dev-s390x-cross /usr/s390x-linux-gnu/include/stdlib.h
	need gcc-arm-linux-gnueabihf arm-linux-gnueabihf-gcc
	need libc6-dev-armhf-cross /usr/arm-linux-gnueabihf/include/stdlib.h
	need qemu-user-static qemu-aarch64-static
	need pkg-config pkg-config
	need libtls-dev /usr/include/tls.h
	need libssl-dev /usr/include/openssl/ssl.h
	need gnutls-bin gnutls-cli
	need curl curl
	need tshark tshark
	need valgrind valgrind
	need mandoc mandoc
	need strace strace
	need catgirl catgirl
	need sacc sacc
	need rpki-client /usr/sbin/rpki-client
	need vsftpd /usr/sbin/vsftpd
	need nginx /usr/sbin/nginx
	need haproxy /usr/sbin/haproxy
fi

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	[ -z "$missing" ] || echo "deps: to be installed by root first: $install" >&2
	go_will_do || too_old "unpack one of https://go.dev/dl in /usr/local and put /usr/local/go/bin in PATH, or have root run $0${1:+ $1}"
	[ -z "$missing" ] && go_will_do
	exit
fi

if [ -n "$missing" ]; then
	apt-get -q update
	# No service of theirs is started.
	DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 $install
fi
# One that fetches another for each module won't do without a network.
(export GOTOOLCHAIN=local; go_will_do) && exit
if [ -e /usr/local/go ]; then
	go_will_do && exit
	too_old "/usr/local/go is older, or /usr/local/go/bin isn't in PATH"
	exit 1
fi
# Go's own releases are modules as well, whose checksums the Go that is there verifies; in them nothing is
# executable.
case $(go env GOARCH) in
arm) arch=armv6l ;;
*) arch=$(go env GOARCH) ;;
esac
echo "deps: installing Go $go as /usr/local/go, and a link to it in /usr/local/bin"
module=golang.org/toolchain@v0.0.1-go$go.linux-$arch
(cd / && go mod download "$module") || {
	too_old "unpack one of https://go.dev/dl in /usr/local, and put /usr/local/go/bin in PATH"
	exit 1
}
cp -r "$(go env GOMODCACHE)/$module" /usr/local/go
chmod -R u+w /usr/local/go
chmod -R a+x /usr/local/go/bin /usr/local/go/pkg/tool
ln -sf /usr/local/go/bin/go /usr/local/go/bin/gofmt /usr/local/bin
hash -r
go_will_do
