#!/bin/sh
# commands.sh SUITE [TARGET]: README's commands in a bare Debian, from a checkout without modules and from a
# release without a network; TARGET is make's, or "demo". Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/chroot.sh"
target=${2:-demo}

# A checkout has no modules.
checkout() {
	as_user "tar -xf $dist.tar.gz && rm -rf checkout && cp -r $dist checkout && rm -r checkout/vendor"
}

# What is missing is named in one line, and nothing else happens.
named() {
	as_user "cd checkout; ! $1 >out 2>&1; cat out; grep 'root first: apt-get install.* gcc libc6-dev binutils.* golang-go' out"
}

make_chroot || exit 1
step "checkout" checkout
step "without make and root the missing is named" named "tests/deps.sh demo"
step "make is installed" as_root "apt-get -q update; apt-get -q install -y --no-install-recommends make"
step "without root the missing is named" named "make demo"
step "make $target, by root" as_root "cp -r /home/user/checkout /root; cd /root/checkout; make $target"
step "make demo, by a user" as_user "cd checkout; make demo"
step "make demo, of a release without a network" alone "cd $dist; make demo && make DESTDIR=/home/user/dest install"
# Debian's own, which the Go that was installed stands before.
step "a Go that is too old is named" alone "cd $dist; ! PATH=/usr/bin:/bin make demo >out 2>&1; cat out
	[ \$(grep -c ^deps: out) -eq 1 ] && grep 'deps: Go .* is needed, not go.*: unpack' out"
verdict
