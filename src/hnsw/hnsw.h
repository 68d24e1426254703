/*
 * hnsw.h
 *		The access method qdrant_hnsw: page formats and what its files offer
 *		each other.  Invariants I1..In, lock order, WAL brackets and crash
 *		windows: README in this folder.
 *
 * Every indexed row is either a slot of the fresh region (dense pages, scanned
 * exhaustively) or a vertex of the graph; during a merge it is both, and
 * readers drop the second sight by its TID.  Vertices have numbers (vid);
 * vid -> block and offset is arithmetic over the runs.
 */
#ifndef QD_HNSW_H
#define QD_HNSW_H

#include "postgres.h"
#include "compat.h"

#include "access/amapi.h"
#include "access/generic_xlog.h"
#include "access/genam.h"
#include "nodes/execnodes.h"
#include "storage/bufmgr.h"
#include "utils/relcache.h"

#include "hnsw/element.h"
#include "hnsw/graph.h"
#include "quantization/nav.h"
#include "quantization/quant.h"

/*----------
 * Pages.  Native endian; 24 bytes PageHeader, content, 16 bytes special.
 * pd_upper = pd_special always; pd_lower = end of the logged content.  The
 * bytes between are the hole: never logged, hints may live only there.  A
 * page of zeroes (PageIsNew) is legal everywhere and means "nothing here".
 *----------
 */
#define QD_HNSW_MAGIC		0x314E4851	/* "QHN1" */
#define QD_HNSW_MAJOR		1
#define QD_HNSW_MINOR		1
#define QD_HNSW_PAGE_ID		0xFF9A

typedef enum QdPageKind
{
	QD_PAGE_META = 1,
	QD_PAGE_RUNMAP = 2,
	QD_PAGE_DIR = 3,
	QD_PAGE_VERTEX = 4,
	QD_PAGE_FRESH = 5,
	QD_PAGE_OVERFLOW = 7,		/* overflow.h */
	QD_PAGE_CODEBOOK = 8
	/* 6 RMAP, 9 VECTOR are reserved */
} QdPageKind;

typedef struct QdPageSpecial
{
	uint16		kind;			/* QdPageKind */
	uint16		flags;			/* 0 */
	uint32		ordinal;		/* which page of its kind: stripe of a DIR
								 * page, stripe * pages + n of a VERTEX page,
								 * position % fresh_pages of a FRESH page */
	uint16		version;		/* QD_HNSW_MAJOR */
	uint16		zero[2];
	uint16		page_id;		/* QD_HNSW_PAGE_ID, last bytes of the page */
} QdPageSpecial;

#define QD_META_BLOCK		0
#define QD_RUNMAP_BLOCK		1
#define QD_FIRST_RUN_BLOCK	2

#define QD_NO_VID			PG_UINT32_MAX
#define QD_FILTER_STRATEGY	1	/* payload @@@ filter, on the second column */
#define QD_DIR_PER_PAGE		504 /* vids of a stripe: one DIR page and the
								 * VERTEX pages that follow it */
#define QD_MAX_LEVEL		12
#define QD_LEVEL_SHIFT		5	/* a vertex rises with probability 1/32 */
#define QD_MAX_RUNS			500
#define QD_MAX_LINKS		200 /* 2 * largest m */

typedef enum QdVertexLayout
{
	QD_LAYOUT_COMPACT = 0,		/* own code and links */
	QD_LAYOUT_INLINED = 1,		/* and codes of the neighbours (nav.h) */
	QD_LAYOUT_AUTO = 2			/* reloption only: inlined where it fits well */
} QdVertexLayout;

/*
 * META, block 0, from offset 24.  layout never changes after the build, the
 * rest under the exclusive lock of the page.
 */
