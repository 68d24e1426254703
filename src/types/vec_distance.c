/*
 * vec_distance.c
 *		Distances and norms of vectors: the functions behind the operators
 *		<=> <-> <#> <+>, and Qdrant's score.
 */
#include "compat.h"

#include <float.h>
#include <math.h>

#include "utils/builtins.h"
#include "utils/varbit.h"

#include "distance/distance.h"
#include "types/vector.h"

/* For norms whose square is no normal float4: zero, tiny or huge. */
static double
precise_cosine(const float *a, const float *b, int dim)
{
	double		ab = 0;
	double		aa = 0;
	double		bb = 0;

	for (int i = 0; i < dim; i++)
	{
		ab += (double) a[i] * b[i];
		aa += (double) a[i] * a[i];
		bb += (double) b[i] * b[i];
	}
	return ab / (sqrt(aa) * sqrt(bb));
}

double
qd_vector_cosine_distance(const float *a, const float *b, int dim)
{
	float		ab;
	float		aa;
	float		bb;
	double		similarity;

	qd_distance.cosine_parts(a, b, dim, &ab, &aa, &bb);
	if (aa >= FLT_MIN && aa <= FLT_MAX && bb >= FLT_MIN && bb <= FLT_MAX)
		similarity = (double) ab / sqrt((double) aa * (double) bb);
	else
		similarity = precise_cosine(a, b, dim);
	if (similarity > 1)
		similarity = 1;
	else if (similarity < -1)
		similarity = -1;
	return 1 - similarity;
}

QD_FUNCTION(qd_cosine_distance);
Datum
qd_cosine_distance(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);

	qd_vector_check_dims(a, b);
	PG_RETURN_FLOAT8(qd_vector_cosine_distance(a->x, b->x, qd_vector_dim(a)));
}

QD_FUNCTION(qd_l2_distance);
Datum
qd_l2_distance(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);

	qd_vector_check_dims(a, b);
	PG_RETURN_FLOAT8(sqrt((double) qd_distance.l2_squared(a->x, b->x,
														  qd_vector_dim(a))));
}

QD_FUNCTION(qd_l1_distance);
Datum
qd_l1_distance(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);

	qd_vector_check_dims(a, b);
	PG_RETURN_FLOAT8((double) qd_distance.l1(a->x, b->x, qd_vector_dim(a)));
}

QD_FUNCTION(qd_inner_product);
Datum
qd_inner_product(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);

	qd_vector_check_dims(a, b);
	PG_RETURN_FLOAT8((double) qd_distance.dot(a->x, b->x, qd_vector_dim(a)));
}

QD_FUNCTION(qd_negative_inner_product);
Datum
qd_negative_inner_product(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);

	qd_vector_check_dims(a, b);
	PG_RETURN_FLOAT8(-(double) qd_distance.dot(a->x, b->x, qd_vector_dim(a)));
}

QD_FUNCTION(qd_vector_dims);
Datum
qd_vector_dims(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(qd_vector_dim(PG_GETARG_VECTOR(0)));
}

static double
norm(const qd_vector *v)
{
	double		sum = 0;

	for (int i = 0; i < qd_vector_dim(v); i++)
		sum += (double) v->x[i] * v->x[i];
	return sqrt(sum);
}

QD_FUNCTION(qd_vector_norm);
Datum
qd_vector_norm(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(norm(PG_GETARG_VECTOR(0)));
}

/* The zero vector stays as it is. */
QD_FUNCTION(qd_l2_normalize);
Datum
qd_l2_normalize(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	int			dim = qd_vector_dim(a);
	double		length = norm(a);
	qd_vector  *v = qd_vector_new(dim);

	if (length > 0)
	{
		for (int i = 0; i < dim; i++)
			v->x[i] = (float) (a->x[i] / length);
	}
	PG_RETURN_POINTER(v);
}

/*
 * What Qdrant does to a vector of a Cosine collection before it stores it:
 * divided by its norm, computed in float4, but left alone when its squared
 * norm is below the float4 epsilon or within 1e-6 of 1 (reference,
 * semantics.md 4).
 */
