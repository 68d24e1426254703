/*
 * json_path.c
 *		The grammar of key paths.
 */
#include "model/json_path.h"

#include <string.h>

static bool
is_raw(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		(c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
		(unsigned char) c >= 0x80;
}

/* Each returns the position behind what it read, NULL when it is not there. */
static const char *
read_key(const char *p, const char *end)
{
	const char *start = p;

	if (p < end && *p == '"')
	{
		for (p++; p < end && *p != '"'; p++)
			if (*p == '\\')
				return NULL;
		return p < end ? p + 1 : NULL;
	}
	while (p < end && is_raw(*p))
		p++;
	return p > start ? p : NULL;
}

static const char *
read_bracket(const char *p, const char *end)
{
	uint64_t	index = 0;

	for (p++; p < end && *p >= '0' && *p <= '9'; p++)
	{
		index = index * 10 + (uint64_t) (*p - '0');
		if (index > UINT32_MAX)
			return NULL;
	}
	return p < end && *p == ']' ? p + 1 : NULL;
}

bool
json_path_valid(slice path)
{
	const char *end = path.p + path.n;
	const char *p = read_key(path.p, end);

	while (p != NULL && p < end)
	{
		if (*p == '.')
			p = read_key(p + 1, end);
		else if (*p == '[')
			p = read_bracket(p, end);
		else
			return false;
	}
	return p != NULL;
}

/* One step of a valid path: a key without its quotes, or an index. */
typedef struct path_step
{
	bool		is_key;
	slice		key;
	uint64_t	index;			/* UINT64_MAX: [] */
} path_step;

/* Takes the first step off the path. */
static path_step
take_step(slice *path)
{
	const char *end = path->p + path->n;
	const char *p = path->p + (*path->p == '.');
	path_step	step = {.is_key = *p != '['};
	const char *next = step.is_key ? read_key(p, end) : read_bracket(p, end);
	bool		quoted = *p == '"';

	if (step.is_key)
		step.key = (slice) {p + quoted, (size_t) (next - p) - 2 * quoted};
	else
		step.index = next - p == 2 ? UINT64_MAX : 0;
	for (p++; !step.is_key && p < next - 1; p++)
		step.index = step.index * 10 + (uint64_t) (*p - '0');
	path->n = (size_t) (end - next);
	path->p = next;
	return step;
}

bool
json_path_equal(slice a, slice b)
{
	while (a.n > 0 && b.n > 0)
	{
		path_step	x = take_step(&a);
		path_step	y = take_step(&b);

		if (x.is_key != y.is_key || x.index != y.index ||
			(x.is_key && !slice_eq(x.key, y.key)))
			return false;
	}
	return a.n == 0 && b.n == 0;
}
