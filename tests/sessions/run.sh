#!/bin/sh
# Sessions and tickets between processes, and with OpenSSL and LibreTLS. Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/../lib.sh"
here=$root/sessions
root=$(cd "$root/.." && pwd)
build=$root/${BUILD:-build}

passed=0
failed=0

# want WHAT GOT EXPECTED
want() {
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED  $1: '$2' instead of '$3'"
	fi
}

# serve NAME COMMAND...: starts a server, whose port is then $port and whose output is in $log.
serve() {
	log=$tmp/$1.log
	shift
	served=0
	background "$log" "$@" -c "$pair.pem" -k "$pair.key"
	port=$(await "$log" '^port ([0-9]+)')
}

ours=$tmp/server
theirs=$tmp/openssl_server
pair=$tmp/pki/server

# now_at NAME: goes back to a server that was started before.
now_at() {
	log=$tmp/$1.log
	port=$(await "$log" '^port ([0-9]+)')
	served=$(grep -c . "$log")
	served=$((served - 1))
}

# said: waits for what the server says of the next connection, which is then $line.
said() {
	served=$((served + 1))
	tries=0
	until [ "$(grep -c . "$log")" -gt "$served" ]; do
		tries=$((tries + 1))
		[ "$tries" -gt 400 ] && break
		sleep 0.05
	done
	line=$(tail -n +2 "$log" | sed -n "${served}p")
}

# field NAME: one of $line.
field() {
	echo "$line" | sed -n "s/.*$1=\([^ :]*\).*/\1/p"
}

# visit OPTION...: a connection of our client; prints whether it was resumed, or the error.
visit() {
	timeout 60 "$tmp/client" -C "$tmp/pki/ca.pem" "$@" "$port" | sed 's/.*resumed=//'
}

# s_client OPTION...: one of OpenSSL's; its output is in $tmp/out. Prints whether it was resumed.
s_client() {
	timeout 60 openssl s_client -connect "127.0.0.1:$port" -servername server.test -CAfile "$tmp/pki/ca.pem" \
		-verify_return_error -ign_eof "$@" </dev/null >"$tmp/out" 2>&1
	grep -q welcome "$tmp/out" || echo "no answer"
	sed -n 's/^\(New\|Reused\), TLSv.*/\1/p' "$tmp/out" | head -n 1
}

# tickets: how many the latest s_client got.
tickets() {
	grep -c '^<<< TLS.*NewSessionTicket' "$tmp/out"
}

# finish: the last line, and the exit status.
finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}

# plainly OUTPUT SOURCE OPTION...: compiles without our library.
plainly() {
	output=$1
	shift
	${CC:-cc} -std=c11 -Wall -Wextra -Werror -o "$output" "$@"
}

for program in client server; do
	compile "$tmp/$program" "$here/$program.c" || exit 1
done
plainly "$tmp/lock" "$here/lock.c" || exit 1
(cd "$root" && go run ./tests/pki "$tmp/pki") || exit 1

# The same key for libtls and for OpenSSL.
aes=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
hmac=202122232425262728292a2b2c2d2e2f
zeros=00000000000000000000000000000000
key48=$aes$hmac
key80=01020304000000000000000000000000$hmac$zeros$aes
fleet="-i fleet -l 300 -K $key48"

# SESSIONS.md names tests that exist.

grep -o '`[^` ]*:[^`]*`' "$root/SESSIONS.md" | tr -d '`' >"$tmp/named"
while IFS=: read -r file name; do
	[ "$file" = file ] && continue # where the form is explained
	want "SESSIONS.md: $file:$name" "$(grep -cF -- "$name" "$root/$file" 2>&1 | grep -c '^[1-9]')" 1
done <"$tmp/named"

# Another label or another key means a full handshake.
serve fleet "$ours" $fleet
want "a ticket" "$(visit -s "$tmp/fleet-session")" 0
serve other-label "$ours" -i other -l 300 -K $key48
want "a ticket of another label" "$(visit -s "$tmp/fleet-session")" 0
now_at fleet
serve other-key "$ours" -i fleet -l 300 -K $hmac$aes
want "a ticket under another key" "$(visit -s "$tmp/fleet-session")" 0

# Processes forked from one configuration make their keys together, also after one was killed.

