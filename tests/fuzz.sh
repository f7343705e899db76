#!/bin/sh
# make fuzz: runs every fuzz target of the repository, each for FUZZTIME (60s if not set): those of the Go
# tests, and those of tests/fuzz, which clang builds with the C front as the last make left it.
# With the argument "ci" all of them together take two minutes at most, building included.
# An input that fails is kept below testdata/fuzz, beside its test; what fuzzing has learned, in
# build/fuzz. The last line is "N passed, N failed".
set -u
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 1

case ${1-} in
"") deadline= ;;
ci) deadline=$(($(date +%s) + 110)) ;;
*)
	echo "usage: $0 [ci]" >&2
	exit 2
	;;
esac

# PACKAGE:TARGET, a line each.
targets=$(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . |
	sed 's,/[^/]*:func ,:,' | LC_ALL=C sort)
fronts=$(cd tests/fuzz && ls ./*.c)
left=$(echo "$targets $fronts" | wc -w)
built=

# Sets time to what the next target gets.
share() {
	time=${FUZZTIME:-60s}
	if [ -n "$deadline" ]; then
		time=$(((deadline - $(date +%s)) / left - 1))
		[ "$time" -gt 1 ] || time=1
		time=${time}s
	fi
	left=$((left - 1))
}

# result NAME STATUS
result() {
	if [ "$2" -eq 0 ]; then
		count 1 0
		echo "ok      $1, $time"
	else
		count 0 1
		tail -n 100 "$tmp/log"
		echo "FAILED  $1"
	fi
}

for target in $targets; do
	package=${target%:*}
	name=${target#*:}
	if [ "$package" != "$built" ]; then
		rm -f "$tmp/fuzz"
		go test -c -fuzz . -o "$tmp/fuzz" "$package"
		built=$package
	fi
	share
	# Fresh keys make each run cover other lines, so that a minute at making one input shorter, the
	# default, is a minute lost.
	(cd "$package" && "$tmp/fuzz" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "$time" \
		-test.fuzzminimizetime 100x \
		-test.fuzzcachedir "$root/build/fuzz/$package") >"$tmp/log" 2>&1
	rc=$?
	# When time is up while a worker hands over an input, Go's fuzzer says this and nothing else; a
	# failure of the target comes with an input or a stack.
	if grep -q '^    context deadline exceeded$' "$tmp/log" &&
	    ! grep -qE 'Failing input|panic|_test\.go:' "$tmp/log"; then
		rc=0
	fi
	result "$name in $package" $rc
done

# The functions that these call don't need Go, and nothing else is linked. A function of Go's that one of
# them should call would be called at address 0.
front() {
	clang -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wno-unused-function -g -O1 \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -Icapi -I"$tmp" -no-pie \
		-Wl,--unresolved-symbols=ignore-all -o "$tmp/front" "tests/fuzz/$1" || return
	corpus=$root/build/fuzz/tests/$1
	mkdir -p "$corpus"
	ASAN_OPTIONS=quarantine_size_mb=16 "$tmp/front" -max_total_time="${time%s}" \
		-artifact_prefix="$root/tests/fuzz/failed-" "$corpus"
}

if echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
    clang -fsanitize=fuzzer -x c -o "$tmp/front" - 2>/dev/null; then
	cp build/parts/all.h "$tmp/_cgo_export.h"
	for name in $fronts; do
		share
		front "$name" >"$tmp/log" 2>&1
		result "tests/fuzz/${name#./}" $?
	done
else
	skip "clang's libFuzzer"
fi
verdict
