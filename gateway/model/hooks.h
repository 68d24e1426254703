/*
 * hooks.h
 *		Decoders of values that no table row describes: ids, paths, payloads,
 *		vectors, selectors, filters.  Private to model/.
 */
#ifndef QG_HOOKS_H
#define QG_HOOKS_H

#include "model/jcodec.h"

/* hooks.c */

/* A point id; NULL with a failure. */
struct Qdrant__PointId;
extern struct Qdrant__PointId *hook_read_id(jctx *c, const jnode *v);
extern bool hook_id(jctx *c, jnode *v, const jslot *to);
extern bool hook_ids(jctx *c, jnode *v, const jslot *to);

/* A payload object, as one JSON slice. */
extern bool hook_payload(jctx *c, jnode *v, const jslot *to);

/* Key paths: "Invalid json path: 'a['" */
extern bool hook_path(jctx *c, jnode *v, const jslot *to);
extern bool hook_paths(jctx *c, jnode *v, const jslot *to);

extern bool hook_strings(jctx *c, jnode *v, const jslot *to);
extern bool hook_with_payload(jctx *c, jnode *v, const jslot *to);
extern bool hook_with_vector(jctx *c, jnode *v, const jslot *to);
extern bool hook_shard_key(jctx *c, jnode *v, const jslot *to);

/* hooks_vector.c */

/* Vectors of a point: dense, multi, or by name. */
extern bool hook_vectors(jctx *c, jnode *v, const jslot *to);

/* One vector: dense, sparse, multi, or something to infer it from. */
extern bool hook_vector(jctx *c, jnode *v, const jslot *to);

/* A query's vector, which may be a point's id as well. */
extern bool hook_vector_input(jctx *c, jnode *v, const jslot *to);

/*
 * The vectors of a columnar batch of n points: out[i] are those of point i.
 * *n_found is n, or the length of a column that has another one.
 */
struct Qdrant__Vectors;
extern bool hook_batch_vectors(jctx *c, jnode *v, size_t n,
							   struct Qdrant__Vectors **out, size_t *n_found);

/* An array of numbers: packed floats. */
extern bool hook_floats(jctx *c, jnode *v, const jslot *to);
extern bool hook_u32s(jctx *c, jnode *v, const jslot *to);

/* hooks_filter.c */
extern const jobject hook_filter_object;
extern bool hook_filter(jctx *c, jnode *v, const jslot *to);
extern bool hook_order_by(jctx *c, jnode *v, const jslot *to);

#endif							/* QG_HOOKS_H */
