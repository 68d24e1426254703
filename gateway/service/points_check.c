/*
 * points_check.c
 *		Members that many requests on points have: shard keys,
 *		consistency.
 */
#include "service/points.h"

#include <inttypes.h>

bool
shard_key_check(const Qdrant__ShardKeySelector *selector, error_kind kind,
				arena *a, gw_error *e)
{
	const Qdrant__ShardKey *key;

	if (selector == NULL || selector->n_shard_keys == 0)
		return true;
	key = selector->shard_keys[0];
	if (key->key_case == QDRANT__SHARD_KEY__KEY_KEYWORD)
		return gw_fail(e, a, kind, "Shard key \"%s\" not found",
					   key->keyword);
	return gw_fail(e, a, kind, "Shard key %" PRIu64 " not found",
				   key->key_case == QDRANT__SHARD_KEY__KEY_NUMBER ?
				   key->number : 0);
}

/* One node answers for all: whatever is valid is fulfilled. */
bool
read_consistency_check(const Qdrant__ReadConsistency *consistency, arena *a,
					   gw_error *e)
{
	if (consistency == NULL)
		return true;
	if (consistency->value_case == QDRANT__READ_CONSISTENCY__VALUE__NOT_SET)
		return gw_fail(e, a, ERR_GRPC_ARGUMENT,
					   "invalid read consistency message: "
					   "`ReadConsistency::value` field is `None`");
	if (consistency->value_case == QDRANT__READ_CONSISTENCY__VALUE_FACTOR &&
		consistency->factor == 0)
		return gw_fail(e, a, ERR_GRPC_ARGUMENT,
					   "factor: Validation error: range "
					   "[{\"value\": Number(0), \"min\": Number(1)}]");
	return true;
}

bool
memory_check(size_t n, size_t size, arena *a, gw_error *e)
{
	return arena_fits(a, n, size) ||
		gw_fail(e, a, ERR_TOO_LARGE, "request needs too much memory");
}
