/*
 * points_ids.c
 *		Lists of point ids: read, order, make distinct, compare with rows.
 */
#include "service/points.h"

#include <stdlib.h>

bool
point_keys_read(Qdrant__PointId *const *ids, size_t n, point_key **out,
				arena *a, gw_error *e)
{
	point_key  *keys = arena_array(a, n, sizeof(*keys));

	for (size_t i = 0; i < n; i++)
		if (!point_key_read(ids[i], &keys[i], a, e))
			return false;
	*out = keys;
	return true;
}

/* A key and where it stood. */
typedef struct placed_key
{
	const point_key *key;
	uint32_t	at;
} placed_key;

static int
placed_compare(const void *x, const void *y)
{
	const placed_key *a = x;
	const placed_key *b = y;
	int			order = point_key_compare(a->key, b->key);

	if (order != 0)
		return order;
	return a->at < b->at ? -1 : a->at > b->at;
}

uint32_t *
point_keys_order(const point_key *keys, size_t n, arena *a)
{
	placed_key *placed = arena_array(a, n, sizeof(*placed));
	uint32_t   *order = arena_array(a, n, sizeof(*order));
	bool		sorted = true;

	for (size_t i = 0; i < n; i++)
	{
		placed[i] = (placed_key) {&keys[i], (uint32_t) i};
		if (i > 0 && point_key_compare(&keys[i - 1], &keys[i]) > 0)
			sorted = false;
	}
	if (!sorted)
		qsort(placed, n, sizeof(*placed), placed_compare);
	for (size_t i = 0; i < n; i++)
		order[i] = placed[i].at;
	return order;
}

size_t
point_keys_distinct(point_key *keys, size_t n, arena *a)
{
	uint32_t   *order = point_keys_order(keys, n, a);
	bool	   *repeated = arena_alloc0(a, n + 1);
	size_t		kept = 0;

	for (size_t i = 1; i < n; i++)
		if (point_key_compare(&keys[order[i - 1]], &keys[order[i]]) == 0)
			repeated[order[i]] = true;
	for (size_t i = 0; i < n; i++)
		if (!repeated[i])
			keys[kept++] = keys[i];
	return kept;
}

static int
key_compare(const void *x, const void *y)
{
	return point_key_compare(x, y);
}

const point_key *
point_keys_missing(const point_key *keys, size_t n, const PGresult *rows,
				   arena *a)
{
	size_t		n_found = (size_t) PQntuples(rows);
	point_key  *found = arena_array(a, n_found, sizeof(*found));

	for (size_t i = 0; i < n_found; i++)
		found[i] = point_key_column(rows, (int) i, 0);
	qsort(found, n_found, sizeof(*found), key_compare);
	for (size_t i = 0; i < n; i++)
		if (bsearch(&keys[i], found, n_found, sizeof(*found),
					key_compare) == NULL)
			return &keys[i];
	return NULL;
}
