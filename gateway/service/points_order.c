/*
 * points_order.c
 *		order_by: points by the values of a payload's field.
 *
 * A point stands in the order once for each of its values; one without any is
 * left out.  Which values count, and as what, the field's index says.
 */
#include "service/points.h"

#include <math.h>

#include "json/jwrite.h"
#include "model/datetime.h"

static bool
has_range(const field_index *index)
{
	return index != NULL && (index->type == INDEX_FLOAT ||
							 index->type == INDEX_DATETIME ||
							 (index->type == INDEX_INTEGER && index->range));
}

/* Datetimes are microseconds, as the values of an index of datetimes are. */
static bool
start_at(ordering *o, int64_t seconds, int32_t nanos)
{
	o->has_start = true;
	o->start_is_float = __builtin_mul_overflow(seconds, 1000000, &o->start) ||
		__builtin_add_overflow(o->start, nanos / 1000, &o->start);
	o->start_float = (double) seconds * 1e6;
	return true;
}

static bool
read_start(ordering *o, const Qdrant__StartFrom *from, arena *a, gw_error *e)
{
	datetime	t;

	if (from == NULL)
		return true;
	switch (from->value_case)
	{
		case QDRANT__START_FROM__VALUE_INTEGER:
			o->has_start = true;
			o->start = from->integer;
			return true;
		case QDRANT__START_FROM__VALUE_FLOAT:
			o->has_start = true;
			o->start_is_float = true;
			o->start_float = from->float_;
			return true;
		case QDRANT__START_FROM__VALUE_TIMESTAMP:
			return start_at(o, from->timestamp->seconds, from->timestamp->nanos);
		case QDRANT__START_FROM__VALUE_DATETIME:
			if (datetime_parse(slice_text(from->datetime), &t))
				return start_at(o, t.seconds, t.nanos);
			return gw_fail(e, a, ERR_GRPC_ARGUMENT, "'%s' does not match "
						   "accepted datetime format (RFC3339). Example: "
						   "2014-01-01T00:00:00Z", from->datetime);
		default:
			return gw_fail(e, a, ERR_GRPC_ARGUMENT,
						   "StartFrom value is missing");
	}
}

bool
ordering_read(ordering *o, const collection *c, const Qdrant__OrderBy *m,
			  arena *a, gw_error *e)
{
	memset(o, 0, sizeof(*o));
	o->index = field_index_find(&c->indexes, slice_text(m->key));
	o->descending = m->has_direction && m->direction == QDRANT__DIRECTION__Desc;
	if (!has_range(o->index))
		return gw_fail(e, a, ERR_BAD_INPUT, "No range index for `order_by` key: "
					   "`%s`. Please create one to use `order_by`. Check "
					   "https://qdrant.tech/documentation/concepts/indexing/"
					   "#payload-index to see which payload schemas support "
					   "Range conditions", m->key);
	return read_start(o, m->start_from, a, e);
}

/* What an index on the field can tell of the points that are wanted. */
static slice
condition_json(const ordering *o, arena *a)
{
	double		start = o->start_is_float ? o->start_float : (double) o->start;
	buf			out;

	buf_init(&out, a, 128);
	buf_adds(&out, "{\"must\":{\"key\":");
	jw_string(&out, o->index->path);
	buf_adds(&out, ",\"range\":{");
	if (o->has_start && isfinite(start))
	{
		buf_adds(&out, o->descending ? "\"lte\":" : "\"gte\":");
		jw_f64(&out, start);
	}
	buf_adds(&out, "},\"as\":");
	jw_raw(&out, o->index->schema);
	buf_adds(&out, "}}");
	return buf_slice(&out);
}

void
ordering_from(const ordering *o, sql *q)
{
	static const char *const names[] = {
		[INDEX_INTEGER] = "integer",
		[INDEX_FLOAT] = "float",
		[INDEX_DATETIME] = "datetime"
	};

	sql_add(q, " CROSS JOIN LATERAL unnest(qdrant_catalog.%s_values(t.payload, "
			"$%d)) AS o (value)", names[o->index->type],
			sql_bind(q, pgp_text(q->a, o->index->path)));
}

void
ordering_where(const ordering *o, sql *q)
{
	sql_add(q, " AND t.payload @@@ $%d",
			sql_bind(q, pgp_filter(q->a, condition_json(o, q->a))));
	if (!o->has_start)
		return;
	sql_add(q, " AND o.value %s $%d::%s", o->descending ? "<=" : ">=",
			sql_bind(q, o->start_is_float ? pgp_float8(q->a, o->start_float) :
					 pgp_int8(q->a, o->start)),
			o->start_is_float ? "double precision" : "bigint");
}

void
ordering_order(const ordering *o, sql *q)
{
	const char *direction = o->descending ? " DESC" : "";

	sql_add(q, " ORDER BY o.value%s, t.id%s", direction, direction);
}

Qdrant__OrderValue *
ordering_value(const ordering *o, const PGresult *r, int row, int col, arena *a)
{
	Qdrant__OrderValue *v = arena_alloc(a, sizeof(*v));

	qdrant__order_value__init(v);
	if (o->index->type == INDEX_FLOAT)
	{
		v->variant_case = QDRANT__ORDER_VALUE__VARIANT_FLOAT;
		v->float_ = pgr_float8(r, row, col);
	}
	else
	{
		v->variant_case = QDRANT__ORDER_VALUE__VARIANT_INT;
		v->int_ = pgr_int8(r, row, col);
	}
	return v;
}
