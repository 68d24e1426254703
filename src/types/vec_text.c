/*
 * vec_text.c
 *		The one parser and the one printer of vectors' text form "[1,2.5]".
 */
#include "compat.h"

#include <errno.h>
#include <math.h>

#include "common/shortest_dec.h"

#include "types/vector.h"

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

static void
syntax_error(const char *text, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type vector: \"%.100s\"", text),
			 errdetail("%s", detail)));
}

/* One number; *p is left behind it. */
static float
parse_number(const char *text, const char **p)
{
	char	   *end;
	float		x;

	errno = 0;
	x = strtof(*p, &end);
	if (end == *p)
		syntax_error(text, "A number was expected.");
	/* strtof reports underflow too: a denormal or zero is as good as it gets */
	if (errno == ERANGE && isinf(x))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%.*s\" is out of range for type vector",
						(int) Min(end - *p, 100), *p)));
	qd_vector_check_element(x);
	*p = end;
	return x;
}

qd_vector *
qd_vec_text_parse(const char *text, int32 typmod)
{
	const char *p = skip_blanks(text);
	int			capacity = typmod > 0 ? typmod : 16;
	int			dim = 0;
	float	   *x = palloc(sizeof(float) * capacity);
	qd_vector  *v;

	if (*p != '[')
		syntax_error(text, "Vector contents must start with \"[\".");
	p = skip_blanks(p + 1);
	if (*p == ']')
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("vector must have at least 1 dimension")));
	for (;;)
	{
		if (dim == QD_VECTOR_MAX_DIM)
			qd_vector_check_dim((int64) dim + 1);
		if (dim == capacity)
		{
			capacity = Min(capacity * 2, QD_VECTOR_MAX_DIM);
			x = repalloc(x, sizeof(float) * capacity);
		}
		p = skip_blanks(p);
		x[dim++] = parse_number(text, &p);
		p = skip_blanks(p);
		if (*p == ']')
			break;
		if (*p != ',')
			syntax_error(text, "\",\" or \"]\" was expected.");
		p++;
	}
	if (*skip_blanks(p + 1) != '\0')
		syntax_error(text, "Junk after closing right bracket.");
	qd_vector_check_typmod(typmod, dim);
	v = qd_vector_new(dim);
	memcpy(v->x, x, sizeof(float) * dim);
	pfree(x);
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
