/*
 * jread.c
 *		The JSON reader.
 *
 * Errors come in serde_json's two flavours: one at a byte that was only looked
 * at names the position behind it (at_peeked), one at a byte that was consumed
 * the position reached (jr_fail with the offset).  The padding behind the text
 * is zero, which is no byte of JSON outside strings, so most loops need no
 * test for the end.
 */
#include "json/jread.h"

#include <assert.h>

#include "core/hex.h"
#include "core/utf8.h"

#define EOF_VALUE	"EOF while parsing a value"
#define EOF_STRING	"EOF while parsing a string"
#define EOF_LIST	"EOF while parsing a list"
#define EOF_OBJECT	"EOF while parsing an object"

/* A string's longest piece that needs no look: eight bytes at a time. */
#define ONES		UINT64_C(0x0101010101010101)
#define HIGH_BITS	UINT64_C(0x8080808080808080)

void
jr_init(jread *r, slice text, arena *a)
{
	*r = (jread) {.start = text.p,.p = text.p,.end = text.p + text.n,.a = a};
}

bool
jr_fail(jread *r, size_t at, const char *text)
{
	if (r->error == NULL)
	{
		r->error = text;
		r->error_at = at;
		r->error_has_position = true;
	}
	return false;
}

bool
jr_fail_bare(jread *r, const char *text)
{
	if (r->error == NULL)
		r->error = text;
	return false;
}

void
jr_position(const jread *r, size_t at, size_t *line, size_t *column)
{
	size_t		start_of_line = 0;

	*line = 1;
	for (size_t i = 0; i < at; i++)
		if (r->start[i] == '\n')
		{
			++*line;
			start_of_line = i + 1;
		}
	*column = at - start_of_line;
}

bool
jr_report(jread *r, gw_error *e)
{
	size_t		line,
				column;

	if (!r->error_has_position)
		return gw_fail(e, r->a, ERR_JSON_FORMAT, "%s", r->error);
	jr_position(r, r->error_at, &line, &column);
	return gw_fail(e, r->a, ERR_JSON_FORMAT, "%s at line %zu column %zu",
				   r->error, line, column);
}

/* The position behind the byte that was looked at, if there is one. */
static bool
fail_peeked(jread *r, const char *text)
{
	return jr_fail(r, jr_offset(r) + (r->p < r->end), text);
}

static inline void
skip_blanks(jread *r)
{
	while (*r->p == ' ' || *r->p == '\n' || *r->p == '\t' || *r->p == '\r')
		r->p++;
}

jr_type
jr_peek(jread *r)
{
	if (r->error != NULL)
		return JR_ERROR;
	skip_blanks(r);
	switch (*r->p)
	{
		case '"':
			return JR_STRING;
		case '{':
			return JR_OBJECT;
		case '[':
			return JR_ARRAY;
		case 'n':
			return JR_NULL;
		case 't':
		case 'f':
			return JR_BOOL;
		case '-':
		case '0':
		case '1':
		case '2':
		case '3':
		case '4':
		case '5':
		case '6':
		case '7':
		case '8':
		case '9':
			return JR_NUMBER;
		default:
			fail_peeked(r, r->p < r->end ? "expected value" : EOF_VALUE);
			return JR_ERROR;
	}
}

static bool
word(jread *r, const char *rest)
{
	for (r->p++; *rest != '\0'; rest++, r->p++)
	{
		if (r->p == r->end)
			return jr_fail(r, jr_offset(r), EOF_VALUE);
		if (*r->p != *rest)
			return jr_fail(r, jr_offset(r) + 1, "expected ident");
	}
	return true;
}

bool
jr_null(jread *r)
{
	assert(*r->p == 'n');
	return r->error == NULL && word(r, "ull");
}

bool
jr_bool(jread *r, bool *value)
{
	assert(*r->p == 't' || *r->p == 'f');
	*value = *r->p == 't';
	return r->error == NULL && word(r, *value ? "rue" : "alse");
}

static bool
fail_number(jread *r, jnum_result result)
{
	return jr_fail(r, jr_offset(r),
				   result == JNUM_EOF ? EOF_VALUE :
				   result == JNUM_RANGE ? "number out of range" :
				   "invalid number");
}

bool
jr_number(jread *r, jnum *n)
{
	jnum_result result;

	if (r->error != NULL)
		return false;
	result = jnum_parse(&r->p, r->end, n);
	return result == JNUM_OK || fail_number(r, result);
}

