/*
 * gin_query.c
 *		What a payload index can tell about a filter.
 *
 * The filter becomes a tree of the same shape.  A condition on the index's
 * path whose matching values all have keys becomes a leaf with these keys;
 * anything else is unknown.  A nested condition is about the same path when
 * the paths put together are the index's; the index knows rows only, so two
 * conditions that one element has to satisfy may be those of two elements,
 * and what an element lacks another may have.
 */
#include "compat.h"

#include <math.h>

#include "payload/gin_query.h"
#include "payload/path.h"
#include "types/point_id.h"

typedef struct builder
{
	const qd_index_options *options;
	qd_gin_query *query;
	uint32		room;			/* for terms */
} builder;

/* What is left of the index's path below the conditions looked at. */
typedef struct place
{
	const qd_node *step;
	uint32		left;
	bool		nested;
} place;

static qd_gin_node *build_filter(builder *b, const qd_filter_node *filter,
								 const place *at);

static qd_gin_node *
make_node(qd_gin_op op)
{
	qd_gin_node *node = palloc0(sizeof(qd_gin_node));

	node->op = op;
	return node;
}

static qd_gin_term *
add_term(builder *b, const qd_key *key)
{
	qd_gin_query *query = b->query;
	qd_gin_term *term;

	if (query->n == b->room)
	{
		b->room = Max(b->room * 2, 8);
		query->terms = query->terms ?
			repalloc_huge(query->terms, b->room * sizeof(qd_gin_term)) :
			palloc(b->room * sizeof(qd_gin_term));
	}
	term = &query->terms[query->n++];
	memset(term, 0, sizeof(*term));
	term->query = query;
	term->key = qd_key_datum(key);
	return term;
}

static void
add_fact(builder *b, qd_key_class what)
{
	qd_key		key;

	qd_key_fact(&key, what);
	add_term(b, &key);
}

/*----------
 * tests: each adds its keys, and says whether it could; *lossy is set when
 * rows without a match can have the keys
 *----------
 */

static bool
add_strings(builder *b, const qd_node *test, bool *lossy)
{
	const uint32 *offsets = (const uint32 *) qd_node_body(test);
	qd_key		key;

	for (uint32 i = 0; i < test->n; i++)
	{
		const qd_node *string = (const qd_node *)
		((const char *) test + offsets[i]);

		qd_key_string(&key, qd_node_body(string), string->n);
		add_term(b, &key);
		*lossy |= string->n > QD_KEY_STRING_MAX;
	}
	return true;
}

/* A string equals one that means the same UUID only when written the same. */
static bool
add_uuids(builder *b, const qd_node *test, bool *lossy)
{
	const uint32 *offsets = (const uint32 *) qd_node_body(test);
	bool		canonical;
	qd_key		key;

	for (uint32 i = 0; i < test->n; i++)
	{
		const qd_node *string = (const qd_node *)
		((const char *) test + offsets[i]);

		if (!qd_key_uuid(&key, qd_node_body(string), string->n, &canonical))
			return false;
		add_term(b, &key);
		*lossy |= !canonical;
	}
	return true;
}

static bool
add_prefix(builder *b, const qd_node *test, bool *lossy)
{
	const qd_node *string = (const qd_node *) qd_node_body(test);
	qd_key		key;

	qd_key_string(&key, qd_node_body(string),
				  Min(string->n, QD_KEY_STRING_MAX));
	add_term(b, &key)->match = QD_GIN_MATCH_PREFIX;
	*lossy |= string->n > QD_KEY_STRING_MAX;
	return true;
}

static bool
add_ints(builder *b, const qd_node *test)
{
	const int64 *ints = (const int64 *) qd_node_body(test);
	qd_key		key;

	for (uint32 i = 0; i < test->n; i++)
	{
		qd_number	number = {(double) ints[i], ints[i], true, true};

		qd_key_number(&key, &number);
		add_term(b, &key);
	}
	return true;
}

