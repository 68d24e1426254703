/*
 * protobuf.c
 *		Unpacking and packing: agreement with protobuf-c, hostile input, the
 *		meaning of presence after p3c.awk.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "model/model.h"

#define AREA	((size_t) 1 << 20)

static arena *memory;
static char *area;				/* AREA bytes, then an inaccessible page */
static gw_error error;

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

/* Unpacks bytes that end where memory ends. */
static void *
unpack(const ProtobufCMessageDescriptor *d, const void *bytes, size_t n)
{
	char	   *p = area + AREA - n;

	assert_true(n <= AREA);
	memcpy(p, bytes, n);
	error = (gw_error) {0};
	return model_unpack(d, (slice) {p, n}, memory, &error);
}

#define UNPACK(type, lit) \
	((Qdrant__##type *) unpack(descriptor_of_##type, lit, sizeof(lit) - 1))
#define descriptor_of_SearchPoints	&qdrant__search_points__descriptor
#define descriptor_of_UpsertPoints	&qdrant__upsert_points__descriptor
#define descriptor_of_Value		&qdrant__value__descriptor
#define descriptor_of_Condition	&qdrant__condition__descriptor
#define descriptor_of_VectorParams	&qdrant__vector_params__descriptor

/* Our bytes are protobuf-c's, and both unpackers read them the same. */
static void
assert_packs_like_protobuf_c(const ProtobufCMessage *m)
{
	slice		ours = model_pack(m, memory);
	size_t		n = protobuf_c_message_get_packed_size(m);
	uint8_t    *theirs = arena_alloc(memory, n + 1);
	ProtobufCMessage *copy;

	assert_int_equal(protobuf_c_message_pack(m, theirs), n);
	assert_int_equal(ours.n, n);
	assert_memory_equal(ours.p, theirs, n);
	copy = unpack(m->descriptor, ours.p, ours.n);
	assert_non_null(copy);
	ours = model_pack(copy, memory);
	assert_int_equal(ours.n, n);
	assert_memory_equal(ours.p, theirs, n);
}

static void
presence_is_protobuf_c_optional(void **state)
{
	Qdrant__SearchPoints m = QDRANT__SEARCH_POINTS__INIT;
	Qdrant__SearchPoints *copy;
	slice		wire;

	assert_int_equal(model_pack(&m.base, memory).n, 0);
	assert_null(m.vector_name);
	m.has_offset = 1;			/* present and 0 */
	m.vector_name = (char *) "";
	m.limit = 0;				/* not optional: 0 is left out */
	wire = model_pack(&m.base, memory);
	assert_int_equal(wire.n, 4);
	assert_memory_equal(wire.p, "\x48\x00\x52\x00", 4);
	copy = unpack(m.base.descriptor, wire.p, wire.n);
	assert_true(copy->has_offset && copy->offset == 0);
	assert_non_null(copy->vector_name);
	assert_string_equal(copy->vector_name, "");
	assert_string_equal(copy->collection_name, "");
	assert_false(copy->has_timeout);
	assert_null(copy->with_vectors);
	assert_packs_like_protobuf_c(&m.base);
}

static void
messages_pack_like_protobuf_c(void **state)
{
	float		data[] = {1, -0.5f, 1e30f, 0};
	uint32_t	indices[] = {1, 300, UINT32_MAX};
	Qdrant__SparseIndices sparse = QDRANT__SPARSE_INDICES__INIT;
	Qdrant__PointId id = QDRANT__POINT_ID__INIT;
	Qdrant__PointId uuid = QDRANT__POINT_ID__INIT;
	Qdrant__PointId *ids[] = {&id, &uuid};
	Qdrant__HasIdCondition has_id = QDRANT__HAS_ID_CONDITION__INIT;
	Qdrant__Condition condition = QDRANT__CONDITION__INIT;
	Qdrant__Condition *conditions[] = {&condition, &condition};
	Qdrant__Filter filter = QDRANT__FILTER__INIT;
	Qdrant__ReadConsistency consistency = QDRANT__READ_CONSISTENCY__INIT;
	Qdrant__SearchPoints m = QDRANT__SEARCH_POINTS__INIT;
	char		name[300];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	m.collection_name = name;
	m.vector = data;
	m.n_vector = 4;
	sparse.data = indices;
	sparse.n_data = 3;
	m.sparse_indices = &sparse;
	id.point_id_options_case = QDRANT__POINT_ID__POINT_ID_OPTIONS_NUM;
	id.num = 0;					/* a oneof's member is there even when 0 */
	uuid.point_id_options_case = QDRANT__POINT_ID__POINT_ID_OPTIONS_UUID;
	uuid.uuid = (char *) "x";
	has_id.n_has_id = 2;
	has_id.has_id = ids;
	condition.condition_one_of_case = QDRANT__CONDITION__CONDITION_ONE_OF_HAS_ID;
	condition.has_id = &has_id;
	filter.n_must = 2;
	filter.must = conditions;
	m.filter = &filter;
	m.limit = UINT64_MAX;
	m.has_score_threshold = 1;
	m.score_threshold = -0.0f;
	consistency.value_case = QDRANT__READ_CONSISTENCY__VALUE_TYPE;
	consistency.type = QDRANT__READ_CONSISTENCY_TYPE__Quorum;
	m.read_consistency = &consistency;
	assert_packs_like_protobuf_c(&m.base);
}

static void
a_message_named_base_has_another_head(void **state)
{
	Qdrant__Expression x = QDRANT__EXPRESSION__INIT;
	Qdrant__PowExpression pow = QDRANT__POW_EXPRESSION__INIT;

	x.variant_case = QDRANT__EXPRESSION__VARIANT_CONSTANT;
	x.constant = 2;
	pow.base = &x;
	pow.exponent = &x;
	assert_packs_like_protobuf_c(&pow.head);
}

static void
negative_enums_and_integers_take_ten_bytes(void **state)
{
	Qdrant__RepeatedIntegers m = QDRANT__REPEATED_INTEGERS__INIT;
	int64_t		values[] = {0, 1, -1, INT64_MIN, INT64_MAX};
	Google__Protobuf__Timestamp t = GOOGLE__PROTOBUF__TIMESTAMP__INIT;

	m.integers = values;
	m.n_integers = 5;
	assert_packs_like_protobuf_c(&m.base);
	t.seconds = -1;
	t.nanos = -1;
	assert_packs_like_protobuf_c(&t.base);
}

static void
repeated_numbers_come_packed_unpacked_and_mixed(void **state)
{
	/* field 2, float: packed 1, then 2 alone, then packed 3 and 4 */
	Qdrant__SearchPoints *m = UNPACK(SearchPoints,
									 "\x12\x04\0\0\x80\x3f" "\x15\0\0\0\x40"
									 "\x12\x08\0\0\x40\x40\0\0\x80\x40"
									 "\x12\0");

	assert_non_null(m);
	assert_int_equal(m->n_vector, 4);
	for (int i = 0; i < 4; i++)
		assert_true(m->vector[i] == (float) (i + 1));
	assert_null(UNPACK(SearchPoints, "\x12\x03\0\0\x80"));
	assert_string_equal(error.text, "SearchPoints.vector: buffer underflow");
}

static void
singular_messages_merge_and_oneofs_take_the_last(void **state)
{
	Qdrant__SearchPoints *m;
	Qdrant__Condition *c;

	/* field 3, filter, twice: must of the first, should of the second */
	m = UNPACK(SearchPoints, "\x1a\x02\x12\x00" "\x1a\x02\x0a\x00"
			   "\x1a\x02\x12\x00");
	assert_non_null(m);
	assert_int_equal(m->filter->n_must, 2);
	assert_int_equal(m->filter->n_should, 1);
	/* is_empty {key "a"}, then is_null {} */
	c = UNPACK(Condition, "\x12\x03\x0a\x01" "a" "\x2a\x00");
	assert_non_null(c);
	assert_int_equal(c->condition_one_of_case,
					 QDRANT__CONDITION__CONDITION_ONE_OF_IS_NULL);
	assert_string_equal(c->is_null->key, "");
	/* the same twice: merged */
	c = UNPACK(Condition, "\x12\x03\x0a\x01" "a" "\x12\x00");
	assert_string_equal(c->is_empty->key, "a");
}

static void
unknown_fields_are_skipped(void **state)
{
	Qdrant__SearchPoints *m = UNPACK(SearchPoints,
									 "\xf8\x07\x01" "\xfa\x07\x02xy"
									 "\xf9\x07" "12345678" "\xfd\x07" "1234"
									 "\x0a\x01" "c");

	assert_non_null(m);
	assert_string_equal(m->collection_name, "c");
	assert_int_equal(m->base.n_unknown_fields, 0);
}

static void
payloads_stay_slices_of_the_message(void **state)
{
	/* points: {payload: {key "a", value {}}} */
	static const char wire[] = "\x1a\x07\x1a\x05\x0a\x01" "a" "\x12\x00";
	Qdrant__UpsertPoints *m = unpack(&qdrant__upsert_points__descriptor, wire,
									 sizeof(wire) - 1);

	assert_non_null(m);
	assert_int_equal(m->n_points, 1);
	assert_int_equal(m->points[0]->n_payload, 1);
	assert_int_equal(m->points[0]->payload[0].len, 5);
	assert_memory_equal(m->points[0]->payload[0].data, wire + 4, 5);
	assert_ptr_equal(m->points[0]->payload[0].data, area + AREA - 5);
}

static void
bad_messages_are_refused_in_prosts_words(void **state)
{
	static const struct
	{
		const char *wire;
		size_t		n;
		const char *text;
	}			cases[] = {
		{"\x0a", 1, "invalid varint"},
		{"\x0a\x05" "abc", 5, "buffer underflow"},
		{"\x00", 1, "invalid tag value: 0"},
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, "invalid varint"},
		{"\xff\xff\xff\xff\xff\x01", 6, "invalid key value"},
		{"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "buffer underflow"},
		{"\x0b", 1, "groups are not supported"},
		{"\x08\x01", 2, "SearchPoints.collection_name: invalid wire type: "
		"Varint (expected LengthDelimited)"},
		{"\x22\x00", 2, "SearchPoints.limit: invalid wire type: "
		"LengthDelimited (expected Varint)"},
		{"\x0a\x01\xff", 3, "SearchPoints.collection_name: invalid string "
		"value: data is not UTF-8 encoded"},
		{"\x1a\x04\x12\x02\x0a\x05", 6, "Filter.must: SearchPoints.filter: "
		"buffer underflow"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		assert_null(unpack(&qdrant__search_points__descriptor, cases[i].wire,
						   cases[i].n));
		assert_int_equal(error.kind, ERR_PROTOBUF);
		assert_string_equal(error.text, cases[i].text);
	}
	assert_null(UNPACK(SearchPoints, "\x0a\x03" "a\0b"));
	assert_int_equal(error.kind, ERR_GRPC_ARGUMENT);
}

/* nested: Value.list_value (7) of ListValue.values (1) */
static size_t
nested_values(char *p, size_t room, int depth)
{
	size_t		n = 0;

	for (int i = 0; i < depth; i++)
	{
		char		head[12];
		size_t		k = 0;

		head[k++] = i % 2 ? 0x3a : 0x0a;
		for (size_t v = n; k < 11; v >>= 7)
		{
			head[k++] = (char) (v >= 0x80 ? v | 0x80 : v);
			if (v < 0x80)
				break;
		}
		assert_true(n + k <= room);
		memmove(p + k, p, n);
		memcpy(p, head, k);
		n += k;
	}
	return n;
}

static void
nesting_ends_at_100(void **state)
{
	static char wire[AREA];
	size_t		n;

	/* the outermost message is level 0, so 100 lie within */
	n = nested_values(wire, sizeof(wire), 100);
	assert_non_null(unpack(&qdrant__value__descriptor, wire, n));
	n = nested_values(wire, sizeof(wire), 102);
	assert_null(unpack(&qdrant__value__descriptor, wire, n));
	assert_non_null(strstr(error.text, "recursion limit reached"));
	n = nested_values(wire, sizeof(wire), 50000);
	assert_null(unpack(&qdrant__value__descriptor, wire, n));
}

static void
the_budget_stops_amplification(void **state)
{
	arena	   *small = arena_create((size_t) 1 << 20);
	static char wire[400000];
	gw_error	e = {0};

	for (size_t i = 0; i < sizeof(wire); i += 2)
		memcpy(wire + i, "\x1a", 2);
	assert_null(model_unpack(&qdrant__upsert_points__descriptor,
							 (slice) {wire, sizeof(wire)}, small, &e));
	assert_int_equal(e.kind, ERR_TOO_LARGE);
	assert_true(arena_used(small) < 4 << 20);
	arena_destroy(small);
}

static void
every_prefix_is_survived(void **state)
{
	static const char wire[] = "\x0a\x01" "c" "\x12\x08\0\0\x80\x3f\0\0\0\x40"
		"\x1a\x0c\x12\x0a\x1a\x08\x0a\x02\x08\x05\x0a\x02\x12\x00"
		"\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x7a\x04\x0a\x02\x01\x05";

	assert_non_null(UNPACK(SearchPoints, wire));
	for (size_t n = 0; n < sizeof(wire) - 1; n++)
	{
		char		changed[sizeof(wire)];

		unpack(&qdrant__search_points__descriptor, wire, n);
		memcpy(changed, wire, sizeof(wire));
		for (int c = 0; c < 256; c++)
		{
			changed[n] = (char) c;
			unpack(&qdrant__search_points__descriptor, changed,
				   sizeof(wire) - 1);
		}
	}
}

static void
json_payloads_are_packed_as_entries(void **state)
{
	Qdrant__RetrievedPoint m = QDRANT__RETRIEVED_POINT__INIT;
	ProtobufCBinaryData json = {14, (uint8_t *) "{\"a\":1,\"b\":[]}"};
	slice		wire;

	m.payload = &json;
	m.n_payload = 1;
	wire = model_pack(&m.base, memory);
	assert_int_equal(wire.n, 18);
	assert_memory_equal(wire.p, "\x12\x07\x0a\x01" "a" "\x12\x02\x18\x01"
						"\x12\x07\x0a\x01" "b" "\x12\x02\x3a\x00", 18);
	json = (ProtobufCBinaryData) {11, (uint8_t *) "{\"a\":1e999}"};
	assert_null(model_pack(&m.base, memory).p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(presence_is_protobuf_c_optional),
		cmocka_unit_test(messages_pack_like_protobuf_c),
		cmocka_unit_test(a_message_named_base_has_another_head),
		cmocka_unit_test(negative_enums_and_integers_take_ten_bytes),
		cmocka_unit_test(repeated_numbers_come_packed_unpacked_and_mixed),
		cmocka_unit_test(singular_messages_merge_and_oneofs_take_the_last),
		cmocka_unit_test(unknown_fields_are_skipped),
		cmocka_unit_test(payloads_stay_slices_of_the_message),
		cmocka_unit_test(bad_messages_are_refused_in_prosts_words),
		cmocka_unit_test(nesting_ends_at_100),
		cmocka_unit_test(the_budget_stops_amplification),
		cmocka_unit_test(every_prefix_is_survived),
		cmocka_unit_test(json_payloads_are_packed_as_entries),
	};

	return cmocka_run_group_tests_name("protobuf", tests, open_memory,
									   close_memory);
}
