#!/bin/sh
# The programs of examples/, built by the commands of libtls-tutorial(7) and libtls-openssl(7) with
# certificates by those of the former, and run. Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 1

pages="man/libtls-tutorial.7 man/ssl/libtls-openssl.7"

# block WORDS: the commands of the tutorial's display that has the words.
block() {
	awk -v words="$1" '
	/^\.Bd/ { on = 1; text = ""; next }
	/^\.Ed/ { on = 0; if (index(text, words)) printf "%s", text }
	on { sub(/\\e$/, "\\"); text = text $0 "\n" }' man/libtls-tutorial.7
}

# recipe: how the page makes certificates and keys, as it tells its reader.
recipe() {
	block 'my authority'
	block '"$key" >ticket.keys'
}

# change: how the page changes the file of ticket keys.
change() {
	block 'ticket.new ticket.keys'
}

# built: the commands by which the pages build programs, each in one line.
built() {
	# shellcheck disable=SC2086 # several words
	sed -n -e 's/^\.Dl cc/cc/p' -e '/^cc .*\\e$/{N;s/\\e\n *//p;}' $pages | sort -u
}

# Nobody who has one of the certificates can issue others.
ends() {
	for end in server other client; do
		openssl x509 -in $end.pem -noout -ext basicConstraints | grep CA:FALSE || return
	done
	openssl verify -CAfile ca.pem -purpose sslserver server.pem other.pem &&
	openssl verify -CAfile ca.pem -purpose sslclient client.pem
}

told() {
	built | sed 's/.* \([a-z_]*\.c\) .*/\1/' >"$tmp/told"
	(cd examples && ls -- *.c) | diff - "$tmp/told"
}

# The README has the body of hello.c.
quoted() {
	sed -n '/^{/,/^}/p' examples/hello.c | sed '1d;$d;s/^\t//' >"$tmp/hello"
	sed -n '/^```c/,/^```$/p' README.md | sed '1d;$d' | diff "$tmp/hello" -
}

# serve PROGRAM ARGUMENT...: starts it, with its output in $served and its port in $port.
serve() {
	serial=$((serial + 1))
	served=$tmp/server$serial
	background "$served" "./$@"
	port=$(await "$served" 'listening on port ([0-9]+)')
}

# talk NAME OPTION...: starts openssl s_client, with its output in $tmp/NAME.
talk() {
	talker=$tmp/$1
	shift
	background "$talker" openssl s_client -connect "127.0.0.1:$port" -servername localhost -CAfile ca.pem "$@"
}

# say LINE: to the one that was started last.
say() {
	printf '%s\r\n' "$1" >"$talker.in"
}

# prints PATTERN COMMAND...: succeeds if the command does and prints it.
prints() {
	pattern=$1
	shift
	"$@" >"$tmp/out" 2>&1 && grep -Eq -- "$pattern" "$tmp/out" && return
	cat "$tmp/out"
	return 1
}

hello() {
	prints 'You asked localhost over TLSv1.3' env SSL_CERT_FILE=ca.pem ./hello localhost "$port"
}

stranger() {
	! SSL_CERT_FILE=other.pem ./hello localhost "$port" 2>"$tmp/out" &&
	grep 'certificate verification failed' "$tmp/out"
}

client() {
	./client -c ca.pem "$@" localhost "$port"
}

demanded() {
	serve server -a ca.pem server.pem server.key
	prints 'You are /CN=somebody' client -i client.pem -k client.key &&
	! client >"$tmp/out" 2>&1 && grep 'certificate required' "$tmp/out"
}

many() {
	serve poll server.pem server.key
	talk first -quiet && say first && await "$tmp/first" '^(first)' &&
	talk second -quiet && say second && await "$tmp/second" '^(second)' &&
	talker=$tmp/first && say again && await "$tmp/first" '^(again)'
}

# While one client says nothing, another gets its answer.
threaded() {
	serve threads server.pem server.key
	talk silent -quiet && await "$tmp/silent" '(verify return:1)' &&
	prints '^hello' client &&
	say 'GET / HTTP/1.0' && await "$tmp/silent" '^(hello)'
}

