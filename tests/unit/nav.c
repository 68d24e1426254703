/*
 * nav.c
 *		Navigation codes: estimates against distances of own codes at odd
 *		dimensions, for each metric, one and two bits, whole and cut; factors
 *		survive packing; degenerate vectors give finite estimates.
 *
 * Prints one line per failure and "N passed, N failed".
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "distance/distance.h"
#include "quantization/nav.h"
#include "check.h"

#define LINKS		24
#define ROUNDS		40
#define MAX_DIM		2000

typedef struct vertex
{
	qd_code_head head;
	int8_t		code[MAX_DIM];
} vertex;

static float work[4 * MAX_DIM];

/* A vector of that norm; near is mixed in. */
static void
make_vertex(const qd_codec *c, const float *near, float norm, vertex *v,
			float *x)
{
	double		sum = 0;

	for (uint32_t i = 0; i < c->dim; i++)
	{
		x[i] = normal() + (near ? near[i] : 0);
		sum += (double) x[i] * x[i];
	}
	if (near == NULL)
		for (uint32_t i = 0; i < c->dim; i++)
			x[i] *= norm / sqrt(sum);
	qd_encode(c, x, work, &v->head, v->code);
}

typedef struct sums
{
	double		error2;
	double		spread2;		/* of the distances from that of the parent */
	int			n;
} sums;

/* One parent, its neighbours, one query, which is that much longer. */
static void
estimate_block(const qd_codec *c, const qd_nav *nav, float norm, float longer,
			   sums *s)
{
	static vertex parent, query, neighbours[LINKS];
	static uint8_t codes[LINKS][512];
	static float px[MAX_DIM], nx[MAX_DIM], qx[MAX_DIM], memory[2 * MAX_DIM];
	static int8_t padded[MAX_DIM + 512];
	qd_nav_factors factors[LINKS];
	qd_nav_packed packed[LINKS];
	uint16_t	which[LINKS];
	float		out[LINKS];
	float		scale;
	float		own;
	qd_query	q;
	qd_nav_query nq;

	make_vertex(c, NULL, norm, &parent, px);
	make_vertex(c, NULL, norm * longer, &query, qx);
	qd_query_init(&q, c, qx, work, memory);
	for (int i = 0; i < LINKS; i++)
	{
		make_vertex(c, NULL, norm, &neighbours[i], nx);
		qd_nav_encode(c, nav, &parent.head, parent.code, &neighbours[i].head,
					  neighbours[i].code, work, &factors[i],
					  (uint8_t *) codes + i * nav->bytes);
		which[i] = LINKS - 1 - i;
	}
	scale = qd_nav_scale(factors, LINKS);
	for (int i = 0; i < LINKS; i++)
	{
		qd_nav_factors back;

		packed[i] = qd_nav_pack(scale, &factors[i]);
		back = qd_nav_unpack(scale, packed[i]);
		ok(qd_nav_scale_holds(scale, &factors[i]) &&
		   fabsf(back.add - factors[i].add) <= fabsf(factors[i].add) / 1000 + scale * 1e-4 &&
		   fabsf(back.rescale - factors[i].rescale) <= factors[i].rescale / 1000 + scale * 1e-4,
		   "packed factors", back.add, factors[i].add);
	}
	own = qd_query_distance(&q, &parent.head, parent.code);
	qd_nav_query_init(&nq, nav, &q, padded);
	qd_nav_estimate(&nq, &parent.head, own, scale, packed, (uint8_t *) codes,
					which, LINKS, out);
	for (int i = 0; i < LINKS; i++)
	{
		vertex	   *n = &neighbours[which[i]];
		double		exact = qd_query_distance(&q, &n->head, n->code);

		s->error2 += (exact - out[i]) * (exact - out[i]);
		s->spread2 += (exact - own) * (exact - own);
		s->n++;
	}
}

/* The estimate explains most of what a distance differs from the parent's. */
static void
test_estimates(qd_metric metric, uint32_t dim, uint32_t own, uint32_t dims,
			   int bits, float norm, float longer)
{
	static uint8_t signs[8192];
	qd_codec	c;
	qd_nav		nav = {dims, bits, qd_nav_bytes(dims, bits)};
	sums		s = {0};
	double		bound;

	qd_codec_init(&c, metric, dim, own, 42, signs);
	for (int i = 0; i < ROUNDS; i++)
		estimate_block(&c, &nav, norm, longer, &s);
	/* wrong codes leave 2 and more */
	bound = bits == 1 ? 1.3 : 0.35;
	if (dims < own)
		bound = 2.4 * own / dims;
	if (dim < 16)
		bound *= 2;				/* no rotation */
	ok(s.error2 < bound * s.spread2, "share of variance left",
	   s.error2 / s.spread2, bound);
}

static void
test_degenerate(qd_metric metric, int bits)
{
	static uint8_t signs[64];
	static const float values[] = {0, 1e-30f, 1e-3f, 1e18f, 3e38f};
	qd_codec	c;
	qd_nav		nav = {40, bits, qd_nav_bytes(40, bits)};

	qd_codec_init(&c, metric, 40, 40, 42, signs);
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < 5; j++)
		{
			vertex		p, n;
			float		x[64];
			uint8_t		code[64];
			qd_nav_factors f, back;
			float		scale;

			for (int k = 0; k < 40; k++)
				x[k] = values[i];
			qd_encode(&c, x, work, &p.head, p.code);
			for (int k = 0; k < 40; k++)
				x[k] = k % 2 ? values[j] : -values[j];
			qd_encode(&c, x, work, &n.head, n.code);
			qd_nav_encode(&c, &nav, &p.head, p.code, &n.head, n.code, work, &f, code);
			scale = qd_nav_scale(&f, 1);
			back = qd_nav_unpack(scale, qd_nav_pack(scale, &f));
			ok(isfinite(f.add) && isfinite(f.rescale) && scale > 0 &&
			   isfinite(scale) && isfinite(back.add) && isfinite(back.rescale),
			   "finite factors", f.add, f.rescale);
		}
}

int
main(void)
{
	qd_distance_choose();
	for (int metric = QD_METRIC_L2; metric <= QD_METRIC_COSINE; metric++)
		for (int bits = 1; bits <= 2; bits++)
		{
			for (uint32_t dim = 2; dim <= 130; dim++)
				test_estimates(metric, dim, dim, dim, bits, 1, 1);
			test_estimates(metric, 384, 384, 384, bits, 30, 1);
			test_estimates(metric, 768, 768, 256, bits, 1e-4f, 1);
			test_estimates(metric, 2000, 1600, 1600, bits, 1e4f, 1);
			/* the order by inner product is the same for any length */
			for (float longer = 1e-6f; longer < 1e37f; longer *= 1000)
				if (metric != QD_METRIC_L2)
					test_estimates(metric, 384, 384, 384, bits, 1, longer);
			test_degenerate(metric, bits);
		}
	printf("nav: %d passed, %d failed\n", passed, failed);
	return failed != 0;
}
