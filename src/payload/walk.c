/*
 * walk.c
 *		Follows compiled paths through jsonb.
 */
#include "compat.h"

#include "payload/path.h"
#include "payload/walk.h"

/* The value of an entry, which starts at offset behind the entries. */
static void
read_entry(JEntry entry, char *base, uint32 offset, JsonbValue *v)
{
	uint32		length = JBE_HAS_OFF(entry) ?
	JBE_OFFLENFLD(entry) - offset : JBE_OFFLENFLD(entry);

	if (JBE_ISSTRING(entry))
	{
		v->type = jbvString;
		v->val.string.val = base + offset;
		v->val.string.len = length;
	}
	else if (JBE_ISNUMERIC(entry))
	{
		v->type = jbvNumeric;
		v->val.numeric = (Numeric) (base + INTALIGN(offset));
	}
	else if (JBE_ISBOOL(entry))
	{
		v->type = jbvBool;
		v->val.boolean = JBE_ISBOOL_TRUE(entry);
	}
	else if (JBE_ISNULL(entry))
		v->type = jbvNull;
	else
	{
		v->type = jbvBinary;
		v->val.binary.data = (JsonbContainer *) (base + INTALIGN(offset));
		v->val.binary.len = length - (INTALIGN(offset) - offset);
	}
}

bool
qd_array_next(qd_array_cursor *cursor, JsonbValue *value)
{
	JsonbContainer *array = cursor->array;
	uint32		n = JsonContainerSize(array);
	JEntry		entry;

	if (cursor->next >= n)
		return false;
	entry = array->children[cursor->next++];
	read_entry(entry, (char *) &array->children[n], cursor->offset, value);
	JBE_ADVANCE_OFFSET(cursor->offset, entry);
	return true;
}

bool
qd_each_element(JsonbContainer *array, qd_visitor visit, void *arg)
{
	qd_array_cursor cursor = {array, 0, 0};
	JsonbValue	v;

	while (qd_array_next(&cursor, &v))
	{
		if (visit(&v, arg))
			return true;
	}
	return false;
}

static bool
read_element(JsonbContainer *array, uint32 index, JsonbValue *v)
{
	JsonbValue *found = getIthJsonbValueFromContainer(array, index);

	if (found == NULL)
		return false;
	*v = *found;
	pfree(found);
	return true;
}

typedef struct path_walk
{
	const qd_node *step;
	uint32		left;
	qd_visitor	visit;
	void	   *arg;
} path_walk;

/* Follows the steps that are left from value on. */
static bool
walk_path(const JsonbValue *value, void *arg)
{
	path_walk	walk = *(path_walk *) arg;
	JsonbValue	buffer;

	while (walk.left > 0)
	{
		const qd_node *step = walk.step;

		walk.step = qd_node_next(step);
		walk.left--;
		switch ((qd_path_kind) step->kind)
		{
			case QD_STEP_KEY:
				if (!qd_value_is_object(value) ||
					!getKeyJsonValueFromContainer(value->val.binary.data,
												  qd_node_body(step), step->n,
												  &buffer))
					return false;
				break;
			case QD_STEP_INDEX:
				if (!qd_value_is_array(value) ||
					!read_element(value->val.binary.data, step->n, &buffer))
					return false;
				break;
			case QD_STEP_ALL:
				return qd_value_is_array(value) &&
					qd_each_element(value->val.binary.data, walk_path, &walk);
		}
		value = &buffer;
	}
	return walk.visit(value, walk.arg);
}

bool
qd_visit_path(const qd_node *path, JsonbContainer *payload, qd_visitor visit,
			  void *arg)
{
	path_walk	walk = {(const qd_node *) qd_node_body(path), path->n, visit, arg};
	JsonbValue	root;

	root.type = jbvBinary;
	root.val.binary.data = payload;
	root.val.binary.len = 0;
	return walk_path(&root, &walk);
}
