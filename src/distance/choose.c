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
		default:
			return false;
	}
}

void
qd_distance_choose_level(qd_simd_level level)
{
#if defined(__x86_64__)
	if ((level == QD_SIMD_AUTO || level == QD_SIMD_AVX512) &&
		qd_distance_supported(QD_SIMD_AVX512))
	{
		qd_distance = qd_distance_avx512;
		return;
	}
	if (level != QD_SIMD_SCALAR && qd_distance_supported(QD_SIMD_AVX2))
	{
		qd_distance = qd_distance_avx2;
		return;
	}
#endif
	qd_distance = qd_distance_scalar;
}

void
qd_distance_choose(void)
{
	qd_distance_choose_level(QD_SIMD_AUTO);
}
