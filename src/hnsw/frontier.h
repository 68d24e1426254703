/*
 * frontier.h
 *		What a search has yet to expand, the nearest on top.
 *
 * A search adds a dozen for each that it takes, most of which it never takes,
 * so adding is what must be cheap: at the end, in no order, and the least of
 * each 32, and of each 1,024, is kept beside them.  Taking one looks
 * through a group of either size.  No step of either depends on a comparison
 * that the processor could guess wrong, of which a heap is made.
 *
 * What is at INFINITY, or nowhere (NaN), is not in it.
 */
#ifndef QD_HNSW_FRONTIER_H
#define QD_HNSW_FRONTIER_H

#include "postgres.h"

#include <float.h>
#include <math.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "port/pg_bitutils.h"

#include "hnsw/graph.h"

#define QD_GROUP	32			/* of distances, and of their groups */
#define QD_SUPER	(QD_GROUP * QD_GROUP)

typedef struct QdFrontier
{
	float	   *distances;		/* taken ones are INFINITY */
	uint32	   *vids;
	float	   *groups;			/* the least of each 32; padded with INFINITY */
	float	   *supers;			/* the least of each 1,024 */
	Size		n;				/* taken ones too */
	Size		room;			/* a multiple of QD_SUPER */
	QdCandidate top;			/* distance INFINITY: there is none */
	Size		top_at;
} QdFrontier;

static inline void
qd_frontier_clear(QdFrontier *f)
{
	f->n = 0;
	f->top.distance = INFINITY;
}

/* In the current context, as is what it grows by later. */
static inline void
qd_frontier_init(QdFrontier *f)
{
	f->room = QD_SUPER;
	f->distances = palloc(f->room * sizeof(float));
	f->vids = palloc(f->room * sizeof(uint32));
	f->groups = palloc(f->room / QD_GROUP * sizeof(float));
	f->supers = palloc(f->room / QD_SUPER * sizeof(float));
	qd_frontier_clear(f);
}

static pg_noinline void pg_attribute_unused()
qd_frontier_grow(QdFrontier *f)
{
	f->room *= 2;
	f->distances = repalloc_huge(f->distances, f->room * sizeof(float));
	f->vids = repalloc_huge(f->vids, f->room * sizeof(uint32));
	f->groups = repalloc_huge(f->groups,
							  f->room / QD_GROUP * sizeof(float));
	f->supers = repalloc_huge(f->supers,
							  f->room / QD_SUPER * sizeof(float));
}

/* A group is INFINITY before it has members. */
static inline void
qd_frontier_begin_group(QdFrontier *f)
{
	if (f->n == f->room)
		qd_frontier_grow(f);
	if (f->n % QD_SUPER == 0)
	{
		f->supers[f->n / QD_SUPER] = INFINITY;
		for (int i = 0; i < QD_GROUP; i++)
			f->groups[f->n / QD_GROUP + i] = INFINITY;
	}
	for (int i = 0; i < QD_GROUP; i++)
		f->distances[f->n + i] = INFINITY;
}

static inline void
qd_frontier_add(QdFrontier *f, QdCandidate c)
{
	Size		i = f->n;
	float	   *group;
	float	   *super;

	if (i % QD_GROUP == 0)
		qd_frontier_begin_group(f);
	/* NaN and infinity come last, but come: INFINITY is an empty place */
	c.distance = c.distance < FLT_MAX ? c.distance : FLT_MAX;
	f->n++;
	f->distances[i] = c.distance;
	f->vids[i] = c.vid;
	group = &f->groups[i / QD_GROUP];
	super = &f->supers[i / QD_SUPER];
	*group = c.distance < *group ? c.distance : *group;
	*super = c.distance < *super ? c.distance : *super;
	if (c.distance < f->top.distance)
	{
		f->top = c;
		f->top_at = i;
	}
}

/* The least of QD_GROUP, and where it stands; none is NaN. */
#ifdef __SSE2__
static inline float
qd_least(const float *x)
{
	__m128		a = _mm_loadu_ps(x);
	__m128		b = _mm_loadu_ps(x + 4);

	for (int i = 8; i < QD_GROUP; i += 8)
	{
		a = _mm_min_ps(_mm_loadu_ps(x + i), a);
		b = _mm_min_ps(_mm_loadu_ps(x + i + 4), b);
	}
	a = _mm_min_ps(a, b);
	a = _mm_min_ps(a, _mm_movehl_ps(a, a));
	a = _mm_min_ss(a, _mm_shuffle_ps(a, a, 1));
	return _mm_cvtss_f32(a);
}

static inline Size
qd_where(const float *x, float least)
{
	__m128		all = _mm_set1_ps(least);
	uint32		found = 0;

	for (int i = 0; i < QD_GROUP; i += 4)
		found |= (uint32) _mm_movemask_ps(_mm_cmpeq_ps(_mm_loadu_ps(x + i),
													   all)) << i;
	return found == 0 ? 0 : pg_rightmost_one_pos32(found);
}
#else
static inline float
qd_least(const float *x)
{
	float		a = INFINITY;

	for (int i = 0; i < QD_GROUP; i++)
		a = x[i] < a ? x[i] : a;
	return a;
}

static inline Size
qd_where(const float *x, float least)
{
	Size		at = 0;

	for (Size i = 0; i < QD_GROUP; i++)
		at = x[i] <= least ? i : at;
	return at;
}
#endif

/* Takes top, whose distance is not INFINITY. */
static inline QdCandidate
qd_frontier_take(QdFrontier *f)
{
	QdCandidate taken = f->top;
	Size		i = f->top_at;
	Size		super = 0;

	f->distances[i] = INFINITY;
	f->groups[i / QD_GROUP] =
		qd_least(f->distances + i / QD_GROUP * QD_GROUP);
	f->supers[i / QD_SUPER] =
		qd_least(f->groups + i / QD_SUPER * QD_GROUP);

	for (Size j = 1; j <= (f->n - 1) / QD_SUPER; j++)
		super = f->supers[j] < f->supers[super] ? j : super;
	f->top.distance = f->supers[super];
	if (f->top.distance < INFINITY)
	{
		i = super * QD_GROUP +
			qd_where(f->groups + super * QD_GROUP, f->top.distance);
		i = i * QD_GROUP +
			qd_where(f->distances + i * QD_GROUP, f->top.distance);
		f->top_at = i;
		f->top.vid = f->vids[i];
	}
	return taken;
}

#endif							/* QD_HNSW_FRONTIER_H */
