/*
 * grpc.c
 *		gRPC's own parts of a call (the protocol's PROTOCOL-HTTP2 document).
 */
#include "net/grpc.h"

#include "net/coding.h"

static grpc_status
refuse(int code, const char *text)
{
	return (grpc_status)
	{
		.code = code,.text = text
	};
}

#define ACCEPTED	refuse(GRPC_OK, NULL)
#define TOO_LARGE	refuse(GRPC_RESOURCE_EXHAUSTED, \
						   "The message is larger than allowed")
#define NO_MEMORY	refuse(GRPC_RESOURCE_EXHAUSTED, \
						   "The service is holding too many requests")

static grpc_status
read_prefix(grpc_reader *r, size_t limit)
{
	const unsigned char *p = r->prefix;

	if (p[0] > 1)
		return refuse(GRPC_INTERNAL, "The message's compressed flag is neither"
					  " 0 nor 1");
	r->compressed = p[0] == 1;
	r->length = (uint32_t) p[1] << 24 | (uint32_t) p[2] << 16 |
		(uint32_t) p[3] << 8 | p[4];
	return r->length > limit ? TOO_LARGE : ACCEPTED;
}

grpc_status
grpc_read(grpc_reader *r, slice data, size_t limit)
{
	while (data.n > 0 && r->n_prefix < GRPC_PREFIX)
	{
		r->prefix[r->n_prefix++] = (unsigned char) *data.p;
		data = slice_of(data.p + 1, data.n - 1);
		if (r->n_prefix == GRPC_PREFIX)
		{
			grpc_status status = read_prefix(r, limit);

			if (status.code != GRPC_OK)
				return status;
		}
	}
	if (data.n == 0)
		return ACCEPTED;
	if (data.n > r->length - r->body.n)
		return refuse(GRPC_INTERNAL, "The call has more than one message");
	if (!body_reserve(&r->body, data.n, r->length))
		return NO_MEMORY;
	memcpy(r->body.p + r->body.n, data.p, data.n);
	r->body.n += data.n;
	return ACCEPTED;
}

/* Replaces r->body by what it decompresses to. */
static grpc_status
inflate_message(grpc_reader *r, arena * a, slice encoding, size_t limit)
{
	bool		gzip = slice_eq(encoding, SLICE_LIT("gzip"));
	body		out = {.p = NULL};
	inflater   *i;
	inflate_result result;

	if (!gzip && !slice_eq(encoding, SLICE_LIT("deflate")))
		return refuse(GRPC_INTERNAL, "The message is compressed, but"
					  " grpc-encoding does not say how");
	i = inflater_create(a, gzip);
	result = inflater_feed(i, slice_of(r->body.p, r->body.n), &out, limit);
	if (result == INFLATE_OK && !inflater_complete(i))
		result = INFLATE_CORRUPT;
	body_free(&r->body);
	r->body = out;
	switch (result)
	{
		case INFLATE_OK:
			return ACCEPTED;
		case INFLATE_TOO_LARGE:
			return TOO_LARGE;
		case INFLATE_NO_MEMORY:
			return NO_MEMORY;
		case INFLATE_CORRUPT:
			break;
	}
	return refuse(GRPC_INTERNAL, "The message could not be decompressed");
}

grpc_status
grpc_finish(grpc_reader *r, arena * a, slice encoding, size_t limit,
			slice * message)
{
	grpc_status status = ACCEPTED;

	if (r->n_prefix == 0)
		return refuse(GRPC_INTERNAL, "Missing request message.");
	if (r->n_prefix < GRPC_PREFIX || r->body.n < r->length)
		return refuse(GRPC_INTERNAL, "The call ends within its message");
	if (r->compressed)
		status = inflate_message(r, a, encoding, limit);
	*message = body_finish(&r->body);
	return status;
}

void
grpc_write_prefix(char prefix[GRPC_PREFIX], bool compressed, uint32_t n)
{
	prefix[0] = compressed;
	prefix[1] = (char) (n >> 24);
	prefix[2] = (char) (n >> 16);
	prefix[3] = (char) (n >> 8);
	prefix[4] = (char) n;
}

bool
grpc_parse_timeout(slice value, uint64_t *ns)
{
	static const struct
	{
		char		unit;
		uint64_t	ns;
	}			units[] =
	{
		{'H', UINT64_C(3600000000000)}, {'M', UINT64_C(60000000000)},
		{'S', 1000000000}, {'m', 1000000}, {'u', 1000}, {'n', 1}
	};
	uint64_t	v = 0;

	if (value.n < 2 || value.n > 9)
		return false;
	for (size_t i = 0; i < value.n - 1; i++)
	{
		if (value.p[i] < '0' || value.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t) (value.p[i] - '0');
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (value.p[value.n - 1] == units[i].unit)
		{
			/* 99,999,999 hours don't fit; such a call has no deadline. */
			if (__builtin_mul_overflow(v, units[i].ns, ns))
				*ns = UINT64_MAX;
			return true;
		}
	return false;
}

slice
grpc_encode_text(arena * a, slice text)
{
	static const char hex[] = "0123456789ABCDEF";
	char	   *out = arena_alloc(a, GRPC_MAX_TEXT);
	size_t		n = 0;
	size_t		whole = 0;		/* characters of UTF-8 */

	for (size_t i = 0; i < text.n; i++)
	{
		unsigned char c = (unsigned char) text.p[i];

		if ((c & 0xc0) != 0x80)
			whole = n;
		if (n + 3 > GRPC_MAX_TEXT)
			return slice_of(out, whole);
		if (c >= ' ' && c <= '~' && c != '%')
			out[n++] = (char) c;
		else
		{
			out[n++] = '%';
			out[n++] = hex[c >> 4];
			out[n++] = hex[c & 15];
		}
	}
	return slice_of(out, n);
}

bool
grpc_is_content_type(slice value)
{
	static const char prefix[] = "application/grpc";
	size_t		n = sizeof(prefix) - 1;

	if (value.n < n || memcmp(value.p, prefix, n) != 0)
		return false;
	return value.n == n || value.p[n] == '+' || value.p[n] == ';';
}
