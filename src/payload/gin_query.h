/*
 * gin_query.h
 *		A filter as a payload index sees it: keys to look for, and a tree that
 *		says from the keys that a row has whether it can satisfy the filter.
 */
#ifndef QD_GIN_QUERY_H
#define QD_GIN_QUERY_H

#include "postgres.h"
#include "access/gin.h"

#include "payload/gin_key.h"
#include "payload/payload_index.h"

typedef enum qd_gin_op
{
	QD_GIN_KEYS,				/* one of n keys from first on is there */
	QD_GIN_AT_LEAST,			/* so many of n children are true */
	QD_GIN_NOT,					/* the one child is not */
	QD_GIN_UNKNOWN				/* the index knows nothing about it */
} qd_gin_op;

typedef struct qd_gin_node
{
	qd_gin_op	op;
	bool		lossy;			/* where true, the row has to be looked at */
	uint32		first;
	uint32		n;
	uint64		at_least;
	struct qd_gin_node **children;
} qd_gin_node;

typedef enum qd_gin_match
{
	QD_GIN_MATCH_EQUAL,
	QD_GIN_MATCH_PREFIX,		/* what begins with the key */
	QD_GIN_MATCH_RANGE,			/* bounds: a QD_TEST_RANGE, or of integers or
								 * datetimes */
	QD_GIN_MATCH_CELLS			/* up to the cell, or the count, last */
} qd_gin_match;

/* One key to look for; what comparePartial and triConsistent get with it. */
typedef struct qd_gin_term
{
	struct qd_gin_query *query;
	bytea	   *key;			/* where matching keys start */
	qd_gin_match match;
	const qd_node *bounds;
	uint64		last;
	/* of a prefix: keys that begin like one of these don't match */
	bytea	  **excluded;		/* sorted */
	uint32		n_excluded;
	bool		integers;		/* nor do numbers with a fraction */
} qd_gin_term;

typedef struct qd_gin_query
{
	uint32		n;
	qd_gin_term *terms;
	qd_gin_node *root;
} qd_gin_query;

/* Refers to the filter; palloc'd. */
extern qd_gin_query *qd_gin_query_build(const qd_index_options *options,
										const qd_filter *filter);

extern qd_gin_query *qd_gin_query_of_condition(const qd_index_options *options,
											   const qd_node *condition);

/* check says which terms are there. */
extern GinTernaryValue qd_gin_query_check(const qd_gin_query *query,
										  const GinTernaryValue *check);

/* Can a row satisfy the filter that has none of the keys? */
extern bool qd_gin_query_admits_no_key(const qd_gin_query *query);

/* 0: the key matches the term; -1: not yet; 1: nor does any after it. */
extern int	qd_gin_term_compare(const qd_gin_term *term,
								const unsigned char *key, size_t length);

/* The i-th bound of a QD_TEST_DATETIME. */
extern qd_datetime qd_datetime_bound(const qd_node *test, int i);

/*
 * gin_count.c: the share of the table's rows that satisfy the filter, by the
 * lengths of posting lists; what the index does not know counts as true.
 */
extern double qd_gin_query_share(Relation index, int column,
								 const qd_gin_query *query, double rows);

/*
 * gin_geo.c: ranges of cells that contain every place that can satisfy a
 * test of places; returns how many, at most QD_GEO_RANGES_MAX.
 */
#define QD_GEO_RANGES_MAX 64

typedef struct qd_cell_range
{
	uint64		first;
	uint64		last;
} qd_cell_range;

extern int	qd_geo_cover(const qd_node *test, qd_cell_range *ranges);

#endif							/* QD_GIN_QUERY_H */
