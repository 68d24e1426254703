/*
 * filter_parse.c
 *		Compiles Qdrant's filter JSON into a payload_filter.
 *
 * The text is read by jsonb's parser, so syntax, nesting depth and numbers are
 * PostgreSQL's; this file knows the meaning.  Every error names the place in
 * the filter, as in must[0].range.
 */
#include "compat.h"

#include <math.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "payload/datetime.h"
#include "payload/filter.h"
#include "payload/geo.h"
#include "payload/path.h"
#include "types/point_id.h"

typedef struct compiler
{
	StringInfoData out;
	StringInfoData where;		/* the place being compiled */
	bool		needs_point;
} compiler;

static void compile_filter(compiler *c, JsonbContainer *object);

static void
pg_attribute_noreturn()
fail(compiler *c, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid payload filter: %s", what),
			 c->where.len > 0 ? errdetail("At \"%s\".", c->where.data) : 0));
}

/* Enters a member for error messages; returns what leave() wants. */
static int
enter(compiler *c, const char *name)
{
	int			mark = c->where.len;

	appendStringInfo(&c->where, "%s%s", mark > 0 ? "." : "", name);
	return mark;
}

static int
enter_item(compiler *c, int index)
{
	int			mark = c->where.len;

	appendStringInfo(&c->where, "[%d]", index);
	return mark;
}

static void
leave(compiler *c, int mark)
{
	c->where.len = mark;
	c->where.data[mark] = '\0';
}

static int
begin_node(compiler *c, uint32 kind, uint32 n)
{
	int			at = c->out.len;
	qd_node		node = {kind, n, 0};

	appendBinaryStringInfo(&c->out, (char *) &node, sizeof(node));
	return at;
}

static void
end_node(compiler *c, int at)
{
	qd_node    *node;

	while (c->out.len % 8 != 0)
		appendStringInfoChar(&c->out, '\0');
	node = (qd_node *) (c->out.data + at);
	node->size = c->out.len - at;
}

static void
add_bytes(compiler *c, const void *bytes, int length)
{
	appendBinaryStringInfo(&c->out, bytes, length);
}

static void
add_string(compiler *c, const char *s, int length)
{
	int			at = begin_node(c, QD_STRING, length);

	add_bytes(c, s, length);
	end_node(c, at);
}

static bool
is_object(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data);
}

static bool
is_array(const JsonbValue *v)
{
	return v->type == jbvBinary && JsonContainerIsArray(v->val.binary.data) &&
		!JsonContainerIsScalar(v->val.binary.data);
}

/* A member of an object; NULL when it is missing or null. */
static JsonbValue *
member(JsonbContainer *object, const char *name)
{
	JsonbValue *v = getKeyJsonValueFromContainer(object, name, strlen(name),
												 NULL);

	return v && v->type != jbvNull ? v : NULL;
}

/* Refuses members that are not in the NULL-terminated list. */
static void
only_members(compiler *c, JsonbContainer *object, const char *const *names)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		bool		known = false;

		if (token != WJB_KEY)
			continue;
		for (int i = 0; names[i] && !known; i++)
			known = strlen(names[i]) == v.val.string.len &&
				memcmp(names[i], v.val.string.val, v.val.string.len) == 0;
		if (!known)
			fail(c, psprintf("member \"%.*s\" does not exist here",
							 v.val.string.len, v.val.string.val));
	}
}

static void
add_path(compiler *c, const JsonbValue *key)
{
	qd_path		path;
	int			at;

	if (key == NULL || key->type != jbvString)
		fail(c, "\"key\" must be a string");
	if (!qd_path_parse(key->val.string.val, key->val.string.len, &path))
		fail(c, psprintf("\"%.*s\" is not a key path",
						 Min(key->val.string.len, 200), key->val.string.val));
	at = begin_node(c, QD_PATH, path.n);
	for (int i = 0; i < path.n; i++)
	{
		qd_path_step *step = &path.steps[i];
		int			step_at = begin_node(c, step->kind,
										 step->kind == QD_STEP_KEY ? step->length : step->index);

		if (step->kind == QD_STEP_KEY)
			add_bytes(c, step->key, step->length);
		end_node(c, step_at);
	}
	end_node(c, at);
}

static double
number(compiler *c, const JsonbValue *v)
{
	bool		is_int;
	int64		i;

	if (v->type != jbvNumeric)
		fail(c, "expected a number");
	return qd_json_number(v, &is_int, &i);
}

