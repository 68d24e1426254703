/*
 * hooks_filter.c
 *		Filters and their conditions, order_by.
 *
 * A filter refuses members it does not know.  A condition looks at those it
 * wants: "key" makes it a field condition, whose faults are named; otherwise
 * the forms are tried in turn, and when none fits there is one text for all.
 */
#include "model/hooks.h"

#include <math.h>

#include "model/datetime.h"
#include "model/json_path.h"
#include "model/qdrant.pb-c.h"

#define NO_CONDITION \
	"Expected some form of condition, which can be a field condition (like " \
	"{\"key\": ..., \"match\": ... }), or some other mentioned in the " \
	"documentation: https://qdrant.tech/documentation/concepts/filtering/" \
	"#filtering-conditions"

static bool read_condition(jctx *c, jnode *v, Qdrant__Condition *out);

/* Field conditions are read by a reader of Qdrant's own, with its own words. */
static bool
fail_field_type(jctx *c, const jnode *v, const char *expected)
{
	return jc_fail(c, "Invalid %s %s. Expected %s",
				   v->kind == J_INT ? "value" : "type", jc_describe(c, v),
				   expected);
}

/*----------
 * match
 *----------
 */

static bool
to_int64(const jnode *v, int64_t *out)
{
	if (v->kind == J_UINT && v->u <= INT64_MAX)
		*out = (int64_t) v->u;
	else if (v->kind == J_INT)
		*out = v->i;
	else
		return false;
	return true;
}

static bool
read_match_value(jctx *c, jnode *v, Qdrant__Match *m)
{
	if (v->kind == J_BOOL)
	{
		m->match_value_case = QDRANT__MATCH__MATCH_VALUE_BOOLEAN;
		m->boolean = v->b;
		return true;
	}
	if (to_int64(v, &m->integer))
	{
		m->match_value_case = QDRANT__MATCH__MATCH_VALUE_INTEGER;
		return true;
	}
	m->match_value_case = QDRANT__MATCH__MATCH_VALUE_KEYWORD;
	return v->kind == J_STRING && jc_text(c, v, &m->keyword);
}

/* All strings, or all integers; nothing at all counts as strings. */
static bool
read_match_list(jctx *c, jnode *v, Qdrant__Match *m, bool except)
{
	Qdrant__RepeatedStrings *strings;
	Qdrant__RepeatedIntegers *ints;

	if (v->kind != J_ARRAY || !jc_items(c, v))
		return false;
	if (v->n == 0 || v->items[0].kind == J_STRING)
	{
		jslot		to;

		strings = (Qdrant__RepeatedStrings *)
			jc_new(c, &qdrant__repeated_strings__descriptor);
		to = jc_slot(&strings->base, "strings");
		if (!hook_strings(c, v, &to))
			return false;
		m->match_value_case = except ? QDRANT__MATCH__MATCH_VALUE_EXCEPT_KEYWORDS :
			QDRANT__MATCH__MATCH_VALUE_KEYWORDS;
		m->keywords = strings;
		return true;
	}
	ints = (Qdrant__RepeatedIntegers *)
		jc_new(c, &qdrant__repeated_integers__descriptor);
	ints->n_integers = v->n;
	ints->integers = arena_array(c->a, v->n, sizeof(ints->integers[0]));
	for (uint32_t i = 0; i < v->n; i++)
	{
		if (!to_int64(&v->items[i], &ints->integers[i]))
			return false;
	}
	m->match_value_case = except ? QDRANT__MATCH__MATCH_VALUE_EXCEPT_INTEGERS :
		QDRANT__MATCH__MATCH_VALUE_INTEGERS;
	m->integers = ints;
	return true;
}

static bool
read_match_text(jctx *c, jnode *v, Qdrant__Match *m, int which)
{
	if (v->kind != J_STRING || !jc_text(c, v, &m->text))
		return false;
	m->match_value_case = which;
	return true;
}

