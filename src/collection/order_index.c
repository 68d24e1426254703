/*
 * order_index.c
 *		Which indexes serve order_by, told by what they are and not by how
 *		PostgreSQL prints them (docs/decisions/0011).
 */
#include "compat.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_type_d.h"
#include "commands/defrem.h"
#include "nodes/primnodes.h"
#include "parser/parse_func.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

QD_FUNCTION(qd_order_key);

static const char *const types[] = {"integer", "float", "datetime"};
static const char *const ends[] = {"least", "greatest"};

/* qdrant_catalog's function of this name, of a payload and a path. */
static Oid
function_of(const char *type, const char *end)
{
	Oid			arguments[2] = {JSONBOID, TEXTOID};
	char	   *name = psprintf("%s_%s", type, end);

	return LookupFuncName(list_make2(makeString("qdrant_catalog"), makeString(name)),
						  2, arguments, true);
}

/* The path, when the node is the function of the column payload and a path. */
static const Const *
path_of(Relation heap, Node *node, Oid function)
{
	const FuncExpr *call = (const FuncExpr *) node;
	const Var  *payload;
	const Const *path;

	if (node == NULL || !IsA(node, FuncExpr) || !OidIsValid(function) ||
		call->funcid != function)
		return NULL;
	payload = linitial(call->args);
	path = lsecond(call->args);
	if (!IsA(payload, Var) || !IsA(path, Const) || path->constisnull ||
		get_attnum(RelationGetRelid(heap), "payload") != payload->varattno)
		return NULL;
	return path;
}

/* Does the index have the points with a value, or those with several? */
static bool
has_predicate(Relation heap, Relation index, const char *type, const Const *path,
			  bool several)
{
	List	   *predicate = RelationGetIndexPredicate(index);
	Oid			least = function_of(type, ends[0]);
	Oid			greatest = function_of(type, ends[1]);
	Node	   *node;
	const Const *found;

	if (list_length(predicate) != 1)
		return false;
	node = linitial(predicate);
	if (!several)
		found = IsA(node, NullTest) && ((NullTest *) node)->nulltesttype == IS_NOT_NULL ?
			path_of(heap, (Node *) ((NullTest *) node)->arg, least) : NULL;
	else
	{
		OpExpr	   *op = (OpExpr *) node;
		char	   *name = IsA(node, OpExpr) ? get_opname(op->opno) : NULL;

		if (name == NULL || strcmp(name, "<>") != 0)
			return false;
		found = path_of(heap, linitial(op->args), least);
		if (found != NULL && !equal(path_of(heap, lsecond(op->args), greatest), found))
			return false;
	}
	return found != NULL && equal(found, path);
}

/* By the value and then by id, ascending, with the types' own orders. */
static bool
has_order(Relation heap, Relation index)
{
	Form_pg_index form = index->rd_index;

	if (index->rd_rel->relam != BTREE_AM_OID || form->indnkeyatts != 2 ||
		form->indkey.values[0] != InvalidAttrNumber ||
		form->indkey.values[1] != get_attnum(RelationGetRelid(heap), "id") ||
		list_length(RelationGetIndexExpressions(index)) != 1)
		return false;
	for (int i = 0; i < 2; i++)
		if (index->rd_indoption[i] != 0 ||
			index->rd_opcintype[i] != TupleDescAttr(RelationGetDescr(index), i)->atttypid ||
			index->rd_opfamily[i] !=
			get_opclass_family(GetDefaultOpClass(index->rd_opcintype[i], BTREE_AM_OID)))
			return false;
	return true;
}

static ArrayType *
key_of(Relation heap, Relation index)
{
	if (!has_order(heap, index))
		return NULL;
	for (int i = 0; i < (int) lengthof(types); i++)
		for (int k = 0; k < (int) lengthof(ends); k++)
		{
			const Const *path = path_of(heap, linitial(RelationGetIndexExpressions(index)),
										function_of(types[i], ends[k]));
			Datum		key[3];

			if (path == NULL || !has_predicate(heap, index, types[i], path, k == 1))
				continue;
			key[0] = CStringGetTextDatum(types[i]);
			key[1] = CStringGetTextDatum(ends[k]);
			key[2] = path->constvalue;
			return construct_array(key, 3, TEXTOID, -1, false, TYPALIGN_INT);
		}
	return NULL;
}

/*
 * order_key(index): {type, least or greatest, path} of an index that serves
 * order_by; NULL for any other one.
 */
Datum
qd_order_key(PG_FUNCTION_ARGS)
{
	Oid			indexid = PG_GETARG_OID(0);
	Oid			heapid = IndexGetRelation(indexid, true);
	ArrayType  *key = NULL;
	Relation	heap;
	Relation	index;

	/* the table first, as everybody does; both may be dropped meanwhile */
	heap = OidIsValid(heapid) ? try_relation_open(heapid, AccessShareLock) : NULL;
	if (heap == NULL)
		PG_RETURN_NULL();
	index = try_relation_open(indexid, AccessShareLock);
	if (index != NULL)
	{
		if (index->rd_index != NULL && index->rd_index->indrelid == heapid)
			key = key_of(heap, index);
		relation_close(index, AccessShareLock);
	}
	relation_close(heap, AccessShareLock);
	if (key == NULL)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(key);
}
