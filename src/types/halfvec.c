/*
 * halfvec.c
 *		The type halfvec: I/O, casts, arithmetic and comparison.  Distances and
 *		aggregates are in half_distance.c.
 */
#include "compat.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/float.h"

#include "distance/elements.h"
#include "types/halfvec.h"
#include "types/vector.h"

/* Below 65,520 a float rounds to a finite half. */
static bool
holds(float x)
{
	return fabsf(x) < 65520;
}

const qd_vec_type qd_halfvec_type = {"halfvec", holds, NULL, false};

qd_halfvec *
qd_halfvec_new(int dim)
{
	return qd_vec_new(dim, sizeof(qd_half));
}

qd_halfvec *
qd_halfvec_from_floats(const float *x, int dim)
{
	qd_halfvec *v;

	qd_vec_check_elements(&qd_halfvec_type, x, dim);
	v = qd_halfvec_new(dim);
	qd_elements.half_from_float(x, v->x, dim);
	return v;
}

float *
qd_halfvec_floats(const qd_halfvec *v)
{
	float	   *x = palloc(sizeof(float) * qd_vec_dim(v));

	qd_elements.half_to_float(v->x, x, qd_vec_dim(v));
	return x;
}

QD_FUNCTION(qd_halfvec_in);
Datum
qd_halfvec_in(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *x = qd_vec_text_parse(&qd_halfvec_type, PG_GETARG_CSTRING(0),
									  PG_GETARG_INT32(2), &dim,
									  fcinfo->context);

	if (x == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(qd_halfvec_from_floats(x, dim));
}

QD_FUNCTION(qd_halfvec_out);
Datum
qd_halfvec_out(PG_FUNCTION_ARGS)
{
	qd_halfvec *v = PG_GETARG_HALFVEC(0);

	PG_RETURN_CSTRING(qd_vec_text_print(qd_halfvec_floats(v), qd_vec_dim(v)));
}

QD_FUNCTION(qd_halfvec_typmod_in);
Datum
qd_halfvec_typmod_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(qd_vec_typmod_in(&qd_halfvec_type,
									 PG_GETARG_ARRAYTYPE_P(0)));
}

