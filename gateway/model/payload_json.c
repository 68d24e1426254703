/*
 * payload_json.c
 *		Payloads as JSON text: numbers for jsonb, and wire bytes turned into
 *		text without a tree between.
 */
#include <math.h>

#include "core/utf8.h"
#include "json/jwrite.h"
#include "model/payload.h"
#include "model/payload_text.h"
#include "model/wire.h"

typedef struct writer
{
	buf			out;
	gw_error   *e;
	int			depth;
} writer;

static bool write_value(writer *w, slice wire);

size_t
payload_print_double(double d, char *text)
{
	size_t		n = jnum_print_f64(d, text);
	char	   *e = memchr(text, 'e', n);
	char	   *digit = text + (text[0] == '-');
	size_t		n_digits = 1,
				exponent = 0;

	if (e == NULL || e[1] == '-')
		return n;
	for (char *p = e + 2; p < text + n; p++)
		exponent = exponent * 10 + (size_t) (*p - '0');
	/* d.ddd has at most 17 digits and is at least 1e16, so all of them count */
	if (e > digit + 1)
	{
		n_digits = (size_t) (e - digit) - 1;
		memmove(digit + 1, digit + 2, n_digits - 1);
	}
	memset(digit + n_digits, '0', exponent + 1 - n_digits);
	memcpy(digit + exponent + 1, ".0", 2);
	return (size_t) (digit - text) + exponent + 3;
}

static bool
bad_wire(writer *w, const char *description)
{
	return gw_fail(w->e, w->out.a, ERR_PROTOBUF, "%s", description);
}

static bool
enter(writer *w)
{
	if (w->depth == JREAD_MAX_DEPTH)
		return gw_fail(w->e, w->out.a, ERR_GRPC_ARGUMENT,
					   "the payload is nested more than %d levels deep",
					   JREAD_MAX_DEPTH);
	w->depth++;
	return true;
}

static bool
write_string(writer *w, slice text)
{
	if (!utf8_valid(text.p, text.n))
		return bad_wire(w, "invalid string value: data is not UTF-8 encoded");
	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)
		return gw_fail(w->e, w->out.a, ERR_GRPC_ARGUMENT, PAYLOAD_NUL_TEXT);
	jw_string(&w->out, text);
	return true;
}

static bool
write_double(writer *w, double d)
{
	if (!isfinite(d))
		return gw_fail(w->e, w->out.a, ERR_GRPC_ARGUMENT,
					   "cannot convert to json number");
	w->out.n += payload_print_double(d, buf_reserve(&w->out,
													PAYLOAD_NUMBER_MAX));
	return true;
}

static inline slice
bytes_of(const wire_field *f)
{
	return (slice) {(const char *) f->bytes, f->value};
}

static inline wire_reader
open_wire(slice wire)
{
	return (wire_reader) {(const uint8_t *) wire.p,
		(const uint8_t *) wire.p + wire.n, NULL};
}

/* The last of each counts; a missing key is "", a missing value null. */
static bool
write_entry(writer *w, slice wire, bool *first)
{
	wire_reader r = open_wire(wire);
	wire_field	f;
	slice		key = {"", 0},
				value = {"", 0};

	while (wire_next(&r, &f))
	{
		if (f.id > 2)
			continue;
		if (f.type != WIRE_BYTES)
			return bad_wire(w, "invalid wire type in a map entry");
		if (f.id == 1)
			key = bytes_of(&f);
		else
			value = bytes_of(&f);
	}
	if (r.error != NULL)
		return bad_wire(w, r.error);
	jw_item(&w->out, first);
	if (!write_string(w, key))
		return false;
	buf_addc(&w->out, ':');
	return write_value(w, value);
}

/* A Struct is repeated entries, a ListValue repeated values: both field 1. */
static bool
write_container(writer *w, slice wire, bool is_struct)
{
	wire_reader r = open_wire(wire);
	wire_field	f;
	bool		first = true;

	if (!enter(w))
		return false;
	buf_addc(&w->out, is_struct ? '{' : '[');
	while (wire_next(&r, &f))
	{
		if (f.id != 1)
			continue;
		if (f.type != WIRE_BYTES)
			return bad_wire(w, "invalid wire type in a payload");
		if (is_struct)
		{
			if (!write_entry(w, bytes_of(&f), &first))
				return false;
			continue;
		}
		jw_item(&w->out, &first);
		if (!write_value(w, bytes_of(&f)))
			return false;
	}
	if (r.error != NULL)
		return bad_wire(w, r.error);
	buf_addc(&w->out, is_struct ? '}' : ']');
	w->depth--;
	return true;
}

/* Wire type of each member of Value's oneof. */
static const wire_type member_type[] = {
	[1] = WIRE_VARINT,[2] = WIRE_FIXED64,[3] = WIRE_VARINT,[4] = WIRE_BYTES,
	[5] = WIRE_VARINT,[6] = WIRE_BYTES,[7] = WIRE_BYTES
};

static bool
write_member(writer *w, const wire_field *f)
{
	double		d;

	switch (f->id)
	{
		case 2:
			memcpy(&d, &f->value, sizeof(d));
			return write_double(w, d);
		case 3:
			jw_i64(&w->out, (int64_t) f->value);
			return true;
		case 4:
			return write_string(w, bytes_of(f));
		case 5:
			jw_bool(&w->out, f->value != 0);
			return true;
		case 6:
		case 7:
			return write_container(w, bytes_of(f), f->id == 6);
		default:
			jw_null(&w->out);
			return true;
	}
}

/* A Value: the last member of its oneof; null when it has none. */
static bool
write_value(writer *w, slice wire)
{
	wire_reader r = open_wire(wire);
	wire_field	f,
				last = {.id = 1};

	while (wire_next(&r, &f))
	{
		if (f.id > 7)
			continue;
		if (f.type != member_type[f.id])
			return bad_wire(w, "invalid wire type in a payload");
		last = f;
	}
	if (r.error != NULL)
		return bad_wire(w, r.error);
	if (arena_exceeded(w->out.a))
		return gw_fail(w->e, w->out.a, ERR_TOO_LARGE,
					   "the payload takes more memory than a request may use");
	return write_member(w, &last);
}

bool
payload_to_json(const ProtobufCBinaryData *entries, size_t n, arena *a,
				slice *json, gw_error *e)
{
	writer		w = {.e = e,.depth = 1};
	size_t		total = 2;
	bool		first = true;

	if (payload_is_json(entries, n))
	{
		*json = (slice) {(const char *) entries[0].data, entries[0].len};
		return true;
	}
	for (size_t i = 0; i < n; i++)
		total += entries[i].len + 8;
	buf_init(&w.out, a, total);
	buf_addc(&w.out, '{');
	for (size_t i = 0; i < n; i++)
		if (!write_entry(&w, (slice) {(const char *) entries[i].data,
						 entries[i].len}, &first))
			return false;
	buf_addc(&w.out, '}');
	*json = buf_slice(&w.out);
	return true;
}
