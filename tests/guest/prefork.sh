#!/bin/sh
# prefork.sh DIRECTORY OPTIONS: unprivileged workers in an empty root serve our client and OpenSSL's,
# while one after the other is killed. DIRECTORY has the programs and what tests/pki made; RUN runs them.
set -u
. "$(dirname "$0")/../lib.sh"
programs=$1
pki=$1/pki
shift

mkdir "$tmp/root"
# shellcheck disable=SC2086 # several words
timeout 300 ${RUN:-} "$programs/prefork" "$@" 4 "$pki/server.pem" "$pki/server.key" "$tmp/root" "$tmp/pid" \
	>"$tmp/server" 2>&1 &
server=$!
port=$(await "$tmp/server" 'port ([0-9]+)') || exit 1
main=$(cat "$tmp/pid")
pids=$main
for round in 1 2 3 4 5 6; do
	# shellcheck disable=SC2086
	timeout 60 ${RUN:-} "$programs/client" "$pki/ca.pem" "$port" "$tmp/session" 20 >>"$tmp/out" || exit 1
	printf 'hello\n' | timeout 60 openssl s_client -connect "127.0.0.1:$port" -servername server.test \
		-CAfile "$pki/ca.pem" -verify_return_error -ign_eof -quiet >"$tmp/openssl" 2>&1
	grep -q 'served by' "$tmp/openssl" || { cat "$tmp/openssl"; exit 1; }
	worker=$(sed -n '$s/served by \([0-9]*\),.*/\1/p' "$tmp/out")
	kill -9 "$worker"
done
kill "$main"
wait $server
cat "$tmp/server"
[ "$(grep -c 'resumed: no' "$tmp/out")" -eq 1 ] && [ "$(grep -c 'resumed: yes' "$tmp/out")" -eq 119 ] &&
[ "$(cut -d , -f 1 "$tmp/out" | sort -u | wc -l)" -gt 4 ]
