/*
 * jcodec.c
 *		The schema engine: objects, fields, scalar decoders, and where serde
 *		says an error is.
 */
#include "model/jcodec.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json/jnum.h"
#include "json/jwrite.h"
#include "model/model.h"

const jint_type jc_u32 = {"u32", 0, UINT32_MAX};
const jint_type jc_u64 = {"u64", 0, UINT64_MAX};
const jint_type jc_usize = {"usize", 0, UINT64_MAX};
const jint_type jc_nonzero_u32 = {"a nonzero u32", 1, UINT32_MAX};

/*----------
 * failures
 *----------
 */

bool
jc_fail(jctx *c, const char *fmt,...)
{
	va_list		ap;

	if (c->text)
		return false;
	va_start(ap, fmt);
	c->text = arena_vprintf(c->a, fmt, ap);
	va_end(ap);
	c->has_position = false;
	c->kind = ERR_JSON_FORMAT;
	return false;
}

/* A double as serde prints it: the shortest, with a fraction or exponent. */
static const char *
describe_double(jctx *c, double d)
{
	buf			b;

	buf_init(&b, c->a, 32);
	jw_f64(&b, d);
	return arena_strdup(c->a, buf_slice(&b));
}

/* The digits of the shortest text; *point: how many stand before the point. */
static int
shortest_digits(double d, char *digits, int *point)
{
	char		text[JNUM_TEXT_MAX + 1];
	size_t		length = jnum_print_f64(fabs(d), text);
	char	   *exponent;
	bool		fraction = false;
	int			n = 0;

	text[length] = '\0';
	*point = 0;
	exponent = strchr(text, 'e');
	for (const char *p = text; *p && p != exponent; p++)
	{
		if (*p == '.')
			fraction = true;
		else
		{
			digits[n++] = *p;
			*point += !fraction;
		}
	}
	while (n > *point && digits[n - 1] == '0')
		n--;
	if (exponent)
		*point += (int) strtol(exponent + 1, NULL, 10);
	return n;
}

const char *
jc_display(arena *a, double d)
{
	char		digits[JNUM_TEXT_MAX];
	int			point;
	int			n;
	buf			b;

	if (isnan(d) || isinf(d))
		return isnan(d) ? "NaN" : d > 0 ? "inf" : "-inf";
	n = shortest_digits(d, digits, &point);
	buf_init(&b, a, 32);
	if (signbit(d))
		buf_addc(&b, '-');
	if (point <= 0)
		buf_adds(&b, "0.");
	for (int i = point; i < 0; i++)
		buf_addc(&b, '0');
	for (int i = 0; i < n || i < point; i++)
	{
		if (i == point && i > 0)
			buf_addc(&b, '.');
		buf_addc(&b, i < n ? digits[i] : '0');
	}
	return arena_strdup(a, buf_slice(&b));
}

const char *
jc_describe(jctx *c, const jnode *v)
{
	buf			b;

	switch ((jkind) v->kind)
	{
		case J_NULL:
			return c->buffered ? "unit value" : "null";
		case J_BOOL:
			return v->b ? "boolean `true`" : "boolean `false`";
		case J_UINT:
			return arena_printf(c->a, "integer `%" PRIu64 "`", v->u);
		case J_INT:
			return arena_printf(c->a, "integer `%" PRId64 "`", v->i);
		case J_DOUBLE:
			return arena_printf(c->a, "floating point `%s`",
								describe_double(c, v->d));
		case J_STRING:
			buf_init(&b, c->a, v->n + 16);
			buf_adds(&b, "string ");
			jw_string(&b, (slice) {v->s, v->n});
			return arena_strdup(c->a, buf_slice(&b));
		case J_ARRAY:
			return "sequence";
		case J_OBJECT:
			return "map";
	}
	return "";
}

/* In a stream, a scalar has been read when it is refused, a container not. */
static void
set_position(jctx *c, const jnode *v)
{
	if (c->buffered || c->has_position)
		return;
	c->at = v->kind == J_ARRAY || v->kind == J_OBJECT ? v->start : v->end;
	c->has_position = true;
}

