/*
 * datetime.c
 *		What Qdrant takes for a datetime:
 *
 *		date
 *		date T hour:minute
 *		date T hour:minute:second
 *		date T hour:minute:second zone
 *
 * A date is year-month-day; the year has up to four digits, or a sign and any
 * number of them, other numbers have one or two.  For T there may be white
 * space or nothing.  Seconds may have a fraction, whose digits after the ninth
 * are cut.  A zone is Z, UTC, or a sign, two digits, and two for the minutes,
 * which may be missing.  White space may stand before numbers and before a
 * zone, and within a zone as well as colons.
 *
 * Where a zone with minutes follows, T may be t, and white space stand before
 * - and : too.  It may stand behind a zone, and UTC be one, only where T is T,
 * t or begins with a blank.  Without a zone the time is UTC.
 *
 * The extension reads the same; years before 0 and behind 9999 are only its.
 */
#include "model/datetime.h"

#include <string.h>

typedef struct cursor
{
	const char *p;
	const char *end;
	bool		needs_zone;		/* with minutes: it is written loosely */
	bool		has_other_t;	/* neither T, t nor a blank behind the date */
} cursor;

static bool
at_digit(const cursor *c)
{
	return c->p < c->end && *c->p >= '0' && *c->p <= '9';
}

static bool
character(cursor *c, char wanted)
{
	if (c->p == c->end || *c->p != wanted)
		return false;
	c->p++;
	return true;
}

