/*
 * candidates.c
 *		Where a scan's rows come from: the fresh region (all of it, at once),
 *		the graph (in rounds of growing ef), and a sweep over all vertices.
 *
 * The sweep is exact by codes, reads pages in order, and costs tens of
 * nanoseconds a row where the graph costs microseconds an expansion.  It takes
 * over as soon as the next round of the graph would cost more, and yields
 * whatever the graph cannot reach: so every row comes in the end, whatever
 * links are missing (completeness), and a scan that goes far is in order.
 */
#include "compat.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/rel.h"

#include "guc.h"
#include "hnsw/candidates.h"
#include "hnsw/collector.h"
#include "hnsw/tid_set.h"

/*
 * Rows that a sweep scores in the time that the graph needs to raise ef by
 * one: 1.65 expansions, half of m0 page visits each.  With codes of neighbours
 * in the graph's pages one visit each; there a sweep takes twice as long, but
 * what is compared with the cost of the graph by ROWS_PER_EF does not.
 */
#define SWEEP_ROWS_PER_EF			50
#define SWEEP_ROWS_PER_EF_INLINED	10
#define ROWS_PER_EF_INLINED			22

/*
 * Rows that a sweep scores in the time that the heap needs for one (filter and
 * distance), that a sweep needs to see whether a row is admitted, for an
 * admitted one, and for a packed one.
 */
#define SWEEP_ROWS_PER_HEAP_ROW	80.0
#define SWEEP_ROWS_PER_ROW		0.2
#define SWEEP_ROWS_PER_ADMITTED	3.0
#define SWEEP_ROWS_PER_PACKED	0.3

/* And for a TID from payload indexes, some of which a filter may need. */
#define SWEEP_ROWS_PER_TID		20.0

/*
 * A search that finds a quarter of the admitted rows that it should goes where
 * they are not; so many vertices tell, at least, or 2 * ef.
 */
#define FAR_SHARE			4
#define FAR_VERTICES		64

/*
 * Payload indexes are read when a smaller share than FEW / sqrt(rows) passes a
 * filter, but never when half of the rows do.
 */
#define FEW					11.0
#define FEW_MAX				0.5

/*
 * Packed rows that are looked at together; and so many are on their way while
 * one is scored.
 */
#define PACKED_BATCH		256
#define PREFETCH_PACKED		4

/* Rows that the first pass of a collector keeps, at least; or 4 * ef. */
#define FIRST_PASS_ROWS		512

/* The same of packed rows, at least; or twice as many as were looked at before. */
#define FIRST_PASS_PACKED	32

/*
 * Codes say little of the order where their error is so large a share of what
 * the middle one of the best ef is farther away than the nearest.  Then as many
 * times ef are searched as it takes to be sure of it, at most.
 */
#define UNSURE_SHARE		0.5
#define UNSURE_EFS			4

typedef enum Source
{
	FROM_GRAPH,
	FROM_SWEEP,
	FROM_NOWHERE
} Source;

struct QdCandidates
{
	Relation	index;
	const qd_query *query;		/* NULL: no order */
	int			ef;
	QdHnswMeta	meta;
	QdTidSet	seen;			/* TIDs handed out */

	QdCollector fresh;

	Source		source;
	QdPageStore store;
	QdGraphSearch *search;
	int			taken;			/* results of the search */
	float		nearest;		/* the first of them */
	bool		unsure;			/* of their order */
	QdCollector sweep;

	const QdPacked *packed;		/* the sweep is one over these; or NULL */
	int64		likely;			/* rows that will be looked at; 0: unknown */
	bool		coarsely;		/* this pass looks at coarse codes first */
	const QdAdmission *admission;	/* only its rows are handed out; or NULL */
	int			looked_at;		/* vertices from the graph since then */
	int			admitted;		/* and those handed out */
	bool		gave_up;

	QdScanReport report;		/* but for what the search counts itself */

	/* the source's next row, if any, and others of its vertex */
	bool		has_next;
	QdRowCandidate next;
	int			n_more;
	ItemPointerData more[QD_VERTEX_ROWS];
};