bool
jc_fail_type(jctx *c, const jnode *v, const char *expected)
{
	if (c->text)
		return false;
	jc_fail(c, "invalid type: %s, expected %s", jc_describe(c, v), expected);
	set_position(c, v);
	return false;
}

static bool
fail_value(jctx *c, const jnode *v, const char *expected)
{
	if (c->text)
		return false;
	jc_fail(c, "invalid value: %s, expected %s", jc_describe(c, v), expected);
	set_position(c, v);
	return false;
}

bool
jc_fail_union(jctx *c, const char *text)
{
	if (c->kind == ERR_TOO_LARGE)
		return false;
	c->text = NULL;
	return jc_fail(c, "%s", text);
}

void
jc_leave(jctx *c, uint32_t after, char closer)
{
	const char *p = c->tree.text.p;

	if (c->buffered || c->has_position)
		return;
	while (after < c->tree.text.n &&
		   (p[after] == ' ' || p[after] == '\n' || p[after] == '\t' ||
			p[after] == '\r'))
		after++;
	if (after < c->tree.text.n && p[after] == closer)
		after++;
	c->at = after;
	c->has_position = true;
}

static bool
over_budget(jctx *c)
{
	if (!arena_exceeded(c->a))
		return false;
	c->text = "request needs too much memory";
	c->kind = ERR_TOO_LARGE;
	c->has_position = true;
	return true;
}

/*----------
 * messages and slots
 *----------
 */

ProtobufCMessage *
jc_new(jctx *c, const ProtobufCMessageDescriptor *d)
{
	ProtobufCMessage *msg = arena_alloc(c->a, d->sizeof_message);

	d->message_init(msg);
	return msg;
}

jslot
jc_slot(ProtobufCMessage *msg, const char *field)
{
	jslot		to = {msg, NULL, NULL};

	to.field = protobuf_c_message_descriptor_get_field_by_name(msg->descriptor,
															   field);
	if (to.field == NULL)
	{
		fprintf(stderr, "model: %s has no field %s\n", msg->descriptor->name,
				field);
		abort();
	}
	return to;
}

static void *
member_of(const jslot *to)
{
	return (char *) to->msg + to->field->offset;
}

