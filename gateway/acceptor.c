/*
 * acceptor.c
 *		Listening sockets and the dealing out of connections.
 *
 * SO_REUSEPORT would let the kernel deal by hash, which leaves workers idle
 * while clients hold a few long connections; so one worker accepts for all.
 * The state is worker 0's alone between acceptor_start and acceptor_stop.
 */
#include "acceptor.h"

#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/config.h"
#include "core/log.h"
#include "net/conn.h"
#include "worker.h"

#define MAX_LISTENERS	8
#define MAX_CONNECTIONS	16384
#define BACKLOG			1024

typedef struct listener
{
	int			fd;
	protocol	proto;
	struct event *event;
} listener;

static listener listeners[MAX_LISTENERS];
static int	n_listeners;
static worker **workers;
static int	n_workers;
static struct event *pause_event;

static bool
listen_on(const struct addrinfo *address, protocol proto)
{
	int			on = 1;
	int			fd = socket(address->ai_family,
							SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, address->ai_addr, address->ai_addrlen) != 0 ||
		listen(fd, BACKLOG) != 0)
	{
		int			saved = errno;

		close(fd);
		errno = saved;
		return false;
	}
	listeners[n_listeners++] = (listener)
	{
		.fd = fd,.proto = proto
	};
	return true;
}

/* Listens on every address that the host name has ("localhost": two). */
static bool
open_port(const config *c, uint16_t port, protocol proto)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	.ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *addresses;
	char		service[8];
	int			error;
	bool		ok = false;

	snprintf(service, sizeof(service), "%u", port);
	error = getaddrinfo(c->host, service, &hints, &addresses);
	if (error != 0)
	{
		log_error("could not resolve host \"%s\" (QDRANT__SERVICE__HOST): %s",
				  c->host, gai_strerror(error));
		return false;
	}
	for (struct addrinfo *a = addresses; a != NULL; a = a->ai_next)
	{
		if (n_listeners == MAX_LISTENERS)
			break;
		if (listen_on(a, proto))
			ok = true;
		else if (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)
		{
			ok = false;
			break;
		}
	}
	if (!ok)
		log_error("could not listen on port %u of %s (%s): %s%s", port,
				  c->host,
				  proto == PROTO_REST ? "QDRANT__SERVICE__HTTP_PORT"
				  : "QDRANT__SERVICE__GRPC_PORT", strerror(errno),
				  errno == EADDRINUSE ?
				  "; stop the program that has it or choose another port" : "");
	freeaddrinfo(addresses);
	return ok;
}

bool
acceptor_open(const config *c)
{
	return open_port(c, c->http_port, PROTO_REST) &&
		(!c->enable_grpc || open_port(c, c->grpc_port, PROTO_GRPC));
}

/* On the target's thread; arg holds the descriptor and the protocol. */
static void
take_connection(worker *w, void *arg)
{
	uintptr_t	packed = (uintptr_t) arg;

	net_accept(w, (int) (packed >> 1), (protocol) (packed & 1));
}

static void
deal(int fd, protocol proto)
{
	worker	   *least = workers[0];
	int			total = 0;
	int			on = 1;

	for (int i = 0; i < n_workers; i++)
	{
		total += atomic_load(&workers[i]->connections);
		if (atomic_load(&workers[i]->connections) <
			atomic_load(&least->connections))
			least = workers[i];
	}
	if (total >= MAX_CONNECTIONS)
	{
		log_warning("closed a new connection: there are %d", total);
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	atomic_fetch_add(&least->connections, 1);
	if (least == workers[0])
		net_accept(least, fd, proto);
	else if (!worker_post(least, take_connection,
						  (void *) ((uintptr_t) fd << 1 | proto)))
	{
		atomic_fetch_sub(&least->connections, 1);
		log_warning("closed a new connection: worker %d does not follow",
					least->index);
		close(fd);
	}
}

static void
resume_accepting(evutil_socket_t fd, short what, void *arg)
{
	for (int i = 0; i < n_listeners; i++)
		event_add(listeners[i].event, NULL);
}

/* Out of descriptors: the backlog waits until some were closed. */
static void
pause_accepting(void)
{
	struct timeval delay = {.tv_usec = 200000};

	log_warning("could not accept connections for now: %s", strerror(errno));
	for (int i = 0; i < n_listeners; i++)
		event_del(listeners[i].event);
	event_add(pause_event, &delay);
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	listener   *l = arg;

	for (int i = 0; i < 64; i++)
	{
		int			accepted = accept4(fd, NULL, NULL,
									   SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (accepted >= 0)
			deal(accepted, l->proto);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
				 errno == ENOMEM)
		{
			pause_accepting();
			return;
		}
		else if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

static void
start_on_worker(worker *w, void *arg)
{
	pause_event = event_new(w->base, -1, 0, resume_accepting, NULL);
	for (int i = 0; i < n_listeners; i++)
	{
		listener   *l = &listeners[i];

		l->event = event_new(w->base, l->fd, EV_READ | EV_PERSIST,
							 on_acceptable, l);
		if (pause_event == NULL || l->event == NULL ||
			event_add(l->event, NULL) != 0)
			log_fatal("could not watch the listening sockets");
	}
}

void
acceptor_start(worker **all, int n)
{
	workers = all;
	n_workers = n;
	worker_post(all[0], start_on_worker, NULL);
}

static void
stop_on_worker(worker *w, void *arg)
{
	event_free(pause_event);
	for (int i = 0; i < n_listeners; i++)
	{
		event_free(listeners[i].event);
		close(listeners[i].fd);
	}
	n_listeners = 0;
}

void
acceptor_stop(void)
{
	while (!worker_post(workers[0], stop_on_worker, NULL))
		usleep(10000);
}