/* The first kind that is there and fits counts. */
static bool
read_match(jctx *c, jnode *v, Qdrant__Match *m)
{
	static const struct
	{
		const char *name;
		int			text;		/* of the text kinds: the oneof's case */
	}			kinds[] = {
		{"value", 0},
		{"text", QDRANT__MATCH__MATCH_VALUE_TEXT},
		{"text_any", QDRANT__MATCH__MATCH_VALUE_TEXT_ANY},
		{"phrase", QDRANT__MATCH__MATCH_VALUE_PHRASE},
		{"any", 0},
		{"except", 0},
		{"prefix", QDRANT__MATCH__MATCH_VALUE_PREFIX}
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		jnode	   *inner = jc_member(c, v, kinds[i].name);
		bool		ok;

		if (inner == NULL)
			continue;
		if (kinds[i].text)
			ok = read_match_text(c, inner, m, kinds[i].text);
		else if (i == 0)
			ok = read_match_value(c, inner, m);
		else
			ok = read_match_list(c, inner, m, i == 5);
		if (JC_TRY(c, ok))
			return true;
	}
	return jc_fail_union(c, JC_NO_VARIANT("MatchInterface"));
}

static bool
decode_match(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *m = jc_new(c, &qdrant__match__descriptor);

	if (!read_match(c, v, (Qdrant__Match *) m))
		return false;
	jc_set_message(to, m);
	return true;
}

/*----------
 * range, values_count
 *----------
 */

static const char *const bound_names[] = {"lt", "gt", "gte", "lte"};

static bool
read_datetime(jctx *c, jnode *v, Google__Protobuf__Timestamp **out)
{
	datetime	t;

	if (v->kind != J_STRING)
		return jc_fail_type(c, v, "a string");
	if (!datetime_parse((slice) {v->s, v->n}, &t))
		return jc_fail(c, "'%.*s' does not match accepted datetime format "
					   "(RFC3339). Example: 2014-01-01T00:00:00Z",
					   (int) v->n, v->s);
	*out = (Google__Protobuf__Timestamp *)
		jc_new(c, &google__protobuf__timestamp__descriptor);
	(*out)->seconds = t.seconds;
	(*out)->nanos = t.nanos;
	return true;
}

static bool
read_datetime_range(jctx *c, jnode **bounds, Qdrant__FieldCondition *f)
{
	Qdrant__DatetimeRange *r = (Qdrant__DatetimeRange *)
		jc_new(c, &qdrant__datetime_range__descriptor);
	Google__Protobuf__Timestamp **out[] = {&r->lt, &r->gt, &r->gte, &r->lte};

	for (int i = 0; i < 4; i++)
	{
		if (bounds[i] && !read_datetime(c, bounds[i], out[i]))
			return false;
	}
	f->datetime_range = r;
	return true;
}

/*
 * Numbers, or datetimes as soon as one bound is a string; whatever else a
 * bound is fits neither.
 */
static bool
decode_range(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__FieldCondition *f = (Qdrant__FieldCondition *) to->msg;
	ProtobufCMessage *r;
	jfield		row = {"", NULL, NULL, jc_f64, NULL, 0};
	jnode	   *bounds[4];
	bool		strings = false;
	bool		others = v->kind != J_OBJECT;

	for (int i = 0; i < 4 && !others; i++)
	{
		bounds[i] = jc_member(c, v, bound_names[i]);
		if (bounds[i] && bounds[i]->kind == J_NULL)
			bounds[i] = NULL;
		strings |= bounds[i] && bounds[i]->kind == J_STRING;
		others |= bounds[i] && (bounds[i]->kind == J_BOOL ||
								bounds[i]->kind >= J_ARRAY);
	}
	if (others)
		return jc_fail_union(c, JC_NO_VARIANT("RangeInterfaceUntagged"));
	if (strings)
		return read_datetime_range(c, bounds, f);
	r = jc_new(c, &qdrant__range__descriptor);
	for (int i = 0; i < 4; i++)
	{
		jslot		slot = jc_slot(r, bound_names[i]);

		slot.row = &row;
		if (bounds[i] && !jc_f64(c, bounds[i], &slot))
			return false;
	}
	f->range = (Qdrant__Range *) r;
	return true;
}

