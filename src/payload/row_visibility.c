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
#include "storage/bufpage.h"
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

/* The map's pages: two bits for each block, the first one for all-visible. */
#define MAP_BYTES	(BLCKSZ - MAXALIGN(SizeOfPageHeaderData))
#define MAP_BLOCKS	(MAP_BYTES * 4)

static inline bool
is_all_visible(const uint8 *bits, uint32 i)
{
	return (bits[i / 4] >> (i % 4 * 2)) & VISIBILITYMAP_ALL_VISIBLE;
}

/* Pins the map's page that a block is on; false when the map has none. */
static bool
pin_map(qd_visibility *v, BlockNumber block, Buffer *map)
{
	*map = InvalidBuffer;
	visibilitymap_get_status(v->heap, block, map);
	return BufferIsValid(*map);
}

/*
 * Copies the bits of a pinned page of the map, unpins it, returns its LSN.  Who
 * sets a bit sets the LSN before it lets the lock go.
 */
static XLogRecPtr
copy_map(Buffer map, uint8 *bits)
{
	XLogRecPtr	version;

	LockBuffer(map, BUFFER_LOCK_SHARE);
	memcpy(bits, PageGetContents(BufferGetPage(map)), MAP_BYTES);
	version = BufferGetLSNAtomic(map);
	UnlockReleaseBuffer(map);
	return version;
}

qd_visibility *
qd_visibility_begin(Relation heap, Snapshot snapshot)
{
	qd_visibility *v = palloc0(sizeof(qd_visibility));
	BlockNumber n_maps;
	Buffer		map;

	v->heap = heap;
	v->snapshot = snapshot;
	v->n_blocks = RelationGetNumberOfBlocks(heap);
	v->blocks = palloc_extended(Max(v->n_blocks, 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	v->seen = qd_row_set_create(v->n_blocks);
	/* without WAL the map's pages have no LSNs */
	if (!RelationNeedsWAL(heap))
		return v;
	n_maps = (v->n_blocks + MAP_BLOCKS - 1) / MAP_BLOCKS;
	v->map_versions = palloc(Max(n_maps, 1) * sizeof(XLogRecPtr));
	v->maps = palloc_extended(Max(n_maps, 1) * MAP_BYTES, MCXT_ALLOC_HUGE);
	for (; v->n_maps < n_maps; v->n_maps++)
	{
		BlockNumber first = v->n_maps * MAP_BLOCKS;
		uint8	   *bits = v->maps + v->n_maps * MAP_BYTES;

		if (!pin_map(v, first, &map))
			break;				/* the map ends here */
		v->map_versions[v->n_maps] = copy_map(map, bits);
		for (uint32 i = 0; i < MAP_BLOCKS && i < v->n_blocks - first; i++)
			if (!XLogRecPtrIsInvalid(v->map_versions[v->n_maps]) &&
				is_all_visible(bits, i))
				v->blocks[first + i] = QD_BLOCK_ALL_VISIBLE;
	}
	return v;
}

/* Of some blocks those that bits, if any, don't say to be all-visible. */
static void
doubt(qd_visibility *v, BlockNumber first, BlockNumber n, const uint8 *bits)
{
	for (uint32 i = 0; i < n && i < v->n_blocks - first; i++)
		if (v->blocks[first + i] == QD_BLOCK_ALL_VISIBLE &&
			(bits == NULL || !is_all_visible(bits, i)))
			v->blocks[first + i] = QD_BLOCK_UNREAD;
}

bool
qd_visibility_verify(qd_visibility *v)
{
	PGAlignedBlock bits;
	bool		same = true;

	for (int n = 0; n < v->n_maps; n++)
	{
		XLogRecPtr	version = InvalidXLogRecPtr;
		Buffer		map;

		if (XLogRecPtrIsInvalid(v->map_versions[n]))
			continue;			/* no block of it was taken to be all-visible */
		if (pin_map(v, n * MAP_BLOCKS, &map))
			version = copy_map(map, (uint8 *) bits.data);
		if (version != v->map_versions[n])
		{
			doubt(v, n * MAP_BLOCKS, MAP_BLOCKS, NULL);
			v->map_versions[n] = InvalidXLogRecPtr;
		}
		else if (memcmp(bits.data, v->maps + n * MAP_BYTES, MAP_BYTES) == 0)
			continue;
		else
		{
			doubt(v, n * MAP_BLOCKS, MAP_BLOCKS, (uint8 *) bits.data);
			memcpy(v->maps + n * MAP_BYTES, bits.data, MAP_BYTES);
		}
		same = false;
	}
	return same;
}

void
qd_visibility_distrust(qd_visibility *v)
{
	doubt(v, 0, v->n_blocks, NULL);
	v->n_maps = 0;
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