/* The letters, capitals, in any case. */
static bool
letters(cursor *c, const char *wanted)
{
	size_t		length = strlen(wanted);

	if ((size_t) (c->end - c->p) < length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (c->p[i] != wanted[i] && c->p[i] != wanted[i] + ('a' - 'A'))
			return false;
	c->p += length;
	return true;
}

/*
 * Bytes of the white space that comes next, 0 when there is none: U+0009-000D,
 * 20, 85, A0, 1680, 2000-200A, 2028, 2029, 202F, 205F, 3000.
 */
static size_t
space_length(const cursor *c)
{
	const unsigned char *s = (const unsigned char *) c->p;
	size_t		left = c->end - c->p;

	if (s[0] == ' ' || (s[0] >= '\t' && s[0] <= '\r'))
		return 1;
	if (left >= 2 && s[0] == 0xc2)
		return s[1] == 0x85 || s[1] == 0xa0 ? 2 : 0;
	if (left < 3)
		return 0;
	switch (s[0] << 16 | s[1] << 8 | s[2])
	{
		case 0xe19a80:
		case 0xe280a8:
		case 0xe280a9:
		case 0xe280af:
		case 0xe2819f:
		case 0xe38080:
			return 3;
		default:
			return s[0] == 0xe2 && s[1] == 0x80 && s[2] >= 0x80 && s[2] <= 0x8a ? 3 : 0;
	}
}

static void
skip_space(cursor *c)
{
	size_t		n;

	while (c->p < c->end && (n = space_length(c)) > 0)
		c->p += n;
}

/* A character before which white space may stand, if a zone follows. */
static bool
mark(cursor *c, char wanted)
{
	const char *start = c->p;

	skip_space(c);
	c->needs_zone |= c->p > start;
	return character(c, wanted);
}

/* A number from 0 to max of one or two digits. */
static bool
number(cursor *c, int max, int *out)
{
	int			n = 0;

	*out = 0;
	skip_space(c);
	for (; n < 2 && at_digit(c); n++)
		*out = *out * 10 + (*c->p++ - '0');
	return n > 0 && *out <= max;
}

static bool
read_year(cursor *c, int *year)
{
	bool		negative;
	bool		is_signed;
	int			n = 0;

	*year = 0;
	skip_space(c);
	negative = character(c, '-');
	is_signed = negative || character(c, '+');
	for (; at_digit(c) && (is_signed || n < 4); n++)
	{
		*year = *year * 10 + (*c->p++ - '0');
		if (*year > 9999)
			return false;
	}
	return n > 0 && !(negative && *year > 0);
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar. */
static int64_t
days_from_civil(int year, int month, int day)
{
	int64_t		y = year - (month <= 2);
	int64_t		era = (y >= 0 ? y : y - 399) / 400;
	int64_t		of_era = y - era * 400;
	int64_t		of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
		719468;
}

static void
civil_from_days(int64_t days, int *year, int *month, int *day)
{
	int64_t		z = days + 719468;
	int64_t		era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t		doe = z - era * 146097;
	int64_t		yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t		doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t		mp = (5 * doy + 2) / 153;

	*day = (int) (doy - (153 * mp + 2) / 5 + 1);
	*month = (int) (mp < 10 ? mp + 3 : mp - 9);
	*year = (int) (yoe + era * 400 + (*month <= 2));
}

static bool
is_date(int year, int month, int day)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month >= 1 && month <= 12 && day >= 1 &&
		day <= lengths[month - 1] + (month == 2 && leap);
}

static bool
read_date(cursor *c, int64_t *days)
{
	int			year;
	int			month;
	int			day;

	if (!read_year(c, &year) || !mark(c, '-') ||
		!number(c, 12, &month) || !mark(c, '-') ||
		!number(c, 31, &day) || !is_date(year, month, day))
		return false;
	*days = days_from_civil(year, month, day);
	return true;
}

static bool
read_fraction(cursor *c, int32_t *nanos)
{
	int32_t		scale = 100000000;

	if (!character(c, '.'))
		return true;
	if (!at_digit(c))
		return false;
	for (; at_digit(c); c->p++)
	{
		*nanos += (*c->p - '0') * scale;
		scale /= 10;
	}
	return true;
}

/* A hyphen or U+2212. */
static bool
minus(cursor *c)
{
	if (character(c, '-'))
		return true;
	if (c->end - c->p < 3 || memcmp(c->p, "\342\210\222", 3) != 0)
		return false;
	c->p += 3;
	return true;
}

/* The minutes of a zone, behind its hours; *are_there tells if they are. */
static bool
read_zone_minutes(cursor *c, int *minutes, bool *are_there)
{
	do
		skip_space(c);
	while (character(c, ':'));
	*minutes = 0;
	*are_there = c->p < c->end;
	if (!*are_there)
		return true;
	if (c->end - c->p < 2 || !at_digit(c))
		return false;
	*minutes = *c->p++ - '0';
	if (!at_digit(c))
		return false;
	*minutes = *minutes * 10 + (*c->p++ - '0');
	return *minutes <= 59;
}

/* The rest: seconds east of UTC in *offset. */
static bool
read_zone(cursor *c, int *offset)
{
	bool		negative = false;
	bool		has_minutes = true;
	int			hours = 0;
	int			minutes = 0;

	skip_space(c);
	if (!letters(c, "Z") && !(!c->has_other_t && letters(c, "UTC")))
	{
		negative = minus(c);
		if (!negative && !character(c, '+'))
			return false;
		for (int i = 0; i < 2; i++)
		{
			if (!at_digit(c))
				return false;
			hours = hours * 10 + (*c->p++ - '0');
		}
		if (hours > 23 || !read_zone_minutes(c, &minutes, &has_minutes))
			return false;
	}
	if (!c->has_other_t)
		skip_space(c);
	*offset = (hours * 60 + minutes) * (negative ? -60 : 60);
	return c->p == c->end &&
		!(c->needs_zone && (c->has_other_t || !has_minutes));
}

static void
read_t(cursor *c)
{
	if (character(c, 't'))
		c->needs_zone = true;
	else if (!character(c, 'T') && !character(c, ' '))
	{
		c->has_other_t = true;
		skip_space(c);
	}
}

/* What follows the date: seconds since its beginning in UTC. */
static bool
read_time(cursor *c, int *seconds, int32_t *nanos)
{
	int			hour;
	int			minute;
	int			second = 0;
	int			offset = 0;

	read_t(c);
	if (!number(c, 23, &hour) || !mark(c, ':') || !number(c, 59, &minute))
		return false;
	if (c->p < c->end)
	{
		if (!mark(c, ':') || !number(c, 60, &second) ||
			!read_fraction(c, nanos))
			return false;
		if (c->p < c->end)
		{
			if (!read_zone(c, &offset))
				return false;
			c->needs_zone = false;
		}
	}
	*seconds = hour * 3600 + minute * 60 + second - offset;
	return true;
}

bool
datetime_parse(slice text, datetime *out)
{
	cursor		c = {text.p, text.p + text.n, false, false};
	int64_t		days;
	int			seconds = 0;
	int32_t		nanos = 0;

	if (!read_date(&c, &days))
		return false;
	if (c.p < c.end && !read_time(&c, &seconds, &nanos))
		return false;
	if (c.needs_zone)
		return false;
	out->seconds = days * 86400 + seconds;
	out->nanos = nanos;
	return true;
}

bool
datetime_print(buf *out, datetime t)
{
	int64_t		days = t.seconds / 86400 - (t.seconds % 86400 < 0);
	int64_t		rest = t.seconds - days * 86400;
	int			year;
	int			month;
	int			day;

	if (t.nanos < 0 || t.nanos > 999999999 || days < -719528 || days > 2932896)
		return false;
	civil_from_days(days, &year, &month, &day);
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day,
			   (int) (rest / 3600), (int) (rest / 60 % 60), (int) (rest % 60));
	if (t.nanos % 1000 != 0)
		buf_printf(out, ".%09d", (int) t.nanos);
	else if (t.nanos != 0)
		buf_printf(out, ".%06d", (int) t.nanos / 1000);
	buf_addc(out, 'Z');
	return true;
}
