/*
 * elements_neon.c
 *		Half floats, bytes and bits for 64-bit ARM; its baseline converts half
 *		floats.  The tail is scalar.
 */
#include "distance/elements.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#include <math.h>

/*----------
 * Half floats
 *----------
 */
static inline float32x4_t
load_half(const qd_half *x)
{
	return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(x)));
}

static void
half_to_float(const qd_half *x, float *out, size_t n)
{
	size_t		i = 0;

	for (; i + 4 <= n; i += 4)
		vst1q_f32(out + i, load_half(x + i));
	for (; i < n; i++)
		out[i] = qd_half_to_float(x[i]);
}

static void
half_from_float(const float *x, qd_half *out, size_t n)
{
	size_t		i = 0;

	for (; i + 4 <= n; i += 4)
		vst1_u16(out + i,
				 vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i))));
	for (; i < n; i++)
		out[i] = qd_half_from_float(x[i]);
}

static float
half_dot(const qd_half *a, const qd_half *b, size_t n)
{
	float32x4_t s0 = vdupq_n_f32(0);
	float32x4_t s1 = vdupq_n_f32(0);
	size_t		i = 0;
	float		sum;

	for (; i + 8 <= n; i += 8)
	{
		s0 = vfmaq_f32(s0, load_half(a + i), load_half(b + i));
		s1 = vfmaq_f32(s1, load_half(a + i + 4), load_half(b + i + 4));
	}
	sum = vaddvq_f32(vaddq_f32(s0, s1));
	for (; i < n; i++)
		sum += qd_half_to_float(a[i]) * qd_half_to_float(b[i]);
	return sum;
}

static float
half_l2_squared(const qd_half *a, const qd_half *b, size_t n)
{
	float32x4_t s = vdupq_n_f32(0);
	size_t		i = 0;
	float		sum;

	for (; i + 4 <= n; i += 4)
	{
		float32x4_t d = vsubq_f32(load_half(a + i), load_half(b + i));

		s = vfmaq_f32(s, d, d);
	}
	sum = vaddvq_f32(s);
	for (; i < n; i++)
	{
		float		d = qd_half_to_float(a[i]) - qd_half_to_float(b[i]);

		sum += d * d;
	}
	return sum;
}

static float
half_l1(const qd_half *a, const qd_half *b, size_t n)
{
	float32x4_t s = vdupq_n_f32(0);
	size_t		i = 0;
	float		sum;

	for (; i + 4 <= n; i += 4)
		s = vaddq_f32(s, vabdq_f32(load_half(a + i), load_half(b + i)));
	sum = vaddvq_f32(s);
	for (; i < n; i++)
		sum += fabsf(qd_half_to_float(a[i]) - qd_half_to_float(b[i]));
	return sum;
}

static void
half_cosine_parts(const qd_half *a, const qd_half *b, size_t n,
				  float *ab, float *aa, float *bb)
{
	float32x4_t vab = vdupq_n_f32(0);
	float32x4_t vaa = vdupq_n_f32(0);
	float32x4_t vbb = vdupq_n_f32(0);
	size_t		i = 0;

	for (; i + 4 <= n; i += 4)
	{
		float32x4_t x = load_half(a + i);
		float32x4_t y = load_half(b + i);

		vab = vfmaq_f32(vab, x, y);
		vaa = vfmaq_f32(vaa, x, x);
		vbb = vfmaq_f32(vbb, y, y);
	}
	*ab = vaddvq_f32(vab);
	*aa = vaddvq_f32(vaa);
	*bb = vaddvq_f32(vbb);
	for (; i < n; i++)
	{
		float		x = qd_half_to_float(a[i]);
		float		y = qd_half_to_float(b[i]);

		*ab += x * y;
		*aa += x * x;
		*bb += y * y;
	}
}

/*----------
 * Bytes: a product fits 16 bits, pairs are added in 32.
 *----------
 */
static uint32_t
byte_dot(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint32x4_t	s = vdupq_n_u32(0);
	size_t		i = 0;
	uint32_t	sum;

	for (; i + 16 <= n; i += 16)
	{
		uint8x16_t	x = vld1q_u8(a + i);
		uint8x16_t	y = vld1q_u8(b + i);

		s = vpadalq_u16(s, vmull_u8(vget_low_u8(x), vget_low_u8(y)));
		s = vpadalq_u16(s, vmull_high_u8(x, y));
	}
	sum = vaddvq_u32(s);
	for (; i < n; i++)
		sum += (uint32_t) a[i] * b[i];
	return sum;
}

static uint32_t
byte_l2_squared(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint32x4_t	s = vdupq_n_u32(0);
	size_t		i = 0;
	uint32_t	sum;

	for (; i + 16 <= n; i += 16)
	{
		uint8x16_t	d = vabdq_u8(vld1q_u8(a + i), vld1q_u8(b + i));

		s = vpadalq_u16(s, vmull_u8(vget_low_u8(d), vget_low_u8(d)));
		s = vpadalq_u16(s, vmull_high_u8(d, d));
	}
	sum = vaddvq_u32(s);
	for (; i < n; i++)
	{
		int32_t		d = (int32_t) a[i] - b[i];

		sum += (uint32_t) (d * d);
	}
	return sum;
}

/*----------
 * Bits
 *----------
 */
static inline uint64x2_t
add_ones(uint64x2_t sum, uint8x16_t v)
{
	return vpadalq_u32(sum, vpaddlq_u16(vpaddlq_u8(vcntq_u8(v))));
}

static uint64_t
bit_hamming(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64x2_t	s = vdupq_n_u64(0);
	size_t		i = 0;
	uint64_t	sum;

	for (; i + 16 <= n; i += 16)
		s = add_ones(s, veorq_u8(vld1q_u8(a + i), vld1q_u8(b + i)));
	sum = vaddvq_u64(s);
	for (; i < n; i++)
		sum += __builtin_popcount(a[i] ^ b[i]);
	return sum;
}

static void
bit_overlap(const uint8_t *a, const uint8_t *b, size_t n,
			uint64_t *both, uint64_t *any)
{
	uint64x2_t	s_both = vdupq_n_u64(0);
	uint64x2_t	s_any = vdupq_n_u64(0);
	size_t		i = 0;

	for (; i + 16 <= n; i += 16)
	{
		uint8x16_t	x = vld1q_u8(a + i);
		uint8x16_t	y = vld1q_u8(b + i);

		s_both = add_ones(s_both, vandq_u8(x, y));
		s_any = add_ones(s_any, vorrq_u8(x, y));
	}
	*both = vaddvq_u64(s_both);
	*any = vaddvq_u64(s_any);
	for (; i < n; i++)
	{
		*both += __builtin_popcount(a[i] & b[i]);
		*any += __builtin_popcount(a[i] | b[i]);
	}
}

const qd_element_table qd_elements_neon = {
	.half_to_float = half_to_float,
	.half_from_float = half_from_float,
	.half_dot = half_dot,
	.half_l2_squared = half_l2_squared,
	.half_l1 = half_l1,
	.half_cosine_parts = half_cosine_parts,
	.byte_dot = byte_dot,
	.byte_l2_squared = byte_l2_squared,
	.bit_hamming = bit_hamming,
	.bit_overlap = bit_overlap
};

#endif							/* __aarch64__ */
