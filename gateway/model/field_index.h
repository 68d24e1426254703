/*
 * field_index.h
 *		The payload indexes of a collection, as far as requests depend on them.
 */
#ifndef QG_FIELD_INDEX_H
#define QG_FIELD_INDEX_H

#include <stdbool.h>

#include "core/arena.h"

/* In the order of FieldType. */
typedef enum field_index_type
{
	INDEX_KEYWORD, INDEX_INTEGER, INDEX_FLOAT, INDEX_GEO, INDEX_TEXT,
	INDEX_BOOL, INDEX_DATETIME, INDEX_UUID
} field_index_type;

typedef struct field_index
{
	slice		path;
	slice		schema;			/* JSON: what conditions on it are bound to */
	field_index_type type;
	bool		lookup;			/* of integers */
	bool		range;
} field_index;

typedef struct field_indexes
{
	const field_index *list;
	int			n;
} field_indexes;

/* The index on a path (a valid one); NULL: there is none. */
extern const field_index *field_index_find(const field_indexes *indexes,
										   slice path);

#endif							/* QG_FIELD_INDEX_H */
