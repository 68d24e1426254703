/*
 * nav_links.c
 *		The codes of the neighbours in a vertex's block: written with the links,
 *		compared with them.
 *
 * A block has one scale for all factors; a link back that it does not hold
 * makes it grow.
 */
#include "postgres.h"
#include "compat.h"

#include <math.h>

#include "port/pg_bitutils.h"

#include "hnsw/hnsw.h"

struct QdNavWriter
{
	const qd_codec *codec;
	QdHnswLayout layout;
	qd_nav		nav;
	float	   *work;
	uint8	   *codes;			/* m0 */
	qd_nav_factors factors[QD_MAX_LINKS + 1];
};

QdNavWriter *
qd_hnsw_nav_writer(const QdHnswLayout *l, const qd_codec *codec)
{
	QdNavWriter *w = palloc0(sizeof(QdNavWriter));

	w->codec = codec;
	w->layout = *l;
	if (!QdLayoutInlined(l))
		return w;
	w->nav = QdLayoutNav(l);
	w->work = palloc(qd_nav_work(codec) * sizeof(float));
	w->codes = palloc((l->m0 + 1) * w->nav.bytes);
	return w;
}

void
qd_hnsw_nav_encode(QdNavWriter *w, const qd_code_head *ph, const int8 *p,
				   int i, const qd_code_head *nh, const int8 *n)
{
	if (!QdLayoutInlined(&w->layout))
		return;
	qd_nav_encode(w->codec, &w->nav, ph, p, nh, n, w->work,
				  &w->factors[i], w->codes + i * w->nav.bytes);
}

static void
store_factors(QdNavWriter *w, QdVertexHead *v, int n)
{
	v->nav_scale = qd_nav_scale(w->factors, n);
	for (int i = 0; i < n; i++)
		QdVertexFactors(&w->layout, v)[i] =
			qd_nav_pack(v->nav_scale, &w->factors[i]);
}

void
qd_hnsw_nav_store(QdNavWriter *w, QdVertexHead *v, int n)
{
	const QdHnswLayout *l = &w->layout;

	if (!QdLayoutInlined(l))
		return;
	memset((char *) v + l->off_factors, 0, l->block_bytes - l->off_factors);
	store_factors(w, v, n);
	memcpy(QdVertexNavCodes(l, v), w->codes, n * w->nav.bytes);
}

void
qd_hnsw_nav_append(QdNavWriter *w, QdVertexHead *v, int i,
				   const qd_code_head *head, const int8 *code)
{
	const QdHnswLayout *l = &w->layout;

	if (!QdLayoutInlined(l))
		return;
	qd_hnsw_nav_encode(w, &v->code, QdVertexCode(v), i, head, code);
	memcpy(QdVertexNavCodes(l, v) + i * w->nav.bytes,
		   w->codes + i * w->nav.bytes, w->nav.bytes);
	if (i > 0 && qd_nav_scale_holds(v->nav_scale, &w->factors[i]))
	{
		QdVertexFactors(l, v)[i] = qd_nav_pack(v->nav_scale, &w->factors[i]);
		return;
	}
	for (int j = 0; j < i; j++)
		w->factors[j] = qd_nav_unpack(v->nav_scale, QdVertexFactors(l, v)[j]);
	store_factors(w, v, i + 1);
}

/*
 * Sums may be rounded otherwise where another processor encoded, so a few
 * bits and some thousandths may differ.
 */
bool
qd_hnsw_nav_agrees(QdNavWriter *w, QdVertexHead *v, int i,
				   const qd_code_head *head, const int8 *code)
{
	const QdHnswLayout *l = &w->layout;
	const uint8 *stored;
	const uint8 *expected;
	qd_nav_factors f;
	int			bits = 0;
	float		slack;

	if (!QdLayoutInlined(l))
		return true;
	qd_hnsw_nav_encode(w, &v->code, QdVertexCode(v), i, head, code);
	stored = QdVertexNavCodes(l, v) + i * w->nav.bytes;
	expected = w->codes + i * w->nav.bytes;
	for (Size b = 0; b < w->nav.bytes; b++)
		bits += pg_number_of_ones[stored[b] ^ expected[b]];
	f = qd_nav_unpack(v->nav_scale, QdVertexFactors(l, v)[i]);
	slack = 0.01f * (fabsf(w->factors[i].add) + fabsf(w->factors[i].rescale)) +
		0.01f * v->nav_scale;
	return bits <= 2 + w->nav.dims / 64 &&
		fabsf(f.add - w->factors[i].add) <= slack &&
		fabsf(f.rescale - w->factors[i].rescale) <= slack;
}
