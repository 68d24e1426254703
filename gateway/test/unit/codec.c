/*
 * codec.c
 *		REST bodies into messages: what is decoded, refused, validated, and
 *		what is written for SQL.  The words are Qdrant's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/create_json.h"
#include "model/datetime.h"
#include "model/filter_json.h"
#include "model/json_path.h"
#include "model/model.h"
#include "model/qdrant.pb-c.h"
#include "model/tables.h"

static arena *memory;
static gw_error error;

static int
open_memory(void **state)
{
	memory = arena_create((size_t) 64 << 20);
	return 0;
}

static int
close_memory(void **state)
{
	arena_destroy(memory);
	return 0;
}

static slice
body_of(const char *json)
{
	char	   *p = arena_alloc0(memory, strlen(json) + 64);

	memcpy(p, json, strlen(json));
	return (slice) {p, strlen(json)};
}

static void *
decode(const struct json_schema *schema, const char *json)
{
	error = (gw_error)
	{
		ERR_NONE, NULL
	};
	return model_decode_json(schema, body_of(json), memory, &error);
}

/* Decoded and within the limits. */
static void *
accepted(const struct json_schema *schema, const char *json)
{
	void	   *msg = decode(schema, json);

	if (msg == NULL || !model_validate_rest(schema, msg, memory, &error))
		fail_msg("%s: %s", json, error.text);
	return msg;
}

static const char *
text_of(slice s)
{
	return arena_strdup(memory, s);
}

/*----------
 * what is decoded
 *----------
 */

static void
points_of_a_list(void **state)
{
	Qdrant__UpsertPoints *msg = accepted(&schema_upsert,
										 "{\"points\":[{\"id\":18446744073709551615,\"vector\":[1,2.5,-3e2],"
										 "\"payload\":{\"a\": 1}},"
										 "{\"id\":\"urn:uuid:0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0\","
										 "\"vectors\":{\"b\":[1],\"a\":{\"indices\":[7],\"values\":[0.5]}}}],"
										 "\"shard_key\":null,\"unknown\":[[{}]]}");

	assert_int_equal(msg->n_points, 2);
	assert_true(msg->points[0]->id->num == UINT64_MAX);
	assert_int_equal(msg->points[0]->vectors->vector->dense->n_data, 3);
	assert_true(msg->points[0]->vectors->vector->dense->data[2] == -300.0f);
	assert_int_equal(msg->points[0]->n_payload, 1);
	assert_memory_equal(msg->points[0]->payload[0].data, "{", 1);
	assert_string_equal(msg->points[1]->id->uuid,
						"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");
	assert_int_equal(msg->points[1]->vectors->vectors->n_vectors, 2);
	assert_string_equal(msg->points[1]->vectors->vectors->vectors[0]->key, "a");
	assert_int_equal(msg->points[1]->vectors->vectors->vectors[0]->value->sparse->indices[0], 7);
}

static void
points_of_a_batch(void **state)
{
	Qdrant__UpsertPoints *msg = accepted(&schema_upsert,
										 "{\"batch\":{\"ids\":[3,4],\"vectors\":{\"x\":[[1,2],[3,4]]},"
										 "\"payloads\":[null,{\"k\":true}]}}");

	assert_int_equal(msg->n_points, 2);
	assert_true(msg->points[1]->vectors->vectors->vectors[0]->value->dense->data[1] == 4.0f);
	assert_int_equal(msg->points[0]->n_payload, 0);
	assert_int_equal(msg->points[1]->n_payload, 1);
}

/* Two arrays, the first of whole numbers: Qdrant takes it for a sparse one. */
static void
two_rows_of_integers_are_sparse(void **state)
{
	Qdrant__QueryPoints *sparse = accepted(&schema_query, "{\"query\":[[1,2],[3,4]]}");
	Qdrant__QueryPoints *multi = accepted(&schema_query, "{\"query\":[[1.0,2],[3,4]]}");
	Qdrant__QueryPoints *dense = accepted(&schema_query, "{\"query\":[1,2]}");

	assert_int_equal(sparse->query->nearest->variant_case, QDRANT__VECTOR_INPUT__VARIANT_SPARSE);
	assert_int_equal(multi->query->nearest->variant_case, QDRANT__VECTOR_INPUT__VARIANT_MULTI_DENSE);
	assert_int_equal(dense->query->nearest->variant_case, QDRANT__VECTOR_INPUT__VARIANT_DENSE);
}

static void
ids_win_over_a_filter(void **state)
{
	Qdrant__SetPayloadPoints *msg = accepted(&schema_set_payload,
											 "{\"filter\":{\"must\":[]},\"points\":[1],\"payload\":{}}");

	assert_int_equal(msg->points_selector->points_selector_one_of_case,
					 QDRANT__POINTS_SELECTOR__POINTS_SELECTOR_ONE_OF_POINTS);
	assert_int_equal(msg->points_selector->points->n_ids, 1);
}

static void
aliases_and_nulls(void **state)
{
	Qdrant__SearchPoints *search = accepted(&schema_search,
											"{\"vector\":{\"name\":\"v\",\"vector\":[1]},\"top\":5,"
											"\"with_vectors\":[\"v\"],\"filter\":null,\"offset\":null}");
	Qdrant__ScrollPoints *scroll = accepted(&schema_scroll,
											"{\"with_payload\":[\"a.b\"],\"limit\":99999999999}");

	assert_string_equal(search->vector_name, "v");
	assert_int_equal(search->limit, 5);
	assert_int_equal(search->with_vectors->include->n_names, 1);
	assert_false(search->has_offset);
	assert_null(search->filter);
	assert_true(scroll->limit == UINT32_MAX);
	assert_string_equal(scroll->with_payload->include->fields[0], "a.b");
}

