/*
 * budget.h
 *		How many bytes all requests of the process hold: arenas and bodies.
 *
 * Who is about to read more of a body asks budget_left() and refuses the
 * request (503, RESOURCE_EXHAUSTED) when it is gone; allocations themselves
 * are counted, never refused, so that requests which got in can finish.
 */
#ifndef QG_BUDGET_H
#define QG_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

/* Once, before the threads start; 512 MiB unless called. */
extern void budget_set_limit(size_t limit);
extern void budget_take(size_t n);
extern void budget_give(size_t n);
extern size_t budget_used(void);

/* True while n more bytes stay within the limit. */
extern bool budget_left(size_t n);

/* True when little is left: who waits for a peer that stands still gives up. */
extern bool budget_pressed(void);

#endif							/* QG_BUDGET_H */
