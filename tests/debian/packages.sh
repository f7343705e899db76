#!/bin/sh
# packages.sh SUITE: builds the packages in a Debian of that name, and does the work of Debian's programs over
# its own libtls, over ours, and over its own again. Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/chroot.sh"

build_packages() {
	as_root "cd /root && tar -xf /home/user/$dist.tar.gz && cd $dist && tests/deps.sh demo &&
		apt-get -q install -y --no-install-recommends build-essential debhelper lintian pkg-config &&
		debian/prepare && dpkg-buildpackage -b -us -uc && lintian --allow-root --fail-on error ../*.changes"
}

# The tests of programs, with what the system's loader finds.
programs_work() {
	(cd "$root" && CGO_ENABLED=0 go test -c -o "$debian/root/programs" ./tests/programs) &&
	as_root "cd /root; ldd /usr/bin/catgirl; ./programs -test.v -lib=\$(dirname \$(ldd /usr/bin/catgirl |
		sed -n 's/.*libtls.* => \([^ ]*\).*/\1/p'))" >"$tmp/work" 2>&1
	result=$?
	cat "$tmp/work"
	[ $result -eq 0 ] && ! grep SKIP "$tmp/work" && grep -q 'PASS: TestRPKI' "$tmp/work"
}

# The library that programs get has Go in it, or not.
is_ours() {
	as_root "grep -q 'Go buildinf' /usr/lib/*/libtls.so.2?"
}
is_theirs() {
	! is_ours
}

make_chroot || exit 1
step "lists of packages" as_root "apt-get -q update"
step "Debian's programs are installed" as_root "apt-get -q install -y --no-install-recommends catgirl sacc rpki-client openssl"
runtime=$(within sh -c 'dpkg -S /usr/lib/*/libtls.so.2?' | cut -d : -f 1)
step "which have $runtime" is_theirs
step "and work over it" programs_work
step "packages build, and lintian has no errors" build_packages
step "apt installs ours" as_root "apt-get -q install -y --no-install-recommends ./root/${runtime}_*.deb"
step "which is what programs find" is_ours
step "and they work over it" programs_work
step "so do -dev and its examples" as_root "apt-get -q install -y --no-install-recommends ./root/libtls*_*.deb pkg-config &&
	cd /root/$dist && debian/tests/demo"
step "apt goes back" as_root "apt-get -q remove -y libtls-dev libtls-openssl1 &&
	apt-get -q install -y --allow-downgrades --no-install-recommends $runtime/$suite"
step "to what was there" is_theirs
step "and the programs work again" programs_work
verdict