static uint64
unsigned_number(compiler *c, const JsonbValue *v)
{
	char	   *digits;
	char	   *end;
	uint64		value;

	if (v->type != jbvNumeric)
		fail(c, "expected an unsigned integer");
	digits = DatumGetCString(DirectFunctionCall1(numeric_out,
												 NumericGetDatum(v->val.numeric)));
	errno = 0;
	value = strtoull(digits, &end, 10);
	if (*digits == '-' || *end != '\0' || errno == ERANGE)
		fail(c, "expected an unsigned integer");
	return value;
}

static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/* The values of any, except: all strings or all integers. */
static void
compile_list(compiler *c, const JsonbValue *list, bool except)
{
	JsonbContainer *array;
	int			n;
	int			at;
	bool		strings = true;
	int64	   *ints;

	if (!is_array(list))
		fail(c, "expected an array");
	array = list->val.binary.data;
	n = JsonContainerSize(array);
	ints = palloc(sizeof(int64) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		JsonbValue *v = getIthJsonbValueFromContainer(array, i);
		bool		is_int = false;

		if (v->type == jbvNumeric)
			qd_json_number(v, &is_int, &ints[i]);
		if (i == 0)
			strings = v->type == jbvString;
		if (strings ? v->type != jbvString : !is_int)
			fail(c, "expected an array of strings or an array of integers");
	}
	if (strings)
	{
		at = begin_node(c, except ? QD_TEST_NOT_STRINGS : QD_TEST_STRINGS, n);
		for (int i = 0; i < n; i++)
		{
			JsonbValue *v = getIthJsonbValueFromContainer(array, i);

			add_string(c, v->val.string.val, v->val.string.len);
		}
	}
	else
	{
		qsort(ints, n, sizeof(int64), compare_int64);
		at = begin_node(c, except ? QD_TEST_NOT_INTS : QD_TEST_INTS, n);
		add_bytes(c, ints, sizeof(int64) * n);
	}
	end_node(c, at);
}

static void
compile_value(compiler *c, const JsonbValue *v)
{
	int			at;
	int64		i = 0;
	bool		is_int = false;

	if (v->type == jbvNumeric)
		qd_json_number(v, &is_int, &i);
	if (v->type == jbvString)
	{
		at = begin_node(c, QD_TEST_STRINGS, 1);
		add_string(c, v->val.string.val, v->val.string.len);
	}
	else if (v->type == jbvBool)
		at = begin_node(c, QD_TEST_BOOL, v->val.boolean);
	else if (is_int)
	{
		at = begin_node(c, QD_TEST_INTS, 1);
		add_bytes(c, &i, sizeof(i));
	}
	else
		fail(c, "expected a string, an integer or a boolean");
	end_node(c, at);
}

static void
compile_text(compiler *c, uint32 kind, const JsonbValue *v)
{
	int			at;

	if (v->type != jbvString)
		fail(c, "expected a string");
	at = begin_node(c, kind, 1);
	add_string(c, v->val.string.val, v->val.string.len);
	end_node(c, at);
}

/* text_any without an index: the pieces between blanks. */
static void
compile_text_any(compiler *c, const JsonbValue *v)
{
	const char *p;
	const char *end;
	int			at;
	uint32		n = 0;

	if (v->type != jbvString)
		fail(c, "expected a string");
	at = begin_node(c, QD_TEST_TEXT_ANY, 0);
	p = v->val.string.val;
	end = p + v->val.string.len;
	while (p < end)
	{
		const char *start;

		while (p < end && strchr(" \t\n\r\v\f", *p))
			p++;
		start = p;
		while (p < end && !strchr(" \t\n\r\v\f", *p))
			p++;
		if (p > start)
		{
			add_string(c, start, p - start);
			n++;
		}
	}
	((qd_node *) (c->out.data + at))->n = n;
	end_node(c, at);
}

