/*
 * coarse.h
 *		A second code of rows beside their wide ones, a quarter as large: lower
 *		bounds of distances, which tell most of the rows that need no closer
 *		look.  Pure C: no server header.
 *
 * The code is that of QD_CODE_2_BITS, made of the wide code.  Its dot product
 * with a query is right in the mean, and what it is off by has, since the
 * rotation is random, the standard deviation
 *
 *		|q| |w| sqrt((1 / a^2 - 1) / (dims - 1))
 *
 * at most, w being the decoded wide code and a its cosine with the coarse one
 * (estimate.h).  A bound is four of them below the estimate, so that about one
 * of 30,000 is wrong.
 */
#ifndef QD_COARSE_H
#define QD_COARSE_H

#include "quantization/quant.h"

typedef struct qd_coarse_row
{
	float		scale;			/* of the code */
	float		norm2;			/* of the row, squared */
	float		spread;			/* four standard deviations, for |q| = 1 */
} qd_coarse_row;

/* Whether rows of the codec have one that is worth it; bytes of a code. */
extern bool qd_coarse_serves(const qd_codec *c);
extern size_t qd_coarse_bytes(const qd_codec *c);

extern void qd_coarse_encode(const qd_codec *c, const qd_code_head *head,
							 const int8_t *wide, qd_coarse_row *row,
							 uint8_t *code);

/*
 * Lower bounds of n rows' qd_query_distance, their codes side by side; NaN or
 * -infinity where numbers are too large.
 */
extern void qd_coarse_bounds(const qd_query *q, const qd_coarse_row *rows,
							 const uint8_t *codes, size_t n, float *out);

#endif							/* QD_COARSE_H */