/* The query's codec gets the centroids that vertices may want by now. */
static void
read_meta(QdCandidates *c)
{
	qd_hnsw_meta_read(c->index, &c->meta);
	if (c->query != NULL && c->meta.next_vid > 0)
		qd_hnsw_codebook_load(c->index, unconstify(qd_codec *, c->query->codec));
}

bool
qd_candidates_few_pass(double passed, double seen, double rows)
{
	return passed < seen * Min(FEW / sqrt(rows + 1), FEW_MAX);
}

bool
qd_candidates_pays(double rejected, double admitted)
{
	return SWEEP_ROWS_PER_HEAP_ROW * rejected > SWEEP_ROWS_PER_TID * admitted;
}

static bool
is_admitted(const QdCandidates *c, const ItemPointerData *tid)
{
	return c->admission == NULL || qd_admission_has(c->admission, tid);
}

/*----------
 * The fresh region: its nearest rows.  When they do not suffice, the sweep
 * takes over, which looks at the region again.
 *----------
 */

typedef struct AddFresh
{
	QdCollector *collector;
	QdCandidates *candidates;
} AddFresh;

static void
add_fresh_row(void *arg, float distance, ItemPointer tid,
			  const qd_code_head *head)
{
	AddFresh   *add = arg;
	const qd_query *query = add->candidates->query;
	QdCodeRow	row;

	add->candidates->report.fresh++;
	if (!qd_collector_wants(add->collector, distance) ||
		!is_admitted(add->candidates, tid))
		return;
	row.distance = distance;
	row.error = query == NULL ? 0 : qd_query_error(query, head, distance);
	row.fresh = true;
	row.vid = 0;
	row.tid = *tid;
	qd_collector_add(add->collector, &row);
}

static void
collect_fresh(QdCandidates *c, QdCollector *collector)
{
	AddFresh	add = {collector, c};

	qd_hnsw_fresh_scan(c->index, &c->meta, c->query, add_fresh_row, &add);
}

/*----------
 * The sweep
 *----------
 */

typedef struct PageScores
{
	int			n;
	QdCandidate vertex[BLCKSZ / sizeof(QdVertexHead)];
} PageScores;

/* The vertices of a stripe whose rows are admitted. */
typedef struct Stripe
{
	bool		admits[QD_DIR_PER_PAGE];
} Stripe;

static void
read_stripe(QdCandidates *c, uint32 vid, Stripe *stripe)
{
	Buffer		buffer;
	Page		page;

	if (c->admission == NULL)
	{
		memset(stripe->admits, true, sizeof(stripe->admits));
		return;
	}
	buffer = qd_hnsw_read(c->index, qd_hnsw_dir_block(c->index, vid),
						  BUFFER_LOCK_SHARE, QD_PAGE_DIR);
	page = BufferGetPage(buffer);
	memset(stripe->admits, false, sizeof(stripe->admits));
	for (uint32 i = 0; i < QD_DIR_PER_PAGE && !PageIsNew(page); i++)
	{
		const QdDirEntry *entry = QdPageDirEntry(page, i);

		/* of a chain it is not known yet */
		stripe->admits[i] = entry->state == QD_VERTEX_LIVE &&
			(entry->link != QD_NO_VID ||
			 qd_admission_has(c->admission, &entry->tid));
	}
	UnlockReleaseBuffer(buffer);
}

/* Vids beyond the stripe are taken for those of the next one. */
static inline bool
admits(const Stripe *stripe, uint32 vid)
{
	return stripe->admits[vid % QD_DIR_PER_PAGE];
}

/*
 * Scores the admitted base vertices first <= vid < end, which stand on one
 * page.
 */
