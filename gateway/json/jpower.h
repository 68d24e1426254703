/*
 * jpower.h
 *		Powers of five to 128 bits: what turns decimal digits into a double.
 *
 * 5^q = (high, low) * 2^(exponent - 127), cut off below, high's top bit set;
 * exact for 0 <= q <= 55.  Filled before main().
 */
#ifndef QG_JPOWER_H
#define QG_JPOWER_H

#include <stdint.h>

#define JPOWER_MIN		(-342)
#define JPOWER_MAX		308
#define JPOWER_EXACT	55

typedef struct jpower
{
	uint64_t	high;
	uint64_t	low;
	int32_t		exponent;
} jpower;

extern jpower jpower_table[JPOWER_MAX - JPOWER_MIN + 1];

#endif							/* QG_JPOWER_H */