/* Rows that name a field which the message has not would end the process. */
static void
every_member_has_a_field(void **state)
{
	static const struct
	{
		const struct json_schema *schema;
		const char *body;
	}			bodies[] = {
		{&schema_query, "{\"prefetch\":[{\"prefetch\":null,\"query\":{\"context\":[{\"positive\":1,\"negative\":[1]}]},\"using\":\"v\",\"filter\":{},"
			"\"params\":{\"hnsw_ef\":1,\"exact\":true,\"indexed_only\":true,\"quantization\":{\"ignore\":true,\"rescore\":false,\"oversampling\":2},"
			"\"acorn\":{\"enable\":true,\"max_selectivity\":0.5},\"idf\":{\"corpus\":{}}},\"score_threshold\":1,\"limit\":1,"
			"\"lookup_from\":{\"collection\":\"c\",\"vector\":\"v\",\"shard_key\":[1,\"a\"]}}],"
			"\"query\":{\"relevance_feedback\":{\"target\":1,\"feedback\":[{\"example\":2,\"score\":0.5}],\"strategy\":{\"naive\":{\"a\":1,\"b\":1,\"c\":1}}}},"
			"\"offset\":1,\"with_vector\":true,\"with_payload\":{\"exclude\":[\"a\"]},\"shard_key\":{\"target\":1,\"fallback\":\"b\"}}"},
		{&schema_query, "{\"query\":{\"recommend\":{\"positive\":[1],\"negative\":null,\"strategy\":\"sum_scores\"}}}"},
		{&schema_query, "{\"query\":{\"discover\":{\"target\":1,\"context\":null}}}"},
		{&schema_query, "{\"query\":{\"order_by\":{\"key\":\"a\",\"direction\":\"desc\",\"start_from\":\"2024-01-01\"}}}"},
		{&schema_query, "{\"query\":{\"rrf\":{\"k\":3,\"weights\":[1]}}}"},
		{&schema_query, "{\"query\":{\"fusion\":\"dbsf\"}}"},
		{&schema_query, "{\"query\":{\"formula\":{\"sum\":[]}}}"},
		{&schema_query, "{\"query\":{\"nearest\":\"0f1e2d3c4b5a69788796a5b4c3d2e1f0\",\"mmr\":{\"diversity\":0.5,\"candidates_limit\":9}}}"},
		{&schema_query, "{\"query\":{\"text\":\"x\",\"model\":\"m\",\"options\":{}}}"},
		{&schema_query, "{\"query\":{\"image\":\"x\",\"model\":\"m\"}}"},
		{&schema_query, "{\"query\":{\"object\":{},\"model\":\"m\"}}"},
		{&schema_search, "{\"vector\":{\"name\":\"v\",\"vector\":{\"indices\":[1],\"values\":[1]}},\"filter\":{},\"params\":{},\"limit\":1,\"offset\":1,"
			"\"with_payload\":true,\"with_vector\":false,\"score_threshold\":0.5,\"shard_key\":1}"},
		{&schema_scroll, "{\"offset\":1,\"limit\":1,\"filter\":{},\"with_payload\":true,\"with_vector\":true,\"order_by\":\"a\",\"shard_key\":\"a\"}"},
		{&schema_count, "{\"filter\":{\"must\":[{\"key\":\"a\",\"geo_bounding_box\":{\"top_left\":{\"lon\":0,\"lat\":1},\"bottom_right\":{\"lon\":1,\"lat\":0}},"
			"\"values_count\":{\"lt\":1,\"gt\":1,\"lte\":1,\"gte\":1},\"is_empty\":true}]},\"exact\":false,\"shard_key\":1}"},
		{&schema_get_points, "{\"ids\":[],\"with_payload\":null,\"with_vectors\":true,\"shard_key\":1}"},
		{&schema_upsert, "{\"points\":[],\"shard_key\":1,\"update_filter\":{},\"update_mode\":\"update_only\"}"},
		{&schema_delete_points, "{\"filter\":{},\"shard_key\":1}"},
		{&schema_clear_payload, "{\"points\":[1],\"shard_key\":1}"},
		{&schema_overwrite_payload, "{\"payload\":{},\"filter\":{},\"key\":\"a\",\"shard_key\":1}"},
		{&schema_delete_payload, "{\"keys\":[\"a\"],\"filter\":{},\"shard_key\":1}"},
		{&schema_update_collection, "{\"params\":{\"on_disk_payload\":true,\"payload\":{}},\"hnsw_config\":{},\"sparse_vectors\":{},\"strict_mode_config\":{},"
			"\"vectors\":{\"v\":{\"on_disk\":true,\"memory\":\"cold\"}},\"metadata\":{}}"}
	};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
	{
		if (decode(bodies[i].schema, bodies[i].body) == NULL)
			fail_msg("%s: %s", bodies[i].body, error.text);
	}
}

/*----------
 * what is refused, and how
 *----------
 */

typedef struct refusal
{
	const struct json_schema *schema;
	const char *body;
	error_kind	kind;
	const char *text;
} refusal;

