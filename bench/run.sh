#!/bin/sh
# Compares build/libtls.so with Debian's LibreTLS (libtls-dev) by the same programs, as tables in
# Markdown: what calls cost in memory, and what the whole process of a server on loopback sockets uses;
# and tells what a hostile peer can have ours do:
#
#	ROUNDS=N bench/run.sh [ITEM]
#
# The two take turns; the tables show the medians of all rounds, and the lowest and highest ratio of
# one. ITEM is the start of the names of the items to be measured.
set -eu
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-5}
dir=$PWD/build/bench
bundle=/etc/ssl/certs/ca-certificates.crt

rm -rf "$dir"
mkdir -p "$dir/files"

cflags="-std=c11 -O2 -Wall -Wextra -Werror"
${CC:-cc} $cflags -I. bench/memory.c -o "$dir/ours" -Lbuild -ltls -lpthread -Wl,-rpath,"$PWD/build"
${CC:-cc} $cflags bench/memory.c -o "$dir/theirs" $(pkg-config --cflags --libs libtls) -lpthread

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
echo "medians of $rounds interleaved rounds, $(date -u +%F)"
echo
# A star: they didn't resume, and are measured by their full handshakes.
awk -F '\t' '
function median(v, n,    i, j, t) {
	for (i = 2; i <= n; i++)
		for (j = i; j > 1 && v[j - 1] > v[j]; j--) {
			t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
		}
	return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
}
# The median of a library, which is set in list.
function all(library, item,    r, n) {
	for (r = 1; r <= rounds; r++)
		if ((library, item, r) in value)
			list[++n] = value[library, item, r]
	return n ? median(list, n) : "n/a"
}
function show(x) { return x == "n/a" ? x : x < 100 ? sprintf("%.2f", x) : sprintf("%.0f", x) }
{
	split(FILENAME, file, ".")
	if (!($1 in unit)) {
		unit[$1] = $3
		order[++items] = $1
	}
	value[file[1], $1, file[2]] = $2
}
END {
	print "| in memory | unit | ours | theirs | ratio | lowest | highest |"
	print "|---|---|---|---|---|---|---|"
	for (i = 1; i <= items; i++) {
		item = to = order[i]
		star = ""
		if (item ~ /^resumed/ && all("theirs", item) == "n/a") {
			sub(/^resumed/, "full", to)
			star = " \\*"
		}
		n = 0
		for (r = 1; r <= rounds; r++)
			if (("ours", item, r) in value && value["theirs", to, r] > 0)
				ratio[++n] = value["ours", item, r] / value["theirs", to, r]
		m = n ? median(ratio, n) : "n/a"
		printf "| %s%s | %s | %s | %s | %s | %s | %s |\n", item, star, unit[item],
		    show(all("ours", item)), show(all("theirs", to)),
		    show(m), n ? show(ratio[1]) : "", n ? show(ratio[n]) : ""
	}
}' rounds="$rounds" ours.[0-9]* theirs.[0-9]*

echo
mkdir theirs.lib
ln -s "$(${CC:-cc} -print-file-name=libtls.so)" "theirs.lib/$(basename ../libtls.so.*)"
cd ../..
${CC:-cc} $cflags -I. bench/daemon.c -o "$dir/daemon" -Lbuild -ltls -lpthread
go run ./bench/sockets -rounds "$rounds" -item "${1:-}" "$dir/daemon" "$dir/files" build "$dir/theirs.lib" || failed=1

echo
${CC:-cc} $cflags -I. bench/victim.c -o "$dir/victim" -Lbuild -ltls
${CC:-cc} $cflags -Icompat bench/subset.c -o "$dir/subset" -Lbuild -ltls
go run ./bench/hostile "$dir/victim" "$dir/subset" build "${1:-}" || failed=1
exit $failed