/* 5 is looked for as 5.0, too. */
static bool
add_integers(builder *b, const qd_node *test)
{
	const int64 *ints = (const int64 *) qd_node_body(test);
	qd_key		key;

	for (uint32 i = 0; i < test->n; i++)
	{
		qd_number	number = {(double) ints[i], ints[i], false, true};

		qd_key_number(&key, &number);
		add_term(b, &key);
	}
	return add_ints(b, test);
}

static bool
add_any_uuids(builder *b, const qd_node *test)
{
	const unsigned char *uuid = (const unsigned char *) qd_node_body(test);
	qd_key		key;

	for (uint32 i = 0; i < test->n; i++, uuid += QD_POINT_ID_UUID)
	{
		qd_key_uuid_any(&key, uuid);
		add_term(b, &key)->match = QD_GIN_MATCH_PREFIX;
	}
	return true;
}

static int
compare_excluded(const void *a, const void *b)
{
	const bytea *x = *(bytea *const *) a;
	const bytea *y = *(bytea *const *) b;
	size_t		x_length = VARSIZE(x) - VARHDRSZ;
	size_t		y_length = VARSIZE(y) - VARHDRSZ;
	int			order = memcmp(VARDATA(x), VARDATA(y), Min(x_length, y_length));

	return order != 0 ? order : (x_length > y_length) - (x_length < y_length);
}

/*
 * Every value of a class but those of the terms added since first, which are
 * taken back.
 */
static bool
add_class(builder *b, qd_key_class class, uint32 first)
{
	uint32		n = b->query->n - first;
	bytea	  **excluded = palloc(Max(n, 1) * sizeof(bytea *));
	qd_gin_term *term;
	qd_key		key;

	for (uint32 i = 0; i < n; i++)
		excluded[i] = b->query->terms[first + i].key;
	qsort(excluded, n, sizeof(bytea *), compare_excluded);
	b->query->n = first;
	qd_key_fact(&key, class);
	term = add_term(b, &key);
	term->match = QD_GIN_MATCH_PREFIX;
	term->excluded = excluded;
	term->n_excluded = n;
	term->integers = class == QD_KEY_NUMBER;
	return true;
}

/* A long string's key may be that of another one, too: it is not left out. */
static bool
add_not_strings(builder *b, const qd_node *test, bool *lossy)
{
	const uint32 *offsets = (const uint32 *) qd_node_body(test);
	uint32		first = b->query->n;
	qd_key		key;

	for (uint32 i = 0; i < test->n; i++)
	{
		const qd_node *string = (const qd_node *)
		((const char *) test + offsets[i]);

		if (string->n > QD_KEY_STRING_MAX)
		{
			*lossy = true;
			continue;
		}
		qd_key_string(&key, qd_node_body(string), string->n);
		add_term(b, &key);
	}
	return add_class(b, QD_KEY_STRING, first);
}

/*
 * Numbers of values.  Those of less than QD_COUNT_MIN have no key; none are
 * told by other facts, while one is what most rows have.
 */
static bool
add_counts(builder *b, const qd_node *test, const place *at)
{
	const uint64 *bounds = (const uint64 *) qd_node_body(test);
	uint64		low = 0;
	uint64		high = PG_UINT64_MAX;
	qd_gin_term *term;
	qd_key		key;

	if (((test->n & QD_LT) && bounds[0] == 0) ||
		((test->n & QD_GT) && bounds[1] == PG_UINT64_MAX))
		return true;
	if (test->n & QD_LT)
		high = bounds[0] - 1;
	if (test->n & QD_LTE)
		high = Min(high, bounds[3]);
	if (test->n & QD_GT)
		low = bounds[1] + 1;
	if (test->n & QD_GTE)
		low = Max(low, bounds[2]);
	if (low > high)
		return true;
	if (high == 0 && !at->nested)
	{
		add_fact(b, QD_KEY_EMPTY);
		add_fact(b, QD_KEY_SOME_EMPTY);
		return true;
	}
	if (low < QD_COUNT_MIN)
		return false;
	qd_key_count(&key, low);
	term = add_term(b, &key);
	term->match = QD_GIN_MATCH_CELLS;
	term->last = high;
	return true;
}

