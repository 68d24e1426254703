/*
 * points_sql.c
 *		Texts and parameters of statements over a collection's table.
 *
 * The table's alias is t everywhere.  What varies with the request's values
 * is bound, but for LIMIT and OFFSET: the planner has to know them.
 */
#include "service/points.h"

#include <inttypes.h>
#include <stdlib.h>

#include "model/filter_json.h"

sql *
sql_begin(arena *a)
{
	sql		   *q = arena_alloc0(a, sizeof(*q));

	q->a = a;
	buf_init(&q->text, a, 512);
	q->max_params = 8;
	q->params = arena_array(a, (size_t) q->max_params, sizeof(*q->params));
	return q;
}

void
sql_add(sql *q, const char *fmt,...)
{
	va_list		ap;

	va_start(ap, fmt);
	buf_adds(&q->text, arena_vprintf(q->a, fmt, ap));
	va_end(ap);
}

int
sql_bind(sql *q, pg_param value)
{
	if (q->n_params == q->max_params)
	{
		pg_param   *params = arena_array(q->a, (size_t) q->max_params * 2,
										 sizeof(*params));

		memcpy(params, q->params, sizeof(*params) * (size_t) q->n_params);
		q->params = params;
		q->max_params *= 2;
	}
	q->params[q->n_params++] = value;
	return q->n_params;
}

pg_statement
sql_end(sql *q)
{
	buf_addc(&q->text, '\0');
	return op_statement(q->text.p, q->params, q->n_params);
}

const char *
sql_literal(arena *a, slice text)
{
	buf			b;

	buf_init(&b, a, text.n + 4);
	buf_addc(&b, '\'');
	for (size_t i = 0; i < text.n; i++)
	{
		if (text.p[i] == '\'')
			buf_addc(&b, '\'');
		buf_addc(&b, text.p[i]);
	}
	buf_addc(&b, '\'');
	buf_addc(&b, '\0');
	return b.p;
}

/*
 * Statements by an index are planned once, and a plan made while the table
 * was small would scan it sequentially ever after: they rule that out.
 */
static pg_statement
sql_settings(arena *a, uint64_t ef, bool seqscan)
{
	sql		   *q = sql_begin(a);
	const char *number = arena_printf(a, "%" PRIu64, ef);
	int			value = sql_bind(q, pgp_text(a, slice_text(number)));
	int			scan = sql_bind(q, pgp_text(a, seqscan ? SLICE_LIT("on") :
										 SLICE_LIT("off")));

	sql_add(q, "SELECT set_config('qdrant_pg.ef_search', $%d, true), "
			"set_config('enable_seqscan', $%d, true), "
			"set_config('qdrant_pg.complete_ranges', 'off', true)",
			value, scan);
	return sql_end(q);
}

pg_statement
sql_index_settings(arena *a, uint64_t ef)
{
	return sql_settings(a, ef, false);
}

pg_statement
sql_exact_settings(arena *a)
{
	return sql_settings(a, 1, true);
}

pg_param
point_key_param(const point_key *k, arena *a)
{
	char	   *value = arena_alloc(a, sizeof(k->bytes));

	memcpy(value, k->bytes, sizeof(k->bytes));
	return (pg_param) {.type = PGT_POINT_ID,.value = value,
	.length = k->n,.format = 1};
}

pg_param
point_keys_param(const point_key *keys, size_t n, arena *a)
{
	pg_array   *arr = pg_array_begin(a, PGT_POINT_ID_ARRAY, n);

	for (size_t i = 0; i < n; i++)
	{
		pg_param	key = {.type = PGT_POINT_ID,
			.value = (const char *) keys[i].bytes,
			.length = keys[i].n,.format = 1};

		pg_array_add(arr, &key);
	}
	return pg_array_end(arr);
}

point_key
point_key_column(const PGresult *r, int row, int col)
{
	point_key	k = {0};
	int			n = PQgetlength(r, row, col);

	k.n = n == 8 ? 8 : 16;
	memcpy(k.bytes, PQgetvalue(r, row, col), n < k.n ? n : k.n);
	return k;
}

/* The names of the vectors that a point has, as text[]. */
static void
add_present(sql *q, const collection *c)
{
	sql_add(q, "array_remove(ARRAY[");
	for (int i = 0; i < c->n_vectors; i++)
		sql_add(q, "%sCASE WHEN t.%s IS NOT NULL THEN %s END",
				i > 0 ? ", " : "", c->vectors[i].column,
				sql_literal(q->a, c->vectors[i].name));
	sql_add(q, "]::text[], NULL)");
}

/* Every match is among these ids, so the primary key finds them. */
static void
add_ids(sql *q, const slice *ids, size_t n)
{
	point_key  *keys = arena_array(q->a, n, sizeof(*keys));

	for (size_t i = 0; i < n; i++)
		if (!point_key_parse(ids[i], &keys[i]))
			abort();			/* validated before */
	sql_add(q, " AND t.id = ANY($%d)",
			sql_bind(q, point_keys_param(keys, n, q->a)));
}

void
sql_filter(sql *q, const collection *c, const Qdrant__Filter *filter)
{
	const slice *ids;
	size_t		n;
	int			p;

	if (filter_is_empty(filter))
		return;
	if (filter_must_ids(filter, q->a, &ids, &n))
		add_ids(q, ids, n);
	if (filter_is_ids_only(filter))
		return;
	p = sql_bind(q, pgp_filter(q->a, filter_json(filter, &c->indexes, q->a)));
	if (filter_needs_point(filter))
	{
		sql_add(q, " AND qdrant.matches(t.id, t.payload, ");
		add_present(q, c);
		sql_add(q, ", $%d)", p);
	}
	else
		sql_add(q, " AND t.payload @@@ $%d", p);
}
