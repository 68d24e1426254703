/*
 * collector.h
 *		The nearest of many rows in bounded memory, in order, pass by pass.
 */
#ifndef QD_HNSW_COLLECTOR_H
#define QD_HNSW_COLLECTOR_H

#include "postgres.h"

#include "storage/itemptr.h"

/* A row by its code: a vertex, or a slot of the fresh region. */
typedef struct QdCodeRow
{
	float		distance;
	float		error;			/* of the distance; fresh rows only */
	bool		fresh;
	uint32		vid;			/* vertices */
	ItemPointerData tid;		/* fresh rows */
} QdCodeRow;

/*
 * A pass adds every row; what does not fit is dropped from the far end, and
 * the next pass keeps only what comes after the last row taken.
 */
typedef struct QdCollector
{
	QdCodeRow  *rows;			/* a min-heap once sealed */
	Size		n;
	Size		room;
	Size		most;			/* rows that may be kept */
	bool		dropped;		/* another pass is needed for the rest */
	bool		bounded;		/* limit is set */
	QdCodeRow	limit;			/* rows not before it are dropped */
	bool		resumed;		/* last is set */
	QdCodeRow	last;			/* rows up to it were taken in earlier passes */
} QdCollector;

extern void qd_collector_init(QdCollector *c, Size memory);
extern void qd_collector_add(QdCollector *c, const QdCodeRow *row);

/* Ends a pass: from now on rows are taken, nearest first. */
extern void qd_collector_seal(QdCollector *c);
extern const QdCodeRow *qd_collector_peek(const QdCollector *c);
extern QdCodeRow qd_collector_take(QdCollector *c);

/* Begins the next pass after the last row taken. */
extern void qd_collector_restart(QdCollector *c);

#endif							/* QD_HNSW_COLLECTOR_H */
