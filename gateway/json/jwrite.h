/*
 * jwrite.h
 *		JSON text as serde_json writes it, appended to a buffer.
 *
 * No state is kept: commas are the caller's, with jw_key and jw_item doing the
 * common cases.  Strings must be valid UTF-8.
 *
 *		bool first = true;
 *		buf_addc(out, '{');
 *		jw_key(out, &first, "limit");
 *		jw_u64(out, 10);
 *		buf_addc(out, '}');
 */
#ifndef QG_JWRITE_H
#define QG_JWRITE_H

#include "core/buf.h"

/* `,` unless it is the first, then `"key":`.  key needs no escapes. */
extern void jw_key(buf *out, bool *first, const char *key);

/* The same with a key of any bytes. */
extern void jw_key_slice(buf *out, bool *first, slice key);

/* `,` unless it is the first. */
extern void jw_item(buf *out, bool *first);

extern void jw_string(buf *out, slice s);
extern void jw_cstring(buf *out, const char *s);
extern void jw_bool(buf *out, bool b);
extern void jw_null(buf *out);
extern void jw_u64(buf *out, uint64_t u);
extern void jw_i64(buf *out, int64_t i);

/* Shortest text; null when not finite. */
extern void jw_f64(buf *out, double d);
extern void jw_f32(buf *out, float f);

/* `[..]` */
extern void jw_f32_array(buf *out, const float *values, size_t n);

/* JSON text as it is. */
extern void jw_raw(buf *out, slice json);

#endif							/* QG_JWRITE_H */
