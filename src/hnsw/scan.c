/*
 * scan.c
 *		An index scan: ORDER BY column <op> query, nearest first.
 *
 * Candidates come in the order of their codes; the heap gives exact distances.
 * A row is returned when its exact distance is not beyond what the next
 * candidate's code allows (its distance less its error): the first rows are
 * in true order, and about k + 2 rows are fetched for k results.  A scan goes
 * on as long as the executor asks, in rounds (qdrant_pg.iterative_scan).
 *
 * Filters, conditions on the second column, are evaluated on the row in the
 * heap.  When payload indexes say that few rows pass, or few of the first ones
 * do, those indexes are asked for the rows that can (admission.c); then only those
 * are looked at, by the way that candidates.c finds cheapest.  A session that
 * meets a filter again keeps them (admission_cache.c).
 */
#include "compat.h"

#include <math.h>

#include "access/relscan.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "guc.h"
#include "hnsw/admission_cache.h"
#include "hnsw/candidates.h"
#include "hnsw/range.h"
#include "hnsw/report.h"
#include "hnsw/rescore.h"
#include "hnsw/tid_set.h"

/*
 * Rows in the heap after which a scan with filters asks itself whether to read
 * payload indexes; then at each doubling.
 */
#define PROBE_ROWS		32

/* Where more rows pass, a set of them would spare little. */
#define PAYS_SHARE		0.25

/* A row with its exact distance, not yet returned. */
typedef struct ExactRow
{
	double		distance;
	ItemPointerData tid;
} ExactRow;

static inline bool
exact_before(const ExactRow *a, const ExactRow *b)
{
	if (a->distance != b->distance)
		return a->distance < b->distance;
	return qd_tid_key(&a->tid) < qd_tid_key(&b->tid);
}

#define HEAP_PREFIX		exact_heap
#define HEAP_ELEMENT	ExactRow
#define HEAP_LESS(a, b)	exact_before(a, b)
#include "hnsw/heap_template.h"

typedef struct HnswScan
{
	MemoryContext context;		/* of one execution; reset by rescan */
	QdRescore  *rescore;		/* of the whole scan */

	bool		started;
	bool		ended;			/* there are no more candidates */
	const QdValue *value;		/* of the query; NULL: it is NULL */
	QdCandidates *candidates;
	QdRange		range;
	float		error;			/* largest of the candidates so far */
	bool		has_candidate;	/* looked at, not rescored */
	QdRowCandidate candidate;

	ExactRow   *exact;			/* a min-heap */
	Size		n_exact;
	Size		room;

	QdKnownFilter *known;		/* or NULL: nothing may be kept */
	bool		has_filters;	/* conditions on the payload */
	bool		has_asked;		/* for the admission */
	const QdAdmission *admission;
	const QdPacked *packed;		/* what candidates are from; or NULL */
	int64		next_probe;
	int64		seen;			/* rows whose filters were evaluated */
	int64		passed;

	int			ef;
	double		last_distance;	/* of the last row returned */
	QdScanReport report;		/* of this execution */
	QdScanReport earlier;		/* of those before it */
} HnswScan;

IndexScanDesc
qd_hnsw_begin_scan(Relation index, int nkeys, int norderbys)
{
	IndexScanDesc scan = RelationGetIndexScan(index, nkeys, norderbys);
	HnswScan   *s = palloc0(sizeof(HnswScan));

	s->context = AllocSetContextCreate(CurrentMemoryContext,
									   "qdrant_hnsw scan",
									   ALLOCSET_DEFAULT_SIZES);
	scan->opaque = s;
	return scan;
}

/* At the end of an execution: the next one of its filter may be alike. */
static void
remember_looked_at(const HnswScan *s)
{
	if (s->packed != NULL)
		s->known->looked_at = s->report.rescored;
}