static void
add_integer_range(builder *b, const qd_node *test)
{
	const int64 *bounds = (const int64 *) qd_node_body(test);
	qd_key		key;
	qd_gin_term *term;

	if (bounds[0] > bounds[1])
		return;
	qd_key_double(&key, (double) bounds[0]);
	term = add_term(b, &key);
	term->match = QD_GIN_MATCH_RANGE;
	term->bounds = test;
}

static void
add_range(builder *b, const qd_node *test)
{
	const double *bounds = (const double *) qd_node_body(test);
	double		low = -INFINITY;
	qd_key		key;
	qd_gin_term *term;

	if (test->n & QD_GT)
		low = bounds[1];
	if (test->n & QD_GTE)
		low = fmax(low, bounds[2]);
	qd_key_double(&key, low);
	term = add_term(b, &key);
	term->match = QD_GIN_MATCH_RANGE;
	term->bounds = test;
}

qd_datetime
qd_datetime_bound(const qd_node *test, int i)
{
	const int64 *bounds = (const int64 *) qd_node_body(test);
	qd_datetime t = {bounds[2 * i], (int32) bounds[2 * i + 1]};

	return t;
}

static void
add_datetimes(builder *b, const qd_node *test)
{
	qd_datetime low = {PG_INT64_MIN, 0};
	qd_key		key;
	qd_gin_term *term;

	if (test->n & QD_GT)
		low = qd_datetime_bound(test, 1);
	if ((test->n & QD_GTE) &&
		qd_datetime_compare(qd_datetime_bound(test, 2), low) > 0)
		low = qd_datetime_bound(test, 2);
	qd_key_datetime(&key, low);
	term = add_term(b, &key);
	term->match = QD_GIN_MATCH_RANGE;
	term->bounds = test;
}

static void
add_places(builder *b, const qd_node *test)
{
	qd_cell_range ranges[QD_GEO_RANGES_MAX];
	int			n = qd_geo_cover(test, ranges);
	qd_key		key;

	for (int i = 0; i < n; i++)
	{
		qd_gin_term *term;

		qd_key_cell(&key, ranges[i].first);
		term = add_term(b, &key);
		term->match = QD_GIN_MATCH_CELLS;
		term->last = ranges[i].last;
	}
	add_fact(b, QD_KEY_ELSEWHERE);
}

/* Tests of whole values, which any index knows about. */
static bool
add_facts(builder *b, const qd_node *test, const place *at)
{
	if (test->n == 0)
		return false;
	if (test->kind == QD_TEST_IS_NULL)
	{
		add_fact(b, QD_KEY_NULL);
		add_fact(b, QD_KEY_NULL_ELEMENT);
		return true;
	}
	if (test->kind != QD_TEST_IS_EMPTY || at->nested)
		return false;
	add_fact(b, QD_KEY_EMPTY);
	add_fact(b, QD_KEY_SOME_EMPTY);
	return true;
}

static bool
add_bound_test(builder *b, const qd_node *test, qd_index_kind kind, bool *lossy)
{
	bool		numbers = kind == QD_INDEX_INTEGER || kind == QD_INDEX_FLOAT;
	uint32		first = b->query->n;

	switch ((qd_test_kind) test->kind)
	{
		case QD_TEST_NOT_KEYWORDS:
			return kind == QD_INDEX_KEYWORD && add_not_strings(b, test, lossy);
		case QD_TEST_INTEGERS:
			return numbers && add_integers(b, test);
		case QD_TEST_NOT_INTEGERS:
			return numbers && add_integers(b, test) &&
				add_class(b, QD_KEY_NUMBER, first);
		case QD_TEST_INTEGER_RANGE:
			if (numbers)
				add_integer_range(b, test);
			return numbers;
		case QD_TEST_UUIDS:
			return kind == QD_INDEX_UUID && add_any_uuids(b, test);
		case QD_TEST_NOT_UUIDS:
			return kind == QD_INDEX_UUID && add_any_uuids(b, test) &&
				add_class(b, QD_KEY_UUID, first);
		default:
			return false;
	}
}

