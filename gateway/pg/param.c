/*
 * param.c
 *		Binary parameters.
 *
 * Integers and floats are big-endian on the wire.  Arrays carry element type
 * 0: array_recv() complains only about built-in types, and the OIDs of the
 * extension's types are the connection's business.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <limits.h>

#include "pg/pg.h"

struct pg_array
{
	buf			bytes;
	pg_type		type;
	bool		has_null;
};

static pg_param
binary(pg_type type, const void *bytes, size_t n)
{
	/* nothing the gateway sends is near 2 GiB: bodies are bounded */
	if (n > INT_MAX)
		n = INT_MAX;
	return (pg_param) {.type = type, .value = bytes, .length = (int) n,
		.format = 1};
}

pg_param
pgp_null(pg_type type)
{
	return (pg_param) {.type = type, .format = 1};
}

pg_param
pgp_text(arena *a, slice s)
{
	return binary(PGT_TEXT, arena_strdup(a, s), s.n);
}

pg_param
pgp_int8(arena *a, int64_t v)
{
	uint64_t   *p = arena_alloc(a, sizeof(*p));

	*p = htobe64((uint64_t) v);
	return binary(PGT_INT8, p, sizeof(*p));
}

pg_param
pgp_float4(arena *a, float v)
{
	uint32_t   *p = arena_alloc(a, sizeof(*p));

	memcpy(p, &v, sizeof(v));
	*p = htonl(*p);
	return binary(PGT_FLOAT4, p, sizeof(*p));
}

pg_param
pgp_float8(arena *a, double v)
{
	uint64_t   *p = arena_alloc(a, sizeof(*p));

	memcpy(p, &v, sizeof(v));
	*p = htobe64(*p);
	return binary(PGT_FLOAT8, p, sizeof(*p));
}

/* jsonb and payload_filter: a version byte, then the text. */
static pg_param
versioned_text(arena *a, pg_type type, slice text)
{
	char	   *p = arena_alloc(a, text.n + 1);

	p[0] = 1;
	if (text.n > 0)
		memcpy(p + 1, text.p, text.n);
	return binary(type, p, text.n + 1);
}

pg_param
pgp_jsonb(arena *a, slice json)
{
	return versioned_text(a, PGT_JSONB, json);
}

pg_param
pgp_filter(arena *a, slice json)
{
	return versioned_text(a, PGT_PAYLOAD_FILTER, json);
}

pg_param
pgp_vector(arena *a, const float *v, size_t dim)
{
	unsigned char *p = arena_alloc(a, 4 + dim * sizeof(float));

	/* 0 stands for 65,536; what is longer fails on the length */
	p[0] = (unsigned char) (dim >> 8);
	p[1] = (unsigned char) dim;
	p[2] = p[3] = 0;
	for (size_t i = 0; i < dim; i++)
	{
		uint32_t	bits;

		memcpy(&bits, &v[i], sizeof(bits));
		bits = htonl(bits);
		memcpy(p + 4 + i * sizeof(bits), &bits, sizeof(bits));
	}
	return binary(PGT_VECTOR, p, 4 + dim * sizeof(float));
}

static void
put_int4(char *at, uint32_t v)
{
	v = htonl(v);
	memcpy(at, &v, sizeof(v));
}

/* Header: dimensions, has-null flag, element type, length, lower bound. */
pg_array *
pg_array_begin(arena *a, pg_type array_type, size_t n)
{
	pg_array   *arr = arena_alloc0(a, sizeof(*arr));
	char	   *head;

	arr->type = array_type;
	buf_init(&arr->bytes, a, 20 + n * 16);
	head = buf_reserve(&arr->bytes, 20);
	put_int4(head, n > 0 ? 1 : 0);
	put_int4(head + 4, 0);
	put_int4(head + 8, 0);
	put_int4(head + 12, (uint32_t) n);
	put_int4(head + 16, 1);
	arr->bytes.n += n > 0 ? 20 : 12;
	return arr;
}

void
pg_array_add(pg_array *arr, const pg_param *element)
{
	char		length[4];

	if (element->value == NULL)
	{
		arr->has_null = true;
		put_int4(length, (uint32_t) -1);
		buf_add(&arr->bytes, length, sizeof(length));
		return;
	}
	put_int4(length, (uint32_t) element->length);
	buf_add(&arr->bytes, length, sizeof(length));
	buf_add(&arr->bytes, element->value, (size_t) element->length);
}

/* Element types that are built in are named, or array_recv() complains. */
static uint32_t
element_oid(pg_type array_type)
{
	switch (array_type)
	{
		case PGT_TEXT_ARRAY:
			return 25;
		case PGT_JSONB_ARRAY:
			return 3802;
		default:
			return 0;
	}
}

pg_param
pg_array_end(pg_array *arr)
{
	put_int4(arr->bytes.p + 4, arr->has_null ? 1 : 0);
	put_int4(arr->bytes.p + 8, element_oid(arr->type));
	return binary(arr->type, arr->bytes.p, arr->bytes.n);
}
