/*
 * filter_part.c
 *		Filters made of conditions of another filter: the part that concerns a
 *		payload index, and the conjuncts and disjuncts that a filter falls into.
 *
 * The conditions are taken from the filter's JSON, which is walked beside the
 * compiled nodes: both list the conditions in the same order.
 */
#include "compat.h"

#include "miscadmin.h"
#include "utils/fmgrprotos.h"

#include "payload/gin_query.h"
#include "payload/payload_index.h"
#include "payload/walk.h"

/* The conditions of one clause, compiled and as JSON. */
typedef struct clause
{
	const qd_node *node;		/* the next one */
	uint32		left;
	JsonbValue	json;			/* an array, or the only condition */
	qd_array_cursor cursor;
} clause;

typedef enum clause_name
{
	MUST, SHOULD, MUST_NOT, MIN_SHOULD, N_CLAUSES
} clause_name;

static const char *const names[N_CLAUSES] = {"must", "should", "must_not",
"min_should"};

static bool
read_member(const JsonbValue *object, const char *name, JsonbValue *v)
{
	return getKeyJsonValueFromContainer(object->val.binary.data, name,
										strlen(name), v) != NULL;
}

static void
open_clause(clause *c, const JsonbValue *filter, clause_name name)
{
	JsonbValue	v;

	if (c->left == 0 || !read_member(filter, names[name], &v))
		return;
	if (name == MIN_SHOULD)
		read_member(&v, "conditions", &c->json);
	else
		c->json = v;
	c->cursor.array = c->json.val.binary.data;
}

static void
open_clauses(const qd_filter_node *filter, const JsonbValue *json,
			 clause *clauses)
{
	const qd_node *node = (const qd_node *) (filter + 1);
	const uint32 counts[N_CLAUSES] = {filter->n_must, filter->n_should,
	filter->n_must_not, filter->n_min_should};

	memset(clauses, 0, sizeof(clause) * N_CLAUSES);
	for (int i = 0; i < N_CLAUSES; i++)
	{
		clauses[i].node = node;
		clauses[i].left = counts[i];
		open_clause(&clauses[i], json, i);
		for (uint32 j = 0; j < counts[i]; j++)
			node = qd_node_next(node);
	}
}

/* False behind the last condition. */
static bool
next_condition(clause *c, const qd_node **node, JsonbValue *json)
{
	if (c->left == 0)
		return false;
	c->left--;
	*node = c->node;
	c->node = qd_node_next(c->node);
	if (qd_value_is_array(&c->json))
		return qd_array_next(&c->cursor, json);
	*json = c->json;
	return true;
}

/* The filter's JSON; the value lives in the datum *json. */
static JsonbValue
filter_json(const qd_filter *filter)
{
	char	   *str = pnstrdup((const char *) filter + filter->text_offset,
							   filter->text_length);
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in,
														  CStringGetDatum(str)));
	JsonbValue	v;

	v.type = jbvBinary;
	v.val.binary.data = &json->root;
	v.val.binary.len = VARSIZE(json) - VARHDRSZ;
	return v;
}

static void
push_key(JsonbParseState **out, const char *name)
{
	JsonbValue	key;

	key.type = jbvString;
	key.val.string.val = unconstify(char *, name);
	key.val.string.len = strlen(name);
	pushJsonbValue(out, WJB_KEY, &key);
}

static qd_filter *
compile(JsonbValue *json)
{
	return qd_filter_compile(JsonbValueToJsonb(json), NULL);
}

/*----------
 * the part for an index
 *----------
 */

static JsonbValue *part_of_filter(const qd_filter_node *filter,
								  const JsonbValue *json,
								  const qd_index_options *options, bool *whole);

