/*
 * copies.c
 *		See copies.h.  A hash table of codes over the builder's rows.
 *
 * Linking moves new rows about in the builder, so the original of a copy is
 * remembered by its TID, unless it was loaded: those stay where they are.
 *
 * Where the builder's memory is the caller's, which may be a file, this one's is
 * part of it: a few dozen bytes of a row, but of as many rows.
 */
#include "postgres.h"
#include "compat.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "hnsw/copies.h"
#include "hnsw/overflow.h"
#include "hnsw/tid_set.h"
#include "hnsw/worker.h"

#define ROOM_UNKNOWN	PG_UINT16_MAX

/* As many as rows of a builder; twice as many can still be counted. */
#define MOST_COPIES		0x3fffffff

typedef struct Slot
{
	uint32		row;			/* QD_NO_VID: empty */
	uint16		room;			/* for further rows, of its vertex */
	uint16		tag;			/* of the code's hash: others need no look at
								 * the row, which may be in a file */
} Slot;

typedef struct Copy
{
	ItemPointerData tid;
	ItemPointerData original;
	uint32		row;			/* of that, before any was linked */
} Copy;

struct QdCopies
{
	const QdGraphLoad *d;		/* or NULL */
	QdGraphBuilder *b;
	uint32		loaded;
	Slot	   *slots;
	uint64		mask;
	uint64		used;			/* slots, at most half of them */
	Copy	   *copies;
	uint32		n;
	uint32		room;
	bool		placed;			/* all that in the caller's memory */
};

typedef struct NewRow
{
	ItemPointerData tid;
	uint32		row;
} NewRow;

StaticAssertDecl(sizeof(NewRow) <= 2 * sizeof(Slot),
				 "the slots of rows have room for them");

static inline uint64
hash_of(const QdCopies *c, const int8 *code)
{
	return hash_bytes_extended((const unsigned char *) code,
							   c->b->layout.own_dims, 0);
}

/* The slot of the code, or the empty one where it belongs. */
static Slot *
find_slot(const QdCopies *c, const qd_code_head *head, const int8 *code)
{
	uint64		hash = hash_of(c, code);
	uint16		tag = hash >> 48;

	for (uint64 i = hash;; i++)
	{
		Slot	   *slot = &c->slots[i & c->mask];

		if (slot->row == QD_NO_VID)
			slot->tag = tag;
		if (slot->row == QD_NO_VID ||
			(slot->tag == tag &&
			 memcmp(qd_builder_head(c->b, slot->row), head,
					sizeof(qd_code_head)) == 0 &&
			 memcmp(qd_builder_code(c->b, slot->row), code,
					c->b->layout.own_dims) == 0))
			return slot;
	}
}

/* At most half of them will be used. */
static uint64
slots_of_rows(double rows)
{
	uint64		slots = 1024;

	while (slots < 2 * rows)
		slots *= 2;
	return slots;
}

static void
use_slots(QdCopies *c, Slot *slots, uint64 n)
{
	c->mask = n - 1;
	c->slots = slots;
	memset(slots, 0xff, n * sizeof(Slot));
}

static void
allocate_slots(QdCopies *c, uint64 n)
{
	use_slots(c, MemoryContextAllocHuge(GetMemoryChunkContext(c),
										n * sizeof(Slot)), n);
}

/* Twice as many slots; no two of the old ones are of one code. */
static void
grow(QdCopies *c)
{
	Slot	   *old = c->slots;
	uint64		n = c->mask + 1;

	Assert(!c->placed);
	allocate_slots(c, 2 * n);
	for (uint64 i = 0; i < n; i++)
	{
		uint64		place;

		qd_hnsw_worker_yield();
		if (old[i].row == QD_NO_VID)
			continue;
		place = hash_of(c, qd_builder_code(c->b, old[i].row));
		while (c->slots[place & c->mask].row != QD_NO_VID)
			place++;
		c->slots[place & c->mask] = old[i];
	}
	pfree(old);
}

/* The row is the one that further copies of its code go to. */
static void
set_slot(QdCopies *c, Slot *slot, uint32 row, uint16 room)
{
	c->used += slot->row == QD_NO_VID;
	slot->row = row;
	slot->room = room;
}

QdCopies *
qd_copies_create(QdGraphBuilder *b, const QdGraphLoad *loaded, double rows)
{
	QdCopies   *c = palloc0(sizeof(QdCopies));

	c->d = loaded;
	c->b = b;
	c->loaded = b->n;
	allocate_slots(c, slots_of_rows(rows + c->loaded));
	for (uint32 row = 0; row < c->loaded; row++)
	{
		qd_hnsw_worker_yield();
		/* of several vertices the last, which may have room */
		set_slot(c, find_slot(c, qd_builder_head(b, row),
							  qd_builder_code(b, row)),
				 row, ROOM_UNKNOWN);
	}
	return c;
}

Size
qd_copies_placed_size(uint32 rows)
{
	return slots_of_rows(rows) * sizeof(Slot) + (Size) rows * sizeof(Copy);
}

