/*
 * points_search.c
 *		Query, search and their batches: one statement per search, all of a
 *		request in one transaction.
 *
 * A search by vector orders by the operator, which the index serves (exact:
 * by the function, which none does), and takes limit + offset candidates;
 * around that stand the score threshold (which also ends the index's search,
 * as a radius), Qdrant's order and the offset.
 */
#include "service/points.h"
#include "service/service.h"

#include <inttypes.h>
#include <math.h>

typedef enum search_kind
{
	SEARCH_ALL,					/* no query: by ascending id */
	SEARCH_ORDER,				/* by a field */
	SEARCH_SAMPLE,				/* at random */
	SEARCH_VECTOR,
	SEARCH_ID,					/* the vector of a point */
	SEARCH_SPARSE,				/* refused: no such vectors here */
	SEARCH_MULTI
} search_kind;

typedef struct search
{
	search_kind kind;
	const float *vector;
	size_t		dim;
	point_key	id;
	slice		using;
	const Qdrant__Filter *filter;
	const Qdrant__OrderBy *order_by;
	const Qdrant__SearchParams *params;
	const Qdrant__WithPayloadSelector *with_payload;
	const Qdrant__WithVectorsSelector *with_vectors;
	uint64_t	limit;
	uint64_t	offset;
	bool		has_threshold;
	float		threshold;

	/* known with the collection */
	const collection_vector *v;
	selection	selection;
	ordering	ordering;
	int			lookup;			/* statement that finds the id; SEARCH_ID */
	int			rows;			/* statement that gives the points */
} search;

typedef struct search_state
{
	search	   *searches;
	size_t		n;
	ProtobufCMessage *(*respond) (struct op *op, PGresult **results);
} search_state;

#define QUERY_DEFAULT_LIMIT	10
#define EF_MAX				10000	/* of qdrant_pg.ef_search */

/*----------
 * What the distances differ in.
 *----------
 */
typedef struct distance_sql
{
	const char *name;			/* of qdrant.score */
	const char *op;
	const char *function;
	const char *direction;		/* of the function, best first */
	const char *best_first;		/* of the score */
	const char *better;			/* score ? threshold */
} distance_sql;

static const distance_sql distances[] = {
	[DISTANCE_COSINE] = {"Cosine", "<=>", "cosine_distance", "ASC", "DESC", ">"},
	[DISTANCE_EUCLID] = {"Euclid", "<->", "l2_distance", "ASC", "ASC", "<"},
	[DISTANCE_DOT] = {"Dot", "<#>", "inner_product", "DESC", "DESC", ">"},
	[DISTANCE_MANHATTAN] = {"Manhattan", "<+>", "l1_distance", "ASC", "ASC", "<"},
};

/*----------
 * Statements
 *----------
 */
static uint64_t
candidates(const search *s)
{
	uint64_t	n;

	if (__builtin_add_overflow(s->limit, s->offset, &n) || n > INT64_MAX)
		n = INT64_MAX;
	return n;
}

/* No more than SQL can count. */
static uint64_t
sql_count(uint64_t n)
{
	return n > INT64_MAX ? (uint64_t) INT64_MAX : n;
}

static bool
is_by_vector(const search *s)
{
	return s->kind >= SEARCH_VECTOR;
}

static bool
is_exact(const search *s)
{
	return s->params != NULL && s->params->has_exact && s->params->exact;
}

/*
 * The distance that a point better than the threshold is within, with room
 * for the rounding of both; the score has the last word.  False when none is:
 * vectors too short to be normalised have scores about 0.
 */
static bool
radius_of(const search *s, double *radius)
{
	double		t = s->threshold;

	if (!s->has_threshold || !isfinite(t) || is_exact(s))
		return false;
	switch (s->v->distance)
	{
		case DISTANCE_COSINE:
			/* how far from 1 the norm of what is stored may be */
			*radius = 1 - t +
				(s->v->datatype == DATATYPE_FLOAT16 ? 3e-3 : 1e-4);
			return t >= 0.003;
		case DISTANCE_DOT:
			*radius = -t + fabs(t) * 1e-5;
			return true;
		default:
			*radius = t + fabs(t) * 1e-5;
			return true;
	}
}

static bool
has_radius(const search *s)
{
	double		radius;

	return radius_of(s, &radius);
}