static void
score_vertex_page(QdCandidates *c, uint32 first, uint32 end,
				  const Stripe *stripe, PageScores *scores)
{
	const QdHnswLayout *l = &c->meta.layout;
	Size		offset = 0;
	BlockNumber block = qd_hnsw_vertex_block(c->index, first, &offset);
	Buffer		buffer = qd_hnsw_read(c->index, block, BUFFER_LOCK_SHARE,
									  QD_PAGE_VERTEX);
	Page		page = BufferGetPage(buffer);

	scores->n = 0;
	if (!PageIsNew(page))
		for (uint32 vid = first; vid < end; vid++, offset += l->block_bytes)
		{
			QdVertexHead *v = QdPageVertex(page, offset);
			QdCandidate *score = &scores->vertex[scores->n];

			if (admits(stripe, vid + l->npp))
				qd_hnsw_prefetch(c->index, block + 1, offset,
								 sizeof(QdVertexHead) + l->stored_bytes);
			if (v->vid != vid || v->level != 0 ||
				!admits(stripe, vid))
				continue;
			score->vid = vid;
			score->distance = c->query == NULL ? 0 :
				qd_query_stored_distance(c->query, &v->code,
										 QdVertexStored(v));
			scores->n++;
		}
	UnlockReleaseBuffer(buffer);
}

static bool
admits_any(const Stripe *stripe, uint32 first, uint32 end)
{
	return memchr(stripe->admits + first % QD_DIR_PER_PAGE, true,
				  end - first) != NULL;
}

static Size
first_pass_rows(const QdCandidates *c)
{
	if (c->packed == NULL)
		return Max(FIRST_PASS_ROWS, 4 * c->ef);
	return c->likely > 0 ? Max(FIRST_PASS_PACKED, 2 * c->likely) : c->ef;
}

static void
sweep_vertices(QdCandidates *c)
{
	const QdHnswLayout *l = &c->meta.layout;
	PageScores	scores;
	Stripe		stripe;
	QdCodeRow	row = {0};
	uint32		end;

	for (uint32 vid = 0; vid < c->meta.next_vid; vid = end)
	{
		uint32		in_stripe = vid % QD_DIR_PER_PAGE;

		CHECK_FOR_INTERRUPTS();
		if (in_stripe == 0)
			read_stripe(c, vid, &stripe);
		end = vid + Min(l->npp, QD_DIR_PER_PAGE - in_stripe);
		end = Min(end, c->meta.next_vid);
		if (!admits_any(&stripe, vid, end))
			continue;
		score_vertex_page(c, vid, end, &stripe, &scores);
		c->report.distances += scores.n;
		for (int i = 0; i < scores.n; i++)
		{
			if (!qd_collector_wants(&c->sweep, scores.vertex[i].distance))
				continue;
			row.distance = scores.vertex[i].distance;
			row.vid = scores.vertex[i].vid;
			qd_collector_add(&c->sweep, &row);
		}
	}
}

static inline void
prefetch_packed(const QdPacked *p, uint32 row)
{
	const uint8 *code = p->codes + (Size) row * p->stride;

	__builtin_prefetch(&p->heads[row]);
	for (Size i = 0; i < p->stride; i += PG_CACHE_LINE_SIZE / 2)
		__builtin_prefetch(code + i);
}

static inline void
score_packed(QdCandidates *c, uint32 row)
{
	const QdPacked *p = c->packed;
	QdCodeRow	scored = {.vid = row};

	if (c->query != NULL)
		scored.distance = qd_query_stored_distance(c->query, &p->heads[row],
												   p->codes + (Size) row * p->stride);
	c->report.distances++;
	if (qd_collector_wants(&c->sweep, scored.distance))
		qd_collector_add(&c->sweep, &scored);
}

/* Of n rows from first on, those that by their coarse codes may be near. */
static void
score_near_packed(QdCandidates *c, uint32 first, uint32 n)
{
	const QdPacked *p = c->packed;
	float		bounds[PACKED_BATCH];
	uint32		near[PACKED_BATCH];
	int			n_near = 0;
	float		farthest = c->sweep.bound.distance;

	qd_coarse_bounds(c->query, p->coarse_rows + first,
					 p->coarse_codes + first * p->coarse_bytes, n, bounds);
	c->report.distances += n;
	for (uint32 i = 0; i < n; i++)
	{
		near[n_near] = first + i;
		/* NaN is no bound */
		n_near += !(bounds[i] > farthest);
	}
	for (int i = 0; i < n_near; i++)
	{
		if (i + PREFETCH_PACKED < n_near)
			prefetch_packed(p, near[i + PREFETCH_PACKED]);
		score_packed(c, near[i]);
	}
}

