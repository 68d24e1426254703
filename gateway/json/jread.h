/*
 * jread.h
 *		A pull reader of JSON: strict, no tree, no recursion, byte offsets kept.
 *
 * The text must have JREAD_PADDING readable zero bytes behind its end (request
 * bodies have), or be a value cut out of such a text by jr_skip.  Accepts and refuses what serde_json does, with its words and
 * positions; nested at most 127 deep.  Strings come out decoded: a slice of
 * the text itself where it has no escapes, else in the arena; they are valid
 * UTF-8 and may hold NUL bytes (from \u0000).
 *
 * Every function that returns bool gives false after it has set the reader's
 * error; the first error stays, and every later call returns false too.  A
 * jread may be copied to come back to a place (untagged unions try one reading
 * after the other): assign it back, which also drops the error.
 *
 * Reading an object:
 *
 *		jr_begin_object(r);
 *		while (jr_next_member(r, &key))
 *			jr_peek(r) ... read or jr_skip(r, NULL) exactly one value ...
 *		if (r->error) ...
 *
 * The loop ends after the '}' was consumed, or with an error.
 */
#ifndef QG_JREAD_H
#define QG_JREAD_H

#include "core/arena.h"
#include "core/error.h"
#include "json/jnum.h"

#define JREAD_PADDING	16
#define JREAD_MAX_DEPTH	127

typedef struct jread
{
	const char *start;
	const char *p;				/* next byte; offset = p - start = what serde
								 * has consumed */
	const char *end;
	arena	   *a;
	int			depth;			/* containers entered and not left */
	bool		first;			/* the container just entered has given no
								 * member yet */
	const char *error;			/* text without position, or NULL */
	size_t		error_at;		/* offset whose line and column are named */
	bool		error_has_position;
} jread;

typedef enum jr_type
{
	JR_ERROR,					/* r->error is set */
	JR_NULL,
	JR_BOOL,
	JR_NUMBER,
	JR_STRING,
	JR_ARRAY,
	JR_OBJECT
} jr_type;

extern void jr_init(jread *r, slice text, arena *a);

static inline size_t
jr_offset(const jread *r)
{
	return (size_t) (r->p - r->start);
}

/*
 * Skips blanks and says what value begins there, by its first byte.  Consumes
 * nothing of it: offset is then that of the value.
 */
extern jr_type jr_peek(jread *r);

/*
 * Scalars: each expects that jr_peek has said so (asserted).  Numbers are read
 * whole; *n tells which kind.
 */
extern bool jr_null(jread *r);
extern bool jr_bool(jread *r, bool *value);
extern bool jr_number(jread *r, jnum *n);
extern bool jr_string(jread *r, slice *value);

/*
 * Containers, after jr_peek said JR_ARRAY or JR_OBJECT.  jr_next_*: is there
 * one more?  For a member the key is read and the colon passed.  After the
 * last one the closer has been consumed.  What lies between two calls of
 * jr_next_* must be exactly one value.
 */
extern bool jr_begin_array(jread *r);
extern bool jr_next_element(jread *r);
extern bool jr_begin_object(jread *r);
extern bool jr_next_member(jread *r, slice *key);

/*
 * An array of numbers, after jr_peek said JR_ARRAY, straight to packed floats
 * in the arena: each is (float) of the double, as serde reads f32 (so 1e39
 * becomes infinity: the caller refuses non-finite ones).  Where an element is
 * no number: *n elements have been read, *other is its type and the reader
 * stands before that value, inside the array, as after jr_next_element().
 * After an array of numbers only, *other is JR_NUMBER.
 */
extern bool jr_floats(jread *r, float **values, size_t *n, jr_type *other);

/*
 * Passes any value, validating it wholly (strings too), and gives its text if
 * raw is not NULL: from its first to its last byte.
 */
extern bool jr_skip(jread *r, slice *raw);

/*
 * The same, and shows visit() what a copy might have to change: every number
 * (type JR_NUMBER, its text, its value) and every string or key with escapes
 * (JR_STRING, its text between the quotes).  visit() returns false to stop,
 * with the reader's error set.
 */
typedef bool (*jr_visitor) (jread *r, jr_type type, slice text, jnum number,
							void *arg);
extern bool jr_walk(jread *r, slice *raw, jr_visitor visit, void *arg);

/* Only blanks may follow: "trailing characters". */
extern bool jr_end(jread *r);

/*
 * Errors.  jr_fail sets the error with the position of offset `at`, as
 * serde_json counts: a line is 1 + newlines before it, a column the bytes since
 * the last of them (so the column of an offset is the number of bytes consumed
 * on that line).  jr_fail_bare sets one without position.  text must be static
 * or in the arena.  Both return false.
 */
extern bool jr_fail(jread *r, size_t at, const char *text);
extern bool jr_fail_bare(jread *r, const char *text);

/*
 * Moves the reader's error into *e (ERR_JSON_FORMAT, " at line L column C"
 * appended where it has a position).  Returns false.
 */
extern bool jr_report(jread *r, gw_error *e);

/* Line and column of an offset. */
extern void jr_position(const jread *r, size_t at, size_t *line,
						size_t *column);

#endif							/* QG_JREAD_H */
