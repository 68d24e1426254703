/*
 * helper.h
 *		One thread for what blocks: cancelling a query (PQcancel).
 *
 * A seam: any layer may hand it a job.
 */
#ifndef QG_HELPER_H
#define QG_HELPER_H

#include <stdbool.h>

struct worker;

/* Once, before the workers start; and after they ended. */
extern bool helper_start(void);
extern void helper_stop(void);

/*
 * Runs job(arg) on the helper thread, then done(arg) on w's thread.  done may
 * be NULL.  Jobs run in order, one at a time.  arg must outlive both.
 */
extern void helper_run(struct worker *w, void (*job) (void *arg),
					   void (*done) (void *arg), void *arg);

#endif							/* QG_HELPER_H */
