/*
 * builder_link.c
 *		Links a row to the graph in memory: Malkov & Yashunin 2018, algorithm 1.
 */
#include "postgres.h"
#include "compat.h"

#include <float.h>

#include "storage/s_lock.h"

#include "distance/distance.h"
#include "hnsw/builder.h"

/* In a pool's vid: its links were followed. */
#define EXPANDED		0x80000000

/* Pruned links fill up to this share of the most: better connected. */
#define FILL(most)		((most) * 3 / 4)

/* Rows ahead, and bytes of each: the processor guesses the rest. */
#define PREFETCH_AHEAD	4
#define PREFETCH_BYTES	384
#define CACHE_LINE		64

#define MOST_TOUCHED	8192

struct QdRowLinker
{
	QdGraphBuilder *b;
	uint32		self;			/* the row being linked */
	float	   *x;				/* L1: it, decoded */
	uint64	   *seen;			/* a bit for each row that a search met */
	uint32		n_touched;		/* words of it; more than MOST_TOUCHED: all */
	uint32		touched[MOST_TOUCHED];
	QdCandidate *pool;			/* nearest first */
	int			pool_n;
	int			pool_size;
	int			n_chosen[QD_MAX_LEVEL + 1];
	QdCandidate chosen[QD_MAX_LEVEL + 1][QD_MAX_LINKS];
};

QdRowLinker *
qd_row_linker_create(QdGraphBuilder *b)
{
	QdRowLinker   *l = palloc0(sizeof(QdRowLinker));
	Size		bytes = (b->n / 64 + 1) * sizeof(uint64);

	l->b = b;
	l->seen = palloc_extended(bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	l->pool = palloc((b->layout.ef_construction + 1) * sizeof(QdCandidate));
	if (b->layout.metric == QD_METRIC_L1)
		l->x = palloc(b->layout.own_dims * sizeof(float));
	return l;
}

/*----------
 * Distances.  Unlike those of quant.c they leave out what is the same for all
 * (cosine's 1): only their order matters here.
 *----------
 */
static inline float
from_dot(const QdGraphBuilder *b, uint32 i, uint32 j, int32 dot)
{
	const qd_code_head *x = qd_builder_head(b, i);
	const qd_code_head *y = qd_builder_head(b, j);
	float		d = -x->scale * y->scale * (float) dot;

	if (b->layout.metric == QD_METRIC_L2)
		d = x->norm2 + y->norm2 + 2 * d;
	else if (unlikely(b->layout.metric == QD_METRIC_JACCARD))
		d = qd_code_distance(b->codec, x, qd_builder_code(b, i),
							 y, qd_builder_code(b, j));
	/* NaN too: coordinates may be huge */
	return d <= FLT_MAX ? d : FLT_MAX;
}

static inline float
row_distance(const QdGraphBuilder *b, uint32 i, uint32 j)
{
	if (unlikely(b->layout.metric == QD_METRIC_L1))
		return qd_code_distance(b->codec,
								qd_builder_head(b, i), qd_builder_code(b, i),
								qd_builder_head(b, j), qd_builder_code(b, j));
	return from_dot(b, i, j,
					qd_distance.dot_i8(qd_builder_code(b, i),
									   qd_builder_code(b, j),
									   b->layout.own_dims));
}

float
qd_builder_distance(const QdGraphBuilder *b, uint32 i, uint32 j)
{
	return row_distance(b, i, j);
}

/* From the row being linked: L1 has it decoded. */
static inline float
new_distance(const QdRowLinker *l, uint32 i)
{
	const QdGraphBuilder *b = l->b;

	if (unlikely(b->layout.metric == QD_METRIC_L1))
		return qd_distance.l1_f32_i8(l->x, qd_builder_code(b, i),
									 qd_builder_head(b, i)->scale,
									 b->layout.own_dims);
	return row_distance(b, l->self, i);
}

static inline void
prefetch_row(const QdGraphBuilder *b, uint32 row)
{
	const char *start = (const char *) qd_builder_row(b, row);

	for (Size i = 0; i < Min(b->stride, PREFETCH_BYTES); i += CACHE_LINE)
		__builtin_prefetch(start + i);
}

static inline void
prefetch_links(const QdGraphBuilder *b, uint32 row, int level)
{
	uint32		node = qd_builder_node(b, row & ~EXPANDED, level);

	__builtin_prefetch(&b->states[node]);
	__builtin_prefetch(qd_builder_links(b, node));
	__builtin_prefetch(qd_builder_links(b, node) + CACHE_LINE / sizeof(uint32));
}

/*----------
 * Rows that a search has met
 *----------
 */

/* True when it is the first time. */
static inline bool
see(QdRowLinker *l, uint32 row)
{
	uint64		bit = UINT64CONST(1) << (row % 64);
	uint64	   *word = &l->seen[row / 64];

	if (*word & bit)
		return false;
	if (*word == 0)
	{
		if (l->n_touched < MOST_TOUCHED)
			l->touched[l->n_touched] = row / 64;
		l->n_touched++;
	}
	*word |= bit;
	return true;
}

static void
forget_seen(QdRowLinker *l)
{
	if (l->n_touched > MOST_TOUCHED)
		memset(l->seen, 0, (l->b->n / 64 + 1) * sizeof(uint64));
	else
		for (uint32 i = 0; i < l->n_touched; i++)
			l->seen[l->touched[i]] = 0;
	l->n_touched = 0;
}

/*----------
 * Search: one array holds results and candidates, nearest first.
 *----------
 */

/*
 * Returns the place, or the pool's size when it found none.  Among copies of
 * one vector the one found last comes first: each then links to other copies,
 * not all of them to the same few.
 */
static inline int
pool_insert(QdRowLinker *l, float distance, uint32 row)
{
	int			low = 0;
	int			high = l->pool_n;

	if (high == l->pool_size && distance >= l->pool[high - 1].distance)
		return high;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (l->pool[middle].distance < distance)
			low = middle + 1;
		else
			high = middle;
	}
	if (l->pool_n < l->pool_size)
		l->pool_n++;
	memmove(&l->pool[low + 1], &l->pool[low],
			(l->pool_n - 1 - low) * sizeof(QdCandidate));
	l->pool[low].distance = distance;
	l->pool[low].vid = row;
	return low;
}

