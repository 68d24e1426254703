/*
 * admission_cache.h
 *		What this backend knows of filters that it has met: the rows that they
 *		admit, and in the end those rows' codes.
 *
 * A set of rows stays right as long as the same rows can be seen.  So an entry
 * goes with a snapshot, and serves only snapshots that see the same: no
 * transaction has ended in between, and the current one has written nothing.
 * How many rows a filter admits is remembered beyond that, as an estimate.
 */
#ifndef QD_HNSW_ADMISSION_CACHE_H
#define QD_HNSW_ADMISSION_CACHE_H

#include "postgres.h"

#include "access/genam.h"

#include "hnsw/admission.h"
#include "hnsw/packed.h"

typedef struct QdFilterEntry QdFilterEntry;

/* The part of an entry that is right for the scan's snapshot. */
typedef struct QdKnownFilter
{
	QdFilterEntry *entry;
	double		expected;		/* rows that it admits, as far as known; < 0 */
	bool		unserved;		/* no payload index serves it */
	int64		rejected;		/* rows in the heap that it was evaluated on */
	QdAdmission *admission;		/* or NULL: not known yet */
	QdPacked   *packed;			/* or NULL: not packed yet */
	bool		unpackable;		/* they are too many */
	int64		looked_at;		/* rows, by the last scan of the packed ones */
} QdKnownFilter;

/*
 * What is known of the scan's filters; NULL when nothing may be kept for its
 * snapshot.  It stays as it is until the context, the scan's own, is reset.
 */
extern QdKnownFilter *qd_known_filter(IndexScanDesc scan, MemoryContext context);

/*
 * A context, of the current one's, for what is to be added to a known filter;
 * once that is whole, it is kept as long as the known filter is.
 */
extern MemoryContext qd_known_filter_begin(void);
extern void qd_known_filter_keep(QdKnownFilter *known, MemoryContext built);

/* Bytes that one entry's packed rows may take. */
extern Size qd_known_filter_most_bytes(void);

#endif							/* QD_HNSW_ADMISSION_CACHE_H */
