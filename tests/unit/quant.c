/*
 * quant.c
 *		Codes against exact distances: the error that qd_query_error promises
 *		is kept, for every metric and for dimensions from 2 to 4,000, and is not
 *		promised too large; degenerate vectors; the rotation keeps lengths.
 *
 * Prints one line per test and "N passed, N failed".
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "distance/distance.h"
#include "quantization/quant.h"
#include "quantization/rotation.h"
#include "check.h"

/* Gaussian, sparse, or skewed coordinates, of a norm between 0.01 and 100. */
static void
fill(float *x, uint32_t dim)
{
	double		norm = pow(10, 4 * uniform() - 2);
	int			kind = (int) (uniform() * 3);

	for (uint32_t i = 0; i < dim; i++)
	{
		double		g = normal();

		if (kind == 1 && i > 0 && uniform() < 0.9)
			g = 0;
		if (kind == 2)
			g = g * g * g;
		x[i] = (float) (g * norm / sqrt(dim));
	}
}

/* y at a relative distance between 1e-3 and 1 from x, or independent. */
static void
fill_near(float *y, const float *x, uint32_t dim)
{
	double		t = pow(10, -3 * uniform());

	fill(y, dim);
	if (uniform() < 0.3)
		return;
	for (uint32_t i = 0; i < dim; i++)
		y[i] = (float) (x[i] + t * x[(i * 7 + 1) % dim] * normal());
}

/* Ones and zeroes, few or many, independent or alike. */
static void
fill_bits(float *x, float *y, uint32_t dim)
{
	double		ones = uniform();
	double		alike = uniform();

	for (uint32_t i = 0; i < dim; i++)
	{
		x[i] = uniform() < ones;
		y[i] = uniform() < alike ? x[i] : uniform() < ones;
	}
}

typedef struct fixture
{
	qd_codec	codec;
	qd_query	query;
	void	   *signs;
	float	   *work;
	void	   *memory;
	float	   *x;
	float	   *y;
	int8_t	   *code;
	qd_code_head head;
} fixture;

static void
setup(fixture *f, qd_metric metric, uint32_t dim, uint32_t own_dims)
{
	f->signs = malloc(qd_codec_memory(metric, dim) + 1);
	qd_codec_init(&f->codec, metric, dim, own_dims, 4711, f->signs);
	f->work = malloc(qd_codec_work(dim) * sizeof(float));
	f->memory = malloc(qd_query_memory(&f->codec));
	f->x = malloc(dim * sizeof(float));
	f->y = malloc(dim * sizeof(float));
	f->code = malloc(own_dims);
}

static void
teardown(fixture *f)
{
	free(f->signs);
	free(f->work);
	free(f->memory);
	free(f->x);
	free(f->y);
	free(f->code);
}

static const char *const names[] = {"", "L2", "IP", "cosine", "L1", "Jaccard"};

static void
test_error(qd_metric metric, uint32_t dim, uint32_t own_dims, int rounds)
{
	fixture		f;
	int			beyond = 0;
	double		used = 0;
	char		what[80];
	bool		is_exact = metric == QD_METRIC_JACCARD && own_dims == dim;

	setup(&f, metric, dim, own_dims);
	for (int i = 0; i < rounds; i++)
	{
		double		error;
		double		allowed;
		float		d;

		fill(f.x, dim);
		fill_near(f.y, f.x, dim);
		if (metric == QD_METRIC_JACCARD)
			fill_bits(f.x, f.y, dim);
		qd_query_init(&f.query, &f.codec, f.x, f.work, f.memory);
		qd_encode(&f.codec, f.y, f.work, &f.head, f.code);
		d = qd_query_distance(&f.query, &f.head, f.code);
		allowed = qd_query_error(&f.query, &f.head, d);
		error = fabs((double) d - qd_exact_distance(metric, f.x, f.y, dim));
		beyond += error > allowed && qd_exact_distance(metric, f.x, f.y, dim) != INFINITY;
		used += (error / allowed) * (error / allowed);
	}
	snprintf(what, sizeof(what), "%s, %u of %u dimensions: errors beyond the promise",
			 names[metric], own_dims, dim);
	ok(beyond <= 1 + rounds / 1000, what, beyond, rounds);
	/*
	 * Four sigma promised: the root mean square is near a quarter of it, or
	 * more where the promise holds a bias (L2 of near vectors).
	 */
	snprintf(what, sizeof(what), "%s, %u of %u dimensions: used of the promise",
			 names[metric], own_dims, dim);
	used = sqrt(used / rounds);
	ok(used < 0.6 && (used > 0.02 || is_exact), what, used, 0.25);
	teardown(&f);
}

