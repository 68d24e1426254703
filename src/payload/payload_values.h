/*
 * payload_values.h
 *		The values that an index of a payload takes in, as datums.
 */
#ifndef QD_PAYLOAD_VALUES_H
#define QD_PAYLOAD_VALUES_H

#include "postgres.h"

#include "payload/filter.h"
#include "utils/jsonb.h"

/*
 * The values at the path, each once, in order; returns how many.  Text for
 * strings and UUIDs, int8 for integers and datetimes (microseconds since
 * 1970), float8, bool.  *values is palloc'd, NULL when there is none.
 */
extern int	qd_payload_values(qd_index_kind kind, const qd_node *path,
							  Jsonb *payload, Datum **values);

/* Of two datums of the kind, for qsort_arg; kind points at a qd_index_kind. */
extern int	qd_payload_value_compare(const void *a, const void *b, void *kind);

/* The path's text compiled, in fn_extra; raises for what is no path. */
extern const qd_node *qd_payload_values_path(FunctionCallInfo fcinfo, text *str);

#endif							/* QD_PAYLOAD_VALUES_H */