/*
 * Candidates that oversampling wants: of coarse codes the index rescores as
 * many as it searches for.
 */
static uint64_t
oversampled(const search *s)
{
	const Qdrant__QuantizationSearchParams *q =
		s->params != NULL ? s->params->quantization : NULL;
	double		wanted;

	if (q == NULL || !q->has_oversampling)
		return candidates(s);
	wanted = ceil((double) candidates(s) * q->oversampling);
	return wanted < EF_MAX ? (uint64_t) wanted : EF_MAX;
}

static pg_statement
search_settings(struct op *op, const search *s, const collection *c)
{
	uint64_t	ef = c->ef_construct;

	if (!is_by_vector(s) || is_exact(s))
		return sql_exact_settings(op->a);
	if (s->params != NULL && s->params->has_hnsw_ef)
		ef = s->params->hnsw_ef;
	/* with a threshold the search goes on as long as points are within */
	if (ef < oversampled(s) && !has_radius(s))
		ef = oversampled(s);
	return sql_index_settings(op->a, ef < 1 ? 1 : ef > EF_MAX ? EF_MAX : ef);
}

/* A stored vector as the API would have stored it; SQL stores it as it is. */
static const char *
stored_query(const search *s, arena *a)
{
	const char *column = arena_printf(a, "x.%s", s->v->column);

	if (s->v->distance != DISTANCE_COSINE || s->v->datatype == DATATYPE_UINT8)
		return column;
	if (s->v->datatype == DATATYPE_FLOAT16)
		column = arena_printf(a, "%s::vector", column);
	return vector_stored(s->v, column, a);
}

/* The query's vector as an expression that is evaluated once. */
static const char *
query_expression(sql *q, const search *s, const collection *c)
{
	int			p;

	if (s->kind == SEARCH_ID)
	{
		p = sql_bind(q, point_key_param(&s->id, q->a));
		return arena_printf(q->a, "(SELECT %s FROM %s AS x WHERE x.id = $%d)",
							stored_query(s, q->a), c->relation, p);
	}
	p = sql_bind(q, pgp_vector(q->a, s->vector, s->dim));
	if (s->v->distance != DISTANCE_COSINE &&
		s->v->datatype == DATATYPE_FLOAT32)
		return arena_printf(q->a, "$%d::vector", p);
	return arena_printf(q->a, "(SELECT %s)",
						vector_stored(s->v, arena_printf(q->a, "$%d", p), q->a));
}

/* The candidates: best first by the index, or by all points. */
static void
add_candidates(sql *q, const search *s, const collection *c)
{
	const distance_sql *d = &distances[s->v->distance];
	const char *query = query_expression(q, s, c);
	double		radius;

	sql_add(q, "SELECT t.id, t.version, qdrant.score(t.%s, %s, '%s') AS "
			"\"#score\"", s->v->column, query, d->name);
	selection_raw_columns(&s->selection, q, "t");
	sql_add(q, " FROM %s AS t WHERE t.%s IS NOT NULL", c->relation,
			s->v->column);
	if (s->kind == SEARCH_ID)
		sql_add(q, " AND t.id <> $1");
	sql_filter(q, c, s->filter);
	if (radius_of(s, &radius))
		sql_add(q, " AND t.%s <%s> qdrant_catalog.sphere(%s, $%d)",
				s->v->column, d->op, query,
				sql_bind(q, pgp_float8(q->a, radius)));
	if (is_exact(s))
		sql_add(q, " ORDER BY %s(t.%s, %s) %s", d->function, s->v->column,
				query, d->direction);
	else
		sql_add(q, " ORDER BY t.%s %s %s", s->v->column, d->op, query);
	sql_add(q, " LIMIT %" PRIu64, candidates(s));
}

static pg_statement
vector_statement(struct op *op, const search *s, const collection *c)
{
	const distance_sql *d = &distances[s->v->distance];
	sql		   *q = sql_begin(op->a);
	sql		   *inner = sql_begin(op->a);

	/* the inner part first, since $1 is the query's */
	add_candidates(inner, s, c);
	q->params = inner->params;
	q->n_params = inner->n_params;
	q->max_params = inner->max_params;
	sql_add(q, "SELECT s.id, s.version, s.\"#score\"");
	selection_columns(&s->selection, q, "s");
	sql_add(q, " FROM (%.*s) AS s", (int) inner->text.n, inner->text.p);
	if (s->has_threshold)
		sql_add(q, " WHERE s.\"#score\" %s $%d::real", d->better,
				sql_bind(q, pgp_float4(op->a, s->threshold)));
	sql_add(q, " ORDER BY s.\"#score\" %s", d->best_first);
	if (s->offset > 0)
		sql_add(q, " OFFSET %" PRIu64, sql_count(s->offset));
	return sql_end(q);
}