typedef struct QdHnswLayout
{
	uint32		magic;
	uint16		major;
	uint16		minor;
	uint32		dim;
	uint32		own_dims;		/* bytes of a wide code */
	uint8		metric;			/* qd_metric */
	uint8		code_kind;		/* qd_code_kind of own codes */
	uint8		layout;			/* QdVertexLayout */
	uint8		nav_bits;		/* inlined: of a neighbour's code, 1 or 2 */
	uint16		m0;				/* most links of a vertex, any level */
	uint16		m_link;			/* links that an insert chooses */
	uint16		npp;			/* vertices per VERTEX page */
	uint16		block_bytes;
	uint16		off_ids;		/* of the neighbour vids, in a block */
	uint16		fresh_per_page;
	uint16		fresh_slot_bytes;
	uint16		stripe_pages;	/* 1 + VERTEX pages of a stripe */
	uint16		ef_construction;
	uint16		nav_dims;		/* inlined: coordinates of a neighbour's code */
	uint16		off_factors;	/* inlined: qd_nav_packed of each neighbour */
	uint16		off_codes;		/* inlined: its code */
	uint8		element;		/* QdElement: type of the column */
	uint8		chunk;			/* coordinates of a byte of a product code */
	uint16		stored_bytes;	/* of an own code in its block */
	float		quantile;		/* of qd_codec */
	uint32		zero;
	uint64		seed;			/* of the rotation and of levels */
	uint32		required_features;	/* bits a reader must know: none yet */
	uint32		optional_features;
} QdHnswLayout;

typedef struct QdHnswMeta
{
	QdHnswLayout layout;
	uint32		entry_vid;		/* QD_NO_VID: the graph is empty */
	uint16		entry_gen;
	uint8		entry_level;
	uint8		zero;
	uint32		next_vid;		/* high water */
	uint32		free_head;		/* list through QdDirEntry.link, or QD_NO_VID */
	uint32		free_count;
	uint32		runs;			/* entries of RUNMAP when META was written */
	uint64		live;			/* base vertices that are live */
	uint64		tombstones;		/* base and upper */
	uint32		fresh_lo;		/* positions of the ring's used pages: lo <= p
								 * < hi, page = p % fresh_pages; wrap only
								 * after 2^32 pages, REINDEX before that */
	uint32		fresh_hi;
	uint32		fresh_pages;	/* pages that FRESH runs hold */
	uint32		repairing;		/* 1: a repair has begun, and not ended */
	uint32		worker_asked;	/* when a merge worker was last asked for, in
								 * seconds, modulo 2^32 */
	uint32		overflow_next;	/* chunks that are, or were, in use */
	uint32		overflow_free;	/* 1 + the first of the free ones, or 0 */
	int64		extra_rows;		/* of the graph, beyond one per live vertex */
} QdHnswMeta;

/*
 * RUNMAP, block 1, from offset 24: QdRun entries up to pd_lower, which is the
 * truth about their number (META is logged in a later record); append or
 * extend the last.  Pages of a run need not exist in the file yet: it was
 * extended without a log record, so after a crash and on a standby it may be
 * shorter.  An exclusive qd_hnsw_read extends it again.
 */
typedef struct QdRun
{
	uint16		kind;			/* QD_PAGE_DIR (a run of stripes), FRESH or
								 * OVERFLOW */
	uint16		zero;
	uint32		first;			/* first stripe, or first page of the kind */
	uint32		start;			/* block */
	uint32		pages;
} QdRun;

/* DIR page, from offset 24: QD_DIR_PER_PAGE entries of 16 bytes. */
typedef enum QdVertexState
{
	QD_VERTEX_UNUSED = 0,
	QD_VERTEX_LIVE = 1,
	QD_VERTEX_TOMBSTONE = 2,	/* row gone; still leads somewhere until its
								 * inbound links are repaired away */
	QD_VERTEX_FREE = 3,
	QD_VERTEX_UPPER = 4			/* a level >= 1: no row of its own */
} QdVertexState;

typedef struct QdDirEntry
{
	ItemPointerData tid;		/* live: the row (root of a HOT chain), or
								 * invalid when only others are left */
	uint16		gen;			/* grows when the vid is freed (I9) */
	uint32		link;			/* free: next free vid; upper: its base vid;
								 * live, tombstone: first chunk of the other
								 * rows, or QD_NO_VID */
	uint8		state;			/* QdVertexState */
	uint8		level;
	uint16		n_tids;			/* live: 1 */
} QdDirEntry;

