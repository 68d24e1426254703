/*
 * filter_parse_field.c
 *		Compiles the predicates of a field condition: match, range, geo,
 *		values_count, is_empty, is_null.
 *
 * Members that a predicate does not know are not looked at, as in Qdrant.
 */
#include "compat.h"

#include <math.h>

#include "utils/builtins.h"

#include "payload/datetime.h"
#include "payload/filter.h"
#include "payload/filter_compiler.h"
#include "payload/geo.h"
#include "payload/text_split.h"

static double
number(qd_compiler *c, const JsonbValue *v)
{
	bool		is_int;
	int64		i;
	double		x;

	if (v->type != jbvNumeric)
		qd_compiler_fail(c, "expected a number");
	x = qd_json_number(v, &is_int, &i);
	if (isinf(x))
		qd_compiler_fail(c, "number is out of range");
	return x;
}

/* An array's elements, in an array of their own. */
static JsonbValue **
elements(qd_compiler *c, const JsonbValue *list, int *n)
{
	JsonbValue **values;

	if (!qd_compiler_is_array(list))
		qd_compiler_fail(c, "expected an array");
	*n = JsonContainerSize(list->val.binary.data);
	values = palloc(sizeof(values[0]) * Max(*n, 1));
	for (int i = 0; i < *n; i++)
		values[i] = getIthJsonbValueFromContainer(list->val.binary.data, i);
	return values;
}

/*----------
 * match
 *----------
 */

static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/* The order of qd_string_compare. */
static int
compare_strings(const void *a, const void *b)
{
	const JsonbValue *x = *(JsonbValue *const *) a;
	const JsonbValue *y = *(JsonbValue *const *) b;

	return qd_string_compare(x->val.string.val, x->val.string.len,
							 y->val.string.val, y->val.string.len);
}

/* Sorted strings behind a table of their offsets. */
static void
add_strings(qd_compiler *c, uint32 kind, JsonbValue **values, int n)
{
	int			at = qd_compiler_begin(c, kind, n);
	int			table = c->out.len;
	uint32		offset = 0;

	qsort(values, n, sizeof(values[0]), compare_strings);
	for (int i = 0; i < n; i++)
		appendBinaryStringInfo(&c->out, (char *) &offset, sizeof(offset));
	qd_compiler_end(c, at);
	for (int i = 0; i < n; i++)
	{
		offset = c->out.len - at;
		memcpy(c->out.data + table + i * sizeof(offset), &offset,
			   sizeof(offset));
		qd_compiler_add_string(c, values[i]->val.string.val,
							   values[i]->val.string.len);
	}
	qd_compiler_end(c, at);
}

static void
add_ints(qd_compiler *c, uint32 kind, int64 *ints, int n)
{
	int			at = qd_compiler_begin(c, kind, n);

	qsort(ints, n, sizeof(ints[0]), compare_int64);
	appendBinaryStringInfo(&c->out, (char *) ints, n * sizeof(ints[0]));
	qd_compiler_end(c, at);
}

/* The values of any, except: all strings or all integers. */
static void
compile_list(qd_compiler *c, const JsonbValue *list, bool except)
{
	int			n;
	JsonbValue **values = elements(c, list, &n);
	int64	   *ints = palloc(sizeof(ints[0]) * Max(n, 1));
	bool		strings = n == 0 || values[0]->type == jbvString;

	for (int i = 0; i < n; i++)
	{
		bool		is_int = false;

		if (values[i]->type == jbvNumeric)
			qd_json_number(values[i], &is_int, &ints[i]);
		if (strings ? values[i]->type != jbvString : !is_int)
			qd_compiler_fail(c, "expected an array of strings or an array of integers");
	}
	if (strings)
		add_strings(c, except ? QD_TEST_NOT_STRINGS : QD_TEST_STRINGS, values, n);
	else
		add_ints(c, except ? QD_TEST_NOT_INTS : QD_TEST_INTS, ints, n);
}

static void
compile_value(qd_compiler *c, JsonbValue *v)
{
	int64		i = 0;
	bool		is_int = false;

	if (v->type == jbvNumeric)
		qd_json_number(v, &is_int, &i);
	if (v->type == jbvString)
		add_strings(c, QD_TEST_STRINGS, &v, 1);
	else if (v->type == jbvBool)
		qd_compiler_end(c, qd_compiler_begin(c, QD_TEST_BOOL, v->val.boolean));
	else if (is_int)
		add_ints(c, QD_TEST_INTS, &i, 1);
	else
		qd_compiler_fail(c, "expected a string, a 64-bit integer or a boolean");
}

