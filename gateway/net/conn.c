/*
 * conn.c
 *		Connections of one worker.
 *
 * A connection owns no read buffer while it is idle: bytes are read into the
 * worker's scratch buffer, and only what the protocol could not use yet is
 * copied aside.  It stops reading when that is KEPT_ENOUGH or more, which is
 * how a peer that does not take its answers is held back.
 */
#include "net/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "net/coding.h"

#define SCRATCH_SIZE	((size_t) 64 * 1024)
#define KEPT_ENOUGH		((size_t) 16 * 1024)
#define READ_SIZE		((size_t) 16 * 1024)
#define READS_PER_EVENT	8
#define LINGER_SECONDS	2

static void
check_drained(net *n)
{
	if (n->draining && n->conns == NULL && n->requests == 0)
		event_base_loopexit(n->w->base, NULL);
}

void
net_request_begin(net *n)
{
	n->requests++;
}

void
net_request_end(net *n)
{
	n->requests--;
	check_drained(n);
}

static void
conn_free(conn *c)
{
	net		   *n = c->net;

	if (n->cursor == c)
		n->cursor = c->next;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		n->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	conn_watch_read(c, false);
	conn_watch_write(c, false);
	c->ops->closed(c);
	close(c->fd);
	free(c->kept);
	atomic_fetch_sub(&c->w->connections, 1);
	free(c);
	check_drained(n);
}

void
conn_enter(conn *c)
{
	c->busy++;
}

void
conn_leave(conn *c)
{
	if (--c->busy == 0 && c->closing)
		conn_free(c);
}

void
conn_close(conn *c)
{
	if (c->closing)
		return;
	c->closing = true;
	if (c->busy == 0)
		conn_free(c);
}

static void
set_watch(struct event *event, bool *now, bool on)
{
	if (*now == on)
		return;
	*now = on;
	if (on ? event_add(event, NULL) : event_del(event))
		log_fatal("could not change what is watched of a socket");
}

void
conn_watch_write(conn *c, bool on)
{
	set_watch(&c->write_event, &c->writing, on);
}

void
conn_watch_read(conn *c, bool on)
{
	set_watch(&c->read_event, &c->reading, on);
}

ssize_t
conn_write(conn *c, const struct iovec *iov, int n)
{
	ssize_t		written;

	do
		written = writev(c->fd, iov, n);
	while (written < 0 && errno == EINTR);
	if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	return written;
}

/* The n bytes at p, of which none are kept, become the kept ones. */
static void
keep(conn *c, const char *p, size_t n)
{
	if (n == 0)
		return;
	c->kept_size = n < READ_SIZE ? READ_SIZE : n;
	c->kept = malloc(c->kept_size);
	if (c->kept == NULL)
		log_fatal("out of memory");
	memcpy(c->kept, p, n);
	c->n_kept = n;
}

static void
drop_kept(conn *c, size_t n)
{
	c->n_kept -= n;
	if (c->n_kept > 0)
		memmove(c->kept, c->kept + n, n > 0 ? c->n_kept : 0);
	else
	{
		free(c->kept);
		c->kept = NULL;
	}
}

/* Offers all kept bytes; inside conn_enter and conn_leave. */
static void
use_kept(conn *c)
{
	size_t		used;

	if (c->n_kept == 0 || c->closing)
		return;
	used = c->ops->input(c, c->kept, c->n_kept);
	if (used > 0)
		drop_kept(c, used);
}

static bool
has_enough(const conn *c)
{
	return c->holding && c->n_kept >= KEPT_ENOUGH;
}

void
conn_resume(conn *c)
{
	conn_enter(c);
	use_kept(c);
	if (!c->closing && !has_enough(c))
		conn_watch_read(c, true);
	conn_leave(c);
}

