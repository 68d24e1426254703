/*
 * filter_parse_field.c
 *		Compiles the predicates of a field condition: match, range, geo,
 *		values_count, is_empty, is_null.
 *
 * Members that a predicate does not know are not looked at, as in Qdrant.
 */
#include "compat.h"

#include <math.h>

#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "payload/datetime.h"
#include "payload/filter.h"
#include "payload/filter_compiler.h"
#include "payload/geo.h"
#include "payload/text_split.h"
#include "types/point_id.h"

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

static int
compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, QD_POINT_ID_UUID);
}

/* Strings that are known to be UUIDs. */
static void
add_uuids(qd_compiler *c, uint32 kind, JsonbValue **values, int n)
{
	int			at = qd_compiler_begin(c, kind, n);
	int			start = c->out.len;
	unsigned char uuid[QD_POINT_ID_UUID] = {0};

	for (int i = 0; i < n; i++)
	{
		qd_uuid_read(values[i]->val.string.val, values[i]->val.string.len, uuid);
		appendBinaryStringInfo(&c->out, (char *) uuid, sizeof(uuid));
	}
	qsort(c->out.data + start, n, sizeof(uuid), compare_uuids);
	qd_compiler_end(c, at);
}

static void
add_string_list(qd_compiler *c, JsonbValue **values, int n, bool except)
{
	if (c->binding && c->binding->kind == QD_INDEX_UUID)
		add_uuids(c, except ? QD_TEST_NOT_UUIDS : QD_TEST_UUIDS, values, n);
	else if (except)
		add_strings(c, c->binding ? QD_TEST_NOT_KEYWORDS : QD_TEST_NOT_STRINGS,
					values, n);
	else
		add_strings(c, QD_TEST_STRINGS, values, n);
}

static void
add_int_list(qd_compiler *c, int64 *ints, int n, bool except)
{
	if (c->binding)
		add_ints(c, except ? QD_TEST_NOT_INTEGERS : QD_TEST_INTEGERS, ints, n);
	else
		add_ints(c, except ? QD_TEST_NOT_INTS : QD_TEST_INTS, ints, n);
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
		add_string_list(c, values, n, except);
	else
		add_int_list(c, ints, n, except);
}