/* NULL when the index tells nothing about the condition. */
static JsonbValue *
part_of_condition(const qd_node *node, const JsonbValue *json,
				  const qd_index_options *options, bool *whole)
{
	JsonbValue *copy;

	if (node->kind == QD_FILTER)
		return part_of_filter((const qd_filter_node *) node, json, options, whole);
	if (qd_gin_query_admits_no_key(qd_gin_query_of_condition(options, node)))
		return NULL;
	copy = palloc(sizeof(JsonbValue));
	*copy = *json;
	return copy;
}

/*
 * The parts of a clause's conditions, an array.  Conditions without one are
 * left out when that weakens the clause, as in must; else the clause is.
 */
static JsonbValue *
part_of_clause(clause *c, bool may_omit, const qd_index_options *options,
			   bool *whole)
{
	JsonbParseState *out = NULL;
	const qd_node *node;
	JsonbValue	json;
	bool		any = false;

	pushJsonbValue(&out, WJB_BEGIN_ARRAY, NULL);
	while (next_condition(c, &node, &json))
	{
		JsonbValue *part = part_of_condition(node, &json, options, whole);

		any |= part != NULL;
		if (part)
			pushJsonbValue(&out, WJB_ELEM, part);
		else
			*whole = false;
		if (part == NULL && !may_omit)
			return NULL;
	}
	return any ? pushJsonbValue(&out, WJB_END_ARRAY, NULL) : NULL;
}

static void
push_min_should(JsonbParseState **out, JsonbValue *conditions,
				const JsonbValue *filter)
{
	JsonbValue	min_should;
	JsonbValue	count;

	read_member(filter, names[MIN_SHOULD], &min_should);
	read_member(&min_should, "min_count", &count);
	pushJsonbValue(out, WJB_BEGIN_OBJECT, NULL);
	push_key(out, "conditions");
	pushJsonbValue(out, WJB_VALUE, conditions);
	push_key(out, "min_count");
	pushJsonbValue(out, WJB_VALUE, &count);
	pushJsonbValue(out, WJB_END_OBJECT, NULL);
}

static JsonbValue *
part_of_filter(const qd_filter_node *filter, const JsonbValue *json,
			   const qd_index_options *options, bool *whole)
{
	JsonbParseState *out = NULL;
	clause		clauses[N_CLAUSES];
	bool		any = false;

	check_stack_depth();
	open_clauses(filter, json, clauses);
	pushJsonbValue(&out, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < N_CLAUSES; i++)
	{
		JsonbValue *part;

		if (clauses[i].left == 0 && (i != MIN_SHOULD || filter->min_count == 0))
			continue;
		part = i == MUST_NOT ? NULL :
			part_of_clause(&clauses[i], i == MUST, options, whole);
		if (part == NULL)
		{
			*whole = false;
			continue;
		}
		any = true;
		push_key(&out, names[i]);
		if (i == MIN_SHOULD)
			push_min_should(&out, part, json);
		else
			pushJsonbValue(&out, WJB_VALUE, part);
	}
	return any ? pushJsonbValue(&out, WJB_END_OBJECT, NULL) : NULL;
}

/* Is the filter one condition of must that is no filter? */
static bool
is_leaf(const qd_filter_node *filter)
{
	return filter->n_must == 1 && filter->n_should == 0 &&
		filter->n_must_not == 0 && filter->min_count == 0 &&
		((const qd_node *) (filter + 1))->kind != QD_FILTER;
}

qd_filter  *
qd_filter_part(const qd_filter *filter, const qd_index_options *options,
			   bool *whole)
{
	JsonbValue	json;
	JsonbValue *part;

	*whole = true;
	if (!qd_index_serves(options, filter))
		return NULL;
	if (is_leaf(&filter->root))
		return unconstify(qd_filter *, filter);
	json = filter_json(filter);
	part = part_of_filter(&filter->root, &json, options, whole);
	if (*whole)
		return unconstify(qd_filter *, filter);
	return part ? compile(part) : NULL;
}

/*----------
 * conjuncts and disjuncts
 *----------
 */

