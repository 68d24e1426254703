/*
 * knn_client.c: sends prepared nearest-neighbour searches as fast as a client
 * can, so that what is measured is the server.
 *
 *     knn_client CONNINFO DIMENSIONS QUERIES IDS
 *
 * QUERIES holds float32 vectors in the machine's order; they become binary
 * parameters before any clock runs.  Commands, a line each, on standard input:
 *
 *     sql STATEMENT           runs a statement: "ok"
 *     prepare K STATEMENT     prepares the search, $1 is the vector; at most K
 *                             ids (int4) come back: "ok"
 *     run FIRST COUNT         searches for queries FIRST ... FIRST + COUNT - 1, one
 *                             after the other: "WALL CLIENT SERVER", seconds
 *                             of wall time and of processor time of the two
 *                             processes.  The file IDS then holds K int4 per
 *                             query, -1 where there was no row.
 *     loop STATEMENT          runs a statement that searches by itself, the
 *                             same answer, without ids
 *
 * Whatever goes wrong ends the program with a message and exit code 1.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>

typedef struct Client
{
	PGconn	   *connection;
	int			dimensions;
	long		n_queries;
	size_t		query_bytes;
	char	   *queries;		/* as the server wants them */
	const char *ids_path;
	int32_t    *ids;
	int			k;
} Client;

typedef struct Times
{
	double		wall;
	double		client;
	double		server;
} Times;

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "knn_client: %s: %s\n", what, why);
	exit(1);
}

static void *
allocate(size_t bytes)
{
	void	   *p = malloc(bytes ? bytes : 1);

	if (p == NULL)
		fail("allocate", "out of memory");
	return p;
}

static double
seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Processor time of the server's process: the first number of schedstat. */
static double
server_seconds(const Client *client)
{
	char		path[64];
	unsigned long long ns = 0;
	FILE	   *file;

	snprintf(path, sizeof path, "/proc/%d/schedstat",
			 PQbackendPID(client->connection));
	file = fopen(path, "r");
	if (file == NULL || fscanf(file, "%llu", &ns) != 1)
		fail(path, "cannot be read; the server must run on this machine");
	fclose(file);
	return ns / 1e9;
}

static Times
now(const Client *client)
{
	Times		t;

	t.server = server_seconds(client);
	t.client = seconds(CLOCK_PROCESS_CPUTIME_ID);
	t.wall = seconds(CLOCK_MONOTONIC);
	return t;
}

static void
print_since(const Client *client, Times start)
{
	Times		t;

	t.wall = seconds(CLOCK_MONOTONIC);
	t.client = seconds(CLOCK_PROCESS_CPUTIME_ID);
	t.server = server_seconds(client);
	printf("%.9f %.9f %.9f\n", t.wall - start.wall, t.client - start.client,
		   t.server - start.server);
}

/* Vectors travel as int16 dimensions, int16 0, float4 ..., big-endian. */
static void
read_queries(Client *client, const char *path)
{
	size_t		raw_bytes = sizeof(float) * client->dimensions;
	uint32_t   *raw = allocate(raw_bytes);
	FILE	   *file = fopen(path, "rb");
	long		size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
		fail(path, "cannot be read");
	rewind(file);
	client->n_queries = size / (long) raw_bytes;
	client->query_bytes = 4 + raw_bytes;
	client->queries = allocate(client->query_bytes * client->n_queries);
	for (long i = 0; i < client->n_queries; i++)
	{
		char	   *out = client->queries + i * client->query_bytes;
		uint16_t	head[2] = {htons(client->dimensions), 0};

		if (fread(raw, raw_bytes, 1, file) != 1)
			fail(path, "ends early");
		memcpy(out, head, sizeof head);
		for (int d = 0; d < client->dimensions; d++)
		{
			uint32_t	bits = htonl(raw[d]);

			memcpy(out + 4 + 4 * d, &bits, 4);
		}
	}
	fclose(file);
	free(raw);
}

static PGresult *
checked(const Client *client, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		fail("server", PQerrorMessage(client->connection));
	return result;
}

static void
search(const Client *client, long query, int32_t *ids)
{
	const char *values[1] = {client->queries + query * client->query_bytes};
	int			lengths[1] = {(int) client->query_bytes};
	int			formats[1] = {1};
	PGresult   *result;
	int			n;

	result = checked(client, PQexecPrepared(client->connection, "search", 1, values, lengths, formats, 1));
	n = PQntuples(result);
	for (int i = 0; i < client->k; i++)
	{
		uint32_t	id = UINT32_MAX;

		if (i < n)
		{
			memcpy(&id, PQgetvalue(result, i, 0), sizeof id);
			id = ntohl(id);
		}
		ids[i] = (int32_t) id;
	}
	PQclear(result);
}

static void
run(Client *client, long first, long count)
{
	FILE	   *file;
	Times		start;

	if (client->k == 0 || first < 0 || count < 1 || first + count > client->n_queries)
		fail("run", "no such queries, or nothing is prepared");
	client->ids = realloc(client->ids, sizeof(int32_t) * client->k * count);
	if (client->ids == NULL)
		fail("allocate", "out of memory");
	start = now(client);
	for (long i = 0; i < count; i++)
		search(client, first + i, client->ids + i * client->k);
	print_since(client, start);
	file = fopen(client->ids_path, "wb");
	if (file == NULL || fwrite(client->ids, sizeof(int32_t) * client->k, count, file) != (size_t) count ||
		fclose(file) != 0)
		fail(client->ids_path, "cannot be written");
}

static void
obey(Client *client, char *line)
{
	long		first,
				count;
	int			used = 0;

	if (strncmp(line, "sql ", 4) == 0)
	{
		PQclear(checked(client, PQexec(client->connection, line + 4)));
		puts("ok");
	}
	else if (sscanf(line, "prepare %d %n", &client->k, &used) == 1 && client->k > 0 && used > 0)
	{
		PQclear(checked(client, PQexec(client->connection, "DEALLOCATE ALL")));
		PQclear(checked(client, PQprepare(client->connection, "search", line + used, 0, NULL)));
		puts("ok");
	}
	else if (sscanf(line, "run %ld %ld", &first, &count) == 2)
		run(client, first, count);
	else if (strncmp(line, "loop ", 5) == 0)
	{
		Times		start = now(client);

		PQclear(checked(client, PQexec(client->connection, line + 5)));
		print_since(client, start);
	}
	else
		fail("no such command", line);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	Client		client = {0};
	char	   *line = NULL;
	size_t		room = 0;
	ssize_t		length;

	if (argc != 5 || (client.dimensions = (int) strtol(argv[2], NULL, 10)) < 1 || client.dimensions > 32767)
		fail("usage", "knn_client CONNINFO DIMENSIONS QUERIES IDS");
	client.connection = PQconnectdb(argv[1]);
	if (PQstatus(client.connection) != CONNECTION_OK)
		fail("connect", PQerrorMessage(client.connection));
	client.ids_path = argv[4];
	read_queries(&client, argv[3]);
	while ((length = getline(&line, &room, stdin)) > 0)
	{
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		obey(&client, line);
	}
	PQfinish(client.connection);
	return 0;
}
