/*
 * builder_order.c
 *		The order in which rows are linked, alone or by several processes.
 *
 * First the rows of the upper levels, a random sample: the skeleton.  Then the
 * others, sorted by the row of the skeleton that they are near, and rows of
 * the skeleton by their neighbourhood: one after the other needs the same
 * rows, which the processor still has in its cache, and near vertices come to
 * stand on the same pages.  In rounds that double, each a random sample, so
 * that the graph is never dense in one place and empty in another.
 */
#include "postgres.h"
#include "compat.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "hnsw/builder.h"
#include "hnsw/worker.h"

/* Rows that a process takes at once. */
#define CLAIM		64
#define PROGRESS_EVERY	256
#define YIELD_EVERY		4096	/* rows moved or numbered */

/*----------
 * Moving rows
 *----------
 */
static void
swap_rows(QdGraphBuilder *b, uint32 i, uint32 j, QdBuilderRow *scratch)
{
	ItemPointerData tid = b->tids[i];
	uint8		level = b->levels[i];

	if (i == j)
		return;
	memcpy(scratch, qd_builder_row(b, i), b->stride);
	memcpy(qd_builder_row(b, i), qd_builder_row(b, j), b->stride);
	memcpy(qd_builder_row(b, j), scratch, b->stride);
	b->tids[i] = b->tids[j];
	b->tids[j] = tid;
	b->levels[i] = b->levels[j];
	b->levels[j] = level;
}

uint32
qd_builder_skeleton_first(QdGraphBuilder *b, uint32 first)
{
	QdBuilderRow *scratch = palloc(b->stride);
	uint32		end = first;
	uint32		highest = first;

	for (uint32 i = first; i < b->n; i++)
	{
		if (i % YIELD_EVERY == 0)
			qd_hnsw_worker_yield();
		if (b->levels[i] > 0)
			swap_rows(b, i, end++, scratch);
	}
	for (uint32 i = first; i < end; i++)
		if (b->levels[i] > b->levels[highest])
			highest = i;
	if (first < b->n)
		swap_rows(b, first, highest, scratch);
	pfree(scratch);
	return Min(Max(end, first + 1), b->n);
}

/*----------
 * Places of the skeleton's rows
 *----------
 */

/*
 * Numbers the rows of the upper levels by walking along the links of level 1,
 * deep before wide: near ones get near numbers.
 */
static uint32 *
rank_upper_rows(const QdGraphBuilder *b)
{
	uint32		end = b->shared->skeleton;
	uint32	   *ranks = palloc_extended(Max(end, 1) * sizeof(uint32),
										MCXT_ALLOC_HUGE);
	uint32	   *stack = palloc_extended(Max(end, 1) * sizeof(uint32),
										MCXT_ALLOC_HUGE);
	uint32		next = 0;

	for (uint32 i = 0; i < end; i++)
		ranks[i] = QD_NO_VID;
	for (uint32 i = 0; i < end; i++)
	{
		uint32		depth = 0;
		uint32		row = i;

		for (;;)
		{
			bool		deeper = false;

			if (ranks[row] == QD_NO_VID)
				ranks[row] = next++;
			if (b->levels[row] > 0)
			{
				uint32		node = qd_builder_node(b, row, 1);
				const uint32 *links = qd_builder_links(b, node);

				for (int k = 0; k < qd_builder_degree(b, node) && !deeper; k++)
					if (links[k] < end && ranks[links[k]] == QD_NO_VID)
					{
						stack[depth++] = row;
						row = links[k];
						deeper = true;
					}
			}
			if (deeper)
				continue;
			if (depth == 0)
				break;
			row = stack[--depth];
		}
	}
	pfree(stack);
	return ranks;
}

/*----------
 * Sorting the others
 *----------
 */

/* 0 .. rounds - 1; each is twice as likely as the one before. */
static inline uint32
round_of(uint64 seed, uint32 row, int rounds)
{
	uint64		z = (seed ^ row) * UINT64CONST(0xbf58476d1ce4e5b9);

	z ^= z >> 31;
	z *= UINT64CONST(0x94d049bb133111eb);
	z ^= z >> 29;
	z |= UINT64CONST(1) << (rounds - 1);
	return rounds - 1 - pg_rightmost_one_pos64(z);
}

