/*
 * half_distance.c
 *		Distances, norms, parts and aggregates of halfvec, and Qdrant's score.
 */
#include "compat.h"

#include <float.h>
#include <math.h>

#include "distance/elements.h"
#include "types/halfvec.h"
#include "types/score.h"

double
qd_halfvec_cosine_distance(const qd_half *a, const qd_half *b, int dim)
{
	float		ab;
	float		aa;
	float		bb;

	/* squares of halves are normal floats, or zero: no sum is too large */
	qd_elements.half_cosine_parts(a, b, dim, &ab, &aa, &bb);
	return qd_vec_cosine_distance(ab, aa, bb);
}

QD_FUNCTION(qd_halfvec_cosine);
Datum
qd_halfvec_cosine(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);
	qd_halfvec *b = PG_GETARG_HALFVEC(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8(qd_halfvec_cosine_distance(a->x, b->x, qd_vec_dim(a)));
}

QD_FUNCTION(qd_halfvec_l2);
Datum
qd_halfvec_l2(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);
	qd_halfvec *b = PG_GETARG_HALFVEC(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8(sqrt((double) qd_elements.half_l2_squared(a->x, b->x,
															   qd_vec_dim(a))));
}

QD_FUNCTION(qd_halfvec_l1);
Datum
qd_halfvec_l1(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);
	qd_halfvec *b = PG_GETARG_HALFVEC(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8((double) qd_elements.half_l1(a->x, b->x, qd_vec_dim(a)));
}

QD_FUNCTION(qd_halfvec_ip);
Datum
qd_halfvec_ip(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);
	qd_halfvec *b = PG_GETARG_HALFVEC(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8((double) qd_elements.half_dot(a->x, b->x, qd_vec_dim(a)));
}

QD_FUNCTION(qd_halfvec_negative_ip);
Datum
qd_halfvec_negative_ip(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);
	qd_halfvec *b = PG_GETARG_HALFVEC(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8(-(double) qd_elements.half_dot(a->x, b->x, qd_vec_dim(a)));
}

/*
 * Qdrant's score.  A vector that came through the API was normalised before it
 * was rounded, so the squared norm of a stored one is 1 but for roundings; one
 * that SQL stored as it was is divided by its length here.
 */
QD_FUNCTION(qd_halfvec_score);
Datum
qd_halfvec_score(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);
	qd_halfvec *b = PG_GETARG_HALFVEC(1);
	int			dim = qd_vec_dim(a);
	float		dot;
	float		squared;

	qd_vec_check_same_dim(a, b);
	switch (qd_score_distance(PG_GETARG_TEXT_PP(2)))
	{
		case QD_SCORE_DOT:
			PG_RETURN_FLOAT4(qd_elements.half_dot(a->x, b->x, dim));
		case QD_SCORE_EUCLID:
			PG_RETURN_FLOAT4(sqrtf(qd_elements.half_l2_squared(a->x, b->x, dim)));
		case QD_SCORE_MANHATTAN:
			PG_RETURN_FLOAT4(qd_elements.half_l1(a->x, b->x, dim));
		case QD_SCORE_COSINE:
			break;
	}
	dot = qd_elements.half_dot(a->x, b->x, dim);
	squared = qd_elements.half_dot(a->x, a->x, dim);
	if (squared < FLT_EPSILON || fabsf(squared - 1) <= 1e-3f)
		PG_RETURN_FLOAT4(dot);
	PG_RETURN_FLOAT4(dot / sqrtf(squared));
}

QD_FUNCTION(qd_halfvec_dims);
Datum
qd_halfvec_dims(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(qd_vec_dim(PG_GETARG_HALFVEC(0)));
}

QD_FUNCTION(qd_halfvec_norm);
Datum
qd_halfvec_norm(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);

	PG_RETURN_FLOAT8(qd_vec_norm(qd_halfvec_floats(a), qd_vec_dim(a)));
}

/* The zero vector stays as it is. */
QD_FUNCTION(qd_halfvec_normalize);
Datum
qd_halfvec_normalize(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);
	int			dim = qd_vec_dim(a);
	float	   *x = qd_halfvec_floats(a);
	double		length = qd_vec_norm(x, dim);

	for (int i = 0; i < dim && length > 0; i++)
		x[i] = (float) (x[i] / length);
	PG_RETURN_POINTER(qd_halfvec_from_floats(x, dim));
}

QD_FUNCTION(qd_halfvec_binary_quantize);
Datum
qd_halfvec_binary_quantize(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);

	PG_RETURN_DATUM(qd_vec_binary(qd_halfvec_floats(a), qd_vec_dim(a)));
}

/* subvector(v, start, count): start counts from 1. */
QD_FUNCTION(qd_halfvec_subvector);
Datum
qd_halfvec_subvector(PG_FUNCTION_ARGS)
{
	qd_halfvec *a = PG_GETARG_HALFVEC(0);
	int			first;
	int			n = qd_vec_part(&qd_halfvec_type, qd_vec_dim(a),
								PG_GETARG_INT32(1), PG_GETARG_INT32(2), &first);
	qd_halfvec *v = qd_halfvec_new(n);

	memcpy(v->x, a->x + first, sizeof(qd_half) * n);
	PG_RETURN_POINTER(v);
}

/*----------
 * Aggregates; their combine function is that of vector
 *----------
 */
QD_FUNCTION(qd_halfvec_accum);
Datum
qd_halfvec_accum(PG_FUNCTION_ARGS)
{
	qd_halfvec *v = PG_GETARG_HALFVEC(1);
	float	   *x = qd_halfvec_floats(v);
	ArrayType  *state = qd_vec_accumulate(fcinfo, PG_GETARG_ARRAYTYPE_P(0), x,
										  qd_vec_dim(v));

	pfree(x);
	PG_RETURN_ARRAYTYPE_P(state);
}

QD_FUNCTION(qd_halfvec_avg);
Datum
qd_halfvec_avg(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *x = qd_vec_average(PG_GETARG_ARRAYTYPE_P(0), &dim);

	if (x == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(qd_halfvec_from_floats(x, dim));
}

QD_FUNCTION(qd_halfvec_sum);
Datum
qd_halfvec_sum(PG_FUNCTION_ARGS)
{
	int			dim;
	float	   *x = qd_vec_sum(PG_GETARG_ARRAYTYPE_P(0), &dim);

	if (x == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(qd_halfvec_from_floats(x, dim));
}
