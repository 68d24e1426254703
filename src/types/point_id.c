/*
 * point_id.c
 *		The type point_id: I/O, casts, order, hash.
 */
#include "compat.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/sortsupport.h"
#include "utils/uuid.h"

#include "types/point_id.h"

static struct varlena *
make_id(const void *bytes, int len)
{
	struct varlena *id = palloc(VARHDRSZ + len);

	SET_VARSIZE(id, VARHDRSZ + len);
	memcpy(VARDATA(id), bytes, len);
	return id;
}

struct varlena *
qd_point_id_from_number(uint64 number)
{
	uint64		be = pg_hton64(number);

	return make_id(&be, QD_POINT_ID_NUMBER);
}

struct varlena *
qd_point_id_from_uuid(const unsigned char *uuid)
{
	return make_id(uuid, QD_POINT_ID_UUID);
}

static bool
is_number(const struct varlena *id)
{
	return VARSIZE_ANY_EXHDR(id) == QD_POINT_ID_NUMBER;
}

static uint64
number_of(const struct varlena *id)
{
	uint64		be;

	memcpy(&be, VARDATA_ANY(id), sizeof(be));
	return pg_ntoh64(be);
}

int
qd_point_id_compare(const struct varlena *a, const struct varlena *b)
{
	int			len_a = VARSIZE_ANY_EXHDR(a);
	int			len_b = VARSIZE_ANY_EXHDR(b);

	if (len_a != len_b)
		return len_a < len_b ? -1 : 1;
	return memcmp(VARDATA_ANY(a), VARDATA_ANY(b), len_a);
}

/*
 * Decimal digits only, at most 20 of them (32 are a UUID); *overflow tells a
 * number that is too large.
 */
static struct varlena *
parse_number(const char *text, bool *overflow)
{
	uint64		value = 0;
	bool		fits = true;

	*overflow = false;
	if (*text == '\0' || strlen(text) > 20)
		return NULL;
	for (const char *p = text; *p; p++)
	{
		unsigned int digit = *p - '0';

		if (digit > 9)
			return NULL;
		if (value > (PG_UINT64_MAX - digit) / 10)
			fits = false;
		value = value * 10 + digit;
	}
	*overflow = !fits;
	return fits ? qd_point_id_from_number(value) : NULL;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 32 hex digits, with hyphens after the 8th, 12th, 16th, 20th or without. */
static bool
parse_hex(const char *p, size_t len, unsigned char *uuid)
{
	bool		hyphens = len == 36;
	int			digits = 0;

	if (len != 32 && len != 36)
		return false;
	memset(uuid, 0, QD_POINT_ID_UUID);
	for (size_t i = 0; i < len; i++)
	{
		int			value;

		if (hyphens && (i == 8 || i == 13 || i == 18 || i == 23))
		{
			if (p[i] != '-')
				return false;
			continue;
		}
		value = hex_digit(p[i]);
		if (value < 0)
			return false;
		uuid[digits / 2] |= value << (digits % 2 ? 0 : 4);
		digits++;
	}
	return digits == 32;
}

/* Hyphenated, plain hex, {hyphenated}, urn:uuid:hyphenated; any case. */
static struct varlena *
parse_uuid(const char *text)
{
	unsigned char uuid[QD_POINT_ID_UUID];
	size_t		len = strlen(text);

	if (len == 45 && pg_strncasecmp(text, "urn:uuid:", 9) == 0)
	{
		text += 9;
		len -= 9;
	}
	else if (len == 38 && text[0] == '{' && text[len - 1] == '}')
	{
		text++;
		len -= 2;
	}
	return parse_hex(text, len, uuid) ? qd_point_id_from_uuid(uuid) : NULL;
}

struct varlena *
qd_point_id_parse(const char *text)
{
	bool		overflow;
	struct varlena *id = parse_number(text, &overflow);

	return id || overflow ? id : parse_uuid(text);
}

static char *
print_uuid(const unsigned char *uuid)
{
	static const char digits[] = "0123456789abcdef";
	char	   *text = palloc(37);
	char	   *p = text;

	for (int i = 0; i < QD_POINT_ID_UUID; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[uuid[i] >> 4];
		*p++ = digits[uuid[i] & 15];
	}
	*p = '\0';
	return text;
}

char *
qd_point_id_print(const struct varlena *id)
{
	if (is_number(id))
		return psprintf(UINT64_FORMAT, number_of(id));
	return print_uuid((const unsigned char *) VARDATA_ANY(id));
}

/* NULL after a soft error. */
static struct varlena *
parse_input(const char *text, struct Node *escontext)
{
	bool		overflow;
	struct varlena *id = parse_number(text, &overflow);

	if (overflow)
		ereturn(escontext, NULL,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value \"%.100s\" is out of range for type point_id",
						text)));
	if (id == NULL)
		id = parse_uuid(text);
	if (id == NULL)
		ereturn(escontext, NULL,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type point_id: \"%.*s\"",
						pg_mbcliplen(text, strlen(text), 100), text),
				 errhint("A point id is an unsigned 64-bit number or a UUID.")));
	return id;
}

