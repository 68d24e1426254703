/*
 * points_order.c
 *		order_by: points by the values of a payload's field.
 *
 * A point stands in the order once for each of its values; one without any is
 * left out.  Which values count, and as what, the field's index says.
 *
 * The first n pairs of a point and a value are looked for among those of a few
 * points that indexes on the least and the greatest value give in order
 * (docs/decisions/0011): the n points with the first least values that are
 * not before the start; descending, of points with several values also the n
 * with the last greatest ones; and the points whose values lie on both sides
 * of the start.
 */
#include "service/points.h"

#include <inttypes.h>
#include <math.h>

#include "model/datetime.h"

static bool
has_range(const field_index *index)
{
	return index != NULL && (index->type == INDEX_FLOAT ||
							 index->type == INDEX_DATETIME ||
							 (index->type == INDEX_INTEGER && index->range));
}

/* Of an index of floats, or of one of integers, which datetimes are, too. */
static bool
start_at_float(ordering *o, double x)
{
	o->has_start = true;
	o->start_float = x;
	if (o->index->type == INDEX_FLOAT)
		return true;
	/* as PostgreSQL compares them */
	if (isnan(x))
		x = INFINITY;
	x = o->descending ? floor(x) : ceil(x);
	if (x >= -0x1p63 && x < 0x1p63)
		o->start = (int64_t) x;
	else if ((x < 0) == o->descending)
		o->is_empty = true;
	else
		o->has_start = false;
	return true;
}

static bool
start_at_integer(ordering *o, int64_t i)
{
	o->has_start = true;
	o->start = i;
	o->start_float = (double) i;
	return true;
}

/* Datetimes are microseconds, as the values of an index of datetimes are. */
static bool
start_at_time(ordering *o, int64_t seconds, int32_t nanos)
{
	int64_t		micros;

	if (__builtin_mul_overflow(seconds, 1000000, &micros) ||
		__builtin_add_overflow(micros, nanos / 1000, &micros))
		return start_at_float(o, (double) seconds * 1e6);
	return start_at_integer(o, micros);
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
			return start_at_integer(o, from->integer);
		case QDRANT__START_FROM__VALUE_FLOAT:
			return start_at_float(o, from->float_);
		case QDRANT__START_FROM__VALUE_TIMESTAMP:
			return start_at_time(o, from->timestamp->seconds,
								 from->timestamp->nanos);
		case QDRANT__START_FROM__VALUE_DATETIME:
			if (datetime_parse(slice_text(from->datetime), &t))
				return start_at_time(o, t.seconds, t.nanos);
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

static const char *const type_names[] = {
	[INDEX_INTEGER] = "integer",
	[INDEX_FLOAT] = "float",
	[INDEX_DATETIME] = "datetime"
};

void
ordering_from(const ordering *o, sql *q)
{
	sql_add(q, " CROSS JOIN LATERAL unnest(qdrant_catalog.%s_values(t.payload, "
			"$%d)) AS o (value)", type_names[o->index->type],
			sql_bind(q, pgp_text(q->a, o->index->path)));
}

/* Binds the start and returns its text. */
static const char *
bind_start(const ordering *o, sql *q)
{
	bool		is_float = o->index->type == INDEX_FLOAT;

	return arena_printf(q->a, "$%d::%s",
						sql_bind(q, is_float ? pgp_float8(q->a, o->start_float) :
								 pgp_int8(q->a, o->start)),
						is_float ? "double precision" : "bigint");
}

/* What a statement of ordering_where is made of. */
typedef struct places
{
	const ordering *o;
	sql		   *q;
	const collection *c;
	const Qdrant__Filter *filter;
	uint64_t	n;
	const char *least;			/* expressions */
	const char *greatest;
	const char *start;
} places;

/* The n points with the first values of by, one of least and greatest. */
static void
add_first(const places *p, const char *by, const char *condition)
{
	const char *direction = p->o->descending ? " DESC" : "";

	sql_add(p->q, "(SELECT t.id FROM %s AS t WHERE %s", p->c->relation, condition);
	if (p->start != NULL)
		sql_add(p->q, " AND %s %s %s", by, p->o->descending ? "<=" : ">=", p->start);
	sql_filter(p->q, p->c, p->filter);
	sql_add(p->q, " ORDER BY %s%s, t.id%s LIMIT %" PRIu64 ")", by, direction,
			direction, p->n);
}

/* Points with values before the start and at or behind it. */
static void
add_straddling(const places *p)
{
	bool		down = p->o->descending;

	sql_add(p->q, " UNION ALL (SELECT t.id FROM %s AS t WHERE %s <> %s AND %s %s %s"
			" AND %s %s %s", p->c->relation, p->least, p->greatest, p->greatest,
			down ? ">" : ">=", p->start, p->least, down ? "<=" : "<", p->start);
	sql_filter(p->q, p->c, p->filter);
	sql_add(p->q, ")");
}

void
ordering_where(const ordering *o, sql *q, const collection *c,
			   const Qdrant__Filter *filter, uint64_t n)
{
	const char *type = type_names[o->index->type];
	int			path = sql_bind(q, pgp_text(q->a, o->index->path));
	places		p = {o, q, c, filter, n > INT64_MAX ? INT64_MAX : n, NULL, NULL, NULL};

	if (o->is_empty)
	{
		sql_add(q, " AND false");
		return;
	}
	p.least = arena_printf(q->a, "qdrant_catalog.%s_least(t.payload, $%d)", type, path);
	p.greatest = arena_printf(q->a, "qdrant_catalog.%s_greatest(t.payload, $%d)",
							  type, path);
	if (o->has_start)
		p.start = bind_start(o, q);
	sql_add(q, " AND t.id = ANY (ARRAY(");
	add_first(&p, p.least, arena_printf(q->a, "%s IS NOT NULL", p.least));
	if (o->descending)
	{
		sql_add(q, " UNION ALL ");
		add_first(&p, p.greatest, arena_printf(q->a, "%s <> %s", p.least, p.greatest));
	}
	if (o->has_start)
		add_straddling(&p);
	sql_add(q, "))");
	if (o->has_start)
		sql_add(q, " AND o.value %s %s", o->descending ? "<=" : ">=", p.start);
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
