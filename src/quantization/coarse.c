/*
 * coarse.c
 *		See coarse.h.
 */
#include "quantization/coarse.h"

#include <float.h>
#include <math.h>

#include "distance/distance.h"

#define BITS		2
#define LEAST_DIMS	64			/* below, too much is in doubt */
#define SIGMAS		4

/* Rows whose dot products are computed at once. */
#define BATCH		64

static qd_codec
coarse_codec(const qd_codec *c)
{
	qd_codec	coarse = *c;

	qd_codec_set_kind(&coarse, QD_CODE_2_BITS, 0);
	return coarse;
}

/* The squared length that qd_query_distance takes a row or a query to have. */
static inline float
norm2_of(const qd_codec *c, const qd_code_head *head)
{
	return c->quantile < 1 ? head->full_norm2 : head->norm2;
}

/*
 * Rounded no more than a float is, and neither cut to what a float holds, nor
 * is a sum with others.
 */
static inline bool
is_exact(float norm2)
{
	return norm2 >= FLT_MIN && norm2 < FLT_MAX / 4;
}

bool
qd_coarse_serves(const qd_codec *c)
{
	return c->kind == QD_CODE_INT8 && c->own_dims >= LEAST_DIMS &&
		qd_metric_has_nav(c->metric);
}

size_t
qd_coarse_bytes(const qd_codec *c)
{
	qd_codec	coarse = coarse_codec(c);

	return qd_stored_bytes(&coarse);
}

void
qd_coarse_encode(const qd_codec *c, const qd_code_head *head,
				 const int8_t *wide, qd_coarse_row *row, uint8_t *code)
{
	qd_codec	coarse = coarse_codec(c);
	qd_code_head coarse_head;
	double		excess;

	qd_store_code(&coarse, head, wide, &coarse_head, code);
	excess = (double) coarse_head.norm2 - head->norm2;
	row->scale = coarse_head.scale;
	row->norm2 = norm2_of(c, head);
	row->spread = is_exact(row->norm2) && is_exact(head->norm2) &&
		is_exact(coarse_head.norm2) ?
		(float) (SIGMAS * sqrt(fmax(excess, 0) / (c->own_dims - 1))) : INFINITY;
}

/* Of the dot products of the codes, whose coordinates are 0 .. 3 for -3 .. 3. */
static void
bounds_of_dots(const qd_query *q, const qd_coarse_row *rows,
			   const int32_t *dots, size_t n, float *out)
{
	qd_metric	metric = q->codec->metric;
	float		norm2 = norm2_of(q->codec, &q->head);
	float		length = is_exact(norm2) && is_exact(q->head.norm2) ?
		sqrtf(q->head.norm2) : INFINITY;
	float		sum = 3.0f * (float) q->sum;
	float		times = metric == QD_METRIC_L2 ? 2 : 1;
	float		of_row = metric == QD_METRIC_L2 ? 1 : 0;
	float		of_query = metric == QD_METRIC_L2 ? norm2 :
		metric == QD_METRIC_COSINE ? 1 : 0;

	for (size_t i = 0; i < n; i++)
	{
		float		dot = q->head.scale * rows[i].scale *
			(2.0f * (float) dots[i] - sum);

		out[i] = of_query + of_row * rows[i].norm2 -
			times * (dot + rows[i].spread * length);
	}
}

void
qd_coarse_bounds(const qd_query *q, const qd_coarse_row *rows,
				 const uint8_t *codes, size_t n, float *out)
{
	size_t		bytes = qd_coarse_bytes(q->codec);
	uint16_t	which[BATCH];
	int32_t		dots[BATCH];

	for (int i = 0; i < BATCH; i++)
		which[i] = (uint16_t) i;
	for (size_t first = 0; first < n; first += BATCH)
	{
		size_t		some = n - first < BATCH ? n - first : BATCH;

		qd_distance.nav_dots(codes + first * bytes, bytes, BITS, which, some,
							 q->code, dots);
		bounds_of_dots(q, rows + first, dots, some, out + first);
	}
}