static bool
decode_values_count(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *r = jc_new(c, &qdrant__values_count__descriptor);

	if (v->kind != J_OBJECT)
		return fail_field_type(c, v, "struct ValuesCount");
	for (int i = 0; i < 4; i++)
	{
		jnode	   *bound = jc_member(c, v, bound_names[i]);
		jslot		slot = jc_slot(r, bound_names[i]);

		if (bound == NULL || bound->kind == J_NULL)
			continue;
		if (bound->kind != J_UINT)
			return fail_field_type(c, bound, "usize");
		jc_set_u64(&slot, bound->u);
	}
	jc_set_message(to, r);
	return true;
}

/*----------
 * geo
 *----------
 */

static bool
read_coordinate(jctx *c, jnode *point, const char *name, double *out)
{
	jnode	   *v = jc_member(c, point, name);

	if (v == NULL || v->kind == J_NULL)
		return jc_fail(c, "Missing field %s", name);
	if (v->kind == J_UINT)
		*out = (double) v->u;
	else if (v->kind == J_INT)
		*out = (double) v->i;
	else if (v->kind == J_DOUBLE)
		*out = v->d;
	else
		return fail_field_type(c, v, "f64");
	return true;
}

static bool
read_geo_point(jctx *c, jnode *v, Qdrant__GeoPoint **out)
{
	Qdrant__GeoPoint *p = (Qdrant__GeoPoint *) jc_new(c, &qdrant__geo_point__descriptor);

	if (v->kind != J_OBJECT)
		return fail_field_type(c, v, "struct GeoPointShadow");
	if (!read_coordinate(c, v, "lon", &p->lon) ||
		!read_coordinate(c, v, "lat", &p->lat))
		return false;
	if (!(fabs(p->lat) <= 90 && fabs(p->lon) <= 180))
		return jc_fail(c, "Wrong format of GeoPoint payload: expected `lat` = "
					   "%s within [-90;90] and `lon` = %s within [-180;180]",
					   jc_display(c->a, p->lat), jc_display(c->a, p->lon));
	*out = p;
	return true;
}

static bool
read_point_member(jctx *c, jnode *v, const char *name, Qdrant__GeoPoint **out)
{
	jnode	   *point = jc_member(c, v, name);

	if (point == NULL || point->kind == J_NULL)
		return jc_fail(c, "Missing field %s", name);
	return read_geo_point(c, point, out);
}

static bool
decode_box(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__GeoBoundingBox *box = (Qdrant__GeoBoundingBox *)
		jc_new(c, &qdrant__geo_bounding_box__descriptor);

	if (v->kind != J_OBJECT)
		return fail_field_type(c, v, "struct GeoBoundingBox");
	if (!read_point_member(c, v, "top_left", &box->top_left) ||
		!read_point_member(c, v, "bottom_right", &box->bottom_right))
		return false;
	jc_set_message(to, &box->base);
	return true;
}

static bool
decode_radius(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__GeoRadius *circle = (Qdrant__GeoRadius *)
		jc_new(c, &qdrant__geo_radius__descriptor);
	double		radius;

	if (v->kind != J_OBJECT)
		return fail_field_type(c, v, "struct GeoRadius");
	if (!read_point_member(c, v, "center", &circle->center) ||
		!read_coordinate(c, v, "radius", &radius))
		return false;
	circle->radius = (float) radius;
	jc_set_message(to, &circle->base);
	return true;
}

