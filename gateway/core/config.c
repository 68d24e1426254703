/*
 * config.c
 *		The settings: one table of variables, one of flags.
 *
 * An empty variable counts as not set, as quickstart and docker compose files
 * have it.  Every value is checked here, so nothing after the start can fail
 * for a setting's sake.
 */
#include "core/config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define MIB				((int64_t) 1024 * 1024)
#define FILE_MAX_BYTES	65536
/* Each has connections to PostgreSQL: some of the usual 100 are for others. */
#define DEFAULT_WORKERS	8

extern char **environ;

/* What is being loaded; keys are compared when all sources were read. */
typedef struct loader
{
	config	   *c;
	const char *api_key;		/* QDRANT_API_KEY */
	const char *service_api_key;	/* QDRANT__SERVICE__API_KEY */
	const char *generated_key_file;
	char	  **error;
} loader;

typedef bool (*setter) (loader *l, const char *name, const char *value);

const char	config_usage[] =
"usage: qdrant-gateway [--pg CONNINFO] [--static DIR] [--workers N]\n"
"                      [--config FILE] [--generated-key-file FILE] [--verbose]\n"
"\n"
"  --pg CONNINFO    how to reach PostgreSQL, as libpq has it\n"
"  --static DIR     the dashboard's files\n"
"  --workers N      threads, default: as many as there are processors, at most 8\n"
"  --config FILE    lines NAME=VALUE with the variables below\n"
"  --generated-key-file FILE\n"
"                   an API key that nobody chose: it is asked for, but does not\n"
"                   open the service to other machines\n"
"\n"
"Environment: QDRANT_API_KEY, QDRANT_ENABLE_GRPC, QDRANT_MAX_COLLECTION_SIZE_MB,\n"
"QDRANT_PG_CONNINFO, QDRANT__SERVICE__{API_KEY,GRPC_PORT,HOST,HTTP_PORT,\n"
"MAX_REQUEST_SIZE_MB}\n";

static bool fail(loader *l, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));

static bool
fail(loader *l, const char *fmt,...)
{
	va_list		ap;

	va_start(ap, fmt);
	if (vasprintf(l->error, fmt, ap) < 0)
		*l->error = NULL;
	va_end(ap);
	return false;
}

static bool
parse_integer(loader *l, const char *name, const char *value, int64_t min,
			  int64_t max, int64_t *out)
{
	char	   *end;
	long long	v;

	errno = 0;
	v = strtoll(value, &end, 10);
	if (value[strspn(value, "0123456789")] != '\0' || *end != '\0' ||
		end == value || errno != 0 || v < min || v > max)
		return fail(l, "%s is \"%s\", expected a whole number from %" PRId64
					" to %" PRId64, name, value, min, max);
	*out = v;
	return true;
}

static bool
parse_bool(loader *l, const char *name, const char *value, bool *out)
{
	*out = strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0;
	return *out || strcasecmp(value, "false") == 0 || strcmp(value, "0") == 0 ||
		fail(l, "%s is \"%s\", expected true or false", name, value);
}

static bool
parse_port(loader *l, const char *name, const char *value, uint16_t *out)
{
	int64_t		port = 0;

	if (!parse_integer(l, name, value, 1, 65535, &port))
		return false;
	*out = (uint16_t) port;
	return true;
}

