#!/bin/sh
# Compares build/libtls.so with Debian's LibreTLS (libtls-dev) by the same programs: what the calls of each
# side take, what the whole process of a server on loopback sockets does, and what a hostile peer can have
# ours do:
#
#	bench/run.sh [ITEM]
#
# The two take turns; the tables show the median of all rounds. ITEM is the start of the names
# of the items to be measured.
set -eu
cd "$(dirname "$0")/.."
rounds=5
dir=$PWD/build/bench
bundle=/etc/ssl/certs/ca-certificates.crt

rm -rf "$dir"
mkdir -p "$dir/files"

cflags="-std=c11 -O2 -Wall -Wextra -Werror"
${CC:-cc} $cflags -I. bench/bench.c -o "$dir/ours" -Lbuild -ltls -Wl,-rpath,"$PWD/build"
${CC:-cc} $cflags bench/bench.c -o "$dir/theirs" $(pkg-config --cflags --libs libtls)

cd "$dir/files"
certificate() { # name, key algorithm, its option
	openssl req -x509 -newkey "$2" -pkeyopt "$3" -nodes -days 30 -subj "/CN=$1 authority" \
		-keyout "$1-ca.key" -out "$1-ca.pem"
	openssl req -x509 -newkey "$2" -pkeyopt "$3" -nodes -days 30 -subj "/CN=server.test" \
		-CA "$1-ca.pem" -CAkey "$1-ca.key" \
		-addext subjectAltName=DNS:server.test -addext basicConstraints=critical,CA:FALSE \
		-keyout "$1.key" -out "$1.pem"
} 2>../openssl.log
certificate ecdsa ec ec_paramgen_curve:P-256
certificate rsa rsa rsa_keygen_bits:2048
cat ecdsa-ca.pem rsa-ca.pem >ca.pem
cat "$bundle" ca.pem >bundle.pem
cd ..

failed=0
for round in $(seq $rounds); do
	for library in ours theirs; do
		"./$library" files "$@" >"$library.$round" || failed=1
	done
done

echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | uniq), $(nproc) processors, Linux $(uname -r)"
echo "ours: $(go version); theirs: LibreTLS $(pkg-config --modversion libtls), $(openssl version)"
echo "median of $rounds rounds; /cpu-s: per second of processor time of that side"
echo
awk -F '\t' '
function median(all, v, n, i, j, t) {
	n = split(all, v, " ")
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j - 1] + 0 > v[j] + 0; j--) {
			t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
		}
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}
function show(all) { return all == "" ? "n/a" : sprintf("%.0f", median(all)) }
{
	key = $1 "\t" $2 "\t" $4
	if (!(key in seen)) {
		seen[key] = 1
		order[++keys] = key
	}
	library = FILENAME ~ /ours/ ? "ours" : "theirs"
	values[library, key] = values[library, key] " " $3
}
END {
	format = "%-46s %-9s %10s %10s %7s  %s\n"
	printf format, "", "", "ours", "theirs", "ratio", ""
	for (i = 1; i <= keys; i++) {
		key = order[i]
		split(key, f, "\t")
		a = values["ours", key]
		b = values["theirs", key]
		ratio = a == "" || b == "" ? "" : sprintf("%.2f", median(a) / median(b))
		printf format, f[1], f[2], show(a), show(b), ratio, f[3]
	}
}' ours.[0-9]* theirs.[0-9]*

echo
mkdir theirs.lib
ln -s "$(${CC:-cc} -print-file-name=libtls.so)" "theirs.lib/$(basename ../libtls.so.*)"
cd ../..
${CC:-cc} $cflags -I. bench/daemon.c -o "$dir/daemon" -Lbuild -ltls -lpthread
go run ./bench/sockets -rounds "$rounds" -item "${1:-}" "$dir/daemon" "$dir/files" build "$dir/theirs.lib" || failed=1

echo
${CC:-cc} $cflags -I. bench/victim.c -o "$dir/victim" -Lbuild -ltls
go run ./bench/hostile "$dir/victim" build "${1:-}" || failed=1
exit $failed
