#!/bin/sh
# make demo: two programs that know nothing but tls.h resume a TLS 1.3 session in another process,
# between themselves and with OpenSSL's tools.
set -eu
. "$(dirname "$0")/lib.sh"

title() {
	printf '\n== %s\n' "$*"
}

# shown COMMAND...: prints the command, runs it with a request as its input, and keeps its output.
shown() {
	echo "\$ $*"
	printf 'GET / HTTP/1.0\r\n\r\n' | "$@" >"$tmp/out" 2>&1 || { cat "$tmp/out"; echo "demo: failed"; exit 1; }
}

# expect PATTERN...: prints the lines that match one of the patterns; each has to match some.
expect() {
	for pattern; do
		grep -Eq "$pattern" "$tmp/out" || { cat "$tmp/out"; echo "demo: no '$pattern'"; exit 1; }
		grep -E "$pattern" "$tmp/out"
	done
}

compile "$tmp/client" "$root/examples/client.c"
compile "$tmp/server" "$root/examples/server.c"
cd "$tmp"
mkdir pki
# certificate FILE NAME OPTION...
certificate() {
	file=$1
	name=$2
	shift 2
	openssl req -x509 -days 2 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj "/CN=$name" \
		-keyout "pki/$file.key" -out "pki/$file.pem" "$@" 2>openssl.log || { cat openssl.log; exit 1; }
}
certificate ca "an authority"
certificate server server.test -CA pki/ca.pem -CAkey pki/ca.key -addext subjectAltName=DNS:server.test \
	-addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth

background server.log ./server pki/server.pem pki/server.key
port=$(await server.log 'listening on port ([0-9]+)')

title "A first connection, which saves its tickets"
shown ./client -c pki/ca.pem -s session.pem -n server.test 127.0.0.1 "$port"
expect '^version: TLSv1\.3$' '^cipher: ' '^group: ' '^session resumed: no$' '^tickets saved: [1-9]'

title "A second process resumes the session"
shown ./client -c pki/ca.pem -s session.pem -n server.test 127.0.0.1 "$port"
expect '^version: TLSv1\.3$' '^cipher: ' '^group: ' '^session resumed: yes$' '^tickets saved: [1-9]'

title "OpenSSL reads the session file"
shown openssl sess_id -in session.pem -noout -text
expect 'Protocol *:' 'Cipher *:' 'lifetime hint' 'Start Time' 'Timeout'

title "OpenSSL's client saves a session of our server, and resumes it"
s_client="openssl s_client -connect 127.0.0.1:$port -servername server.test -CAfile pki/ca.pem -ign_eof"
shown $s_client -sess_out openssl.pem
expect '^New, TLSv1\.3'
shown $s_client -sess_in openssl.pem
expect '^Reused, TLSv1\.3'

title "Our client saves a session of OpenSSL's server, and resumes it"
background s_server.log openssl s_server -accept 127.0.0.1:0 -www -cert pki/server.pem -key pki/server.key
port=$(await s_server.log 'ACCEPT 127\.0\.0\.1:([0-9]+)')
shown ./client -c pki/ca.pem -s session-of-openssl.pem -n server.test 127.0.0.1 "$port"
expect '^session resumed: no$' '^tickets saved: [1-9]'
shown ./client -c pki/ca.pem -s session-of-openssl.pem -n server.test 127.0.0.1 "$port"
expect '^session resumed: yes$' '^tickets saved: [1-9]'
