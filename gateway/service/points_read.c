/*
 * points_read.c
 *		Points by id, scroll, count.
 */
#include "service/points.h"
#include "service/service.h"

#include <inttypes.h>

#include "model/filter_json.h"

/* Common to what reads: the members that are checked before any lookup. */
static bool
check_reader(struct op *op, const Qdrant__ReadConsistency *consistency,
			 const Qdrant__ShardKeySelector *shard_key)
{
	gw_error	e = {0};

	if (read_consistency_check(consistency, op->a, &e) &&
		shard_key_check(shard_key, ERR_BAD_REQUEST, op->a, &e))
		return true;
	op_fail_error(op, &e);
	return false;
}

static Qdrant__RetrievedPoint *
retrieved_point(struct op *op, const selection *s, const PGresult *r, int row)
{
	Qdrant__RetrievedPoint *p = arena_alloc(op->a, sizeof(*p));
	point_key	id = point_key_column(r, row, 0);

	qdrant__retrieved_point__init(p);
	p->id = point_key_message(&id, op->a);
	selection_payload(s, r, row, 1, &p->n_payload, &p->payload, op->a);
	p->vectors = selection_vectors(s, r, row, 1, op->a);
	return p;
}

static Qdrant__RetrievedPoint **
retrieved_points(struct op *op, const selection *s, const PGresult *r, int n)
{
	Qdrant__RetrievedPoint **points =
	arena_array(op->a, (size_t) n, sizeof(*points));

	for (int i = 0; i < n; i++)
		points[i] = retrieved_point(op, s, r, i);
	return points;
}

/*----------
 * Points by id, in the order of the request, each once.
 *----------
 */
typedef struct get_state
{
	point_key  *keys;
	size_t		n_keys;
	selection	selection;
} get_state;

/* check_collection, settings, rows */
#define GET_ROWS	2

static Qdrant__GetResponse *
get_response(struct op *op, const PGresult *r)
{
	get_state  *st = op->state;
	Qdrant__GetResponse *response = arena_alloc(op->a, sizeof(*response));

	qdrant__get_response__init(response);
	response->n_result = (size_t) PQntuples(r);
	response->result = retrieved_points(op, &st->selection, r, PQntuples(r));
	return response;
}

static void
get_points_done(struct op *op, PGresult **results)
{
	op_answer(op, &get_response(op, results[GET_ROWS])->base);
}

static void
get_point_done(struct op *op, PGresult **results)
{
	get_state  *st = op->state;

	if (PQntuples(results[GET_ROWS]) == 0)
		op_fail(op, ERR_NOT_FOUND, "Point with id %s does not exists!",
				point_key_text(&st->keys[0], op->a));
	else
		op_answer(op, &get_response(op, results[GET_ROWS])->base);
}

static void
get_submit(struct op *op, const collection *c,
		   void (*done) (struct op *, PGresult **))
{
	const Qdrant__GetPoints *msg = (const Qdrant__GetPoints *) op->msg;
	get_state  *st = op->state;
	gw_error	e = {0};
	sql		   *q = sql_begin(op->a);
	pg_statement *statements = arena_array(op->a, 3, sizeof(*statements));
	int			ids;

	if (!selection_read(&st->selection, c, msg->with_payload,
						msg->with_vectors, false, op->a, &e))
	{
		op_fail_error(op, &e);
		return;
	}
	sql_add(q, "SELECT t.id");
	selection_columns(&st->selection, q, "t");
	ids = sql_bind(q, point_keys_param(st->keys, st->n_keys, op->a));
	sql_add(q, " FROM unnest($%d::point_id[]) WITH ORDINALITY AS u (id, n) "
			"JOIN %s AS t ON t.id = u.id ORDER BY u.n", ids, c->relation);
	statements[0] = op_check_collection(op, c);
	statements[1] = sql_index_settings(op->a, 1);
	statements[GET_ROWS] = sql_end(q);
	op_sql_search(op, statements, 3, done);
}

static void
get_points_collection(struct op *op, const collection *c)
{
	get_submit(op, c, get_points_done);
}

static void
get_point_collection(struct op *op, const collection *c)
{
	get_submit(op, c, get_point_done);
}

