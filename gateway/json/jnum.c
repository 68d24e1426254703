/*
 * jnum.c
 *		Numbers of JSON: reading.  Printing is in jnum_print.c.
 *
 * A number is read in one pass into a 64-bit significand and a power of ten.
 * Clinger's case (both exact as doubles) is one operation.  Else the
 * significand is multiplied with the power's first 128 bits; since the error of
 * the cut-off power is known, either the rounding is certain or, about once in
 * 2^64 numbers and for the rare exotic ones, strtod has the last word.
 */
#include "json/jnum.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json/jpower.h"

/* A significand of 19 digits fits 64 bits. */
#define MAX_DIGITS	19

static const double power_of_ten[] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
	1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

static inline bool
is_digit(char c)
{
	return (unsigned char) (c - '0') < 10;
}

/* Are the 8 bytes at p digits?  Then *value is theirs. */
static inline bool
eight_digits(const char *p, uint64_t *value)
{
	uint64_t	v;

	memcpy(&v, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	/* high nibble 3 before and after adding 6: a digit */
	if (((v & UINT64_C(0xF0F0F0F0F0F0F0F0)) |
		 (((v + UINT64_C(0x0606060606060606)) &
		   UINT64_C(0xF0F0F0F0F0F0F0F0)) >> 4)) !=
		UINT64_C(0x3333333333333333))
		return false;
	/* pairs, then fours, then all */
	v -= UINT64_C(0x3030303030303030);
	v = v * 10 + (v >> 8);
	*value = ((v & UINT64_C(0x000000FF000000FF)) *
			  (100 + (UINT64_C(1000000) << 32)) +
			  (v >> 16 & UINT64_C(0x000000FF000000FF)) *
			  (1 + (UINT64_C(10000) << 32))) >> 32;
	return true;
}

/* Appends digits to *w, which may wrap: the caller counts them. */
static inline const char *
read_digits(const char *p, uint64_t *w)
{
	uint64_t	eight;

	while (eight_digits(p, &eight))
	{
		*w = *w * 100000000 + eight;
		p += 8;
	}
	while (is_digit(*p))
		*w = *w * 10 + (uint64_t) (*p++ - '0');
	return p;
}

/*
 * w * 10^q when that is certain: correctly rounded, normal, finite.  The true
 * product lies in [P, P + 2^64) of 192 bits, since the power is too small by
 * less than one in its last place.
 */
static bool
scale(uint64_t w, int64_t q, double *result)
{
	const jpower *power;
	unsigned __int128 upper,
				lower;
	uint64_t	p2,
				p1,
				p0,
				rest,
				half,
				mantissa;
	int			shift,
				zeros;
	int64_t		exponent;
	bool		up;

	if (q < JPOWER_MIN || q > JPOWER_MAX)
		return false;
	power = &jpower_table[q - JPOWER_MIN];
	zeros = __builtin_clzll(w);
	w <<= zeros;
	upper = (unsigned __int128) w * power->high;
	lower = (unsigned __int128) w * power->low;
	p0 = (uint64_t) lower;
	upper += (uint64_t) (lower >> 64);
	p1 = (uint64_t) upper;
	p2 = (uint64_t) (upper >> 64);

	/* 53 bits are kept, 10 or 11 of p2 and all of p1 decide the rounding */
	shift = 10 + (int) (p2 >> 63);
	exponent = power->exponent + q - zeros + 53 + shift;
	mantissa = p2 >> shift;
	rest = p2 & ((UINT64_C(1) << shift) - 1);
	half = UINT64_C(1) << (shift - 1);
	if (q >= 0 && q <= JPOWER_EXACT)
	{
		if (rest == half && (p1 | p0) == 0)
			up = mantissa & 1;
		else
			up = rest >= half;
	}
	else if (rest == half - 1 && p1 == UINT64_MAX)
		return false;
	else
		up = rest >= half;
	mantissa += up;
	if (mantissa >> 53)
	{
		mantissa >>= 1;
		exponent++;
	}
	exponent += 1023;
	if (exponent <= 0 || exponent >= 2047)
		return false;
	mantissa = (mantissa & ((UINT64_C(1) << 52) - 1)) |
		(uint64_t) exponent << 52;
	memcpy(result, &mantissa, sizeof(*result));
	return true;
}

/* The first 19 significant digits at text; *dropped: how many follow. */
static uint64_t
leading_digits(const char *text, const char *end, int64_t *dropped)
{
	uint64_t	w = 0;
	int			n = 0;

	*dropped = 0;
	for (; text < end; text++)
	{
		if (!is_digit(*text))
			continue;
		if (n < MAX_DIGITS)
		{
			w = w * 10 + (uint64_t) (*text - '0');
			n += w != 0;
		}
		else
			++*dropped;
	}
	return w;
}

/*
 * The double of a number whose grammar is checked: digits (with at most one
 * point between them) from text to digits_end, worth w * 10^q unless there are
 * more than 19 of them.
 */
static jnum_result
to_double(const char *text, const char *digits_end, int64_t n_digits,
		  uint64_t w, int64_t q, double *result)
{
	int64_t		dropped = 0;
	double		above;

	if (n_digits > MAX_DIGITS)
	{
		w = leading_digits(text, digits_end, &dropped);
		q += dropped;
	}
	if (w == 0)
	{
		*result = 0;
		return JNUM_OK;
	}
	if (dropped == 0)
	{
		if (w <= UINT64_C(1) << 53 && q >= -22 && q <= 22)
		{
			*result = q < 0 ? (double) w / power_of_ten[-q]
				: (double) w * power_of_ten[q];
			return JNUM_OK;
		}
		if (scale(w, q, result))
			return JNUM_OK;
	}
	else if (scale(w, q, result) && scale(w + 1, q, &above) &&
			 *result == above)
		return JNUM_OK;

	/* what follows the number is no part of one, so strtod stops there */
	*result = strtod(text, NULL);
	return isinf(*result) ? JNUM_RANGE : JNUM_OK;
}

/* Fraction and exponent, both optional; p is behind the integer digits. */
static jnum_result
parse_tail(const char **position, const char *end, const char **digits_end,
		   int64_t *n_digits, uint64_t *w, int64_t *q)
{
	const char *p = *position;
	bool		negative = false;
	int64_t		exponent = 0;

	if (*p == '.')
	{
		const char *fraction = ++p;

		p = read_digits(p, w);
		if (p == fraction)
		{
			*position = p < end ? p + 1 : p;
			return p < end ? JNUM_INVALID : JNUM_EOF;
		}
		*q = -(p - fraction);
		*n_digits += p - fraction;
	}
	*digits_end = p;
	if (*p == 'e' || *p == 'E')
	{
		p++;
		if (*p == '+' || *p == '-')
			negative = *p++ == '-';
		if (!is_digit(*p))
		{
			*position = p < end ? p + 1 : p;
			return p < end ? JNUM_INVALID : JNUM_EOF;
		}
		for (; is_digit(*p); p++)
			if (exponent < INT32_MAX)
				exponent = exponent * 10 + (*p - '0');
		*q += negative ? -exponent : exponent;
	}
	*position = p;
	return JNUM_OK;
}

/* An integer without a tail: false when it fits neither u64 nor i64. */
static inline bool
as_integer(uint64_t w, int64_t n_digits, char first_digit, bool negative,
		   jnum *n)
{
	/* of 20 digits, 1...... either fits or has wrapped below 10^19 */
	if (n_digits > 20 ||
		(n_digits == 20 &&
		 (first_digit != '1' || w < UINT64_C(10000000000000000000))))
		return false;
	if (!negative)
	{
		n->kind = JNUM_U64;
		n->u = w;
		return true;
	}
	if (w == 0 || w > UINT64_C(1) << 63)
		return false;
	n->kind = JNUM_I64;
	n->i = (int64_t) (0 - w);
	return true;
}

jnum_result
jnum_parse(const char **position, const char *end, jnum *n)
{
	const char *p = *position;
	const char *text,
			   *digits_end;
	bool		negative = *p == '-';
	uint64_t	w = 0;
	int64_t		n_digits,
				q = 0;
	jnum_result result;

	p += negative;
	text = p;
	if (*p == '0')
	{
		p++;
		if (is_digit(*p))
		{
			*position = p + 1;
			return JNUM_INVALID;
		}
	}
	else
	{
		p = read_digits(p, &w);
		if (p == text)
		{
			*position = p < end ? p + 1 : p;
			return p < end ? JNUM_INVALID : JNUM_EOF;
		}
	}
	digits_end = p;
	n_digits = p - text;
	if (*p != '.' && *p != 'e' && *p != 'E')
	{
		if (as_integer(w, n_digits, *text, negative, n))
		{
			*position = p;
			return JNUM_OK;
		}
	}
	else
	{
		result = parse_tail(&p, end, &digits_end, &n_digits, &w, &q);
		if (result != JNUM_OK)
		{
			*position = p;
			return result;
		}
	}
	n->kind = JNUM_F64;
	result = to_double(text, digits_end, n_digits, w, q, &n->d);
	if (negative)
		n->d = -n->d;
	*position = p;
	return result;
}
