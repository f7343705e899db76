#!/bin/sh
# tests/model/run.sh SEEDS [FIRST]: the model on so many seeds, for each pair of APIs: both ends of libtls, both of the
# SSL_* subset, and either as it comes. A seed that fails is told with the shortest sequence of calls that does so.
# BUILD is where the library is; OTHERS=yes runs it on Debian's LibreTLS and OpenSSL. Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/${BUILD:-build}
seeds=${1:?usage: run.sh SEEDS [FIRST]}
first=${2:-1}

cd "$root" || exit 1
CGO_ENABLED=0 go run ./tests/pki "$tmp/pki" || exit 1
if [ "${OTHERS:-}" = yes ]; then
	step "model compiles" cc -std=c11 -Wall -Wextra -Werror -DTEST_LIBRETLS -o "$tmp/model" tests/model/*.c \
		-ltls -lssl -lcrypto -lpthread
else
	CFLAGS="${CFLAGS:-} -Icompat" step "model compiles" compile "$tmp/model" tests/model/*.c
fi
for apis in tt ss rr; do
	harness "model, $apis" "$tmp/model" -p "$tmp/pki" -a $apis -s "$first" -n "$seeds"
done
verdict
