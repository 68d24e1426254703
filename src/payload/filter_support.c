/*
 * filter_support.c
 *		The planner support function of payload @@@ filter.
 *
 * Payload indexes do not know @@@ but @@>, so that the planner cannot match a
 * filter with an index of a path that the filter does not name.  What a
 * constant filter says about an index's path becomes an index condition here.
 * A filter is first taken apart, so that the planner itself can combine
 * indexes (BitmapAnd, BitmapOr) and keep other conditions beside them.
 */
#include "compat.h"

#include "access/genam.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "payload/filter.h"
#include "payload/payload_index.h"

/* The filter of payload @@@ constant; NULL otherwise. */
static qd_filter *
constant_filter(List *args)
{
	Const	   *c = list_length(args) == 2 ? (Const *) lsecond(args) : NULL;
	qd_filter  *filter;

	if (c == NULL || !IsA(c, Const) || c->constisnull)
		return NULL;
	filter = (qd_filter *) PG_DETOAST_DATUM(c->constvalue);
	return filter->needs_point ? NULL : filter;
}

static Expr *
make_condition(Oid operator, Node *payload, Oid filter_type, qd_filter * filter)
{
	Const	   *c = makeConst(filter_type, -1, InvalidOid, -1,
							  PointerGetDatum(filter), false, false);

	return make_opclause(operator, BOOLOID, false,
						 (Expr *) copyObject(payload),
						 (Expr *) c, InvalidOid, InvalidOid);
}

/*----------
 * taking a filter apart
 *----------
 */

typedef struct splitter
{
	Oid			operator;
	Oid			filter_type;
	Node	   *payload;
	bool		disjuncts;
} splitter;

static Expr *
split(const splitter *s, qd_filter * filter)
{
	List	   *conjuncts = qd_filter_conjuncts(filter);
	List	   *exprs = NIL;
	ListCell   *cell;

	check_stack_depth();
	foreach(cell, conjuncts)
	{
		qd_filter  *conjunct = lfirst(cell);
		List	   *disjuncts = s->disjuncts ? qd_filter_disjuncts(conjunct) : NIL;
		List	   *arms = NIL;
		ListCell   *arm;

		foreach(arm, disjuncts)
			arms = lappend(arms, split(s, lfirst(arm)));
		exprs = lappend(exprs, arms ? makeBoolExpr(OR_EXPR, arms, -1) :
						(void *) make_condition(s->operator, s->payload,
												s->filter_type, conjunct));
	}
	return list_length(exprs) == 1 ? linitial(exprs) :
		makeBoolExpr(AND_EXPR, exprs, -1);
}

/*
 * Is the query one for the nearest rows?  Then an index may give their order,
 * and it takes a should as one condition, but not as an OR.
 */
static bool
orders_by_distance(Query *query)
{
	ListCell   *cell;

	if (query->limitCount == NULL)
		return false;
	foreach(cell, query->sortClause)
	{
		Node	   *expr = get_sortgroupclause_expr(lfirst(cell), query->targetList);
		CatCList   *list;
		int			n;

		if (!IsA(expr, OpExpr))
			continue;
		list = SearchSysCacheList2(AMOPOPID,
								   ObjectIdGetDatum(((OpExpr *) expr)->opno),
								   CharGetDatum(AMOP_ORDER));
		n = list->n_members;
		ReleaseSysCacheList(list);
		if (n > 0)
			return true;
	}
	return false;
}

static Node *
simplify(SupportRequestSimplify *request)
{
	FuncExpr   *call = request->fcall;
	qd_filter  *filter = constant_filter(call->args);
	splitter	s;
	List	   *conjuncts;

	if (filter == NULL || contain_volatile_functions(linitial(call->args)) ||
		contain_subplans(linitial(call->args)))
		return NULL;
	s.disjuncts = request->root && !orders_by_distance(request->root->parse);
	conjuncts = qd_filter_conjuncts(filter);
	if (list_length(conjuncts) == 1 && linitial(conjuncts) == filter &&
		!(s.disjuncts && qd_filter_disjuncts(filter)))
		return NULL;
	s.filter_type = exprType(lsecond(call->args));
	s.payload = linitial(call->args);
	s.operator = GetSysCacheOid4(OPERNAMENSP, Anum_pg_operator_oid,
								 CStringGetDatum("@@@"),
								 ObjectIdGetDatum(JSONBOID),
								 ObjectIdGetDatum(s.filter_type),
								 ObjectIdGetDatum(get_func_namespace(call->funcid)));
	return OidIsValid(s.operator) ? (Node *) split(&s, filter) : NULL;
}

/*----------
 * index conditions
 *----------
 */

static List *
index_condition(SupportRequestIndexCondition *request)
{
	OpExpr	   *clause = (OpExpr *) request->node;
	List	   *args = IsA(clause, OpExpr) ? clause->args :
	IsA(clause, FuncExpr) ? ((FuncExpr *) clause)->args : NIL;
	qd_filter  *filter = constant_filter(args);
	const		qd_index_options *options;
	Relation	index;
	qd_filter  *part = NULL;
	bool		whole = false;
	Oid			filter_type;
	Oid			operator;

	if (filter == NULL || request->indexarg != 0 ||
		request->index->relam != GIN_AM_OID || request->index->hypothetical)
		return NIL;
	/* the planner holds a lock */
	index = index_open(request->index->indexoid, NoLock);
	options = qd_payload_index_options(index, request->indexcol + 1);
	if (options)
		part = qd_filter_part(filter, options, &whole);
	index_close(index, NoLock);
	if (part == NULL)
		return NIL;
	filter_type = exprType(lsecond(args));
	operator = get_opfamily_member(request->opfamily, JSONBOID, filter_type,
								   QD_PAYLOAD_INDEX_STRATEGY);
	if (!OidIsValid(operator))
		return NIL;
	request->lossy = !whole;
	return list_make1(make_condition(operator, linitial(args), filter_type, part));
}

QD_FUNCTION(qd_payload_matches_support);
Datum
qd_payload_matches_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSimplify))
		PG_RETURN_POINTER(simplify((SupportRequestSimplify *) request));
	if (IsA(request, SupportRequestIndexCondition))
		PG_RETURN_POINTER(index_condition((SupportRequestIndexCondition *) request));
	PG_RETURN_POINTER(NULL);
}
