/*
 * budget.c
 *		The process-wide sum of request memory: one atomic counter.
 */
#include "core/budget.h"

#include <stdatomic.h>

static atomic_size_t used;
static size_t limit = (size_t) 512 << 20;

void
budget_set_limit(size_t bytes)
{
	limit = bytes;
}

void
budget_take(size_t n)
{
	atomic_fetch_add_explicit(&used, n, memory_order_relaxed);
}

void
budget_give(size_t n)
{
	atomic_fetch_sub_explicit(&used, n, memory_order_relaxed);
}

size_t
budget_used(void)
{
	return atomic_load_explicit(&used, memory_order_relaxed);
}

bool
budget_left(size_t n)
{
	size_t		now = budget_used();

	return now <= limit && n <= limit - now;
}

bool
budget_pressed(void)
{
	return budget_used() > limit - limit / 4;
}