/*
 * VERTEX page, from offset 24: npp blocks of block_bytes.  A block whose
 * degree and gen are 0 and head all zero was never written.
 *
 *	OFFSET		SIZE			MEANING
 *	0			32				QdVertexHead
 *	32			stored_bytes	own code, padded to 16
 *	off_ids		4 * m0			neighbour vids: nearest first, but those
 *								that linked here since the last pruning
 *	off_factors	4 * m0			inlined: their qd_nav_packed
 *	off_codes	nav * m0		inlined: their codes, qd_nav_bytes each
 */
typedef struct QdVertexHead
{
	uint32		vid;			/* self check */
	uint16		gen;			/* the directory's, or the block is stale (I1) */
	uint8		level;
	uint8		flags;			/* QD_VERTEX_DEAD ... */
	uint32		ring;			/* level 0: top vertex or QD_NO_VID; above: the
								 * vertex one level below */
	uint16		degree;
	uint16		changes;		/* counts changes of the links */
	qd_code_head code;			/* 12 bytes */
	float		nav_scale;		/* inlined: of the neighbours' factors */
} QdVertexHead;

#define QD_VERTEX_REPAIR	0x02	/* links lead to tombstones or are few */

/*
 * FRESH page, from offset 24: slots of fresh_slot_bytes; special.flags is 0;
 * the slots before pd_lower are in use or were.
 */
typedef struct QdFreshSlot
{
	ItemPointerData tid;
	uint16		flags;			/* QD_FRESH_USED, QD_FRESH_DEAD */
	qd_code_head code;
	uint32		zero;
	int8		bytes[FLEXIBLE_ARRAY_MEMBER];	/* own code */
} QdFreshSlot;

#define QD_FRESH_USED		0x01
#define QD_FRESH_DEAD		0x02	/* merged or vacuumed */

/*----------
 * options.c: WITH (...) of CREATE INDEX, and what the operator class says.
 *----------
 */
typedef enum QdQuantization
{
	QD_QUANTIZATION_NONE,		/* as scalar: rows are codes of 8 bits */
	QD_QUANTIZATION_SCALAR,
	QD_QUANTIZATION_BINARY,
	QD_QUANTIZATION_BINARY_1_5,
	QD_QUANTIZATION_BINARY_2,
	QD_QUANTIZATION_TURBO_1,
	QD_QUANTIZATION_TURBO_1_5,
	QD_QUANTIZATION_TURBO_2,
	QD_QUANTIZATION_TURBO_4,
	QD_QUANTIZATION_PRODUCT
} QdQuantization;

typedef struct QdHnswOptions
{
	int32		vl_len_;
	int			m;				/* 16; 0 = no graph, fresh region only */
	int			ef_construction;	/* 100 */
	int			full_scan_threshold;	/* kB, 10000: below, the planner's and
										 * scan's exact path */
	int			indexing_threshold; /* kB of raw float32, 10000: below, rows
									 * stay in the fresh region; 0 = always
									 * build the graph */
	int			layout;			/* QdVertexLayout, auto */
	int			quantization;	/* QdQuantization: none */
	int			compression;	/* of product: 4 ... 64, as a ratio to float32 */
	double		quantile;		/* of scalar: 1 */
} QdHnswOptions;

extern bytea *qd_hnsw_options(Datum reloptions, bool validate);
extern void qd_hnsw_options_init(void); /* from _PG_init */
extern const QdHnswOptions *qd_hnsw_get_options(Relation index);

/*
 * Its option quantization, as WITH takes it; after ALTER INDEX ... SET what a
 * REINDEX will make.
 */
extern const char *qd_hnsw_quantization(Relation index);

/* What the index's operator class says (support function 1). */
extern qd_metric qd_hnsw_metric(Relation index);
extern QdElement qd_hnsw_element(Relation index);

/* Raises unless they are a vector, and maybe a payload. */
extern void qd_hnsw_check_columns(Relation index);

/* The column's dimension from its typmod; raises when it has none. */
extern int	qd_hnsw_dim(Relation index);

/*
 * Rows that stay in the fresh region before the first graph is built.  From
 * META's layout, not from the catalogs: it is asked for with META locked.
 */
extern double qd_hnsw_threshold_rows(Relation index, const QdHnswLayout *l);

