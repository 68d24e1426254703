/*
 * check.c
 *		qdrant.check_index(regclass): every invariant of an index, as rows
 *		(block, item, problem); none when it is clean.
 *
 * Runs under the merge lock, so rows stay where they are; inserts go on.  It
 * trusts nothing that it reads: pages are copied and looked at there.
 */
#include "postgres.h"
#include "compat.h"

#include <math.h>

#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "commands/defrem.h"
#include "common/hashfn.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "hnsw/check.h"
#include "hnsw/fresh.h"
#include "hnsw/overflow.h"
#include "hnsw/tid_set.h"

#define MOST_PROBLEMS	1000

void
qd_check_report(QdCheck *c, BlockNumber block, int64 item,
				const char *format,...)
{
	Datum		values[3];
	bool		nulls[3] = {false};
	char		text[256];
	va_list		args;

	if (c->problems++ >= MOST_PROBLEMS)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	values[0] = Int64GetDatum(block);
	values[1] = Int32GetDatum((int32) item);
	nulls[1] = item < 0;
	values[2] = CStringGetTextDatum(text);
	tuplestore_putvalues(c->result->setResult, c->result->setDesc, values,
						 nulls);
}

/*----------
 * Pages
 *----------
 */
static const QdPageSpecial *
special_of(Page page)
{
	return (const QdPageSpecial *) (page + ((PageHeader) page)->pd_special);
}

static const char *
page_problem(Page page, QdPageKind kind)
{
	PageHeader	header = (PageHeader) page;
	const QdPageSpecial *special;

	if (PageIsNew(page))
		return NULL;
	if (header->pd_special != BLCKSZ - sizeof(QdPageSpecial) ||
		header->pd_upper != header->pd_special ||
		header->pd_lower < SizeOfPageHeaderData ||
		header->pd_lower > header->pd_upper)
		return "the page header is damaged";
	special = special_of(page);
	if (special->page_id != QD_HNSW_PAGE_ID || special->version != QD_HNSW_MAJOR)
		return "the page is not of this access method";
	if (special->kind != kind)
		return "the page is of another kind than its run";
	return NULL;
}

static void
copy_page(QdCheck *c, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(c->index, block);

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	memcpy(c->page.data, BufferGetPage(buffer), BLCKSZ);
	UnlockReleaseBuffer(buffer);
}

/* All pages of a run, in use or not: new, or of their kind. */
static void
check_kinds(QdCheck *c, const QdRun *run)
{
	for (uint32 i = 0; i < run->pages && run->start + i < c->blocks; i++)
	{
		bool		vertex = run->kind == QD_PAGE_DIR &&
			i % c->layout.stripe_pages > 0;
		const char *problem;

		CHECK_FOR_INTERRUPTS();
		copy_page(c, run->start + i);
		problem = page_problem(c->page.data, vertex ? QD_PAGE_VERTEX : run->kind);
		if (problem != NULL)
			qd_check_report(c, run->start + i, -1, "%s", problem);
	}
}

bool
qd_check_page(QdCheck *c, BlockNumber block, QdPageKind kind, uint32 ordinal)
{
	CHECK_FOR_INTERRUPTS();
	if (block >= c->blocks)
	{
		qd_check_report(c, block, -1, "the page is missing");
		return false;
	}
	copy_page(c, block);
	if (page_problem(c->page.data, kind) != NULL)
		return false;			/* check_kinds has said so */
	if (PageIsNew((Page) c->page.data))
		qd_check_report(c, block, -1, "the page is empty");
	else if (special_of(c->page.data)->ordinal != ordinal)
		qd_check_report(c, block, -1, "the page has the ordinal %u, not %u",
						special_of(c->page.data)->ordinal, ordinal);
	else
		return true;
	return false;
}

/*----------
 * Rows
 *----------
 */
uint64
qd_check_code_hash(const QdCheck *c, const qd_code_head *head,
				   const uint8 *stored)
{
	uint64		seed = hash_bytes_extended((const unsigned char *) head,
										   sizeof(qd_code_head), 0);

	return hash_bytes_extended(stored, c->layout.stored_bytes, seed);
}