static void
get_run(struct op *op, void (*next) (struct op *, const collection *))
{
	const Qdrant__GetPoints *msg = (const Qdrant__GetPoints *) op->msg;
	get_state  *st = arena_alloc0(op->a, sizeof(*st));
	gw_error	e = {0};

	op->state = st;
	if (!check_reader(op, msg->read_consistency, msg->shard_key_selector))
		return;
	if (!point_keys_read(msg->ids, msg->n_ids, &st->keys, op->a, &e))
	{
		op_fail_error(op, &e);
		return;
	}
	st->n_keys = point_keys_distinct(st->keys, msg->n_ids, op->a);
	op_with_collection(op, slice_text(msg->collection_name), next);
}

static void
get_points_run(struct op *op)
{
	get_run(op, get_points_collection);
}

static void
get_point_run(struct op *op)
{
	get_run(op, get_point_collection);
}

const operation svc_get_points = {
	.name = "points.get",.access = ACCESS_READ,
	.request = &qdrant__get_points__descriptor,.run = get_points_run
};
const operation svc_get_point = {
	.name = "points.get_one",.access = ACCESS_READ,
	.request = &qdrant__get_points__descriptor,.run = get_point_run
};

/*----------
 * Scroll: by ascending id, one more than asked for, to know the next page; or
 * by a field, without pages.
 *----------
 */
#define SCROLL_DEFAULT_LIMIT	10

typedef struct scroll_state
{
	selection	selection;
	bool		has_offset;
	point_key	offset;
	uint32_t	limit;
	ordering	ordering;
} scroll_state;

/* check_collection, rows */
#define SCROLL_ROWS	1

static void
scroll_done(struct op *op, PGresult **results)
{
	scroll_state *st = op->state;
	const PGresult *r = results[SCROLL_ROWS];
	int			n = PQntuples(r);
	Qdrant__ScrollResponse *response = arena_alloc(op->a, sizeof(*response));

	qdrant__scroll_response__init(response);
	if (n > 0 && (uint32_t) n > st->limit)
	{
		point_key	next = point_key_column(r, --n, 0);

		response->next_page_offset = point_key_message(&next, op->a);
	}
	response->n_result = (size_t) n;
	response->result = retrieved_points(op, &st->selection, r, n);
	op_answer(op, &response->base);
}

static void
scroll_by_field_done(struct op *op, PGresult **results)
{
	scroll_state *st = op->state;
	const PGresult *r = results[SCROLL_ROWS];
	int			n = PQntuples(r);
	Qdrant__ScrollResponse *response = arena_alloc(op->a, sizeof(*response));

	qdrant__scroll_response__init(response);
	response->n_result = (size_t) n;
	response->result = retrieved_points(op, &st->selection, r, n);
	for (int i = 0; i < n; i++)
		response->result[i]->order_value =
			ordering_value(&st->ordering, r, i,
						   1 + selection_width(&st->selection), op->a);
	op_answer(op, &response->base);
}

static pg_statement
scroll_by_field(struct op *op, const collection *c)
{
	const Qdrant__ScrollPoints *msg = (const Qdrant__ScrollPoints *) op->msg;
	const scroll_state *st = op->state;
	sql		   *q = sql_begin(op->a);

	sql_add(q, "SELECT t.id");
	selection_columns(&st->selection, q, "t");
	sql_add(q, ", o.value FROM %s AS t", c->relation);
	ordering_from(&st->ordering, q);
	sql_add(q, " WHERE true");
	ordering_where(&st->ordering, q, c, msg->filter, st->limit);
	ordering_order(&st->ordering, q);
	sql_add(q, " LIMIT %" PRIu32, st->limit);
	return sql_end(q);
}

static pg_statement
scroll_by_id(struct op *op, const collection *c)
{
	const Qdrant__ScrollPoints *msg = (const Qdrant__ScrollPoints *) op->msg;
	const scroll_state *st = op->state;
	sql		   *q = sql_begin(op->a);

	sql_add(q, "SELECT t.id");
	selection_columns(&st->selection, q, "t");
	sql_add(q, " FROM %s AS t WHERE true", c->relation);
	if (st->has_offset)
		sql_add(q, " AND t.id >= $%d",
				sql_bind(q, point_key_param(&st->offset, op->a)));
	sql_filter(q, c, msg->filter);
	sql_add(q, " ORDER BY t.id LIMIT %" PRIu64, (uint64_t) st->limit + 1);
	return sql_end(q);
}

