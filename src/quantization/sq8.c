/*
 * sq8.c
 *		Vectors as signed bytes: encoding, distances between codes, and how far
 *		they may be off.
 */
#include "quantization/quant.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "distance/distance.h"
#include "quantization/estimate.h"
#include "quantization/rotation.h"

#define CODE_MAX	127

#define LANES		8

/* Steps in which a quantile of coordinates is looked for. */
#define QUANTILE_STEPS	1024

/* Query codes are padded to whole planes of stored ones. */
#define PLANE_PADDING	256

/* Above, sums of coordinates are made of scaled ones. */
#define HUGE_COORDINATE	1e30f

static bool
is_cut(const qd_codec *c)
{
	return c->own_dims < c->dim;
}

size_t
qd_codec_memory(qd_metric metric, uint32_t dim)
{
	return metric == QD_METRIC_L1 ? 0 : qd_rotation_memory(dim);
}

void
qd_codec_init(qd_codec *c, qd_metric metric, uint32_t dim,
			  uint32_t own_dims, uint64_t seed, void *memory)
{
	c->metric = metric;
	c->dim = dim;
	c->own_dims = own_dims;
	c->seed = seed;
	c->signs = memory;
	c->quantile = 1;
	c->kind = QD_CODE_INT8;
	c->chunk = 0;
	c->codebook = NULL;
	c->codebook_scale = 1;
	if (metric != QD_METRIC_L1)
		qd_rotation_init(memory, dim, seed);
}

/* Room for the padded rotation. */
size_t
qd_codec_work(uint32_t dim)
{
	return qd_power_above(dim);
}

/* Sums side by side: one alone waits for itself. */
static double
sum_of_squares(const float *x, size_t n)
{
	double		sums[LANES] = {0};
	double		sum = 0;
	size_t		i = 0;

	for (; i + LANES <= n; i += LANES)
		for (size_t j = 0; j < LANES; j++)
			sums[j] += (double) x[i + j] * x[i + j];
	for (; i < n; i++)
		sum += (double) x[i] * x[i];
	for (size_t j = 0; j < LANES; j++)
		sum += sums[j];
	return sum;
}

static float
largest(const float *x, size_t n)
{
	float		maxima[LANES] = {0};
	float		max = 0;
	size_t		i = 0;

	for (; i + LANES <= n; i += LANES)
		for (size_t j = 0; j < LANES; j++)
		{
			float		y = fabsf(x[i + j]);

			maxima[j] = y > maxima[j] ? y : maxima[j];
		}
	for (; i < n; i++)
		max = fabsf(x[i]) > max ? fabsf(x[i]) : max;
	for (size_t j = 0; j < LANES; j++)
		max = maxima[j] > max ? maxima[j] : max;
	return max;
}

/*
 * What a code is rounded from: own_dims coordinates in work, times the
 * returned factor.
 */
static double
prepare(const qd_codec *c, const float *x, float *work, double norm2)
{
	double		factor = 1;
	double		divisor = 1;
	float		max = largest(x, c->dim);

	if (c->metric == QD_METRIC_COSINE && norm2 > 0)
		divisor = sqrt(norm2);
	else if (max > HUGE_COORDINATE)
		factor = divisor = max;
	for (uint32_t i = 0; i < c->dim; i++)
		work[i] = (float) (x[i] / divisor);
	/* ones and zeroes are exact as they are */
	if (c->metric == QD_METRIC_L1 ||
		(c->metric == QD_METRIC_JACCARD && !is_cut(c)))
		return factor;
	if (!is_cut(c))
	{
		qd_rotate(c->signs, work, c->dim);
		return factor;
	}
	qd_rotate_padded(c->signs, work, c->dim);
	return factor * sqrt((double) qd_power_above(c->dim) / c->own_dims);
}

/* What that share of the coordinates does not exceed, max being the largest. */
static float
quantile_of(const float *x, size_t n, float max, float share)
{
	uint32_t	counts[QUANTILE_STEPS] = {0};
	float		to_step = (QUANTILE_STEPS - 1) / max;
	double		wanted = ceil((double) share * n);
	double		seen = 0;
	int			step = 0;

	if (share >= 1 || !(to_step <= FLT_MAX))
		return max;
	for (size_t i = 0; i < n; i++)
		counts[(int) (fabsf(x[i]) * to_step)]++;
	for (; step < QUANTILE_STEPS - 1 && seen < wanted; step++)
		seen += counts[step];
	return max * step / (QUANTILE_STEPS - 1);
}

