/*
 * stored.c
 *		Codes in fewer bits against exact distances and against what they decode
 *		to: the error that qd_query_stored_error promises is kept and is not
 *		promised too large; a finer code errs less; clipped rows; sizes; zero
 *		and huge vectors.
 *
 * Prints "N passed, N failed".
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "distance/distance.h"
#include "quantization/coarse.h"
#include "quantization/product.h"
#include "quantization/quant.h"
#include "check.h"

#define LEARN_ROWS	600

static const char *const metrics[] = {"", "L2", "IP", "cosine", "L1"};
static const char *const kinds[] = {"int8", "1 bit", "1.5 bits", "2 bits",
"4 bits", "product"};

typedef struct fixture
{
	qd_codec	codec;
	qd_query	query;
	void	   *signs;
	float	   *work;
	void	   *memory;
	float	   *x;
	float	   *y;
	int8_t	   *wide;
	int8_t	   *loaded;
	uint8_t    *stored;
	int8_t	   *codebook;
	qd_code_head wide_head;
	qd_code_head head;
} fixture;

/* Gaussian directions around a few centres, of norms between 0.1 and 10. */
static void
fill(float *x, uint32_t dim)
{
	double		norm = pow(10, 2 * uniform() - 1);
	int			centre = (int) (uniform() * 5);

	for (uint32_t i = 0; i < dim; i++)
		x[i] = (float) ((normal() + sin(i * (centre + 1.0))) * norm / sqrt(dim));
}

/* A relative distance between 0.1 and 1 away, or independent. */
static void
fill_near(float *y, const float *x, uint32_t dim)
{
	double		t = pow(10, -uniform());

	fill(y, dim);
	if (uniform() < 0.3)
		return;
	for (uint32_t i = 0; i < dim; i++)
		y[i] = (float) (x[i] + t * fabs(x[(i * 7 + 1) % dim]) * normal());
}

static void
learn(fixture *f)
{
	const qd_codec *c = &f->codec;
	int8_t	   *rows = malloc((size_t) LEARN_ROWS * c->own_dims);
	const int8_t *at[LEARN_ROWS];
	float		factors[LEARN_ROWS];
	void	   *work = malloc(qd_product_work(LEARN_ROWS));

	f->codec.codebook_scale = 0.04f;
	f->codebook = malloc(qd_codebook_bytes(c));
	for (int i = 0; i < LEARN_ROWS; i++)
	{
		int8_t	   *row = rows + (size_t) i * c->own_dims;

		fill(f->x, c->dim);
		qd_encode(c, f->x, f->work, &f->head, row);
		at[i] = row;
		factors[i] = qd_product_factor(c, &f->head, row);
	}
	for (uint32_t m = 0; m < qd_product_chunks(c); m++)
		qd_product_learn(c, m, at, factors, LEARN_ROWS, work, f->codebook);
	f->codec.codebook = f->codebook;
	free(rows);
	free(work);
}

static void
setup(fixture *f, qd_metric metric, uint32_t dim, uint32_t own_dims,
	  qd_code_kind kind, uint32_t chunk)
{
	memset(f, 0, sizeof(*f));
	f->signs = malloc(qd_codec_memory(metric, dim) + 1);
	qd_codec_init(&f->codec, metric, dim, own_dims, 4711, f->signs);
	qd_codec_set_kind(&f->codec, kind, chunk);
	f->work = malloc(qd_codec_work(dim) * sizeof(float));
	f->memory = malloc(qd_query_memory(&f->codec));
	f->x = malloc(dim * sizeof(float));
	f->y = malloc(dim * sizeof(float));
	f->wide = malloc(own_dims);
	f->loaded = malloc(own_dims);
	f->stored = malloc(qd_stored_bytes(&f->codec));
	if (f->codec.kind == QD_CODE_PRODUCT)
		learn(f);
}

static void
teardown(fixture *f)
{
	free(f->signs);
	free(f->work);
	free(f->memory);
	free(f->x);
	free(f->y);
	free(f->wide);
	free(f->loaded);
	free(f->stored);
	free(f->codebook);
}

static void
store(fixture *f)
{
	qd_query_init(&f->query, &f->codec, f->x, f->work, f->memory);
	qd_encode(&f->codec, f->y, f->work, &f->wide_head, f->wide);
	qd_store_code(&f->codec, &f->wide_head, f->wide, &f->head, f->stored);
	qd_load_code(&f->codec, &f->head, f->stored, f->loaded);
}

