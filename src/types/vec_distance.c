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
#include "types/score.h"
#include "types/vector.h"

double
qd_vec_cosine_distance(double ab, double aa, double bb)
{
	double		similarity = ab / sqrt(aa * bb);

	if (similarity > 1)
		similarity = 1;
	else if (similarity < -1)
		similarity = -1;
	return 1 - similarity;
}

/* For norms whose square is no normal float4: zero, tiny or huge. */
static double
precise_cosine_distance(const float *a, const float *b, int dim)
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
	return qd_vec_cosine_distance(ab, aa, bb);
}

double
qd_vector_cosine_distance(const float *a, const float *b, int dim)
{
	float		ab;
	float		aa;
	float		bb;

	qd_distance.cosine_parts(a, b, dim, &ab, &aa, &bb);
	if (aa >= FLT_MIN && aa <= FLT_MAX && bb >= FLT_MIN && bb <= FLT_MAX)
		return qd_vec_cosine_distance(ab, aa, bb);
	return precise_cosine_distance(a, b, dim);
}

QD_FUNCTION(qd_cosine_distance);
Datum
qd_cosine_distance(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8(qd_vector_cosine_distance(a->x, b->x, qd_vector_dim(a)));
}

QD_FUNCTION(qd_l2_distance);
Datum
qd_l2_distance(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8(sqrt((double) qd_distance.l2_squared(a->x, b->x,
														  qd_vector_dim(a))));
}

QD_FUNCTION(qd_l1_distance);
Datum
qd_l1_distance(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8((double) qd_distance.l1(a->x, b->x, qd_vector_dim(a)));
}

QD_FUNCTION(qd_inner_product);
Datum
qd_inner_product(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8((double) qd_distance.dot(a->x, b->x, qd_vector_dim(a)));
}

QD_FUNCTION(qd_negative_inner_product);
Datum
qd_negative_inner_product(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8(-(double) qd_distance.dot(a->x, b->x, qd_vector_dim(a)));
}

QD_FUNCTION(qd_vector_dims);
Datum
qd_vector_dims(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(qd_vector_dim(PG_GETARG_VECTOR(0)));
}

double
qd_vec_norm(const float *x, int dim)
{
	double		sum = 0;

	for (int i = 0; i < dim; i++)
		sum += (double) x[i] * x[i];
	return sqrt(sum);
}

QD_FUNCTION(qd_vector_norm);
Datum
qd_vector_norm(PG_FUNCTION_ARGS)
{
	qd_vector  *v = PG_GETARG_VECTOR(0);

	PG_RETURN_FLOAT8(qd_vec_norm(v->x, qd_vector_dim(v)));
}

/* The zero vector stays as it is. */
QD_FUNCTION(qd_l2_normalize);
Datum
qd_l2_normalize(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	int			dim = qd_vector_dim(a);
	double		length = qd_vec_norm(a->x, dim);
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
	length = isinf(squared) ? qd_vec_norm(a->x, dim) : sqrtf(squared);
	v = qd_vector_new(dim);
	for (int i = 0; i < dim; i++)
		v->x[i] = (float) (a->x[i] / length);
	PG_RETURN_POINTER(v);
}

Datum
qd_vec_binary(const float *x, int dim)
{
	VarBit	   *bits = palloc0(VARBITTOTALLEN(dim));
	bits8	   *out = VARBITS(bits);

	SET_VARSIZE(bits, VARBITTOTALLEN(dim));
	VARBITLEN(bits) = dim;
	for (int i = 0; i < dim; i++)
		out[i / 8] |= (x[i] > 0) << (7 - (i % 8));
	return VarBitPGetDatum(bits);
}

QD_FUNCTION(qd_binary_quantize);
Datum
qd_binary_quantize(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);

	PG_RETURN_DATUM(qd_vec_binary(a->x, qd_vector_dim(a)));
}

int
qd_vec_part(const qd_vec_type *type, int dim, int32 start, int32 count,
			int *first)
{
	int64		end = Min((int64) start + count, (int64) dim + 1);

	start = Max(start, 1);
	if (count < 1 || start >= end)
		(void) qd_vec_dim_ok(type, 0, NULL);
	*first = start - 1;
	return (int) (end - start);
}

/* subvector(v, start, count): start counts from 1. */
QD_FUNCTION(qd_subvector);
Datum
qd_subvector(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	int			first;
	int			n = qd_vec_part(&qd_vector_type, qd_vector_dim(a),
								PG_GETARG_INT32(1), PG_GETARG_INT32(2), &first);
	qd_vector  *v = qd_vector_new(n);

	memcpy(v->x, a->x + first, sizeof(float) * n);
	PG_RETURN_POINTER(v);
}

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

qd_score_kind
qd_score_distance(text *name)
{
	static const char *const names[] = {"Cosine", "Dot", "Euclid", "Manhattan"};

	for (int i = 0; i < lengthof(names); i++)
		if (VARSIZE_ANY_EXHDR(name) == strlen(names[i]) &&
			memcmp(VARDATA_ANY(name), names[i], strlen(names[i])) == 0)
			return (qd_score_kind) i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("distance \"%s\" does not exist", text_to_cstring(name)),
			 errhint("Distances are Cosine, Dot, Euclid and Manhattan.")));
}

/*
 * Qdrant's score of two vectors as stored: the dot product for Cosine (both
 * normalised) and Dot, the distance for Euclid and Manhattan.
 */
QD_FUNCTION(qd_score);
Datum
qd_score(PG_FUNCTION_ARGS)
{
	qd_vector  *a = PG_GETARG_VECTOR(0);
	qd_vector  *b = PG_GETARG_VECTOR(1);
	int			dim = qd_vector_dim(a);

	qd_vec_check_same_dim(a, b);
	switch (qd_score_distance(PG_GETARG_TEXT_PP(2)))
	{
		case QD_SCORE_DOT:
			PG_RETURN_FLOAT4(qd_distance.dot(a->x, b->x, dim));
		case QD_SCORE_EUCLID:
			PG_RETURN_FLOAT4(sqrtf(qd_distance.l2_squared(a->x, b->x, dim)));
		case QD_SCORE_MANHATTAN:
			PG_RETURN_FLOAT4(qd_distance.l1(a->x, b->x, dim));
		case QD_SCORE_COSINE:
			break;
	}
	PG_RETURN_FLOAT4(cosine_score(a->x, b->x, dim));
}
