/*
 * packed.c
 *		See packed.h.
 */
#include "compat.h"

#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "hnsw/fresh.h"
#include "hnsw/overflow.h"
#include "hnsw/packed.h"

#define FIRST_ROOM		64

/* Of fewer rows coarse codes save nothing. */
#define COARSE_ROWS		1024

typedef struct Packing
{
	Relation	index;
	const QdAdmission *admission;
	QdHnswMeta	meta;
	Size		most_bytes;
	QdPacked   *rows;
	qd_codec   *codec;
	bool		overflow;
} Packing;

static Size
stride_of(const QdHnswLayout *layout)
{
	return TYPEALIGN(16, layout->stored_bytes);
}

/* With coarse codes, whether they have some or not. */
Size
qd_packed_bytes(const QdHnswLayout *layout, double rows)
{
	return rows * (stride_of(layout) * 1.25 + sizeof(qd_code_head) +
				   sizeof(ItemPointerData) + sizeof(qd_coarse_row));
}

static void
grow(QdPacked *p)
{
	Size		room = 2 * (Size) p->room;
	uint8	   *codes = MemoryContextAllocHuge(GetMemoryChunkContext(p),
											   room * p->stride);

	memcpy(codes, p->codes, (Size) p->n * p->stride);
	pfree(p->codes);
	p->codes = codes;
	p->heads = repalloc_huge(p->heads, room * sizeof(qd_code_head));
	p->tids = repalloc_huge(p->tids, room * sizeof(ItemPointerData));
	if (p->coarse_bytes > 0)
	{
		p->coarse_rows = repalloc_huge(p->coarse_rows,
									   room * sizeof(qd_coarse_row));
		p->coarse_codes = repalloc_huge(p->coarse_codes, room * p->coarse_bytes);
	}
	p->room = room;
}

static void
add_row(Packing *packing, const ItemPointerData *tid, const qd_code_head *head,
		const uint8 *code)
{
	QdPacked   *p = packing->rows;

	if (qd_packed_bytes(&packing->meta.layout, p->n + 1.0) > packing->most_bytes)
	{
		packing->overflow = true;
		return;
	}
	if (p->n == p->room)
		grow(p);
	p->tids[p->n] = *tid;
	p->heads[p->n] = *head;
	memcpy(p->codes + (Size) p->n * p->stride, code,
		   packing->meta.layout.stored_bytes);
	if (p->coarse_bytes > 0)
		qd_coarse_encode(packing->codec, head, (const int8 *) code,
						 &p->coarse_rows[p->n],
						 p->coarse_codes + p->n * p->coarse_bytes);
	p->n++;
}

static void
add_fresh_row(Packing *packing, const QdFreshSlot *slot)
{
	uint8		stored[BLCKSZ];
	qd_code_head head;

	qd_store_code(packing->codec, &slot->code, slot->bytes, &head, stored);
	add_row(packing, &slot->tid, &head, stored);
}

static void
pack_fresh_page(Packing *packing, Page page)
{
	const QdHnswLayout *l = &packing->meta.layout;
	int			n = qd_hnsw_fresh_slots(l, page);

	for (int i = 0; i < n; i++)
	{
		const QdFreshSlot *slot = QdPageFreshSlot(l, page, i);

		if ((slot->flags & QD_FRESH_USED) && !(slot->flags & QD_FRESH_DEAD) &&
			qd_admission_has(packing->admission, &slot->tid))
			add_fresh_row(packing, slot);
	}
}

static void
pack_fresh(Packing *packing)
{
	const QdHnswMeta *meta = &packing->meta;

	for (uint32 p = meta->fresh_lo; p != meta->fresh_hi && !packing->overflow; p++)
	{
		Buffer		buffer;

		CHECK_FOR_INTERRUPTS();
		buffer = qd_hnsw_read(packing->index,
							  qd_hnsw_fresh_block(packing->index, p,
												  meta->fresh_pages),
							  BUFFER_LOCK_SHARE, QD_PAGE_FRESH);
		pack_fresh_page(packing, BufferGetPage(buffer));
		UnlockReleaseBuffer(buffer);
	}
}

/*
 * The entries of a stripe whose rows are admitted, or have others in a chain;
 * how many there are.
 */
static int
read_stripe(Packing *packing, uint32 first, QdDirEntry *entries)
{
	Buffer		buffer = qd_hnsw_read(packing->index,
									  qd_hnsw_dir_block(packing->index, first),
									  BUFFER_LOCK_SHARE, QD_PAGE_DIR);
	Page		page = BufferGetPage(buffer);
	int			admitted = 0;

	for (uint32 i = 0; i < QD_DIR_PER_PAGE; i++)
	{
		entries[i].state = QD_VERTEX_UNUSED;
		if (PageIsNew(page) || first + i >= packing->meta.next_vid)
			continue;
		if (QdPageDirEntry(page, i)->state == QD_VERTEX_LIVE &&
			(QdPageDirEntry(page, i)->link != QD_NO_VID ||
			 qd_admission_has(packing->admission,
							  &QdPageDirEntry(page, i)->tid)))
		{
			entries[i] = *QdPageDirEntry(page, i);
			admitted++;
		}
	}
	UnlockReleaseBuffer(buffer);
	return admitted;
}

