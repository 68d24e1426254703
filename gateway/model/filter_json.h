/*
 * filter_json.h
 *		A Filter message as the filter JSON that the SQL type payload_filter
 *		takes, and what building a statement needs to know about a filter.
 */
#ifndef QG_FILTER_JSON_H
#define QG_FILTER_JSON_H

#include <stdbool.h>

#include "core/buf.h"
#include "model/field_index.h"

struct Qdrant__Filter;

/*
 * The filter's JSON text, in the arena.  The filter has been validated.
 * Conditions on a path with an index are bound to it: the member "as".
 */
extern slice filter_json(const struct Qdrant__Filter *filter,
						 const field_indexes *indexes, arena *a);

/* Does the filter restrict anything? NULL and {} do not. */
extern bool filter_is_empty(const struct Qdrant__Filter *filter);

/*
 * Does has_id, has_vector or slice occur where it counts (not inside nested,
 * where it is never true)?  Then the filter goes through qdrant.matches.
 */
extern bool filter_needs_point(const struct Qdrant__Filter *filter);

/*
 * The first has_id condition that stands directly in must: its ids as texts
 * (decimal, or hyphenated UUID) in *ids, *n of them.  Every match is among
 * them.  False: there is none.
 */
extern bool filter_must_ids(const struct Qdrant__Filter *filter, arena *a,
							const slice **ids, size_t *n);

/*
 * Is that has_id condition the whole filter, so that the ids alone decide?
 */
extern bool filter_is_ids_only(const struct Qdrant__Filter *filter);

#endif							/* QG_FILTER_JSON_H */
