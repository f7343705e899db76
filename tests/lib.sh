# What the scripts of this directory share. Sets root, tmp, passed, failed and skipped, and cleans up at
# the end.

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/${BUILD:-build}
tmp=$(mktemp -d)
pids=
passed=0
failed=0
skipped=0

cleanup() {
	trap - EXIT INT TERM
	for pid in $pids; do
		kill "$pid" 2>/dev/null
	done
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# background LOG COMMAND...: runs it with its output in LOG, until the script ends. Its input is
# the file LOG.in, which never ends.
background() {
	log=$1
	shift
	mkfifo "$log.in"
	"$@" <>"$log.in" >"$log" 2>&1 &
	pids="$pids $!"
}

# await LOG PATTERN: waits until a line of LOG matches, and prints what the parentheses of the
# pattern hold.
await() {
	tries=0
	until grep -Eq "$2" "$1" 2>/dev/null; do
		tries=$((tries + 1))
		if [ "$tries" -gt 400 ]; then
			echo "$1 doesn't say '$2':" >&2
			cat "$1" >&2
			return 1
		fi
		sleep 0.05
	done
	sed -En "s/.*$2.*/\\1/p" "$1" | head -n 1
}

# compile OUTPUT SOURCE...: against our header and library, or those that are installed if INSTALLED is set.
compile() {
	output=$1
	shift
	if [ -n "${INSTALLED:-}" ]; then
		# shellcheck disable=SC2046 # several words
		${CC:-cc} -std=c11 -Wall -Wextra -Werror -g -o "$output" "$@" $(pkg-config --cflags --libs libtls)
		return
	fi
	${CC:-cc} -std=c11 -Wall -Wextra -Werror -g ${CPPFLAGS:-} ${CFLAGS:-} -I"$root" -o "$output" "$@" \
		-L"$build" -Wl,-rpath,"$build" -ltls -lpthread
}

# make_pki DIRECTORY: what the C harness reads.
make_pki() {
	(cd "$root" && CGO_ENABLED=0 go run ./tests/pki "$1") && mkdir "$1/hashed" && cp "$1/ca.pem" "$1/hashed" &&
	openssl rehash "$1/hashed"
}

# count PASSED FAILED
count() {
	passed=$((passed + $1))
	failed=$((failed + $2))
}

# skip WHAT: this machine can't test it, which in CI is a failure.
skip() {
	skipped=$((skipped + 1))
	[ "${CI:-}" != true ] || count 0 1
	echo "skipped $*"
}

# leave_out WHAT WHY: a tool can't do this machine, of which we have no say.
leave_out() {
	skipped=$((skipped + 1))
	echo "skipped $1: $2"
}

# libretls: the soname of this machine's LibreTLS; fails if there is none.
libretls() {
	echo 'int main(void) { return 0; }' | cc -x c -o "$tmp/probe" - -Wl,--no-as-needed -ltls 2>/dev/null &&
	readelf -d "$tmp/probe" | sed -n 's/.*\[\(libtls\.so\.2[0-9]*\)\]/\1/p' | grep .
}

# step NAME COMMAND...: one test that passes if the command does; its output is shown if not.
step() {
	name=$1
	shift
	if "$@" >"$tmp/log" 2>&1; then
		count 1 0
		echo "ok      $name"
	else
		count 0 1
		tail -n 100 "$tmp/log"
		echo "FAILED  $name"
	fi
}

# harness NAME COMMAND...: each test counts that the command's last line tells of, and so does a
# failure that it doesn't tell of. What it skipped is told.
harness() {
	name=$1
	shift
	"$@" >"$tmp/log" 2>&1
	rc=$?
	good=$(tail -n 1 "$tmp/log" | sed -n 's/^\([0-9]*\) passed, .*/\1/p')
	bad=$(tail -n 1 "$tmp/log" | sed -n 's/^[0-9]* passed, \([0-9]*\) failed.*/\1/p')
	[ $rc -ne 0 ] && [ "${bad:-0}" -eq 0 ] && bad=1
	count "${good:-0}" "${bad:-1}"
	skipped=$((skipped + $(grep -c '^skipped ' "$tmp/log")))
	if [ $rc -eq 0 ]; then
		grep '^skipped ' "$tmp/log"
		echo "ok      $name: $(tail -n 1 "$tmp/log")"
	else
		tail -n 200 "$tmp/log"
		echo "FAILED  $name"
	fi
}

# quiet COMMAND...: succeeds if the command does, and prints nothing.
quiet() {
	output=$("$@" 2>&1) && [ -z "$output" ] && return
	echo "$output"
	return 1
}

have() {
	command -v "$1" >/dev/null
}

# go_tests NAME ARGUMENT...: each test counts, and each that is skipped.
go_tests() {
	name=$1
	shift
	go test -v "$@" >"$tmp/log" 2>&1
	rc=$?
	bad=$(grep -c '^ *--- FAIL' "$tmp/log")
	[ $rc -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
	count "$(grep -c '^ *--- PASS' "$tmp/log")" "$bad"
	for test in $(sed -n 's/^ *--- SKIP: \([^ ]*\).*/\1/p' "$tmp/log"); do
		skip "$test"
	done
	if [ $rc -eq 0 ]; then
		echo "ok      $name"
	else
		grep -B 30 -A 30 -E -e '^ *--- FAIL|^FAIL|panic:|DATA RACE' "$tmp/log" | head -n 300
		echo "FAILED  $name"
	fi
}

# rooms NAME: the Go tests, but for those of tests/, which need more than Go.
rooms() {
	# shellcheck disable=SC2046 # several words
	go_tests "$1" $(go list ./... | grep -v /tests/)
}

# verdict: the last line, and what the script returns.
verdict() {
	[ "$skipped" -eq 0 ] || echo "$skipped skipped"
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}
