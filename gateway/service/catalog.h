/*
 * catalog.h
 *		Per-worker cache of collections: what building a statement needs.
 *
 * An entry is a hint: every pipeline carries the entry's version and fails
 * with QD005 when it is stale (op_check_collection), then it is read again; so
 * it is before a request is refused for what a cached entry says.
 * Entries are immutable and reference counted by the ops that hold them, so a
 * pointer stays valid until its op is answered.
 */
#ifndef QG_CATALOG_H
#define QG_CATALOG_H

#include <stdint.h>

#include <libpq-fe.h>

#include "core/arena.h"
#include "model/field_index.h"

typedef enum distance_kind
{
	DISTANCE_COSINE, DISTANCE_EUCLID, DISTANCE_DOT, DISTANCE_MANHATTAN
} distance_kind;

/* What the column holds: vector, halfvec, bytevec. */
typedef enum vector_datatype
{
	DATATYPE_FLOAT32, DATATYPE_FLOAT16, DATATYPE_UINT8
} vector_datatype;

typedef struct collection_vector
{
	slice		name;			/* "" = the unnamed vector */
	const char *column;			/* quoted */
	uint32_t	dim;
	distance_kind distance;
	vector_datatype datatype;
} collection_vector;

typedef struct collection
{
	slice		name;
	int64_t		version;
	const char *relation;		/* schema-qualified, quoted */
	const char *version_sequence;	/* the same */
	uint32_t	ef_construct;	/* of its config, at most 10,000: the default
								 * hnsw_ef */
	const collection_vector *vectors;
	int			n_vectors;
	field_indexes indexes;
} collection;

struct catalog_cache;
struct worker;
extern struct catalog_cache *catalog_create(struct worker *w);
extern void catalog_destroy(struct catalog_cache *cache);
extern void catalog_forget(struct catalog_cache *cache, slice name);
extern void catalog_forget_all(struct catalog_cache *cache);

/* Forgets this entry, if it is still there: not one that came after it. */
extern void catalog_drop(struct catalog_cache *cache, const collection *c);

/*
 * catalog_find: the entry, held, or NULL.  catalog_add: the row of catalog_sql
 * as a new entry, held; NULL when it can't be read.
 */
extern const char catalog_sql[];	/* $1: the name */
extern const collection *catalog_find(struct catalog_cache *cache, slice name);
extern const collection *catalog_add(struct catalog_cache *cache, slice name,
									 const PGresult *described, arena *a);
extern void catalog_release(const collection *c);

/* NULL when the collection has no vector of that name. */
extern const collection_vector *collection_find_vector(const collection *c,
													   slice name);

#endif							/* QG_CATALOG_H */
