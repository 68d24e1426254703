/*
 * worker.c
 *		The worker's thread and its mailbox.
 *
 * The mailbox is a pipe: a post is two pointers, written at once (a pipe
 * takes up to PIPE_BUF bytes whole), so that posting needs no lock and a
 * worker that hangs cannot make its senders' memory grow.
 */
#include "worker.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "core/arena.h"
#include "core/log.h"
#include "net/conn.h"

typedef struct post
{
	void		(*run) (worker *w, void *arg);
	void	   *arg;
} post;

typedef struct worker_thread
{
	worker		w;				/* first: worker pointers are cast */
	pthread_t	thread;
	int			mailbox[2];		/* read end, write end */
	struct event *mailbox_event;
} worker_thread;

static void
on_mailbox(evutil_socket_t fd, short what, void *arg)
{
	worker_thread *t = arg;
	post		posts[64];
	ssize_t		n = read(fd, posts, sizeof(posts));

	for (ssize_t i = 0; i < n / (ssize_t) sizeof(post); i++)
		posts[i].run(&t->w, posts[i].arg);
}

bool
worker_post(worker *w, void (*run) (worker *w, void *arg), void *arg)
{
	worker_thread *t = (worker_thread *) w;
	post		p = {run, arg};
	ssize_t		n;

	do
		n = write(t->mailbox[1], &p, sizeof(p));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t) sizeof(p);
}

static void *
run_worker(void *arg)
{
	worker_thread *t = arg;

	net_open(&t->w);
	api_worker_open(&t->w);
	event_base_dispatch(t->w.base);
	net_close(&t->w);
	api_worker_close(&t->w);
	arena_thread_end();
	return NULL;
}

static bool
open_loop(worker_thread *t)
{
	if (pipe2(t->mailbox, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	t->w.base = event_base_new();
	if (t->w.base == NULL)
		return false;
	t->mailbox_event = event_new(t->w.base, t->mailbox[0],
								 EV_READ | EV_PERSIST, on_mailbox, t);
	return t->mailbox_event != NULL && event_add(t->mailbox_event, NULL) == 0;
}

worker	   *
worker_start(int index, const struct config *config,
			 const struct net_callbacks *callbacks)
{
	worker_thread *t = calloc(1, sizeof(*t));
	int			error;

	if (t == NULL)
		log_fatal("out of memory");
	t->w.index = index;
	t->w.config = config;

	t->w.callbacks = callbacks;
	if (!open_loop(t))
	{
		log_error("could not make the event loop of worker %d: %s", index,
				  strerror(errno));
		return NULL;
	}
	error = pthread_create(&t->thread, NULL, run_worker, t);
	if (error != 0)
	{
		log_error("could not start worker %d: %s", index, strerror(error));
		return NULL;
	}
	return &t->w;
}

static void
drain(worker *w, void *arg)
{
	net_drain(w);
}

void
worker_drain(worker *w)
{
	while (!worker_post(w, drain, NULL))
		usleep(10000);
}

bool
worker_join(worker *w, const struct timespec *until)
{
	return pthread_timedjoin_np(((worker_thread *) w)->thread, NULL,
								until) == 0;
}

void
worker_free(worker *w)
{
	worker_thread *t = (worker_thread *) w;

	event_free(t->mailbox_event);
	event_base_free(t->w.base);
	close(t->mailbox[0]);
	close(t->mailbox[1]);
	free(t);
}
