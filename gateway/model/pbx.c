/*
 * pbx.c
 *		Unpacks protobuf messages into the arena, over protobuf-c's
 *		descriptors.  protobuf-c's own unpacker recurses without limit, allows
 *		any bytes in strings and allocates every field by itself.
 *
 * Each message is passed twice: the first time repeated fields are counted, so
 * that arrays have their final size at once.  What a hostile message can make
 * us allocate (an empty sub-message costs 2 bytes there and 56 here) is bounded
 * by the arena's budget, looked at before anything is written.
 */
#include <stdio.h>

#include "core/utf8.h"
#include "model/model.h"
#include "model/wire.h"

#define MAX_DEPTH	100
#define MAX_FIELDS	64

typedef struct unpacker
{
	arena	   *a;
	gw_error   *e;
} unpacker;

static bool merge_message(unpacker *u, ProtobufCMessage *m,
						  const uint8_t *p, size_t n, int depth);

void *
model_new(const ProtobufCMessageDescriptor *d, arena *a)
{
	ProtobufCMessage *m = arena_alloc(a, d->sizeof_message);

	d->message_init(m);
	return m;
}

/* prost's sentence; the path of fields is put in front on the way out. */
static bool
failed(unpacker *u, const char *description)
{
	return gw_fail(u->e, u->a, ERR_PROTOBUF, "%s", description);
}

/* "Message.field: " before what is said already: innermost first, as prost. */
static bool
failed_in(unpacker *u, const ProtobufCMessage *m,
		  const ProtobufCFieldDescriptor *f)
{
	const char *text = u->e->text;
	int			path = 0;

	if (u->e->kind != ERR_PROTOBUF)
		return false;
	/* the names found so far end before the description */
	for (int i = 0; text[i] != '\0'; i++)
		if (text[i] == '\1')
			path = i + 1;
	u->e->text = arena_printf(u->a, "%.*s%s.%s: \1%s", path > 0 ? path - 1 : 0,
							  text, m->descriptor->short_name, f->name,
							  text + path);
	return false;
}

/* Takes the mark out again that failed_in works with. */
static void
finish_error(gw_error *e)
{
	char	   *text = (char *) e->text,
			   *mark = strchr(text, '\1');

	if (mark != NULL)
		memmove(mark, mark + 1, strlen(mark));
}

static bool
over_budget(unpacker *u)
{
	if (!arena_exceeded(u->a))
		return false;
	gw_fail(u->e, u->a, ERR_TOO_LARGE,
			"the message takes more memory than a request may use");
	return true;
}

