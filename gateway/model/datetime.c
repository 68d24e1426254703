/*
 * datetime.c
 *		RFC 3339 and its relatives: a date alone, T or a blank between date and
 *		time, seconds optional, a fraction (cut after 9 digits), zone Z, UTC,
 *		+01:00, +0100, +01, or none (UTC).
 */
#include "model/datetime.h"

typedef struct cursor
{
	const char *p;
	const char *end;
} cursor;

static bool
read_digits(cursor *c, int count, int *out)
{
	*out = 0;
	if (c->end - c->p < count)
		return false;
	for (int i = 0; i < count; i++, c->p++)
	{
		if (*c->p < '0' || *c->p > '9')
			return false;
		*out = *out * 10 + (*c->p - '0');
	}
	return true;
}

static bool
read_char(cursor *c, char wanted)
{
	if (c->p == c->end || *c->p != wanted)
		return false;
	c->p++;
	return true;
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
read_fraction(cursor *c, int32_t *nanos)
{
	int32_t		scale = 100000000;
	const char *start;

	if (!read_char(c, '.'))
		return true;
	start = c->p;
	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
	{
		*nanos += (*c->p - '0') * scale;
		scale /= 10;
	}
	return c->p > start;
}

/* What is left: seconds east of UTC in *offset. */
static bool
read_zone(cursor *c, int *offset)
{
	int			hours;
	int			minutes = 0;
	int			sign;

	if (c->p == c->end)
		return true;
	if (*c->p == 'Z' || *c->p == 'z')
		return ++c->p == c->end;
	if (read_char(c, ' ') && c->end - c->p == 3 && memcmp(c->p, "UTC", 3) == 0)
		return true;
	if (c->p == c->end || (*c->p != '+' && *c->p != '-'))
		return false;
	sign = *c->p++ == '-' ? -1 : 1;
	if (!read_digits(c, 2, &hours))
		return false;
	if (c->p < c->end)
	{
		read_char(c, ':');
		if (!read_digits(c, 2, &minutes))
			return false;
	}
	*offset = sign * (hours * 3600 + minutes * 60);
	return c->p == c->end && hours <= 23 && minutes <= 59;
}

static bool
read_time(cursor *c, int *seconds, int32_t *nanos)
{
	int			hour;
	int			minute;
	int			second = 0;

	if (*c->p != 'T' && *c->p != 't' && *c->p != ' ')
		return false;
	c->p++;
	if (!read_digits(c, 2, &hour) || !read_char(c, ':') ||
		!read_digits(c, 2, &minute))
		return false;
	if (read_char(c, ':') &&
		(!read_digits(c, 2, &second) || !read_fraction(c, nanos)))
		return false;
	*seconds = hour * 3600 + minute * 60 + second;
	return hour <= 23 && minute <= 59 && second <= 60;
}

bool
datetime_parse(slice text, datetime *out)
{
	cursor		c = {text.p, text.p + text.n};
	int			year;
	int			month;
	int			day;
	int			seconds = 0;
	int			offset = 0;
	int32_t		nanos = 0;

	if (!read_digits(&c, 4, &year) || !read_char(&c, '-') ||
		!read_digits(&c, 2, &month) || !read_char(&c, '-') ||
		!read_digits(&c, 2, &day) || !is_date(year, month, day))
		return false;
	if (c.p < c.end &&
		(!read_time(&c, &seconds, &nanos) || !read_zone(&c, &offset)))
		return false;
	out->seconds = days_from_civil(year, month, day) * 86400 + seconds - offset;
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
