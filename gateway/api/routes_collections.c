/*
 * routes_collections.c
 *		Route tables of collections.
 */
#include "api/route.h"

#include "model/out_collections.h"
#include "model/tables.h"
#include "service/service.h"

#define ONE		"/collections/{collection_name}"

const rest_route rest_collections[] = {
	{"GET", "/collections", &svc_list_collections, NULL, MODEL_QUERY_NONE,
	out_collection_list, NULL},
	{"GET", ONE, &svc_get_collection, NULL, MODEL_QUERY_NONE, NULL, NULL},
	{"PUT", ONE, &svc_create_collection, &schema_create_collection,
	MODEL_QUERY_COLLECTION, out_collection_done, NULL},
	{"PATCH", ONE, &svc_update_collection, &schema_update_collection,
	MODEL_QUERY_COLLECTION, out_collection_done, NULL},
	{"DELETE", ONE, &svc_delete_collection, NULL, MODEL_QUERY_COLLECTION,
	out_collection_done, NULL},
	{"GET", ONE "/exists", &svc_collection_exists, NULL, MODEL_QUERY_NONE,
	out_collection_exists, NULL},
	{0}
};

const grpc_route grpc_collections[] = {
	{"/qdrant.Collections/List", &svc_list_collections},
	{"/qdrant.Collections/Get", &svc_get_collection},
	{"/qdrant.Collections/Create", &svc_create_collection},
	{"/qdrant.Collections/Update", &svc_update_collection},
	{"/qdrant.Collections/Delete", &svc_delete_collection},
	{"/qdrant.Collections/CollectionExists", &svc_collection_exists},
	{0}
};
