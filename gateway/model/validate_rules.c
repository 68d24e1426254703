/*
 * validate_rules.c
 *		Qdrant's limits: ranges of numbers in a table, everything else as a
 *		function per message.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "json/jwrite.h"
#include "model/jcodec.h"
#include "model/qdrant.pb-c.h"
#include "model/validate.h"

enum
{
	REST = 1,
	GRPC = 2,
	BOTH = 3
};

#define NO_MIN	(-INFINITY)
#define NO_MAX	INFINITY

typedef struct range_rule
{
	const ProtobufCMessageDescriptor *message;
	const char *field;
	int			protocols;
	double		min;
	double		max;
} range_rule;

static const range_rule ranges[] = {
	{&qdrant__create_collection__descriptor, "shard_number", BOTH, 1, NO_MAX},
	{&qdrant__create_collection__descriptor, "replication_factor", BOTH, 1, NO_MAX},
	{&qdrant__create_collection__descriptor, "write_consistency_factor", BOTH, 1, NO_MAX},
	{&qdrant__update_collection__descriptor, "timeout", GRPC, 1, NO_MAX},
	{&qdrant__delete_collection__descriptor, "timeout", GRPC, 1, NO_MAX},
	{&qdrant__collection_params_diff__descriptor, "replication_factor", GRPC, 1, NO_MAX},
	{&qdrant__collection_params_diff__descriptor, "write_consistency_factor", GRPC, 1, NO_MAX},
	{&qdrant__vector_params__descriptor, "size", BOTH, 1, 65536},
	{&qdrant__hnsw_config_diff__descriptor, "ef_construct", BOTH, 4, NO_MAX},
	{&qdrant__hnsw_config_diff__descriptor, "full_scan_threshold", REST, 10, NO_MAX},
	{&qdrant__wal_config_diff__descriptor, "wal_capacity_mb", BOTH, 1, NO_MAX},
	{&qdrant__wal_config_diff__descriptor, "wal_retain_closed", BOTH, 1, NO_MAX},
	{&qdrant__optimizers_config_diff__descriptor, "deleted_threshold", BOTH, 0, 1},
	{&qdrant__optimizers_config_diff__descriptor, "vacuum_min_vector_number", BOTH, 100, NO_MAX},
	{&qdrant__optimizers_config_diff__descriptor, "max_segment_size", BOTH, 1, NO_MAX},
	{&qdrant__scalar_quantization__descriptor, "quantile", BOTH, 0.5, 1},
	{&qdrant__strict_mode_config__descriptor, "max_query_limit", BOTH, 1, NO_MAX},
	{&qdrant__strict_mode_config__descriptor, "max_timeout", BOTH, 1, NO_MAX},
	{&qdrant__strict_mode_config__descriptor, "read_rate_limit", BOTH, 1, NO_MAX},
	{&qdrant__strict_mode_config__descriptor, "write_rate_limit", BOTH, 1, NO_MAX},
	{&qdrant__strict_mode_config__descriptor, "max_points_count", BOTH, 1, NO_MAX},
	{&qdrant__strict_mode_config__descriptor, "max_resident_memory_percent", BOTH, 1, 100},
	{&qdrant__scroll_points__descriptor, "limit", BOTH, 1, NO_MAX},
	{&qdrant__facet_counts__descriptor, "limit", REST, 1, NO_MAX},
	{&qdrant__facet_counts__descriptor, "timeout", GRPC, 1, NO_MAX},
	{&qdrant__search_points__descriptor, "limit", BOTH, 1, NO_MAX},
	{&qdrant__search_points__descriptor, "timeout", GRPC, 1, NO_MAX},
	{&qdrant__search_batch_points__descriptor, "timeout", GRPC, 1, NO_MAX},
	{&qdrant__query_points__descriptor, "limit", BOTH, 1, NO_MAX},
	{&qdrant__query_points__descriptor, "timeout", GRPC, 1, NO_MAX},
	{&qdrant__query_batch_points__descriptor, "timeout", GRPC, 1, NO_MAX},
	{&qdrant__prefetch_query__descriptor, "limit", BOTH, 1, NO_MAX},
	{&qdrant__search_params__descriptor, "hnsw_ef", BOTH, 1, NO_MAX},
	{&qdrant__quantization_search_params__descriptor, "oversampling", BOTH, 1, NO_MAX},
	{&qdrant__acorn_search_params__descriptor, "max_selectivity", BOTH, 0, 1},
	{&qdrant__mmr__descriptor, "diversity", BOTH, 0, 1},
	{&qdrant__mmr__descriptor, "candidates_limit", BOTH, NO_MIN, 16384},
	{&qdrant__rrf__descriptor, "k", BOTH, 1, NO_MAX},
	{&qdrant__naive_feedback_strategy__descriptor, "b", BOTH, 0, NO_MAX},
	{NULL, NULL, 0, 0, 0}
};

/*----------
 * numbers
 *----------
 */