/*
 * Coarse codes leave out what is far, in the first pass: about one of 30,000
 * rows wrongly, which later passes come back to.
 */
static void
sweep_packed(QdCandidates *c)
{
	const QdPacked *p = c->packed;

	c->report.ways |= QD_WAY_KEPT;
	for (uint32 first = 0; first < p->n; first += PACKED_BATCH)
	{
		uint32		n = Min(PACKED_BATCH, p->n - first);

		if (first % 8192 == 0)
			CHECK_FOR_INTERRUPTS();
		if (c->coarsely && c->sweep.bounded)
			score_near_packed(c, first, n);
		else
			for (uint32 row = first; row < first + n; row++)
				score_packed(c, row);
	}
}

/*
 * A pass over all rows.  META is read anew, first for the fresh region, then
 * for the graph: a row merged since the last pass is found in its new place,
 * at the same distance.
 */
static void
run_sweep(QdCandidates *c)
{
	if (c->packed != NULL)
	{
		sweep_packed(c);
		qd_collector_seal(&c->sweep);
		return;
	}
	read_meta(c);
	c->report.ways |= c->meta.next_vid == 0 ? QD_WAY_FRESH : QD_WAY_SWEEP;
	if (c->meta.fresh_lo != c->meta.fresh_hi)
	{
		collect_fresh(c, &c->sweep);
		read_meta(c);
	}
	sweep_vertices(c);
	qd_collector_seal(&c->sweep);
}

/* From now on all rows not handed out yet come from the sweep. */
static void
begin_sweep(QdCandidates *c)
{
	c->source = FROM_SWEEP;
	c->has_next = false;
	c->n_more = 0;
	c->fresh.n = 0;
	c->fresh.dropped = false;
	qd_collector_init(&c->sweep, first_pass_rows(c), get_hash_memory_limit());
	c->coarsely = c->packed != NULL && c->packed->coarse_bytes > 0 &&
		c->query != NULL;
	run_sweep(c);
}

/* Rows that a coarse pass has missed may come before its last: all again. */
static void
sweep_again(QdCandidates *c)
{
	qd_collector_restart(&c->sweep, c->coarsely);
	c->coarsely = false;
	run_sweep(c);
}

/* The next row of the sweep, a new pass when this one is used up. */
static bool
sweep_next(QdCandidates *c, QdCodeRow *row)
{
	while (qd_collector_peek(&c->sweep) == NULL)
	{
		if (!c->sweep.dropped)
			return false;
		sweep_again(c);
	}
	*row = qd_collector_take(&c->sweep);
	return true;
}

/*----------
 * The graph
 *----------
 */

static bool
sweep_is_cheaper(const QdHnswMeta *meta, int ef)
{
	return meta->next_vid <= (double) ef *
		(QdLayoutInlined(&meta->layout) ? SWEEP_ROWS_PER_EF_INLINED :
		 SWEEP_ROWS_PER_EF);
}

bool
qd_candidates_sweep_at_once(Relation index, const QdHnswMeta *meta, int ef)
{
	double		kb = (double) meta->live * meta->layout.dim *
		sizeof(float) / 1024;

	return kb <= qd_hnsw_get_options(index)->full_scan_threshold ||
		sweep_is_cheaper(meta, ef);
}

/* META has been read. */
static void
begin_graph(QdCandidates *c)
{
	QdCandidate entry;

	if (c->meta.fresh_lo != c->meta.fresh_hi)
	{
		collect_fresh(c, &c->fresh);
		qd_collector_seal(&c->fresh);
		/* what was merged since is in the graph as of now (I5) */
		read_meta(c);
	}
	qd_hnsw_page_store_init(&c->store, c->index, c->query, c->meta.next_vid);
	if (!qd_hnsw_find_entry(&c->store, &c->meta, &entry))
	{
		begin_sweep(c);
		return;
	}
	c->search = qd_graph_search_begin(&c->store.graph, get_hash_memory_limit());
	qd_graph_search_enter(c->search, entry);
	qd_graph_search_run(c->search, c->ef);
	c->source = FROM_GRAPH;
	c->report.ways |= QD_WAY_GRAPH;
}

