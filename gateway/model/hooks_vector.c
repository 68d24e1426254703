/*
 * hooks_vector.c
 *		Vectors in all their forms: numbers, sparse pairs, arrays of arrays,
 *		and things to infer one from.
 *
 * The forms are tried in Qdrant's order.  One of its traps is kept: an array
 * of exactly two arrays, the first of whole numbers only, is a sparse vector
 * written by position.
 */
#include "model/hooks.h"
#include "model/qdrant.pb-c.h"

bool
hook_floats(jctx *c, jnode *v, const jslot *to)
{
	if (v->kind != J_ARRAY || !v->floats)
	{
		if (!jc_items(c, v))
			return false;
		for (uint32_t i = 0; i < v->n; i++)
		{
			if (v->items[i].kind > J_DOUBLE || v->items[i].kind < J_UINT)
				return jc_fail_type(c, &v->items[i], "f32");
		}
		return v->n == 0;
	}
	jc_set_list(to, v->n, v->f);
	return true;
}

bool
hook_u32s(jctx *c, jnode *v, const jslot *to)
{
	uint32_t   *list;

	if (!jc_items(c, v))
		return false;
	list = arena_array(c->a, v->n, sizeof(list[0]));
	for (uint32_t i = 0; i < v->n; i++)
	{
		const jnode *item = &v->items[i];

		if (item->kind != J_UINT || item->u > UINT32_MAX)
			return jc_fail_type(c, item, "u32");
		list[i] = (uint32_t) item->u;
	}
	jc_set_list(to, v->n, list);
	return true;
}

