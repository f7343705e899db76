#!/bin/sh
# Puts the protocol engine through BoGo: tests/bogo/run.sh RUNNER [runner's flags].
# RUNNER is the path of an already built runner. The exit status is 0 only if
# no test failed.
set -eu

[ $# -gt 0 ] || { echo "usage: $0 RUNNER [flags]" >&2; exit 2; }
runner=$(realpath "$1")
shift
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$here" && go build -o "$work/shim" ./shim)

status=0
TMPDIR=$work "$runner" -shim-path "$work/shim" -shim-config "$here/config.json" \
	-allow-unimplemented -pipe "$@" >"$work/log" 2>&1 || status=$?
grep -v -e '^PASSED (' -e '^UNIMPLEMENTED (' -e '^PASS$' "$work/log" || true
count() { grep -c "^$1 (" "$work/log" || true; }
echo "bogo: $(count PASSED) passed, $(count FAILED) failed, $(count UNIMPLEMENTED) unimplemented"
exit $status
