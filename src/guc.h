/*
 * guc.h
 *		Settings of the extension, all named qdrant_pg.*.
 */
#ifndef QD_GUC_H
#define QD_GUC_H

#include "postgres.h"

typedef enum qd_iterative_scan
{
	QD_ITERATIVE_OFF,
	QD_ITERATIVE_RELAXED,
	QD_ITERATIVE_STRICT
} qd_iterative_scan;

extern bool qd_guc_complete_ranges;
extern int	qd_guc_ef_search;
extern int	qd_guc_filter_cache;	/* kB; 0: none */
extern bool qd_guc_fresh_worker;
extern int	qd_guc_iterative_scan;	/* qd_iterative_scan */
extern int	qd_guc_max_scan_tuples; /* 0 = no bound */

/* Defines the settings; called once, at load. */
extern void qd_guc_init(void);

#endif							/* QD_GUC_H */
