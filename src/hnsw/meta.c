/*
 * meta.c
 *		META and RUNMAP: the layout of an index, where its pages are, and what
 *		a backend keeps of both (rd_amcache).
 *
 * The layout never changes after the build, and runs are only added or
 * extended, so a cached copy is right for every page it names; a page that it
 * does not name makes it read RUNMAP again.
 */
#include "compat.h"

#include "access/xloginsert.h"
#include "miscadmin.h"
#include "utils/rel.h"

#include "hnsw/hnsw.h"
#include "hnsw/overflow.h"
#include "hnsw/worker.h"
#include "types/vector.h"

#define PAGE_ROOM	(BLCKSZ - SizeOfPageHeaderData - sizeof(QdPageSpecial))
#define CODE_ALIGN	16
#define LEAST_LINKS	28			/* below, a graph of long codes falls apart */

/* How many stripes the file grows by: an eighth, at most so many. */
#define STRIPE_SHARE	8
#define MOST_STRIPES	64
#define EXTEND_STEP	64			/* pages, under one lock of the file's end */

/* And by how many OVERFLOW pages: an eighth, at least so many. */
#define OVERFLOW_SHARE	8
#define OVERFLOW_LEAST	4

/* Of rotations and levels; a constant, so that an index is reproducible. */
#define LAYOUT_SEED	UINT64CONST(0x9E3779B97F4A7C15)

StaticAssertDecl(sizeof(QdPageSpecial) == 16, "page format");
StaticAssertDecl(sizeof(QdDirEntry) == 16, "page format");
StaticAssertDecl(sizeof(QdVertexHead) == 32, "page format");
StaticAssertDecl(offsetof(QdFreshSlot, bytes) == 24, "page format");
StaticAssertDecl(sizeof(QdRun) == 16, "page format");
StaticAssertDecl(sizeof(QdHnswMeta) <= PAGE_ROOM, "META fits a page");
StaticAssertDecl(QD_MAX_RUNS * sizeof(QdRun) <= PAGE_ROOM, "RUNMAP fits a page");
StaticAssertDecl(QD_DIR_PER_PAGE * sizeof(QdDirEntry) <= PAGE_ROOM,
				 "DIR fits a page");

/*----------
 * Layout
 *----------
 */

/* Below 320 dimensions one bit leads astray. */
#define NAV_BITS(dims)		((dims) < 320 ? 2 : 1)
#define LEAST_NAV_SHARE		4	/* of the dimensions, in a neighbour's code */
#define AUTO_NAV_SHARE		2	/* by default: compact rather than less */
#define DEFAULT_LINKS		16	/* m that nobody chose: as fits */
#define MOST_DEFAULT_LINKS	48

static uint32
block_bytes(uint32 code_bytes, int m0)
{
	return sizeof(QdVertexHead) +
		TYPEALIGN(CODE_ALIGN, code_bytes) +
		TYPEALIGN(8, sizeof(uint32) * m0);
}

/*
 * A vertex never spans pages.  A rotated code may be cut to a prefix, a
 * projection; one of L1 may not, there the links give way.
 */
static void
fit_vertex(QdHnswLayout *l, int m)
{
	int			m0 = 2 * m;

	l->own_dims = l->dim;
	if (block_bytes(l->own_dims, m0) > PAGE_ROOM)
	{
		if (l->metric != QD_METRIC_L1)
			l->own_dims = (PAGE_ROOM - block_bytes(0, m0)) / CODE_ALIGN * CODE_ALIGN;
		else
		{
			int			most = PAGE_ROOM - sizeof(QdVertexHead) -
				sizeof(uint32) * Min(m0, LEAST_LINKS);

			most = most / CODE_ALIGN * CODE_ALIGN;
			if (l->dim > most)
				ereport(ERROR,
						(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						 errmsg("column cannot have more than %d dimensions for this operator class",
								most),
						 errhint("Other metrics than the sum of absolute differences allow %d dimensions.",
								 QD_VECTOR_MAX_DIM)));
			while (block_bytes(l->own_dims, m0) > PAGE_ROOM)
				m0 -= 2;
		}
	}
	l->m0 = m0;
	l->m_link = Min(m, m0 / 2);
}

