/*
 * jcodec.h
 *		The schema engine: JSON trees into protobuf-c messages by tables, with
 *		serde's rules and words.  Private to model/.
 *
 * A table row names a member, the message's field it fills (found in the
 * message's descriptor) and the decoder of its value.  Errors follow serde:
 * the first one wins, and its position depends on whether the value is read
 * from the stream or from a buffer (untagged unions, flattened structs).
 */
#ifndef QG_JCODEC_H
#define QG_JCODEC_H

#include <protobuf-c/protobuf-c.h>

#include "core/arena.h"
#include "core/error.h"
#include "model/jtree.h"

typedef struct jctx
{
	jtree		tree;
	arena	   *a;
	error_kind	kind;			/* of the failure */
	const char *text;			/* NULL: no failure yet */
	uint32_t	at;				/* its position, bytes consumed */
	bool		has_position;
	int			buffered;		/* > 0: below a union or a flattened struct */
	bool		via_value;		/* read into a generic value first: errors
								 * have no position */
} jctx;

struct jfield;

/* Where a decoded value goes. */
typedef struct jslot
{
	ProtobufCMessage *msg;
	const ProtobufCFieldDescriptor *field;
	const struct jfield *row;
} jslot;

typedef bool (*jdecode) (jctx *c, jnode *v, const jslot *to);

enum
{
	JF_REQUIRED = 1,			/* missing: an error */
	JF_NOT_NULL = 2,			/* null is a value of the wrong type, not an
								 * absent one */
	JF_NO_FIELD = 4				/* the decoder fills the message itself */
};

typedef struct jfield
{
	const char *name;
	const char *alias;			/* NULL: none */
	const char *field;			/* of the message; NULL: the same name */
	jdecode		decode;
	const void *arg;			/* what the decoder needs: a table, a type */
	int			flags;
} jfield;

enum
{
	JO_DENY_UNKNOWN = 1,
	JO_FLATTEN = 2				/* has a flattened struct: values are buffered */
};

typedef struct jobject
{
	const char *expecting;		/* "struct PointStruct" */
	const ProtobufCMessageDescriptor *message;
	const jfield *fields;		/* ends with a NULL name */
	int			flags;
	const char *unknown;		/* with JO_DENY_UNKNOWN: "`a`, `b`" as serde
								 * lists them */
} jobject;

typedef struct jenum
{
	const char *name;
	int			value;
} jenum;

/* A string enum: values end with a NULL name. */
typedef struct jenum_type
{
	const char *expected;		/* "`auto` or `custom`" */
	const jenum *values;
} jenum_type;

struct json_schema
{
	const jobject *object;
	jdecode		decode;			/* instead of the object: the root's hook */
	bool		via_value;
	const ProtobufCMessageDescriptor *message;
	const char *prefix;			/* hidden wrapper in paths of validation */
};

/* Failures: each returns false.  The first one stays. */
extern bool jc_fail(jctx *c, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));
/* "invalid type: string "x", expected usize", with its position */
extern bool jc_fail_type(jctx *c, const jnode *v, const char *expected);
/* Replaces what failed in an untagged union. */
extern bool jc_fail_union(jctx *c, const char *text);

/*
 * An error without a position, on its way out of a streamed container, gets
 * the bytes consumed once the container has tried to read its closer behind
 * the value that failed, which ended at `after`.
 */
extern void jc_leave(jctx *c, uint32_t after, char closer);

/* serde's words for a value: `string "x"`, `integer `5`` */
extern const char *jc_describe(jctx *c, const jnode *v);

/* A double as Rust's Display writes it: the shortest digits, no exponent. */
extern const char *jc_display(arena *a, double d);

/* Tries a decoder on a scratch failure state: false leaves no failure. */
#define JC_TRY(c, call) ((call) || ((c)->text = NULL, (c)->has_position = false, false))

/* A new message of the descriptor, in the arena. */
extern ProtobufCMessage *jc_new(jctx *c, const ProtobufCMessageDescriptor *d);

/* The member of an object, NULL when it has none (the last of equals). */
extern jnode *jc_member(jctx *c, jnode *object, const char *name);

/* An array's items; false fails with "expected a sequence". */
extern bool jc_items(jctx *c, jnode *v);

/* Decodes v into msg by the object's table. */
extern bool jc_object(jctx *c, jnode *v, const jobject *o,
					  ProtobufCMessage *msg);

/* A string of a message: fails on an embedded NUL. */
extern bool jc_text(jctx *c, const jnode *v, char **out);

/* Puts things where the slot says, marking them present. */
extern void jc_set_u64(const jslot *to, uint64_t value);
extern void jc_set_double(const jslot *to, double value);
extern void jc_set_enum(const jslot *to, int value);
extern void jc_set_bool(const jslot *to, bool value);
extern void jc_set_string(const jslot *to, char *value);
extern void jc_set_message(const jslot *to, ProtobufCMessage *value);
extern void jc_set_list(const jslot *to, size_t n, void *values);

/* The slot of another field of the same message. */
extern jslot jc_slot(ProtobufCMessage *msg, const char *field);

/*
 * Decoders for tables.  arg of the integers: {type name, maximum}; of
 * jc_enum: a jenum_type; of jc_message and jc_messages: a jobject.
 */
typedef struct jint_type
{
	const char *name;
	uint64_t	min;
	uint64_t	max;
} jint_type;

extern const jint_type jc_u32;
extern const jint_type jc_u64;
extern const jint_type jc_usize;
extern const jint_type jc_nonzero_u32;

extern bool jc_integer(jctx *c, jnode *v, const jslot *to);
extern bool jc_f32(jctx *c, jnode *v, const jslot *to);
extern bool jc_f64(jctx *c, jnode *v, const jslot *to);
extern bool jc_bool(jctx *c, jnode *v, const jslot *to);
extern bool jc_string(jctx *c, jnode *v, const jslot *to);
extern bool jc_enum(jctx *c, jnode *v, const jslot *to);
extern bool jc_message(jctx *c, jnode *v, const jslot *to);
extern bool jc_messages(jctx *c, jnode *v, const jslot *to);

/*
 * A map<string, message>: sorted by key, the last of equal keys, with a
 * decoder for the entries' values (field "value").
 */
extern bool jc_map_of(jctx *c, jnode *v, const jslot *to, jdecode decode,
					  const void *arg);

/* Known to Qdrant, without effect here. */
extern bool jc_ignore(jctx *c, jnode *v, const jslot *to);

/* The text of an error of the hooks: "data did not match any variant .." */
#define JC_NO_VARIANT(name) \
	"data did not match any variant of untagged enum " name

#endif							/* QG_JCODEC_H */
