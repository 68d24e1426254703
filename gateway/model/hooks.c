/*
 * hooks.c
 *		Ids, paths, payloads, selectors of what a read returns, shard keys.
 */
#include "model/hooks.h"

#include "json/jread.h"
#include "json/jwrite.h"
#include "model/json_path.h"
#include "model/payload.h"
#include "model/point_id.h"
#include "model/qdrant.pb-c.h"

/*----------
 * ids
 *----------
 */

/* What Qdrant prints for a value that is no id. */
static const char *
id_text(jctx *c, const jnode *v)
{
	buf			b;

	buf_init(&b, c->a, 32);
	switch ((jkind) v->kind)
	{
		case J_NULL:
			return "Unit";
		case J_STRING:
			return arena_strdup(c->a, (slice) {v->s, v->n});
		case J_INT:
			jw_i64(&b, v->i);
			break;
		case J_DOUBLE:
			return jc_display(c->a, v->d);
		default:
			jw_raw(&b, (slice) {c->tree.text.p + v->start, v->end - v->start});
	}
	return arena_strdup(c->a, buf_slice(&b));
}

Qdrant__PointId *
hook_read_id(jctx *c, const jnode *v)
{
	Qdrant__PointId *id = (Qdrant__PointId *) jc_new(c, &qdrant__point_id__descriptor);
	uint8_t		uuid[16];

	if (v->kind == J_UINT)
	{
		id->point_id_options_case = QDRANT__POINT_ID__POINT_ID_OPTIONS_NUM;
		id->num = v->u;
		return id;
	}
	if (v->kind == J_STRING && uuid_parse((slice) {v->s, v->n}, uuid))
	{
		id->point_id_options_case = QDRANT__POINT_ID__POINT_ID_OPTIONS_UUID;
		id->uuid = arena_alloc0(c->a, UUID_TEXT_LENGTH + 1);
		uuid_format(uuid, id->uuid);
		return id;
	}
	jc_fail(c, "value %s is not a valid point ID, valid values are either an "
			"unsigned integer or a UUID", id_text(c, v));
	return NULL;
}

bool
hook_id(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__PointId *id = hook_read_id(c, v);

	if (id == NULL)
		return false;
	jc_set_message(to, &id->base);
	return true;
}

bool
hook_ids(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__PointId **ids;

	if (!jc_items(c, v))
		return false;
	ids = arena_array(c->a, v->n, sizeof(ids[0]));
	for (uint32_t i = 0; i < v->n; i++)
	{
		ids[i] = hook_read_id(c, &v->items[i]);
		if (ids[i] == NULL)
		{
			jc_leave(c, v->items[i].end, ']');
			return false;
		}
	}
	jc_set_list(to, v->n, ids);
	return true;
}

/*----------
 * payloads and paths
 *----------
 */

bool
hook_payload(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCBinaryData *entries;
	size_t		n;
	jread		r;
	slice		json;

	if (v->kind != J_OBJECT)
		return jc_fail_type(c, v, "a map");
	jr_init(&r, c->tree.text, c->a);
	r.p = c->tree.text.p + v->start;
	if (!payload_read(&r, &json))
		return jc_fail(c, "%s", r.error);
	payload_set_json(&entries, &n, json, c->a);
	jc_set_list(to, n, entries);
	return true;
}

static bool
read_path(jctx *c, const jnode *v, char **path)
{
	if (!jc_text(c, v, path))
		return false;
	if (!json_path_valid((slice) {v->s, v->n}))
		return jc_fail(c, "Invalid json path: '%s'", *path);
	return true;
}

bool
hook_path(jctx *c, jnode *v, const jslot *to)
{
	char	   *path;

	if (!read_path(c, v, &path))
		return false;
	jc_set_string(to, path);
	return true;
}

static bool
read_strings(jctx *c, jnode *v, const jslot *to,
			 bool (*read) (jctx *, const jnode *, char **))
{
	char	  **list;

	if (!jc_items(c, v))
		return false;
	list = arena_array(c->a, v->n, sizeof(list[0]));
	for (uint32_t i = 0; i < v->n; i++)
	{
		if (!read(c, &v->items[i], &list[i]))
		{
			jc_leave(c, v->items[i].end, ']');
			return false;
		}
	}
	jc_set_list(to, v->n, list);
	return true;
}

bool
hook_paths(jctx *c, jnode *v, const jslot *to)
{
	return read_strings(c, v, to, read_path);
}

bool
hook_strings(jctx *c, jnode *v, const jslot *to)
{
	return read_strings(c, v, to, jc_text);
}

/*----------
 * with_payload, with_vector
 *----------
 */