serve forked "$ours" -l 300 -f 4
want "forked: connections" "$(visit -N 40 -s "$tmp/forked" | sort | uniq -c | tr -s ' \n' ' ')" " 1 0 39 1 "
want "forked: more than one process" "$([ "$(grep -o 'pid=.*' "$log" | sort -u | wc -l)" -gt 1 ] && echo yes)" yes
parent=$!
victim=$(grep -o 'pid=.*' "$log" | sort -u | grep -v "=$parent\$" | head -n 1)
kill -9 "${victim#pid=}"
want "forked, one killed: connections" "$(visit -N 40 -s "$tmp/forked" | sort | uniq -c | tr -s ' \n' ' ')" " 40 1 "

# LibreTLS, whose server opens tickets but makes none.

if libretls >/dev/null; then
	plainly "$tmp/libretls_server" -DTEST_LIBRETLS "$here/server.c" -ltls -lpthread || exit 1
	for version in 2 3; do
		serve "before-libretls-$version" "$ours" $fleet
		want "TLS 1.$version: a ticket for LibreTLS" "$(visit -p tlsv1.$version -s "$tmp/libretls-$version")" 0
		serve "libretls-$version" "$tmp/libretls_server" $fleet
		want "TLS 1.$version: our ticket at LibreTLS" "$(visit -p tlsv1.$version -s "$tmp/libretls-$version")" 1
		said
		want "TLS 1.$version: LibreTLS about our ticket" "$(field resumed)" 1
	done
else
	skip LibreTLS
fi

# A session is offered only where it may be.

pair=$tmp/pki/revoked
for version in 2 3; do
	serve "checks-$version" "$ours" -l 300
	file=$tmp/checks-$version
	again() {
		visit -p tlsv1.$version -s "$file" "$@"
	}
	bad="error handshake: certificate verification failed:"
	want "TLS 1.$version: a session" "$(again)" 0
	said
	while read -r result option value; do
		want "TLS 1.$version with $option: result" "$(again "$option" $value | sed "s/^$bad .*/refused/; s/^error handshake: no stapled.*/refused/")" "$result"
		said
		want "TLS 1.$version with $option: offered" "$(field offered)" -
	done <<-END
		refused -C $tmp/pki/other-ca.pem
		refused -r $tmp/pki/revoked.crl
		refused -S
		0 -n localhost
	END
	want "TLS 1.$version: still there" "$(again -r "$tmp/pki/good.crl")" 1
	said
	want "TLS 1.$version: and offered" "$(field offered | grep -c '^[0-9a-f]\{64\}$')" 1
done
pair=$tmp/pki/server

# A handshake that brings no ticket leaves those that are there.

serve generous "$ours" -l 300 -t 5
serve mean "$ours" -l 300 -t 0
now_at generous
want "five tickets" "$(visit -s "$tmp/kept")" 0
now_at mean
want "none accepted, none given" "$(visit -s "$tmp/kept")" 0
want "four left" "$(grep -c 'BEGIN SSL SESSION' "$tmp/kept")" 4
now_at generous
want "and good" "$(visit -s "$tmp/kept")" 1

# A disk that is full: nothing is lost but the tickets, and nothing half-written stays.

serve disk "$ours" -l 300
# full OPTION...: a visit on which no file can be written.
full() {
	(
		trap '' XFSZ
		ulimit -f 0
		visit -s "$tmp/full" "$@"
	) | cat
}
want "full disk, TLS 1.3" "$(full)" 0
want "full disk, TLS 1.3: size" "$(wc -c <"$tmp/full")" 0
want "full disk, TLS 1.2" "$(full -p tlsv1.2)" "error handshake: failed to write session file: File too large"
want "full disk, TLS 1.2: size" "$(wc -c <"$tmp/full")" 0
want "room again" "$(visit -s "$tmp/full")" 0
want "and again" "$(visit -s "$tmp/full")" 1

# A file that somebody holds: connections go on without, and it stays as it is.

serve locked "$ours" -l 300
want "before the lock" "$(visit -s "$tmp/held")" 0
cp "$tmp/held" "$tmp/held.before"
background "$tmp/lock.log" "$tmp/lock" "$tmp/held"
locker=$!
await "$tmp/lock.log" '(locked)' >/dev/null
want "locked" "$(visit -N 3 -s "$tmp/held" | tr '\n' ' ')" "0 0 0 "
want "locked: content" "$(cmp "$tmp/held" "$tmp/held.before" && echo same)" same
kill -9 $locker
wait $locker 2>/dev/null
want "unlocked" "$(visit -s "$tmp/held")" 1

# A thousand connections of two processes through one file.

# twice LOG: how many tickets were offered more than once.
twice() {
	grep -o 'offered=[0-9a-f]\{64\}' "$1" | sort | uniq -d | wc -l
}

