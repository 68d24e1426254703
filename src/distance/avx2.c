/*
 * avx2.c
 *		The kernels for AVX2 with FMA: two accumulators hide the latency of an
 *		addition, the tail is scalar.
 */
#include "distance/distance.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <math.h>

#include "distance/avx2_sums.h"

#define TARGET QD_AVX2_TARGET

TARGET static float
dot(const float *a, const float *b, size_t n)
{
	__m256		s0 = _mm256_setzero_ps();
	__m256		s1 = _mm256_setzero_ps();
	size_t		i = 0;
	float		sum;

	for (; i + 16 <= n; i += 16)
	{
		s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i),
							 _mm256_loadu_ps(b + i), s0);
		s1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8),
							 _mm256_loadu_ps(b + i + 8), s1);
	}
	sum = sum_ps(_mm256_add_ps(s0, s1));
	for (; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

TARGET static float
l2_squared(const float *a, const float *b, size_t n)
{
	__m256		s0 = _mm256_setzero_ps();
	__m256		s1 = _mm256_setzero_ps();
	size_t		i = 0;
	float		sum;

	for (; i + 16 <= n; i += 16)
	{
		__m256		d0 = _mm256_sub_ps(_mm256_loadu_ps(a + i),
									   _mm256_loadu_ps(b + i));
		__m256		d1 = _mm256_sub_ps(_mm256_loadu_ps(a + i + 8),
									   _mm256_loadu_ps(b + i + 8));

		s0 = _mm256_fmadd_ps(d0, d0, s0);
		s1 = _mm256_fmadd_ps(d1, d1, s1);
	}
	sum = sum_ps(_mm256_add_ps(s0, s1));
	for (; i < n; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

TARGET static float
l1(const float *a, const float *b, size_t n)
{
	const __m256 sign = _mm256_set1_ps(-0.0f);
	__m256		s0 = _mm256_setzero_ps();
	__m256		s1 = _mm256_setzero_ps();
	size_t		i = 0;
	float		sum;

	for (; i + 16 <= n; i += 16)
	{
		__m256		d0 = _mm256_sub_ps(_mm256_loadu_ps(a + i),
									   _mm256_loadu_ps(b + i));
		__m256		d1 = _mm256_sub_ps(_mm256_loadu_ps(a + i + 8),
									   _mm256_loadu_ps(b + i + 8));

		s0 = _mm256_add_ps(s0, _mm256_andnot_ps(sign, d0));
		s1 = _mm256_add_ps(s1, _mm256_andnot_ps(sign, d1));
	}
	sum = sum_ps(_mm256_add_ps(s0, s1));
	for (; i < n; i++)
		sum += fabsf(a[i] - b[i]);
	return sum;
}

TARGET static void
cosine_parts(const float *a, const float *b, size_t n,
			 float *ab, float *aa, float *bb)
{
	__m256		vab = _mm256_setzero_ps();
	__m256		vaa = _mm256_setzero_ps();
	__m256		vbb = _mm256_setzero_ps();
	size_t		i = 0;

	for (; i + 8 <= n; i += 8)
	{
		__m256		x = _mm256_loadu_ps(a + i);
		__m256		y = _mm256_loadu_ps(b + i);

		vab = _mm256_fmadd_ps(x, y, vab);
		vaa = _mm256_fmadd_ps(x, x, vaa);
		vbb = _mm256_fmadd_ps(y, y, vbb);
	}
	*ab = sum_ps(vab);
	*aa = sum_ps(vaa);
	*bb = sum_ps(vbb);
	for (; i < n; i++)
	{
		*ab += a[i] * b[i];
		*aa += a[i] * a[i];
		*bb += b[i] * b[i];
	}
}

/* Sums of four products; two in 16 bits stay below 2 * 127^2. */
TARGET static inline __m256i
dot_32(const int8_t *a, const int8_t *b)
{
	__m256i		x = _mm256_loadu_si256((const __m256i *) a);
	__m256i		y = _mm256_loadu_si256((const __m256i *) b);

	return _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(x),
												  _mm256_sign_epi8(y, x)),
							 _mm256_set1_epi16(1));
}

TARGET static int32_t
dot_i8(const int8_t *a, const int8_t *b, size_t n)
{
	__m256i		s0 = _mm256_setzero_si256();
	__m256i		s1 = _mm256_setzero_si256();
	size_t		i = 0;
	int32_t		sum;

	for (; i + 64 <= n; i += 64)
	{
		s0 = _mm256_add_epi32(s0, dot_32(a + i, b + i));
		s1 = _mm256_add_epi32(s1, dot_32(a + i + 32, b + i + 32));
	}
	if (i + 32 <= n)
	{
		s0 = _mm256_add_epi32(s0, dot_32(a + i, b + i));
		i += 32;
	}
	sum = sum_epi32(_mm256_add_epi32(s0, s1));
	for (; i < n; i++)
		sum += (int32_t) a[i] * b[i];
	return sum;
}

TARGET static int32_t
l1_u8(const uint8_t *a, const uint8_t *b, size_t n)
{
	__m256i		s = _mm256_setzero_si256();
	size_t		i = 0;
	int32_t		sum;

	for (; i + 32 <= n; i += 32)
		s = _mm256_add_epi64(s, _mm256_sad_epu8(
												_mm256_loadu_si256((const __m256i *) (a + i)),
												_mm256_loadu_si256((const __m256i *) (b + i))));
	/* each 64-bit lane stays below 2^31: the upper halves are zero */
	sum = sum_epi32(s);
	for (; i < n; i++)
		sum += a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
	return sum;
}

TARGET static float
l1_f32_i8(const float *a, const int8_t *b, float scale, size_t n)
{
	const __m256 sign = _mm256_set1_ps(-0.0f);
	const __m256 vscale = _mm256_set1_ps(scale);
	__m256		s = _mm256_setzero_ps();
	size_t		i = 0;
	float		sum;

	for (; i + 8 <= n; i += 8)
	{
		__m256		y = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(
																_mm_loadl_epi64((const __m128i *) (b + i))));
		__m256		d = _mm256_fnmadd_ps(vscale, y, _mm256_loadu_ps(a + i));

		s = _mm256_add_ps(s, _mm256_andnot_ps(sign, d));
	}
	sum = sum_ps(s);
	for (; i < n; i++)
		sum += fabsf(a[i] - scale * b[i]);
	return sum;
}