static void
scroll_collection(struct op *op, const collection *c)
{
	const Qdrant__ScrollPoints *msg = (const Qdrant__ScrollPoints *) op->msg;
	scroll_state *st = op->state;
	bool		by_field = msg->order_by != NULL;
	gw_error	e = {0};
	pg_statement *statements = arena_array(op->a, 2, sizeof(*statements));

	if (!selection_read(&st->selection, c, msg->with_payload,
						msg->with_vectors, true, op->a, &e) ||
		(by_field && !ordering_read(&st->ordering, c, msg->order_by, op->a, &e)))
	{
		op_fail_error(op, &e);
		return;
	}
	statements[0] = op_check_collection(op, c);
	statements[SCROLL_ROWS] = by_field ? scroll_by_field(op, c) :
		scroll_by_id(op, c);
	op_sql(op, statements, 2, true,
		   by_field ? scroll_by_field_done : scroll_done);
}

static bool
scroll_check(struct op *op, scroll_state *st)
{
	const Qdrant__ScrollPoints *msg = (const Qdrant__ScrollPoints *) op->msg;
	gw_error	e = {0};

	st->limit = msg->has_limit ? msg->limit : SCROLL_DEFAULT_LIMIT;
	st->has_offset = msg->offset != NULL;
	if (st->has_offset && !point_key_read(msg->offset, &st->offset, op->a,
										  &e))
	{
		op_fail_error(op, &e);
		return false;
	}
	if (msg->order_by != NULL && st->has_offset)
		op_fail(op, ERR_BAD_INPUT, "Cannot use an `offset` when using "
				"`order_by`. The alternative for paging is to use "
				"`order_by.start_from` and a filter to exclude the IDs that "
				"you've already seen for the `order_by.start_from` value");
	else
		return check_reader(op, msg->read_consistency,
							msg->shard_key_selector);
	return false;
}

static void
scroll_run(struct op *op)
{
	const Qdrant__ScrollPoints *msg = (const Qdrant__ScrollPoints *) op->msg;
	scroll_state *st = arena_alloc0(op->a, sizeof(*st));

	op->state = st;
	if (scroll_check(op, st))
		op_with_collection(op, slice_text(msg->collection_name),
						   scroll_collection);
}

const operation svc_scroll = {
	.name = "points.scroll",.access = ACCESS_READ,
	.request = &qdrant__scroll_points__descriptor,.run = scroll_run
};

/*----------
 * Count.
 *----------
 */
static void
count_done(struct op *op, PGresult **results)
{
	Qdrant__CountResponse *response = arena_alloc(op->a, sizeof(*response));
	Qdrant__CountResult *result = arena_alloc(op->a, sizeof(*result));

	qdrant__count_response__init(response);
	qdrant__count_result__init(result);
	result->count = (uint64_t) pgr_int8(results[1], 0, 0);
	response->result = result;
	op_answer(op, &response->base);
}

static void
count_collection(struct op *op, const collection *c)
{
	const Qdrant__CountPoints *msg = (const Qdrant__CountPoints *) op->msg;
	sql		   *q = sql_begin(op->a);
	pg_statement *statements = arena_array(op->a, 2, sizeof(*statements));
	bool		exact = !msg->has_exact || msg->exact;
	bool		by_index = !filter_needs_point(msg->filter) &&
		(!filter_is_empty(msg->filter) || !exact);

	if (by_index)
		sql_add(q, "SELECT qdrant_catalog.count_rows(%s, $%d, %s)",
				sql_literal(op->a, slice_text(c->relation)),
				sql_bind(q, pgp_filter(op->a, filter_json(msg->filter, &c->indexes,
														  op->a))),
				exact ? "true" : "false");
	else
	{
		sql_add(q, "SELECT count(*) FROM %s AS t WHERE true", c->relation);
		sql_filter(q, c, msg->filter);
	}
	statements[0] = op_check_collection(op, c);
	statements[1] = sql_end(q);
	if (by_index)
		op_sql_search(op, statements, 2, count_done);
	else
		op_sql(op, statements, 2, true, count_done);
}

static void
count_run(struct op *op)
{
	const Qdrant__CountPoints *msg = (const Qdrant__CountPoints *) op->msg;

	if (check_reader(op, msg->read_consistency, msg->shard_key_selector))
		op_with_collection(op, slice_text(msg->collection_name),
						   count_collection);
}

const operation svc_count = {
	.name = "points.count",.access = ACCESS_READ,
	.request = &qdrant__count_points__descriptor,.run = count_run
};
