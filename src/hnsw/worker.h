/*
 * worker.h
 *		The background worker that merges fresh rows of one index.
 */
#ifndef QD_HNSW_WORKER_H
#define QD_HNSW_WORKER_H

#include "hnsw/hnsw.h"

/*
 * Asks for a worker for the index; false when none can be had: the caller then
 * does a share of the merging.  True also when one was asked for already.
 */
extern bool qd_hnsw_worker_start(Relation index);

/* A worker was asked for so recently that it may not have come yet. */
extern bool qd_hnsw_worker_was_asked(const QdHnswMeta *meta);

/* Notes in META that a worker has been asked for. */
extern void qd_hnsw_worker_note_asked(Relation index);

/* A worker of the index lives: it merges, or waits for more. */
extern bool qd_hnsw_worker_is_there(Relation index);

/*
 * Called now and then by a merge that takes long, with nothing locked but the
 * merge lock: serves interrupts, and in a worker raises an error when somebody
 * waits for the index or the database.
 */
extern void qd_hnsw_worker_yield(void);

#endif							/* QD_HNSW_WORKER_H */