/* The distance by the decoded coordinates in double precision. */
static double
decoded_distance(const fixture *f)
{
	const qd_codec *c = &f->codec;
	double		dot = 0;
	double		l1 = 0;

	for (uint32_t i = 0; i < c->own_dims; i++)
	{
		double		y = (double) f->head.scale * f->loaded[i];

		dot += (double) f->query.head.scale * f->query.code[i] * y;
		l1 += fabs(f->query.x[i] - y);
	}
	switch (c->metric)
	{
		case QD_METRIC_L2:
			return fmax(0, (double) f->query.head.full_norm2 +
						f->head.full_norm2 - 2 * dot);
		case QD_METRIC_COSINE:
			return 1 - dot;
		case QD_METRIC_IP:
			return -dot;
		default:
			return l1;
	}
}

/* Root mean square of the errors, over the lengths. */
static double
test_error(qd_metric metric, uint32_t dim, uint32_t own_dims,
		   qd_code_kind kind, uint32_t chunk, int rounds)
{
	fixture		f;
	int			beyond = 0;
	int			wrong = 0;
	double		used = 0;
	double		sum = 0;
	char		what[120];

	setup(&f, metric, dim, own_dims, kind, chunk);
	for (int i = 0; i < rounds; i++)
	{
		double		exact;
		double		error;
		double		allowed;
		double		d;

		fill(f.x, dim);
		fill_near(f.y, f.x, dim);
		store(&f);
		d = qd_query_stored_distance(&f.query, &f.head, f.stored);
		if (f.codec.kind != QD_CODE_INT8)
			wrong += fabs(d - decoded_distance(&f)) >
				1e-4 * (1 + fabs(d) + f.head.full_norm2 +
						f.query.head.full_norm2);
		allowed = qd_query_stored_error(&f.query, &f.head, (float) d);
		exact = qd_exact_distance(metric, f.x, f.y, dim);
		error = fabs(d - exact);
		beyond += error > allowed;
		used += (error / allowed) * (error / allowed);
		sum += error * error /
			((double) f.query.head.full_norm2 * f.head.full_norm2);
	}
	used = sqrt(used / rounds);
	snprintf(what, sizeof(what), "%s, %u of %u dimensions, %s/%u", metrics[metric],
			 own_dims, dim, kinds[kind], chunk);
	ok(wrong == 0, what, wrong, 0);
	/* what learned chunks of a few centres leave is less random */
	ok(beyond <= (f.codec.kind == QD_CODE_PRODUCT ? rounds / 12 :
				  2 + rounds / 500), what, beyond, rounds);
	ok(used < 0.6 && used > 0.02, what, used, 0.25);
	teardown(&f);
	return sqrt(sum / rounds);
}

/* More bits, smaller errors; about those that the codes' distortions cause. */
static void
test_order(qd_metric metric, uint32_t dim)
{
	double		e1 = test_error(metric, dim, dim, QD_CODE_1_BIT, 0, 2000);
	double		e15 = test_error(metric, dim, dim, QD_CODE_1_5_BITS, 0, 2000);
	double		e2 = test_error(metric, dim, dim, QD_CODE_2_BITS, 0, 2000);
	double		e4 = test_error(metric, dim, dim, QD_CODE_4_BITS, 0, 2000);
	double		e8 = test_error(metric, dim, dim, QD_CODE_INT8, 0, 2000);

	ok(e15 < e1, "1.5 bits are better than 1", e15, e1);
	ok(e2 < 0.8 * e15, "2 bits are better than 1.5", e2, e15);
	ok(e4 < 0.4 * e2, "4 bits are better than 2", e4, e2);
	ok(e8 < (metric == QD_METRIC_L2 ? 1 : 0.3) * e4, "8 bits are better than 4", e8, e4);
}

static void
test_product(qd_metric metric, uint32_t dim)
{
	double		e16 = test_error(metric, dim, dim, QD_CODE_PRODUCT, 16, 400);
	double		e4 = test_error(metric, dim, dim, QD_CODE_PRODUCT, 4, 400);
	double		e2 = test_error(metric, dim, dim, QD_CODE_PRODUCT, 2, 400);

	test_error(metric, dim, dim, QD_CODE_PRODUCT, 8, 400);
	/* of L1 the bias stays, that small vectors get none of 256 centroids */
	ok(e4 < (metric == QD_METRIC_L1 ? 1 : 0.8) * e16, "x16 is better than x64",
	   e4, e16);
	ok(e2 < (metric == QD_METRIC_L1 ? 1 : 0.6) * e4, "x8 is better than x16",
	   e2, e4);
}

