/*
 * tables_query.c
 *		Bodies of the query API and of the older search endpoints.
 */
#include "model/tables.h"

#include "model/hooks.h"
#include "model/qdrant.pb-c.h"

/*----------
 * search parameters
 *----------
 */

static const jfield quantization_fields[] = {
	{"ignore", NULL, NULL, jc_bool, NULL, JF_NOT_NULL},
	{"rescore", NULL, NULL, jc_bool, NULL, 0},
	{"oversampling", NULL, NULL, jc_f64, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject quantization = {
	"struct QuantizationSearchParams",
	&qdrant__quantization_search_params__descriptor, quantization_fields, 0, NULL
};

static const jfield acorn_fields[] = {
	{"enable", NULL, NULL, jc_bool, NULL, JF_NOT_NULL},
	{"max_selectivity", NULL, NULL, jc_f64, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject acorn = {
	"struct AcornSearchParams", &qdrant__acorn_search_params__descriptor,
	acorn_fields, 0, NULL
};

static const jfield idf_fields[] = {
	{"corpus", NULL, NULL, hook_filter, NULL, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject idf = {
	"struct IdfCorpus", &qdrant__idf_params__descriptor, idf_fields, 0, NULL
};

/* "global", or {"corpus": filter} */
static bool
decode_idf(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, &qdrant__idf_params__descriptor);
	bool		ok;

	c->buffered++;
	ok = v->kind == J_STRING ? v->n == 6 && memcmp(v->s, "global", 6) == 0 :
		jc_object(c, v, &idf, msg);
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, JC_NO_VARIANT("IdfParams"));
	jc_set_message(to, msg);
	return true;
}

static const jfield params_fields[] = {
	{"hnsw_ef", NULL, NULL, jc_integer, &jc_usize, 0},
	{"exact", NULL, NULL, jc_bool, NULL, JF_NOT_NULL},
	{"quantization", NULL, NULL, jc_message, &quantization, 0},
	{"indexed_only", NULL, NULL, jc_bool, NULL, JF_NOT_NULL},
	{"acorn", NULL, NULL, jc_message, &acorn, 0},
	{"idf", NULL, NULL, decode_idf, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject params = {
	"struct SearchParams", &qdrant__search_params__descriptor, params_fields, 0, NULL
};

static const jfield lookup_fields[] = {
	{"collection", NULL, "collection_name", jc_string, NULL, JF_REQUIRED},
	{"vector", NULL, "vector_name", jc_string, NULL, 0},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject lookup = {
	"struct LookupLocation", &qdrant__lookup_location__descriptor, lookup_fields, 0, NULL
};

/*----------
 * kinds of query
 *----------
 */

/* An array of vector inputs, or null. */
static bool
decode_inputs(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__VectorInput **list;

	if (!jc_items(c, v))
		return false;
	list = arena_array(c->a, v->n, sizeof(list[0]));
	for (uint32_t i = 0; i < v->n; i++)
	{
		Qdrant__Query *holder = (Qdrant__Query *)
			jc_new(c, &qdrant__query__descriptor);
		jslot		slot = jc_slot(&holder->base, "nearest");

		if (!hook_vector_input(c, &v->items[i], &slot))
			return false;
		list[i] = holder->nearest;
	}
	jc_set_list(to, v->n, list);
	return true;
}

static const jenum_type strategy = {
	"one of `average_vector`, `best_score`, `sum_scores`",
	(const jenum[]) {
		{"average_vector", QDRANT__RECOMMEND_STRATEGY__AverageVector},
		{"best_score", QDRANT__RECOMMEND_STRATEGY__BestScore},
		{"sum_scores", QDRANT__RECOMMEND_STRATEGY__SumScores},
		{NULL, 0}
	}
};

static const jfield recommend_fields[] = {
	{"positive", NULL, NULL, decode_inputs, NULL, 0},
	{"negative", NULL, NULL, decode_inputs, NULL, 0},
	{"strategy", NULL, NULL, jc_enum, &strategy, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject recommend = {
	"struct RecommendInput", &qdrant__recommend_input__descriptor, recommend_fields, 0, NULL
};

static const jfield pair_fields[] = {
	{"positive", NULL, NULL, hook_vector_input, NULL, JF_REQUIRED},
	{"negative", NULL, NULL, hook_vector_input, NULL, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject pair = {
	"struct ContextPair", &qdrant__context_input_pair__descriptor, pair_fields, 0, NULL
};

/* One pair, an array of them, or null. */
static bool
decode_context(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__ContextInput *context = (Qdrant__ContextInput *)
		jc_new(c, &qdrant__context_input__descriptor);
	bool		one = v->kind == J_OBJECT;

	if (!one && v->kind != J_NULL && !jc_items(c, v))
		return false;
	context->n_pairs = one ? 1 : v->n;
	context->pairs = arena_array(c->a, context->n_pairs,
								 sizeof(context->pairs[0]));
	for (size_t i = 0; i < context->n_pairs; i++)
	{
		context->pairs[i] = (Qdrant__ContextInputPair *) jc_new(c, pair.message);
		if (!jc_object(c, one ? v : &v->items[i], &pair,
					   &context->pairs[i]->base))
			return false;
	}
	jc_set_message(to, &context->base);
	return true;
}

static const jfield discover_fields[] = {
	{"target", NULL, NULL, hook_vector_input, NULL, JF_REQUIRED},
	{"context", NULL, NULL, decode_context, NULL, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject discover = {
	"struct DiscoverInput", &qdrant__discover_input__descriptor, discover_fields, 0, NULL
};

static const jenum_type fusion = {
	"`rrf` or `dbsf`",
	(const jenum[]) {
		{"rrf", QDRANT__FUSION__RRF},
		{"dbsf", QDRANT__FUSION__DBSF},
		{NULL, 0}
	}
};

static const jenum_type sample = {
	"`random`",
	(const jenum[]) {
		{"random", QDRANT__SAMPLE__Random},
		{NULL, 0}
	}
};

static const jfield rrf_fields[] = {
	{"k", NULL, NULL, jc_integer, &jc_usize, 0},
	{"weights", NULL, NULL, hook_floats, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject rrf = {
	"struct Rrf", &qdrant__rrf__descriptor, rrf_fields, 0, NULL
};

static const jfield mmr_fields[] = {
	{"diversity", NULL, NULL, jc_f32, NULL, 0},
	{"candidates_limit", NULL, NULL, jc_integer, &jc_usize, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject mmr = {
	"struct Mmr", &qdrant__mmr__descriptor, mmr_fields, 0, NULL
};

static const jfield with_mmr_fields[] = {
	{"nearest", NULL, NULL, hook_vector_input, NULL, JF_REQUIRED},
	{"mmr", NULL, NULL, jc_message, &mmr, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject with_mmr = {
	"struct NearestQuery", &qdrant__nearest_input_with_mmr__descriptor,
	with_mmr_fields, 0, NULL
};

static const jfield feedback_fields[] = {
	{"example", NULL, NULL, hook_vector_input, NULL, JF_REQUIRED},
	{"score", NULL, NULL, jc_f32, NULL, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject feedback = {
	"struct FeedbackItem", &qdrant__feedback_item__descriptor, feedback_fields, 0, NULL
};

static const jfield naive_fields[] = {
	{"a", NULL, NULL, jc_f32, NULL, JF_REQUIRED},
	{"b", NULL, NULL, jc_f32, NULL, JF_REQUIRED},
	{"c", NULL, NULL, jc_f32, NULL, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject naive = {
	"struct NaiveFeedbackStrategyParams",
	&qdrant__naive_feedback_strategy__descriptor, naive_fields, 0, NULL
};

static const jfield strategy_fields[] = {
	{"naive", NULL, NULL, jc_message, &naive, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject feedback_strategy = {
	"struct FeedbackStrategy", &qdrant__feedback_strategy__descriptor,
	strategy_fields, 0, NULL
};

static const jfield relevance_fields[] = {
	{"target", NULL, NULL, hook_vector_input, NULL, JF_REQUIRED},
	{"feedback", NULL, NULL, jc_messages, &feedback, JF_REQUIRED},
	{"strategy", NULL, NULL, jc_message, &feedback_strategy, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject relevance = {
	"struct RelevanceFeedbackInput", &qdrant__relevance_feedback_input__descriptor,
	relevance_fields, 0, NULL
};

/*
 * A formula is recognised, not read: it is refused as not supported before
 * anyone would look into it.
 */
static bool
decode_formula(jctx *c, jnode *v, const jslot *to)
{
	if (v->kind == J_NULL || v->kind == J_BOOL || v->kind == J_ARRAY)
		return jc_fail_type(c, v, "an expression");
	jc_set_message(to, jc_new(c, &qdrant__formula__descriptor));
	return true;
}

/* The keyed forms: the first whose member is there and fits. */
static const jfield query_forms[] = {
	{"nearest", NULL, NULL, hook_vector_input, NULL, 0},
	{"recommend", NULL, NULL, jc_message, &recommend, 0},
	{"discover", NULL, NULL, jc_message, &discover, 0},
	{"context", NULL, NULL, decode_context, NULL, 0},
	{"order_by", NULL, NULL, hook_order_by, NULL, 0},
	{"fusion", NULL, NULL, jc_enum, &fusion, 0},
	{"rrf", NULL, NULL, jc_message, &rrf, 0},
	{"formula", NULL, NULL, decode_formula, NULL, 0},
	{"sample", NULL, NULL, jc_enum, &sample, 0},
	{"relevance_feedback", NULL, NULL, jc_message, &relevance, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

/* {"nearest": .., "mmr": ..}: false with no mmr, a failure with a bad one. */
static bool
read_mmr(jctx *c, jnode *v, Qdrant__Query *query)
{
	ProtobufCMessage *inner = jc_new(c, with_mmr.message);

	if (!jc_object(c, v, &with_mmr, inner))
		return false;
	query->variant_case = QDRANT__QUERY__VARIANT_NEAREST_WITH_MMR;
	query->nearest_with_mmr = (Qdrant__NearestInputWithMmr *) inner;
	return true;
}

static bool
read_query_object(jctx *c, jnode *v, Qdrant__Query *query)
{
	jnode	   *given = jc_member(c, v, "mmr");
	bool		has_mmr = given && given->kind != J_NULL;

	for (const jfield *f = query_forms; f->name; f++)
	{
		jnode	   *inner = jc_member(c, v, f->name);
		jslot		to = jc_slot(&query->base, f->name);
		bool		ok;

		if (inner == NULL)
			continue;
		to.row = f;
		if (f == query_forms && has_mmr)
			ok = read_mmr(c, v, query);
		else
			ok = f->decode(c, inner, &to);
		if (JC_TRY(c, ok))
			return true;
	}
	return false;
}

static bool
decode_query(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__Query *query = (Qdrant__Query *) jc_new(c, &qdrant__query__descriptor);
	jslot		nearest = jc_slot(&query->base, "nearest");
	bool		ok;

	c->buffered++;
	ok = JC_TRY(c, hook_vector_input(c, v, &nearest)) ||
		(v->kind == J_OBJECT && read_query_object(c, v, query));
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, "Expected some form of vector, id, or a type of query");
	jc_set_message(to, &query->base);
	return true;
}

/*----------
 * query
 *----------
 */

static bool decode_prefetch(jctx *c, jnode *v, const jslot *to);

static const jfield prefetch_fields[] = {
	{"prefetch", NULL, NULL, decode_prefetch, NULL, 0},
	{"query", NULL, NULL, decode_query, NULL, 0},
	{"using", NULL, NULL, jc_string, NULL, 0},
	{"filter", NULL, NULL, hook_filter, NULL, 0},
	{"params", NULL, NULL, jc_message, &params, 0},
	{"score_threshold", NULL, NULL, jc_f32, NULL, 0},
	{"limit", NULL, NULL, jc_integer, &jc_usize, 0},
	{"lookup_from", NULL, NULL, jc_message, &lookup, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject prefetch = {
	"struct Prefetch", &qdrant__prefetch_query__descriptor, prefetch_fields, 0, NULL
};

/* One, or an array. */
static bool
decode_prefetch(jctx *c, jnode *v, const jslot *to)
{
	bool		one = v->kind == J_OBJECT;
	size_t		n = one ? 1 : v->n;
	ProtobufCMessage **list;

	if (!one && v->kind != J_ARRAY)
		return jc_fail_type(c, v, "null, array or map");
	if (!one && !jc_items(c, v))
		return false;
	list = arena_array(c->a, n, sizeof(list[0]));
	for (size_t i = 0; i < n; i++)
	{
		list[i] = jc_new(c, prefetch.message);
		if (!jc_object(c, one ? v : &v->items[i], &prefetch, list[i]))
			return false;
	}
	jc_set_list(to, n, list);
	return true;
}

static const jfield query_fields[] = {
	{"prefetch", NULL, NULL, decode_prefetch, NULL, 0},
	{"query", NULL, NULL, decode_query, NULL, 0},
	{"using", NULL, NULL, jc_string, NULL, 0},
	{"filter", NULL, NULL, hook_filter, NULL, 0},
	{"params", NULL, NULL, jc_message, &params, 0},
	{"score_threshold", NULL, NULL, jc_f32, NULL, 0},
	{"limit", NULL, NULL, jc_integer, &jc_usize, 0},
	{"offset", NULL, NULL, jc_integer, &jc_usize, 0},
	{"with_vector", "with_vectors", "with_vectors", hook_with_vector, NULL, 0},
	{"with_payload", NULL, NULL, hook_with_payload, NULL, 0},
	{"lookup_from", NULL, NULL, jc_message, &lookup, 0},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject query = {
	"struct QueryRequest", &qdrant__query_points__descriptor, query_fields,
	JO_FLATTEN, NULL
};

const struct json_schema schema_query = {
	&query, NULL, false, &qdrant__query_points__descriptor, "internal"
};

static const jfield query_batch_fields[] = {
	{"searches", NULL, "query_points", jc_messages, &query, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject query_batch = {
	"struct QueryRequestBatch", &qdrant__query_batch_points__descriptor,
	query_batch_fields, 0, NULL
};

const struct json_schema schema_query_batch = {
	&query_batch, NULL, false, &qdrant__query_batch_points__descriptor, ""
};

/*----------
 * search
 *----------
 */

/* {"name": .., "vector": dense or sparse} */
static bool
read_named_vector(jctx *c, jnode *v, Qdrant__SearchPoints *msg)
{
	jnode	   *name = jc_member(c, v, "name");
	jnode	   *vector = jc_member(c, v, "vector");
	Qdrant__Query *holder = (Qdrant__Query *) jc_new(c, &qdrant__query__descriptor);
	jslot		slot = jc_slot(&holder->base, "nearest");

	if (name == NULL || vector == NULL || vector->kind == J_UINT ||
		vector->kind == J_STRING || !jc_text(c, name, &msg->vector_name) ||
		!hook_vector_input(c, vector, &slot))
		return false;
	if (holder->nearest->variant_case == QDRANT__VECTOR_INPUT__VARIANT_DENSE)
	{
		msg->n_vector = holder->nearest->dense->n_data;
		msg->vector = holder->nearest->dense->data;
		return true;
	}
	if (holder->nearest->variant_case != QDRANT__VECTOR_INPUT__VARIANT_SPARSE)
		return false;
	msg->n_vector = holder->nearest->sparse->n_values;
	msg->vector = holder->nearest->sparse->values;
	msg->sparse_indices = (Qdrant__SparseIndices *)
		jc_new(c, &qdrant__sparse_indices__descriptor);
	msg->sparse_indices->n_data = holder->nearest->sparse->n_indices;
	msg->sparse_indices->data = holder->nearest->sparse->indices;
	return true;
}

static bool
decode_search_vector(jctx *c, jnode *v, const jslot *to)
{
	bool		ok;

	c->buffered++;
	ok = v->kind == J_ARRAY ? hook_floats(c, v, to) :
		read_named_vector(c, v, (Qdrant__SearchPoints *) to->msg);
	c->buffered--;
	return ok || jc_fail_union(c, JC_NO_VARIANT("NamedVectorStruct"));
}

static const jfield search_fields[] = {
	{"vector", NULL, NULL, decode_search_vector, NULL, JF_REQUIRED},
	{"filter", NULL, NULL, hook_filter, NULL, 0},
	{"params", NULL, NULL, jc_message, &params, 0},
	{"limit", "top", NULL, jc_integer, &jc_usize, JF_REQUIRED},
	{"offset", NULL, NULL, jc_integer, &jc_usize, 0},
	{"with_payload", NULL, NULL, hook_with_payload, NULL, 0},
	{"with_vector", "with_vectors", "with_vectors", hook_with_vector, NULL, 0},
	{"score_threshold", NULL, NULL, jc_f32, NULL, 0},
	{"shard_key", NULL, "shard_key_selector", hook_shard_key, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject search = {
	"struct SearchRequest", &qdrant__search_points__descriptor, search_fields,
	JO_FLATTEN, NULL
};

const struct json_schema schema_search = {
	&search, NULL, false, &qdrant__search_points__descriptor, "search_request"
};

static const jfield search_batch_fields[] = {
	{"searches", NULL, "search_points", jc_messages, &search, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject search_batch = {
	"struct SearchRequestBatch", &qdrant__search_batch_points__descriptor,
	search_batch_fields, 0, NULL
};

const struct json_schema schema_search_batch = {
	&search_batch, NULL, false, &qdrant__search_batch_points__descriptor, ""
};
