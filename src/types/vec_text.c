/*
 * vec_text.c
 *		The one parser and the one printer of vectors' text form "[1,2.5]".
 */
#include "compat.h"

#include <errno.h>
#include <math.h>

#include "common/shortest_dec.h"

#include "types/vector.h"

typedef struct item_list
{
	float	   *x;
	int			dim;
	int			capacity;
} item_list;

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' ||
		c == '\f';
}

static const char *
skip_blanks(const char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

static bool
syntax_error(const char *text, const char *detail, struct Node *escontext)
{
	ereturn(escontext, false,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type vector: \"%.100s\"", text),
			 errdetail("%s", detail)));
}

/* The number at *p; *p is left behind it.  False after a soft error. */
static bool
parse_number(const char *text, const char **p, float *x,
			 struct Node *escontext)
{
	char	   *end;

	errno = 0;
	*x = strtof(*p, &end);
	if (end == *p)
		return syntax_error(text, "A number was expected.", escontext);
	/* strtof reports underflow too: a denormal or zero is as good as it gets */
	if (errno == ERANGE && isinf(*x))
		ereturn(escontext, false,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%.*s\" is out of range for type vector",
						(int) Min(end - *p, 100), *p)));
	*p = end;
	return qd_vector_element_ok(*x, escontext);
}

/*
 * The items up to and with the closing bracket, appended to list; p stands
 * behind the opening one.  The position behind, or NULL after a soft error.
 */
static const char *
parse_items(const char *text, const char *p, item_list *list,
			struct Node *escontext)
{
	for (;;)
	{
		if (!qd_vector_dim_ok(list->dim + 1, escontext))
			return NULL;
		if (list->dim == list->capacity)
		{
			list->capacity = Min(list->capacity * 2, QD_VECTOR_MAX_DIM);
			list->x = repalloc(list->x, sizeof(float) * list->capacity);
		}
		p = skip_blanks(p);
		if (!parse_number(text, &p, &list->x[list->dim], escontext))
			return NULL;
		list->dim++;
		p = skip_blanks(p);
		if (*p == ']')
			return p + 1;
		if (*p++ != ',')
		{
			syntax_error(text, "\",\" or \"]\" was expected.", escontext);
			return NULL;
		}
	}
}

qd_vector *
qd_vec_text_parse(const char *text, int32 typmod, struct Node *escontext)
{
	const char *p = skip_blanks(text);
	item_list	list = {0};
	qd_vector  *v;

	if (*p++ != '[')
	{
		syntax_error(text, "Vector contents must start with \"[\".", escontext);
		return NULL;
	}
	if (*skip_blanks(p) == ']' && !qd_vector_dim_ok(0, escontext))
		return NULL;
	list.capacity = typmod > 0 ? typmod : 16;
	list.x = palloc(sizeof(float) * list.capacity);
	p = parse_items(text, p, &list, escontext);
	if (p == NULL)
		return NULL;
	if (*skip_blanks(p) != '\0')
	{
		syntax_error(text, "Junk after closing right bracket.", escontext);
		return NULL;
	}
	if (!qd_vector_typmod_ok(typmod, list.dim, escontext))
		return NULL;
	v = qd_vector_new(list.dim);
	memcpy(v->x, list.x, sizeof(float) * list.dim);
	pfree(list.x);
	return v;
}

char *
qd_vec_text_print(const qd_vector *v)
{
	int			dim = qd_vector_dim(v);
	char	   *text = palloc((Size) FLOAT_SHORTEST_DECIMAL_LEN * dim + 2);
	char	   *p = text;

	*p++ = '[';
	for (int i = 0; i < dim; i++)
	{
		if (i > 0)
			*p++ = ',';
		p += float_to_shortest_decimal_bufn(v->x[i], p);
	}
	*p++ = ']';
	*p = '\0';
	return text;
}
