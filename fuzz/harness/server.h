/*
 * server.h
 *		Enough of PostgreSQL's server to run code of the extension that parses
 *		bytes: memory comes from libpgcommon, an error ends the program, the
 *		database is UTF-8, and the only stop word is "the".
 */
#ifndef FUZZ_SERVER_H
#define FUZZ_SERVER_H

extern _Noreturn void server_fail(const char *what);

#endif							/* FUZZ_SERVER_H */
