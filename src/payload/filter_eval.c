/*
 * filter_eval.c
 *		Evaluates a compiled filter on a payload (reference, semantics.md 6).
 *
 * A path leads to any number of values ([] fans out).  Tests that look at
 * values look at the elements of a final array, one level deep, except those
 * that look at whole values (values_count, is_empty, is_null).
 */
#include "compat.h"

#include "payload/filter.h"
#include "payload/path.h"
#include "payload/siphash.h"
#include "payload/text_index.h"
#include "payload/walk.h"
#include "types/point_id.h"

typedef struct context
{
	const qd_point *point;		/* NULL inside a nested condition */
} context;

typedef struct field_walk
{
	const qd_node *tests;
	uint32		n;
	bool		seen;			/* the path leads somewhere */
} field_walk;

typedef struct nested_walk
{
	const qd_filter_node *filter;
	context    *ctx;
} nested_walk;

static bool eval_filter(const qd_filter_node *filter, JsonbContainer *payload,
						context *ctx);

static bool
count_is_in(const qd_node *test, uint64 count)
{
	const uint64 *b = (const uint64 *) qd_node_body(test);

	return (!(test->n & QD_LT) || count < b[0]) &&
		(!(test->n & QD_GT) || count > b[1]) &&
		(!(test->n & QD_GTE) || count >= b[2]) &&
		(!(test->n & QD_LTE) || count <= b[3]);
}

static uint64
count_of(const JsonbValue *v)
{
	if (v->type == jbvNull)
		return 0;
	return qd_value_is_array(v) ? JsonContainerSize(v->val.binary.data) : 1;
}

static bool
visit_null(const JsonbValue *value, void *arg)
{
	return value->type == jbvNull;
}

static bool
visit_not_empty(const JsonbValue *value, void *arg)
{
	return !qd_value_is_empty(value);
}

/* A null, or an array that holds one. */
static bool
has_null(const JsonbValue *v)
{
	return v->type == jbvNull ||
		(qd_value_is_array(v) && qd_each_element(v->val.binary.data, visit_null, NULL));
}

static bool
visit_holds_null(const JsonbValue *value, void *arg)
{
	return has_null(value);
}

static bool
visit_tests(const JsonbValue *value, void *arg)
{
	field_walk *walk = arg;
	const qd_node *test = walk->tests;

	for (uint32 i = 0; i < walk->n; i++, test = qd_node_next(test))
	{
		if (qd_test_value(test, value))
			return true;
	}
	return false;
}

static bool
visit_string(const JsonbValue *value, void *matcher)
{
	return value->type == jbvString &&
		qd_text_matcher_add(matcher, value->val.string.val,
							value->val.string.len);
}

static bool
visit_text(const JsonbValue *value, void *matcher)
{
	if (qd_value_is_array(value))
		return qd_each_element(value->val.binary.data, visit_string, matcher);
	return visit_string(value, matcher);
}

/* A text condition that is bound to an index looks at all strings at once. */
static bool
eval_text(const qd_node *path, JsonbContainer *payload)
{
	qd_text_matcher matcher;
	bool		result;

	qd_text_matcher_begin(&matcher, qd_node_next(path));
	result = qd_visit_path(path, payload, visit_text, &matcher);
	qd_text_matcher_end(&matcher);
	return result;
}

static bool
visit_field(const JsonbValue *value, void *arg)
{
	field_walk *walk = arg;
	const qd_node *test = walk->tests;

	walk->seen = true;
	switch (test->kind)
	{
		case QD_TEST_COUNT:
			return count_is_in(test, count_of(value));
		case QD_TEST_IS_EMPTY:
			return qd_value_is_empty(value) == (test->n != 0);
		case QD_TEST_IS_NULL:
			return has_null(value) == (test->n != 0);
	}
	if (qd_value_is_array(value))
		return qd_each_element(value->val.binary.data, visit_tests, walk);
	return visit_tests(value, walk);
}

static bool
eval_field(const qd_node *field, JsonbContainer *payload)
{
	const qd_node *path = (const qd_node *) qd_node_body(field);
	field_walk	walk = {qd_node_next(path), field->n, false};

	if (qd_text_test_schema(walk.tests))
		return eval_text(path, payload);
	if (qd_visit_path(path, payload, visit_field, &walk))
		return true;
	if (walk.seen)
		return false;
	/* the field is missing */
	switch (walk.tests->kind)
	{
		case QD_TEST_COUNT:
			return count_is_in(walk.tests, 0);
		case QD_TEST_IS_EMPTY:
			return walk.tests->n != 0;
		case QD_TEST_IS_NULL:
			return walk.tests->n == 0;
	}
	return false;
}

static bool
visit_nested_element(const JsonbValue *value, void *arg)
{
	nested_walk *walk = arg;

	return qd_value_is_object(value) &&
		eval_filter(walk->filter, value->val.binary.data, walk->ctx);
}

static bool
visit_nested(const JsonbValue *value, void *arg)
{
	return qd_value_is_array(value) &&
		qd_each_element(value->val.binary.data, visit_nested_element, arg);
}