/*----------
 * meta.c: META and RUNMAP, and the per-backend cache of what never changes.
 *----------
 */

/* The runs of a kind, by their first ordinal. */
typedef struct QdRunIndex
{
	uint32		hit;			/* run of the last hit */
	uint16		n;
	uint16		run[QD_MAX_RUNS];
} QdRunIndex;

/* In rd_amcache: layout, codec (without codebook), runs as last read. */
typedef struct QdHnswIndex
{
	QdHnswLayout layout;
	qd_codec	codec;
	uint32		npp_inverse;	/* see qd_hnsw_vertex_block */
	QdRunIndex	dir_runs;
	QdRunIndex	fresh_runs;
	QdRunIndex	overflow_runs;
	QdRunIndex	codebook_runs;	/* one at most */
	uint32		n_runs;
	QdRun		runs[QD_MAX_RUNS];
	/* codec memory follows */
} QdHnswIndex;

/*
 * Never NULL; raises ERRCODE_INDEX_CORRUPTED for a foreign or damaged META.
 * The pointer is valid until the next relcache invalidation: re-fetch it after
 * anything that opens relations or accepts invalidations.
 */
extern QdHnswIndex *qd_hnsw_index_load(Relation index);

static inline QdHnswIndex *
qd_hnsw_index(Relation index)
{
	return index->rd_amcache != NULL ? (QdHnswIndex *) index->rd_amcache
		: qd_hnsw_index_load(index);
}

/* The codec of a layout, with qd_codec_memory bytes; it has no codebook. */
extern void qd_hnsw_codec_init(qd_codec *codec, const QdHnswLayout *layout,
							   void *memory);

/*
 * A codec of the index in the current context, for what outlives the cache
 * (a query points to its codec).  When there are vertices it has the codebook.
 */
extern qd_codec *qd_hnsw_codec_copy(Relation index);

/* Computes the layout from dimension, metric, options. */
extern void qd_hnsw_layout_init(QdHnswLayout *layout, Relation index);

/* Writes META and RUNMAP of an empty index into the fork, logged. */
extern void qd_hnsw_create_empty(Relation index, ForkNumber fork);

/* Raises ERRCODE_INDEX_CORRUPTED for a META that makes no sense; qd_hnsw_read calls it. */
extern void qd_hnsw_check_meta(Relation index, const QdHnswMeta *meta);

/* A consistent copy of META. */
extern void qd_hnsw_meta_read(Relation index, QdHnswMeta *meta);

/* Sets and logs one uint32 of META; field is its offset in QdHnswMeta. */
extern void qd_hnsw_meta_set(Relation index, Size field, uint32 value);

/*
 * A copy of n entries from vid first on, all of one DIR page; of a page that was
 * never written, unused ones.
 */
extern void qd_hnsw_dir_copy(Relation index, uint32 first, uint32 n,
							 QdDirEntry *entries);

static inline QdHnswMeta *
QdPageMeta(Page page)
{
	return (QdHnswMeta *) PageGetContents(page);
}

/*
 * Block of a vid's DIR page, of its VERTEX page (and the offset of its block
 * in the page), of a FRESH position.  InvalidBlockNumber when no run holds it
 * (after re-reading RUNMAP).
 */
extern BlockNumber qd_hnsw_dir_block(Relation index, uint32 vid);
extern BlockNumber qd_hnsw_vertex_block(Relation index, uint32 vid,
										Size *offset);
extern BlockNumber qd_hnsw_fresh_block(Relation index, uint32 position,
									   uint32 fresh_pages);
extern BlockNumber qd_hnsw_overflow_block(Relation index, uint32 chunk);

/*
 * With META locked exclusively by the caller: makes room for more OVERFLOW or
 * FRESH pages, by adding or extending a run (a record of its own for RUNMAP)
 * and the file.  *meta is the caller's copy, which it logs.  A crash between
 * the two records leaves room that nobody uses yet.
 */
extern void qd_hnsw_add_overflow(Relation index, QdHnswMeta *meta);
extern void qd_hnsw_add_fresh(Relation index, QdHnswMeta *meta, uint32 pages);
extern void qd_hnsw_add_codebook(Relation index, uint32 pages);

