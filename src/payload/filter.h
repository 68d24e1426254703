/*
 * filter.h
 *		payload_filter: a compiled Qdrant filter.
 *
 * One flat varlena without pointers, so that evaluation parses nothing:
 *
 *		header, the root FILTER node, canonical JSON text
 *
 * A node starts with qd_node and is followed by its parts; every node and
 * every part starts at a multiple of 8 from the datum's start.  Layouts:
 *
 *		FILTER	qd_filter_node, then must, should, must_not and min_should
 *				conditions one after the other
 *		FIELD	qd_node (n = tests), path, tests
 *		NESTED	qd_node, path, FILTER
 *		IS_EMPTY	qd_node, path
 *		IS_NULL	qd_node (n = 1: arrays that hold a null count, too), path
 *		HAS_ID	qd_node (n = ids), uint64 count of numbers, the numbers (8 bytes
 *				big-endian) sorted, the UUIDs (16 bytes) sorted
 *		HAS_VECTOR	qd_node, string
 *		SLICE	qd_node (n = total), uint64 index
 *
 *		path	qd_node (n = steps), n x (qd_node with n = index; kind =
 *				qd_path_kind; a KEY is followed by its bytes)
 *		string	qd_node (n = length), bytes
 *		ring	qd_node (n = points), n x qd_geo_point, the last equal to the first
 *		schema	qd_node, qd_text_schema (text_index.h)
 *
 * A test is a qd_node followed by what qd_test_kind says.  The input is
 * trusted to be well formed: only filter_parse.c makes it (recv parses text).
 */
#ifndef QD_FILTER_H
#define QD_FILTER_H

#include "postgres.h"
#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "payload/geo.h"
#include "payload/path.h"

typedef enum qd_node_kind
{
	QD_FILTER, QD_FIELD, QD_NESTED, QD_IS_EMPTY, QD_IS_NULL, QD_HAS_ID,
	QD_HAS_VECTOR, QD_SLICE, QD_PATH, QD_STRING, QD_RING, QD_TEXT_SCHEMA
} qd_node_kind;

typedef enum qd_test_kind
{
	QD_TEST_STRINGS,			/* equals one of n: n uint32 offsets from the
								 * test's start, n strings in the order of
								 * qd_string_compare */
	QD_TEST_NOT_STRINGS,		/* equals none, and is not null */
	QD_TEST_INTS,				/* n sorted int64 */
	QD_TEST_NOT_INTS,
	QD_TEST_BOOL,				/* n = 0 or 1 */
	QD_TEST_TEXT,				/* string: substring */
	QD_TEST_TEXT_ANY,			/* n strings: one is a substring */
	QD_TEST_TOKENS,				/* schema, n strings, the tokens, in the order
								 * of qd_string_compare: all are there */
	QD_TEST_TOKENS_ANY,			/* the same: one is */
	QD_TEST_PHRASE,				/* schema, n strings in the phrase's order */
	QD_TEST_PREFIX,				/* string */
	QD_TEST_RANGE,				/* n = bounds (QD_LT ...), 4 float8 */
	QD_TEST_DATETIME,			/* n = bounds, 4 x (int64 seconds, int64
								 * nanos) */
	QD_TEST_BOX,				/* 4 float8: top left, bottom right; n = 1:
								 * only places on the globe */
	QD_TEST_RADIUS,				/* 3 float8: center, metres; n likewise */
	QD_TEST_POLYGON,			/* n rings: the exterior, then holes */
	QD_TEST_COUNT,				/* n = bounds, 4 x uint64 */
	QD_TEST_IS_EMPTY,			/* n = wanted */
	QD_TEST_IS_NULL,			/* n = wanted */

	/*
	 * Of conditions bound to an index, which look only at values that the
	 * index takes: strings, numbers without or with a fraction of zero (as
	 * integers), UUIDs (as such).
	 */
	QD_TEST_NOT_KEYWORDS,		/* as QD_TEST_STRINGS */
	QD_TEST_INTEGERS,			/* as QD_TEST_INTS */
	QD_TEST_NOT_INTEGERS,
	QD_TEST_INTEGER_RANGE,		/* 2 int64: the least and the greatest */
	QD_TEST_UUIDS,				/* n UUIDs, sorted, 16 bytes each */
	QD_TEST_NOT_UUIDS
} qd_test_kind;

