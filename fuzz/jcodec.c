/*
 * jcodec.c
 *		Fuzz target: REST bodies through every schema, its validation and what
 *		is made of them.  The first byte chooses the schema.  The JSON that SQL
 *		is given must read back as what it was written from.
 */
#include <stdio.h>
#include <stdlib.h>

#include "model/create_json.h"
#include "model/filter_json.h"
#include "model/model.h"
#include "model/qdrant.pb-c.h"
#include "model/tables.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct json_schema *const schemas[] = {
	&schema_create_collection, &schema_update_collection, &schema_upsert,
	&schema_get_points, &schema_delete_points, &schema_set_payload,
	&schema_overwrite_payload, &schema_delete_payload, &schema_clear_payload,
	&schema_count, &schema_scroll, &schema_query, &schema_query_batch,
	&schema_search, &schema_search_batch
};

#define N_SCHEMAS (sizeof(schemas) / sizeof(schemas[0]))

/* A copy with the padding that bodies have. */
static slice
padded(arena *a, slice s)
{
	char	   *p = arena_alloc0(a, s.n + 64);

	memcpy(p, s.p, s.n);
	return (slice) {p, s.n};
}

static void
must_be_equal(slice first, slice second)
{
	if (slice_eq(first, second))
		return;
	fprintf(stderr, "%.*s\n%.*s\n", (int) first.n, first.p, (int) second.n,
			second.p);
	abort();
}

static const field_indexes no_indexes;

static void
check_filter(const Qdrant__Filter *filter, arena *a)
{
	slice		json = filter_json(filter, &no_indexes, a);
	gw_error	e = {ERR_NONE, NULL};
	Qdrant__CountPoints *count;
	slice		body = {NULL, 0};
	buf			b;
	const slice *ids;
	size_t		n;

	buf_init(&b, a, json.n + 16);
	buf_adds(&b, "{\"filter\":");
	buf_add(&b, json.p, json.n);
	buf_addc(&b, '}');
	body = padded(a, buf_slice(&b));
	count = model_decode_json(&schema_count, body, a, &e);
	if (count == NULL || !model_validate_rest(&schema_count, count, a, &e))
	{
		/* one level more than the request had */
		if (strstr(e.text, "recursion limit") || e.kind == ERR_TOO_LARGE)
			return;
		fprintf(stderr, "%.*s\n%s\n", (int) json.n, json.p, e.text);
		abort();
	}
	must_be_equal(json, filter_json(count->filter, &no_indexes, a));
	filter_must_ids(filter, a, &ids, &n);
	filter_needs_point(filter);
}

static void
check_config(const Qdrant__CreateCollection *msg, arena *a)
{
	slice		json = create_collection_json(msg, a);
	gw_error	e = {ERR_NONE, NULL};
	Qdrant__CreateCollection *again;

	again = model_decode_json(&schema_create_collection, padded(a, json), a, &e);
	if (again == NULL)
	{
		fprintf(stderr, "%.*s\n%s\n", (int) json.n, json.p, e.text);
		abort();
	}
	must_be_equal(json, create_collection_json(again, a));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	arena	   *a;
	gw_error	e = {ERR_NONE, NULL};
	const struct json_schema *schema;
	ProtobufCMessage *msg;

	if (n == 0)
		return 0;
	a = arena_create((size_t) 64 << 20);
	schema = schemas[data[0] % N_SCHEMAS];
	msg = model_decode_json(schema, padded(a, (slice) {(const char *) data + 1, n - 1}),
							a, &e);
	if (msg != NULL && model_validate_rest(schema, msg, a, &e))
	{
		model_pack(msg, a);
		if (schema == &schema_count && ((Qdrant__CountPoints *) msg)->filter)
			check_filter(((Qdrant__CountPoints *) msg)->filter, a);
		if (schema == &schema_create_collection)
			check_config((Qdrant__CreateCollection *) msg, a);
		if (schema == &schema_update_collection)
			update_collection_json((Qdrant__UpdateCollection *) msg, a);
	}
	else if (e.kind == ERR_NONE || e.text == NULL)
		abort();
	arena_destroy(a);
	return 0;
}
