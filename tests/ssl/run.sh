#!/bin/sh
# tests/ssl/run.sh PKI [rows]: tests of the SSL_* subset, or its rows alone, with the directory that tests/pki made. Ends with
# "N passed, N failed". BUILD is where the library is, SSL_ASAN where it is with AddressSanitizer.
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/${BUILD:-build}
here=$root/tests/ssl
pki=${1:?usage: run.sh PKI}
passed=0
failed=0

# try NAME COMMAND...: one test.
try() {
	name=$1
	shift
	if "$@" >"$tmp/log" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		tail -n 60 "$tmp/log"
		echo "FAILED  $name"
	fi
}

strict="-std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -g"

# ours OUTPUT SOURCE..., theirs OUTPUT SOURCE...: against one of the libraries.
ours() {
	output=$1
	shift
	# shellcheck disable=SC2086 # several words
	${CC:-cc} $strict ${CFLAGS:-} -I"$root/compat" -o "$output" "$@" \
		-L"$build" -Wl,-rpath,"$build" -ltls
}

theirs() {
	output=$1
	shift
	# shellcheck disable=SC2086
	cc $strict -DOPENSSL_SUPPRESS_DEPRECATED -o "$output" "$@" -lssl -lcrypto
}

have() {
	command -v "$1" >/dev/null
}

# The headers.

