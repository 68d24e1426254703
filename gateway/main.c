/*
 * main.c
 *		The process: settings, sockets, threads, signals.
 *
 * The main thread starts the workers and then only waits for a signal.
 * SIGTERM and SIGINT end the process after what has begun was answered, 30
 * seconds later at most.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "acceptor.h"
#include "api/api.h"
#include "core/budget.h"
#include "core/config.h"
#include "core/log.h"
#include "helper.h"
#include "service/index_builder.h"
#include "worker.h"

#define DRAIN_SECONDS	30
#define BUDGET_BYTES	((size_t) 512 << 20)

static config settings;
static worker *workers[CONFIG_MAX_WORKERS];

/* As many descriptors as the system lets us have. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warning("could not raise the limit of open files: %s",
					strerror(errno));
}

/* Blocked in every thread; only wait_for_end() takes them. */
static void
block_signals(sigset_t * set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static bool
is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
		strcmp(host, "localhost") == 0;
}

static void
say_what_is_served(void)
{
	const config *c = &settings;

	if (c->enable_grpc)
		log_info("serving REST on %s port %u and gRPC on port %u, %d workers",
				 c->host, c->http_port, c->grpc_port, c->workers);
	else
		log_info("serving REST on %s port %u, no gRPC, %d workers", c->host,
				 c->http_port, c->workers);
	if (c->api_key == NULL)
		log_info("no API key is set: whoever reaches the port is let in");
	else
		log_info("%s API key is asked for",
				 c->key_is_generated ? "the generated" : "an");
	if (c->api_key == NULL && !is_loopback(c->host))
		log_warning("other machines can reach the service, and no API key is"
					" set");
	if (is_loopback(c->host))
		log_info("only this machine can connect; QDRANT__SERVICE__HOST or a"
				 " key in QDRANT_API_KEY changes that");
}

static void
wait_for_end(const sigset_t * set)
{
	int			number;

	do
	{
		if (sigwait(set, &number) != 0)
			log_fatal("could not wait for signals");
		if (number == SIGHUP)
			log_info("SIGHUP: settings are read at start only");
	} while (number == SIGHUP);
	log_info("%s: ending, open requests have %d seconds",
			 number == SIGTERM ? "SIGTERM" : "SIGINT", DRAIN_SECONDS);
}

/* Returns only when everything was answered. */
static void
drain_workers(void)
{
	struct timespec until;

	acceptor_stop();
	for (int i = 0; i < settings.workers; i++)
		worker_drain(workers[i]);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DRAIN_SECONDS;
	for (int i = 0; i < settings.workers; i++)
	{
		if (worker_join(workers[i], &until))
			continue;
		/* Its requests still point into its memory: no tidying up. */
		log_warning("ended with requests still open");
		_exit(0);
	}
}

static bool
start_workers(void)
{
	for (int i = 0; i < settings.workers; i++)
	{
		workers[i] = worker_start(i, &settings, &api_callbacks);
		if (workers[i] == NULL)
			return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	sigset_t	signals;
	char	   *error;
	bool		only_check = argc > 1 && strcmp(argv[argc - 1], "--check") == 0;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(config_usage, stdout) < 0;
	argc -= only_check;
	if (!config_load(&settings, argc, argv, &error))
	{
		log_error("%s", error != NULL ? error : "out of memory");
		return 1;
	}
	if (only_check)
		return 0;
	log_set_verbose(settings.verbose);
	if (settings.max_request_bytes > BUDGET_BYTES / 4)
		budget_set_limit(settings.max_request_bytes * 4);
	raise_descriptor_limit();
	block_signals(&signals);
	if (!acceptor_open(&settings) || !helper_start() ||
		!index_builder_start(&settings) || !start_workers())
		return 1;
	acceptor_start(workers, settings.workers);
	say_what_is_served();
	wait_for_end(&signals);
	drain_workers();
	index_builder_stop();
	helper_stop();
	for (int i = 0; i < settings.workers; i++)
		worker_free(workers[i]);
	log_info("ended");
	return 0;
}
