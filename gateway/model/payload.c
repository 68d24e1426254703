/*
 * payload.c
 *		Payloads read for storing, and JSON text turned into wire bytes.  The
 *		other way is in payload_json.c.
 */
#include "model/payload.h"

#include <stdio.h>

#include "model/payload_text.h"
#include "model/wire.h"

/* Field numbers of json_with_int.proto and of map entries. */
enum
{
	ENTRY_KEY = 1, ENTRY_VALUE = 2, STRUCT_FIELDS = 1, LIST_VALUES = 1,
	VALUE_NULL = 1, VALUE_DOUBLE = 2, VALUE_INTEGER = 3, VALUE_STRING = 4,
	VALUE_BOOL = 5, VALUE_STRUCT = 6, VALUE_LIST = 7
};

/* ---------- for storing ---------- */

/* The copy of a text in which some numbers are written otherwise. */
typedef struct rewrite
{
	buf			out;
	const char *copied;			/* up to here; NULL: nothing was changed */
	const char *start;
} rewrite;

static bool
visit(jread *r, jr_type type, slice text, jnum number, void *arg)
{
	rewrite    *w = arg;
	char		printed[PAYLOAD_NUMBER_MAX];
	size_t		n;

	if (type == JR_STRING)
	{
		/* a backslash before the escape: it is no escape but its text */
		for (size_t i = 0; i + 5 < text.n; i++)
		{
			if (text.p[i] != '\\')
				continue;
			if (memcmp(text.p + i + 1, "u0000", 5) == 0)
				return jr_fail_bare(r, PAYLOAD_NUL_TEXT);
			i++;
		}
		return true;
	}
	if (number.kind != JNUM_F64)
		return true;			/* JSON has one text per integer */
	n = payload_print_double(number.d, printed);
	if (n == text.n && memcmp(printed, text.p, n) == 0)
		return true;
	if (w->copied == NULL)
	{
		buf_init(&w->out, r->a, (size_t) (text.p - w->start) + 512);
		w->copied = w->start;
	}
	buf_add(&w->out, w->copied, (size_t) (text.p - w->copied));
	buf_add(&w->out, printed, n);
	w->copied = text.p + text.n;
	return true;
}

bool
payload_read(jread *r, slice *json)
{
	rewrite		w = {0};

	if (jr_peek(r) == JR_ERROR)
		return false;
	w.start = r->p;
	if (!jr_walk(r, json, visit, &w))
		return false;
	if (w.copied != NULL)
	{
		buf_add(&w.out, w.copied, (size_t) (json->p + json->n - w.copied));
		*json = buf_slice(&w.out);
	}
	return true;
}

void
payload_set_json(ProtobufCBinaryData **entries, size_t *n, slice json,
				 arena *a)
{
	*entries = arena_alloc(a, sizeof(**entries));
	(*entries)->data = (uint8_t *) json.p;
	(*entries)->len = json.n;
	*n = 1;
}

/* ---------- JSON to wire ---------- */

static void
put_tag(buf *out, int id, wire_type type)
{
	buf_addc(out, (char) (id << 3 | (int) type));
}

static void
put_varint(buf *out, uint64_t v)
{
	uint8_t    *p = (uint8_t *) buf_reserve(out, WIRE_VARINT_MAX);

	out->n += (size_t) (wire_put_varint(p, v) - p);
}

static void
put_string(buf *out, int id, slice s)
{
	put_tag(out, id, WIRE_BYTES);
	put_varint(out, s.n);
	buf_add(out, s.p, s.n);
}

/*
 * A field of bytes whose length isn't known yet: one byte is kept free for it,
 * and what was written is moved when it takes more.
 */
static size_t
open_bytes(buf *out, int id)
{
	put_tag(out, id, WIRE_BYTES);
	buf_addc(out, 0);
	return out->n;
}

static void
close_bytes(buf *out, size_t start)
{
	size_t		n = out->n - start;
	size_t		extra = wire_varint_size(n) - 1;

	if (extra > 0)
	{
		buf_reserve(out, extra);
		memmove(out->p + start + extra, out->p + start, n);
		out->n += extra;
	}
	wire_put_varint((uint8_t *) out->p + start - 1, n);
}

static bool put_value(jread *r, buf *out);

