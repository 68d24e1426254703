/*
 * h1.c
 *		Reader of HTTP/1.1 requests.
 *
 * A head is first found (every line must end with CRLF; looked at once per
 * byte), then taken apart as a whole.  Bodies are handed out as they come.
 */
#include "net/h1.h"

#include <string.h>

#include "core/hex.h"

/* RFC 9110 5.6.2: what methods and field names are made of. */
static const char token_class[256] = {
	['!'] = 1,['#'] = 1,['$'] = 1,['%'] = 1,['&'] = 1,['\''] = 1,['*'] = 1,
	['+'] = 1,['-'] = 1,['.'] = 1,['^'] = 1,['_'] = 1,['`'] = 1,['|'] = 1,
	['~'] = 1,
	['0'...'9'] = 1,['A'...'Z'] = 1,['a'...'z'] = 1,
};

static bool
is_token_byte(char c)
{
	return token_class[(unsigned char) c] != 0;
}

/* Field values: no control characters but the tab. */
static bool
is_value_byte(char c)
{
	unsigned char u = (unsigned char) c;

	return u == '\t' || (u >= ' ' && u != 0x7f);
}

static bool
is_target_byte(char c)
{
	return c > ' ' && c < 0x7f && c != '#';
}

void
h1_init(h1_reader *r)
{
	*r = (h1_reader)
	{
		.state = H1_IN_HEAD
	};
}

h1_event
h1_fail(h1_reader *r, int status)
{
	r->state = H1_BROKEN;
	r->status = status;
	return H1_ERROR;
}

/*
 * Looks for a LF from r->scanned on, at most at offset limit - 1; it must
 * follow a CR.  H1_DATA: r->scanned is behind the line's end.
 */
static h1_event
find_line_end(h1_reader *r, const char *p, size_t n, size_t limit,
			  int too_long)
{
	size_t		end = n < limit ? n : limit;
	const char *lf = NULL;

	if (r->scanned < end)
		lf = memchr(p + r->scanned, '\n', end - r->scanned);
	if (lf == NULL)
	{
		r->scanned = end;
		return n >= limit ? h1_fail(r, too_long) : H1_MORE;
	}
	r->scanned = (size_t) (lf - p) + 1;
	if (lf == p || lf[-1] != '\r')
		return h1_fail(r, 400);
	return H1_DATA;
}

static h1_event
read_head(h1_reader *r, const char *p, size_t n, size_t *used)
{
	h1_event	event;

	/* RFC 9112 2.2: empty lines before a request are no request. */
	if (r->line == 0 && n >= 2 && p[0] == '\r' && p[1] == '\n')
	{
		*used = 2;
		r->scanned = 0;
		return H1_MORE;
	}
	while ((event = find_line_end(r, p, n, H1_MAX_HEAD, 431)) == H1_DATA)
	{
		size_t		length = r->scanned - r->line;

		r->line = r->scanned;
		if (length > 2)
			continue;
		r->data = slice_of(p, r->scanned);
		*used = r->scanned;
		return H1_HEAD;
	}
	return event;
}

void
h1_expect_body(h1_reader *r, const h1_head *head)
{
	r->scanned = 0;
	r->line = 0;
	r->trailer = 0;
	r->left = head->length;
	if (head->chunked)
		r->state = H1_IN_CHUNK_SIZE;
	else
		r->state = r->left > 0 ? H1_IN_BODY : H1_AT_END;
}

void
h1_skip_body(h1_reader *r, size_t n)
{
	r->left -= n;
	if (r->left == 0)
		r->state = H1_AT_END;
}

/* line: without its CRLF. */
static bool
parse_chunk_size(slice line, uint64_t *size)
{
	uint64_t	v = 0;
	size_t		i;

	for (i = 0; i < line.n && hex_digit(line.p[i]) >= 0; i++)
	{
		if (v >> 58 != 0)
			return false;
		v = v << 4 | (uint64_t) hex_digit(line.p[i]);
	}
	if (i == 0 || (i < line.n && line.p[i] != ';'))
		return false;
	for (; i < line.n; i++)
		if (!is_value_byte(line.p[i]))
			return false;
	*size = v;
	return true;
}

static h1_event
read_chunk_size(h1_reader *r, const char *p, size_t n, size_t *used)
{
	h1_event	event = find_line_end(r, p, n, 16 + H1_MAX_EXTENSION, 400);

	if (event != H1_DATA)
		return event;
	if (!parse_chunk_size(slice_of(p, r->scanned - 2), &r->left))
		return h1_fail(r, 400);
	*used = r->scanned;
	r->scanned = 0;
	r->state = r->left > 0 ? H1_IN_CHUNK_DATA : H1_IN_TRAILER;
	return H1_MORE;
}

