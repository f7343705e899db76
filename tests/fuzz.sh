#!/bin/sh
# make fuzz: runs every fuzz target of the repository, each for FUZZTIME (60s if not set).
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
left=$(echo "$targets" | wc -l)
passed=0
failed=0
built=
for target in $targets; do
	package=${target%:*}
	name=${target#*:}
	if [ "$package" != "$built" ]; then
		rm -f "$tmp/fuzz"
		go test -c -fuzz . -o "$tmp/fuzz" "$package"
		built=$package
	fi
	time=${FUZZTIME:-60s}
	if [ -n "$deadline" ]; then
		time=$(((deadline - $(date +%s)) / left - 1))
		[ "$time" -gt 1 ] || time=1
		time=${time}s
	fi
	left=$((left - 1))
	# Fresh keys make each run cover other lines, so that a minute at making one input shorter, the
	# default, is a minute lost.
	(cd "$package" && "$tmp/fuzz" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "$time" \
		-test.fuzzminimizetime 100x \
		-test.fuzzcachedir "$root/build/fuzz/$package") >"$tmp/log" 2>&1
	rc=$?
	# When time is up while a worker hands over an input, Go's fuzzer says this and nothing else; a
	# failure of the target comes with an input or a stack.
	if [ $rc -eq 0 ] || grep -q '^    context deadline exceeded$' "$tmp/log" &&
	    ! grep -qE 'Failing input|panic|_test\.go:' "$tmp/log"; then
		passed=$((passed + 1))
		echo "ok      $name in $package, $time"
	else
		failed=$((failed + 1))
		tail -n 100 "$tmp/log"
		echo "FAILED  $name in $package"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