/* A query made of a code answers like codes among themselves. */
static void
test_codes(qd_metric metric, uint32_t dim)
{
	fixture		f;
	qd_code_head head;
	int8_t	   *code = malloc(dim);

	setup(&f, metric, dim, dim);
	for (int i = 0; i < 20; i++)
	{
		float		a;
		float		b;

		fill(f.x, dim);
		fill(f.y, dim);
		qd_encode(&f.codec, f.x, f.work, &head, code);
		qd_encode(&f.codec, f.y, f.work, &f.head, f.code);
		qd_query_from_code(&f.query, &f.codec, &head, code, f.memory);
		a = qd_query_distance(&f.query, &f.head, f.code);
		b = qd_code_distance(&f.codec, &head, code, &f.head, f.code);
		ok(fabsf(a - b) <= 1e-5f * (fabsf(a) + 1e-3f), "query of a code", a, b);
		b = qd_code_distance(&f.codec, &f.head, f.code, &head, code);
		ok(fabsf(a - b) <= 1e-5f * (fabsf(a) + 1e-3f), "symmetric", a, b);
	}
	free(code);
	teardown(&f);
}

/* Zero, huge and tiny vectors: finite heads, finite distances. */
static void
test_extremes(qd_metric metric, uint32_t dim)
{
	static const float values[] = {0, 1e-45f, 1e-38f, 1e-20f, 1, 1e20f, 3.4e38f};
	fixture		f;

	setup(&f, metric, dim, dim);
	for (int i = 0; i < 7; i++)
		for (int j = 0; j < 7; j++)
		{
			float		d;
			float		e;

			for (uint32_t k = 0; k < dim; k++)
			{
				f.x[k] = values[i];
				f.y[k] = k % 2 ? -values[j] : values[j];
			}
			qd_query_init(&f.query, &f.codec, f.x, f.work, f.memory);
			qd_encode(&f.codec, f.y, f.work, &f.head, f.code);
			d = qd_query_distance(&f.query, &f.head, f.code);
			e = qd_query_error(&f.query, &f.head, d);
			ok(isfinite(f.head.scale) && isfinite(f.head.norm2) &&
			   isfinite(f.head.full_norm2), "finite head", values[j], dim);
			ok(isfinite(d) && isfinite(e) && e >= 0, "finite distance", d, e);
			ok(!isnan(qd_exact_distance(metric, f.x, f.y, dim)), "exact", i, j);
		}
	teardown(&f);
}

static void
test_rotation(uint32_t dim)
{
	uint8_t    *signs = malloc(qd_rotation_memory(dim) + 1);
	float	   *x = calloc(dim, sizeof(float));
	double		norm2 = 0;
	float		max = 0;

	qd_rotation_init(signs, dim, 1);
	x[dim - 1] = 1;
	qd_rotate(signs, x, dim);
	for (uint32_t i = 0; i < dim; i++)
	{
		norm2 += (double) x[i] * x[i];
		max = fmaxf(max, fabsf(x[i]));
	}
	ok(fabs(norm2 - 1) < 1e-5, "rotation keeps the length", norm2, dim);
	/* what stood in one coordinate stands in all */
	if (dim >= 64)
		ok(max < 8 / sqrt(dim), "rotation spreads", max, dim);
	free(x);
	free(signs);
}

int
main(void)
{
	static const uint32_t dims[] = {2, 3, 4, 8, 15, 16, 17, 31, 64, 100, 128,
	384, 768, 1000, 1536, 4000};

	qd_distance_choose();
	for (int metric = QD_METRIC_L2; metric <= QD_METRIC_LAST; metric++)
	{
		for (size_t i = 0; i < sizeof(dims) / sizeof(dims[0]); i++)
		{
			test_error(metric, dims[i], dims[i], 6000000 / (dims[i] + 1000));
			test_extremes(metric, dims[i]);
		}
		test_codes(metric, 5);
		test_codes(metric, 100);
		if (metric != QD_METRIC_L1)
			test_error(metric, 3000, 1000, 6000);
	}
	for (uint32_t dim = 1; dim < 300; dim++)
		test_rotation(dim);
	test_rotation(65536);
	printf("quant: %d passed, %d failed\n", passed, failed);
	return failed != 0;
}