/* Row at each place, for the rows from skeleton on. */
static uint32 *
sort_rows(const QdGraphBuilder *b)
{
	uint32		from = b->shared->skeleton;
	uint32		n = b->n - from;
	uint32	   *ranks = rank_upper_rows(b);
	int			rounds = QD_LEVEL_SHIFT;
	Size		n_keys = (Size) rounds * from;
	uint32	   *starts = palloc_extended((n_keys + 1) * sizeof(uint32),
										 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	uint32	   *order = palloc_extended(Max(n, 1) * sizeof(uint32),
										MCXT_ALLOC_HUGE);

#define KEY(row) ((Size) round_of(b->layout.seed, row, rounds) * from + \
				  ranks[b->uppers[row]])
	for (uint32 i = from; i < b->n; i++)
		starts[KEY(i) + 1]++;
	for (Size k = 0; k < n_keys; k++)
		starts[k + 1] += starts[k];
	for (uint32 i = from; i < b->n; i++)
		order[starts[KEY(i)]++] = i;
#undef KEY
	pfree(ranks);
	pfree(starts);
	return order;
}

/* All have level 0, and no links yet. */
static void
move_rows(QdGraphBuilder *b, uint32 *order)
{
	uint32		from = b->shared->skeleton;
	uint32		n = b->n - from;
	QdBuilderRow *scratch = palloc(b->stride);

	for (uint32 i = 0; i < n; i++)
	{
		uint32		place = i;
		ItemPointerData tid = b->tids[from + i];
		uint32		begins = b->uppers[from + i];

		if (i % YIELD_EVERY == 0)
			qd_hnsw_worker_yield();
		if (order[i] == from + i)
			continue;
		/* the cycle that place i belongs to */
		memcpy(scratch, qd_builder_row(b, from + i), b->stride);
		while (order[place] != from + i)
		{
			uint32		source = order[place];

			memcpy(qd_builder_row(b, from + place), qd_builder_row(b, source),
				   b->stride);
			b->tids[from + place] = b->tids[source];
			b->uppers[from + place] = b->uppers[source];
			order[place] = from + place;
			place = source - from;
		}
		memcpy(qd_builder_row(b, from + place), scratch, b->stride);
		b->tids[from + place] = tid;
		b->uppers[from + place] = begins;
		order[place] = from + place;
	}
	pfree(scratch);
}

static void
sort_part(QdGraphBuilder *b)
{
	uint32	   *order = sort_rows(b);

	move_rows(b, order);
	pfree(order);
}

/*----------
 * Taking part
 *----------
 */
typedef struct Participant
{
	QdGraphBuilder *b;
	QdRowLinker *linker;
	QdBuilderWriter *writer;	/* or NULL: pages are not written */
	void		(*progress) (uint32 done);
	uint32		reported;
} Participant;

static void
report(Participant *p, uint32 done)
{
	if (p->progress == NULL || done < p->reported + PROGRESS_EVERY)
		return;
	p->progress(done);
	p->reported = done;
}

static void
link_skeleton_row(Participant *p, uint32 row)
{
	if (p->b->levels[row] == 0)
		qd_row_linker_descend(p->linker, row);
	qd_row_linker_link(p->linker, row);
	report(p, row);
}

static void
descend_row(Participant *p, uint32 row)
{
	qd_row_linker_descend(p->linker, row);
}

static void
link_other_row(Participant *p, uint32 row)
{
	qd_row_linker_link(p->linker, row);
	report(p, row);
}

static void
write_stripe(Participant *p, uint32 stripe)
{
	uint32		node = stripe * QD_DIR_PER_PAGE;

	qd_builder_write_stripe(p->writer, node);
	report(p, Min(node, p->b->n));
}