QD_FUNCTION(qd_point_id_in);
Datum
qd_point_id_in(PG_FUNCTION_ARGS)
{
	struct varlena *id = parse_input(PG_GETARG_CSTRING(0), fcinfo->context);

	if (id == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(id);
}

QD_FUNCTION(qd_point_id_out);
Datum
qd_point_id_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(qd_point_id_print(PG_GETARG_POINT_ID(0)));
}

QD_FUNCTION(qd_point_id_recv);
Datum
qd_point_id_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			len = buf->len - buf->cursor;

	if (len != QD_POINT_ID_NUMBER && len != QD_POINT_ID_UUID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("expected 8 or 16 bytes for type point_id, not %d",
						len)));
	PG_RETURN_POINTER(make_id(pq_getmsgbytes(buf, len), len));
}

QD_FUNCTION(qd_point_id_send);
Datum
qd_point_id_send(PG_FUNCTION_ARGS)
{
	struct varlena *id = PG_GETARG_POINT_ID(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbytes(&buf, VARDATA_ANY(id), VARSIZE_ANY_EXHDR(id));
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static struct varlena *
from_signed(int64 value)
{
	if (value < 0)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("point id cannot be negative: " INT64_FORMAT, value)));
	return qd_point_id_from_number((uint64) value);
}

QD_FUNCTION(qd_smallint_to_point_id);
Datum
qd_smallint_to_point_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(from_signed(PG_GETARG_INT16(0)));
}

QD_FUNCTION(qd_integer_to_point_id);
Datum
qd_integer_to_point_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(from_signed(PG_GETARG_INT32(0)));
}

QD_FUNCTION(qd_bigint_to_point_id);
Datum
qd_bigint_to_point_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(from_signed(PG_GETARG_INT64(0)));
}

/* A whole number in any scale: 5.00 is 5, 5.01 is an error. */
QD_FUNCTION(qd_numeric_to_point_id);
Datum
qd_numeric_to_point_id(PG_FUNCTION_ARGS)
{
	Datum		trimmed = DirectFunctionCall1(numeric_trim_scale,
											  PG_GETARG_DATUM(0));
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out,
														   trimmed));
	bool		overflow;
	struct varlena *id = parse_number(text, &overflow);

	if (id == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%.100s is not an unsigned 64-bit number", text)));
	PG_RETURN_POINTER(id);
}

QD_FUNCTION(qd_uuid_to_point_id);
Datum
qd_uuid_to_point_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(qd_point_id_from_uuid(PG_GETARG_UUID_P(0)->data));
}

QD_FUNCTION(qd_text_to_point_id);
Datum
qd_text_to_point_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(parse_input(text_to_cstring(PG_GETARG_TEXT_PP(0)),
								  NULL));
}

QD_FUNCTION(qd_point_id_to_text);
Datum
qd_point_id_to_text(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(qd_point_id_print(PG_GETARG_POINT_ID(0))));
}

QD_FUNCTION(qd_point_id_to_numeric);
Datum
qd_point_id_to_numeric(PG_FUNCTION_ARGS)
{
	struct varlena *id = PG_GETARG_POINT_ID(0);
	char	   *text = qd_point_id_print(id);

	/* by way of text: numeric has no constructor from uint64 */
	if (!is_number(id))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("point id \"%s\" is not a number", text)));
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

