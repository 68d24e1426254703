/*
 * payload_index.h
 *		Payload indexes for the rest of the extension: GIN indexes on a payload
 *		with one of the qdrant_*_ops operator classes, one path each.
 *
 * Such an index has one operator, payload @@> payload_filter, strategy 1,
 * which is @@@ under another name: the planner never sees it in a query, only
 * what filter_support.c derives from a constant filter that names the path.
 */
#ifndef QD_PAYLOAD_INDEX_H
#define QD_PAYLOAD_INDEX_H

#include "postgres.h"
#include "utils/relcache.h"

#include "payload/filter.h"
#include "payload/text_index.h"

#define QD_PAYLOAD_INDEX_STRATEGY 1

/* What an index is an index of; the compiled path follows. */
typedef struct qd_index_target
{
	uint32		kind;			/* qd_index_kind */
	uint32		has_path;		/* the option was given */
} qd_index_target;

/* The options of the operator classes, as the relation cache holds them. */
typedef struct qd_index_options
{
	int32		vl_len_;
	int			target;			/* offset of a qd_index_target */
	int			schema;			/* of a text index: that of a qd_text_schema */
	/* accepted as in Qdrant; what they do not change is in the docs */
	bool		is_tenant;
	bool		is_principal;
	bool		on_disk;
	bool		enable_hnsw;
	bool		prefix;
	bool		lookup;
	bool		range;
} qd_index_options;

static inline const qd_index_target *
qd_index_target_of(const qd_index_options *options)
{
	return (const qd_index_target *) ((const char *) options + options->target);
}

static inline const qd_node *
qd_index_path(const qd_index_options *options)
{
	return (const qd_node *) (qd_index_target_of(options) + 1);
}

/* Of a text index. */
static inline const qd_text_schema *
qd_index_text_schema(const qd_index_options *options)
{
	return (const qd_text_schema *) ((const char *) options + options->schema);
}

/*
 * gin_opclass.c: the options of a payload index's column; NULL when the
 * relation is another index, or that of a partitioned table, which has no keys
 * (from PostgreSQL 16 on the planner knows of it).  They live as long as the
 * relation is open.
 */
extern const qd_index_options *qd_payload_index_options(Relation index,
														int column);

/*
 * gin_query.c: can the index tell candidates for this filter, so that it need
 * not be read as a whole?
 */
extern bool qd_index_serves(const qd_index_options *options,
							const qd_filter *filter);

/*
 * gin_count.c: about how many of the table's rows satisfy the filter (what the
 * index does not know of counts as true); some microseconds per condition.
 */
extern double qd_payload_index_rows(Relation index, int column,
									const qd_filter *filter, double rows);

/*
 * filter_part.c: the strongest filter that follows from this one and that the
 * index serves; NULL when there is none.  *whole tells that nothing was left
 * out, so that the part is the filter.
 */
extern qd_filter *qd_filter_part(const qd_filter *filter,
								 const qd_index_options *options, bool *whole);

/*
 * Filters that say the same when ANDed: one for each condition of must and
 * must_not, for should, and for min_should, filters within must taken apart
 * likewise; a list of one when there is nothing to take apart.
 */
extern List *qd_filter_conjuncts(const qd_filter *filter);

/*
 * Filters that say the same when ORed, if the filter is one should; NIL when
 * it is anything else.
 */
extern List *qd_filter_disjuncts(const qd_filter *filter);

#endif							/* QD_PAYLOAD_INDEX_H */