/* The bytes of a block up to its neighbours, and of each. */
static uint32
inlined_head_bytes(const QdHnswLayout *l)
{
	return sizeof(QdVertexHead) + TYPEALIGN(CODE_ALIGN, l->own_dims);
}

static uint32
inlined_link_bytes(const QdHnswLayout *l)
{
	return sizeof(uint32) + sizeof(qd_nav_packed) +
		qd_nav_bytes(l->nav_dims, l->nav_bits);
}

/* Even numbers of links keep sections aligned to 8. */
static int
inlined_links(const QdHnswLayout *l, int npp)
{
	int			room = PAGE_ROOM / npp / CODE_ALIGN * CODE_ALIGN -
		(int) inlined_head_bytes(l) - CODE_ALIGN;

	return room < 0 ? 0 : room / (int) inlined_link_bytes(l) / 2 * 2;
}

/*
 * As many vertices on a page as leave enough links; when not even one does,
 * shorter codes of the neighbours, down to one share-th of the dimensions.
 * False: it does not fit.
 */
static bool
fit_inlined(QdHnswLayout *l, int m, int share)
{
	int			least = m == DEFAULT_LINKS ? LEAST_LINKS : 2 * m;
	int			most = m == DEFAULT_LINKS ? MOST_DEFAULT_LINKS : 2 * m;
	int			npp;

	/* codes of the neighbours say more than a coarse own code does */
	if (m == 0 || !qd_metric_has_nav(l->metric) || l->own_dims < l->dim ||
		l->code_kind != QD_CODE_INT8)
		return false;
	l->nav_bits = NAV_BITS(l->dim);
	l->nav_dims = l->dim;
	while (inlined_links(l, 1) < least)
	{
		if (l->nav_dims < l->dim / share + CODE_ALIGN * 8)
			return false;
		l->nav_dims -= CODE_ALIGN * 8;
		l->nav_dims = l->nav_dims / (CODE_ALIGN * 8) * (CODE_ALIGN * 8);
	}
	for (npp = 1; inlined_links(l, npp + 1) >= least;)
		npp++;
	l->m0 = Min(inlined_links(l, npp), most);
	l->m_link = Min(m, l->m0 / 2);
	l->layout = QD_LAYOUT_INLINED;
	return true;
}

static qd_code_kind
code_kind(const QdHnswOptions *options)
{
	switch ((QdQuantization) options->quantization)
	{
		case QD_QUANTIZATION_NONE:
		case QD_QUANTIZATION_SCALAR:
			break;
		case QD_QUANTIZATION_BINARY:
		case QD_QUANTIZATION_TURBO_1:
			return QD_CODE_1_BIT;
		case QD_QUANTIZATION_BINARY_1_5:
		case QD_QUANTIZATION_TURBO_1_5:
			return QD_CODE_1_5_BITS;
		case QD_QUANTIZATION_BINARY_2:
		case QD_QUANTIZATION_TURBO_2:
			return QD_CODE_2_BITS;
		case QD_QUANTIZATION_TURBO_4:
			return QD_CODE_4_BITS;
		case QD_QUANTIZATION_PRODUCT:
			return QD_CODE_PRODUCT;
	}
	return QD_CODE_INT8;
}

/* own_dims is known. */
static void
choose_code(QdHnswLayout *l, const QdHnswOptions *options)
{
	qd_codec	c = {.metric = l->metric, .own_dims = l->own_dims};

	qd_codec_set_kind(&c, code_kind(options),
					  options->compression / sizeof(float));
	l->code_kind = c.kind;
	l->chunk = c.chunk;
	l->stored_bytes = qd_stored_bytes(&c);
	/* sets are exact */
	l->quantile = l->metric == QD_METRIC_JACCARD ? 1 : options->quantile;
}

