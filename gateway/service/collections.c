/*
 * collections.c
 *		Collections: create, change, describe, list, drop.
 *
 * The extension knows what a valid collection is; its functions take and give
 * Qdrant's REST forms.  Only the words of missing and of existing collections
 * are made here (op.c).
 */
#include "core/log.h"
#include "model/create_json.h"
#include "model/model.h"
#include "model/out_collections.h"
#include "service/index_builder.h"
#include "service/service.h"
#include "worker.h"

/* One statement whose first parameter is the collection's name. */
static pg_statement *
name_statement(struct op *op, const char *sql, const char *name)
{
	pg_statement *statement = arena_alloc(op->a, sizeof(*statement));
	pg_param   *param = arena_alloc(op->a, sizeof(*param));

	*param = pgp_text(op->a, slice_text(name));
	*statement = op_statement(sql, param, 1);
	return statement;
}

/* Name and config. */
static pg_statement *
config_statement(struct op *op, const char *sql, const char *name, slice config)
{
	pg_statement *statement = arena_alloc(op->a, sizeof(*statement));
	pg_param   *params = arena_array(op->a, 2, sizeof(*params));

	params[0] = pgp_text(op->a, slice_text(name));
	params[1] = pgp_jsonb(op->a, config);
	*statement = op_statement(sql, params, 2);
	return statement;
}

static void
answer_done(struct op *op, bool result)
{
	Qdrant__CollectionOperationResponse *response =
	model_new(&qdrant__collection_operation_response__descriptor, op->a);

	response->result = result;
	op_answer(op, &response->base);
}

static void
forget(struct op *op, const char *name)
{
	catalog_forget(op->req->worker->catalog, slice_text(name));
}

/*----------
 * Create, update, delete.
 *----------
 */
static void
created(struct op *op, PGresult **results)
{
	forget(op, ((Qdrant__CreateCollection *) op->msg)->collection_name);
	answer_done(op, true);
}

static void
run_create(struct op *op)
{
	const Qdrant__CreateCollection *msg =
	(const Qdrant__CreateCollection *) op->msg;

	op_sql_maintenance(op, config_statement(op,
											"SELECT qdrant.create_collection($1, $2)",
											msg->collection_name,
											create_collection_json(msg, op->a)),
					   1, created);
}

static void
updated(struct op *op, PGresult **results)
{
	index_builder_wake();
	forget(op, ((Qdrant__UpdateCollection *) op->msg)->collection_name);
	answer_done(op, true);
}

static void
run_update(struct op *op)
{
	const Qdrant__UpdateCollection *msg =
	(const Qdrant__UpdateCollection *) op->msg;

	op_sql_maintenance(op, config_statement(op,
											"SELECT qdrant.update_collection($1, $2, false)",
											msg->collection_name,
											update_collection_json(msg, op->a)),
					   1, updated);
}

static void
deleted(struct op *op, PGresult **results)
{
	index_builder_wake();		/* what it was at may have been cancelled */
	forget(op, ((Qdrant__DeleteCollection *) op->msg)->collection_name);
	answer_done(op, pgr_bool(results[0], 0, 0));
}

static void
run_delete(struct op *op)
{
	const Qdrant__DeleteCollection *msg =
	(const Qdrant__DeleteCollection *) op->msg;

	op_sql_maintenance(op, name_statement(op,
										  "SELECT qdrant.drop_collection($1)",
										  msg->collection_name), 1, deleted);
}

/*----------
 * Info.
 *----------
 */
static void
got_json(struct op *op, PGresult **results)
{
	op_answer_json(op, pgr_jsonb(results[0], 0, 0));
}