static const refusal refusals[] = {
	{&schema_scroll, "", ERR_JSON_FORMAT, "EOF while parsing a value at line 1 column 0"},
	{&schema_scroll, "{\"limit\":1,}", ERR_JSON_FORMAT, "trailing comma at line 1 column 12"},
	{&schema_scroll, "{\"limit\":1,\"limit\":2}", ERR_JSON_FORMAT, "duplicate field `limit` at line 1 column 21"},
	{&schema_scroll, "{\"limit\":1.0}", ERR_JSON_FORMAT, "invalid type: floating point `1.0`, expected usize at line 1 column 13"},
	{&schema_scroll, "{\"filter\":{},\"limit\":\n\n  -5}", ERR_JSON_FORMAT, "invalid value: integer `-5`, expected usize at line 3 column 5"},
	{&schema_scroll, "{\"filter\":{\"must\":[{\"key\":\"v[\",\"match\":{\"value\":1}}]}}", ERR_JSON_FORMAT, "Invalid json path: 'v[' at line 1 column 54"},
	{&schema_scroll, "{\"filter\":{\"musts\":[]}}", ERR_JSON_FORMAT, "unknown field `musts`, expected one of `should`, `min_should`, `must`, `must_not` at line 1 column 23"},
	{&schema_create_collection, "{\"vectors\":{\"size\":4,\"distance\":\"Dot\"},\"shard_number\":\"1\"}", ERR_JSON_FORMAT, "invalid type: string \"1\", expected u32 at line 1 column 57"},
	{&schema_create_collection, "{\"vectors\":{\"size\":0,\"distance\":\"Dot\"}}", ERR_JSON_FORMAT, "data did not match any variant of untagged enum VectorsConfig at line 1 column 39"},
	{&schema_upsert, "{}", ERR_JSON_FORMAT, "Invalid PointInsertOperations format"},
	{&schema_upsert, "{\"points\":[{\"id\":1}]}", ERR_JSON_FORMAT, "missing field `vector`"},
	{&schema_upsert, "{\"points\":[{\"id\":\"1\",\"vector\":[1]}]}", ERR_JSON_FORMAT, "value 1 is not a valid point ID, valid values are either an unsigned integer or a UUID"},
	{&schema_upsert, "{\"points\":[{\"id\":18446744073709551616,\"vector\":[1]}]}", ERR_JSON_FORMAT, "value 18446744073709552000 is not a valid point ID, valid values are either an unsigned integer or a UUID"},
	{&schema_upsert, "{\"points\":[{\"id\":1,\"vector\":[true]}]}", ERR_JSON_FORMAT, "data did not match any variant of untagged enum VectorStruct"},
	{&schema_upsert, "{\"batch\":{\"ids\":[1,2],\"vectors\":[[1]]}}", ERR_VALIDATION_JSON, "[batch.batch: number of ids and vectors must be equal (2 != 1)]"},
	{&schema_upsert, "{\"points\":[{\"id\":1,\"vector\":[]},{\"id\":2,\"vector\":{\"v\":[]}}]}", ERR_VALIDATION_JSON, "[points[0].vector.vector: dense vector must not be empty; points[1].vector.?.vector: dense vector must not be empty]"},
	{&schema_upsert, "{\"points\":[{\"id\":1,\"vector\":{\"s\":{\"indices\":[1,1],\"values\":[1]}}}]}", ERR_VALIDATION_JSON, "[points[0].vector.?.indices: Validation error: must be unique [{}]; points[0].vector.?.values: Validation error: must be the same length as indices [{}]]"},
	{&schema_delete_points, "{\"points\":null}", ERR_JSON_FORMAT, "data did not match any variant of untagged enum PointsSelector"},
	{&schema_set_payload, "{\"payload\":{}}", ERR_JSON_FORMAT, "Either list of point ids or filter must be provided"},
	{&schema_get_points, "{\"ids\":[1],\"with_vector\":null}", ERR_JSON_FORMAT, "Expected a boolean, or an array of strings at line 1 column 30"},
	{&schema_query, "{\"query\":{\"bogus\":1}}", ERR_JSON_FORMAT, "Expected some form of vector, id, or a type of query at line 1 column 21"},
	{&schema_query, "{\"query\":[1],\"limit\":0,\"params\":{\"hnsw_ef\":0}}", ERR_VALIDATION_JSON, "[internal.limit: value 0 invalid, must be 1 or larger; internal.params.hnsw_ef: value 0 invalid, must be 1 or larger]"},
	{&schema_query, "{\"query\":{\"nearest\":[1],\"mmr\":{\"diversity\":-0.1}}}", ERR_VALIDATION_JSON, "[internal.query.mmr.diversity: value -0.10000000149011612 invalid, must be from 0.0 to 1.0]"},
	{&schema_query, "{\"query\":{\"formula\":\"$score\"}}", ERR_UNSUPPORTED, "query.formula"},
	{&schema_query_batch, "{\"searches\":[{},{\"limit\":0}]}", ERR_VALIDATION_JSON, "[searches[1].internal.limit: value 0 invalid, must be 1 or larger]"},
	{&schema_search, "{\"vector\":[1]}", ERR_JSON_FORMAT, "missing field `limit` at line 1 column 14"},
	{&schema_count, "{\"filter\":{\"should\":[{\"must\":[{\"key\":\"n\"}]}]}}", ERR_VALIDATION_JSON, "[count_request.filter.should[0].must[0].__all__: Validation error: At least one field condition must be specified [{}]]"},
	{&schema_create_collection, "{\"vectors\":{\"a\":{\"size\":70000,\"distance\":\"Dot\"}},\"sparse_vectors\":{\"s\":{\"index\":{\"datatype\":\"turbo4\"}}}}", ERR_VALIDATION_JSON, "[vectors.?.size: value 70000 invalid, must be from 1 to 65536; sparse_vectors[0].index.datatype: sparse vectors do not support the `turbo4` datatype]"},
	{&schema_update_collection, "{\"params\":{\"replication_factor\":0}}", ERR_JSON_FORMAT, "invalid value: integer `0`, expected a nonzero u32 at line 1 column 33"}
};

