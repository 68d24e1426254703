/*
 * validate_names.c
 *		How a member is called in the path of a failure.
 *
 * gRPC writes field names, but the name of the oneof for its members, and []
 * for what is in a map.  REST writes its own members' names, nothing for
 * unions, ? for what is in a map, and the wrappers of flattened structs.
 */
#include <string.h>

#include "model/qdrant.pb-c.h"
#include "model/validate.h"

typedef struct naming
{
	const ProtobufCMessageDescriptor *message;
	const char *field;			/* NULL: all of the message */
	const char *rest;			/* NULL: as the field */
	const char *grpc;
	const char *rest_suffix;
} naming;

static const naming namings[] = {
	/* REST's members have other names */
	{&qdrant__create_collection__descriptor, "vectors_config", "vectors", NULL, NULL},
	{&qdrant__create_collection__descriptor, "sparse_vectors_config", "", NULL, NULL},
	{&qdrant__update_collection__descriptor, "vectors_config", "vectors", NULL, NULL},
	{&qdrant__update_collection__descriptor, "sparse_vectors_config", "", NULL, NULL},
	{&qdrant__quantization_config__descriptor, "turboquant", "turbo", "quantization", NULL},
	{&qdrant__quantization_config_diff__descriptor, "turboquant", "turbo", "quantization", NULL},
	{&qdrant__point_struct__descriptor, "vectors", "vector", NULL, NULL},
	{&qdrant__point_vectors__descriptor, "vectors", "vector", NULL, NULL},
	{&qdrant__query_batch_points__descriptor, "query_points", "searches", NULL, "internal"},
	{&qdrant__search_batch_points__descriptor, "search_points", "searches", NULL, "search_request"},
	{&qdrant__create_field_index_collection__descriptor, "field_index_params", "field_schema", NULL, NULL},
	/* oneofs and maps */
	{&qdrant__payload_index_params__descriptor, NULL, "", "index_params", NULL},
	{&qdrant__vectors_config__descriptor, NULL, "", "config", NULL},
	{&qdrant__vectors_config_diff__descriptor, NULL, "", "config", NULL},
	{&qdrant__vector_params_map__descriptor, "map", "?", "map.[]", NULL},
	{&qdrant__vector_params_diff_map__descriptor, "map", "?", "map.[]", NULL},
	{&qdrant__sparse_vector_config__descriptor, "map", "sparse_vectors", "map.[]", "[]"},
	{&qdrant__quantization_config__descriptor, NULL, NULL, "quantization", NULL},
	{&qdrant__quantization_config_diff__descriptor, NULL, NULL, "quantization", NULL},
	{&qdrant__vectors__descriptor, NULL, "", "vectors_options", NULL},
	{&qdrant__named_vectors__descriptor, "vectors", "?", "vectors.[]", NULL},
	{&qdrant__vector__descriptor, NULL, "", "", NULL},
	{&qdrant__vector_input__descriptor, NULL, "", "variant", NULL},
	{&qdrant__query__descriptor, "nearest", "", "variant", NULL},
	{&qdrant__query__descriptor, "nearest_with_mmr", "", "variant", NULL},
	{&qdrant__query__descriptor, NULL, NULL, "variant", NULL},
	{&qdrant__feedback_strategy__descriptor, NULL, NULL, "variant", NULL},
	{&qdrant__condition__descriptor, "nested", "nested", "condition_one_of", NULL},
	{&qdrant__condition__descriptor, NULL, "", "condition_one_of", NULL},
	{&qdrant__points_selector__descriptor, "filter", "filter", "points_selector_one_of", NULL},
	{&qdrant__points_selector__descriptor, NULL, "points", "points_selector_one_of", NULL},
	{&qdrant__set_payload_points__descriptor, "points_selector", "", NULL, NULL},
	{&qdrant__delete_payload_points__descriptor, "points_selector", "", NULL, NULL},
	{&qdrant__delete_points__descriptor, "points", "", NULL, NULL},
	{&qdrant__clear_payload_points__descriptor, "points", "", NULL, NULL},
	{NULL, NULL, NULL, NULL, NULL}
};

const char *
v_field_name(bool rest, const ProtobufCMessage *msg,
			 const ProtobufCFieldDescriptor *f, const char **suffix)
{
	for (const naming *n = namings; n->message; n++)
	{
		const char *name;

		if (n->message != msg->descriptor ||
			(n->field && strcmp(n->field, f->name) != 0))
			continue;
		name = rest ? n->rest : n->grpc;
		if (rest)
			*suffix = n->rest_suffix;
		return name ? name : f->name;
	}
	return f->name;
}