static bool
add_test(builder *b, const qd_node *test, const place *at, bool *lossy)
{
	qd_index_kind kind = qd_index_target_of(b->options)->kind;
	bool		numbers = kind == QD_INDEX_INTEGER || kind == QD_INDEX_FLOAT;
	qd_key		key;

	switch ((qd_test_kind) test->kind)
	{
		case QD_TEST_STRINGS:
			return (kind == QD_INDEX_KEYWORD && add_strings(b, test, lossy)) ||
				(kind == QD_INDEX_UUID && add_uuids(b, test, lossy)) ||
				test->n == 0;
		case QD_TEST_PREFIX:
			return kind == QD_INDEX_KEYWORD && add_prefix(b, test, lossy);
		case QD_TEST_INTS:
			return numbers && add_ints(b, test);
		case QD_TEST_BOOL:
			if (kind != QD_INDEX_BOOL)
				return false;
			qd_key_bool(&key, test->n != 0);
			add_term(b, &key);
			return true;
		case QD_TEST_RANGE:
			if (!numbers)
				return false;
			add_range(b, test);
			return true;
		case QD_TEST_DATETIME:
			if (kind != QD_INDEX_DATETIME)
				return false;
			add_datetimes(b, test);
			return true;
		case QD_TEST_BOX:
		case QD_TEST_RADIUS:
		case QD_TEST_POLYGON:
			if (kind != QD_INDEX_GEO)
				return false;
			*lossy = true;
			add_places(b, test);
			return true;
		case QD_TEST_COUNT:
			return add_counts(b, test, at);
		case QD_TEST_IS_EMPTY:
		case QD_TEST_IS_NULL:
			return add_facts(b, test, at);
		default:
			return add_bound_test(b, test, kind, lossy);
	}
}

/*----------
 * conditions
 *----------
 */

/* Takes the path's steps off the place; false when they are other ones. */
static bool
descend(place *at, const qd_node *path)
{
	const qd_node *step = (const qd_node *) qd_node_body(path);

	if (path->n > at->left)
		return false;
	for (uint32 i = 0; i < path->n; i++, step = qd_node_next(step))
	{
		if (step->size != at->step->size ||
			memcmp(step, at->step, step->size) != 0)
			return false;
		at->step = qd_node_next(at->step);
		at->left--;
	}
	return true;
}

static bool
leads_here(place at, const qd_node *path)
{
	return descend(&at, path) && at.left == 0;
}

static qd_gin_node *
key_node(builder *b, const qd_token *token)
{
	qd_gin_node *node = make_node(QD_GIN_KEYS);
	qd_key		key;

	node->first = b->query->n;
	node->n = 1;
	qd_key_token(&key, token);
	add_term(b, &key);
	return node;
}

/*
 * A condition bound to a text index of the same schema: all of its tokens, or
 * one of them.  Within a nested condition they may be those of two elements.
 */
static qd_gin_node *
build_text(builder *b, const qd_node *test, const place *at)
{
	qd_gin_node *node = make_node(QD_GIN_AT_LEAST);
	qd_tokens	tokens;

	if (qd_index_target_of(b->options)->kind != QD_INDEX_TEXT ||
		!qd_text_schema_equals(qd_text_test_schema(test),
							   qd_index_text_schema(b->options)))
		return make_node(QD_GIN_UNKNOWN);
	tokens = qd_text_test_keys(test, &node->lossy);
	node->n = tokens.n;
	/* nothing satisfies a test without tokens */
	node->at_least = test->kind == QD_TEST_TOKENS_ANY ? 1 : Max(tokens.n, 1);
	node->lossy |= at->nested && node->at_least > 1;
	node->children = palloc(sizeof(node->children[0]) * Max(tokens.n, 1));
	for (uint32 i = 0; i < tokens.n; i++)
		node->children[i] = key_node(b, &tokens.items[i]);
	return node;
}

