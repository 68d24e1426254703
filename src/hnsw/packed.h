/*
 * packed.h
 *		Admitted rows with their codes, one after another in memory: what a
 *		backend that meets a filter again compares instead of pages.
 */
#ifndef QD_HNSW_PACKED_H
#define QD_HNSW_PACKED_H

#include "postgres.h"

#include "hnsw/admission.h"
#include "hnsw/hnsw.h"
#include "quantization/coarse.h"

typedef struct QdPacked
{
	uint32		n;
	uint32		room;
	uint32		stride;			/* bytes from code to code */
	ItemPointerData *tids;		/* invalid: found not to be a result */
	qd_code_head *heads;
	uint8	   *codes;			/* as vertices store them */

	Size		coarse_bytes;	/* of a coarse code, or 0: there are none */
	qd_coarse_row *coarse_rows;
	uint8	   *coarse_codes;
} QdPacked;

/* Memory that so many rows take, about. */
extern Size qd_packed_bytes(const QdHnswLayout *layout, double rows);

/*
 * All rows of the index that the set admits, from the fresh region and the
 * graph (some in both), in the current context, the caller's to delete; NULL
 * when they take more than the given memory.
 */
extern QdPacked *qd_packed_build(Relation index, const QdAdmission *admission,
								 Size most_bytes);

/*
 * The row is none that filters admit, or none that can be seen: whoever shares
 * the rows need not look at it any more.
 */
static inline void
qd_packed_drop(QdPacked *p, uint32 row)
{
	ItemPointerSetInvalid(&p->tids[row]);
}

#endif							/* QD_HNSW_PACKED_H */