/* {"include": [paths]} or {"exclude": [paths]}, and nothing else. */
static bool
read_payload_object(jctx *c, jnode *v, Qdrant__WithPayloadSelector *s)
{
	jslot		to;

	if (!jtree_open(&c->tree, v) || v->n != 1)
		return false;
	if (slice_eq(v->members[0].name, SLICE_LIT("include")))
	{
		s->selector_options_case = QDRANT__WITH_PAYLOAD_SELECTOR__SELECTOR_OPTIONS_INCLUDE;
		s->include = (Qdrant__PayloadIncludeSelector *)
			jc_new(c, &qdrant__payload_include_selector__descriptor);
		to = jc_slot(&s->include->base, "fields");
	}
	else if (slice_eq(v->members[0].name, SLICE_LIT("exclude")))
	{
		s->selector_options_case = QDRANT__WITH_PAYLOAD_SELECTOR__SELECTOR_OPTIONS_EXCLUDE;
		s->exclude = (Qdrant__PayloadExcludeSelector *)
			jc_new(c, &qdrant__payload_exclude_selector__descriptor);
		to = jc_slot(&s->exclude->base, "fields");
	}
	else
		return false;
	return hook_paths(c, &v->members[0].value, &to);
}

static bool
read_payload_selector(jctx *c, jnode *v, Qdrant__WithPayloadSelector *s)
{
	jslot		to;

	if (v->kind == J_BOOL)
	{
		s->selector_options_case = QDRANT__WITH_PAYLOAD_SELECTOR__SELECTOR_OPTIONS_ENABLE;
		s->enable = v->b;
		return true;
	}
	if (v->kind == J_OBJECT)
		return read_payload_object(c, v, s);
	if (v->kind != J_ARRAY)
		return false;
	s->selector_options_case = QDRANT__WITH_PAYLOAD_SELECTOR__SELECTOR_OPTIONS_INCLUDE;
	s->include = (Qdrant__PayloadIncludeSelector *)
		jc_new(c, &qdrant__payload_include_selector__descriptor);
	to = jc_slot(&s->include->base, "fields");
	return hook_paths(c, v, &to);
}

bool
hook_with_payload(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *s = jc_new(c, &qdrant__with_payload_selector__descriptor);
	bool		ok;

	c->buffered++;
	ok = read_payload_selector(c, v, (Qdrant__WithPayloadSelector *) s);
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, "Expected a boolean, an array of strings, or "
							 "an object with an include/exclude field");
	jc_set_message(to, s);
	return true;
}

bool
hook_with_vector(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__WithVectorsSelector *s = (Qdrant__WithVectorsSelector *)
		jc_new(c, &qdrant__with_vectors_selector__descriptor);
	bool		ok = v->kind == J_BOOL;

	if (v->kind == J_BOOL)
	{
		s->selector_options_case = QDRANT__WITH_VECTORS_SELECTOR__SELECTOR_OPTIONS_ENABLE;
		s->enable = v->b;
	}
	else if (v->kind == J_ARRAY)
	{
		jslot		names;

		s->selector_options_case = QDRANT__WITH_VECTORS_SELECTOR__SELECTOR_OPTIONS_INCLUDE;
		s->include = (Qdrant__VectorsSelector *)
			jc_new(c, &qdrant__vectors_selector__descriptor);
		names = jc_slot(&s->include->base, "names");
		c->buffered++;
		ok = hook_strings(c, v, &names);
		c->buffered--;
	}
	if (!ok)
		return jc_fail_union(c, "Expected a boolean, or an array of strings");
	jc_set_message(to, &s->base);
	return true;
}

/*----------
 * shard keys
 *----------
 */

static Qdrant__ShardKey *
read_shard_key(jctx *c, const jnode *v)
{
	Qdrant__ShardKey *key = (Qdrant__ShardKey *) jc_new(c, &qdrant__shard_key__descriptor);

	if (v->kind == J_UINT)
	{
		key->key_case = QDRANT__SHARD_KEY__KEY_NUMBER;
		key->number = v->u;
		return key;
	}
	key->key_case = QDRANT__SHARD_KEY__KEY_KEYWORD;
	return jc_text(c, v, &key->keyword) ? key : NULL;
}

static bool
read_shard_keys(jctx *c, jnode *v, Qdrant__ShardKeySelector *s)
{
	jnode	   *target;
	jnode	   *fallback;

	if (v->kind == J_OBJECT)
	{
		target = jc_member(c, v, "target");
		fallback = jc_member(c, v, "fallback");
		if (target == NULL || fallback == NULL)
			return false;
		s->fallback = read_shard_key(c, fallback);
		if (s->fallback == NULL)
			return false;
		v = target;
	}
	if (v->kind == J_ARRAY && !jc_items(c, v))
		return false;
	s->n_shard_keys = v->kind == J_ARRAY ? v->n : 1;
	s->shard_keys = arena_array(c->a, s->n_shard_keys, sizeof(s->shard_keys[0]));
	for (size_t i = 0; i < s->n_shard_keys; i++)
	{
		s->shard_keys[i] = read_shard_key(c, v->kind == J_ARRAY ? &v->items[i] : v);
		if (s->shard_keys[i] == NULL)
			return false;
	}
	return true;
}

bool
hook_shard_key(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *s = jc_new(c, &qdrant__shard_key_selector__descriptor);
	bool		ok;

	c->buffered++;
	ok = read_shard_keys(c, v, (Qdrant__ShardKeySelector *) s);
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, JC_NO_VARIANT("ShardKeySelector"));
	jc_set_message(to, s);
	return true;
}