/* A clipped row is right in the mean, and the promise holds. */
static void
test_quantile(qd_metric metric, uint32_t dim, float quantile)
{
	fixture		f;
	int			beyond = 0;
	int			clipped = 0;
	char		what[80];

	setup(&f, metric, dim, dim, QD_CODE_INT8, 0);
	f.codec.quantile = quantile;
	for (int i = 0; i < 1000; i++)
	{
		float		d;

		fill(f.x, dim);
		fill_near(f.y, f.x, dim);
		store(&f);
		for (uint32_t k = 0; k < dim; k++)
			clipped += abs(f.wide[k]) == 127;
		d = qd_query_stored_distance(&f.query, &f.head, f.stored);
		beyond += fabs((double) d - qd_exact_distance(metric, f.x, f.y, dim)) >
			qd_query_stored_error(&f.query, &f.head, d);
	}
	snprintf(what, sizeof(what), "%s, quantile %.2f", metrics[metric], quantile);
	ok(beyond <= 3, what, beyond, 1000);
	ok(fabs(clipped / (1000.0 * dim) - (1 - quantile)) < 0.01 + 1.0 / dim, what,
	   clipped / (1000.0 * dim), 1 - quantile);
	teardown(&f);
}

/* Zero and huge vectors: finite heads and distances. */
static void
test_extremes(qd_metric metric, qd_code_kind kind, uint32_t chunk)
{
	static const float values[] = {0, 1e-38f, 1e-20f, 1, 1e20f, 3.4e38f};
	fixture		f;

	setup(&f, metric, 100, 100, kind, chunk);
	for (int i = 0; i < 36; i++)
	{
		float		d;

		for (uint32_t k = 0; k < 100; k++)
		{
			f.x[k] = values[i / 6];
			f.y[k] = k % 2 ? -values[i % 6] : values[i % 6];
		}
		store(&f);
		d = qd_query_stored_distance(&f.query, &f.head, f.stored);
		ok(isfinite(f.head.scale) && isfinite(f.head.norm2), "finite head",
		   f.head.scale, f.head.norm2);
		ok(isfinite(d), "finite distance", d, i);
		ok(qd_query_stored_error(&f.query, &f.head, d) >= 0, "error", d, i);
		d = qd_loaded_distance(&f.codec, &f.head, f.loaded, &f.head, f.loaded);
		ok(isfinite(d), "finite distance of codes", d, i);
	}
	teardown(&f);
}

/*
 * Codes among themselves: a row is at no distance from itself, and others at
 * about that which their vectors have, in the mean.
 */
static void
test_loaded(qd_code_kind kind)
{
	fixture		f;
	double		sum = 0;
	int8_t		other[384];

	setup(&f, QD_METRIC_COSINE, 384, 384, kind, 8);
	for (int i = 0; i < 300; i++)
	{
		qd_code_head head;
		float		d;

		fill(f.x, 384);
		fill_near(f.y, f.x, 384);
		store(&f);
		head = f.head;
		memcpy(other, f.loaded, 384);
		d = qd_loaded_distance(&f.codec, &head, other, &head, other);
		ok(fabsf(d) < 5e-3f, "a row and itself", d, 0);
		sum -= qd_exact_distance(QD_METRIC_COSINE, f.x, f.y, 384);
		memcpy(f.y, f.x, 384 * sizeof(float));
		store(&f);
		sum += qd_loaded_distance(&f.codec, &head, other, &f.head, f.loaded);
	}
	ok(fabs(sum / 300) < 0.03, kinds[kind], sum / 300, 0);
	teardown(&f);
}

/*
 * Bounds by coarse codes: hardly ever above the distance by the wide code, and
 * not far below it.
 */
static void
test_coarse(qd_metric metric, uint32_t dim, float quantile)
{
	fixture		f;
	qd_coarse_row rows[200];
	uint8_t    *codes;
	float		bounds[200];
	float		distances[200];
	float		units[200];
	int			wrong = 0;
	int			all = 0;
	double		slack = 0;
	char		what[80];

	setup(&f, metric, dim, dim, QD_CODE_INT8, 0);
	f.codec.quantile = quantile;
	codes = malloc(200 * qd_coarse_bytes(&f.codec));
	ok(qd_coarse_serves(&f.codec), "coarse codes", metric, dim);
	for (int round = 0; round < 20; round++)
	{
		/* not a whole number of batches */
		int			n = 200 - round * 7;

		fill(f.x, dim);
		for (int i = 0; i < n; i++)
		{
			fill_near(f.y, f.x, dim);
			store(&f);
			qd_coarse_encode(&f.codec, &f.wide_head, f.wide, &rows[i],
							 codes + i * qd_coarse_bytes(&f.codec));
			distances[i] = qd_query_distance(&f.query, &f.wide_head, f.wide);
			units[i] = (metric == QD_METRIC_L2 ? 2 : 1) *
				sqrtf(f.query.head.norm2 * f.wide_head.norm2);
		}
		qd_coarse_bounds(&f.query, rows, codes, n, bounds);
		all += n;
		for (int i = 0; i < n; i++)
		{
			wrong += bounds[i] > distances[i] + 1e-5f * fabsf(distances[i]);
			slack += (distances[i] - bounds[i]) / units[i];
		}
	}
	snprintf(what, sizeof(what), "bounds, %s, %u dimensions", metrics[metric], dim);
	ok(wrong <= 3, what, wrong, all);
	slack *= sqrt(dim) / all;
	ok(slack > 1 && slack < 2, what, slack, 2);
	free(codes);
	teardown(&f);
}

