#!/bin/sh
# tests/quick.sh [c]: what a small change breaks first, in under a minute once Go's cache is warm; or the C tests
# alone of that. Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 1

[ "${1:-}" = c ] || rooms "go test"
make_pki "$tmp/pki" || exit 1
step "harness compiles" compile "$tmp/harness" tests/*.c
# shellcheck disable=SC2046 # several words
harness "sessions and tickets" "$tmp/harness" -p "$tmp/pki" \
	$("$tmp/harness" -l | awk '$2 ~ /session\.c$/ { print $1 }')
harness "rows" tests/ssl/run.sh "$tmp/pki" rows

verdict
