/*
 * point_id.c
 *		Point ids between text, message and bytes.
 */
#include "model/point_id.h"

#include <inttypes.h>

#include "core/hex.h"

point_key
point_key_from_number(uint64_t v)
{
	point_key	k = {.n = 8};

	for (int i = 7; i >= 0; i--, v >>= 8)
		k.bytes[i] = (uint8_t) v;
	return k;
}

/* Does a hyphen stand before this byte of the canonical form? */
static bool
hyphen_before(int byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

bool
uuid_parse(slice text, uint8_t out[16])
{
	static const char urn[] = "urn:uuid:";
	bool		hyphens;

	if (text.n == sizeof(urn) - 1 + UUID_TEXT_LENGTH &&
		memcmp(text.p, urn, sizeof(urn) - 1) == 0)
		text = (slice) {text.p + sizeof(urn) - 1, UUID_TEXT_LENGTH};
	else if (text.n == UUID_TEXT_LENGTH + 2 && text.p[0] == '{' &&
			 text.p[text.n - 1] == '}')
		text = (slice) {text.p + 1, UUID_TEXT_LENGTH};
	hyphens = text.n == UUID_TEXT_LENGTH;
	if (!hyphens && text.n != 32)
		return false;
	for (int i = 0; i < 16; i++)
	{
		int			byte;

		if (hyphens && hyphen_before(i) && *text.p++ != '-')
			return false;
		byte = hex_byte(text.p);
		if (byte < 0)
			return false;
		out[i] = (uint8_t) byte;
		text.p += 2;
	}
	return true;
}

void
uuid_format(const uint8_t uuid[16], char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++)
	{
		if (hyphen_before(i))
			*out++ = '-';
		*out++ = digits[uuid[i] >> 4];
		*out++ = digits[uuid[i] & 15];
	}
}

/* Rust's u64: an optional sign "+", digits, no overflow. */
static bool
number_parse(slice text, uint64_t *out)
{
	uint64_t	v = 0;
	size_t		i = text.n > 1 && text.p[0] == '+';

	if (text.n == 0)
		return false;
	for (; i < text.n; i++)
	{
		if (text.p[i] < '0' || text.p[i] > '9' ||
			__builtin_mul_overflow(v, (uint64_t) 10, &v) ||
			__builtin_add_overflow(v, (uint64_t) (text.p[i] - '0'), &v))
			return false;
	}
	*out = v;
	return true;
}

bool
point_key_parse(slice text, point_key *out)
{
	uint64_t	number;

	if (number_parse(text, &number))
	{
		*out = point_key_from_number(number);
		return true;
	}
	out->n = 16;
	return uuid_parse(text, out->bytes);
}

bool
point_key_read(const Qdrant__PointId *id, point_key *out, arena *a,
			   gw_error *e)
{
	if (id == NULL)
		return gw_fail(e, a, ERR_GRPC_ARGUMENT, "Empty ID is not allowed");
	switch (id->point_id_options_case)
	{
		case QDRANT__POINT_ID__POINT_ID_OPTIONS_NUM:
			*out = point_key_from_number(id->num);
			return true;
		case QDRANT__POINT_ID__POINT_ID_OPTIONS_UUID:
			out->n = 16;
			if (uuid_parse(slice_text(id->uuid), out->bytes))
				return true;
			return gw_fail(e, a, ERR_GRPC_ARGUMENT,
						   "Unable to parse UUID: %s", id->uuid);
		default:
			return gw_fail(e, a, ERR_GRPC_ARGUMENT, "No ID options provided");
	}
}

Qdrant__PointId *
point_key_message(const point_key *k, arena *a)
{
	Qdrant__PointId *id = arena_alloc(a, sizeof(*id));

	qdrant__point_id__init(id);
	if (k->n == 8)
	{
		id->point_id_options_case = QDRANT__POINT_ID__POINT_ID_OPTIONS_NUM;
		id->num = point_key_number(k);
	}
	else
	{
		id->point_id_options_case = QDRANT__POINT_ID__POINT_ID_OPTIONS_UUID;
		id->uuid = arena_alloc(a, UUID_TEXT_LENGTH + 1);
		uuid_format(k->bytes, id->uuid);
		id->uuid[UUID_TEXT_LENGTH] = '\0';
	}
	return id;
}

const char *
point_key_text(const point_key *k, arena *a)
{
	char		text[UUID_TEXT_LENGTH];

	if (k->n == 8)
		return arena_printf(a, "%" PRIu64, point_key_number(k));
	uuid_format(k->bytes, text);
	return arena_strdup(a, (slice) {text, sizeof(text)});
}
