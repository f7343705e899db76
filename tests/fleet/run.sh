#!/bin/sh
# Servers that share ticket keys by a file: several of ours, and ours beside Debian's nginx and HAProxy. Ends with
# "N passed, N failed".
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$root/.." && pwd)
build=$root/${BUILD:-build}
PATH=$PATH:/usr/sbin

# want WHAT GOT EXPECTED
want() {
	if [ "$2" = "$3" ]; then
		count 1 0
	else
		count 0 1
		echo "FAILED  $1: '$2' instead of '$3'"
	fi
}

# ours NAME OPTION...: a server of ours, to which $at then leads.
ours() {
	name=$1
	shift
	background "$tmp/$name.log" "$tmp/server" -c "$pair.pem" -k "$pair.key" -l 300 "$@"
	at="-connect 127.0.0.1:$(await "$tmp/$name.log" '^port ([0-9]+)')"
}

# listening SOCKET: waits until a server has it.
listening() {
	tries=0
	until openssl s_client -unix "$1" </dev/null >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -gt 200 ] && return 1
		sleep 0.05
	done
}

# visit VERSION WHERE OPTION...: a connection of OpenSSL's client; prints whether it was resumed.
visit() {
	version=$1 where=$2
	shift 2
	# shellcheck disable=SC2086 # several words
	printf 'GET / HTTP/1.0\r\nHost: server.test\r\n\r\n' | timeout 60 openssl s_client $where "-tls1_$version" \
		-servername server.test -CAfile "$tmp/pki/ca.pem" -verify_return_error -ign_eof "$@" >"$tmp/out" 2>&1
	grep -q welcome "$tmp/out" || echo "no answer"
	sed -n 's/^\(New\|Reused\), TLSv.*/\1/p' "$tmp/out" | head -n 1
}

# both WHAT OURS THEIRS WANTED: a session from each at the other, with both versions.
both() {
	for version in 2 3; do
		want "$1, TLS 1.$version: a session of ours" "$(visit $version "$2" -sess_out "$tmp/session")" New
		want "$1, TLS 1.$version: ours at theirs" "$(visit $version "$3" -sess_in "$tmp/session")" "$4"
		want "$1, TLS 1.$version: a session of theirs" "$(visit $version "$3" -sess_out "$tmp/session")" New
		want "$1, TLS 1.$version: theirs at ours" "$(visit $version "$2" -sess_in "$tmp/session")" "$4"
	done
}

compile "$tmp/server" "$root/tests/sessions/server.c" || exit 1
make_pki "$tmp/pki" || exit 1
pair=$tmp/pki/server
cat "$pair.pem" "$pair.key" >"$tmp/pair"
umask 077

# The example that rotates keys.

rotate=$root/examples/rotate-ticket-keys.sh
mkdir "$tmp/keys"
keys=$tmp/keys/fleet
want "a new file" "$(sh "$rotate" "$keys" && wc -l <"$keys")" 3
ours rotated -F "$keys"
want "before a rotation" "$(visit 2 "$at" -sess_out "$tmp/session")" New
cp "$keys" "$tmp/before"
want "a rotation" "$(sh "$rotate" "$keys" && wc -l <"$keys")" 3
want "a rotation: what is left" "$(head -n 2 "$keys")" "$(tail -n 2 "$tmp/before")"
want "more are kept" "$(sh "$rotate" "$keys" 5 && sh "$rotate" "$keys" 5 && sh "$rotate" "$keys" 5 && wc -l <"$keys")" 5
want "nothing else is left" "$(ls "$tmp/keys")" fleet
want "its mode" "$(stat -c %a "$keys")" 600
cp "$tmp/before" "$tmp/once"
sh "$rotate" "$tmp/once"
ours once -F "$tmp/once"
want "a server that starts after a rotation" "$(visit 2 "$at" -sess_in "$tmp/session")" Reused
sh "$rotate" "$tmp/once"
ours twice -F "$tmp/once"
want "after two its key is gone" "$(visit 2 "$at" -sess_in "$tmp/session")" New

# nginx puts a hash over its name for HTTP and its certificates into its sessions.

nginx_id() {
	{
		printf HTTP
		openssl x509 -in "$pair.pem" -outform DER | openssl dgst -sha1 -binary
	} | openssl dgst -sha1 -r | cut -d ' ' -f 1
}

