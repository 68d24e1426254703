/*
 * payload.c
 *		Fuzz target: payloads keep their value on the way from JSON to the wire
 *		and back.  The first byte chooses which of them the rest is.
 */
#include <stdlib.h>

#include "model/payload.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* JSON that we wrote: wire -> JSON gives the same text or, once, the floats
 * that its large integers become. */
static void
assert_round_trip(slice json, arena *a)
{
	ProtobufCBinaryData *entries,
			   *again;
	size_t		n,
				n_again;
	slice		text;
	gw_error	e = {0};

	if (!payload_from_json(json, a, &entries, &n, &e) ||
		!payload_to_json(entries, n, a, &text, &e) ||
		!payload_from_json(text, a, &again, &n_again, &e))
		abort();
	if (n != n_again)
		abort();
	for (size_t i = 0; i < n; i++)
		if (entries[i].len != again[i].len ||
			memcmp(entries[i].data, again[i].data, entries[i].len) != 0)
			abort();
}

static void
from_json(const uint8_t *data, size_t n, arena *a)
{
	char	   *text = arena_alloc0(a, n + JREAD_PADDING);
	jread		r;
	slice		json;

	memcpy(text, data, n);
	jr_init(&r, (slice) {text, n}, a);
	if (jr_peek(&r) != JR_OBJECT || !payload_read(&r, &json) || !jr_end(&r))
	{
		if (r.error == NULL && jr_peek(&r) == JR_ERROR)
			abort();
		return;
	}
	assert_round_trip(json, a);
}

static void
from_wire(const uint8_t *data, size_t n, arena *a)
{
	uint8_t    *exact = malloc(n);
	ProtobufCBinaryData entry = {n, exact};
	slice		json;
	gw_error	e = {0};

	if (n > 0)
		memcpy(exact, data, n);
	if (n == 0 || exact[0] != '{')
	{
		if (payload_to_json(&entry, 1, a, &json, &e))
			assert_round_trip(json, a);
		else if (e.kind == ERR_NONE || e.text == NULL)
			abort();
	}
	free(exact);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	arena	   *a;

	if (n == 0)
		return 0;
	a = arena_create((size_t) 64 << 20);
	if (data[0] == '{')
		from_json(data, n, a);
	else
		from_wire(data + 1, n - 1, a);
	arena_destroy(a);
	return 0;
}
