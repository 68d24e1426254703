/*
 * convert.c
 *		What Qdrant finds wrong with a gRPC message while it converts it to its
 *		own types: missing alternatives, ids and paths that are none.
 */
#include <string.h>

#include "model/index_language.h"
#include "model/json_path.h"
#include "model/payload.h"
#include "model/point_id.h"
#include "model/qdrant.pb-c.h"
#include "model/validate.h"

typedef struct converter
{
	arena	   *a;
	gw_error   *e;
} converter;

static bool
fail(converter *c, const char *text)
{
	return gw_fail(c->e, c->a, ERR_GRPC_ARGUMENT, "%s", text);
}

static bool
check_path(converter *c, const char *path)
{
	return json_path_valid(slice_text(path)) ||
		gw_fail(c->e, c->a, ERR_GRPC_ARGUMENT, "Invalid json path: '%s'", path);
}

static bool
check_paths(converter *c, char *const *paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		if (!check_path(c, paths[i]))
			return false;
	}
	return true;
}

/*----------
 * points
 *----------
 */

static bool
convert_id(converter *c, ProtobufCMessage *msg)
{
	Qdrant__PointId *id = (Qdrant__PointId *) msg;
	uint8_t		uuid[16];

	switch (id->point_id_options_case)
	{
		case QDRANT__POINT_ID__POINT_ID_OPTIONS_NUM:
			return true;
		case QDRANT__POINT_ID__POINT_ID_OPTIONS_UUID:
			if (!uuid_parse(slice_text(id->uuid), uuid))
				return gw_fail(c->e, c->a, ERR_GRPC_ARGUMENT,
							   "Unable to parse UUID: %s", id->uuid);
			id->uuid = arena_alloc0(c->a, UUID_TEXT_LENGTH + 1);
			uuid_format(uuid, id->uuid);
			return true;
		default:
			return fail(c, "No ID options provided");
	}
}

static bool
convert_point(converter *c, ProtobufCMessage *msg)
{
	Qdrant__PointStruct *point = (Qdrant__PointStruct *) msg;

	if (point->id == NULL)
		return fail(c, "Empty ID is not allowed");
	return point->vectors || fail(c, "Expected some vectors");
}

static bool
is_sparse(const Qdrant__Vector *x)
{
	return x->vector_case == QDRANT__VECTOR__VECTOR_SPARSE ||
		(x->vector_case == QDRANT__VECTOR__VECTOR__NOT_SET && x->indices);
}

static bool
is_empty_dense(const Qdrant__Vector *x)
{
	if (x->vector_case == QDRANT__VECTOR__VECTOR_DENSE)
		return x->dense->n_data == 0;
	return x->vector_case == QDRANT__VECTOR__VECTOR__NOT_SET &&
		x->n_data == 0 && !x->indices;
}

static bool
convert_vectors(converter *c, ProtobufCMessage *msg)
{
	Qdrant__Vectors *vectors = (Qdrant__Vectors *) msg;

	switch (vectors->vectors_options_case)
	{
		case QDRANT__VECTORS__VECTORS_OPTIONS_VECTOR:
			return !is_sparse(vectors->vector) ||
				fail(c, "Sparse vector must be named");
		case QDRANT__VECTORS__VECTORS_OPTIONS_VECTORS:
			for (size_t i = 0; i < vectors->vectors->n_vectors; i++)
			{
				if (vectors->vectors->vectors[i]->value == NULL)
					return fail(c, "Expected some vectors");
			}
			return true;
		default:
			return fail(c, "No Vector Provided");
	}
}

/* What only the REST types check: reported as bad input. */
static bool
convert_upsert(converter *c, ProtobufCMessage *msg)
{
	Qdrant__UpsertPoints *upsert = (Qdrant__UpsertPoints *) msg;

	for (size_t i = 0; i < upsert->n_points; i++)
	{
		const Qdrant__Vectors *vectors = upsert->points[i]->vectors;

		if (vectors->vectors_options_case == QDRANT__VECTORS__VECTORS_OPTIONS_VECTOR &&
			is_empty_dense(vectors->vector))
			return gw_fail(c->e, c->a, ERR_BAD_INPUT, "points[%zu].vector.vector: "
						   "dense vector must not be empty", i);
		if (vectors->vectors_options_case != QDRANT__VECTORS__VECTORS_OPTIONS_VECTORS)
			continue;
		for (size_t k = 0; k < vectors->vectors->n_vectors; k++)
		{
			if (is_empty_dense(vectors->vectors->vectors[k]->value))
				return gw_fail(c->e, c->a, ERR_BAD_INPUT, "points[%zu].vector."
							   "?.vector: dense vector must not be empty", i);
		}
	}
	return true;
}

