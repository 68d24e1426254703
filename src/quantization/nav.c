/*
 * nav.c
 *		Navigation codes: see nav.h.
 */
#include "quantization/nav.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "distance/distance.h"

#define CODE_ALIGN		16

/* The best step of four equal steps over normally distributed coordinates. */
#define STEP_2_BITS		0.9957f

/* A half float: 65,504 at most; a new scale leaves room for 2^7 as large. */
#define HALF_MAX		65504.0f
#define HALF_ROOM		8
#define TO_HALF			0x1p-112f
#define FROM_HALF		0x1p112f

/* Neighbours whose dot products are computed at once. */
#define BATCH			64

/* Of add, by inner product; beyond, a vertex has hardly a length. */
#define MOST_SHARE		64.0f

size_t
qd_nav_bytes(uint32_t dims, int bits)
{
	size_t		bytes = ((size_t) dims * bits + 7) / 8;

	return (bytes + CODE_ALIGN - 1) / CODE_ALIGN * CODE_ALIGN;
}

/*----------
 * Encoding
 *----------
 */

/* The residual, the parent decoded, the code decoded. */
size_t
qd_nav_work(const qd_codec *c)
{
	return 3 * (size_t) c->own_dims;
}

/* Levels 0 .. 2^bits - 1 of the residual, as bytes and as what they mean. */
static void
choose_levels(const qd_nav *nav, const float *r, uint8_t *level, float *decoded)
{
	float		step;

	if (nav->bits == 1)
	{
		for (uint32_t i = 0; i < nav->dims; i++)
		{
			level[i] = r[i] >= 0;
			decoded[i] = r[i] >= 0 ? 1.0f : -1.0f;
		}
		return;
	}
	step = STEP_2_BITS * sqrtf(qd_distance.dot(r, r, nav->dims) / nav->dims);
	for (uint32_t i = 0; i < nav->dims; i++)
	{
		level[i] = (r[i] >= -step) + (r[i] >= 0) + (r[i] >= step);
		decoded[i] = 2.0f * level[i] - 3.0f;
	}
}

static void
pack_planes(const qd_nav *nav, const uint8_t *level, uint8_t *code)
{
	memset(code, 0, nav->bytes);
	for (int plane = 0; plane < 8 / nav->bits; plane++)
	{
		size_t		first = plane * nav->bytes;
		size_t		n = first >= nav->dims ? 0 : nav->dims - first;

		n = n < nav->bytes ? n : nav->bytes;
		for (size_t b = 0; b < n; b++)
			code[b] |= level[first + b] << plane * nav->bits;
	}
}

void
qd_nav_encode(const qd_codec *c, const qd_nav *nav,
			  const qd_code_head *ph, const int8_t *p,
			  const qd_code_head *nh, const int8_t *n,
			  float *work, qd_nav_factors *factors, uint8_t *code)
{
	uint32_t	own = c->own_dims;
	float	   *r = work;
	float	   *parent = work + own;
	float	   *decoded = work + 2 * own;
	uint8_t		level[UINT16_MAX + 1];
	float		r2;
	float		rc;
	float		f;

	for (uint32_t i = 0; i < own; i++)
	{
		parent[i] = ph->scale * p[i];
		r[i] = nh->scale * n[i] - parent[i];
	}
	choose_levels(nav, r, level, decoded);
	pack_planes(nav, level, code);
	r2 = qd_distance.dot(r, r, own);
	rc = qd_distance.dot(r, decoded, nav->dims);
	f = rc > 0 ? r2 / rc : 0;
	factors->add = f * qd_distance.dot(parent, decoded, nav->dims);
	factors->rescale = f;
	if (c->metric == QD_METRIC_L2)
	{
		factors->add = r2 + 2 * factors->add;
		factors->rescale *= 2;
	}
	else
		factors->add -= qd_distance.dot(parent, r, own);
	/* coordinates may be huge: then all neighbours look like the vertex */
	if (!isfinite(factors->add) || !isfinite(factors->rescale))
		factors->add = factors->rescale = 0;
}

/*----------
 * Factors
 *----------
 */
static float
larger(const qd_nav_factors *f)
{
	return fmaxf(fabsf(f->add), fabsf(f->rescale));
}

