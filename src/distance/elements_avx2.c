/*
 * elements_avx2.c
 *		Half floats, bytes and bits for AVX2 with FMA and F16C; the tail is
 *		scalar.
 */
#include "distance/elements.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>

#include "distance/avx2_sums.h"

#define TARGET __attribute__((target("avx2,fma,f16c,popcnt")))

TARGET static inline uint64_t
sum_epi64(__m256i v)
{
	__m128i		s = _mm_add_epi64(_mm256_castsi256_si128(v),
								  _mm256_extracti128_si256(v, 1));

	return (uint64_t) _mm_cvtsi128_si64(s) +
		(uint64_t) _mm_extract_epi64(s, 1);
}

/*----------
 * Half floats
 *----------
 */
TARGET static inline __m256
load_half(const qd_half *x)
{
	return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *) x));
}

TARGET static void
half_to_float(const qd_half *x, float *out, size_t n)
{
	size_t		i = 0;

	for (; i + 8 <= n; i += 8)
		_mm256_storeu_ps(out + i, load_half(x + i));
	for (; i < n; i++)
		out[i] = qd_half_to_float(x[i]);
}

TARGET static void
half_from_float(const float *x, qd_half *out, size_t n)
{
	size_t		i = 0;

	for (; i + 8 <= n; i += 8)
		_mm_storeu_si128((__m128i *) (out + i),
						 _mm256_cvtps_ph(_mm256_loadu_ps(x + i),
										 _MM_FROUND_TO_NEAREST_INT));
	for (; i < n; i++)
		out[i] = qd_half_from_float(x[i]);
}

TARGET static float
half_dot(const qd_half *a, const qd_half *b, size_t n)
{
	__m256		s0 = _mm256_setzero_ps();
	__m256		s1 = _mm256_setzero_ps();
	size_t		i = 0;
	float		sum;

	for (; i + 16 <= n; i += 16)
	{
		s0 = _mm256_fmadd_ps(load_half(a + i), load_half(b + i), s0);
		s1 = _mm256_fmadd_ps(load_half(a + i + 8), load_half(b + i + 8), s1);
	}
	sum = sum_ps(_mm256_add_ps(s0, s1));
	for (; i < n; i++)
		sum += qd_half_to_float(a[i]) * qd_half_to_float(b[i]);
	return sum;
}

TARGET static float
half_l2_squared(const qd_half *a, const qd_half *b, size_t n)
{
	__m256		s0 = _mm256_setzero_ps();
	__m256		s1 = _mm256_setzero_ps();
	size_t		i = 0;
	float		sum;

	for (; i + 16 <= n; i += 16)
	{
		__m256		d0 = _mm256_sub_ps(load_half(a + i), load_half(b + i));
		__m256		d1 = _mm256_sub_ps(load_half(a + i + 8),
									   load_half(b + i + 8));

		s0 = _mm256_fmadd_ps(d0, d0, s0);
		s1 = _mm256_fmadd_ps(d1, d1, s1);
	}
	sum = sum_ps(_mm256_add_ps(s0, s1));
	for (; i < n; i++)
	{
		float		d = qd_half_to_float(a[i]) - qd_half_to_float(b[i]);

		sum += d * d;
	}
	return sum;
}

TARGET static float
half_l1(const qd_half *a, const qd_half *b, size_t n)
{
	const __m256 sign = _mm256_set1_ps(-0.0f);
	__m256		s = _mm256_setzero_ps();
	size_t		i = 0;
	float		sum;

	for (; i + 8 <= n; i += 8)
		s = _mm256_add_ps(s, _mm256_andnot_ps(sign,
											  _mm256_sub_ps(load_half(a + i),
															load_half(b + i))));
	sum = sum_ps(s);
	for (; i < n; i++)
		sum += fabsf(qd_half_to_float(a[i]) - qd_half_to_float(b[i]));
	return sum;
}

