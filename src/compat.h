/*
 * compat.h
 *		The one file that looks at PG_VERSION_NUM (15 to 18).
 *
 * Everything that differs between server versions gets one name here, and the
 * rest of the code uses that name.  Included first by every server-side file,
 * after postgres.h.
 */
#ifndef QD_COMPAT_H
#define QD_COMPAT_H

#include "postgres.h"
#include "fmgr.h"

/* The varlena macros moved out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/*
 * PostgreSQL 15 exports every symbol of a module, and leaves PGDLLEXPORT
 * empty on ELF; later versions mark what is public.  We build with hidden
 * visibility everywhere, so the mark has to mean something on 15 too.
 */
#if PG_VERSION_NUM < 160000
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

/* Declares an SQL-callable function and exports it; the body follows. */
#define QD_FUNCTION(name) \
	PGDLLEXPORT Datum name(PG_FUNCTION_ARGS); \
	PG_FUNCTION_INFO_V1(name)

/* 18 has pg_noreturn in its place, in front of a declaration. */
#ifndef pg_attribute_noreturn
#define pg_attribute_noreturn() __attribute__((noreturn))
#endif

/*
 * Soft errors of input functions: from 16 on the caller may ask for NULL
 * instead of an exception (pg_input_is_valid, COPY ... ON_ERROR).  On 15
 * nobody can ask, and ereturn is ereport.
 */
#if PG_VERSION_NUM >= 160000
#include "nodes/miscnodes.h"
#else
struct Node;
#define ereturn(escontext, dummy_value, ...) \
	do { \
		(void) (escontext); \
		ereport(ERROR, __VA_ARGS__); \
	} while (0)
#define SOFT_ERROR_OCCURRED(escontext) false
#endif

/* Calls an input function; false after a soft error. */
#if PG_VERSION_NUM >= 160000
#define qd_input_call(function, str, escontext, result) \
	DirectInputFunctionCallSafe(function, str, InvalidOid, -1, escontext, result)
#else
#define qd_input_call(function, str, escontext, result) \
	((void) (escontext), \
	 *(result) = DirectFunctionCall1(function, CStringGetDatum(str)), true)
#endif

/* Privileges of the current user, renamed in 16. */
#if PG_VERSION_NUM >= 160000
#define qd_namespace_can_create(oid) \
	(object_aclcheck(NamespaceRelationId, oid, GetUserId(), ACL_CREATE) == ACLCHECK_OK)
#define qd_relation_is_own(oid) \
	object_ownercheck(RelationRelationId, oid, GetUserId())
#else
#define qd_namespace_can_create(oid) \
	(pg_namespace_aclcheck(oid, GetUserId(), ACL_CREATE) == ACLCHECK_OK)
#define qd_relation_is_own(oid) \
	pg_class_ownercheck(oid, GetUserId())
#endif

#if PG_VERSION_NUM >= 180000
#define qd_vacuum_delay_point() vacuum_delay_point(false)
#else
#define qd_vacuum_delay_point() vacuum_delay_point()
#endif

/* From 17 on an access method says so; before, the server asks nobody. */
#if PG_VERSION_NUM >= 170000
#define qd_can_build_parallel(am)	((am)->amcanbuildparallel = true)
#else
#define qd_can_build_parallel(am)	((void) (am))
#endif

/* Names of a relation's file; callers include utils/rel.h. */
#if PG_VERSION_NUM >= 160000
#define QdRelFile			RelFileLocator
#define qd_relfile(rel)		((rel)->rd_locator)
#define qd_relfile_equals(a, b)	RelFileLocatorEquals(a, b)
#define qd_rel_first_file_subid(rel)	((rel)->rd_firstRelfilelocatorSubid)
#else
#define QdRelFile			RelFileNode
#define qd_relfile(rel)		((rel)->rd_node)
#define qd_relfile_equals(a, b)	RelFileNodeEquals(a, b)
#define qd_rel_first_file_subid(rel)	((rel)->rd_firstRelfilenodeSubid)
#endif

