/*
 * gin_key.c
 *		Encodes and decodes the keys of payload indexes.
 */
#include "compat.h"

#include <math.h>

#include "port/pg_bswap.h"

#include "payload/gin_key.h"
#include "payload/siphash.h"
#include "types/point_id.h"

#define SIGN_BIT (UINT64CONST(1) << 63)

/* Integers up to here are doubles. */
#define DOUBLE_INTEGER_MAX (INT64CONST(1) << 53)

static void
start(qd_key *key, qd_key_class class)
{
	key->bytes[0] = class;
	key->length = 1;
}

static void
add(qd_key *key, const void *bytes, size_t length)
{
	memcpy(key->bytes + key->length, bytes, length);
	key->length += length;
}

static void
add_uint64(qd_key *key, uint64 value)
{
	value = pg_hton64(value);
	add(key, &value, sizeof(value));
}

static uint64
get_uint64(const unsigned char *bytes)
{
	uint64		value;

	memcpy(&value, bytes, sizeof(value));
	return pg_ntoh64(value);
}

void
qd_key_fact(qd_key *key, qd_key_class what)
{
	start(key, what);
}

void
qd_key_string(qd_key *key, const char *s, size_t length)
{
	start(key, QD_KEY_STRING);
	add(key, s, Min(length, QD_KEY_STRING_MAX));
	if (length > QD_KEY_STRING_MAX)
		add_uint64(key, qd_siphash24((const unsigned char *) s, length));
}

void
qd_key_token(qd_key *key, const qd_token *token)
{
	start(key, QD_KEY_TOKEN);
	add(key, token->s, Min(token->length, QD_TEXT_KEY_MAX));
}

/* Negative doubles order backwards, as their bits do not. */
void
qd_key_double(qd_key *key, double x)
{
	uint64		bits;

	x += 0.0;					/* no -0 */
	memcpy(&bits, &x, sizeof(bits));
	start(key, QD_KEY_NUMBER);
	add_uint64(key, bits & SIGN_BIT ? ~bits : bits | SIGN_BIT);
}

double
qd_key_get_double(const unsigned char *bytes)
{
	uint64		bits = get_uint64(bytes + 1);
	double		x;

	bits = bits & SIGN_BIT ? bits & ~SIGN_BIT : ~bits;
	memcpy(&x, &bits, sizeof(x));
	return x;
}

bool
qd_key_get_integer(const unsigned char *bytes, size_t length, int64 *i)
{
	bool		is_double = length <= QD_KEY_NUMBER_FORM + 1;

	*i = is_double ? (int64) qd_key_get_double(bytes) :
		(int64) (get_uint64(bytes + QD_KEY_NUMBER_FORM + 1) ^ SIGN_BIT);
	return is_double;
}

void
qd_key_number(qd_key *key, const qd_number *number)
{
	unsigned char form = number->is_int ? QD_KEY_INTEGER :
	number->is_integral ? QD_KEY_WHOLE : QD_KEY_FRACTION;

	qd_key_double(key, number->x);
	add(key, &form, 1);
	if (number->is_integral &&
		(number->i >= DOUBLE_INTEGER_MAX || number->i <= -DOUBLE_INTEGER_MAX))
		add_uint64(key, (uint64) number->i ^ SIGN_BIT);
}

void
qd_key_bool(qd_key *key, bool value)
{
	unsigned char byte = value;

	start(key, QD_KEY_BOOL);
	add(key, &byte, 1);
}

void
qd_key_datetime(qd_key *key, qd_datetime t)
{
	uint32		nanos = pg_hton32((uint32) t.nanos);

	start(key, QD_KEY_DATETIME);
	add_uint64(key, (uint64) t.seconds ^ SIGN_BIT);
	add(key, &nanos, sizeof(nanos));
}

qd_datetime
qd_key_get_datetime(const unsigned char *bytes)
{
	qd_datetime t;
	uint32		nanos;

	memcpy(&nanos, bytes + 9, sizeof(nanos));
	t.seconds = (int64) (get_uint64(bytes + 1) ^ SIGN_BIT);
	t.nanos = (int32) pg_ntoh32(nanos);
	return t;
}

bool
qd_key_uuid(qd_key *key, const char *s, size_t length, bool *canonical)
{
	unsigned char uuid[QD_POINT_ID_UUID];
	unsigned char odd;

	if (!qd_uuid_read(s, length, uuid))
		return false;
	*canonical = length == 36;
	for (size_t i = 0; i < length; i++)
		*canonical = *canonical && !(s[i] >= 'A' && s[i] <= 'Z');
	odd = !*canonical;
	qd_key_uuid_any(key, uuid);
	add(key, &odd, 1);
	return true;
}

void
qd_key_uuid_any(qd_key *key, const unsigned char *uuid)
{
	start(key, QD_KEY_UUID);
	add(key, uuid, QD_POINT_ID_UUID);
}

uint32
qd_key_scale(double degrees, double half_range)
{
	double		x = floor((degrees + half_range) / (2 * half_range) * 4294967296.0);

	return x <= 0 ? 0 : x >= 4294967295.0 ? PG_UINT32_MAX : (uint32) x;
}

/* The bits of x, each followed by a zero. */
static uint64
spread(uint64 x)
{
	x = (x | x << 16) & UINT64CONST(0x0000FFFF0000FFFF);
	x = (x | x << 8) & UINT64CONST(0x00FF00FF00FF00FF);
	x = (x | x << 4) & UINT64CONST(0x0F0F0F0F0F0F0F0F);
	x = (x | x << 2) & UINT64CONST(0x3333333333333333);
	return (x | x << 1) & UINT64CONST(0x5555555555555555);
}

uint64
qd_key_interleave(uint32 lon, uint32 lat)
{
	return spread(lon) | spread(lat) << 1;
}

void
qd_key_cell(qd_key *key, uint64 cell)
{
	start(key, QD_KEY_PLACE);
	add_uint64(key, cell);
}

void
qd_key_count(qd_key *key, uint64 n)
{
	start(key, QD_KEY_COUNT);
	add_uint64(key, n);
}

void
qd_key_place(qd_key *key, qd_geo_point p)
{
	if (!qd_geo_is_valid(p))
		qd_key_fact(key, QD_KEY_ELSEWHERE);
	else
		qd_key_cell(key, qd_key_interleave(qd_key_scale(p.lon, 180),
										   qd_key_scale(p.lat, 90)));
}

bytea	   *
qd_key_datum(const qd_key *key)
{
	bytea	   *datum = palloc(VARHDRSZ + key->length);

	SET_VARSIZE(datum, VARHDRSZ + key->length);
	memcpy(VARDATA(datum), key->bytes, key->length);
	return datum;
}
