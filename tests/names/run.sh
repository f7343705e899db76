#!/bin/sh
# tests/names/run.sh PKI: whose functions a program gets that has libtls and OpenSSL, or one that stands in
# for it; with the directory that tests/pki made. Ends with "N passed, N failed". BUILD is where the library
# is; with FOREIGN=musl, CC makes programs for musl, for which there is no OpenSSL.
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/${BUILD:-build}
here=$root/tests/names
pki=${1:?usage: run.sh PKI}
work=$tmp

# make_c OUTPUT ARGUMENT...: a program that keeps all libraries that it names, in their order.
make_c() {
	output=$1
	shift
	${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -g -o "$output" "$@" -L"$build" -L"$work" \
		-Wl,-rpath,"$build" -Wl,-rpath,"$work"
}

# runs OUTPUT ARGUMENT...: makes a program and runs it.
runs() {
	make_c "$@" -lpthread && timeout 60 "$1" "$pki"
}

keep=-Wl,--no-as-needed

# All names of the subset, as the library has them in whatever form.
nm -D --defined-only "$build/libtls.so" | awk '$2 != "A" { print $3 }' |
	sed 's/@.*//; s/^libtls_//' | grep -v '^tls_' | LC_ALL=C sort -u >"$work/names"
step "there are names" grep -qx SSL_CTX_set_num_tickets "$work/names"

# A stand-in for libssl and libcrypto without versions, and what has to reach it: a program and a library.
sed 's/.*/int &(void); int &(void) { return 1; }/' "$work/names" >"$work/standin.c"
{
	echo '#include <stdio.h>
int others(void);'
	sed 's/.*/int &(void);/' "$work/names"
	echo 'int others(void) { int bad = 0;'
	sed 's/.*/if (&() != 1) { puts("&"); bad++; }/' "$work/names"
	echo 'return bad; }'
} >"$work/others.c"
cat >"$work/main.c" <<-'EOF'
	#include <tls.h>
	int others(void);
	int main(void) { return tls_init() != 0 || tls_client() == NULL || others() != 0; }
EOF
cat >"$work/subset.c" <<-'EOF'
	#include <openssl/ssl.h>
	int others(void);
	int main(void) {
		SSL_CTX *ctx = SSL_CTX_new(TLS_method());
		return ctx == NULL || SSL_CTX_set_num_tickets(ctx, 5) != 1 || others() != 0 ||
		    SSL_CTX_get_num_tickets(ctx) != 5;
	}
EOF
step "stand-in" make_c "$work/libstandin.so" -shared -fPIC "$work/standin.c"
${CC:-cc} -c -o "$work/standin.o" "$work/standin.c" && ar rcs "$work/libarchive.a" "$work/standin.o"
step "a library that uses it" make_c "$work/libothers.so" -shared -fPIC "$work/others.c" -lstandin
for order in "-ltls -lstandin" "-lstandin -ltls"; do
	# shellcheck disable=SC2086 # several words
	step "a program, $order" runs "$work/a" -I"$root" "$work/main.c" "$work/others.c" $keep $order
	# shellcheck disable=SC2086
	step "the subset beside it, $order" runs "$work/a" -I"$root/compat" "$work/subset.c" "$work/others.c" \
		$keep $order
done
for order in "-ltls -lothers" "-lothers -ltls"; do
	# shellcheck disable=SC2086
	step "a program, $order" runs "$work/a" -I"$root" "$work/main.c" $keep $order
	# shellcheck disable=SC2086
	step "the subset, $order" runs "$work/a" -I"$root/compat" "$work/subset.c" $keep -ltls-openssl $order
done
for order in "$build/libtls.a -larchive" "-larchive $build/libtls.a"; do
	# shellcheck disable=SC2086
	step "a program, $order" runs "$work/a" -I"$root" "$work/main.c" "$work/others.c" $order
	# shellcheck disable=SC2086
	step "the subset, $order" runs "$work/a" -I"$root/compat" "$work/subset.c" "$work/others.c" $order
done

# The very names, where there are no headers.
plain="$here/plain.c $here/read.c"
# shellcheck disable=SC2086
step "names alone" runs "$work/a" -I"$root/compat" $plain -ltls-openssl -ltls
# shellcheck disable=SC2086
step "names alone, static" runs "$work/a" -I"$root/compat" $plain "$build/libtls-openssl.a" "$build/libtls.a"

# From here on with what musl has not: a dlopen that takes libtls, and OpenSSL.
if [ "${FOREIGN:-}" = musl ]; then
	verdict
	exit
fi

opened() {
	timeout 60 "$work/opened" "$@"
}
step "a program that opens libraries" make_c "$work/opened" "$here/opened.c" -ldl
step "libtls opened before libtls's rival" opened "$build/libtls.so" "$work/libothers.so"
step "names alone, opened" opened "$build/libtls-openssl.so.1"

# Where each name is found in a program. SSL_get_peer_certificate is a macro in OpenSSL 3.
step "a part that uses OpenSSL" make_c "$work/libother.so" -shared -fPIC "$here/other.c" -lssl -lcrypto
${CC:-cc} -c -o "$work/other.o" "$here/other.c"
ldd "$work/libother.so" | sed -n 's/.*=> \(.*lib\(ssl\|crypto\)[^ ]*\).*/\1/p' | xargs nm -D --defined-only |
	awk '{ print $3 }' | sed 's/@.*//' | LC_ALL=C sort -u >"$work/theirs"
same_names() {
	[ "$(LC_ALL=C comm -23 "$work/names" "$work/theirs")" = SSL_get_peer_certificate ]
}
step "the names are OpenSSL's" same_names
LC_ALL=C comm -12 "$work/names" "$work/theirs" >"$work/both"
{
	cat <<-'EOF'
		#include <dlfcn.h>
		#include <stdio.h>
		#include <string.h>
		int others(void);
		static int theirs(const void *function) {
			Dl_info info;
			return dladdr(function, &info) != 0 && (strstr(info.dli_fname, "libssl.so") != NULL ||
			    strstr(info.dli_fname, "libcrypto.so") != NULL);
		}
	EOF
	sed 's/.*/int &(void);/' "$work/both"
	echo 'int others(void) { int bad = 0;'
	sed 's/.*/if (!theirs((void *)&)) { puts("&"); bad++; }/' "$work/both"
	echo 'return bad; }'
} >"$work/places.c"
step "a library of OpenSSL" make_c "$work/libplaces.so" -shared -fPIC "$work/places.c" -lssl -lcrypto
step "libtls opened before OpenSSL" opened "$build/libtls.so" "$work/libplaces.so"

for order in "-ltls -lssl -lcrypto" "-ltls -lcrypto -lssl" "-lssl -ltls -lcrypto" "-lcrypto -ltls -lssl" \
    "-lssl -lcrypto -ltls" "-lcrypto -lssl -ltls"; do
	# shellcheck disable=SC2086
	step "each name, $order" runs "$work/a" -I"$root" "$work/main.c" "$work/places.c" $keep $order
	# shellcheck disable=SC2086
	step "OpenSSL, $order" runs "$work/a" -I"$root" "$here/openssl.c" $keep $order
	# shellcheck disable=SC2086
	step "both, $order" runs "$work/a" -I"$root/compat" "$here/both.c" "$work/other.o" \
		$keep $order
done

# Statically: shared OpenSSL, and archives, which want each other in one order. From OpenSSL 3.2 on its archive has a
# tls_free of its own, so that no libtls's can be linked beside it, LibreTLS's neither.
set -- "$build/libtls.a -lssl -lcrypto" "-lssl $build/libtls.a -lcrypto" "-lssl -lcrypto $build/libtls.a"
if nm "$(${CC:-cc} -print-file-name=libssl.a)" 2>/dev/null | grep -q ' T tls_free$'; then
	echo "left out: OpenSSL's archives"
else
	set -- "$@" "$build/libtls.a -l:libssl.a -l:libcrypto.a" "-l:libssl.a $build/libtls.a -l:libcrypto.a" \
		"-l:libssl.a -l:libcrypto.a $build/libtls.a"
fi
for order in "$@"; do
	# shellcheck disable=SC2086
	step "OpenSSL, $order" runs "$work/a" -I"$root" "$here/openssl.c" $order -ldl
	# shellcheck disable=SC2086
	step "both, $order" runs "$work/a" -I"$root/compat" "$here/both.c" "$work/other.o" $order -ldl
done

# A library of OpenSSL's beside a program of ours.
for order in "-ltls -lother" "-lother -ltls"; do
	# shellcheck disable=SC2086
	step "the subset, $order" runs "$work/a" -I"$root/compat" "$here/both.c" $keep $order
	# shellcheck disable=SC2086
	step "the subset, as its module says, $order" runs "$work/a" -I"$root/compat" "$here/both.c" \
		$keep -ltls-openssl $order
done

verdict