float
qd_nav_scale(const qd_nav_factors *factors, int n)
{
	float		max = 0;
	int			exponent;

	for (int i = 0; i < n; i++)
		max = fmaxf(max, larger(&factors[i]));
	if (!(max >= FLT_MIN))
		return 1;
	(void) frexpf(max, &exponent);
	return ldexpf(1, exponent - HALF_ROOM < -120 ? -120 : exponent - HALF_ROOM);
}

bool
qd_nav_scale_holds(float scale, const qd_nav_factors *f)
{
	return larger(f) <= HALF_MAX * scale;
}

/* Rounds to even; no value here is infinite or NaN. */
static uint16_t
to_half(float x)
{
	uint32_t	bits;
	uint32_t	sign;

	x = fminf(fmaxf(x, -HALF_MAX), HALF_MAX) * TO_HALF;
	memcpy(&bits, &x, sizeof(bits));
	sign = bits >> 16 & 0x8000;
	bits &= 0x7fffffff;
	return sign | (bits + 0xfff + (bits >> 13 & 1)) >> 13;
}

static inline float
from_half(uint16_t half)
{
	uint32_t	bits = (uint32_t) (half & 0x8000) << 16 |
		(uint32_t) (half & 0x7fff) << 13;
	float		x;

	memcpy(&x, &bits, sizeof(x));
	return x * FROM_HALF;
}

qd_nav_packed
qd_nav_pack(float scale, const qd_nav_factors *f)
{
	return (qd_nav_packed) {to_half(f->add / scale), to_half(f->rescale / scale)};
}

qd_nav_factors
qd_nav_unpack(float scale, qd_nav_packed packed)
{
	return (qd_nav_factors) {scale * from_half(packed.add),
		scale * from_half(packed.rescale)};
}

/*----------
 * Queries
 *----------
 */
size_t
qd_nav_query_memory(const qd_nav *nav)
{
	return nav->bytes * (8 / nav->bits);
}

void
qd_nav_query_init(qd_nav_query *nq, const qd_nav *nav, const qd_query *query,
				  void *memory)
{
	int32_t		sum = 0;

	memset(memory, 0, qd_nav_query_memory(nav));
	memcpy(memory, query->code, nav->dims);
	for (uint32_t i = 0; i < nav->dims; i++)
		sum += query->code[i];
	nq->nav = *nav;
	nq->metric = query->codec->metric;
	nq->q = memory;
	nq->step = 2 * query->head.scale;
	nq->offset = query->head.scale * (float) sum * (nav->bits == 1 ? 1 : 3);
}

/* How much of add counts: see nav.h. */
static float
share_of_add(const qd_nav_query *nq, const qd_code_head *p, float own)
{
	float		share;

	if (nq->metric != QD_METRIC_IP)
		return 1;
	share = -own / p->norm2;
	/* nor if it is no number */
	return fabsf(share) <= MOST_SHARE ? share : 1;
}

/*
 * A block's scale and a query's step, both of which may be huge, as one.  By
 * value: what is pointed to might be what the loop writes.
 */
typedef struct block_steps
{
	float		add;
	float		step;
	float		offset;
} block_steps;

static void
estimate_batch(const qd_nav_query *nq, block_steps b, float own,
			   const qd_nav_packed *factors, const uint8_t *codes,
			   const uint16_t *which, int n, float *out)
{
	int32_t		dots[BATCH];

	qd_distance.nav_dots(codes, nq->nav.bytes, nq->nav.bits, which, n, nq->q,
						 dots);
	for (int i = 0; i < n; i++)
	{
		qd_nav_packed f = factors[which[i]];

		out[i] = own + (b.add * from_half(f.add) - from_half(f.rescale) *
						(b.step * (float) dots[i] - b.offset));
	}
}

void
qd_nav_estimate(const qd_nav_query *nq, const qd_code_head *p, float own,
				float scale, const qd_nav_packed *factors, const uint8_t *codes,
				const uint16_t *which, int n, float *out)
{
	block_steps b = {scale * share_of_add(nq, p, own), scale * nq->step,
	scale * nq->offset};

	for (int i = 0; i < n; i += BATCH)
		estimate_batch(nq, b, own, factors, codes, which + i,
					   n - i < BATCH ? n - i : BATCH, out + i);
}
