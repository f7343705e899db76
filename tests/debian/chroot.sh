# What the scripts of this directory share: a bare Debian in a chroot. Needs root, debootstrap and iproute2. The mirror
# is the machine's own, or MIRROR; BASE is a directory with such a system, which is copied instead. The chroot trusts
# whom the machine trusts, and fetches from where it does.
. "$(dirname "$0")/../lib.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
suite=${1:?the name of a release of Debian}
debian=$tmp/debian

leave_chroot() {
	umount "$debian/proc" "$debian/dev/pts" 2>/dev/null
	cleanup
}
trap leave_chroot EXIT

# Whom this machine trusts, among them perhaps a company's proxy, the chroot trusts from when it has ca-certificates.
trust_alike() {
	mkdir -p "$debian/usr/local/share/ca-certificates" &&
	awk -v name="$debian/usr/local/share/ca-certificates/host" '
		/BEGIN CERTIFICATE/ { n++; file = name n ".crt" }
		file { print >file }
		/END CERTIFICATE/ { close(file); file = "" }
	' "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"
}

# From where this machine gets packages and modules, as an environment.
sources() {
	for name in GOPROXY GOSUMDB GONOSUMDB GONOPROXY GOPRIVATE; do
		echo "$name=$(go env "$name")"
	done
	env | grep -iE '^(http|https|no)_proxy='
}

make_chroot() {
	mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Label: Debian' 'Created-By: Packages' | head -n 1)}
	if [ -n "${BASE:-}" ]; then
		cp -a "$BASE" "$debian"
	else
		debootstrap --variant=minbase "$suite" "$debian" "$mirror"
	fi &&
	mount -t proc proc "$debian/proc" && mount -t devpts -o ptmxmode=666 devpts "$debian/dev/pts" &&
	echo 127.0.0.1 localhost >"$debian/etc/hosts" &&
	trust_alike &&
	cp /etc/resolv.conf "$debian/etc/resolv.conf" &&
	useradd -R "$debian" -m user &&
	make -s -C "$root" BUILD="$tmp/dist" dist &&
	dist=$(basename "$tmp"/dist/*.tar.gz .tar.gz) &&
	cp "$tmp/dist/$dist.tar.gz" "$debian/home/user"
}

# within OPTION... COMMAND: in the chroot, with an environment as after a log-in.
within() {
	# shellcheck disable=SC2046 # several words
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive $(sources) chroot "$debian" "$@"
}

as_root() {
	within sh -euxc "$1"
}

as_user() {
	within setpriv --reuid=user --regid=user --clear-groups env HOME=/home/user sh -euxc "cd && $1"
}

# The same without a network, but for its own loopback.
alone() {
	unshare -n sh -c 'ip link set lo up && exec "$@"' sh env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin \
		HOME=/home/user chroot "$debian" setpriv --reuid=user --regid=user --clear-groups sh -euxc "cd && $1"
}
