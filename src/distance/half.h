/*
 * half.h
 *		IEEE half floats as 16 bits, to and from float.  Pure C: the SIMD
 *		kernels use it for their tails, the type halfvec for single elements.
 */
#ifndef QD_HALF_H
#define QD_HALF_H

#include <stdint.h>
#include <string.h>

typedef uint16_t qd_half;

#define QD_HALF_MAX			65504.0f
#define QD_HALF_INFINITY	0x7c00

static inline float
qd_half_from_bits(uint32_t bits)
{
	float		x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

static inline uint32_t
qd_half_to_bits(float x)
{
	uint32_t	bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

/* Exact; NaN and infinities stay what they are. */
static inline float
qd_half_to_float(qd_half half)
{
	uint32_t	sign = (uint32_t) (half & 0x8000) << 16;
	uint32_t	magnitude = half & 0x7fff;

	if (magnitude >= QD_HALF_INFINITY)
		return qd_half_from_bits(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
	/* the exponent's bias is 112 less; denormals become right as well */
	return qd_half_from_bits(sign | qd_half_to_bits(
								qd_half_from_bits(magnitude << 13) * 0x1p112f));
}

/* Rounds to the nearest, ties to even; from 65,520 on it is infinity. */
static inline qd_half
qd_half_from_float(float x)
{
	uint32_t	bits = qd_half_to_bits(x);
	uint32_t	sign = bits >> 16 & 0x8000;
	uint32_t	magnitude = bits & 0x7fffffff;

	if (magnitude > 0x7f800000)
		return sign | 0x7e00 | (magnitude >> 13 & 0x3ff);
	if (magnitude >= 0x477ff000)	/* 65,520 */
		return sign | QD_HALF_INFINITY;
	/* denormal: the addition of 0.5 rounds to multiples of 2^-24 */
	if (magnitude < 0x38800000) /* 2^-14 */
		return sign | (qd_half_to_bits(qd_half_from_bits(magnitude) + 0.5f) -
					   0x3f000000);
	magnitude += 0xfff + (magnitude >> 13 & 1);
	return sign | (magnitude - (112u << 23)) >> 13;
}

#endif							/* QD_HALF_H */
