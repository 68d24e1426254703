/*
 * points_write.c
 *		Upsert, delete and the payload operations.
 *
 * Each is one implicit transaction: the collection's check, the operation's
 * number from the collection's sequence, the statement.  The number becomes
 * the version of every row it touches, through currval in the same session.
 */
#include "service/points.h"
#include "service/service.h"

#include "core/config.h"
#include "model/payload.h"
#include "worker.h"

pg_statement
update_version(struct op *op, const collection *c, int n)
{
	sql		   *q = sql_begin(op->a);

	sql_add(q, n > 1 ? "SELECT max(nextval(%s::regclass))" :
			"SELECT nextval(%s::regclass)",
			sql_literal(op->a, slice_text(c->version_sequence)));
	if (n > 1)
		sql_add(q, " FROM generate_series(1, %d)", n);
	return sql_end(q);
}

static void
add_current_version(sql *q, const collection *c)
{
	sql_add(q, "(SELECT currval(%s::regclass))",
			sql_literal(q->a, slice_text(c->version_sequence)));
}

void
update_answer(struct op *op, uint64_t operation_id, Qdrant__UpdateStatus status)
{
	Qdrant__PointsOperationResponse *response =
	arena_alloc(op->a, sizeof(*response));
	Qdrant__UpdateResult *result = arena_alloc(op->a, sizeof(*result));
	Qdrant__Usage *usage = arena_alloc(op->a, sizeof(*usage));

	qdrant__points_operation_response__init(response);
	qdrant__update_result__init(result);
	qdrant__usage__init(usage);
	result->has_operation_id = true;
	result->operation_id = operation_id;
	result->status = status;
	response->result = result;
	response->usage = usage;
	op_answer(op, &response->base);
}

/*
 * wait=false is answered after commit as well, but says what Qdrant says.
 */
static void
answer_update(struct op *op, const PGresult *version, bool wait)
{
	update_answer(op, (uint64_t) pgr_int8(version, 0, 0),
				  wait ? QDRANT__UPDATE_STATUS__Completed :
				  QDRANT__UPDATE_STATUS__Acknowledged);
}

/*----------
 * Upsert
 *----------
 */
typedef struct upsert_state
{
	point_key  *keys;
	uint32_t   *rows;			/* positions of the points to store, by id */
	size_t		n_rows;
	size_t		bytes;			/* of payloads and vectors */
	int			version;		/* statement that gives the number */
} upsert_state;

static bool
upsert_read_keys(struct op *op, upsert_state *st, gw_error *e)
{
	const Qdrant__UpsertPoints *msg = (const Qdrant__UpsertPoints *) op->msg;

	st->keys = arena_array(op->a, msg->n_points, sizeof(*st->keys));
	for (size_t i = 0; i < msg->n_points; i++)
		if (!point_key_read(msg->points[i]->id, &st->keys[i], op->a, e))
			return false;
	return true;
}

/* Of equal ids the last one counts. */
static void
upsert_choose_rows(struct op *op, upsert_state *st, size_t n_points)
{
	st->rows = point_keys_order(st->keys, n_points, op->a);
	for (size_t i = 0; i < n_points; i++)
	{
		if (st->n_rows > 0 &&
			point_key_compare(&st->keys[st->rows[st->n_rows - 1]],
							  &st->keys[st->rows[i]]) == 0)
			st->n_rows--;
		st->rows[st->n_rows++] = st->rows[i];
	}
}

static pg_param
upsert_ids(struct op *op, const upsert_state *st)
{
	point_key  *keys = arena_array(op->a, st->n_rows, sizeof(*keys));

	for (size_t i = 0; i < st->n_rows; i++)
		keys[i] = st->keys[st->rows[i]];
	return point_keys_param(keys, st->n_rows, op->a);
}

static bool
upsert_payloads(struct op *op, upsert_state *st, pg_param *out, gw_error *e)
{
	const Qdrant__UpsertPoints *msg = (const Qdrant__UpsertPoints *) op->msg;
	pg_array   *arr = pg_array_begin(op->a, PGT_JSONB_ARRAY, st->n_rows);

	for (size_t i = 0; i < st->n_rows; i++)
	{
		const Qdrant__PointStruct *p = msg->points[st->rows[i]];
		slice		json;
		pg_param	element;

		if (!payload_to_json(p->payload, p->n_payload, op->a, &json, e))
			return false;
		st->bytes += json.n;
		element = pgp_jsonb(op->a, json);
		pg_array_add(arr, &element);
	}
	*out = pg_array_end(arr);
	return true;
}