/* A key has to fit into a header; it is not repeated in the message. */
static bool
check_key(loader *l, const char *name, const char *key)
{
	for (const char *p = key; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return fail(l, "%s may only hold visible ASCII characters", name);
	return true;
}

static bool
set_api_key(loader *l, const char *name, const char *value)
{
	l->api_key = value;
	return check_key(l, name, value);
}

static bool
set_service_api_key(loader *l, const char *name, const char *value)
{
	l->service_api_key = value;
	return check_key(l, name, value);
}

static bool
set_enable_grpc(loader *l, const char *name, const char *value)
{
	return parse_bool(l, name, value, &l->c->enable_grpc);
}

static bool
set_max_collection_size(loader *l, const char *name, const char *value)
{
	int64_t		mb = 0;

	if (!parse_integer(l, name, value, 0, INT64_MAX / MIB, &mb))
		return false;
	l->c->max_collection_bytes = mb * MIB;
	return true;
}

static bool
set_pg_conninfo(loader *l, const char *name, const char *value)
{
	l->c->pg_conninfo = value;
	return true;
}

static bool
set_grpc_port(loader *l, const char *name, const char *value)
{
	return parse_port(l, name, value, &l->c->grpc_port);
}

static bool
set_http_port(loader *l, const char *name, const char *value)
{
	return parse_port(l, name, value, &l->c->http_port);
}

static bool
set_host(loader *l, const char *name, const char *value)
{
	l->c->host = value;
	return true;
}

static bool
set_max_request_size(loader *l, const char *name, const char *value)
{
	int64_t		mb = 0;

	if (!parse_integer(l, name, value, 1, 65536, &mb))
		return false;
	l->c->max_request_bytes = (size_t) (mb * MIB);
	return true;
}

static bool
set_static_dir(loader *l, const char *name, const char *value)
{
	struct stat st;

	if (stat(value, &st) != 0)
		return fail(l, "%s: could not open folder \"%s\": %s", name, value,
					strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fail(l, "%s: \"%s\" is not a folder", name, value);
	l->c->static_dir = value;
	return true;
}

static bool
set_workers(loader *l, const char *name, const char *value)
{
	int64_t		n = 0;

	if (!parse_integer(l, name, value, 1, CONFIG_MAX_WORKERS, &n))
		return false;
	l->c->workers = (int) n;
	return true;
}

static bool
set_generated_key_file(loader *l, const char *name, const char *value)
{
	l->generated_key_file = value;
	return true;
}

static const struct variable
{
	const char *name;
	setter		set;
}			variables[] =

{
	{"QDRANT_API_KEY", set_api_key},
	{"QDRANT_ENABLE_GRPC", set_enable_grpc},
	{"QDRANT_MAX_COLLECTION_SIZE_MB", set_max_collection_size},
	{"QDRANT_PG_CONNINFO", set_pg_conninfo},
	{"QDRANT__SERVICE__API_KEY", set_service_api_key},
	{"QDRANT__SERVICE__GRPC_PORT", set_grpc_port},
	{"QDRANT__SERVICE__HOST", set_host},
	{"QDRANT__SERVICE__HTTP_PORT", set_http_port},
	{"QDRANT__SERVICE__MAX_REQUEST_SIZE_MB", set_max_request_size},
};

static const struct variable flags[] =
{
	{"--generated-key-file", set_generated_key_file},
	{"--pg", set_pg_conninfo},
	{"--static", set_static_dir},
	{"--workers", set_workers},
};

#define LENGTH(array)	(sizeof(array) / sizeof((array)[0]))

/* Settings of quickstart, test and bench: none of the gateway's business. */
static bool
is_foreign(const char *name)
{
	static const char *const names[] = {"QDRANT_PG_DATA", "QDRANT_PG_PORT",
	"QDRANT_PG_ROOT", "QDRANT_PG_SHARED"};
	static const char *const prefixes[] = {"QDRANT_PG_TEST_",
	"QDRANT_PG_BENCH_"};

	for (size_t i = 0; i < LENGTH(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	for (size_t i = 0; i < LENGTH(prefixes); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static bool
set_variable(loader *l, const char *name, const char *value)
{
	if (strncmp(name, "QDRANT_", 7) != 0 || is_foreign(name))
		return true;
	for (size_t i = 0; i < LENGTH(variables); i++)
		if (strcmp(name, variables[i].name) == 0)
			return *value == '\0' || variables[i].set(l, name, value);
	return fail(l, "there is no setting %s", name);
}

/* entry is NAME=VALUE and stays: settings point into it. */
static bool
set_entry(loader *l, const char *entry)
{
	const char *equals = strchr(entry, '=');
	char	   *name;
	bool		ok;

	if (equals == NULL || strncmp(entry, "QDRANT_", 7) != 0)
		return true;
	name = strndup(entry, (size_t) (equals - entry));
	if (name == NULL)
		return fail(l, "out of memory");
	ok = set_variable(l, name, equals + 1);
	free(name);
	return ok;
}

/* The file's text, or NULL with the error set. */
static char *
read_file(loader *l, const char *flag, const char *path)
{
	FILE	   *f = fopen(path, "re");
	char	   *text = malloc(FILE_MAX_BYTES + 1);
	size_t		n = 0;

	if (f != NULL && text != NULL)
		n = fread(text, 1, FILE_MAX_BYTES + 1, f);
	if (f == NULL || text == NULL || ferror(f))
		fail(l, "%s: could not read file \"%s\": %s", flag, path,
			 strerror(errno));
	else if (n > FILE_MAX_BYTES || memchr(text, '\0', n) != NULL)
		fail(l, "%s: file \"%s\" is no text of at most %d bytes", flag, path,
			 FILE_MAX_BYTES);
	else
		text[n] = '\0';
	if (f != NULL)
		fclose(f);
	if (*l->error != NULL)
	{
		free(text);
		return NULL;
	}
	return text;
}

static char *
trim(char *s)
{
	char	   *end;

	s += strspn(s, " \t\r\n");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r\n", end[-1]) != NULL)
		end--;
	*end = '\0';
	return s;
}

static bool
load_file(loader *l, const char *path)
{
	char	   *text = read_file(l, "--config", path);
	char	   *rest = text;
	char	   *line;

	if (text == NULL)
		return false;
	while ((line = strsep(&rest, "\n")) != NULL)
	{
		line = trim(line);
		if (*line == '\0' || *line == '#')
			continue;
		if (strncmp(line, "QDRANT_", 7) != 0 || strchr(line, '=') == NULL)
			return fail(l, "--config: expected QDRANT_NAME=VALUE, found \"%s\"",
						line);
		if (!set_entry(l, line))
			return false;
	}
	return true;
}

/* "--flag VALUE" or "--flag=VALUE"; *i moves past what was used. */
static const char *
flag_value(const char *flag, int argc, char **argv, int *i)
{
	size_t		n = strlen(flag);

	if (strncmp(argv[*i], flag, n) != 0)
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	return argv[*i][n] == '\0' && *i + 1 < argc ? argv[++*i] : NULL;
}

static bool
load_config_files(loader *l, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
	{
		const char *path = flag_value("--config", argc, argv, &i);

		if (path != NULL && !load_file(l, path))
			return false;
	}
	return true;
}

static bool
load_flags(loader *l, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
	{
		const char *flag = argv[i];
		const char *value = NULL;
		size_t		f;

		if (strcmp(flag, "--verbose") == 0)
		{
			l->c->verbose = true;
			continue;
		}
		if (flag_value("--config", argc, argv, &i) != NULL)
			continue;
		for (f = 0; f < LENGTH(flags); f++)
			if ((value = flag_value(flags[f].name, argc, argv, &i)) != NULL)
				break;
		if (value == NULL)
			return fail(l, "argument \"%s\" is no flag, or has no value", flag);
		if (!flags[f].set(l, flags[f].name, value))
			return false;
	}
	return true;
}

static bool
load_generated_key(loader *l)
{
	char	   *text = read_file(l, "--generated-key-file",
								 l->generated_key_file);

	if (text == NULL)
		return false;
	text = trim(text);
	if (*text == '\0')
		return fail(l, "--generated-key-file: file \"%s\" is empty",
					l->generated_key_file);
	l->c->api_key = text;
	l->c->key_is_generated = true;
	return check_key(l, "--generated-key-file", text);
}

static bool
choose_key(loader *l)
{
	if (l->api_key != NULL && l->service_api_key != NULL &&
		strcmp(l->api_key, l->service_api_key) != 0)
		return fail(l, "QDRANT_API_KEY and QDRANT__SERVICE__API_KEY are both"
					" set, to different values");
	l->c->api_key = l->api_key != NULL ? l->api_key : l->service_api_key;
	return l->c->api_key != NULL || l->generated_key_file == NULL ||
		load_generated_key(l);
}

/* As many as there are processors, within reason. */
static int
choose_workers(void)
{
	cpu_set_t	set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return DEFAULT_WORKERS;
	return CPU_COUNT(&set) < DEFAULT_WORKERS ? CPU_COUNT(&set)
		: DEFAULT_WORKERS;
}

bool
config_load(config *c, int argc, char **argv, char **error)
{
	loader		l = {.c = c,.error = error};

	*error = NULL;
	*c = (config)
	{
		.http_port = 6333,.grpc_port = 6334,.enable_grpc = true,
			.max_request_bytes = 32 * MIB,.max_grpc_bytes = 256 * MIB,
			.max_collection_bytes = 1024 * MIB,.pg_conninfo = "",
			.workers = choose_workers(),.pool_size = 4
	};
	if (!load_config_files(&l, argc, argv))
		return false;
	for (char **entry = environ; *entry != NULL; entry++)
		if (!set_entry(&l, *entry))
			return false;
	if (!load_flags(&l, argc, argv) || !choose_key(&l))
		return false;
	if (c->host == NULL)
		c->host = c->api_key != NULL && !c->key_is_generated ? "0.0.0.0"
			: "127.0.0.1";
	if (c->enable_grpc && c->http_port == c->grpc_port)
		return fail(&l, "QDRANT__SERVICE__HTTP_PORT and"
					" QDRANT__SERVICE__GRPC_PORT are both %d", c->http_port);
	return true;
}
