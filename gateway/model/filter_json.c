/*
 * filter_json.c
 *		Writes Filter messages as Qdrant's filter JSON.
 *
 * What the extension's parser could not read back is written as something of
 * the same effect: infinite bounds as the largest double, NaN as a bound that
 * nothing meets, datetimes beyond its years as the first or last one.
 */
#include "model/filter_json.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "json/jwrite.h"
#include "model/datetime.h"
#include "model/json_path.h"
#include "model/qdrant.pb-c.h"

/* Where filters are written to, and what they are bound to. */
typedef struct writer
{
	buf			out;
	arena	   *a;
	const field_indexes *indexes;
	const char *prefix;			/* of keys within nested conditions */
} writer;

static void write_filter(writer *w, const Qdrant__Filter *filter);

static void
write_double(buf *out, double d)
{
	jw_f64(out, isinf(d) ? copysign(DBL_MAX, d) : d);
}

static void
write_strings(buf *out, char **strings, size_t n)
{
	bool		first = true;

	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++)
	{
		jw_item(out, &first);
		jw_cstring(out, strings[i]);
	}
	buf_addc(out, ']');
}

static void
write_integers(buf *out, const int64_t *integers, size_t n)
{
	bool		first = true;

	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++)
	{
		jw_item(out, &first);
		jw_i64(out, integers[i]);
	}
	buf_addc(out, ']');
}

static void
write_match(buf *out, const Qdrant__Match *m)
{
	bool		first = true;

	buf_addc(out, '{');
	switch (m->match_value_case)
	{
		case QDRANT__MATCH__MATCH_VALUE_KEYWORD:
			jw_key(out, &first, "value");
			jw_cstring(out, m->keyword);
			break;
		case QDRANT__MATCH__MATCH_VALUE_INTEGER:
			jw_key(out, &first, "value");
			jw_i64(out, m->integer);
			break;
		case QDRANT__MATCH__MATCH_VALUE_BOOLEAN:
			jw_key(out, &first, "value");
			jw_bool(out, m->boolean);
			break;
		case QDRANT__MATCH__MATCH_VALUE_TEXT:
			jw_key(out, &first, "text");
			jw_cstring(out, m->text);
			break;
		case QDRANT__MATCH__MATCH_VALUE_TEXT_ANY:
			jw_key(out, &first, "text_any");
			jw_cstring(out, m->text_any);
			break;
		case QDRANT__MATCH__MATCH_VALUE_PHRASE:
			jw_key(out, &first, "phrase");
			jw_cstring(out, m->phrase);
			break;
		case QDRANT__MATCH__MATCH_VALUE_PREFIX:
			jw_key(out, &first, "prefix");
			jw_cstring(out, m->prefix);
			break;
		case QDRANT__MATCH__MATCH_VALUE_KEYWORDS:
			jw_key(out, &first, "any");
			write_strings(out, m->keywords->strings, m->keywords->n_strings);
			break;
		case QDRANT__MATCH__MATCH_VALUE_INTEGERS:
			jw_key(out, &first, "any");
			write_integers(out, m->integers->integers,
						   m->integers->n_integers);
			break;
		case QDRANT__MATCH__MATCH_VALUE_EXCEPT_KEYWORDS:
			jw_key(out, &first, "except");
			write_strings(out, m->except_keywords->strings,
						  m->except_keywords->n_strings);
			break;
		case QDRANT__MATCH__MATCH_VALUE_EXCEPT_INTEGERS:
			jw_key(out, &first, "except");
			write_integers(out, m->except_integers->integers,
						   m->except_integers->n_integers);
			break;
		default:				/* refused by validation */
			break;
	}
	buf_addc(out, '}');
}

static void
write_bound(buf *out, bool *first, const char *name, bool given, double d)
{
	if (!given)
		return;
	jw_key(out, first, name);
	write_double(out, d);
}

static void
write_range(buf *out, const Qdrant__Range *r)
{
	bool		first = true;
	bool		nan = (r->has_lt && isnan(r->lt)) || (r->has_gt && isnan(r->gt)) ||
	(r->has_lte && isnan(r->lte)) || (r->has_gte && isnan(r->gte));

	buf_addc(out, '{');
	if (nan)
		write_bound(out, &first, "lt", true, -DBL_MAX);
	else
	{
		write_bound(out, &first, "lt", r->has_lt, r->lt);
		write_bound(out, &first, "gt", r->has_gt, r->gt);
		write_bound(out, &first, "gte", r->has_gte, r->gte);
		write_bound(out, &first, "lte", r->has_lte, r->lte);
	}
	buf_addc(out, '}');
}