QD_FUNCTION(qd_point_id_to_uuid);
Datum
qd_point_id_to_uuid(PG_FUNCTION_ARGS)
{
	struct varlena *id = PG_GETARG_POINT_ID(0);
	pg_uuid_t  *uuid;

	if (is_number(id))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("point id \"%s\" is not a UUID",
						qd_point_id_print(id))));
	uuid = palloc(sizeof(pg_uuid_t));
	memcpy(uuid->data, VARDATA_ANY(id), UUID_LEN);
	PG_RETURN_UUID_P(uuid);
}

#define COMPARISON(name, condition) \
QD_FUNCTION(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	int			cmp = qd_point_id_compare(PG_GETARG_POINT_ID(0), \
										  PG_GETARG_POINT_ID(1)); \
\
	PG_RETURN_BOOL(condition); \
}

COMPARISON(qd_point_id_lt, cmp < 0)
COMPARISON(qd_point_id_le, cmp <= 0)
COMPARISON(qd_point_id_eq, cmp == 0)
COMPARISON(qd_point_id_ne, cmp != 0)
COMPARISON(qd_point_id_ge, cmp >= 0)
COMPARISON(qd_point_id_gt, cmp > 0)

QD_FUNCTION(qd_point_id_cmp);
Datum
qd_point_id_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(qd_point_id_compare(PG_GETARG_POINT_ID(0),
										PG_GETARG_POINT_ID(1)));
}

static int
sort_compare(Datum x, Datum y, SortSupport ssup)
{
	return qd_point_id_compare((struct varlena *) PG_DETOAST_DATUM_PACKED(x),
							   (struct varlena *) PG_DETOAST_DATUM_PACKED(y));
}

#if SIZEOF_DATUM >= 8
/*
 * Abbreviated key: numbers below 2^63 as they are, larger ones all alike,
 * then the UUIDs by their first 63 bits.  Equal keys are compared in full.
 */
static Datum
abbreviate(Datum original, SortSupport ssup)
{
	struct varlena *id = (struct varlena *) PG_DETOAST_DATUM_PACKED(original);
	const uint64 uuid_bit = UINT64CONST(1) << 63;

	/* the first 8 bytes of a UUID are read as a number is */
	if (is_number(id))
		return UInt64GetDatum(Min(number_of(id), uuid_bit - 1));
	return UInt64GetDatum(uuid_bit | number_of(id) >> 1);
}

/* Ids are nearly unique in 63 bits, so abbreviating always pays. */
static bool
abbreviate_abort(int memtupcount, SortSupport ssup)
{
	return false;
}
#endif

QD_FUNCTION(qd_point_id_sortsupport);
Datum
qd_point_id_sortsupport(PG_FUNCTION_ARGS)
{
	SortSupport ssup = (SortSupport) PG_GETARG_POINTER(0);

	ssup->comparator = sort_compare;
#if SIZEOF_DATUM >= 8
	if (ssup->abbreviate)
	{
		ssup->comparator = ssup_datum_unsigned_cmp;
		ssup->abbrev_converter = abbreviate;
		ssup->abbrev_abort = abbreviate_abort;
		ssup->abbrev_full_comparator = sort_compare;
	}
#endif
	PG_RETURN_VOID();
}

QD_FUNCTION(qd_point_id_hash);
Datum
qd_point_id_hash(PG_FUNCTION_ARGS)
{
	struct varlena *id = PG_GETARG_POINT_ID(0);

	PG_RETURN_UINT32(hash_bytes((unsigned char *) VARDATA_ANY(id),
								VARSIZE_ANY_EXHDR(id)));
}

QD_FUNCTION(qd_point_id_hash_extended);
Datum
qd_point_id_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *id = PG_GETARG_POINT_ID(0);

	PG_RETURN_UINT64(hash_bytes_extended((unsigned char *) VARDATA_ANY(id),
										 VARSIZE_ANY_EXHDR(id),
										 PG_GETARG_INT64(1)));
}
