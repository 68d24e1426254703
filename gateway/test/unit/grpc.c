/* Unit tests of net/grpc.c and net/coding.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/budget.h"
#include "net/coding.h"
#include "net/grpc.h"

#define LIMIT	1000000

static arena * a;

/* Feeds the bytes cut at every place; returns the last outcome's code. */
static int
read_all(slice wire, slice encoding, slice * message)
{
	int			code = -1;

	for (size_t cut = 0; cut <= wire.n; cut++)
	{
		arena	   *inner = arena_create(SIZE_MAX);
		grpc_reader r = {.n_prefix = 0};
		grpc_status status = grpc_read(&r, slice_of(wire.p, cut), LIMIT);
		slice		got = slice_of(NULL, 0);

		if (status.code == GRPC_OK)
			status = grpc_read(&r, slice_of(wire.p + cut, wire.n - cut), LIMIT);
		if (status.code == GRPC_OK)
			status = grpc_finish(&r, inner, encoding, LIMIT, &got);
		if (cut > 0)
			assert_int_equal(status.code, code);
		code = status.code;
		if (code == GRPC_OK)
		{
			for (int i = 0; i < BODY_PADDING; i++)
				assert_int_equal(got.p[got.n + i], 0);
			if (cut == wire.n)
				*message = slice_of(arena_strdup(a, got), got.n);
		}
		body_free(&r.body);
		arena_destroy(inner);
	}
	return code;
}

#define READ(literal, message) \
	read_all(slice_of(literal, sizeof(literal) - 1), slice_of(NULL, 0), message)

static void
one_message_is_read(void **state)
{
	slice		m;

	assert_int_equal(READ("\0\0\0\0\3abc", &m), GRPC_OK);
	assert_true(slice_eq(m, SLICE_LIT("abc")));
	assert_int_equal(READ("\0\0\0\0\0", &m), GRPC_OK);
	assert_int_equal(m.n, 0);
}

static void
other_framing_is_refused(void **state)
{
	slice		m;

	assert_int_equal(READ("", &m), GRPC_INTERNAL);
	assert_int_equal(READ("\0\0\0\0", &m), GRPC_INTERNAL);
	assert_int_equal(READ("\0\0\0\0\3ab", &m), GRPC_INTERNAL);
	assert_int_equal(READ("\0\0\0\0\3abcd", &m), GRPC_INTERNAL);
	assert_int_equal(READ("\0\0\0\0\0\0\0\0\0\0", &m), GRPC_INTERNAL);
	assert_int_equal(READ("\2\0\0\0\0", &m), GRPC_INTERNAL);
	assert_int_equal(READ("\1\0\0\0\1a", &m), GRPC_INTERNAL);
	assert_int_equal(READ("\0\xff\xff\xff\xff", &m), GRPC_RESOURCE_EXHAUSTED);
}

/* The message as a compressed frame. */
static slice
compressed_frame(slice message)
{
	deflater   *d = deflater_create();
	slice		z = deflater_gzip(d, a, message);
	char	   *p = arena_alloc(a, z.n + GRPC_PREFIX);

	deflater_destroy(d);
	grpc_write_prefix(p, true, (uint32_t) z.n);
	memcpy(p + GRPC_PREFIX, z.p, z.n);
	return slice_of(p, z.n + GRPC_PREFIX);
}

static void
compressed_messages_are_inflated(void **state)
{
	char	   *large = arena_alloc0(a, LIMIT + 1);
	slice		frame;
	slice		m;

	frame = compressed_frame(SLICE_LIT("hello hello hello"));
	assert_int_equal(read_all(frame, SLICE_LIT("gzip"), &m), GRPC_OK);
	assert_true(slice_eq(m, SLICE_LIT("hello hello hello")));
	frame = compressed_frame(slice_of(large, LIMIT));
	assert_int_equal(read_all(frame, SLICE_LIT("gzip"), &m), GRPC_OK);
	assert_int_equal(m.n, LIMIT);
	frame = compressed_frame(slice_of(large, LIMIT + 1));
	assert_int_equal(read_all(frame, SLICE_LIT("gzip"), &m),
					 GRPC_RESOURCE_EXHAUSTED);
	((char *) frame.p)[4]--;
	assert_int_equal(read_all(slice_of(frame.p, frame.n - 1), SLICE_LIT("gzip"),
							  &m), GRPC_RESOURCE_EXHAUSTED);
	frame = compressed_frame(SLICE_LIT("abc"));
	((char *) frame.p)[4]--;
	assert_int_equal(read_all(slice_of(frame.p, frame.n - 1), SLICE_LIT("gzip"),
							  &m), GRPC_INTERNAL);
	((char *) frame.p)[GRPC_PREFIX] = 'x';
	assert_int_equal(read_all(slice_of(frame.p, frame.n - 1), SLICE_LIT("gzip"),
							  &m), GRPC_INTERNAL);
}

