/*
 * vec_type.h
 *		What the vector types have in common: 1 to 65,536 elements behind one
 *		header, checks of input, the text form "[1,2.5]", arrays.
 *
 * On disk (vector and halfvec binary compatible with pgvector's types of the
 * same names):
 *
 *		OFFSET	SIZE		MEANING
 *		0		4			varlena header
 *		4		2			dim, 0 means 65,536
 *		6		2			0
 *		8		size*dim	elements: float4, half float or byte; finite
 */
#ifndef QD_VEC_TYPE_H
#define QD_VEC_TYPE_H

#include "postgres.h"
#include "fmgr.h"

#include "lib/stringinfo.h"
#include "utils/array.h"

#define QD_VECTOR_MAX_DIM	65536

struct Node;

/* One of the types, for checks and messages. */
typedef struct qd_vec_type
{
	const char *name;
	/* Is a finite x a value of the type (maybe after rounding)? */
	bool		(*holds) (float x);
	const char *hint;			/* about one that is not, or NULL */
	bool		whole;			/* of whole numbers: none is made by rounding */
} qd_vec_type;

/* What every value of the types starts with. */
typedef struct qd_vec_header
{
	int32		vl_len_;
	uint16		dim_field;
	int16		unused;
} qd_vec_header;

#define QD_VEC_HEADER_SIZE	sizeof(qd_vec_header)

static inline int
qd_vec_dim(const void *v)
{
	uint16		dim_field = ((const qd_vec_header *) v)->dim_field;

	return dim_field == 0 ? QD_VECTOR_MAX_DIM : dim_field;
}

/* A zeroed value in the current context. */
extern void *qd_vec_new(int dim, Size element_size);

/*
 * Checks of input: false after an error, which goes to escontext; escontext
 * NULL raises it.  A dimension is 1 to 65,536, typmod is -1 or the dimension.
 */
extern bool qd_vec_dim_ok(const qd_vec_type *type, int64 dim,
						  struct Node *escontext);
extern bool qd_vec_typmod_ok(int32 typmod, int dim, struct Node *escontext);

/* Raise an error unless x is a value, or all n are. */
extern void qd_vec_check_element(const qd_vec_type *type, float x);
extern void qd_vec_check_elements(const qd_vec_type *type, const float *x, int n);

/* Raises ERRCODE_DATA_EXCEPTION unless both have the same dimension. */
extern void qd_vec_check_same_dim(const void *a, const void *b);

/* The type modifier that stands in parentheses: the number of dimensions. */
extern int32 qd_vec_typmod_in(const qd_vec_type *type, ArrayType *array);

/*
 * Checks the header of a binary value; the elements' bytes, which are checked
 * to be there, in *bytes, and the dimension.
 */
extern int	qd_vec_recv(const qd_vec_type *type, StringInfo buf, int32 typmod,
						Size element_size, const char **bytes);
/* Starts a binary value with its header; room for the elements is made. */
extern void qd_vec_send_begin(StringInfo buf, const void *v, Size element_size);

/* The elements of an array of integer, real, double precision or numeric. */
extern float *qd_vec_from_array(const qd_vec_type *type, ArrayType *array,
								int32 typmod, int *dim);
extern ArrayType *qd_vec_to_reals(const float *x, int dim);

/*
 * vec_text.c: parses "[1,2.5]".  Errors are of class 22 (54000 for too many
 * dimensions) and go to escontext, then the result is NULL; escontext NULL
 * raises them.
 */
extern float *qd_vec_text_parse(const qd_vec_type *type, const char *text,
								int32 typmod, int *dim, struct Node *escontext);

/*
 * vec_text.c: whether a number, as strtof takes it, is whole as it is written,
 * before rounding.
 */
extern bool qd_vec_text_is_whole(const char *start, const char *end);

/* vec_text.c: palloc'd text, shortest float4. */
extern char *qd_vec_text_print(const float *x, int dim);

/* vec_agg.c: a row added to the state of avg and sum. */
extern ArrayType *qd_vec_accumulate(FunctionCallInfo fcinfo, ArrayType *state,
									const float *x, int dim);
/* vec_agg.c: the mean or the sum of a state; NULL when it saw no row. */
extern float *qd_vec_average(ArrayType *state, int *dim);
extern float *qd_vec_sum(ArrayType *state, int *dim);

/*
 * vec_distance.c: the part of count elements that starts with the start-th,
 * counted from 1, cut to what there is: its first element counted from 0, and
 * its length as result.  Raises when nothing is left.
 */
extern int	qd_vec_part(const qd_vec_type *type, int dim, int32 start,
						int32 count, int *first);
/* vec_distance.c: a bit string, 1 for each element that is positive. */
extern Datum qd_vec_binary(const float *x, int dim);
/* vec_distance.c: sqrt of the sum of squares. */
extern double qd_vec_norm(const float *x, int dim);
/*
 * vec_distance.c: pgvector's cosine distance, 1 - cos, in 0..2; NaN when one of
 * the two is zero.
 */
extern double qd_vec_cosine_distance(double ab, double aa, double bb);
#endif							/* QD_VEC_TYPE_H */
