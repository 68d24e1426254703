/*
 * byte_distance.c
 *		Distances, norms and aggregates of bytevec, and Qdrant's score.  All
 *		sums are integers: nothing is rounded before the last step.
 */
#include "compat.h"

#include <math.h>

#include "distance/distance.h"
#include "distance/elements.h"
#include "types/bytevec.h"
#include "types/score.h"
#include "types/vector.h"

QD_FUNCTION(qd_bytevec_l2);
Datum
qd_bytevec_l2(PG_FUNCTION_ARGS)
{
	qd_bytevec *a = PG_GETARG_BYTEVEC(0);
	qd_bytevec *b = PG_GETARG_BYTEVEC(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8(sqrt(qd_elements.byte_l2_squared(a->x, b->x,
													  qd_vec_dim(a))));
}

QD_FUNCTION(qd_bytevec_l1);
Datum
qd_bytevec_l1(PG_FUNCTION_ARGS)
{
	qd_bytevec *a = PG_GETARG_BYTEVEC(0);
	qd_bytevec *b = PG_GETARG_BYTEVEC(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8(qd_distance.l1_u8(a->x, b->x, qd_vec_dim(a)));
}

QD_FUNCTION(qd_bytevec_ip);
Datum
qd_bytevec_ip(PG_FUNCTION_ARGS)
{
	qd_bytevec *a = PG_GETARG_BYTEVEC(0);
	qd_bytevec *b = PG_GETARG_BYTEVEC(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8(qd_elements.byte_dot(a->x, b->x, qd_vec_dim(a)));
}

QD_FUNCTION(qd_bytevec_negative_ip);
Datum
qd_bytevec_negative_ip(PG_FUNCTION_ARGS)
{
	qd_bytevec *a = PG_GETARG_BYTEVEC(0);
	qd_bytevec *b = PG_GETARG_BYTEVEC(1);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8(-(double) qd_elements.byte_dot(a->x, b->x, qd_vec_dim(a)));
}

QD_FUNCTION(qd_bytevec_cosine);
Datum
qd_bytevec_cosine(PG_FUNCTION_ARGS)
{
	qd_bytevec *a = PG_GETARG_BYTEVEC(0);
	qd_bytevec *b = PG_GETARG_BYTEVEC(1);
	int			dim = qd_vec_dim(a);

	qd_vec_check_same_dim(a, b);
	PG_RETURN_FLOAT8(qd_vec_cosine_distance(qd_elements.byte_dot(a->x, b->x, dim),
											qd_elements.byte_dot(a->x, a->x, dim),
											qd_elements.byte_dot(b->x, b->x, dim)));
}

/* Bytes are not normalised, so that of Cosine is the cosine; 0 for zero. */
QD_FUNCTION(qd_bytevec_score);
Datum
qd_bytevec_score(PG_FUNCTION_ARGS)
{
	qd_bytevec *a = PG_GETARG_BYTEVEC(0);
	qd_bytevec *b = PG_GETARG_BYTEVEC(1);
	int			dim = qd_vec_dim(a);
	float		dot;
	float		norms;

	qd_vec_check_same_dim(a, b);
	switch (qd_score_distance(PG_GETARG_TEXT_PP(2)))
	{
		case QD_SCORE_DOT:
			PG_RETURN_FLOAT4(qd_elements.byte_dot(a->x, b->x, dim));
		case QD_SCORE_EUCLID:
			PG_RETURN_FLOAT4(sqrtf(qd_elements.byte_l2_squared(a->x, b->x, dim)));
		case QD_SCORE_MANHATTAN:
			PG_RETURN_FLOAT4(qd_distance.l1_u8(a->x, b->x, dim));
		case QD_SCORE_COSINE:
			break;
	}
	dot = qd_elements.byte_dot(a->x, b->x, dim);
	norms = (float) (sqrt(qd_elements.byte_dot(a->x, a->x, dim)) *
					 sqrt(qd_elements.byte_dot(b->x, b->x, dim)));
	PG_RETURN_FLOAT4(norms == 0 ? 0 : dot / norms);
}

QD_FUNCTION(qd_bytevec_dims);
Datum
qd_bytevec_dims(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(qd_vec_dim(PG_GETARG_BYTEVEC(0)));
}

QD_FUNCTION(qd_bytevec_norm);
Datum
qd_bytevec_norm(PG_FUNCTION_ARGS)
{
	qd_bytevec *a = PG_GETARG_BYTEVEC(0);

	PG_RETURN_FLOAT8(sqrt(qd_elements.byte_dot(a->x, a->x, qd_vec_dim(a))));
}

/* avg and sum give vectors, which hold fractions and more than 255. */
QD_FUNCTION(qd_bytevec_accum);
Datum
qd_bytevec_accum(PG_FUNCTION_ARGS)
{
	qd_bytevec *v = PG_GETARG_BYTEVEC(1);
	float	   *x = palloc(sizeof(float) * qd_vec_dim(v));
	ArrayType  *state;

	qd_bytevec_to_floats(v, x);
	state = qd_vec_accumulate(fcinfo, PG_GETARG_ARRAYTYPE_P(0), x,
							  qd_vec_dim(v));
	pfree(x);
	PG_RETURN_ARRAYTYPE_P(state);
}
