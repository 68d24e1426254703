/*
 * vector.h
 *		The type vector: float4 coordinates, 1 to 65,536 of them.
 *
 * On disk (and binary compatible with pgvector's type of the same name):
 *
 *		OFFSET	SIZE	MEANING
 *		0		4		varlena header
 *		4		2		dim, 0 means 65,536
 *		6		2		0
 *		8		4*dim	coordinates, finite
 */
#ifndef QD_VECTOR_H
#define QD_VECTOR_H

#include "postgres.h"
#include "fmgr.h"

#define QD_VECTOR_MAX_DIM	65536

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
	return v->dim_field == 0 ? QD_VECTOR_MAX_DIM : v->dim_field;
}

/* A zeroed vector of dim coordinates in the current context. */
extern qd_vector *qd_vector_new(int dim);

/* Raises ERRCODE_DATA_EXCEPTION unless both have the same dimension. */
extern void qd_vector_check_dims(const qd_vector *a, const qd_vector *b);

/*
 * Checks of input: false after an error, which goes to escontext; escontext
 * NULL raises it.  A dimension is 1 to 65,536, an element is finite, typmod is
 * -1 or the dimension.
 */
struct Node;
extern bool qd_vector_dim_ok(int64 dim, struct Node *escontext);
extern bool qd_vector_element_ok(float x, struct Node *escontext);
extern bool qd_vector_typmod_ok(int32 typmod, int dim, struct Node *escontext);

static inline void
qd_vector_check_dim(int64 dim)
{
	(void) qd_vector_dim_ok(dim, NULL);
}

static inline void
qd_vector_check_typmod(int32 typmod, int dim)
{
	(void) qd_vector_typmod_ok(typmod, dim, NULL);
}

/* Raises ERRCODE_DATA_EXCEPTION when one of the elements is not finite. */
extern void qd_vector_check_elements(const qd_vector *v);

/*
 * Cosine distance of pgvector: 1 - cos, in 0..2; NaN when one of the two is
 * zero.
 */
extern double qd_vector_cosine_distance(const float *a, const float *b, int dim);

/*
 * vec_text.c: parses "[1,2.5]".  Errors are of class 22 (54000 for too many
 * dimensions) and go to escontext, then the result is NULL; escontext NULL
 * raises them.
 */
extern qd_vector *qd_vec_text_parse(const char *text, int32 typmod,
									struct Node *escontext);

/* vec_text.c: palloc'd text, shortest float4. */
extern char *qd_vec_text_print(const qd_vector *v);

#endif							/* QD_VECTOR_H */