/*
 * Rows and queries that are too long for floats have no bound that leaves them
 * out.  One coordinate in so many has another sign.
 */
static void
test_coarse_extremes(qd_metric metric, float quantile, uint32_t one_in)
{
	static const float values[] = {0, 1e-38f, 1e-20f, 1, 1e15f, 1.35e18f, 1.8e18f, 3.4e38f};
	const int	n = sizeof(values) / sizeof(values[0]);
	fixture		f;
	qd_coarse_row row;
	uint8_t		code[32];

	setup(&f, metric, 100, 100, QD_CODE_INT8, 0);
	f.codec.quantile = quantile;
	for (int i = 0; i < n * n; i++)
	{
		float		bound;
		float		d;

		for (uint32_t k = 0; k < 100; k++)
		{
			f.x[k] = values[i / n];
			f.y[k] = k % one_in == 0 ? -values[i % n] : values[i % n];
		}
		store(&f);
		qd_coarse_encode(&f.codec, &f.wide_head, f.wide, &row, code);
		qd_coarse_bounds(&f.query, &row, code, 1, &bound);
		d = qd_query_distance(&f.query, &f.wide_head, f.wide);
		ok(!(bound > d + 1e-5f * fabsf(d)), "bound of extremes", bound, d);
	}
	teardown(&f);
}

static void
test_sizes(void)
{
	qd_codec	c;
	uint8_t		signs[4096];

	qd_codec_init(&c, QD_METRIC_COSINE, 768, 768, 1, signs);
	qd_codec_set_kind(&c, QD_CODE_1_BIT, 0);
	ok(qd_stored_bytes(&c) == 96, "768 times 1 bit", qd_stored_bytes(&c), 96);
	qd_codec_set_kind(&c, QD_CODE_1_5_BITS, 0);
	ok(qd_stored_bytes(&c) == 144, "1.5 bits", qd_stored_bytes(&c), 144);
	qd_codec_set_kind(&c, QD_CODE_2_BITS, 0);
	ok(qd_stored_bytes(&c) == 192, "2 bits", qd_stored_bytes(&c), 192);
	qd_codec_set_kind(&c, QD_CODE_4_BITS, 0);
	ok(qd_stored_bytes(&c) == 384, "4 bits", qd_stored_bytes(&c), 384);
	qd_codec_set_kind(&c, QD_CODE_PRODUCT, 16);
	ok(qd_stored_bytes(&c) == 48, "x64", qd_stored_bytes(&c), 48);
	qd_codec_set_kind(&c, QD_CODE_PRODUCT, 1);
	ok(c.kind == QD_CODE_INT8, "x4 is int8", c.kind, QD_CODE_INT8);
	qd_codec_init(&c, QD_METRIC_COSINE, 16, 16, 1, signs);
	qd_codec_set_kind(&c, QD_CODE_1_BIT, 0);
	ok(c.kind == QD_CODE_INT8, "16 dimensions are int8", c.kind, QD_CODE_INT8);
}

int
main(void)
{
	qd_distance_choose();
	test_sizes();
	for (int metric = QD_METRIC_L2; metric <= QD_METRIC_L1; metric++)
	{
		test_product(metric, 128);
		test_error(metric, 100, 100, QD_CODE_PRODUCT, 16, 400);
		for (int kind = QD_CODE_1_BIT; kind <= QD_CODE_PRODUCT; kind++)
		{
			test_extremes(metric, kind, 8);
			test_error(metric, 100, 100, kind, 4, 400);
		}
		test_quantile(metric, 384, 0.95f);
		test_quantile(metric, 384, 0.5f);
		if (metric == QD_METRIC_L1)
			continue;
		test_order(metric, 128);
		test_order(metric, 384);
		test_order(metric, 1000);
		test_error(metric, 3000, 1000, QD_CODE_1_BIT, 0, 500);
	}
	for (int kind = QD_CODE_INT8; kind <= QD_CODE_PRODUCT; kind++)
		test_loaded(kind);
	for (int metric = QD_METRIC_L2; metric <= QD_METRIC_COSINE; metric++)
	{
		test_coarse(metric, 64, 1);
		test_coarse(metric, 100, 1);
		test_coarse(metric, 384, 1);
		test_coarse(metric, 1536, 0.95f);
		for (uint32_t one_in = 1; one_in <= 10; one_in += 3)
		{
			test_coarse_extremes(metric, 1, one_in);
			test_coarse_extremes(metric, 0.95f, one_in);
		}
	}
	printf("stored: %d passed, %d failed\n", passed, failed);
	return failed != 0;
}