static bool
convert_selector(converter *c, ProtobufCMessage *msg)
{
	return ((Qdrant__PointsSelector *) msg)->points_selector_one_of_case !=
		QDRANT__POINTS_SELECTOR__POINTS_SELECTOR_ONE_OF__NOT_SET ||
		fail(c, "Malformed PointsSelector type");
}

static bool
convert_set_payload(converter *c, ProtobufCMessage *msg)
{
	Qdrant__SetPayloadPoints *set = (Qdrant__SetPayloadPoints *) msg;

	if (set->points_selector == NULL)
		return fail(c, "points_selector is expected");
	return set->key == NULL || check_path(c, set->key);
}

static bool
convert_delete_payload(converter *c, ProtobufCMessage *msg)
{
	Qdrant__DeletePayloadPoints *drop = (Qdrant__DeletePayloadPoints *) msg;

	if (drop->points_selector == NULL)
		return fail(c, "points_selector is expected");
	return check_paths(c, drop->keys, drop->n_keys);
}

static bool
convert_delete(converter *c, ProtobufCMessage *msg)
{
	return ((Qdrant__DeletePoints *) msg)->points ||
		fail(c, "PointSelector is missing");
}

static bool
convert_clear(converter *c, ProtobufCMessage *msg)
{
	return ((Qdrant__ClearPayloadPoints *) msg)->points ||
		fail(c, "PointSelector is missing");
}

/*----------
 * reads
 *----------
 */

static bool
convert_with_payload(converter *c, ProtobufCMessage *msg)
{
	Qdrant__WithPayloadSelector *s = (Qdrant__WithPayloadSelector *) msg;

	switch (s->selector_options_case)
	{
		case QDRANT__WITH_PAYLOAD_SELECTOR__SELECTOR_OPTIONS_INCLUDE:
			return check_paths(c, s->include->fields, s->include->n_fields);
		case QDRANT__WITH_PAYLOAD_SELECTOR__SELECTOR_OPTIONS_EXCLUDE:
			return check_paths(c, s->exclude->fields, s->exclude->n_fields);
		case QDRANT__WITH_PAYLOAD_SELECTOR__SELECTOR_OPTIONS_ENABLE:
			return true;
		default:
			return fail(c, "No PayloadSelector");
	}
}

static bool
convert_order_by(converter *c, ProtobufCMessage *msg)
{
	return check_path(c, ((Qdrant__OrderBy *) msg)->key);
}

/*----------
 * payload indexes
 *----------
 */

/* The parameters have the type's number in the order of FieldType. */
static bool
agree(const Qdrant__PayloadIndexParams *params, Qdrant__FieldType type)
{
	static const int cases[] = {
		QDRANT__PAYLOAD_INDEX_PARAMS__INDEX_PARAMS_KEYWORD_INDEX_PARAMS,
		QDRANT__PAYLOAD_INDEX_PARAMS__INDEX_PARAMS_INTEGER_INDEX_PARAMS,
		QDRANT__PAYLOAD_INDEX_PARAMS__INDEX_PARAMS_FLOAT_INDEX_PARAMS,
		QDRANT__PAYLOAD_INDEX_PARAMS__INDEX_PARAMS_GEO_INDEX_PARAMS,
		QDRANT__PAYLOAD_INDEX_PARAMS__INDEX_PARAMS_TEXT_INDEX_PARAMS,
		QDRANT__PAYLOAD_INDEX_PARAMS__INDEX_PARAMS_BOOL_INDEX_PARAMS,
		QDRANT__PAYLOAD_INDEX_PARAMS__INDEX_PARAMS_DATETIME_INDEX_PARAMS,
		QDRANT__PAYLOAD_INDEX_PARAMS__INDEX_PARAMS_UUID_INDEX_PARAMS
	};

	return params->index_params_case ==
		QDRANT__PAYLOAD_INDEX_PARAMS__INDEX_PARAMS__NOT_SET ||
		params->index_params_case == cases[type];
}

static bool
convert_create_index(converter *c, ProtobufCMessage *msg)
{
	static const char *const names[] = {"Keyword", "Integer", "Float", "Geo",
	"Text", "Bool", "Datetime", "Uuid"};
	Qdrant__CreateFieldIndexCollection *m =
	(Qdrant__CreateFieldIndexCollection *) msg;

	if (!check_path(c, m->field_name))
		return false;
	if (!m->has_field_type ||
		!protobuf_c_enum_descriptor_get_value(&qdrant__field_type__descriptor,
											  m->field_type))
		return fail(c, "cannot convert field_type");
	if (m->field_index_params && !agree(m->field_index_params, m->field_type))
		return gw_fail(c->e, c->a, ERR_GRPC_ARGUMENT, "field_type (%s) and "
					   "field_index_params do not match", names[m->field_type]);
	return true;
}

