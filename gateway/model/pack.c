/*
 * pack.c
 *		Packs messages, back to front: a length is known when what it counts
 *		has been written, so one pass is enough.
 *
 * Gives the bytes that protobuf-c gives (fields by number, packed numbers,
 * nothing for proto3 defaults), and turns payloads that are JSON into entries.
 */
#include "model/model.h"
#include "model/payload.h"
#include "model/wire.h"

/* The message is the last n bytes of the buffer. */
typedef struct packer
{
	arena	   *a;
	uint8_t    *buffer;
	size_t		capacity;
	size_t		n;
	bool		failed;
} packer;

static void pack_message(packer *k, const ProtobufCMessage *m);

/* Room for n more bytes in front; returns where they go. */
static uint8_t *
take(packer *k, size_t n)
{
	if (n > k->capacity - k->n)
	{
		size_t		capacity = k->capacity * 2;
		uint8_t    *buffer;

		while (capacity - k->n < n)
			capacity *= 2;
		buffer = arena_alloc(k->a, capacity);
		memcpy(buffer + capacity - k->n, k->buffer + k->capacity - k->n, k->n);
		k->buffer = buffer;
		k->capacity = capacity;
	}
	k->n += n;
	return k->buffer + k->capacity - k->n;
}

static void
put_varint(packer *k, uint64_t value)
{
	wire_put_varint(take(k, wire_varint_size(value)), value);
}

static void
put_tag(packer *k, uint32_t id, wire_type type)
{
	put_varint(k, (uint64_t) id << 3 | type);
}

static void
put_fixed(packer *k, const void *value, size_t n)
{
	memcpy(take(k, n), value, n);
}

/* The value without its tag; returns the tag's type. */
static wire_type
put_number(packer *k, ProtobufCType type, const void *value)
{
	switch (type)
	{
		case PROTOBUF_C_TYPE_DOUBLE:
		case PROTOBUF_C_TYPE_FIXED64:
		case PROTOBUF_C_TYPE_SFIXED64:
			put_fixed(k, value, 8);
			return WIRE_FIXED64;
		case PROTOBUF_C_TYPE_FLOAT:
		case PROTOBUF_C_TYPE_FIXED32:
		case PROTOBUF_C_TYPE_SFIXED32:
			put_fixed(k, value, 4);
			return WIRE_FIXED32;
		case PROTOBUF_C_TYPE_INT64:
		case PROTOBUF_C_TYPE_UINT64:
			put_varint(k, *(const uint64_t *) value);
			break;
		case PROTOBUF_C_TYPE_SINT64:
			put_varint(k, *(const uint64_t *) value << 1 ^
					   (uint64_t) (*(const int64_t *) value >> 63));
			break;
		case PROTOBUF_C_TYPE_SINT32:
			put_varint(k, (uint32_t) (*(const uint32_t *) value << 1) ^
					   (uint32_t) (*(const int32_t *) value >> 31));
			break;
		case PROTOBUF_C_TYPE_UINT32:
			put_varint(k, *(const uint32_t *) value);
			break;
		case PROTOBUF_C_TYPE_BOOL:
			put_varint(k, *(const protobuf_c_boolean *) value != 0);
			break;
		default:				/* int32, enum: the sign goes through 64 bits */
			put_varint(k, (uint64_t) (int64_t) *(const int32_t *) value);
			break;
	}
	return WIRE_VARINT;
}

static size_t
number_size(ProtobufCType type)
{
	switch (type)
	{
		case PROTOBUF_C_TYPE_DOUBLE:
		case PROTOBUF_C_TYPE_FIXED64:
		case PROTOBUF_C_TYPE_SFIXED64:
		case PROTOBUF_C_TYPE_INT64:
		case PROTOBUF_C_TYPE_UINT64:
		case PROTOBUF_C_TYPE_SINT64:
			return 8;
		default:
			return 4;
	}
}

static void
put_bytes(packer *k, uint32_t id, const void *bytes, size_t n)
{
	if (n > 0)
		memcpy(take(k, n), bytes, n);
	put_varint(k, n);
	put_tag(k, id, WIRE_BYTES);
}

static void
put_message(packer *k, uint32_t id, const ProtobufCMessage *m)
{
	size_t		before = k->n;

	pack_message(k, m);
	put_varint(k, k->n - before);
	put_tag(k, id, WIRE_BYTES);
}

