#!/bin/sh
# Installs the Debian packages that building and testing need, if root runs it; else names those
# that are missing and fails if there are any.
set -eu

missing=
need() { # PACKAGE, a file that it brings, found by its path or in PATH
	case $2 in
	/*) [ -e "$2" ] ;;
	*) command -v "$2" >/dev/null ;;
	esac || missing="$missing $1"
}

need make make
need gcc gcc
need libc6-dev /usr/include/stdlib.h
need g++ g++
need clang clang
need binutils nm
need musl-tools musl-gcc
need gcc-aarch64-linux-gnu aarch64-linux-gnu-gcc
need libc6-dev-arm64-cross /usr/aarch64-linux-gnu/include/stdlib.h
need qemu-user-static qemu-aarch64-static
need pkg-config pkg-config
need libtls-dev /usr/include/tls.h
need libssl-dev /usr/include/openssl/ssl.h
need openssl openssl
need gnutls-bin gnutls-cli
need curl curl
need valgrind valgrind
need mandoc mandoc
need ca-certificates /etc/ssl/certs/ca-certificates.crt
need strace strace
need catgirl catgirl
need sacc sacc
need rpki-client /usr/sbin/rpki-client

command -v go >/dev/null || {
	echo "deps: Go is missing; go.mod names the version" >&2
	exit 1
}
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
	echo "deps: missing Debian packages:$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
# shellcheck disable=SC2086 # a list of words
apt-get -q install -y --no-install-recommends $missing
