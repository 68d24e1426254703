/*
 * elements_avx512.c
 *		Half floats, bytes and bits for AVX-512 (F, BW, VL).  A masked load ends
 *		each loop, so there is no scalar tail.
 */
#include "distance/elements.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl")))

/* Lanes of what is left behind i; all when that is width or more. */
#define LANES16(n, i) \
	((__mmask16) ((n) - (i) >= 16 ? 0xffff : (1u << ((n) - (i))) - 1))
#define LANES32(n, i) \
	((__mmask32) ((n) - (i) >= 32 ? 0xffffffff : (1u << ((n) - (i))) - 1))
#define LANES64(n, i) \
	((__mmask64) ((n) - (i) >= 64 ? ~0ull : (1ull << ((n) - (i))) - 1))

/*----------
 * Half floats
 *----------
 */
TARGET static inline __m512
load_half(__mmask16 lanes, const qd_half *x)
{
	return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(lanes, x));
}

TARGET static void
half_to_float(const qd_half *x, float *out, size_t n)
{
	for (size_t i = 0; i < n; i += 16)
	{
		__mmask16	lanes = LANES16(n, i);

		_mm512_mask_storeu_ps(out + i, lanes, load_half(lanes, x + i));
	}
}

TARGET static void
half_from_float(const float *x, qd_half *out, size_t n)
{
	for (size_t i = 0; i < n; i += 16)
	{
		__mmask16	lanes = LANES16(n, i);
		__m512		v = _mm512_maskz_loadu_ps(lanes, x + i);

		_mm256_mask_storeu_epi16(out + i, lanes,
								 _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
	}
}

TARGET static float
half_dot(const qd_half *a, const qd_half *b, size_t n)
{
	__m512		s = _mm512_setzero_ps();

	for (size_t i = 0; i < n; i += 16)
	{
		__mmask16	lanes = LANES16(n, i);

		s = _mm512_fmadd_ps(load_half(lanes, a + i), load_half(lanes, b + i), s);
	}
	return _mm512_reduce_add_ps(s);
}

TARGET static float
half_l2_squared(const qd_half *a, const qd_half *b, size_t n)
{
	__m512		s = _mm512_setzero_ps();

	for (size_t i = 0; i < n; i += 16)
	{
		__mmask16	lanes = LANES16(n, i);
		__m512		d = _mm512_sub_ps(load_half(lanes, a + i),
									  load_half(lanes, b + i));

		s = _mm512_fmadd_ps(d, d, s);
	}
	return _mm512_reduce_add_ps(s);
}

TARGET static float
half_l1(const qd_half *a, const qd_half *b, size_t n)
{
	__m512		s = _mm512_setzero_ps();

	for (size_t i = 0; i < n; i += 16)
	{
		__mmask16	lanes = LANES16(n, i);
		__m512		d = _mm512_sub_ps(load_half(lanes, a + i),
									  load_half(lanes, b + i));

		s = _mm512_add_ps(s, _mm512_abs_ps(d));
	}
	return _mm512_reduce_add_ps(s);
}

TARGET static void
half_cosine_parts(const qd_half *a, const qd_half *b, size_t n,
				  float *ab, float *aa, float *bb)
{
	__m512		vab = _mm512_setzero_ps();
	__m512		vaa = _mm512_setzero_ps();
	__m512		vbb = _mm512_setzero_ps();

	for (size_t i = 0; i < n; i += 16)
	{
		__mmask16	lanes = LANES16(n, i);
		__m512		x = load_half(lanes, a + i);
		__m512		y = load_half(lanes, b + i);

		vab = _mm512_fmadd_ps(x, y, vab);
		vaa = _mm512_fmadd_ps(x, x, vaa);
		vbb = _mm512_fmadd_ps(y, y, vbb);
	}
	*ab = _mm512_reduce_add_ps(vab);
	*aa = _mm512_reduce_add_ps(vaa);
	*bb = _mm512_reduce_add_ps(vbb);
}

/*----------
 * Bytes
 *----------
 */
TARGET static inline __m512i
load_bytes(__mmask32 lanes, const uint8_t *x)
{
	return _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(lanes, x));
}