static void
compile_match(compiler *c, const JsonbValue *match)
{
	static const char *const names[] = {"value", "any", "except", "text",
	"text_any", "phrase", "prefix", NULL};
	JsonbContainer *object;
	int			found = 0;

	if (!is_object(match))
		fail(c, "expected an object");
	object = match->val.binary.data;
	only_members(c, object, names);
	for (int i = 0; names[i]; i++)
	{
		JsonbValue *v = member(object, names[i]);
		int			mark;

		if (v == NULL)
			continue;
		if (found++ > 0)
			fail(c, "expected one kind of match");
		mark = enter(c, names[i]);
		switch (i)
		{
			case 0:
				compile_value(c, v);
				break;
			case 1:
			case 2:
				compile_list(c, v, i == 2);
				break;
			case 3:
			case 5:
				compile_text(c, QD_TEST_TEXT, v);
				break;
			case 4:
				compile_text_any(c, v);
				break;
			case 6:
				compile_text(c, QD_TEST_PREFIX, v);
				break;
		}
		leave(c, mark);
	}
	if (found == 0)
		fail(c, "expected value, any, except, text, text_any, phrase or prefix");
}

static const char *const bound_names[] = {"lt", "gt", "gte", "lte", NULL};

static void
compile_range(compiler *c, const JsonbValue *range)
{
	JsonbValue *bounds[4];
	uint32		given = 0;
	bool		dates = false;
	double		numbers[4] = {0};
	int64		times[8] = {0};
	int			at;

	if (!is_object(range))
		fail(c, "expected an object");
	only_members(c, range->val.binary.data, bound_names);
	for (int i = 0; i < 4; i++)
	{
		bounds[i] = member(range->val.binary.data, bound_names[i]);
		if (bounds[i])
			given |= 1 << i;
		if (bounds[i] && bounds[i]->type == jbvString)
			dates = true;
	}
	for (int i = 0; i < 4; i++)
	{
		qd_datetime t;

		if (bounds[i] == NULL)
			continue;
		if (!dates)
			numbers[i] = number(c, bounds[i]);
		else if (bounds[i]->type != jbvString)
			fail(c, "bounds must be all numbers or all datetimes");
		else if (!qd_datetime_parse(bounds[i]->val.string.val,
									bounds[i]->val.string.len, &t))
			fail(c, psprintf("\"%.*s\" is not a datetime",
							 Min(bounds[i]->val.string.len, 100),
							 bounds[i]->val.string.val));
		else
		{
			times[2 * i] = t.seconds;
			times[2 * i + 1] = t.nanos;
		}
	}
	at = begin_node(c, dates ? QD_TEST_DATETIME : QD_TEST_RANGE, given);
	if (dates)
		add_bytes(c, times, sizeof(times));
	else
		add_bytes(c, numbers, sizeof(numbers));
	end_node(c, at);
}

static void
compile_count(compiler *c, const JsonbValue *count)
{
	uint64		values[4] = {0};
	uint32		given = 0;
	int			at;

	if (!is_object(count))
		fail(c, "expected an object");
	only_members(c, count->val.binary.data, bound_names);
	for (int i = 0; i < 4; i++)
	{
		JsonbValue *v = member(count->val.binary.data, bound_names[i]);

		if (v == NULL)
			continue;
		given |= 1 << i;
		values[i] = unsigned_number(c, v);
	}
	if (given == 0)
		fail(c, "expected at least one of lt, gt, gte, lte");
	at = begin_node(c, QD_TEST_COUNT, given);
	add_bytes(c, values, sizeof(values));
	end_node(c, at);
}

static qd_geo_point
geo_point(compiler *c, const JsonbValue *v)
{
	static const char *const names[] = {"lon", "lat", NULL};
	qd_geo_point p;
	JsonbValue *lon;
	JsonbValue *lat;

	if (v == NULL || !is_object(v))
		fail(c, "expected an object with lon and lat");
	only_members(c, v->val.binary.data, names);
	lon = member(v->val.binary.data, "lon");
	lat = member(v->val.binary.data, "lat");
	if (lon == NULL || lat == NULL)
		fail(c, "expected an object with lon and lat");
	p.lon = number(c, lon);
	p.lat = number(c, lat);
	if (!(p.lon >= -180 && p.lon <= 180 && p.lat >= -90 && p.lat <= 90))
		fail(c, "longitude must be in -180 to 180, latitude in -90 to 90");
	return p;
}

static void
compile_box(compiler *c, const JsonbValue *box)
{
	static const char *const names[] = {"top_left", "bottom_right", NULL};
	qd_geo_point corners[2];
	int			at;

	if (!is_object(box))
		fail(c, "expected an object");
	only_members(c, box->val.binary.data, names);
	for (int i = 0; i < 2; i++)
		corners[i] = geo_point(c, member(box->val.binary.data, names[i]));
	at = begin_node(c, QD_TEST_BOX, 0);
	add_bytes(c, corners, sizeof(corners));
	end_node(c, at);
}