static void
compile_text(qd_compiler *c, uint32 kind, const JsonbValue *v)
{
	int			at;

	if (v->type != jbvString)
		qd_compiler_fail(c, "expected a string");
	at = qd_compiler_begin(c, kind, 1);
	qd_compiler_add_string(c, v->val.string.val, v->val.string.len);
	qd_compiler_end(c, at);
}

/* text_any without an index: the pieces between white space. */
static void
compile_text_any(qd_compiler *c, const JsonbValue *v)
{
	const char *piece;
	const char *rest;
	size_t		length;
	size_t		left;
	uint32		n = 0;
	int			at;

	if (v->type != jbvString)
		qd_compiler_fail(c, "expected a string");
	at = qd_compiler_begin(c, QD_TEST_TEXT_ANY, 0);
	rest = v->val.string.val;
	left = v->val.string.len;
	while (qd_text_piece(&rest, &left, &piece, &length))
	{
		qd_compiler_add_string(c, piece, length);
		n++;
	}
	((qd_node *) (c->out.data + at))->n = n;
	qd_compiler_end(c, at);
}

/*
 * Of several kinds in one match the first counts, in this order.  True when a
 * text index answers it.
 */
static bool
compile_match(qd_compiler *c, const JsonbValue *match)
{
	static const char *const names[] = {"value", "text", "text_any", "phrase",
	"any", "except", "prefix"};
	JsonbContainer *object = qd_compiler_object(c, match);
	JsonbValue *v = NULL;
	int			which = 0;
	int			mark;

	for (; which < lengthof(names) && v == NULL; which++)
		v = qd_compiler_member(object, names[which]);
	if (v == NULL)
		qd_compiler_fail(c, "expected value, any, except, text, text_any, phrase or prefix");
	mark = qd_compiler_enter(c, names[--which]);
	if (c->text && which >= 1 && which <= 3)
	{
		static const qd_test_kind kinds[] = {QD_TEST_TOKENS,
		QD_TEST_TOKENS_ANY, QD_TEST_PHRASE};

		qd_compiler_bound_text(c, kinds[which - 1], v);
		qd_compiler_leave(c, mark);
		return true;
	}
	switch (which)
	{
		case 0:
			compile_value(c, v);
			break;
		case 1:
		case 3:
			compile_text(c, QD_TEST_TEXT, v);
			break;
		case 2:
			compile_text_any(c, v);
			break;
		case 4:
		case 5:
			compile_list(c, v, which == 5);
			break;
		case 6:
			compile_text(c, QD_TEST_PREFIX, v);
			break;
	}
	qd_compiler_leave(c, mark);
	return false;
}

/*----------
 * range, values_count
 *----------
 */

static const char *const bound_names[] = {"lt", "gt", "gte", "lte"};

/* The given bounds; the result says which ones. */
static uint32
read_bounds(qd_compiler *c, const JsonbValue *range, JsonbValue **bounds)
{
	JsonbContainer *object = qd_compiler_object(c, range);
	uint32		given = 0;

	for (int i = 0; i < lengthof(bound_names); i++)
	{
		bounds[i] = qd_compiler_member(object, bound_names[i]);
		if (bounds[i])
			given |= 1 << i;
	}
	return given;
}

static void
compile_datetimes(qd_compiler *c, uint32 given, JsonbValue **bounds)
{
	int64		times[8] = {0};
	int			at;

	for (int i = 0; i < 4; i++)
	{
		qd_datetime t;
		int			mark;

		if (bounds[i] == NULL)
			continue;
		mark = qd_compiler_enter(c, bound_names[i]);
		if (bounds[i]->type != jbvString)
			qd_compiler_fail(c, "bounds must be all numbers or all datetimes");
		if (!qd_datetime_parse(bounds[i]->val.string.val,
							   bounds[i]->val.string.len, &t))
			qd_compiler_fail(c, psprintf("\"%.*s\" is not a datetime like 2014-01-01T00:00:00Z",
										 Min(bounds[i]->val.string.len, 100),
										 bounds[i]->val.string.val));
		times[2 * i] = t.seconds;
		times[2 * i + 1] = t.nanos;
		qd_compiler_leave(c, mark);
	}
	at = qd_compiler_begin(c, QD_TEST_DATETIME, given);
	appendBinaryStringInfo(&c->out, (char *) times, sizeof(times));
	qd_compiler_end(c, at);
}

