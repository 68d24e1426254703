/*
 * choose.c
 *		Which kernels this machine runs.  __builtin_cpu_supports asks CPUID and
 *		XGETBV, so an operating system that does not save the wide registers
 *		gets the narrower kernels.
 */
#include "distance/distance.h"

qd_distance_table qd_distance;

bool
qd_distance_supported(qd_simd_level level)
{
	switch (level)
	{
		case QD_SIMD_AUTO:
		case QD_SIMD_SCALAR:
			return true;
#if defined(__x86_64__)
		case QD_SIMD_AVX2:
			return __builtin_cpu_supports("avx2") &&
				__builtin_cpu_supports("fma");
		case QD_SIMD_AVX512:
			return __builtin_cpu_supports("avx512f") &&
				__builtin_cpu_supports("avx512bw") &&
				__builtin_cpu_supports("avx512vl") &&
				__builtin_cpu_supports("avx512vnni");
#endif
#if defined(__aarch64__)
		case QD_SIMD_NEON:
			return true;
#endif
		default:
			return false;
	}
}

static const qd_distance_table *
table_of(qd_simd_level level)
{
	switch (level)
	{
#if defined(__x86_64__)
		case QD_SIMD_AVX2:
			return &qd_distance_avx2;
		case QD_SIMD_AVX512:
			return &qd_distance_avx512;
#endif
#if defined(__aarch64__)
		case QD_SIMD_NEON:
			return &qd_distance_neon;
#endif
		default:
			return &qd_distance_scalar;
	}
}

void
qd_distance_choose_level(qd_simd_level level)
{
	if (level == QD_SIMD_AUTO)
		level = QD_SIMD_LAST;
	while (!qd_distance_supported(level))
		level--;
	qd_distance = *table_of(level);
}

void
qd_distance_choose(void)
{
	qd_distance_choose_level(QD_SIMD_AUTO);
}
