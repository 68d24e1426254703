/*
 * point_id.h
 *		Point ids between their three forms: the text clients write, the
 *		message, and the bytes of SQL's type point_id.
 */
#ifndef QG_POINT_ID_H
#define QG_POINT_ID_H

#include "core/arena.h"
#include "core/error.h"
#include "model/qdrant.pb-c.h"

/*
 * A number as 8 big-endian bytes or a UUID as 16: what the type point_id
 * sends and receives.
 */
typedef struct point_key
{
	uint8_t		n;				/* 8 or 16 */
	uint8_t		bytes[16];
} point_key;

/* Qdrant's order: numbers before UUIDs, then bytewise. */
static inline int
point_key_compare(const point_key *a, const point_key *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	return memcmp(a->bytes, b->bytes, a->n);
}

static inline uint64_t
point_key_number(const point_key *k)
{
	uint64_t	v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | k->bytes[i];
	return v;
}

extern point_key point_key_from_number(uint64_t v);

/*
 * Every form of a UUID that Qdrant reads: hyphenated, 32 digits, in braces,
 * urn:uuid:, in any case.
 */
extern bool uuid_parse(slice text, uint8_t out[16]);

#define UUID_TEXT_LENGTH	36

/* Lower case, hyphenated; writes UUID_TEXT_LENGTH bytes, no terminator. */
extern void uuid_format(const uint8_t uuid[16], char *out);

/* As in a URL: digits are a number, else a UUID. */
extern bool point_key_parse(slice text, point_key *out);

/* The message's id, which may be NULL: ERR_GRPC_ARGUMENT with Qdrant's text. */
extern bool point_key_read(const Qdrant__PointId *id, point_key *out,
						   arena *a, gw_error *e);

extern Qdrant__PointId *point_key_message(const point_key *k, arena *a);

/* As Qdrant prints it in its messages. */
extern const char *point_key_text(const point_key *k, arena *a);

#endif							/* QG_POINT_ID_H */
