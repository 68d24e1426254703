/*
 * halfvec.h
 *		The type halfvec: half float elements, 1 to 65,536 of them.
 */
#ifndef QD_HALFVEC_H
#define QD_HALFVEC_H

#include "distance/half.h"
#include "types/vec_type.h"

typedef struct qd_halfvec
{
	int32		vl_len_;
	uint16		dim_field;
	int16		unused;
	qd_half		x[FLEXIBLE_ARRAY_MEMBER];
} qd_halfvec;

#define DatumGetHalfvec(d)		((qd_halfvec *) PG_DETOAST_DATUM(d))
#define PG_GETARG_HALFVEC(n)	DatumGetHalfvec(PG_GETARG_DATUM(n))

extern const qd_vec_type qd_halfvec_type;

/* A zeroed value in the current context. */
extern qd_halfvec *qd_halfvec_new(int dim);

/* x rounded; raises for what is not finite or too large. */
extern qd_halfvec *qd_halfvec_from_floats(const float *x, int dim);

/* The elements as floats, palloc'd. */
extern float *qd_halfvec_floats(const qd_halfvec *v);

/* pgvector's cosine distance, of half floats. */
extern double qd_halfvec_cosine_distance(const qd_half *a, const qd_half *b,
										 int dim);

#endif							/* QD_HALFVEC_H */
