/*
 * datetime.c
 *		RFC 3339 and its relatives: a date alone, T or a blank between date and
 *		time, seconds optional, a fraction of up to 9 digits (further ones are
 *		cut), zone Z, UTC, +01:00, +0100, +01, or none (UTC).
 */
#include "payload/datetime.h"

typedef struct cursor
{
	const char *p;
	const char *end;
} cursor;

static bool
digits(cursor *c, int count, int *out)
{
	*out = 0;
	if (c->end - c->p < count)
		return false;
	for (int i = 0; i < count; i++)
	{
		if (c->p[i] < '0' || c->p[i] > '9')
			return false;
		*out = *out * 10 + (c->p[i] - '0');
	}
	c->p += count;
	return true;
}

static bool
character(cursor *c, char wanted)
{
	if (c->p == c->end || *c->p != wanted)
		return false;
	c->p++;
	return true;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t		y = year - (month <= 2);
	int64_t		era = (y >= 0 ? y : y - 399) / 400;
	int64_t		of_era = y - era * 400;
	int64_t		of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
		719468;
}

static bool
valid_date(int year, int month, int day)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month >= 1 && month <= 12 && day >= 1 &&
		day <= lengths[month - 1] + (month == 2 && leap);
}

static bool
parse_fraction(cursor *c, int32_t *nanos)
{
	int32_t		scale = 100000000;
	const char *start;

	if (!character(c, '.'))
		return true;
	start = c->p;
	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
	{
		*nanos += (*c->p - '0') * scale;
		scale /= 10;
	}
	return c->p > start;
}

/* The rest: seconds east of UTC in *offset. */
static bool
parse_zone(cursor *c, int *offset)
{
	int			hours;
	int			minutes = 0;
	int			sign;

	*offset = 0;
	if (c->p == c->end)
		return true;
	if (*c->p == 'Z' || *c->p == 'z')
		return ++c->p == c->end;
	if (*c->p == ' ')
	{
		c->p++;
		if (c->end - c->p == 3 && c->p[0] == 'U' && c->p[1] == 'T' && c->p[2] == 'C')
			return true;
	}
	if (c->p == c->end || (*c->p != '+' && *c->p != '-'))
		return false;
	sign = *c->p++ == '-' ? -1 : 1;
	if (!digits(c, 2, &hours))
		return false;
	if (c->p < c->end)
	{
		character(c, ':');
		if (!digits(c, 2, &minutes))
			return false;
	}
	if (c->p != c->end || hours > 23 || minutes > 59)
		return false;
	*offset = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool
qd_datetime_parse(const char *str, size_t length, qd_datetime *out)
{
	cursor		c = {str, str + length};
	int			year;
	int			month;
	int			day;
	int			hour = 0;
	int			minute = 0;
	int			second = 0;
	int			offset = 0;
	int32_t		nanos = 0;

	if (!digits(&c, 4, &year) || !character(&c, '-') ||
		!digits(&c, 2, &month) || !character(&c, '-') ||
		!digits(&c, 2, &day) || !valid_date(year, month, day))
		return false;
	if (c.p < c.end)
	{
		if (*c.p != 'T' && *c.p != 't' && *c.p != ' ')
			return false;
		c.p++;
		if (!digits(&c, 2, &hour) || !character(&c, ':') ||
			!digits(&c, 2, &minute))
			return false;
		if (character(&c, ':') &&
			(!digits(&c, 2, &second) || !parse_fraction(&c, &nanos)))
			return false;
		if (hour > 23 || minute > 59 || second > 60)
			return false;
		if (!parse_zone(&c, &offset))
			return false;
	}
	out->seconds = days_of(year, month, day) * 86400 + hour * 3600 +
		minute * 60 + second - offset;
	out->nanos = nanos;
	return true;
}

int
qd_datetime_compare(qd_datetime a, qd_datetime b)
{
	if (a.seconds != b.seconds)
		return a.seconds < b.seconds ? -1 : 1;
	return a.nanos < b.nanos ? -1 : a.nanos > b.nanos;
}
