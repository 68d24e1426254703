/*
 * quant.h
 *		Codes of vectors and the distances between them.  Pure C: no server
 *		header, so that unit tests and benchmarks link it alone.
 *
 * The own code of a vertex: x is normalised (cosine), rotated by a fast
 * Hadamard transform with random signs (not for L1,
 * nor for Jaccard, whose codes are exact unless cut), cut to own_dims
 * coordinates (a prefix of rotated coordinates is a random projection), and
 * rounded to signed bytes with a scale of its own: x[i] ~ scale * code[i],
 * code in -127..127.  L1 compares a float query with decoded coordinates, so
 * it needs no global scale.
 *
 * Those wide codes are what the fresh region and a builder hold.  A vertex
 * stores its code as the index's kind says: as it is, or in fewer bits
 * (stored.c, product.c).  What a stored code of fewer bits decodes to, c, is
 * scaled by |x|^2 / <x,c>, so that scale * <c,y> is <x,y> in the mean; it says
 * nothing of x's length, which stands in the head.  Rows clipped by a quantile
 * are scaled so, too.
 *
 * All distances here are in the index's *order units*, smaller is nearer:
 * L2: squared distance; IP: minus the dot product; cosine: 1 - cos; L1: sum
 * of absolute differences; Jaccard: 1 - |common ones| / |ones of either|.
 */
#ifndef QD_QUANT_H
#define QD_QUANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum qd_metric
{
	QD_METRIC_L2 = 1,
	QD_METRIC_IP = 2,
	QD_METRIC_COSINE = 3,
	QD_METRIC_L1 = 4,
	QD_METRIC_JACCARD = 5		/* of coordinates 0 and 1 */
} qd_metric;

#define QD_METRIC_LAST		QD_METRIC_JACCARD

/* Can nav.h's codes estimate it? */
static inline bool
qd_metric_has_nav(qd_metric metric)
{
	return metric <= QD_METRIC_COSINE;
}

/* How vertices store their codes. */
typedef enum qd_code_kind
{
	QD_CODE_INT8,				/* the wide code itself */
	QD_CODE_1_BIT,				/* of each coordinate: its sign */
	QD_CODE_1_5_BITS,			/* signs, and which of two is the larger */
	QD_CODE_2_BITS,				/* four levels */
	QD_CODE_4_BITS,				/* sixteen */
	QD_CODE_PRODUCT				/* a byte for chunk coordinates */
} qd_code_kind;

#define QD_MAX_CHUNK	16

/* Of codes in fewer bits. */
#define QD_MAX_OWN_DIMS	8192

typedef struct qd_codec
{
	qd_metric	metric;
	uint32_t	dim;
	uint32_t	own_dims;		/* <= dim; == dim for L1 */
	uint64_t	seed;			/* of the rotation's signs */
	const uint8_t *signs;		/* bits, in the memory given to init */

	/* below what init has set: none of it, quantile 1 */
	float		quantile;		/* share of a row's coordinates, by size, that
								 * its scale covers; the rest is clipped */
	qd_code_kind kind;
	uint32_t	chunk;			/* coordinates of a byte; product */
	const int8_t *codebook;		/* product: see product.h; or NULL */
	float		codebook_scale;
} qd_codec;

/*
 * What stands before a code, on pages too (12 bytes, native endian):
 * squared norm of the decoded vector (L1 in fewer bits: its L1 distance from
 * the original), scale, squared norm of the original.
 */
typedef struct qd_code_head
{
	float		norm2;
	float		scale;
	float		full_norm2;
} qd_code_head;

/* Bytes of memory that qd_codec_init needs for the sign bits. */
extern size_t qd_codec_memory(qd_metric metric, uint32_t dim);
extern void qd_codec_init(qd_codec *c, qd_metric metric, uint32_t dim,
						  uint32_t own_dims, uint64_t seed, void *memory);

/*
 * Encodes x[dim] into *head and code[own_dims]; work is scratch of
 * qd_codec_work(dim) floats.  A zero vector has scale 0 and zero code.
 */
extern size_t qd_codec_work(uint32_t dim);
extern void qd_encode(const qd_codec *c, const float *x, float *work,
					  qd_code_head *head, int8_t *code);

/* A query, prepared once; code and x live in memory given by the caller. */
typedef struct qd_query
{
	const qd_codec *codec;
	qd_code_head head;
	int8_t	   *code;			/* own_dims, then zeroes up to whole planes */
	float	   *x;				/* own_dims: normalised, rotated coordinates */
	int32_t		sum;			/* of code */
} qd_query;

/* Bytes for qd_query_init, and the preparation; scratch as qd_encode. */
extern size_t qd_query_memory(const qd_codec *c);
extern void qd_query_init(qd_query *q, const qd_codec *c, const float *x,
						  float *work, void *memory);

/* The same for a stored code: searching for a vertex's own neighbours. */
extern void qd_query_from_code(qd_query *q, const qd_codec *c,
							   const qd_code_head *head, const int8_t *code,
							   void *memory);

extern float qd_query_distance(const qd_query *q, const qd_code_head *head,
							   const int8_t *code);

/*
 * Four standard deviations of qd_query_distance's error: with that much
 * slack, rescoring finds what the code hid.
 */
extern float qd_query_error(const qd_query *q, const qd_code_head *head,
							float distance);

/* Between two codes. */
extern float qd_code_distance(const qd_codec *c,
							  const qd_code_head *ah, const int8_t *a,
							  const qd_code_head *bh, const int8_t *b);

/*----------
 * Codes as vertices store them
 *----------
 */

/* The kind that a codec can use: of few dimensions, fewer bits save nothing. */
extern void qd_codec_set_kind(qd_codec *c, qd_code_kind kind, uint32_t chunk);

/* Bytes of a stored code; those of int8 are own_dims. */
extern size_t qd_stored_bytes(const qd_codec *c);

/* A wide code as a vertex stores it, and back (lossy, but for int8). */
extern void qd_store_code(const qd_codec *c, const qd_code_head *wide_head,
						  const int8_t *wide, qd_code_head *head,
						  uint8_t *stored);
extern void qd_load_code(const qd_codec *c, const qd_code_head *head,
						 const uint8_t *stored, int8_t *wide);

/* As qd_query_distance and qd_query_error. */
extern float qd_query_stored_distance(const qd_query *q,
									  const qd_code_head *head,
									  const uint8_t *stored);
extern float qd_query_stored_error(const qd_query *q,
								   const qd_code_head *head, float distance);

/* Between two loaded codes, with the heads of the stored ones. */
extern float qd_loaded_distance(const qd_codec *c,
								const qd_code_head *ah, const int8_t *a,
								const qd_code_head *bh, const int8_t *b);

/* Exact, from the float vectors, in the same units; NaN becomes infinity. */
extern float qd_exact_distance(qd_metric metric, const float *a,
							   const float *b, uint32_t dim);

#endif							/* QD_QUANT_H */
