/*
 * points_facet.c
 *		Facets: how many points have a value, by value.
 *
 * The database counts by the field's index; only filters on more than the
 * payload take a statement over the points.
 */
#include "service/points.h"
#include "service/service.h"

#include <inttypes.h>
#include <stdlib.h>

#include "model/filter_json.h"

#define FACET_DEFAULT_LIMIT	10

typedef struct facet_state
{
	const field_index *index;
} facet_state;

/* check_collection, rows */
#define FACET_ROWS	1

static Qdrant__FacetValue *
facet_value(struct op *op, const PGresult *r, int row)
{
	const facet_state *st = op->state;
	const char *text = arena_strdup(op->a, pgr_text(r, row, 0));
	Qdrant__FacetValue *v = arena_alloc(op->a, sizeof(*v));

	qdrant__facet_value__init(v);
	switch (st->index->type)
	{
		case INDEX_INTEGER:
			v->variant_case = QDRANT__FACET_VALUE__VARIANT_INTEGER_VALUE;
			v->integer_value = strtoll(text, NULL, 10);
			break;
		case INDEX_BOOL:
			v->variant_case = QDRANT__FACET_VALUE__VARIANT_BOOL_VALUE;
			v->bool_value = text[0] == 't';
			break;
		default:
			v->variant_case = QDRANT__FACET_VALUE__VARIANT_STRING_VALUE;
			v->string_value = (char *) text;
			break;
	}
	return v;
}

static void
facet_done(struct op *op, PGresult **results)
{
	const PGresult *r = results[FACET_ROWS];
	size_t		n = (size_t) PQntuples(r);
	Qdrant__FacetResponse *response = arena_alloc(op->a, sizeof(*response));

	qdrant__facet_response__init(response);
	response->n_hits = n;
	response->hits = arena_array(op->a, n, sizeof(*response->hits));
	for (size_t i = 0; i < n; i++)
	{
		Qdrant__FacetHit *hit = arena_alloc(op->a, sizeof(*hit));

		qdrant__facet_hit__init(hit);
		hit->value = facet_value(op, r, (int) i);
		hit->count = (uint64_t) pgr_int8(r, (int) i, 1);
		response->hits[i] = hit;
	}
	op_answer(op, &response->base);
}

/* The type's name; NULL: the index serves no matches. */
static const char *
type_name(const field_index *index)
{
	if (index == NULL)
		return NULL;
	switch (index->type)
	{
		case INDEX_KEYWORD:
			return "keyword";
		case INDEX_UUID:
			return "uuid";
		case INDEX_BOOL:
			return "bool";
		case INDEX_INTEGER:
			return index->lookup ? "integer" : NULL;
		default:
			return NULL;
	}
}

/* Over the points that the filter admits. */
static void
add_values(sql *q, struct op *op, const collection *c, const char *type)
{
	const Qdrant__FacetCounts *msg = (const Qdrant__FacetCounts *) op->msg;
	const field_index *index = ((facet_state *) op->state)->index;
	bool		text = index->type == INDEX_KEYWORD || index->type == INDEX_UUID;

	sql_add(q, "SELECT v.value::text, count(*) FROM %s AS t CROSS JOIN LATERAL "
			"unnest(qdrant_catalog.%s_values(t.payload, $%d)) AS v (value) WHERE true",
			c->relation, type, sql_bind(q, pgp_text(op->a, index->path)));
	sql_filter(q, c, msg->filter);
	sql_add(q, " GROUP BY v.value ORDER BY 2 DESC, v.value%s LIMIT ",
			text ? " COLLATE \"C\"" : "");
}

static pg_statement
facet_statement(struct op *op, const collection *c, const char *type)
{
	const Qdrant__FacetCounts *msg = (const Qdrant__FacetCounts *) op->msg;
	const field_index *index = ((facet_state *) op->state)->index;
	uint64_t	limit = msg->has_limit ? msg->limit : FACET_DEFAULT_LIMIT;
	sql		   *q = sql_begin(op->a);

	if (limit > INT64_MAX)
		limit = INT64_MAX;
	if (filter_needs_point(msg->filter))
	{
		add_values(q, op, c, type);
		sql_add(q, "%" PRIu64, limit);
		return sql_end(q);
	}
	sql_add(q, "SELECT value, count FROM qdrant_catalog.facet_rows(%s, $%d, '%s', $%d, "
			"%" PRIu64 ", %s)", sql_literal(op->a, slice_text(c->relation)),
			sql_bind(q, pgp_text(op->a, index->path)), type,
			sql_bind(q, pgp_filter(op->a, filter_json(msg->filter, &c->indexes, op->a))),
			limit, msg->has_exact && msg->exact ? "true" : "false");
	return sql_end(q);
}

static void
facet_collection(struct op *op, const collection *c)
{
	const Qdrant__FacetCounts *msg = (const Qdrant__FacetCounts *) op->msg;
	facet_state *st = op->state;
	pg_statement *statements = arena_array(op->a, 2, sizeof(*statements));
	const char *type;

	st->index = field_index_find(&c->indexes, slice_text(msg->key));
	type = type_name(st->index);
	if (type == NULL)
	{
		op_fail(op, ERR_BAD_INPUT, "No appropriate index for faceting: `%s`. "
				"Please create one to facet on this field. Check "
				"https://qdrant.tech/documentation/concepts/indexing/"
				"#payload-index to see which payload schemas support Match "
				"conditions", msg->key);
		return;
	}
	statements[0] = op_check_collection(op, c);
	statements[FACET_ROWS] = facet_statement(op, c, type);
	if (filter_needs_point(msg->filter))
		op_sql(op, statements, 2, true, facet_done);
	else
		op_sql_search(op, statements, 2, facet_done);
}

static void
facet_run(struct op *op)
{
	const Qdrant__FacetCounts *msg = (const Qdrant__FacetCounts *) op->msg;
	gw_error	e = {0};

	op->state = arena_alloc0(op->a, sizeof(facet_state));
	if (read_consistency_check(msg->read_consistency, op->a, &e) &&
		shard_key_check(msg->shard_key_selector, ERR_BAD_REQUEST, op->a, &e))
		op_with_collection(op, slice_text(msg->collection_name),
						   facet_collection);
	else
		op_fail_error(op, &e);
}

const operation svc_facet = {
	.name = "points.facet",.access = ACCESS_READ,
	.request = &qdrant__facet_counts__descriptor,.run = facet_run
};
