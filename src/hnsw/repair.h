/*
 * repair.h
 *		Frees tombstones after no link leads to them any more.
 */
#ifndef QD_HNSW_REPAIR_H
#define QD_HNSW_REPAIR_H

#include "hnsw/hnsw.h"

/*
 * One sweep over all vertices; merge lock held.  May be cancelled at any point:
 * what is repaired stays so, and the next sweep starts over (quickly: repaired
 * vertices are only read).  Allocates in the current context.
 */
extern void qd_hnsw_repair(Relation index);

#endif							/* QD_HNSW_REPAIR_H */