/* Coordinates beyond 127 steps are clipped. */
static void
round_to_steps(const float *x, float step, size_t n, int8_t *code)
{
	for (size_t i = 0; i < n; i++)
	{
		float		y = x[i] * step;

		y = y > CODE_MAX ? CODE_MAX : y;
		y = y < -CODE_MAX ? -CODE_MAX : y;
		/* no branch: signs of rotated coordinates cannot be guessed */
		code[i] = (int8_t) (int) (y + copysignf(0.5f, y));
	}
}

/* work holds what was rounded, in units of factor. */
static void
fill_head(const qd_codec *c, const float *work, double factor, double scale,
		  bool clipped, const int8_t *code, qd_code_head *head)
{
	double		cc = qd_distance.dot_i8(code, code, c->own_dims);
	double		xc = 0;

	head->scale = qd_to_finite(scale);
	head->norm2 = qd_to_finite(scale * scale * cc);
	if (!clipped || c->metric == QD_METRIC_L1)
		return;
	for (size_t i = 0; i < c->own_dims; i++)
		xc += (double) work[i] * code[i];
	xc *= factor;
	/* <w,w> of w = x / scale */
	qd_unbias(head, sum_of_squares(work, c->own_dims) * factor / scale * factor / scale,
			  xc / scale, cc);
}

static void
encode(const qd_codec *c, const float *x, float quantile, float *work,
	   qd_code_head *head, int8_t *code)
{
	double		norm2 = sum_of_squares(x, c->dim);
	double		factor = prepare(c, x, work, norm2);
	float		largest_one = largest(work, c->own_dims);
	float		max = quantile_of(work, c->own_dims, largest_one, quantile);
	double		scale = max * factor / CODE_MAX;
	float		step = CODE_MAX / max;

	head->full_norm2 = qd_to_finite(norm2);
	if (scale < FLT_MIN || !(step <= FLT_MAX))
	{
		memset(code, 0, c->own_dims);
		head->norm2 = head->scale = 0;
		return;
	}
	round_to_steps(work, step, c->own_dims, code);
	fill_head(c, work, factor, scale, max < largest_one, code, head);
}

void
qd_encode(const qd_codec *c, const float *x, float *work,
		  qd_code_head *head, int8_t *code)
{
	encode(c, x, c->quantile, work, head, code);
}

size_t
qd_query_memory(const qd_codec *c)
{
	return c->own_dims * (sizeof(float) + sizeof(int8_t)) + PLANE_PADDING;
}

static void
place(qd_query *q, const qd_codec *c, void *memory)
{
	q->codec = c;
	q->x = memory;
	q->code = (int8_t *) (q->x + c->own_dims);
	memset(q->code + c->own_dims, 0, PLANE_PADDING);
}

static void
sum_up(qd_query *q)
{
	q->sum = 0;
	for (uint32_t i = 0; i < q->codec->own_dims; i++)
		q->sum += q->code[i];
}

void
qd_query_init(qd_query *q, const qd_codec *c, const float *x,
			  float *work, void *memory)
{
	place(q, c, memory);
	encode(c, x, 1, work, &q->head, q->code);
	sum_up(q);
	if (c->metric == QD_METRIC_L1)
		memcpy(q->x, x, c->own_dims * sizeof(float));
	else
		for (uint32_t i = 0; i < c->own_dims; i++)
			q->x[i] = q->head.scale * q->code[i];
}

void
qd_query_from_code(qd_query *q, const qd_codec *c,
				   const qd_code_head *head, const int8_t *code,
				   void *memory)
{
	place(q, c, memory);
	q->head = *head;
	memcpy(q->code, code, c->own_dims);
	sum_up(q);
	for (uint32_t i = 0; i < c->own_dims; i++)
		q->x[i] = head->scale * code[i];
}