QD_FUNCTION(qd_halfvec_recv);
Datum
qd_halfvec_recv(PG_FUNCTION_ARGS)
{
	const char *bytes;
	int			dim = qd_vec_recv(&qd_halfvec_type,
								  (StringInfo) PG_GETARG_POINTER(0),
								  PG_GETARG_INT32(2), sizeof(qd_half), &bytes);
	qd_halfvec *v = qd_halfvec_new(dim);

	for (int i = 0; i < dim; i++)
	{
		uint16		bits;

		memcpy(&bits, bytes + sizeof(bits) * i, sizeof(bits));
		v->x[i] = pg_ntoh16(bits);
	}
	qd_vec_check_elements(&qd_halfvec_type, qd_halfvec_floats(v), dim);
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_halfvec_send);
Datum
qd_halfvec_send(PG_FUNCTION_ARGS)
{
	qd_halfvec *v = PG_GETARG_HALFVEC(0);
	StringInfoData buf;

	qd_vec_send_begin(&buf, v, sizeof(qd_half));
	for (int i = 0; i < qd_vec_dim(v); i++)
		pq_sendint16(&buf, v->x[i]);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*----------
 * Casts
 *----------
 */

/* halfvec(n): the cast to the type itself checks the modifier. */
QD_FUNCTION(qd_halfvec_cast);
Datum
qd_halfvec_cast(PG_FUNCTION_ARGS)
{
	qd_halfvec *v = PG_GETARG_HALFVEC(0);

	(void) qd_vec_typmod_ok(PG_GETARG_INT32(1), qd_vec_dim(v), NULL);
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_array_to_halfvec);
Datum
qd_array_to_halfvec(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *x = qd_vec_from_array(&qd_halfvec_type, PG_GETARG_ARRAYTYPE_P(0),
									  PG_GETARG_INT32(1), &dim);

	PG_RETURN_POINTER(qd_halfvec_from_floats(x, dim));
}

QD_FUNCTION(qd_halfvec_to_float4);
Datum
qd_halfvec_to_float4(PG_FUNCTION_ARGS)
{
	qd_halfvec *v = PG_GETARG_HALFVEC(0);

	PG_RETURN_POINTER(qd_vec_to_reals(qd_halfvec_floats(v), qd_vec_dim(v)));
}

QD_FUNCTION(qd_vector_to_halfvec);
Datum
qd_vector_to_halfvec(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(0);

	(void) qd_vec_typmod_ok(PG_GETARG_INT32(1), qd_vec_dim(v), NULL);
	PG_RETURN_POINTER(qd_halfvec_from_floats(v->x, qd_vec_dim(v)));
}

QD_FUNCTION(qd_halfvec_to_vector);
Datum
qd_halfvec_to_vector(PG_FUNCTION_ARGS)
{
	qd_halfvec *v = PG_GETARG_HALFVEC(0);
	qd_vector  *result;

	(void) qd_vec_typmod_ok(PG_GETARG_INT32(1), qd_vec_dim(v), NULL);
	result = qd_vector_new(qd_vec_dim(v));
	qd_elements.half_to_float(v->x, result->x, qd_vec_dim(v));
	PG_RETURN_POINTER(result);
}

/*----------
 * Arithmetic: computed in float, then rounded.  A result too large for a half
 * is an error, and so is a product that is lost in zero.
 *----------
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
	return x * y;
}

static inline Datum
by_element(PG_FUNCTION_ARGS, arithmetic op)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);
	qd_halfvec *b = PG_GETARG_HALFVEC(1);
	int			dim = qd_vec_dim(a);
	qd_halfvec *v;

	qd_vec_check_same_dim(a, b);
	v = qd_halfvec_new(dim);
	for (int i = 0; i < dim; i++)
	{
		float		x = qd_half_to_float(a->x[i]);
		float		y = qd_half_to_float(b->x[i]);
		float		z = op(x, y);

		if (!holds(z))
			float_overflow_error();
		v->x[i] = qd_half_from_float(z);
		if (op == multiply && qd_half_to_float(v->x[i]) == 0 && x != 0 && y != 0)
			float_underflow_error();
	}
	PG_RETURN_POINTER(v);
}

QD_FUNCTION(qd_halfvec_add);
Datum
qd_halfvec_add(PG_FUNCTION_ARGS)
{
	return by_element(fcinfo, add);
}

QD_FUNCTION(qd_halfvec_sub);
Datum
qd_halfvec_sub(PG_FUNCTION_ARGS)
{
	return by_element(fcinfo, subtract);
}

QD_FUNCTION(qd_halfvec_mul);
Datum
qd_halfvec_mul(PG_FUNCTION_ARGS)
{
	return by_element(fcinfo, multiply);
}

QD_FUNCTION(qd_halfvec_concat);
Datum
qd_halfvec_concat(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);
	qd_halfvec *b = PG_GETARG_HALFVEC(1);
	int			dim_a = qd_vec_dim(a);
	int			dim_b = qd_vec_dim(b);
	qd_halfvec *v;

	(void) qd_vec_dim_ok(&qd_halfvec_type, (int64) dim_a + dim_b, NULL);
	v = qd_halfvec_new(dim_a + dim_b);
	memcpy(v->x, a->x, sizeof(qd_half) * dim_a);
	memcpy(v->x + dim_a, b->x, sizeof(qd_half) * dim_b);
	PG_RETURN_POINTER(v);
}

/*----------
 * Comparison
 *----------
 */
/* A sort calls it often in one context: nothing may be left there. */
static int
compare(const qd_halfvec *a, const qd_halfvec *b)
{
	int			dim_a = qd_vec_dim(a);
	int			dim_b = qd_vec_dim(b);

	for (int i = 0; i < Min(dim_a, dim_b); i++)
	{
		float		x = qd_half_to_float(a->x[i]);
		float		y = qd_half_to_float(b->x[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return dim_a < dim_b ? -1 : dim_a > dim_b ? 1 : 0;
}

#define COMPARISON(name, condition) \
QD_FUNCTION(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	int			cmp = compare(PG_GETARG_HALFVEC(0), PG_GETARG_HALFVEC(1)); \
\
	PG_RETURN_BOOL(condition); \
}

COMPARISON(qd_halfvec_lt, cmp < 0)
COMPARISON(qd_halfvec_le, cmp <= 0)
COMPARISON(qd_halfvec_eq, cmp == 0)
COMPARISON(qd_halfvec_ne, cmp != 0)
COMPARISON(qd_halfvec_ge, cmp >= 0)
COMPARISON(qd_halfvec_gt, cmp > 0)

QD_FUNCTION(qd_halfvec_cmp);
Datum
qd_halfvec_cmp(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);
	qd_halfvec *b = PG_GETARG_HALFVEC(1);
	int			cmp = compare(a, b);

	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	PG_RETURN_INT32(cmp);
}
