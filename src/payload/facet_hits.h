/*
 * facet_hits.h
 *		The most frequent of many values, in work_mem.
 */
#ifndef QD_FACET_HITS_H
#define QD_FACET_HITS_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "payload/payload_index.h"

typedef struct qd_facet_hits qd_facet_hits;

/* In the current context; at most limit of them are kept. */
extern qd_facet_hits *qd_facet_hits_create(qd_index_kind kind, int64 limit);
extern void qd_facet_hits_free(qd_facet_hits *h);

/* Is a value of so many rows, behind all that were added, worth adding? */
extern bool qd_facet_hits_wants(const qd_facet_hits *h, int64 count);

/* Values come in any order, each once; the value is copied. */
extern void qd_facet_hits_add(qd_facet_hits *h, Datum value, int64 count);

/* The best first, by count and then by value, as rows of text and int8. */
extern void qd_facet_hits_return(qd_facet_hits *h, ReturnSetInfo *result);

#endif							/* QD_FACET_HITS_H */
