/*
 * config.h
 *		The gateway's settings: read once at start from flags, environment and
 *		an optional file, read-only afterwards.
 *
 * An unknown QDRANT_* variable or a malformed value ends the start with an
 * error that names it.
 */
#ifndef QG_CONFIG_H
#define QG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_MAX_WORKERS	256

typedef struct config
{
	const char *host;			/* QDRANT__SERVICE__HOST */
	uint16_t	http_port;		/* QDRANT__SERVICE__HTTP_PORT, 6333 */
	uint16_t	grpc_port;		/* QDRANT__SERVICE__GRPC_PORT, 6334 */
	bool		enable_grpc;	/* QDRANT_ENABLE_GRPC */
	const char *api_key;		/* QDRANT_API_KEY or QDRANT__SERVICE__API_KEY;
								 * NULL = none */
	size_t		max_request_bytes;	/* QDRANT__SERVICE__MAX_REQUEST_SIZE_MB,
									 * 32 MiB; JSON bodies */
	size_t		max_grpc_bytes; /* 256 MiB */
	int64_t		max_collection_bytes;	/* QDRANT_MAX_COLLECTION_SIZE_MB, 1024
										 * MiB; 0 = no limit */
	bool		key_is_generated;	/* by quickstart: does not open the host */
	const char *pg_conninfo;	/* --pg / QDRANT_PG_CONNINFO */
	int			workers;		/* --workers, at most CONFIG_MAX_WORKERS */
	int			pool_size;		/* connections per worker, 4 */
	const char *static_dir;		/* --static: the dashboard's files */
	bool		verbose;
} config;

extern const char config_usage[];

/*
 * Fills *c or returns false with a message for stderr in *error.  Flags win
 * over the environment, the environment over the file of --config, whose
 * lines are NAME=VALUE with the variables' names.  What c points to lives as
 * long as the process.
 */
extern bool config_load(config *c, int argc, char **argv, char **error);

#endif							/* QG_CONFIG_H */
