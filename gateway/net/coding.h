/*
 * coding.h
 *		gzip, both ways.
 */
#ifndef QG_CODING_H
#define QG_CODING_H

#include "net/body.h"

/*
 * Should an answer of n bytes be compressed for a peer with this
 * Accept-Encoding (or grpc-accept-encoding)?  A small one costs more than it
 * saves; a large one would keep the worker from all others.
 */
#define COMPRESS_MIN	((size_t) 4 * 1024)
#define COMPRESS_MAX	((size_t) 8 * 1024 * 1024)

extern bool coding_wants_gzip(slice list, size_t n);

/* One per worker: making a stream costs more than compressing an answer. */
typedef struct deflater deflater;
extern deflater *deflater_create(void);
extern void deflater_destroy(deflater *d);

/* The input as gzip, in the arena. */
extern slice deflater_gzip(deflater *d, arena * a, slice input);

typedef struct inflater inflater;

typedef enum inflate_result
{
	INFLATE_OK,
	INFLATE_CORRUPT,
	INFLATE_TOO_LARGE,			/* more than the limit */
	INFLATE_NO_MEMORY			/* the process holds too much */
} inflate_result;

/* Lives in the arena and needs no end.  gzip or, else, zlib ("deflate"). */
extern inflater *inflater_create(arena * a, bool gzip);
extern inflate_result inflater_feed(inflater *i, slice input, body *out,
									size_t limit);

/* True after the compressed data came to its proper end. */
extern bool inflater_complete(const inflater *i);

#endif							/* QG_CODING_H */