/* What follows from own_dims, m0 and the neighbours' codes. */
static void
place_sections(QdHnswLayout *l)
{
	l->off_ids = sizeof(QdVertexHead) + TYPEALIGN(CODE_ALIGN, l->stored_bytes);
	if (l->layout == QD_LAYOUT_COMPACT)
	{
		l->nav_bits = 0;
		l->nav_dims = l->off_factors = l->off_codes = 0;
		l->block_bytes = block_bytes(l->stored_bytes, l->m0);
	}
	else
	{
		l->off_factors = l->off_ids + sizeof(uint32) * l->m0;
		l->off_codes = TYPEALIGN(CODE_ALIGN, l->off_factors +
								 sizeof(qd_nav_packed) * l->m0);
		l->block_bytes = l->off_codes +
			l->m0 * qd_nav_bytes(l->nav_dims, l->nav_bits);
	}
	l->npp = PAGE_ROOM / l->block_bytes;
}

void
qd_hnsw_layout_init(QdHnswLayout *l, Relation index)
{
	const QdHnswOptions *options = qd_hnsw_get_options(index);
	int			share = options->layout == QD_LAYOUT_INLINED ?
		LEAST_NAV_SHARE : AUTO_NAV_SHARE;

	memset(l, 0, sizeof(*l));
	l->magic = QD_HNSW_MAGIC;
	l->major = QD_HNSW_MAJOR;
	l->minor = QD_HNSW_MINOR;
	l->dim = qd_hnsw_dim(index);
	l->metric = qd_hnsw_metric(index);
	l->element = qd_hnsw_element(index);
	fit_vertex(l, options->m);
	choose_code(l, options);
	if (options->layout == QD_LAYOUT_COMPACT ||
		!fit_inlined(l, options->m, share))
	{
		if (options->layout == QD_LAYOUT_INLINED)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("layout \"inlined\" is not possible for index \"%s\"",
							RelationGetRelationName(index)),
					 errdetail("It needs a metric other than L1 and Jaccard, m other than 0, quantization \"none\" or \"scalar\", and a vertex with its neighbours' codes on one page."),
					 errhint("Use layout \"auto\" or \"compact\".")));
		l->layout = QD_LAYOUT_COMPACT;
	}
	place_sections(l);
	l->stripe_pages = 1 + (QD_DIR_PER_PAGE + l->npp - 1) / l->npp;
	l->fresh_slot_bytes = TYPEALIGN(8, offsetof(QdFreshSlot, bytes) + l->own_dims);
	l->fresh_per_page = PAGE_ROOM / l->fresh_slot_bytes;
	l->ef_construction = options->ef_construction;
	l->seed = LAYOUT_SEED;
}

static bool
code_is_sane(const QdHnswLayout *l)
{
	qd_codec	c = {.metric = l->metric, .own_dims = l->own_dims};

	if (l->code_kind > QD_CODE_PRODUCT || l->own_dims > QD_MAX_OWN_DIMS ||
		(l->code_kind == QD_CODE_PRODUCT) != (l->chunk > 0) ||
		l->chunk > QD_MAX_CHUNK || !(l->quantile > 0 && l->quantile <= 1))
		return false;
	qd_codec_set_kind(&c, l->code_kind, l->chunk);
	return c.kind == l->code_kind && c.chunk == l->chunk &&
		qd_stored_bytes(&c) == l->stored_bytes;
}

static bool
sections_are_sane(const QdHnswLayout *l)
{
	QdHnswLayout placed = *l;

	if (l->layout > QD_LAYOUT_INLINED)
		return false;
	if (QdLayoutInlined(l) &&
		((l->nav_bits != 1 && l->nav_bits != 2) || l->nav_dims < 1 ||
		 l->nav_dims > l->own_dims || !qd_metric_has_nav(l->metric) ||
		 l->code_kind != QD_CODE_INT8))
		return false;
	/* as 32 bits: nothing wraps */
	if ((QdLayoutInlined(l) ? inlined_head_bytes(l) +
		 l->m0 * inlined_link_bytes(l) : block_bytes(l->stored_bytes, l->m0)) >
		PAGE_ROOM)
		return false;
	place_sections(&placed);
	return memcmp(&placed, l, sizeof(placed)) == 0;
}