void
qd_hnsw_rescan(IndexScanDesc scan, ScanKey keys, int nkeys,
			   ScanKey orderbys, int norderbys)
{
	HnswScan   *s = scan->opaque;
	MemoryContext context = s->context;
	QdRescore  *rescore = s->rescore;
	QdScanReport earlier;

	if (keys && scan->numberOfKeys > 0)
		memmove(scan->keyData, keys, scan->numberOfKeys * sizeof(ScanKeyData));
	if (orderbys && scan->numberOfOrderBys > 0)
		memmove(scan->orderByData, orderbys,
				scan->numberOfOrderBys * sizeof(ScanKeyData));
	if (rescore != NULL)
		qd_rescore_reset(rescore);
	qd_hnsw_scan_report(scan, &earlier);
	remember_looked_at(s);
	MemoryContextReset(context);
	memset(s, 0, sizeof(*s));
	s->next_probe = PROBE_ROWS;
	s->context = context;
	s->rescore = rescore;
	s->earlier = earlier;
}

/*
 * The prepared query in the current context; NULL for NULL.  Without ORDER BY it
 * is the center of a sphere.
 */
static qd_query *
prepare_query(IndexScanDesc scan, HnswScan *s)
{
	qd_codec   *codec = qd_hnsw_codec_copy(scan->indexRelation);
	qd_query   *query;
	QdElement	element = qd_hnsw_index(scan->indexRelation)->layout.element;
	QdValue    *value = palloc(sizeof(QdValue));
	struct varlena *v = NULL;

	if (scan->numberOfOrderBys > 0)
	{
		if (scan->orderByData[0].sk_flags & SK_ISNULL)
			return NULL;
		v = PG_DETOAST_DATUM_COPY(scan->orderByData[0].sk_argument);
	}
	qd_range_of_keys(scan, codec->metric, &v, &s->range);
	if (v == NULL)
		return NULL;
	*value = qd_value(element, PointerGetDatum(v));
	if (value->dim != codec->dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("different vector dimensions %u and %u", codec->dim,
						value->dim)));
	query = palloc(sizeof(qd_query));
	qd_query_init(query, codec,
				  qd_value_floats(element, value,
								  palloc(value->dim * sizeof(float))),
				  palloc(qd_codec_work(codec->dim) * sizeof(float)),
				  palloc(qd_query_memory(codec)));
	s->value = value;
	return query;
}

/* The rows that the filters admit, by payload indexes; NULL: none serves. */
static const QdAdmission *
ask_indexes(IndexScanDesc scan, HnswScan *s)
{
	QdKnownFilter *known = s->known;
	QdAdmission *admission;
	MemoryContext built;
	MemoryContext caller;

	s->has_asked = true;
	if (known == NULL)
		return qd_admission_build(scan);
	if (known->admission != NULL || known->unserved)
		return known->admission;
	built = qd_known_filter_begin();
	caller = MemoryContextSwitchTo(built);
	admission = qd_admission_build(scan);
	MemoryContextSwitchTo(caller);
	known->unserved = admission == NULL;
	if (admission == NULL)
	{
		MemoryContextDelete(built);
		return NULL;
	}
	qd_known_filter_keep(known, built);
	known->admission = admission;
	if (!admission->lossy)
		known->expected = admission->n;
	return admission;
}

/* Do payload indexes say, or what is known, that few rows pass? */
static bool
few_pass(IndexScanDesc scan, HnswScan *s)
{
	QdHnswMeta	meta;
	double		rows;
	double		expected;

	qd_hnsw_meta_read(scan->indexRelation, &meta);
	rows = meta.live + (double) meta.extra_rows +
		(double) (meta.fresh_hi - meta.fresh_lo) *
		meta.layout.fresh_per_page;
	expected = s->known == NULL ? -1 : s->known->expected;
	if (expected < 0)
		expected = qd_admission_estimate(scan, rows);
	if (s->known != NULL)
		s->known->expected = expected;
	return qd_candidates_few_pass(expected, rows, meta.next_vid);
}

