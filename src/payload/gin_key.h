/*
 * gin_key.h
 *		The keys of payload indexes: bytea values that order as what they stand
 *		for, so that ranges, prefixes and cells of the map are ranges of keys.
 *
 *		class (1 byte), then by class
 *		EMPTY ...		nothing; facts about the row, not a value
 *		COUNT			the number (8)
 *		STRING			the bytes; of more than QD_KEY_STRING_MAX the first so
 *						many and a hash of all (8)
 *		NUMBER			the double (8, order-preserving), qd_key_number_form (1),
 *						then for integers of 2^53 and more the integer (8)
 *		BOOL			0 or 1
 *		DATETIME		seconds (8, order-preserving), nanoseconds (4)
 *		UUID			the bytes (16), 0 if written in the canonical form, else 1
 *		PLACE			32 bits of longitude and latitude, interleaved (8)
 *		TOKEN			the bytes of a text's token
 *
 * Numbers in keys are big-endian.  Keys are compared bytewise (byteacmp).
 */
#ifndef QD_GIN_KEY_H
#define QD_GIN_KEY_H

#include "postgres.h"

#include "payload/datetime.h"
#include "payload/filter.h"
#include "payload/geo.h"
#include "payload/text_index.h"

#define QD_KEY_MAX_PLAIN	24	/* of all but STRING and TOKEN */
#define QD_KEY_NUMBER_FORM	9	/* where it stands in a NUMBER */
#define QD_KEY_STRING_MAX	240
#define QD_COUNT_MIN		2	/* fewer have no key */
#define QD_KEY_BYTES_MAX	(1 + QD_KEY_STRING_MAX + 8)

typedef enum qd_key_class
{
	QD_KEY_EMPTY = 1,			/* {"is_empty": {"key": path}} holds */
	QD_KEY_SOME_EMPTY,			/* a value is null or [], but not all are */
	QD_KEY_NULL,				/* a value is null */
	QD_KEY_NULL_ELEMENT,		/* a value is an array that holds a null */
	QD_KEY_ELSEWHERE,			/* a place off the globe */
	QD_KEY_COUNT,				/* a value is an array of so many, 2 or more */
	QD_KEY_STRING = 16,
	QD_KEY_NUMBER,
	QD_KEY_BOOL,
	QD_KEY_DATETIME,
	QD_KEY_UUID,
	QD_KEY_PLACE,
	QD_KEY_TOKEN
} qd_key_class;

typedef enum qd_key_number_form
{
	QD_KEY_FRACTION,			/* or too large for int64 */
	QD_KEY_INTEGER,
	QD_KEY_WHOLE				/* integral, written with a fraction: 5.0 */
} qd_key_number_form;

typedef struct qd_key
{
	uint32		length;
	unsigned char bytes[QD_KEY_BYTES_MAX];
} qd_key;

extern void qd_key_fact(qd_key *key, qd_key_class what);
extern void qd_key_string(qd_key *key, const char *s, size_t length);

extern void qd_key_token(qd_key *key, const qd_token *token);

/* The key without what follows the double: where its numbers start. */
extern void qd_key_double(qd_key *key, double x);
extern void qd_key_number(qd_key *key, const qd_number *number);
extern void qd_key_bool(qd_key *key, bool value);
extern void qd_key_datetime(qd_key *key, qd_datetime t);
extern void qd_key_place(qd_key *key, qd_geo_point p);

/* The key of a place's 64 bits. */
extern void qd_key_cell(qd_key *key, uint64 cell);

/* False when the string is no UUID; *canonical tells how it is written. */
extern bool qd_key_uuid(qd_key *key, const char *s, size_t length,
						bool *canonical);

/* The key without what follows the UUID: where its forms start. */
extern void qd_key_uuid_any(qd_key *key, const unsigned char *uuid);

/* Takes the numbers out of keys again. */
extern double qd_key_get_double(const unsigned char *bytes);

/* A number's integer; false when it is written out behind the double. */
extern bool qd_key_get_integer(const unsigned char *bytes, size_t length,
							   int64 *i);
extern qd_datetime qd_key_get_datetime(const unsigned char *bytes);

/* The key of a number of values. */
extern void qd_key_count(qd_key *key, uint64 n);

/* Interleaved bits of a place: those of latitude at the odd positions. */
extern uint64 qd_key_interleave(uint32 lon, uint32 lat);

/* A degree in 2^32nds of its range. */
extern uint32 qd_key_scale(double degrees, double half_range);

extern bytea *qd_key_datum(const qd_key *key);

#endif							/* QD_GIN_KEY_H */