static void
mark_present(const jslot *to)
{
	char	   *quantifier = (char *) to->msg + to->field->quantifier_offset;

	if (to->field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
		*(uint32_t *) quantifier = to->field->id;
	else if (to->field->label == PROTOBUF_C_LABEL_OPTIONAL &&
			 to->field->quantifier_offset != 0)
		*(protobuf_c_boolean *) quantifier = true;
}

void
jc_set_u64(const jslot *to, uint64_t value)
{
	switch (to->field->type)
	{
		case PROTOBUF_C_TYPE_UINT32:
			/* usize of REST is wider here and there: no count is that large */
			*(uint32_t *) member_of(to) = (uint32_t) (value < UINT32_MAX ?
													  value : UINT32_MAX);
			break;
		default:
			*(uint64_t *) member_of(to) = value;
	}
	mark_present(to);
}

void
jc_set_double(const jslot *to, double value)
{
	if (to->field->type == PROTOBUF_C_TYPE_FLOAT)
		*(float *) member_of(to) = (float) value;
	else
		*(double *) member_of(to) = value;
	mark_present(to);
}

void
jc_set_enum(const jslot *to, int value)
{
	*(int *) member_of(to) = value;
	mark_present(to);
}

void
jc_set_bool(const jslot *to, bool value)
{
	*(protobuf_c_boolean *) member_of(to) = value;
	mark_present(to);
}

void
jc_set_string(const jslot *to, char *value)
{
	*(char **) member_of(to) = value;
	mark_present(to);
}

void
jc_set_message(const jslot *to, ProtobufCMessage *value)
{
	*(ProtobufCMessage **) member_of(to) = value;
	mark_present(to);
}

void
jc_set_list(const jslot *to, size_t n, void *values)
{
	*(size_t *) ((char *) to->msg + to->field->quantifier_offset) = n;
	*(void **) member_of(to) = values;
}

/*----------
 * scalars
 *----------
 */

bool
jc_integer(jctx *c, jnode *v, const jslot *to)
{
	const jint_type *type = to->row->arg;

	if (v->kind == J_INT)
		return fail_value(c, v, type->name);
	if (v->kind != J_UINT)
		return jc_fail_type(c, v, type->name);
	if (v->u < type->min || v->u > type->max)
		return fail_value(c, v, type->name);
	jc_set_u64(to, v->u);
	return true;
}

static bool
number(jctx *c, const jnode *v, const char *type, double *out)
{
	switch ((jkind) v->kind)
	{
		case J_UINT:
			*out = (double) v->u;
			return true;
		case J_INT:
			*out = (double) v->i;
			return true;
		case J_DOUBLE:
			*out = v->d;
			return true;
		default:
			return jc_fail_type(c, v, type);
	}
}

bool
jc_f32(jctx *c, jnode *v, const jslot *to)
{
	double		d;

	if (!number(c, v, "f32", &d))
		return false;
	jc_set_double(to, (float) d);
	return true;
}

bool
jc_f64(jctx *c, jnode *v, const jslot *to)
{
	double		d;

	if (!number(c, v, "f64", &d))
		return false;
	jc_set_double(to, d);
	return true;
}

bool
jc_bool(jctx *c, jnode *v, const jslot *to)
{
	if (v->kind != J_BOOL)
		return jc_fail_type(c, v, "a boolean");
	jc_set_bool(to, v->b);
	return true;
}

bool
jc_text(jctx *c, const jnode *v, char **out)
{
	if (v->kind != J_STRING)
		return jc_fail_type(c, v, "a string");
	if (memchr(v->s, '\0', v->n))
		return jc_fail(c, "a string with the character \\u0000 is not supported here");
	*out = arena_strdup(c->a, (slice) {v->s, v->n});
	return true;
}

bool
jc_string(jctx *c, jnode *v, const jslot *to)
{
	char	   *text = NULL;

	if (!jc_text(c, v, &text))
		return false;
	jc_set_string(to, text);
	return true;
}

bool
jc_enum(jctx *c, jnode *v, const jslot *to)
{
	const jenum_type *type = to->row->arg;

	if (v->kind != J_STRING)
		return jc_fail_type(c, v, "string or map");
	for (const jenum *e = type->values; e->name; e++)
	{
		if (slice_is((slice) {v->s, v->n}, e->name))
		{
			jc_set_enum(to, e->value);
			return true;
		}
	}
	if (!jc_fail(c, "unknown variant `%.*s`, expected %s", (int) v->n, v->s,
				 type->expected))
		set_position(c, v);
	return false;
}

/*----------
 * containers
 *----------
 */

bool
jc_items(jctx *c, jnode *v)
{
	if (v->kind != J_ARRAY)
		return jc_fail_type(c, v, "a sequence");
	if (!jtree_open(&c->tree, v))
		return jc_fail(c, "%s", c->tree.error);
	return true;
}

jnode *
jc_member(jctx *c, jnode *object, const char *name)
{
	size_t		n = strlen(name);

	if (object->kind != J_OBJECT || !jtree_open(&c->tree, object))
		return NULL;
	for (uint32_t i = object->n; i-- > 0;)
	{
		jmember    *m = &object->members[i];

		if (m->name.n == n && memcmp(m->name.p, name, n) == 0)
			return &m->value;
	}
	return NULL;
}

static bool
is_name(slice name, const char *candidate)
{
	return candidate && slice_is(name, candidate);
}

static const jfield *
find_field(const jobject *o, slice name, int *index)
{
	for (*index = 0; o->fields[*index].name; (*index)++)
	{
		const jfield *f = &o->fields[*index];

		if (is_name(name, f->name) || is_name(name, f->alias))
			return f;
	}
	return NULL;
}

static bool
decode_field(jctx *c, jnode *v, const jfield *f, ProtobufCMessage *msg)
{
	jslot		to = {msg, NULL, NULL};

	if (v->kind == J_NULL && !(f->flags & (JF_REQUIRED | JF_NOT_NULL)))
		return true;
	if (!(f->flags & JF_NO_FIELD))
		to = jc_slot(msg, f->field ? f->field : f->name);
	to.row = f;
	return f->decode(c, v, &to);
}

static bool
decode_members(jctx *c, jnode *v, const jobject *o, ProtobufCMessage *msg,
			   uint32_t *after)
{
	uint64_t	seen = 0;

	for (uint32_t i = 0; i < v->n; i++)
	{
		jmember    *m = &v->members[i];
		int			index;
		const jfield *f = find_field(o, m->name, &index);

		*after = m->name_end;
		if (f == NULL && (o->flags & JO_DENY_UNKNOWN))
			return jc_fail(c, "unknown field `%.*s`, expected one of %s",
						   (int) m->name.n, m->name.p, o->unknown);
		if (f == NULL)
			continue;
		if (seen & (UINT64_C(1) << index))
			return jc_fail(c, "duplicate field `%s`", f->name);
		seen |= UINT64_C(1) << index;
		*after = m->value.end;
		if (!decode_field(c, &m->value, f, msg))
			return false;
	}
	*after = v->end - 1;
	for (int i = 0; o->fields[i].name; i++)
	{
		if ((o->fields[i].flags & JF_REQUIRED) &&
			!(seen & (UINT64_C(1) << i)))
			return jc_fail(c, "missing field `%s`", o->fields[i].name);
	}
	return true;
}

/* A derived struct also reads an array, by position: nobody sends that. */
static bool
refuse_array(jctx *c, const jnode *v, const jobject *o)
{
	int			n = 0;

	if (o->flags & JO_FLATTEN)
		return jc_fail_type(c, v, o->expecting);
	while (o->fields[n].name)
		n++;
	jc_fail(c, "invalid length %u, expected %s with %d elements", v->n,
			o->expecting, n);
	if (!c->buffered && !c->has_position)
	{
		c->at = v->end;
		c->has_position = true;
	}
	return false;
}

bool
jc_object(jctx *c, jnode *v, const jobject *o, ProtobufCMessage *msg)
{
	bool		flatten = (o->flags & JO_FLATTEN) != 0;
	uint32_t	after = v->start;
	bool		ok;

	if (over_budget(c))
		return false;
	if (v->kind == J_ARRAY)
		return refuse_array(c, v, o);
	if (v->kind != J_OBJECT)
		return jc_fail_type(c, v, o->expecting);
	if (!jtree_open(&c->tree, v))
		return jc_fail(c, "%s", c->tree.error);
	c->buffered += flatten;
	ok = decode_members(c, v, o, msg, &after);
	c->buffered -= flatten;
	if (!ok)
		jc_leave(c, flatten ? v->end - 1 : after, '}');
	return ok;
}

bool
jc_message(jctx *c, jnode *v, const jslot *to)
{
	const jobject *o = to->row->arg;
	ProtobufCMessage *msg = jc_new(c, o->message);

	if (!jc_object(c, v, o, msg))
		return false;
	jc_set_message(to, msg);
	return true;
}

bool
jc_messages(jctx *c, jnode *v, const jslot *to)
{
	const jobject *o = to->row->arg;
	ProtobufCMessage **list;

	if (!jc_items(c, v))
		return false;
	list = arena_array(c->a, v->n, sizeof(list[0]));
	for (uint32_t i = 0; i < v->n; i++)
	{
		list[i] = jc_new(c, o->message);
		if (!jc_object(c, &v->items[i], o, list[i]))
		{
			jc_leave(c, v->items[i].end, ']');
			return false;
		}
	}
	jc_set_list(to, v->n, list);
	return true;
}

/*----------
 * maps
 *----------
 */

/* The head of every generated map entry: string key, then value. */
static char *
entry_key(const ProtobufCMessage *entry)
{
	const ProtobufCFieldDescriptor *key = &entry->descriptor->fields[0];

	return *(char **) ((const char *) entry + key->offset);
}

typedef struct ordered_entry
{
	ProtobufCMessage *entry;
	uint32_t	index;
} ordered_entry;

static int
compare_entries(const void *a, const void *b)
{
	const ordered_entry *x = a;
	const ordered_entry *y = b;
	int			order = strcmp(entry_key(x->entry), entry_key(y->entry));

	if (order != 0)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorts by key and keeps the last of equal ones; returns how many stay. */
static size_t
order_entries(jctx *c, ProtobufCMessage **entries, size_t n)
{
	ordered_entry *list = arena_array(c->a, n, sizeof(list[0]));
	size_t		kept = 0;

	for (size_t i = 0; i < n; i++)
		list[i] = (ordered_entry)
		{
			entries[i], (uint32_t) i
		};
	qsort(list, n, sizeof(list[0]), compare_entries);
	for (size_t i = 0; i < n; i++)
	{
		if (i + 1 < n && strcmp(entry_key(list[i].entry),
								entry_key(list[i + 1].entry)) == 0)
			continue;
		entries[kept++] = list[i].entry;
	}
	return kept;
}

bool
jc_map_of(jctx *c, jnode *v, const jslot *to, jdecode decode, const void *arg)
{
	jfield		row = {"value", NULL, NULL, decode, arg, 0};
	ProtobufCMessage **entries;
	size_t		n;

	if (v->kind != J_OBJECT)
		return jc_fail_type(c, v, "a map");
	if (!jtree_open(&c->tree, v))
		return jc_fail(c, "%s", c->tree.error);
	if (over_budget(c))
		return false;
	entries = arena_array(c->a, v->n, sizeof(entries[0]));
	for (uint32_t i = 0; i < v->n; i++)
	{
		jmember    *m = &v->members[i];
		jnode		name = {.kind = J_STRING,.n = (uint32_t) m->name.n,.s = m->name.p};
		jslot		key;
		jslot		value;
		char	   *text = NULL;

		entries[i] = jc_new(c, to->field->descriptor);
		key = jc_slot(entries[i], "key");
		value = jc_slot(entries[i], "value");
		value.row = &row;
		if (!jc_text(c, &name, &text) || !decode(c, &m->value, &value))
		{
			jc_leave(c, m->value.end, '}');
			return false;
		}
		jc_set_string(&key, text);
	}
	n = v->n > 1 ? order_entries(c, entries, v->n) : v->n;
	jc_set_list(to, n, entries);
	return true;
}

bool
jc_ignore(jctx *c, jnode *v, const jslot *to)
{
	return true;
}

/*----------
 * a body
 *----------
 */

/* serde counts bytes in the line, from 1 on; 0 when nothing was consumed. */
static const char *
with_position(jctx *c)
{
	uint32_t	line = 1;
	uint32_t	column = 0;

	if (!c->has_position || c->via_value || c->kind != ERR_JSON_FORMAT)
		return c->text;
	for (uint32_t i = 0; i < c->at && i < c->tree.text.n; i++)
	{
		column++;
		if (c->tree.text.p[i] == '\n')
		{
			line++;
			column = 0;
		}
	}
	return arena_printf(c->a, "%s at line %u column %u", c->text, line,
						column);
}

void *
model_decode_json(const struct json_schema *schema, slice json, arena *a,
				  gw_error *e)
{
	jctx		c = {.a = a,.kind = ERR_JSON_FORMAT};
	ProtobufCMessage *msg;
	jslot		to = {NULL, NULL, NULL};
	bool		ok;

	if (!jtree_read(&c.tree, json, a))
	{
		c.text = c.tree.error;
		c.at = c.tree.error_at;
		c.has_position = true;
		if (arena_exceeded(a))
			c.kind = ERR_TOO_LARGE;
	}
	else
	{
		c.via_value = schema->via_value;
		msg = jc_new(&c, schema->message);
		to.msg = msg;
		ok = schema->decode ? schema->decode(&c, &c.tree.root, &to) :
			jc_object(&c, &c.tree.root, schema->object, msg);
		if (ok && !over_budget(&c))
			return msg;
	}
	e->kind = c.kind;
	e->text = with_position(&c);
	return NULL;
}