static bool
is_float(const ProtobufCFieldDescriptor *f)
{
	return f->type == PROTOBUF_C_TYPE_DOUBLE || f->type == PROTOBUF_C_TYPE_FLOAT;
}

static double
number_at(const ProtobufCFieldDescriptor *f, const void *at)
{
	switch (f->type)
	{
		case PROTOBUF_C_TYPE_UINT32:
			return *(const uint32_t *) at;
		case PROTOBUF_C_TYPE_UINT64:
			return (double) *(const uint64_t *) at;
		case PROTOBUF_C_TYPE_FLOAT:
			return *(const float *) at;
		default:
			return *(const double *) at;
	}
}

/* "4" for integers, "0.5" for floats, which print as doubles. */
static const char *
print_number(vctx *v, bool as_float, double d)
{
	buf			b;

	if (!as_float)
		return arena_printf(v->a, "%.0f", d);
	if (isnan(d))
		return "NaN";
	if (isinf(d))
		return d > 0 ? "inf" : "-inf";
	buf_init(&b, v->a, 32);
	jw_f64(&b, d);
	return arena_strdup(v->a, buf_slice(&b));
}

static void
check_range(vctx *v, const ProtobufCMessage *msg, const range_rule *rule)
{
	const ProtobufCFieldDescriptor *f =
	protobuf_c_message_descriptor_get_field_by_name(msg->descriptor, rule->field);
	bool		as_float = is_float(f);
	const void *at = (const char *) msg + f->offset;
	const char *value;
	double		d;

	if (!v_is_present(msg, f))
		return;
	d = number_at(f, at);
	if (d >= rule->min && d <= rule->max)
		return;
	/* integers exactly, whatever a double makes of them */
	value = f->type == PROTOBUF_C_TYPE_UINT64 ?
		arena_printf(v->a, "%" PRIu64, *(const uint64_t *) at) :
		print_number(v, as_float, d);
	if (isinf(rule->max))
		v_fail(v, rule->field, "value %s invalid, must be %s or larger", value,
			   print_number(v, as_float, rule->min));
	else if (isinf(rule->min))
		v_fail(v, rule->field, "value %s invalid, must be %s or smaller", value,
			   print_number(v, as_float, rule->max));
	else
		v_fail(v, rule->field, "value %s invalid, must be from %s to %s", value,
			   print_number(v, as_float, rule->min),
			   print_number(v, as_float, rule->max));
}

/*----------
 * collections
 *----------
 */

static void
check_name(vctx *v, const ProtobufCMessage *msg)
{
	const ProtobufCFieldDescriptor *f = v->rest ? NULL :
	protobuf_c_message_descriptor_get_field_by_name(msg->descriptor,
													"collection_name");
	const char *name;
	const char *bad;
	size_t		characters = 0;

	/* not the lookup's: that one is looked up as it is */
	if (f == NULL || v->depth > 0)
		return;
	name = *(char *const *) ((const char *) msg + f->offset);
	for (const char *p = name; *p; p++)
		characters += ((unsigned char) *p & 0xc0) != 0x80;
	bad = strpbrk(name, msg->descriptor == &qdrant__create_collection__descriptor ?
				  "<>:\"/\\|?*\x1f" : "/");
	if (characters < 1 || characters > 255)
		v_fail(v, "collection_name", "value \"%s\" invalid, must be from 1 to "
			   "255 characters", name);
	else if (bad)
		v_fail(v, "collection_name", "collection name cannot contain \"%c\" char",
			   *bad);
}

#define PINNED "`pinned` memory placement is not supported for dense vector storage"

static void
check_vector_params(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__VectorParams *p = (const Qdrant__VectorParams *) msg;

	if (v->rest && p->has_memory && p->memory == QDRANT__MEMORY__Pinned)
		v_fail(v, "memory", PINNED);
}

static void
check_vector_diff(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__VectorParamsDiff *p = (const Qdrant__VectorParamsDiff *) msg;

	if (v->rest && p->has_memory && p->memory == QDRANT__MEMORY__Pinned)
		v_fail(v, "memory", PINNED);
}

static void
check_sparse_index(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__SparseIndexConfig *p = (const Qdrant__SparseIndexConfig *) msg;

	if (p->has_datatype && p->datatype == QDRANT__DATATYPE__Turbo4)
		v_fail(v, "datatype", "sparse vectors do not support the `turbo4` datatype");
}