static qd_gin_node *
build_field(builder *b, const qd_node *field, const place *at)
{
	const qd_node *path = (const qd_node *) qd_node_body(field);
	const qd_node *test = qd_node_next(path);
	uint32		first = b->query->n;
	qd_gin_node *node = make_node(QD_GIN_KEYS);
	bool		served = true;

	node->first = first;
	if (leads_here(*at, path))
	{
		if (qd_text_test_schema(test))
			return build_text(b, test, at);
		for (uint32 i = 0; i < field->n && served;
			 i++, test = qd_node_next(test))
			served = add_test(b, test, at, &node->lossy);
		if (served)
		{
			node->n = b->query->n - first;
			return node;
		}
	}
	b->query->n = first;
	node->op = QD_GIN_UNKNOWN;
	return node;
}

static qd_gin_node *
build_fact(builder *b, const qd_node *condition, const place *at)
{
	const qd_node *path = (const qd_node *) qd_node_body(condition);
	bool		empty = condition->kind == QD_IS_EMPTY;
	qd_gin_node *node;

	/* of an element that lacks the path nothing is known */
	if (!leads_here(*at, path) || (empty && at->nested))
		return make_node(QD_GIN_UNKNOWN);
	node = make_node(QD_GIN_KEYS);
	node->first = b->query->n;
	add_fact(b, empty ? QD_KEY_EMPTY : QD_KEY_NULL);
	if (!empty && condition->n)
		add_fact(b, QD_KEY_NULL_ELEMENT);
	node->n = b->query->n - node->first;
	return node;
}

/* The key is read as key[]. */
static qd_gin_node *
build_nested(builder *b, const qd_node *nested, const place *at)
{
	const qd_node *path = (const qd_node *) qd_node_body(nested);
	const qd_node *last = (const qd_node *) qd_node_body(path);
	place		inside = *at;

	for (uint32 i = 1; i < path->n; i++)
		last = qd_node_next(last);
	if (!descend(&inside, path))
		return make_node(QD_GIN_UNKNOWN);
	if (last->kind != QD_STEP_ALL)
	{
		if (inside.left == 0 || inside.step->kind != QD_STEP_ALL)
			return make_node(QD_GIN_UNKNOWN);
		inside.step = qd_node_next(inside.step);
		inside.left--;
	}
	inside.nested = true;
	return build_filter(b, (const qd_filter_node *) qd_node_next(path), &inside);
}

static qd_gin_node *
build_condition(builder *b, const qd_node *node, const place *at)
{
	switch ((qd_node_kind) node->kind)
	{
		case QD_FILTER:
			return build_filter(b, (const qd_filter_node *) node, at);
		case QD_FIELD:
			return build_field(b, node, at);
		case QD_NESTED:
			return build_nested(b, node, at);
		case QD_IS_EMPTY:
		case QD_IS_NULL:
			return build_fact(b, node, at);
		default:
			return make_node(QD_GIN_UNKNOWN);
	}
}

/* *next moves behind the n conditions. */
static qd_gin_node *
build_clause(builder *b, const qd_node **next, uint32 n, uint64 at_least,
			 const place *at)
{
	qd_gin_node *node = make_node(QD_GIN_AT_LEAST);

	node->n = n;
	node->at_least = at_least;
	node->lossy = at->nested && at_least > 1;
	node->children = palloc(sizeof(node->children[0]) * Max(n, 1));
	for (uint32 i = 0; i < n; i++, *next = qd_node_next(*next))
		node->children[i] = build_condition(b, *next, at);
	return node;
}

static qd_gin_node *
build_not(builder *b, const qd_node **next, uint32 n, const place *at)
{
	qd_gin_node *node = make_node(at->nested ? QD_GIN_UNKNOWN : QD_GIN_NOT);

	/* what an element lacks another may have: no key is worth looking for */
	if (at->nested)
	{
		for (uint32 i = 0; i < n; i++)
			*next = qd_node_next(*next);
		return node;
	}
	node->n = 1;
	node->children = palloc(sizeof(node->children[0]));
	node->children[0] = build_clause(b, next, n, 1, at);
	return node;
}