/* The rows that the known filter admits, packed, once they were used before. */
static const QdPacked *
packed_rows(IndexScanDesc scan, HnswScan *s)
{
	QdKnownFilter *known = s->known;
	QdPacked   *packed = NULL;
	MemoryContext built;
	MemoryContext caller;
	QdHnswMeta	meta;

	if (known == NULL || known->admission == NULL || known->packed != NULL ||
		known->unpackable)
		return known == NULL ? NULL : known->packed;
	qd_hnsw_meta_read(scan->indexRelation, &meta);
	if (!known->admission->lossy &&
		qd_packed_bytes(&meta.layout, known->admission->n) <=
		qd_known_filter_most_bytes() &&
		qd_candidates_pack(&meta, known->admission->n, s->ef))
	{
		built = qd_known_filter_begin();
		caller = MemoryContextSwitchTo(built);
		packed = qd_packed_build(scan->indexRelation, known->admission,
								 qd_known_filter_most_bytes());
		MemoryContextSwitchTo(caller);
		if (packed == NULL)
			MemoryContextDelete(built);
		else
			qd_known_filter_keep(known, built);
	}
	known->packed = packed;
	known->unpackable = packed == NULL;
	return known->packed;
}

static void
report_admission(HnswScan *s, const QdAdmission *admission)
{
	if (admission == NULL)
		return;
	s->report.has_admitted = true;
	s->report.admitted = admission->n;
}

static void
begin_candidates(IndexScanDesc scan, HnswScan *s)
{
	Relation	index = scan->indexRelation;
	const qd_query *query = prepare_query(scan, s);

	s->known = s->has_filters ? qd_known_filter(scan, s->context) : NULL;
	s->packed = packed_rows(scan, s);
	if (s->packed != NULL)
	{
		s->has_asked = true;
		report_admission(s, s->known->admission);
		s->candidates = qd_candidates_begin_packed(index, query, s->ef,
												   s->packed,
												   s->known->looked_at);
		return;
	}
	if (s->has_filters &&
		((s->known != NULL && s->known->admission != NULL) || few_pass(scan, s)))
		s->admission = ask_indexes(scan, s);
	report_admission(s, s->admission);
	s->candidates = s->admission == NULL ?
		qd_candidates_begin(index, query, s->ef) :
		qd_candidates_begin_admitted(index, query, s->ef, s->admission);
}

/* Then no row satisfies all conditions. */
static bool
has_null_key(IndexScanDesc scan)
{
	for (int i = 0; i < scan->numberOfKeys; i++)
		if (scan->keyData[i].sk_flags & SK_ISNULL)
			return true;
	return false;
}

static void
start(IndexScanDesc scan, HnswScan *s)
{
	MemoryContext caller;

	if (scan->numberOfOrderBys == 0 &&
		(scan->numberOfKeys == 0 || !qd_range_is_key(&scan->keyData[0])))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("index \"%s\" cannot be scanned without ORDER BY",
						RelationGetRelationName(scan->indexRelation))));
	if (!IsMVCCSnapshot(scan->xs_snapshot))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("access method \"qdrant_hnsw\" supports only MVCC snapshots")));
	qd_count_index_scan(scan);
	s->report.searches = 1;
	if (s->rescore == NULL)
	{
		caller = MemoryContextSwitchTo(GetMemoryChunkContext(s));
		s->rescore = qd_rescore_begin(scan);
		MemoryContextSwitchTo(caller);
	}
	caller = MemoryContextSwitchTo(s->context);
	s->ef = qd_guc_ef_search;
	s->ended = has_null_key(scan);
	/* keys are in the order of columns */
	s->has_filters = scan->numberOfKeys > 0 &&
		!qd_range_is_key(&scan->keyData[scan->numberOfKeys - 1]);
	if (!s->ended)
	{
		qd_rescore_set_filters(s->rescore);
		begin_candidates(scan, s);
		s->ended = s->range.empty;
	}
	MemoryContextSwitchTo(caller);
	s->started = true;
}