/* What arithmetic over pages relies on, for any bytes that META may hold. */
static bool
layout_is_sane(const QdHnswLayout *l)
{
	return l->dim >= 1 && l->dim <= QD_VECTOR_MAX_DIM &&
		l->own_dims >= 1 && l->own_dims <= l->dim &&
		l->metric >= QD_METRIC_L2 && l->metric <= QD_METRIC_LAST &&
		l->element <= QD_ELEMENT_LAST &&
		(l->metric != QD_METRIC_L1 || l->own_dims == l->dim) &&
		code_is_sane(l) &&
		l->m0 <= QD_MAX_LINKS && l->m_link <= l->m0 &&
		sections_are_sane(l) && l->block_bytes <= PAGE_ROOM &&
		l->stripe_pages == 1 + (QD_DIR_PER_PAGE + l->npp - 1) / l->npp &&
		l->fresh_slot_bytes == TYPEALIGN(8, offsetof(QdFreshSlot, bytes) + l->own_dims) &&
		l->fresh_per_page == PAGE_ROOM / l->fresh_slot_bytes &&
		l->ef_construction >= 1;
}

static void
check_layout(Relation index, const QdHnswLayout *l)
{
	if (l->magic != QD_HNSW_MAGIC)
		qd_hnsw_corrupt(index, QD_META_BLOCK,
						"it is not an index of this access method");
	if (l->major != QD_HNSW_MAJOR || l->required_features != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" has format %u.%u, features %x, which this version does not read",
						RelationGetRelationName(index), l->major, l->minor,
						l->required_features),
				 errhint("Please REINDEX it, or install a newer version of the extension.")));
	if (!layout_is_sane(l))
		qd_hnsw_corrupt(index, QD_META_BLOCK, "its layout is inconsistent");
}

/*
 * Every look at META passes here, so that nobody computes with the numbers of
 * a damaged page.  What was checked once is only compared.
 */
void
qd_hnsw_check_meta(Relation index, const QdHnswMeta *meta)
{
	const QdHnswIndex *cached = index->rd_amcache;

	if (cached == NULL)
		check_layout(index, &meta->layout);
	else if (memcmp(&cached->layout, &meta->layout, sizeof(QdHnswLayout)) != 0)
	{
		check_layout(index, &meta->layout);
		qd_hnsw_corrupt(index, QD_META_BLOCK, "its layout has changed");
	}
	if (meta->fresh_hi - meta->fresh_lo > meta->fresh_pages)
		qd_hnsw_corrupt(index, QD_META_BLOCK,
						"the fresh region is longer than its pages");
}

/*----------
 * Creation
 *----------
 */

/* A page of an empty fork, as the next block. */
static void
write_first_page(Relation index, ForkNumber fork, QdPageKind kind,
				 const QdHnswMeta *meta)
{
	Buffer		buffer = ReadBufferExtended(index, fork, P_NEW, RBM_NORMAL, NULL);
	Page		page;

	LockBuffer(buffer, BUFFER_LOCK_EXCLUSIVE);
	page = BufferGetPage(buffer);
	START_CRIT_SECTION();
	qd_hnsw_page_init(page, kind, 0, meta ? sizeof(*meta) : 0);
	if (meta)
		memcpy(QdPageMeta(page), meta, sizeof(*meta));
	MarkBufferDirty(buffer);
	/* the init fork of an unlogged table is logged all the same */
	if (fork == INIT_FORKNUM || RelationNeedsWAL(index))
		log_newpage_buffer(buffer, true);
	END_CRIT_SECTION();
	UnlockReleaseBuffer(buffer);
}

