/*
 * server.c
 *		Enough of PostgreSQL's server for fuzz targets of the extension.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "tsearch/ts_public.h"
#include "utils/memutils.h"

#include "harness/server.h"

MemoryContext CurrentMemoryContext;
MemoryContext TopMemoryContext;
volatile sig_atomic_t InterruptPending;

void
server_fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	abort();
}

void
ProcessInterrupts(void)
{
}

void *
repalloc_huge(void *pointer, Size size)
{
	return repalloc(pointer, size);
}

int
GetDatabaseEncoding(void)
{
	return PG_UTF8;
}

char *
pg_server_to_any(const char *s, int len, int encoding)
{
	return unconstify(char *, s);
}

void
readstoplist(const char *fname, StopList *s, char *(*wordop) (const char *))
{
	s->len = 1;
	s->stop = palloc(sizeof(char *));
	s->stop[0] = pstrdup("the");
}

bool
errstart(int elevel, const char *domain)
{
	return true;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return true;
}

int
errcode(int sqlerrcode)
{
	return 0;
}

int
errmsg(const char *fmt,...)
{
	server_fail(fmt);
}

int
errmsg_internal(const char *fmt,...)
{
	server_fail(fmt);
}

void
errfinish(const char *filename, int lineno, const char *funcname)
{
	server_fail(funcname);
}
