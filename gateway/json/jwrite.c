/*
 * jwrite.c
 *		The JSON writer.
 */
#include "json/jwrite.h"

#include <math.h>

#include "json/jnum.h"

void
jw_item(buf *out, bool *first)
{
	if (!*first)
		buf_addc(out, ',');
	*first = false;
}

void
jw_key(buf *out, bool *first, const char *key)
{
	jw_item(out, first);
	buf_addc(out, '"');
	buf_adds(out, key);
	buf_add(out, "\":", 2);
}

void
jw_key_slice(buf *out, bool *first, slice key)
{
	jw_item(out, first);
	jw_string(out, key);
	buf_addc(out, ':');
}

/* The escape of a control character, a quote or a backslash. */
static size_t
put_escape(char *p, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	p[0] = '\\';
	switch (c)
	{
		case '"':
		case '\\':
			p[1] = (char) c;
			return 2;
		case '\b':
			p[1] = 'b';
			return 2;
		case '\f':
			p[1] = 'f';
			return 2;
		case '\n':
			p[1] = 'n';
			return 2;
		case '\r':
			p[1] = 'r';
			return 2;
		case '\t':
			p[1] = 't';
			return 2;
		default:
			memcpy(p + 1, "u00", 3);
			p[4] = hex[c >> 4];
			p[5] = hex[c & 15];
			return 6;
	}
}

void
jw_string(buf *out, slice s)
{
	size_t		start = 0;

	buf_reserve(out, s.n + 2);
	buf_addc(out, '"');
	for (size_t i = 0; i < s.n; i++)
	{
		unsigned char c = (unsigned char) s.p[i];

		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		buf_add(out, s.p + start, i - start);
		out->n += put_escape(buf_reserve(out, 6), c);
		start = i + 1;
	}
	buf_add(out, s.p + start, s.n - start);
	buf_addc(out, '"');
}

void
jw_cstring(buf *out, const char *s)
{
	jw_string(out, slice_text(s));
}

void
jw_bool(buf *out, bool b)
{
	buf_adds(out, b ? "true" : "false");
}

void
jw_null(buf *out)
{
	buf_add(out, "null", 4);
}

void
jw_u64(buf *out, uint64_t u)
{
	out->n += jnum_print_u64(u, buf_reserve(out, JNUM_TEXT_MAX));
}

void
jw_i64(buf *out, int64_t i)
{
	out->n += jnum_print_i64(i, buf_reserve(out, JNUM_TEXT_MAX));
}

void
jw_f64(buf *out, double d)
{
	if (isfinite(d))
		out->n += jnum_print_f64(d, buf_reserve(out, JNUM_TEXT_MAX));
	else
		jw_null(out);
}

void
jw_f32(buf *out, float f)
{
	if (isfinite(f))
		out->n += jnum_print_f32(f, buf_reserve(out, JNUM_TEXT_MAX));
	else
		jw_null(out);
}

void
jw_f32_array(buf *out, const float *values, size_t n)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++)
	{
		if (i > 0)
			buf_addc(out, ',');
		jw_f32(out, values[i]);
	}
	buf_addc(out, ']');
}

void
jw_raw(buf *out, slice json)
{
	buf_add(out, json.p, json.n);
}