static void
refusals_in_qdrants_words(void **state)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
	{
		const refusal *r = &refusals[i];
		void	   *msg = decode(r->schema, r->body);

		if (msg != NULL && model_validate_rest(r->schema, msg, memory, &error))
			fail_msg("accepted %s", r->body);
		if (error.kind != r->kind || strcmp(error.text, r->text) != 0)
			fail_msg("%s\nwant %d %s\ngot  %d %s", r->body, r->kind, r->text,
					 error.kind, error.text);
	}
}

static void
memory_is_bounded(void **state)
{
	arena	   *small = arena_create(1 << 20);
	size_t		n = 4 << 20;
	char	   *text = calloc(1, n + 64);
	gw_error	e = {ERR_NONE, NULL};

	memcpy(text, "{\"points\":[", 11);
	for (size_t i = 11; i + 3 < n; i += 3)
		memcpy(text + i, "{},", 3);
	memcpy(text + n - 4, "{}]}", 4);
	assert_null(model_decode_json(&schema_upsert, (slice) {text, n}, small, &e));
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	free(text);
	arena_destroy(small);
}

/*----------
 * JSON for SQL
 *----------
 */

static const char *
filter_text(const char *filter)
{
	char	   *body = arena_printf(memory, "{\"filter\":%s}", filter);
	Qdrant__CountPoints *msg = accepted(&schema_count, body);

	return text_of(filter_json(msg->filter, &(field_indexes) {NULL, 0}, memory));
}

