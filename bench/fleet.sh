#!/bin/sh
# How many clients of a fleet resume, on TLS 1.3 and 1.2, with a file of ticket keys and without; see fleet.c.
set -u
. "$(dirname "$0")/../tests/lib.sh"
cd "$root" || exit 1

compile "$tmp/fleet" bench/fleet.c || exit 1
make_pki "$tmp/pki" || exit 1
for version in tlsv1.3 tlsv1.2; do
	for without in "" -n; do
		printf '%s, ' "$version"
		# shellcheck disable=SC2086 # none or one
		TMPDIR=$tmp "$tmp/fleet" -p "$version" $without "$tmp/pki/ca.pem" "$tmp/pki/server.pem" "$tmp/pki/server.key" ||
			exit 1
	done
done
