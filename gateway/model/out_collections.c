/*
 * out_collections.c
 *		Answers about collections (out_collections.h).
 */
#include "model/out_collections.h"

#include "json/jwrite.h"
#include "model/model.h"
#include "model/tables.h"

/* What model_decode_json wants behind a text. */
#define PADDING		64

void
out_collection_done(buf *out, const ProtobufCMessage *response)
{
	jw_bool(out, ((const Qdrant__CollectionOperationResponse *) response)->result);
}

void
out_collection_exists(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__CollectionExistsResponse *r =
	(const Qdrant__CollectionExistsResponse *) response;
	bool		first = true;

	buf_addc(out, '{');
	jw_key(out, &first, "exists");
	jw_bool(out, r->result->exists);
	buf_addc(out, '}');
}

void
out_collection_list(buf *out, const ProtobufCMessage *response)
{
	const Qdrant__ListCollectionsResponse *r =
	(const Qdrant__ListCollectionsResponse *) response;
	bool		first = true;

	buf_adds(out, "{\"collections\":[");
	for (size_t i = 0; i < r->n_collections; i++)
	{
		jw_item(out, &first);
		buf_adds(out, "{\"name\":");
		jw_cstring(out, r->collections[i]->name);
		buf_addc(out, '}');
	}
	buf_adds(out, "]}");
}

static void *
decode(const struct json_schema *schema, slice json, arena *a, gw_error *e)
{
	char	   *copy = arena_alloc0(a, json.n + PADDING);

	memcpy(copy, json.p, json.n);
	return model_decode_json(schema, (slice) {copy, json.n}, a, e);
}

/* Unset is "auto"; a number stands in the member's older place, too. */
static void
fill_threads(Qdrant__OptimizersConfigDiff *o, arena *a)
{
	Qdrant__MaxOptimizationThreads *threads = o->max_optimization_threads;

	if (threads == NULL)
	{
		threads = model_new(&qdrant__max_optimization_threads__descriptor, a);
		threads->variant_case =
			QDRANT__MAX_OPTIMIZATION_THREADS__VARIANT_SETTING;
		threads->setting = QDRANT__MAX_OPTIMIZATION_THREADS__SETTING__Auto;
		o->max_optimization_threads = threads;
	}
	else if (threads->variant_case ==
			 QDRANT__MAX_OPTIMIZATION_THREADS__VARIANT_VALUE)
	{
		o->has_deprecated_max_optimization_threads = true;
		o->deprecated_max_optimization_threads = threads->value;
	}
}

static Qdrant__CollectionParams *
params_message(const Qdrant__CreateCollection *flat,
			   const Qdrant__CollectionParamsDiff *params, arena *a)
{
	Qdrant__CollectionParams *p =
	model_new(&qdrant__collection_params__descriptor, a);

	p->shard_number = flat->shard_number;
	p->on_disk_payload = flat->on_disk_payload;
	p->vectors_config = flat->vectors_config;
	p->sparse_vectors_config = flat->sparse_vectors_config;
	p->payload = flat->payload;
	p->has_replication_factor = flat->has_replication_factor;
	p->replication_factor = flat->replication_factor;
	p->has_write_consistency_factor = flat->has_write_consistency_factor;
	p->write_consistency_factor = flat->write_consistency_factor;
	p->has_sharding_method = flat->has_sharding_method;
	p->sharding_method = flat->sharding_method;
	if (params == NULL)
		return p;
	p->has_read_fan_out_factor = params->has_read_fan_out_factor;
	p->read_fan_out_factor = params->read_fan_out_factor;
	p->has_read_fan_out_delay_ms = params->has_read_fan_out_delay_ms;
	p->read_fan_out_delay_ms = params->read_fan_out_delay_ms;
	return p;
}

Qdrant__CollectionConfig *
collection_config_message(slice flat, slice params, arena *a, gw_error *e)
{
	Qdrant__CreateCollection *c = decode(&schema_create_collection, flat, a, e);
	Qdrant__UpdateCollection *u;
	Qdrant__CollectionConfig *config;

	if (c == NULL)
		return NULL;
	u = decode(&schema_update_collection, params, a, e);
	if (u == NULL)
		return NULL;
	config = model_new(&qdrant__collection_config__descriptor, a);
	config->params = params_message(c, u->params, a);
	config->hnsw_config = c->hnsw_config;
	config->optimizer_config = c->optimizers_config;
	if (config->optimizer_config != NULL)
		fill_threads(config->optimizer_config, a);
	config->wal_config = c->wal_config;
	config->quantization_config = c->quantization_config;
	config->strict_mode_config = c->strict_mode_config;
	config->n_metadata = c->n_metadata;
	config->metadata = c->metadata;
	return config;
}

bool
collection_payload_schema(slice json, Qdrant__CollectionInfo *info, arena *a,
						  gw_error *e)
{
	const Qdrant__CollectionInfo *read = decode(&schema_payload_schema, json, a,
												e);

	if (read == NULL)
		return false;
	info->n_payload_schema = read->n_payload_schema;
	info->payload_schema = read->payload_schema;
	return true;
}