static void
timeouts_are_read(void **state)
{
	uint64_t	ns = 0;

	assert_true(grpc_parse_timeout(SLICE_LIT("1S"), &ns));
	assert_int_equal(ns, 1000000000);
	assert_true(grpc_parse_timeout(SLICE_LIT("250m"), &ns));
	assert_int_equal(ns, 250000000);
	assert_true(grpc_parse_timeout(SLICE_LIT("99999999H"), &ns));
	assert_true(ns == UINT64_MAX);
	assert_false(grpc_parse_timeout(SLICE_LIT("123456789S"), &ns));
	assert_false(grpc_parse_timeout(SLICE_LIT("S"), &ns));
	assert_false(grpc_parse_timeout(SLICE_LIT("1"), &ns));
	assert_false(grpc_parse_timeout(SLICE_LIT("-1S"), &ns));
	assert_false(grpc_parse_timeout(SLICE_LIT("1s"), &ns));
	assert_false(grpc_parse_timeout(slice_of(NULL, 0), &ns));
}

static void
status_text_is_percent_encoded(void **state)
{
	char		long_text[3000];
	slice		out;

	out = grpc_encode_text(a, SLICE_LIT("50% `x`\n\xc3\xa4"));
	assert_true(slice_eq(out, SLICE_LIT("50%25 `x`%0A%C3%A4")));
	memset(long_text, '%', sizeof(long_text));
	out = grpc_encode_text(a, slice_of(long_text, sizeof(long_text)));
	assert_true(out.n <= GRPC_MAX_TEXT && out.n % 3 == 0);
	/* cut between characters: two bytes each here */
	for (size_t i = 0; i < sizeof(long_text); i += 2)
		memcpy(long_text + i, "\xc3\xa4", 2);
	out = grpc_encode_text(a, slice_of(long_text, sizeof(long_text)));
	assert_true(out.n > GRPC_MAX_TEXT - 12 && out.n % 6 == 0);
}

static void
content_types_and_codings(void **state)
{
	assert_true(grpc_is_content_type(SLICE_LIT("application/grpc")));
	assert_true(grpc_is_content_type(SLICE_LIT("application/grpc+proto")));
	assert_false(grpc_is_content_type(SLICE_LIT("application/grpc-web")));
	assert_false(grpc_is_content_type(SLICE_LIT("application/json")));
	assert_true(coding_wants_gzip(SLICE_LIT("br, GZIP;q=0.5"), 5000));
	assert_true(coding_wants_gzip(SLICE_LIT("gzip"), 5000));
	assert_false(coding_wants_gzip(SLICE_LIT("gzip;q=0"), 5000));
	assert_false(coding_wants_gzip(SLICE_LIT("gzip; q=0.00, br"), 5000));
	assert_false(coding_wants_gzip(SLICE_LIT("br, *"), 5000));
	assert_false(coding_wants_gzip(slice_of(NULL, 0), 5000));
	assert_false(coding_wants_gzip(SLICE_LIT("gzip"), COMPRESS_MIN));
	assert_false(coding_wants_gzip(SLICE_LIT("gzip"), COMPRESS_MAX + 1));
}

static void
bodies_stop_at_the_budget(void **state)
{
	size_t		before = budget_used();
	body		b = {.p = NULL};

	budget_set_limit(before + 100000);
	assert_true(body_reserve(&b, 10, SIZE_MAX / 2) || b.p == NULL);
	body_free(&b);
	assert_true(body_reserve(&b, 50000, 50000));
	assert_false(body_reserve(&b, 100000, 0));
	assert_false(body_reserve(&b, SIZE_MAX, 0));
	body_free(&b);
	assert_int_equal(budget_used(), before);
	budget_set_limit((size_t) 512 << 20);
}

static int
set_up(void **state)
{
	a = arena_create(SIZE_MAX);
	return 0;
}

static int
tear_down(void **state)
{
	arena_destroy(a);
	arena_thread_end();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_message_is_read),
		cmocka_unit_test(other_framing_is_refused),
		cmocka_unit_test(compressed_messages_are_inflated),
		cmocka_unit_test(timeouts_are_read),
		cmocka_unit_test(status_text_is_percent_encoded),
		cmocka_unit_test(content_types_and_codings),
		cmocka_unit_test(bodies_stop_at_the_budget),
	};

	return cmocka_run_group_tests_name("grpc", tests, set_up, tear_down);
}