static void
write_time(buf *out, bool *first, const char *name,
		   const Google__Protobuf__Timestamp *t)
{
	if (t == NULL)
		return;
	jw_key(out, first, name);
	buf_addc(out, '"');
	if (!datetime_print(out, (datetime) {t->seconds, t->nanos}))
		buf_adds(out, t->seconds < 0 ? "0000-01-01T00:00:00Z" :
				 "9999-12-31T23:59:59.999999Z");
	buf_addc(out, '"');
}

static void
write_datetime_range(buf *out, const Qdrant__DatetimeRange *r)
{
	bool		first = true;

	buf_addc(out, '{');
	write_time(out, &first, "lt", r->lt);
	write_time(out, &first, "gt", r->gt);
	write_time(out, &first, "gte", r->gte);
	write_time(out, &first, "lte", r->lte);
	buf_addc(out, '}');
}

static void
write_count(buf *out, const Qdrant__ValuesCount *r)
{
	const struct
	{
		const char *name;
		bool		given;
		uint64_t	value;
	}			bounds[] = {
		{"lt", r->has_lt, r->lt}, {"gt", r->has_gt, r->gt},
		{"gte", r->has_gte, r->gte}, {"lte", r->has_lte, r->lte}
	};
	bool		first = true;

	buf_addc(out, '{');
	for (int i = 0; i < 4; i++)
	{
		if (!bounds[i].given)
			continue;
		jw_key(out, &first, bounds[i].name);
		jw_u64(out, bounds[i].value);
	}
	buf_addc(out, '}');
}

static void
write_point(buf *out, const Qdrant__GeoPoint *p)
{
	bool		first = true;

	buf_addc(out, '{');
	jw_key(out, &first, "lon");
	write_double(out, p->lon);
	jw_key(out, &first, "lat");
	write_double(out, p->lat);
	buf_addc(out, '}');
}

static void
write_ring(buf *out, const Qdrant__GeoLineString *line)
{
	bool		first = true;

	buf_adds(out, "{\"points\":[");
	for (size_t i = 0; i < line->n_points; i++)
	{
		jw_item(out, &first);
		write_point(out, line->points[i]);
	}
	buf_adds(out, "]}");
}

static void
write_polygon(buf *out, const Qdrant__GeoPolygon *polygon)
{
	bool		first = true;

	buf_adds(out, "{\"exterior\":");
	write_ring(out, polygon->exterior);
	buf_adds(out, ",\"interiors\":[");
	for (size_t i = 0; i < polygon->n_interiors; i++)
	{
		jw_item(out, &first);
		write_ring(out, polygon->interiors[i]);
	}
	buf_adds(out, "]}");
}

static void
write_geo(buf *out, bool *first, const Qdrant__FieldCondition *f)
{
	if (f->geo_bounding_box)
	{
		jw_key(out, first, "geo_bounding_box");
		buf_adds(out, "{\"top_left\":");
		write_point(out, f->geo_bounding_box->top_left);
		buf_adds(out, ",\"bottom_right\":");
		write_point(out, f->geo_bounding_box->bottom_right);
		buf_addc(out, '}');
	}
	if (f->geo_radius)
	{
		jw_key(out, first, "geo_radius");
		buf_adds(out, "{\"center\":");
		write_point(out, f->geo_radius->center);
		buf_adds(out, ",\"radius\":");
		/* the shortest text of the float is what the client wrote */
		if (isfinite(f->geo_radius->radius))
			jw_f32(out, f->geo_radius->radius);
		else
			write_double(out, f->geo_radius->radius > 0 ? DBL_MAX : -1);
		buf_addc(out, '}');
	}
	if (f->geo_polygon)
	{
		jw_key(out, first, "geo_polygon");
		write_polygon(out, f->geo_polygon);
	}
}

/*
 * The semantics of the index on the key.  Within nested conditions only text
 * has them: as in Qdrant, which there looks at values.
 */
static void
write_binding(writer *w, bool *first, const char *key)
{
	const field_index *index;

	if (w->indexes->n == 0)
		return;
	index = field_index_find(w->indexes, slice_text(*w->prefix == '\0' ? key :
													arena_printf(w->a, "%s%s", w->prefix, key)));
	if (index == NULL || (*w->prefix != '\0' && index->type != INDEX_TEXT))
		return;
	jw_key(&w->out, first, "as");
	jw_raw(&w->out, index->schema);
}