/* Scores the neighbours of a row; returns the first place that changed. */
static int
expand(QdRowLinker *l, uint32 row, int level)
{
	QdGraphBuilder *b = l->b;
	uint32		node = qd_builder_node(b, row, level);
	const uint32 *links = qd_builder_links(b, node);
	int			degree = qd_builder_degree(b, node);
	uint32		unseen[QD_MAX_LINKS];
	int			n = 0;
	int			first = l->pool_size;

	for (int i = 0; i < degree; i++)
	{
		/* once: another process may be changing it */
		uint32		link = *(volatile const uint32 *) &links[i];

		if (see(l, link))
			unseen[n++] = link;
	}
	for (int i = 0; i < Min(n, PREFETCH_AHEAD); i++)
		prefetch_row(b, unseen[i]);
	for (int i = 0; i < n; i++)
	{
		int			place;

		if (i + PREFETCH_AHEAD < n)
			prefetch_row(b, unseen[i + PREFETCH_AHEAD]);
		place = pool_insert(l, new_distance(l, unseen[i]), unseen[i]);
		first = Min(first, place);
	}
	return first;
}

/* Leaves the nearest of the level in the pool; starts from its first entry. */
static void
search_level(QdRowLinker *l, int level, int ef)
{
	int			i = 0;

	l->pool_n = 1;
	l->pool_size = ef;
	l->pool[0].vid &= ~EXPANDED;
	/* nobody links to a row before it is linked, but copies of links may be old */
	see(l, l->self);
	see(l, l->pool[0].vid);
	while (i < l->pool_n)
	{
		uint32		row = l->pool[i].vid;
		int			first;

		if (row & EXPANDED)
		{
			i++;
			continue;
		}
		l->pool[i].vid |= EXPANDED;
		/* most often the next one to be expanded */
		if (i + 1 < l->pool_n)
			prefetch_links(l->b, l->pool[i + 1].vid, level);
		first = expand(l, row, level);
		i = Min(i + 1, first);
	}
	for (i = 0; i < l->pool_n; i++)
		l->pool[i].vid &= ~EXPANDED;
	forget_seen(l);
}