static qd_gin_node *
build_filter(builder *b, const qd_filter_node *filter, const place *at)
{
	const qd_node *next = (const qd_node *) (filter + 1);
	qd_gin_node *node = make_node(QD_GIN_AT_LEAST);

	node->children = palloc(sizeof(node->children[0]) * 4);
	if (filter->n_must > 0)
		node->children[node->n++] = build_clause(b, &next, filter->n_must,
												 filter->n_must, at);
	if (filter->n_should > 0)
		node->children[node->n++] = build_clause(b, &next, filter->n_should, 1, at);
	if (filter->n_must_not > 0)
		node->children[node->n++] = build_not(b, &next, filter->n_must_not, at);
	if (filter->min_count > 0)
		node->children[node->n++] = build_clause(b, &next, filter->n_min_should,
												 filter->min_count, at);
	node->at_least = node->n;
	node->lossy = at->nested && node->n > 1;
	/* an element of any kind would do, but it has to be there */
	if (node->n == 0 && at->nested)
		node->op = QD_GIN_UNKNOWN;
	return node;
}

static place
start_of(const qd_index_options *options)
{
	const qd_node *path = qd_index_path(options);
	place		at = {(const qd_node *) qd_node_body(path), path->n, false};

	return at;
}

qd_gin_query *
qd_gin_query_build(const qd_index_options *options, const qd_filter *filter)
{
	qd_gin_query *query = palloc0(sizeof(qd_gin_query));
	builder		b = {options, query, 0};
	place		at = start_of(options);

	query->root = build_filter(&b, &filter->root, &at);
	return query;
}

/*----------
 * evaluation
 *----------
 */

static GinTernaryValue check_node(const qd_gin_node *node,
								  const GinTernaryValue *check);

static GinTernaryValue
check_keys(const qd_gin_node *node, const GinTernaryValue *check)
{
	if (node->n == 0)
		return GIN_FALSE;
	if (memchr(check + node->first, GIN_TRUE, node->n))
		return GIN_TRUE;
	return memchr(check + node->first, GIN_MAYBE, node->n) ? GIN_MAYBE : GIN_FALSE;
}

static GinTernaryValue
check_at_least(const qd_gin_node *node, const GinTernaryValue *check)
{
	uint64		sure = 0;
	uint64		maybe = 0;

	for (uint32 i = 0; i < node->n; i++)
	{
		GinTernaryValue value = check_node(node->children[i], check);

		sure += value == GIN_TRUE;
		maybe += value == GIN_MAYBE;
		if (sure >= node->at_least)
			return GIN_TRUE;
		if (sure + maybe + (node->n - i - 1) < node->at_least)
			return GIN_FALSE;
	}
	if (sure >= node->at_least)
		return GIN_TRUE;
	return sure + maybe >= node->at_least ? GIN_MAYBE : GIN_FALSE;
}

static GinTernaryValue
check_node(const qd_gin_node *node, const GinTernaryValue *check)
{
	GinTernaryValue value = GIN_MAYBE;

	switch (node->op)
	{
		case QD_GIN_KEYS:
			value = check_keys(node, check);
			break;
		case QD_GIN_AT_LEAST:
			value = check_at_least(node, check);
			break;
		case QD_GIN_NOT:
			value = check_node(node->children[0], check);
			return value == GIN_MAYBE ? GIN_MAYBE : !value;
		case QD_GIN_UNKNOWN:
			break;
	}
	return value == GIN_TRUE && node->lossy ? GIN_MAYBE : value;
}

GinTernaryValue
qd_gin_query_check(const qd_gin_query *query, const GinTernaryValue *check)
{
	return check_node(query->root, check);
}

bool
qd_gin_query_admits_no_key(const qd_gin_query *query)
{
	GinTernaryValue *check = palloc0(Max(query->n, 1));
	bool		admits = check_node(query->root, check) != GIN_FALSE;

	pfree(check);
	return admits;
}

qd_gin_query *
qd_gin_query_of_condition(const qd_index_options *options,
						  const qd_node *condition)
{
	qd_gin_query *query = palloc0(sizeof(qd_gin_query));
	builder		b = {options, query, 0};
	place		at = start_of(options);

	query->root = build_condition(&b, condition, &at);
	return query;
}