static void
put_number(buf *out, jnum number)
{
	double		d = jnum_double(number);

	if (number.kind == JNUM_I64 ||
		(number.kind == JNUM_U64 && number.u <= INT64_MAX))
	{
		put_tag(out, VALUE_INTEGER, WIRE_VARINT);
		put_varint(out, number.u);
		return;
	}
	put_tag(out, VALUE_DOUBLE, WIRE_FIXED64);
	buf_add(out, &d, sizeof(d));
}

/* The entry whose key has been read, without tag and length. */
static bool
put_entry(jread *r, slice key, buf *out)
{
	size_t		value;
	bool		ok;

	put_string(out, ENTRY_KEY, key);
	value = open_bytes(out, ENTRY_VALUE);
	ok = put_value(r, out);
	close_bytes(out, value);
	return ok;
}

static bool
put_object(jread *r, buf *out)
{
	size_t		start = open_bytes(out, VALUE_STRUCT);
	slice		key;

	if (!jr_begin_object(r))
		return false;
	while (jr_next_member(r, &key))
	{
		size_t		entry = open_bytes(out, STRUCT_FIELDS);

		if (!put_entry(r, key, out))
			return false;
		close_bytes(out, entry);
	}
	close_bytes(out, start);
	return r->error == NULL;
}

static bool
put_array(jread *r, buf *out)
{
	size_t		start = open_bytes(out, VALUE_LIST);

	if (!jr_begin_array(r))
		return false;
	while (jr_next_element(r))
	{
		size_t		element = open_bytes(out, LIST_VALUES);

		if (!put_value(r, out))
			return false;
		close_bytes(out, element);
	}
	close_bytes(out, start);
	return r->error == NULL;
}

/* The fields of one Value; the reader's depth limit bounds the recursion. */
static bool
put_value(jread *r, buf *out)
{
	jnum		number;
	slice		text;
	bool		flag;

	switch (jr_peek(r))
	{
		case JR_NULL:
			put_tag(out, VALUE_NULL, WIRE_VARINT);
			buf_addc(out, 0);
			return jr_null(r);
		case JR_BOOL:
			if (!jr_bool(r, &flag))
				return false;
			put_tag(out, VALUE_BOOL, WIRE_VARINT);
			buf_addc(out, flag);
			return true;
		case JR_NUMBER:
			if (!jr_number(r, &number))
				return false;
			put_number(out, number);
			return true;
		case JR_STRING:
			if (!jr_string(r, &text))
				return false;
			put_string(out, VALUE_STRING, text);
			return true;
		case JR_ARRAY:
			return put_array(r, out);
		case JR_OBJECT:
			return put_object(r, out);
		case JR_ERROR:
			break;
	}
	return false;
}

/* A reader of text that may stand anywhere: the padding is made here. */
static void
open_copy(jread *r, slice json, arena *a)
{
	char	   *copy = arena_alloc(a, json.n + JREAD_PADDING);

	memcpy(copy, json.p, json.n);
	memset(copy + json.n, 0, JREAD_PADDING);
	jr_init(r, (slice) {copy, json.n}, a);
}

bool
payload_from_json(slice json, arena *a, ProtobufCBinaryData **entries,
				  size_t *n, gw_error *e)
{
	jread		r;
	buf			out;
	slice		key;
	size_t		room = 16;

	open_copy(&r, json, a);
	buf_init(&out, a, json.n + 64);
	*entries = arena_array(a, room, sizeof(**entries));
	*n = 0;
	if (jr_peek(&r) != JR_OBJECT)
	{
		jr_fail_bare(&r, "a payload must be an object");
		return jr_report(&r, e);
	}
	jr_begin_object(&r);
	while (jr_next_member(&r, &key))
	{
		size_t		start = out.n;

		if (!put_entry(&r, key, &out))
			break;
		if (*n == room)
		{
			ProtobufCBinaryData *more = arena_array(a, room * 2, sizeof(*more));

			memcpy(more, *entries, room * sizeof(*more));
			*entries = more;
			room *= 2;
		}
		/* the buffer moves as it grows: offsets until all is written */
		(*entries)[(*n)++] = (ProtobufCBinaryData) {out.n - start, NULL};
	}
	if (r.error != NULL || !jr_end(&r))
		return jr_report(&r, e);
	for (size_t i = 0, start = 0; i < *n; start += (*entries)[i++].len)
		(*entries)[i].data = (uint8_t *) out.p + start;
	return true;
}