static const jfield sparse_fields[] = {
	{"indices", NULL, NULL, hook_u32s, NULL, JF_REQUIRED},
	{"values", NULL, NULL, hook_floats, NULL, JF_REQUIRED},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject sparse = {
	"struct SparseVector", &qdrant__sparse_vector__descriptor, sparse_fields, 0, NULL
};

static const jfield document_fields[] = {
	{"text", NULL, NULL, jc_string, NULL, JF_REQUIRED},
	{"model", NULL, NULL, jc_string, NULL, JF_REQUIRED},
	{"options", NULL, NULL, hook_payload, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject document = {
	"struct Document", &qdrant__document__descriptor, document_fields, 0, NULL
};

static const jfield image_fields[] = {
	{"image", NULL, NULL, jc_ignore, NULL, JF_REQUIRED | JF_NO_FIELD},
	{"model", NULL, NULL, jc_string, NULL, JF_REQUIRED},
	{"options", NULL, NULL, hook_payload, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject image = {
	"struct Image", &qdrant__image__descriptor, image_fields, 0, NULL
};

static const jfield object_fields[] = {
	{"object", NULL, NULL, jc_ignore, NULL, JF_REQUIRED | JF_NO_FIELD},
	{"model", NULL, NULL, jc_string, NULL, JF_REQUIRED},
	{"options", NULL, NULL, hook_payload, NULL, 0},
	{NULL, NULL, NULL, NULL, NULL, 0}
};

static const jobject inference_object = {
	"struct InferenceObject", &qdrant__inference_object__descriptor, object_fields, 0, NULL
};

/* An object by its table into the oneof member `field` of msg. */
static bool
read_form(jctx *c, jnode *v, const jobject *o, ProtobufCMessage *msg,
		  const char *field)
{
	ProtobufCMessage *inner = jc_new(c, o->message);
	jslot		to;

	if (!JC_TRY(c, jc_object(c, v, o, inner)))
		return false;
	to = jc_slot(msg, field);
	jc_set_message(&to, inner);
	return true;
}

static bool
read_inference(jctx *c, jnode *v, ProtobufCMessage *msg)
{
	return v->kind == J_OBJECT &&
		(read_form(c, v, &document, msg, "document") ||
		 read_form(c, v, &image, msg, "image") ||
		 read_form(c, v, &inference_object, msg, "object"));
}

static bool
read_dense(jctx *c, jnode *v, ProtobufCMessage *msg)
{
	Qdrant__DenseVector *dense;
	jslot		to;

	if (v->kind != J_ARRAY || !v->floats)
		return false;
	dense = (Qdrant__DenseVector *) jc_new(c, &qdrant__dense_vector__descriptor);
	dense->n_data = v->n;
	dense->data = v->f;
	to = jc_slot(msg, "dense");
	jc_set_message(&to, &dense->base);
	return true;
}

static bool
read_multi(jctx *c, jnode *v, ProtobufCMessage *msg)
{
	Qdrant__MultiDenseVector *multi;
	jslot		to;

	if (v->kind != J_ARRAY || v->floats || !jc_items(c, v))
		return false;
	multi = (Qdrant__MultiDenseVector *)
		jc_new(c, &qdrant__multi_dense_vector__descriptor);
	multi->n_vectors = v->n;
	multi->vectors = arena_array(c->a, v->n, sizeof(multi->vectors[0]));
	for (uint32_t i = 0; i < v->n; i++)
	{
		jnode	   *row = &v->items[i];

		if (row->kind != J_ARRAY || !row->floats)
			return false;
		multi->vectors[i] = (Qdrant__DenseVector *)
			jc_new(c, &qdrant__dense_vector__descriptor);
		multi->vectors[i]->n_data = row->n;
		multi->vectors[i]->data = row->f;
	}
	to = jc_slot(msg, "multi_dense");
	jc_set_message(&to, &multi->base);
	return true;
}

/* [[whole numbers], [numbers]]: see the head of the file. */
static bool
read_sparse_pair(jctx *c, jnode *v, Qdrant__SparseVector *s)
{
	jslot		indices = jc_slot(&s->base, "indices");
	jslot		values = jc_slot(&s->base, "values");
	jnode		first;

	if (v->floats || v->n != 2 || !jc_items(c, v) ||
		v->items[0].kind != J_ARRAY || v->items[1].kind != J_ARRAY ||
		!v->items[1].floats)
		return false;
	first = v->items[0];
	return JC_TRY(c, hook_u32s(c, &first, &indices)) &&
		hook_floats(c, &v->items[1], &values);
}

static bool
read_sparse(jctx *c, jnode *v, ProtobufCMessage *msg)
{
	Qdrant__SparseVector *s;
	jslot		to;

	if (v->kind == J_OBJECT)
		return read_form(c, v, &sparse, msg, "sparse");
	if (v->kind != J_ARRAY)
		return false;
	s = (Qdrant__SparseVector *) jc_new(c, &qdrant__sparse_vector__descriptor);
	if (!read_sparse_pair(c, v, s))
		return false;
	to = jc_slot(msg, "sparse");
	jc_set_message(&to, &s->base);
	return true;
}

static bool
read_vector(jctx *c, jnode *v, ProtobufCMessage *msg)
{
	return read_dense(c, v, msg) || read_sparse(c, v, msg) ||
		read_multi(c, v, msg) || read_inference(c, v, msg);
}

bool
hook_vector(jctx *c, jnode *v, const jslot *to)
{
	ProtobufCMessage *msg = jc_new(c, &qdrant__vector__descriptor);
	bool		ok;

	c->buffered++;
	ok = read_vector(c, v, msg);
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, JC_NO_VARIANT("Vector"));
	jc_set_message(to, msg);
	return true;
}

bool
hook_vector_input(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__VectorInput *input = (Qdrant__VectorInput *)
		jc_new(c, &qdrant__vector_input__descriptor);
	bool		ok;

	c->buffered++;
	if (v->kind == J_UINT || v->kind == J_STRING)
	{
		input->variant_case = QDRANT__VECTOR_INPUT__VARIANT_ID;
		input->id = hook_read_id(c, v);
		ok = input->id != NULL;
	}
	else
		ok = read_vector(c, v, &input->base);
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, JC_NO_VARIANT("VectorInput"));
	jc_set_message(to, &input->base);
	return true;
}

/*----------
 * the vectors of a point
 *----------
 */

static bool
read_unnamed(jctx *c, jnode *v, Qdrant__Vectors *vectors)
{
	ProtobufCMessage *msg = jc_new(c, &qdrant__vector__descriptor);

	if (!read_dense(c, v, msg) && !read_multi(c, v, msg) &&
		!read_inference(c, v, msg))
		return false;
	vectors->vectors_options_case = QDRANT__VECTORS__VECTORS_OPTIONS_VECTOR;
	vectors->vector = (Qdrant__Vector *) msg;
	return true;
}

/* Vectors by name: any name, also one that the tree takes for a payload's. */
static bool
open_named(jctx *c, jnode *v)
{
	if (v->kind != J_OBJECT || !jtree_open(&c->tree, v))
		return false;
	for (uint32_t i = 0; i < v->n; i++)
		if (!jtree_build(&c->tree, &v->members[i].value))
			return false;
	return true;
}

static bool
read_named(jctx *c, jnode *v, Qdrant__Vectors *vectors)
{
	Qdrant__NamedVectors *named = (Qdrant__NamedVectors *)
		jc_new(c, &qdrant__named_vectors__descriptor);
	jslot		to = jc_slot(&named->base, "vectors");

	if (!open_named(c, v) ||
		!JC_TRY(c, jc_map_of(c, v, &to, hook_vector, NULL)))
		return false;
	vectors->vectors_options_case = QDRANT__VECTORS__VECTORS_OPTIONS_VECTORS;
	vectors->vectors = named;
	return true;
}

bool
hook_vectors(jctx *c, jnode *v, const jslot *to)
{
	Qdrant__Vectors *vectors = (Qdrant__Vectors *)
		jc_new(c, &qdrant__vectors__descriptor);
	bool		ok;

	c->buffered++;
	ok = read_named(c, v, vectors) || read_unnamed(c, v, vectors);
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, JC_NO_VARIANT("VectorStruct"));
	jc_set_message(to, &vectors->base);
	return true;
}

/*----------
 * the columns of a batch
 *----------
 */

/* An array of unnamed vectors, one per point. */
static bool
read_unnamed_column(jctx *c, jnode *v, size_t n, Qdrant__Vectors **out)
{
	/* a list of numbers only is no list of vectors, except the empty one */
	if (v->kind != J_ARRAY || (v->floats && v->n > 0) || !jc_items(c, v))
		return false;
	for (uint32_t i = 0; i < v->n; i++)
	{
		Qdrant__Vectors *vectors = (Qdrant__Vectors *)
			jc_new(c, &qdrant__vectors__descriptor);

		if (!read_unnamed(c, &v->items[i], vectors))
			return false;
		if (i < n)
			out[i] = vectors;
	}
	return true;
}

/* One more named vector for each of the points. */
static bool
read_named_column(jctx *c, const jmember *m, size_t n, Qdrant__Vectors **out)
{
	jnode	   *v = (jnode *) &m->value;
	jnode		name = {.kind = J_STRING,.n = (uint32_t) m->name.n,.s = m->name.p};
	char	   *key;

	if (v->kind != J_ARRAY || (v->floats && v->n > 0) || !jc_items(c, v) ||
		!jc_text(c, &name, &key))
		return false;
	for (uint32_t i = 0; i < v->n; i++)
	{
		ProtobufCMessage *vector = jc_new(c, &qdrant__vector__descriptor);
		Qdrant__NamedVectors__VectorsEntry *entry;
		Qdrant__NamedVectors *named;

		if (!read_vector(c, &v->items[i], vector))
			return false;
		if (i >= n)
			continue;
		entry = (Qdrant__NamedVectors__VectorsEntry *)
			jc_new(c, &qdrant__named_vectors__vectors_entry__descriptor);
		entry->key = key;
		entry->value = (Qdrant__Vector *) vector;
		named = out[i]->vectors;
		named->vectors[named->n_vectors++] = entry;
	}
	return true;
}

static bool
read_named_columns(jctx *c, jnode *v, size_t n, Qdrant__Vectors **out)
{
	if (!open_named(c, v))
		return false;
	for (size_t i = 0; i < n; i++)
	{
		Qdrant__NamedVectors *named = (Qdrant__NamedVectors *)
			jc_new(c, &qdrant__named_vectors__descriptor);

		named->vectors = arena_array(c->a, v->n, sizeof(named->vectors[0]));
		out[i] = (Qdrant__Vectors *) jc_new(c, &qdrant__vectors__descriptor);
		out[i]->vectors_options_case = QDRANT__VECTORS__VECTORS_OPTIONS_VECTORS;
		out[i]->vectors = named;
		if (arena_exceeded(c->a))
			return jc_fail(c, "request needs too much memory");
	}
	for (uint32_t i = 0; i < v->n; i++)
	{
		if (!read_named_column(c, &v->members[i], n, out))
			return false;
	}
	return true;
}

/* The first count that differs from n; n when all agree. */
static size_t
odd_count(const jnode *v, size_t n)
{
	if (v->kind == J_ARRAY)
		return v->n;
	for (uint32_t i = 0; i < v->n; i++)
	{
		if (v->members[i].value.n != n)
			return v->members[i].value.n;
	}
	return n;
}

bool
hook_batch_vectors(jctx *c, jnode *v, size_t n, Qdrant__Vectors **out,
				   size_t *n_found)
{
	bool		ok;

	c->buffered++;
	ok = v->kind == J_ARRAY ? read_unnamed_column(c, v, n, out) :
		read_named_columns(c, v, n, out);
	c->buffered--;
	if (!ok)
		return jc_fail_union(c, JC_NO_VARIANT("BatchVectorStruct"));
	*n_found = odd_count(v, n);
	return true;
}