/* Whether the scan may look at one more candidate, or at another round. */
static bool
may_go_on(const HnswScan *s, bool next_round)
{
	if (qd_guc_iterative_scan == QD_ITERATIVE_OFF)
		return s->report.rescored < s->ef;
	return !next_round || qd_guc_max_scan_tuples == 0 ||
		s->report.rescored < qd_guc_max_scan_tuples;
}

static void
keep_exact(HnswScan *s, ExactRow row)
{
	if (s->n_exact == s->room)
	{
		s->room = Max(2 * s->room, 32);
		s->exact = s->exact == NULL ?
			palloc(s->room * sizeof(ExactRow)) :
			repalloc_huge(s->exact, s->room * sizeof(ExactRow));
	}
	exact_heap_push(s->exact, &s->n_exact, row);
}

/*
 * Inner products near zero are sums of far larger parts, and as wrong as those:
 * by less than codes are.  The executor looks again.
 */
static inline float
radius_error(const HnswScan *s)
{
	return s->range.inexact ? s->error : 0;
}

/* False when it is no row that the filters admit. */
static bool
rescore(HnswScan *s, ItemPointer tid)
{
	ExactRow	row;
	QdRescored	result;

	s->report.rescored++;
	result = qd_rescore_row(s->rescore, tid, s->value, &row.distance);
	s->seen += result != QD_ROW_GONE;
	s->passed += result == QD_ROW_FOUND;
	s->report.rejected += result == QD_ROW_REJECTED;
	if (result != QD_ROW_FOUND)
	{
		if (s->known != NULL)
			s->known->rejected++;
		return false;
	}
	row.tid = *tid;
	if (row.distance <= s->range.radius + radius_error(s))
		keep_exact(s, row);
	return true;
}

/* All admitted rows that were no candidates yet; then there is no other. */
static void
rescore_admitted(HnswScan *s)
{
	ItemPointerData tid;

	s->ended = true;
	s->report.ways |= QD_WAY_EXACT;
	/* nothing is known of their codes: the executor decides on all of them */
	if (s->range.inexact)
		s->range.radius = INFINITY;
	ItemPointerSetInvalid(&tid);
	while (qd_admission_next(s->admission, &tid))
	{
		CHECK_FOR_INTERRUPTS();
		if (!qd_candidates_seen(s->candidates, &tid))
			rescore(s, &tid);
	}
}

/*
 * Can the candidate, or one after it, be within the range?  Twice the error,
 * since what comes after it is not returned at all.
 */
static bool
may_be_within(HnswScan *s)
{
	s->error = Max(s->error, s->candidate.error);
	return !s->range.bounded ||
		s->candidate.distance - 2 * s->error <= s->range.radius;
}

/*
 * The next candidate; none when it is outside of the range.  What the graph has
 * missed within, a sweep finds: its cost is small against that of a scan
 * without bounds, which would look at every row in the heap.
 */
static bool
next_candidate(HnswScan *s, bool next_round)
{
	do
	{
		if (!qd_candidates_next(s->candidates, next_round, &s->candidate))
			return false;
		if (may_be_within(s))
			return true;
	} while (qd_guc_complete_ranges && qd_candidates_sweep_rest(s->candidates));
	s->ended = true;
	s->report.ended_early = true;
	return false;
}

/* Looks at the next candidate. */
static bool
peek(HnswScan *s, bool next_round)
{
	if (s->has_candidate)
		return true;
	if (s->ended || !may_go_on(s, next_round))
		return false;
	s->has_candidate = next_candidate(s, next_round);
	if (!s->has_candidate && qd_candidates_gave_up(s->candidates))
		rescore_admitted(s);
	return s->has_candidate;
}

