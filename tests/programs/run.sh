#!/bin/sh
# Builds the library under LibreTLS's soname and runs Debian's programs over it. Arguments are
# go test's.
set -eu
cd "$(dirname "$0")/../.."
make -s BUILD=build/26 SONAME=libtls.so.26
exec go test -count=1 "$@" ./tests/programs -args -lib="$PWD/build/26"