# nginx_with SIZE: it has keys of that size from two files.
nginx_with() {
	openssl rand "$1" >"$tmp/current.$1"
	openssl rand "$1" >"$tmp/previous.$1"
	cat >"$tmp/nginx.$1" <<-END
	daemon off;
	master_process off;
	pid $tmp/nginx.$1.pid;
	error_log stderr;
	events { }
	http {
		access_log off;
		client_body_temp_path $tmp/nginx.tmp;
		proxy_temp_path $tmp/nginx.tmp;
		fastcgi_temp_path $tmp/nginx.tmp;
		uwsgi_temp_path $tmp/nginx.tmp;
		scgi_temp_path $tmp/nginx.tmp;
		server {
			listen unix:$tmp/nginx.$1.sock ssl;
			ssl_protocols TLSv1.2 TLSv1.3;
			ssl_certificate $pair.pem;
			ssl_certificate_key $pair.key;
			ssl_session_ticket_key $tmp/current.$1;
			ssl_session_ticket_key $tmp/previous.$1;
			location / { return 200 "welcome\n"; }
		}
	}
	END
	background "$tmp/nginx.$1.log" nginx -e stderr -c "$tmp/nginx.$1"
	listening "$tmp/nginx.$1.sock" || cat "$tmp/nginx.$1.log"
	theirs="-unix $tmp/nginx.$1.sock"
}

if have nginx; then
	for size in 80 48; do
		nginx_with $size
		ours "for-nginx-$size" -I "$(nginx_id)" -F "$tmp/current.$size"
		both "nginx, $size bytes" "$at" "$theirs" Reused
		ours "previous-$size" -I "$(nginx_id)" -F "$tmp/previous.$size"
		want "nginx, the second key" "$(visit 3 "$at" -sess_out "$tmp/session")" New
		want "nginx, the second key opens" "$(visit 3 "$theirs" -sess_in "$tmp/session")" Reused
	done
	theirs="-unix $tmp/nginx.80.sock"
	cat "$tmp/current.80" "$tmp/previous.80" >"$tmp/joined"
	ours joined -I "$(nginx_id)" -F "$tmp/joined"
	both "nginx, two keys" "$at" "$theirs" Reused
	ours other-id -I 00 -F "$tmp/joined"
	both "nginx, another id" "$at" "$theirs" New
else
	skip nginx
fi

# HAProxy's sessions have its name.

haproxy_with() {
	for _ in 1 2 3; do
		openssl rand -base64 "$1" | tr -d '\n'
		echo
	done >"$tmp/haproxy.$1.keys"
	cat >"$tmp/haproxy.$1" <<-END
	defaults
		mode http
		timeout client 60s
		timeout server 60s
		timeout connect 60s
	frontend welcome
		bind unix@$tmp/haproxy.$1.sock ssl crt $tmp/pair ssl-min-ver TLSv1.2 tls-ticket-keys $tmp/haproxy.$1.keys
		http-request return status 200 content-type text/plain string "welcome\n"
	END
	background "$tmp/haproxy.$1.log" haproxy -db -f "$tmp/haproxy.$1"
	listening "$tmp/haproxy.$1.sock" || cat "$tmp/haproxy.$1.log"
	theirs="-unix $tmp/haproxy.$1.sock"
}

if have haproxy; then
	for size in 80 48; do
		haproxy_with $size
		ours "for-haproxy-$size" -i haproxy -F "$tmp/haproxy.$size.keys"
		both "HAProxy, $size bytes" "$at" "$theirs" Reused
	done
	ours no-id -F "$tmp/haproxy.$size.keys"
	both "HAProxy, no id" "$at" "$theirs" New
	# The last key opens there before it seals.
	for line in 1 3; do
		sed -n "${line}p" "$tmp/haproxy.$size.keys" >"$tmp/line.$line"
		ours "line-$line" -i haproxy -F "$tmp/line.$line"
		want "HAProxy, key $line" "$(visit 3 "$at" -sess_out "$tmp/session")" New
		want "HAProxy, key $line opens" "$(visit 3 "$theirs" -sess_in "$tmp/session")" Reused
		want "HAProxy, what key $line doesn't seal" "$(visit 3 "$theirs" -sess_out "$tmp/session")" New
		want "HAProxy, what key $line doesn't open" "$(visit 3 "$at" -sess_in "$tmp/session")" New
	done
else
	skip HAProxy
fi

verdict