serve storm "$ours" -l 300
timeout 300 "$tmp/client" -C "$tmp/pki/ca.pem" -s "$tmp/shared" -N 500 "$port" >"$tmp/one" &
one=$!
timeout 300 "$tmp/client" -C "$tmp/pki/ca.pem" -s "$tmp/shared" -N 500 "$port" >"$tmp/two"
want "storm: the second client" $? 0
wait $one
want "storm: the first client" $? 0
resumed=$(grep -c 'resumed=1' "$log")
want "storm: connections" "$(grep -c '^version=' "$log")" 1000
want "storm: failed" "$(grep -c '^failed' "$log")" 0
want "storm: at least 990 resumed" "$([ "$resumed" -ge 990 ] && echo yes || echo "$resumed")" yes
want "storm: offered and refused" "$(grep -c 'resumed=0 offered=[0-9a-f]\{64\}' "$log")" 0
want "storm: tickets seen" "$(grep -c 'offered=[0-9a-f]\{64\}' "$log")" "$resumed"
want "storm: tickets offered twice" "$(twice "$log")" 0
echo "storm: $resumed of 1000 resumed"

# The same while clients are killed.

serve killed "$ours" -l 300
: >"$tmp/companion"
kills=0
while [ $kills -lt 20 ]; do
	kills=$((kills + 1))
	"$tmp/client" -C "$tmp/pki/ca.pem" -s "$tmp/deadly" -N 1000000 "$port" >"$tmp/victim" 2>&1 &
	victim=$!
	timeout 60 "$tmp/client" -C "$tmp/pki/ca.pem" -s "$tmp/deadly" -N 25 "$port" >>"$tmp/companion" 2>&1 &
	companion=$!
	lines=$(shuf -i 1-60 -n 1)
	until [ "$(wc -l <"$tmp/victim")" -ge "$lines" ] || ! kill -0 $victim 2>/dev/null; do
		sleep 0.01
	done
	kill -9 $victim
	wait $victim 2>/dev/null
	grep '^error' "$tmp/victim"
	wait $companion
	want "kill $kills: the other client" $? 0
done
want "killed: the other client's connections" "$(grep -c '^version=' "$tmp/companion")" 500
want "killed: tickets offered twice" "$(twice "$log")" 0
resumed=$(grep -c 'resumed=1' "$tmp/companion")
want "killed: at least 440 of 500 resumed" "$([ "$resumed" -ge 440 ] && echo yes || echo "$resumed")" yes
echo "killed: $resumed of 500 resumed beside $kills killed clients"

if ! command -v openssl >/dev/null || ! plainly "$theirs" "$here/openssl_server.c" -lssl -lcrypto 2>"$tmp/out"; then
	cat "$tmp/out"
	skip "OpenSSL: no command, or no headers"
	finish
fi

# The number of tickets.

for n in default 0 1 2 5 100; do
	option="-t $n"
	count=$n
	[ $n = default ] && option= count=2
	serve "tickets-$n" "$ours" $fleet $option
	want "$n tickets, full handshake" "$(s_client -tls1_3 -msg -sess_out "$tmp/session")" New
	want "$n tickets, after a full handshake" "$(tickets)" "$count"
	[ $n = 0 ] && continue # with the session of the server before
	want "$n tickets, resumption" "$(s_client -tls1_3 -msg -sess_in "$tmp/session")" Reused
	want "$n tickets, after a resumption" "$(tickets)" 1
done
now_at tickets-0
want "0 tickets, resumption" "$(s_client -tls1_3 -msg -sess_in "$tmp/session")" Reused
want "0 tickets, after a resumption" "$(tickets)" 0

# Lifetimes on the wire.

for version in 2 3; do
	for lifetime in 4 300 86400; do
		serve "lifetime-$lifetime-$version" "$ours" -l $lifetime
		want "TLS 1.$version, lifetime $lifetime" "$(s_client -tls1_$version -sess_out "$tmp/session")" New
		want "TLS 1.$version, lifetime $lifetime told" \
			"$(openssl sess_id -in "$tmp/session" -noout -text | sed -n 's/.*lifetime hint: \([0-9]*\) .*/\1/p')" $lifetime
	done
	serve "lifetime-0-$version" "$ours" -l 0
	want "TLS 1.$version, lifetime 0" "$(s_client -tls1_$version -msg)" New
	want "TLS 1.$version, lifetime 0, tickets" "$(tickets)" 0
	serve "no-lifetime-$version" "$ours"
	want "TLS 1.$version, no lifetime set" "$(s_client -tls1_$version -msg)" New
	want "TLS 1.$version, no lifetime set, tickets" "$(tickets)" 0
