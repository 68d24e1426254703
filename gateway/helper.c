/*
 * helper.c
 *		The thread for what blocks: a queue of jobs under one lock.
 *
 * Nothing here is on a request's ordinary path; a job is posted when a query
 * has to be cancelled.
 */
#include "helper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "worker.h"

typedef struct job
{
	struct job *next;
	worker	   *w;
	void		(*run) (void *arg);
	void		(*done) (void *arg);
	void	   *arg;
} job;

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER;
static job *first;
static job **last = &first;
static bool stopping;

/* On the worker's thread. */
static void
finish(worker *w, void *arg)
{
	job		   *j = arg;

	j->done(j->arg);
	free(j);
}

/* The next job, or NULL when the thread has to end: then none is left. */
static job *
next_job(void)
{
	job		   *j;

	pthread_mutex_lock(&lock);
	while (first == NULL && !stopping)
		pthread_cond_wait(&arrived, &lock);
	j = first;
	if (j != NULL)
	{
		first = j->next;
		if (first == NULL)
			last = &first;
	}
	pthread_mutex_unlock(&lock);
	return j;
}

static void *
run_jobs(void *unused)
{
	job		   *j;

	while ((j = next_job()) != NULL)
	{
		j->run(j->arg);
		if (j->done == NULL)
			free(j);
		else
			while (!worker_post(j->w, finish, j))
				usleep(10000);
	}
	return NULL;
}

bool
helper_start(void)
{
	int			error = pthread_create(&thread, NULL, run_jobs, NULL);

	if (error != 0)
		log_error("could not start the helper thread: %s", strerror(error));
	return error == 0;
}

void
helper_stop(void)
{
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&arrived);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
}

void
helper_run(worker *w, void (*run) (void *arg), void (*done) (void *arg),
		   void *arg)
{
	job		   *j = malloc(sizeof(*j));

	if (j == NULL)
		log_fatal("out of memory");
	*j = (job)
	{
		.w = w,.run = run,.done = done,.arg = arg
	};
	pthread_mutex_lock(&lock);
	*last = j;
	last = &j->next;
	pthread_cond_signal(&arrived);
	pthread_mutex_unlock(&lock);
}