static void
compile_range(qd_compiler *c, const JsonbValue *range)
{
	JsonbValue *bounds[4];
	uint32		given = read_bounds(c, range, bounds);
	double		numbers[4] = {0};
	int			at;

	for (int i = 0; i < 4; i++)
	{
		if (bounds[i] && bounds[i]->type == jbvString)
		{
			compile_datetimes(c, given, bounds);
			return;
		}
	}
	for (int i = 0; i < 4; i++)
	{
		int			mark;

		if (bounds[i] == NULL)
			continue;
		mark = qd_compiler_enter(c, bound_names[i]);
		numbers[i] = number(c, bounds[i]);
		qd_compiler_leave(c, mark);
	}
	at = qd_compiler_begin(c, QD_TEST_RANGE, given);
	appendBinaryStringInfo(&c->out, (char *) numbers, sizeof(numbers));
	qd_compiler_end(c, at);
}

static void
compile_count(qd_compiler *c, const JsonbValue *count)
{
	JsonbValue *bounds[4];
	uint32		given = read_bounds(c, count, bounds);
	uint64		values[4] = {0};
	int			at;

	for (int i = 0; i < 4; i++)
	{
		int			mark;

		if (bounds[i] == NULL)
			continue;
		mark = qd_compiler_enter(c, bound_names[i]);
		values[i] = qd_compiler_unsigned(c, bounds[i]);
		qd_compiler_leave(c, mark);
	}
	at = qd_compiler_begin(c, QD_TEST_COUNT, given);
	appendBinaryStringInfo(&c->out, (char *) values, sizeof(values));
	qd_compiler_end(c, at);
}

/*----------
 * geo
 *----------
 */

static qd_geo_point
read_point(qd_compiler *c, const JsonbValue *v)
{
	JsonbContainer *object = qd_compiler_object(c, v);
	JsonbValue *lon = qd_compiler_member(object, "lon");
	JsonbValue *lat = qd_compiler_member(object, "lat");
	qd_geo_point p;

	if (lon == NULL || lat == NULL)
		qd_compiler_fail(c, "expected an object with lon and lat");
	p.lon = number(c, lon);
	p.lat = number(c, lat);
	if (!qd_geo_is_valid(p))
		qd_compiler_fail(c, "lon must be from -180 to 180, and lat from -90 to 90");
	return p;
}

/* A member that is a point. */
static qd_geo_point
point_member(qd_compiler *c, JsonbContainer *object, const char *name)
{
	JsonbValue *v = qd_compiler_member(object, name);
	qd_geo_point p;
	int			mark;

	if (v == NULL)
		qd_compiler_fail(c, psprintf("\"%s\" is missing", name));
	mark = qd_compiler_enter(c, name);
	p = read_point(c, v);
	qd_compiler_leave(c, mark);
	return p;
}

static void
compile_box(qd_compiler *c, const JsonbValue *box)
{
	JsonbContainer *object = qd_compiler_object(c, box);
	qd_geo_point corners[2];
	int			at;

	corners[0] = point_member(c, object, "top_left");
	corners[1] = point_member(c, object, "bottom_right");
	at = qd_compiler_begin(c, QD_TEST_BOX, 0);
	appendBinaryStringInfo(&c->out, (char *) corners, sizeof(corners));
	qd_compiler_end(c, at);
}

static void
compile_radius(qd_compiler *c, const JsonbValue *circle)
{
	JsonbContainer *object = qd_compiler_object(c, circle);
	qd_geo_point center = point_member(c, object, "center");
	JsonbValue *radius = qd_compiler_member(object, "radius");
	double		metres;
	int			at;

	if (radius == NULL)
		qd_compiler_fail(c, "\"radius\" is missing");
	metres = number(c, radius);
	at = qd_compiler_begin(c, QD_TEST_RADIUS, 0);
	appendBinaryStringInfo(&c->out, (char *) &center, sizeof(center));
	appendBinaryStringInfo(&c->out, (char *) &metres, sizeof(metres));
	qd_compiler_end(c, at);
}