/* vectors: n_points rows of c->n_vectors. */
static pg_param
upsert_column(struct op *op, upsert_state *st, const collection *c,
			  const input_vector *vectors, int column)
{
	pg_array   *arr = pg_array_begin(op->a, PGT_VECTOR_ARRAY, st->n_rows);

	for (size_t i = 0; i < st->n_rows; i++)
	{
		const input_vector *v =
		&vectors[st->rows[i] * (size_t) c->n_vectors + (size_t) column];
		pg_param	element = v->value != NULL ?
		pgp_vector(op->a, v->value, v->dim) : pgp_null(PGT_VECTOR);

		st->bytes += v->dim * sizeof(float);
		pg_array_add(arr, &element);
	}
	return pg_array_end(arr);
}

/* unnest(...) AS u (id, payload, v0, v1, ...) */
static void
upsert_source(sql *q, const collection *c, const pg_param *columns)
{
	sql_add(q, "unnest($%d::point_id[], $%d::jsonb[]",
			sql_bind(q, columns[0]), sql_bind(q, columns[1]));
	for (int i = 0; i < c->n_vectors; i++)
		sql_add(q, ", $%d::vector[]", sql_bind(q, columns[2 + i]));
	sql_add(q, ") AS u (id, payload");
	for (int i = 0; i < c->n_vectors; i++)
		sql_add(q, ", v%d", i);
	sql_add(q, ")");
}

static void
upsert_value(sql *q, const collection *c, int column)
{
	sql_add(q, "%s", vector_stored(&c->vectors[column],
								   arena_printf(q->a, "u.v%d", column), q->a));
}

/* Rows that exist are replaced, others skipped. */
static void
upsert_update_only(struct op *op, sql *q, const collection *c,
				   const pg_param *columns)
{
	const Qdrant__UpsertPoints *msg = (const Qdrant__UpsertPoints *) op->msg;

	sql_add(q, "UPDATE %s AS t SET payload = u.payload, version = ",
			c->relation);
	add_current_version(q, c);
	for (int i = 0; i < c->n_vectors; i++)
	{
		sql_add(q, ", %s = ", c->vectors[i].column);
		upsert_value(q, c, i);
	}
	sql_add(q, " FROM ");
	upsert_source(q, c, columns);
	sql_add(q, " WHERE t.id = u.id");
	sql_filter(q, c, msg->update_filter);
}

static void
upsert_on_conflict(struct op *op, sql *q, const collection *c)
{
	const Qdrant__UpsertPoints *msg = (const Qdrant__UpsertPoints *) op->msg;

	if (msg->has_update_mode &&
		msg->update_mode == QDRANT__UPDATE_MODE__InsertOnly)
	{
		sql_add(q, " ON CONFLICT (id) DO NOTHING");
		return;
	}
	sql_add(q, " ON CONFLICT (id) DO UPDATE SET payload = excluded.payload, "
			"version = excluded.version");
	for (int i = 0; i < c->n_vectors; i++)
		sql_add(q, ", %s = excluded.%s", c->vectors[i].column,
				c->vectors[i].column);
	sql_add(q, " WHERE true");
	sql_filter(q, c, msg->update_filter);
}

static pg_statement
upsert_statement(struct op *op, const collection *c, const pg_param *columns)
{
	const Qdrant__UpsertPoints *msg = (const Qdrant__UpsertPoints *) op->msg;
	sql		   *q = sql_begin(op->a);

	if (msg->has_update_mode &&
		msg->update_mode == QDRANT__UPDATE_MODE__UpdateOnly)
	{
		upsert_update_only(op, q, c, columns);
		return sql_end(q);
	}
	sql_add(q, "INSERT INTO %s AS t (id, payload, version", c->relation);
	for (int i = 0; i < c->n_vectors; i++)
		sql_add(q, ", %s", c->vectors[i].column);
	sql_add(q, ") SELECT u.id, u.payload, ");
	add_current_version(q, c);
	for (int i = 0; i < c->n_vectors; i++)
	{
		sql_add(q, ", ");
		upsert_value(q, c, i);
	}
	sql_add(q, " FROM ");
	upsert_source(q, c, columns);
	upsert_on_conflict(op, q, c);
	return sql_end(q);
}