/*
 * Without META locked, by the holder of the merge lock or who is alone: room
 * for the vids first .. first + n - 1, first being in the stripe of next_vid or
 * the one after it; or for some from next_vid on.  The file grows before META is
 * locked, so nobody waits for that; an error in between leaves pages behind
 * all runs, which the next run takes.
 */
extern void qd_hnsw_reserve(Relation index, uint32 first, uint32 n);
extern void qd_hnsw_reserve_some(Relation index, uint32 next_vid);

/* The first block of the codebook, or InvalidBlockNumber. */
extern BlockNumber qd_hnsw_codebook_block(Relation index);

/*----------
 * codebook.c: the centroids of product codes, in pages of their own.  They are
 * learned once, from the rows of the first graph, and written before any
 * vertex, so that whoever sees one in META can load them.
 *----------
 */
struct QdGraphBuilder;

/* Loads them into the codec, if it wants them; they have been written. */
extern void qd_hnsw_codebook_load(Relation index, qd_codec *codec);

#define QD_CODEBOOK_ROWS	8192	/* that they are learned from, at most */

/* Learns them from the builder's rows and writes them. */
extern void qd_hnsw_codebook_create(Relation index,
									const struct QdGraphBuilder *b);

/*----------
 * page.c: the only file that reads page bytes.
 *----------
 */

/*
 * Pins and locks a page (mode BUFFER_LOCK_SHARE or _EXCLUSIVE), by the
 * backend's block -> buffer hints and ReadRecentBuffer when they are right.
 * Raises ERRCODE_INDEX_CORRUPTED naming the block when it is neither new nor
 * of the kind (a VERTEX page that the backend knows is not looked at again:
 * its blocks say whose they are, and 0 is no generation).
 */
extern Buffer qd_hnsw_read(Relation index, BlockNumber block, int mode,
						   QdPageKind kind);
/* Calls of qd_hnsw_read by this backend. */
extern int64 qd_hnsw_visits;
/*
 * Asks the processor for the cache lines that reading the page will touch,
 * when the backend knows in which buffer it was.
 */
extern void qd_hnsw_prefetch(Relation index, BlockNumber block, Size offset,
							 Size n);

/* Initialises a page of the kind (in a GenericXLog copy or in memory). */
extern void qd_hnsw_page_init(Page page, QdPageKind kind, uint32 ordinal,
							  Size content);
/* Extends the file to n blocks with zeroed pages. */
extern void qd_hnsw_extend(Relation index, BlockNumber n);
/* Forgets where pages were, after the file was made anew. */
extern void qd_hnsw_forget_buffers(Relation index);

/*
 * The same memory for pages of a table: pins the block if it is still in the
 * buffer where it was found, else InvalidBuffer; remembers where it was found.
 */
extern Buffer qd_hnsw_pin_recent(Relation table, BlockNumber block);
extern void qd_hnsw_found_in(Relation table, BlockNumber block,
							 Buffer buffer);

extern void qd_hnsw_corrupt(Relation index, BlockNumber block,
							const char *what) pg_attribute_noreturn();

static inline QdDirEntry *
QdPageDirEntry(Page page, uint32 vid)
{
	return (QdDirEntry *) PageGetContents(page) + vid % QD_DIR_PER_PAGE;
}

static inline QdVertexHead *
QdPageVertex(Page page, Size offset)
{
	return (QdVertexHead *) ((char *) page + offset);
}

static inline int8 *
QdVertexCode(QdVertexHead *v)
{
	return (int8 *) (v + 1);
}

/* The same in an index of fewer bits. */
static inline uint8 *
QdVertexStored(QdVertexHead *v)
{
	return (uint8 *) (v + 1);
}

static inline uint32 *
QdVertexIds(const QdHnswLayout *l, QdVertexHead *v)
{
	return (uint32 *) ((char *) v + l->off_ids);
}

static inline qd_nav_packed *
QdVertexFactors(const QdHnswLayout *l, QdVertexHead *v)
{
	return (qd_nav_packed *) ((char *) v + l->off_factors);
}

static inline uint8 *
QdVertexNavCodes(const QdHnswLayout *l, QdVertexHead *v)
{
	return (uint8 *) v + l->off_codes;
}

