#!/bin/sh
# package.sh: does by hand what abuild does with alpine/APKBUILD.in, here with musl-gcc, and builds and runs a program
# with what comes out of it. Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root" || exit 1

# abuild's variables and functions, as far as the file uses them.
startdir=$tmp/apk
srcdir=$startdir/src
pkgdir=$startdir/pkg/main
subpkgdir=$startdir/pkg/dev
export CC=musl-gcc CFLAGS="-Os -fstack-clash-protection" LDFLAGS="-Wl,--as-needed,-O1,--sort-common"
export CGO_CFLAGS="-O2 -g"
amove() {
	for file in "$@"; do
		mkdir -p "$subpkgdir/${file%/*}" && mv "$pkgdir/$file" "$subpkgdir/$file" || return 1
	done
}
default_dev() {
	amove usr/include usr/lib/pkgconfig usr/lib/libtls.so
}

unpacked() {
	mkdir -p "$srcdir" "$pkgdir" && (cd "$startdir" && echo "$sha512sums" | sed '/^$/d' | sha512sum -c -) &&
	tar -x -z -f "$startdir/$source" -C "$srcdir"
}

phase() {
	(cd "$builddir" && "$1")
}

program_runs() {
	mkdir -p "$tmp/root/usr" && cp -a "$pkgdir/usr" "$subpkgdir/usr" "$tmp/root" &&
	$CC -std=c11 -o "$tmp/harness" -I"$tmp/root/usr/include" "$builddir"/tests/*.c -L"$tmp/root/usr/lib" -ltls \
		-Wl,-rpath,"$tmp/root/usr/lib" &&
	"$tmp/harness" -p "$tmp/pki" resumption connect_forms
}

make_pki "$tmp/pki" || exit 1
step "make apk, up to abuild" make -s BUILD="$tmp" apk ABUILD=true
. "$startdir/APKBUILD"
step "checksum and sources" unpacked
step build phase build
step check phase check
step package phase package
step "package -dev" phase dev
step "a program with it" program_runs
verdict