static inline bool
is_coarse(const QdCandidates *c)
{
	return c->query->codec->kind != QD_CODE_INT8;
}

/*
 * The far half of the best ef is less sure than the near one, so a scan that
 * may go on searches farther before it looks there: a filter that lets few
 * rows pass is as well served as none.  Coarse codes are rescored to the last:
 * of their order even the near half is not sure.
 */
static bool
round_is_over(const QdCandidates *c)
{
	return qd_guc_iterative_scan != QD_ITERATIVE_OFF &&
		c->taken >= (is_coarse(c) || c->unsure ? c->ef : (c->ef + 1) / 2) &&
		!qd_graph_search_exhausted(c->search);
}

/*
 * Vectors may have much more in common than they differ: then a step of a code,
 * a share of the vector, is large for what it has to tell apart.
 */
static inline void
look_at_error(QdCandidates *c, const QdRowCandidate *row)
{
	if (c->source == FROM_GRAPH && c->taken >= (c->ef + 1) / 2 && !is_coarse(c))
		c->unsure |= row->error >
			UNSURE_SHARE * (row->distance - c->nearest);
}

/* Does a scan that has rows, but not surely the nearest, search farther? */
static inline bool
goes_on_unsure(const QdCandidates *c)
{
	return c->unsure && c->ef < UNSURE_EFS * qd_guc_ef_search &&
		qd_guc_iterative_scan != QD_ITERATIVE_OFF &&
		(qd_guc_max_scan_tuples == 0 || c->taken < qd_guc_max_scan_tuples);
}

/*
 * The next row of the current round of the graph or the sweep, or the next
 * round's; false when there is none.
 */
static bool
source_next(QdCandidates *c, bool next_round, QdCodeRow *row)
{
	QdCandidate found;

	while (c->source == FROM_GRAPH)
	{
		if (!round_is_over(c) && qd_graph_search_next(c->search, &found))
		{
			if (c->taken++ == 0)
				c->nearest = found.distance;
			row->distance = found.distance;
			row->fresh = false;
			row->vid = found.vid;
			return true;
		}
		if (!next_round && !goes_on_unsure(c))
			return false;
		if (qd_graph_search_exhausted(c->search) ||
			sweep_is_cheaper(&c->meta, 2 * c->ef))
			begin_sweep(c);
		else
		{
			c->ef *= 2;
			qd_graph_search_run(c->search, c->ef);
		}
	}
	if (c->source == FROM_SWEEP)
	{
		if (sweep_next(c, row))
			return true;
		c->source = FROM_NOWHERE;
	}
	return false;
}

/*----------
 * Both
 *----------
 */

/*
 * What a row of the source leads to; false when it is gone.  Other rows of its
 * vertex are left in more.
 */
static bool
resolve(QdCandidates *c, const QdCodeRow *row, QdRowCandidate *out)
{
	qd_code_head head;

	out->distance = row->distance;
	if (c->packed != NULL)
	{
		out->packed = row->vid;
		out->tid = c->packed->tids[row->vid];
		out->error = c->query == NULL ? 0 :
			qd_query_stored_error(c->query, &c->packed->heads[row->vid],
								  row->distance);
		return ItemPointerIsValid(&out->tid);
	}
	if (row->fresh)
	{
		out->tid = row->tid;
		out->error = row->error;
		return true;
	}
	c->n_more = qd_hnsw_vertex_rows(c->index, row->vid, c->more, &head);
	if (c->n_more == 0)
		return false;
	out->tid = c->more[--c->n_more];
	out->error = c->query == NULL ? 0 :
		qd_query_stored_error(c->query, &head, row->distance);
	look_at_error(c, out);
	return true;
}

/*----------
 * Admission
 *----------
 */

static double
heap_cost(double admitted)
{
	return SWEEP_ROWS_PER_HEAP_ROW * admitted;
}

