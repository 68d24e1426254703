/*
 * range.c
 *		Range searches: how a condition on the distance reaches a scan.
 *
 * The index knows one condition on its first column: column <<op>> sphere.
 * Who writes the plain one, column <op> query < bound, gets it by way of the
 * cost estimate, the one place where the planner shows an access method its
 * path: the path is given that condition there, as one that it implies.  The
 * plain one stays a filter.
 */
#include "compat.h"

#include <float.h>
#include <math.h>

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "hnsw/range.h"
#include "types/sphere.h"

#define FLOAT_BTREE_FAMILY	1970	/* float_ops */

/*----------
 * Planning
 *----------
 */

/* The family's operator column <<op>> sphere; InvalidOid: it has none. */
static Oid
range_operator(Oid family, Oid column_type, Oid *sphere)
{
	CatCList   *members = SearchSysCacheList1(AMOPSTRATEGY,
											  ObjectIdGetDatum(family));
	Oid			found = InvalidOid;

	for (int i = 0; i < members->n_members; i++)
	{
		Form_pg_amop op = (Form_pg_amop) GETSTRUCT(&members->members[i]->tuple);

		if (op->amoppurpose == AMOP_SEARCH &&
			op->amopstrategy == QD_RANGE_STRATEGY &&
			op->amoplefttype == column_type)
		{
			found = op->amopopr;
			*sphere = op->amoprighttype;
		}
	}
	ReleaseCatCacheList(members);
	return found;
}

/* The same distance, sides exchanged or not? */
static bool
is_distance(const Node *node, const OpExpr *distance)
{
	const OpExpr *op = (const OpExpr *) node;

	if (!IsA(node, OpExpr))
		return false;
	if (op->opno == distance->opno && equal(op->args, distance->args))
		return true;
	return op->opno == get_commutator(distance->opno) &&
		equal(linitial(op->args), lsecond(distance->args)) &&
		equal(lsecond(op->args), linitial(distance->args));
}

/* The bound when the clause is distance < bound or so; NULL when not. */
static Node *
bound_of(const Node *clause, const OpExpr *distance)
{
	const OpExpr *op = (const OpExpr *) clause;
	Node	   *bound;
	int			strategy;

	if (!IsA(clause, OpExpr) || list_length(op->args) != 2)
		return NULL;
	strategy = get_op_opfamily_strategy(op->opno, FLOAT_BTREE_FAMILY);
	if ((strategy == BTLessStrategyNumber ||
		 strategy == BTLessEqualStrategyNumber) &&
		is_distance(linitial(op->args), distance))
		bound = lsecond(op->args);
	else if ((strategy == BTGreaterStrategyNumber ||
			  strategy == BTGreaterEqualStrategyNumber) &&
			 is_distance(lsecond(op->args), distance))
		bound = linitial(op->args);
	else
		return NULL;
	if (exprType(bound) != FLOAT8OID || contain_var_clause(bound) ||
		contain_volatile_functions(bound) || contain_subplans(bound))
		return NULL;
	return bound;
}

/* column <<op>> ROW(query, bound) */
static Expr *
make_condition(Oid operator, Oid sphere, const OpExpr *distance, Node *bound)
{
	RowExpr    *row = makeNode(RowExpr);

	row->args = list_make2(copyObject(lsecond(distance->args)),
						   copyObject(bound));
	row->row_typeid = sphere;
	row->row_format = COERCE_IMPLICIT_CAST;
	row->location = -1;
	return make_opclause(operator, BOOLOID, false,
						 copyObject(linitial(distance->args)), (Expr *) row,
						 InvalidOid, InvalidOid);
}

static bool
has_condition(const IndexPath *path, const RestrictInfo *source)
{
	ListCell   *cell;

	foreach(cell, path->indexclauses)
		if (((IndexClause *) lfirst(cell))->rinfo == source)
			return true;
	return false;
}

void
qd_range_add_condition(PlannerInfo *root, IndexPath *path)
{
	IndexOptInfo *info = path->indexinfo;
	const OpExpr *distance;
	Oid			operator;
	Oid			sphere = InvalidOid;
	List	   *added = NIL;
	ListCell   *cell;

	if (list_length(path->indexorderbys) != 1 || info->indrestrictinfo == NIL)
		return;
	distance = linitial(path->indexorderbys);
	operator = range_operator(info->opfamily[0], info->opcintype[0], &sphere);
	if (!OidIsValid(operator) || !IsA(distance, OpExpr))
		return;
	foreach(cell, info->indrestrictinfo)
	{
		RestrictInfo *source = lfirst(cell);
		Node	   *bound = bound_of((Node *) source->clause, distance);
		IndexClause *clause;

		if (bound == NULL || has_condition(path, source) ||
			!restriction_is_securely_promotable(source, info->rel))
			continue;
		clause = makeNode(IndexClause);
		clause->rinfo = source;
		clause->indexquals = list_make1(make_simple_restrictinfo(root,
																 make_condition(operator, sphere, distance, bound)));
		clause->lossy = true;
		clause->indexcol = 0;
		added = lappend(added, clause);
	}
	/* in the order of columns; the list may be another path's too */
	if (added != NIL)
		path->indexclauses = list_concat(added, path->indexclauses);
}

/*----------
 * Running
 *----------
 */

/*
 * In order units, rounded up: what the operator says is within must be so for
 * the distances that the scan computes.  A sum of squares or of absolute values
 * errs by a share of itself, but for what is too small for a float's precision;
 * an inner product by a share of the vectors' lengths, for which scan.c adds
 * the error of codes.
 */
static double
order_radius(qd_metric metric, double radius)
{
	/* in SQL no number is greater than NaN */
	if (isnan(radius))
		return INFINITY;
	if (metric == QD_METRIC_L2)
		radius = radius < 0 ? -INFINITY : radius * radius;
	if (isinf(radius))
		return radius;
	radius += fabs(radius) * 1e-5;
	if (metric != QD_METRIC_IP)
		radius += FLT_MIN;
	return metric == QD_METRIC_COSINE ? radius + 1e-6 : radius;
}

static bool
same_vector(const struct varlena *a, const struct varlena *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

void
qd_range_of_keys(IndexScanDesc scan, qd_metric metric,
				 struct varlena **query, QdRange *range)
{
	memset(range, 0, sizeof(*range));
	range->radius = INFINITY;
	range->inexact = metric == QD_METRIC_IP;
	for (int i = 0; i < scan->numberOfKeys; i++)
	{
		qd_sphere	sphere;
		double		radius;

		if (!qd_range_is_key(&scan->keyData[i]))
			continue;
		if (!qd_sphere_read(scan->keyData[i].sk_argument, &sphere))
		{
			range->empty = true;
			continue;
		}
		if (*query == NULL)
			*query = sphere.center;
		if (!same_vector(*query, sphere.center))
			continue;
		radius = order_radius(metric, sphere.radius);
		range->bounded = true;
		range->empty |= radius == -INFINITY;
		/* beyond what a float holds there is nothing */
		if (radius < range->radius)
			range->radius = (float) radius;
	}
}
