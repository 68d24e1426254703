/*
 * tables_collections.c
 *		Bodies of PUT and PATCH /collections/{collection_name}.
 */
#include "model/tables.h"

#include "model/hooks.h"
#include "model/jcodec.h"
#include "model/qdrant.pb-c.h"

/*----------
 * enums
 *----------
 */

static const jenum_type distance = {
	"one of `Cosine`, `Euclid`, `Dot`, `Manhattan`",
	(const jenum[]) {
		{"Cosine", QDRANT__DISTANCE__Cosine},
		{"Euclid", QDRANT__DISTANCE__Euclid},
		{"Dot", QDRANT__DISTANCE__Dot},
		{"Manhattan", QDRANT__DISTANCE__Manhattan},
		{NULL, 0}
	}
};

static const jenum_type datatype = {
	"one of `float32`, `uint8`, `float16`, `turbo4`",
	(const jenum[]) {
		{"float32", QDRANT__DATATYPE__Float32},
		{"uint8", QDRANT__DATATYPE__Uint8},
		{"float16", QDRANT__DATATYPE__Float16},
		{"turbo4", QDRANT__DATATYPE__Turbo4},
		{NULL, 0}
	}
};

static const jenum_type memory = {
	"one of `cold`, `cached`, `pinned`",
	(const jenum[]) {
		{"cold", QDRANT__MEMORY__Cold},
		{"cached", QDRANT__MEMORY__Cached},
		{"pinned", QDRANT__MEMORY__Pinned},
		{NULL, 0}
	}
};

static const jenum_type comparator = {
	"`max_sim`",
	(const jenum[]) {
		{"max_sim", QDRANT__MULTI_VECTOR_COMPARATOR__MaxSim},
		{NULL, 0}
	}
};

static const jenum_type modifier = {
	"`none` or `idf`",
	(const jenum[]) {
		{"none", QDRANT__MODIFIER__None},
		{"idf", QDRANT__MODIFIER__Idf},
		{NULL, 0}
	}
};

static const jenum_type sharding_method = {
	"`auto` or `custom`",
	(const jenum[]) {
		{"auto", QDRANT__SHARDING_METHOD__Auto},
		{"custom", QDRANT__SHARDING_METHOD__Custom},
		{NULL, 0}
	}
};

static const jenum_type scalar_type = {
	"`int8`",
	(const jenum[]) {
		{"int8", QDRANT__QUANTIZATION_TYPE__Int8},
		{NULL, 0}
	}
};

static const jenum_type compression = {
	"one of `x4`, `x8`, `x16`, `x32`, `x64`",
	(const jenum[]) {
		{"x4", QDRANT__COMPRESSION_RATIO__x4},
		{"x8", QDRANT__COMPRESSION_RATIO__x8},
		{"x16", QDRANT__COMPRESSION_RATIO__x16},
		{"x32", QDRANT__COMPRESSION_RATIO__x32},
		{"x64", QDRANT__COMPRESSION_RATIO__x64},
		{NULL, 0}
	}
};

static const jenum_type binary_encoding = {
	"one of `one_bit`, `two_bits`, `one_and_half_bits`",
	(const jenum[]) {
		{"one_bit", QDRANT__BINARY_QUANTIZATION_ENCODING__OneBit},
		{"two_bits", QDRANT__BINARY_QUANTIZATION_ENCODING__TwoBits},
		{"one_and_half_bits", QDRANT__BINARY_QUANTIZATION_ENCODING__OneAndHalfBits},
		{NULL, 0}
	}
};

static const jenum_type query_encoding = {
	"one of `default`, `binary`, `scalar4bits`, `scalar8bits`",
	(const jenum[]) {
		{"default", QDRANT__BINARY_QUANTIZATION_QUERY_ENCODING__SETTING__Default},
		{"binary", QDRANT__BINARY_QUANTIZATION_QUERY_ENCODING__SETTING__Binary},
		{"scalar4bits", QDRANT__BINARY_QUANTIZATION_QUERY_ENCODING__SETTING__Scalar4Bits},
		{"scalar8bits", QDRANT__BINARY_QUANTIZATION_QUERY_ENCODING__SETTING__Scalar8Bits},
		{NULL, 0}
	}
};

static const jenum_type turbo_bits = {
	"one of `bits1`, `bits1_5`, `bits2`, `bits4`",
	(const jenum[]) {
		{"bits1", QDRANT__TURBO_QUANT_BIT_SIZE__Bits1},
		{"bits1_5", QDRANT__TURBO_QUANT_BIT_SIZE__Bits1_5},
		{"bits2", QDRANT__TURBO_QUANT_BIT_SIZE__Bits2},
		{"bits4", QDRANT__TURBO_QUANT_BIT_SIZE__Bits4},
		{NULL, 0}
	}
};