void
qd_hnsw_create_empty(Relation index, ForkNumber fork)
{
	QdHnswMeta	meta;

	if (RelationGetNumberOfBlocksInFork(index, fork) != 0)
		elog(ERROR, "index \"%s\" already contains data",
			 RelationGetRelationName(index));
	qd_hnsw_check_columns(index);
	memset(&meta, 0, sizeof(meta));
	qd_hnsw_layout_init(&meta.layout, index);
	meta.entry_vid = QD_NO_VID;
	meta.free_head = QD_NO_VID;
	write_first_page(index, fork, QD_PAGE_META, &meta);
	write_first_page(index, fork, QD_PAGE_RUNMAP, NULL);
	if (fork == MAIN_FORKNUM)
	{
		/* the file may have been truncated in place */
		qd_hnsw_forget_buffers(index);
		if (index->rd_amcache != NULL)
			pfree(index->rd_amcache);
		index->rd_amcache = NULL;
	}
}

/*----------
 * Reading
 *----------
 */

void
qd_hnsw_meta_read(Relation index, QdHnswMeta *meta)
{
	Buffer		buffer = qd_hnsw_read(index, QD_META_BLOCK, BUFFER_LOCK_SHARE,
									  QD_PAGE_META);

	memcpy(meta, QdPageMeta(BufferGetPage(buffer)), sizeof(*meta));
	UnlockReleaseBuffer(buffer);
}

void
qd_hnsw_meta_set(Relation index, Size field, uint32 value)
{
	Buffer		buffer = qd_hnsw_read(index, QD_META_BLOCK,
									  BUFFER_LOCK_EXCLUSIVE, QD_PAGE_META);
	GenericXLogState *state = GenericXLogStart(index);
	char	   *meta = (char *) QdPageMeta(GenericXLogRegisterBuffer(state, buffer, 0));

	memcpy(meta + field, &value, sizeof(value));
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
}

void
qd_hnsw_dir_copy(Relation index, uint32 first, uint32 n, QdDirEntry *entries)
{
	Buffer		buffer = qd_hnsw_read(index, qd_hnsw_dir_block(index, first),
									  BUFFER_LOCK_SHARE, QD_PAGE_DIR);
	Page		page = BufferGetPage(buffer);

	if (PageIsNew(page))
		memset(entries, 0, n * sizeof(QdDirEntry));
	else
		memcpy(entries, QdPageDirEntry(page, first), n * sizeof(QdDirEntry));
	UnlockReleaseBuffer(buffer);
}

static uint32
page_runs(Page page)
{
	return (((PageHeader) page)->pd_lower - SizeOfPageHeaderData) / sizeof(QdRun);
}

/* NULL for a kind that has no runs. */
static inline QdRunIndex *
runs_of_kind(QdHnswIndex *cached, uint16 kind)
{
	switch (kind)
	{
		case QD_PAGE_DIR:
			return &cached->dir_runs;
		case QD_PAGE_FRESH:
			return &cached->fresh_runs;
		case QD_PAGE_OVERFLOW:
			return &cached->overflow_runs;
		case QD_PAGE_CODEBOOK:
			return &cached->codebook_runs;
		default:
			return NULL;
	}
}

static void
forget_runs(QdHnswIndex *cached, uint32 n)
{
	cached->n_runs = n;
	cached->dir_runs.n = cached->fresh_runs.n = cached->overflow_runs.n = 0;
	cached->codebook_runs.n = 0;
	cached->dir_runs.hit = cached->fresh_runs.hit = n;
	cached->overflow_runs.hit = n;
}

/* Pages of a run that one ordinal of its kind takes. */
static inline uint32
run_unit(const QdHnswLayout *l, uint16 kind)
{
	return kind == QD_PAGE_DIR ? l->stripe_pages : 1;
}

/* Ordinals of a kind that its runs have. */
static uint32
ordinals_of_kind(const QdHnswIndex *cached, const QdRunIndex *of_kind)
{
	const QdRun *last;

	if (of_kind->n == 0)
		return 0;
	last = &cached->runs[of_kind->run[of_kind->n - 1]];
	return last->first + last->pages / run_unit(&cached->layout, last->kind);
}

/*
 * Runs lie side by side, and so do their ordinals.  Writers extend the file to
 * where a run says, so it must not say anything else.
 */
