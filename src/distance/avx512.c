/*
 * avx512.c
 *		The kernels for AVX-512 (F, BW, VL, VNNI).  A masked load ends each
 *		loop, so no kernel has a scalar tail, and none reads past its
 *		arguments.
 */
#include "distance/distance.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

#define TAIL16(n) ((__mmask16) ((1u << ((n) & 15)) - 1))
#define TAIL64(n) ((__mmask64) ((1ull << ((n) & 63)) - 1))

TARGET static float
dot(const float *a, const float *b, size_t n)
{
	__m512		s0 = _mm512_setzero_ps();
	__m512		s1 = _mm512_setzero_ps();
	size_t		i = 0;

	for (; i + 32 <= n; i += 32)
	{
		s0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i),
							 _mm512_loadu_ps(b + i), s0);
		s1 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i + 16),
							 _mm512_loadu_ps(b + i + 16), s1);
	}
	if (i + 16 <= n)
	{
		s0 = _mm512_fmadd_ps(_mm512_loadu_ps(a + i),
							 _mm512_loadu_ps(b + i), s0);
		i += 16;
	}
	s1 = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(TAIL16(n), a + i),
						 _mm512_maskz_loadu_ps(TAIL16(n), b + i), s1);
	return _mm512_reduce_add_ps(_mm512_add_ps(s0, s1));
}

TARGET static float
l2_squared(const float *a, const float *b, size_t n)
{
	__m512		s0 = _mm512_setzero_ps();
	__m512		s1 = _mm512_setzero_ps();
	__m512		d;
	size_t		i = 0;

	for (; i + 32 <= n; i += 32)
	{
		d = _mm512_sub_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
		s0 = _mm512_fmadd_ps(d, d, s0);
		d = _mm512_sub_ps(_mm512_loadu_ps(a + i + 16),
						  _mm512_loadu_ps(b + i + 16));
		s1 = _mm512_fmadd_ps(d, d, s1);
	}
	if (i + 16 <= n)
	{
		d = _mm512_sub_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
		s0 = _mm512_fmadd_ps(d, d, s0);
		i += 16;
	}
	d = _mm512_sub_ps(_mm512_maskz_loadu_ps(TAIL16(n), a + i),
					  _mm512_maskz_loadu_ps(TAIL16(n), b + i));
	s1 = _mm512_fmadd_ps(d, d, s1);
	return _mm512_reduce_add_ps(_mm512_add_ps(s0, s1));
}

TARGET static float
l1(const float *a, const float *b, size_t n)
{
	__m512		s = _mm512_setzero_ps();
	__m512		d;
	size_t		i = 0;

	for (; i + 16 <= n; i += 16)
	{
		d = _mm512_sub_ps(_mm512_loadu_ps(a + i), _mm512_loadu_ps(b + i));
		s = _mm512_add_ps(s, _mm512_abs_ps(d));
	}
	d = _mm512_sub_ps(_mm512_maskz_loadu_ps(TAIL16(n), a + i),
					  _mm512_maskz_loadu_ps(TAIL16(n), b + i));
	s = _mm512_add_ps(s, _mm512_abs_ps(d));
	return _mm512_reduce_add_ps(s);
}

TARGET static void
cosine_parts(const float *a, const float *b, size_t n,
			 float *ab, float *aa, float *bb)
{
	__m512		vab = _mm512_setzero_ps();
	__m512		vaa = _mm512_setzero_ps();
	__m512		vbb = _mm512_setzero_ps();
	__m512		x;
	__m512		y;
	size_t		i = 0;

	for (;; i += 16)
	{
		bool		whole = i + 16 <= n;
		__mmask16	mask = whole ? 0xffff : TAIL16(n);

		x = _mm512_maskz_loadu_ps(mask, a + i);
		y = _mm512_maskz_loadu_ps(mask, b + i);
		vab = _mm512_fmadd_ps(x, y, vab);
		vaa = _mm512_fmadd_ps(x, x, vaa);
		vbb = _mm512_fmadd_ps(y, y, vbb);
		if (!whole)
			break;
	}
	*ab = _mm512_reduce_add_ps(vab);
	*aa = _mm512_reduce_add_ps(vaa);
	*bb = _mm512_reduce_add_ps(vbb);
}

/*
 * VPDPBUSD multiplies unsigned with signed bytes, so a is shifted by 128 and
 * 128 times the sum of b is taken off again.
 */
