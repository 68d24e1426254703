/*
 * copies.c
 *		See copies.h.  A hash table of codes over the builder's rows.
 *
 * Linking moves new rows about in the builder, so the original of a copy is
 * remembered by its TID, unless it was loaded: those stay where they are.
 */
#include "postgres.h"
#include "compat.h"

#include "common/hashfn.h"
#include "utils/rel.h"

#include "hnsw/copies.h"
#include "hnsw/overflow.h"
#include "hnsw/tid_set.h"
#include "hnsw/worker.h"

#define ROOM_UNKNOWN	PG_UINT16_MAX

typedef struct Slot
{
	uint32		row;			/* QD_NO_VID: empty */
	uint16		room;			/* for further rows, of its vertex */
} Slot;

typedef struct Copy
{
	ItemPointerData tid;
	uint32		row;			/* loaded; or QD_NO_VID and */
	uint64		original;		/* the TID of a new one */
} Copy;

struct QdCopies
{
	const QdGraphLoad *d;
	QdGraphBuilder *b;
	uint32		loaded;
	Slot	   *slots;
	uint64		mask;
	Copy	   *copies;
	uint32		n;
	uint32		room;
};

typedef struct NewRow
{
	uint64		tid;
	uint32		row;
} NewRow;

/* The slot of the code, or the empty one where it belongs. */
static Slot *
find_slot(const QdCopies *c, const qd_code_head *head, const int8 *code)
{
	Size		own = c->b->layout.own_dims;
	uint64		i = hash_bytes_extended((const unsigned char *) code, own, 0);

	for (i &= c->mask;; i = (i + 1) & c->mask)
	{
		Slot	   *slot = &c->slots[i];

		if (slot->row == QD_NO_VID ||
			(memcmp(qd_builder_head(c->b, slot->row), head,
					sizeof(qd_code_head)) == 0 &&
			 memcmp(qd_builder_code(c->b, slot->row), code, own) == 0))
			return slot;
	}
}

QdCopies *
qd_copies_create(const QdGraphLoad *d, double rows)
{
	QdCopies   *c = palloc0(sizeof(QdCopies));
	uint64		slots = 1024;

	c->d = d;
	c->b = d->b;
	c->loaded = c->b->n;
	while (slots < 2 * (rows + c->loaded))
		slots *= 2;
	c->mask = slots - 1;
	c->slots = palloc_extended(slots * sizeof(Slot), MCXT_ALLOC_HUGE);
	memset(c->slots, 0xff, slots * sizeof(Slot));
	for (uint32 row = 0; row < c->loaded; row++)
	{
		Slot	   *slot = find_slot(c, qd_builder_head(c->b, row),
									 qd_builder_code(c->b, row));

		qd_hnsw_worker_yield();
		/* of several vertices the last, which may have room */
		slot->row = row;
		slot->room = ROOM_UNKNOWN;
	}
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

	if (c->n == c->room)
	{
		c->room = Max(2 * c->room, 1024);
		c->copies = c->copies == NULL ? palloc(c->room * sizeof(Copy)) :
			repalloc_huge(c->copies, c->room * sizeof(Copy));
	}
	copy = &c->copies[c->n++];
	copy->tid = *tid;
	copy->row = row < c->loaded ? row : QD_NO_VID;
	copy->original = qd_tid_key(&c->b->tids[row]);
}

bool
qd_copies_take(QdCopies *c, const ItemPointerData *tid,
			   const qd_code_head *head, const int8 *code)
{
	Slot	   *slot = find_slot(c, head, code);

	if (slot->row != QD_NO_VID)
	{
		if (slot->room == ROOM_UNKNOWN)
			slot->room = room_of(c, slot->row);
		if (slot->room > 0)
		{
			slot->room--;
			remember(c, tid, slot->row);
			return true;
		}
	}
	slot->row = c->b->n;
	slot->room = QD_OVERFLOW_MOST;
	return false;
}

uint32
qd_copies_count(const QdCopies *c)
{
	return c->n;
}

static int
compare_new_rows(const void *a, const void *b)
{
	uint64		x = ((const NewRow *) a)->tid;
	uint64		y = ((const NewRow *) b)->tid;

	return x < y ? -1 : x > y;
}

/* Where the new rows are now. */
static NewRow *
sort_new_rows(const QdCopies *c)
{
	uint32		n = c->b->n - c->loaded;
	NewRow	   *rows = palloc_extended((n + 1) * sizeof(NewRow), MCXT_ALLOC_HUGE);

	for (uint32 i = 0; i < n; i++)
		rows[i] = (NewRow) {qd_tid_key(&c->b->tids[c->loaded + i]), c->loaded + i};
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
		if (row == QD_NO_VID)
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
	pfree(rows);
}