/* One read to where it belongs; what read() says. */
static ssize_t
read_once(conn *c, size_t *asked)
{
	char	   *p;
	ssize_t		r;

	if (c->n_kept == 0 && c->ops->direct != NULL &&
		c->ops->direct(c, &p, asked))
	{
		r = read(c->fd, p, *asked);
		if (r > 0)
			c->ops->took(c, (size_t) r);
		return r;
	}
	if (c->closing)
		return 1;
	if (c->n_kept == 0)
	{
		*asked = SCRATCH_SIZE;
		p = c->net->scratch;
		r = read(c->fd, p, *asked);
		if (r > 0)
		{
			size_t		used = c->ops->input(c, p, (size_t) r);

			keep(c, p + used, (size_t) r - used);
		}
		return r;
	}
	*asked = READ_SIZE;
	if (c->kept_size - c->n_kept < READ_SIZE)
	{
		c->kept_size = c->n_kept + 2 * READ_SIZE;
		c->kept = realloc(c->kept, c->kept_size);
		if (c->kept == NULL)
			log_fatal("out of memory");
	}
	r = read(c->fd, c->kept + c->n_kept, *asked);
	if (r > 0)
	{
		c->n_kept += (size_t) r;
		use_kept(c);
	}
	return r;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	conn	   *c = arg;
	size_t		asked = 0;

	conn_enter(c);
	for (int i = 0; i < READS_PER_EVENT && c->reading && !c->closing; i++)
	{
		ssize_t		r = read_once(c, &asked);

		if (r == 0)
		{
			conn_watch_read(c, false);
			c->ops->eof(c);
		}
		else if (r < 0 && errno != EAGAIN && errno != EINTR)
			conn_close(c);
		else if (has_enough(c))
			conn_watch_read(c, false);
		if (r < (ssize_t) asked)
			break;
	}
	conn_leave(c);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	conn	   *c = arg;

	conn_enter(c);
	c->ops->writable(c);
	conn_leave(c);
}

void
net_accept(worker * w, int fd, protocol proto)
{
	net		   *n = w->net;
	conn	   *c = calloc(1, sizeof(*c));

	if (c == NULL)
		log_fatal("out of memory");
	c->fd = fd;
	c->w = w;
	c->net = n;
	event_assign(&c->read_event, w->base, fd, EV_READ | EV_PERSIST,
				 on_readable, c);
	event_assign(&c->write_event, w->base, fd, EV_WRITE | EV_PERSIST,
				 on_writable, c);
	c->next = n->conns;
	if (n->conns != NULL)
		n->conns->prev = c;
	n->conns = c;
	conn_enter(c);
	if (proto == PROTO_REST)
		h1_conn_open(c);
	else
		h2_conn_open(c);
	if (!c->closing)
		conn_watch_read(c, true);
	conn_leave(c);
}

/*----------
 * Lingering: the protocol of a connection that is over.
 *----------
 */

static size_t
linger_input(conn *c, char *p, size_t n)
{
	return n;
}

static void
linger_end(conn *c)
{
	conn_close(c);
}

static void
linger_nothing(conn *c)
{
}

static const conn_ops linger_ops = {
	.input = linger_input,.eof = linger_end,.writable = linger_end,
	.expired = linger_end,.drain = linger_nothing,.closed = linger_nothing
};

void
conn_linger(conn *c)
{
	c->ops->closed(c);
	c->state = NULL;
	c->ops = &linger_ops;
	c->holding = false;
	shutdown(c->fd, SHUT_WR);
	conn_watch_write(c, false);
	conn_watch_read(c, true);
	c->deadline_ns = now_ns() + SECONDS_NS(LINGER_SECONDS);
}

/*----------
 * The worker's share.
 *----------
 */

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	net		   *n = arg;
	uint64_t	now = now_ns();
	conn	   *c;

	for (n->cursor = n->conns; (c = n->cursor) != NULL;)
	{
		n->cursor = c->next;
		if (c->deadline_ns == 0 || c->deadline_ns > now)
			continue;
		conn_enter(c);
		c->ops->expired(c);
		conn_leave(c);
	}
}

void
net_open(worker * w)
{
	struct timeval second = {.tv_sec = 1};
	net		   *n = calloc(1, sizeof(*n));

	if (n == NULL || (n->scratch = malloc(SCRATCH_SIZE)) == NULL)
		log_fatal("out of memory");
	n->w = w;
	w->net = n;
	n->deflater = deflater_create();
	n->tick = event_new(w->base, -1, EV_PERSIST, on_tick, n);
	if (n->tick == NULL || event_add(n->tick, &second) != 0)
		log_fatal("could not start a timer");
}

void
net_drain(worker * w)
{
	net		   *n = w->net;
	conn	   *c;

	n->draining = true;
	for (n->cursor = n->conns; (c = n->cursor) != NULL;)
	{
		n->cursor = c->next;
		conn_enter(c);
		c->ops->drain(c);
		conn_leave(c);
	}
	check_drained(n);
}

void
net_close(worker * w)
{
	net		   *n = w->net;

	while (n->conns != NULL)
		conn_close(n->conns);
	event_free(n->tick);
	deflater_destroy(n->deflater);
	free(n->scratch);
	free(n);
	w->net = NULL;
}