/*
 * Points that no vector is compared with: Qdrant gives them score 1 and
 * version 0, and passes over no offset when they come at random.
 */
static pg_statement
plain_statement(struct op *op, const search *s, const collection *c)
{
	bool		by_field = s->kind == SEARCH_ORDER;
	sql		   *q = sql_begin(op->a);

	sql_add(q, "SELECT t.id, 0::bigint, 1::real");
	selection_columns(&s->selection, q, "t");
	sql_add(q, "%s FROM %s AS t", by_field ? ", o.value" : "", c->relation);
	if (by_field)
		ordering_from(&s->ordering, q);
	sql_add(q, " WHERE true");
	if (by_field)
		ordering_where(&s->ordering, q, c, s->filter,
					   sql_count(s->limit) + sql_count(s->offset));
	else
		sql_filter(q, c, s->filter);
	if (by_field)
		ordering_order(&s->ordering, q);
	else
		sql_add(q, " ORDER BY %s", s->kind == SEARCH_ALL ? "t.id" : "random()");
	sql_add(q, " LIMIT %" PRIu64, sql_count(s->limit));
	if (s->offset > 0 && s->kind != SEARCH_SAMPLE)
		sql_add(q, " OFFSET %" PRIu64, sql_count(s->offset));
	return sql_end(q);
}

/* Is the point there, and has it the vector? */
static pg_statement
lookup_statement(struct op *op, const search *s, const collection *c)
{
	sql		   *q = sql_begin(op->a);

	sql_add(q, "SELECT t.%s IS NULL FROM %s AS t WHERE t.id = $%d",
			s->v->column, c->relation,
			sql_bind(q, point_key_param(&s->id, op->a)));
	return sql_end(q);
}

/*----------
 * Answers
 *----------
 */
static Qdrant__ScoredPoint *
scored_point(struct op *op, const search *s, const PGresult *r, int row)
{
	Qdrant__ScoredPoint *p = arena_alloc(op->a, sizeof(*p));
	point_key	id = point_key_column(r, row, 0);

	qdrant__scored_point__init(p);
	p->id = point_key_message(&id, op->a);
	p->version = (uint64_t) pgr_int8(r, row, 1);
	p->score = pgr_float4(r, row, 2);
	selection_payload(&s->selection, r, row, 3, &p->n_payload, &p->payload,
					  op->a);
	p->vectors = selection_vectors(&s->selection, r, row, 3, op->a);
	if (s->kind == SEARCH_ORDER)
		p->order_value = ordering_value(&s->ordering, r, row,
										3 + selection_width(&s->selection),
										op->a);
	return p;
}

static Qdrant__ScoredPoint **
scored_points(struct op *op, const search *s, PGresult **results, size_t *n)
{
	const PGresult *r = results[s->rows];
	Qdrant__ScoredPoint **points;

	*n = (size_t) PQntuples(r);
	points = arena_array(op->a, *n, sizeof(*points));
	for (size_t i = 0; i < *n; i++)
		points[i] = scored_point(op, s, r, (int) i);
	return points;
}

static ProtobufCMessage *
respond_query(struct op *op, PGresult **results)
{
	const search_state *st = op->state;
	Qdrant__QueryResponse *m = arena_alloc(op->a, sizeof(*m));

	qdrant__query_response__init(m);
	m->result = scored_points(op, &st->searches[0], results, &m->n_result);
	return &m->base;
}

static ProtobufCMessage *
respond_search(struct op *op, PGresult **results)
{
	const search_state *st = op->state;
	Qdrant__SearchResponse *m = arena_alloc(op->a, sizeof(*m));

	qdrant__search_response__init(m);
	m->result = scored_points(op, &st->searches[0], results, &m->n_result);
	return &m->base;
}