static bool
run_is_sane(const QdHnswIndex *cached, const QdRun *run,
			const QdRunIndex *of_kind, BlockNumber end)
{
	return of_kind != NULL && run->start == end && run->pages > 0 &&
		run->pages <= MaxBlockNumber - run->start &&
		run->pages % run_unit(&cached->layout, run->kind) == 0 &&
		run->first == ordinals_of_kind(cached, of_kind);
}

static void
load_runs(Relation index, QdHnswIndex *cached)
{
	BlockNumber end = QD_FIRST_RUN_BLOCK;
	Buffer		buffer = qd_hnsw_read(index, QD_RUNMAP_BLOCK,
									  BUFFER_LOCK_SHARE, QD_PAGE_RUNMAP);
	Page		page = BufferGetPage(buffer);

	cached->n_runs = Min(page_runs(page), QD_MAX_RUNS);
	memcpy(cached->runs, PageGetContents(page), cached->n_runs * sizeof(QdRun));
	UnlockReleaseBuffer(buffer);
	forget_runs(cached, cached->n_runs);
	for (uint32 i = 0; i < cached->n_runs; i++)
	{
		const QdRun *run = &cached->runs[i];
		QdRunIndex *of_kind = runs_of_kind(cached, run->kind);

		if (!run_is_sane(cached, run, of_kind, end))
		{
			forget_runs(cached, 0);
			qd_hnsw_corrupt(index, QD_RUNMAP_BLOCK, "a run makes no sense");
		}
		of_kind->run[of_kind->n++] = i;
		end = run->start + run->pages;
	}
}

void
qd_hnsw_codec_init(qd_codec *codec, const QdHnswLayout *l, void *memory)
{
	qd_codec_init(codec, l->metric, l->dim, l->own_dims, l->seed, memory);
	qd_codec_set_kind(codec, l->code_kind, l->chunk);
	codec->quantile = l->quantile;
}

QdHnswIndex *
qd_hnsw_index_load(Relation index)
{
	QdHnswMeta	meta;
	QdHnswIndex *cached;
	const QdHnswLayout *l = &meta.layout;

	/*
	 * With a page locked this could wait for ourselves.  So nothing looks at a
	 * catalog while it has one locked: that may empty the cache.
	 */
	Assert(InterruptHoldoffCount == 0);
	qd_hnsw_meta_read(index, &meta);
	cached = MemoryContextAllocZero(index->rd_indexcxt,
									MAXALIGN(sizeof(QdHnswIndex)) +
									qd_codec_memory(l->metric, l->dim));
	cached->layout = *l;
	cached->npp_inverse = (65536 + l->npp - 1) / l->npp;
	qd_hnsw_codec_init(&cached->codec, l,
					   (char *) cached + MAXALIGN(sizeof(QdHnswIndex)));
	load_runs(index, cached);
	index->rd_amcache = cached;
	return cached;
}

qd_codec *
qd_hnsw_codec_copy(Relation index)
{
	const QdHnswLayout *l = &qd_hnsw_index(index)->layout;
	qd_codec   *codec = palloc(sizeof(qd_codec));
	QdHnswMeta	meta;

	qd_hnsw_codec_init(codec, l, palloc(qd_codec_memory(l->metric, l->dim)));
	if (codec->kind == QD_CODE_PRODUCT)
	{
		qd_hnsw_meta_read(index, &meta);
		if (meta.next_vid > 0)
			qd_hnsw_codebook_load(index, codec);
	}
	return codec;
}

/*----------
 * Runs
 *----------
 */

static inline bool
run_holds(const QdRun *run, uint32 unit, uint32 ordinal)
{
	return ordinal >= run->first &&
		ordinal - run->first < run->pages / unit;
}

/*
 * Runs of a kind are in the order of their first ordinal: looks for the last
 * run that begins at or before it, and n_runs when there is none.
 */