uint64
qd_check_wide_hash(const QdCheck *c, const qd_code_head *head, const int8 *code)
{
	uint8		stored[BLCKSZ];
	qd_code_head stored_head;

	/* without a graph there are no centroids yet */
	if (c->codec->kind == QD_CODE_PRODUCT && c->codec->codebook == NULL)
		return 0;
	qd_store_code(c->codec, head, code, &stored_head, stored);
	return qd_check_code_hash(c, &stored_head, stored);
}

void
qd_check_row(QdCheck *c, const QdIndexedRow *where, const ItemPointerData *tid,
			 const qd_code_head *head, const uint8 *stored)
{
	QdIndexedRow *row;

	if (!ItemPointerIsValid(tid))
		qd_check_report(c, where->block, where->item, "the TID is invalid");
	if (!isfinite(head->norm2) || !isfinite(head->scale) ||
		!isfinite(head->full_norm2) || head->norm2 < 0 || head->scale < 0 ||
		head->full_norm2 < 0)
		qd_check_report(c, where->block, where->item,
						"the head of the code is no number");
	if (c->n_rows == c->room)
	{
		c->room = Max(2 * c->room, 1024);
		c->rows = c->rows == NULL ?
			palloc(c->room * sizeof(QdIndexedRow)) :
			repalloc_huge(c->rows, c->room * sizeof(QdIndexedRow));
	}
	row = &c->rows[c->n_rows++];
	*row = *where;
	row->tid = qd_tid_key(tid);
	row->code = stored != NULL ? qd_check_code_hash(c, head, stored) : 0;
}

/*----------
 * META and RUNMAP
 *----------
 */
/* Whoever reads RUNMAP has looked at each run by itself. */
static void
check_runs(QdCheck *c)
{
	const QdHnswIndex *cached = qd_hnsw_index(c->index);
	uint32		n = cached->n_runs;
	uint32		stripes = 0;
	uint32		fresh = 0;
	uint32		overflow = 0;

	for (uint32 i = 0; i < n; i++)
	{
		const QdRun *run = &cached->runs[i];

		if (run->kind == QD_PAGE_DIR)
			stripes += run->pages / c->layout.stripe_pages;
		else if (run->kind == QD_PAGE_FRESH)
			fresh += run->pages;
		else if (run->kind == QD_PAGE_OVERFLOW)
			overflow += run->pages;
	}
	if (c->meta.runs > n)
		qd_check_report(c, QD_META_BLOCK, -1, "%u runs, but RUNMAP has %u",
						c->meta.runs, n);
	if (c->meta.next_vid > (uint64) stripes * QD_DIR_PER_PAGE)
		qd_check_report(c, QD_META_BLOCK, -1,
						"%u vertices, but there are %u stripes",
						c->meta.next_vid, stripes);
	if (c->meta.overflow_next > (uint64) overflow * QD_OVERFLOW_PER_PAGE)
		qd_check_report(c, QD_META_BLOCK, -1,
						"%u chunks of copies, but there are %u pages of them",
						c->meta.overflow_next, overflow);
	if (c->meta.fresh_pages > fresh)
		qd_check_report(c, QD_META_BLOCK, -1,
						"%u fresh pages, but RUNMAP has %u",
						c->meta.fresh_pages, fresh);
}

/*----------
 * The fresh region
 *----------
 */
/* Rows are compared by what a vertex would store. */
static void
check_slot(QdCheck *c, const QdIndexedRow *where, const QdFreshSlot *slot)
{
	qd_check_row(c, where, &slot->tid, &slot->code, NULL);
	c->rows[c->n_rows - 1].code = qd_check_wide_hash(c, &slot->code, slot->bytes);
}

static void
check_fresh_page(QdCheck *c, uint32 position, BlockNumber block)
{
	const QdHnswLayout *l = &c->layout;
	Size		content = ((PageHeader) c->page.data)->pd_lower -
		SizeOfPageHeaderData;
	int			n = qd_hnsw_fresh_slots(l, c->page.data);

	if (content != (Size) n * l->fresh_slot_bytes)
		qd_check_report(c, block, -1, "the page ends within a slot");
	for (int i = 0; i < n; i++)
	{
		const QdFreshSlot *slot = QdPageFreshSlot(l, c->page.data, i);
		QdIndexedRow where = {.block = block,.item = i};

		if (slot->flags != QD_FRESH_USED &&
			slot->flags != (QD_FRESH_USED | QD_FRESH_DEAD))
			qd_check_report(c, block, i, "the slot has the flags %x",
							slot->flags);
		if (slot->flags == QD_FRESH_USED)
			check_slot(c, &where, slot);
	}
}

