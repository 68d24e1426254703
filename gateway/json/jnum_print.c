/*
 * jnum_print.c
 *		Numbers of JSON: writing.  PostgreSQL's Ryu finds the shortest digits;
 *		here they are laid out as serde_json does.
 */
#include "json/jnum.h"

#include <math.h>
#include <string.h>

#include "c.h"
#include "common/shortest_dec.h"

/* Where the fixed notation ends; the point's place in 0.ddd * 10^point. */
#define F64_MAX_POINT	16
#define F64_MIN_POINT	(-5)
#define F32_MAX_POINT	13
#define F32_MIN_POINT	(-6)

size_t
jnum_print_u64(uint64_t u, char *text)
{
	char		digits[20];
	size_t		n = 0;

	do
		digits[n++] = (char) ('0' + u % 10);
	while ((u /= 10) != 0);
	for (size_t i = 0; i < n; i++)
		text[i] = digits[n - 1 - i];
	return n;
}

size_t
jnum_print_i64(int64_t i, char *text)
{
	if (i >= 0)
		return jnum_print_u64((uint64_t) i, text);
	text[0] = '-';
	return 1 + jnum_print_u64(0 - (uint64_t) i, text + 1);
}

/* d[.ddd]e-7 or e+16 */
static size_t
print_exponent(const char *digits, int n_digits, int exponent, char *text)
{
	char	   *p = text;

	*p++ = digits[0];
	if (n_digits > 1)
	{
		*p++ = '.';
		memcpy(p, digits + 1, n_digits - 1);
		p += n_digits - 1;
	}
	*p++ = 'e';
	*p++ = exponent < 0 ? '-' : '+';
	p += jnum_print_u64((uint64_t) abs(exponent), p);
	return p - text;
}

/* 0.ddd * 10^point without an exponent */
static size_t
print_fixed(const char *digits, int n_digits, int point, char *text)
{
	char	   *p = text;

	if (point <= 0)
	{
		memcpy(p, "0.", 2);
		memset(p + 2, '0', -point);
		memcpy(p + 2 - point, digits, n_digits);
		return 2 - point + n_digits;
	}
	if (point >= n_digits)
	{
		memcpy(p, digits, n_digits);
		memset(p + n_digits, '0', point - n_digits);
		memcpy(p + point, ".0", 2);
		return point + 2;
	}
	memcpy(p, digits, point);
	p[point] = '.';
	memcpy(p + point + 1, digits + point, n_digits - point);
	return n_digits + 1;
}

/*
 * Takes Ryu's text (sign, digits with or without a point, e+NN) apart: its
 * significant digits, and the place of the point.
 */
static int
take_apart(const char *text, size_t n, char *digits, int *point)
{
	int			n_digits = 0,
				exponent = 0,
				before = -1;
	bool		negative;
	size_t		i;

	for (i = 0; i < n && text[i] != 'e'; i++)
	{
		if (text[i] == '.')
			before = n_digits;
		else if (n_digits > 0 || text[i] != '0')
			digits[n_digits++] = text[i];
		else if (before >= 0)
			exponent--;			/* a zero right behind the point */
	}
	if (before < 0)
		before = n_digits;
	if (i < n)
	{
		int			e = 0;

		negative = text[i + 1] == '-';
		for (i += 2; i < n; i++)
			e = e * 10 + (text[i] - '0');
		exponent += negative ? -e : e;
	}
	*point = before + exponent;
	while (n_digits > 1 && digits[n_digits - 1] == '0')
		n_digits--;
	return n_digits;
}

static size_t
lay_out(const char *ryu, size_t n, int min_point, int max_point, char *text)
{
	char		digits[32];
	size_t		sign = 0;
	int			n_digits,
				point;

	/* PostgreSQL's fixed notation covers less than ours, and is the same */
	if (memchr(ryu, 'e', n) == NULL)
	{
		memcpy(text, ryu, n);
		if (memchr(ryu, '.', n) != NULL)
			return n;
		memcpy(text + n, ".0", 2);
		return n + 2;
	}
	if (ryu[0] == '-')
	{
		text[0] = '-';
		sign = 1;
	}
	n_digits = take_apart(ryu + sign, n - sign, digits, &point);
	text += sign;
	if (point > min_point && point <= max_point)
		return sign + print_fixed(digits, n_digits, point, text);
	return sign + print_exponent(digits, n_digits, point - 1, text);
}

size_t
jnum_print_f64(double d, char *text)
{
	char		ryu[DOUBLE_SHORTEST_DECIMAL_LEN];

	return lay_out(ryu, double_to_shortest_decimal_bufn(d, ryu),
				   F64_MIN_POINT, F64_MAX_POINT, text);
}

size_t
jnum_print_f32(float f, char *text)
{
	char		ryu[FLOAT_SHORTEST_DECIMAL_LEN];

	return lay_out(ryu, float_to_shortest_decimal_bufn(f, ryu),
				   F32_MIN_POINT, F32_MAX_POINT, text);
}
