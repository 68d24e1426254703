/*
 * avx2_sums.h
 *		The sum of a register's lanes, for the kernels of this folder.
 */
#ifndef QD_AVX2_SUMS_H
#define QD_AVX2_SUMS_H

#include <immintrin.h>
#include <stdint.h>

#define QD_AVX2_TARGET __attribute__((target("avx2,fma")))

QD_AVX2_TARGET static inline float
sum_ps(__m256 v)
{
	__m128		s = _mm_add_ps(_mm256_castps256_ps128(v),
							   _mm256_extractf128_ps(v, 1));

	s = _mm_add_ps(s, _mm_movehl_ps(s, s));
	s = _mm_add_ss(s, _mm_movehdup_ps(s));
	return _mm_cvtss_f32(s);
}

QD_AVX2_TARGET static inline int32_t
sum_epi32(__m256i v)
{
	__m128i		s = _mm_add_epi32(_mm256_castsi256_si128(v),
								  _mm256_extracti128_si256(v, 1));

	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
	return _mm_cvtsi128_si32(s);
}

#endif							/* QD_AVX2_SUMS_H */