static bool
convert_delete_index(converter *c, ProtobufCMessage *msg)
{
	return check_path(c, ((Qdrant__DeleteFieldIndexCollection *) msg)->field_name);
}

static bool
convert_facet(converter *c, ProtobufCMessage *msg)
{
	return check_path(c, ((Qdrant__FacetCounts *) msg)->key);
}

static bool
convert_text_params(converter *c, ProtobufCMessage *msg)
{
	return ((Qdrant__TextIndexParams *) msg)->tokenizer !=
		QDRANT__TOKENIZER_TYPE__Unknown || fail(c, "unknown tokenizer type");
}

/* Languages get their long names. */
static bool
convert_language(converter *c, char **name, bool stemmer)
{
	const char *found = index_language(slice_text(*name), stemmer);

	if (found == NULL)
		return gw_fail(c->e, c->a, ERR_GRPC_ARGUMENT,
					   "unknown language: %s", *name);
	*name = (char *) (uintptr_t) found;
	return true;
}

static bool
convert_stopwords(converter *c, ProtobufCMessage *msg)
{
	Qdrant__StopwordsSet *set = (Qdrant__StopwordsSet *) msg;

	for (size_t i = 0; i < set->n_languages; i++)
	{
		if (!convert_language(c, &set->languages[i], false))
			return false;
	}
	return true;
}

static bool
convert_stemmer(converter *c, ProtobufCMessage *msg)
{
	Qdrant__StemmingAlgorithm *s = (Qdrant__StemmingAlgorithm *) msg;

	switch (s->stemming_params_case)
	{
		case QDRANT__STEMMING_ALGORITHM__STEMMING_PARAMS_SNOWBALL:
			return convert_language(c, &s->snowball->language, true);
		case QDRANT__STEMMING_ALGORITHM__STEMMING_PARAMS_DISABLED:
			return true;
		default:
			return fail(c, "stemming_params is missing");
	}
}

static bool
convert_query(converter *c, ProtobufCMessage *msg)
{
	return ((Qdrant__Query *) msg)->variant_case !=
		QDRANT__QUERY__VARIANT__NOT_SET || fail(c, "Query variant is missing");
}

static bool
convert_vector_input(converter *c, ProtobufCMessage *msg)
{
	return ((Qdrant__VectorInput *) msg)->variant_case !=
		QDRANT__VECTOR_INPUT__VARIANT__NOT_SET ||
		fail(c, "VectorInput variant is missing");
}

static bool
convert_discover(converter *c, ProtobufCMessage *msg)
{
	return ((Qdrant__DiscoverInput *) msg)->target ||
		fail(c, "DiscoverInput target is missing");
}

static bool
convert_formula(converter *c, ProtobufCMessage *msg)
{
	return ((Qdrant__Formula *) msg)->expression ||
		fail(c, "missing field: expression");
}

static bool
convert_relevance(converter *c, ProtobufCMessage *msg)
{
	return ((Qdrant__RelevanceFeedbackInput *) msg)->strategy ||
		fail(c, "strategy is missing");
}

/*----------
 * filters
 *----------
 */

/* Conditions that say nothing are left out. */
static size_t
drop_unset(Qdrant__Condition **list, size_t n)
{
	size_t		kept = 0;

	for (size_t i = 0; i < n; i++)
	{
		if (list[i]->condition_one_of_case !=
			QDRANT__CONDITION__CONDITION_ONE_OF__NOT_SET)
			list[kept++] = list[i];
	}
	return kept;
}

static bool
convert_filter(converter *c, ProtobufCMessage *msg)
{
	Qdrant__Filter *filter = (Qdrant__Filter *) msg;

	filter->n_must = drop_unset(filter->must, filter->n_must);
	filter->n_should = drop_unset(filter->should, filter->n_should);
	filter->n_must_not = drop_unset(filter->must_not, filter->n_must_not);
	return true;
}

static bool
convert_min_should(converter *c, ProtobufCMessage *msg)
{
	Qdrant__MinShould *m = (Qdrant__MinShould *) msg;

	m->n_conditions = drop_unset(m->conditions, m->n_conditions);
	return true;
}