QD_FUNCTION(qd_cosine_normalize);
Datum
qd_cosine_normalize(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	int			dim = qd_vector_dim(a);
	float		squared = qd_distance.dot(a->x, a->x, dim);
	qd_vector  *v;
	double		length;

	if (squared < 1.1920929e-7f || fabsf(squared - 1.0f) <= 1e-6f)
		PG_RETURN_POINTER(a);
	/* float4 overflows for coordinates that are fine themselves */
	length = isinf(squared) ? norm(a) : sqrtf(squared);
	v = qd_vector_new(dim);
	for (int i = 0; i < dim; i++)
		v->x[i] = (float) (a->x[i] / length);
	PG_RETURN_POINTER(v);
}

/* One bit per coordinate: 1 where it is positive. */
QD_FUNCTION(qd_binary_quantize);
Datum
qd_binary_quantize(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	int			dim = qd_vector_dim(a);
	VarBit	   *bits = palloc0(VARBITTOTALLEN(dim));
	bits8	   *out = VARBITS(bits);

	SET_VARSIZE(bits, VARBITTOTALLEN(dim));
	VARBITLEN(bits) = dim;
	for (int i = 0; i < dim; i++)
		out[i / 8] |= (a->x[i] > 0) << (7 - (i % 8));
	PG_RETURN_VARBIT_P(bits);
}

/* subvector(v, start, count): start counts from 1. */
QD_FUNCTION(qd_subvector);
Datum
qd_subvector(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	int64		start = PG_GETARG_INT32(1);
	int64		count = PG_GETARG_INT32(2);
	int64		end = Min(start + count, (int64) qd_vector_dim(a) + 1);
	qd_vector  *v;

	if (count < 1)
		qd_vector_check_dim(0);
	start = Max(start, 1);
	if (start >= end)
		qd_vector_check_dim(0);
	v = qd_vector_new((int) (end - start));
	memcpy(v->x, a->x + start - 1, sizeof(float) * (end - start));
	PG_RETURN_POINTER(v);
}

/*
 * Qdrant's score of two vectors as stored: the dot product for Cosine (both
 * normalised) and Dot, the distance for Euclid and Manhattan.
 */
/*
 * Cosine of a stored vector and a normalised query.  What came through the API
 * is normalised, and the dot product is Qdrant's score to the bit; a vector
 * that SQL stored as it was is divided by its length here.  The limits are
 * those of Qdrant's normalisation at write time (qd_cosine_normalize).
 */
static float
cosine_score(const float *stored, const float *query, int dim)
{
	float		dot = qd_distance.dot(stored, query, dim);
	float		squared = qd_distance.dot(stored, stored, dim);

	if (squared < FLT_EPSILON || fabsf(squared - 1.0f) <= 1e-4f)
		return dot;
	return dot / sqrtf(squared);
}

QD_FUNCTION(qd_score);
Datum
qd_score(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);
	text	   *distance = PG_GETARG_TEXT_PP(2);
	const char *name = VARDATA_ANY(distance);
	int			len = VARSIZE_ANY_EXHDR(distance);
	int			dim = qd_vector_dim(a);

	qd_vector_check_dims(a, b);
	if (len == 6 && memcmp(name, "Cosine", 6) == 0)
		PG_RETURN_FLOAT4(cosine_score(a->x, b->x, dim));
	if (len == 3 && memcmp(name, "Dot", 3) == 0)
		PG_RETURN_FLOAT4(qd_distance.dot(a->x, b->x, dim));
	if (len == 6 && memcmp(name, "Euclid", 6) == 0)
		PG_RETURN_FLOAT4(sqrtf(qd_distance.l2_squared(a->x, b->x, dim)));
	if (len == 9 && memcmp(name, "Manhattan", 9) == 0)
		PG_RETURN_FLOAT4(qd_distance.l1(a->x, b->x, dim));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("distance \"%s\" does not exist",
					text_to_cstring(distance)),
			 errhint("Distances are Cosine, Dot, Euclid and Manhattan.")));
}