/*
 * Has this session rejected so many rows for the filter that payload indexes
 * would have been cheaper?  If it goes on like this, they will be.
 */
static bool
pays_by_now(const HnswScan *s)
{
	return s->known != NULL && !s->known->unserved &&
		s->passed < PAYS_SHARE * s->seen &&
		qd_candidates_pays(s->known->rejected,
						   (double) s->passed / s->seen *
						   qd_candidates_rows(s->candidates));
}

/* When few rows pass, payload indexes tell which. */
static void
probe(IndexScanDesc scan, HnswScan *s)
{
	if (!s->has_filters || s->has_asked || s->seen < s->next_probe)
		return;
	s->next_probe = 2 * s->seen;
	if (!qd_candidates_few_pass(s->passed, s->seen,
								qd_candidates_rows(s->candidates)) &&
		!pays_by_now(s))
		return;
	s->admission = ask_indexes(scan, s);
	report_admission(s, s->admission);
	if (s->admission != NULL &&
		!qd_candidates_admit(s->candidates, s->admission))
		rescore_admitted(s);
}

/* The nearest row not returned yet. */
static bool
next_exact(IndexScanDesc scan, HnswScan *s, ExactRow *row)
{
	for (;;)
	{
		/* a new round only when there is nothing left of this one */
		bool		more = peek(s, s->n_exact == 0);

		if (s->n_exact > 0 &&
			(!more || s->exact[0].distance <=
			 s->candidate.distance - s->candidate.error))
		{
			*row = exact_heap_pop(s->exact, &s->n_exact);
			return true;
		}
		if (!more)
			return false;
		s->has_candidate = false;
		if (!rescore(s, &s->candidate.tid) && s->packed != NULL)
			qd_packed_drop(s->known->packed, s->candidate.packed);
		probe(scan, s);
	}
}

bool
qd_hnsw_get_tuple(IndexScanDesc scan, ScanDirection dir)
{
	HnswScan   *s = scan->opaque;
	MemoryContext caller;
	ExactRow	row;
	bool		found;
	int64		visits = qd_hnsw_visits;

	if (dir != ForwardScanDirection)
		elog(ERROR, "access method \"qdrant_hnsw\" scans only forward");
	if (!s->started)
		start(scan, s);

	caller = MemoryContextSwitchTo(s->context);
	do
	{
		found = next_exact(scan, s, &row);
	} while (found && qd_guc_iterative_scan == QD_ITERATIVE_STRICT &&
			 s->report.returned > 0 && row.distance < s->last_distance);
	MemoryContextSwitchTo(caller);
	s->report.pages += qd_hnsw_visits - visits;
	if (!found)
		return false;

	s->report.returned++;
	s->last_distance = row.distance;
	scan->xs_heaptid = row.tid;
	qd_rescore_hand_over(scan, &row.tid);
	/*
	 * Filters were evaluated on the row that the snapshot sees; a radius is
	 * only known to about a float here.
	 */
	scan->xs_recheck = scan->numberOfKeys > 0 &&
		qd_range_is_key(&scan->keyData[0]);
	scan->xs_recheckorderby = false;
	return true;
}

void
qd_hnsw_scan_report(IndexScanDesc scan, QdScanReport *report)
{
	const HnswScan *s = scan->opaque;

	*report = s->earlier;
	qd_report_add(report, &s->report);
	if (s->candidates != NULL)
		qd_candidates_report(s->candidates, report);
}

void
qd_hnsw_end_scan(IndexScanDesc scan)
{
	HnswScan   *s = scan->opaque;
	QdScanReport report;

	qd_hnsw_scan_report(scan, &report);
	if (report.searches > 0)
		qd_report_keep(scan->indexRelation, &report);
	if (s->rescore != NULL)
		qd_rescore_end(s->rescore);
	remember_looked_at(s);
	MemoryContextDelete(s->context);
	pfree(s);
	scan->opaque = NULL;
}
