/*
 * tables.h
 *		The schemas of REST's request bodies: each names its message.
 */
#ifndef QG_TABLES_H
#define QG_TABLES_H

struct json_schema;

/* tables_collections.c */
extern const struct json_schema schema_create_collection;	/* CreateCollection */
extern const struct json_schema schema_update_collection;	/* UpdateCollection */

/* tables_points.c */
extern const struct json_schema schema_upsert;	/* UpsertPoints */
extern const struct json_schema schema_get_points;	/* GetPoints */
extern const struct json_schema schema_delete_points;	/* DeletePoints */
extern const struct json_schema schema_set_payload; /* SetPayloadPoints */
extern const struct json_schema schema_overwrite_payload;	/* SetPayloadPoints */
extern const struct json_schema schema_delete_payload;	/* DeletePayloadPoints */
extern const struct json_schema schema_clear_payload;	/* ClearPayloadPoints */
extern const struct json_schema schema_count;	/* CountPoints */
extern const struct json_schema schema_scroll;	/* ScrollPoints */

/* tables_index.c */
extern const struct json_schema schema_create_field_index;	/* CreateFieldIndexCollection */
extern const struct json_schema schema_facet;	/* FacetCounts */

/* The member payload_schema of a collection's info, into CollectionInfo. */
extern const struct json_schema schema_payload_schema;

/* tables_query.c */
extern const struct json_schema schema_query;	/* QueryPoints */
extern const struct json_schema schema_query_batch; /* QueryBatchPoints */
extern const struct json_schema schema_search;	/* SearchPoints */
extern const struct json_schema schema_search_batch;	/* SearchBatchPoints */

#endif							/* QG_TABLES_H */