static void
compile_radius(compiler *c, const JsonbValue *circle)
{
	static const char *const names[] = {"center", "radius", NULL};
	qd_geo_point center;
	JsonbValue *radius;
	double		metres;
	int			at;

	if (!is_object(circle))
		fail(c, "expected an object");
	only_members(c, circle->val.binary.data, names);
	center = geo_point(c, member(circle->val.binary.data, "center"));
	radius = member(circle->val.binary.data, "radius");
	if (radius == NULL)
		fail(c, "expected a radius");
	metres = number(c, radius);
	at = begin_node(c, QD_TEST_RADIUS, 0);
	add_bytes(c, &center, sizeof(center));
	add_bytes(c, &metres, sizeof(metres));
	end_node(c, at);
}

static void
compile_ring(compiler *c, const JsonbValue *ring)
{
	static const char *const names[] = {"points", NULL};
	JsonbValue *points;
	qd_geo_point first = {0, 0};
	qd_geo_point last = {0, 0};
	int			n;
	int			at;

	if (ring == NULL || !is_object(ring))
		fail(c, "expected an object with points");
	only_members(c, ring->val.binary.data, names);
	points = member(ring->val.binary.data, "points");
	if (points == NULL || !is_array(points))
		fail(c, "expected an array of points");
	n = JsonContainerSize(points->val.binary.data);
	if (n < 4)
		fail(c, "a polygon's line must have at least 4 points");
	at = begin_node(c, QD_PATH, n);
	for (int i = 0; i < n; i++)
	{
		last = geo_point(c, getIthJsonbValueFromContainer(points->val.binary.data, i));
		if (i == 0)
			first = last;
		add_bytes(c, &last, sizeof(last));
	}
	if (first.lon != last.lon || first.lat != last.lat)
		fail(c, "a polygon's line must end where it starts");
	end_node(c, at);
}

static void
compile_polygon(compiler *c, const JsonbValue *polygon)
{
	static const char *const names[] = {"exterior", "interiors", NULL};
	JsonbValue *holes;
	int			n = 0;
	int			at;

	if (!is_object(polygon))
		fail(c, "expected an object");
	only_members(c, polygon->val.binary.data, names);
	holes = member(polygon->val.binary.data, "interiors");
	if (holes && !is_array(holes))
		fail(c, "interiors must be an array");
	if (holes)
		n = JsonContainerSize(holes->val.binary.data);
	at = begin_node(c, QD_TEST_POLYGON, n + 1);
	compile_ring(c, member(polygon->val.binary.data, "exterior"));
	for (int i = 0; i < n; i++)
		compile_ring(c, getIthJsonbValueFromContainer(holes->val.binary.data, i));
	end_node(c, at);
}

static void
compile_flag(compiler *c, uint32 kind, const JsonbValue *v)
{
	if (v->type != jbvBool)
		fail(c, "expected a boolean");
	end_node(c, begin_node(c, kind, v->val.boolean));
}

static const char *const field_names[] = {"key", "match", "range",
	"geo_bounding_box", "geo_radius", "geo_polygon", "values_count",
	"is_empty", "is_null", NULL};

/* One predicate of a field condition, by its index in field_names. */
static void
compile_predicate(compiler *c, int which, const JsonbValue *v)
{
	switch (which)
	{
		case 1:
			compile_match(c, v);
			break;
		case 2:
			compile_range(c, v);
			break;
		case 3:
			compile_box(c, v);
			break;
		case 4:
			compile_radius(c, v);
			break;
		case 5:
			compile_polygon(c, v);
			break;
		case 6:
			compile_count(c, v);
			break;
		case 7:
			compile_flag(c, QD_TEST_IS_EMPTY, v);
			break;
		case 8:
			compile_flag(c, QD_TEST_IS_NULL, v);
			break;
	}
}

/*
 * Several predicates are ORed for a value; values_count, is_empty and is_null
 * take over alone, in that order.
 */