static const ProtobufCFieldDescriptor *
find_field(const ProtobufCMessageDescriptor *d, uint32_t id)
{
	unsigned	low = 0,
				high = d->n_fields;

	while (low < high)
	{
		unsigned	middle = (low + high) / 2;

		if (d->fields[middle].id == id)
			return &d->fields[middle];
		if (d->fields[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static wire_type
expected_type(const ProtobufCFieldDescriptor *f)
{
	switch (f->type)
	{
		case PROTOBUF_C_TYPE_DOUBLE:
		case PROTOBUF_C_TYPE_FIXED64:
		case PROTOBUF_C_TYPE_SFIXED64:
			return WIRE_FIXED64;
		case PROTOBUF_C_TYPE_FLOAT:
		case PROTOBUF_C_TYPE_FIXED32:
		case PROTOBUF_C_TYPE_SFIXED32:
			return WIRE_FIXED32;
		case PROTOBUF_C_TYPE_STRING:
		case PROTOBUF_C_TYPE_BYTES:
		case PROTOBUF_C_TYPE_MESSAGE:
			return WIRE_BYTES;
		default:
			return WIRE_VARINT;
	}
}

static size_t
element_size(const ProtobufCFieldDescriptor *f)
{
	switch (f->type)
	{
		case PROTOBUF_C_TYPE_DOUBLE:
		case PROTOBUF_C_TYPE_FIXED64:
		case PROTOBUF_C_TYPE_SFIXED64:
		case PROTOBUF_C_TYPE_INT64:
		case PROTOBUF_C_TYPE_UINT64:
		case PROTOBUF_C_TYPE_SINT64:
			return 8;
		case PROTOBUF_C_TYPE_STRING:
		case PROTOBUF_C_TYPE_MESSAGE:
			return sizeof(void *);
		case PROTOBUF_C_TYPE_BYTES:
			return sizeof(ProtobufCBinaryData);
		default:
			return 4;
	}
}

static const char *
type_name(wire_type type)
{
	return type == WIRE_VARINT ? "Varint" : type == WIRE_FIXED64 ? "SixtyFourBit"
		: type == WIRE_BYTES ? "LengthDelimited" : "ThirtyTwoBit";
}

static bool
check_type(unpacker *u, const ProtobufCFieldDescriptor *f, wire_type type)
{
	wire_type	expected = expected_type(f);

	if (type == expected ||
		(type == WIRE_BYTES && f->label == PROTOBUF_C_LABEL_REPEATED))
		return true;
	return failed(u, arena_printf(u->a,
								  "invalid wire type: %s (expected %s)",
								  type_name(type), type_name(expected)));
}

/* A number of the message, from the 64 bits of the wire. */
static void
store_number(const ProtobufCFieldDescriptor *f, uint64_t value, void *place)
{
	uint32_t	low = (uint32_t) value;

	switch (f->type)
	{
		case PROTOBUF_C_TYPE_BOOL:
			*(protobuf_c_boolean *) place = value != 0;
			return;
		case PROTOBUF_C_TYPE_SINT32:
			low = low >> 1 ^ -(low & 1);
			break;
		case PROTOBUF_C_TYPE_SINT64:
			value = value >> 1 ^ -(value & 1);
			break;
		default:
			break;
	}
	if (element_size(f) == 8)
		memcpy(place, &value, 8);
	else
		memcpy(place, &low, 4);
}

static bool
store_string(unpacker *u, const wire_field *w, char **place)
{
	size_t		n = w->value;
	char	   *text;

	if (!utf8_valid((const char *) w->bytes, n))
		return failed(u, "invalid string value: data is not UTF-8 encoded");
	if (n == 0)
	{
		*place = (char *) protobuf_c_empty_string;
		return true;
	}
	if (memchr(w->bytes, '\0', n) != NULL)
		return gw_fail(u->e, u->a, ERR_GRPC_ARGUMENT,
					   "a string contains the character U+0000, which "
					   "PostgreSQL can't store");
	text = arena_alloc(u->a, n + 1);
	memcpy(text, w->bytes, n);
	text[n] = '\0';
	*place = text;
	return !over_budget(u);
}

/* *place is NULL or a message of the same field that this one adds to. */
static bool
store_message(unpacker *u, const ProtobufCFieldDescriptor *f,
			  const wire_field *w, ProtobufCMessage **place, int depth)
{
	if (depth == MAX_DEPTH)
		return failed(u, "recursion limit reached");
	if (*place == NULL)
	{
		*place = model_new(f->descriptor, u->a);
		if (over_budget(u))
			return false;
	}
	return merge_message(u, *place, w->bytes, w->value, depth + 1);
}

/* One value of the field into its place. */
static bool
store(unpacker *u, const ProtobufCFieldDescriptor *f, const wire_field *w,
	  void *place, int depth)
{
	switch (f->type)
	{
		case PROTOBUF_C_TYPE_STRING:
			return store_string(u, w, place);
		case PROTOBUF_C_TYPE_BYTES:
			*(ProtobufCBinaryData *) place = (ProtobufCBinaryData)
			{
				w->value, (uint8_t *) w->bytes
			};
			return true;
		case PROTOBUF_C_TYPE_MESSAGE:
			return store_message(u, f, w, place, depth);
		default:
			store_number(f, w->value, place);
			return true;
	}
}

static inline size_t *
count_of(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return (size_t *) ((char *) m + f->quantifier_offset);
}

static inline void *
place_of(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return (char *) m + f->offset;
}

/* Numbers of a repeated field in one run. */
static bool
store_packed(unpacker *u, const ProtobufCFieldDescriptor *f,
			 const wire_field *w, char *place, size_t *count)
{
	wire_type	type = expected_type(f);
	size_t		size = element_size(f);

	if (type != WIRE_VARINT)
	{
		if (w->value % size != 0)
			return failed(u, "buffer underflow");
		memcpy(place, w->bytes, w->value);
		*count += w->value / size;
		return true;
	}
	for (wire_reader r = {w->bytes, w->bytes + w->value, NULL}; r.p < r.end;)
	{
		uint64_t	value;

		if (!wire_varint(&r, &value))
			return failed(u, r.error);
		store_number(f, value, place);
		place += size;
		++*count;
	}
	return true;
}

static bool
store_repeated(unpacker *u, ProtobufCMessage *m,
			   const ProtobufCFieldDescriptor *f, const wire_field *w,
			   int depth)
{
	size_t	   *count = count_of(m, f);
	char	   *array = *(char **) place_of(m, f);
	char	   *place;

	/* no array was made for a run without a whole element */
	if (array == NULL)
		return w->value == 0 ||
			failed(u, expected_type(f) == WIRE_VARINT ? "invalid varint"
				   : "buffer underflow");
	place = array + *count * element_size(f);
	if (w->type == WIRE_BYTES && expected_type(f) != WIRE_BYTES)
		return store_packed(u, f, w, place, count);
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		*(void **) place = NULL;
	++*count;
	return store(u, f, w, place, depth);
}

static bool
store_field(unpacker *u, ProtobufCMessage *m,
			const ProtobufCFieldDescriptor *f, const wire_field *w, int depth)
{
	void	   *place = place_of(m, f);

	if (!check_type(u, f, w->type))
		return false;
	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return store_repeated(u, m, f, w, depth);
	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
	{
		uint32_t   *which = (uint32_t *) ((char *) m + f->quantifier_offset);

		/* another member was there: nothing of it may be merged into */
		if (*which != f->id && f->type == PROTOBUF_C_TYPE_MESSAGE)
			*(void **) place = NULL;
		*which = f->id;
	}
	else if (f->label == PROTOBUF_C_LABEL_OPTIONAL && f->quantifier_offset != 0)
		*(protobuf_c_boolean *) ((char *) m + f->quantifier_offset) = 1;
	return store(u, f, w, place, depth);
}

/* How many elements the field adds. */
static size_t
elements_in(const ProtobufCFieldDescriptor *f, const wire_field *w)
{
	wire_type	type = expected_type(f);
	size_t		n = 0;

	if (w->type != WIRE_BYTES || type == WIRE_BYTES)
		return 1;
	if (type != WIRE_VARINT)
		return w->value / element_size(f);
	for (size_t i = 0; i < w->value; i++)
		n += w->bytes[i] < 0x80;
	return n;
}

/* Arrays of their final size; what the message holds already is kept. */
static bool
make_room(unpacker *u, ProtobufCMessage *m, const size_t *added)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;

	for (unsigned i = 0; i < d->n_fields; i++)
	{
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		size_t		n,
					size = element_size(f);
		void	  **array = place_of(m, f);
		void	   *more;

		if (f->label != PROTOBUF_C_LABEL_REPEATED || added[i] == 0)
			continue;
		n = *count_of(m, f);
		more = arena_array(u->a, n + added[i], size);
		if (over_budget(u))
			return false;
		if (n > 0)
			memcpy(more, *array, n * size);
		*array = more;
	}
	return true;
}

static bool
merge_message(unpacker *u, ProtobufCMessage *m, const uint8_t *p, size_t n,
			  int depth)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	size_t		added[MAX_FIELDS];
	wire_field	w;
	wire_reader r = {p, p + n, NULL};

	if (d->n_fields > MAX_FIELDS)
		return failed(u, "the message type has too many fields");
	memset(added, 0, d->n_fields * sizeof(added[0]));
	while (wire_next(&r, &w))
	{
		const ProtobufCFieldDescriptor *f = find_field(d, w.id);

		if (f != NULL && f->label == PROTOBUF_C_LABEL_REPEATED)
			added[f - d->fields] += elements_in(f, &w);
	}
	if (r.error != NULL)
		return failed(u, r.error);
	if (!make_room(u, m, added))
		return false;

	for (r.p = p; wire_next(&r, &w);)
	{
		const ProtobufCFieldDescriptor *f = find_field(d, w.id);

		if (f != NULL && !store_field(u, m, f, &w, depth))
			return failed_in(u, m, f);
	}
	return true;
}

void *
model_unpack(const ProtobufCMessageDescriptor *d, slice wire, arena *a,
			 gw_error *e)
{
	unpacker	u = {a, e};
	ProtobufCMessage *m = model_new(d, a);

	if (merge_message(&u, m, (const uint8_t *) wire.p, wire.n, 0))
		return m;
	if (e->kind == ERR_PROTOBUF)
		finish_error(e);
	return NULL;
}
