/*
 * product.h
 *		Product codes: a byte names one of 256 learned centroids of a chunk of
 *		coordinates.  Pure C.
 *
 * A codebook holds, chunk by chunk, 256 centroids of chunk signed bytes each,
 * the last chunk filled with zeroes.  Directions are learned: a row's
 * coordinates times QD_PRODUCT_UNIT over their root mean square; for L1 its
 * coordinates over the codebook's scale.
 */
#ifndef QD_PRODUCT_H
#define QD_PRODUCT_H

#include "quantization/quant.h"

#define QD_CENTROIDS		256
#define QD_PRODUCT_UNIT		32.0	/* 127 is four standard deviations */

extern uint32_t qd_product_chunks(const qd_codec *c);
extern size_t qd_codebook_bytes(const qd_codec *c);

/*
 * Learns the centroids of chunk m from n rows of wide codes, each multiplied by
 * its factor, into codebook, by k-means; work has qd_product_work(n) bytes.
 */
extern size_t qd_product_work(uint32_t n);
extern void qd_product_learn(const qd_codec *c, uint32_t m,
							 const int8_t *const *rows, const float *factors,
							 uint32_t n, void *work, int8_t *codebook);

/* A row's factor there (L1: with the codebook's scale set). */
extern float qd_product_factor(const qd_codec *c, const qd_code_head *head,
							   const int8_t *wide);

/* The nearest centroids of wide * factor, and back. */
extern void qd_product_encode(const qd_codec *c, const int8_t *wide,
							  float factor, uint8_t *stored);
extern void qd_product_decode(const qd_codec *c, const uint8_t *stored,
							  int8_t *wide);

#endif							/* QD_PRODUCT_H */