static bool
read_ring(jctx *c, jnode *v, Qdrant__GeoLineString **out)
{
	Qdrant__GeoLineString *line = (Qdrant__GeoLineString *)
		jc_new(c, &qdrant__geo_line_string__descriptor);
	jnode	   *points = jc_member(c, v, "points");

	if (v->kind != J_OBJECT)
		return fail_field_type(c, v, "struct GeoLineString");
	if (points == NULL)
		return jc_fail(c, "Missing field points");
	if (!jc_items(c, points))
		return false;
	line->n_points = points->n;
	line->points = arena_array(c->a, points->n, sizeof(line->points[0]));
	for (uint32_t i = 0; i < points->n; i++)
	{
		if (!read_geo_point(c, &points->items[i], &line->points[i]))
			return false;
	}
	*out = line;
	return true;
}

static bool
check_ring(jctx *c, const Qdrant__GeoLineString *line)
{
	const Qdrant__GeoPoint *first;
	const Qdrant__GeoPoint *last;

	if (line->n_points < 4)
		return jc_fail(c, "Validation failed: polygon invalid, the size must "
					   "be at least 4, got %zu", line->n_points);
	first = line->points[0];
	last = line->points[line->n_points - 1];
	if (first->lon != last->lon || first->lat != last->lat)
		return jc_fail(c, "Validation failed: polygon invalid, the first and "
					   "the last points should be the same to form a closed line");
	return true;
}

static bool
decode_polygon(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__GeoPolygon *polygon = (Qdrant__GeoPolygon *)
		jc_new(c, &qdrant__geo_polygon__descriptor);
	jnode	   *exterior = jc_member(c, v, "exterior");
	jnode	   *interiors = jc_member(c, v, "interiors");

	if (v->kind != J_OBJECT)
		return fail_field_type(c, v, "struct GeoPolygonShadow");
	if (exterior == NULL)
		return jc_fail(c, "Missing field exterior");
	if (!read_ring(c, exterior, &polygon->exterior))
		return false;
	if (interiors && interiors->kind != J_NULL)
	{
		if (!jc_items(c, interiors))
			return false;
		polygon->n_interiors = interiors->n;
		polygon->interiors = arena_array(c->a, interiors->n,
										 sizeof(polygon->interiors[0]));
		for (uint32_t i = 0; i < interiors->n; i++)
		{
			if (!read_ring(c, &interiors->items[i], &polygon->interiors[i]))
				return false;
		}
	}
	if (!check_ring(c, polygon->exterior))
		return false;
	for (size_t i = 0; i < polygon->n_interiors; i++)
	{
		if (!check_ring(c, polygon->interiors[i]))
			return false;
	}
	jc_set_message(to, &polygon->base);
	return true;
}

/*----------
 * conditions
 *----------
 */

static bool
decode_flag(jctx *c, jnode *v, const jslot *to)
{
	if (v->kind != J_BOOL)
		return fail_field_type(c, v, "a boolean");
	jc_set_bool(to, v->b);
	return true;
}

