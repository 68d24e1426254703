/*
 * elements_scalar.c
 *		Half floats, bytes and bits in plain C: the oracle of the other levels.
 */
#include "distance/elements.h"

#include <math.h>

static void
half_to_float(const qd_half *x, float *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = qd_half_to_float(x[i]);
}

static void
half_from_float(const float *x, qd_half *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = qd_half_from_float(x[i]);
}

static float
half_dot(const qd_half *a, const qd_half *b, size_t n)
{
	float		sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += qd_half_to_float(a[i]) * qd_half_to_float(b[i]);
	return sum;
}

static float
half_l2_squared(const qd_half *a, const qd_half *b, size_t n)
{
	float		sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		float		d = qd_half_to_float(a[i]) - qd_half_to_float(b[i]);

		sum += d * d;
	}
	return sum;
}

static float
half_l1(const qd_half *a, const qd_half *b, size_t n)
{
	float		sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += fabsf(qd_half_to_float(a[i]) - qd_half_to_float(b[i]));
	return sum;
}

static void
half_cosine_parts(const qd_half *a, const qd_half *b, size_t n,
				  float *ab, float *aa, float *bb)
{
	float		sum_ab = 0;
	float		sum_aa = 0;
	float		sum_bb = 0;

	for (size_t i = 0; i < n; i++)
	{
		float		x = qd_half_to_float(a[i]);
		float		y = qd_half_to_float(b[i]);

		sum_ab += x * y;
		sum_aa += x * x;
		sum_bb += y * y;
	}
	*ab = sum_ab;
	*aa = sum_aa;
	*bb = sum_bb;
}

static uint32_t
byte_dot(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint32_t	sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (uint32_t) a[i] * b[i];
	return sum;
}

static uint32_t
byte_l2_squared(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint32_t	sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		int32_t		d = (int32_t) a[i] - b[i];

		sum += (uint32_t) (d * d);
	}
	return sum;
}

static uint64_t
bit_hamming(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t	sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += __builtin_popcount(a[i] ^ b[i]);
	return sum;
}

static void
bit_overlap(const uint8_t *a, const uint8_t *b, size_t n,
			uint64_t *both, uint64_t *any)
{
	uint64_t	sum_both = 0;
	uint64_t	sum_any = 0;

	for (size_t i = 0; i < n; i++)
	{
		sum_both += __builtin_popcount(a[i] & b[i]);
		sum_any += __builtin_popcount(a[i] | b[i]);
	}
	*both = sum_both;
	*any = sum_any;
}

const qd_element_table qd_elements_scalar = {
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
