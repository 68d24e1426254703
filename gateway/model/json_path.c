/*
 * json_path.c
 *		The grammar of key paths.
 */
#include "model/json_path.h"

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
