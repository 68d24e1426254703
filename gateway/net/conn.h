/*
 * conn.h
 *		Connections of one worker: sockets, events, what was read and not used
 *		yet, timeouts.  The protocols (h1_conn.c, h2_conn.c) are a set of
 *		functions behind it.
 *
 * Everything here runs on the worker's thread.
 */
#ifndef QG_CONN_H
#define QG_CONN_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdint.h>
#include <sys/uio.h>

#include "net/request.h"
#include "worker.h"

#define SECONDS_NS(s)	((uint64_t) (s) * 1000000000)

typedef struct conn conn;

/* A protocol. */
typedef struct conn_ops
{
	/* Uses some of the bytes at p and returns how many. */
	size_t		(*input) (conn *c, char *p, size_t n);

	/*
	 * May be NULL.  Where the next bytes should be read to, instead of
	 * input(); took() is told how many came.
	 */
	bool		(*direct) (conn *c, char **p, size_t *n);
	void		(*took) (conn *c, size_t n);
	void		(*eof) (conn *c);	/* the peer sends no more */
	void		(*writable) (conn *c);
	void		(*expired) (conn *c);	/* deadline_ns has passed */
	void		(*drain) (conn *c); /* the process is ending */
	void		(*closed) (conn *c);	/* let go of c->state */
} conn_ops;

/* One per worker: worker->net. */
typedef struct net
{
	worker	   *w;
	conn	   *conns;
	conn	   *cursor;			/* of a walk through conns: the next one */
	int			requests;		/* begun and not answered, also of those who
								 * left */
	bool		draining;
	struct event *tick;
	char	   *scratch;		/* what is read when nothing was left over */
	struct deflater *deflater;	/* coding.h */
	char		date[40];
	int64_t		date_second;
} net;

struct conn
{
	int			fd;
	worker	   *w;
	net		   *net;
	const conn_ops *ops;
	void	   *state;			/* the protocol's */
	uint64_t	deadline_ns;	/* 0 = none; looked at every second */
	conn	   *prev;
	conn	   *next;
	struct event read_event;
	struct event write_event;
	char	   *kept;			/* read, not used yet */
	size_t		n_kept;
	size_t		kept_size;
	int			busy;			/* inside calls: closing has to wait */
	bool		reading;
	bool		writing;
	bool		closing;
	bool		holding;		/* the protocol takes no input for now */
};

/*----------
 * worker.c's and acceptor.c's.
 *----------
 */
extern void net_open(worker * w);
extern void net_close(worker * w);
extern void net_accept(worker * w, int fd, protocol proto);

/* Finishes what was begun, then ends the worker's loop. */
extern void net_drain(worker * w);

/*----------
 * The protocols'.
 *----------
 */

/*
 * Around calls that may close c and do not come from its own events; c may be
 * gone after conn_leave.
 */
extern void conn_enter(conn *c);
extern void conn_leave(conn *c);
extern void conn_close(conn *c);

/*
 * Sends nothing more, drops what still comes and closes soon: closing at once
 * would make the system discard the answer with the unread bytes.
 */
extern void conn_linger(conn *c);

/* Offers the kept bytes to input() again. */
extern void conn_resume(conn *c);

/* Bytes written, 0 when the socket is full, -1 when the peer is gone. */
extern ssize_t conn_write(conn *c, const struct iovec *iov, int n);
extern void conn_watch_write(conn *c, bool on);
extern void conn_watch_read(conn *c, bool on);

/* A request begins or was answered: what draining waits for. */
extern void net_request_begin(net *n);
extern void net_request_end(net *n);

extern void h1_conn_open(conn *c);
extern void h2_conn_open(conn *c);

/* request.c hands answers to the protocol that they belong to. */
extern void h1_answer(request *req, int status, const char *content_type,
					  const header *extra, size_t n_extra, slice body);
extern void h2_answer(request *req, int code, slice text,
					  const header *trailers, size_t n_trailers,
					  slice message);

#endif							/* QG_CONN_H */
