/*
 * check.h
 *		What the unit tests share: a count of what passed, and random numbers
 *		that are the same in every run.
 */
#ifndef QD_UNIT_CHECK_H
#define QD_UNIT_CHECK_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

static int	passed;
static int	failed;

static inline void
ok(bool good, const char *what, double a, double b)
{
	if (good)
		passed++;
	else
	{
		failed++;
		printf("not ok - %s: %g, %g\n", what, a, b);
	}
}

/* Marsaglia's xorshift64 */
static inline uint64_t
random_bits(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* 0 <= x < 1 */
static inline double
uniform(void)
{
	return (random_bits() >> 11) * 0x1p-53;
}

/* From a table: logarithms would be most of a test's time. */
static inline double
normal(void)
{
	static double table[65536];

	if (table[0] == 0)
		for (int i = 0; i < 65536; i++)
			table[i] = sqrt(-2 * log(1 - uniform())) *
				cos(6.283185307179586 * uniform());
	return table[(int) (uniform() * 65536)];
}

#endif							/* QD_UNIT_CHECK_H */