static uint32
find_run(const QdHnswIndex *cached, const QdRunIndex *of_kind, uint32 ordinal)
{
	uint32		low = 0;
	uint32		high = of_kind->n;

	/* those before low begin at or before it, those from high on behind it */
	while (low < high)
	{
		uint32		middle = (low + high) / 2;

		if (cached->runs[of_kind->run[middle]].first <= ordinal)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? of_kind->run[low - 1] : cached->n_runs;
}

/* First block of a stripe, or of another page. */
static BlockNumber
find_block(Relation index, uint16 kind, uint32 ordinal)
{
	QdHnswIndex *cached = qd_hnsw_index(index);
	uint32		unit = run_unit(&cached->layout, kind);
	QdRunIndex *of_kind = runs_of_kind(cached, kind);
	uint32	   *hit = &of_kind->hit;

	for (int attempt = 0; attempt < 2; attempt++)
	{
		if (likely(*hit < cached->n_runs &&
				   run_holds(&cached->runs[*hit], unit, ordinal)))
			return cached->runs[*hit].start +
				(ordinal - cached->runs[*hit].first) * unit;
		*hit = find_run(cached, of_kind, ordinal);
		if (*hit < cached->n_runs &&
			run_holds(&cached->runs[*hit], unit, ordinal))
			return cached->runs[*hit].start +
				(ordinal - cached->runs[*hit].first) * unit;
		if (attempt == 0)
			load_runs(index, cached);
	}
	return InvalidBlockNumber;
}

BlockNumber
qd_hnsw_dir_block(Relation index, uint32 vid)
{
	return find_block(index, QD_PAGE_DIR, vid / QD_DIR_PER_PAGE);
}

BlockNumber
qd_hnsw_vertex_block(Relation index, uint32 vid, Size *offset)
{
	BlockNumber block = find_block(index, QD_PAGE_DIR, vid / QD_DIR_PER_PAGE);
	const QdHnswIndex *cached = qd_hnsw_index(index);
	const QdHnswLayout *l = &cached->layout;
	uint32		n = vid % QD_DIR_PER_PAGE;
	uint32		page;

	if (block == InvalidBlockNumber)
		return block;
	/* n / npp; exact, since n * npp < 65,536 */
	page = n * cached->npp_inverse >> 16;
	*offset = SizeOfPageHeaderData + (Size) (n - page * l->npp) * l->block_bytes;
	return block + 1 + page;
}

BlockNumber
qd_hnsw_fresh_block(Relation index, uint32 position, uint32 fresh_pages)
{
	if (fresh_pages == 0)
		return InvalidBlockNumber;
	return find_block(index, QD_PAGE_FRESH, position % fresh_pages);
}

BlockNumber
qd_hnsw_overflow_block(Relation index, uint32 chunk)
{
	return find_block(index, QD_PAGE_OVERFLOW, chunk / QD_OVERFLOW_PER_PAGE);
}

/*
 * Adds pages behind all that runs name (not behind the file's end, which may
 * lag after a crash); logs RUNMAP alone and returns the number of runs.
 */
static uint32
add_run(Relation index, uint16 kind, uint32 pages)
{
	const QdHnswLayout *l = &qd_hnsw_index(index)->layout;
	Buffer		buffer;
	GenericXLogState *state;
	Page		page;
	QdRun	   *runs;
	uint32		n;
	uint32		first = 0;
	BlockNumber end = QD_FIRST_RUN_BLOCK;

	buffer = qd_hnsw_read(index, QD_RUNMAP_BLOCK, BUFFER_LOCK_EXCLUSIVE,
						  QD_PAGE_RUNMAP);
	state = GenericXLogStart(index);
	page = GenericXLogRegisterBuffer(state, buffer, 0);
	runs = (QdRun *) PageGetContents(page);
	n = page_runs(page);
	for (uint32 i = 0; i < n; i++)
	{
		end = Max(end, runs[i].start + runs[i].pages);
		if (runs[i].kind == kind)
			first = Max(first, runs[i].first +
						runs[i].pages / run_unit(l, kind));
	}
	if (pages > MaxBlockNumber - end)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("index \"%s\" cannot grow further",
						RelationGetRelationName(index))));
	if (n > 0 && runs[n - 1].kind == kind &&
		runs[n - 1].start + runs[n - 1].pages == end)
		runs[n - 1].pages += pages;
	else if (n < QD_MAX_RUNS)
	{
		memset(&runs[n], 0, sizeof(QdRun));
		runs[n].kind = kind;
		runs[n].first = first;
		runs[n].start = end;
		runs[n].pages = pages;
		n++;
		((PageHeader) page)->pd_lower = SizeOfPageHeaderData + n * sizeof(QdRun);
	}
	else
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("index \"%s\" has too many runs of pages",
						RelationGetRelationName(index)),
				 errhint("Please REINDEX it.")));
	qd_hnsw_extend(index, end + pages);
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
	load_runs(index, qd_hnsw_index(index));
	return n;
}