static void
compile_value(qd_compiler *c, JsonbValue *v)
{
	int64		i = 0;
	bool		is_int = false;

	if (v->type == jbvNumeric)
		qd_json_number(v, &is_int, &i);
	if (v->type == jbvString)
		add_string_list(c, &v, 1, false);
	else if (v->type == jbvBool)
		qd_compiler_end(c, qd_compiler_begin(c, QD_TEST_BOOL, v->val.boolean));
	else if (is_int)
		add_int_list(c, &i, 1, false);
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

static const char *const match_kinds[] = {"value", "text", "text_any",
"phrase", "any", "except", "prefix", NULL};

JsonbValue *
qd_compiler_match(JsonbContainer *match, const char **name)
{
	for (int i = 0; match_kinds[i]; i++)
	{
		JsonbValue *v = qd_compiler_member(match, match_kinds[i]);

		*name = match_kinds[i];
		if (v)
			return v;
	}
	return NULL;
}

static void
fail_without_match(qd_compiler *c, JsonbContainer *match)
{
	char	   *stranger = qd_compiler_stranger(match, match_kinds, NULL);

	qd_compiler_fail_hint(c, "expected value, any, except, text, text_any, phrase or prefix",
						  stranger ? psprintf("\"%s\" is none of these.", stranger) : NULL);
}

static void
compile_match(qd_compiler *c, const JsonbValue *match)
{
	JsonbContainer *object = qd_compiler_object(c, match);
	const char *name;
	JsonbValue *v = qd_compiler_match(object, &name);
	int			which = 0;
	int			mark;

	if (v == NULL)
		fail_without_match(c, object);
	while (match_kinds[which] != name)
		which++;
	mark = qd_compiler_enter(c, name);
	if (c->text && which >= 1 && which <= 3)
	{
		static const qd_test_kind kinds[] = {QD_TEST_TOKENS,
		QD_TEST_TOKENS_ANY, QD_TEST_PHRASE};

		qd_compiler_bound_text(c, kinds[which - 1], v);
		qd_compiler_leave(c, mark);
		return;
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
}

/*----------
 * range, values_count
 *----------
 */

/* More than any datetime has, less than overflows. */
#define MICROS_MAX	9e18

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
read_times(qd_compiler *c, JsonbValue **bounds, qd_datetime *times)
{
	for (int i = 0; i < 4; i++)
	{
		int			mark;

		if (bounds[i] == NULL)
			continue;
		mark = qd_compiler_enter(c, bound_names[i]);
		if (bounds[i]->type != jbvString)
			qd_compiler_fail(c, "bounds must be all numbers or all datetimes");
		if (!qd_datetime_parse(bounds[i]->val.string.val,
							   bounds[i]->val.string.len, &times[i]))
			qd_compiler_fail(c, psprintf("\"%.*s\" is not a datetime like 2014-01-01T00:00:00Z",
										 pg_mbcliplen(bounds[i]->val.string.val,
													  bounds[i]->val.string.len, 100),
										 bounds[i]->val.string.val));
		qd_compiler_leave(c, mark);
	}
}

static void
read_numbers(qd_compiler *c, JsonbValue **bounds, double *numbers)
{
	for (int i = 0; i < 4; i++)
	{
		int			mark;

		if (bounds[i] == NULL)
			continue;
		mark = qd_compiler_enter(c, bound_names[i]);
		numbers[i] = number(c, bounds[i]);
		qd_compiler_leave(c, mark);
	}
}

static void
add_times(qd_compiler *c, uint32 given, const qd_datetime *times)
{
	int64		values[8];
	int			at = qd_compiler_begin(c, QD_TEST_DATETIME, given);

	for (int i = 0; i < 4; i++)
	{
		values[2 * i] = times[i].seconds;
		values[2 * i + 1] = times[i].nanos;
	}
	appendBinaryStringInfo(&c->out, (char *) values, sizeof(values));
	qd_compiler_end(c, at);
}

static void
add_numbers(qd_compiler *c, uint32 given, const double *numbers)
{
	int			at = qd_compiler_begin(c, QD_TEST_RANGE, given);

	appendBinaryStringInfo(&c->out, (char *) numbers, 4 * sizeof(numbers[0]));
	qd_compiler_end(c, at);
}

/* As Rust casts it: what is too large becomes the largest. */
static int64
to_int64(double x)
{
	const double limit = 9223372036854775808.0;

	return x >= limit ? PG_INT64_MAX : x < -limit ? PG_INT64_MIN : (int64) x;
}

/*
 * A range bound to an index of integers, which compares them as such; floor
 * and ceil of each bound that is given.
 */
static void
add_integers(qd_compiler *c, uint32 given, const int64 *floors,
			 const int64 *ceils)
{
	int64		least = PG_INT64_MIN;
	int64		greatest = PG_INT64_MAX;
	int			at = qd_compiler_begin(c, QD_TEST_INTEGER_RANGE, 0);

	if (given & QD_LTE)
		greatest = Min(greatest, floors[3]);
	if (given & QD_GTE)
		least = Max(least, ceils[2]);
	/* nothing is less than the least, and nothing greater than the greatest */
	if (((given & QD_LT) && ceils[0] == PG_INT64_MIN) ||
		((given & QD_GT) && floors[1] == PG_INT64_MAX))
	{
		least = PG_INT64_MAX;
		greatest = PG_INT64_MIN;
	}
	else
	{
		if (given & QD_LT)
			greatest = Min(greatest, ceils[0] - 1);
		if (given & QD_GT)
			least = Max(least, floors[1] + 1);
	}
	appendBinaryStringInfo(&c->out, (char *) &least, sizeof(least));
	appendBinaryStringInfo(&c->out, (char *) &greatest, sizeof(greatest));
	qd_compiler_end(c, at);
}

/* Bound to an index of numbers, datetimes are microseconds. */
static void
compile_times(qd_compiler *c, uint32 given, JsonbValue **bounds)
{
	qd_datetime times[4] = {{0}};
	double		numbers[4] = {0};
	int64		micros[4];

	read_times(c, bounds, times);
	for (int i = 0; i < 4; i++)
	{
		micros[i] = times[i].seconds * 1000000 + times[i].nanos / 1000;
		numbers[i] = (double) micros[i];
	}
	if (c->binding == NULL)
		add_times(c, given, times);
	else if (c->binding->kind == QD_INDEX_DATETIME)
		qd_compiler_add_micros(c, given, micros, micros);
	else if (c->binding->kind == QD_INDEX_INTEGER)
		add_integers(c, given, micros, micros);
	else
		add_numbers(c, given, numbers);
}

/* Numbers, bound to an index of integers or of datetimes: microseconds. */
static void
compile_whole_range(qd_compiler *c, uint32 given, const double *numbers)
{
	bool		integers = c->binding->kind == QD_INDEX_INTEGER;
	int64		floors[4];
	int64		ceils[4];

	for (int i = 0; i < 4; i++)
	{
		double		x = integers ? numbers[i] :
		fmax(fmin(numbers[i], MICROS_MAX), -MICROS_MAX);

		floors[i] = to_int64(floor(x));
		ceils[i] = to_int64(ceil(x));
	}
	if (integers)
		add_integers(c, given, floors, ceils);
	else
		qd_compiler_add_micros(c, given, floors, ceils);
}

static void
compile_range(qd_compiler *c, const JsonbValue *range)
{
	JsonbValue *bounds[4];
	uint32		given = read_bounds(c, range, bounds);
	double		numbers[4] = {0};

	for (int i = 0; i < 4; i++)
	{
		if (bounds[i] && bounds[i]->type == jbvString)
		{
			compile_times(c, given, bounds);
			return;
		}
	}
	read_numbers(c, bounds, numbers);
	if (c->binding && (c->binding->kind == QD_INDEX_INTEGER ||
					   c->binding->kind == QD_INDEX_DATETIME))
		compile_whole_range(c, given, numbers);
	else
		add_numbers(c, given, numbers);
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

/* An index finds nothing in a box of the whole world, as in Qdrant. */
static void
compile_box(qd_compiler *c, const JsonbValue *box)
{
	JsonbContainer *object = qd_compiler_object(c, box);
	qd_geo_point corners[2];
	int			at;

	corners[0] = point_member(c, object, "top_left");
	corners[1] = point_member(c, object, "bottom_right");
	if (c->binding && corners[0].lon == -180 && corners[0].lat == 90 &&
		corners[1].lon == 180 && corners[1].lat == -90)
	{
		add_strings(c, QD_TEST_STRINGS, NULL, 0);
		return;
	}
	at = qd_compiler_begin(c, QD_TEST_BOX, c->binding != NULL);
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
	at = qd_compiler_begin(c, QD_TEST_RADIUS, c->binding != NULL);
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

const char *const qd_predicates[QD_PREDICATES + 1] = {"match", "range",
	"geo_bounding_box", "geo_radius", "geo_polygon", "values_count",
"is_empty", "is_null", NULL};

#define FIRST_ALONE 5			/* values_count */

static void
compile_predicate(qd_compiler *c, int which, JsonbValue *v)
{
	switch (which)
	{
		case 0:
			compile_match(c, v);
			break;
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
}

/*
 * Unknown members are passed over, as in Qdrant; where nothing else is there,
 * one of them is what was meant.
 */
static void
fail_without_tests(qd_compiler *c, JsonbContainer *condition)
{
	static const char *const others[] = {"key", "as", NULL};
	char	   *stranger = qd_compiler_stranger(condition, qd_predicates, others);
	StringInfoData hint;

	initStringInfo(&hint);
	if (stranger)
		appendStringInfo(&hint, "\"%s\" is none of", stranger);
	else
		appendStringInfoString(&hint, "A condition on a key has one of");
	for (int i = 0; i < QD_PREDICATES; i++)
		appendStringInfo(&hint, "%s %s", i == 0 ? "" : i + 1 < QD_PREDICATES ? "," : " and",
						 qd_predicates[i]);
	appendStringInfoChar(&hint, '.');
	qd_compiler_fail_hint(c, "at least one field condition must be specified",
						  hint.data);
}

/*
 * Several predicates are ORed for a value; values_count, is_empty and is_null
 * take over alone, in that order, and before all the one that the condition's
 * index serves.  All are read, so that all must be valid.
 */
uint32
qd_compiler_tests(qd_compiler *c, JsonbContainer *condition)
{
	int			start = c->out.len;
	qd_binding	binding;
	int			served = -1;
	uint32		n = 0;
	bool		alone = false;

	if (qd_compiler_binding(c, condition, &binding))
		served = qd_binding_serves(&binding, condition);
	c->text = qd_compiler_text_schema(c, condition);
	for (int i = 0; i < QD_PREDICATES; i++)
	{
		JsonbValue *v = qd_compiler_member(condition, qd_predicates[i]);
		int			before = c->out.len;
		int			mark;

		if (v == NULL)
			continue;
		mark = qd_compiler_enter(c, qd_predicates[i]);
		c->binding = i == served ? &binding : NULL;
		compile_predicate(c, i, v);
		c->binding = NULL;
		qd_compiler_leave(c, mark);
		if (served >= 0 ? i != served : alone)
			c->out.len = before;
		else if (i < FIRST_ALONE)
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
		fail_without_tests(c, condition);
	return n;
}
