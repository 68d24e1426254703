/*
 * points.h
 *		What the operations on points share: statement texts, ids, filters,
 *		input vectors, and the columns that a reader asks for.
 */
#ifndef QG_POINTS_H
#define QG_POINTS_H

#include "model/point_id.h"
#include "model/qdrant.pb-c.h"
#include "service/op.h"

/*----------
 * points_sql.c: a statement under construction.  Its text depends on the
 * shape of the request only, since it is kept prepared; values are bound.
 *----------
 */
typedef struct sql
{
	arena	   *a;
	buf			text;
	pg_param   *params;
	int			n_params;
	int			max_params;
} sql;

extern sql *sql_begin(arena *a);
extern void sql_add(sql *q, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));

/* Binds a value and returns its number: the 1 of $1. */
extern int	sql_bind(sql *q, pg_param value);
extern pg_statement sql_end(sql *q);

/* A quoted literal or identifier out of any text. */
extern const char *sql_literal(arena *a, slice text);

/*
 * SELECT set_config(...), for the transaction: what a statement of
 * op_sql_search that goes by an index needs in front of it, and one that
 * reads all points.
 */
extern pg_statement sql_index_settings(arena *a, uint64_t ef);
extern pg_statement sql_exact_settings(arena *a);

extern pg_param point_key_param(const point_key *k, arena *a);
extern pg_param point_keys_param(const point_key *keys, size_t n, arena *a);
extern point_key point_key_column(const PGresult *r, int row, int col);

/* " AND ..." for the table's alias t; nothing when all points match. */
extern void sql_filter(sql *q, const collection *c,
					   const Qdrant__Filter *filter);

/*----------
 * points_write.c
 *----------
 */

/* "SELECT nextval": the number of an operation that takes n of them. */
extern pg_statement update_version(struct op *op, const collection *c, int n);

/* The answer of an operation with that statement's result. */
extern void update_answer(struct op *op, uint64_t operation_id,
						  Qdrant__UpdateStatus status);

/*----------
 * points_ids.c: lists of ids.
 *----------
 */

/* The ids of a request; false with Qdrant's text. */
extern bool point_keys_read(Qdrant__PointId *const *ids, size_t n,
							point_key **out, arena *a, gw_error *e);

/*
 * Positions of the keys in ascending order, the first of equals first: one
 * order for every transaction that locks rows, so that none deadlock.
 */
extern uint32_t *point_keys_order(const point_key *keys, size_t n, arena *a);

/* Drops repeated keys, keeping the first ones in place; returns how many. */
extern size_t point_keys_distinct(point_key *keys, size_t n, arena *a);

/* The first of keys that the rows (ids in column 0) don't have, else NULL. */
extern const point_key *point_keys_missing(const point_key *keys, size_t n,
										   const PGresult *rows, arena *a);

/*----------
 * points_vectors.c: vectors of requests.
 *----------
 */

/*
 * A point's vectors, in the order of c->vectors: value NULL = the point has
 * none.
 */
typedef struct input_vector
{
	const float *value;
	size_t		dim;
} input_vector;

/* Names, kinds and dimensions are checked.  out: c->n_vectors. */
extern bool vectors_read(const Qdrant__Vectors *vectors, const collection *c,
						 input_vector *out, arena *a, gw_error *e);

/*
 * The expression of a vector as the column of v stores it: normalised for
 * Cosine, but for bytes; rounded or cut to the column's type.
 */
extern const char *vector_stored(const collection_vector *v,
								 const char *expression, arena *a);

/* "Not existing vector name error: x", or the vector. */
extern const collection_vector *vector_find(const collection *c, slice name,
											arena *a, gw_error *e);

/* A Document, Image or Object: what Qdrant says without such a service. */
extern bool inference_refuse(const char *model, arena *a, gw_error *e);

/* A query's vector: dimension and finite values. */
extern bool query_vector_check(const collection_vector *v, const float *value,
							   size_t dim, arena *a, gw_error *e);

/*----------
 * points_select.c: with_payload and with_vectors.
 *----------
 */
typedef enum payload_mode
{
	PAYLOAD_NONE, PAYLOAD_ALL, PAYLOAD_INCLUDE, PAYLOAD_EXCLUDE
} payload_mode;

typedef struct selection
{
	payload_mode payload;
	char	  **paths;			/* of include and exclude */
	size_t		n_paths;
	bool		vectors;		/* an answer carries `vector` */
	const collection_vector **vector;
	size_t		n_vectors;
} selection;

/* payload_default says what an absent with_payload means. */
extern bool selection_read(selection *s, const collection *c,
						   const Qdrant__WithPayloadSelector *payload,
						   const Qdrant__WithVectorsSelector *vectors,
						   bool payload_default, arena *a, gw_error *e);

/* ", alias.payload, alias.column ..." as they are in the table. */
extern void selection_raw_columns(const selection *s, sql *q,
								  const char *alias);

/* The same as the answer shows them. */
extern void selection_columns(const selection *s, sql *q, const char *alias);

/* What selection_columns gave, from column col on. */
extern void selection_payload(const selection *s, const PGresult *r, int row,
							  int col, size_t *n_payload,
							  ProtobufCBinaryData **payload, arena *a);
extern Qdrant__VectorsOutput *selection_vectors(const selection *s,
												const PGresult *r, int row,
												int col, arena *a);

/* How many columns selection_columns gave. */
static inline int
selection_width(const selection *s)
{
	return (s->payload != PAYLOAD_NONE) + (int) s->n_vectors;
}

/*----------
 * points_order.c: order_by.  The statement selects from the table as t;
 * ordering_from adds o, whose column value is selected by the caller.
 * ordering_where leaves what may be among the first n pairs of a point that
 * the filter admits and a value.
 *----------
 */
typedef struct ordering
{
	const field_index *index;	/* of the field; NULL: no order_by */
	bool		descending;
	bool		has_start;
	bool		is_empty;		/* no value can be at or behind the start */
	int64_t		start;
	double		start_float;	/* of an index of floats */
} ordering;

extern bool ordering_read(ordering *o, const collection *c,
						  const Qdrant__OrderBy *m, arena *a, gw_error *e);
extern void ordering_from(const ordering *o, sql *q);
extern void ordering_where(const ordering *o, sql *q, const collection *c,
						   const Qdrant__Filter *filter, uint64_t n);
extern void ordering_order(const ordering *o, sql *q);
extern Qdrant__OrderValue *ordering_value(const ordering *o, const PGresult *r,
										  int row, int col, arena *a);

/*----------
 * points_check.c: members that many requests have.
 *----------
 */

/* Shards are not named here, so any shard key is unknown. */
extern bool shard_key_check(const Qdrant__ShardKeySelector *selector,
							error_kind kind, arena *a, gw_error *e);
extern bool read_consistency_check(const Qdrant__ReadConsistency *consistency,
								   arena *a, gw_error *e);

/*
 * Before n things of that size are made, where n is no request member's length
 * but a product: may the request use so much memory?
 */
extern bool memory_check(size_t n, size_t size, arena *a, gw_error *e);

#endif							/* QG_POINTS_H */
