/*
 * rotation.c
 *		Random rotation by signs and fast Walsh-Hadamard transforms.
 */
#include "quantization/rotation.h"

#include <math.h>
#include <string.h>

size_t
qd_power_below(size_t n)
{
	size_t		p = 1;

	while (p * 2 <= n)
		p *= 2;
	return p;
}

size_t
qd_power_above(size_t n)
{
	size_t		p = 1;

	while (p < n)
		p *= 2;
	return p;
}

/* Four rounds of the window's length, or two of the padded one's. */
size_t
qd_rotation_memory(uint32_t dim)
{
	if (dim < QD_ROTATION_MIN_DIM)
		return 0;
	return 4 * qd_power_below(dim) / 8;
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint64_t
next_bits(uint64_t *state)
{
	uint64_t	z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void
qd_rotation_init(uint8_t *signs, uint32_t dim, uint64_t seed)
{
	size_t		size = qd_rotation_memory(dim);

	for (size_t i = 0; i < size; i += 8)
	{
		uint64_t	bits = next_bits(&seed);

		memcpy(signs + i, &bits, size - i < 8 ? size - i : 8);
	}
}

/* Four coordinates at once, on every processor that has registers for them. */
typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t signs4 __attribute__((vector_size(16), aligned(4), may_alias));

/* n is a multiple of 8 */
static void
flip_signs(const uint8_t *signs, float *x, size_t n)
{
	const signs4 bits = {1, 2, 4, 8};

	for (size_t i = 0; i < n; i += 4)
	{
		int32_t		four = signs[i / 8] >> i % 8;
		signs4		flip = ((signs4) {four, four, four, four} & bits) != 0;

		*(signs4 *) (x + i) ^= flip & INT32_MIN;
	}
}

/* In place, n a power of two >= 4, scaled so that it keeps lengths. */
static void
hadamard(float *x, size_t n)
{
	float		scale = 1.0f / sqrtf((float) n);

	for (size_t i = 0; i < n; i += 4)
	{
		float		a = x[i] + x[i + 1];
		float		b = x[i] - x[i + 1];
		float		c = x[i + 2] + x[i + 3];
		float		d = x[i + 2] - x[i + 3];

		x[i] = (a + c) * scale;
		x[i + 1] = (b + d) * scale;
		x[i + 2] = (a - c) * scale;
		x[i + 3] = (b - d) * scale;
	}
	for (size_t h = 4; h < n; h *= 2)
		for (size_t i = 0; i < n; i += 2 * h)
			for (size_t j = i; j < i + h; j += 4)
			{
				quad		a = *(quad *) (x + j);
				quad		b = *(quad *) (x + j + h);

				*(quad *) (x + j) = a + b;
				*(quad *) (x + j + h) = a - b;
			}
}

/*
 * The transform wants a power of two, so it works on the first window of that
 * length, on the last, and so on: every coordinate then depends on every
 * other.  A second pass is for sparse vectors, which one transform turns into
 * few different values, whose roundings are not independent.
 */
void
qd_rotate(const uint8_t *signs, float *x, uint32_t dim)
{
	size_t		n = qd_power_below(dim);
	int			rounds = n == dim ? 2 : 4;

	if (dim < QD_ROTATION_MIN_DIM)
		return;
	for (int round = 0; round < rounds; round++)
	{
		float	   *window = round % 2 ? x + dim - n : x;

		flip_signs(signs + round * (n / 8), window, n);
		hadamard(window, n);
	}
}

/*
 * Two rounds: a prefix of one transform is a folding of its input, which
 * wants the input spread already.
 */
void
qd_rotate_padded(const uint8_t *signs, float *x, uint32_t dim)
{
	size_t		n = qd_power_above(dim);

	memset(x + dim, 0, (n - dim) * sizeof(float));
	for (int round = 0; round < 2; round++)
	{
		flip_signs(signs + round * (n / 8), x, n);
		hadamard(x, n);
	}
}
