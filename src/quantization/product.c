/*
 * product.c
 *		Product codes: learning centroids, encoding, decoding.
 */
#include "quantization/product.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "distance/distance.h"

#define ROUNDS		10

uint32_t
qd_product_chunks(const qd_codec *c)
{
	return (c->own_dims + c->chunk - 1) / c->chunk;
}

size_t
qd_codebook_bytes(const qd_codec *c)
{
	return (size_t) qd_product_chunks(c) * c->chunk * QD_CENTROIDS;
}

/* Coordinates of chunk m. */
static inline uint32_t
width(const qd_codec *c, uint32_t m)
{
	uint32_t	left = c->own_dims - m * c->chunk;

	return left < c->chunk ? left : c->chunk;
}

float
qd_product_factor(const qd_codec *c, const qd_code_head *head,
				  const int8_t *wide)
{
	int32_t		ww;

	if (c->metric == QD_METRIC_L1)
		return head->scale / c->codebook_scale;
	ww = qd_distance.dot_i8(wide, wide, c->own_dims);
	return ww == 0 ? 0 : (float) (sqrt(c->own_dims / (double) ww) *
								  QD_PRODUCT_UNIT);
}

/*----------
 * Nearest centroids: coordinates by columns, so that the compiler compares
 * many centroids at once.
 *----------
 */

typedef struct columns
{
	float		at[QD_MAX_CHUNK][QD_CENTROIDS];
} columns;

static uint32_t
nearest(const columns *centroids, const float *x, uint32_t n)
{
	float		d[QD_CENTROIDS] = {0};
	uint32_t	best = 0;

	for (uint32_t k = 0; k < n; k++)
		for (int j = 0; j < QD_CENTROIDS; j++)
		{
			float		r = centroids->at[k][j] - x[k];

			d[j] += r * r;
		}
	for (uint32_t j = 1; j < QD_CENTROIDS; j++)
		if (d[j] < d[best])
			best = j;
	return best;
}
static inline const int8_t *
centroids_of(const qd_codec *c, uint32_t m)
{
	return c->codebook + (size_t) m * c->chunk * QD_CENTROIDS;
}

/* Squared distances in 16-bit steps: |centroid| <= 127, so 32 bits do. */
static uint8_t
nearest_byte(const int8_t *centroids, uint32_t chunk, const int16_t *x,
			 uint32_t n)
{
	int32_t		best_distance = INT32_MAX;
	uint32_t	best = 0;

	for (uint32_t j = 0; j < QD_CENTROIDS; j++)
	{
		int32_t		d = 0;

		for (uint32_t k = 0; k < n; k++)
		{
			int32_t		r = centroids[j * chunk + k] - x[k];

			d += r * r;
		}
		if (d < best_distance)
		{
			best_distance = d;
			best = j;
		}
	}
	return (uint8_t) best;
}

void
qd_product_encode(const qd_codec *c, const int8_t *wide, float factor,
				  uint8_t *stored)
{
	uint32_t	chunks = qd_product_chunks(c);
	int16_t		x[QD_MAX_CHUNK];

	for (uint32_t m = 0; m < chunks; m++)
	{
		const int8_t *from = wide + m * c->chunk;
		uint32_t	n = width(c, m);

		for (uint32_t k = 0; k < n; k++)
		{
			float		y = from[k] * factor;

			y = y > 4096 ? 4096 : y < -4096 ? -4096 : y;
			x[k] = (int16_t) lrintf(y);
		}
		stored[m] = nearest_byte(centroids_of(c, m), c->chunk, x, n);
	}
}

/* The common chunks have a copy of constant length. */
static inline void
decode_whole(const qd_codec *c, const uint8_t *stored, int8_t *wide,
			 uint32_t whole, uint32_t chunk)
{
	const int8_t *centroids = c->codebook;

	for (uint32_t m = 0; m < whole; m++)
	{
		memcpy(wide, centroids + stored[m] * chunk, chunk);
		wide += chunk;
		centroids += chunk * QD_CENTROIDS;
	}
}

void
qd_product_decode(const qd_codec *c, const uint8_t *stored, int8_t *wide)
{
	uint32_t	whole = c->own_dims / c->chunk;
	uint32_t	rest = c->own_dims % c->chunk;

	switch (c->chunk)
	{
		case 2:
			decode_whole(c, stored, wide, whole, 2);
			break;
		case 4:
			decode_whole(c, stored, wide, whole, 4);
			break;
		case 8:
			decode_whole(c, stored, wide, whole, 8);
			break;
		case 16:
			decode_whole(c, stored, wide, whole, 16);
			break;
		default:
			decode_whole(c, stored, wide, whole, c->chunk);
			break;
	}
	if (rest > 0)
		memcpy(wide + whole * c->chunk,
			   centroids_of(c, whole) + stored[whole] * c->chunk, rest);
}

/*----------
 * Learning
 *----------
 */

typedef struct means
{
	double		sum[QD_CENTROIDS][QD_MAX_CHUNK];
	uint32_t	count[QD_CENTROIDS];
} means;

/* All rows' chunks side by side. */
size_t
qd_product_work(uint32_t n)
{
	return (size_t) n * QD_MAX_CHUNK * sizeof(float);
}

/*
 * Moves the centroids to the means of what is nearest to them; those of
 * nothing to a row's place, another one in each round.
 */
static void
move(columns *centroids, const means *m, const float *x, uint32_t n,
	 uint32_t dims, uint32_t round)
{
	for (uint32_t j = 0; j < QD_CENTROIDS; j++)
		for (uint32_t k = 0; k < dims; k++)
			centroids->at[k][j] = m->count[j] > 0 ?
				(float) (m->sum[j][k] / m->count[j]) :
				x[((size_t) j * 7919 + round * 104729) % n * dims + k];
}

static void
add_row(means *m, uint32_t j, const float *x, uint32_t dims)
{
	m->count[j]++;
	for (uint32_t k = 0; k < dims; k++)
		m->sum[j][k] += x[k];
}

static int8_t
to_byte(float y)
{
	return (int8_t) lrintf(y > 127 ? 127 : y < -127 ? -127 : y);
}

void
qd_product_learn(const qd_codec *c, uint32_t m, const int8_t *const *rows,
				 const float *factors, uint32_t n, void *work,
				 int8_t *codebook)
{
	uint32_t	dims = width(c, m);
	float	   *x = work;
	columns		centroids;
	means		sums;
	int8_t	   *out = codebook + (size_t) m * c->chunk * QD_CENTROIDS;

	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < dims; k++)
			x[(size_t) i * dims + k] = factors[i] * rows[i][m * c->chunk + k];
	/* rows at equal distances make the first centroids */
	for (uint32_t j = 0; j < QD_CENTROIDS; j++)
		for (uint32_t k = 0; k < dims; k++)
			centroids.at[k][j] = x[(size_t) j * n / QD_CENTROIDS * dims + k];
	for (uint32_t round = 0; round < ROUNDS; round++)
	{
		memset(&sums, 0, sizeof(sums));
		for (uint32_t i = 0; i < n; i++)
			add_row(&sums, nearest(&centroids, x + (size_t) i * dims, dims),
					x + (size_t) i * dims, dims);
		move(&centroids, &sums, x, n, dims, round);
	}
	for (uint32_t j = 0; j < QD_CENTROIDS; j++)
		for (uint32_t k = 0; k < c->chunk; k++)
			out[j * c->chunk + k] = k < dims ? to_byte(centroids.at[k][j]) : 0;
}