/* A filter of one clause with one condition. */
static qd_filter *
single(clause_name name, const JsonbValue *condition)
{
	JsonbParseState *out = NULL;

	pushJsonbValue(&out, WJB_BEGIN_OBJECT, NULL);
	push_key(&out, names[name]);
	pushJsonbValue(&out, WJB_BEGIN_ARRAY, NULL);
	pushJsonbValue(&out, WJB_ELEM, unconstify(JsonbValue *, condition));
	pushJsonbValue(&out, WJB_END_ARRAY, NULL);
	return compile(pushJsonbValue(&out, WJB_END_OBJECT, NULL));
}

/* A filter of one of the filter's clauses, as it is. */
static qd_filter *
whole_clause(clause_name name, const JsonbValue *filter)
{
	JsonbParseState *out = NULL;
	JsonbValue	v;

	read_member(filter, names[name], &v);
	pushJsonbValue(&out, WJB_BEGIN_OBJECT, NULL);
	push_key(&out, names[name]);
	pushJsonbValue(&out, WJB_VALUE, &v);
	return compile(pushJsonbValue(&out, WJB_END_OBJECT, NULL));
}

static List *
take_apart(List *list, const qd_filter_node *filter, const JsonbValue *json)
{
	clause		clauses[N_CLAUSES];
	const qd_node *node;
	JsonbValue	condition;

	check_stack_depth();
	open_clauses(filter, json, clauses);
	/* a should of one is a must */
	for (int i = MUST; i <= SHOULD; i++)
	{
		if (i == SHOULD && filter->n_should > 1)
			list = lappend(list, whole_clause(SHOULD, json));
		else
			while (next_condition(&clauses[i], &node, &condition))
			{
				if (node->kind == QD_FILTER)
					list = take_apart(list, (const qd_filter_node *) node, &condition);
				else
					list = lappend(list, single(MUST, &condition));
			}
	}
	while (next_condition(&clauses[MUST_NOT], &node, &condition))
		list = lappend(list, single(MUST_NOT, &condition));
	if (filter->min_count > 0)
		list = lappend(list, whole_clause(MIN_SHOULD, json));
	return list;
}

/* Nothing to take apart, and written as take_apart would write it? */
static bool
is_conjunct(const qd_filter *filter)
{
	const qd_filter_node *f = &filter->root;
	const char *str = (const char *) filter + filter->text_offset;
	uint32		n = f->n_must + f->n_should + f->n_must_not;
	const char *start = f->n_must ? "{\"must\": [" : "{\"must_not\": [";

	if (f->min_count > 0)
		return n == 0 && strncmp(str, "{\"min_should\": ", 15) == 0;
	if (f->n_should > 1)
		return n == f->n_should && strncmp(str, "{\"should\": ", 11) == 0;
	return n == 1 && f->n_should == 0 &&
		!(f->n_must && ((const qd_node *) (f + 1))->kind == QD_FILTER) &&
		filter->text_length > strlen(start) &&
		strncmp(str, start, strlen(start)) == 0;
}

List	   *
qd_filter_conjuncts(const qd_filter *filter)
{
	JsonbValue	json;
	List	   *list = NIL;

	if (!is_conjunct(filter))
	{
		json = filter_json(filter);
		list = take_apart(NIL, &filter->root, &json);
	}
	return list ? list : list_make1(unconstify(qd_filter *, filter));
}

List	   *
qd_filter_disjuncts(const qd_filter *filter)
{
	const qd_filter_node *f = &filter->root;
	clause		clauses[N_CLAUSES];
	const qd_node *node;
	JsonbValue	json;
	JsonbValue	condition;
	List	   *list = NIL;

	if (f->n_should < 2 || f->n_must > 0 || f->n_must_not > 0 ||
		f->min_count > 0)
		return NIL;
	json = filter_json(filter);
	open_clauses(f, &json, clauses);
	while (next_condition(&clauses[SHOULD], &node, &condition))
		list = lappend(list, node->kind == QD_FILTER ? compile(&condition) :
					   single(MUST, &condition));
	return list;
}