/*----------
 * quantization
 *----------
 */

static const jfield scalar_fields[] = {
	{"type", NULL, NULL, jc_enum, &scalar_type, JF_REQUIRED},
	{"quantile", NULL, NULL, jc_f32, NULL, 0},
	{"always_ram", NULL, NULL, jc_bool, NULL, 0},
	{"memory", NULL, NULL, jc_enum, &memory, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jfield product_fields[] = {
	{"compression", NULL, NULL, jc_enum, &compression, JF_REQUIRED},
	{"always_ram", NULL, NULL, jc_bool, NULL, 0},
	{"memory", NULL, NULL, jc_enum, &memory, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

/* "binary" -> BinaryQuantizationQueryEncoding { setting } */
static bool
decode_query_encoding(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, to->field->descriptor);
	jslot		setting = jc_slot(msg, "setting");

	setting.row = to->row;
	if (!jc_enum(c, v, &setting))
		return false;
	jc_set_message(to, msg);
	return true;
}

static const jfield binary_fields[] = {
	{"always_ram", NULL, NULL, jc_bool, NULL, 0},
	{"encoding", NULL, NULL, jc_enum, &binary_encoding, 0},
	{"query_encoding", NULL, NULL, decode_query_encoding, &query_encoding, 0},
	{"memory", NULL, NULL, jc_enum, &memory, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jfield turbo_fields[] = {
	{"always_ram", NULL, NULL, jc_bool, NULL, 0},
	{"bits", NULL, NULL, jc_enum, &turbo_bits, 0},
	{"memory", NULL, NULL, jc_enum, &memory, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const struct
{
	const char *name;
	const char *field;
	jobject		object;
}			quantizations[] = {
	{"scalar", "scalar", {"struct ScalarQuantizationConfig",
	&qdrant__scalar_quantization__descriptor, scalar_fields, 0, NULL}},
	{"product", "product", {"struct ProductQuantizationConfig",
	&qdrant__product_quantization__descriptor, product_fields, 0, NULL}},
	{"binary", "binary", {"struct BinaryQuantizationConfig",
	&qdrant__binary_quantization__descriptor, binary_fields, 0, NULL}},
	{"turbo", "turboquant", {"struct TurboQuantQuantizationConfig",
	&qdrant__turbo_quantization__descriptor, turbo_fields, 0, NULL}}
};

/* The first of the one-key forms that fits; into the oneof of msg. */
static bool
decode_quantization_forms(jctx *c, jnode *v, ProtobufCMessage *msg)
{
	for (size_t i = 0; i < sizeof(quantizations) / sizeof(quantizations[0]); i++)
	{
		jnode	   *form = jc_member(c, v, quantizations[i].name);
		const jobject *o = &quantizations[i].object;
		ProtobufCMessage *inner;
		jslot		to;

		if (form == NULL)
			continue;
		inner = jc_new(c, o->message);
		if (!JC_TRY(c, jc_object(c, form, o, inner)))
			continue;
		to = jc_slot(msg, quantizations[i].field);
		jc_set_message(&to, inner);
		return true;
	}
	return false;
}

static bool
decode_quantization(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, to->field->descriptor);
	bool		ok;

	c->buffered++;
	ok = decode_quantization_forms(c, v, msg);
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, JC_NO_VARIANT("QuantizationConfig"));
	jc_set_message(to, msg);
	return true;
}

static bool
decode_quantization_diff(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, to->field->descriptor);
	bool		ok;

	c->buffered++;
	if (v->kind == J_STRING && v->n == 8 && memcmp(v->s, "Disabled", 8) == 0)
	{
		jslot		disabled = jc_slot(msg, "disabled");

		jc_set_message(&disabled, jc_new(c, &qdrant__disabled__descriptor));
		ok = true;
	}
	else
		ok = decode_quantization_forms(c, v, msg);
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, JC_NO_VARIANT("QuantizationConfigDiff"));
	jc_set_message(to, msg);
	return true;
}

/*----------
 * hnsw, wal, optimizers
 *----------
 */

static const jfield hnsw_fields[] = {
	{"m", NULL, NULL, jc_integer, &jc_usize, 0},
	{"ef_construct", NULL, NULL, jc_integer, &jc_usize, 0},
	{"full_scan_threshold", "full_scan_threshold_kb", NULL, jc_integer, &jc_usize, 0},
	{"max_indexing_threads", NULL, NULL, jc_integer, &jc_usize, 0},
	{"on_disk", NULL, NULL, jc_bool, NULL, 0},
	{"memory", NULL, NULL, jc_enum, &memory, 0},
	{"payload_m", NULL, NULL, jc_integer, &jc_usize, 0},
	{"inline_storage", NULL, NULL, jc_bool, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject hnsw = {
	"struct HnswConfigDiff", &qdrant__hnsw_config_diff__descriptor, hnsw_fields, 0, NULL
};

static const jfield wal_fields[] = {
	{"wal_capacity_mb", NULL, NULL, jc_integer, &jc_usize, 0},
	{"wal_segments_ahead", NULL, NULL, jc_integer, &jc_usize, 0},
	{"wal_retain_closed", NULL, NULL, jc_integer, &jc_usize, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject wal = {
	"struct WalConfigDiff", &qdrant__wal_config_diff__descriptor, wal_fields, 0, NULL
};

/* An integer, or "auto". */
static bool
decode_optimization_threads(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, to->field->descriptor);
	jslot		slot;

	if (v->kind == J_UINT)
	{
		slot = jc_slot(msg, "value");
		jc_set_u64(&slot, v->u);
	}
	else if (v->kind == J_STRING && v->n == 4 && memcmp(v->s, "auto", 4) == 0)
	{
		slot = jc_slot(msg, "setting");
		jc_set_enum(&slot, QDRANT__MAX_OPTIMIZATION_THREADS__SETTING__Auto);
	}
	else
		return jc_fail_union(c, JC_NO_VARIANT("MaxOptimizationThreads"));
	jc_set_message(to, msg);
	return true;
}

static const jfield optimizers_fields[] = {
	{"deleted_threshold", NULL, NULL, jc_f64, NULL, 0},
	{"vacuum_min_vector_number", NULL, NULL, jc_integer, &jc_usize, 0},
	{"default_segment_number", NULL, NULL, jc_integer, &jc_usize, 0},
	{"max_segment_size", "max_segment_size_kb", NULL, jc_integer, &jc_usize, 0},
	{"memmap_threshold", "memmap_threshold_kb", NULL, jc_integer, &jc_usize, 0},
	{"indexing_threshold", "indexing_threshold_kb", NULL, jc_integer, &jc_usize, 0},
	{"flush_interval_sec", NULL, NULL, jc_integer, &jc_u64, 0},
	{"max_optimization_threads", NULL, NULL, decode_optimization_threads, NULL, 0},
	{"prevent_unoptimized", NULL, NULL, jc_bool, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject optimizers = {
	"struct OptimizersConfigDiff", &qdrant__optimizers_config_diff__descriptor,
	optimizers_fields, 0, NULL
};

/*----------
 * vectors
 *----------
 */

static const jfield multivector_fields[] = {
	{"comparator", NULL, NULL, jc_enum, &comparator, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject multivector = {
	"struct MultiVectorConfig", &qdrant__multi_vector_config__descriptor,
	multivector_fields, 0, NULL
};

static const jint_type nonzero_u64 = {"a nonzero u64", 1, UINT64_MAX};

static const jfield vector_fields[] = {
	{"size", NULL, NULL, jc_integer, &nonzero_u64, JF_REQUIRED},
	{"distance", NULL, NULL, jc_enum, &distance, JF_REQUIRED},
	{"hnsw_config", NULL, NULL, jc_message, &hnsw, 0},
	{"quantization_config", "quantization", NULL, decode_quantization, NULL, 0},
	{"on_disk", NULL, NULL, jc_bool, NULL, 0},
	{"memory", NULL, NULL, jc_enum, &memory, 0},
	{"datatype", NULL, NULL, jc_enum, &datatype, 0},
	{"multivector_config", NULL, NULL, jc_message, &multivector, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject vector_params = {
	"struct VectorParams", &qdrant__vector_params__descriptor, vector_fields, 0, NULL
};

/* Params of the unnamed vector, or a map of names to params. */
static bool
decode_vectors_config(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, to->field->descriptor);
	ProtobufCMessage *inner = jc_new(c, &qdrant__vector_params__descriptor);
	jslot		slot = jc_slot(msg, "params");
	bool		ok;

	c->buffered++;
	ok = v->kind == J_OBJECT &&
		JC_TRY(c, jc_object(c, v, &vector_params, inner));
	if (!ok)
	{
		jslot		map;

		inner = jc_new(c, &qdrant__vector_params_map__descriptor);
		slot = jc_slot(msg, "params_map");
		map = jc_slot(inner, "map");
		ok = jc_map_of(c, v, &map, jc_message, &vector_params);
	}
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, JC_NO_VARIANT("VectorsConfig"));
	jc_set_message(&slot, inner);
	jc_set_message(to, msg);
	return true;
}

static const jfield vector_diff_fields[] = {
	{"hnsw_config", NULL, NULL, jc_message, &hnsw, 0},
	{"quantization_config", "quantization", NULL, decode_quantization_diff, NULL, 0},
	{"on_disk", NULL, NULL, jc_bool, NULL, 0},
	{"memory", NULL, NULL, jc_enum, &memory, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject vector_diff = {
	"struct VectorParamsDiff", &qdrant__vector_params_diff__descriptor,
	vector_diff_fields, 0, NULL
};

static bool
decode_vectors_diff(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, to->field->descriptor);
	ProtobufCMessage *inner = jc_new(c, &qdrant__vector_params_diff_map__descriptor);
	jslot		slot = jc_slot(msg, "params_map");
	jslot		map = jc_slot(inner, "map");

	if (!jc_map_of(c, v, &map, jc_message, &vector_diff))
		return false;
	jc_set_message(&slot, inner);
	jc_set_message(to, msg);
	return true;
}

static const jfield sparse_index_fields[] = {
	{"full_scan_threshold", NULL, NULL, jc_integer, &jc_usize, 0},
	{"on_disk", NULL, NULL, jc_bool, NULL, 0},
	{"memory", NULL, NULL, jc_enum, &memory, 0},
	{"datatype", NULL, NULL, jc_enum, &datatype, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject sparse_index = {
	"struct SparseIndexParams", &qdrant__sparse_index_config__descriptor,
	sparse_index_fields, 0, NULL
};

static const jfield sparse_fields[] = {
	{"index", NULL, NULL, jc_message, &sparse_index, 0},
	{"modifier", NULL, NULL, jc_enum, &modifier, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject sparse_params = {
	"struct SparseVectorParams", &qdrant__sparse_vector_params__descriptor,
	sparse_fields, 0, NULL
};

static bool
decode_sparse_vectors(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, to->field->descriptor);
	jslot		map = jc_slot(msg, "map");

	if (!jc_map_of(c, v, &map, jc_message, &sparse_params))
		return false;
	jc_set_message(to, msg);
	return true;
}

/*----------
 * strict mode
 *----------
 */

static const jfield strict_multivector_fields[] = {
	{"max_vectors", NULL, NULL, jc_integer, &jc_usize, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject strict_multivector = {
	"struct StrictModeMultivector", &qdrant__strict_mode_multivector__descriptor,
	strict_multivector_fields, 0, NULL
};

static bool
decode_strict_multivectors(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, to->field->descriptor);
	jslot		map = jc_slot(msg, "multivector_config");

	if (!jc_map_of(c, v, &map, jc_message, &strict_multivector))
		return false;
	jc_set_message(to, msg);
	return true;
}

static const jfield strict_sparse_fields[] = {
	{"max_length", NULL, NULL, jc_integer, &jc_usize, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject strict_sparse = {
	"struct StrictModeSparse", &qdrant__strict_mode_sparse__descriptor,
	strict_sparse_fields, 0, NULL
};

static bool
decode_strict_sparse(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, to->field->descriptor);
	jslot		map = jc_slot(msg, "sparse_config");

	if (!jc_map_of(c, v, &map, jc_message, &strict_sparse))
		return false;
	jc_set_message(to, msg);
	return true;
}

static const jfield strict_fields[] = {
	{"enabled", NULL, NULL, jc_bool, NULL, 0},
	{"max_query_limit", NULL, NULL, jc_integer, &jc_u32, 0},
	{"max_timeout", NULL, NULL, jc_integer, &jc_u32, 0},
	{"unindexed_filtering_retrieve", NULL, NULL, jc_bool, NULL, 0},
	{"unindexed_filtering_update", NULL, NULL, jc_bool, NULL, 0},
	{"search_max_hnsw_ef", NULL, NULL, jc_integer, &jc_u32, 0},
	{"search_allow_exact", NULL, NULL, jc_bool, NULL, 0},
	{"search_max_oversampling", NULL, NULL, jc_f32, NULL, 0},
	{"upsert_max_batchsize", NULL, NULL, jc_integer, &jc_usize, 0},
	{"search_max_batchsize", NULL, NULL, jc_integer, &jc_usize, 0},
	{"max_collection_vector_size_bytes", NULL, NULL, jc_integer, &jc_usize, 0},
	{"read_rate_limit", NULL, NULL, jc_integer, &jc_u32, 0},
	{"write_rate_limit", NULL, NULL, jc_integer, &jc_u32, 0},
	{"max_collection_payload_size_bytes", NULL, NULL, jc_integer, &jc_usize, 0},
	{"max_points_count", NULL, NULL, jc_integer, &jc_usize, 0},
	{"filter_max_conditions", NULL, NULL, jc_integer, &jc_usize, 0},
	{"condition_max_size", NULL, NULL, jc_integer, &jc_usize, 0},
	{"multivector_config", NULL, NULL, decode_strict_multivectors, NULL, 0},
	{"sparse_config", NULL, NULL, decode_strict_sparse, NULL, 0},
	{"max_payload_index_count", NULL, NULL, jc_integer, &jc_usize, 0},
	{"max_resident_memory_percent", NULL, NULL, jc_integer, &jc_u32, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject strict_mode = {
	"struct StrictModeConfig", &qdrant__strict_mode_config__descriptor,
	strict_fields, 0, NULL
};

/*----------
 * the bodies
 *----------
 */

static const jfield payload_storage_fields[] = {
	{"memory", NULL, NULL, jc_enum, &memory, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject payload_storage = {
	"struct PayloadStorageParams", &qdrant__payload_storage_params__descriptor,
	payload_storage_fields, 0, NULL
};

static const jfield create_fields[] = {
	{"vectors", NULL, "vectors_config", decode_vectors_config, NULL, JF_NOT_NULL},
	{"shard_number", NULL, NULL, jc_integer, &jc_u32, 0},
	{"sharding_method", NULL, NULL, jc_enum, &sharding_method, 0},
	{"replication_factor", NULL, NULL, jc_integer, &jc_u32, 0},
	{"write_consistency_factor", NULL, NULL, jc_integer, &jc_u32, 0},
	{"on_disk_payload", NULL, NULL, jc_bool, NULL, 0},
	{"payload", NULL, NULL, jc_message, &payload_storage, 0},
	{"hnsw_config", NULL, NULL, jc_message, &hnsw, 0},
	{"wal_config", NULL, NULL, jc_message, &wal, 0},
	{"optimizers_config", "optimizer_config", NULL, jc_message, &optimizers, 0},
	{"quantization_config", "quantization", NULL, decode_quantization, NULL, 0},
	{"sparse_vectors", NULL, "sparse_vectors_config", decode_sparse_vectors, NULL, 0},
	{"strict_mode_config", NULL, NULL, jc_message, &strict_mode, 0},
	{"uuid", NULL, NULL, jc_ignore, NULL, JF_NO_FIELD},
	{"metadata", NULL, NULL, hook_payload, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject create_collection = {
	"struct CreateCollection", &qdrant__create_collection__descriptor,
	create_fields, 0, NULL
};

const struct json_schema schema_create_collection = {
	&create_collection, NULL, false, &qdrant__create_collection__descriptor, ""
};

static const jfield params_fields[] = {
	{"replication_factor", NULL, NULL, jc_integer, &jc_nonzero_u32, 0},
	{"write_consistency_factor", NULL, NULL, jc_integer, &jc_nonzero_u32, 0},
	{"read_fan_out_factor", NULL, NULL, jc_integer, &jc_u32, 0},
	{"read_fan_out_delay_ms", NULL, NULL, jc_integer, &jc_u64, 0},
	{"on_disk_payload", NULL, NULL, jc_bool, NULL, 0},
	{"payload", NULL, NULL, jc_message, &payload_storage, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject collection_params = {
	"struct CollectionParamsDiff", &qdrant__collection_params_diff__descriptor,
	params_fields, 0, NULL
};

static const jfield update_fields[] = {
	{"vectors", NULL, "vectors_config", decode_vectors_diff, NULL, 0},
	{"optimizers_config", "optimizer_config", NULL, jc_message, &optimizers, 0},
	{"params", NULL, NULL, jc_message, &collection_params, 0},
	{"hnsw_config", NULL, NULL, jc_message, &hnsw, 0},
	{"quantization_config", "quantization", NULL, decode_quantization_diff, NULL, 0},
	{"sparse_vectors", NULL, "sparse_vectors_config", decode_sparse_vectors, NULL, 0},
	{"strict_mode_config", NULL, NULL, jc_message, &strict_mode, 0},
	{"metadata", NULL, NULL, hook_payload, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject update_collection = {
	"struct UpdateCollection", &qdrant__update_collection__descriptor,
	update_fields, 0, NULL
};

const struct json_schema schema_update_collection = {
	&update_collection, NULL, false, &qdrant__update_collection__descriptor, ""
};
