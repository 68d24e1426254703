/*
 * coding.c
 *		gzip, both ways, over zlib.
 */
#include "net/coding.h"

#include <stdlib.h>
#include <strings.h>
#include <zlib.h>

#include "core/log.h"
#include "net/request.h"

#define GZIP_WINDOW		(15 + 16)
#define ZLIB_WINDOW		15
#define INFLATE_STEP	((size_t) 64 * 1024)

struct deflater
{
	z_stream	z;
};

struct inflater
{
	z_stream	z;
	bool		complete;
};

/* "q=0", "q=0.000": not wanted. */
static bool
is_zero_weight(slice parameter)
{
	if (parameter.n < 3 || strncasecmp(parameter.p, "q=0", 3) != 0)
		return false;
	for (size_t i = 3; i < parameter.n; i++)
		if (parameter.p[i] != '.' && parameter.p[i] != '0')
			return false;
	return true;
}

bool
coding_wants_gzip(slice list, size_t n)
{
	if (n <= COMPRESS_MIN || n > COMPRESS_MAX)
		return false;
	while (list.n > 0)
	{
		slice		entry = header_list_next(&list, ',');
		slice		name = header_list_next(&entry, ';');

		if (name.n != 4 || strncasecmp(name.p, "gzip", 4) != 0)
			continue;
		while (entry.n > 0)
			if (is_zero_weight(header_list_next(&entry, ';')))
				return false;
		return true;
	}
	return false;
}

deflater   *
deflater_create(void)
{
	deflater   *d = calloc(1, sizeof(*d));

	if (d == NULL || deflateInit2(&d->z, 1, Z_DEFLATED, GZIP_WINDOW, 8,
								  Z_DEFAULT_STRATEGY) != Z_OK)
		log_fatal("out of memory");
	return d;
}

void
deflater_destroy(deflater *d)
{
	deflateEnd(&d->z);
	free(d);
}

slice
deflater_gzip(deflater *d, arena * a, slice input)
{
	size_t		bound = deflateBound(&d->z, input.n);
	char	   *out = arena_alloc(a, bound);
	size_t		written = 0;
	int			result;

	deflateReset(&d->z);
	d->z.next_in = (unsigned char *) input.p;
	do
	{
		/* zlib counts in unsigned int. */
		size_t		in = input.n < (1u << 30) ? input.n : (1u << 30);
		size_t		room = bound - written;

		if (room > 1u << 30)
			room = 1u << 30;
		d->z.avail_in = (unsigned int) in;
		d->z.next_out = (unsigned char *) out + written;
		d->z.avail_out = (unsigned int) room;
		result = deflate(&d->z, in == input.n ? Z_FINISH : Z_NO_FLUSH);
		input.n -= in - d->z.avail_in;
		written += room - d->z.avail_out;
	} while (result == Z_OK);
	if (result != Z_STREAM_END)
		log_fatal("could not compress: %d", result);
	return slice_of(out, written);
}

static void *
take_memory(void *a, unsigned int n, unsigned int size)
{
	return arena_array(a, n, size);
}

static void
give_memory(void *a, void *p)
{
}

inflater   *
inflater_create(arena * a, bool gzip)
{
	inflater   *i = arena_alloc0(a, sizeof(*i));

	i->z.zalloc = take_memory;
	i->z.zfree = give_memory;
	i->z.opaque = a;
	if (inflateInit2(&i->z, gzip ? GZIP_WINDOW : ZLIB_WINDOW) != Z_OK)
		log_fatal("could not begin to decompress");
	return i;
}

inflate_result
inflater_feed(inflater *i, slice input, body *out, size_t limit)
{
	i->z.next_in = (unsigned char *) input.p;
	i->z.avail_in = (unsigned int) input.n;
	for (;;)
	{
		int			result;

		if (i->complete)
			return i->z.avail_in == 0 ? INFLATE_OK : INFLATE_CORRUPT;
		if (!body_reserve(out, INFLATE_STEP, 0))
			return INFLATE_NO_MEMORY;
		i->z.next_out = (unsigned char *) out->p + out->n;
		i->z.avail_out = INFLATE_STEP;
		result = inflate(&i->z, Z_NO_FLUSH);
		out->n += INFLATE_STEP - i->z.avail_out;
		if (out->n > limit)
			return INFLATE_TOO_LARGE;
		if (result == Z_STREAM_END)
			i->complete = true;
		else if (result == Z_BUF_ERROR || (result == Z_OK &&
										   i->z.avail_in == 0 && i->z.avail_out > 0))
			return INFLATE_OK;
		else if (result != Z_OK)
			return INFLATE_CORRUPT;
	}
}

bool
inflater_complete(const inflater *i)
{
	return i->complete;
}
