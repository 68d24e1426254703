/*
 * filter_selectivity.c
 *		How many rows a filter admits, for the planner.
 *
 * Of a condition that a payload index serves, the index's posting lists tell.
 * Otherwise the payloads in the column's histogram are a sample of the table
 * (ANALYZE keeps a hundred, none over 1 kB) on which the filter is evaluated.
 * Without one, every kind of condition has a share by default.  Conditions
 * are combined as if independent.  A filter that is no constant gets one
 * fixed share.
 */
#include "compat.h"

#include "access/genam.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_statistic.h"
#include "nodes/pathnodes.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"

#include "payload/filter.h"
#include "payload/gin_query.h"
#include "payload/index_rows.h"
#include "payload/payload_index.h"

#define SHARE_EQUAL		0.005
#define SHARE_RANGE		0.1
#define SHARE_TEXT		0.01
#define SHARE_EMPTY		0.1
#define SHARE_UNKNOWN	0.1

/* A guess counts as much as so many payloads of the sample. */
#define GUESS_WEIGHT	1.0

/* A column of a payload index. */
typedef struct payload_index
{
	Relation	relation;
	int			column;
	const qd_index_options *options;
} payload_index;

typedef struct estimator
{
	List	   *indexes;		/* of payload_index */
	double		rows;
	bool		guessed;		/* some condition had its default */
} estimator;

static double filter_share(estimator *e, const qd_filter_node *filter);

/*----------
 * defaults
 *----------
 */

static double
test_share(const qd_node *test)
{
	switch ((qd_test_kind) test->kind)
	{
		case QD_TEST_STRINGS:
		case QD_TEST_INTS:
		case QD_TEST_INTEGERS:
		case QD_TEST_UUIDS:
			return Min(SHARE_EQUAL * test->n, 0.5);
		case QD_TEST_NOT_STRINGS:
		case QD_TEST_NOT_INTS:
		case QD_TEST_NOT_KEYWORDS:
		case QD_TEST_NOT_INTEGERS:
		case QD_TEST_NOT_UUIDS:
			return 1 - Min(SHARE_EQUAL * test->n, 0.5);
		case QD_TEST_BOOL:
			return 0.5;
		case QD_TEST_TEXT:
		case QD_TEST_TEXT_ANY:
		case QD_TEST_TOKENS:
		case QD_TEST_TOKENS_ANY:
		case QD_TEST_PHRASE:
		case QD_TEST_PREFIX:
			return SHARE_TEXT;
		case QD_TEST_IS_EMPTY:
		case QD_TEST_IS_NULL:
			return test->n ? SHARE_EMPTY : 1 - SHARE_EMPTY;
		default:
			return SHARE_RANGE;
	}
}

static double
default_share(const qd_node *node)
{
	const qd_node *path = (const qd_node *) qd_node_body(node);
	estimator	none = {0};

	switch ((qd_node_kind) node->kind)
	{
		case QD_FIELD:
			return test_share(qd_node_next(path));
		case QD_NESTED:
			return filter_share(&none,
								(const qd_filter_node *) qd_node_next(path));
		case QD_IS_EMPTY:
		case QD_IS_NULL:
			return SHARE_EMPTY;
		case QD_HAS_ID:
			return SHARE_EQUAL;
		case QD_SLICE:
			return 1.0 / node->n;
		default:
			return 0.5;
	}
}

/*----------
 * conditions and clauses
 *----------
 */

/* What the first index that serves the condition knows. */
static bool
index_share(const estimator *e, const qd_node *node, double *share)
{
	ListCell   *cell;

	foreach(cell, e->indexes)
	{
		payload_index *index = lfirst(cell);
		qd_gin_query *query = qd_gin_query_of_condition(index->options, node);

		if (qd_gin_query_admits_no_key(query))
			continue;
		*share = qd_gin_query_share(index->relation, index->column, query,
									e->rows);
		return true;
	}
	return false;
}

static double
condition_share(estimator *e, const qd_node *node)
{
	double		share;

	if (node->kind == QD_FILTER)
		return filter_share(e, (const qd_filter_node *) node);
	if (index_share(e, node, &share))
		return share;
	e->guessed = true;
	return default_share(node);
}

static double
filter_share(estimator *e, const qd_filter_node *filter)
{
	const qd_node *node = (const qd_node *) (filter + 1);
	double		share = 1;
	double		none = 1;

	for (uint32 i = 0; i < filter->n_must; i++, node = qd_node_next(node))
		share *= condition_share(e, node);
	for (uint32 i = 0; i < filter->n_should; i++, node = qd_node_next(node))
		none *= 1 - condition_share(e, node);
	if (filter->n_should > 0)
		share *= 1 - none;
	for (uint32 i = 0; i < filter->n_must_not; i++, node = qd_node_next(node))
		share *= 1 - condition_share(e, node);
	if (filter->min_count > 0)
	{
		share *= SHARE_UNKNOWN;
		e->guessed = true;
	}
	return share;
}

double
qd_filter_selectivity(const qd_filter *filter)
{
	estimator	none = {0};
	double		share = filter_share(&none, &filter->root);

	CLAMP_PROBABILITY(share);
	return share;
}

