/*
 * estimate.h
 *		Dot products of clipped or stored codes, within src/quantization: their
 *		scales are such that they are right in the mean.  Pure C.
 *
 * With c a row's code and x its vector, scale = |x|^2 / <x,c> (Gao & Long 2024
 * call it the unbiased estimator of RaBitQ): what x has beside c's direction is
 * random, since the rotation is.
 */
#ifndef QD_ESTIMATE_H
#define QD_ESTIMATE_H

#include "quantization/quant.h"

/* Distances are finite: INFINITY means that there is no vector. */
extern float qd_to_finite(double d);

/*
 * Makes the head of code w, decoded as head->scale * w, that of c, by <w,w>,
 * <w,c> and <c,c>.
 */
extern void qd_unbias(qd_code_head *head, double ww, double wc, double cc);

/* The distance by an estimated dot product. */
extern float qd_estimate(qd_metric metric, const qd_code_head *a,
						 const qd_code_head *b, float dot);

/* Four standard deviations of it; not for L1. */
extern float qd_estimate_error(const qd_query *q, const qd_code_head *head,
							   float distance);

#endif							/* QD_ESTIMATE_H */