static bool
convert_condition(converter *c, ProtobufCMessage *msg)
{
	Qdrant__Condition *condition = (Qdrant__Condition *) msg;

	switch (condition->condition_one_of_case)
	{
		case QDRANT__CONDITION__CONDITION_ONE_OF_IS_EMPTY:
			return check_path(c, condition->is_empty->key);
		case QDRANT__CONDITION__CONDITION_ONE_OF_IS_NULL:
			return check_path(c, condition->is_null->key);
		case QDRANT__CONDITION__CONDITION_ONE_OF_NESTED:
			if (condition->nested->filter == NULL)
				return fail(c, "Nested condition must have a filter");
			return check_path(c, condition->nested->key);
		default:
			return true;
	}
}

static bool
convert_field_condition(converter *c, ProtobufCMessage *msg)
{
	Qdrant__FieldCondition *f = (Qdrant__FieldCondition *) msg;

	if (f->match && f->match->match_value_case ==
		QDRANT__MATCH__MATCH_VALUE__NOT_SET)
		return fail(c, "Malformed Match condition");
	if (f->geo_bounding_box && (f->geo_bounding_box->top_left == NULL ||
								f->geo_bounding_box->bottom_right == NULL))
		return fail(c, "Malformed GeoBoundingBox type");
	if (f->geo_radius && f->geo_radius->center == NULL)
		return fail(c, "Malformed GeoRadius type");
	if (f->geo_polygon && f->geo_polygon->exterior == NULL)
		return fail(c, "Malformed GeoPolygon type");
	return check_path(c, f->key);
}

/*----------
 * collections
 *----------
 */

static bool
convert_vector_params(converter *c, ProtobufCMessage *msg)
{
	Qdrant__VectorParams *p = (Qdrant__VectorParams *) msg;

	if (p->distance == QDRANT__DISTANCE__UnknownDistance)
		return fail(c, "Malformed distance parameter: UnknownDistance");
	if (protobuf_c_enum_descriptor_get_value(&qdrant__distance__descriptor,
											 p->distance) == NULL)
		return gw_fail(c->e, c->a, ERR_GRPC_ARGUMENT,
					   "Malformed distance parameter: %d", p->distance);
	return true;
}

/* Can it be stored at all?  It is written out later (create_json.c). */
static bool
check_metadata(converter *c, const ProtobufCBinaryData *entries, size_t n)
{
	slice		json;

	return payload_to_json(entries, n, c->a, &json, c->e);
}

/* A vector of the unnamed kind is "vectors", a named one "vectors.?". */
static bool
check_placement(converter *c, const Qdrant__VectorsConfig *config)
{
	const char *where = NULL;

	if (config->config_case == QDRANT__VECTORS_CONFIG__CONFIG_PARAMS &&
		config->params->has_memory &&
		config->params->memory == QDRANT__MEMORY__Pinned)
		where = "vectors";
	if (config->config_case == QDRANT__VECTORS_CONFIG__CONFIG_PARAMS_MAP)
	{
		for (size_t i = 0; i < config->params_map->n_map; i++)
		{
			const Qdrant__VectorParams *p = config->params_map->map[i]->value;

			if (p == NULL)
				return fail(c, "Malformed distance parameter: UnknownDistance");
			if (p->has_memory && p->memory == QDRANT__MEMORY__Pinned)
				where = "vectors.?";
		}
	}
	return where == NULL ||
		gw_fail(c->e, c->a, ERR_BAD_INPUT, "Validation error in body: [%s.memory: "
				"`pinned` memory placement is not supported for dense vector "
				"storage]", where);
}

static bool
convert_create(converter *c, ProtobufCMessage *msg)
{
	Qdrant__CreateCollection *create = (Qdrant__CreateCollection *) msg;

	return (create->vectors_config == NULL ||
			check_placement(c, create->vectors_config)) &&
		check_metadata(c, create->metadata, create->n_metadata);
}

static bool
convert_update(converter *c, ProtobufCMessage *msg)
{
	Qdrant__UpdateCollection *update = (Qdrant__UpdateCollection *) msg;

	return check_metadata(c, update->metadata, update->n_metadata);
}

static bool
convert_quantization(converter *c, ProtobufCMessage *msg)
{
	Qdrant__QuantizationConfig *q = (Qdrant__QuantizationConfig *) msg;

	if (q->quantization_case == QDRANT__QUANTIZATION_CONFIG__QUANTIZATION__NOT_SET)
		return fail(c, "Unable to convert quantization config");
	if (q->quantization_case == QDRANT__QUANTIZATION_CONFIG__QUANTIZATION_SCALAR &&
		q->scalar->type == QDRANT__QUANTIZATION_TYPE__UnknownQuantization)
		return fail(c, "Unknown quantization type");
	return true;
}