static void
upsert_done(struct op *op, PGresult **results)
{
	const Qdrant__UpsertPoints *msg = (const Qdrant__UpsertPoints *) op->msg;
	upsert_state *st = op->state;

	answer_update(op, results[st->version], msg->has_wait && msg->wait);
}

static pg_statement
check_size(struct op *op, const collection *c, size_t incoming)
{
	sql		   *q = sql_begin(op->a);
	int			name = sql_bind(q, pgp_text(op->a, c->name));
	int			bytes = sql_bind(q, pgp_int8(op->a, (int64_t) incoming));
	int			limit = sql_bind(q, pgp_int8(op->a,
											 op->req->worker->config->max_collection_bytes));

	sql_add(q, "SELECT qdrant.check_size($%d, $%d, $%d)", name, bytes, limit);
	return sql_end(q);
}

static bool
upsert_columns(struct op *op, const collection *c, pg_param *columns, gw_error *e)
{
	const Qdrant__UpsertPoints *msg = (const Qdrant__UpsertPoints *) op->msg;
	upsert_state *st = op->state;
	size_t		width = (size_t) c->n_vectors;
	input_vector *vectors;

	if (!memory_check(msg->n_points, width * sizeof(*vectors), op->a, e))
		return false;
	vectors = arena_array(op->a, msg->n_points * width, sizeof(*vectors));
	for (size_t i = 0; i < msg->n_points; i++)
		if (!vectors_read(msg->points[i]->vectors, c, &vectors[i * width],
						  op->a, e))
			return false;
	columns[0] = upsert_ids(op, st);
	if (!upsert_payloads(op, st, &columns[1], e))
		return false;
	for (int i = 0; i < c->n_vectors; i++)
	{
		if (!memory_check(st->n_rows, sizeof(pg_param), op->a, e))
			return false;
		columns[2 + i] = upsert_column(op, st, c, vectors, i);
	}
	return true;
}

static void
upsert_collection(struct op *op, const collection *c)
{
	upsert_state *st = op->state;
	pg_param   *columns = arena_array(op->a, 2 + (size_t) c->n_vectors,
									  sizeof(*columns));
	pg_statement *statements = arena_array(op->a, 4, sizeof(*statements));
	gw_error	e = {0};
	int			n = 0;

	st->bytes = 0;
	if (!upsert_columns(op, c, columns, &e))
	{
		op_fail_error(op, &e);
		return;
	}
	statements[n++] = op_check_collection(op, c);
	if (op->req->worker->config->max_collection_bytes > 0)
		statements[n++] = check_size(op, c, st->bytes);
	st->version = n;
	statements[n++] = update_version(op, c, 1);
	statements[n++] = upsert_statement(op, c, columns);
	op_sql(op, statements, n, false, upsert_done);
}

static void
upsert_run(struct op *op)
{
	const Qdrant__UpsertPoints *msg = (const Qdrant__UpsertPoints *) op->msg;
	upsert_state *st = arena_alloc0(op->a, sizeof(*st));
	gw_error	e = {0};

	op->state = st;
	if (!upsert_read_keys(op, st, &e) ||
		!shard_key_check(msg->shard_key_selector, ERR_BAD_INPUT, op->a, &e))
	{
		op_fail_error(op, &e);
		return;
	}
	if (msg->n_points == 0)
	{
		op_fail(op, ERR_BAD_REQUEST, "Empty update request");
		return;
	}
	upsert_choose_rows(op, st, msg->n_points);
	op_with_collection(op, slice_text(msg->collection_name),
					   upsert_collection);
}

const operation svc_upsert = {
	.name = "points.upsert",.access = ACCESS_WRITE,
	.request = &qdrant__upsert_points__descriptor,.run = upsert_run
};

/*----------
 * Delete and the payload operations: one UPDATE or DELETE over the points of
 * a selector.
 *----------
 */
typedef struct change_state
{
	const Qdrant__PointsSelector *selector;
	point_key  *keys;			/* of a selector by ids */
	size_t		n_keys;
	bool		by_filter;
	bool		need_all;		/* an absent id is an error */
	bool		wait;
	slice		payload;		/* of set and overwrite */
	void		(*begin) (struct op *op, sql *q, const collection *c);
} change_state;