static Qdrant__CollectionStatus
status_of(slice name)
{
	static const struct
	{
		const char *name;
		Qdrant__CollectionStatus status;
	}			all[] = {
		{"green", QDRANT__COLLECTION_STATUS__Green},
		{"yellow", QDRANT__COLLECTION_STATUS__Yellow},
		{"red", QDRANT__COLLECTION_STATUS__Red},
		{"grey", QDRANT__COLLECTION_STATUS__Grey},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (slice_is(name, all[i].name))
			return all[i].status;
	return QDRANT__COLLECTION_STATUS__UnknownCollectionStatus;
}

/* The columns of info_sql. */
static const char info_sql[] =
	"SELECT i->>'status', (i->'points_count')::bigint,"
	" (i->'indexed_vectors_count')::bigint, (i->'segments_count')::bigint,"
	" (i->'update_queue'->'length')::bigint,"
	" (i->'update_queue'->'deferred_points')::bigint,"
	" (i->'config'->'params') || ((i->'config') - 'params'),"
	" pg_catalog.jsonb_build_object('params', i->'config'->'params'),"
	" i->'payload_schema'"
	" FROM qdrant.collection_info($1) i";

static Qdrant__CollectionInfo *
info_message(struct op *op, const PGresult *r, gw_error *e)
{
	Qdrant__CollectionInfo *info =
	model_new(&qdrant__collection_info__descriptor, op->a);

	info->config = collection_config_message(pgr_jsonb(r, 0, 6),
											 pgr_jsonb(r, 0, 7), op->a, e);
	if (info->config == NULL ||
		!collection_payload_schema(pgr_jsonb(r, 0, 8), info, op->a, e))
		return NULL;
	info->status = status_of(pgr_text(r, 0, 0));
	info->optimizer_status =
		model_new(&qdrant__optimizer_status__descriptor, op->a);
	info->optimizer_status->ok = true;
	info->has_points_count = true;
	info->points_count = (uint64_t) pgr_int8(r, 0, 1);
	info->has_indexed_vectors_count = true;
	info->indexed_vectors_count = (uint64_t) pgr_int8(r, 0, 2);
	info->segments_count = (uint64_t) pgr_int8(r, 0, 3);
	info->update_queue = model_new(&qdrant__update_queue_info__descriptor,
								   op->a);
	info->update_queue->length = (uint64_t) pgr_int8(r, 0, 4);
	info->update_queue->has_deferred_points = !pgr_null(r, 0, 5);
	if (info->update_queue->has_deferred_points)
		info->update_queue->deferred_points = (uint64_t) pgr_int8(r, 0, 5);
	return info;
}

static void
got_message(struct op *op, PGresult **results)
{
	Qdrant__GetCollectionInfoResponse *response =
	model_new(&qdrant__get_collection_info_response__descriptor, op->a);
	gw_error	e = {0};

	response->result = info_message(op, results[0], &e);
	if (response->result != NULL)
	{
		op_answer(op, &response->base);
		return;
	}
	log_error("%s: the config in the catalog can't be read: %s",
			  op->kind->name, e.text);
	op_fail(op, ERR_INTERNAL, "the collection's config can't be read");
}

static void
run_get(struct op *op)
{
	const Qdrant__GetCollectionInfoRequest *msg =
	(const Qdrant__GetCollectionInfoRequest *) op->msg;

	if (op->is_rest)
		op_sql(op, name_statement(op, "SELECT qdrant.collection_info($1)",
								  msg->collection_name), 1, true, got_json);
	else
		op_sql(op, name_statement(op, info_sql, msg->collection_name), 1, true,
			   got_message);
}

/*----------
 * List, exists.
 *----------
 */
static void
listed(struct op *op, PGresult **results)
{
	Qdrant__ListCollectionsResponse *response =
	model_new(&qdrant__list_collections_response__descriptor, op->a);
	size_t		n = (size_t) PQntuples(results[0]);

	response->collections = arena_array(op->a, n,
										sizeof(*response->collections));
	response->n_collections = n;
	for (size_t i = 0; i < n; i++)
	{
		response->collections[i] =
			model_new(&qdrant__collection_description__descriptor, op->a);
		response->collections[i]->name =
			arena_strdup(op->a, pgr_text(results[0], (int) i, 0));
	}
	op_answer(op, &response->base);
}

static void
run_list(struct op *op)
{
	pg_statement *statement = arena_alloc(op->a, sizeof(*statement));

	*statement = op_statement("SELECT name FROM qdrant.collections()", NULL, 0);
	op_sql(op, statement, 1, true, listed);
}

static void
checked(struct op *op, PGresult **results)
{
	Qdrant__CollectionExistsResponse *response =
	model_new(&qdrant__collection_exists_response__descriptor, op->a);

	response->result = model_new(&qdrant__collection_exists__descriptor, op->a);
	response->result->exists = pgr_bool(results[0], 0, 0);
	op_answer(op, &response->base);
}

static void
run_exists(struct op *op)
{
	const Qdrant__CollectionExistsRequest *msg =
	(const Qdrant__CollectionExistsRequest *) op->msg;

	op_sql(op, name_statement(op, "SELECT qdrant.collection_exists($1)",
							  msg->collection_name), 1, true, checked);
}

const operation svc_create_collection = {
	"collections.create", ACCESS_MANAGE,
	&qdrant__create_collection__descriptor, run_create
};

const operation svc_update_collection = {
	"collections.update", ACCESS_MANAGE,
	&qdrant__update_collection__descriptor, run_update
};

const operation svc_delete_collection = {
	"collections.delete", ACCESS_MANAGE,
	&qdrant__delete_collection__descriptor, run_delete
};

const operation svc_get_collection = {
	"collections.get", ACCESS_READ,
	&qdrant__get_collection_info_request__descriptor, run_get
};

const operation svc_list_collections = {
	"collections.list", ACCESS_READ,
	&qdrant__list_collections_request__descriptor, run_list
};

const operation svc_collection_exists = {
	"collections.exists", ACCESS_READ,
	&qdrant__collection_exists_request__descriptor, run_exists
};
