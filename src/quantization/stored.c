/*
 * stored.c
 *		Codes as vertices store them: a wide code in fewer bits, and distances
 *		of a query from that.
 *
 * Of b bits, a coordinate is one of 2^b equal steps around 0, u in 0 .. 2^b -
 * 1, decoded as c = 2 u - (2^b - 1); the bits stand in planes, as
 * qd_distance.nav_dots wants them:
 *
 *		<c, q> = 2 <u, q> - (2^b - 1) sum(q)
 *
 * 1.5 bits: a plane of signs, whose first half of bytes pairs with the second,
 * and half a plane that tells of each pair which coordinate is the larger one:
 * eight directions of a pair at equal angles.  A coordinate is decoded as
 * A (2 s - 1) + B (2 t - 1), where s is its sign, and t is the sign when the
 * coordinate is the larger, else its opposite.
 */
#include "quantization/quant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "distance/distance.h"
#include "quantization/estimate.h"
#include "quantization/product.h"

#define CODE_ALIGN	16

/* Larger and smaller coordinate of a pair: A + B and A - B, at 22.5 degrees. */
#define PAIR_A		70
#define PAIR_B		29

static inline size_t
aligned(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* Of equal steps; 0 for the other kinds. */
static int
bits_of(qd_code_kind kind)
{
	switch (kind)
	{
		case QD_CODE_1_BIT:
			return 1;
		case QD_CODE_2_BITS:
			return 2;
		case QD_CODE_4_BITS:
			return 4;
		default:
			return 0;
	}
}

/* Bytes of a plane of signs, two halves of which are codes by themselves. */
static inline size_t
sign_bytes(const qd_codec *c)
{
	return aligned((c->own_dims + 7) / 8, 2 * CODE_ALIGN);
}

static size_t
bytes_of(const qd_codec *c, qd_code_kind kind, uint32_t chunk)
{
	switch (kind)
	{
		case QD_CODE_INT8:
			return c->own_dims;
		case QD_CODE_1_5_BITS:
			return sign_bytes(c) / 2 * 3;
		case QD_CODE_PRODUCT:
			return aligned((c->own_dims + chunk - 1) / chunk, CODE_ALIGN);
		default:
			return aligned((c->own_dims * bits_of(kind) + 7) / 8, CODE_ALIGN);
	}
}

/*
 * L1 compares coordinates, which signs say nothing about: it gets learned
 * chunks of the same size instead.  Sets have no coarse codes.
 */
static qd_code_kind
kind_of_metric(qd_metric metric, qd_code_kind kind, uint32_t *chunk)
{
	if (metric == QD_METRIC_JACCARD)
		return QD_CODE_INT8;
	if (metric != QD_METRIC_L1 || kind == QD_CODE_INT8 ||
		kind == QD_CODE_PRODUCT)
		return kind;
	*chunk = kind == QD_CODE_1_BIT ? 8 : kind == QD_CODE_1_5_BITS ? 5 :
		8 / bits_of(kind);
	return QD_CODE_PRODUCT;
}

void
qd_codec_set_kind(qd_codec *c, qd_code_kind kind, uint32_t chunk)
{
	kind = kind_of_metric(c->metric, kind, &chunk);
	if (bytes_of(c, kind, chunk) >= aligned(c->own_dims, CODE_ALIGN))
		kind = QD_CODE_INT8;
	c->kind = kind;
	c->chunk = kind == QD_CODE_PRODUCT ? chunk : 0;
}

size_t
qd_stored_bytes(const qd_codec *c)
{
	return bytes_of(c, c->kind, c->chunk);
}

/*----------
 * Storing
 *----------
 */

typedef struct sums
{
	double		ww;				/* of the wide code */
	double		wc;
	double		cc;				/* of what the stored one decodes to */
} sums;

static double
sum_of_squares(const int8_t *w, size_t n)
{
	return qd_distance.dot_i8(w, w, n);
}

/* The best step of that many equal ones over normal coordinates. */
static float
best_step(int bits)
{
	return bits == 4 ? 0.3352f : 0.9957f;
}

static void
store_steps(const qd_codec *c, int bits, const int8_t *wide, uint8_t *stored,
			sums *s)
{
	size_t		bytes = qd_stored_bytes(c);
	int			top = (1 << bits) - 1;
	float		half = (float) (1 << (bits - 1));
	float		inverse = (float) (sqrt(c->own_dims / s->ww) / best_step(bits));
	int32_t		wc = 0;
	int32_t		cc = 0;

	for (size_t first = 0, shift = 0; first < c->own_dims;
		 first += bytes, shift += bits)
	{
		size_t		n = c->own_dims - first < bytes ? c->own_dims - first : bytes;

		for (size_t b = 0; b < n; b++)
		{
			float		x = wide[first + b] * inverse + half;
			int			u;

			x = x < 0 ? 0 : x;
			u = x > top ? top : (int) x;
			wc += wide[first + b] * (2 * u - top);
			cc += (2 * u - top) * (2 * u - top);
			stored[b] |= (uint8_t) (u << shift);
		}
	}
	s->wc = wc;
	s->cc = cc;
}

static inline int
pair_level(bool positive, bool larger)
{
	int			level = larger ? PAIR_A + PAIR_B : PAIR_A - PAIR_B;

	return positive ? level : -level;
}

/* Place of the pair's other coordinate; beyond the code it is 0. */
static inline size_t
other_of_pair(size_t i, size_t bytes)
{
	return i % bytes < bytes / 2 ? i + bytes / 2 : i - bytes / 2;
}

static void
store_pairs(const qd_codec *c, const int8_t *wide, uint8_t *stored, sums *s)
{
	size_t		bytes = sign_bytes(c);
	int32_t		wc = 0;
	int32_t		cc = 0;

	for (size_t i = 0; i < c->own_dims; i++)
	{
		size_t		other = other_of_pair(i, bytes);
		bool		first = i < other;
		int			y = other < c->own_dims ? abs(wide[other]) : 0;
		bool		larger = first ? abs(wide[i]) >= y : abs(wide[i]) > y;
		int			level = pair_level(wide[i] >= 0, larger);
		uint8_t		bit = (uint8_t) (1 << i / bytes);

		/* the pair's bit: the first one is the larger */
		if (larger == first)
			stored[bytes + i % bytes % (bytes / 2)] |= bit;
		if (wide[i] >= 0)
			stored[i % bytes] |= bit;
		wc += wide[i] * level;
		cc += level * level;
	}
	s->wc = wc;
	s->cc = cc;
}

static void
store_product(const qd_codec *c, const int8_t *wide, uint8_t *stored, sums *s)
{
	int8_t		decoded[QD_MAX_OWN_DIMS];

	qd_product_encode(c, wide, (float) (sqrt(c->own_dims / s->ww) *
										QD_PRODUCT_UNIT), stored);
	qd_product_decode(c, stored, decoded);
	s->wc = qd_distance.dot_i8(wide, decoded, c->own_dims);
	s->cc = sum_of_squares(decoded, c->own_dims);
}

/* Coordinates themselves are learned, not directions. */
static void
store_l1(const qd_codec *c, const qd_code_head *wide_head, const int8_t *wide,
		 qd_code_head *head, uint8_t *stored)
{
	int8_t		decoded[QD_MAX_OWN_DIMS];
	double		sum = 0;

	qd_product_encode(c, wide, wide_head->scale / c->codebook_scale, stored);
	qd_product_decode(c, stored, decoded);
	for (size_t i = 0; i < c->own_dims; i++)
	{
		double		d = (double) wide_head->scale * wide[i] -
			(double) c->codebook_scale * decoded[i];

		sum += fabs(d);
	}
	head->scale = c->codebook_scale;
	head->norm2 = qd_to_finite(sum);
}

void
qd_store_code(const qd_codec *c, const qd_code_head *wide_head,
			  const int8_t *wide, qd_code_head *head, uint8_t *stored)
{
	sums		s = {0};

	*head = *wide_head;
	if (c->kind == QD_CODE_INT8)
	{
		memcpy(stored, wide, c->own_dims);
		return;
	}
	memset(stored, 0, qd_stored_bytes(c));
	if (c->metric == QD_METRIC_L1)
	{
		store_l1(c, wide_head, wide, head, stored);
		return;
	}
	s.ww = sum_of_squares(wide, c->own_dims);
	if (s.ww == 0)
		return;
	if (c->kind == QD_CODE_1_5_BITS)
		store_pairs(c, wide, stored, &s);
	else if (c->kind == QD_CODE_PRODUCT)
		store_product(c, wide, stored, &s);
	else
		store_steps(c, bits_of(c->kind), wide, stored, &s);
	qd_unbias(head, s.ww, s.wc, s.cc);
}

/*----------
 * Loading
 *----------
 */

static void
load_steps(const qd_codec *c, int bits, const uint8_t *stored, int8_t *wide)
{
	size_t		bytes = qd_stored_bytes(c);
	int			top = (1 << bits) - 1;

	for (size_t first = 0, shift = 0; first < c->own_dims;
		 first += bytes, shift += bits)
	{
		size_t		n = c->own_dims - first < bytes ? c->own_dims - first : bytes;

		for (size_t b = 0; b < n; b++)
			wide[first + b] = (int8_t) (2 * ((stored[b] >> shift) & top) - top);
	}
}

static void
load_pairs(const qd_codec *c, const uint8_t *stored, int8_t *wide)
{
	size_t		bytes = sign_bytes(c);

	for (size_t i = 0; i < c->own_dims; i++)
	{
		bool		first = i % bytes < bytes / 2;
		int			plane = (int) (i / bytes);
		bool		bit = stored[bytes + i % bytes % (bytes / 2)] >> plane & 1;

		wide[i] = (int8_t) pair_level(stored[i % bytes] >> plane & 1,
									  bit == first);
	}
}

void
qd_load_code(const qd_codec *c, const qd_code_head *head,
			 const uint8_t *stored, int8_t *wide)
{
	if (c->kind == QD_CODE_INT8)
		memcpy(wide, stored, c->own_dims);
	else if (head->scale == 0)
		memset(wide, 0, c->own_dims);
	else if (c->kind == QD_CODE_1_5_BITS)
		load_pairs(c, stored, wide);
	else if (c->kind == QD_CODE_PRODUCT)
		qd_product_decode(c, stored, wide);
	else
		load_steps(c, bits_of(c->kind), stored, wide);
}

/*----------
 * Distances
 *----------
 */

static int32_t
dot_steps(const qd_query *q, int bits, const uint8_t *stored)
{
	static const uint16_t only[1] = {0};
	int32_t		dot;

	qd_distance.nav_dots(stored, qd_stored_bytes(q->codec), bits, only, 1,
						 q->code, &dot);
	return 2 * dot - ((1 << bits) - 1) * q->sum;
}

static int64_t
dot_pairs(const qd_query *q, const uint8_t *stored)
{
	static const uint16_t only[1] = {0};
	uint8_t		larger[QD_MAX_OWN_DIMS / 8 + 2 * CODE_ALIGN];
	size_t		bytes = sign_bytes(q->codec);
	size_t		half = bytes / 2;
	const uint8_t *pairs = stored + bytes;
	int32_t		s;
	int32_t		t;

	for (size_t b = 0; b < half; b++)
	{
		larger[b] = (uint8_t) ~(pairs[b] ^ stored[b]);
		larger[half + b] = pairs[b] ^ stored[half + b];
	}
	qd_distance.nav_dots(stored, bytes, 1, only, 1, q->code, &s);
	qd_distance.nav_dots(larger, bytes, 1, only, 1, q->code, &t);
	return 2 * (int64_t) (PAIR_A * s + PAIR_B * t) -
		(int64_t) (PAIR_A + PAIR_B) * q->sum;
}

static float
stored_dot(const qd_query *q, const uint8_t *stored)
{
	const qd_codec *c = q->codec;
	int8_t		decoded[QD_MAX_OWN_DIMS];

	switch (c->kind)
	{
		case QD_CODE_INT8:
			return (float) qd_distance.dot_i8((const int8_t *) stored, q->code,
											  c->own_dims);
		case QD_CODE_1_5_BITS:
			return (float) dot_pairs(q, stored);
		case QD_CODE_PRODUCT:
			qd_product_decode(c, stored, decoded);
			return (float) qd_distance.dot_i8(decoded, q->code, c->own_dims);
		default:
			return (float) dot_steps(q, bits_of(c->kind), stored);
	}
}

float
qd_query_stored_distance(const qd_query *q, const qd_code_head *head,
						 const uint8_t *stored)
{
	const qd_codec *c = q->codec;
	int8_t		decoded[QD_MAX_OWN_DIMS];

	if (c->kind == QD_CODE_INT8)
		return qd_query_distance(q, head, (const int8_t *) stored);
	if (c->metric != QD_METRIC_L1)
		return qd_estimate(c->metric, &q->head, head,
						   q->head.scale * head->scale * stored_dot(q, stored));
	qd_product_decode(c, stored, decoded);
	return qd_to_finite(qd_distance.l1_f32_i8(q->x, decoded, head->scale,
											  c->own_dims));
}

/*
 * Of n coordinates that are off by r in sum: where they are farther apart than
 * that, errors of either sign; where they are nearer, more distance than there
 * is, about as if squares added up.
 */
static double
l1_error(double r, double distance, double n)
{
	double		squares = distance * distance - r * r;

	return 4 * r * sqrt(1.6 / n) + 1e-6 * distance +
		distance - sqrt(squares > 0 ? squares : 0);
}

float
qd_query_stored_error(const qd_query *q, const qd_code_head *head,
					  float distance)
{
	if (q->codec->kind == QD_CODE_INT8)
		return qd_query_error(q, head, distance);
	if (q->codec->metric == QD_METRIC_L1)
		return qd_to_finite(l1_error(head->norm2, distance,
									 q->codec->own_dims));
	return qd_estimate_error(q, head, distance);
}

/*
 * Two codes that err in the same way seem less alike than they are, but for
 * equal ones: t is the cosine of what they decode to, k how much the errors
 * lengthen it (for signs k t - (k - 1) t^3 is near the arc sine law).
 */
float
qd_loaded_distance(const qd_codec *c, const qd_code_head *ah, const int8_t *a,
				   const qd_code_head *bh, const int8_t *b)
{
	bool		unit = c->metric == QD_METRIC_COSINE;
	double		aa = unit ? 1 : ah->full_norm2;
	double		bb = unit ? 1 : bh->full_norm2;
	double		lengths = sqrt((double) ah->norm2 * bh->norm2);
	double		k;
	double		t;

	if (c->kind == QD_CODE_INT8 || c->metric == QD_METRIC_L1)
		return qd_code_distance(c, ah, a, bh, b);
	if (!(lengths > 0) || !(aa * bb > 0))
		return qd_estimate(c->metric, ah, bh, 0);
	t = (double) ah->scale * bh->scale *
		qd_distance.dot_i8(a, b, c->own_dims) / lengths;
	k = lengths / sqrt(aa * bb);
	k = k < 1 ? 1 : k;
	t *= k - (k - 1) * t * t;
	t = t > 1 ? 1 : t < -1 ? -1 : t;
	return qd_estimate(c->metric, ah, bh, (float) (t * sqrt(aa * bb)));
}
