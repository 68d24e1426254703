/*
 * tables_points.c
 *		Bodies that write points, and those that read them without a query.
 */
#include "model/tables.h"

#include "model/hooks.h"
#include "model/qdrant.pb-c.h"

/*----------
 * upsert
 *----------
 */

static const jfield point_fields[] = {
	{"id", NULL, NULL, hook_id, NULL, JF_REQUIRED},
	{"vector", "vectors", "vectors", hook_vectors, NULL, JF_REQUIRED},
	{"payload", NULL, NULL, hook_payload, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject point = {
	"struct PointStruct", &qdrant__point_struct__descriptor, point_fields, 0, NULL
};

static const jenum_type update_mode = {
	"one of `upsert`, `insert_only`, `update_only`",
	(const jenum[]) {
		{"upsert", QDRANT__UPDATE_MODE__Upsert},
		{"insert_only", QDRANT__UPDATE_MODE__InsertOnly},
		{"update_only", QDRANT__UPDATE_MODE__UpdateOnly},
		{NULL, 0}
	}
};

static const jfield upsert_list_fields[] = {
	{"points", NULL, NULL, jc_messages, &point, JF_REQUIRED},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{"update_filter", NULL, NULL, hook_filter, NULL, 0},
	{"update_mode", NULL, NULL, jc_enum, &update_mode, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject upsert_list = {
	"struct PointsList", &qdrant__upsert_points__descriptor, upsert_list_fields, 0, NULL
};

/* A failure that only the body's form shows, in validation's words. */
static bool
fail_counts(jctx *c, const char *what, size_t n, size_t found)
{
	jc_fail(c, "[batch.batch: number of ids and %s must be equal (%zu != %zu)]",
			what, n, found);
	c->kind = ERR_VALIDATION_JSON;
	c->has_position = true;
	return false;
}

static bool
read_batch_payloads(jctx *c, jnode *v, Qdrant__UpsertPoints *msg)
{
	if (v == NULL || v->kind == J_NULL)
		return true;
	if (!jc_items(c, v))
		return false;
	for (uint32_t i = 0; i < v->n; i++)
	{
		ProtobufCMessage *target = i < msg->n_points ? &msg->points[i]->base :
			jc_new(c, &qdrant__point_struct__descriptor);
		jslot		to = jc_slot(target, "payload");

		if (v->items[i].kind != J_NULL && !hook_payload(c, &v->items[i], &to))
			return false;
	}
	return true;
}

/* {"ids": [], "vectors": .., "payloads": []}: the columns become points. */
static bool
decode_batch(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__UpsertPoints *msg = (Qdrant__UpsertPoints *) to->msg;
	jnode	   *ids = jc_member(c, v, "ids");
	jnode	   *vectors = jc_member(c, v, "vectors");
	jnode	   *payloads = jc_member(c, v, "payloads");
	Qdrant__Vectors **columns;
	size_t		found;

	if (v->kind != J_OBJECT)
		return jc_fail_type(c, v, "struct Batch");
	if (ids == NULL || vectors == NULL)
		return jc_fail(c, "missing field `%s`", ids ? "vectors" : "ids");
	if (!jc_items(c, ids))
		return false;
	msg->n_points = ids->n;
	msg->points = arena_array(c->a, ids->n, sizeof(msg->points[0]));
	columns = arena_array(c->a, ids->n, sizeof(columns[0]));
	for (uint32_t i = 0; i < ids->n; i++)
	{
		msg->points[i] = (Qdrant__PointStruct *)
			jc_new(c, &qdrant__point_struct__descriptor);
		msg->points[i]->id = hook_read_id(c, &ids->items[i]);
		if (msg->points[i]->id == NULL)
			return false;
	}
	if (!hook_batch_vectors(c, vectors, ids->n, columns, &found) ||
		!read_batch_payloads(c, payloads, msg))
		return false;
	if (found != ids->n)
		return fail_counts(c, "vectors", ids->n, found);
	if (payloads && payloads->kind != J_NULL && payloads->n != ids->n)
		return fail_counts(c, "payloads", ids->n, payloads->n);
	for (uint32_t i = 0; i < ids->n; i++)
		msg->points[i]->vectors = columns[i];
	return true;
}

static const jfield upsert_batch_fields[] = {
	{"batch", NULL, NULL, decode_batch, NULL, JF_REQUIRED | JF_NO_FIELD},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{"update_filter", NULL, NULL, hook_filter, NULL, 0},
	{"update_mode", NULL, NULL, jc_enum, &update_mode, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject upsert_batch = {
	"struct PointsBatch", &qdrant__upsert_points__descriptor, upsert_batch_fields, 0, NULL
};

static bool
decode_upsert(jctx *c, jnode *v, const jslot *to)
{
	if (jc_member(c, v, "batch"))
		return jc_object(c, v, &upsert_batch, to->msg);
	if (jc_member(c, v, "points"))
		return jc_object(c, v, &upsert_list, to->msg);
	return jc_fail(c, "Invalid PointInsertOperations format");
}

const struct json_schema schema_upsert = {
	NULL, decode_upsert, true, &qdrant__upsert_points__descriptor, ""
};

/*----------
 * which points: ids before a filter
 *----------
 */

static Qdrant__PointsSelector *
selector_of(jctx *c, const jslot *to)
{
	Qdrant__PointsSelector **at = (Qdrant__PointsSelector **)
		((char *) to->msg + to->field->offset);

	if (*at == NULL)
		*at = (Qdrant__PointsSelector *)
			jc_new(c, &qdrant__points_selector__descriptor);
	return *at;
}

static bool
decode_selected_ids(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__PointsIdsList *list = (Qdrant__PointsIdsList *)
		jc_new(c, &qdrant__points_ids_list__descriptor);
	jslot		ids = jc_slot(&list->base, "ids");
	Qdrant__PointsSelector *selector;

	if (!hook_ids(c, v, &ids))
		return false;
	selector = selector_of(c, to);
	selector->points_selector_one_of_case = QDRANT__POINTS_SELECTOR__POINTS_SELECTOR_ONE_OF_POINTS;
	selector->points = list;
	return true;
}

static bool
decode_selected_by_filter(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *filter = jc_new(c, &qdrant__filter__descriptor);
	Qdrant__PointsSelector *selector;

	if (!jc_object(c, v, &hook_filter_object, filter))
		return false;
	selector = selector_of(c, to);
	if (selector->points_selector_one_of_case !=
		QDRANT__POINTS_SELECTOR__POINTS_SELECTOR_ONE_OF_POINTS)
	{
		selector->points_selector_one_of_case = QDRANT__POINTS_SELECTOR__POINTS_SELECTOR_ONE_OF_FILTER;
		selector->filter = (Qdrant__Filter *) filter;
	}
	return true;
}

/*----------
 * delete, clear payload: an untagged union
 *----------
 */

static const jfield by_ids_fields[] = {
	{"points", NULL, "points", decode_selected_ids, NULL, JF_REQUIRED},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject by_ids = {
	"struct PointIdsList", NULL, by_ids_fields, 0, NULL
};

static const jfield by_filter_fields[] = {
	{"filter", NULL, "points", decode_selected_by_filter, NULL, JF_REQUIRED},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject by_filter = {
	"struct FilterSelector", NULL, by_filter_fields, 0, NULL
};

static bool
decode_selector(jctx *c, jnode *v, const jslot *to)
{
	bool		ok;

	c->buffered++;
	ok = v->kind == J_OBJECT &&
		(JC_TRY(c, jc_object(c, v, &by_ids, to->msg)) ||
		 jc_object(c, v, &by_filter, to->msg));
	c->buffered--;
	return ok || jc_fail_union(c, JC_NO_VARIANT("PointsSelector"));
}

const struct json_schema schema_delete_points = {
	NULL, decode_selector, false, &qdrant__delete_points__descriptor, ""
};

const struct json_schema schema_clear_payload = {
	NULL, decode_selector, false, &qdrant__clear_payload_points__descriptor, ""
};

/*----------
 * payloads
 *----------
 */

static const jfield set_payload_fields[] = {
	{"payload", NULL, NULL, hook_payload, NULL, JF_REQUIRED},
	{"points", NULL, "points_selector", decode_selected_ids, NULL, 0},
	{"filter", NULL, "points_selector", decode_selected_by_filter, NULL, 0},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{"key", NULL, NULL, hook_path, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject set_payload = {
	"struct SetPayloadShadow", &qdrant__set_payload_points__descriptor,
	set_payload_fields, 0, NULL
};

static const jfield delete_payload_fields[] = {
	{"keys", NULL, NULL, hook_paths, NULL, JF_REQUIRED},
	{"points", NULL, "points_selector", decode_selected_ids, NULL, 0},
	{"filter", NULL, "points_selector", decode_selected_by_filter, NULL, 0},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject delete_payload = {
	"struct DeletePayloadShadow", &qdrant__delete_payload_points__descriptor,
	delete_payload_fields, 0, NULL
};

#define NO_SELECTOR "Either list of point ids or filter must be provided"

static bool
decode_set_payload(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__SetPayloadPoints *msg = (Qdrant__SetPayloadPoints *) to->msg;

	return jc_object(c, v, &set_payload, to->msg) &&
		(msg->points_selector || jc_fail(c, NO_SELECTOR));
}

static bool
decode_delete_payload(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__DeletePayloadPoints *msg = (Qdrant__DeletePayloadPoints *) to->msg;

	return jc_object(c, v, &delete_payload, to->msg) &&
		(msg->points_selector || jc_fail(c, NO_SELECTOR));
}

const struct json_schema schema_set_payload = {
	NULL, decode_set_payload, false, &qdrant__set_payload_points__descriptor, ""
};

const struct json_schema schema_overwrite_payload = {
	NULL, decode_set_payload, false, &qdrant__set_payload_points__descriptor, ""
};

const struct json_schema schema_delete_payload = {
	NULL, decode_delete_payload, false, &qdrant__delete_payload_points__descriptor, ""
};

/*----------
 * reads without a query
 *----------
 */

static const jfield get_points_fields[] = {
	{"ids", NULL, NULL, hook_ids, NULL, JF_REQUIRED},
	{"with_payload", NULL, NULL, hook_with_payload, NULL, 0},
	{"with_vector", "with_vectors", "with_vectors", hook_with_vector, NULL, JF_NOT_NULL},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject get_points = {
	"struct PointRequest", &qdrant__get_points__descriptor, get_points_fields,
	JO_FLATTEN, NULL
};

const struct json_schema schema_get_points = {
	&get_points, NULL, false, &qdrant__get_points__descriptor, "point_request"
};

static const jfield count_fields[] = {
	{"filter", NULL, NULL, hook_filter, NULL, 0},
	{"exact", NULL, NULL, jc_bool, NULL, JF_NOT_NULL},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject count = {
	"struct CountRequest", &qdrant__count_points__descriptor, count_fields,
	JO_FLATTEN, NULL
};

const struct json_schema schema_count = {
	&count, NULL, false, &qdrant__count_points__descriptor, "count_request"
};

static const jfield scroll_fields[] = {
	{"offset", NULL, NULL, hook_id, NULL, 0},
	{"limit", NULL, NULL, jc_integer, &jc_usize, 0},
	{"filter", NULL, NULL, hook_filter, NULL, 0},
	{"with_payload", NULL, NULL, hook_with_payload, NULL, 0},
	{"with_vector", "with_vectors", "with_vectors", hook_with_vector, NULL, JF_NOT_NULL},
	{"order_by", NULL, NULL, hook_order_by, NULL, 0},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject scroll = {
	"struct ScrollRequest", &qdrant__scroll_points__descriptor, scroll_fields,
	JO_FLATTEN, NULL
};

const struct json_schema schema_scroll = {
	&scroll, NULL, false, &qdrant__scroll_points__descriptor, "scroll_request"
};
