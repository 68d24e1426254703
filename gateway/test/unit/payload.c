/*
 * payload.c
 *		Payloads: JSON text read for storing, and both ways to the wire.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json/jread.h"
#include "model/model.h"
#include "model/payload.h"

static arena *memory;
static gw_error error;

static int
open_memory(void **state)
{
	memory = arena_create((size_t) 64 << 20);
	return 0;
}

static int
close_memory(void **state)
{
	arena_destroy(memory);
	return 0;
}

static slice
padded(const char *text)
{
	size_t		n = strlen(text);
	char	   *p = arena_alloc0(memory, n + JREAD_PADDING);

	memcpy(p, text, n);
	return (slice) {p, n};
}

/* What is stored of a REST payload, or the error. */
static const char *
stored(const char *text)
{
	jread		r;
	slice		json;

	jr_init(&r, padded(text), memory);
	if (payload_read(&r, &json) && jr_end(&r))
		return arena_strdup(memory, json);
	assert_false(jr_report(&r, &error));
	return error.text;
}

static void
numbers_are_stored_as_qdrant_reads_them(void **state)
{
	static const char *const cases[][2] = {
		{"{}", "{}"},
		{" {\"a\" : [1, -2, 1.5]}", "{\"a\" : [1, -2, 1.5]}"},
		{"{\"a\":1.50,\"b\":[2.0,3e2,7]}", "{\"a\":1.5,\"b\":[2.0,300.0,7]}"},
		{"[18446744073709551615,18446744073709551616]",
		"[18446744073709551615,18446744073709552000.0]"},
		{"[-9223372036854775808,-9223372036854775809]",
		"[-9223372036854775808,-9223372036854776000.0]"},
		{"1e20", "100000000000000000000.0"},
		{"-1.2345e+19", "-12345000000000000000.0"},
		{"1e-7", "1e-7"},
		{"-0", "-0.0"},
		{"0.1000000000000000055511151231257827", "0.1"},
		{"\"1.50\"", "\"1.50\""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(stored(cases[i][0]), cases[i][1]);
	assert_int_equal(strlen(stored("1e308")), 311);
}

static void
nul_and_bad_text_are_refused(void **state)
{
	static const char nul[] = "\\u0000 in a payload is not supported: "
		"PostgreSQL's jsonb can't store it";

	assert_string_equal(stored("{\"a\":\"x\\u0000\"}"), nul);
	assert_string_equal(stored("{\"\\u0000\":1}"), nul);
	assert_string_equal(stored("[[\"\\\\\\u0000\"]]"), nul);
	assert_string_equal(stored("\"\\\\u0000\""), "\"\\\\u0000\"");
	assert_string_equal(stored("{\"a\":1e999}"),
						"number out of range at line 1 column 10");
	assert_string_equal(stored("{\"a\":}"), "expected value at line 1 column 6");
}

/* JSON -> wire -> JSON. */
static const char *
round_trip(const char *text)
{
	ProtobufCBinaryData *entries;
	size_t		n;
	slice		json;

	if (!payload_from_json((slice) {text, strlen(text)}, memory, &entries, &n,
						   &error) ||
		!payload_to_json(entries, n, memory, &json, &error))
		return error.text;
	return arena_strdup(memory, json);
}

static void
payloads_survive_the_wire(void **state)
{
	static const char *const cases[] = {
		"{}",
		"{\"\":null}",
		"{\"a\":1,\"b\":-1,\"c\":1.0,\"d\":true,\"e\":false,\"f\":\"\"}",
		"{\"a\":{\"b\":[{\"c\":[[],{}]}]},\"z\":[1,\"two\",3.5,null]}",
		"{\"i\":[9223372036854775807,-9223372036854775808]}",
		"{\"s\":\"q\\\"\\\\\\n\\t\\u0001 \xc3\xa9 \xf0\x9f\x98\x80\"}",
		"{\"f\":[0.1,-2.5e-8,100000000000000000000.0,5e-324]}",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(round_trip(cases[i]), cases[i]);
	assert_string_equal(round_trip("{\"u\":9223372036854775808}"),
						"{\"u\":9223372036854776000.0}");
	assert_string_equal(round_trip("[]"), "a payload must be an object");
}

static void
long_values_have_long_lengths(void **state)
{
	static char value[60001],
				text[70000];
	size_t		lengths[] = {1, 126, 127, 128, 300, 16383, 16384, 60000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
	{
		memset(value, 'v', lengths[i]);
		value[lengths[i]] = '\0';
		snprintf(text, sizeof(text), "{\"k\":[{\"x\":\"%s\"},2]}", value);
		assert_string_equal(round_trip(text), text);
	}
}

static void
many_entries_are_kept_in_order(void **state)
{
	buf			text;

	buf_init(&text, memory, 0);
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "%s\"k%d\":%d", i > 0 ? "," : "{", i, i);
	buf_add(&text, "}", 2);
	assert_string_equal(round_trip(text.p), text.p);
}

static void
nesting_ends_at_127(void **state)
{
	char		text[1000];

	for (int depth = 126; depth <= 128; depth++)
	{
		memcpy(text, "{\"a\":", 5);
		memset(text + 5, '[', depth - 1);
		memset(text + 4 + depth, ']', depth - 1);
		memcpy(text + 3 + 2 * depth, "}", 2);
		if (depth <= 127)
			assert_string_equal(round_trip(text), text);
		else
			assert_non_null(strstr(round_trip(text),
								   "recursion limit exceeded"));
	}
}

/* The JSON of one MapEntry, or the error. */
#define ENTRY(wire)	entry_json(wire, sizeof(wire) - 1)

static const char *
entry_json(const char *wire, size_t n)
{
	uint8_t    *exact = arena_alloc(memory, n + 1);
	ProtobufCBinaryData entry = {n, exact};
	slice		json;

	memcpy(exact, wire, n);
	error = (gw_error) {0};
	if (!payload_to_json(&entry, 1, memory, &json, &error))
		return error.text;
	return arena_strdup(memory, json);
}

static void
wire_values_are_read_leniently(void **state)
{
	assert_string_equal(ENTRY(""), "{\"\":null}");
	assert_string_equal(ENTRY("\x0a\x01" "k"), "{\"k\":null}");
	assert_string_equal(ENTRY("\x0a\x01" "k" "\x12\x00"), "{\"k\":null}");
	assert_string_equal(ENTRY("\x12\x02\x18\x05" "\x0a\x01" "k"), "{\"k\":5}");
	/* of a oneof, and of a field, the last; unknown fields are skipped */
	assert_string_equal(ENTRY("\x0a\x01" "k" "\x12\x04\x18\x05\x28\x01"),
						"{\"k\":true}");
	assert_string_equal(ENTRY("\x0a\x01" "j" "\x0a\x01" "k" "\x1a\x00"
							  "\x12\x02\x18\x05\x12\x03\x40\x01\x08"),
						"invalid varint");
	assert_string_equal(ENTRY("\x0a\x01" "k" "\x12\x04\x40\x01\x08\x00"),
						"{\"k\":null}");
	assert_string_equal(ENTRY("\x0a\x01" "k" "\x12\x02\x28\x02"),
						"{\"k\":true}");
	assert_string_equal(ENTRY("\x0a\x01" "k" "\x12\x09\x11\0\0\0\0\0\0\x14\x40"),
						"{\"k\":5.0}");
	assert_string_equal(ENTRY("\x0a\x01" "k" "\x12\x0b\x18\xff\xff\xff\xff\xff"
							  "\xff\xff\xff\xff\x01"), "{\"k\":-1}");
}

static void
bad_wire_values_are_refused(void **state)
{
	assert_non_null(strstr(ENTRY("\x0a\x01\xff"), "UTF-8"));
	assert_int_equal(error.kind, ERR_PROTOBUF);
	assert_non_null(strstr(ENTRY("\x0a\x01" "k" "\x12\x04\x22\x02" "a\0"),
						   "\\u0000"));
	assert_int_equal(error.kind, ERR_GRPC_ARGUMENT);
	assert_string_equal(ENTRY("\x0a\x01" "k" "\x12\x09\x11\0\0\0\0\0\0\xf0\x7f"),
						"cannot convert to json number");
	assert_int_equal(error.kind, ERR_GRPC_ARGUMENT);
	assert_string_equal(ENTRY("\x0a\x01" "k" "\x12\x05\x22\x05" "abc"),
						"buffer underflow");
	assert_int_equal(error.kind, ERR_PROTOBUF);
	assert_non_null(strstr(ENTRY("\x08\x01"), "wire type"));
	assert_non_null(strstr(ENTRY("\x12\x02\x30\x01"), "wire type"));
}

static void
deep_wire_values_are_refused(void **state)
{
	static char wire[1 << 20];
	ProtobufCBinaryData entry;
	size_t		n = 0;

	/* 20000 lists, innermost first, as an entry's value */
	for (int i = 0; i <= 40000; i++)
	{
		uint8_t		head[12];
		uint8_t    *p = head;
		size_t		v = n;

		*p++ = i == 40000 ? 0x12 : i % 2 ? 0x3a : 0x0a;
		for (; v >= 0x80; v >>= 7)
			*p++ = (uint8_t) (v | 0x80);
		*p++ = (uint8_t) v;
		memmove(wire + (p - head), wire, n);
		memcpy(wire, head, p - head);
		n += p - head;
	}
	entry = (ProtobufCBinaryData) {n, (uint8_t *) wire};
	assert_false(payload_to_json(&entry, 1, memory, &(slice) {0}, &error));
	assert_string_equal(error.text,
						"the payload is nested more than 127 levels deep");
}

static void
one_json_slice_is_a_payload(void **state)
{
	ProtobufCBinaryData *entries;
	size_t		n;
	slice		json;

	payload_set_json(&entries, &n, SLICE_LIT("{\"a\":1}"), memory);
	assert_true(payload_is_json(entries, n));
	assert_true(payload_to_json(entries, n, memory, &json, &error));
	assert_true(slice_eq(json, SLICE_LIT("{\"a\":1}")));
	assert_true(payload_to_json(NULL, 0, memory, &json, &error));
	assert_true(slice_eq(json, SLICE_LIT("{}")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_stored_as_qdrant_reads_them),
		cmocka_unit_test(nul_and_bad_text_are_refused),
		cmocka_unit_test(payloads_survive_the_wire),
		cmocka_unit_test(long_values_have_long_lengths),
		cmocka_unit_test(many_entries_are_kept_in_order),
		cmocka_unit_test(nesting_ends_at_127),
		cmocka_unit_test(wire_values_are_read_leniently),
		cmocka_unit_test(bad_wire_values_are_refused),
		cmocka_unit_test(deep_wire_values_are_refused),
		cmocka_unit_test(one_json_slice_is_a_payload),
	};

	return cmocka_run_group_tests_name("payload", tests, open_memory,
									   close_memory);
}
