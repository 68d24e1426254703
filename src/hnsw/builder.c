/*
 * builder.c
 *		A graph over codes in memory: Malkov & Yashunin 2018, algorithm 1, in
 *		flat arrays.
 */
#include "postgres.h"
#include "compat.h"

#include <float.h>
#include <sys/mman.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "distance/distance.h"
#include "hnsw/builder.h"

#define FIRST_ROOM		1024
#define MOST_ROWS		0x3fffffff
#define PROGRESS_EVERY	256

/* In a pool's vid: its links were followed. */
#define EXPANDED		0x80000000

/* Pruned links fill up to this share of the most: better connected. */
#define FILL(most)		((most) * 3 / 4)

/* Rows ahead, and bytes of each: the processor guesses the rest. */
#define PREFETCH_AHEAD	4
#define PREFETCH_BYTES	384
#define CACHE_LINE		64

#define HUGE_PAGE		((Size) 2 * 1024 * 1024)

int
qd_hnsw_level(uint64 seed, uint64 n)
{
	uint64		z = seed + (n + 1) * UINT64CONST(0x9e3779b97f4a7c15);
	uint64		mask = (UINT64CONST(1) << QD_LEVEL_SHIFT) - 1;
	int			level = 0;

	/* splitmix64 */
	z = (z ^ (z >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94d049bb133111eb);
	z ^= z >> 31;
	for (; level < QD_MAX_LEVEL && (z & mask) == 0; level++)
		z >>= QD_LEVEL_SHIFT;
	return level;
}

/*
 * Linking jumps about in its arrays: with pages of 4 kB half of its time is
 * translating addresses.  A hint only.
 */
static void
advise_huge_pages(void *start, Size size)
{
#ifdef MADV_HUGEPAGE
	char	   *first = (char *) TYPEALIGN(HUGE_PAGE, start);
	char	   *end = (char *) TYPEALIGN_DOWN(HUGE_PAGE, (char *) start + size);

	if (first < end)
		(void) madvise(first, end - first, MADV_HUGEPAGE);
#endif
}

static void *
allocate(Size size)
{
	void	   *start = palloc_extended(Max(size, 1), MCXT_ALLOC_HUGE);

	advise_huge_pages(start, size);
	return start;
}

/*----------
 * Rows
 *----------
 */
QdGraphBuilder *
qd_hnsw_builder_create(const QdHnswLayout *layout, const qd_codec *codec,
					   double expected_rows)
{
	QdGraphBuilder *b;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "qdrant_hnsw graph",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);

	b = palloc0(sizeof(QdGraphBuilder));
	b->context = context;
	b->layout = *layout;
	b->codec = codec;
	b->stride = offsetof(QdBuilderRow, code) + TYPEALIGN(16, layout->own_dims);
	b->room = Max(FIRST_ROOM, Min(expected_rows, 1e6));
	b->codes = allocate(b->room * b->stride);
	b->tids = allocate(b->room * sizeof(ItemPointerData));
	b->entry = QD_NO_VID;
	MemoryContextSwitchTo(old);
	return b;
}

void
qd_hnsw_builder_free(QdGraphBuilder *b)
{
	MemoryContextDelete(b->context);
}

uint32
qd_hnsw_builder_count(const QdGraphBuilder *b)
{
	return b->n;
}

Size
qd_hnsw_builder_row_memory(const QdHnswLayout *layout)
{
	Size		row = offsetof(QdBuilderRow, code) +
		TYPEALIGN(16, layout->own_dims) + sizeof(ItemPointerData) + sizeof(uint8) + sizeof(uint16) +
		2 * sizeof(uint32) + layout->m0 * (sizeof(uint32) + sizeof(float));

	/* upper nodes: 1/32 + 1/32^2 ... */
	return row + row / 31;
}

Size
qd_hnsw_builder_memory(const QdGraphBuilder *b)
{
	return b->n * qd_hnsw_builder_row_memory(&b->layout);
}

