/*
 * path.c
 *		Key paths: reading and printing.
 */
#include "payload/path.h"

#include <stdio.h>
#include <string.h>

#include "payload/unicode_alnum.h"

typedef struct cursor
{
	const unsigned char *p;
	const unsigned char *end;
} cursor;

/*
 * The character at p, UTF-8; its length in *length, 0 when it is malformed.
 */
static uint32_t
decode(const unsigned char *p, const unsigned char *end, int *length)
{
	uint32_t	c = *p;
	int			n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 :
	c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	*length = n > end - p ? 0 : n;
	if (*length > 1)
		c &= 0x7f >> n;
	for (int i = 1; i < *length; i++)
	{
		if ((p[i] & 0xc0) != 0x80)
			*length = 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c;
}

/* Length of the raw key's character at p: 0 when it can't be in one. */
static int
raw_length(const unsigned char *p, const unsigned char *end)
{
	int			low = 0;
	int			high = sizeof(unicode_alnum) / sizeof(unicode_alnum[0]);
	int			length;
	uint32_t	c = decode(p, end, &length);

	if (length == 0)
		return 0;
	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			(c >= 'A' && c <= 'Z') || c == '_' || c == '-';
	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (c > unicode_alnum[middle][1])
			low = middle + 1;
		else if (c < unicode_alnum[middle][0])
			high = middle;
		else
			return length;
	}
	return 0;
}

static bool
parse_key(cursor *c, qd_path_step *step)
{
	const unsigned char *start = c->p;
	int			length;

	step->kind = QD_STEP_KEY;
	if (c->p < c->end && *c->p == '"')
	{
		start = ++c->p;
		while (c->p < c->end && *c->p != '"')
		{
			if (*c->p == '\\')
				return false;
			c->p++;
		}
		if (c->p == c->end)
			return false;
		step->key = (const char *) start;
		step->length = (uint32_t) (c->p - start);
		c->p++;
		return true;
	}
	while (c->p < c->end && (length = raw_length(c->p, c->end)) > 0)
		c->p += length;
	step->key = (const char *) start;
	step->length = (uint32_t) (c->p - start);
	return c->p > start;
}

static bool
parse_bracket(cursor *c, qd_path_step *step)
{
	uint64_t	index = 0;
	bool		digits = false;

	for (c->p++; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
	{
		digits = true;
		index = index * 10 + (*c->p - '0');
		if (index > UINT32_MAX)
			return false;
	}
	if (c->p == c->end || *c->p != ']')
		return false;
	c->p++;
	step->kind = digits ? QD_STEP_INDEX : QD_STEP_ALL;
	step->index = (uint32_t) index;
	step->key = NULL;
	step->length = 0;
	return true;
}

bool
qd_path_parse(const char *str, size_t length, qd_path *path)
{
	cursor		c = {(const unsigned char *) str,
	(const unsigned char *) str + length};

	path->n = 0;
	if (!parse_key(&c, &path->steps[path->n++]))
		return false;
	while (c.p < c.end)
	{
		bool		ok = false;

		if (path->n == QD_PATH_MAX_STEPS)
			return false;
		if (*c.p == '.')
		{
			c.p++;
			ok = parse_key(&c, &path->steps[path->n++]);
		}
		else if (*c.p == '[')
			ok = parse_bracket(&c, &path->steps[path->n++]);
		if (!ok)
			return false;
	}
	return true;
}

static bool
is_raw(const qd_path_step *step)
{
	const unsigned char *p = (const unsigned char *) step->key;
	const unsigned char *end = p + step->length;
	int			length;

	while (p < end && (length = raw_length(p, end)) > 0)
		p += length;
	return step->length > 0 && p == end;
}

static char *
print_key(char *out, const qd_path_step *step, bool raw)
{
	if (!raw)
		*out++ = '"';
	memcpy(out, step->key, step->length);
	out += step->length;
	if (!raw)
		*out++ = '"';
	return out;
}

size_t
qd_path_print(const qd_path *path, char *out)
{
	char	   *p = out;
	char		index[16];

	for (int i = 0; i < path->n; i++)
	{
		const qd_path_step *step = &path->steps[i];
		int			n = 0;

		if (step->kind == QD_STEP_KEY)
		{
			if (i > 0)
				*p++ = '.';
			p = print_key(p, step, is_raw(step));
			continue;
		}
		if (step->kind == QD_STEP_INDEX)
			n = snprintf(index, sizeof(index), "%u", step->index);
		*p++ = '[';
		memcpy(p, index, n);
		p += n;
		*p++ = ']';
	}
	return p - out;
}
