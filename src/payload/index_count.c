/*
 * index_count.c
 *		Counting the rows that a filter admits, by payload indexes: exactly,
 *		looking at the table only where the visibility map says so, or about,
 *		from the lengths of posting lists.
 *
 * Whatever they can't answer PostgreSQL does, by a statement of its own.
 */
#include "compat.h"

#include <math.h>

#include "access/table.h"
#include "access/visibilitymap.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "payload/gin_walk.h"
#include "payload/index_count.h"
#include "payload/index_rows.h"

/* Smaller tables are always counted. */
#define SETTLED_ROWS 10000

/* The share of the table that may have changed lately. */
#define SETTLED_SHARE 0.05

void
qd_counting_open(qd_counting *c, Oid relation)
{
	c->heap = table_open(relation, AccessShareLock);
	c->column = get_attnum(relation, "payload");
	if (c->column == InvalidAttrNumber ||
		get_atttype(relation, c->column) != JSONBOID)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"payload\" of type jsonb",
						RelationGetRelationName(c->heap))));
	c->by_index = qd_visibility_possible(c->heap) &&
		!IsolationIsSerializable() &&
		pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
		check_enable_rls(relation, InvalidOid, true) != RLS_ENABLED;
	c->indexes = c->by_index ? qd_payload_indexes_open(c->heap, c->column) : NIL;
	c->rows = c->heap->rd_rel->reltuples;
}

void
qd_counting_close(qd_counting *c)
{
	qd_payload_indexes_close(c->indexes);
	table_close(c->heap, AccessShareLock);
}

bool
qd_counting_is_settled(const qd_counting *c)
{
	BlockNumber visible;
	ListCell   *cell;

	if (!c->by_index || c->rows < SETTLED_ROWS)
		return false;
	visibilitymap_count(c->heap, &visible, NULL);
	if (visible < (1 - SETTLED_SHARE) * RelationGetNumberOfBlocks(c->heap))
		return false;
	foreach(cell, c->indexes)
		if (qd_gin_pending_rows(lfirst(cell)) > SETTLED_SHARE * c->rows)
			return false;
	return true;
}

int64
qd_count_seen(const qd_row_set *rows, qd_visibility *v)
{
	int64		n = 0;

	for (uint32 page = 1; page < rows->n_pages; page++)
	{
		BlockNumber block = rows->blocks[page];

		if (v->blocks[block] == QD_BLOCK_UNREAD)
			qd_visibility_read(v, block);
		n += v->blocks[block] == QD_BLOCK_ALL_VISIBLE ?
			qd_row_set_count_both(rows, rows, block) :
			qd_row_set_count_both(rows, v->seen, block);
	}
	return n;
}

/* False when the indexes serve no part of the filter. */
static bool
count_by_indexes(const qd_counting *c, const qd_filter *filter, int64 *count)
{
	qd_visibility *v;
	qd_row_set *rows;

	if (c->indexes == NIL || filter->needs_point)
		return false;
	v = qd_visibility_begin(c->heap, GetActiveSnapshot());
	rows = qd_index_rows(c->indexes, c->column, filter, v);
	if (rows == NULL)
		return false;
	qd_visibility_verify(v);
	*count = qd_count_seen(rows, v);
	return true;
}

static bool
estimate_by_indexes(const qd_counting *c, const qd_filter *filter, int64 *count)
{
	double		share;

	if (filter->needs_point || !qd_counting_is_settled(c) ||
		!qd_indexes_share(c->indexes, c->rows, filter, &share))
		return false;
	*count = (int64) rint(share * c->rows);
	return true;
}

char *
qd_counting_source(const qd_counting *c, Oid filter_type)
{
	Oid			input;
	Oid			element;

	getTypeInputInfo(filter_type, &input, &element);
	return psprintf("%s t WHERE t.payload OPERATOR(%s.@@@) $1",
					quote_qualified_identifier(get_namespace_name(RelationGetNamespace(c->heap)),
											   RelationGetRelationName(c->heap)),
					quote_identifier(get_namespace_name(get_func_namespace(input))));
}

/* As PostgreSQL plans and executes it, for any filter and any table. */
static int64
count_by_statement(const qd_counting *c, Oid filter_type, Datum filter)
{
	char	   *sql = psprintf("SELECT count(*) FROM %s",
							   qd_counting_source(c, filter_type));
	bool		is_null;
	int64		count;

	SPI_connect();
	if (SPI_execute_with_args(sql, 1, &filter_type, &filter, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not count rows");
	count = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc,
										1, &is_null));
	SPI_finish();
	return count;
}

/* count_rows(relation, filter, exact) */
QD_FUNCTION(qd_count_rows);
Datum
qd_count_rows(PG_FUNCTION_ARGS)
{
	const qd_filter *filter = PG_GETARG_FILTER(1);
	bool		exact = PG_GETARG_BOOL(2);
	qd_counting c;
	int64		count;

	qd_counting_open(&c, PG_GETARG_OID(0));
	if ((exact || !estimate_by_indexes(&c, filter, &count)) &&
		!count_by_indexes(&c, filter, &count))
		count = count_by_statement(&c, get_fn_expr_argtype(fcinfo->flinfo, 1),
								   PG_GETARG_DATUM(1));
	qd_counting_close(&c);
	PG_RETURN_INT64(count);
}
