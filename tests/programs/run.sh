#!/bin/sh
# Builds the library under LibreTLS's soname and runs Debian's programs over it. Arguments are
# go test's.
set -eu
. "$(dirname "$0")/../lib.sh"
cd "$(dirname "$0")/../.."
make -s BUILD=build/old SONAME="$(libretls)"
go test -count=1 "$@" ./tests/programs -args -lib="$PWD/build/old"