/*
 * A plane of 32 bytes of a code; what the shift brings in from the byte beside
 * is masked off.
 */
TARGET static inline __attribute__((always_inline)) __m256i
nav_plane(__m256i v, const int8_t *q, int bits, int plane)
{
	__m256i		mask = _mm256_set1_epi8((1 << bits) - 1);
	__m256i		u = _mm256_and_si256(_mm256_srli_epi16(v, plane * bits), mask);

	return _mm256_maddubs_epi16(u, _mm256_loadu_si256((const __m256i *) q));
}

/* The same of 16 bytes: half the work where a register is two of these. */
TARGET static inline __attribute__((always_inline)) __m128i
nav_plane_16(__m128i v, const int8_t *q, int bits, int plane)
{
	__m128i		mask = _mm_set1_epi8((1 << bits) - 1);
	__m128i		u = _mm_and_si128(_mm_srli_epi16(v, plane * bits), mask);

	return _mm_maddubs_epi16(u, _mm_loadu_si128((const __m128i *) q));
}

/*
 * All planes; sums of pairs fit 16 bits: 8 planes of 2 * 127, 4 of 2 * 3 *
 * 127, 2 of 2 * 15 * 127.  One by one, lest it depend on the compiler whether a loop unrolls.
 */
TARGET static inline __attribute__((always_inline)) __m256i
nav_step(const uint8_t *code, const int8_t *q, size_t bytes, int bits)
{
#define PLANE(p)	nav_plane(v, q + (p) * bytes, bits, p)
	__m256i		v = _mm256_loadu_si256((const __m256i *) code);
	__m256i		s0 = _mm256_add_epi16(PLANE(0), PLANE(1));
	__m256i		s1 = _mm256_setzero_si256();

	if (bits <= 2)
		s1 = _mm256_add_epi16(PLANE(2), PLANE(3));
	if (bits == 1)
	{
		s0 = _mm256_add_epi16(s0, _mm256_add_epi16(PLANE(4), PLANE(5)));
		s1 = _mm256_add_epi16(s1, _mm256_add_epi16(PLANE(6), PLANE(7)));
	}
	return _mm256_madd_epi16(_mm256_add_epi16(s0, s1), _mm256_set1_epi16(1));
#undef PLANE
}

TARGET static inline __attribute__((always_inline)) __m128i
nav_step_16(const uint8_t *code, const int8_t *q, size_t bytes, int bits)
{
#define PLANE(p)	nav_plane_16(v, q + (p) * bytes, bits, p)
	__m128i		v = _mm_loadu_si128((const __m128i *) code);
	__m128i		s0 = _mm_add_epi16(PLANE(0), PLANE(1));
	__m128i		s1 = _mm_setzero_si128();

	if (bits <= 2)
		s1 = _mm_add_epi16(PLANE(2), PLANE(3));
	if (bits == 1)
	{
		s0 = _mm_add_epi16(s0, _mm_add_epi16(PLANE(4), PLANE(5)));
		s1 = _mm_add_epi16(s1, _mm_add_epi16(PLANE(6), PLANE(7)));
	}
	return _mm_madd_epi16(_mm_add_epi16(s0, s1), _mm_set1_epi16(1));
#undef PLANE
}

TARGET static inline __attribute__((always_inline)) int32_t
nav_dot(const uint8_t *code, const int8_t *q, size_t bytes, int bits)
{
	__m256i		sum = _mm256_setzero_si256();
	__m128i		half = _mm_setzero_si128();
	size_t		b = 0;

	for (; b + 32 <= bytes; b += 32)
		sum = _mm256_add_epi32(sum, nav_step(code + b, q + b, bytes, bits));
	if (b < bytes)
		half = nav_step_16(code + b, q + b, bytes, bits);
	return sum_epi32(_mm256_add_epi32(sum, _mm256_zextsi128_si256(half)));
}

#include "distance/nav_dots.h"

const qd_distance_table qd_distance_avx2 = {
	QD_SIMD_AVX2, dot, l2_squared, l1, cosine_parts, dot_i8, l1_u8,
	l1_f32_i8, nav_dots
};

#endif							/* __x86_64__ */
