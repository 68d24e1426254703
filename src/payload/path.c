/*
 * path.c
 *		The parser of key paths.
 */
#include "payload/path.h"

typedef struct cursor
{
	const unsigned char *p;
	const unsigned char *end;
} cursor;

/*
 * Characters of a raw key.  Beyond ASCII every character counts as a letter:
 * what Unicode calls punctuation there is rare in keys, and a server library
 * without Unicode tables can't tell.
 */
static bool
is_raw(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		(c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c >= 0x80;
}

static bool
parse_key(cursor *c, qd_path_step *step)
{
	const unsigned char *start = c->p;

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
	while (c->p < c->end && is_raw(*c->p))
		c->p++;
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