TARGET static void
half_cosine_parts(const qd_half *a, const qd_half *b, size_t n,
				  float *ab, float *aa, float *bb)
{
	__m256		vab = _mm256_setzero_ps();
	__m256		vaa = _mm256_setzero_ps();
	__m256		vbb = _mm256_setzero_ps();
	size_t		i = 0;

	for (; i + 8 <= n; i += 8)
	{
		__m256		x = load_half(a + i);
		__m256		y = load_half(b + i);

		vab = _mm256_fmadd_ps(x, y, vab);
		vaa = _mm256_fmadd_ps(x, x, vaa);
		vbb = _mm256_fmadd_ps(y, y, vbb);
	}
	*ab = sum_ps(vab);
	*aa = sum_ps(vaa);
	*bb = sum_ps(vbb);
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
 * Bytes: widened to 16 bits, products added in pairs to 32, which wrap to the
 * right sum without a sign.
 *----------
 */
TARGET static inline __m256i
load_bytes(const uint8_t *x)
{
	return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *) x));
}

TARGET static uint32_t
byte_dot(const uint8_t *a, const uint8_t *b, size_t n)
{
	__m256i		s = _mm256_setzero_si256();
	size_t		i = 0;
	uint32_t	sum;

	for (; i + 16 <= n; i += 16)
		s = _mm256_add_epi32(s, _mm256_madd_epi16(load_bytes(a + i),
												  load_bytes(b + i)));
	sum = sum_epi32(s);
	for (; i < n; i++)
		sum += (uint32_t) a[i] * b[i];
	return sum;
}

TARGET static uint32_t
byte_l2_squared(const uint8_t *a, const uint8_t *b, size_t n)
{
	__m256i		s = _mm256_setzero_si256();
	size_t		i = 0;
	uint32_t	sum;

	for (; i + 16 <= n; i += 16)
	{
		__m256i		d = _mm256_sub_epi16(load_bytes(a + i), load_bytes(b + i));

		s = _mm256_add_epi32(s, _mm256_madd_epi16(d, d));
	}
	sum = sum_epi32(s);
	for (; i < n; i++)
	{
		int32_t		d = (int32_t) a[i] - b[i];

		sum += (uint32_t) (d * d);
	}
	return sum;
}

/*----------
 * Bits: the ones of each half byte by a table, added up by bytes.
 *----------
 */
TARGET static inline __m256i
count_ones(__m256i v)
{
	const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3,
										  2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3,
										  1, 2, 2, 3, 2, 3, 3, 4);
	const __m256i low = _mm256_set1_epi8(0x0f);
	__m256i		count = _mm256_add_epi8(
									   _mm256_shuffle_epi8(ones, _mm256_and_si256(v, low)),
									   _mm256_shuffle_epi8(ones, _mm256_and_si256(_mm256_srli_epi16(v, 4), low)));

	return _mm256_sad_epu8(count, _mm256_setzero_si256());
}

TARGET static uint64_t
bit_hamming(const uint8_t *a, const uint8_t *b, size_t n)
{
	__m256i		s = _mm256_setzero_si256();
	size_t		i = 0;
	uint64_t	sum;

	for (; i + 32 <= n; i += 32)
		s = _mm256_add_epi64(s, count_ones(_mm256_xor_si256(
														   _mm256_loadu_si256((const __m256i *) (a + i)),
														   _mm256_loadu_si256((const __m256i *) (b + i)))));
	sum = sum_epi64(s);
	for (; i < n; i++)
		sum += __builtin_popcount(a[i] ^ b[i]);
	return sum;
}

TARGET static void
bit_overlap(const uint8_t *a, const uint8_t *b, size_t n,
			uint64_t *both, uint64_t *any)
{
	__m256i		s_both = _mm256_setzero_si256();
	__m256i		s_any = _mm256_setzero_si256();
	size_t		i = 0;

	for (; i + 32 <= n; i += 32)
	{
		__m256i		x = _mm256_loadu_si256((const __m256i *) (a + i));
		__m256i		y = _mm256_loadu_si256((const __m256i *) (b + i));

		s_both = _mm256_add_epi64(s_both, count_ones(_mm256_and_si256(x, y)));
		s_any = _mm256_add_epi64(s_any, count_ones(_mm256_or_si256(x, y)));
	}
	*both = sum_epi64(s_both);
	*any = sum_epi64(s_any);
	for (; i < n; i++)
	{
		*both += __builtin_popcount(a[i] & b[i]);
		*any += __builtin_popcount(a[i] | b[i]);
	}
}

const qd_element_table qd_elements_avx2 = {
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