/*----------
 * vectors
 *----------
 */

static int
compare_u32(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *) a;
	uint32_t	y = *(const uint32_t *) b;

	return x < y ? -1 : x > y;
}

static bool
has_duplicate(vctx *v, const uint32_t *values, size_t n)
{
	uint32_t   *sorted = arena_array(v->a, n, sizeof(sorted[0]));

	if (n == 0)
		return false;
	memcpy(sorted, values, n * sizeof(sorted[0]));
	qsort(sorted, n, sizeof(sorted[0]), compare_u32);
	for (size_t i = 1; i < n; i++)
	{
		if (sorted[i] == sorted[i - 1])
			return true;
	}
	return false;
}

static void
check_sparse(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__SparseVector *s = (const Qdrant__SparseVector *) msg;

	if (has_duplicate(v, s->indices, s->n_indices))
		v_fail(v, "indices", "Validation error: must be unique [{}]");
	if (s->n_indices != s->n_values)
		v_fail(v, "values", "Validation error: must be the same length as "
			   "indices [{}]");
}

static void
check_multi(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__MultiDenseVector *m = (const Qdrant__MultiDenseVector *) msg;

	for (size_t i = 0; i < m->n_vectors; i++)
	{
		if (m->vectors[i]->n_data == 0)
		{
			v_fail(v, "data", "all vectors must be non-empty");
			return;
		}
	}
	for (size_t i = 1; i < m->n_vectors; i++)
	{
		if (m->vectors[i]->n_data != m->vectors[0]->n_data)
		{
			v_fail(v, "data", "all vectors must have the same dimension, "
				   "found vector with dimension %zu", m->vectors[i]->n_data);
			return;
		}
	}
}

/* gRPC's older form: flat data, with indices or a count of rows beside it. */
static void
check_flat_vector(vctx *v, const Qdrant__Vector *x)
{
	if (x->indices)
	{
		if (has_duplicate(v, x->indices->data, x->indices->n_data))
			v_fail(v, "indices", "Validation error: must be unique [{}]");
		if (x->indices->n_data != x->n_data)
			v_fail(v, "values", "Validation error: must be the same length as "
				   "indices [{}]");
	}
	else if (x->has_vectors_count &&
			 (x->vectors_count == 0 || x->n_data % x->vectors_count != 0))
		v_fail(v, "data", "Validation error: invalid dense vector length for "
			   "vectors count [{\"vector_len\": Number(%zu), "
			   "\"vectors_count\": Number(%" PRIu32 ")}]", x->n_data,
			   x->vectors_count);
}

static void
check_vector(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__Vector *x = (const Qdrant__Vector *) msg;

	if (v->rest && x->vector_case == QDRANT__VECTOR__VECTOR_DENSE &&
		x->dense->n_data == 0)
		v_fail(v, "vector", "dense vector must not be empty");
	if (!v->rest && x->vector_case == QDRANT__VECTOR__VECTOR__NOT_SET)
		check_flat_vector(v, x);
}

/*----------
 * filters
 *----------
 */

static void
check_field_condition(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__FieldCondition *f = (const Qdrant__FieldCondition *) msg;

	if (!f->match && !f->range && !f->geo_bounding_box && !f->geo_radius &&
		!f->values_count && !f->geo_polygon && !f->datetime_range &&
		!f->has_is_empty && !f->has_is_null)
		v_fail(v, v->rest ? "__all__" : "match", "Validation error: At least "
			   "one field condition must be specified [{}]");
}

static void
check_min_should(vctx *v, const ProtobufCMessage *msg)
{
	if (((const Qdrant__MinShould *) msg)->min_count == 0)
		v_fail(v, "min_count", "min_count must be greater than 0");
}

static void
check_slice(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__SliceCondition *s = (const Qdrant__SliceCondition *) msg;

	if (s->total == 0)
		v_fail(v, "total", "Validation error: must be greater than 0 [{}]");
	else if (s->index >= s->total && v->rest)
		v_fail(v, "__all__", "Validation error: Slice index must be less than "
			   "the total number of slices [{}]");
	else if (s->index >= s->total)
		v_fail(v, "index", "Validation error: must be less than the total "
			   "number of slices [{}]");
}

/* REST has refused these while decoding. */
static void
check_geo_point(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__GeoPoint *p = (const Qdrant__GeoPoint *) msg;

	if (!(fabs(p->lat) <= 90 && fabs(p->lon) <= 180))
		v_fail(v, "geo", "Wrong format of GeoPoint payload: expected `lat` = %s "
			   "within [-90;90] and `lon` = %s within [-180;180]",
			   jc_display(v->a, p->lat), jc_display(v->a, p->lon));
}

