/*
 * neon.c
 *		The kernels for 64-bit ARM, whose baseline includes NEON: no CPU has to
 *		be asked.  Two accumulators hide the latency of an addition, the tail
 *		is scalar.
 */
#include "distance/distance.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#include <math.h>

static float
dot(const float *a, const float *b, size_t n)
{
	float32x4_t s0 = vdupq_n_f32(0);
	float32x4_t s1 = vdupq_n_f32(0);
	size_t		i = 0;
	float		sum;

	for (; i + 8 <= n; i += 8)
	{
		s0 = vfmaq_f32(s0, vld1q_f32(a + i), vld1q_f32(b + i));
		s1 = vfmaq_f32(s1, vld1q_f32(a + i + 4), vld1q_f32(b + i + 4));
	}
	sum = vaddvq_f32(vaddq_f32(s0, s1));
	for (; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static float
l2_squared(const float *a, const float *b, size_t n)
{
	float32x4_t s0 = vdupq_n_f32(0);
	float32x4_t s1 = vdupq_n_f32(0);
	size_t		i = 0;
	float		sum;

	for (; i + 8 <= n; i += 8)
	{
		float32x4_t d0 = vsubq_f32(vld1q_f32(a + i), vld1q_f32(b + i));
		float32x4_t d1 = vsubq_f32(vld1q_f32(a + i + 4),
								   vld1q_f32(b + i + 4));

		s0 = vfmaq_f32(s0, d0, d0);
		s1 = vfmaq_f32(s1, d1, d1);
	}
	sum = vaddvq_f32(vaddq_f32(s0, s1));
	for (; i < n; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

static float
l1(const float *a, const float *b, size_t n)
{
	float32x4_t s0 = vdupq_n_f32(0);
	float32x4_t s1 = vdupq_n_f32(0);
	size_t		i = 0;
	float		sum;

	for (; i + 8 <= n; i += 8)
	{
		s0 = vaddq_f32(s0, vabdq_f32(vld1q_f32(a + i), vld1q_f32(b + i)));
		s1 = vaddq_f32(s1, vabdq_f32(vld1q_f32(a + i + 4),
									 vld1q_f32(b + i + 4)));
	}
	sum = vaddvq_f32(vaddq_f32(s0, s1));
	for (; i < n; i++)
		sum += fabsf(a[i] - b[i]);
	return sum;
}

static void
cosine_parts(const float *a, const float *b, size_t n,
			 float *ab, float *aa, float *bb)
{
	float32x4_t vab = vdupq_n_f32(0);
	float32x4_t vaa = vdupq_n_f32(0);
	float32x4_t vbb = vdupq_n_f32(0);
	size_t		i = 0;

	for (; i + 4 <= n; i += 4)
	{
		float32x4_t x = vld1q_f32(a + i);
		float32x4_t y = vld1q_f32(b + i);

		vab = vfmaq_f32(vab, x, y);
		vaa = vfmaq_f32(vaa, x, x);
		vbb = vfmaq_f32(vbb, y, y);
	}
	*ab = vaddvq_f32(vab);
	*aa = vaddvq_f32(vaa);
	*bb = vaddvq_f32(vbb);
	for (; i < n; i++)
	{
		*ab += a[i] * b[i];
		*aa += a[i] * a[i];
		*bb += b[i] * b[i];
	}
}

static int32_t
dot_i8(const int8_t *a, const int8_t *b, size_t n)
{
	int32x4_t	s = vdupq_n_s32(0);
	size_t		i = 0;
	int32_t		sum;

	/* a product fits 16 bits even for -128; pairs are added in 32 */
	for (; i + 16 <= n; i += 16)
	{
		int8x16_t	x = vld1q_s8(a + i);
		int8x16_t	y = vld1q_s8(b + i);

		s = vpadalq_s16(s, vmull_s8(vget_low_s8(x), vget_low_s8(y)));
		s = vpadalq_s16(s, vmull_high_s8(x, y));
	}
	sum = vaddvq_s32(s);
	for (; i < n; i++)
		sum += (int32_t) a[i] * b[i];
	return sum;
}

static int32_t
l1_u8(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint32x4_t	s = vdupq_n_u32(0);
	size_t		i = 0;
	int32_t		sum;

	for (; i + 16 <= n; i += 16)
		s = vpadalq_u16(s, vpaddlq_u8(vabdq_u8(vld1q_u8(a + i),
											   vld1q_u8(b + i))));
	sum = (int32_t) vaddvq_u32(s);
	for (; i < n; i++)
		sum += a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
	return sum;
}

static float
l1_f32_i8(const float *a, const int8_t *b, float scale, size_t n)
{
	float32x4_t s0 = vdupq_n_f32(0);
	float32x4_t s1 = vdupq_n_f32(0);
	size_t		i = 0;
	float		sum;

	for (; i + 8 <= n; i += 8)
	{
		int16x8_t	y = vmovl_s8(vld1_s8(b + i));
		float32x4_t y0 = vcvtq_f32_s32(vmovl_s16(vget_low_s16(y)));
		float32x4_t y1 = vcvtq_f32_s32(vmovl_high_s16(y));

		s0 = vaddq_f32(s0, vabdq_f32(vld1q_f32(a + i), vmulq_n_f32(y0, scale)));
		s1 = vaddq_f32(s1, vabdq_f32(vld1q_f32(a + i + 4),
									 vmulq_n_f32(y1, scale)));
	}
	sum = vaddvq_f32(vaddq_f32(s0, s1));
	for (; i < n; i++)
		sum += fabsf(a[i] - scale * b[i]);
	return sum;
}

static void
nav_dots(const uint8_t *codes, size_t bytes, int bits, const uint16_t *which,
		 size_t n, const int8_t *q, int32_t *out)
{
	const uint8x16_t mask = vdupq_n_u8((1 << bits) - 1);

	for (size_t i = 0; i < n; i++)
	{
		int32x4_t	sum = vdupq_n_s32(0);

		for (size_t b = 0; b < bytes; b += 16)
		{
			uint8x16_t	v = vld1q_u8(codes + which[i] * bytes + b);

			for (int p = 0; p < 8; p += bits)
			{
				uint8x16_t	shifted = vshlq_u8(v, vdupq_n_s8(-p));
				int8x16_t	u = vreinterpretq_s8_u8(vandq_u8(shifted, mask));
				int8x16_t	x = vld1q_s8(q + p / bits * bytes + b);

				sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(u),
												vget_low_s8(x)));
				sum = vpadalq_s16(sum, vmull_high_s8(u, x));
			}
		}
		out[i] = vaddvq_s32(sum);
	}
}

const qd_distance_table qd_distance_neon = {
	QD_SIMD_NEON, dot, l2_squared, l1, cosine_parts, dot_i8, l1_u8,
	l1_f32_i8, nav_dots
};

#endif							/* __aarch64__ */