static Qdrant__BatchResult **
batch_results(struct op *op, PGresult **results)
{
	const search_state *st = op->state;
	Qdrant__BatchResult **all = arena_array(op->a, st->n, sizeof(*all));

	for (size_t i = 0; i < st->n; i++)
	{
		all[i] = arena_alloc(op->a, sizeof(**all));
		qdrant__batch_result__init(all[i]);
		all[i]->result = scored_points(op, &st->searches[i], results,
									   &all[i]->n_result);
	}
	return all;
}

static ProtobufCMessage *
respond_query_batch(struct op *op, PGresult **results)
{
	const search_state *st = op->state;
	Qdrant__QueryBatchResponse *m = arena_alloc(op->a, sizeof(*m));

	qdrant__query_batch_response__init(m);
	m->n_result = st->n;
	m->result = batch_results(op, results);
	return &m->base;
}

static ProtobufCMessage *
respond_search_batch(struct op *op, PGresult **results)
{
	const search_state *st = op->state;
	Qdrant__SearchBatchResponse *m = arena_alloc(op->a, sizeof(*m));

	qdrant__search_batch_response__init(m);
	m->n_result = st->n;
	m->result = batch_results(op, results);
	return &m->base;
}

/*----------
 * Running
 *----------
 */
static bool
search_found(struct op *op, const search *s, PGresult **results)
{
	const PGresult *r;

	if (s->kind != SEARCH_ID)
		return true;
	r = results[s->lookup];
	if (PQntuples(r) == 0)
		op_fail(op, ERR_NOT_FOUND, "No point with id %s found",
				point_key_text(&s->id, op->a));
	else if (pgr_bool(r, 0, 0))
		op_fail(op, ERR_NOT_FOUND,
				"Vector with name \"%.*s\" for point not found",
				(int) s->using.n, s->using.p);
	else
		return true;
	return false;
}

static void
search_done(struct op *op, PGresult **results)
{
	const search_state *st = op->state;

	for (size_t i = 0; i < st->n; i++)
		if (!search_found(op, &st->searches[i], results))
			return;
	op_answer(op, st->respond(op, results));
}

/* The collection's part of a search. */
static bool
search_prepare(search *s, const collection *c, arena *a, gw_error *e)
{
	if (is_by_vector(s))
	{
		s->v = vector_find(c, s->using, a, e);
		if (s->v == NULL)
			return false;
	}
	switch (s->kind)
	{
		case SEARCH_SPARSE:
			return gw_fail(e, a, ERR_BAD_INPUT, "Conversion between sparse "
						   "and regular vectors failed");
		case SEARCH_MULTI:
			return gw_fail(e, a, ERR_BAD_INPUT, "Conversion between multi "
						   "and regular vectors failed");
		case SEARCH_VECTOR:
			if (!query_vector_check(s->v, s->vector, s->dim, a, e))
				return false;
			break;
		case SEARCH_ORDER:
			if (!ordering_read(&s->ordering, c, s->order_by, a, e))
				return false;
			break;
		default:
			break;
	}
	return selection_read(&s->selection, c, s->with_payload, s->with_vectors,
						  false, a, e);
}

static void
search_collection(struct op *op, const collection *c)
{
	search_state *st = op->state;
	pg_statement *statements = arena_array(op->a, 1 + 3 * st->n,
										   sizeof(*statements));
	bool		by_vector = false;
	gw_error	e = {0};
	int			n = 0;

	statements[n++] = op_check_collection(op, c);
	for (size_t i = 0; i < st->n; i++)
	{
		search	   *s = &st->searches[i];

		if (!memory_check(1, sizeof(*s), op->a, &e) ||
			!search_prepare(s, c, op->a, &e))
		{
			op_fail_error(op, &e);
			return;
		}
		by_vector |= is_by_vector(s);
		statements[n++] = search_settings(op, s, c);
		if (s->kind == SEARCH_ID)
		{
			s->lookup = n;
			statements[n++] = lookup_statement(op, s, c);
		}
		s->rows = n;
		statements[n++] = is_by_vector(s) ? vector_statement(op, s, c) :
			plain_statement(op, s, c);
	}
	if (by_vector)
		op_sql_search(op, statements, n, search_done);
	else
		op_sql(op, statements, n, true, search_done);
}

/*----------
 * Reading requests
 *----------
 */
