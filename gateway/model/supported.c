/*
 * supported.c
 *		What Qdrant knows and we do not support yet: members that are decoded,
 *		and then refused by name.  A later version removes rows.
 *
 * Options of collections are judged by qdrant.create_collection itself.
 */
#include <string.h>

#include "model/qdrant.pb-c.h"
#include "model/validate.h"

typedef struct later
{
	const ProtobufCMessageDescriptor *message;
	const char *field;
	const char *name;			/* REST's, and what the error says */
} later;

static const later rows[] = {
	{&qdrant__upsert_points__descriptor, "update_filter", "update_filter"},
	{&qdrant__upsert_points__descriptor, "update_mode", "update_mode"},
	{&qdrant__scroll_points__descriptor, "order_by", "order_by"},
	{&qdrant__query_points__descriptor, "prefetch", "prefetch"},
	{&qdrant__query_points__descriptor, "lookup_from", "lookup_from"},
	{&qdrant__query__descriptor, "recommend", "query.recommend"},
	{&qdrant__query__descriptor, "discover", "query.discover"},
	{&qdrant__query__descriptor, "context", "query.context"},
	{&qdrant__query__descriptor, "order_by", "query.order_by"},
	{&qdrant__query__descriptor, "fusion", "query.fusion"},
	{&qdrant__query__descriptor, "sample", "query.sample"},
	{&qdrant__query__descriptor, "formula", "query.formula"},
	{&qdrant__query__descriptor, "nearest_with_mmr", "query.mmr"},
	{&qdrant__query__descriptor, "rrf", "query.rrf"},
	{&qdrant__query__descriptor, "relevance_feedback", "query.relevance_feedback"},
	{&qdrant__vector__descriptor, "document", "vector.document (inference)"},
	{&qdrant__vector__descriptor, "image", "vector.image (inference)"},
	{&qdrant__vector__descriptor, "object", "vector.object (inference)"},
	{&qdrant__vector_input__descriptor, "document", "query.document (inference)"},
	{&qdrant__vector_input__descriptor, "image", "query.image (inference)"},
	{&qdrant__vector_input__descriptor, "object", "query.object (inference)"},
	{&qdrant__search_params__descriptor, "idf", "params.idf"},
	{NULL, NULL, NULL}
};

/* update_mode: upsert is what we do anyway. */
static bool
is_default(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	return f->type == PROTOBUF_C_TYPE_ENUM &&
		!(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
		*(const int *) ((const char *) msg + f->offset) == 0;
}

static const char *
find_unsupported(const ProtobufCMessage *msg)
{
	for (const later *row = rows; row->message; row++)
	{
		const ProtobufCFieldDescriptor *f;

		if (row->message != msg->descriptor)
			continue;
		f = protobuf_c_message_descriptor_get_field_by_name(msg->descriptor,
															row->field);
		if (v_is_present(msg, f) && !is_default(msg, f))
			return row->name;
	}
	return NULL;
}

static const char *
walk(const ProtobufCMessage *msg)
{
	const char *found = find_unsupported(msg);

	for (unsigned i = 0; i < msg->descriptor->n_fields && !found; i++)
	{
		const ProtobufCFieldDescriptor *f = &msg->descriptor->fields[i];
		const char *at = (const char *) msg + f->offset;

		if (f->type != PROTOBUF_C_TYPE_MESSAGE || !v_is_present(msg, f))
			continue;
		if (f->label != PROTOBUF_C_LABEL_REPEATED)
		{
			found = walk(*(ProtobufCMessage *const *) at);
			continue;
		}
		for (size_t k = 0;
			 k < *(const size_t *) ((const char *) msg + f->quantifier_offset) && !found;
			 k++)
			found = walk((*(ProtobufCMessage *const **) at)[k]);
	}
	return found;
}

bool
check_supported(const ProtobufCMessage *msg, bool rest, arena *a, gw_error *e)
{
	const char *found = walk(msg);

	return found == NULL || gw_fail(e, a, ERR_UNSUPPORTED, "%s", found);
}
