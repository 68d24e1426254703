/*
 * query_params.c
 *		Query strings of REST requests: wait, ordering, consistency, timeout.
 *
 * Parameters that an entry point doesn't know are ignored, as in Qdrant.
 */
#include "model/model.h"

#include <inttypes.h>

#include "core/hex.h"
#include "model/jcodec.h"
#include "model/qdrant.pb-c.h"

typedef struct qctx
{
	model_query_kind kind;
	ProtobufCMessage *msg;
	arena	   *a;
	gw_error   *e;
	unsigned	seen;			/* parameters already read */
} qctx;

/* %41 and '+'; a '%' that is none stays. */
static slice
decode_component(arena *a, slice s)
{
	char	   *out = arena_alloc(a, s.n + 1);
	size_t		n = 0;

	for (size_t i = 0; i < s.n; i++)
	{
		if (s.p[i] == '%' && i + 2 < s.n && hex_byte(s.p + i + 1) >= 0)
		{
			out[n++] = (char) hex_byte(s.p + i + 1);
			i += 2;
		}
		else
			out[n++] = s.p[i] == '+' ? ' ' : s.p[i];
	}
	out[n] = '\0';
	return (slice) {out, n};
}

/* Rust's u64::from_str. */
static bool
parse_u64(qctx *q, slice s, uint64_t *value)
{
	size_t		i = s.n > 1 && s.p[0] == '+';

	*value = 0;
	if (s.n == 0)
		return gw_fail(q->e, q->a, ERR_QUERY_FORMAT,
					   "cannot parse integer from empty string");
	for (; i < s.n; i++)
	{
		if (s.p[i] < '0' || s.p[i] > '9')
			return gw_fail(q->e, q->a, ERR_QUERY_FORMAT,
						   "invalid digit found in string");
		if (__builtin_mul_overflow(*value, (uint64_t) 10, value) ||
			__builtin_add_overflow(*value, (uint64_t) (s.p[i] - '0'), value))
			return gw_fail(q->e, q->a, ERR_QUERY_FORMAT,
						   "number too large to fit in target type");
	}
	return true;
}

static bool
read_wait(qctx *q, slice s)
{
	jslot		to = jc_slot(q->msg, "wait");
	bool		wait = slice_eq(s, SLICE_LIT("true"));

	if (!wait && !slice_eq(s, SLICE_LIT("false")))
		return gw_fail(q->e, q->a, ERR_QUERY_FORMAT,
					   "provided string was not `true` or `false`");
	jc_set_bool(&to, wait);
	return true;
}

static bool
read_ordering(qctx *q, slice s)
{
	jslot		to = jc_slot(q->msg, "ordering");
	Qdrant__WriteOrdering *ordering = arena_alloc(q->a, sizeof(*ordering));

	qdrant__write_ordering__init(ordering);
	if (slice_eq(s, SLICE_LIT("weak")))
		ordering->type = QDRANT__WRITE_ORDERING_TYPE__Weak;
	else if (slice_eq(s, SLICE_LIT("medium")))
		ordering->type = QDRANT__WRITE_ORDERING_TYPE__Medium;
	else if (slice_eq(s, SLICE_LIT("strong")))
		ordering->type = QDRANT__WRITE_ORDERING_TYPE__Strong;
	else
		return gw_fail(q->e, q->a, ERR_QUERY_FORMAT, "unknown variant `%s`, "
					   "expected one of `weak`, `medium`, `strong`", s.p);
	jc_set_message(&to, &ordering->base);
	return true;
}

static bool
read_consistency(qctx *q, slice s)
{
	static const struct
	{
		const char *name;
		Qdrant__ReadConsistencyType type;
	}			types[] = {
		{"all", QDRANT__READ_CONSISTENCY_TYPE__All},
		{"majority", QDRANT__READ_CONSISTENCY_TYPE__Majority},
		{"quorum", QDRANT__READ_CONSISTENCY_TYPE__Quorum}
	};
	jslot		to = jc_slot(q->msg, "read_consistency");
	Qdrant__ReadConsistency *consistency = arena_alloc(q->a, sizeof(*consistency));
	gw_error	ignored;
	qctx		scratch = {.a = q->a,.e = &ignored};
	uint64_t	factor;

	if (s.n == 0)
		return true;
	qdrant__read_consistency__init(consistency);
	for (int i = 0; i < 3; i++)
	{
		if (strcmp(s.p, types[i].name) == 0)
		{
			consistency->value_case = QDRANT__READ_CONSISTENCY__VALUE_TYPE;
			consistency->type = types[i].type;
		}
	}
	if (consistency->value_case == QDRANT__READ_CONSISTENCY__VALUE__NOT_SET)
	{
		if (!parse_u64(&scratch, s, &factor) || factor == 0)
			return gw_fail(q->e, q->a, ERR_QUERY_FORMAT, "failed to deserialize "
						   "read consistency query parameter value '%s'", s.p);
		consistency->value_case = QDRANT__READ_CONSISTENCY__VALUE_FACTOR;
		consistency->factor = factor;
	}
	jc_set_message(&to, &consistency->base);
	return true;
}

