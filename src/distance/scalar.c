/*
 * scalar.c
 *		The kernels in plain C: the oracle of all the others.
 */
#include "distance/distance.h"

#include <math.h>

static float
dot(const float *a, const float *b, size_t n)
{
	float		sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

static float
l2_squared(const float *a, const float *b, size_t n)
{
	float		sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		float		d = a[i] - b[i];

		sum += d * d;
	}
	return sum;
}

static float
l1(const float *a, const float *b, size_t n)
{
	float		sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += fabsf(a[i] - b[i]);
	return sum;
}

static void
cosine_parts(const float *a, const float *b, size_t n,
			 float *ab, float *aa, float *bb)
{
	float		sum_ab = 0;
	float		sum_aa = 0;
	float		sum_bb = 0;

	for (size_t i = 0; i < n; i++)
	{
		sum_ab += a[i] * b[i];
		sum_aa += a[i] * a[i];
		sum_bb += b[i] * b[i];
	}
	*ab = sum_ab;
	*aa = sum_aa;
	*bb = sum_bb;
}

static int32_t
dot_i8(const int8_t *a, const int8_t *b, size_t n)
{
	int32_t		sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (int32_t) a[i] * b[i];
	return sum;
}

static int32_t
l1_u8(const uint8_t *a, const uint8_t *b, size_t n)
{
	int32_t		sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] > b[i] ? a[i] - b[i] : b[i] - a[i];
	return sum;
}

static float
l1_f32_i8(const float *a, const int8_t *b, float scale, size_t n)
{
	float		sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += fabsf(a[i] - scale * b[i]);
	return sum;
}

static void
nav_dots(const uint8_t *codes, size_t bytes, int bits, const uint16_t *which,
		 size_t n, const int8_t *q, int32_t *out)
{
	for (size_t i = 0; i < n; i++)
	{
		const uint8_t *code = codes + which[i] * bytes;
		int32_t		sum = 0;

		for (int plane = 0; plane < 8 / bits; plane++)
			for (size_t b = 0; b < bytes; b++)
				sum += ((code[b] >> plane * bits) & ((1 << bits) - 1)) *
					q[plane * bytes + b];
		out[i] = sum;
	}
}

const qd_distance_table qd_distance_scalar = {
	QD_SIMD_SCALAR, dot, l2_squared, l1, cosine_parts, dot_i8, l1_u8,
	l1_f32_i8, nav_dots
};