/*
 * From the numbers of ones, which full_norm2 has exactly, together and in
 * common; the latter is an estimate, which may lie outside of 0 and a half.
 */
static inline float
jaccard(double ones, double common)
{
	if (!(common > 0) || ones <= 0)
		return 1;
	if (common > ones / 2)
		return 0;
	return (float) (1 - common / (ones - common));
}

/*
 * L2 uses the norms of what the codes decode to, not of the originals: its
 * error then shrinks with the distance.
 */
static inline float
from_dot(qd_metric metric, const qd_code_head *a, const qd_code_head *b,
		 int32_t dot)
{
	float		ab = a->scale * b->scale * (float) dot;

	switch (metric)
	{
		case QD_METRIC_L2:
			{
				float		d = a->norm2 + b->norm2 - 2 * ab;

				return d < 0 ? 0 : qd_to_finite(d);
			}
		case QD_METRIC_COSINE:
			return 1 - ab;
		case QD_METRIC_JACCARD:
			return jaccard((double) a->full_norm2 + b->full_norm2, ab);
		default:
			return qd_to_finite(-ab);
	}
}

float
qd_query_distance(const qd_query *q, const qd_code_head *head,
				  const int8_t *code)
{
	const qd_codec *c = q->codec;
	int32_t		dot;

	if (c->metric == QD_METRIC_L1)
		return qd_to_finite(qd_distance.l1_f32_i8(q->x, code, head->scale,
											c->own_dims));
	dot = qd_distance.dot_i8(code, q->code, c->own_dims);
	if (c->quantile < 1)
		return qd_estimate(c->metric, &q->head, head,
						   q->head.scale * head->scale * (float) dot);
	return from_dot(c->metric, &q->head, head, dot);
}

float
qd_code_distance(const qd_codec *c,
				 const qd_code_head *ah, const int8_t *a,
				 const qd_code_head *bh, const int8_t *b)
{
	float		sum = 0;

	if (c->metric != QD_METRIC_L1)
		return from_dot(c->metric, ah, bh,
						qd_distance.dot_i8(a, b, c->own_dims));
	for (uint32_t i = 0; i < c->own_dims; i++)
		sum += fabsf(ah->scale * a[i] - bh->scale * b[i]);
	return qd_to_finite(sum);
}

/*
 * Rounding x to steps of s moves each coordinate by an error e that is
 * uniform in -s/2..s/2: mean 0, variance s^2/12, independent of the others.
 * So for n coordinates
 *
 *	dot:	<x+e, y+f> - <x,y> = <e,y> + <x,f> + <e,f>, of variance
 *			(|y|^2 sx^2 + |x|^2 sy^2) / 12 + n sx^2 sy^2 / 144; vectors nearer
 *			than the steps are rounded alike, then e and f add up:
 *			(|y| sx + |x| sy)^2 / 12;
 *	L2:		|x-y + e-f|^2 - |x-y|^2 = 2 <x-y, e-f> + |e-f|^2: with
 *			v = (sx^2 + sy^2) / 12 the first part has the variance 4 d^2 v, the
 *			second is about n v (and d^2 may be n v more than it seems);
 *	L1:		each term moves by e where the coordinates are apart (variance
 *			sx^2/12), and grows by at most sx/4 in the mean where they are not.
 *
 * A cut code is a projection of P (a power of two) to k coordinates; that has
 * the variance (|x|^2 |y|^2 + <x,y>^2) (1/k - 1/P) for a dot product and
 * 2 d^4 (1/k - 1/P) for a squared distance.  Last, the roundings of float4.
 * Few coordinates may repeat each other, then so do their errors: low
 * dimensions get some more than 4 sigma.
 */
static double
sigmas(const qd_codec *c)
{
	return 4 + 16.0 / c->own_dims;
}

static double
projection(const qd_codec *c)
{
	if (!is_cut(c))
		return 0;
	return 1.0 / c->own_dims - 1.0 / qd_power_above(c->dim);
}

