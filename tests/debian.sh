#!/bin/bash
# debian.sh CLONE [SUITE]: both commands of the README in a minimal Debian root
# that holds nothing but git and a clone. Needs debootstrap and a mirror.
set -u
clone=$1
suite=${2:-bookworm}
root=${QDRANT_PG_ROOT:-/var/tmp/qdrant_pg-debian-$suite}
mirror=$(sed -n 's/^URIs: *//p;s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)

command -v debootstrap >/dev/null || apt-get install -y -qq debootstrap || exit 1
[ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase --include=git,ca-certificates "$suite" "$root" "$mirror" >/dev/null || exit 1
cp /etc/apt/apt.conf.d/*prox* "$root/etc/apt/apt.conf.d/" 2>/dev/null
cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null
for f in /etc/pip.conf "$HOME/.config/pip/pip.conf"; do [ -f "$f" ] && cp "$f" "$root/etc/pip.conf"; done
# What lets package clients out of this machine belongs to the machine.
[ -d /etc/ssl/certs ] && cp -rL /etc/ssl/certs "$root/etc/ssl/" 2>/dev/null
for m in proc dev sys; do mountpoint -q "$root/$m" || mount --rbind "/$m" "$root/$m"; done
mount --make-rslave "$root/dev" "$root/sys" 2>/dev/null
trap 'for m in proc dev sys; do umount -R -l "$root/$m"; done' EXIT

rm -rf "$root/qdrant_pg"
git clone -q "$clone" "$root/qdrant_pg" || exit 1
inside() {
	chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
		$(env | grep -iE '^(https?_proxy|no_proxy|PIP_|SSL_CERT_FILE|REQUESTS_CA_BUNDLE)' | tr '\n' ' ') \
		QDRANT__SERVICE__HTTP_PORT=56333 QDRANT__SERVICE__GRPC_PORT=56334 bash -c "$1"
}
inside 'cd /qdrant_pg && ./quickstart && ./quickstart status && ./quickstart stop' || exit 1
[ -z "${DEBIAN_QUICKSTART_ONLY:-}" ] || exit 0
inside 'cd /qdrant_pg && ./test'
