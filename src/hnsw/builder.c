/*
 * builder.c
 *		The memory of a graph over codes: rows as they come, then flat arrays
 *		for its links, private or in shared memory.
 */
#include "postgres.h"
#include "compat.h"

#include <sys/mman.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "hnsw/builder.h"

#define FIRST_ROOM		1024
#define MOST_ROWS		0x3fffffff
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

void *
qd_builder_allocate(Size size)
{
	void	   *start = palloc_extended(Max(size, 1), MCXT_ALLOC_HUGE);

	advise_huge_pages(start, size);
	return start;
}

/*----------
 * Rows
 *----------
 */
static Size
stride_of(const QdHnswLayout *layout)
{
	return offsetof(QdBuilderRow, code) + TYPEALIGN(16, layout->own_dims);
}

static QdGraphBuilder *
new_builder(const QdHnswLayout *layout, const qd_codec *codec)
{
	QdGraphBuilder *b;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "qdrant_hnsw graph",
												  ALLOCSET_DEFAULT_SIZES);

	b = MemoryContextAllocZero(context, sizeof(QdGraphBuilder));
	b->context = context;
	b->layout = *layout;
	b->codec = codec;
	b->stride = stride_of(layout);
	b->entry = QD_NO_VID;
	return b;
}

QdGraphBuilder *
qd_hnsw_builder_create(const QdHnswLayout *layout, const qd_codec *codec,
					   double expected_rows)
{
	QdGraphBuilder *b = new_builder(layout, codec);
	MemoryContext old = MemoryContextSwitchTo(b->context);

	b->room = Max(FIRST_ROOM, Min(expected_rows, 1e6));
	b->codes = qd_builder_allocate(b->room * b->stride);
	b->tids = qd_builder_allocate(b->room * sizeof(ItemPointerData));
	b->levels = qd_builder_allocate(b->room);
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
	Size		row = stride_of(layout) + sizeof(ItemPointerData) +
		sizeof(uint8) + 2 * sizeof(uint32) + layout->m0 * (sizeof(uint32) + sizeof(float));

	/* upper nodes: 1/32 + 1/32^2 ... */
	return row + row / 31;
}

Size
qd_hnsw_builder_memory(const QdGraphBuilder *b)
{
	return b->n * qd_hnsw_builder_row_memory(&b->layout);
}

