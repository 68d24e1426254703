/*
 * jtree.h
 *		A JSON document as a tree in the arena, for the schema codec.
 *
 * Arrays of nothing but numbers are kept as packed floats, which is what
 * vectors are; whoever wants such an array's numbers exactly (ids) asks for
 * its items, read again from the text.  Objects and arrays below a member
 * whose name says payload are checked but not built until they are asked for.
 */
#ifndef QG_JTREE_H
#define QG_JTREE_H

#include "core/arena.h"
#include "core/error.h"

typedef enum jkind
{
	J_NULL, J_BOOL,
	J_UINT,						/* 0 .. 2^64 - 1, written without a fraction */
	J_INT,						/* negative, 64 bits */
	J_DOUBLE,					/* every other number */
	J_STRING, J_ARRAY, J_OBJECT
} jkind;

typedef struct jnode
{
	uint8_t		kind;			/* jkind */
	bool		b;				/* J_BOOL */
	bool		floats;			/* J_ARRAY: packed floats, n of them */
	bool		lazy;			/* array or object not built: jtree_open */
	uint32_t	start;			/* where it stands in the text */
	uint32_t	end;			/* one past it */
	uint32_t	n;				/* items, members, bytes of the string */
	union
	{
		uint64_t	u;
		int64_t		i;
		double		d;
		const char *s;			/* unescaped, not NUL terminated */
		float	   *f;
		struct jnode *items;
		struct jmember *members;
	};
} jnode;

typedef struct jmember
{
	slice		name;
	uint32_t	name_end;		/* one past the closing quote */
	jnode		value;
} jmember;

typedef struct jtree
{
	slice		text;
	arena	   *a;
	jnode		root;
	const char *error;			/* of the reader, without the position */
	uint32_t	error_at;		/* bytes consumed */
} jtree;

/*
 * Reads the whole text (64 zero bytes stand behind it).  False: t->error and
 * t->error_at say why.
 */
extern bool jtree_read(jtree *t, slice text, arena *a);

/* Builds the items of a lazy or packed array, the members of a lazy object. */
extern bool jtree_open(jtree *t, jnode *v);

/*
 * Builds a lazy value whole, as if its name had not said payload: where names
 * are the user's.
 */
extern bool jtree_build(jtree *t, jnode *v);

#endif							/* QG_JTREE_H */