static void
write_field(writer *w, const Qdrant__FieldCondition *f)
{
	buf		   *out = &w->out;
	bool		first = true;

	buf_addc(out, '{');
	jw_key(out, &first, "key");
	jw_cstring(out, f->key);
	write_binding(w, &first, f->key);
	if (f->match)
	{
		jw_key(out, &first, "match");
		write_match(out, f->match);
	}
	/* the one member "range" has two fields; REST fills one of them */
	if (f->range || f->datetime_range)
	{
		jw_key(out, &first, "range");
		if (f->range)
			write_range(out, f->range);
		else
			write_datetime_range(out, f->datetime_range);
	}
	write_geo(out, &first, f);
	if (f->values_count)
	{
		jw_key(out, &first, "values_count");
		write_count(out, f->values_count);
	}
	if (f->has_is_empty)
	{
		jw_key(out, &first, "is_empty");
		jw_bool(out, f->is_empty);
	}
	if (f->has_is_null)
	{
		jw_key(out, &first, "is_null");
		jw_bool(out, f->is_null);
	}
	buf_addc(out, '}');
}

static void
write_ids(buf *out, const Qdrant__HasIdCondition *condition)
{
	bool		first = true;

	buf_adds(out, "{\"has_id\":[");
	for (size_t i = 0; i < condition->n_has_id; i++)
	{
		const Qdrant__PointId *id = condition->has_id[i];

		jw_item(out, &first);
		if (id->point_id_options_case == QDRANT__POINT_ID__POINT_ID_OPTIONS_NUM)
			jw_u64(out, id->num);
		else
			jw_cstring(out, id->uuid);
	}
	buf_adds(out, "]}");
}

/* {"name": {"key": "path"}} */
static void
write_key_form(writer *w, const char *name, const char *path)
{
	bool		first = true;

	buf_printf(&w->out, "{\"%s\":{", name);
	jw_key(&w->out, &first, "key");
	jw_cstring(&w->out, path);
	write_binding(w, &first, path);
	buf_adds(&w->out, "}}");
}

static void
write_nested(writer *w, const Qdrant__NestedCondition *nested)
{
	const char *outside = w->prefix;
	size_t		n = strlen(nested->key);
	bool		each = n > 2 && strcmp(nested->key + n - 2, "[]") == 0;

	buf_adds(&w->out, "{\"nested\":{\"key\":");
	jw_cstring(&w->out, nested->key);
	buf_adds(&w->out, ",\"filter\":");
	w->prefix = arena_printf(w->a, "%s%s%s.", outside, nested->key,
							 each ? "" : "[]");
	write_filter(w, nested->filter);
	w->prefix = outside;
	buf_adds(&w->out, "}}");
}

static void
write_condition(writer *w, const Qdrant__Condition *c)
{
	buf		   *out = &w->out;

	switch (c->condition_one_of_case)
	{
		case QDRANT__CONDITION__CONDITION_ONE_OF_FIELD:
			write_field(w, c->field);
			break;
		case QDRANT__CONDITION__CONDITION_ONE_OF_IS_EMPTY:
			write_key_form(w, "is_empty", c->is_empty->key);
			break;
		case QDRANT__CONDITION__CONDITION_ONE_OF_IS_NULL:
			write_key_form(w, "is_null", c->is_null->key);
			break;
		case QDRANT__CONDITION__CONDITION_ONE_OF_HAS_ID:
			write_ids(out, c->has_id);
			break;
		case QDRANT__CONDITION__CONDITION_ONE_OF_FILTER:
			write_filter(w, c->filter);
			break;
		case QDRANT__CONDITION__CONDITION_ONE_OF_NESTED:
			write_nested(w, c->nested);
			break;
		case QDRANT__CONDITION__CONDITION_ONE_OF_HAS_VECTOR:
			buf_adds(out, "{\"has_vector\":");
			jw_cstring(out, c->has_vector->has_vector);
			buf_addc(out, '}');
			break;
		case QDRANT__CONDITION__CONDITION_ONE_OF_SLICE:
			buf_printf(out, "{\"slice\":{\"total\":%" PRIu32 ",\"index\":%" PRIu32 "}}",
					   c->slice->total, c->slice->index);
			break;
		default:				/* refused by validation */
			buf_adds(out, "{}");
			break;
	}
}

static void
write_conditions(writer *w, Qdrant__Condition **list, size_t n)
{
	bool		first = true;

	buf_addc(&w->out, '[');
	for (size_t i = 0; i < n; i++)
	{
		jw_item(&w->out, &first);
		write_condition(w, list[i]);
	}
	buf_addc(&w->out, ']');
}

