/*
 * guc.c
 *		Settings of the extension, in alphabetical order.
 */
#include "compat.h"

#include <limits.h>

#include "utils/guc.h"

#include "distance/distance.h"
#include "guc.h"

bool		qd_guc_complete_ranges = true;
int			qd_guc_ef_search = 64;
int			qd_guc_filter_cache = 16384;
bool		qd_guc_fresh_worker = true;
int			qd_guc_iterative_scan = QD_ITERATIVE_RELAXED;
int			qd_guc_max_scan_tuples = 0;

static int	simd = QD_SIMD_AUTO;

static const struct config_enum_entry iterative_scan_options[] = {
	{"off", QD_ITERATIVE_OFF, false},
	{"relaxed_order", QD_ITERATIVE_RELAXED, false},
	{"strict_order", QD_ITERATIVE_STRICT, false},
	{NULL, 0, false}
};

static const struct config_enum_entry simd_options[] = {
	{"auto", QD_SIMD_AUTO, false},
	{"scalar", QD_SIMD_SCALAR, false},
	{"avx2", QD_SIMD_AVX2, false},
	{"avx512", QD_SIMD_AVX512, false},
	{"neon", QD_SIMD_NEON, false},
	{NULL, 0, false}
};

static bool
simd_check(int *newval, void **extra, GucSource source)
{
	if (qd_distance_supported((qd_simd_level) *newval))
		return true;
	GUC_check_errmsg("this machine does not run the instruction set");
	return false;
}

static void
simd_assign(int newval, void *extra)
{
	qd_distance_choose_level((qd_simd_level) newval);
}

void
qd_guc_init(void)
{
	DefineCustomBoolVariable("qdrant_pg.complete_ranges",
							 "Whether a search within a distance looks at all codes before it ends.",
							 "Without, it finds what a search of the graph for as many rows finds.",
							 &qd_guc_complete_ranges, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("qdrant_pg.ef_search",
							"Size of the candidate list of a search in a vector index.",
							"Larger values find more of the nearest rows and take longer.",
							&qd_guc_ef_search, 64, 1, 10000,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("qdrant_pg.filter_cache",
							"Memory in which a session keeps the rows that filters of its searches admit.",
							"They serve as long as no transaction ends and the session writes nothing; 0 turns it off.",
							&qd_guc_filter_cache, 16384, 0, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomBoolVariable("qdrant_pg.fresh_worker",
							 "Lets a background worker merge new rows into a vector index.",
							 "Without it those who insert do the merging.",
							 &qd_guc_fresh_worker, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("qdrant_pg.iterative_scan",
							 "What a vector index scan does when its first candidates do not suffice.",
							 "relaxed_order goes on and may return later rows slightly out of order, "
							 "strict_order goes on and leaves such rows out, off stops.",
							 &qd_guc_iterative_scan, QD_ITERATIVE_RELAXED,
							 iterative_scan_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("qdrant_pg.max_scan_tuples",
							"Rows after which an iterative scan stops; 0 means no bound.",
							NULL,
							&qd_guc_max_scan_tuples, 0, 0, INT_MAX,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("qdrant_pg.simd",
							 "Instruction set of the distance kernels.",
							 "For tests: auto takes the best this machine runs.",
							 &simd, QD_SIMD_AUTO, simd_options,
							 PGC_USERSET, GUC_NOT_IN_SAMPLE,
							 simd_check, simd_assign, NULL);
	MarkGUCPrefixReserved("qdrant_pg");
}
