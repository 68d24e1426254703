/*
 * vector.h
 *		The type vector: float4 coordinates, 1 to 65,536 of them.
 *		vec_type.h has what it shares with the other vector types.
 */
#ifndef QD_VECTOR_H
#define QD_VECTOR_H

#include "types/vec_type.h"

typedef struct qd_vector
{
	int32		vl_len_;
	uint16		dim_field;
	int16		unused;
	float		x[FLEXIBLE_ARRAY_MEMBER];
} qd_vector;

#define QD_VECTOR_SIZE(dim)	(offsetof(qd_vector, x) + sizeof(float) * (Size) (dim))
#define DatumGetVector(d)	((qd_vector *) PG_DETOAST_DATUM(d))
#define PG_GETARG_VECTOR(n)	DatumGetVector(PG_GETARG_DATUM(n))

static inline int
qd_vector_dim(const qd_vector *v)
{
	return qd_vec_dim(v);
}

/* A zeroed vector of dim coordinates in the current context. */
extern qd_vector *qd_vector_new(int dim);

extern const qd_vec_type qd_vector_type;

/* Raises ERRCODE_DATA_EXCEPTION when one of the elements is not finite. */
extern void qd_vector_check_elements(const qd_vector *v);

/*
 * Cosine distance of pgvector: 1 - cos, in 0..2; NaN when one of the two is
 * zero.
 */
extern double qd_vector_cosine_distance(const float *a, const float *b, int dim);

#endif							/* QD_VECTOR_H */