static void
compile_ring(qd_compiler *c, const JsonbValue *ring)
{
	JsonbValue *points = qd_compiler_member(qd_compiler_object(c, ring),
											"points");
	qd_geo_point first = {0, 0};
	qd_geo_point last = {0, 0};
	JsonbValue **values;
	int			n;
	int			at;
	int			mark;

	if (points == NULL)
		qd_compiler_fail(c, "\"points\" is missing");
	mark = qd_compiler_enter(c, "points");
	values = elements(c, points, &n);
	if (n < 4)
		qd_compiler_fail(c, psprintf("polygon invalid, expected at least 4 points, not %d",
									 n));
	at = qd_compiler_begin(c, QD_RING, n);
	for (int i = 0; i < n; i++)
	{
		int			item = qd_compiler_enter_item(c, i);

		last = read_point(c, values[i]);
		if (i == 0)
			first = last;
		appendBinaryStringInfo(&c->out, (char *) &last, sizeof(last));
		qd_compiler_leave(c, item);
	}
	if (first.lon != last.lon || first.lat != last.lat)
		qd_compiler_fail(c, "polygon invalid, the first and the last point must be the same");
	qd_compiler_leave(c, mark);
	qd_compiler_end(c, at);
}

static void
compile_polygon(qd_compiler *c, const JsonbValue *polygon)
{
	JsonbContainer *object = qd_compiler_object(c, polygon);
	JsonbValue *exterior = qd_compiler_member(object, "exterior");
	JsonbValue *interiors = qd_compiler_member(object, "interiors");
	JsonbValue **holes = NULL;
	int			n = 0;
	int			at;
	int			mark;

	if (exterior == NULL)
		qd_compiler_fail(c, "\"exterior\" is missing");
	if (interiors)
		holes = elements(c, interiors, &n);
	at = qd_compiler_begin(c, QD_TEST_POLYGON, n + 1);
	mark = qd_compiler_enter(c, "exterior");
	compile_ring(c, exterior);
	qd_compiler_leave(c, mark);
	mark = qd_compiler_enter(c, "interiors");
	for (int i = 0; i < n; i++)
	{
		int			item = qd_compiler_enter_item(c, i);

		compile_ring(c, holes[i]);
		qd_compiler_leave(c, item);
	}
	qd_compiler_leave(c, mark);
	qd_compiler_end(c, at);
}

/*----------
 * the predicates of one condition
 *----------
 */

static void
compile_flag(qd_compiler *c, uint32 kind, const JsonbValue *v)
{
	if (v->type != jbvBool)
		qd_compiler_fail(c, "expected a boolean");
	qd_compiler_end(c, qd_compiler_begin(c, kind, v->val.boolean));
}

static const char *const predicates[] = {"match", "range",
	"geo_bounding_box", "geo_radius", "geo_polygon", "values_count",
"is_empty", "is_null"};

#define FIRST_ALONE 5			/* values_count */

/* True when the predicate takes over from the others. */
static bool
compile_predicate(qd_compiler *c, int which, JsonbValue *v)
{
	switch (which)
	{
		case 0:
			return compile_match(c, v);
		case 1:
			compile_range(c, v);
			break;
		case 2:
			compile_box(c, v);
			break;
		case 3:
			compile_radius(c, v);
			break;
		case 4:
			compile_polygon(c, v);
			break;
		case 5:
			compile_count(c, v);
			break;
		case 6:
			compile_flag(c, QD_TEST_IS_EMPTY, v);
			break;
		case 7:
			compile_flag(c, QD_TEST_IS_NULL, v);
			break;
	}
	return which >= FIRST_ALONE;
}

/*
 * Several predicates are ORed for a value; values_count, is_empty and is_null
 * take over alone, in that order, and before them a match that a text index
 * answers.  All are read, so that all must be valid.
 */
uint32
qd_compiler_tests(qd_compiler *c, JsonbContainer *condition)
{
	int			start = c->out.len;
	uint32		n = 0;
	bool		alone = false;

	c->text = qd_compiler_text_schema(c, condition);
	for (int i = 0; i < lengthof(predicates); i++)
	{
		JsonbValue *v = qd_compiler_member(condition, predicates[i]);
		int			before = c->out.len;
		bool		takes_over;
		int			mark;

		if (v == NULL)
			continue;
		mark = qd_compiler_enter(c, predicates[i]);
		takes_over = compile_predicate(c, i, v);
		qd_compiler_leave(c, mark);
		if (alone)
			c->out.len = before;
		else if (!takes_over)
			n++;
		else
		{
			alone = true;
			memmove(c->out.data + start, c->out.data + before,
					c->out.len - before);
			c->out.len -= before - start;
			n = 1;
		}
	}
	if (n == 0)
		qd_compiler_fail(c, "at least one field condition must be specified");
	return n;
}