void
qd_hnsw_builder_add(QdGraphBuilder *b, ItemPointer tid,
					const qd_code_head *head, const int8 *code)
{
	if (b->n >= MOST_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for one graph")));
	if (b->n == b->room)
	{
		b->room *= 2;
		b->codes = repalloc_huge(b->codes, b->room * b->stride);
		b->tids = repalloc_huge(b->tids, b->room * sizeof(ItemPointerData));
		advise_huge_pages(b->codes, b->room * b->stride);
	}
	memset(qd_builder_row(b, b->n), 0, b->stride);
	memcpy(qd_builder_code(b, b->n), code, b->layout.own_dims);
	*qd_builder_head(b, b->n) = *head;
	b->tids[b->n] = *tid;
	b->n++;
}

void
qd_hnsw_builder_row(const QdGraphBuilder *b, uint32 row, ItemPointer tid,
					qd_code_head *head, const int8 **code)
{
	*tid = b->tids[row];
	*head = *qd_builder_head(b, row);
	*code = qd_builder_code(b, row);
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
new_distance(const QdGraphBuilder *b, uint32 self, uint32 i)
{
	if (unlikely(b->layout.metric == QD_METRIC_L1))
		return qd_distance.l1_f32_i8(b->x, qd_builder_code(b, i),
									 qd_builder_head(b, i)->scale,
									 b->layout.own_dims);
	return row_distance(b, self, i);
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

	__builtin_prefetch(&b->degrees[node]);
	__builtin_prefetch(qd_builder_links(b, node));
	__builtin_prefetch(qd_builder_links(b, node) + CACHE_LINE / sizeof(uint32));
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
pool_insert(QdGraphBuilder *b, float distance, uint32 row)
{
	int			low = 0;
	int			high = b->pool_n;

	if (high == b->pool_size && distance >= b->pool[high - 1].distance)
		return high;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (b->pool[middle].distance < distance)
			low = middle + 1;
		else
			high = middle;
	}
	if (b->pool_n < b->pool_size)
		b->pool_n++;
	memmove(&b->pool[low + 1], &b->pool[low],
			(b->pool_n - 1 - low) * sizeof(QdCandidate));
	b->pool[low].distance = distance;
	b->pool[low].vid = row;
	return low;
}

/* Scores the neighbours of a row; returns the first place that changed. */
static int
expand(QdGraphBuilder *b, uint32 self, uint32 row, int level)
{
	uint32		node = qd_builder_node(b, row, level);
	const uint32 *links = qd_builder_links(b, node);
	uint32		unseen[QD_MAX_LINKS];
	int			n = 0;
	int			first = b->pool_size;

	for (int i = 0; i < b->degrees[node]; i++)
		if (b->seen[links[i]] != b->search)
		{
			b->seen[links[i]] = b->search;
			unseen[n++] = links[i];
		}
	for (int i = 0; i < Min(n, PREFETCH_AHEAD); i++)
		prefetch_row(b, unseen[i]);
	for (int i = 0; i < n; i++)
	{
		int			place;

		if (i + PREFETCH_AHEAD < n)
			prefetch_row(b, unseen[i + PREFETCH_AHEAD]);
		place = pool_insert(b, new_distance(b, self, unseen[i]), unseen[i]);
		first = Min(first, place);
	}
	return first;
}

/* Leaves the nearest of the level in the pool; starts from its first entry. */
static void
search_level(QdGraphBuilder *b, uint32 self, int level, int ef)
{
	int			i = 0;

	b->search++;
	b->pool_n = 1;
	b->pool_size = ef;
	b->pool[0].vid &= ~EXPANDED;
	b->seen[b->pool[0].vid] = b->search;
	while (i < b->pool_n)
	{
		uint32		row = b->pool[i].vid;
		int			first;

		if (row & EXPANDED)
		{
			i++;
			continue;
		}
		b->pool[i].vid |= EXPANDED;
		/* most often the next one to be expanded */
		if (i + 1 < b->pool_n)
			prefetch_links(b, b->pool[i + 1].vid, level);
		first = expand(b, self, row, level);
		i = Min(i + 1, first);
	}
	for (i = 0; i < b->pool_n; i++)
		b->pool[i].vid &= ~EXPANDED;
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

		for (int j = 0; j < kept && diverse; j++)
		{
			float		d = row_distance(b, all[i].vid, chosen[j].vid);

			diverse = d > all[i].distance ||
				(d == all[i].distance && d != chosen[j].distance);
		}
		if (diverse)
			chosen[kept++] = all[i];
		else if (n_pruned < FILL(most))
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

static void
store_links(QdGraphBuilder *b, uint32 node, const QdCandidate *chosen, int n)
{
	uint32	   *links = qd_builder_links(b, node);
	float	   *distances = b->link_distances + (Size) node * b->layout.m0;

	for (int i = 0; i < n; i++)
	{
		links[i] = chosen[i].vid;
		distances[i] = chosen[i].distance;
	}
	b->degrees[node] = n;
	if (b->changed != NULL)
		b->changed[node] = true;
}

/*
 * The new row becomes a neighbour of its neighbour, before others at the same
 * distance: see pool_insert.
 */
static void
link_back(QdGraphBuilder *b, uint32 node, QdCandidate self)
{
	const uint32 *links = qd_builder_links(b, node);
	const float *distances = b->link_distances + (Size) node * b->layout.m0;
	QdCandidate all[QD_MAX_LINKS + 1];
	QdCandidate chosen[QD_MAX_LINKS];
	int			degree = b->degrees[node];
	int			n = 0;

	for (int i = 0; i < degree; i++)
	{
		if (n == i && self.distance <= distances[i])
			all[n++] = self;
		all[n].vid = links[i];
		all[n++].distance = distances[i];
	}
	if (n == degree)
		all[n++] = self;
	if (n <= b->layout.m0)
		store_links(b, node, all, n);
	else
		store_links(b, node, chosen, choose(b, all, n, b->layout.m0, chosen));
}

static void
link_level(QdGraphBuilder *b, uint32 self, int level)
{
	QdCandidate chosen[QD_MAX_LINKS];
	int			n;

	search_level(b, self, level, b->layout.ef_construction);
	n = choose(b, b->pool, b->pool_n, b->layout.m_link, chosen);
	store_links(b, qd_builder_node(b, self, level), chosen, n);
	for (int i = 0; i < n; i++)
		link_back(b, qd_builder_node(b, chosen[i].vid, level),
				  (QdCandidate) {chosen[i].distance, self});
}

static bool
has_link(const QdGraphBuilder *b, uint32 node, uint32 row)
{
	const uint32 *links = qd_builder_links(b, node);

	for (int i = 0; i < b->degrees[node]; i++)
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

		for (int i = 0; i < b->degrees[node]; i++)
		{
			uint32		other = qd_builder_node(b, links[i], level);

			if (!has_link(b, other, row))
				link_back(b, other,
						  (QdCandidate) {row_distance(b, row, links[i]), row});
		}
	}
}

static void
link_row(QdGraphBuilder *b, uint32 self)
{
	int			top;

	if (b->entry == QD_NO_VID)
	{
		b->entry = self;
		return;
	}
	if (b->x != NULL)
		for (uint32 i = 0; i < b->layout.own_dims; i++)
			b->x[i] = qd_builder_head(b, self)->scale *
				qd_builder_code(b, self)[i];
	top = b->levels[b->entry];
	b->pool[0].vid = b->entry;
	b->pool[0].distance = new_distance(b, self, b->entry);
	for (int level = top; level > b->levels[self]; level--)
		search_level(b, self, level, 1);
	for (int level = Min(top, b->levels[self]); level >= 0; level--)
		link_level(b, self, level);
	if (b->levels[self] > top)
		b->entry = self;
}

static void
allocate_nodes(QdGraphBuilder *b)
{
	Size		nodes = b->n;
	Size		m0 = b->layout.m0;

	b->levels = allocate(b->n);
	b->uppers = allocate(b->n * sizeof(uint32));
	for (uint32 i = 0; i < b->n; i++)
	{
		b->levels[i] = i < b->linked ? b->known_levels[i] :
			qd_hnsw_level(b->layout.seed, i);
		b->uppers[i] = nodes;
		nodes += b->levels[i];
	}
	b->nodes = nodes;
	b->links = allocate(nodes * m0 * sizeof(uint32));
	b->link_distances = allocate(nodes * m0 * sizeof(float));
	b->degrees = allocate(nodes * sizeof(uint16));
	memset(b->degrees, 0, nodes * sizeof(uint16));
	b->seen = allocate(b->n * sizeof(uint32));
	memset(b->seen, 0, b->n * sizeof(uint32));
	b->pool = palloc((b->layout.ef_construction + 1) * sizeof(QdCandidate));
	if (b->layout.metric == QD_METRIC_L1)
		b->x = palloc(b->layout.own_dims * sizeof(float));
}

void
qd_hnsw_builder_link(QdGraphBuilder *b, void (*progress) (uint32 done))
{
	MemoryContext old = MemoryContextSwitchTo(b->context);

	allocate_nodes(b);
	if (b->load != NULL)
		b->load(b, b->load_arg);
	for (uint32 i = b->linked; i < b->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		link_row(b, i);
		if (progress != NULL && (i + 1) % PROGRESS_EVERY == 0)
			progress(i + 1);
	}
	if (progress != NULL)
		progress(b->n);
	MemoryContextSwitchTo(old);
}
