/*
 * number.c
 *		JSON numbers as Qdrant sees them: 64-bit integers and doubles.
 *
 * Numeric has no conversion that is exact, free of errors and free of memory,
 * so its digits are read here.  Their format on disk is numeric.c's; it has
 * not changed since 9.1, and pg_upgrade relies on it:
 *
 *		uint16	bits 15-14: sign of the long form (01 negative), 10 for the
 *				short form, 11 for NaN and infinities
 *		short	bit 13: negative; 12-7: display scale; 6-0: weight, signed
 *		long	bits 13-0: display scale; then int16 weight
 *		int16	digits to the base of 10,000, the first of weight
 *				10,000^weight, without zeros at either end
 */
#include "compat.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "payload/filter.h"

#define SIGN_MASK		0xC000
#define SIGN_NEGATIVE	0x4000
#define SIGN_SHORT		0x8000
#define SIGN_SPECIAL	0xC000

#define DIGIT_BASE		10000
#define DIGIT_DECIMALS	4

#define EXACT_POWER		22		/* 10^22 is the last power that is a double */

typedef struct decimal
{
	bool		negative;
	int			scale;
	int			weight;
	int			n;				/* digits */
	const char *digits;			/* int16, maybe at an odd address */
} decimal;

static int
digit(const decimal *d, int i)
{
	int16		value;

	if (i >= d->n)
		return 0;
	memcpy(&value, d->digits + i * sizeof(value), sizeof(value));
	return value;
}

static bool
open_decimal(Numeric numeric, decimal *d)
{
	const char *data = VARDATA_ANY(numeric);
	int			size = VARSIZE_ANY_EXHDR(numeric);
	uint16		header;
	int16		weight;

	if (size < sizeof(header))
		return false;
	memcpy(&header, data, sizeof(header));
	if ((header & SIGN_MASK) == SIGN_SPECIAL)
		return false;
	if ((header & SIGN_MASK) == SIGN_SHORT)
	{
		d->negative = (header & 0x2000) != 0;
		d->scale = (header & 0x1F80) >> 7;
		d->weight = (header & 0x3F) - (header & 0x40);
		data += sizeof(header);
		size -= sizeof(header);
	}
	else
	{
		d->negative = (header & SIGN_MASK) == SIGN_NEGATIVE;
		d->scale = header & 0x3FFF;
		memcpy(&weight, data + sizeof(header), sizeof(weight));
		d->weight = weight;
		data += sizeof(header) + sizeof(weight);
		size -= sizeof(header) + sizeof(weight);
	}
	d->n = size / sizeof(int16);
	d->digits = data;
	return true;
}

/* False when it is no integer of 64 bits. */
static bool
to_int64(const decimal *d, int64 *out)
{
	uint64		value = 0;

	*out = 0;
	if (d->n == 0)
		return true;
	if (d->weight < d->n - 1 || d->weight > 4)
		return false;
	for (int i = 0; i <= d->weight; i++)
	{
		if (__builtin_mul_overflow(value, DIGIT_BASE, &value) ||
			__builtin_add_overflow(value, (uint64) digit(d, i), &value))
			return false;
	}
	if (value > (uint64) PG_INT64_MAX + d->negative)
		return false;
	*out = d->negative ? (int64) -value : (int64) value;
	return true;
}

/*
 * Correctly rounded: both the digits and the power of ten are doubles, so one
 * operation rounds once.  False when they are not.
 */
static bool
to_double(const decimal *d, double *out)
{
	static const double powers[EXACT_POWER + 1] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
		1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
	};
	int			exponent = DIGIT_DECIMALS * (d->weight - (d->n - 1));
	int64		value = 0;

	if (d->n > 4 || exponent < -EXACT_POWER || exponent > EXACT_POWER)
		return false;
	for (int i = 0; i < d->n; i++)
		value = value * DIGIT_BASE + digit(d, i);
	if (value > INT64CONST(1) << 53)
		return false;
	*out = exponent < 0 ? value / powers[-exponent] : value * powers[exponent];
	if (d->negative)
		*out = -*out;
	return true;
}

static double
read_literal(Numeric numeric)
{
	char	   *literal = DatumGetCString(DirectFunctionCall1(numeric_out,
															  NumericGetDatum(numeric)));
	double		x = strtod(literal, NULL);

	pfree(literal);
	return x;
}

qd_number
qd_number_read(const JsonbValue *value)
{
	Numeric		numeric = value->val.numeric;
	qd_number	number = {0, 0, false, false};
	decimal		d;

	if (!open_decimal(numeric, &d))
	{
		number.x = read_literal(numeric);
		return number;
	}
	number.is_integral = to_int64(&d, &number.i);
	number.is_int = number.is_integral && d.scale == 0;
	if (number.is_integral)
		number.x = (double) number.i;
	else if (!to_double(&d, &number.x))
		number.x = read_literal(numeric);
	return number;
}

double
qd_json_number(const JsonbValue *value, bool *is_int, int64 *i)
{
	qd_number	number = qd_number_read(value);

	*is_int = number.is_int;
	*i = number.i;
	return number.x;
}
