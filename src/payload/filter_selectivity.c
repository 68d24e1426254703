/*
 * filter_selectivity.c
 *		How many rows a filter admits, for the planner: default shares per kind
 *		of condition, combined as if conditions were independent.  Filters that
 *		are not constants get one fixed share.
 */
#include "compat.h"

#include "nodes/primnodes.h"
#include "optimizer/optimizer.h"
#include "utils/selfuncs.h"

#include "payload/filter.h"

#define SHARE_EQUAL		0.005
#define SHARE_RANGE		0.1
#define SHARE_TEXT		0.01
#define SHARE_EMPTY		0.1
#define SHARE_UNKNOWN	0.1

static double filter_share(const qd_filter_node *filter);

static double
test_share(const qd_node *test)
{
	switch ((qd_test_kind) test->kind)
	{
		case QD_TEST_STRINGS:
		case QD_TEST_INTS:
			return Min(SHARE_EQUAL * test->n, 0.5);
		case QD_TEST_NOT_STRINGS:
		case QD_TEST_NOT_INTS:
			return 1 - Min(SHARE_EQUAL * test->n, 0.5);
		case QD_TEST_BOOL:
			return 0.5;
		case QD_TEST_TEXT:
		case QD_TEST_TEXT_ANY:
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
condition_share(const qd_node *node)
{
	const qd_node *path = (const qd_node *) qd_node_body(node);

	switch ((qd_node_kind) node->kind)
	{
		case QD_FILTER:
			return filter_share((const qd_filter_node *) node);
		case QD_FIELD:
			return test_share(qd_node_next(path));
		case QD_NESTED:
			return filter_share((const qd_filter_node *) qd_node_next(path));
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

static double
filter_share(const qd_filter_node *filter)
{
	const qd_node *node = (const qd_node *) (filter + 1);
	double		share = 1;
	double		none = 1;

	for (uint32 i = 0; i < filter->n_must; i++, node = qd_node_next(node))
		share *= condition_share(node);
	for (uint32 i = 0; i < filter->n_should; i++, node = qd_node_next(node))
		none *= 1 - condition_share(node);
	if (filter->n_should > 0)
		share *= 1 - none;
	for (uint32 i = 0; i < filter->n_must_not; i++, node = qd_node_next(node))
		share *= 1 - condition_share(node);
	if (filter->min_count > 0)
		share *= SHARE_UNKNOWN;
	return share;
}

double
qd_filter_selectivity(const qd_filter *filter)
{
	double		share = filter_share(&filter->root);

	CLAMP_PROBABILITY(share);
	return share;
}

/* The RESTRICT function of @@@. */
QD_FUNCTION(qd_payload_filter_sel);
Datum
qd_payload_filter_sel(PG_FUNCTION_ARGS)
{
	PlannerInfo *root = (PlannerInfo *) PG_GETARG_POINTER(0);
	List	   *args = (List *) PG_GETARG_POINTER(2);
	Node	   *right = estimate_expression_value(root, lsecond(args));

	if (!IsA(right, Const) || ((Const *) right)->constisnull)
		PG_RETURN_FLOAT8(SHARE_UNKNOWN);
	PG_RETURN_FLOAT8(qd_filter_selectivity((qd_filter *)
										   PG_DETOAST_DATUM(((Const *) right)->constvalue)));
}