static void
compile_field(compiler *c, JsonbContainer *object)
{
	int			at = begin_node(c, QD_FIELD, 0);
	uint32		n = 0;
	int			alone = 0;

	only_members(c, object, field_names);
	add_path(c, member(object, "key"));
	for (int i = 8; i >= 6; i--)
	{
		if (member(object, field_names[i]))
			alone = i;
	}
	for (int i = 1; field_names[i]; i++)
	{
		JsonbValue *v = member(object, field_names[i]);
		int			mark;
		int			before = c->out.len;

		if (v == NULL)
			continue;
		mark = enter(c, field_names[i]);
		compile_predicate(c, i, v);
		leave(c, mark);
		if (alone && i != alone)
			c->out.len = before;
		else
			n++;
	}
	if (n == 0)
		fail(c, "at least one field condition must be specified");
	((qd_node *) (c->out.data + at))->n = n;
	end_node(c, at);
}

/* {"is_empty": {"key": k}} and is_null */
static void
compile_emptiness(compiler *c, uint32 kind, const JsonbValue *v)
{
	static const char *const names[] = {"key", NULL};
	int			at;

	if (!is_object(v))
		fail(c, "expected an object with a key");
	only_members(c, v->val.binary.data, names);
	at = begin_node(c, kind, 0);
	add_path(c, member(v->val.binary.data, "key"));
	end_node(c, at);
}

static void
compile_id(compiler *c, const JsonbValue *v)
{
	struct varlena *id = NULL;

	if (v->type == jbvString)
	{
		char	   *s = pnstrdup(v->val.string.val, v->val.string.len);

		/* a number has to be written as one */
		if (strlen(s) > 20)
			id = qd_point_id_parse(s);
	}
	else if (v->type == jbvNumeric)
		id = qd_point_id_from_number(unsigned_number(c, v));
	if (id == NULL)
		fail(c, "an id must be an unsigned integer or a UUID");
	add_string(c, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id));
}

static void
compile_has_id(compiler *c, const JsonbValue *v)
{
	int			n;
	int			at;

	if (!is_array(v))
		fail(c, "expected an array of ids");
	n = JsonContainerSize(v->val.binary.data);
	at = begin_node(c, QD_HAS_ID, n);
	for (int i = 0; i < n; i++)
		compile_id(c, getIthJsonbValueFromContainer(v->val.binary.data, i));
	end_node(c, at);
	c->needs_point = true;
}

static void
compile_slice(compiler *c, const JsonbValue *v)
{
	static const char *const names[] = {"total", "index", NULL};
	JsonbValue *total;
	JsonbValue *index;
	uint64		t;
	uint64		i;
	int			at;

	if (!is_object(v))
		fail(c, "expected an object with total and index");
	only_members(c, v->val.binary.data, names);
	total = member(v->val.binary.data, "total");
	index = member(v->val.binary.data, "index");
	if (total == NULL || index == NULL)
		fail(c, "expected an object with total and index");
	t = unsigned_number(c, total);
	i = unsigned_number(c, index);
	if (t < 1 || t > PG_UINT32_MAX || i >= t)
		fail(c, "total must be 1 or larger, index less than total");
	at = begin_node(c, QD_SLICE, (uint32) t);
	add_bytes(c, &i, sizeof(i));
	end_node(c, at);
	c->needs_point = true;
}

static void
compile_nested(compiler *c, const JsonbValue *v)
{
	static const char *const names[] = {"key", "filter", NULL};
	JsonbValue *filter;
	int			at;
	bool		before = c->needs_point;

	if (!is_object(v))
		fail(c, "expected an object with key and filter");
	only_members(c, v->val.binary.data, names);
	filter = member(v->val.binary.data, "filter");
	if (filter == NULL || !is_object(filter))
		fail(c, "expected an object with key and filter");
	at = begin_node(c, QD_NESTED, 0);
	add_path(c, member(v->val.binary.data, "key"));
	compile_filter(c, filter->val.binary.data);
	end_node(c, at);
	/* inside, has_id and its like are never true, and need no point */
	c->needs_point = before;
}

static void
compile_has_vector(compiler *c, const JsonbValue *v)
{
	compile_text(c, QD_HAS_VECTOR, v);
	c->needs_point = true;
}

