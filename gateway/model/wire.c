/*
 * wire.c
 *		Reading protobuf's encoding, one field at a time, never past the end.
 *		The descriptions of errors are prost's, the library Qdrant decodes
 *		with.
 */
#include "model/wire.h"

static bool
failed(wire_reader *r, const char *error)
{
	r->error = error;
	return false;
}

bool
wire_varint(wire_reader *r, uint64_t *value)
{
	uint64_t	v = 0;

	if (r->p < r->end && *r->p < 0x80)
	{
		*value = *r->p++;
		return true;
	}
	for (int shift = 0; shift < 70; shift += 7)
	{
		uint8_t		byte;

		if (r->p == r->end)
			return failed(r, "invalid varint");
		byte = *r->p++;
		if (shift == 63 && byte > 1)
			return failed(r, "invalid varint");
		v |= (uint64_t) (byte & 0x7F) << shift;
		if (byte < 0x80)
		{
			*value = v;
			return true;
		}
	}
	return failed(r, "invalid varint");
}

static bool
fixed(wire_reader *r, size_t n, wire_field *field)
{
	if ((size_t) (r->end - r->p) < n)
		return failed(r, "buffer underflow");
	field->value = 0;
	memcpy(&field->value, r->p, n);
	r->p += n;
	return true;
}

bool
wire_next(wire_reader *r, wire_field *field)
{
	uint64_t	key;

	if (r->error != NULL || r->p == r->end || !wire_varint(r, &key))
		return false;
	if (key > UINT32_MAX)
		return failed(r, "invalid key value");
	field->id = (uint32_t) key >> 3;
	if (field->id == 0)
		return failed(r, "invalid tag value: 0");
	field->type = (wire_type) (key & 7);
	switch (field->type)
	{
		case WIRE_VARINT:
			return wire_varint(r, &field->value);
		case WIRE_FIXED64:
			return fixed(r, 8, field);
		case WIRE_FIXED32:
			return fixed(r, 4, field);
		case WIRE_BYTES:
			if (!wire_varint(r, &field->value))
				return false;
			if (field->value > (uint64_t) (r->end - r->p))
				return failed(r, "buffer underflow");
			field->bytes = r->p;
			r->p += field->value;
			return true;
		default:
			return failed(r, "groups are not supported");
	}
}
