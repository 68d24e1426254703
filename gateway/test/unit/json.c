/*
 * json.c
 *		The JSON reader, numbers and writer.  Every text is read where an
 *		inaccessible page follows its padding.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/utf8.h"
#include "json/jread.h"
#include "json/jwrite.h"

#define AREA	((size_t) 1 << 20)

static arena *memory;
static char *area;				/* AREA bytes, then an inaccessible page */

static int
open_memory(void **state)
{
	memory = arena_create((size_t) 64 << 20);
	area = mmap(NULL, AREA + 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return -1;
	return mprotect(area + AREA, 4096, PROT_NONE);
}

static int
close_memory(void **state)
{
	arena_destroy(memory);
	return munmap(area, AREA + 4096);
}

static slice
guarded(const char *text, size_t n)
{
	char	   *p = area + AREA - JREAD_PADDING - n;

	assert_true(n + JREAD_PADDING <= AREA);
	memcpy(p, text, n);
	memset(p + n, 0, JREAD_PADDING);
	return (slice) {p, n};
}

static jread
reader(const char *text)
{
	jread		r;

	jr_init(&r, guarded(text, strlen(text)), memory);
	return r;
}

/* "" when the text is JSON, else what serde_json says. */
static const char *
verdict(const char *text)
{
	jread		r = reader(text);
	gw_error	e = {0};

	if (jr_skip(&r, NULL) && jr_end(&r))
		return "";
	assert_false(jr_report(&r, &e));
	assert_int_equal(e.kind, ERR_JSON_FORMAT);
	return e.text;
}

static void
errors_are_those_of_serde_json(void **state)
{
	static const char *const cases[][2] = {
		{"", "EOF while parsing a value at line 1 column 0"},
		{" ", "EOF while parsing a value at line 1 column 1"},
		{"{", "EOF while parsing an object at line 1 column 1"},
		{"[", "EOF while parsing a list at line 1 column 1"},
		{"[1,", "EOF while parsing a value at line 1 column 3"},
		{"}", "expected value at line 1 column 1"},
		{"nul", "EOF while parsing a value at line 1 column 3"},
		{"nuL", "expected ident at line 1 column 3"},
		{"{}{}", "trailing characters at line 1 column 3"},
		{"{\"limit\":1", "EOF while parsing an object at line 1 column 10"},
		{"{\"limit\":1,}", "trailing comma at line 1 column 12"},
		{"[1,]", "trailing comma at line 1 column 4"},
		{"{'limit':1}", "key must be a string at line 1 column 2"},
		{"{limit:1}", "key must be a string at line 1 column 2"},
		{"{\"limit\" 1}", "expected `:` at line 1 column 10"},
		{"{\"limit\":01}", "invalid number at line 1 column 11"},
		{"-", "EOF while parsing a value at line 1 column 1"},
		{"1.", "EOF while parsing a value at line 1 column 2"},
		{"[1.x]", "invalid number at line 1 column 4"},
		{"[1e]", "invalid number at line 1 column 4"},
		{"[+1]", "expected value at line 1 column 2"},
		{"[1e400]", "number out of range at line 1 column 6"},
		{"{\"limit\":1 \"x\":2}", "expected `,` or `}` at line 1 column 12"},
		{"[1 2]", "expected `,` or `]` at line 1 column 4"},
		{"{\"limit\":\"\\ud800\"}",
		"unexpected end of hex escape at line 1 column 17"},
		{"\"\\udc00\"",
		"lone leading surrogate in hex escape at line 1 column 7"},
		{"\"\\ud800\\u0041\"",
		"lone leading surrogate in hex escape at line 1 column 13"},
		{"\"\\u00g0\"", "invalid escape at line 1 column 7"},
		{"\"\\x\"", "invalid escape at line 1 column 3"},
		{"\"\\u00", "EOF while parsing a string at line 1 column 5"},
		{"\"a", "EOF while parsing a string at line 1 column 2"},
		{"\"a\nb\"", "control character (\\u0000-\\u001F) found while parsing "
		"a string at line 2 column 0"},
		{"\"\xff\"", "invalid unicode code point at line 1 column 3"},
		{"// c\n{}", "expected value at line 1 column 1"},
		{"\xef\xbb\xbf{}", "expected value at line 1 column 1"},
		{"{\"a\":\n\n  x}", "expected value at line 3 column 3"},
		{"{\"a\":[{\"b\":[]},{}],\"c\":null}\n\n", ""},
		{" [ true , false , null , -0 , 1e5 ] ", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(verdict(cases[i][0]), cases[i][1]);
}

static void
nesting_ends_at_127(void **state)
{
	char		text[300];

	for (int depth = 126; depth <= 129; depth++)
	{
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		text[2 * depth] = '\0';
		assert_string_equal(verdict(text), depth <= 127 ? "" :
							"recursion limit exceeded at line 1 column 128");
	}
}

static void
every_prefix_and_changed_byte_is_survived(void **state)
{
	static const char text[] = "{\"a\":[1,-2.5e-3,\"x\\u00e9\\n\\ud83d\\ude00\""
		",true,null,{\"\xc3\xa9\":18446744073709551616}],\"b\":{}}";
	char		changed[sizeof(text)];

	for (size_t n = 0; n < sizeof(text) - 1; n++)
	{
		memcpy(changed, text, n);
		changed[n] = '\0';
		assert_string_not_equal(verdict(changed), "");
		for (int c = 1; c < 256; c++)
		{
			memcpy(changed, text, sizeof(text));
			changed[n] = (char) c;
			verdict(changed);
		}
	}
	assert_string_equal(verdict(text), "");
}

static void
strings_are_decoded(void **state)
{
	static const struct
	{
		const char *text;
		const char *value;
		size_t		n;
	}			cases[] = {
		{"\"\"", "", 0},
		{"\"plain text\"", "plain text", 10},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
		{"\"a\\u0000b\"", "a\0b", 3},
		{"\"\\u00e9\\u20AC\\ud83d\\ude00.\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80.", 10},
		{"\"\xc3\xa9\"", "\xc3\xa9", 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		jread		r = reader(cases[i].text);
		slice		value;

		assert_int_equal(jr_peek(&r), JR_STRING);
		assert_true(jr_string(&r, &value));
		assert_int_equal(value.n, cases[i].n);
		if (value.n > 0)
			assert_memory_equal(value.p, cases[i].value, value.n);
		assert_true(jr_end(&r));
	}
}

static void
utf8_is_checked(void **state)
{
	static const char *const good[] = {
		"", "abc", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	"eight by\xe2\x82\xactes and more", };
	static const char *const bad[] = {
		"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf",
		"\xed\xa0\x80", "\xe2\x82", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
	"\xf5\x80\x80\x80", "\xff", "eight by\xe2\x82tes", };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(utf8_valid(bad[i], strlen(bad[i])));
}

static void
objects_are_pulled(void **state)
{
	jread		r = reader(" {\"a\" : 1, \"b\":[true,{\"c\":null}] ,\"d\":-7}x");
	slice		key,
				raw;
	jnum		number;
	bool		flag;

	assert_int_equal(jr_peek(&r), JR_OBJECT);
	assert_true(jr_begin_object(&r));
	assert_true(jr_next_member(&r, &key));
	assert_true(slice_eq(key, SLICE_LIT("a")));
	assert_int_equal(jr_peek(&r), JR_NUMBER);
	assert_true(jr_number(&r, &number));
	assert_int_equal(number.kind, JNUM_U64);
	assert_int_equal(number.u, 1);
	assert_true(jr_next_member(&r, &key));
	assert_int_equal(jr_peek(&r), JR_ARRAY);
	assert_true(jr_begin_array(&r));
	assert_true(jr_next_element(&r));
	assert_int_equal(jr_peek(&r), JR_BOOL);
	assert_true(jr_bool(&r, &flag) && flag);
	assert_true(jr_next_element(&r));
	assert_true(jr_skip(&r, &raw));
	assert_true(slice_eq(raw, SLICE_LIT("{\"c\":null}")));
	assert_false(jr_next_element(&r));
	assert_null(r.error);
	assert_true(jr_next_member(&r, &key));
	assert_int_equal(jr_peek(&r), JR_NUMBER);
	assert_true(jr_number(&r, &number));
	assert_int_equal(number.kind, JNUM_I64);
	assert_int_equal(number.i, -7);
	assert_false(jr_next_member(&r, &key));
	assert_null(r.error);
	assert_int_equal(jr_offset(&r), 41);
	assert_false(jr_end(&r));
	assert_string_equal(r.error, "trailing characters");
}

static void
a_copy_comes_back_to_its_place(void **state)
{
	jread		r = reader("[[1,2],\"x\"]");
	jread		saved;
	float	   *values;
	size_t		n;
	jr_type		other;

	assert_int_equal(jr_peek(&r), JR_ARRAY);
	saved = r;
	assert_true(jr_floats(&r, &values, &n, &other));
	assert_int_equal(n, 0);
	assert_int_equal(other, JR_ARRAY);
	assert_true(jr_floats(&r, &values, &n, &other));
	assert_int_equal(n, 2);
	assert_int_equal(other, JR_NUMBER);
	assert_true(jr_next_element(&r));
	assert_false(jr_fail_bare(&r, "no"));
	r = saved;
	assert_true(jr_skip(&r, NULL));
	assert_true(jr_end(&r));
}

static void
floats_are_read_packed(void **state)
{
	buf			text;
	jread		r;
	float	   *values;
	size_t		n;
	jr_type		other;

	for (int count = 0; count < 3000; count = count * 2 + 1)
	{
		buf_init(&text, memory, 0);
		buf_addc(&text, '[');
		for (int i = 0; i < count; i++)
			buf_printf(&text, "%s%.9g", i > 0 ? i % 3 ? "," : " ,\n " : "",
					   (double) (float) (i * 0.37 - 3));
		buf_adds(&text, "]");
		jr_init(&r, guarded(text.p, text.n), memory);
		assert_int_equal(jr_peek(&r), JR_ARRAY);
		assert_true(jr_floats(&r, &values, &n, &other));
		assert_true(jr_end(&r));
		assert_int_equal(n, count);
		for (int i = 0; i < count; i++)
			assert_true(values[i] == (float) (i * 0.37 - 3));
	}

	/* short numbers behind long ones: more than were guessed */
	buf_init(&text, memory, 0);
	buf_addc(&text, '[');
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, i < 40 ? "%d.12345678901234567," : "%d,", i % 10);
	buf_adds(&text, "1e39]");
	jr_init(&r, guarded(text.p, text.n), memory);
	assert_int_equal(jr_peek(&r), JR_ARRAY);
	assert_true(jr_floats(&r, &values, &n, &other));
	assert_int_equal(n, 5001);
	assert_true(values[4999] == 9);
	assert_true(isinf(values[5000]));
}

/* ---------- numbers ---------- */

static uint64_t
next_random(void)
{
	static uint64_t s = UINT64_C(88172645463325252);

	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return s;
}

static double
random_double(void)
{
	double		d;
	uint64_t	bits;

	do
	{
		bits = next_random();
		memcpy(&d, &bits, sizeof(d));
	} while (!isfinite(d));
	return d;
}

/* The reader's double is strtod's, bit for bit. */
static void
assert_reads_like_strtod(const char *text)
{
	char		padded[1300] = {0};
	size_t		n = strlen(text);
	const char *p = padded;
	double		expected = strtod(text, NULL),
				actual;
	jnum		number;
	jnum_result result;

	assert_true(n + 16 < sizeof(padded));
	memcpy(padded, text, n);
	result = jnum_parse(&p, padded + n, &number);
	if (isinf(expected))
	{
		assert_int_equal(result, JNUM_RANGE);
		return;
	}
	assert_int_equal(result, JNUM_OK);
	assert_ptr_equal(p, padded + n);
	actual = jnum_double(number);
	if (memcmp(&actual, &expected, sizeof(actual)) != 0)
		fail_msg("%s: %.17g, strtod %.17g", text, actual, expected);
}

static void
numbers_read_like_strtod(void **state)
{
	char		text[1200];

	for (int i = 0; i < 250000; i++)
	{
		snprintf(text, sizeof(text), "%.*e", (int) (next_random() % 25),
				 random_double());
		assert_reads_like_strtod(text);
		snprintf(text, sizeof(text), "%.*g", 6 + (int) (next_random() % 14),
				 (double) (float) ((int64_t) next_random() / 9.3e18));
		assert_reads_like_strtod(text);
	}
	/* subnormals */
	for (int i = 0; i < 20000; i++)
	{
		uint64_t	bits = next_random() >> (12 + next_random() % 50);
		double		d;

		memcpy(&d, &bits, sizeof(d));
		snprintf(text, sizeof(text), "%.*e", (int) (next_random() % 30), d);
		assert_reads_like_strtod(text);
	}
	/* integers of any length, with any power */
	for (int i = 0; i < 50000; i++)
	{
		snprintf(text, sizeof(text), "%" PRIu64 "%" PRIu64 "%s%d",
				 (next_random() >> (next_random() % 63)) | 1, next_random(),
				 i % 3 == 0 ? "." : i % 3 == 1 ? "e-" : "e",
				 (int) (next_random() % 340));
		assert_reads_like_strtod(text);
	}
}

/* Decimals exactly between two doubles, and just beside. */
static void
halfway_numbers_read_like_strtod(void **state)
{
	char		text[1200];

	if (LDBL_MANT_DIG < DBL_MANT_DIG + 11)
		skip();
	for (int i = 0; i < 30000; i++)
	{
		double		d = fabs(random_double()),
					above = nextafter(d, INFINITY);
		char	   *e;

		if (!isfinite(above))
			continue;
		snprintf(text, sizeof(text), "%.800Le",
				 ((long double) d + (long double) above) / 2);
		assert_reads_like_strtod(text);
		e = strchr(text, 'e');
		e[-1] = '1';
		assert_reads_like_strtod(text);
	}
	assert_reads_like_strtod("9007199254740993");
	assert_reads_like_strtod("9007199254740993.0");
	assert_reads_like_strtod("9007199254740992.99999999999999999999");
	assert_reads_like_strtod("2.2250738585072011e-308");
	assert_reads_like_strtod("1.7976931348623158e308");
	assert_reads_like_strtod("1.7976931348623159e308");
	assert_reads_like_strtod("0.000000000000000000000000000000000000000001e42");
	assert_reads_like_strtod("1e-99999999999999999999");
	assert_reads_like_strtod("0e99999999999999999999");
}

static void
integers_are_exact(void **state)
{
	static const struct
	{
		const char *text;
		jnum		number;
	}			cases[] = {
		{"0", {JNUM_U64, {.u = 0}}},
		{"18446744073709551615", {JNUM_U64, {.u = UINT64_MAX}}},
		{"18446744073709551616", {JNUM_F64, {.d = 18446744073709551616.0}}},
		{"19999999999999999999", {JNUM_F64, {.d = 2e19}}},
		{"99999999999999999999", {JNUM_F64, {.d = 1e20}}},
		{"100000000000000000000000000000", {JNUM_F64, {.d = 1e29}}},
		{"-1", {JNUM_I64, {.i = -1}}},
		{"-9223372036854775808", {JNUM_I64, {.i = INT64_MIN}}},
		{"-9223372036854775809", {JNUM_F64, {.d = -9223372036854775808.0}}},
		{"-0", {JNUM_F64, {.d = -0.0}}},
		{"5.0", {JNUM_F64, {.d = 5}}},
		{"1e2", {JNUM_F64, {.d = 100}}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		jread		r = reader(cases[i].text);
		jnum		number;

		assert_int_equal(jr_peek(&r), JR_NUMBER);
		assert_true(jr_number(&r, &number));
		assert_true(jr_end(&r));
		assert_int_equal(number.kind, cases[i].number.kind);
		assert_memory_equal(&number.u, &cases[i].number.u, 8);
	}
}

static void
floats_print_as_serde_json_does(void **state)
{
	static const struct
	{
		double		value;
		const char *text;
	}			doubles[] = {
		{1, "1.0"}, {0.1, "0.1"}, {-2.5, "-2.5"}, {0, "0.0"}, {-0.0, "-0.0"},
		{100, "100.0"}, {1e15, "1000000000000000.0"}, {1e16, "1e+16"},
		{1e20, "1e+20"}, {1.25e21, "1.25e+21"}, {0.00001, "0.00001"},
		{1e-6, "1e-6"}, {1.5e-7, "1.5e-7"}, {5e-324, "5e-324"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{123456.789, "123456.789"},
	};
	static const struct
	{
		float		value;
		const char *text;
	}			floats[] = {
		{0.05f, "0.05"}, {1, "1.0"}, {16777216, "16777216.0"},
		{3.4028235e38f, "3.4028235e+38"}, {1e-45f, "1e-45"},
	};
	buf			out;

	for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++)
	{
		buf_init(&out, memory, 0);
		jw_f64(&out, doubles[i].value);
		buf_addc(&out, '\0');
		assert_string_equal(out.p, doubles[i].text);
	}
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++)
	{
		buf_init(&out, memory, 0);
		jw_f32(&out, floats[i].value);
		buf_addc(&out, '\0');
		assert_string_equal(out.p, floats[i].text);
	}
}

static void
printed_numbers_read_back(void **state)
{
	char		text[JNUM_TEXT_MAX + 1];

	for (int i = 0; i < 100000; i++)
	{
		double		d = i % 2 ? random_double()
			: ldexp((double) (next_random() >> 40), (int) (next_random() % 200) - 100);
		float		f = (float) d;

		text[jnum_print_f64(d, text)] = '\0';
		assert_true(strtod(text, NULL) == d);
		if (isfinite(f))
		{
			text[jnum_print_f32(f, text)] = '\0';
			assert_true(strtof(text, NULL) == f);
		}
	}
}

static void
the_writer_escapes(void **state)
{
	buf			out;
	bool		first = true;
	float		values[] = {1, -0.5f, NAN};

	buf_init(&out, memory, 0);
	buf_addc(&out, '{');
	jw_key(&out, &first, "s");
	jw_string(&out, (slice) {"a\"\\\n\x01\x7f\0\xc3\xa9/", 10});
	jw_key_slice(&out, &first, SLICE_LIT("k\t"));
	jw_f32_array(&out, values, 3);
	jw_key(&out, &first, "i");
	jw_i64(&out, INT64_MIN);
	jw_key(&out, &first, "u");
	jw_u64(&out, UINT64_MAX);
	jw_key(&out, &first, "b");
	jw_bool(&out, true);
	jw_key(&out, &first, "n");
	jw_f64(&out, INFINITY);
	jw_key(&out, &first, "r");
	jw_raw(&out, SLICE_LIT("[]"));
	buf_addc(&out, '}');
	buf_addc(&out, '\0');
	assert_string_equal(out.p, "{\"s\":\"a\\\"\\\\\\n\\u0001\x7f\\u0000\xc3\xa9/\","
						"\"k\\t\":[1.0,-0.5,null],"
						"\"i\":-9223372036854775808,\"u\":18446744073709551615,"
						"\"b\":true,\"n\":null,\"r\":[]}");
	assert_string_equal(verdict(out.p), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_those_of_serde_json),
		cmocka_unit_test(nesting_ends_at_127),
		cmocka_unit_test(every_prefix_and_changed_byte_is_survived),
		cmocka_unit_test(strings_are_decoded),
		cmocka_unit_test(utf8_is_checked),
		cmocka_unit_test(objects_are_pulled),
		cmocka_unit_test(a_copy_comes_back_to_its_place),
		cmocka_unit_test(floats_are_read_packed),
		cmocka_unit_test(numbers_read_like_strtod),
		cmocka_unit_test(halfway_numbers_read_like_strtod),
		cmocka_unit_test(integers_are_exact),
		cmocka_unit_test(floats_print_as_serde_json_does),
		cmocka_unit_test(printed_numbers_read_back),
		cmocka_unit_test(the_writer_escapes),
	};

	return cmocka_run_group_tests_name("json", tests, open_memory,
									   close_memory);
}
