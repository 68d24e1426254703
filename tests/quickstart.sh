#!/bin/bash
# quickstart.sh TREE DIR: what the README's first command promises: it starts,
# answers, survives being killed half way and being run again, stops.
set -u
tree=$1
dir=$2
passed=0
failed=0
export QDRANT_PG_DATA=$dir/data QDRANT_PG_PORT=55498
export QDRANT__SERVICE__HTTP_PORT=56398 QDRANT__SERVICE__GRPC_PORT=56399
url=http://127.0.0.1:$QDRANT__SERVICE__HTTP_PORT

check() {
	local what=$1
	shift
	if "$@" >"$dir/out" 2>&1; then
		passed=$((passed + 1))
		echo "ok - $what"
	else
		failed=$((failed + 1))
		echo "not ok - $what"
		sed 's/^/  # /' "$dir/out" | tail -n 20
	fi
}
status_is() { [ "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "${@:2}")" = "$1" ]; }
answers() { curl -s -m 5 "${@:2}" | grep -q "$1"; }
not() { ! "$@"; }
# Leaves the command alone for so long, then kills it and all it started.
killed_after() {
	setsid "${@:2}" >/dev/null 2>&1 &
	sleep "$1"
	kill -9 -- -$! 2>/dev/null
	wait $! 2>/dev/null
	true
}

rm -rf "$dir"
mkdir -p "$dir"
chmod 755 "$dir"
trap '"$tree/quickstart" stop >/dev/null 2>&1' EXIT

check "status before the first start says stopped" not "$tree/quickstart" status
killed_after 1 "$tree/quickstart"
killed_after 4 "$tree/quickstart"
check "it starts after being killed half way" "$tree/quickstart"
key=$(cat "$dir/data/api_key")
check "readyz answers without a key" status_is 200 "$url/readyz"
check "the generated key is for its owner's eyes" [ "$(stat -c %a "$dir/data/api_key")" = 600 ]
check "a request without the key is refused" status_is 401 "$url/collections"
check "a request with the key is answered" status_is 200 -H "api-key: $key" "$url/collections"
check "the dashboard says what is running" answers qdrant_pg "$url/dashboard/"
check "a collection is created" answers '"result":true' -X PUT -H "api-key: $key" \
	-d '{"vectors":{"size":2,"distance":"Dot"}}' "$url/collections/kept"
check "a point is stored" answers completed -X PUT -H "api-key: $key" \
	-d '{"points":[{"id":1,"vector":[1,2]}]}' "$url/collections/kept/points?wait=true"
check "a second run does no harm" "$tree/quickstart"
check "the key stays" [ "$key" = "$(cat "$dir/data/api_key")" ]
check "the point stays" answers '"id":1' -H "api-key: $key" "$url/collections/kept/points/1"
check "status says running" "$tree/quickstart" status
check "a wrong setting leaves the service running" bash -c \
	"! QDRANT__SERVICE__HTTP_PROT=1 '$tree/quickstart' >'$dir/err' 2>&1 && '$tree/quickstart' status"
check "a wrong port of PostgreSQL is named" bash -c \
	"! QDRANT_PG_PORT=xyz '$tree/quickstart' >'$dir/err' 2>&1 && grep -q QDRANT_PG_PORT '$dir/err' && '$tree/quickstart' status"
echo 1 >"$dir/data/schema"
check "data of another state of the code are left alone" not "$tree/quickstart"
(LC_ALL=C; cat "$tree"/sql/install/*.sql | cksum | cut -d" " -f1) >"$dir/data/schema"
check "it stops" "$tree/quickstart" stop
check "nothing answers then" status_is 000 "$url/readyz"
check "status says stopped" not "$tree/quickstart" status
check "a malformed setting is named" bash -c \
	"! QDRANT_MAX_COLLECTION_SIZE_MB=much '$tree/quickstart' >'$dir/err' 2>&1 && grep -q QDRANT_MAX_COLLECTION_SIZE_MB '$dir/err'"
check "an unknown setting is named" bash -c \
	"! QDRANT__SERVICE__HTTP_PROT=1 '$tree/quickstart' >'$dir/err' 2>&1 && grep -q QDRANT__SERVICE__HTTP_PROT '$dir/err'"
echo "quickstart: $passed passed, $failed failed"
[ $failed = 0 ]