static bool
read_timeout(qctx *q, slice s)
{
	jslot		to = jc_slot(q->msg, "timeout");
	uint64_t	seconds;

	if (q->kind == MODEL_QUERY_UPDATE && s.n > 1 && s.p[0] == '-' &&
		s.p[1] >= '0' && s.p[1] <= '9')
		return gw_fail(q->e, q->a, ERR_QUERY_FORMAT,
					   "std::time::Duration cannot be negative");
	if (!parse_u64(q, s, &seconds))
		return false;
	if (seconds == 0 && q->kind == MODEL_QUERY_READ)
		return gw_fail(q->e, q->a, ERR_QUERY_FORMAT,
					   "invalid value: integer `0`, expected a nonzero u64");
	if (seconds == 0 && q->kind == MODEL_QUERY_COLLECTION)
		return gw_fail(q->e, q->a, ERR_VALIDATION_QUERY,
					   "[timeout: value 0 invalid, must be 1 or larger]");
	jc_set_u64(&to, seconds);
	return true;
}

static bool
read_param(qctx *q, slice name, slice value)
{
	static const struct
	{
		const char *name;
		unsigned	kinds;		/* bits of model_query_kind */
		bool		(*read) (qctx *q, slice s);
	}			params[] = {
		{"wait", 1 << MODEL_QUERY_UPDATE, read_wait},
		{"ordering", 1 << MODEL_QUERY_UPDATE, read_ordering},
		{"consistency", 1 << MODEL_QUERY_READ, read_consistency},
		{"timeout", 1 << MODEL_QUERY_UPDATE | 1 << MODEL_QUERY_READ |
		1 << MODEL_QUERY_COLLECTION, read_timeout}
	};

	for (unsigned i = 0; i < sizeof(params) / sizeof(params[0]); i++)
	{
		if (strcmp(name.p, params[i].name) != 0 ||
			!(params[i].kinds & 1u << q->kind))
			continue;
		if (q->seen & 1u << i)
			return gw_fail(q->e, q->a, ERR_QUERY_FORMAT,
						   "duplicate field `%s`", name.p);
		q->seen |= 1u << i;
		return params[i].read(q, value);
	}
	return true;
}

bool
model_decode_query_params(model_query_kind kind, slice query,
						  ProtobufCMessage *msg, arena *a, gw_error *e)
{
	qctx		q = {kind, msg, a, e, 0};
	const char *p = query.p;
	const char *end = query.p + query.n;

	while (kind != MODEL_QUERY_NONE && p < end)
	{
		const char *next = memchr(p, '&', (size_t) (end - p));
		const char *stop = next ? next : end;
		const char *equals = memchr(p, '=', (size_t) (stop - p));
		const char *name_end = equals ? equals : stop;
		slice		name = {p, (size_t) (name_end - p)};
		slice		value = {"", 0};

		if (equals)
			value = (slice)
		{
			equals + 1, (size_t) (stop - equals - 1)
		};
		if (!read_param(&q, decode_component(a, name), decode_component(a, value)))
			return false;
		p = stop + 1;
	}
	return true;
}

bool
model_validate_collection_name(slice name, bool is_new, arena *a, gw_error *e)
{
	const char *barred = is_new ? "<>:\"/\\|?*\x1f" : "/";
	size_t		characters = 0;

	for (size_t i = 0; i < name.n; i++)
		characters += ((unsigned char) name.p[i] & 0xc0) != 0x80;
	if (characters < 1 || characters > 255)
		return gw_fail(e, a, ERR_VALIDATION_PATH, "[collection_name: value "
					   "\"%.*s\" invalid, must be from 1 to 255 characters]",
					   (int) name.n, name.p);
	for (size_t i = 0; i < name.n; i++)
	{
		if (name.p[i] == '\0')
			return gw_fail(e, a, ERR_VALIDATION_PATH, "[collection_name: "
						   "collection name cannot contain \"\\0\" char]");
		if (strchr(barred, name.p[i]))
			return gw_fail(e, a, ERR_VALIDATION_PATH, "[collection_name: "
						   "collection name cannot contain \"%c\" char]",
						   name.p[i]);
	}
	return true;
}