static inline bool
QdLayoutInlined(const QdHnswLayout *l)
{
	return l->layout == QD_LAYOUT_INLINED;
}

static inline qd_nav
QdLayoutNav(const QdHnswLayout *l)
{
	return (qd_nav) {l->nav_dims, l->nav_bits,
		qd_nav_bytes(l->nav_dims, l->nav_bits)};
}

/* The ordinal in the special space of a VERTEX page. */
static inline uint32
QdVertexOrdinal(const QdHnswLayout *l, uint32 vid)
{
	return vid / QD_DIR_PER_PAGE * (l->stripe_pages - 1) +
		vid % QD_DIR_PER_PAGE / l->npp;
}

static inline QdFreshSlot *
QdPageFreshSlot(const QdHnswLayout *l, Page page, int n)
{
	return (QdFreshSlot *) (PageGetContents(page) + n * l->fresh_slot_bytes);
}

/*
 * nav_links.c: the neighbours' codes in a vertex's block, nothing where the
 * layout is compact.
 */
typedef struct QdNavWriter QdNavWriter;

/* In the current context; the codec must outlive it. */
extern QdNavWriter *qd_hnsw_nav_writer(const QdHnswLayout *l,
									   const qd_codec *codec);
/*
 * Encodes the neighbour (nh, n) at place i of the links of a vertex (ph, p),
 * for store.
 */
extern void qd_hnsw_nav_encode(QdNavWriter *w, const qd_code_head *ph,
							   const int8 *p, int i,
							   const qd_code_head *nh, const int8 *n);
/* Stores the first n places, which were encoded; the rest becomes zero. */
extern void qd_hnsw_nav_store(QdNavWriter *w, QdVertexHead *v, int n);
/* Adds the code of one more link, at place i. */
extern void qd_hnsw_nav_append(QdNavWriter *w, QdVertexHead *v, int i,
							   const qd_code_head *head, const int8 *code);
/* Is what stands at place i the code of that neighbour? */
extern bool qd_hnsw_nav_agrees(QdNavWriter *w, QdVertexHead *v, int i,
							   const qd_code_head *head, const int8 *code);

/*
 * store.c: the graph store over pages (graph.h) for one query.  links() and
 * score() hold one share lock at a time (I6).
 */
typedef struct QdPageStore
{
	Relation	index;
	const qd_query *query;
	QdGraphStore graph;

	/* inlined */
	QdHnswLayout layout;
	qd_nav_query nav;
	Buffer		buffer;			/* of the vertex being expanded, locked */
	QdVertexHead *vertex;
	float		own;			/* its distance */
} QdPageStore;

extern void qd_hnsw_page_store_init(QdPageStore *store, Relation index,
									const qd_query *query, uint32 n_vids);

/*
 * Scores META's entry and walks down the upper levels; false when the graph is
 * empty.  *entry is a vertex of the base level.
 */
extern bool qd_hnsw_find_entry(QdPageStore *store, const QdHnswMeta *meta,
							   QdCandidate *entry);

/*
 * The rows of a base vertex and the head of its code, read from its DIR entry,
 * block and chain: returns their number, 0 unless the vertex is live and its
 * generation is the block's (I2).  tids has room for QD_VERTEX_ROWS.
 */
#define QD_VERTEX_ROWS		97	/* overflow.h */

extern int	qd_hnsw_vertex_rows(Relation index, uint32 vid,
								ItemPointerData *tids, qd_code_head *head);

/*----------
 * The phases.
 *----------
 */

/* fresh.c */

/*
 * Adds a row at the tail, in one record; true when it began a new page (then
 * the caller looks whether a merge is due).  A slot is added under META's share
 * lock and the page's exclusive lock, so whoever holds META exclusively sees
 * the region stand still.
 */
extern bool qd_hnsw_fresh_append(Relation index, ItemPointer tid,
								 const qd_code_head *head, const int8 *code);

/*
 * Moves fresh_lo over pages whose slots are all dead or unused (META
 * exclusive, one record); after a merge or vacuum has cleared slots, merge
 * lock held.
 */
extern void qd_hnsw_fresh_trim(Relation index);