bool
qd_index_serves(const qd_index_options *options, const qd_filter *filter)
{
	return !qd_gin_query_admits_no_key(qd_gin_query_build(options, filter));
}

/*----------
 * ranges of keys
 *----------
 */

/*
 * Integers that are one double stand by form first: behind one that is too
 * large there may be some that are not.
 */
static int
compare_integer_range(const qd_node *test, const unsigned char *key,
					  size_t length)
{
	const int64 *bounds = (const int64 *) qd_node_body(test);
	int64		i;

	if (qd_key_get_double(key) > (double) bounds[1])
		return 1;
	if (key[QD_KEY_NUMBER_FORM] == QD_KEY_FRACTION)
		return -1;
	qd_key_get_integer(key, length, &i);
	return i < bounds[0] || i > bounds[1] ? -1 : 0;
}

static int
compare_range(const qd_node *test, const unsigned char *key, size_t length)
{
	int			cmp[4];			/* of the key's value with each bound */

	if (test->kind == QD_TEST_INTEGER_RANGE)
		return compare_integer_range(test, key, length);
	for (int i = 0; i < 4; i++)
	{
		if (test->kind != QD_TEST_DATETIME)
		{
			double		bound = ((const double *) qd_node_body(test))[i];
			double		x = qd_key_get_double(key);

			cmp[i] = x < bound ? -1 : x > bound;
		}
		else
			cmp[i] = qd_datetime_compare(qd_key_get_datetime(key),
										 qd_datetime_bound(test, i));
	}
	if (((test->n & QD_LT) && cmp[0] >= 0) || ((test->n & QD_LTE) && cmp[3] > 0))
		return 1;
	return ((test->n & QD_GT) && cmp[1] <= 0) ||
		((test->n & QD_GTE) && cmp[2] < 0) ? -1 : 0;
}

/* Does the key begin like one of the excluded ones? */
static bool
is_excluded(const qd_gin_term *term, const unsigned char *key, size_t length)
{
	uint32		low = 0;
	uint32		high = term->n_excluded;

	if (term->integers && key[QD_KEY_NUMBER_FORM] == QD_KEY_FRACTION)
		return true;
	/* none begins like another one, so it is the last that is not greater */
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		size_t		other = VARSIZE(term->excluded[middle]) - VARHDRSZ;
		int			order = memcmp(VARDATA(term->excluded[middle]), key,
								   Min(other, length));

		if (order < 0 || (order == 0 && other < length))
			low = middle + 1;
		else if (order == 0 && other == length)
			return true;
		else
			high = middle;
	}
	return low > 0 && key[0] == QD_KEY_UUID &&
		VARSIZE(term->excluded[low - 1]) - VARHDRSZ < length &&
		memcmp(VARDATA(term->excluded[low - 1]), key,
			   VARSIZE(term->excluded[low - 1]) - VARHDRSZ) == 0;
}

int
qd_gin_term_compare(const qd_gin_term *term, const unsigned char *key,
					size_t length)
{
	const char *start = VARDATA(term->key);
	size_t		start_length = VARSIZE(term->key) - VARHDRSZ;
	qd_key		last;

	/* another class of keys follows */
	if (length == 0 || key[0] != (unsigned char) start[0])
		return 1;
	switch (term->match)
	{
		case QD_GIN_MATCH_EQUAL:
			return length != start_length || memcmp(key, start, length) != 0;
		case QD_GIN_MATCH_PREFIX:
			if (length < start_length || memcmp(key, start, start_length) != 0)
				return 1;
			return (term->excluded != NULL && is_excluded(term, key, length)) ? -1 : 0;
		case QD_GIN_MATCH_RANGE:
			return compare_range(term->bounds, key, length);
		case QD_GIN_MATCH_CELLS:
			qd_key_cell(&last, term->last);
			return memcmp(key + 1, last.bytes + 1, last.length - 1) > 0;
	}
	return 1;
}