/* The key is read as key[]; a key that says so already is walked as it is. */
static bool
eval_nested(const qd_node *node, JsonbContainer *payload, context *ctx)
{
	const qd_node *path = (const qd_node *) qd_node_body(node);
	const qd_node *last = (const qd_node *) qd_node_body(path);
	context		inner = {NULL};
	nested_walk walk = {(const qd_filter_node *) qd_node_next(path), &inner};

	for (uint32 i = 1; i < path->n; i++)
		last = qd_node_next(last);
	return qd_visit_path(path, payload,
						 last->kind == QD_STEP_ALL ? visit_nested_element : visit_nested,
						 &walk);
}

static int
compare_number_ids(const void *a, const void *b)
{
	return memcmp(a, b, QD_POINT_ID_NUMBER);
}

static int
compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, QD_POINT_ID_UUID);
}

static bool
eval_has_id(const qd_node *node, const struct varlena *id)
{
	uint64		n_numbers = *(const uint64 *) qd_node_body(node);
	const char *ids = qd_node_body(node) + sizeof(uint64);

	if (VARSIZE_ANY_EXHDR(id) == QD_POINT_ID_NUMBER)
		return bsearch(VARDATA_ANY(id), ids, n_numbers, QD_POINT_ID_NUMBER,
					   compare_number_ids) != NULL;
	return bsearch(VARDATA_ANY(id), ids + n_numbers * QD_POINT_ID_NUMBER,
				   node->n - n_numbers, QD_POINT_ID_UUID,
				   compare_uuids) != NULL;
}

static bool
eval_has_vector(const qd_node *node, const qd_point *point)
{
	const qd_node *name = (const qd_node *) qd_node_body(node);

	for (int i = 0; i < point->n_vectors; i++)
	{
		if (strlen(point->vectors[i]) == name->n &&
			memcmp(point->vectors[i], qd_node_body(name), name->n) == 0)
			return true;
	}
	return false;
}

/* SipHash-2-4 with a zero key of the id: 8 bytes little-endian, or the UUID. */
static bool
eval_slice(const qd_node *node, const struct varlena *id)
{
	const unsigned char *bytes = (const unsigned char *) VARDATA_ANY(id);
	int			length = VARSIZE_ANY_EXHDR(id);
	unsigned char reversed[QD_POINT_ID_NUMBER];

	if (length == QD_POINT_ID_NUMBER)
	{
		for (int i = 0; i < length; i++)
			reversed[i] = bytes[length - 1 - i];
		bytes = reversed;
	}
	return qd_siphash24(bytes, length) % node->n ==
		*(const uint64 *) qd_node_body(node);
}

static bool
eval_condition(const qd_node *node, JsonbContainer *payload, context *ctx)
{
	switch ((qd_node_kind) node->kind)
	{
		case QD_FILTER:
			return eval_filter((const qd_filter_node *) node, payload, ctx);
		case QD_FIELD:
			return eval_field(node, payload);
		case QD_NESTED:
			return eval_nested(node, payload, ctx);
		case QD_IS_EMPTY:
			return !qd_visit_path((const qd_node *) qd_node_body(node), payload,
								  visit_not_empty, NULL);
		case QD_IS_NULL:
			return qd_visit_path((const qd_node *) qd_node_body(node), payload,
								 node->n ? visit_holds_null : visit_null, NULL);
		case QD_HAS_ID:
			return ctx->point && eval_has_id(node, ctx->point->id);
		case QD_HAS_VECTOR:
			return ctx->point && eval_has_vector(node, ctx->point);
		case QD_SLICE:
			return ctx->point && eval_slice(node, ctx->point->id);
		case QD_PATH:
		case QD_STRING:
		case QD_RING:
		case QD_TEXT_SCHEMA:
			break;				/* parts, not conditions */
	}
	return false;
}

static bool
eval_filter(const qd_filter_node *filter, JsonbContainer *payload,
			context *ctx)
{
	const qd_node *node = (const qd_node *) (filter + 1);
	bool		any = filter->n_should == 0;
	uint64		count = 0;

	for (uint32 i = 0; i < filter->n_must; i++, node = qd_node_next(node))
	{
		if (!eval_condition(node, payload, ctx))
			return false;
	}
	for (uint32 i = 0; i < filter->n_should; i++, node = qd_node_next(node))
		any = any || eval_condition(node, payload, ctx);
	if (!any)
		return false;
	for (uint32 i = 0; i < filter->n_must_not; i++, node = qd_node_next(node))
	{
		if (eval_condition(node, payload, ctx))
			return false;
	}
	for (uint32 i = 0; i < filter->n_min_should && count < filter->min_count;
		 i++, node = qd_node_next(node))
		count += eval_condition(node, payload, ctx);
	return count >= filter->min_count;
}

bool
qd_filter_matches(const qd_filter *filter, Jsonb *payload,
				  const qd_point *point)
{
	context		ctx = {point};

	return eval_filter(&filter->root, &payload->root, &ctx);
}