static bool
read_common(const Qdrant__ReadConsistency *consistency,
			const Qdrant__ShardKeySelector *shard_key, arena *a, gw_error *e)
{
	return read_consistency_check(consistency, a, e) &&
		shard_key_check(shard_key, ERR_BAD_REQUEST, a, e);
}

static bool
read_vector_input(search *s, const Qdrant__VectorInput *input, arena *a,
				  gw_error *e)
{
	switch (input->variant_case)
	{
		case QDRANT__VECTOR_INPUT__VARIANT_ID:
			s->kind = SEARCH_ID;
			return point_key_read(input->id, &s->id, a, e);
		case QDRANT__VECTOR_INPUT__VARIANT_DENSE:
			s->kind = SEARCH_VECTOR;
			s->vector = input->dense->data;
			s->dim = input->dense->n_data;
			return true;
		case QDRANT__VECTOR_INPUT__VARIANT_SPARSE:
			s->kind = SEARCH_SPARSE;
			return true;
		case QDRANT__VECTOR_INPUT__VARIANT_MULTI_DENSE:
			s->kind = SEARCH_MULTI;
			return true;
		case QDRANT__VECTOR_INPUT__VARIANT_DOCUMENT:
			return inference_refuse(input->document->model, a, e);
		case QDRANT__VECTOR_INPUT__VARIANT_IMAGE:
			return inference_refuse(input->image->model, a, e);
		case QDRANT__VECTOR_INPUT__VARIANT_OBJECT:
			return inference_refuse(input->object->model, a, e);
		default:
			return gw_fail(e, a, ERR_GRPC_ARGUMENT,
						   "VectorInput variant is missing");
	}
}

static bool
read_query(search *s, const Qdrant__QueryPoints *msg, arena *a, gw_error *e)
{
	const Qdrant__Query *query = msg->query;

	if (query == NULL && msg->n_prefetch > 0)
		return gw_fail(e, a, ERR_BAD_REQUEST, "A query is needed to merge "
					   "the prefetches. Can't have prefetches without "
					   "defining a query.");
	if (query == NULL && msg->has_score_threshold)
		return gw_fail(e, a, ERR_BAD_REQUEST, "A query is needed to use the "
					   "score_threshold. Can't have score_threshold without "
					   "defining a query.");
	if (msg->n_prefetch > 0)
		return gw_fail(e, a, ERR_UNSUPPORTED, "prefetch");
	if (query == NULL)
		return true;
	switch (query->variant_case)
	{
		case QDRANT__QUERY__VARIANT__NOT_SET:
			return gw_fail(e, a, ERR_GRPC_ARGUMENT,
						   "Query variant is missing");
		case QDRANT__QUERY__VARIANT_NEAREST:
			return read_vector_input(s, query->nearest, a, e);
		case QDRANT__QUERY__VARIANT_ORDER_BY:
			s->kind = SEARCH_ORDER;
			s->order_by = query->order_by;
			return !msg->has_score_threshold ||
				gw_fail(e, a, ERR_BAD_REQUEST, "Can't use score_threshold with "
						"an order_by query.");
		case QDRANT__QUERY__VARIANT_SAMPLE:
			s->kind = SEARCH_SAMPLE;
			return true;
		case QDRANT__QUERY__VARIANT_FUSION:
		case QDRANT__QUERY__VARIANT_RRF:
			return gw_fail(e, a, ERR_BAD_INPUT, "Validation failed: cannot "
						   "apply Fusion without prefetches");
		default:
			/* named by check_supported already */
			return gw_fail(e, a, ERR_UNSUPPORTED, "query of this kind");
	}
}

static bool
search_from_query(search *s, const Qdrant__QueryPoints *msg, arena *a,
				  gw_error *e)
{
	s->using = slice_text(msg->using_);
	s->filter = msg->filter;
	s->params = msg->params;
	s->with_payload = msg->with_payload;
	s->with_vectors = msg->with_vectors;
	s->limit = msg->has_limit ? msg->limit : QUERY_DEFAULT_LIMIT;
	s->offset = msg->has_offset ? msg->offset : 0;
	s->has_threshold = msg->has_score_threshold;
	s->threshold = msg->has_score_threshold ? msg->score_threshold : 0;
	return read_query(s, msg, a, e) &&
		read_common(msg->read_consistency, msg->shard_key_selector, a, e);
}