/* The lanes as unsigned numbers: at 65,536 bytes their sum passes INT32_MAX. */
TARGET static inline uint32_t
sum_epu32(__m512i v)
{
	const __m512i even = _mm512_set1_epi64(UINT32_MAX);

	return (uint32_t) _mm512_reduce_add_epi64(
											  _mm512_add_epi64(_mm512_and_si512(v, even),
															   _mm512_srli_epi64(v, 32)));
}

TARGET static uint32_t
byte_dot(const uint8_t *a, const uint8_t *b, size_t n)
{
	__m512i		s = _mm512_setzero_si512();

	for (size_t i = 0; i < n; i += 32)
	{
		__mmask32	lanes = LANES32(n, i);

		s = _mm512_add_epi32(s, _mm512_madd_epi16(load_bytes(lanes, a + i),
												  load_bytes(lanes, b + i)));
	}
	return sum_epu32(s);
}

TARGET static uint32_t
byte_l2_squared(const uint8_t *a, const uint8_t *b, size_t n)
{
	__m512i		s = _mm512_setzero_si512();

	for (size_t i = 0; i < n; i += 32)
	{
		__mmask32	lanes = LANES32(n, i);
		__m512i		d = _mm512_sub_epi16(load_bytes(lanes, a + i),
										 load_bytes(lanes, b + i));

		s = _mm512_add_epi32(s, _mm512_madd_epi16(d, d));
	}
	return sum_epu32(s);
}

/*----------
 * Bits: VPOPCNTDQ is younger than this level, so by a table of half bytes.
 *----------
 */
TARGET static inline __m512i
count_ones(__m512i v)
{
	const __m512i ones = _mm512_broadcast_i32x4(
												_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3,
															  1, 2, 2, 3, 2, 3, 3, 4));
	const __m512i low = _mm512_set1_epi8(0x0f);
	__m512i		count = _mm512_add_epi8(
									   _mm512_shuffle_epi8(ones, _mm512_and_si512(v, low)),
									   _mm512_shuffle_epi8(ones, _mm512_and_si512(_mm512_srli_epi16(v, 4), low)));

	return _mm512_sad_epu8(count, _mm512_setzero_si512());
}

TARGET static uint64_t
bit_hamming(const uint8_t *a, const uint8_t *b, size_t n)
{
	__m512i		s = _mm512_setzero_si512();

	for (size_t i = 0; i < n; i += 64)
	{
		__mmask64	lanes = LANES64(n, i);

		s = _mm512_add_epi64(s, count_ones(_mm512_xor_si512(
														   _mm512_maskz_loadu_epi8(lanes, a + i),
														   _mm512_maskz_loadu_epi8(lanes, b + i))));
	}
	return (uint64_t) _mm512_reduce_add_epi64(s);
}

TARGET static void
bit_overlap(const uint8_t *a, const uint8_t *b, size_t n,
			uint64_t *both, uint64_t *any)
{
	__m512i		s_both = _mm512_setzero_si512();
	__m512i		s_any = _mm512_setzero_si512();

	for (size_t i = 0; i < n; i += 64)
	{
		__mmask64	lanes = LANES64(n, i);
		__m512i		x = _mm512_maskz_loadu_epi8(lanes, a + i);
		__m512i		y = _mm512_maskz_loadu_epi8(lanes, b + i);

		s_both = _mm512_add_epi64(s_both, count_ones(_mm512_and_si512(x, y)));
		s_any = _mm512_add_epi64(s_any, count_ones(_mm512_or_si512(x, y)));
	}
	*both = (uint64_t) _mm512_reduce_add_epi64(s_both);
	*any = (uint64_t) _mm512_reduce_add_epi64(s_any);
}

const qd_element_table qd_elements_avx512 = {
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

#endif							/* __x86_64__ */
