/*
 * auth.h
 *		Who may call: the API key.
 */
#ifndef QG_AUTH_H
#define QG_AUTH_H

#include "net/request.h"

/*
 * NULL when the request may go on, else the text of the refusal (401,
 * UNAUTHENTICATED).  Asked before routing, so that unknown paths tell nobody
 * anything.
 */
extern const char *auth_refusal(const request *req);

#endif							/* QG_AUTH_H */
