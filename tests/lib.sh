# What the scripts of this directory share. Sets root, tmp and cleans up at the end.

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/${BUILD:-build}
tmp=$(mktemp -d)
pids=

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

# compile OUTPUT SOURCE...: against our header and library.
compile() {
	output=$1
	shift
	${CC:-cc} -std=c11 -Wall -Wextra -Werror -g ${CFLAGS:-} -I"$root" -o "$output" "$@" \
		-L"$build" -Wl,-rpath,"$build" -ltls -lpthread
}