void
qd_hnsw_builder_add(QdGraphBuilder *b, const ItemPointerData *tid,
					const qd_code_head *head, const int8 *code)
{
	if (b->n >= MOST_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for one graph")));
	if (b->n == b->room)
	{
		Assert(b->shared == NULL);
		b->room *= 2;
		b->codes = repalloc_huge(b->codes, b->room * b->stride);
		b->tids = repalloc_huge(b->tids, b->room * sizeof(ItemPointerData));
		b->levels = repalloc_huge(b->levels, b->room);
		advise_huge_pages(b->codes, b->room * b->stride);
	}
	memset(qd_builder_row(b, b->n), 0, b->stride);
	memcpy(qd_builder_code(b, b->n), code, b->layout.own_dims);
	*qd_builder_head(b, b->n) = *head;
	b->tids[b->n] = *tid;
	b->levels[b->n] = qd_hnsw_level(b->layout.seed, b->n);
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
 * Nodes
 *----------
 */

/* The next piece of size bytes, on a cache line of its own. */
static void *
take(char *base, Size *offset, Size size)
{
	char	   *start = base == NULL ? NULL : base + *offset;

	*offset += TYPEALIGN(PG_CACHE_LINE_SIZE, size);
	return start;
}

Size
qd_builder_place_rows(QdGraphBuilder *b, char *base, uint32 n)
{
	Size		size = 0;

	b->codes = take(base, &size, (Size) n * b->stride);
	b->tids = take(base, &size, (Size) n * sizeof(ItemPointerData));
	b->levels = take(base, &size, n);
	return size;
}

Size
qd_builder_place_nodes(QdGraphBuilder *b, char *base, uint32 n, uint32 nodes)
{
	Size		size = 0;
	Size		links = (Size) nodes * b->layout.m0;

	b->shared = take(base, &size, sizeof(QdBuilderShared));
	b->links = take(base, &size, links * sizeof(uint32));
	b->link_distances = take(base, &size, links * sizeof(float));
	b->states = take(base, &size, nodes * sizeof(pg_atomic_uint32));
	b->uppers = take(base, &size, (Size) n * sizeof(uint32));
	return size;
}

static void
number_nodes(QdGraphBuilder *b)
{
	uint32		nodes = b->n;

	for (uint32 i = 0; i < b->n; i++)
		if (b->levels[i] > 0)
		{
			b->uppers[i] = nodes;
			nodes += b->levels[i];
		}
	for (uint32 i = 0; i < nodes; i++)
		pg_atomic_init_u32(&b->states[i], 0);
}

static uint32
count_nodes(const QdHnswLayout *layout, uint32 n)
{
	uint32		nodes = n;

	for (uint32 i = 0; i < n; i++)
		nodes += qd_hnsw_level(layout->seed, i);
	return nodes;
}

Size
qd_builder_shared_size(const QdHnswLayout *layout, uint32 n)
{
	QdGraphBuilder b = {.layout = *layout,.stride = stride_of(layout)};

	return qd_builder_place_nodes(&b, NULL, n, count_nodes(layout, n)) +
		qd_builder_place_rows(&b, NULL, n);
}

/* Room for n rows; fewer may come. */
static void
place_shared(QdGraphBuilder *b, char *memory, uint32 n)
{
	Size		size = qd_builder_place_nodes(b, memory, n,
											  count_nodes(&b->layout, n));

	qd_builder_place_rows(b, memory + size, n);
	b->room = n;
}

QdGraphBuilder *
qd_builder_create_shared(const QdHnswLayout *layout, const qd_codec *codec,
						 uint32 n, void *memory, bool parallel)
{
	QdGraphBuilder *b = new_builder(layout, codec);

	advise_huge_pages(memory, qd_builder_shared_size(layout, n));
	place_shared(b, memory, n);
	memset(b->shared, 0, sizeof(QdBuilderShared));
	b->shared->room = n;
	b->shared->parallel = parallel;
	BarrierInit(&b->shared->barrier, 0);
	return b;
}

QdGraphBuilder *
qd_builder_attach(void *memory, const qd_codec *codec)
{
	const QdBuilderShared *s = memory;
	QdGraphBuilder *b = new_builder(&s->layout, codec);

	b->n = s->n;
	b->nodes = s->nodes;
	place_shared(b, memory, s->room);
	return b;
}

static void
allocate_nodes(QdGraphBuilder *b)
{
	Size		size = qd_builder_place_nodes(b, NULL, b->n, b->nodes);

	qd_builder_place_nodes(b, qd_builder_allocate(size), b->n, b->nodes);
	memset(b->shared, 0, sizeof(QdBuilderShared));
}

void
qd_builder_begin(QdGraphBuilder *b)
{
	MemoryContext old = MemoryContextSwitchTo(b->context);
	uint32		skeleton;

	if (b->linked > 0)
		memcpy(b->levels, b->known_levels, b->linked);
	skeleton = qd_builder_skeleton_first(b, b->linked);
	b->nodes = b->n;
	for (uint32 i = 0; i < b->n; i++)
		b->nodes += b->levels[i];
	if (b->shared == NULL)
		allocate_nodes(b);
	b->shared->layout = b->layout;
	b->shared->n = b->n;
	b->shared->nodes = b->nodes;
	b->shared->linked = b->linked;
	b->shared->skeleton = skeleton;
	number_nodes(b);
	if (b->load != NULL)
		b->load(b, b->load_arg);
	b->shared->entry = b->entry;
	MemoryContextSwitchTo(old);
}

void
qd_hnsw_builder_link(QdGraphBuilder *b, void (*progress) (uint32 done))
{
	MemoryContext old = MemoryContextSwitchTo(b->context);
	QdBuilderWatch watch = {.progress = progress};

	qd_builder_begin(b);
	qd_builder_start(b);
	qd_builder_take_part(b, NULL, &watch);
	b->entry = b->shared->entry;
	MemoryContextSwitchTo(old);
}
