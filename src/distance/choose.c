/*
 * choose.c
 *		Which kernels this machine runs.  __builtin_cpu_supports asks CPUID and
 *		XGETBV, so an operating system that does not save the wide registers
 *		gets the narrower kernels.
 */
#include "distance/distance.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "distance/elements.h"

qd_distance_table qd_distance;
qd_element_table qd_elements;

#if defined(__x86_64__)
/* Not every compiler's __builtin_cpu_supports knows it; it needs AVX's state. */
static bool
has_f16c(void)
{
	unsigned int eax;
	unsigned int ebx;
	unsigned int ecx;
	unsigned int edx;

	return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
}
#endif

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
				__builtin_cpu_supports("fma") &&
				__builtin_cpu_supports("popcnt") && has_f16c();
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

static const qd_element_table *
elements_of(qd_simd_level level)
{
	switch (level)
	{
#if defined(__x86_64__)
		case QD_SIMD_AVX2:
			return &qd_elements_avx2;
		case QD_SIMD_AVX512:
			return &qd_elements_avx512;
#endif
#if defined(__aarch64__)
		case QD_SIMD_NEON:
			return &qd_elements_neon;
#endif
		default:
			return &qd_elements_scalar;
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
	qd_elements = *elements_of(level);
}

void
qd_distance_choose(void)
{
	qd_distance_choose_level(QD_SIMD_AUTO);
}