static void
check_ring(vctx *v, const char *member, const Qdrant__GeoLineString *line)
{
	const Qdrant__GeoPoint *first;
	const Qdrant__GeoPoint *last;

	if (line->n_points < 4)
	{
		v_fail(v, member, "value invalid, the size must be at least 4, got %zu",
			   line->n_points);
		return;
	}
	first = line->points[0];
	last = line->points[line->n_points - 1];
	if (first->lon != last->lon || first->lat != last->lat)
		v_fail(v, member, "value invalid, the first and the last points should "
			   "be same to form a closed line");
}

static void
check_polygon(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__GeoPolygon *p = (const Qdrant__GeoPolygon *) msg;

	if (p->exterior)
		check_ring(v, "exterior", p->exterior);
	for (size_t i = 0; i < p->n_interiors; i++)
		check_ring(v, "interiors", p->interiors[i]);
}

/*----------
 * queries
 *----------
 */

static void
check_recommend(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__RecommendInput *r = (const Qdrant__RecommendInput *) msg;

	if (v->rest && r->n_positive == 0 && r->n_negative == 0)
		v_fail(v, "positives, negatives", "Validation error: At least one "
			   "positive or negative vector/id must be provided [{}]");
}

static void
check_relevance(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__RelevanceFeedbackInput *r =
	(const Qdrant__RelevanceFeedbackInput *) msg;

	if (v->rest && r->n_feedback == 0)
		v_fail(v, "__all__", "feedback elements must be non-empty");
}

/*----------
 * payload indexes
 *----------
 */

static void
check_integer_index(vctx *v, const ProtobufCMessage *msg)
{
	const Qdrant__IntegerIndexParams *p = (const Qdrant__IntegerIndexParams *) msg;

	if (p->has_lookup && !p->lookup && p->has_range && !p->range)
		v_fail(v, "lookup", "Validation error: the 'lookup' and 'range' "
			   "capabilities can't be both disabled [{}]");
}

static void
check_not_empty(vctx *v, const char *member, const char *value)
{
	if (!v->rest && *value == '\0')
		v_fail(v, member, "value \"\" invalid, must be at least 1 characters");
}

static void
check_create_index(vctx *v, const ProtobufCMessage *msg)
{
	check_not_empty(v, "field_name",
					((const Qdrant__CreateFieldIndexCollection *) msg)->field_name);
}

static void
check_delete_index(vctx *v, const ProtobufCMessage *msg)
{
	check_not_empty(v, "field_name",
					((const Qdrant__DeleteFieldIndexCollection *) msg)->field_name);
}

static void
check_facet(vctx *v, const ProtobufCMessage *msg)
{
	check_not_empty(v, "key", ((const Qdrant__FacetCounts *) msg)->key);
}

typedef struct check_rule
{
	const ProtobufCMessageDescriptor *message;
	void		(*check) (vctx *v, const ProtobufCMessage *msg);
} check_rule;

static const check_rule checks[] = {
	{&qdrant__vector__descriptor, check_vector},
	{&qdrant__field_condition__descriptor, check_field_condition},
	{&qdrant__vector_params__descriptor, check_vector_params},
	{&qdrant__vector_params_diff__descriptor, check_vector_diff},
	{&qdrant__sparse_index_config__descriptor, check_sparse_index},
	{&qdrant__sparse_vector__descriptor, check_sparse},
	{&qdrant__multi_dense_vector__descriptor, check_multi},
	{&qdrant__min_should__descriptor, check_min_should},
	{&qdrant__slice_condition__descriptor, check_slice},
	{&qdrant__geo_point__descriptor, check_geo_point},
	{&qdrant__geo_polygon__descriptor, check_polygon},
	{&qdrant__integer_index_params__descriptor, check_integer_index},
	{&qdrant__create_field_index_collection__descriptor, check_create_index},
	{&qdrant__delete_field_index_collection__descriptor, check_delete_index},
	{&qdrant__facet_counts__descriptor, check_facet},
	{&qdrant__recommend_input__descriptor, check_recommend},
	{&qdrant__relevance_feedback_input__descriptor, check_relevance},
	{NULL, NULL}
};

void
v_check_message(vctx *v, const ProtobufCMessage *msg)
{
	int			protocol = v->rest ? REST : GRPC;

	check_name(v, msg);
	for (const check_rule *rule = checks; rule->message; rule++)
	{
		if (rule->message == msg->descriptor)
			rule->check(v, msg);
	}
	for (const range_rule *rule = ranges; rule->message; rule++)
	{
		if (rule->message == msg->descriptor && (rule->protocols & protocol))
			check_range(v, msg, rule);
	}
}
