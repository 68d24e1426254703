/*
 * static.c
 *		The dashboard's files.
 *
 * The name is checked after it was decoded (path.c), then opened segment by
 * segment without following symbolic links, so nothing outside the folder can
 * be reached.  Files are small and in the page cache: they are read at once.
 */
#include "net/static.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/config.h"
#include "net/path.h"
#include "worker.h"

#define MAX_FILE		((off_t) 16 * 1024 * 1024)

static const slice root = SLICE_LIT("/dashboard");

static const struct
{
	const char *extension;
	const char *type;
}			types[] =

{
	{".css", "text/css; charset=utf-8"},
	{".gif", "image/gif"},
	{".html", "text/html; charset=utf-8"},
	{".ico", "image/x-icon"},
	{".js", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".map", "application/json"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".png", "image/png"},
	{".svg", "image/svg+xml"},
	{".txt", "text/plain; charset=utf-8"},
	{".wasm", "application/wasm"},
	{".webmanifest", "application/manifest+json"},
	{".webp", "image/webp"},
	{".woff", "font/woff"},
	{".woff2", "font/woff2"},
};

static const char *
content_type(slice name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
	{
		size_t		n = strlen(types[i].extension);

		if (name.n > n &&
			memcmp(name.p + name.n - n, types[i].extension, n) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

bool
static_is_path(slice path)
{
	return path.n >= root.n && memcmp(path.p, root.p, root.n) == 0 &&
		(path.n == root.n || path.p[root.n] == '/');
}

static void
not_found(request *req)
{
	request_answer_rest(req, 404, NULL, NULL, 0, slice_of(NULL, 0));
}

/* A descriptor of the regular file below the folder, or -1. */
static int
open_below(arena * a, const char *folder, slice name)
{
	int			fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

	while (fd >= 0 && name.n > 0)
	{
		const char *slash = memchr(name.p, '/', name.n);
		size_t		n = slash != NULL ? (size_t) (slash - name.p) : name.n;
		char	   *segment = arena_strdup(a, slice_of(name.p, n));
		int			flags = slash != NULL ? O_PATH | O_DIRECTORY
		: O_RDONLY | O_NONBLOCK | O_NOCTTY;
		int			next = openat(fd, segment, flags | O_NOFOLLOW | O_CLOEXEC);

		close(fd);
		fd = next;
		n += slash != NULL;
		name = slice_of(name.p + n, name.n - n);
	}
	return fd;
}

/* The file's bytes; NULL when it is none we serve. */
static char *
read_file(arena * a, int fd, struct stat *st)
{
	char	   *p;
	off_t		n = 0;

	if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode) || st->st_size > MAX_FILE)
		return NULL;
	p = arena_alloc(a, (size_t) st->st_size);
	while (n < st->st_size)
	{
		ssize_t		r = read(fd, p + n, (size_t) (st->st_size - n));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return NULL;		/* it shrank: it is being replaced */
		n += r;
	}
	return p;
}

/* "W/"-less list of quoted tags, or "*". */
static bool
names_tag(slice list, slice tag)
{
	return slice_eq(list, SLICE_LIT("*")) ||
		memmem(list.p, list.n, tag.p, tag.n) != NULL;
}

static void
answer_file(request *req, slice name, const struct stat *st, slice bytes)
{
	arena	   *a = req->arena;
	char	   *tag = arena_printf(a, "\"%" PRIx64 "-%" PRIx64 "\"",
								   (uint64_t) st->st_mtim.tv_sec * 1000 +
								   (uint64_t) st->st_mtim.tv_nsec / 1000000,
								   (uint64_t) st->st_size);
	char	   *modified = arena_alloc(a, 40);
	slice		none_match = request_header(req, "if-none-match");
	slice		since = request_header(req, "if-modified-since");
	bool		unchanged;
	struct tm	tm;

	gmtime_r(&st->st_mtime, &tm);
	strftime(modified, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	header		extra[] = {
		{SLICE_LIT("etag"), slice_text(tag)},
		{SLICE_LIT("last-modified"), slice_text(modified)},
		{SLICE_LIT("cache-control"), SLICE_LIT("no-cache")},
		{SLICE_LIT("x-frame-options"), SLICE_LIT("DENY")},
		{SLICE_LIT("x-content-type-options"), SLICE_LIT("nosniff")},
	};

	unchanged = none_match.n > 0 ? names_tag(none_match, extra[0].value)
		: since.n > 0 && slice_eq(since, extra[1].value);
	request_answer_rest(req, unchanged ? 304 : 200,
						unchanged ? NULL : content_type(name), extra,
						sizeof(extra) / sizeof(extra[0]),
						unchanged ? slice_of(NULL, 0) : bytes);
}

void
static_answer(request *req)
{
	const char *folder = req->worker->config->static_dir;
	slice		name = SLICE_LIT("index.html");
	header		location = {SLICE_LIT("location"), SLICE_LIT("/dashboard/")};
	struct stat st;
	char	   *bytes;
	int			fd;

	if (folder == NULL || (!slice_eq(req->method, SLICE_LIT("GET")) &&
						   !slice_eq(req->method, SLICE_LIT("HEAD"))))
	{
		not_found(req);
		return;
	}
	if (req->path.n == root.n &&
		(req->target.n == 0 || req->target.p[req->target.n - 1] != '/'))
	{
		/* Relative links in the page need the slash. */
		request_answer_rest(req, 307, NULL, &location, 1, slice_of(NULL, 0));
		return;
	}
	if (req->path.n > root.n &&
		!path_file_name(req->arena, slice_of(req->path.p + root.n + 1,
											 req->path.n - root.n - 1), &name))
	{
		not_found(req);
		return;
	}
	fd = open_below(req->arena, folder, name);
	bytes = fd >= 0 ? read_file(req->arena, fd, &st) : NULL;
	if (fd >= 0)
		close(fd);
	if (bytes == NULL)
		not_found(req);
	else
		answer_file(req, name, &st, slice_of(bytes, (size_t) st.st_size));
}