static h1_event
read_data(h1_reader *r, const char *p, size_t n, size_t *used)
{
	if (n == 0)
		return H1_MORE;
	if (n > r->left)
		n = (size_t) r->left;
	r->data = slice_of(p, n);
	r->left -= n;
	*used = n;
	if (r->left == 0)
		r->state = r->state == H1_IN_BODY ? H1_AT_END : H1_IN_CHUNK_END;
	return H1_DATA;
}

static h1_event
read_chunk_end(h1_reader *r, const char *p, size_t n, size_t *used)
{
	if ((n >= 1 && p[0] != '\r') || (n >= 2 && p[1] != '\n'))
		return h1_fail(r, 400);
	if (n < 2)
		return H1_MORE;
	*used = 2;
	r->state = H1_IN_CHUNK_SIZE;
	return H1_MORE;
}

/* A field line without its CRLF; value without the blanks around it. */
static bool
parse_field(slice line, slice * name, slice * value)
{
	size_t		i = 0;
	size_t		end = line.n;

	while (i < line.n && is_token_byte(line.p[i]))
		i++;
	if (i == 0 || i == line.n || line.p[i] != ':')
		return false;
	*name = slice_of(line.p, i++);
	while (i < end && (line.p[i] == ' ' || line.p[i] == '\t'))
		i++;
	while (end > i && (line.p[end - 1] == ' ' || line.p[end - 1] == '\t'))
		end--;
	*value = slice_of(line.p + i, end - i);
	for (; i < end; i++)
		if (!is_value_byte(line.p[i]))
			return false;
	return true;
}

/* Trailer fields are checked like others and dropped. */
static h1_event
read_trailer(h1_reader *r, const char *p, size_t n, size_t *used)
{
	h1_event	event = find_line_end(r, p, n, H1_MAX_TRAILER - r->trailer,
									  431);
	slice		name;
	slice		value;

	if (event != H1_DATA)
		return event;
	*used = r->scanned;
	r->trailer += r->scanned;
	r->scanned = 0;
	if (*used == 2)
		r->state = H1_AT_END;
	else if (!parse_field(slice_of(p, *used - 2), &name, &value))
		return h1_fail(r, 400);
	return H1_MORE;
}

static h1_event
step(h1_reader *r, const char *p, size_t n, size_t *used)
{
	switch (r->state)
	{
		case H1_IN_HEAD:
			return read_head(r, p, n, used);
		case H1_IN_BODY:
		case H1_IN_CHUNK_DATA:
			return read_data(r, p, n, used);
		case H1_IN_CHUNK_SIZE:
			return read_chunk_size(r, p, n, used);
		case H1_IN_CHUNK_END:
			return read_chunk_end(r, p, n, used);
		case H1_IN_TRAILER:
			return read_trailer(r, p, n, used);
		case H1_AT_END:
			h1_init(r);
			return H1_END;
		case H1_BROKEN:
			break;
	}
	return H1_ERROR;
}

h1_event
h1_next(h1_reader *r, const char *p, size_t n, size_t *used)
{
	*used = 0;
	for (;;)
	{
		size_t		took = 0;
		h1_event	event = step(r, p + *used, n - *used, &took);

		*used += took;
		/* "More" after a step that got ahead: the next one may be possible. */
		if (event != H1_MORE || (took == 0 && r->state != H1_AT_END))
			return event;
	}
}

/*----------
 * Taking a head apart.
 *----------
 */

static bool
equals_ignoring_case(slice s, const char *lower)
{
	size_t		n = strlen(lower);

	if (s.n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((s.p[i] | (s.p[i] >= 'A' && s.p[i] <= 'Z' ? 0x20 : 0)) != lower[i])
			return false;
	return true;
}

/* http://host/path is what proxies are sent: the path counts. */
static bool
strip_origin(slice * target)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (int i = 0; i < 2; i++)
	{
		size_t		n = strlen(schemes[i]);
		const char *path;

		if (target->n <= n ||
			!equals_ignoring_case(slice_of(target->p, n), schemes[i]))
			continue;
		path = memchr(target->p + n, '/', target->n - n);
		if (path == NULL || path == target->p + n)
			return false;
		*target = slice_of(path, (size_t) (target->p + target->n - path));
		return true;
	}
	return false;
}

