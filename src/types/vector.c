/*
 * vector.c
 *		The type vector: I/O, casts, arithmetic and comparison.  Distances are
 *		in vec_distance.c, aggregates in vec_agg.c.
 */
#include "compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/float.h"

#include "types/vector.h"

/* Any finite float4. */
static bool
holds(float x)
{
	return true;
}

const qd_vec_type qd_vector_type = {"vector", holds, NULL, false};

qd_vector *
qd_vector_new(int dim)
{
	return qd_vec_new(dim, sizeof(float));
}

static qd_vector *
new_vector(const float *x, int dim)
{
	qd_vector  *v = qd_vector_new(dim);

	memcpy(v->x, x, sizeof(float) * dim);
	return v;
}

void
qd_vector_check_elements(const qd_vector *v)
{
	qd_vec_check_elements(&qd_vector_type, v->x, qd_vector_dim(v));
}

QD_FUNCTION(qd_vector_in);
Datum
qd_vector_in(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *x = qd_vec_text_parse(&qd_vector_type, PG_GETARG_CSTRING(0),
									  PG_GETARG_INT32(2), &dim,
									  fcinfo->context);

	if (x == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(new_vector(x, dim));
}

QD_FUNCTION(qd_vector_out);
Datum
qd_vector_out(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(0);

	PG_RETURN_CSTRING(qd_vec_text_print(v->x, qd_vector_dim(v)));
}

QD_FUNCTION(qd_vector_typmod_in);
Datum
qd_vector_typmod_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(qd_vec_typmod_in(&qd_vector_type,
									 PG_GETARG_ARRAYTYPE_P(0)));
}

QD_FUNCTION(qd_vector_recv);
Datum
qd_vector_recv(PG_FUNCTION_ARGS)
{
	const char *bytes;
	int			dim = qd_vec_recv(&qd_vector_type,
								  (StringInfo) PG_GETARG_POINTER(0),
								  PG_GETARG_INT32(2), sizeof(float), &bytes);
	qd_vector  *v;

	v = qd_vector_new(dim);
	for (int i = 0; i < dim; i++)
	{
		uint32		bits;

		memcpy(&bits, bytes + sizeof(bits) * i, sizeof(bits));
		bits = pg_ntoh32(bits);
		memcpy(&v->x[i], &bits, sizeof(bits));
	}
	qd_vector_check_elements(v);
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_vector_send);
Datum
qd_vector_send(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(0);
	int			dim = qd_vector_dim(v);
	StringInfoData buf;
	char	   *out;

	qd_vec_send_begin(&buf, v, sizeof(float));
	out = buf.data + buf.len;
	for (int i = 0; i < dim; i++)
	{
		uint32		bits;

		memcpy(&bits, &v->x[i], sizeof(bits));
		bits = pg_hton32(bits);
		memcpy(out + sizeof(bits) * i, &bits, sizeof(bits));
	}
	buf.len += sizeof(float) * dim;
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/* vector(n): the cast to the type itself checks the modifier. */
QD_FUNCTION(qd_vector_cast);
Datum
qd_vector_cast(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(0);

	(void) qd_vec_typmod_ok(PG_GETARG_INT32(1), qd_vector_dim(v), NULL);
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_array_to_vector);
Datum
qd_array_to_vector(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *x = qd_vec_from_array(&qd_vector_type, PG_GETARG_ARRAYTYPE_P(0),
									  PG_GETARG_INT32(1), &dim);

	PG_RETURN_POINTER(new_vector(x, dim));
}

QD_FUNCTION(qd_vector_to_float4);
Datum
qd_vector_to_float4(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(0);

	PG_RETURN_POINTER(qd_vec_to_reals(v->x, qd_vector_dim(v)));
}

/*
 * a + b, a - b, a * b by coordinate.  A finite result too large for float4
 * becomes an error, and so does a product that is lost in zero, as for the
 * type real.
 */
typedef float (*arithmetic) (float x, float y);

static float
add(float x, float y)
{
	return x + y;
}

static float
subtract(float x, float y)
{
	return x - y;
}

static float
multiply(float x, float y)
{
	float		product = x * y;

	if (product == 0 && x != 0 && y != 0)
		float_underflow_error();
	return product;
}

static inline Datum
by_coordinate(PG_FUNCTION_ARGS, arithmetic op)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);
	int			dim = qd_vector_dim(a);
	qd_vector  *v;

	qd_vec_check_same_dim(a, b);
	v = qd_vector_new(dim);
	for (int i = 0; i < dim; i++)
	{
		v->x[i] = op(a->x[i], b->x[i]);
		if (isinf(v->x[i]))
			float_overflow_error();
	}
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_vector_add);
Datum
qd_vector_add(PG_FUNCTION_ARGS)
{
	return by_coordinate(fcinfo, add);
}

QD_FUNCTION(qd_vector_sub);
Datum
qd_vector_sub(PG_FUNCTION_ARGS)
{
	return by_coordinate(fcinfo, subtract);
}

QD_FUNCTION(qd_vector_mul);
Datum
qd_vector_mul(PG_FUNCTION_ARGS)
{
	return by_coordinate(fcinfo, multiply);
}

QD_FUNCTION(qd_vector_concat);
Datum
qd_vector_concat(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);
	int			dim_a = qd_vector_dim(a);
	int			dim_b = qd_vector_dim(b);
	qd_vector  *v;

	(void) qd_vec_dim_ok(&qd_vector_type, (int64) dim_a + dim_b, NULL);
	v = qd_vector_new(dim_a + dim_b);
	memcpy(v->x, a->x, sizeof(float) * dim_a);
	memcpy(v->x + dim_a, b->x, sizeof(float) * dim_b);
	PG_RETURN_POINTER(v);
}

/* Elements first, then the shorter one; as arrays compare. */
static int
compare(const qd_vector *a, const qd_vector *b)
{
	int			dim_a = qd_vector_dim(a);
	int			dim_b = qd_vector_dim(b);

	for (int i = 0; i < Min(dim_a, dim_b); i++)
		if (a->x[i] != b->x[i])
			return a->x[i] < b->x[i] ? -1 : 1;
	return dim_a < dim_b ? -1 : dim_a > dim_b ? 1 : 0;
}

#define COMPARISON(name, condition) \
QD_FUNCTION(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	int			cmp = compare(PG_GETARG_VECTOR(0), PG_GETARG_VECTOR(1)); \
\
	PG_RETURN_BOOL(condition); \
}

COMPARISON(qd_vector_lt, cmp < 0)
COMPARISON(qd_vector_le, cmp <= 0)
COMPARISON(qd_vector_eq, cmp == 0)
COMPARISON(qd_vector_ne, cmp != 0)
COMPARISON(qd_vector_ge, cmp >= 0)
COMPARISON(qd_vector_gt, cmp > 0)

QD_FUNCTION(qd_vector_cmp);
Datum
qd_vector_cmp(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);
	int			cmp = compare(a, b);

	/* a sort does not reset memory between its comparisons */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_INT32(cmp);
}
