/*
 * qdrant_pg.c
 *		Module load: settings and the choice of kernels, nothing else.
 */
#include "compat.h"

#include "guc.h"
#include "distance/distance.h"
#include "hnsw/hnsw.h"
#include "hnsw/report.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	qd_distance_choose();
	qd_guc_init();
	qd_hnsw_options_init();
	qd_report_init();
}