/* Puts a row into the pool, for a search to start from. */
static void
start_from(QdRowLinker *l, uint32 row)
{
	l->pool[0].vid = row;
	l->pool[0].distance = new_distance(l, row);
	l->pool_n = 1;
}

/*----------
 * Linking
 *----------
 */

/* qd_graph_select, over rows. */
static int
choose(const QdGraphBuilder *b, const QdCandidate *all, int n, int most,
	   QdCandidate *chosen)
{
	QdCandidate pruned[QD_MAX_LINKS];
	int			kept = 0;
	int			n_pruned = 0;
	int			fill;

	for (int i = 0; i < n && kept < most; i++)
	{
		bool		diverse = true;
		bool		copy = false;

		for (int j = 0; j < kept && diverse; j++)
		{
			float		d = row_distance(b, all[i].vid, chosen[j].vid);

			diverse = d > all[i].distance ||
				(d == all[i].distance && d != chosen[j].distance);
			copy = d == 0 && all[i].distance > 0;
		}
		if (diverse)
			chosen[kept++] = all[i];
		else if (!copy && n_pruned < FILL(most))
			pruned[n_pruned++] = all[i];
	}
	/* both are sorted: merge from the end */
	fill = Max(0, Min(n_pruned, FILL(most) - kept));
	n = kept + fill;
	for (int place = n - 1; fill > 0; place--)
	{
		if (kept > 0 && chosen[kept - 1].distance > pruned[fill - 1].distance)
			chosen[place] = chosen[--kept];
		else
			chosen[place] = pruned[--fill];
	}
	return n;
}

/*
 * Replaces a node's links, nearest first; false, and nothing done, when its
 * state is no longer the one that they were chosen for.
 */
static bool
store_links(QdGraphBuilder *b, uint32 node, uint32 state,
			const QdCandidate *chosen, int n)
{
	uint32	   *links = qd_builder_links(b, node);
	float	   *distances = qd_builder_distances(b, node);

	if (!pg_atomic_compare_exchange_u32(&b->states[node], &state,
										state | QD_NODE_LOCKED))
		return false;
	for (int i = 0; i < n; i++)
	{
		links[i] = chosen[i].vid;
		distances[i] = chosen[i].distance;
	}
	pg_write_barrier();
	state = (state & ~QD_NODE_DEGREE) + QD_NODE_CHANGE;
	pg_atomic_write_u32(&b->states[node], state | n);
	if (b->changed != NULL)
		b->changed[node] = true;
	return true;
}

/* Copies a node's links, and returns the state in which they were whole. */
static uint32
read_links(const QdGraphBuilder *b, uint32 node, QdCandidate *all)
{
	const uint32 *links = qd_builder_links(b, node);
	const float *distances = qd_builder_distances(b, node);
	SpinDelayStatus delay;
	uint32		state;

	init_local_spin_delay(&delay);
	for (;;)
	{
		state = pg_atomic_read_u32(&b->states[node]);
		pg_read_barrier();
		if ((state & QD_NODE_LOCKED) == 0)
		{
			for (int i = 0; i < (int) (state & QD_NODE_DEGREE); i++)
			{
				all[i].vid = links[i];
				all[i].distance = distances[i];
			}
			pg_read_barrier();
			if (pg_atomic_read_u32(&b->states[node]) == state)
				break;
		}
		perform_spin_delay(&delay);
	}
	finish_spin_delay(&delay);
	return state;
}

/*
 * The new row becomes a neighbour of its neighbour, before others at the same
 * distance: see pool_insert.
 */
