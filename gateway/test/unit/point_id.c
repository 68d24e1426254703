/* Unit tests of model/point_id.c and model/json_path.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "model/json_path.h"
#include "model/point_id.h"

#define CANONICAL	"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"

static slice
text(const char *s)
{
	return (slice) {s, strlen(s)};
}

static void
every_form_of_a_uuid_is_read(void **state)
{
	static const char *const forms[] = {
		CANONICAL,
		"0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0",
		"0f1e2d3c4b5a69788796a5b4c3d2e1f0",
		"{" CANONICAL "}",
		"urn:uuid:" CANONICAL,
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
	{
		point_key	k;
		char		out[UUID_TEXT_LENGTH];

		assert_true(point_key_parse(text(forms[i]), &k));
		assert_int_equal(k.n, 16);
		uuid_format(k.bytes, out);
		assert_memory_equal(out, CANONICAL, UUID_TEXT_LENGTH);
	}
}

static void
what_is_no_id_is_refused(void **state)
{
	static const char *const others[] = {
		"", "-1", "1.5", "abc", " 1", "+", "18446744073709551616",
		"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f", "{" CANONICAL,
		"0f1e2d3c4b5a-6978-8796-a5b4c3d2e1f0-",
		"0g1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
		"urn:uuid:0f1e2d3c4b5a69788796a5b4c3d2e1f0",
	};
	point_key	k;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(point_key_parse(text(others[i]), &k));
}

static void
numbers_keep_all_64_bits(void **state)
{
	point_key	k;

	assert_true(point_key_parse(text("18446744073709551615"), &k));
	assert_int_equal(k.n, 8);
	assert_true(point_key_number(&k) == UINT64_MAX);
	assert_true(point_key_parse(text("007"), &k));
	assert_true(point_key_number(&k) == 7);
}

static void
numbers_stand_before_uuids(void **state)
{
	point_key	small = point_key_from_number(2);
	point_key	large = point_key_from_number(256);
	point_key	nil = {.n = 16};

	assert_true(point_key_compare(&small, &large) < 0);
	assert_true(point_key_compare(&large, &nil) < 0);
	assert_true(point_key_compare(&nil, &small) > 0);
	assert_int_equal(point_key_compare(&nil, &nil), 0);
}

static void
messages_go_there_and_back(void **state)
{
	arena	   *a = arena_create(1 << 20);
	point_key	k = {.n = 16,.bytes = {1, 2, 3}};
	point_key	read;
	gw_error	e = {0};
	Qdrant__PointId empty = QDRANT__POINT_ID__INIT;

	assert_true(point_key_read(point_key_message(&k, a), &read, a, &e));
	assert_int_equal(point_key_compare(&k, &read), 0);
	k = point_key_from_number(5);
	assert_true(point_key_read(point_key_message(&k, a), &read, a, &e));
	assert_int_equal(point_key_compare(&k, &read), 0);
	assert_false(point_key_read(NULL, &read, a, &e));
	assert_string_equal(e.text, "Empty ID is not allowed");
	assert_false(point_key_read(&empty, &read, a, &e));
	assert_string_equal(e.text, "No ID options provided");
	arena_destroy(a);
}

static void
paths_follow_the_grammar(void **state)
{
	static const char *const good[] = {
		"a", "a.b", "a[]", "a[].b", "a[0].b", "a_-1", "\"a b\".c",
		"a.\"x.y\"", "\"\"", "\xc3\xa9t\xc3\xa9", "a[][0]"
	};
	static const char *const bad[] = {
		"", ".", "a.", ".a", "[]", "[0].a", "a[", "a[x]", "a]", "a b",
		"\"a", "\"a\\\"b\"", "a..b", "a[0]b", "a[4294967296]"
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(json_path_valid(text(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(json_path_valid(text(bad[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_a_uuid_is_read),
		cmocka_unit_test(what_is_no_id_is_refused),
		cmocka_unit_test(numbers_keep_all_64_bits),
		cmocka_unit_test(numbers_stand_before_uuids),
		cmocka_unit_test(messages_go_there_and_back),
		cmocka_unit_test(paths_follow_the_grammar),
	};

	return cmocka_run_group_tests_name("point_id", tests, NULL, NULL);
}