bool
qd_indexes_share(List *indexes, double rows, const qd_filter *filter,
				 double *share)
{
	estimator	e = {NIL, rows, false};
	ListCell   *cell;

	foreach(cell, indexes)
	{
		payload_index *index = palloc(sizeof(payload_index));

		index->relation = lfirst(cell);
		index->column = 1;
		index->options = qd_payload_index_options(index->relation, 1);
		e.indexes = lappend(e.indexes, index);
	}
	*share = filter_share(&e, &filter->root);
	CLAMP_PROBABILITY(*share);
	return !e.guessed;
}

/*----------
 * the table's indexes and statistics
 *----------
 */

/* The payload indexes on the variable, opened; the planner has locked them. */
static List *
open_indexes(const VariableStatData * variable)
{
	Var		   *var = (Var *) variable->var;
	List	   *indexes = NIL;
	ListCell   *cell;

	if (variable->rel == NULL || !IsA(var, Var))
		return NIL;
	foreach(cell, variable->rel->indexlist)
	{
		IndexOptInfo *info = lfirst(cell);
		Relation	relation;

		if (info->relam != GIN_AM_OID || info->indpred != NIL || info->hypothetical)
			continue;
		relation = index_open(info->indexoid, NoLock);
		for (int i = 0; i < info->nkeycolumns; i++)
		{
			const qd_index_options *options = info->indexkeys[i] == var->varattno ?
			qd_payload_index_options(relation, i + 1) : NULL;
			payload_index *index;

			if (options == NULL)
				continue;
			index = palloc(sizeof(payload_index));
			index->relation = relation;
			index->column = i + 1;
			index->options = options;
			/* one reference each */
			RelationIncrementReferenceCount(relation);
			indexes = lappend(indexes, index);
		}
		index_close(relation, NoLock);
	}
	return indexes;
}

static void
close_indexes(List *indexes)
{
	ListCell   *cell;

	foreach(cell, indexes)
		index_close(((payload_index *) lfirst(cell))->relation, NoLock);
}

/* The share of sampled values that match, in all and of how many. */
static double
matches_in(const VariableStatData * variable, int kind, const qd_filter *filter,
		   double *weight, double *n)
{
	AttStatsSlot slot;
	double		share = 0;

	*weight = *n = 0;
	if (!get_attstatsslot(&slot, variable->statsTuple, kind, InvalidOid,
						  ATTSTATSSLOT_VALUES |
						  (kind == STATISTIC_KIND_MCV ? ATTSTATSSLOT_NUMBERS : 0)))
		return 0;
	for (int i = 0; i < slot.nvalues; i++)
	{
		double		value_weight = kind == STATISTIC_KIND_MCV ? slot.numbers[i] : 1;

		*weight += value_weight;
		if (qd_filter_matches(filter, DatumGetJsonbP(slot.values[i]), NULL))
			share += value_weight;
	}
	*n = slot.nvalues;
	free_attstatsslot(&slot);
	return share;
}

/*
 * A guess, corrected by the sample: the commonest payloads with their
 * frequencies, and the histogram for the rest of the rows.
 */
static double
sample_share(const VariableStatData * variable, const qd_filter *filter,
			 double guess)
{
	double		common;
	double		common_rows;
	double		others;
	double		others_weight;
	double		n;

	if (!HeapTupleIsValid(variable->statsTuple) || filter->needs_point)
		return guess;
	common = matches_in(variable, STATISTIC_KIND_MCV, filter, &common_rows, &n);
	others = matches_in(variable, STATISTIC_KIND_HISTOGRAM, filter,
						&others_weight, &n);
	guess = (others + GUESS_WEIGHT * guess) / (n + GUESS_WEIGHT);
	return common + Max(1 - common_rows, 0) * guess;
}

/* The RESTRICT function of @@@ and @@>. */
QD_FUNCTION(qd_payload_filter_sel);
Datum
qd_payload_filter_sel(PG_FUNCTION_ARGS)
{
	PlannerInfo *root = (PlannerInfo *) PG_GETARG_POINTER(0);
	List	   *args = (List *) PG_GETARG_POINTER(2);
	int			varRelid = PG_GETARG_INT32(3);
	VariableStatData variable;
	Node	   *other;
	bool		left;
	estimator	e = {0};
	const qd_filter *filter;
	double		share;

	if (!get_restriction_variable(root, args, varRelid, &variable, &other, &left))
		PG_RETURN_FLOAT8(SHARE_UNKNOWN);
	if (!left || !IsA(other, Const) || ((Const *) other)->constisnull)
	{
		ReleaseVariableStats(variable);
		PG_RETURN_FLOAT8(SHARE_UNKNOWN);
	}
	filter = (qd_filter *) PG_DETOAST_DATUM(((Const *) other)->constvalue);
	e.indexes = open_indexes(&variable);
	e.rows = variable.rel ? variable.rel->tuples : 0;
	share = filter_share(&e, &filter->root);
	close_indexes(e.indexes);
	if (e.guessed)
		share = sample_share(&variable, filter, share);
	ReleaseVariableStats(variable);
	CLAMP_PROBABILITY(share);
	PG_RETURN_FLOAT8(share);
}