static void
compile_special(compiler *c, int which, const JsonbValue *v)
{
	switch (which)
	{
		case 0:
			compile_emptiness(c, QD_IS_EMPTY, v);
			break;
		case 1:
			compile_emptiness(c, QD_IS_NULL, v);
			break;
		case 2:
			compile_has_id(c, v);
			break;
		case 3:
			compile_has_vector(c, v);
			break;
		case 4:
			compile_slice(c, v);
			break;
		case 5:
			compile_nested(c, v);
			break;
	}
}

static void
compile_condition(compiler *c, const JsonbValue *v)
{
	static const char *const specials[] = {"is_empty", "is_null", "has_id",
	"has_vector", "slice", "nested", NULL};
	JsonbContainer *object;

	check_stack_depth();
	if (!is_object(v))
		fail(c, "a condition must be an object");
	object = v->val.binary.data;
	if (getKeyJsonValueFromContainer(object, "key", 3, NULL))
	{
		compile_field(c, object);
		return;
	}
	for (int i = 0; specials[i]; i++)
	{
		JsonbValue *inner = member(object, specials[i]);
		int			mark;

		if (inner == NULL)
			continue;
		if (JsonContainerSize(object) != 1)
			fail(c, psprintf("\"%s\" must stand alone", specials[i]));
		mark = enter(c, specials[i]);
		compile_special(c, i, inner);
		leave(c, mark);
		return;
	}
	compile_filter(c, object);
}

/* A clause is one condition, an array of them, or null; returns how many. */
static uint32
compile_clause(compiler *c, const JsonbValue *v)
{
	uint32		n = 1;

	if (is_array(v))
	{
		n = JsonContainerSize(v->val.binary.data);
		for (uint32 i = 0; i < n; i++)
		{
			int			mark = enter_item(c, i);

			compile_condition(c, getIthJsonbValueFromContainer(v->val.binary.data, i));
			leave(c, mark);
		}
	}
	else
		compile_condition(c, v);
	return n;
}

static void
compile_min_should(compiler *c, const JsonbValue *v, qd_filter_node *node)
{
	static const char *const names[] = {"conditions", "min_count", NULL};
	JsonbValue *conditions;
	JsonbValue *count;

	if (!is_object(v))
		fail(c, "expected an object with conditions and min_count");
	only_members(c, v->val.binary.data, names);
	conditions = member(v->val.binary.data, "conditions");
	count = member(v->val.binary.data, "min_count");
	if (conditions == NULL || !is_array(conditions) || count == NULL)
		fail(c, "expected an object with conditions and min_count");
	node->min_count = unsigned_number(c, count);
	if (node->min_count == 0)
		fail(c, "min_count must be greater than 0");
	node->n_min_should = compile_clause(c, conditions);
}

static void
compile_filter(compiler *c, JsonbContainer *object)
{
	static const char *const names[] = {"must", "should", "must_not",
	"min_should", NULL};
	int			at = c->out.len;
	qd_filter_node node = {{QD_FILTER, 0, 0}, 0, 0, 0, 0, 0};
	uint32	   *counts[] = {&node.n_must, &node.n_should, &node.n_must_not};

	check_stack_depth();
	only_members(c, object, names);
	add_bytes(c, &node, sizeof(node));
	for (int i = 0; names[i]; i++)
	{
		JsonbValue *v = member(object, names[i]);
		int			mark;

		if (v == NULL)
			continue;
		mark = enter(c, names[i]);
		if (i < 3)
			*counts[i] = compile_clause(c, v);
		else
			compile_min_should(c, v, &node);
		leave(c, mark);
	}
	memcpy(c->out.data + at, &node, sizeof(node));
	end_node(c, at);
}

qd_filter *
qd_filter_compile(Jsonb *json)
{
	compiler	c;
	qd_filter	header = {0};
	char	   *str;

	c.needs_point = false;
	initStringInfo(&c.out);
	initStringInfo(&c.where);
	if (!JB_ROOT_IS_OBJECT(json))
		fail(&c, "expected an object");
	add_bytes(&c, &header, offsetof(qd_filter, root));
	compile_filter(&c, &json->root);
	str = JsonbToCString(NULL, &json->root, VARSIZE(json));
	header.needs_point = c.needs_point;
	header.text_offset = c.out.len;
	header.text_length = strlen(str);
	add_bytes(&c, str, header.text_length);
	memcpy(c.out.data, &header, offsetof(qd_filter, root));
	SET_VARSIZE(c.out.data, c.out.len);
	pfree(str);
	return (qd_filter *) c.out.data;
}
