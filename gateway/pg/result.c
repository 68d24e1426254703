/*
 * result.c
 *		Binary columns of a row.  A column that is NULL, or shorter than its
 *		type, reads as zero or empty.
 */
#include <arpa/inet.h>
#include <endian.h>

#include "pg/pg.h"

bool
pgr_null(const PGresult *r, int row, int col)
{
	return PQgetisnull(r, row, col) != 0;
}

slice
pgr_bytes(const PGresult *r, int row, int col)
{
	return (slice) {PQgetvalue(r, row, col),
		(size_t) PQgetlength(r, row, col)};
}

slice
pgr_text(const PGresult *r, int row, int col)
{
	return pgr_bytes(r, row, col);
}

int64_t
pgr_int8(const PGresult *r, int row, int col)
{
	slice		s = pgr_bytes(r, row, col);
	uint64_t	v = 0;

	if (s.n < sizeof(v))
		return 0;
	memcpy(&v, s.p, sizeof(v));
	return (int64_t) be64toh(v);
}

int32_t
pgr_int4(const PGresult *r, int row, int col)
{
	slice		s = pgr_bytes(r, row, col);
	uint32_t	v = 0;

	if (s.n < sizeof(v))
		return 0;
	memcpy(&v, s.p, sizeof(v));
	return (int32_t) ntohl(v);
}

float
pgr_float4(const PGresult *r, int row, int col)
{
	int32_t		bits = pgr_int4(r, row, col);
	float		v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

double
pgr_float8(const PGresult *r, int row, int col)
{
	int64_t		bits = pgr_int8(r, row, col);
	double		v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

bool
pgr_bool(const PGresult *r, int row, int col)
{
	slice		s = pgr_bytes(r, row, col);

	return s.n > 0 && s.p[0] != 0;
}

/* A version byte stands before the text. */
slice
pgr_jsonb(const PGresult *r, int row, int col)
{
	slice		s = pgr_bytes(r, row, col);

	return s.n > 0 ? (slice) {s.p + 1, s.n - 1} : s;
}

bool
pgr_vector(arena *a, const PGresult *r, int row, int col,
		   const float **out, size_t *dim)
{
	slice		s = pgr_bytes(r, row, col);
	float	   *v;

	if (pgr_null(r, row, col) || s.n < 4)
		return false;
	*dim = (s.n - 4) / sizeof(float);
	v = arena_array(a, *dim, sizeof(float));
	for (size_t i = 0; i < *dim; i++)
	{
		uint32_t	bits;

		memcpy(&bits, s.p + 4 + i * sizeof(bits), sizeof(bits));
		bits = ntohl(bits);
		memcpy(&v[i], &bits, sizeof(bits));
	}
	*out = v;
	return true;
}