for header in "$root"/compat/openssl/*.h; do
	name=$(basename "$header")
	for cc in gcc clang; do
		have $cc && try "$name, $cc" sh -c "echo '#include \"$header\"
typedef int nothing;' | $cc -std=c11 -Wall -Wextra -Werror -pedantic -fsyntax-only -x c -"
	done
	for cc in g++ clang++; do
		have $cc && try "$name, $cc" sh -c "echo '#include \"$header\"' |
			$cc -std=c++11 -Wall -Wextra -Werror -pedantic -fsyntax-only -x c++ -"
	done
done

# Row by row the same as OpenSSL.

for cc in gcc clang; do
	have $cc && CC=$cc try "rows.c, $cc" ours "$tmp/rows-ours" "$here/rows.c"
done
# The subset is of OpenSSL 3.0. Later releases put other things into the queue of errors.
case $(pkg-config --modversion libssl 2>/dev/null) in
3.0.*) later=' ^' ;;
*) later='^6;? (queue after a missing file|dead junk in the handshake|bad record|end of file|write to nobody)' ;;
esac
same_rows() {
	"$1" "$pki" >"$tmp/rows.ours" 2>&1
	echo "exit status $?" >>"$tmp/rows.ours"
	for rows in theirs ours; do
		grep -Ev "$later" "$tmp/rows.$rows" >"$tmp/compared.$rows"
	done
	diff "$tmp/compared.theirs" "$tmp/compared.ours"
}
if theirs "$tmp/rows-theirs" "$here/rows.c" 2>"$tmp/log"; then
	"$tmp/rows-theirs" "$pki" >"$tmp/rows.theirs" 2>&1
	echo "exit status $?" >>"$tmp/rows.theirs"
	try "OpenSSL's rows" grep -q '^exit status 0$' "$tmp/rows.theirs"
	try "rows like OpenSSL's (<)" same_rows "$tmp/rows-ours"
	if [ -n "${SSL_ASAN:-}" ]; then
		build=$SSL_ASAN CFLAGS=-fsanitize=address CC=gcc ours "$tmp/rows-asan" "$here/rows.c"
		try "rows with AddressSanitizer" same_rows "$tmp/rows-asan"
	fi
else
	cat "$tmp/log"
	failed=$((failed + 1))
fi

if [ "${2:-}" = rows ]; then
	verdict
	exit
fi

# OpenSSL's tools. The numbers of tickets are those of NewSessionTicket messages on the wire.

try "peer.c" ours "$tmp/peer" "$here/peer.c"

serial=0
# serve OPTION...: starts our server; $server is its log and $port its port.
serve() {
	serial=$((serial + 1))
	server=$tmp/server$serial
	background "$server" "$tmp/peer" serve -d "$pki" "$@"
	port=$(await "$server" '^port ([0-9]+)')
}

# say WORD LOG: types WORD to the program that "background" started, if it still listens.
say() {
	timeout 10 sh -c 'echo "$1" >"$2.in"' - "$1" "$2"
}

# s_client OPTION...: one connection, which ends when our server has answered.
s_client() {
	echo q | timeout 60 openssl s_client -connect "127.0.0.1:$port" -servername server.test \
		-CAfile "$pki/ca.pem" -verify_return_error -ign_eof -msg "$@" 2>&1
}

# tickets LOG: how many came.
tickets() {
	grep -c '^<<< .*NewSessionTicket' "$1"
}

# counts N FULL RESUMED SERVER-OPTIONS CLIENT-OPTIONS
counts() {
	# shellcheck disable=SC2086
	serve -n "$1" -k 2 $4
	# shellcheck disable=SC2086
	s_client $5 -sess_out "$tmp/s.pem" >"$tmp/full"
	# shellcheck disable=SC2086
	if [ "$2" -gt 0 ]; then
		s_client $5 -sess_in "$tmp/s.pem" >"$tmp/again"
		grep '^Reused' "$tmp/again" || return 1
	else
		s_client $5 >"$tmp/again"
	fi
	echo "full $(tickets "$tmp/full"), resumed $(tickets "$tmp/again")"
	[ "$(tickets "$tmp/full")" -eq "$2" ] && [ "$(tickets "$tmp/again")" -eq "$3" ]
}

for n in 1 2 5 100; do
	try "s_client, $n tickets" counts $n $n 1 "" -tls1_3
	try "s_client, $n stateful tickets" counts $n $n 1 -s -tls1_3
done
try "s_client, no tickets" counts 0 0 0 "" -tls1_3
try "s_client, no stateful tickets" counts 0 0 0 -s -tls1_3
for n in 0 2; do
	try "s_client, TLS 1.2, $n tickets" counts $n 1 0 "" -tls1_2
done
# Three that the program asks for go out ahead of its data, whatever n is.
try "s_client, tickets asked for" counts 0 3 3 "-t 3" -tls1_3

# asked OPTION...: one that is asked for its certificate.
asked() {
	client=$tmp/client$serial
	background "$client" openssl s_client -connect "127.0.0.1:$port" -CAfile "$pki/ca.pem" \
		-ign_eof -msg -tls1_3 -enable_pha "$@"
	await "$client" '^(<<< .*CertificateRequest)' >/dev/null
}

post_handshake_server() {
	serve -q -n 3
	asked -cert "$pki/client.pem" -key "$pki/client.key"
	say q "$client"
	await "$client" '^(closed)' >/dev/null
	cat "$server"
	echo "tickets $(tickets "$client")"
	grep -q '^peer /CN=client result 0' "$server" && [ "$(tickets "$client")" -eq 6 ]
}
try "s_client -enable_pha" post_handshake_server

refused_server() {
	serve -q
	asked
	await "$server" '(peer did not return a certificate)' &&
	await "$client" '(alert certificate required)'
}
try "s_client -enable_pha without a certificate" refused_server

# s_server OPTION...: starts OpenSSL's server likewise.
s_server() {
	serial=$((serial + 1))
	server=$tmp/server$serial
	background "$server" openssl s_server -accept 127.0.0.1:0 -cert "$pki/server.pem" \
		-key "$pki/server.key" -CAfile "$pki/ca.pem" "$@"
	port=$(await "$server" '^ACCEPT .*:([0-9]+)')
}

# answer: has s_server end our client's conversation, once that has said hello.
answer() {
	await "$server" '^(hello)' >/dev/null && say bye "$server"
}

post_handshake_client() {
	s_server -tls1_3 -verify 3 -num_tickets 2
	background "$tmp/client$serial" "$tmp/peer" connect -d "$pki" -p "$port" -a -o "$tmp/post.pem"
	client=$tmp/client$serial
	# The verification in the handshake comes first, then the one of "c".
	await "$server" '^(hello)' >/dev/null
	say c "$server"
	await "$server" 'SSL_do_handshake -> 1()' >/dev/null
	say bye "$server"
	sessions=$(await "$client" '^sessions ([0-9]+)')
	cat "$client" "$server"
	grep -q 'CN *= *client' "$server" && [ "$sessions" -eq 4 ]
}

resumed_client() {
	s_server "$@"
	background "$tmp/first$serial" "$tmp/peer" connect -d "$pki" -p "$port" -o "$tmp/c$serial.pem"
	answer
	await "$tmp/first$serial" '^(sessions)' || return 1
	openssl sess_id -in "$tmp/c$serial.pem" -noout || return 1
	: >"$server"
	background "$tmp/second$serial" "$tmp/peer" connect -d "$pki" -p "$port" -i "$tmp/c$serial.pem"
	answer
	await "$tmp/second$serial" '^(sessions)' || return 1
	cat "$tmp/second$serial"
	grep -q 'reused 1' "$tmp/second$serial"
}

try "s_server, post-handshake authentication" post_handshake_client
try "s_server, resumption" resumed_client -tls1_3
try "s_server, stateful resumption" resumed_client -tls1_3 -no_ticket
try "s_server, TLS 1.2 resumption" resumed_client -tls1_2
try "s_server, TLS 1.2 session ids" resumed_client -tls1_2 -no_ticket

# Symbols.

named() {
	sed -n 's/^#pragma redefine_extname \([^ ]*\) libtls_\1$/\1/p' "$root/compat/openssl/names.h" >"$tmp/named"
	{
		echo SSL_get_peer_certificate # for programs without headers, in which it is a macro
		cat "$root"/compat/openssl/*.h | cc -I"$root/compat/openssl" -E -P -x c - | grep -v typedef |
			grep -Eo '\b(SSL|TLS|ERR|CRYPTO|OPENSSL|OpenSSL|PEM|X509|d2i|i2d)_\w+\(' | tr -d '('
	} | LC_ALL=C sort -u | diff "$tmp/named" -
}
without_subset() {
	make -s -C "$root" SSL_SUBSET=no BUILD="${BUILD:-build}/no-ssl" check &&
	! nm -D --defined-only "$build/no-ssl/libtls.so" | grep -E 'SSL|ERR_|X509'
}
try "names.h (<) has what the headers declare (>)" named
try "misuse.c" ours "$tmp/misuse" "$here/misuse.c"
try "misuse" "$tmp/misuse" "$pki"
if [ -n "${SSL_ASAN:-}" ]; then
	build=$SSL_ASAN CFLAGS=-fsanitize=address CC=gcc try "misuse.c, AddressSanitizer" ours "$tmp/misuse-asan" "$here/misuse.c"
	try "misuse with AddressSanitizer" "$tmp/misuse-asan" "$pki"
fi
hash=$(openssl x509 -in "$pki/ca.pem" -noout -hash)
try "files.c" ours "$tmp/files" "$here/files.c"
try "files" "$tmp/files" "$pki" "$hash"
if [ -n "${SSL_ASAN:-}" ]; then
	build=$SSL_ASAN CFLAGS=-fsanitize=address CC=gcc try "files.c, AddressSanitizer" ours "$tmp/files-asan" "$here/files.c"
	try "files with AddressSanitizer" "$tmp/files-asan" "$pki" "$hash"
fi
try "fork.c" ours "$tmp/fork" "$here/fork.c"
try "fork" "$tmp/fork" "$pki"
if [ -n "${SSL_ASAN:-}" ]; then
	build=$SSL_ASAN CFLAGS="-fsanitize=address $root/tests/guest/quiet.c" CC=gcc try "fork.c, AddressSanitizer" ours "$tmp/fork-asan" "$here/fork.c"
	try "fork with AddressSanitizer" "$tmp/fork-asan" "$pki"
fi
panicking() {
	make -s -C "$root" BUILD="${BUILD:-build}/panic" TAGS=panic &&
	build=$build/panic ours "$tmp/panic" "$here/panic.c" -rdynamic &&
	timeout 300 "$tmp/panic" "$pki"
}
try "panics" panicking
try "fork.c, OpenSSL" theirs "$tmp/fork-theirs" -DOPENSSL "$here/fork.c"
try "fork, OpenSSL" "$tmp/fork-theirs" "$pki"
try "SSL_SUBSET=no" without_subset

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