static void
write_filter(writer *w, const Qdrant__Filter *filter)
{
	buf		   *out = &w->out;
	const struct
	{
		const char *name;
		Qdrant__Condition **list;
		size_t		n;
	}			clauses[] = {
		{"must", filter->must, filter->n_must},
		{"should", filter->should, filter->n_should},
		{"must_not", filter->must_not, filter->n_must_not}
	};
	bool		first = true;

	buf_addc(out, '{');
	for (int i = 0; i < 3; i++)
	{
		if (clauses[i].n == 0)
			continue;
		jw_key(out, &first, clauses[i].name);
		write_conditions(w, clauses[i].list, clauses[i].n);
	}
	if (filter->min_should)
	{
		jw_key(out, &first, "min_should");
		buf_adds(out, "{\"conditions\":");
		write_conditions(w, filter->min_should->conditions,
						 filter->min_should->n_conditions);
		buf_adds(out, ",\"min_count\":");
		jw_u64(out, filter->min_should->min_count);
		buf_addc(out, '}');
	}
	buf_addc(out, '}');
}

slice
filter_json(const Qdrant__Filter *filter, const field_indexes *indexes, arena *a)
{
	writer		w = {.a = a,.indexes = indexes,.prefix = ""};

	if (filter == NULL)
		return SLICE_LIT("{}");
	buf_init(&w.out, a, 256);
	write_filter(&w, filter);
	return buf_slice(&w.out);
}

const field_index *
field_index_find(const field_indexes *indexes, slice path)
{
	for (int i = 0; i < indexes->n; i++)
	{
		if (json_path_equal(indexes->list[i].path, path))
			return &indexes->list[i];
	}
	return NULL;
}

/*----------
 * what a statement needs to know
 *----------
 */

bool
filter_is_empty(const Qdrant__Filter *filter)
{
	return filter == NULL ||
		(filter->n_must == 0 && filter->n_should == 0 &&
		 filter->n_must_not == 0 && filter->min_should == NULL);
}

static bool
any_needs_point(Qdrant__Condition **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		switch (list[i]->condition_one_of_case)
		{
			case QDRANT__CONDITION__CONDITION_ONE_OF_HAS_ID:
			case QDRANT__CONDITION__CONDITION_ONE_OF_HAS_VECTOR:
			case QDRANT__CONDITION__CONDITION_ONE_OF_SLICE:
				return true;
			case QDRANT__CONDITION__CONDITION_ONE_OF_FILTER:
				if (filter_needs_point(list[i]->filter))
					return true;
				break;
			default:
				break;
		}
	}
	return false;
}

bool
filter_needs_point(const Qdrant__Filter *filter)
{
	return filter != NULL &&
		(any_needs_point(filter->must, filter->n_must) ||
		 any_needs_point(filter->should, filter->n_should) ||
		 any_needs_point(filter->must_not, filter->n_must_not) ||
		 (filter->min_should != NULL &&
		  any_needs_point(filter->min_should->conditions,
						  filter->min_should->n_conditions)));
}

bool
filter_must_ids(const Qdrant__Filter *filter, arena *a, const slice **ids,
				size_t *n)
{
	const Qdrant__HasIdCondition *found = NULL;
	slice	   *texts;

	for (size_t i = 0; filter != NULL && i < filter->n_must && !found; i++)
	{
		if (filter->must[i]->condition_one_of_case ==
			QDRANT__CONDITION__CONDITION_ONE_OF_HAS_ID)
			found = filter->must[i]->has_id;
	}
	if (found == NULL)
		return false;
	texts = arena_array(a, found->n_has_id, sizeof(texts[0]));
	for (size_t i = 0; i < found->n_has_id; i++)
	{
		const Qdrant__PointId *id = found->has_id[i];

		texts[i].p = id->point_id_options_case ==
			QDRANT__POINT_ID__POINT_ID_OPTIONS_NUM ?
			arena_printf(a, "%" PRIu64, id->num) : id->uuid;
		texts[i].n = strlen(texts[i].p);
	}
	*ids = texts;
	*n = found->n_has_id;
	return true;
}

bool
filter_is_ids_only(const Qdrant__Filter *filter)
{
	return filter != NULL && filter->n_must == 1 && filter->n_should == 0 &&
		filter->n_must_not == 0 && filter->min_should == NULL &&
		filter->must[0]->condition_one_of_case ==
		QDRANT__CONDITION__CONDITION_ONE_OF_HAS_ID;
}