void
qd_hnsw_add_overflow(Relation index, QdHnswMeta *meta)
{
	uint32		pages = meta->overflow_next / QD_OVERFLOW_PER_PAGE;

	meta->runs = add_run(index, QD_PAGE_OVERFLOW,
						 Max(pages / OVERFLOW_SHARE, OVERFLOW_LEAST));
}

void
qd_hnsw_add_fresh(Relation index, QdHnswMeta *meta, uint32 pages)
{
	/* a crash may have left a run that META did not get to know */
	if (qd_hnsw_fresh_block(index, meta->fresh_pages + pages - 1,
							meta->fresh_pages + pages) == InvalidBlockNumber)
		meta->runs = add_run(index, QD_PAGE_FRESH, pages);
	meta->fresh_pages += pages;
}

/* Lengthens the file by so many pages behind all runs, in steps. */
static void
extend_ahead(Relation index, uint32 pages)
{
	QdHnswIndex *cached = qd_hnsw_index(index);
	BlockNumber end = QD_FIRST_RUN_BLOCK;
	uint64		target;

	load_runs(index, cached);
	for (uint32 i = 0; i < cached->n_runs; i++)
		end = Max(end, cached->runs[i].start + cached->runs[i].pages);
	target = (uint64) end + pages;
	/* else add_run will say that it is too much */
	while (target < MaxBlockNumber && end < target)
	{
		qd_hnsw_worker_yield();
		end = Min(end + EXTEND_STEP, target);
		qd_hnsw_extend(index, end);
	}
}

void
qd_hnsw_reserve(Relation index, uint32 first, uint32 n)
{
	uint32		pages = 0;
	Buffer		buffer;
	GenericXLogState *state;
	QdHnswMeta *meta;

	for (uint64 vid = first - first % QD_DIR_PER_PAGE;
		 vid < (uint64) first + n; vid += QD_DIR_PER_PAGE)
		if (qd_hnsw_dir_block(index, vid) == InvalidBlockNumber)
			pages += qd_hnsw_index(index)->layout.stripe_pages;
	if (pages == 0)
		return;
	extend_ahead(index, pages);
	buffer = qd_hnsw_read(index, QD_META_BLOCK, BUFFER_LOCK_EXCLUSIVE,
						  QD_PAGE_META);
	state = GenericXLogStart(index);
	meta = QdPageMeta(GenericXLogRegisterBuffer(state, buffer, 0));
	meta->runs = add_run(index, QD_PAGE_DIR, pages);
	GenericXLogFinish(state);
	UnlockReleaseBuffer(buffer);
}

void
qd_hnsw_reserve_some(Relation index, uint32 next_vid)
{
	uint32		stripes = next_vid / QD_DIR_PER_PAGE;

	/* a share of what there is, so that runs stay few */
	stripes = Min(Max(stripes / STRIPE_SHARE, 1), MOST_STRIPES);
	qd_hnsw_reserve(index, next_vid, stripes * QD_DIR_PER_PAGE);
}

void
qd_hnsw_add_codebook(Relation index, uint32 pages)
{
	add_run(index, QD_PAGE_CODEBOOK, pages);
}

BlockNumber
qd_hnsw_codebook_block(Relation index)
{
	QdHnswIndex *cached = qd_hnsw_index(index);

	if (cached->codebook_runs.n == 0)
		load_runs(index, cached);
	return cached->codebook_runs.n == 0 ? InvalidBlockNumber :
		cached->runs[cached->codebook_runs.run[0]].start;
}
