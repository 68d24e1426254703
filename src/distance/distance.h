/*
 * distance.h
 *		The one dispatch table of distance kernels.  Pure C: no server header,
 *		so that unit tests and benchmarks link it alone.
 *
 * qd_distance holds one function per kernel for the best instruction set that
 * CPU and operating system offer (CPUID and XGETBV), chosen once at load.
 * The scalar kernels are the oracle: every other level gives the same answer
 * up to rounding, for any length and any alignment, and reads no byte past
 * its arguments.  NaN and infinities propagate as in the scalar code.
 */
#ifndef QD_DISTANCE_H
#define QD_DISTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum qd_simd_level
{
	QD_SIMD_AUTO,
	QD_SIMD_SCALAR,
	QD_SIMD_AVX2,				/* with FMA, F16C */
	QD_SIMD_AVX512,				/* F, BW, VL, VNNI */
	QD_SIMD_NEON				/* 64-bit ARM's baseline */
} qd_simd_level;

#define QD_SIMD_LAST	QD_SIMD_NEON

typedef struct qd_distance_table
{
	qd_simd_level level;

	/* sum of a[i] * b[i] */
	float		(*dot) (const float *a, const float *b, size_t n);
	/* sum of (a[i] - b[i])^2 */
	float		(*l2_squared) (const float *a, const float *b, size_t n);
	/* sum of |a[i] - b[i]| */
	float		(*l1) (const float *a, const float *b, size_t n);
	/* dot product and both squared norms in one pass */
	void		(*cosine_parts) (const float *a, const float *b, size_t n,
								 float *ab, float *aa, float *bb);

	/*
	 * sum of a[i] * b[i] over signed bytes of -127..127 (never -128); n at
	 * most 65,536, so that 32 bits hold the sum
	 */
	int32_t		(*dot_i8) (const int8_t *a, const int8_t *b, size_t n);
	/* sum of |a[i] - b[i]| over unsigned bytes, n as above */
	int32_t		(*l1_u8) (const uint8_t *a, const uint8_t *b, size_t n);
	/* sum of |a[i] - scale * b[i]| */
	float		(*l1_f32_i8) (const float *a, const int8_t *b, float scale,
							  size_t n);

	/*
	 * Of n navigation codes, those that which names, each of bytes bytes (a
	 * multiple of 16) side by side: out[i] = sum of u[j] * q[j].  A code is
	 * made of 8 / bits planes (bits is 1, 2 or 4), plane p being bits p * bits
	 * and on of each byte: u[p * bytes + b] is that of byte b.  q has as many
	 * signed bytes, -127..127, at most 65,536.
	 */
	void		(*nav_dots) (const uint8_t *codes, size_t bytes, int bits,
							 const uint16_t *which, size_t n,
							 const int8_t *q, int32_t *out);
} qd_distance_table;

extern qd_distance_table qd_distance;

/* True when this machine runs the level. */
extern bool qd_distance_supported(qd_simd_level level);

/* Fills qd_distance; a level that is not supported falls to the next lower. */
extern void qd_distance_choose_level(qd_simd_level level);

/* The best level there is. */
extern void qd_distance_choose(void);

extern const qd_distance_table qd_distance_scalar;
#if defined(__x86_64__)
extern const qd_distance_table qd_distance_avx2;
extern const qd_distance_table qd_distance_avx512;
#endif
#if defined(__aarch64__)
extern const qd_distance_table qd_distance_neon;
#endif

#endif							/* QD_DISTANCE_H */