/*----------
 * the walk
 *----------
 */

typedef struct conversion
{
	const ProtobufCMessageDescriptor *message;
	bool		after;			/* once everything below has been converted */
	bool		(*convert) (converter *c, ProtobufCMessage *msg);
} conversion;

static const conversion conversions[] = {
	{&qdrant__point_id__descriptor, false, convert_id},
	{&qdrant__point_struct__descriptor, false, convert_point},
	{&qdrant__vectors__descriptor, false, convert_vectors},
	{&qdrant__upsert_points__descriptor, true, convert_upsert},
	{&qdrant__points_selector__descriptor, false, convert_selector},
	{&qdrant__set_payload_points__descriptor, false, convert_set_payload},
	{&qdrant__delete_payload_points__descriptor, false, convert_delete_payload},
	{&qdrant__delete_points__descriptor, false, convert_delete},
	{&qdrant__clear_payload_points__descriptor, false, convert_clear},
	{&qdrant__with_payload_selector__descriptor, false, convert_with_payload},
	{&qdrant__order_by__descriptor, false, convert_order_by},
	{&qdrant__create_field_index_collection__descriptor, false, convert_create_index},
	{&qdrant__delete_field_index_collection__descriptor, false, convert_delete_index},
	{&qdrant__facet_counts__descriptor, false, convert_facet},
	{&qdrant__text_index_params__descriptor, false, convert_text_params},
	{&qdrant__stopwords_set__descriptor, false, convert_stopwords},
	{&qdrant__stemming_algorithm__descriptor, false, convert_stemmer},
	{&qdrant__query__descriptor, false, convert_query},
	{&qdrant__vector_input__descriptor, false, convert_vector_input},
	{&qdrant__discover_input__descriptor, false, convert_discover},
	{&qdrant__formula__descriptor, false, convert_formula},
	{&qdrant__relevance_feedback_input__descriptor, false, convert_relevance},
	{&qdrant__filter__descriptor, false, convert_filter},
	{&qdrant__min_should__descriptor, false, convert_min_should},
	{&qdrant__condition__descriptor, false, convert_condition},
	{&qdrant__field_condition__descriptor, false, convert_field_condition},
	{&qdrant__vector_params__descriptor, false, convert_vector_params},
	{&qdrant__create_collection__descriptor, true, convert_create},
	{&qdrant__update_collection__descriptor, true, convert_update},
	{&qdrant__quantization_config__descriptor, false, convert_quantization},
	{NULL, false, NULL}
};

static bool walk(converter *c, ProtobufCMessage *msg);

/* proto3 lets every number through. */
static bool
check_enum(converter *c, const ProtobufCFieldDescriptor *f, int value)
{
	return protobuf_c_enum_descriptor_get_value(f->descriptor, value) ||
		gw_fail(c->e, c->a, ERR_GRPC_ARGUMENT, "Malformed %s parameter: %d",
				f->name, value);
}

static bool
walk_field(converter *c, ProtobufCMessage *msg,
		   const ProtobufCFieldDescriptor *f)
{
	char	   *at = (char *) msg + f->offset;
	size_t		n;

	if (f->type == PROTOBUF_C_TYPE_ENUM &&
		f->label != PROTOBUF_C_LABEL_REPEATED && v_is_present(msg, f))
		return check_enum(c, f, *(int *) at);
	if (f->type != PROTOBUF_C_TYPE_MESSAGE || !v_is_present(msg, f))
		return true;
	if (f->label != PROTOBUF_C_LABEL_REPEATED)
		return walk(c, *(ProtobufCMessage **) at);
	n = *(size_t *) ((char *) msg + f->quantifier_offset);
	for (size_t i = 0; i < n; i++)
	{
		if (!walk(c, (*(ProtobufCMessage ***) at)[i]))
			return false;
	}
	return true;
}

static bool
walk(converter *c, ProtobufCMessage *msg)
{
	const conversion *mine = NULL;

	for (const conversion *k = conversions; k->message && !mine; k++)
	{
		if (k->message == msg->descriptor)
			mine = k;
	}
	if (mine && !mine->after && !mine->convert(c, msg))
		return false;
	for (unsigned i = 0; i < msg->descriptor->n_fields; i++)
	{
		if (!walk_field(c, msg, &msg->descriptor->fields[i]))
			return false;
	}
	return !mine || !mine->after || mine->convert(c, msg);
}

bool
grpc_convert(ProtobufCMessage *msg, arena *a, gw_error *e)
{
	converter	c = {a, e};

	return walk(&c, msg);
}
