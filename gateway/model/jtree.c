/*
 * jtree.c
 *		Builds the tree with the pull reader.
 *
 * Recursion is bounded by the reader's depth limit; memory by the arena's
 * budget, which is looked at for every container.
 */
#include "model/jtree.h"

#include <assert.h>

#include "json/jread.h"

typedef struct builder
{
	jread		r;
	arena	   *a;
	bool		one_level;		/* containers inside stay lazy */
} builder;

static bool read_value(builder *b, jnode *v, bool lazy);

/* Makes room for one more of n elements; capacities are powers of two. */
static void *
grow(arena *a, void *list, uint32_t n, size_t size)
{
	void	   *larger;

	if (n >= 4 && (n & (n - 1)) != 0)
		return list;
	if (n != 0 && n < 4)
		return list;
	larger = arena_array(a, n ? (size_t) n * 2 : 4, size);
	if (n)
		memcpy(larger, list, n * size);
	return larger;
}

static bool
over_budget(builder *b)
{
	return arena_exceeded(b->a) &&
		!jr_fail_bare(&b->r, "request needs too much memory");
}

static bool
read_items(builder *b, jnode *v)
{
	v->n = 0;
	v->items = NULL;
	if (!jr_begin_array(&b->r))
		return false;
	while (jr_next_element(&b->r))
	{
		v->items = grow(b->a, v->items, v->n, sizeof(v->items[0]));
		if (!read_value(b, &v->items[v->n], b->one_level) || over_budget(b))
			return false;
		v->n++;
	}
	return b->r.error == NULL;
}

/* Packed when it holds numbers only, and so does every vector. */
static bool
read_array(builder *b, jnode *v)
{
	jread		before = b->r;
	jr_type		other = JR_ERROR;
	size_t		n = 0;

	if (!jr_floats(&b->r, &v->f, &n, &other))
		return false;
	if (other == JR_NUMBER)
	{
		v->floats = true;
		v->n = (uint32_t) n;
		return true;
	}
	b->r = before;
	return read_items(b, v);
}

static bool
is_payload(slice name)
{
	return slice_eq(name, SLICE_LIT("payload")) ||
		slice_eq(name, SLICE_LIT("payloads")) ||
		slice_eq(name, SLICE_LIT("metadata"));
}

static bool
read_object(builder *b, jnode *v)
{
	slice		name;

	v->n = 0;
	v->members = NULL;
	if (!jr_begin_object(&b->r))
		return false;
	while (jr_next_member(&b->r, &name))
	{
		jmember    *m;

		v->members = grow(b->a, v->members, v->n, sizeof(v->members[0]));
		m = &v->members[v->n];
		m->name = name;
		m->name_end = (uint32_t) jr_offset(&b->r);
		if (!read_value(b, &m->value, b->one_level || is_payload(name)) ||
			over_budget(b))
			return false;
		v->n++;
	}
	return b->r.error == NULL;
}

static bool
read_number(builder *b, jnode *v)
{
	jnum		number;

	if (!jr_number(&b->r, &number))
		return false;
	switch (number.kind)
	{
		case JNUM_U64:
			v->kind = J_UINT;
			v->u = number.u;
			break;
		case JNUM_I64:
			v->kind = J_INT;
			v->i = number.i;
			break;
		case JNUM_F64:
			v->kind = J_DOUBLE;
			v->d = number.d;
	}
	return true;
}

static bool
read_string(builder *b, jnode *v)
{
	slice		s;

	v->kind = J_STRING;
	if (!jr_string(&b->r, &s))
		return false;
	v->s = s.p;
	v->n = (uint32_t) s.n;
	return true;
}

static bool
read_container(builder *b, jnode *v, jkind kind, bool lazy)
{
	v->kind = kind;
	v->lazy = lazy;
	if (lazy)
		return jr_skip(&b->r, NULL);
	/* on the way down as well: every level may take much at once */
	if (over_budget(b))
		return false;
	return kind == J_ARRAY ? read_array(b, v) : read_object(b, v);
}

static bool
read_value(builder *b, jnode *v, bool lazy)
{
	jr_type		type = jr_peek(&b->r);
	bool		ok = false;

	memset(v, 0, sizeof(*v));
	v->start = (uint32_t) jr_offset(&b->r);
	switch (type)
	{
		case JR_ERROR:
			return false;
		case JR_NULL:
			v->kind = J_NULL;
			ok = jr_null(&b->r);
			break;
		case JR_BOOL:
			v->kind = J_BOOL;
			ok = jr_bool(&b->r, &v->b);
			break;
		case JR_NUMBER:
			ok = read_number(b, v);
			break;
		case JR_STRING:
			ok = read_string(b, v);
			break;
		case JR_ARRAY:
			ok = read_container(b, v, J_ARRAY, lazy);
			break;
		case JR_OBJECT:
			ok = read_container(b, v, J_OBJECT, lazy);
			break;
	}
	v->end = (uint32_t) jr_offset(&b->r);
	return ok;
}

static bool
failed(jtree *t, const jread *r)
{
	t->error = r->error;
	t->error_at = (uint32_t) r->error_at;
	return false;
}

bool
jtree_read(jtree *t, slice text, arena *a)
{
	builder		b = {.a = a};

	t->text = text;
	t->a = a;
	t->error = NULL;
	if (text.n > UINT32_MAX)
	{
		t->error = "the body is larger than 4 GiB";
		t->error_at = 0;
		return false;
	}
	jr_init(&b.r, text, a);
	if (!read_value(&b, &t->root, false) || !jr_end(&b.r))
		return failed(t, &b.r);
	return true;
}

bool
jtree_open(jtree *t, jnode *v)
{
	builder		b = {.a = t->a,.one_level = v->lazy};

	if (v->kind != J_ARRAY && v->kind != J_OBJECT)
		return true;
	if (!v->lazy && !v->floats)
		return true;
	jr_init(&b.r, t->text, t->a);
	b.r.p = t->text.p + v->start;
	v->lazy = v->floats = false;
	if (v->kind == J_ARRAY ? !read_items(&b, v) : !read_object(&b, v))
		return failed(t, &b.r);
	return true;
}

bool
jtree_build(jtree *t, jnode *v)
{
	builder		b = {.a = t->a};

	if (!v->lazy)
		return true;
	jr_init(&b.r, t->text, t->a);
	b.r.p = t->text.p + v->start;
	return read_value(&b, v, false) || failed(t, &b.r);
}
