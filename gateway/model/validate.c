/*
 * validate.c
 *		The walk over a message, the path to where it is, the list of failures.
 *
 * Lists of numbers and strings are not walked: no rule looks at an element of
 * one.  The depth is bounded by what the decoders let through.
 */
#include "model/validate.h"

#include "model/jcodec.h"
#include "model/model.h"

bool
v_is_present(const ProtobufCMessage *msg, const ProtobufCFieldDescriptor *f)
{
	const char *at = (const char *) msg + f->offset;
	const char *quantifier = (const char *) msg + f->quantifier_offset;

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *) quantifier > 0;
	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		return *(const uint32_t *) quantifier == f->id;
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(void *const *) at != NULL;
	if (f->label == PROTOBUF_C_LABEL_OPTIONAL)
		return f->type == PROTOBUF_C_TYPE_STRING ? *(void *const *) at != NULL :
			*(const protobuf_c_boolean *) quantifier;
	return true;
}

static void
write_path(vctx *v, buf *out, const char *member)
{
	bool		first = true;

	for (int i = 0; i < v->depth; i++)
	{
		const vcomponent *c = &v->path[i];

		if (c->name[0] == '\0' && c->index == SIZE_MAX)
			continue;
		if (!first)
			buf_addc(out, '.');
		first = false;
		buf_adds(out, c->name);
		if (c->index != SIZE_MAX)
			buf_printf(out, "[%zu]", c->index);
		if (c->suffix)
			buf_printf(out, ".%s", c->suffix);
	}
	if (member[0] != '\0')
		buf_printf(out, "%s%s", first ? "" : ".", member);
}

void
v_fail(vctx *v, const char *member, const char *fmt,...)
{
	va_list		ap;

	if (arena_exceeded(v->a))
		return;
	if (v->failures.n > 0)
		buf_adds(&v->failures, "; ");
	write_path(v, &v->failures, member);
	buf_adds(&v->failures, ": ");
	va_start(ap, fmt);
	buf_adds(&v->failures, arena_vprintf(v->a, fmt, ap));
	va_end(ap);
}

static bool
enter(vctx *v, const char *name, size_t index, const char *suffix)
{
	if (v->depth == VALIDATE_MAX_DEPTH)
	{
		v->too_deep = true;
		return false;
	}
	v->path[v->depth++] = (vcomponent)
	{
		name, index, suffix
	};
	return true;
}

/* A generated map entry: string key, message value. */
static bool
is_map(const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *d = f->descriptor;

	return d->n_fields == 2 && strcmp(d->fields[0].name, "key") == 0 &&
		strcmp(d->fields[1].name, "value") == 0;
}

static void
visit_map_entry(vctx *v, const ProtobufCMessage *entry)
{
	const ProtobufCFieldDescriptor *value = &entry->descriptor->fields[1];

	if (value->type == PROTOBUF_C_TYPE_MESSAGE && v_is_present(entry, value))
		v_message(v, *(ProtobufCMessage *const *)
				  ((const char *) entry + value->offset));
}

static void
visit_list(vctx *v, const ProtobufCMessage *msg,
		   const ProtobufCFieldDescriptor *f, const char *name,
		   const char *suffix)
{
	size_t		n = *(const size_t *) ((const char *) msg + f->quantifier_offset);
	ProtobufCMessage *const *list =
	*(ProtobufCMessage *const **) ((const char *) msg + f->offset);
	bool		map = is_map(f);
	/* sparse_vectors[0]: the one map whose children REST numbers */
	bool		numbered = !map || (suffix && strcmp(suffix, "[]") == 0);

	for (size_t i = 0; i < n; i++)
	{
		if (!enter(v, name, numbered ? i : SIZE_MAX, map ? NULL : suffix))
			return;
		if (map)
			visit_map_entry(v, list[i]);
		else
			v_message(v, list[i]);
		v->depth--;
	}
}

void
v_message(vctx *v, const ProtobufCMessage *msg)
{
	v_check_message(v, msg);
	for (unsigned i = 0; i < msg->descriptor->n_fields; i++)
	{
		const ProtobufCFieldDescriptor *f = &msg->descriptor->fields[i];
		const char *suffix = NULL;
		const char *name;

		if (f->type != PROTOBUF_C_TYPE_MESSAGE || !v_is_present(msg, f))
			continue;
		name = v_field_name(v->rest, msg, f, &suffix);
		if (f->label == PROTOBUF_C_LABEL_REPEATED)
		{
			visit_list(v, msg, f, name, suffix);
			continue;
		}
		if (!enter(v, name, SIZE_MAX, suffix))
			return;
		v_message(v, *(ProtobufCMessage *const *) ((const char *) msg + f->offset));
		v->depth--;
	}
}

static bool
finish(vctx *v, error_kind kind, gw_error *e)
{
	if (arena_exceeded(v->a))
		return gw_fail(e, v->a, ERR_TOO_LARGE, "request needs too much memory");
	if (v->too_deep)
		return gw_fail(e, v->a, kind, "[the message is nested too deep]");
	if (v->failures.n == 0)
		return true;
	return gw_fail(e, v->a, kind, "[%.*s]", (int) v->failures.n, v->failures.p);
}

bool
model_validate_rest(const struct json_schema *schema, const void *msg, arena *a,
					gw_error *e)
{
	vctx		v = {.rest = true,.a = a};

	buf_init(&v.failures, a, 64);
	if (schema->prefix[0] != '\0')
		enter(&v, schema->prefix, SIZE_MAX, NULL);
	v_message(&v, msg);
	return finish(&v, ERR_VALIDATION_JSON, e) &&
		check_supported(msg, true, a, e);
}

bool
model_validate_grpc(const ProtobufCMessage *msg, arena *a, gw_error *e)
{
	vctx		v = {.a = a};

	buf_init(&v.failures, a, 64);
	v_message(&v, msg);
	return finish(&v, ERR_VALIDATION_GRPC, e) &&
		grpc_convert((ProtobufCMessage *) msg, a, e) &&
		check_supported(msg, false, a, e);
}
