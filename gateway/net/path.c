/*
 * path.c
 *		Request paths: normalising and decoding.
 */
#include "net/path.h"

#include "core/hex.h"

static bool
is_normal(slice p)
{
	if (p.n > 1 && p.p[p.n - 1] == '/')
		return false;
	return memmem(p.p, p.n, "//", 2) == NULL;
}

slice
path_normalize(arena * a, slice target)
{
	char	   *p;
	size_t		n = 0;

	if (is_normal(target))
		return target;
	p = arena_alloc(a, target.n);
	for (size_t i = 0; i < target.n; i++)
		if (target.p[i] != '/' || n == 0 || p[n - 1] != '/')
			p[n++] = target.p[i];
	if (n > 1 && p[n - 1] == '/')
		n--;
	return slice_of(p, n);
}

static bool
percent_decode(arena * a, slice p, slice * out)
{
	char	   *d = arena_alloc(a, p.n + 1);
	size_t		n = 0;

	for (size_t i = 0; i < p.n; i++)
	{
		if (p.p[i] != '%')
			d[n++] = p.p[i];
		else if (p.n - i < 3 || hex_byte(p.p + i + 1) < 0)
			return false;
		else
		{
			d[n++] = (char) hex_byte(p.p + i + 1);
			i += 2;
		}
	}
	d[n] = '\0';
	*out = slice_of(d, n);
	return true;
}

bool
path_file_name(arena * a, slice p, slice * name)
{
	bool		at_start = true;

	if (!percent_decode(a, p, name))
		return false;
	for (size_t i = 0; i < name->n; i++)
	{
		char		c = name->p[i];

		/* Covers the empty segment, ".", ".." and hidden files. */
		if (at_start && (c == '/' || c == '.'))
			return false;
		if ((unsigned char) c < ' ' || c == 0x7f || c == '\\')
			return false;
		at_start = c == '/';
	}
	return !at_start;
}
