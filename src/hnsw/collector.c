/*
 * collector.c
 *		See collector.h.  While a pass runs, rows stand unordered; when they
 *		reach twice the allowed number, the farther half goes (quickselect), so
 *		that a row costs O(1) on average.
 */
#include "compat.h"

#include "utils/memutils.h"

#include "hnsw/collector.h"
#include "hnsw/tid_set.h"

#define FIRST_ROOM	256
#define LEAST_ROWS	1024		/* of memory, however small the limit */
#define GROWTH		16			/* of a pass over the one before */

/* A total order, so that a pass can go on after any row. */
static inline bool
row_before(const QdCodeRow *a, const QdCodeRow *b)
{
	if (a->distance != b->distance)
		return a->distance < b->distance;
	if (a->fresh != b->fresh)
		return a->fresh;
	if (!a->fresh)
		return a->vid < b->vid;
	return qd_tid_key(&a->tid) < qd_tid_key(&b->tid);
}

#define HEAP_PREFIX		row_heap
#define HEAP_ELEMENT	QdCodeRow
#define HEAP_LESS(a, b)	row_before(a, b)
#include "hnsw/heap_template.h"

void
qd_collector_init(QdCollector *c, Size first_rows, Size memory)
{
	memset(c, 0, sizeof(*c));
	/* twice that while a pass runs */
	c->limit_rows = Max(memory / sizeof(QdCodeRow) / 2, LEAST_ROWS);
	c->most = Min(first_rows, c->limit_rows);
}

static inline void
swap_rows(QdCodeRow *a, QdCodeRow *b)
{
	QdCodeRow	t = *a;

	*a = *b;
	*b = t;
}

/* Puts the k first rows of n in front (Hoare's selection). */
static void
select_first(QdCodeRow *a, Size n, Size k)
{
	int64		lo = 0;
	int64		hi = (int64) n - 1;

	while (lo < hi)
	{
		QdCodeRow	pivot = a[lo + (hi - lo) / 2];
		int64		i = lo;
		int64		j = hi;

		while (i <= j)
		{
			while (row_before(&a[i], &pivot))
				i++;
			while (row_before(&pivot, &a[j]))
				j--;
			if (i <= j)
				swap_rows(&a[i++], &a[j--]);
		}
		if ((int64) k <= j)
			hi = j;
		else if ((int64) k >= i)
			lo = i;
		else
			break;
	}
}

/* Keeps the nearest ones. */
static void
drop_far_rows(QdCollector *c)
{
	select_first(c->rows, c->n, c->most);
	c->bound = c->rows[c->most];
	for (Size i = c->most + 1; i < c->n; i++)
		if (row_before(&c->rows[i], &c->bound))
			c->bound = c->rows[i];
	c->n = c->most;
	c->bounded = true;
	c->dropped = true;
}

void
qd_collector_add(QdCollector *c, const QdCodeRow *row)
{
	if (c->resumed && !row_before(&c->last, row))
		return;
	if (c->bounded && !row_before(row, &c->bound))
		return;
	if (c->n == c->room)
	{
		c->room = c->rows == NULL ? FIRST_ROOM : Min(2 * c->room, 2 * c->most);
		c->rows = c->rows == NULL ?
			palloc(c->room * sizeof(QdCodeRow)) :
			repalloc_huge(c->rows, c->room * sizeof(QdCodeRow));
	}
	c->rows[c->n++] = *row;
	if (c->n == 2 * c->most)
		drop_far_rows(c);
}

void
qd_collector_seal(QdCollector *c)
{
	row_heap_build(c->rows, c->n);
}

const QdCodeRow *
qd_collector_peek(const QdCollector *c)
{
	return c->n > 0 ? &c->rows[0] : NULL;
}

QdCodeRow
qd_collector_take(QdCollector *c)
{
	c->last = row_heap_pop(c->rows, &c->n);
	c->resumed = true;
	return c->last;
}

void
qd_collector_restart(QdCollector *c, bool with_first)
{
	c->resumed = !with_first;
	c->n = 0;
	c->dropped = false;
	c->bounded = false;
	c->most = Min(c->most * GROWTH, c->limit_rows);
}