static void
put_packed(packer *k, const ProtobufCFieldDescriptor *f, const char *array,
		   size_t n)
{
	size_t		size = number_size(f->type),
				before = k->n;

	if (f->type == PROTOBUF_C_TYPE_FLOAT || f->type == PROTOBUF_C_TYPE_DOUBLE)
		memcpy(take(k, n * size), array, n * size);
	else
		while (n-- > 0)
			put_number(k, f->type, array + n * size);
	put_varint(k, k->n - before);
	put_tag(k, f->id, WIRE_BYTES);
}

/* A payload: entries, or one slice of JSON. */
static void
put_entries(packer *k, const ProtobufCFieldDescriptor *f,
			ProtobufCBinaryData *entries, size_t n)
{
	gw_error	e;

	if (payload_is_json(entries, n))
	{
		slice		json = {(const char *) entries[0].data, entries[0].len};

		if (!payload_from_json(json, k->a, &entries, &n, &e))
		{
			k->failed = true;
			return;
		}
	}
	while (n-- > 0)
		put_bytes(k, f->id, entries[n].data, entries[n].len);
}

static void
put_repeated(packer *k, const ProtobufCMessage *m,
			 const ProtobufCFieldDescriptor *f)
{
	size_t		n = *(const size_t *) ((const char *) m + f->quantifier_offset);
	void	   *array = *(void *const *) ((const char *) m + f->offset);

	if (n == 0)
		return;
	switch (f->type)
	{
		case PROTOBUF_C_TYPE_BYTES:
			put_entries(k, f, array, n);
			break;
		case PROTOBUF_C_TYPE_STRING:
			while (n-- > 0)
				put_bytes(k, f->id, ((char **) array)[n],
						  strlen(((char **) array)[n]));
			break;
		case PROTOBUF_C_TYPE_MESSAGE:
			while (n-- > 0)
				put_message(k, f->id, ((ProtobufCMessage **) array)[n]);
			break;
		default:
			put_packed(k, f, array, n);
			break;
	}
}

/* Is the number 0, bit for bit (as proto3 decides what to leave out)? */
static bool
is_default(const ProtobufCFieldDescriptor *f, const void *value)
{
	uint64_t	v = 0;

	memcpy(&v, value, number_size(f->type));
	return v == 0;
}

static bool
is_present(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const void *quantifier = (const char *) m + f->quantifier_offset;
	const void *value = (const char *) m + f->offset;
	bool		explicit = f->label == PROTOBUF_C_LABEL_OPTIONAL;

	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
	{
		if (*(const uint32_t *) quantifier != f->id)
			return false;
		explicit = true;
	}
	switch (f->type)
	{
		case PROTOBUF_C_TYPE_STRING:
			return *(char *const *) value != NULL &&
				(explicit || **(char *const *) value != '\0');
		case PROTOBUF_C_TYPE_MESSAGE:
			return *(void *const *) value != NULL;
		case PROTOBUF_C_TYPE_BYTES:
			return explicit || ((const ProtobufCBinaryData *) value)->len > 0;
		default:
			if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
				return true;
			return explicit ? *(const protobuf_c_boolean *) quantifier != 0
				: !is_default(f, value);
	}
}

static void
put_field(packer *k, const ProtobufCMessage *m,
		  const ProtobufCFieldDescriptor *f)
{
	const void *value = (const char *) m + f->offset;

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
	{
		put_repeated(k, m, f);
		return;
	}
	if (!is_present(m, f))
		return;
	switch (f->type)
	{
		case PROTOBUF_C_TYPE_STRING:
			put_bytes(k, f->id, *(char *const *) value,
					  strlen(*(char *const *) value));
			break;
		case PROTOBUF_C_TYPE_MESSAGE:
			put_message(k, f->id, *(ProtobufCMessage *const *) value);
			break;
		case PROTOBUF_C_TYPE_BYTES:
			put_bytes(k, f->id, ((const ProtobufCBinaryData *) value)->data,
					  ((const ProtobufCBinaryData *) value)->len);
			break;
		default:
			put_tag(k, f->id, put_number(k, f->type, value));
			break;
	}
}

static void
pack_message(packer *k, const ProtobufCMessage *m)
{
	for (unsigned i = m->descriptor->n_fields; i-- > 0;)
		put_field(k, m, &m->descriptor->fields[i]);
}

slice
model_pack(const ProtobufCMessage *m, arena *a)
{
	packer		k = {.a = a,.capacity = 512};

	k.buffer = arena_alloc(a, k.capacity);
	pack_message(&k, m);
	if (k.failed)
		return (slice) {NULL, 0};
	return (slice) {(char *) k.buffer + k.capacity - k.n, k.n};
}