/* Bits of a range's bounds, in the order their values stand in. */
#define QD_LT	1
#define QD_GT	2
#define QD_GTE	4
#define QD_LTE	8

typedef struct qd_node
{
	uint32		kind;
	uint32		n;
	uint64		size;			/* with all parts, a multiple of 8 */
} qd_node;

typedef struct qd_filter_node
{
	qd_node		node;
	uint32		n_must;
	uint32		n_should;
	uint32		n_must_not;
	uint32		n_min_should;
	uint64		min_count;		/* 0: no min_should */
} qd_filter_node;

typedef struct qd_filter
{
	int32		vl_len_;
	uint32		needs_point;	/* has_id, has_vector or slice somewhere */
	uint32		text_offset;
	uint32		text_length;
	qd_filter_node root;
} qd_filter;

#define PG_GETARG_FILTER(n)	((qd_filter *) PG_DETOAST_DATUM(PG_GETARG_DATUM(n)))

static inline const qd_node *
qd_node_next(const qd_node *node)
{
	return (const qd_node *) ((const char *) node + node->size);
}

static inline const char *
qd_node_body(const qd_node *node)
{
	return (const char *) (node + 1);
}

/* What a point is beside its payload; NULL where it is not known. */
typedef struct qd_point
{
	const struct varlena *id;
	const char *const *vectors; /* names of the vectors it has */
	int			n_vectors;
} qd_point;

/*
 * filter_parse.c: compiles; raises errors of class 22 whose detail names the
 * place in the filter, softly (NULL) when escontext asks for it.  The result
 * is palloc'd.
 */
extern qd_filter *qd_filter_compile(Jsonb *json, struct Node *escontext);

/*
 * filter_eval.c: never raises errors for any payload.  point may be NULL when
 * the filter needs none.
 */
extern bool qd_filter_matches(const qd_filter *filter, Jsonb *payload,
							  const qd_point *point);

/*
 * filter_bind.c: what a condition says under "as", the index whose semantics
 * it has (a schema of Qdrant, or its type alone).
 */
typedef enum qd_index_kind
{
	QD_INDEX_KEYWORD, QD_INDEX_INTEGER, QD_INDEX_FLOAT, QD_INDEX_BOOL,
	QD_INDEX_DATETIME, QD_INDEX_UUID, QD_INDEX_GEO, QD_INDEX_TEXT
} qd_index_kind;

typedef struct qd_binding
{
	qd_index_kind kind;
	bool		lookup;			/* of integers */
	bool		range;
} qd_binding;

/* False when as is none. */
extern bool qd_binding_read(const JsonbValue *as, qd_binding *binding);

/* filter_test.c: does one value (never an array) satisfy one test? */
extern bool qd_test_value(const qd_node *test, const JsonbValue *value);

/* The place that an object with lon and lat is; may be off the globe. */
extern bool qd_json_place(const JsonbValue *value, qd_geo_point *p);

/* A UUID in any of its forms; out has 16 bytes. */
extern bool qd_uuid_read(const char *s, size_t length, unsigned char *out);

/* filter_parse.c: appends the path's node; out stands at a multiple of 8. */
extern void qd_path_compile(const qd_path *path, StringInfo out);

/* A JSON number as Qdrant sees it. */
typedef struct qd_number
{
	double		x;
	int64		i;				/* where is_integral */
	bool		is_int;			/* written without a fraction, fits int64 */
	bool		is_integral;	/* without or with a fraction of zero, fits */
} qd_number;

/* number.c */
extern qd_number qd_number_read(const JsonbValue *value);

/* Its x, is_int and i. */
extern double qd_json_number(const JsonbValue *value, bool *is_int, int64 *i);

/* filter_selectivity.c: share of rows that the filter admits, a guess. */
extern double qd_filter_selectivity(const qd_filter *filter);

#endif							/* QD_FILTER_H */
