/*
 * static.h
 *		The dashboard's files, from the folder of --static.
 */
#ifndef QG_STATIC_H
#define QG_STATIC_H

#include "net/request.h"

/* True for /dashboard and what is below it; path is normalized. */
extern bool static_is_path(slice path);

/*
 * Answers a REST request for such a path: the file, 304, a redirect from
 * /dashboard to /dashboard/, or 404 with an empty body.
 */
extern void static_answer(request *req);

#endif							/* QG_STATIC_H */