/* Scores every slot that is used and not dead.  Read META again afterwards:
 * what was merged meanwhile is in the graph as of then (I5). */
extern void qd_hnsw_fresh_scan(Relation index, const QdHnswMeta *meta,
							   const qd_query *query,
							   void (*add) (void *arg, float distance,
											ItemPointer tid,
											const qd_code_head *head),
							   void *arg);

/* insert.c */
extern bool qd_hnsw_insert(Relation index, Datum *values, bool *isnull,
						   ItemPointer tid, Relation heap,
						   IndexUniqueCheck check, bool unchanged,
						   struct IndexInfo *info);

/* merge.c: see README.  The merge lock is a heavyweight lock on META. */
extern bool qd_hnsw_merge_lock(Relation index, bool wait);
extern void qd_hnsw_merge_unlock(Relation index);
/* Moves at most max_rows (0 = all) fresh rows into the graph; lock held. */
extern double qd_hnsw_merge(Relation index, uint32 max_rows);

/* The level of the n-th vertex: L or higher with probability 32^-L. */
extern int	qd_hnsw_level(uint64 seed, uint64 n);

/* build.c */
extern IndexBuildResult *qd_hnsw_build(Relation heap, Relation index,
									   struct IndexInfo *info);
extern void qd_hnsw_build_empty(Relation index);
extern char *qd_hnsw_build_phase(int64 phase);

/*
 * builder.c: a graph over codes in memory.  add() copies the code; finish()
 * links nothing more.  Used by build.c for the table and by merge.c for a
 * backlog before the first graph.
 */
typedef struct QdGraphBuilder QdGraphBuilder;
extern QdGraphBuilder *qd_hnsw_builder_create(const QdHnswLayout *layout,
											  const qd_codec *codec,
											  double expected_rows);
extern void qd_hnsw_builder_add(QdGraphBuilder *b, const ItemPointerData *tid,
								const qd_code_head *head, const int8 *code);
extern uint32 qd_hnsw_builder_count(const QdGraphBuilder *b);
extern Size qd_hnsw_builder_memory(const QdGraphBuilder *b);
/* Bytes that a row will have taken in the end. */
extern Size qd_hnsw_builder_row_memory(const QdHnswLayout *layout);
/* A row that was added; code points into the builder. */
extern void qd_hnsw_builder_row(const QdGraphBuilder *b, uint32 row,
								ItemPointer tid, qd_code_head *head,
								const int8 **code);
/* Links all; progress(rows done) is called now and then (may be NULL). */
extern void qd_hnsw_builder_link(QdGraphBuilder *b,
								 void (*progress) (uint32 done));
/*
 * Writes and logs DIR and VERTEX stripes, then META; the graph was empty
 * before, and the caller holds the merge lock or is alone.
 */
extern void qd_hnsw_builder_write(QdGraphBuilder *b, Relation index,
								  void (*progress) (uint32 done));
extern void qd_hnsw_builder_free(QdGraphBuilder *b);

/* scan.c */
extern IndexScanDesc qd_hnsw_begin_scan(Relation index, int nkeys,
										int norderbys);
extern void qd_hnsw_rescan(IndexScanDesc scan, ScanKey keys, int nkeys,
						   ScanKey orderbys, int norderbys);
extern bool qd_hnsw_get_tuple(IndexScanDesc scan, ScanDirection dir);
extern void qd_hnsw_end_scan(IndexScanDesc scan);

/* vacuum.c */
extern IndexBulkDeleteResult *qd_hnsw_bulk_delete(IndexVacuumInfo *info,
												  IndexBulkDeleteResult *stats,
												  IndexBulkDeleteCallback callback,
												  void *callback_state);
extern IndexBulkDeleteResult *qd_hnsw_vacuum_cleanup(IndexVacuumInfo *info,
													 IndexBulkDeleteResult *stats);

/* cost.c */
extern void qd_hnsw_cost_estimate(struct PlannerInfo *root,
								  struct IndexPath *path, double loop_count,
								  Cost *startup, Cost *total,
								  Selectivity *selectivity,
								  double *correlation, double *pages);

#endif							/* QD_HNSW_H */