static double
sweep_cost(double admitted, double rows)
{
	return SWEEP_ROWS_PER_ROW * rows + SWEEP_ROWS_PER_ADMITTED * admitted;
}

static double
graph_cost(double admitted, double rows, int ef, bool inlined)
{
	return (inlined ? ROWS_PER_EF_INLINED : SWEEP_ROWS_PER_EF) *
		(double) ef * (rows / Max(admitted, 1));
}

/* Of the graph that c searches. */
static double
this_graph_cost(const QdCandidates *c, const QdAdmission *a, int ef)
{
	return graph_cost(a->n, c->meta.next_vid, ef,
					  QdLayoutInlined(&c->meta.layout));
}

double
qd_candidates_cost(double admitted, double rows, int ef, bool inlined)
{
	return Min(heap_cost(admitted),
			   Min(sweep_cost(admitted, rows),
				   graph_cost(admitted, rows, ef, inlined)));
}

/* Than a sweep; a lossy set does not name its rows. */
static bool
heap_is_cheaper(const QdCandidates *c, const QdAdmission *a)
{
	return !a->lossy && heap_cost(a->n) <= sweep_cost(a->n, c->meta.next_vid);
}

bool
qd_candidates_admit(QdCandidates *c, const QdAdmission *admission)
{
	double		rows = c->meta.next_vid;
	double		graph = this_graph_cost(c, admission, c->ef);

	if (heap_is_cheaper(c, admission) &&
		(c->source != FROM_GRAPH || heap_cost(admission->n) <= graph))
		return false;
	c->admission = admission;
	c->has_next = c->has_next && is_admitted(c, &c->next.tid);
	if (c->source != FROM_GRAPH || admission->lossy ||
		sweep_cost(admission->n, rows) <= graph)
		begin_sweep(c);
	return true;
}

bool
qd_candidates_pack(const QdHnswMeta *meta, double admitted, int ef)
{
	return SWEEP_ROWS_PER_PACKED * admitted <=
		graph_cost(admitted, meta->next_vid, ef, QdLayoutInlined(&meta->layout));
}

bool
qd_candidates_sweep_rest(QdCandidates *c)
{
	if (c->source == FROM_GRAPH)
		begin_sweep(c);
	else if (c->source == FROM_SWEEP && c->coarsely && c->sweep.dropped)
		sweep_again(c);
	else
		return false;
	return true;
}

bool
qd_candidates_gave_up(const QdCandidates *c)
{
	return c->gave_up;
}

void
qd_candidates_report(const QdCandidates *c, QdScanReport *report)
{
	qd_report_add(report, &c->report);
	report->distances += c->report.fresh;
	if (c->search != NULL)
	{
		int64		expanded;
		int64		scored;

		qd_graph_search_counts(c->search, &expanded, &scored);
		report->expanded += expanded;
		report->distances += scored;
	}
}

double
qd_candidates_rows(const QdCandidates *c)
{
	return c->meta.next_vid;
}

bool
qd_candidates_seen(const QdCandidates *c, const ItemPointerData *tid)
{
	return qd_tid_set_has(&c->seen, tid);
}

/* Are the admitted rows elsewhere than where the graph search looks? */
static bool
looks_elsewhere(const QdCandidates *c)
{
	double		share = c->admission->n / Max((double) c->meta.next_vid, 1);

	return !c->admission->lossy &&
		c->looked_at >= Max(FAR_VERTICES, 2 * qd_guc_ef_search) &&
		c->admitted * FAR_SHARE < share * c->looked_at;
}

static void
leave_graph(QdCandidates *c)
{
	if (!heap_is_cheaper(c, c->admission))
	{
		begin_sweep(c);
		return;
	}
	c->gave_up = true;
	c->source = FROM_NOWHERE;
	c->n_more = 0;
	c->fresh.n = 0;
	c->fresh.dropped = false;
}

/* The next row of the vertex that next was of. */
static bool
more_of_vertex(QdCandidates *c)
{
	while (!c->has_next && c->n_more > 0)
	{
		c->next.tid = c->more[--c->n_more];
		c->has_next = is_admitted(c, &c->next.tid);
	}
	return c->has_next;
}

