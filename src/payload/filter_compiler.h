/*
 * filter_compiler.h
 *		What the parts of the filter compiler share: the output being
 *		written, the place that errors name, and readers of JSON members.
 *
 * filter_parse.c owns clauses and conditions, filter_parse_field.c the
 * predicates of a field condition, filter_bind.c what they are bound to.
 * Nobody else includes this.
 */
#ifndef QD_FILTER_COMPILER_H
#define QD_FILTER_COMPILER_H

#include "compat.h"

#include <setjmp.h>

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

#include "payload/filter.h"

typedef struct qd_compiler
{
	StringInfoData out;			/* becomes the datum */
	StringInfoData where;		/* the place being compiled */
	bool		needs_point;
	const struct qd_text_schema *text;	/* of the text index that the field's
										 * condition is bound to, or NULL */
	const qd_binding *binding;	/* of the predicate being compiled, or NULL */
	int			depth;			/* filters within filters */
	struct Node *escontext;		/* wants errors softly; may be NULL */
	sigjmp_buf	escape;			/* where a soft error goes */
} qd_compiler;

/*
 * Raises the error, naming the place.  A soft one leaves by longjmp, which
 * crosses frames of the compiler only; these hold nothing but memory.
 */
extern void qd_compiler_fail(qd_compiler *c, const char *what) pg_attribute_noreturn();
extern void qd_compiler_fail_hint(qd_compiler *c, const char *what,
								  const char *hint) pg_attribute_noreturn();

/* Goes down to a member or an element; the result is what leave wants. */
extern int	qd_compiler_enter(qd_compiler *c, const char *name);
extern int	qd_compiler_enter_item(qd_compiler *c, int index);
extern void qd_compiler_leave(qd_compiler *c, int mark);

/* Nodes: begin gives the offset that end wants; end pads and sets the size. */
extern int	qd_compiler_begin(qd_compiler *c, uint32 kind, uint32 n);
extern void qd_compiler_end(qd_compiler *c, int at);
extern void qd_compiler_add_string(qd_compiler *c, const char *s, int length);

extern bool qd_compiler_is_object(const JsonbValue *v);
extern bool qd_compiler_is_array(const JsonbValue *v);

/* The object behind a value; fails when it is none. */
extern JsonbContainer *qd_compiler_object(qd_compiler *c, const JsonbValue *v);

/* A member of an object; NULL when it is missing or null. */
extern JsonbValue *qd_compiler_member(JsonbContainer *object, const char *name);

/*
 * The first member's name that is in neither list, for messages; NULL: none.
 * Lists end with NULL, the second one may be missing.
 */
extern char *qd_compiler_stranger(JsonbContainer *object,
								  const char *const *known,
								  const char *const *known_too);

/* Fails unless v is an unsigned integer of at most 64 bits. */
extern uint64 qd_compiler_unsigned(qd_compiler *c, const JsonbValue *v);

/* The first kind of a match, by its member's name; NULL: none. */
extern JsonbValue *qd_compiler_match(JsonbContainer *match, const char **name);

/*
 * The members of a field condition that are predicates, in their order, and
 * NULL.
 */
#define QD_PREDICATES 8
extern const char *const qd_predicates[QD_PREDICATES + 1];

/*
 * filter_bind.c: the member "as"; false when there is none, fails when it is
 * no index.
 */
extern bool qd_compiler_binding(qd_compiler *c, JsonbContainer *condition,
								qd_binding *binding);

/* Which predicate the index would answer, of qd_predicates; -1: none. */
extern int	qd_binding_serves(const qd_binding *binding,
							  JsonbContainer *condition);

/*
 * A range of datetimes as a datetime index sees it, in whole microseconds
 * since 1970: floor and ceil of each bound that is given.
 */
extern void qd_compiler_add_micros(qd_compiler *c, uint32 given,
								   const int64 *floor, const int64 *ceil);

/*
 * filter_parse_field.c: the predicates of a field condition, written as
 * tests.  Returns how many; fails when there is none.
 */
extern uint32 qd_compiler_tests(qd_compiler *c, JsonbContainer *condition);

/*
 * filter_parse_text.c: the schema under "as" when it is one of a text index,
 * else NULL; and the test of a text condition bound to c->text.
 */
extern struct qd_text_schema *qd_compiler_text_schema(qd_compiler *c,
													  JsonbContainer *condition);
extern void qd_compiler_bound_text(qd_compiler *c, qd_test_kind kind,
								   const JsonbValue *v);

#endif							/* QD_FILTER_COMPILER_H */
