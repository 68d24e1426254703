/*
 * jpower.c
 *		The table of powers of five, computed at start with plain long
 *		arithmetic (under a millisecond) instead of being 651 lines of digits.
 */
#include "json/jpower.h"

#include <string.h>

/*
 * Positive powers need 716 bits.  For negative ones, 2^(64 * LIMBS - 1) is
 * divided by five again and again; floor(floor(x / 5) / 5) = floor(x / 25), so
 * the bits are those of the one division.  5^342 takes 795 bits and 128 must
 * be left.
 */
#define LIMBS	15

jpower		jpower_table[JPOWER_MAX - JPOWER_MIN + 1];

/* The top 128 bits of n, and the exponent of its highest bit. */
static void
take_top(const uint64_t *n, int base, jpower *power)
{
	int			top = LIMBS - 1;
	int			shift;
	uint64_t	a,
				b,
				c;

	while (n[top] == 0)
		top--;
	a = n[top];
	b = top >= 1 ? n[top - 1] : 0;
	c = top >= 2 ? n[top - 2] : 0;
	shift = __builtin_clzll(a);
	power->exponent = 64 * top + 63 - shift - base;
	if (shift > 0)
	{
		a = a << shift | b >> (64 - shift);
		b = b << shift | c >> (64 - shift);
	}
	power->high = a;
	power->low = b;
}

static void
multiply_by_five(uint64_t *n)
{
	uint64_t	carry = 0;

	for (int i = 0; i < LIMBS; i++)
	{
		unsigned __int128 product = (unsigned __int128) n[i] * 5 + carry;

		n[i] = (uint64_t) product;
		carry = (uint64_t) (product >> 64);
	}
}

static void
divide_by_five(uint64_t *n)
{
	uint64_t	rest = 0;

	for (int i = LIMBS - 1; i >= 0; i--)
	{
		unsigned __int128 part = (unsigned __int128) rest << 64 | n[i];

		n[i] = (uint64_t) (part / 5);
		rest = (uint64_t) (part % 5);
	}
}

__attribute__((constructor)) static void
fill_table(void)
{
	uint64_t	n[LIMBS];

	memset(n, 0, sizeof(n));
	n[0] = 1;
	for (int q = 0; q <= JPOWER_MAX; q++)
	{
		take_top(n, 0, &jpower_table[q - JPOWER_MIN]);
		multiply_by_five(n);
	}

	memset(n, 0, sizeof(n));
	n[LIMBS - 1] = UINT64_C(1) << 63;
	for (int q = -1; q >= JPOWER_MIN; q--)
	{
		divide_by_five(n);
		take_top(n, 64 * LIMBS - 1, &jpower_table[q - JPOWER_MIN]);
	}
}
