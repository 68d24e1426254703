/*
 * walk.h
 *		From a payload to the values that a path leads to, without allocating.
 */
#ifndef QD_WALK_H
#define QD_WALK_H

#include "payload/filter.h"

/* Looks at one value; true ends the walk. */
typedef bool (*qd_visitor) (const JsonbValue *value, void *arg);

/* The elements of an array, one after the other. */
typedef struct qd_array_cursor
{
	JsonbContainer *array;
	uint32		next;
	uint32		offset;
} qd_array_cursor;

static inline bool
qd_value_is_array(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsArray(v->val.binary.data);
}

static inline bool
qd_value_is_object(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data);
}

/* null and [] */
static inline bool
qd_value_is_empty(const JsonbValue *v)
{
	return v->type == jbvNull ||
		(qd_value_is_array(v) && JsonContainerSize(v->val.binary.data) == 0);
}

/* False behind the last element. */
extern bool qd_array_next(qd_array_cursor *cursor, JsonbValue *value);

/* True as soon as visit says so for an element. */
extern bool qd_each_element(JsonbContainer *array, qd_visitor visit, void *arg);

/* The same for the values at a compiled path (none when it leads nowhere). */
extern bool qd_visit_path(const qd_node *path, JsonbContainer *payload,
						  qd_visitor visit, void *arg);

#endif							/* QD_WALK_H */
