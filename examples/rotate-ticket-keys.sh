#!/bin/sh
# rotate-ticket-keys.sh FILE [KEEP]: one more ticket key in a file for tls_config_set_ticket_key_file(3), or for
# HAProxy's tls-ticket-keys. Run it at intervals, on one machine, and bring the file to all others within
# the interval, under another name that is then changed by rename(2), as rsync does:
#
#	rotate-ticket-keys.sh /etc/fleet/ticket.keys && rsync -a /etc/fleet/ticket.keys other:/etc/fleet/
#
# The last key is one that servers know before any of them encrypts with it. The last but one encrypts. KEEP is
# how many there are, 3 if it isn't given: each decrypts tickets for KEEP - 2 intervals after it has encrypted
# for the last time, which should be as long as sessions live.
set -eu
umask 077
file=$1
keep=${2:-3}
new=$file.$$
trap 'rm -f "$new"' EXIT

# A shell doesn't see that the first command of a pipeline fails, so the length tells it.
key() {
	key=$(openssl rand 80 | openssl base64 -A)
	[ ${#key} -eq 108 ]
	echo "$key"
}

{
	if [ -s "$file" ]; then
		tail -n "$((keep - 1))" "$file"
	else
		key
		key
	fi
	key
} >"$new"
mv -f "$new" "$file"
