/*
 * estimate.c
 *		See estimate.h.
 */
#include "quantization/estimate.h"

#include <float.h>
#include <math.h>

#include "quantization/rotation.h"

/* Vectors nearer than that are not known to be so near. */
#define LEAST_SINE2		0.05

float
qd_to_finite(double d)
{
	if (d >= -FLT_MAX && d <= FLT_MAX)
		return (float) d;
	return d < 0 ? -FLT_MAX : FLT_MAX;
}

void
qd_unbias(qd_code_head *head, double ww, double wc, double cc)
{
	double		scale = head->scale;

	/* a code that points elsewhere at least has the length */
	scale *= wc > 0 ? ww / wc : cc > 0 ? sqrt(ww / cc) : 0;
	head->scale = qd_to_finite(scale);
	head->norm2 = qd_to_finite(scale * scale * cc);
}

float
qd_estimate(qd_metric metric, const qd_code_head *a, const qd_code_head *b,
			float dot)
{
	double		d;

	switch (metric)
	{
		case QD_METRIC_L2:
			d = (double) a->full_norm2 + b->full_norm2 - 2.0 * dot;
			return d < 0 ? 0 : qd_to_finite(d);
		case QD_METRIC_COSINE:
			return qd_to_finite(1.0 - dot);
		default:
			return qd_to_finite(-(double) dot);
	}
}

/*
 * With a the cosine of x and its code, what x has beside the code's direction
 * is random in dims - 1 dimensions:
 *
 *		(|x|^2 |y|^2 - <x,y>^2) (1 / a^2 - 1) / (dims - 1)
 *
 * is the variance (1 / a^2 is the decoded squared norm over that of x).  A
 * projection of a cut code and the query's rounding (sq8.c) add theirs.
 */
static double
variance(const qd_query *q, const qd_code_head *head, double dot)
{
	const qd_codec *c = q->codec;
	bool		unit = c->metric == QD_METRIC_COSINE;
	double		xx = unit ? 1 : q->head.full_norm2;
	double		yy = unit ? 1 : head->full_norm2;
	double		step = q->head.scale;
	double		sine2 = xx * yy - dot * dot;
	double		excess = yy > 0 ? head->norm2 / yy - 1 : 0;
	double		v;

	if (sine2 < LEAST_SINE2 * xx * yy)
		sine2 = LEAST_SINE2 * xx * yy;
	v = c->own_dims > 1 && excess > 0 ? sine2 * excess / (c->own_dims - 1) : 0;
	v += head->norm2 * step * step / 12;
	if (c->own_dims < c->dim)
		v += (xx * yy + dot * dot) *
			(1.0 / c->own_dims - 1.0 / qd_power_above(c->dim));
	return v + 1e-12 * xx * yy;
}

float
qd_estimate_error(const qd_query *q, const qd_code_head *head, float distance)
{
	double		sigmas = 4 + 16.0 / q->codec->own_dims;

	switch (q->codec->metric)
	{
		case QD_METRIC_L2:
			{
				double		dot = ((double) q->head.full_norm2 +
								   head->full_norm2 - distance) / 2;

				return qd_to_finite(2 * sigmas * sqrt(variance(q, head, dot)));
			}
		case QD_METRIC_COSINE:
			return qd_to_finite(sigmas * sqrt(variance(q, head, 1 - distance)));
		default:
			return qd_to_finite(sigmas * sqrt(variance(q, head, -distance)));
	}
}
