/*
 * points_index.c
 *		Payload indexes: create and delete.
 *
 * qdrant.create_payload_index notes the index in the catalog, and makes it if
 * that is quick; else the index builder does, concurrently, and who wants to
 * wait asks again and again whether it is there.  Filters have the semantics
 * of the index from the first moment.
 */
#include "model/create_json.h"
#include "net/request.h"
#include "service/index_builder.h"
#include "service/points.h"
#include "service/service.h"
#include "worker.h"

#define FIRST_WAIT_MS	20
#define LONGEST_WAIT_MS	1000

typedef struct index_state
{
	bool		wait;
	uint64_t	operation_id;
	int			wait_ms;
	pg_statement ask;			/* is the index there? */
} index_state;

/* check_collection, the change, the number */
#define INDEX_CHANGE	1
#define INDEX_VERSION	2

static void
index_answer(struct op *op, bool in_time)
{
	index_state *st = op->state;

	update_answer(op, st->operation_id,
				  !st->wait ? QDRANT__UPDATE_STATUS__Acknowledged : in_time ?
				  QDRANT__UPDATE_STATUS__Completed :
				  QDRANT__UPDATE_STATUS__WaitTimeout);
}

/* What other statements of this worker are made from has changed. */
static void
index_forget(struct op *op, const char *collection_name)
{
	catalog_forget(op->req->worker->catalog, slice_text(collection_name));
}

/*----------
 * Create
 *----------
 */
static void index_wait(struct op *op);

static void
index_asked(struct op *op, PGresult **results)
{
	/* no row: it was deleted in the meantime */
	if (PQntuples(results[0]) == 0 || pgr_bool(results[0], 0, 0))
		index_answer(op, true);
	else
		index_wait(op);
}

static void
index_ask(struct op *op)
{
	index_state *st = op->state;

	op_sql(op, &st->ask, 1, true, index_asked);
}

/* A little longer every time. */
static void
index_wait(struct op *op)
{
	index_state *st = op->state;
	uint64_t	now = now_ns();
	uint64_t	left_ms;

	if (op->deadline_ns <= now)
	{
		index_answer(op, false);
		return;
	}
	left_ms = (op->deadline_ns - now) / 1000000 + 1;
	if (st->wait_ms < LONGEST_WAIT_MS)
		st->wait_ms = st->wait_ms * 3 / 2;
	if (left_ms < (uint64_t) st->wait_ms)
		op_after(op, (int) left_ms, index_wait);
	else
		op_after(op, st->wait_ms, index_ask);
}

static pg_statement
ask_statement(struct op *op)
{
	const Qdrant__CreateFieldIndexCollection *msg =
	(const Qdrant__CreateFieldIndexCollection *) op->msg;
	sql		   *q = sql_begin(op->a);
	int			name = sql_bind(q, pgp_text(op->a, slice_text(msg->collection_name)));
	int			path = sql_bind(q, pgp_text(op->a, slice_text(msg->field_name)));

	sql_add(q, "SELECT i.ready FROM qdrant.payload_indexes($%d) AS i "
			"WHERE i.path = qdrant_catalog.json_path($%d)", name, path);
	return sql_end(q);
}

static void
create_done(struct op *op, PGresult **results)
{
	const Qdrant__CreateFieldIndexCollection *msg =
	(const Qdrant__CreateFieldIndexCollection *) op->msg;
	index_state *st = op->state;
	bool		ready = pgr_bool(results[INDEX_CHANGE], 0, 0);

	index_forget(op, msg->collection_name);
	st->operation_id = (uint64_t) pgr_int8(results[INDEX_VERSION], 0, 0);
	if (!ready)
		index_builder_wake();
	if (ready || !st->wait)
	{
		index_answer(op, true);
		return;
	}
	st->ask = ask_statement(op);
	st->wait_ms = FIRST_WAIT_MS;
	index_wait(op);
}

static void
create_collection(struct op *op, const collection *c)
{
	const Qdrant__CreateFieldIndexCollection *msg =
	(const Qdrant__CreateFieldIndexCollection *) op->msg;
	pg_statement *statements = arena_array(op->a, 3, sizeof(*statements));
	sql		   *q = sql_begin(op->a);
	int			name = sql_bind(q, pgp_text(op->a, c->name));
	int			path = sql_bind(q, pgp_text(op->a, slice_text(msg->field_name)));
	int			schema = sql_bind(q, pgp_jsonb(op->a, index_schema_json(msg, op->a)));

	sql_add(q, "SELECT qdrant.create_payload_index($%d, $%d, $%d, false)", name,
			path, schema);
	statements[0] = op_check_collection(op, c);
	statements[INDEX_CHANGE] = sql_end(q);
	statements[INDEX_VERSION] = update_version(op, c, 2);
	op_sql_maintenance(op, statements, 3, create_done);
}

static void
create_run(struct op *op)
{
	const Qdrant__CreateFieldIndexCollection *msg =
	(const Qdrant__CreateFieldIndexCollection *) op->msg;
	index_state *st = arena_alloc0(op->a, sizeof(*st));

	op->state = st;
	st->wait = msg->has_wait && msg->wait;
	if (!msg->has_field_type)
		op_fail(op, ERR_BAD_REQUEST, "Can't auto-detect field type, please "
				"specify `field_schema` in the request");
	else
		op_with_collection(op, slice_text(msg->collection_name),
						   create_collection);
}

const operation svc_create_field_index = {
	.name = "index.create",.access = ACCESS_WRITE,
	.request = &qdrant__create_field_index_collection__descriptor,
	.run = create_run
};

/*----------
 * Delete: one that is not there is no error.
 *----------
 */
static void
delete_done(struct op *op, PGresult **results)
{
	const Qdrant__DeleteFieldIndexCollection *msg =
	(const Qdrant__DeleteFieldIndexCollection *) op->msg;
	index_state *st = op->state;

	index_builder_wake();		/* what it was at may have been cancelled */
	index_forget(op, msg->collection_name);
	st->operation_id = (uint64_t) pgr_int8(results[INDEX_VERSION], 0, 0);
	index_answer(op, true);
}

static void
delete_collection(struct op *op, const collection *c)
{
	const Qdrant__DeleteFieldIndexCollection *msg =
	(const Qdrant__DeleteFieldIndexCollection *) op->msg;
	pg_statement *statements = arena_array(op->a, 3, sizeof(*statements));
	sql		   *q = sql_begin(op->a);
	int			name = sql_bind(q, pgp_text(op->a, c->name));
	int			path = sql_bind(q, pgp_text(op->a, slice_text(msg->field_name)));

	sql_add(q, "SELECT qdrant.drop_payload_index($%d, $%d)", name, path);
	statements[0] = op_check_collection(op, c);
	statements[INDEX_CHANGE] = sql_end(q);
	statements[INDEX_VERSION] = update_version(op, c, 2);
	op_sql_maintenance(op, statements, 3, delete_done);
}

static void
delete_run(struct op *op)
{
	const Qdrant__DeleteFieldIndexCollection *msg =
	(const Qdrant__DeleteFieldIndexCollection *) op->msg;
	index_state *st = arena_alloc0(op->a, sizeof(*st));

	op->state = st;
	st->wait = msg->has_wait && msg->wait;
	op_with_collection(op, slice_text(msg->collection_name), delete_collection);
}

const operation svc_delete_field_index = {
	.name = "index.delete",.access = ACCESS_WRITE,
	.request = &qdrant__delete_field_index_collection__descriptor,
	.run = delete_run
};