static double
dot_error(const qd_query *q, const qd_code_head *head, double dot)
{
	const qd_codec *c = q->codec;
	bool		unit = c->metric == QD_METRIC_COSINE;
	double		xx = unit ? 1 : q->head.full_norm2;
	double		yy = unit ? 1 : head->full_norm2;
	double		sx2 = (double) q->head.scale * q->head.scale;
	double		sy2 = (double) head->scale * head->scale;
	double		variance = (yy * sx2 + xx * sy2) / 12;
	double		near = c->own_dims * (sx2 + sy2) / 3 + 8 * sqrt(variance);

	if (xx + yy - 2 * dot < near)
		variance += sqrt(xx * yy * sx2 * sy2) / 6;
	variance += c->own_dims * sx2 * sy2 / 144;
	variance += (xx * yy + dot * dot) * projection(c);
	return sigmas(c) * sqrt(variance) + 1e-6 * sqrt(xx * yy);
}

static double
l2_error(const qd_query *q, const qd_code_head *head, double d2)
{
	double		sx2 = (double) q->head.scale * q->head.scale;
	double		sy2 = (double) head->scale * head->scale;
	double		v = (sx2 + sy2) / 12;
	double		bias = q->codec->own_dims * v;
	double		variance = 4 * (d2 + bias) * v;

	variance += 2 * (d2 + bias) * (d2 + bias) * projection(q->codec);
	return sigmas(q->codec) * sqrt(variance) + bias +
		1e-6 * ((double) q->head.norm2 + head->norm2);
}

/*
 * A share of c in S - c grows by S / (S - c)^2 for each c, most at the largest
 * c that the error allows, which is no more than S / 2.
 */
static double
jaccard_error(const qd_query *q, const qd_code_head *head, double distance)
{
	double		ones = (double) q->head.full_norm2 + head->full_norm2;
	double		similarity = 1 - distance;
	double		common = similarity * ones / (1 + similarity);
	double		error;
	double		rest;

	if (ones <= 0 || !is_cut(q->codec))
		return 1e-6;
	error = dot_error(q, head, common);
	rest = fmax(ones - common - error, ones / 2);
	return error * ones / (rest * rest) + 1e-6;
}

/* At least the squared length of what a quantile has clipped. */
static double
clipped(const qd_codec *c, const qd_code_head *head)
{
	double		d = (double) head->full_norm2 - head->norm2;

	return c->quantile < 1 && d > 0 ? d : 0;
}

float
qd_query_error(const qd_query *q, const qd_code_head *head, float distance)
{
	double		n = q->codec->own_dims;

	if (q->codec->quantile < 1 && q->codec->metric != QD_METRIC_L1)
		return qd_estimate_error(q, head, distance);
	switch (q->codec->metric)
	{
		case QD_METRIC_L2:
			return qd_to_finite(l2_error(q, head, distance));
		case QD_METRIC_COSINE:
			return qd_to_finite(dot_error(q, head, 1 - distance));
		case QD_METRIC_IP:
			return qd_to_finite(dot_error(q, head, -distance));
		case QD_METRIC_L1:
			return qd_to_finite(head->scale * (4 * sqrt(n / 12) + n / 4) +
								sqrt(n * clipped(q->codec, head)) +
								1e-6 * distance);
		case QD_METRIC_JACCARD:
			return qd_to_finite(jaccard_error(q, head, distance));
	}
	return FLT_MAX;
}

float
qd_exact_distance(qd_metric metric, const float *a, const float *b,
				  uint32_t dim)
{
	float		d = NAN;
	float		ab;
	float		aa;
	float		bb;

	switch (metric)
	{
		case QD_METRIC_L2:
			d = qd_distance.l2_squared(a, b, dim);
			break;
		case QD_METRIC_IP:
			d = -qd_distance.dot(a, b, dim);
			break;
		case QD_METRIC_COSINE:
			qd_distance.cosine_parts(a, b, dim, &ab, &aa, &bb);
			d = (float) (1 - ab / sqrt((double) aa * bb));
			break;
		case QD_METRIC_L1:
			d = qd_distance.l1(a, b, dim);
			break;
		case QD_METRIC_JACCARD:
			ab = qd_distance.dot(a, b, dim);
			d = jaccard((double) qd_distance.dot(a, a, dim) +
						qd_distance.dot(b, b, dim), ab);
			break;
	}
	return isnan(d) ? INFINITY : d;
}
