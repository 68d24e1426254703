/*
 * vec_text.c
 *		The one parser and the one printer of vectors' text form "[1,2.5]".
 */
#include "compat.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "port/pg_bitutils.h"

#include "types/vec_type.h"

/* More than an input can have digits. */
#define FAR_EXPONENT	(INT64CONST(1) << 40)

typedef struct item_list
{
	const qd_vec_type *type;
	const char *text;			/* the whole input, for messages */
	struct Node *escontext;
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
syntax_error(const item_list *list, const char *detail)
{
	ereturn(list->escontext, false,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid input syntax for type %s: \"%.*s\"",
					list->type->name,
					pg_mbcliplen(list->text, strlen(list->text), 100), list->text),
			 errdetail("%s", detail)));
}

static int
digit_value(char c)
{
	return isdigit((unsigned char) c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* The exponent that stands at p, behind its letter; far ones are cut. */
static int64
read_exponent(const char *p, const char *end)
{
	bool		negative = *p == '-';
	int64		exponent = 0;

	if (*p == '-' || *p == '+')
		p++;
	for (; p < end; p++)
		exponent = Min(exponent * 10 + digit_value(*p), FAR_EXPONENT);
	return negative ? -exponent : exponent;
}

/*
 * By the place of the last digit (in hexadecimal, of the last bit) that is not
 * zero.
 */
bool
qd_vec_text_is_whole(const char *start, const char *end)
{
	const char *p = start;
	bool		is_hex;
	bool		behind_point = false;
	bool		is_zero = true;
	int64		places = 0;		/* behind the point so far */
	int64		last = 0;		/* weight of the last one, as an exponent */

	if (*p == '-' || *p == '+')
		p++;
	is_hex = end - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	if (is_hex)
		p += 2;
	for (; p < end; p++)
	{
		int			digit;
		int			step = is_hex ? 4 : 1;

		if (*p == '.')
		{
			behind_point = true;
			continue;
		}
		if (!(is_hex ? isxdigit((unsigned char) *p) :
			  isdigit((unsigned char) *p)))
			break;
		digit = digit_value(*p);
		if (behind_point)
			places += step;
		else
			last += step;
		if (digit == 0)
			continue;
		is_zero = false;
		last = -places + (is_hex ? pg_rightmost_one_pos32(digit) : 0);
	}
	if (is_zero)
		return true;
	return last + (p < end ? read_exponent(p + 1, end) : 0) >= 0;
}

static bool
value_ok(const item_list *list, float x, const char *start, const char *end)
{
	const qd_vec_type *type = list->type;

	if (isnan(x))
		ereturn(list->escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("NaN not allowed in %s", type->name)));
	/* strtof reports underflow too: a denormal or zero is as good as it gets */
	if ((errno == ERANGE && isinf(x)) ||
		(!isinf(x) && (!type->holds(x) ||
					   (type->whole && !qd_vec_text_is_whole(start, end)))))
		ereturn(list->escontext, false,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%.*s\" is out of range for type %s",
						(int) Min(end - start, 100), start, type->name),
				 type->hint ? errhint("%s", type->hint) : 0));
	if (isinf(x))
		ereturn(list->escontext, false,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("infinite value not allowed in %s", type->name)));
	return true;
}

/* The number at *p; *p is left behind it.  False after a soft error. */
static bool
parse_number(const item_list *list, const char **p, float *x)
{
	const char *start = *p;
	char	   *end;

	errno = 0;
	*x = strtof(start, &end);
	if (end == start)
		return syntax_error(list, "A number was expected.");
	*p = end;
	return value_ok(list, *x, start, end);
}

/*
 * The items up to and with the closing bracket, appended to list; p stands
 * behind the opening one.  The position behind, or NULL after a soft error.
 */
static const char *
parse_items(const char *p, item_list *list)
{
	for (;;)
	{
		if (!qd_vec_dim_ok(list->type, list->dim + 1, list->escontext))
			return NULL;
		if (list->dim == list->capacity)
		{
			list->capacity = Min(list->capacity * 2, QD_VECTOR_MAX_DIM);
			list->x = repalloc(list->x, sizeof(float) * list->capacity);
		}
		p = skip_blanks(p);
		if (!parse_number(list, &p, &list->x[list->dim]))
			return NULL;
		list->dim++;
		p = skip_blanks(p);
		if (*p == ']')
			return p + 1;
		if (*p++ != ',')
		{
			syntax_error(list, "\",\" or \"]\" was expected.");
			return NULL;
		}
	}
}

float *
qd_vec_text_parse(const qd_vec_type *type, const char *text, int32 typmod,
				  int *dim, struct Node *escontext)
{
	const char *p = skip_blanks(text);
	item_list	list = {.type = type,.text = text,.escontext = escontext};

	if (*p++ != '[')
	{
		syntax_error(&list, "Vector contents must start with \"[\".");
		return NULL;
	}
	if (*skip_blanks(p) == ']' && !qd_vec_dim_ok(type, 0, escontext))
		return NULL;
	list.capacity = typmod > 0 ? typmod : 16;
	list.x = palloc(sizeof(float) * list.capacity);
	p = parse_items(p, &list);
	if (p == NULL)
		return NULL;
	if (*skip_blanks(p) != '\0')
	{
		syntax_error(&list, "Junk after closing right bracket.");
		return NULL;
	}
	if (!qd_vec_typmod_ok(typmod, list.dim, escontext))
		return NULL;
	*dim = list.dim;
	return list.x;
}

char *
qd_vec_text_print(const float *x, int dim)
{
	char	   *text = palloc((Size) FLOAT_SHORTEST_DECIMAL_LEN * dim + 2);
	char	   *p = text;

	*p++ = '[';
	for (int i = 0; i < dim; i++)
	{
		if (i > 0)
			*p++ = ',';
		p += float_to_shortest_decimal_bufn(x[i], p);
	}
	*p++ = ']';
	*p = '\0';
	return text;
}
