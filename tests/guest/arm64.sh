#!/bin/sh
# make test-arm64: the library for linux/arm64, and the C harness in qemu-user.
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1
cross=aarch64-linux-gnu
build=$root/build/arm64

make -s BUILD=build/arm64 CC=$cross-gcc OBJCOPY=$cross-objcopy GO="env GOARCH=arm64 CGO_ENABLED=1 go" >/dev/null &&
go run ./tests/pki "$tmp/pki" && mkdir "$tmp/pki/hashed" && cp "$tmp/pki/ca.pem" "$tmp/pki/hashed" &&
openssl rehash "$tmp/pki/hashed" && CC=$cross-gcc compile "$tmp/harness" tests/*.c || exit 1
timeout 1500 qemu-aarch64-static -L /usr/$cross "$tmp/harness" -p "$tmp/pki" "$@"
