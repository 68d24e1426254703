/*
 * report.c
 *		qdrant.last_scan(), and lines of EXPLAIN ANALYZE where the server lets an
 *		extension add some.
 */
#include "compat.h"

#include "access/relation.h"
#include "commands/defrem.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "hnsw/hnsw.h"
#include "hnsw/report.h"

static QdScanReport last;
static Oid	last_index = InvalidOid;

void
qd_report_add(QdScanReport *sum, const QdScanReport *part)
{
	sum->ways |= part->ways;
	sum->searches += part->searches;
	sum->expanded += part->expanded;
	sum->distances += part->distances;
	sum->fresh += part->fresh;
	sum->rescored += part->rescored;
	sum->rejected += part->rejected;
	sum->returned += part->returned;
	sum->pages += part->pages;
	sum->admitted += part->admitted;
	sum->has_admitted |= part->has_admitted;
	sum->ended_early |= part->ended_early;
}

void
qd_report_keep(Relation index, const QdScanReport *report)
{
	last = *report;
	last_index = RelationGetRelid(index);
}

static char *
ways_text(int ways)
{
	static const char *const names[] = {"fresh", "graph", "sweep", "exact",
		"kept"};
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < lengthof(names); i++)
		if (ways & 1 << i)
			appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "", names[i]);
	return text.data;
}

#define LAST_SCAN_COLUMNS	12

QD_FUNCTION(qd_last_scan);
Datum
qd_last_scan(PG_FUNCTION_ARGS)
{
	TupleDesc	columns;
	Datum		values[LAST_SCAN_COLUMNS];
	bool		nulls[LAST_SCAN_COLUMNS] = {false};

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE ||
		columns->natts != LAST_SCAN_COLUMNS)
		elog(ERROR, "unexpected result type of qdrant.last_scan");
	if (!OidIsValid(last_index))
		PG_RETURN_NULL();
	values[0] = ObjectIdGetDatum(last_index);
	values[1] = CStringGetTextDatum(ways_text(last.ways));
	values[2] = Int64GetDatum(last.searches);
	values[3] = Int64GetDatum(last.expanded);
	values[4] = Int64GetDatum(last.distances);
	values[5] = Int64GetDatum(last.fresh);
	values[6] = Int64GetDatum(last.rescored);
	values[7] = Int64GetDatum(last.rejected);
	values[8] = Int64GetDatum(last.returned);
	values[9] = Int64GetDatum(last.pages);
	values[10] = Int64GetDatum(last.admitted);
	nulls[10] = !last.has_admitted;
	values[11] = BoolGetDatum(last.ended_early);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(columns, values, nulls)));
}

/*----------
 * EXPLAIN
 *----------
 */
#ifdef QD_HAS_EXPLAIN_HOOK
static explain_per_node_hook_type next_explain_hook;

static void
explain_report(const QdScanReport *r, ExplainState *es)
{
	ExplainPropertyText("Vector Search", ways_text(r->ways), es);
	ExplainPropertyInteger("Vertices Expanded", NULL, r->expanded, es);
	ExplainPropertyInteger("Codes Compared", NULL, r->distances, es);
	if (r->fresh > 0 || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyInteger("Fresh Rows Compared", NULL, r->fresh, es);
	ExplainPropertyInteger("Rows Rescored", NULL, r->rescored, es);
	if (r->rejected > 0 || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyInteger("Rows Rejected by Payload", NULL, r->rejected, es);
	if (r->has_admitted)
		ExplainPropertyInteger("Rows Admitted by Payload Indexes", NULL,
							   r->admitted, es);
	ExplainPropertyInteger("Index Pages Visited", NULL, r->pages, es);
	if (r->ended_early || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyBool("Ended At Radius", r->ended_early, es);
}

static void
explain_node(PlanState *node, List *ancestors, const char *relationship,
			 const char *plan_name, ExplainState *es)
{
	if (next_explain_hook)
		next_explain_hook(node, ancestors, relationship, plan_name, es);
	if (es->analyze && IsA(node, IndexScanState))
	{
		IndexScanDesc scan = ((IndexScanState *) node)->iss_ScanDesc;
		QdScanReport report;

		if (scan == NULL ||
			scan->indexRelation->rd_indam->amgettuple != qd_hnsw_get_tuple)
			return;
		qd_hnsw_scan_report(scan, &report);
		if (report.searches > 0)
			explain_report(&report, es);
	}
}

void
qd_report_init(void)
{
	next_explain_hook = explain_per_node_hook;
	explain_per_node_hook = explain_node;
}
#else
void
qd_report_init(void)
{
}
#endif