/* Fills next from the source, if it can. */
static bool
fill_next(QdCandidates *c, bool next_round)
{
	QdCodeRow	row;

	while (!more_of_vertex(c) && source_next(c, next_round, &row))
	{
		CHECK_FOR_INTERRUPTS();
		c->has_next = resolve(c, &row, &c->next) &&
			(is_admitted(c, &c->next.tid) || more_of_vertex(c));
		if (c->admission == NULL || c->source != FROM_GRAPH)
			continue;
		c->looked_at++;
		c->admitted += c->has_next;
		if (!c->has_next && looks_elsewhere(c))
			leave_graph(c);
	}
	return c->has_next;
}

static QdCandidates *
create(Relation index, const qd_query *query, int ef)
{
	QdCandidates *c = palloc0(sizeof(QdCandidates));

	c->index = index;
	c->query = query;
	c->ef = ef;
	qd_tid_set_init(&c->seen);
	qd_collector_init(&c->fresh, first_pass_rows(c), get_hash_memory_limit());
	return c;
}

static void
begin(QdCandidates *c)
{
	if (c->meta.entry_vid != QD_NO_VID && c->query != NULL &&
		!qd_candidates_sweep_at_once(c->index, &c->meta, c->ef))
		begin_graph(c);
	else
		begin_sweep(c);
}

QdCandidates *
qd_candidates_begin(Relation index, const qd_query *query, int ef)
{
	QdCandidates *c = create(index, query, ef);

	read_meta(c);
	begin(c);
	return c;
}

QdCandidates *
qd_candidates_begin_admitted(Relation index, const qd_query *query, int ef,
							 const QdAdmission *admission)
{
	QdCandidates *c = create(index, query, ef);
	double		graph;

	read_meta(c);
	c->admission = admission;
	graph = this_graph_cost(c, admission, ef);
	if (heap_is_cheaper(c, admission) && heap_cost(admission->n) <= graph)
	{
		c->source = FROM_NOWHERE;
		c->gave_up = true;
	}
	else if (admission->lossy ||
			 sweep_cost(admission->n, c->meta.next_vid) <= graph)
		begin_sweep(c);
	else
		begin(c);
	return c;
}

QdCandidates *
qd_candidates_begin_packed(Relation index, const qd_query *query, int ef,
						   const QdPacked *packed, int64 likely)
{
	QdCandidates *c = create(index, query, ef);

	c->packed = packed;
	c->likely = likely;
	read_meta(c);
	begin_sweep(c);
	return c;
}

/*
 * What comes behind a candidate is no nearer than its distance less its error:
 * so it stands for the other one too, which may have a much coarser code.
 */
static void
cover(QdRowCandidate *candidate, float distance, float error)
{
	float		needed = candidate->distance - (distance - error);

	/* not of two that are infinitely far */
	if (needed > candidate->error)
		candidate->error = needed;
}

bool
qd_candidates_next(QdCandidates *c, bool next_round, QdRowCandidate *out)
{
	for (;;)
	{
		const QdCodeRow *fresh;

		if (c->fresh.n == 0 && c->fresh.dropped)
			begin_sweep(c);
		/* a fresh row may only come when the source's next one is known */
		if (!fill_next(c, next_round) && c->source != FROM_NOWHERE)
			return false;
		fresh = qd_collector_peek(&c->fresh);
		if (fresh != NULL &&
			(!c->has_next || fresh->distance <= c->next.distance))
		{
			QdCodeRow	row = qd_collector_take(&c->fresh);

			resolve(c, &row, out);
			if (c->has_next)
				cover(out, c->next.distance, c->next.error);
		}
		else if (c->has_next)
		{
			*out = c->next;
			if (fresh != NULL)
				cover(out, fresh->distance, fresh->error);
			c->has_next = false;
		}
		else
			return false;
		if (is_admitted(c, &out->tid) && qd_tid_set_add(&c->seen, &out->tid))
			return true;
	}
}
