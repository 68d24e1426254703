/*
 * routes_points.c
 *		Route tables of points.
 */
#include "api/route.h"

#include <string.h>

#include "model/json_path.h"
#include "model/out_points.h"
#include "model/point_id.h"
#include "model/tables.h"
#include "service/service.h"

#define INDEX	"/collections/{collection_name}/index"
#define POINTS	"/collections/{collection_name}/points"

/*
 * GET of one point shows everything of it.  The id is the pattern's second
 * parameter.
 */
static bool
fill_get_point(ProtobufCMessage *base, const route_params *params, arena *a,
			   gw_error *e)
{
	Qdrant__GetPoints *msg = (Qdrant__GetPoints *) base;
	slice		text = params->value[1];
	point_key	key;

	if (!point_key_parse(text, &key))
		return gw_fail(e, a, ERR_BAD_INPUT,
					   "Can not recognize \"%.*s\" as point id",
					   (int) text.n, text.p);
	msg->ids = arena_alloc(a, sizeof(*msg->ids));
	msg->ids[0] = point_key_message(&key, a);
	msg->n_ids = 1;
	msg->with_payload = arena_alloc(a, sizeof(*msg->with_payload));
	qdrant__with_payload_selector__init(msg->with_payload);
	msg->with_payload->selector_options_case =
		QDRANT__WITH_PAYLOAD_SELECTOR__SELECTOR_OPTIONS_ENABLE;
	msg->with_payload->enable = true;
	msg->with_vectors = arena_alloc(a, sizeof(*msg->with_vectors));
	qdrant__with_vectors_selector__init(msg->with_vectors);
	msg->with_vectors->selector_options_case =
		QDRANT__WITH_VECTORS_SELECTOR__SELECTOR_OPTIONS_ENABLE;
	msg->with_vectors->enable = true;
	return true;
}

/* The path of the index is the pattern's second parameter. */
static bool
fill_delete_index(ProtobufCMessage *base, const route_params *params, arena *a,
				  gw_error *e)
{
	slice		path = params->value[1];

	if (!json_path_valid(path) || memchr(path.p, '\0', path.n))
		return gw_fail(e, a, ERR_PATH_FORMAT, "Invalid json path: '%.*s'",
					   (int) path.n, path.p);
	((Qdrant__DeleteFieldIndexCollection *) base)->field_name =
		arena_strdup(a, path);
	return true;
}

const rest_route rest_points[] = {
	{"PUT", POINTS, &svc_upsert, &schema_upsert, MODEL_QUERY_UPDATE,
	out_update_result, NULL},
	{"POST", POINTS "/delete", &svc_delete_points, &schema_delete_points,
	MODEL_QUERY_UPDATE, out_update_result, NULL},
	{"POST", POINTS "/payload", &svc_set_payload, &schema_set_payload,
	MODEL_QUERY_UPDATE, out_update_result, NULL},
	{"PUT", POINTS "/payload", &svc_overwrite_payload,
	&schema_overwrite_payload, MODEL_QUERY_UPDATE, out_update_result, NULL},
	{"POST", POINTS "/payload/delete", &svc_delete_payload,
	&schema_delete_payload, MODEL_QUERY_UPDATE, out_update_result, NULL},
	{"POST", POINTS "/payload/clear", &svc_clear_payload,
	&schema_clear_payload, MODEL_QUERY_UPDATE, out_update_result, NULL},
	{"POST", POINTS, &svc_get_points, &schema_get_points, MODEL_QUERY_READ,
	out_records, NULL},
	{"POST", POINTS "/scroll", &svc_scroll, &schema_scroll, MODEL_QUERY_READ,
	out_scroll, NULL},
	{"POST", POINTS "/count", &svc_count, &schema_count, MODEL_QUERY_READ,
	out_count, NULL},
	{"POST", POINTS "/query", &svc_query, &schema_query, MODEL_QUERY_READ,
	out_query, NULL},
	{"POST", POINTS "/query/batch", &svc_query_batch, &schema_query_batch,
	MODEL_QUERY_READ, out_query_batch, NULL},
	{"POST", POINTS "/search", &svc_search, &schema_search, MODEL_QUERY_READ,
	out_search, NULL},
	{"POST", POINTS "/search/batch", &svc_search_batch,
	&schema_search_batch, MODEL_QUERY_READ, out_search_batch, NULL},
	{"POST", "/collections/{collection_name}/facet", &svc_facet,
	&schema_facet, MODEL_QUERY_READ, out_facet, NULL},
	{"PUT", INDEX, &svc_create_field_index, &schema_create_field_index,
	MODEL_QUERY_UPDATE, out_update_result, NULL},
	{"DELETE", INDEX "/{field_name}", &svc_delete_field_index, NULL,
	MODEL_QUERY_UPDATE, out_update_result, fill_delete_index},
	{"GET", POINTS "/{id}", &svc_get_point, NULL, MODEL_QUERY_READ, out_record,
	fill_get_point},
	{0}
};

const grpc_route grpc_points[] = {
	{"/qdrant.Points/Upsert", &svc_upsert},
	{"/qdrant.Points/Delete", &svc_delete_points},
	{"/qdrant.Points/SetPayload", &svc_set_payload},
	{"/qdrant.Points/OverwritePayload", &svc_overwrite_payload},
	{"/qdrant.Points/DeletePayload", &svc_delete_payload},
	{"/qdrant.Points/ClearPayload", &svc_clear_payload},
	{"/qdrant.Points/Get", &svc_get_points},
	{"/qdrant.Points/Scroll", &svc_scroll},
	{"/qdrant.Points/Count", &svc_count},
	{"/qdrant.Points/Query", &svc_query},
	{"/qdrant.Points/QueryBatch", &svc_query_batch},
	{"/qdrant.Points/Search", &svc_search},
	{"/qdrant.Points/SearchBatch", &svc_search_batch},
	{"/qdrant.Points/Facet", &svc_facet},
	{"/qdrant.Points/CreateFieldIndex", &svc_create_field_index},
	{"/qdrant.Points/DeleteFieldIndex", &svc_delete_field_index},
	{0}
};
