/*
 * point_id.h
 *		A point's id: an unsigned 64-bit number or a UUID.
 *
 * A varlena whose length is its kind: 8 bytes, the number big-endian, or 16
 * bytes, the UUID.  Order: every number before every UUID, then bytewise,
 * which is Qdrant's order.  Usually stored with a 1-byte header, so reach it
 * by PG_GETARG_VARLENA_PP and VARDATA_ANY only.
 */
#ifndef QD_POINT_ID_H
#define QD_POINT_ID_H

#include "postgres.h"
#include "fmgr.h"

#define QD_POINT_ID_NUMBER	8
#define QD_POINT_ID_UUID	16

#define PG_GETARG_POINT_ID(n)	((struct varlena *) PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(n)))

extern struct varlena *qd_point_id_from_number(uint64 number);
extern struct varlena *qd_point_id_from_uuid(const unsigned char *uuid);

/* NULL when the text is none. */
extern struct varlena *qd_point_id_parse(const char *text);
extern char *qd_point_id_print(const struct varlena *id);
extern int	qd_point_id_compare(const struct varlena *a, const struct varlena *b);

#endif							/* QD_POINT_ID_H */
