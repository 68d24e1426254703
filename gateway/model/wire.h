/*
 * wire.h
 *		Protobuf's encoding: tags, varints, fields.  What pbx.c, pack.c and
 *		payload.c read and write with.
 */
#ifndef QG_WIRE_H
#define QG_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "fixed-size protobuf values are copied as they lie: little-endian only"
#endif

typedef enum wire_type
{
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2,
	WIRE_FIXED32 = 5
} wire_type;

#define WIRE_VARINT_MAX		10

/* One field as it lies on the wire. */
typedef struct wire_field
{
	uint32_t	id;
	wire_type	type;
	uint64_t	value;			/* varint or fixed; bytes: their number */
	const uint8_t *bytes;
} wire_field;

/* Bytes still to be read. */
typedef struct wire_reader
{
	const uint8_t *p;
	const uint8_t *end;
	const char *error;			/* prost's description, or NULL */
} wire_reader;

/* False at the end, or with r->error set. */
extern bool wire_next(wire_reader *r, wire_field *field);
extern bool wire_varint(wire_reader *r, uint64_t *value);

static inline size_t
wire_varint_size(uint64_t v)
{
	return (size_t) (70 - __builtin_clzll(v | 1)) / 7;
}

/* Writes a varint and returns its end. */
static inline uint8_t *
wire_put_varint(uint8_t *p, uint64_t v)
{
	while (v >= 0x80)
	{
		*p++ = (uint8_t) (v | 0x80);
		v >>= 7;
	}
	*p++ = (uint8_t) v;
	return p;
}

#endif							/* QG_WIRE_H */
