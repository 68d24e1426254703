/*
 * elements.h
 *		Kernels of the element types beside float: half floats, bytes, bits.
 *		Pure C, chosen together with those of distance.h and under the same
 *		promises: every level gives the scalar answer up to the rounding of
 *		float sums (integer sums are equal), reads no byte past its arguments,
 *		and lets NaN and infinities pass.
 */
#ifndef QD_ELEMENTS_H
#define QD_ELEMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "distance/half.h"

typedef struct qd_element_table
{
	/* exact */
	void		(*half_to_float) (const qd_half *x, float *out, size_t n);
	/* rounded to even; what is too large becomes infinity */
	void		(*half_from_float) (const float *x, qd_half *out, size_t n);

	/* of half floats, in float: as the same members of qd_distance_table */
	float		(*half_dot) (const qd_half *a, const qd_half *b, size_t n);
	float		(*half_l2_squared) (const qd_half *a, const qd_half *b, size_t n);
	float		(*half_l1) (const qd_half *a, const qd_half *b, size_t n);
	void		(*half_cosine_parts) (const qd_half *a, const qd_half *b,
									  size_t n, float *ab, float *aa,
									  float *bb);

	/*
	 * Of unsigned bytes, at most 65,536, so that 32 bits hold the sum.  Their
	 * L1 is qd_distance.l1_u8.
	 */
	uint32_t	(*byte_dot) (const uint8_t *a, const uint8_t *b, size_t n);
	uint32_t	(*byte_l2_squared) (const uint8_t *a, const uint8_t *b, size_t n);

	/* of bits, n bytes of them: ones of a ^ b; of a & b and of a | b */
	uint64_t	(*bit_hamming) (const uint8_t *a, const uint8_t *b, size_t n);
	void		(*bit_overlap) (const uint8_t *a, const uint8_t *b, size_t n,
								uint64_t *both, uint64_t *any);
} qd_element_table;

/* Filled by qd_distance_choose_level. */
extern qd_element_table qd_elements;

extern const qd_element_table qd_elements_scalar;
#if defined(__x86_64__)
extern const qd_element_table qd_elements_avx2;
extern const qd_element_table qd_elements_avx512;
#endif
#if defined(__aarch64__)
extern const qd_element_table qd_elements_neon;
#endif

#endif							/* QD_ELEMENTS_H */