/*
 * The next datum of a sort, a copy where it is by reference; callers include
 * utils/tuplesort.h.
 */
#if PG_VERSION_NUM >= 160000
#define qd_tuplesort_next(sort, value, is_null) \
	tuplesort_getdatum(sort, true, true, value, is_null, NULL)
#else
#define qd_tuplesort_next(sort, value, is_null) \
	tuplesort_getdatum(sort, true, value, is_null, NULL)
#endif

/* Counts an index scan; callers include pgstat.h and access/relscan.h. */
#if PG_VERSION_NUM >= 180000
#define qd_count_index_scan(scan) \
	do { \
		pgstat_count_index_scan((scan)->indexRelation); \
		if ((scan)->instrument) \
			(scan)->instrument->nsearches++; \
	} while (0)
#else
#define qd_count_index_scan(scan) \
	pgstat_count_index_scan((scan)->indexRelation)
#endif

/* A scan of an index for a bitmap; callers include access/genam.h. */
#if PG_VERSION_NUM >= 180000
#define qd_begin_bitmap_scan(index, snapshot, nkeys) \
	index_beginscan_bitmap(index, snapshot, NULL, nkeys)
#else
#define qd_begin_bitmap_scan(index, snapshot, nkeys) \
	index_beginscan_bitmap(index, snapshot, nkeys)
#endif

/*
 * Pages of a bitmap, in order; callers include nodes/tidbitmap.h.
 * qd_tbm_offsets copies at most max and returns how many there are; not for
 * lossy pages.
 */
#if PG_VERSION_NUM >= 180000
#define QdTbmIterator		TBMPrivateIterator
#define QdTbmPage			TBMIterateResult
#define qd_tbm_begin(tbm)	tbm_begin_private_iterate(tbm)
#define qd_tbm_end(it)		tbm_end_private_iterate(it)
#define qd_tbm_next(it, page)	tbm_private_iterate(it, &(page))
#define qd_tbm_block(page)	((page).blockno)
#define qd_tbm_lossy(page)	((page).lossy)
#define qd_tbm_recheck(page)	((page).recheck)
#define qd_tbm_offsets(page, offsets, max) \
	tbm_extract_page_tuple(&(page), offsets, max)
#else
#define QdTbmIterator		TBMIterator
#define QdTbmPage			TBMIterateResult *
#define qd_tbm_begin(tbm)	tbm_begin_iterate(tbm)
#define qd_tbm_end(it)		tbm_end_iterate(it)
#define qd_tbm_next(it, page)	(((page) = tbm_iterate(it)) != NULL)
#define qd_tbm_block(page)	((page)->blockno)
#define qd_tbm_lossy(page)	((page)->ntuples < 0)
#define qd_tbm_recheck(page)	((page)->recheck)
#define qd_tbm_offsets(page, offsets, max) \
	(memcpy(offsets, (page)->offsets, \
			Min((page)->ntuples, (int) (max)) * sizeof(OffsetNumber)), \
	 (page)->ntuples)
#endif

/*
 * Marks a path as one that must not be chosen; 18 compares the count of
 * disabled nodes before costs.
 */
#if PG_VERSION_NUM >= 180000
#define qd_path_disable(p)	((p)->disabled_nodes = 2)
#else
#define qd_path_disable(p)	((void) (p))
#endif

/* EXPLAIN of an extension's own. */
#if PG_VERSION_NUM >= 180000
#include "commands/explain.h"
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#define QD_HAS_EXPLAIN_HOOK
#endif

#if PG_VERSION_NUM >= 160000
#define qd_owns_relation(relid) \
	object_ownercheck(RelationRelationId, relid, GetUserId())
#else
#define qd_owns_relation(relid) pg_class_ownercheck(relid, GetUserId())
#endif

#endif							/* QD_COMPAT_H */