/* check_collection, the number, the statement */
#define CHANGE_VERSION	1
#define CHANGE_ROWS		2

static void
change_done(struct op *op, PGresult **results)
{
	change_state *st = op->state;
	const point_key *absent = NULL;

	/* what is there has been changed, as in Qdrant */
	if (st->need_all && !st->by_filter && st->wait)
		absent = point_keys_missing(st->keys, st->n_keys,
									results[CHANGE_ROWS], op->a);
	if (absent != NULL)
		op_fail(op, ERR_NOT_FOUND, "No point with id %s found",
				point_key_text(absent, op->a));
	else
		answer_update(op, results[CHANGE_VERSION], st->wait);
}

static void
change_collection(struct op *op, const collection *c)
{
	change_state *st = op->state;
	sql		   *q = sql_begin(op->a);
	pg_statement *statements = arena_array(op->a, 3, sizeof(*statements));

	st->begin(op, q, c);
	if (st->by_filter)
	{
		sql_add(q, " WHERE true");
		sql_filter(q, c, st->selector->filter);
	}
	else
		sql_add(q, " WHERE t.id = ANY($%d)%s",
				sql_bind(q, point_keys_param(st->keys, st->n_keys, op->a)),
				st->need_all ? " RETURNING t.id" : "");
	statements[0] = op_check_collection(op, c);
	statements[CHANGE_VERSION] = update_version(op, c, 1);
	statements[CHANGE_ROWS] = sql_end(q);
	op_sql(op, statements, 3, false, change_done);
}

static bool
selector_read(struct op *op, change_state *st, gw_error *e)
{
	const Qdrant__PointsSelector *s = st->selector;

	switch (s->points_selector_one_of_case)
	{
		case QDRANT__POINTS_SELECTOR__POINTS_SELECTOR_ONE_OF_POINTS:
			if (!point_keys_read(s->points->ids, s->points->n_ids, &st->keys,
								 op->a, e))
				return false;
			st->n_keys = s->points->n_ids;
			if (st->n_keys == 0)
				return gw_fail(e, op->a, ERR_BAD_REQUEST,
							   "Empty update request");
			return true;
		case QDRANT__POINTS_SELECTOR__POINTS_SELECTOR_ONE_OF_FILTER:
			st->by_filter = true;
			return true;
		default:				/* refused before; never all points */
			return gw_fail(e, op->a, ERR_GRPC_ARGUMENT,
						   "Malformed PointsSelector type");
	}
}

/* What the change operations have in common, read from their messages. */
typedef struct change_request
{
	const char *collection_name;
	const Qdrant__PointsSelector *selector;
	const Qdrant__ShardKeySelector *shard_key;
	bool		wait;
} change_request;

static void
change_run(struct op *op, change_state *st, const change_request *r)
{
	gw_error	e = {0};

	op->state = st;
	st->selector = r->selector;
	st->wait = r->wait;
	if (!selector_read(op, st, &e) ||
		!shard_key_check(r->shard_key, ERR_BAD_INPUT, op->a, &e))
		op_fail_error(op, &e);
	else
		op_with_collection(op, slice_text(r->collection_name),
						   change_collection);
}

#define CHANGE_REQUEST(msg, points) \
	{(msg)->collection_name, (points), (msg)->shard_key_selector, \
	 (msg)->has_wait && (msg)->wait}

static void
update_begin(sql *q, const collection *c)
{
	sql_add(q, "UPDATE %s AS t SET version = ", c->relation);
	add_current_version(q, c);
	sql_add(q, ", payload = ");
}

/* delete points */

static void
delete_begin(struct op *op, sql *q, const collection *c)
{
	(void) op;
	sql_add(q, "DELETE FROM %s AS t", c->relation);
}

static void
delete_run(struct op *op)
{
	const Qdrant__DeletePoints *msg = (const Qdrant__DeletePoints *) op->msg;
	change_state *st = arena_alloc0(op->a, sizeof(*st));
	change_request r = CHANGE_REQUEST(msg, msg->points);

	st->begin = delete_begin;
	change_run(op, st, &r);
}

const operation svc_delete_points = {
	.name = "points.delete",.access = ACCESS_WRITE,
	.request = &qdrant__delete_points__descriptor,.run = delete_run
};