TARGET static int32_t
dot_i8(const int8_t *a, const int8_t *b, size_t n)
{
	const __m512i shift = _mm512_set1_epi8((char) 0x80);
	__m512i		s = _mm512_setzero_si512();
	__m512i		sum_b = _mm512_setzero_si512();
	__m512i		x;
	__m512i		y;
	size_t		i = 0;

	for (; i + 64 <= n; i += 64)
	{
		x = _mm512_xor_si512(_mm512_loadu_si512(a + i), shift);
		y = _mm512_loadu_si512(b + i);
		s = _mm512_dpbusd_epi32(s, x, y);
		sum_b = _mm512_dpbusd_epi32(sum_b, shift, y);
	}
	if (i < n)
	{
		x = _mm512_xor_si512(_mm512_maskz_loadu_epi8(TAIL64(n), a + i), shift);
		y = _mm512_maskz_loadu_epi8(TAIL64(n), b + i);
		s = _mm512_dpbusd_epi32(s, x, y);
		sum_b = _mm512_dpbusd_epi32(sum_b, shift, y);
	}
	return _mm512_reduce_add_epi32(_mm512_sub_epi32(s, sum_b));
}

TARGET static int32_t
l1_u8(const uint8_t *a, const uint8_t *b, size_t n)
{
	__m512i		s = _mm512_setzero_si512();
	size_t		i = 0;

	for (; i + 64 <= n; i += 64)
		s = _mm512_add_epi64(s, _mm512_sad_epu8(_mm512_loadu_si512(a + i),
												_mm512_loadu_si512(b + i)));
	s = _mm512_add_epi64(s, _mm512_sad_epu8(
											_mm512_maskz_loadu_epi8(TAIL64(n), a + i),
											_mm512_maskz_loadu_epi8(TAIL64(n), b + i)));
	return (int32_t) _mm512_reduce_add_epi64(s);
}

TARGET static float
l1_f32_i8(const float *a, const int8_t *b, float scale, size_t n)
{
	const __m512 vscale = _mm512_set1_ps(scale);
	__m512		s = _mm512_setzero_ps();

	for (size_t i = 0; i < n; i += 16)
	{
		__mmask16	mask = i + 16 <= n ? 0xffff : TAIL16(n);
		__m512		y = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(
																_mm_maskz_loadu_epi8(mask, b + i)));
		__m512		d = _mm512_fnmadd_ps(vscale, y,
										 _mm512_maskz_loadu_ps(mask, a + i));

		s = _mm512_add_ps(s, _mm512_abs_ps(d));
	}
	return _mm512_reduce_add_ps(s);
}

/* One plane of 64 bytes of a code. */
TARGET static inline __attribute__((always_inline)) __m512i
nav_plane(__m512i sum, __m512i v, int shift, __m512i mask, __m512i x)
{
	__m512i		u = _mm512_and_si512(_mm512_srli_epi16(v, shift), mask);

	return _mm512_dpbusd_epi32(sum, u, x);
}

/* Planes two by two, lest it depend on the compiler whether loops unroll. */
#define PLANES(p) \
	(s0 = nav_plane(s0, v, (p) * bits, mask, \
					_mm512_maskz_loadu_epi8(lanes, at + (p) * bytes)), \
	 s1 = nav_plane(s1, v, ((p) + 1) * bits, mask, \
					_mm512_maskz_loadu_epi8(lanes, at + ((p) + 1) * bytes)))

TARGET static inline __attribute__((always_inline)) int32_t
nav_dot(const uint8_t *code, const int8_t *q, size_t bytes, int bits)
{
	const __m512i mask = _mm512_set1_epi8((1 << bits) - 1);
	__m512i		s0 = _mm512_setzero_si512();
	__m512i		s1 = _mm512_setzero_si512();

	for (size_t b = 0; b < bytes; b += 64)
	{
		__mmask64	lanes = b + 64 <= bytes ? ~0ull : TAIL64(bytes - b);
		__m512i		v = _mm512_maskz_loadu_epi8(lanes, code + b);
		const int8_t *at = q + b;

		PLANES(0);
		if (bits <= 2)
			PLANES(2);
		if (bits == 1)
		{
			PLANES(4);
			PLANES(6);
		}
	}
	return _mm512_reduce_add_epi32(_mm512_add_epi32(s0, s1));
}

#include "distance/nav_dots.h"

const qd_distance_table qd_distance_avx512 = {
	QD_SIMD_AVX512, dot, l2_squared, l1, cosine_parts, dot_i8, l1_u8,
	l1_f32_i8, nav_dots
};

#endif							/* __x86_64__ */