static void
check_fresh(QdCheck *c)
{
	uint32		pages = c->meta.fresh_hi - c->meta.fresh_lo;

	if (pages > c->meta.fresh_pages)
		return;					/* reported */
	for (uint32 i = 0; i < pages; i++)
	{
		uint32		position = c->meta.fresh_lo + i;
		BlockNumber block = qd_hnsw_fresh_block(c->index, position,
												c->meta.fresh_pages);

		if (block != InvalidBlockNumber &&
			qd_check_page(c, block, QD_PAGE_FRESH,
						  position % c->meta.fresh_pages))
			check_fresh_page(c, position, block);
	}
}

/*----------
 * The directory
 *----------
 */
static void
check_entry(QdCheck *c, BlockNumber block, uint32 vid)
{
	const QdDirEntry *e = &c->dir[vid];

	if (e->state > QD_VERTEX_UPPER)
		qd_check_report(c, block, vid, "the entry has the state %u", e->state);
	if ((e->state == QD_VERTEX_UPPER) != (e->level > 0) ||
		e->level > QD_MAX_LEVEL)
		qd_check_report(c, block, vid, "an entry of state %u has the level %u",
						e->state, e->level);
	if (e->state == QD_VERTEX_UPPER && e->link >= c->meta.next_vid)
		qd_check_report(c, block, vid, "an upper vertex has no base");
	if (e->state == QD_VERTEX_LIVE && e->n_tids != 1)
		qd_check_report(c, block, vid, "the entry has %u TIDs", e->n_tids);
}

static void
load_directory(QdCheck *c)
{
	c->dir = palloc_extended((Size) Max(c->meta.next_vid, 1) * sizeof(QdDirEntry),
							 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (uint64 first = 0; first < c->meta.next_vid; first += QD_DIR_PER_PAGE)
	{
		uint32		n = Min(QD_DIR_PER_PAGE, c->meta.next_vid - first);
		BlockNumber block = qd_hnsw_dir_block(c->index, first);

		if (block == InvalidBlockNumber ||
			!qd_check_page(c, block, QD_PAGE_DIR, first / QD_DIR_PER_PAGE))
			continue;
		memcpy(&c->dir[first], PageGetContents(c->page.data),
			   n * sizeof(QdDirEntry));
		for (uint32 i = 0; i < n; i++)
			check_entry(c, block, first + i);
	}
}

/* Without a cycle, and complete. */
static void
check_free_list(QdCheck *c, uint64 free)
{
	uint32		n = 0;
	uint32		vid;

	for (vid = c->meta.free_head; vid != QD_NO_VID && n <= free; n++)
	{
		if (vid >= c->meta.next_vid || c->dir[vid].state != QD_VERTEX_FREE)
		{
			qd_check_report(c, QD_META_BLOCK, vid,
							"the free list leads to a vertex that is not free");
			return;
		}
		vid = c->dir[vid].link;
	}
	if (n > free)
		qd_check_report(c, QD_META_BLOCK, -1, "the free list has a cycle");
	else if (n != free || n != c->meta.free_count)
		qd_check_report(c, QD_META_BLOCK, -1,
						"%u vertices in the free list, %u in META, but " UINT64_FORMAT " are free",
						n, c->meta.free_count, free);
}

static void
check_counts(QdCheck *c)
{
	uint64		count[QD_VERTEX_UPPER + 1] = {0};
	const QdHnswMeta *meta = &c->meta;
	const QdDirEntry *e;

	for (uint32 vid = 0; vid < meta->next_vid; vid++)
	{
		CHECK_FOR_INTERRUPTS();
		if (c->dir[vid].state <= QD_VERTEX_UPPER)
			count[c->dir[vid].state]++;
	}
	if (count[QD_VERTEX_LIVE] != meta->live)
		qd_check_report(c, QD_META_BLOCK, -1,
						UINT64_FORMAT " live vertices, but META says " UINT64_FORMAT,
						count[QD_VERTEX_LIVE], meta->live);
	if (count[QD_VERTEX_TOMBSTONE] != meta->tombstones)
		qd_check_report(c, QD_META_BLOCK, -1,
						UINT64_FORMAT " tombstones, but META says " UINT64_FORMAT,
						count[QD_VERTEX_TOMBSTONE], meta->tombstones);
	check_free_list(c, count[QD_VERTEX_FREE]);
	if (meta->entry_vid == QD_NO_VID)
	{
		if (meta->live > 0)
			qd_check_report(c, QD_META_BLOCK, -1,
							"there are vertices, but no entry");
		return;
	}
	e = meta->entry_vid < meta->next_vid ? &c->dir[meta->entry_vid] : NULL;
	if (e == NULL || !qd_check_is_vertex(e) || e->level != meta->entry_level ||
		e->gen != meta->entry_gen)
		qd_check_report(c, QD_META_BLOCK, meta->entry_vid,
						"the entry is not the vertex that META says");
}

/*----------
 * The function
 *----------
 */
static void
open_relations(QdCheck *c, Oid indexid)
{
	Oid			heapid = IndexGetRelation(indexid, true);

	/* the table first, as everybody does */
	c->heap = OidIsValid(heapid) ? table_open(heapid, AccessShareLock) : NULL;
	c->index = relation_open(indexid, AccessShareLock);
	if (c->index->rd_rel->relkind != RELKIND_INDEX || c->heap == NULL ||
		c->index->rd_rel->relam != get_index_am_oid("qdrant_hnsw", false) ||
		/* it may have been dropped, and its OID used again, before the lock */
		c->index->rd_index->indrelid != heapid)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a qdrant_hnsw index",
						RelationGetRelationName(c->index))));
	if (!qd_owns_relation(heapid))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX,
					   RelationGetRelationName(c->index));
	if (RELATION_IS_OTHER_TEMP(c->index))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot check temporary indexes of other sessions")));
	if (!c->index->rd_index->indisvalid)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" is not valid",
						RelationGetRelationName(c->index))));
}

