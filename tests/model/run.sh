#!/bin/sh
# tests/model/run.sh SEEDS [FIRST]: the model on so many seeds, for each pair of APIs: both ends of libtls, both of the
# SSL_* subset, and either as it comes. A seed that fails is told with the shortest sequence of calls that does so.
# BUILD is where the library is. Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/${BUILD:-build}
seeds=${1:?usage: run.sh SEEDS [FIRST]}
first=${2:-1}

cd "$root" || exit 1
CGO_ENABLED=0 go run ./tests/pki "$tmp/pki" || exit 1
CFLAGS="${CFLAGS:-} -Icompat" step "model compiles" compile "$tmp/model" tests/model/*.c
for apis in tt ss rr; do
	harness "model, $apis" "$tmp/model" -p "$tmp/pki" -a $apis -s "$first" -n "$seeds"
done
verdict
