/*
 * decode.c
 *		Feeds recorded request bodies to the codec and prints what it thinks of
 *		them; golden.py compares that with Qdrant's answers.
 *
 * Standard input: frames of a line "SCHEMA QUERY-KIND QUERY-BYTES BODY-BYTES"
 * and then the query string and the body.  SCHEMA is a name of the table
 * below, or "grpc:qdrant.SearchPoints".  Output: one line per frame, "KIND
 * TEXT-BYTES TEXT", KIND being a number of error_kind; where there is no error
 * the text is the JSON for SQL of count's filter and of a collection's config.
 */
#include <stdio.h>
#include <stdlib.h>

#include "model/create_json.h"
#include "model/filter_json.h"
#include "model/model.h"
#include "model/qdrant.pb-c.h"
#include "model/tables.h"

static const struct
{
	const char *name;
	const struct json_schema *schema;
	const ProtobufCMessageDescriptor *message;
}			schemas[] = {
	{"create_collection", &schema_create_collection, &qdrant__create_collection__descriptor},
	{"update_collection", &schema_update_collection, &qdrant__update_collection__descriptor},
	{"upsert", &schema_upsert, &qdrant__upsert_points__descriptor},
	{"get_points", &schema_get_points, &qdrant__get_points__descriptor},
	{"delete_points", &schema_delete_points, &qdrant__delete_points__descriptor},
	{"set_payload", &schema_set_payload, &qdrant__set_payload_points__descriptor},
	{"overwrite_payload", &schema_overwrite_payload, &qdrant__set_payload_points__descriptor},
	{"delete_payload", &schema_delete_payload, &qdrant__delete_payload_points__descriptor},
	{"clear_payload", &schema_clear_payload, &qdrant__clear_payload_points__descriptor},
	{"count", &schema_count, &qdrant__count_points__descriptor},
	{"scroll", &schema_scroll, &qdrant__scroll_points__descriptor},
	{"query", &schema_query, &qdrant__query_points__descriptor},
	{"query_batch", &schema_query_batch, &qdrant__query_batch_points__descriptor},
	{"search", &schema_search, &qdrant__search_points__descriptor},
	{"search_batch", &schema_search_batch, &qdrant__search_batch_points__descriptor},
	{"grpc:qdrant.DeleteCollection", NULL, &qdrant__delete_collection__descriptor},
	{"grpc:qdrant.GetCollectionInfoRequest", NULL, &qdrant__get_collection_info_request__descriptor},
	{"grpc:qdrant.CollectionExistsRequest", NULL, &qdrant__collection_exists_request__descriptor}
};

static const ProtobufCMessageDescriptor *
find_message(const char *name, const struct json_schema **schema)
{
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
	{
		if (strcmp(schemas[i].name, name) == 0)
		{
			*schema = schemas[i].schema;
			return schemas[i].message;
		}
		if (strncmp(name, "grpc:", 5) == 0 &&
			strcmp(schemas[i].message->name, name + 5) == 0)
			return schemas[i].message;
	}
	return NULL;
}

static char *
read_bytes(size_t n)
{
	char	   *p = calloc(1, n + 64);

	if (p == NULL || fread(p, 1, n, stdin) != n)
		exit(2);
	return p;
}

/* What a statement would be given. */
static const char *
sql_json(const ProtobufCMessage *msg, arena *a)
{
	slice		json = {"", 0};

	if (msg->descriptor == &qdrant__count_points__descriptor &&
		((const Qdrant__CountPoints *) msg)->filter)
		json = filter_json(((const Qdrant__CountPoints *) msg)->filter,
						   &(field_indexes) {NULL, 0}, a);
	else if (msg->descriptor == &qdrant__create_collection__descriptor)
		json = create_collection_json((const Qdrant__CreateCollection *) msg, a);
	else if (msg->descriptor == &qdrant__update_collection__descriptor)
		json = update_collection_json((const Qdrant__UpdateCollection *) msg, a);
	return arena_strdup(a, json);
}

static void
judge(const char *name, int kind, slice query, slice body, arena *a,
	  gw_error *e)
{
	const struct json_schema *schema = NULL;
	const ProtobufCMessageDescriptor *d = find_message(name, &schema);
	ProtobufCMessage *msg;

	if (d == NULL)
	{
		gw_fail(e, a, ERR_INTERNAL, "no schema %s", name);
		return;
	}
	if (schema)
		msg = model_decode_json(schema, body, a, e);
	else
		msg = model_unpack(d, body, a, e);
	if (msg == NULL)
		return;
	if (schema ? !model_validate_rest(schema, msg, a, e) :
		!model_validate_grpc(msg, a, e))
		return;
	if (schema)
		model_decode_query_params(kind, query, msg, a, e);
	if (e->kind == ERR_NONE)
		e->text = sql_json(msg, a);
}

int
main(void)
{
	char		name[128];
	int			kind;
	size_t		query_n;
	size_t		body_n;

	while (scanf("%127s %d %zu %zu", name, &kind, &query_n, &body_n) == 4)
	{
		gw_error	e = {ERR_NONE, ""};
		arena	   *a = arena_create((size_t) 256 << 20);
		char	   *query;
		char	   *body;

		getchar();
		query = read_bytes(query_n);
		body = read_bytes(body_n);
		judge(name, kind, (slice) {query, query_n}, (slice) {body, body_n}, a, &e);
		printf("%d %zu %s\n", e.kind, strlen(e.text), e.text);
		arena_destroy(a);
		free(query);
		free(body);
	}
	return 0;
}