# The key that sealed the session has been followed by two others, and is still there.
restarted() {
	sh -e "$tmp/change" && serve server -t ticket.keys server.pem server.key && client -s restart.pem || return
	kill "${pids##* }"
	wait "${pids##* }" 2>/dev/null
	sh -e "$tmp/change" && sh -e "$tmp/change" || return
	serve server -p "$port" -t ticket.keys server.pem server.key
	prints '^session resumed: yes' client -s restart.pem
}

# Keys stay as they are if no new one can be made.
unchanged() {
	mkdir broken && printf '#!/bin/sh\nexit 1\n' >broken/openssl && chmod +x broken/openssl &&
	cp ticket.keys before.keys || return
	for change in "$tmp/change" "$root/examples/rotate-ticket-keys.sh"; do
		! PATH=$PWD/broken:$PATH sh "$change" ticket.keys && cmp ticket.keys before.keys || return
	done
}

# More than one process resumes the session, and one that ends is replaced.
forked() {
	serve prefork server.pem server.key
	client -s forked.pem || return
	answered=
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		prints '^process [0-9]*, session resumed: yes' client -s forked.pem || return
		answered="$answered $(sed -n 's/^process \([0-9]*\),.*/\1/p' "$tmp/out")"
	done
	processes=$(echo "$answered" | tr ' ' '\n' | grep . | sort -u)
	[ "$(echo "$processes" | wc -l)" -gt 1 ] || return
	for pid in $processes; do
		kill "$pid"
	done
	prints 'session resumed: yes' client -s forked.pem
}

reloaded() {
	cp server.pem now.pem && cp server.key now.key
	serve reload now.pem now.key
	reloader=${pids##* }
	prints '^server: /CN=localhost' client -s reload.pem || return
	cp other.pem now.pem && cp other.key now.key
	kill -HUP "$reloader" && await "$served" '^(reloaded)' &&
	prints '^session resumed: yes' client -s reload.pem &&
	prints '^server: /CN=other.test' client -n other.test || return
	cp server.key now.key
	kill -HUP "$reloader" && await "$served" '^(not reloaded: failed to load private key)' &&
	prints '^server: /CN=other.test' client -n other.test
}

authenticated() {
	serve post_auth server.pem server.key ca.pem
	talk known -enable_pha -cert client.pem -key client.key -sess_out known.pem -ign_eof &&
	say 'GET / HTTP/1.0' && await "$talker" '(You are .CN=somebody)' && await "$talker" '^(closed)' &&
	talk back -enable_pha -sess_in known.pem -ign_eof &&
	say 'GET / HTTP/1.0' && await "$talker" '(You are .CN=somebody)' &&
	await "$served" '(somebody, session resumed: yes)' &&
	talk unknown -enable_pha -ign_eof && say 'GET / HTTP/1.0' && await "$served" '(not authenticated)'
}

serial=0
step "each example has its command in a page" told
step "README.md has hello.c" quoted
step installation make -s install PREFIX="$tmp/tls"
mkdir "$tmp/examples" && cp examples/*.c "$tmp/examples" && recipe >"$tmp/recipe" && change >"$tmp/change"
built >"$tmp/commands"
cd "$tmp/examples" || exit 1
export PKG_CONFIG_PATH="$tmp/tls/lib/pkgconfig" LD_LIBRARY_PATH="$tmp/tls/lib"
step certificates sh -e "$tmp/recipe"
step "certificates of no authorities" ends
while read -r command; do
	step "$command" sh -c "$command"
done <"$tmp/commands"

serve server server.pem server.key other.pem other.key
step hello hello
step "hello, an authority that isn't trusted" stranger
step "client, a first time" prints 'session resumed: no' client -s session.pem
step "client, a second time" prints 'session resumed: yes' client -s session.pem
step "server, another name" prints '^server: /CN=other.test' client -n other.test
step "server, client certificates" demanded
step "server, after a restart with other ticket keys" restarted
step "ticket keys, without a new one" unchanged
step poll many
step threads threaded
step prefork forked
step reload reloaded
step post_auth authenticated

verdict
