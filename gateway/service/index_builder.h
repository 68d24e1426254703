/*
 * index_builder.h
 *		One thread that builds the vector indexes that a change of a collection
 *		asks for: CONCURRENTLY, outside of every request.
 *
 * What waits to be built stands in the catalog (qdrant.pending_indexes), so
 * nothing is lost when the process ends; what a build that was cut short left
 * behind is dropped before the first one.
 */
#ifndef QG_INDEX_BUILDER_H
#define QG_INDEX_BUILDER_H

#include <stdbool.h>

struct config;

/* Once; looks for work at once.  False, with a logged error: no thread. */
extern bool index_builder_start(const struct config *c);

/* There is work; from any thread. */
extern void index_builder_wake(void);

/* Cancels what is being built and ends the thread. */
extern void index_builder_stop(void);

#endif							/* QG_INDEX_BUILDER_H */
