/*
 * index_count.h
 *		What counting by payload indexes needs of a table.
 */
#ifndef QD_INDEX_COUNT_H
#define QD_INDEX_COUNT_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "payload/filter.h"
#include "payload/row_visibility.h"

/* A table whose rows are to be counted, and how. */
typedef struct qd_counting
{
	Relation	heap;			/* locked */
	AttrNumber	column;			/* its payload */
	bool		by_index;		/* the indexes may be used: all rows are the
								 * user's to see, and it is a plain table */
	List	   *indexes;		/* if so; of Relation */
	double		rows;			/* at the last VACUUM or ANALYZE */
} qd_counting;

extern void qd_counting_open(qd_counting *c, Oid relation);
extern void qd_counting_close(qd_counting *c);

/*
 * Are posting counts near the truth: a table not too small, most of it
 * all-visible, few insertions waiting in the list of pending ones?
 */
extern bool qd_counting_is_settled(const qd_counting *c);

/*
 * What follows FROM in a statement over the rows, called t, that the filter
 * $1 admits.
 */
extern char *qd_counting_source(const qd_counting *c, Oid filter_type);

/* Of a set of rows those that are seen. */
extern int64 qd_count_seen(const qd_row_set *rows, qd_visibility *v);

#endif							/* QD_INDEX_COUNT_H */