static void
run_checks(QdCheck *c)
{
	/* what the backend remembers of RUNMAP may be old */
	if (c->index->rd_amcache != NULL)
		pfree(c->index->rd_amcache);
	c->index->rd_amcache = NULL;
	qd_hnsw_meta_read(c->index, &c->meta);
	c->layout = qd_hnsw_index(c->index)->layout;
	c->codec = qd_hnsw_codec_copy(c->index);
	c->blocks = RelationGetNumberOfBlocks(c->index);
	/* vids are read by arithmetic over runs: those first */
	check_runs(c);
	if (c->problems > 0)
		return;
	for (uint32 i = 0; i < qd_hnsw_index(c->index)->n_runs; i++)
	{
		QdRun		run = qd_hnsw_index(c->index)->runs[i];

		check_kinds(c, &run);
	}
	check_fresh(c);
	load_directory(c);
	check_counts(c);
	qd_check_overflow(c);
	qd_check_graph(c);
	qd_check_heap(c);
}

QD_FUNCTION(qd_hnsw_check_index);
Datum
qd_hnsw_check_index(PG_FUNCTION_ARGS)
{
	QdCheck    *c = palloc0(sizeof(QdCheck));
	bool		lock = !RecoveryInProgress();
	Oid			user;
	int			security;
	int			guc_level = NewGUCNestLevel();

	InitMaterializedSRF(fcinfo, 0);
	c->result = (ReturnSetInfo *) fcinfo->resultinfo;
	open_relations(c, PG_GETARG_OID(0));

	/*
	 * Expressions of the index run as the table's owner, like REINDEX, and
	 * what they set goes with them.
	 */
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(c->heap->rd_rel->relowner,
						   security | SECURITY_RESTRICTED_OPERATION);
	if (lock)
		qd_hnsw_merge_lock(c->index, true);
	/* rows that it sees were added to the index before */
	c->snapshot = RegisterSnapshot(GetTransactionSnapshot());
	run_checks(c);
	UnregisterSnapshot(c->snapshot);
	if (lock)
		qd_hnsw_merge_unlock(c->index);
	AtEOXact_GUC(false, guc_level);
	SetUserIdAndSecContext(user, security);

	if (c->problems > MOST_PROBLEMS)
		ereport(NOTICE,
				(errmsg("%d more problems are not listed",
						c->problems - MOST_PROBLEMS)));
	relation_close(c->index, AccessShareLock);
	table_close(c->heap, AccessShareLock);
	PG_RETURN_NULL();
}
