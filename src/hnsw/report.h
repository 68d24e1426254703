/*
 * report.h
 *		What an index scan did: qdrant.last_scan(), and EXPLAIN where it can.
 */
#ifndef QD_HNSW_REPORT_H
#define QD_HNSW_REPORT_H

#include "postgres.h"

#include "access/relscan.h"

/* Bits of QdScanReport.ways: how rows were found. */
#define QD_WAY_FRESH	0x01	/* there was no graph: all fresh rows */
#define QD_WAY_GRAPH	0x02
#define QD_WAY_SWEEP	0x04	/* all codes, in page order */
#define QD_WAY_EXACT	0x08	/* admitted rows, one by one in the heap */
#define QD_WAY_KEPT		0x10	/* codes of admitted rows kept in memory */

typedef struct QdScanReport
{
	int			ways;
	int64		searches;		/* executions; more than one in a nested loop */
	int64		expanded;		/* vertices whose links were followed */
	int64		distances;		/* of codes */
	int64		fresh;			/* of those: rows of the fresh region */
	int64		rescored;		/* rows looked at in the heap */
	int64		rejected;		/* of those: by filters */
	int64		returned;
	int64		pages;			/* of the index, visited */
	int64		admitted;		/* rows that payload indexes let pass */
	bool		has_admitted;	/* they were asked */
	bool		ended_early;	/* nothing else could be within the radius */
} QdScanReport;

extern void qd_report_add(QdScanReport *sum, const QdScanReport *part);

/* Keeps it for qdrant.last_scan(). */
extern void qd_report_keep(Relation index, const QdScanReport *report);

/* Of a scan that has begun, up to now (scan.c). */
extern void qd_hnsw_scan_report(IndexScanDesc scan, QdScanReport *report);

/* Lines of EXPLAIN; called once, at load.  Does nothing before 18. */
extern void qd_report_init(void);

#endif							/* QD_HNSW_REPORT_H */