/* set and overwrite payload */

static void
set_payload_begin(struct op *op, sql *q, const collection *c)
{
	const Qdrant__SetPayloadPoints *msg =
	(const Qdrant__SetPayloadPoints *) op->msg;
	change_state *st = op->state;
	int			payload = sql_bind(q, pgp_jsonb(op->a, st->payload));

	update_begin(q, c);
	if (msg->key != NULL)
		sql_add(q, "qdrant.payload_set(t.payload, $%d, $%d)", payload,
				sql_bind(q, pgp_text(op->a, slice_text(msg->key))));
	else
		sql_add(q, "qdrant.payload_set(t.payload, $%d)", payload);
}

static void
overwrite_payload_begin(struct op *op, sql *q, const collection *c)
{
	change_state *st = op->state;

	update_begin(q, c);
	sql_add(q, "$%d", sql_bind(q, pgp_jsonb(op->a, st->payload)));
}

static void
payload_run(struct op *op, void (*begin) (struct op *, sql *, const collection *))
{
	const Qdrant__SetPayloadPoints *msg =
	(const Qdrant__SetPayloadPoints *) op->msg;
	change_state *st = arena_alloc0(op->a, sizeof(*st));
	change_request r = CHANGE_REQUEST(msg, msg->points_selector);
	gw_error	e = {0};

	st->begin = begin;
	st->need_all = true;
	if (!payload_to_json(msg->payload, msg->n_payload, op->a, &st->payload,
						 &e))
		op_fail_error(op, &e);
	else
		change_run(op, st, &r);
}

static void
set_payload_run(struct op *op)
{
	payload_run(op, set_payload_begin);
}

static void
overwrite_payload_run(struct op *op)
{
	payload_run(op, overwrite_payload_begin);
}

const operation svc_set_payload = {
	.name = "points.set_payload",.access = ACCESS_WRITE,
	.request = &qdrant__set_payload_points__descriptor,.run = set_payload_run
};
const operation svc_overwrite_payload = {
	.name = "points.overwrite_payload",.access = ACCESS_WRITE,
	.request = &qdrant__set_payload_points__descriptor,
	.run = overwrite_payload_run
};

/* delete keys of the payload */

static void
delete_payload_begin(struct op *op, sql *q, const collection *c)
{
	const Qdrant__DeletePayloadPoints *msg =
	(const Qdrant__DeletePayloadPoints *) op->msg;
	pg_array   *keys = pg_array_begin(op->a, PGT_TEXT_ARRAY, msg->n_keys);

	for (size_t i = 0; i < msg->n_keys; i++)
	{
		pg_param	key = pgp_text(op->a, slice_text(msg->keys[i]));

		pg_array_add(keys, &key);
	}
	update_begin(q, c);
	sql_add(q, "qdrant.payload_delete_keys(t.payload, $%d)",
			sql_bind(q, pg_array_end(keys)));
}

static void
delete_payload_run(struct op *op)
{
	const Qdrant__DeletePayloadPoints *msg =
	(const Qdrant__DeletePayloadPoints *) op->msg;
	change_state *st = arena_alloc0(op->a, sizeof(*st));
	change_request r = CHANGE_REQUEST(msg, msg->points_selector);

	st->begin = delete_payload_begin;
	st->need_all = true;
	change_run(op, st, &r);
}

const operation svc_delete_payload = {
	.name = "points.delete_payload",.access = ACCESS_WRITE,
	.request = &qdrant__delete_payload_points__descriptor,
	.run = delete_payload_run
};

/* clear payload */

static void
clear_payload_begin(struct op *op, sql *q, const collection *c)
{
	(void) op;
	update_begin(q, c);
	sql_add(q, "'{}'");
}

static void
clear_payload_run(struct op *op)
{
	const Qdrant__ClearPayloadPoints *msg =
	(const Qdrant__ClearPayloadPoints *) op->msg;
	change_state *st = arena_alloc0(op->a, sizeof(*st));
	change_request r = CHANGE_REQUEST(msg, msg->points);

	st->begin = clear_payload_begin;
	st->need_all = true;
	change_run(op, st, &r);
}

const operation svc_clear_payload = {
	.name = "points.clear_payload",.access = ACCESS_WRITE,
	.request = &qdrant__clear_payload_points__descriptor,
	.run = clear_payload_run
};
