/*
 * reach.h
 *		Vertices that no way leads to get one.
 */
#ifndef QD_HNSW_REACH_H
#define QD_HNSW_REACH_H

#include "hnsw/hnsw.h"

/*
 * Finds the living vertices that no links lead to from the entry, each level
 * by itself, and makes near ones that are reached link to them.  Returns how
 * many there were; for where no link leads to what is dead: after a build, and
 * after repair, merge lock held.  May be cancelled at any point.  Allocates in
 * the current context.
 */
extern uint32 qd_hnsw_reach(Relation index);

#endif							/* QD_HNSW_REACH_H */