QdCopies *
qd_copies_create_placed(QdGraphBuilder *b, uint32 rows, void *memory)
{
	QdCopies   *c = palloc0(sizeof(QdCopies));
	uint64		slots = slots_of_rows(rows);

	c->b = b;
	c->placed = true;
	use_slots(c, memory, slots);
	c->copies = (Copy *) (c->slots + slots);
	c->room = rows;
	return c;
}

static int
room_of(const QdCopies *c, uint32 row)
{
	ItemPointerData tids[QD_OVERFLOW_MOST];
	const QdDirEntry *entry;
	int			room;

	if (row >= c->loaded)
		return QD_OVERFLOW_MOST;
	entry = &c->d->dir[c->d->base_vids[row]];
	(void) qd_overflow_read(c->d->index, c->d->base_vids[row], entry, tids, &room);
	return room;
}

static void
remember(QdCopies *c, const ItemPointerData *tid, uint32 row)
{
	Copy	   *copy;

	if (c->n >= MOST_COPIES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for one graph")));
	if (c->n == c->room)
	{
		Assert(!c->placed);
		c->room = Max(2 * c->room, 1024);
		c->copies = c->copies == NULL ?
			MemoryContextAlloc(GetMemoryChunkContext(c), c->room * sizeof(Copy)) :
			repalloc_huge(c->copies, c->room * sizeof(Copy));
	}
	copy = &c->copies[c->n++];
	copy->tid = *tid;
	copy->row = row;
	copy->original = c->b->tids[row];
}

/* False: the row is the first of its code, or the vertex has no room. */
static bool
take(QdCopies *c, Slot *slot, const ItemPointerData *tid)
{
	if (slot->row == QD_NO_VID)
		return false;
	if (slot->room == ROOM_UNKNOWN)
		slot->room = room_of(c, slot->row);
	if (slot->room == 0)
		return false;
	slot->room--;
	remember(c, tid, slot->row);
	return true;
}

void
qd_copies_put(void *copies, ItemPointer tid, const qd_code_head *head,
			  const int8 *code)
{
	QdCopies   *c = copies;
	Slot	   *slot = find_slot(c, head, code);

	if (take(c, slot, tid))
		return;
	set_slot(c, slot, c->b->n, QD_OVERFLOW_MOST);
	qd_hnsw_builder_add(c->b, tid, head, code);
	if (2 * c->used > c->mask)
		grow(c);
}

void
qd_copies_each(const QdCopies *c,
			   void (*put) (void *arg, ItemPointer tid,
							const qd_code_head *head, const int8 *code),
			   void *arg)
{
	for (uint32 i = 0; i < c->n; i++)
	{
		const Copy *copy = &c->copies[i];
		ItemPointerData tid = copy->tid;

		CHECK_FOR_INTERRUPTS();
		put(arg, &tid, qd_builder_head(c->b, copy->row),
			qd_builder_code(c->b, copy->row));
	}
}

Size
qd_copies_memory(const QdCopies *c)
{
	return (c->mask + 1) * sizeof(Slot) + (Size) c->room * sizeof(Copy) +
		(Size) (c->b->n - c->loaded) * sizeof(NewRow);
}

uint32
qd_copies_count(const QdCopies *c)
{
	return c->n;
}

static int
compare_new_rows(const void *a, const void *b)
{
	uint64		x = qd_tid_key(&((const NewRow *) a)->tid);
	uint64		y = qd_tid_key(&((const NewRow *) b)->tid);

	return x < y ? -1 : x > y;
}

/* Where the new rows are now; if placed, in the memory of slots, whose time is over. */
static NewRow *
sort_new_rows(const QdCopies *c)
{
	Size		n = c->b->n - c->loaded;
	NewRow	   *rows = c->placed ? (NewRow *) c->slots :
		palloc_extended((n + 1) * sizeof(NewRow), MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < n; i++)
		rows[i] = (NewRow) {c->b->tids[c->loaded + i], c->loaded + i};
	if (n > 1)
		qsort(rows, n, sizeof(NewRow), compare_new_rows);
	return rows;
}

void
qd_copies_store(const QdCopies *c, Relation index, const uint32 *vids)
{
	NewRow	   *rows;
	QdHnswMeta	meta;

	if (c->n == 0)
		return;
	rows = sort_new_rows(c);
	for (uint32 i = 0; i < c->n; i++)
	{
		const Copy *copy = &c->copies[i];
		uint32		row = copy->row;

		qd_hnsw_worker_yield();
		if (row >= c->loaded)
		{
			NewRow		key = {copy->original, 0};

			row = ((NewRow *) bsearch(&key, rows, c->b->n - c->loaded,
									  sizeof(NewRow), compare_new_rows))->row;
		}
		if (!qd_overflow_add(index, &meta,
							 vids != NULL ? vids[row] : c->b->shared->first_vid + row,
							 &copy->tid))
			qd_hnsw_corrupt(index, QD_META_BLOCK,
							"a vertex has no room for a copy");
	}
	if (!c->placed)
		pfree(rows);
}

void
qd_copies_free(QdCopies *c)
{
	if (c->copies != NULL && !c->placed)
		pfree(c->copies);
	if (!c->placed)
		pfree(c->slots);
	pfree(c);
}
