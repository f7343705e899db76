#!/bin/sh
# check/run.sh BUILD: what a linker may do wrong without a word. CC and LDFLAGS are those that the library
# was built with, RUN is what runs programs for another machine.
set -eu
cd "$(dirname "$0")/../.."
build=$1
cc=${CC:-cc}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# initialisers LIBRARY: the size of the list that the dynamic loader runs.
initialisers() {
	readelf -dW "$1" | sed -n 's/.*(INIT_ARRAYSZ) *//p'
}

# The compiler adds one of its own to each library, and on some machines one for atomic operations; Go's must not
# be among them.
# shellcheck disable=SC2086 # several words
echo '_Atomic int count; int next(void) { return ++count; }' | $cc -shared -fPIC ${LDFLAGS:-} -x c -o "$tmp/empty.so" -
if [ "$(initialisers "$build/libtls.so")" != "$(initialisers "$tmp/empty.so")" ]; then
	echo "check: the linker has made Go's start an initialiser of the library: $(initialisers "$build/libtls.so")" >&2
	exit 1
fi

# Memory counts against RLIMIT_DATA when the library is loaded, though nothing uses it.
for size in $(readelf -lW "$build/libtls.so" | awk '$1 == "LOAD" && /RW/ { print $6 }'); do
	if [ $((size)) -gt 4000000 ]; then
		echo "check: loading the library takes $((size)) bytes of writable memory" >&2
		exit 1
	fi
done

# Each file of the C front uses only files that stand below it.
readelf -sW "$build"/parts/0*.o | awk -v files="$(cd capi && echo *.c)" '
	BEGIN { for (n = split(files, f); n > 0; n--) front[f[n]] }
	/^File:/ { file = "" }
	$4 == "FILE" && $8 in front { file = $8 }
	file != "" && $5 ~ /GLOBAL|WEAK/ { if ($7 == "UND") used[file " " $8]; else defines[$8] = file }
	END {
		for (u in used) {
			split(u, f)
			if (f[2] in defines && defines[f[2]] != f[1])
				print f[1], defines[f[2]]
		}
	}' >"$tmp/uses"
if ! grep -q . "$tmp/uses" || ! tsort "$tmp/uses" >/dev/null; then
	echo "check: files of the C front use each other in a circle" >&2
	exit 1
fi

# shellcheck disable=SC2086
$cc ${LDFLAGS:-} -I. -o "$tmp/dynamic" tests/check/program.c -L"$build" -Wl,-rpath,"$(realpath "$build")" -ltls
# shellcheck disable=SC2086
$cc ${LDFLAGS:-} -I. -o "$tmp/static" tests/check/program.c "$build/libtls.a" -lpthread
for program in dynamic static; do
	# shellcheck disable=SC2086
	timeout -s KILL 60 ${RUN:-} "$tmp/$program" || {
		echo "check: the first call of a program linked with the ${program} library fails" >&2
		exit 1
	}
done