static const jfield field_fields[] = {
	{"key", NULL, NULL, hook_path, NULL, JF_REQUIRED},
	{"match", NULL, NULL, decode_match, NULL, 0},
	{"range", NULL, NULL, decode_range, NULL, 0},
	{"geo_bounding_box", NULL, NULL, decode_box, NULL, 0},
	{"geo_radius", NULL, NULL, decode_radius, NULL, 0},
	{"geo_polygon", NULL, NULL, decode_polygon, NULL, 0},
	{"values_count", NULL, NULL, decode_values_count, NULL, 0},
	{"is_empty", NULL, NULL, decode_flag, NULL, 0},
	{"is_null", NULL, NULL, decode_flag, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject field_condition = {
	"struct FieldCondition", &qdrant__field_condition__descriptor, field_fields, 0, NULL
};

/* {"is_empty": {"key": path}}, is_null */
static const jfield key_fields[] = {
	{"key", NULL, NULL, hook_path, NULL, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject is_empty = {
	"struct PayloadField", &qdrant__is_empty_condition__descriptor, key_fields, 0, NULL
};

static const jobject is_null = {
	"struct PayloadField", &qdrant__is_null_condition__descriptor, key_fields, 0, NULL
};

static const jint_type slice_total = {"a nonzero u32", 1, UINT32_MAX};

static const jfield slice_fields[] = {
	{"total", NULL, NULL, jc_integer, &slice_total, JF_REQUIRED},
	{"index", NULL, NULL, jc_integer, &jc_u32, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject slice_condition = {
	"struct Slice", &qdrant__slice_condition__descriptor, slice_fields, 0, NULL
};

static const jfield nested_fields[] = {
	{"key", NULL, NULL, hook_path, NULL, JF_REQUIRED},
	{"filter", NULL, NULL, jc_message, &hook_filter_object, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject nested = {
	"struct Nested", &qdrant__nested_condition__descriptor, nested_fields, 0, NULL
};

/* Row of a table whose value stands in a message of its own. */
static const jfield has_id_fields[] = {
	{"has_id", NULL, NULL, hook_ids, NULL, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject has_id = {
	"struct HasIdCondition", &qdrant__has_id_condition__descriptor, has_id_fields, 0, NULL
};

static const jfield has_vector_fields[] = {
	{"has_vector", NULL, NULL, jc_string, NULL, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject has_vector = {
	"struct HasVectorCondition", &qdrant__has_vector_condition__descriptor, has_vector_fields, 0, NULL
};

/* The forms without "key": the named member's value, or the whole object. */
static const struct
{
	const char *name;
	bool		whole;
	const jobject *object;
}			forms[] = {
	{"is_empty", false, &is_empty},
	{"is_null", false, &is_null},
	{"has_id", true, &has_id},
	{"nested", false, &nested},
	{"has_vector", true, &has_vector},
	{"slice", false, &slice_condition}
};

static bool
read_forms(jctx *c, jnode *v, Qdrant__Condition *out)
{
	jslot		to;
	ProtobufCMessage *inner;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
	{
		jnode	   *form = jc_member(c, v, forms[i].name);

		if (form == NULL)
			continue;
		inner = jc_new(c, forms[i].object->message);
		if (!JC_TRY(c, jc_object(c, forms[i].whole ? v : form,
								 forms[i].object, inner)))
			continue;
		to = jc_slot(&out->base, forms[i].name);
		jc_set_message(&to, inner);
		return true;
	}
	inner = jc_new(c, &qdrant__filter__descriptor);
	if (!jc_object(c, v, &hook_filter_object, inner))
		return false;
	to = jc_slot(&out->base, "filter");
	jc_set_message(&to, inner);
	return true;
}

static bool
read_condition(jctx *c, jnode *v, Qdrant__Condition *out)
{
	jnode	   *key = jc_member(c, v, "key");
	bool		ok;

	if (v->kind != J_OBJECT)
		return jc_fail_union(c, NO_CONDITION);
	if (key)
	{
		ProtobufCMessage *f = jc_new(c, &qdrant__field_condition__descriptor);

		if (key->kind != J_STRING)
			return jc_fail(c, "Filter condition 'key' must be a string");
		if (!jc_object(c, v, &field_condition, f))
			return false;
		out->condition_one_of_case = QDRANT__CONDITION__CONDITION_ONE_OF_FIELD;
		out->field = (Qdrant__FieldCondition *) f;
		return true;
	}
	ok = read_forms(c, v, out);
	return ok || jc_fail_union(c, NO_CONDITION);
}

/* Conditions are read from a buffer: nothing inside has a position. */
static bool
decode_conditions(jctx *c, jnode *v, const jslot *to)
{
	bool		one = v->kind == J_OBJECT;
	size_t		n = one ? 1 : v->n;
	Qdrant__Condition **list;

	if (!one && v->kind != J_ARRAY)
		return jc_fail_type(c, v, "null, array or map");
	if (!one && !jc_items(c, v))
		return false;
	list = arena_array(c->a, n, sizeof(list[0]));
	c->buffered++;
	for (size_t i = 0; i < n; i++)
	{
		list[i] = (Qdrant__Condition *) jc_new(c, &qdrant__condition__descriptor);
		if (!read_condition(c, one ? v : &v->items[i], list[i]))
		{
			c->buffered--;
			return false;
		}
	}
	c->buffered--;
	jc_set_list(to, n, list);
	return true;
}

static bool
decode_condition_array(jctx *c, jnode *v, const jslot *to)
{
	if (v->kind != J_ARRAY)
		return jc_fail_type(c, v, "a sequence");
	return decode_conditions(c, v, to);
}

static const jfield min_should_fields[] = {
	{"conditions", NULL, NULL, decode_condition_array, NULL, JF_REQUIRED},
	{"min_count", NULL, NULL, jc_integer, &jc_usize, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject min_should = {
	"struct MinShould", &qdrant__min_should__descriptor, min_should_fields, 0, NULL
};

static const jfield filter_fields[] = {
	{"should", NULL, NULL, decode_conditions, NULL, 0},
	{"min_should", NULL, NULL, jc_message, &min_should, 0},
	{"must", NULL, NULL, decode_conditions, NULL, 0},
	{"must_not", NULL, NULL, decode_conditions, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

const jobject hook_filter_object = {
	"struct Filter", &qdrant__filter__descriptor, filter_fields,
	JO_DENY_UNKNOWN, "`should`, `min_should`, `must`, `must_not`"
};

bool
hook_filter(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *filter = jc_new(c, &qdrant__filter__descriptor);

	if (!jc_object(c, v, &hook_filter_object, filter))
		return false;
	jc_set_message(to, filter);
	return true;
}

/*----------
 * order_by
 *----------
 */

static bool
decode_start_from(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__StartFrom *s = (Qdrant__StartFrom *) jc_new(c, &qdrant__start_from__descriptor);
	datetime	t;

	if (to_int64(v, &s->integer))
		s->value_case = QDRANT__START_FROM__VALUE_INTEGER;
	else if (v->kind == J_UINT || v->kind == J_DOUBLE)
	{
		s->value_case = QDRANT__START_FROM__VALUE_FLOAT;
		s->float_ = v->kind == J_UINT ? (double) v->u : v->d;
	}
	else if (v->kind == J_STRING && datetime_parse((slice) {v->s, v->n}, &t))
	{
		s->value_case = QDRANT__START_FROM__VALUE_DATETIME;
		if (!jc_text(c, v, &s->datetime))
			return false;
	}
	else
		return jc_fail_union(c, JC_NO_VARIANT("StartFrom"));
	jc_set_message(to, &s->base);
	return true;
}

static const jenum_type direction = {
	"`asc` or `desc`",
	(const jenum[]) {
		{"asc", QDRANT__DIRECTION__Asc},
		{"desc", QDRANT__DIRECTION__Desc},
		{NULL, 0}
	}
};

static const jfield order_by_fields[] = {
	{"key", NULL, NULL, hook_path, NULL, JF_REQUIRED},
	{"direction", NULL, NULL, jc_enum, &direction, 0},
	{"start_from", NULL, NULL, decode_start_from, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject order_by = {
	"struct OrderBy", &qdrant__order_by__descriptor, order_by_fields, 0, NULL
};

bool
hook_order_by(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, &qdrant__order_by__descriptor);
	bool		ok;

	c->buffered++;
	if (v->kind == J_STRING)
	{
		jslot		key = jc_slot(msg, "key");

		ok = hook_path(c, v, &key);
	}
	else
		ok = jc_object(c, v, &order_by, msg);
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, "Expected a string, or an object with a key, "
							 "direction and/or start_from");
	jc_set_message(to, msg);
	return true;
}