static int
parse_target(slice target, h1_head *head)
{
	const char *mark;

	if (target.n > H1_MAX_TARGET)
		return 414;
	for (size_t i = 0; i < target.n; i++)
		if (!is_target_byte(target.p[i]))
			return 400;
	if (target.n == 0)
		return 400;
	if (target.p[0] != '/' && !strip_origin(&target) &&
		!(slice_eq(target, SLICE_LIT("*")) &&
		  slice_eq(head->method, SLICE_LIT("OPTIONS"))))
		return 400;
	mark = memchr(target.p, '?', target.n);
	head->target = target;
	head->query = slice_of(target.p + target.n, 0);
	if (mark != NULL)
	{
		head->target.n = (size_t) (mark - target.p);
		head->query = slice_of(mark + 1, target.n - head->target.n - 1);
	}
	return 0;
}

/* "METHOD SP TARGET SP HTTP/1.x", exactly. */
static int
parse_request_line(slice line, h1_head *head, int *minor)
{
	const char *end = line.p + line.n;
	const char *space = memchr(line.p, ' ', line.n);
	const char *version;

	if (space == NULL || space == line.p || space - line.p > 32)
		return 400;
	head->method = slice_of(line.p, (size_t) (space - line.p));
	for (size_t i = 0; i < head->method.n; i++)
		if (!is_token_byte(line.p[i]))
			return 400;
	version = memrchr(space, ' ', (size_t) (end - space));
	if (version == space || end - version != 9 ||
		memcmp(version, " HTTP/", 6) != 0 || version[7] != '.')
		return 400;
	if (version[6] < '0' || version[6] > '9' || version[8] < '0' ||
		version[8] > '9')
		return 400;
	if (version[6] != '1' || version[8] > '1')
		return 505;
	*minor = version[8] - '0';
	return parse_target(slice_of(space + 1, (size_t) (version - space - 1)),
						head);
}

static int
parse_length(slice value, h1_head *head)
{
	uint64_t	v = 0;

	if (head->has_length || value.n == 0)
		return 400;
	for (size_t i = 0; i < value.n; i++)
	{
		if (value.p[i] < '0' || value.p[i] > '9' ||
			__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, value.p[i] - '0', &v))
			return 400;
	}
	head->has_length = true;
	head->length = v;
	return 0;
}

static void
parse_connection(slice value, h1_head *head)
{
	while (value.n > 0)
	{
		slice		token = header_list_next(&value, ',');

		if (equals_ignoring_case(token, "close"))
			head->closes = true;
		else if (equals_ignoring_case(token, "keep-alive"))
			head->keep_alive = true;
	}
}

/* Fields that say how the message goes on. */
static int
interpret_field(const header *h, h1_head *head, int minor, int *hosts)
{
	if (slice_eq(h->name, SLICE_LIT("content-length")))
		return parse_length(h->value, head);
	if (slice_eq(h->name, SLICE_LIT("transfer-encoding")))
	{
		if (head->chunked || minor == 0 ||
			!equals_ignoring_case(h->value, "chunked"))
			return 400;
		head->chunked = true;
	}
	else if (slice_eq(h->name, SLICE_LIT("host")))
		return ++* hosts > 1 ? 400 : 0;
	else if (slice_eq(h->name, SLICE_LIT("connection")))
		parse_connection(h->value, head);
	else if (slice_eq(h->name, SLICE_LIT("expect")))
	{
		if (!equals_ignoring_case(h->value, "100-continue"))
			return 417;
		head->expects_continue = minor == 1;
	}
	return 0;
}

static int
add_field(slice line, h1_head *head, int minor, int *hosts)
{
	header	   *h;
	char	   *name;

	if (head->n_headers == H1_MAX_HEADERS)
		return 431;
	h = &head->headers[head->n_headers++];
	if (!parse_field(line, &h->name, &h->value))
		return 400;
	name = (char *) h->name.p;
	for (size_t i = 0; i < h->name.n; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] |= 0x20;
	return interpret_field(h, head, minor, hosts);
}

int
h1_parse_head(char *p, size_t n, h1_head *head)
{
	char	   *end = p + n - 2;	/* the empty line */
	header	   *headers = head->headers;
	bool		first = true;
	int			minor = 0;
	int			hosts = 0;

	*head = (h1_head)
	{
		.headers = headers
	};
	while (p < end)
	{
		char	   *lf = memchr(p, '\n', (size_t) (end - p));
		slice		line = slice_of(p, (size_t) (lf - p) - 1);
		int			status;

		if (first)
		{
			status = parse_request_line(line, head, &minor);
			head->keep_alive = minor == 1;
			head->is_http_1_0 = minor == 0;
		}
		else
			status = add_field(line, head, minor, &hosts);
		if (status != 0)
			return status;
		first = false;
		p = lf + 1;
	}
	/* RFC 9112 6.1: both at once is what smuggling is made of. */
	if (head->chunked && head->has_length)
		return 400;
	head->keep_alive = head->keep_alive && !head->closes;
	return 0;
}