static bool
try_link_back(QdGraphBuilder *b, uint32 node, QdCandidate self)
{
	QdCandidate all[QD_MAX_LINKS + 1];
	QdCandidate chosen[QD_MAX_LINKS];
	uint32		state = read_links(b, node, all);
	int			n = state & QD_NODE_DEGREE;
	int			place = n;

	while (place > 0 && all[place - 1].distance >= self.distance)
	{
		all[place] = all[place - 1];
		place--;
	}
	all[place] = self;
	n++;
	if (n <= b->layout.m0)
		return store_links(b, node, state, all, n);
	n = choose(b, all, n, b->layout.m0, chosen);
	return store_links(b, node, state, chosen, n);
}

static void
link_back(QdGraphBuilder *b, uint32 node, QdCandidate self)
{
	while (!try_link_back(b, node, self))
		;
}

/* Chooses the links of one level; the pool is where the next one starts. */
static void
choose_level(QdRowLinker *l, int level)
{
	search_level(l, level, l->b->layout.ef_construction);
	l->n_chosen[level] = choose(l->b, l->pool, l->pool_n, l->b->layout.m_link,
								l->chosen[level]);
}

/*
 * Nobody links to the row before all its own links are there, nor to an upper
 * node before one can get there from below: whoever comes to it can go on.
 */
static void
link_levels(QdRowLinker *l, int top)
{
	QdGraphBuilder *b = l->b;

	for (int level = 0; level <= top; level++)
	{
		uint32		node = qd_builder_node(b, l->self, level);

		store_links(b, node, pg_atomic_read_u32(&b->states[node]),
					l->chosen[level], l->n_chosen[level]);
	}
	for (int level = 0; level <= top; level++)
		for (int i = 0; i < l->n_chosen[level]; i++)
		{
			QdCandidate c = l->chosen[level][i];
			uint32		node = qd_builder_node(b, c.vid, level);

			link_back(b, node, (QdCandidate) {c.distance, l->self});
		}
}

static void
begin_row(QdRowLinker *l, uint32 row)
{
	const QdGraphBuilder *b = l->b;

	l->self = row;
	if (l->x != NULL)
		for (uint32 i = 0; i < b->layout.own_dims; i++)
			l->x[i] = qd_builder_head(b, row)->scale * qd_builder_code(b, row)[i];
}

void
qd_row_linker_descend(QdRowLinker *l, uint32 row)
{
	QdGraphBuilder *b = l->b;

	begin_row(l, row);
	start_from(l, b->shared->entry);
	for (int level = b->levels[b->shared->entry]; level > 0; level--)
		search_level(l, level, 1);
	b->uppers[row] = l->pool[0].vid;
}

void
qd_row_linker_link(QdRowLinker *l, uint32 row)
{
	QdGraphBuilder *b = l->b;
	uint32		entry = b->shared->entry;
	int			top = Min(b->levels[row], b->levels[entry]);

	begin_row(l, row);
	if (b->levels[row] == 0)
		start_from(l, b->uppers[row]);
	else
	{
		start_from(l, entry);
		for (int level = b->levels[entry]; level > top; level--)
			search_level(l, level, 1);
	}
	for (int level = top; level >= 0; level--)
		choose_level(l, level);
	link_levels(l, top);
}

static bool
has_link(const QdGraphBuilder *b, uint32 node, uint32 row)
{
	const uint32 *links = qd_builder_links(b, node);

	for (int i = 0; i < qd_builder_degree(b, node); i++)
		if (links[i] == row)
			return true;
	return false;
}

void
qd_builder_complete(QdGraphBuilder *b, uint32 row)
{
	for (int level = 0; level <= b->levels[row]; level++)
	{
		uint32		node = qd_builder_node(b, row, level);
		const uint32 *links = qd_builder_links(b, node);

		for (int i = 0; i < qd_builder_degree(b, node); i++)
		{
			uint32		other = qd_builder_node(b, links[i], level);

			if (!has_link(b, other, row))
				link_back(b, other,
						  (QdCandidate) {row_distance(b, row, links[i]), row});
		}
	}
}
