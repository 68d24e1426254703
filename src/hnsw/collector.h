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
 * the next pass keeps only what comes after the last row taken (or, if asked,
 * all again).  Most scans
 * take a few rows, so the first pass keeps few (adding is then one comparison
 * for most rows), and later ones more and more, up to the memory limit.
 */
typedef struct QdCollector
{
	QdCodeRow  *rows;			/* a min-heap once sealed */
	Size		n;
	Size		room;
	Size		most;			/* rows that this pass may keep */
	Size		limit_rows;		/* and the last one, by memory */
	bool		dropped;		/* another pass is needed for the rest */
	bool		bounded;		/* bound is set */
	QdCodeRow	bound;			/* rows not before it are dropped */
	bool		resumed;		/* last is set */
	QdCodeRow	last;			/* rows up to it were taken in earlier passes */
} QdCollector;

extern void qd_collector_init(QdCollector *c, Size first_rows, Size memory);
extern void qd_collector_add(QdCollector *c, const QdCodeRow *row);

/* False when a row at that distance would be dropped anyway. */
static inline bool
qd_collector_wants(const QdCollector *c, float distance)
{
	return !c->bounded || distance <= c->bound.distance;
}

/* Ends a pass: from now on rows are taken, nearest first. */
extern void qd_collector_seal(QdCollector *c);
extern const QdCodeRow *qd_collector_peek(const QdCollector *c);
extern QdCodeRow qd_collector_take(QdCollector *c);

/* Begins the next pass, after the last row taken or with the first. */
extern void qd_collector_restart(QdCollector *c, bool with_first);

#endif							/* QD_HNSW_COLLECTOR_H */
