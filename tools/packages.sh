# Which Debian packages the scripts need, and how they are installed.
# Sourced by quickstart and test, which define say and die; functions only.

APT_LOG=${APT_LOG:-/dev/null}

# The PostgreSQL to build for: $PG_CONFIG's, else the newest one that has its
# development files, else the distribution's own version.
pg_version() {
	local v
	if [ -n "${PG_CONFIG:-}" ]; then
		"$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/'
		return
	fi
	v=$(ls -d /usr/lib/postgresql/*/lib/pgxs 2>/dev/null |
		sed 's:^/usr/lib/postgresql/\([0-9]*\)/.*:\1:' | sort -n | tail -n 1)
	[ -n "$v" ] || v=$(apt-cache depends postgresql 2>/dev/null |
		sed -n 's/.*Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1)
	echo "$v"
}

pg_config_path() {
	echo "${PG_CONFIG:-/usr/lib/postgresql/$(pg_version)/bin/pg_config}"
}

is_installed() {
	dpkg-query -W -f='${Status}' "$1" 2>/dev/null |
		grep -q 'install ok installed'
}

# need_packages NAME...: installs those that are missing; when it may not,
# ends with the command to type.
need_packages() {
	local p missing=""
	for p in "$@"; do
		is_installed "$p" || missing="$missing $p"
	done
	[ -n "$missing" ] || return 0
	[ "$(id -u)" = 0 ] ||
		die "packages are missing; as root: apt-get install$missing"
	say "installing$missing"
	apt_update_once
	# A fresh PostgreSQL package makes and starts a cluster "main" that nobody
	# asked for: not while we are the ones who install it.
	case "$missing" in
	*postgresql-[0-9]*)
		apt_install postgresql-common && without_main_cluster $missing
		;;
	*)
		apt_install $missing
		;;
	esac || die "apt-get could not install:$missing"
}

apt_update_once() {
	[ -z "${APT_UPDATED:-}" ] || return 0
	APT_UPDATED=1
	apt-get update -qq >>"$APT_LOG" 2>&1 ||
		say "apt-get update failed; going on with the lists there are"
}

apt_install() {
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
		--no-install-recommends "$@" </dev/null >>"$APT_LOG" 2>&1 ||
		{ tail -n 20 "$APT_LOG" >&2; return 1; }
}

without_main_cluster() {
	local conf=/etc/postgresql-common/createcluster.d/qdrant_pg.conf
	local status=0
	mkdir -p "${conf%/*}"
	echo "create_main_cluster = false" >"$conf"
	apt_install "$@" || status=$?
	rm -f "$conf"
	return $status
}

build_packages() {
	local v
	[ -n "${PG_CONFIG:-}" ] || {
		v=$(pg_version)
		[ -n "$v" ] || { apt_update_once; v=$(pg_version); }
		[ -n "$v" ] || die "no PostgreSQL package found in the package lists"
		echo "postgresql-$v postgresql-server-dev-$v"
	}
	echo "gcc make pkg-config libc6-dev libevent-dev libnghttp2-dev" \
		"libprotobuf-c-dev libprotobuf-dev protobuf-c-compiler protobuf-compiler libpq-dev" \
		"libicu-dev libstemmer-dev libssl-dev zlib1g-dev curl mawk openssl"
}