static bool
search_from_legacy(search *s, const Qdrant__SearchPoints *msg, arena *a,
				   gw_error *e)
{
	s->kind = msg->sparse_indices != NULL ? SEARCH_SPARSE : SEARCH_VECTOR;
	s->vector = msg->vector;
	s->dim = msg->n_vector;
	s->using = slice_text(msg->vector_name);
	s->filter = msg->filter;
	s->params = msg->params;
	s->with_payload = msg->with_payload;
	s->with_vectors = msg->with_vectors;
	s->limit = msg->limit;
	s->offset = msg->has_offset ? msg->offset : 0;
	s->has_threshold = msg->has_score_threshold;
	s->threshold = msg->has_score_threshold ? msg->score_threshold : 0;
	return read_common(msg->read_consistency, msg->shard_key_selector, a,
					   e);
}

/* NULL with *e: too many. */
static search_state *
search_begin(struct op *op, size_t n,
			 ProtobufCMessage *(*respond) (struct op *, PGresult **),
			 gw_error *e)
{
	search_state *st = arena_alloc0(op->a, sizeof(*st));

	if (!memory_check(n, sizeof(*st->searches), op->a, e))
		return NULL;
	st->searches = arena_array(op->a, n, sizeof(*st->searches));
	memset(st->searches, 0, n * sizeof(*st->searches));
	st->n = n;
	st->respond = respond;
	op->state = st;
	return st;
}

/* Goes on when the request could be read. */
static void
search_start(struct op *op, bool ok, const char *collection_name,
			 const gw_error *e)
{
	if (ok)
		op_with_collection(op, slice_text(collection_name),
						   search_collection);
	else
		op_fail_error(op, e);
}

static void
query_run(struct op *op)
{
	const Qdrant__QueryPoints *msg = (const Qdrant__QueryPoints *) op->msg;
	gw_error	e = {0};
	search_state *st = search_begin(op, 1, respond_query, &e);

	search_start(op, st != NULL &&
				 search_from_query(st->searches, msg, op->a, &e),
				 msg->collection_name, &e);
}

static void
query_batch_run(struct op *op)
{
	const Qdrant__QueryBatchPoints *msg =
	(const Qdrant__QueryBatchPoints *) op->msg;
	gw_error	e = {0};
	search_state *st = search_begin(op, msg->n_query_points,
									respond_query_batch, &e);
	bool		ok = st != NULL &&
	read_consistency_check(msg->read_consistency, op->a, &e);

	for (size_t i = 0; ok && i < st->n; i++)
		ok = search_from_query(&st->searches[i], msg->query_points[i], op->a,
							   &e);
	search_start(op, ok, msg->collection_name, &e);
}

static void
search_run(struct op *op)
{
	const Qdrant__SearchPoints *msg = (const Qdrant__SearchPoints *) op->msg;
	gw_error	e = {0};
	search_state *st = search_begin(op, 1, respond_search, &e);

	search_start(op, st != NULL &&
				 search_from_legacy(st->searches, msg, op->a, &e),
				 msg->collection_name, &e);
}

static void
search_batch_run(struct op *op)
{
	const Qdrant__SearchBatchPoints *msg =
	(const Qdrant__SearchBatchPoints *) op->msg;
	gw_error	e = {0};
	search_state *st = search_begin(op, msg->n_search_points,
									respond_search_batch, &e);
	bool		ok = st != NULL &&
	read_consistency_check(msg->read_consistency, op->a, &e);

	for (size_t i = 0; ok && i < st->n; i++)
		ok = search_from_legacy(&st->searches[i], msg->search_points[i],
								op->a, &e);
	search_start(op, ok, msg->collection_name, &e);
}

const operation svc_query = {
	.name = "points.query",.access = ACCESS_READ,
	.request = &qdrant__query_points__descriptor,.run = query_run
};
const operation svc_query_batch = {
	.name = "points.query_batch",.access = ACCESS_READ,
	.request = &qdrant__query_batch_points__descriptor,
	.run = query_batch_run
};
const operation svc_search = {
	.name = "points.search",.access = ACCESS_READ,
	.request = &qdrant__search_points__descriptor,.run = search_run
};
const operation svc_search_batch = {
	.name = "points.search_batch",.access = ACCESS_READ,
	.request = &qdrant__search_batch_points__descriptor,
	.run = search_batch_run
};
