/* Unit tests of net/path.c and net/static.c: what may be opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/config.h"
#include "net/path.h"
#include "net/static.h"
#include "worker.h"

/* What static_answer said last. */
static int	status;
static char body_text[1000];
static char headers_text[2000];

/* Linked instead of net/request.c's. */
void
request_answer_rest(request *req, int code, const char *content_type,
					const header *extra, size_t n_extra, slice body)
{
	size_t		n = 0;

	status = code;
	assert_true(body.n < sizeof(body_text));
	if (body.n > 0)
		memcpy(body_text, body.p, body.n);
	body_text[body.n] = '\0';
	n += snprintf(headers_text, sizeof(headers_text), "content-type: %s\n",
				  content_type != NULL ? content_type : "none");
	for (size_t i = 0; i < n_extra; i++)
		n += snprintf(headers_text + n, sizeof(headers_text) - n,
					  "%.*s: %.*s\n", (int) extra[i].name.n, extra[i].name.p,
					  (int) extra[i].value.n, extra[i].value.p);
}

slice
request_header(const request *req, const char *name)
{
	for (size_t i = 0; i < req->n_headers; i++)
		if (slice_eq(req->headers[i].name, slice_of(name, strlen(name))))
			return req->headers[i].value;
	return slice_of(NULL, 0);
}

static arena * a;
static char folder[40] = "/tmp/qdrant_pg_static_XXXXXX";

static slice
text(const char *s)
{
	return slice_of(s, strlen(s));
}

static void
get_with(const char *method, const char *target, const header *headers,
		 size_t n_headers)
{
	config		c = {.static_dir = folder};
	worker		w = {.config = &c};
	request		req = {.arena = a,.worker = &w,.method = text(method),
	.target = text(target),.headers = headers,.n_headers = n_headers};

	req.path = path_normalize(a, req.target);
	assert_true(static_is_path(req.path));
	static_answer(&req);
}

static void
get(const char *target)
{
	get_with("GET", target, NULL, 0);
}

static void
slashes_are_normalized(void **state)
{
	static const char *const cases[][2] = {
		{"/", "/"}, {"//", "/"}, {"/a", "/a"}, {"/a/", "/a"},
		{"//a///b//", "/a/b"}, {"/a/../b", "/a/../b"}, {"*", "*"},
		{"/a%2f/", "/a%2f"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		slice		out = path_normalize(a, text(cases[i][0]));

		if (!slice_eq(out, text(cases[i][1])))
			fail_msg("%s became %.*s", cases[i][0], (int) out.n, out.p);
	}
}

static void
only_the_dashboard_is_static(void **state)
{
	assert_true(static_is_path(text("/dashboard")));
	assert_true(static_is_path(text("/dashboard/x")));
	assert_false(static_is_path(text("/dashboards")));
	assert_false(static_is_path(text("/dashboard%2fx")));
	assert_false(static_is_path(text("/")));
}

static void
files_are_served(void **state)
{
	get("/dashboard");
	assert_int_equal(status, 307);
	assert_non_null(strstr(headers_text, "location: /dashboard/\n"));
	get("/dashboard/");
	assert_int_equal(status, 200);
	assert_string_equal(body_text, "<p>index");
	assert_non_null(strstr(headers_text, "content-type: text/html"));
	assert_non_null(strstr(headers_text, "x-frame-options: DENY\n"));
	get("/dashboard/sub/a%20b.js");
	assert_int_equal(status, 200);
	assert_string_equal(body_text, "js");
	assert_non_null(strstr(headers_text, "content-type: text/javascript"));
	get_with("HEAD", "/dashboard/index.html", NULL, 0);
	assert_int_equal(status, 200);
	get_with("POST", "/dashboard/index.html", NULL, 0);
	assert_int_equal(status, 404);
}

static void
unchanged_files_are_not_sent_again(void **state)
{
	char	   *tag;
	header		condition = {.name = SLICE_LIT("if-none-match")};

	get("/dashboard/index.html");
	tag = strstr(headers_text, "etag: ") + 6;
	condition.value = slice_of(tag, strcspn(tag, "\n"));
	condition.value.p = arena_strdup(a, condition.value);
	get_with("GET", "/dashboard/index.html", &condition, 1);
	assert_int_equal(status, 304);
	assert_string_equal(body_text, "");
	condition.value = SLICE_LIT("\"other\"");
	get_with("GET", "/dashboard/index.html", &condition, 1);
	assert_int_equal(status, 200);
}

static void
nothing_outside_is_served(void **state)
{
	static const char *const targets[] = {
		"/dashboard/missing", "/dashboard/../secret", "/dashboard/%2e%2e/secret",
		"/dashboard/..%2fsecret", "/dashboard/sub/../../secret",
		"/dashboard/sub/%2E%2E/index.html", "/dashboard/./index.html",
		"/dashboard/%2findex.html", "/dashboard/%00index.html",
		"/dashboard/index.html%00", "/dashboard/..%5csecret",
		"/dashboard/sub\\a", "/dashboard/.hidden", "/dashboard/link",
		"/dashboard/linked/passwd", "/dashboard/sub", "/dashboard/pipe",
		"/dashboard/%", "/dashboard/%4", "/dashboard/%zz", "/dashboard/%0a",
		"/dashboard/index.html%2f",
	};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
	{
		get(targets[i]);
		if (status != 404 || body_text[0] != '\0')
			fail_msg("%s was answered %d", targets[i], status);
	}
}

static void
write_file(const char *name, const char *content)
{
	char	   *path = arena_printf(a, "%s/%s", folder, name);
	FILE	   *f = fopen(path, "w");

	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

static int
set_up(void **state)
{
	char	   *sub;

	a = arena_create(1 << 20);
	if (mkdtemp(folder) == NULL)
		return -1;
	sub = arena_printf(a, "%s/sub", folder);
	mkdir(sub, 0755);
	write_file("index.html", "<p>index");
	write_file("sub/a b.js", "js");
	write_file(".hidden", "hidden");
	write_file("sub\\a", "backslash");
	if (mkfifo(arena_printf(a, "%s/pipe", folder), 0644) != 0)
		return -1;
	return symlink("/etc/passwd", arena_printf(a, "%s/link", folder)) |
		symlink("/etc", arena_printf(a, "%s/linked", folder));
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"index.html", "sub/a b.js", ".hidden",
	"sub\\a", "pipe", "link", "linked"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(arena_printf(a, "%s/%s", folder, names[i]));
	rmdir(arena_printf(a, "%s/sub", folder));
	rmdir(folder);
	arena_destroy(a);
	arena_thread_end();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slashes_are_normalized),
		cmocka_unit_test(only_the_dashboard_is_static),
		cmocka_unit_test(files_are_served),
		cmocka_unit_test(unchanged_files_are_not_sent_again),
		cmocka_unit_test(nothing_outside_is_served),
	};

	return cmocka_run_group_tests_name("static", tests, set_up, tear_down);
}