done

# Tickets under a common key: ours at OpenSSL's server, OpenSSL's at ours, with both clients.

for version in 2 3; do
	for who in - client; do
		case $who in
		-)
			verify=
			theirs_as=
			ours_as=
			peer=-
			;;
		client)
			verify="-v $tmp/pki/ca.pem"
			theirs_as="-cert $tmp/pki/client.pem -key $tmp/pki/client.key"
			ours_as="-c $tmp/pki/client.pem -k $tmp/pki/client.key"
			peer=/CN=client
			;;
		esac
		what="TLS 1.$version, client certificate $who"
		serve "ours-$version-$who" "$ours" $fleet $verify
		serve "theirs-$version-$who" "$theirs" -i fleet -K $key80 $verify
		for pass in "ours theirs" "theirs ours"; do
			first=${pass% *} second=${pass#* }
			now_at "$first-$version-$who"
			want "$what: a ticket of $first" "$(s_client -tls1_$version $theirs_as -sess_out "$tmp/session")" New
			now_at "$second-$version-$who"
			want "$what: a ticket of $first at $second" "$(s_client -tls1_$version $theirs_as -sess_in "$tmp/session")" Reused
			said
			want "$what: a ticket of $first at $second, resumed" "$(field resumed)" 1
			want "$what: a ticket of $first at $second, peer" "$(field peer)" $peer
		done
		# Our client goes round, each time with what the server before gave it.
		rm -f "$tmp/session"
		resumed=0
		for at in ours theirs ours theirs theirs ours; do
			now_at "$at-$version-$who"
			want "$what: our client at $at" "$(visit -p tlsv1.$version $ours_as -s "$tmp/session")" $resumed
			said
			want "$what: $at about our client" "$(field resumed) $(field peer)" "$resumed $peer"
			resumed=1
		done
	done
done

# Session files both ways with OpenSSL's client, of every kind of session.

for version in 2 3; do
	for kept in ticket server; do
		what="TLS 1.$version, session on the $kept"
		option=
		[ $kept = server ] && option=-T
		serve "file-$version-$kept" "$theirs" $option
		file=$tmp/file-$version-$kept
		want "$what: first" "$(visit -p tlsv1.$version -s "$file")" 0
		want "$what: our file, our client" "$(visit -p tlsv1.$version -s "$file")" 1
		want "$what: our file, s_client" "$(s_client -tls1_$version -sess_in "$file")" Reused
		want "$what: s_client" "$(s_client -tls1_$version -sess_out "$file.openssl")" New
		chmod 600 "$file.openssl"
		want "$what: a file of s_client, our client" "$(visit -p tlsv1.$version -s "$file.openssl")" 1
		want "$what: the same file later" "$(visit -p tlsv1.$version -s "$file.openssl")" 1
	done
done

# A server of FTP that takes no connection for data unless it resumes the session of the one for commands.
# Its processes have ticket keys of their own, and the file is the same for all.

vsftpd=/usr/sbin/vsftpd
if [ -x $vsftpd ]; then
	compile "$tmp/ftps" "$here/ftps.c" || exit 1
	mkdir -p "$tmp/ftp/incoming" "$tmp/empty"
	cat >"$tmp/vsftpd.conf" <<END
listen=NO
listen_ipv6=NO
run_as_launching_user=YES
isolate=NO
isolate_network=NO
seccomp_sandbox=NO
secure_chroot_dir=$tmp/empty
local_enable=NO
anonymous_enable=YES
anon_root=$tmp/ftp
no_anon_password=YES
write_enable=YES
anon_upload_enable=YES
anon_world_readable_only=NO
ssl_enable=YES
ssl_tlsv1=YES
ssl_ciphers=HIGH
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
require_ssl_reuse=YES
rsa_cert_file=$pair.pem
rsa_private_key_file=$pair.key
END
	chmod 600 "$tmp/vsftpd.conf"
	for version in 2 3; do
		for option in -t4 -n; do
			case $option in -n) transfers=6 ;; *) transfers=8 ;; esac
			for again in "" " again"; do
				want "FTP, TLS 1.$version, $option$again" "$(timeout 60 "$tmp/ftps" $option "$tmp/pki/ca.pem" \
					"$tmp/ftp-session" tlsv1.$version $vsftpd "$tmp/vsftpd.conf" 2>&1 | tr '\n' ' ')" \
					"TLSv1.$version resumed $transfers of $transfers "
			done
		done
	done
else
	skip vsftpd
fi

finish