static void
filters_for_sql(void **state)
{
	static const char *const same[] = {
		"{}",
		"{\"must\":[{\"key\":\"a\",\"match\":{\"value\":\"x\\\"\"}},{\"key\":\"a\",\"match\":{\"value\":-9223372036854775808}}]}",
		"{\"must\":[{\"key\":\"a\",\"match\":{\"any\":[1,9223372036854775807]}},{\"key\":\"a\",\"match\":{\"except\":[\"x\"]}}]}",
		"{\"should\":[{\"key\":\"t\",\"match\":{\"text\":\"x y\"}},{\"key\":\"t\",\"match\":{\"phrase\":\"x\"}},{\"key\":\"t\",\"match\":{\"text_any\":\"x\"}},{\"key\":\"t\",\"match\":{\"prefix\":\"x\"}}]}",
		"{\"must_not\":[{\"key\":\"n\",\"range\":{\"gt\":1.5,\"lte\":1e+300}},{\"key\":\"n\",\"values_count\":{\"lt\":18446744073709551615}}]}",
		"{\"must\":[{\"is_empty\":{\"key\":\"a.b\"}},{\"is_null\":{\"key\":\"c[]\"}},{\"key\":\"d\",\"is_empty\":true},{\"key\":\"d\",\"is_null\":false}]}",
		"{\"must\":[{\"has_id\":[18446744073709551615,\"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\"]},{\"has_vector\":\"\"},{\"slice\":{\"total\":4294967295,\"index\":0}}]}",
		"{\"must\":[{\"nested\":{\"key\":\"a\",\"filter\":{\"must\":[{\"key\":\"b\",\"match\":{\"value\":true}}]}}},{\"should\":[{\"key\":\"c\",\"match\":{\"value\":1}}]}],\"min_should\":{\"conditions\":[],\"min_count\":2}}",
		"{\"must\":[{\"key\":\"g\",\"geo_radius\":{\"center\":{\"lon\":1.5,\"lat\":-2.5},\"radius\":10.1}}]}",
		"{\"must\":[{\"key\":\"g\",\"geo_polygon\":{\"exterior\":{\"points\":[{\"lon\":0.0,\"lat\":0.0},{\"lon\":1.0,\"lat\":0.0},{\"lon\":1.0,\"lat\":1.0},{\"lon\":0.0,\"lat\":0.0}]},\"interiors\":[]}}]}"
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		assert_string_equal(filter_text(same[i]), same[i]);
	assert_string_equal(filter_text("{\"must\":{\"key\":\"d\",\"range\":{\"gte\":\"2024-06-15 12:30:00.2+0100\",\"lt\":null}}}"),
						"{\"must\":[{\"key\":\"d\",\"range\":{\"gte\":\"2024-06-15T11:30:00.200000Z\"}}]}");
}

/* Conditions on a path with an index get its schema, however the path is written. */
static void
filters_are_bound(void **state)
{
	static const field_index list[] = {
		{SLICE_LIT("a"), SLICE_LIT("{\"type\":\"integer\"}"), INDEX_INTEGER, true, true},
		{SLICE_LIT("l[].n"), SLICE_LIT("1"), INDEX_KEYWORD, true, true},
		{SLICE_LIT("l[].t"), SLICE_LIT("2"), INDEX_TEXT, true, true},
		{SLICE_LIT("\"x y\".b[7]"), SLICE_LIT("3"), INDEX_BOOL, true, true},
	};
	static const field_indexes indexes = {list, 4};
	static const struct
	{
		const char *given;
		const char *bound;
	}			cases[] = {
		{"{\"must\":{\"key\":\"a\",\"match\":{\"value\":1}}}",
		"{\"must\":[{\"key\":\"a\",\"as\":{\"type\":\"integer\"},\"match\":{\"value\":1}}]}"},
		{"{\"must_not\":{\"key\":\"\\\"a\\\"\",\"is_null\":true}}",
		"{\"must_not\":[{\"key\":\"\\\"a\\\"\",\"as\":{\"type\":\"integer\"},\"is_null\":true}]}"},
		{"{\"must\":[{\"key\":\"b\",\"is_null\":true},{\"key\":\"a.b\",\"is_null\":true},{\"key\":\"a[]\",\"is_null\":true}]}",
		"{\"must\":[{\"key\":\"b\",\"is_null\":true},{\"key\":\"a.b\",\"is_null\":true},{\"key\":\"a[]\",\"is_null\":true}]}"},
		{"{\"should\":[{\"is_null\":{\"key\":\"a\"}},{\"min_should\":{\"conditions\":[{\"key\":\"\\\"x y\\\".\\\"b\\\"[007]\",\"is_empty\":true}],\"min_count\":1}}]}",
		"{\"should\":[{\"is_null\":{\"key\":\"a\",\"as\":{\"type\":\"integer\"}}},{\"min_should\":{\"conditions\":[{\"key\":\"\\\"x y\\\".\\\"b\\\"[007]\",\"as\":3,\"is_empty\":true}],\"min_count\":1}}]}"},
		{"{\"must\":{\"nested\":{\"key\":\"l\",\"filter\":{\"must\":[{\"key\":\"n\",\"is_null\":true},{\"key\":\"t\",\"match\":{\"text\":\"x\"}},{\"key\":\"a\",\"is_null\":true}]}}}}",
		"{\"must\":[{\"nested\":{\"key\":\"l\",\"filter\":{\"must\":[{\"key\":\"n\",\"is_null\":true},{\"key\":\"t\",\"as\":2,\"match\":{\"text\":\"x\"}},{\"key\":\"a\",\"is_null\":true}]}}}]}"},
		{"{\"must\":{\"nested\":{\"key\":\"l[]\",\"filter\":{\"must\":{\"key\":\"t\",\"match\":{\"phrase\":\"x\"}}}}}}",
		"{\"must\":[{\"nested\":{\"key\":\"l[]\",\"filter\":{\"must\":[{\"key\":\"t\",\"as\":2,\"match\":{\"phrase\":\"x\"}}]}}}]}"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char	   *body = arena_printf(memory, "{\"filter\":%s}", cases[i].given);
		Qdrant__CountPoints *msg = accepted(&schema_count, body);

		assert_string_equal(text_of(filter_json(msg->filter, &indexes, memory)),
							cases[i].bound);
	}
}

static void
paths_are_compared(void **state)
{
	static const struct
	{
		const char *a;
		const char *b;
		bool		equal;
	}			cases[] = {
		{"a", "a", true}, {"a", "b", false}, {"a", "a.b", false}, {"a", "a[]", false},
		{"a.b[].c", "\"a\".\"b\"[].c", true}, {"a[0]", "a[]", false}, {"a[1]", "a[01]", true},
		{"\"a.b\"", "a.b", false}, {"\"\"", "a", false}, {"\"\".x", "\"\".\"x\"", true},
		{"\"[]\"", "a[]", false}, {"a.\"[]\"", "a[]", false}, {"ä.b", "\"ä\".b", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		assert_int_equal(json_path_equal(slice_text(cases[i].a), slice_text(cases[i].b)), cases[i].equal);
		assert_int_equal(json_path_equal(slice_text(cases[i].b), slice_text(cases[i].a)), cases[i].equal);
	}
}

static const char *
schema_text(const char *schema)
{
	char	   *body = arena_printf(memory, "{\"field_name\":\"a\",\"field_schema\":%s}", schema);

	return text_of(index_schema_json(accepted(&schema_create_field_index, body), memory));
}

static void
index_schemas_for_sql(void **state)
{
	static const char *const same[] = {
		"\"keyword\"", "\"datetime\"", "{\"type\":\"uuid\"}",
		"{\"type\":\"keyword\",\"is_tenant\":true,\"on_disk\":false,\"prefix\":true,\"memory\":\"pinned\"}",
		"{\"type\":\"integer\",\"lookup\":false,\"range\":true,\"enable_hnsw\":false}",
		"{\"type\":\"text\",\"tokenizer\":\"multilingual\",\"min_token_len\":18446744073709551615,\"stopwords\":\"english\",\"stemmer\":{\"type\":\"none\"}}",
		"{\"type\":\"text\",\"tokenizer\":\"word\",\"stopwords\":{\"languages\":[\"english\"]}}",
		"{\"type\":\"text\",\"tokenizer\":\"word\",\"stopwords\":{\"custom\":[\"a\\\"\"]},\"stemmer\":{\"type\":\"snowball\",\"language\":\"german\"}}",
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		assert_string_equal(schema_text(same[i]), same[i]);
	assert_string_equal(schema_text("{\"nothing\":1,\"type\":\"text\",\"stopwords\":\"hi-en\",\"stemmer\":{\"language\":\"de\",\"type\":\"snowball\"}}"),
						"{\"type\":\"text\",\"tokenizer\":\"word\",\"stopwords\":\"hinglish\",\"stemmer\":{\"type\":\"snowball\",\"language\":\"german\"}}");
	assert_string_equal(schema_text("{\"type\":\"keyword\",\"prefix\":false,\"is_tenant\":null}"), "{\"type\":\"keyword\"}");
}

static const Qdrant__Filter *
filter_of(const char *filter)
{
	char	   *body = arena_printf(memory, "{\"filter\":%s}", filter);

	return ((Qdrant__CountPoints *) accepted(&schema_count, body))->filter;
}

static void
what_a_filter_needs(void **state)
{
	const slice *ids;
	size_t		n;

	assert_true(filter_is_empty(NULL));
	assert_true(filter_is_empty(filter_of("{\"must\":[]}")));
	assert_false(filter_is_empty(filter_of("{\"min_should\":{\"conditions\":[],\"min_count\":1}}")));
	assert_true(filter_needs_point(filter_of("{\"should\":[{\"must_not\":[{\"has_id\":[]}]}]}")));
	assert_true(filter_needs_point(filter_of("{\"min_should\":{\"conditions\":[{\"has_vector\":\"v\"}],\"min_count\":1}}")));
	assert_false(filter_needs_point(filter_of("{\"must\":[{\"nested\":{\"key\":\"a\",\"filter\":{\"must\":[{\"has_id\":[1]}]}}}]}")));
	assert_false(filter_must_ids(filter_of("{\"should\":[{\"has_id\":[1]}]}"), memory, &ids, &n));
	assert_true(filter_must_ids(filter_of("{\"must\":[{\"key\":\"a\",\"is_null\":true},{\"has_id\":[7,\"{0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}\"]}]}"), memory, &ids, &n));
	assert_int_equal(n, 2);
	assert_string_equal(text_of(ids[0]), "7");
	assert_string_equal(text_of(ids[1]), "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");
	assert_true(filter_is_ids_only(filter_of("{\"must\":[{\"has_id\":[1]}]}")));
	assert_false(filter_is_ids_only(filter_of("{\"must\":[{\"has_id\":[1]},{\"has_id\":[2]}]}")));
}

/* Every option that a collection has, there and back. */
static void
configs_for_sql(void **state)
{
	static const char create[] =
	"{\"hnsw_config\":{\"m\":8,\"ef_construct\":4,\"full_scan_threshold\":10,\"max_indexing_threads\":1,\"on_disk\":true,\"payload_m\":3,\"inline_storage\":false,\"memory\":\"cold\"},"
	"\"wal_config\":{\"wal_capacity_mb\":1,\"wal_segments_ahead\":2,\"wal_retain_closed\":1},"
	"\"optimizers_config\":{\"deleted_threshold\":0.25,\"vacuum_min_vector_number\":100,\"default_segment_number\":0,\"max_segment_size\":1,\"memmap_threshold\":2,\"indexing_threshold\":0,\"flush_interval_sec\":5,\"max_optimization_threads\":\"auto\",\"prevent_unoptimized\":true},"
	"\"shard_number\":2,\"on_disk_payload\":false,"
	"\"vectors\":{\"a\":{\"size\":4,\"distance\":\"Cosine\",\"hnsw_config\":{\"m\":0},\"quantization_config\":{\"binary\":{\"encoding\":\"one_and_half_bits\",\"query_encoding\":\"scalar4bits\"}},\"on_disk\":true,\"datatype\":\"float16\",\"multivector_config\":{\"comparator\":\"max_sim\"},\"memory\":\"cached\"},"
	"\"b\":{\"size\":65536,\"distance\":\"Manhattan\",\"quantization_config\":{\"turbo\":{\"bits\":\"bits1_5\"}}}},"
	"\"replication_factor\":1,\"write_consistency_factor\":1,"
	"\"quantization_config\":{\"scalar\":{\"type\":\"int8\",\"quantile\":0.99,\"always_ram\":true}},"
	"\"sharding_method\":\"custom\","
	"\"sparse_vectors\":{\"s\":{\"index\":{\"full_scan_threshold\":3,\"datatype\":\"uint8\"},\"modifier\":\"idf\"}},"
	"\"strict_mode_config\":{\"enabled\":true,\"max_query_limit\":5,\"search_max_oversampling\":1.5,\"multivector_config\":{\"v\":{\"max_vectors\":3}},\"sparse_config\":{\"s\":{\"max_length\":9}}},"
	"\"metadata\":{\"k\":[1,\"x\"]},\"payload\":{\"memory\":\"cold\"}}";
	static const char update[] =
	"{\"optimizers_config\":{\"max_optimization_threads\":3},"
	"\"params\":{\"replication_factor\":1,\"read_fan_out_factor\":0,\"read_fan_out_delay_ms\":4},"
	"\"vectors\":{\"\":{\"hnsw_config\":{},\"quantization_config\":\"Disabled\"}},"
	"\"quantization_config\":{\"product\":{\"compression\":\"x16\"}}}";

	assert_string_equal(text_of(create_collection_json(accepted(&schema_create_collection, create), memory)), create);
	assert_string_equal(text_of(update_collection_json(accepted(&schema_update_collection, update), memory)), update);
	assert_string_equal(text_of(create_collection_json(accepted(&schema_create_collection, "{\"vectors\":{\"size\":1,\"distance\":\"Dot\"},\"optimizer_config\":{\"indexing_threshold_kb\":7}}"), memory)),
						"{\"optimizers_config\":{\"indexing_threshold\":7},\"vectors\":{\"size\":1,\"distance\":\"Dot\"}}");
}

/*----------
 * query strings, names
 *----------
 */

static void
query_parameters(void **state)
{
	Qdrant__UpsertPoints upsert = QDRANT__UPSERT_POINTS__INIT;
	Qdrant__CountPoints count = QDRANT__COUNT_POINTS__INIT;
	static const struct
	{
		model_query_kind kind;
		const char *query;
		const char *text;
	}			bad[] = {
		{MODEL_QUERY_UPDATE, "wait=1", "provided string was not `true` or `false`"},
		{MODEL_QUERY_UPDATE, "x&ordering=odd", "unknown variant `odd`, expected one of `weak`, `medium`, `strong`"},
		{MODEL_QUERY_UPDATE, "timeout=-1", "std::time::Duration cannot be negative"},
		{MODEL_QUERY_UPDATE, "wait=true&wait=true", "duplicate field `wait`"},
		{MODEL_QUERY_READ, "timeout=0", "invalid value: integer `0`, expected a nonzero u64"},
		{MODEL_QUERY_READ, "consistency=0", "failed to deserialize read consistency query parameter value '0'"},
		{MODEL_QUERY_READ, "timeout=18446744073709551616", "number too large to fit in target type"},
		{MODEL_QUERY_READ, "timeout=", "cannot parse integer from empty string"}
	};

	assert_true(model_decode_query_params(MODEL_QUERY_UPDATE, SLICE_LIT("wait=tru%65&ordering=strong&timeout=0&consistency=x"),
										  &upsert.base, memory, &error));
	assert_true(upsert.has_wait && upsert.wait && upsert.has_timeout);
	assert_int_equal(upsert.ordering->type, QDRANT__WRITE_ORDERING_TYPE__Strong);
	assert_true(model_decode_query_params(MODEL_QUERY_READ, SLICE_LIT("consistency=&timeout=7&wait=maybe"),
										  &count.base, memory, &error));
	assert_null(count.read_consistency);
	assert_int_equal(count.timeout, 7);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		ProtobufCMessage *msg = bad[i].kind == MODEL_QUERY_UPDATE ?
			&upsert.base : &count.base;

		assert_false(model_decode_query_params(bad[i].kind,
											   (slice) {bad[i].query, strlen(bad[i].query)},
											   msg, memory, &error));
		assert_int_equal(error.kind, ERR_QUERY_FORMAT);
		assert_string_equal(error.text, bad[i].text);
	}
	assert_false(model_decode_query_params(MODEL_QUERY_COLLECTION, SLICE_LIT("timeout=0"),
										   &count.base, memory, &error));
	assert_int_equal(error.kind, ERR_VALIDATION_QUERY);
	assert_string_equal(error.text, "[timeout: value 0 invalid, must be 1 or larger]");
}

static void
collection_names(void **state)
{
	char		long_name[257];

	memset(long_name, 'n', 256);
	assert_true(model_validate_collection_name(SLICE_LIT("a:b"), false, memory, &error));
	assert_true(model_validate_collection_name((slice) {long_name, 255}, true, memory, &error));
	assert_false(model_validate_collection_name((slice) {long_name, 256}, true, memory, &error));
	assert_false(model_validate_collection_name(SLICE_LIT(""), false, memory, &error));
	assert_false(model_validate_collection_name(SLICE_LIT("a\0b"), false, memory, &error));
	assert_false(model_validate_collection_name(SLICE_LIT("a:b"), true, memory, &error));
	assert_int_equal(error.kind, ERR_VALIDATION_PATH);
	assert_string_equal(error.text, "[collection_name: collection name cannot contain \":\" char]");
}

/*----------
 * gRPC
 *----------
 */

static void
assert_grpc(ProtobufCMessage *msg, error_kind kind, const char *text)
{
	error = (gw_error)
	{
		ERR_NONE, ""
	};
	assert_int_equal(model_validate_grpc(msg, memory, &error), kind == ERR_NONE);
	assert_int_equal(error.kind, kind);
	assert_string_equal(error.text, text);
}

static void
grpc_messages(void **state)
{
	Qdrant__ScrollPoints scroll = QDRANT__SCROLL_POINTS__INIT;
	Qdrant__PointId id = QDRANT__POINT_ID__INIT;
	Qdrant__Filter filter = QDRANT__FILTER__INIT;
	Qdrant__Condition empty = QDRANT__CONDITION__INIT;
	Qdrant__Condition condition = QDRANT__CONDITION__INIT;
	Qdrant__FieldCondition field = QDRANT__FIELD_CONDITION__INIT;
	Qdrant__Condition *must[] = {&empty, &condition};
	Qdrant__CreateFieldIndexCollection create = QDRANT__CREATE_FIELD_INDEX_COLLECTION__INIT;
	Qdrant__PayloadIndexParams params = QDRANT__PAYLOAD_INDEX_PARAMS__INIT;
	Qdrant__TextIndexParams text = QDRANT__TEXT_INDEX_PARAMS__INIT;
	Qdrant__StemmingAlgorithm stemmer = QDRANT__STEMMING_ALGORITHM__INIT;
	Qdrant__SnowballParams snowball = QDRANT__SNOWBALL_PARAMS__INIT;
	Qdrant__Query any = QDRANT__QUERY__INIT;
	Qdrant__ContextInput context = QDRANT__CONTEXT_INPUT__INIT;
	Qdrant__QueryPoints query = QDRANT__QUERY_POINTS__INIT;

	assert_grpc(&scroll.base, ERR_VALIDATION_GRPC, "[collection_name: value \"\" invalid, must be from 1 to 255 characters]");
	scroll.collection_name = "c";
	assert_grpc(&scroll.base, ERR_NONE, "");
	scroll.has_limit = true;
	assert_grpc(&scroll.base, ERR_VALIDATION_GRPC, "[limit: value 0 invalid, must be 1 or larger]");
	scroll.limit = 1;
	scroll.offset = &id;
	assert_grpc(&scroll.base, ERR_GRPC_ARGUMENT, "No ID options provided");
	id.point_id_options_case = QDRANT__POINT_ID__POINT_ID_OPTIONS_UUID;
	id.uuid = "0F1E2D3C4B5A69788796A5B4C3D2E1F0";
	assert_grpc(&scroll.base, ERR_NONE, "");
	assert_string_equal(id.uuid, "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0");
	scroll.filter = &filter;
	filter.n_must = 2;
	filter.must = must;
	condition.condition_one_of_case = QDRANT__CONDITION__CONDITION_ONE_OF_FIELD;
	condition.field = &field;
	field.key = "a";
	assert_grpc(&scroll.base, ERR_VALIDATION_GRPC, "[filter.must[1].condition_one_of.match: Validation error: At least one field condition must be specified [{}]]");
	field.has_is_null = true;
	field.key = "a[";
	assert_grpc(&scroll.base, ERR_GRPC_ARGUMENT, "Invalid json path: 'a['");
	field.key = "a";
	assert_grpc(&scroll.base, ERR_NONE, "");
	/* the condition that says nothing is gone */
	assert_int_equal(filter.n_must, 1);
	query.collection_name = "c";
	query.query = &any;
	assert_grpc(&query.base, ERR_GRPC_ARGUMENT, "Query variant is missing");
	create.collection_name = "c";
	create.field_name = "a";
	create.has_field_type = true;
	create.field_type = QDRANT__FIELD_TYPE__FieldTypeText;
	create.field_index_params = &params;
	assert_grpc(&create.base, ERR_NONE, "");
	params.index_params_case = QDRANT__PAYLOAD_INDEX_PARAMS__INDEX_PARAMS_TEXT_INDEX_PARAMS;
	params.text_index_params = &text;
	assert_grpc(&create.base, ERR_GRPC_ARGUMENT, "unknown tokenizer type");
	text.tokenizer = QDRANT__TOKENIZER_TYPE__Word;
	text.stemmer = &stemmer;
	assert_grpc(&create.base, ERR_GRPC_ARGUMENT, "stemming_params is missing");
	stemmer.stemming_params_case = QDRANT__STEMMING_ALGORITHM__STEMMING_PARAMS_SNOWBALL;
	stemmer.snowball = &snowball;
	snowball.language = "klingon";
	assert_grpc(&create.base, ERR_GRPC_ARGUMENT, "unknown language: klingon");
	snowball.language = "de";
	assert_grpc(&create.base, ERR_NONE, "");
	assert_string_equal(snowball.language, "german");
	create.field_type = QDRANT__FIELD_TYPE__FieldTypeGeo;
	assert_grpc(&create.base, ERR_GRPC_ARGUMENT, "field_type (Geo) and field_index_params do not match");
	any.variant_case = QDRANT__QUERY__VARIANT_SAMPLE;
	assert_grpc(&query.base, ERR_NONE, "");
	any.variant_case = QDRANT__QUERY__VARIANT_CONTEXT;
	any.context = &context;
	assert_grpc(&query.base, ERR_UNSUPPORTED, "query.context");
}

/*----------
 * datetimes, paths
 *----------
 */

static void
datetimes(void **state)
{
	static const char *const bad[] = {
		"", "yesterday", "2024-02-30", "2024-01-01T", "2024-01-01T25:00",
		"2024-01-01T00:00:00.", "2024-01-01T00:00:00+1", "2024-01-01T00:00Zx",
		"2024-01-01T00:00Z", "2024-01-01t00:00:00", "2024-01-01t00:00:00+01",
		"2024-01-01\t00:00:00 UTC", "12024-01-01", "+12024-01-01", "-0001-01-01",
		"2024 -01-01", "2024-01-01 "
	};
	static const struct
	{
		const char *text;
		const char *printed;
	}			good[] = {
		{"2024-02-29", "2024-02-29T00:00:00Z"},
		{"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"},
		{"0000-01-01 00:00", "0000-01-01T00:00:00Z"},
		{"9999-12-31t23:59:59z", "9999-12-31T23:59:59Z"},
		{"2020-01-01 00:00:00 UTC", "2020-01-01T00:00:00Z"},
		{"2020-01-01T00:00:00.123456789+01:30", "2019-12-31T22:30:00.123456789Z"},
		{"2020-1-5", "2020-01-05T00:00:00Z"},
		{" 2020-01- 5\t1:2:3.5", "2020-01-05T01:02:03.500000Z"},
		{"2020-01-05T00:00:00utc ", "2020-01-05T00:00:00Z"},
		{"2020-01-05T00:00:00 \342\210\22201 : 30", "2020-01-05T01:30:00Z"},
		{"2020 -01-05 10:30 :00Z", "2020-01-05T10:30:00Z"},
		{"2020-01-05\342\200\20310:30:00+01:", "2020-01-05T09:30:00Z"},
		{"-0000-01-0500:00", "0000-01-05T00:00:00Z"}
	};
	datetime	t;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(datetime_parse((slice) {bad[i], strlen(bad[i])}, &t));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
	{
		buf			b;

		buf_init(&b, memory, 40);
		assert_true(datetime_parse((slice) {good[i].text, strlen(good[i].text)}, &t));
		assert_true(datetime_print(&b, t));
		assert_string_equal(text_of(buf_slice(&b)), good[i].printed);
	}
	/* what gRPC may send */
	{
		buf			b;

		buf_init(&b, memory, 40);
		assert_false(datetime_print(&b, (datetime) {INT64_MAX, 0}));
		assert_false(datetime_print(&b, (datetime) {INT64_MIN, 0}));
		assert_false(datetime_print(&b, (datetime) {0, -1}));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(points_of_a_list),
		cmocka_unit_test(points_of_a_batch),
		cmocka_unit_test(two_rows_of_integers_are_sparse),
		cmocka_unit_test(ids_win_over_a_filter),
		cmocka_unit_test(aliases_and_nulls),
		cmocka_unit_test(every_member_has_a_field),
		cmocka_unit_test(refusals_in_qdrants_words),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(filters_for_sql),
		cmocka_unit_test(filters_are_bound),
		cmocka_unit_test(paths_are_compared),
		cmocka_unit_test(index_schemas_for_sql),
		cmocka_unit_test(what_a_filter_needs),
		cmocka_unit_test(configs_for_sql),
		cmocka_unit_test(query_parameters),
		cmocka_unit_test(collection_names),
		cmocka_unit_test(grpc_messages),
		cmocka_unit_test(datetimes)
	};

	return cmocka_run_group_tests(tests, open_memory, close_memory);
}
