/*
 * pbx.c
 *		Fuzz target: what we unpack, protobuf-c unpacks too, and both pack it
 *		to the same bytes.  The first byte chooses the message.
 *
 * A known difference: of a oneof's message that stands twice protobuf-c keeps
 * the second, while we merge them as the specification says (and prost does).
 */
#include <stdlib.h>

#include "model/model.h"
#include "model/wire.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const ProtobufCMessageDescriptor *const messages[] = {
	&qdrant__upsert_points__descriptor, &qdrant__query_points__descriptor,
	&qdrant__value__descriptor, &qdrant__create_collection__descriptor,
	&qdrant__search_points__descriptor, &qdrant__update_batch_points__descriptor,
	&qdrant__query_response__descriptor, &qdrant__filter__descriptor,
};

/* We drop unknown fields, so they must not count. */
static void
drop_unknown(ProtobufCMessage *m)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;

	for (unsigned i = 0; i < m->n_unknown_fields; i++)
		free(m->unknown_fields[i].data);
	free(m->unknown_fields);
	m->unknown_fields = NULL;
	m->n_unknown_fields = 0;
	for (unsigned i = 0; i < d->n_fields; i++)
	{
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		char	   *quantifier = (char *) m + f->quantifier_offset;
		void	   *value;

		if (f->type != PROTOBUF_C_TYPE_MESSAGE ||
			((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
			 *(uint32_t *) quantifier != f->id))
			continue;
		value = *(void **) ((char *) m + f->offset);
		if (f->label != PROTOBUF_C_LABEL_REPEATED)
		{
			if (value != NULL)
				drop_unknown(value);
			continue;
		}
		for (size_t k = 0; k < *(size_t *) quantifier; k++)
			drop_unknown(((ProtobufCMessage **) value)[k]);
	}
}

/* Does a message stand twice somewhere that may be, or lie in, a oneof's? */
static bool
has_merge(const ProtobufCMessageDescriptor *d, const uint8_t *p,
				size_t n)
{
	wire_reader r = {p, p + n, NULL};
	wire_field	w;
	bool		seen[64] = {false};

	while (wire_next(&r, &w))
		for (unsigned i = 0; i < d->n_fields; i++)
		{
			const ProtobufCFieldDescriptor *f = &d->fields[i];

			if (f->id != w.id || f->type != PROTOBUF_C_TYPE_MESSAGE ||
				w.type != WIRE_BYTES)
				continue;
			if (f->label != PROTOBUF_C_LABEL_REPEATED && seen[i])
				return true;
			seen[i] = true;
			if (has_merge(f->descriptor, w.bytes, w.value))
				return true;
		}
	return false;
}

static void
assert_same_bytes(const ProtobufCMessage *m, slice ours)
{
	size_t		n = protobuf_c_message_get_packed_size(m);
	uint8_t    *theirs = malloc(n + 1);

	protobuf_c_message_pack(m, theirs);
	if (n != ours.n || memcmp(theirs, ours.p, n) != 0)
		abort();
	free(theirs);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const ProtobufCMessageDescriptor *d;
	arena	   *a;
	uint8_t    *exact;
	ProtobufCMessage *ours,
			   *theirs;
	gw_error	e = {0};
	slice		packed;

	if (n == 0)
		return 0;
	d = messages[data[0] % (sizeof(messages) / sizeof(messages[0]))];
	exact = malloc(n);
	memcpy(exact, data + 1, n - 1);
	a = arena_create((size_t) 64 << 20);
	ours = model_unpack(d, (slice) {(char *) exact, n - 1}, a, &e);
	if (ours == NULL && (e.kind == ERR_NONE || e.text == NULL))
		abort();
	packed = ours != NULL ? model_pack(ours, a) : (slice) {0};
	if (packed.p != NULL)
	{
		/* it refuses some spellings of lengths and tags that we take */
		theirs = protobuf_c_message_unpack(d, NULL, n - 1, exact);
		if (theirs != NULL && !has_merge(d, exact, n - 1))
		{
			drop_unknown(theirs);
			assert_same_bytes(theirs, packed);
		}
		if (theirs != NULL)
			protobuf_c_message_free_unpacked(theirs, NULL);
		theirs = protobuf_c_message_unpack(d, NULL, packed.n,
										   (const uint8_t *) packed.p);
		if (theirs == NULL)
			abort();
		assert_same_bytes(theirs, packed);
		protobuf_c_message_free_unpacked(theirs, NULL);
	}
	arena_destroy(a);
	free(exact);
	return 0;
}
