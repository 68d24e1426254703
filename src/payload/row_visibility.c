/*
 * row_visibility.c
 *		See row_visibility.h.
 *
 * A page of the visibility map gets a new LSN whenever a block of it becomes
 * all-visible.  So a bit that is set twice was set all the time in between if
 * the page's LSN is the same; the order in which both are read matters.
 */
#include "compat.h"

#include "access/heapam.h"
#include "access/visibilitymap.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class_d.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "payload/row_visibility.h"

bool
qd_visibility_possible(Relation heap)
{
	return heap->rd_rel->relkind == RELKIND_RELATION &&
		heap->rd_rel->relam == HEAP_TABLE_AM_OID &&
		!heap->rd_rel->relhassubclass;
}

/* Remembers the LSN of the map's page that buffer holds. */
static void
note_version(qd_visibility *v, Buffer map)
{
	if (v->n_maps % 16 == 0)
		v->map_versions = v->n_maps == 0 ?
			palloc(16 * sizeof(XLogRecPtr)) :
			repalloc(v->map_versions, (v->n_maps + 16) * sizeof(XLogRecPtr));
	v->map_versions[v->n_maps++] = BufferGetLSNAtomic(map);
}

qd_visibility *
qd_visibility_begin(Relation heap, Snapshot snapshot)
{
	qd_visibility *v = palloc0(sizeof(qd_visibility));
	Buffer		map = InvalidBuffer;

	v->heap = heap;
	v->snapshot = snapshot;
	v->n_blocks = RelationGetNumberOfBlocks(heap);
	v->blocks = palloc_extended(Max(v->n_blocks, 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	v->seen = qd_row_set_create(v->n_blocks);
	/* without WAL the map's pages have no LSNs */
	if (!RelationNeedsWAL(heap))
		return v;
	for (BlockNumber block = 0; block < v->n_blocks; block++)
	{
		Buffer		before = map;
		BlockNumber page = BufferIsValid(map) ? BufferGetBlockNumber(map) :
			InvalidBlockNumber;
		uint8		status = visibilitymap_get_status(heap, block, &map);

		if (!BufferIsValid(map))
			break;				/* the map ends here */
		if (!BufferIsValid(before) || BufferGetBlockNumber(map) != page)
		{
			/* the LSN first, then the bit */
			note_version(v, map);
			status = visibilitymap_get_status(heap, block, &map);
		}
		if (status & VISIBILITYMAP_ALL_VISIBLE)
			v->blocks[block] = QD_BLOCK_ALL_VISIBLE;
	}
	if (BufferIsValid(map))
		ReleaseBuffer(map);
	return v;
}

/* A block of one page of the map has changed: all of them are doubted. */
static void
doubt(qd_visibility *v, BlockNumber first, BlockNumber end)
{
	for (BlockNumber block = first; block < end; block++)
		if (v->blocks[block] == QD_BLOCK_ALL_VISIBLE)
			v->blocks[block] = QD_BLOCK_UNREAD;
}

bool
qd_visibility_verify(qd_visibility *v)
{
	Buffer		map = InvalidBuffer;
	BlockNumber first = 0;		/* of the map's page */
	int			n = 0;
	bool		same = true;

	for (BlockNumber block = 0; block < v->n_blocks && n < v->n_maps;)
	{
		BlockNumber page;

		first = block;
		visibilitymap_get_status(v->heap, block, &map);
		if (!BufferIsValid(map))
			break;
		page = BufferGetBlockNumber(map);
		for (; block < v->n_blocks; block++)
		{
			uint8		status = visibilitymap_get_status(v->heap, block, &map);

			if (!BufferIsValid(map) || BufferGetBlockNumber(map) != page)
				break;
			if (v->blocks[block] == QD_BLOCK_ALL_VISIBLE &&
				!(status & VISIBILITYMAP_ALL_VISIBLE))
			{
				v->blocks[block] = QD_BLOCK_UNREAD;
				same = false;
			}
		}
		/* the bits first, then the LSN */
		if (BufferIsValid(map))
		{
			ReleaseBuffer(map);
			map = InvalidBuffer;
		}
		visibilitymap_get_status(v->heap, first, &map);
		if (!BufferIsValid(map) || BufferGetLSNAtomic(map) != v->map_versions[n])
		{
			doubt(v, first, block);
			same = false;
		}
		n++;
		if (!BufferIsValid(map))
			break;
	}
	if (BufferIsValid(map))
		ReleaseBuffer(map);
	return same;
}

void
qd_visibility_distrust(qd_visibility *v)
{
	doubt(v, 0, v->n_blocks);
}

double
qd_visibility_share(const qd_visibility *v)
{
	BlockNumber n = 0;

	for (BlockNumber block = 0; block < v->n_blocks; block++)
		n += v->blocks[block] == QD_BLOCK_ALL_VISIBLE;
	return v->n_blocks == 0 ? 0 : (double) n / v->n_blocks;
}

/* The row that the snapshot sees at a line pointer of a locked block. */
static bool
find_row(qd_visibility *v, Buffer buffer, BlockNumber block,
		 OffsetNumber offset, HeapTuple row)
{
	ItemPointerData tid;

	ItemPointerSet(&tid, block, offset);
	return heap_hot_search_buffer(&tid, v->heap, buffer, v->snapshot, row, NULL,
								  true);
}

void
qd_visibility_read(qd_visibility *v, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(v->heap, block);
	Page		page = BufferGetPage(buffer);
	OffsetNumber offsets[MaxHeapTuplesPerPage];
	int			n = 0;

	CHECK_FOR_INTERRUPTS();
	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	for (OffsetNumber i = FirstOffsetNumber;
		 i <= PageGetMaxOffsetNumber(page) && n < MaxHeapTuplesPerPage; i++)
	{
		ItemId		item = PageGetItemId(page, i);
		HeapTupleData row;

		/* no index has one that is heap-only */
		if (ItemIdIsNormal(item) &&
			HeapTupleHeaderIsHeapOnly((HeapTupleHeader) PageGetItem(page, item)))
			continue;
		if ((ItemIdIsNormal(item) || ItemIdIsRedirected(item)) &&
			find_row(v, buffer, block, i, &row))
			offsets[n++] = i;
	}
	UnlockReleaseBuffer(buffer);
	v->blocks[block] = QD_BLOCK_READ;
	qd_row_set_add_offsets(v->seen, block, offsets, n);
}

void
qd_visibility_visit(qd_visibility *v, BlockNumber block,
					const OffsetNumber *offsets, int n, AttrNumber column,
					qd_visit_row visit, void *arg)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext row_context;
	Buffer		buffer;

	if (block >= v->n_blocks || n == 0)
		return;
	CHECK_FOR_INTERRUPTS();
	row_context = AllocSetContextCreate(caller, "qdrant_pg row",
										ALLOCSET_SMALL_SIZES);
	buffer = ReadBuffer(v->heap, block);
	for (int i = 0; i < n; i++)
	{
		HeapTupleData row;
		bool		found;
		bool		is_null;
		Datum		value;

		/* a row that is seen stays where it is while the block is pinned */
		LockBuffer(buffer, BUFFER_LOCK_SHARE);
		found = find_row(v, buffer, block, offsets[i], &row);
		LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
		if (!found)
			continue;
		value = heap_getattr(&row, column, RelationGetDescr(v->heap), &is_null);
		if (is_null)
			continue;
		MemoryContextSwitchTo(row_context);
		visit(offsets[i], DatumGetJsonbP(value), arg);
		MemoryContextSwitchTo(caller);
		MemoryContextReset(row_context);
	}
	ReleaseBuffer(buffer);
	MemoryContextDelete(row_context);
}
