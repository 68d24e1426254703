/*
 * check_overflow.c
 *		Chains of further rows against the directory, the list of free chunks,
 *		and the number of rows that META has.
 */
#include "postgres.h"
#include "compat.h"

#include "miscadmin.h"
#include "utils/rel.h"

#include "hnsw/check.h"
#include "hnsw/overflow.h"

typedef struct ChainCheck
{
	QdCheck    *c;
	QdOverflowChunk *chunks;	/* overflow_next of them */
	bool	   *seen;			/* in a chain, or free */
} ChainCheck;

static void
load_chunks(ChainCheck *k)
{
	QdCheck    *c = k->c;
	uint32		n = c->meta.overflow_next;

	k->chunks = palloc_extended((n + 1) * sizeof(QdOverflowChunk),
								MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	k->seen = palloc_extended(n + 1, MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint64 first = 0; first < n; first += QD_OVERFLOW_PER_PAGE)
	{
		BlockNumber block = qd_hnsw_overflow_block(c->index, first);

		if (block != InvalidBlockNumber &&
			qd_check_page(c, block, QD_PAGE_OVERFLOW,
						  first / QD_OVERFLOW_PER_PAGE))
			memcpy(k->chunks + first, PageGetContents(c->page.data),
				   Min(QD_OVERFLOW_PER_PAGE, n - first) * sizeof(QdOverflowChunk));
	}
}

static int
count_rows(const QdOverflowChunk *chunk)
{
	int			n = 0;

	for (int i = 0; i < QD_OVERFLOW_ROWS; i++)
		n += ItemPointerIsValid(&chunk->rows[i].tid);
	return n;
}

/* Rows of the chain of a vertex. */
static int
check_chain(ChainCheck *k, uint32 vid, const QdDirEntry *e)
{
	QdCheck    *c = k->c;
	BlockNumber block = qd_hnsw_dir_block(c->index, vid);
	uint32		at = e->link;
	int			rows = 0;

	for (int n = 0; at != QD_NO_VID; n++)
	{
		if (at >= c->meta.overflow_next || n >= QD_OVERFLOW_CHUNKS ||
			k->seen[at] || k->chunks[at].owner != vid ||
			k->chunks[at].gen != e->gen)
		{
			qd_check_report(c, block, vid,
							"the chain of copies is broken at chunk %u", at);
			break;
		}
		k->seen[at] = true;
		rows += count_rows(&k->chunks[at]);
		at = k->chunks[at].next;
	}
	return rows;
}

static void
check_free_chunks(ChainCheck *k)
{
	QdCheck    *c = k->c;
	uint32		at = c->meta.overflow_free == 0 ? QD_NO_VID :
		c->meta.overflow_free - 1;

	for (; at != QD_NO_VID; at = k->chunks[at].next)
	{
		CHECK_FOR_INTERRUPTS();
		if (at >= c->meta.overflow_next || k->seen[at] ||
			k->chunks[at].owner != QD_NO_VID)
		{
			qd_check_report(c, QD_META_BLOCK, -1,
							"the list of free chunks is broken at chunk %u", at);
			break;
		}
		k->seen[at] = true;
	}
	for (at = 0; at < c->meta.overflow_next; at++)
		if (!k->seen[at])
			qd_check_report(c, qd_hnsw_overflow_block(c->index, at), at,
							"the chunk is in no chain");
}

void
qd_check_overflow(QdCheck *c)
{
	ChainCheck	k = {.c = c};
	int64		extra = 0;

	load_chunks(&k);
	for (uint32 vid = 0; vid < c->meta.next_vid; vid++)
	{
		const QdDirEntry *e = &c->dir[vid];
		int			rows = 0;

		CHECK_FOR_INTERRUPTS();
		if (e->state != QD_VERTEX_LIVE && e->state != QD_VERTEX_TOMBSTONE)
			continue;
		if (e->link != QD_NO_VID)
			rows = check_chain(&k, vid, e);
		if (e->state == QD_VERTEX_LIVE)
			extra += rows + ItemPointerIsValid(&e->tid) - 1;
		else if (rows > 0)
			qd_check_report(c, qd_hnsw_dir_block(c->index, vid), vid,
							"a tombstone has %d rows", rows);
	}
	check_free_chunks(&k);
	if (extra != c->meta.extra_rows)
		qd_check_report(c, QD_META_BLOCK, -1,
						INT64_FORMAT " rows share vertices, but META says " INT64_FORMAT,
						extra, c->meta.extra_rows);
	pfree(k.chunks);
	pfree(k.seen);
}
