/*
 * response.c
 *		The head of an HTTP/1.1 answer: status, CORS, compression.
 */
#include "net/response.h"

#include <stdio.h>
#include <time.h>

#include "net/coding.h"

static const struct
{
	int			status;
	const char *reason;
}			reasons[] =

{
	{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"},
	{304, "Not Modified"}, {307, "Temporary Redirect"},
	{308, "Permanent Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"},
	{403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
	{408, "Request Timeout"}, {409, "Conflict"}, {413, "Payload Too Large"},
	{414, "URI Too Long"}, {415, "Unsupported Media Type"},
	{417, "Expectation Failed"}, {422, "Unprocessable Entity"},
	{429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"}, {501, "Not Implemented"},
	{503, "Service Unavailable"}, {505, "HTTP Version Not Supported"},
	{507, "Insufficient Storage"},
};

const char *
response_reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

/* "date: ..." of this second, made once. */
static const char *
date_line(net *n)
{
	time_t		now = time(NULL);
	struct tm	tm;

	if (now != n->date_second)
	{
		gmtime_r(&now, &tm);
		strftime(n->date, sizeof(n->date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		n->date_second = now;
	}
	return n->date;
}

/* A value with a line end in it would be a header more: left out. */
static void
add_header(buf * b, slice name, slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\n' || value.p[i] == '\r')
			return;
	buf_add(b, name.p, name.n);
	buf_add(b, ": ", 2);
	buf_add(b, value.p, value.n);
	buf_add(b, "\r\n", 2);
}

static bool
has_header(const response *r, const char *name)
{
	for (size_t i = 0; i < r->n_extra; i++)
		if (slice_is(r->extra[i].name, name))
			return true;
	return false;
}

static bool
has_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

static bool
should_compress(const request *req, const response *r)
{
	return !has_header(r, "content-encoding") &&
		coding_wants_gzip(request_header(req, "accept-encoding"), r->body.n);
}

slice
response_head(net *n, const request *req, response *r)
{
	slice		origin = request_header(req, "origin");
	bool		compress = should_compress(req, r);
	buf			b;

	if (compress)
		r->body = deflater_gzip(n->deflater, req->arena, r->body);
	buf_init(&b, req->arena, 512);
	buf_printf(&b, "HTTP/1.1 %d %s\r\n", r->status,
			   response_reason(r->status));
	if (has_body(r->status))
		buf_printf(&b, "content-length: %zu\r\n", r->body.n);
	buf_adds(&b, VARY);
	if (compress)
		buf_adds(&b, "content-encoding: gzip\r\nvary: accept-encoding\r\n");
	if (r->content_type != NULL)
		add_header(&b, SLICE_LIT("content-type"),
				   slice_text(r->content_type));
	if (origin.n > 0)
		add_header(&b, SLICE_LIT("access-control-allow-origin"), origin);
	for (size_t i = 0; i < r->n_extra; i++)
		add_header(&b, r->extra[i].name, r->extra[i].value);
	if (r->close)
		buf_adds(&b, "connection: close\r\n");
	else if (r->keep_alive)
		buf_adds(&b, "connection: keep-alive\r\n");
	buf_adds(&b, "date: ");
	buf_adds(&b, date_line(n));
	buf_adds(&b, "\r\n\r\n");
	if (!has_body(r->status) || slice_eq(req->method, SLICE_LIT("HEAD")))
		r->body.n = 0;
	return buf_slice(&b);
}

bool
response_preflight(request *req)
{
	slice		wanted = request_header(req, "access-control-request-headers");
	header		extra[2];
	size_t		n = 0;

	if (!slice_eq(req->method, SLICE_LIT("OPTIONS")) ||
		request_header(req, "access-control-request-method").n == 0)
		return false;
	extra[n].name = SLICE_LIT("access-control-allow-methods");
	extra[n++].value = SLICE_LIT("OPTIONS, GET, HEAD, POST, PUT, PATCH, "
								 "DELETE, TRACE, CONNECT");
	if (wanted.n > 0)
	{
		extra[n].name = SLICE_LIT("access-control-allow-headers");
		extra[n++].value = wanted;
	}
	request_answer_rest(req, 200, NULL, extra, n, slice_of("", 0));
	return true;
}