static void
pack_vertex(Packing *packing, uint32 vid, const QdDirEntry *entry)
{
	ItemPointerData tids[QD_VERTEX_ROWS];
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(packing->index, vid, &offset);
	int			n = 0;
	Buffer		buffer;
	QdVertexHead *v;

	if (qd_admission_has(packing->admission, &entry->tid))
		tids[n++] = entry->tid;
	if (entry->link != QD_NO_VID)
	{
		int			end = n + qd_overflow_read(packing->index, vid, entry,
											   tids + n, NULL);

		for (int i = n; i < end; i++)
			if (qd_admission_has(packing->admission, &tids[i]))
				tids[n++] = tids[i];
	}
	if (n == 0)
		return;
	buffer = qd_hnsw_read(packing->index, block, BUFFER_LOCK_SHARE,
						  QD_PAGE_VERTEX);
	v = QdPageVertex(BufferGetPage(buffer), offset);
	if (!PageIsNew(BufferGetPage(buffer)) && v->vid == vid &&
		v->gen == entry->gen && v->level == 0)
		for (int i = 0; i < n; i++)
			add_row(packing, &tids[i], &v->code, QdVertexStored(v));
	UnlockReleaseBuffer(buffer);
}

static void
pack_vertices(Packing *packing)
{
	QdDirEntry	entries[QD_DIR_PER_PAGE];

	for (uint32 first = 0;
		 first < packing->meta.next_vid && !packing->overflow;
		 first += QD_DIR_PER_PAGE)
	{
		CHECK_FOR_INTERRUPTS();
		if (read_stripe(packing, first, entries) == 0)
			continue;
		for (uint32 i = 0; i < QD_DIR_PER_PAGE; i++)
			if (entries[i].state == QD_VERTEX_LIVE)
				pack_vertex(packing, first + i, &entries[i]);
	}
}

static void
add_coarse(QdPacked *p, const qd_codec *codec)
{
	p->coarse_bytes = qd_coarse_bytes(codec);
	p->coarse_rows = MemoryContextAllocHuge(CurrentMemoryContext,
											p->room * sizeof(qd_coarse_row));
	p->coarse_codes = MemoryContextAllocHuge(CurrentMemoryContext,
											 p->room * p->coarse_bytes);
}

static QdPacked *
create_packed(const QdHnswLayout *layout, const qd_codec *codec, uint64 rows)
{
	QdPacked   *p = palloc0(sizeof(QdPacked));

	p->stride = stride_of(layout);
	p->room = Max(FIRST_ROOM, Min(rows, PG_UINT32_MAX / 2));
	p->codes = MemoryContextAllocHuge(CurrentMemoryContext,
									  (Size) p->room * p->stride);
	p->heads = MemoryContextAllocHuge(CurrentMemoryContext,
									  p->room * sizeof(qd_code_head));
	p->tids = MemoryContextAllocHuge(CurrentMemoryContext,
									 p->room * sizeof(ItemPointerData));
	if (rows >= COARSE_ROWS && qd_coarse_serves(codec))
		add_coarse(p, codec);
	return p;
}

static void
pack(Packing *packing)
{
	if (packing->meta.fresh_lo != packing->meta.fresh_hi)
	{
		pack_fresh(packing);
		/* what was merged since is in the graph as of now (I5) */
		qd_hnsw_meta_read(packing->index, &packing->meta);
	}
	pack_vertices(packing);
}

QdPacked *
qd_packed_build(Relation index, const QdAdmission *admission, Size most_bytes)
{
	Packing		packing = {0};
	MemoryContext rows = CurrentMemoryContext;
	/* of what is used in between: a codec has a codebook, maybe */
	MemoryContext work = AllocSetContextCreate(rows, "qdrant_hnsw packing",
											   ALLOCSET_SMALL_SIZES);
	bool		done = false;

	packing.index = index;
	packing.admission = admission;
	packing.most_bytes = most_bytes;
	qd_hnsw_meta_read(index, &packing.meta);
	MemoryContextSwitchTo(work);
	packing.codec = qd_hnsw_codec_copy(index);
	/* no vertices, no centroids: the fresh region is all there is */
	if (packing.codec->kind != QD_CODE_PRODUCT ||
		packing.codec->codebook != NULL)
	{
		MemoryContextSwitchTo(rows);
		packing.rows = create_packed(&packing.meta.layout, packing.codec,
									 admission->n);
		MemoryContextSwitchTo(work);
		pack(&packing);
		done = !packing.overflow;
	}
	MemoryContextSwitchTo(rows);
	MemoryContextDelete(work);
	return done ? packing.rows : NULL;
}
