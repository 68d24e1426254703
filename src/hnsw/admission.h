/*
 * admission.h
 *		The rows that a scan's filters may admit, by the table's payload
 *		indexes: a set of TIDs.  It holds every row that the filters admit, and
 *		maybe others, so the heap still decides.
 */
#ifndef QD_HNSW_ADMISSION_H
#define QD_HNSW_ADMISSION_H

#include "postgres.h"

#include "access/genam.h"
#include "storage/itemptr.h"

#include "payload/filter.h"

/* Words of a page's offsets; its first one is their number. */
#define QD_ADMITS_NONE	0
#define QD_ADMITS_ALL	PG_UINT32_MAX	/* the bitmap was out of memory */

typedef struct QdAdmission
{
	uint32	   *pages;			/* by heap block: where its words stand */
	BlockNumber n_pages;
	uint64	   *words;
	Size		n_words;
	Size		room;
	uint64		n;				/* TIDs */
	bool		lossy;			/* some pages admit all */
} QdAdmission;

/*
 * In the current context; NULL when no payload index serves any of the scan's
 * filters.
 */
extern QdAdmission *qd_admission_build(IndexScanDesc scan);

/*
 * About how many of the table's rows the scan's filters admit, by the lengths
 * of posting lists; all rows when no payload index serves any.
 */
extern double qd_admission_estimate(IndexScanDesc scan, double rows);

/*
 * Would it, for this filter (NULL: one not known yet), by these indexes, a
 * list of Relation?
 */
extern bool qd_admission_possible(const qd_filter *filter, List *indexes);

static inline bool
qd_admission_has(const QdAdmission *a, const ItemPointerData *tid)
{
	BlockNumber block = ItemPointerGetBlockNumberNoCheck(tid);
	OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(tid);
	uint32		at = block < a->n_pages ? a->pages[block] : QD_ADMITS_NONE;

	if (at == QD_ADMITS_NONE || at == QD_ADMITS_ALL)
		return at == QD_ADMITS_ALL;
	return offset / 64 < a->words[at] &&
		((a->words[at + 1 + offset / 64] >> (offset % 64)) & 1);
}

/*
 * The first TID after the given one, in the order of the heap; false behind
 * the last.  Start with an invalid one.  Not for a lossy set.
 */
extern bool qd_admission_next(const QdAdmission *a, ItemPointer tid);

#endif							/* QD_HNSW_ADMISSION_H */