/* Four hex digits at p: their value, or -1. */
static int
hex_value(const char *p)
{
	int			value = 0;

	for (int i = 0; i < 4; i++)
	{
		int			digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

static bool
scan_hex(jread *r, int *value)
{
	if (r->end - r->p < 4)
	{
		r->p = r->end;
		return jr_fail(r, jr_offset(r), EOF_STRING);
	}
	*value = hex_value(r->p);
	r->p += 4;
	return *value >= 0 || jr_fail(r, jr_offset(r), "invalid escape");
}

/* One byte that must be `expected`, inside a pair of surrogates. */
static bool
scan_pair_byte(jread *r, char expected)
{
	if (r->p == r->end)
		return jr_fail(r, jr_offset(r), EOF_STRING);
	if (*r->p++ != expected)
		return jr_fail(r, jr_offset(r), "unexpected end of hex escape");
	return true;
}

/* What follows "\u": one code unit, or a pair of surrogates. */
static bool
scan_unicode_escape(jread *r)
{
	int			unit;

	if (!scan_hex(r, &unit))
		return false;
	if (unit >= 0xDC00 && unit <= 0xDFFF)
		return jr_fail(r, jr_offset(r),
					   "lone leading surrogate in hex escape");
	if (unit < 0xD800 || unit > 0xDBFF)
		return true;
	if (!scan_pair_byte(r, '\\') || !scan_pair_byte(r, 'u') ||
		!scan_hex(r, &unit))
		return false;
	if (unit < 0xDC00 || unit > 0xDFFF)
		return jr_fail(r, jr_offset(r),
					   "lone leading surrogate in hex escape");
	return true;
}

/* r->p is behind the backslash. */
static bool
scan_escape(jread *r)
{
	if (r->p == r->end)
		return jr_fail(r, jr_offset(r), EOF_STRING);
	switch (*r->p++)
	{
		case '"':
		case '\\':
		case '/':
		case 'b':
		case 'f':
		case 'n':
		case 'r':
		case 't':
			return true;
		case 'u':
			return scan_unicode_escape(r);
		default:
			return jr_fail(r, jr_offset(r), "invalid escape");
	}
}

/* Passes bytes that are neither `"`, `\` nor below a blank. */
static inline const char *
skip_plain(const char *p, const char *end, uint64_t *high)
{
	while (end - p >= 8)
	{
		uint64_t	v,
					quote,
					backslash;

		memcpy(&v, p, 8);
		quote = v ^ (ONES * '"');
		backslash = v ^ (ONES * '\\');
		if ((((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash) |
			 ((v - ONES * ' ') & ~v)) & HIGH_BITS)
			break;
		*high |= v;
		p += 8;
	}
	for (; p < end && *p != '"' && *p != '\\' &&
		 (unsigned char) *p >= ' '; p++)
		*high |= (unsigned char) *p;
	return p;
}

/*
 * Validates the string at r->p and passes it; *raw lies between its quotes.
 * UTF-8 is looked at last, as a whole, since escapes don't change it.
 */
static bool
scan_string(jread *r, slice *raw, bool *has_escapes)
{
	uint64_t	high = 0;
	const char *start;

	assert(*r->p == '"');
	start = ++r->p;
	*has_escapes = false;
	for (;;)
	{
		r->p = skip_plain(r->p, r->end, &high);
		if (r->p == r->end)
			return jr_fail(r, jr_offset(r), EOF_STRING);
		if (*r->p == '"')
			break;
		if (*r->p++ != '\\')
			return jr_fail(r, jr_offset(r), "control character (\\u0000-"
						   "\\u001F) found while parsing a string");
		*has_escapes = true;
		if (!scan_escape(r))
			return false;
	}
	*raw = (slice) {start, (size_t) (r->p - start)};
	r->p++;
	if ((high & HIGH_BITS) && !utf8_valid(raw->p, raw->n))
		return jr_fail(r, jr_offset(r), "invalid unicode code point");
	return true;
}

static char *
put_utf8(char *out, uint32_t c)
{
	if (c < 0x80)
		*out++ = (char) c;
	else if (c < 0x800)
	{
		*out++ = (char) (0xC0 | c >> 6);
		*out++ = (char) (0x80 | (c & 0x3F));
	}
	else if (c < 0x10000)
	{
		*out++ = (char) (0xE0 | c >> 12);
		*out++ = (char) (0x80 | (c >> 6 & 0x3F));
		*out++ = (char) (0x80 | (c & 0x3F));
	}
	else
	{
		*out++ = (char) (0xF0 | c >> 18);
		*out++ = (char) (0x80 | (c >> 12 & 0x3F));
		*out++ = (char) (0x80 | (c >> 6 & 0x3F));
		*out++ = (char) (0x80 | (c & 0x3F));
	}
	return out;
}

/* Decodes the escape at p (behind the backslash); p passes it. */
static const char *
decode_escape(const char *p, char **out)
{
	static const char from[] = "bfnrt";
	static const char to[] = "\b\f\n\r\t";
	const char *known = strchr(from, *p);
	uint32_t	c;

	if (*p != 'u')
	{
		*(*out)++ = known != NULL ? to[known - from] : *p;
		return p + 1;
	}
	c = (uint32_t) hex_value(p + 1);
	p += 5;
	if (c >= 0xD800 && c <= 0xDBFF)
	{
		c = 0x10000 + ((c - 0xD800) << 10) +
			((uint32_t) hex_value(p + 2) - 0xDC00);
		p += 6;
	}
	*out = put_utf8(*out, c);
	return p;
}

/* A validated string's value; no escape is shorter than what it stands for. */
static slice
decode(slice raw, arena *a)
{
	char	   *text = arena_alloc(a, raw.n);
	char	   *out = text;
	const char *p = raw.p,
			   *end = raw.p + raw.n;

	while (p < end)
	{
		const char *escape = memchr(p, '\\', (size_t) (end - p));
		size_t		n = (size_t) ((escape != NULL ? escape : end) - p);

		memcpy(out, p, n);
		out += n;
		p += n;
		if (escape != NULL)
			p = decode_escape(p + 1, &out);
	}
	return (slice) {text, (size_t) (out - text)};
}

bool
jr_string(jread *r, slice *value)
{
	bool		has_escapes;

	if (r->error != NULL || !scan_string(r, value, &has_escapes))
		return false;
	if (has_escapes)
		*value = decode(*value, r->a);
	return true;
}

static bool
begin(jread *r)
{
	if (r->error != NULL)
		return false;
	if (r->depth == JREAD_MAX_DEPTH)
		return fail_peeked(r, "recursion limit exceeded");
	r->p++;
	r->depth++;
	r->first = true;
	return true;
}

bool
jr_begin_array(jread *r)
{
	assert(*r->p == '[');
	return begin(r);
}

bool
jr_begin_object(jread *r)
{
	assert(*r->p == '{');
	return begin(r);
}

static bool
leave(jread *r)
{
	r->p++;
	r->depth--;
	r->first = false;
	return false;
}

bool
jr_next_element(jread *r)
{
	bool		first = r->first;

	if (r->error != NULL)
		return false;
	skip_blanks(r);
	r->first = false;
	if (*r->p == ']')
		return leave(r);
	if (r->p == r->end)
		return fail_peeked(r, EOF_LIST);
	if (first)
		return true;
	if (*r->p != ',')
		return fail_peeked(r, "expected `,` or `]`");
	r->p++;
	skip_blanks(r);
	if (*r->p == ']')
		return fail_peeked(r, "trailing comma");
	return r->p < r->end || fail_peeked(r, EOF_VALUE);
}

/* To the opening quote of the next key, if there is one. */
static bool
next_key(jread *r)
{
	bool		first = r->first;

	if (r->error != NULL)
		return false;
	skip_blanks(r);
	r->first = false;
	if (*r->p == '}')
		return leave(r);
	if (!first)
	{
		if (*r->p != ',')
			return fail_peeked(r, r->p < r->end ? "expected `,` or `}`"
							   : EOF_OBJECT);
		r->p++;
		skip_blanks(r);
		if (*r->p == '}')
			return fail_peeked(r, "trailing comma");
	}
	if (*r->p == '"')
		return true;
	return fail_peeked(r, r->p < r->end ? "key must be a string"
					   : EOF_OBJECT);
}

static bool
colon(jread *r)
{
	skip_blanks(r);
	if (*r->p != ':')
		return fail_peeked(r, r->p < r->end ? "expected `:`" : EOF_OBJECT);
	r->p++;
	return true;
}

bool
jr_next_member(jread *r, slice *key)
{
	return next_key(r) && jr_string(r, key) && colon(r);
}

/* Room for the numbers up to the next ']', judged by the first ones. */
static size_t
guess_count(const jread *r)
{
	size_t		left = (size_t) (r->end - r->p);
	const char *closer = memchr(r->p, ']', left);
	size_t		n = closer != NULL ? (size_t) (closer - r->p) : left;
	size_t		sample = n < 512 ? n : 512;
	size_t		commas = 0;

	for (size_t i = 0; i < sample; i++)
		commas += r->p[i] == ',';
	if (sample == n)
		return commas + 1;
	return commas * (n / 256 + 1) / 2 * 9 / 8 + 16;
}

/* Room for more than n values; returns for how many.  None for no number. */
static size_t
enlarge(jread *r, float **values, size_t n)
{
	size_t		room = n == 0 ? guess_count(r) : n * 2;
	float	   *more = arena_array(r->a, room, sizeof(float));

	if (n > 0)
		memcpy(more, *values, n * sizeof(float));
	*values = more;
	return room;
}

bool
jr_floats(jread *r, float **values, size_t *n, jr_type *other)
{
	size_t		room = 0;
	jnum		number;

	*n = 0;
	*values = NULL;
	*other = JR_NUMBER;
	if (!jr_begin_array(r))
		return false;
	while (jr_next_element(r))
	{
		if (*r->p != '-' && (unsigned char) (*r->p - '0') >= 10)
		{
			*other = jr_peek(r);
			return *other != JR_ERROR;
		}
		if (*n == room)
			room = enlarge(r, values, *n);
		if (!jr_number(r, &number))
			return false;
		(*values)[(*n)++] = (float) jnum_double(number);
	}
	return r->error == NULL;
}

typedef struct walk
{
	jr_visitor	visit;			/* may be NULL */
	void	   *arg;
	bool		is_object[JREAD_MAX_DEPTH + 1]; /* by depth */
} walk;

static bool
walk_number(jread *r, const walk *w)
{
	const char *start = r->p;
	jnum		number;

	if (!jr_number(r, &number))
		return false;
	return w->visit == NULL ||
		w->visit(r, JR_NUMBER, (slice) {start, (size_t) (r->p - start)},
				 number, w->arg);
}

static bool
walk_string(jread *r, const walk *w)
{
	slice		raw;
	bool		has_escapes;

	if (!scan_string(r, &raw, &has_escapes))
		return false;
	return w->visit == NULL || !has_escapes ||
		w->visit(r, JR_STRING, raw, (jnum) {0}, w->arg);
}

/* A value that is no container, or the opening of one. */
static bool
walk_step(jread *r, walk *w)
{
	jr_type		type = jr_peek(r);
	bool		flag;

	switch (type)
	{
		case JR_NULL:
			return jr_null(r);
		case JR_BOOL:
			return jr_bool(r, &flag);
		case JR_NUMBER:
			return walk_number(r, w);
		case JR_STRING:
			return walk_string(r, w);
		case JR_ARRAY:
		case JR_OBJECT:
			if (!begin(r))
				return false;
			w->is_object[r->depth] = type == JR_OBJECT;
			return true;
		case JR_ERROR:
			break;
	}
	return false;
}

bool
jr_walk(jread *r, slice *raw, jr_visitor visit, void *arg)
{
	walk		w;
	int			outside = r->depth;
	const char *start;

	w.visit = visit;
	w.arg = arg;
	if (jr_peek(r) == JR_ERROR)
		return false;
	start = r->p;
	do
	{
		if (!walk_step(r, &w))
			return false;
		/* to the next value, out of what ends here */
		while (r->depth > outside)
		{
			if (w.is_object[r->depth]
				? next_key(r) && walk_string(r, &w) && colon(r)
				: jr_next_element(r))
				break;
			if (r->error != NULL)
				return false;
		}
	} while (r->depth > outside);
	if (raw != NULL)
		*raw = (slice) {start, (size_t) (r->p - start)};
	return true;
}

bool
jr_skip(jread *r, slice *raw)
{
	return jr_walk(r, raw, NULL, NULL);
}

bool
jr_end(jread *r)
{
	if (r->error != NULL)
		return false;
	skip_blanks(r);
	return r->p >= r->end || fail_peeked(r, "trailing characters");
}