/* Pieces of a part that nobody else has taken, until there are none. */
static void
claim(Participant *p, QdBuilderPart part, uint32 end, uint32 at_once,
	  void (*work) (Participant *p, uint32 piece))
{
	pg_atomic_uint32 *next = &p->b->shared->next[part];

	p->reported = 0;
	while (pg_atomic_read_u32(next) < end)
	{
		uint32		piece = pg_atomic_fetch_add_u32(next, at_once);

		for (uint32 stop = Min(piece + at_once, end); piece < stop; piece++)
		{
			qd_hnsw_worker_yield();
			work(p, piece);
		}
	}
}

static void
do_part(Participant *p, QdBuilderPart part, bool elected)
{
	QdBuilderShared *s = p->b->shared;

	switch (part)
	{
		case QD_PART_SKELETON:
			claim(p, part, s->skeleton, CLAIM, link_skeleton_row);
			break;
		case QD_PART_DESCEND:
			claim(p, part, s->n, CLAIM, descend_row);
			break;
		case QD_PART_SORT:
			if (elected)
				sort_part(p->b);
			break;
		case QD_PART_LINK:
			claim(p, part, s->n, CLAIM, link_other_row);
			break;
		case QD_PART_WRITE:
			if (p->writer != NULL)
				claim(p, part, (s->nodes + QD_DIR_PER_PAGE - 1) / QD_DIR_PER_PAGE,
					  1, write_stripe);
			break;
		default:
			break;
	}
}

void
qd_builder_start(QdGraphBuilder *b)
{
	QdBuilderShared *s = b->shared;
	uint32		row = s->linked;
	QdRowLinker *linker;

	pg_atomic_init_u32(&s->next[QD_PART_SKELETON], row + 1);
	pg_atomic_init_u32(&s->next[QD_PART_DESCEND], s->skeleton);
	pg_atomic_init_u32(&s->next[QD_PART_SORT], 0);
	pg_atomic_init_u32(&s->next[QD_PART_LINK], s->skeleton);
	pg_atomic_init_u32(&s->next[QD_PART_WRITE], 0);
	if (row == b->n)
		return;
	if (s->entry != QD_NO_VID)
	{
		linker = qd_row_linker_create(b);
		if (b->levels[row] == 0)
			qd_row_linker_descend(linker, row);
		qd_row_linker_link(linker, row);
	}
	if (s->entry == QD_NO_VID || b->levels[row] > b->levels[s->entry])
		s->entry = row;
}

void
qd_builder_relink(QdGraphBuilder *b, void (*progress) (uint32 done))
{
	QdRowLinker *linker = qd_row_linker_create(b);

	for (int upper = 1; upper >= 0; upper--)
		for (uint32 row = 0; row < b->n; row++)
		{
			if (row == b->shared->entry || (b->levels[row] > 0) != upper)
				continue;
			qd_hnsw_worker_yield();
			if (!upper)
				qd_row_linker_descend(linker, row);
			qd_row_linker_link(linker, row);
			progress(row);
		}
}

void
qd_builder_take_part(QdGraphBuilder *b, Relation index,
					 const QdBuilderWatch *watch)
{
	Participant p = {.b = b,.linker = qd_row_linker_create(b)};
	QdBuilderShared *s = b->shared;
	QdBuilderWriter writer;
	int			part = QD_PART_SKELETON;
	bool		elected = true;

	if (index != NULL)
	{
		qd_builder_writer_init(&writer, b, index);
		p.writer = &writer;
	}
	if (watch != NULL)
		p.progress = watch->progress;
	if (s->parallel)
	{
		/* others may be further */
		part = BarrierAttach(&s->barrier);
		elected = false;
	}
	for (; part < QD_BUILDER_PARTS; part++)
	{
		if (watch != NULL && watch->enter != NULL)
			watch->enter(part, b->n);
		do_part(&p, part, elected);
		if (s->parallel && part + 1 < QD_BUILDER_PARTS)
			elected = BarrierArriveAndWait(&s->barrier, PG_WAIT_EXTENSION);
	}
	if (p.progress != NULL)
		p.progress(b->n);
}
