/*
 * supported.c
 *		What Qdrant knows and we do not support yet: members that are decoded,
 *		and then refused by name.  A later version removes rows.
 *
 * Options of collections are judged by qdrant.create_collection itself; what
 * Qdrant refuses with a text of its own when it is misused (order_by with an
 * offset, fusion without prefetches, inference), by the operation.
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
	{&qdrant__query_points__descriptor, "lookup_from", "lookup_from"},
	{&qdrant__query__descriptor, "recommend", "query.recommend"},
	{&qdrant__query__descriptor, "discover", "query.discover"},
	{&qdrant__query__descriptor, "context", "query.context"},
	{&qdrant__query__descriptor, "formula", "query.formula"},
	{&qdrant__query__descriptor, "nearest_with_mmr", "query.mmr"},
	{&qdrant__query__descriptor, "relevance_feedback", "query.relevance_feedback"},
	{&qdrant__search_params__descriptor, "idf", "params.idf"},
	{NULL, NULL, NULL}
};

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
		if (v_is_present(msg, f))
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
