/*
 * bytevec.h
 *		The type bytevec: elements 0 to 255, 1 to 65,536 of them; Qdrant's
 *		datatype uint8.
 */
#ifndef QD_BYTEVEC_H
#define QD_BYTEVEC_H

#include "types/vec_type.h"

typedef struct qd_bytevec
{
	int32		vl_len_;
	uint16		dim_field;
	int16		unused;
	uint8		x[FLEXIBLE_ARRAY_MEMBER];
} qd_bytevec;

#define DatumGetBytevec(d)		((qd_bytevec *) PG_DETOAST_DATUM(d))
#define PG_GETARG_BYTEVEC(n)	DatumGetBytevec(PG_GETARG_DATUM(n))

extern const qd_vec_type qd_bytevec_type;

/* A zeroed value in the current context. */
extern qd_bytevec *qd_bytevec_new(int dim);

/* The elements as floats. */
static inline void
qd_bytevec_to_floats(const qd_bytevec *v, float *x)
{
	for (int i = 0; i < qd_vec_dim(v); i++)
		x[i] = v->x[i];
}

#endif							/* QD_BYTEVEC_H */
