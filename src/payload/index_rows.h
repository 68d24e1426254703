/*
 * index_rows.h
 *		The rows that satisfy a filter, found by payload indexes.
 */
#ifndef QD_INDEX_ROWS_H
#define QD_INDEX_ROWS_H

#include "postgres.h"

#include "nodes/pg_list.h"
#include "utils/relcache.h"

#include "payload/filter.h"
#include "payload/row_visibility.h"

/*
 * The payload indexes on a column that a snapshot taken now may use: single
 * columns, of all rows, built.  A list of Relation, opened and locked.
 */
extern List *qd_payload_indexes_open(Relation heap, AttrNumber column);
extern void qd_payload_indexes_close(List *indexes);

/*
 * The rows among which are all that the snapshot sees and the filter admits;
 * of these it sees, the filter admits all: visibility is not looked at, but
 * where the indexes are not sure the rows are.  In the current context; NULL
 * when the indexes serve no part of the filter.
 */
extern qd_row_set *qd_index_rows(List *indexes, AttrNumber column,
								 const qd_filter *filter, qd_visibility *v);

/*
 * filter_selectivity.c: the share of rows that the filter admits by posting
 * counts alone; false when some condition is served by no index.
 */
extern bool qd_indexes_share(List *indexes, double rows,
							 const qd_filter *filter, double *share);

#endif							/* QD_INDEX_ROWS_H */
