/*
 * handler.c
 *		The access method as the server sees it: its properties, its functions,
 *		and what an operator class must look like.
 */
#include "compat.h"

#include "access/amvalidate.h"
#include "access/htup_details.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "commands/vacuum.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#include "hnsw/hnsw.h"
#include "hnsw/range.h"

#define METRIC_PROC		1		/* support function: metric and element type */
#define DISTANCE		1		/* strategy: ORDER BY column <op> query */
#define MAX_SEARCH		2		/* strategies of a payload: @@@, @> */

/*----------
 * amvalidate
 *----------
 */

static bool
proc_is_valid(Form_pg_amproc proc, const char *opfamily)
{
	if (proc->amprocnum != METRIC_PROC)
	{
		ereport(INFO,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("operator family \"%s\" of access method qdrant_hnsw contains function %s with invalid support number %d",
						opfamily, format_procedure(proc->amproc),
						proc->amprocnum)));
		return false;
	}
	if (!check_amproc_signature(proc->amproc, INT4OID, true, 1, 1, INTERNALOID))
	{
		ereport(INFO,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("operator family \"%s\" of access method qdrant_hnsw contains function %s with wrong signature for support number %d",
						opfamily, format_procedure(proc->amproc),
						proc->amprocnum)));
		return false;
	}
	return true;
}

/* A condition on a payload, or on the distance from a sphere's center. */
static bool
search_is_valid(Form_pg_amop op, const char *opfamily)
{
	bool		payload = op->amoplefttype == JSONBOID &&
		op->amopstrategy >= 1 && op->amopstrategy <= MAX_SEARCH;
	bool		range = op->amoplefttype != JSONBOID &&
		op->amopstrategy == QD_RANGE_STRATEGY;

	if ((payload || range) &&
		check_amop_signature(op->amopopr, BOOLOID, op->amoplefttype,
							 op->amoprighttype))
		return true;
	ereport(INFO,
			(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
			 errmsg("operator family \"%s\" of access method qdrant_hnsw contains operator %s with invalid strategy number %d or signature",
					opfamily, format_operator(op->amopopr),
					op->amopstrategy)));
	return false;
}

static bool
operator_is_valid(Form_pg_amop op, const char *opfamily)
{
	if (op->amoppurpose == AMOP_SEARCH)
		return search_is_valid(op, opfamily);
	if (op->amopstrategy != DISTANCE || op->amoppurpose != AMOP_ORDER)
	{
		ereport(INFO,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("operator family \"%s\" of access method qdrant_hnsw contains operator %s with invalid strategy number %d",
						opfamily, format_operator(op->amopopr),
						op->amopstrategy)));
		return false;
	}
	if (!check_amop_signature(op->amopopr, FLOAT8OID, op->amoplefttype,
							  op->amoprighttype) ||
		!opfamily_can_sort_type(op->amopsortfamily, FLOAT8OID))
	{
		ereport(INFO,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("operator family \"%s\" of access method qdrant_hnsw contains incorrect ORDER BY specification for operator %s",
						opfamily, format_operator(op->amopopr))));
		return false;
	}
	return true;
}

/* The names and members of an operator class. */
typedef struct ClassMembers
{
	HeapTuple	class;
	HeapTuple	family;
	CatCList   *procs;
	CatCList   *operators;
} ClassMembers;

static bool
members_are_valid(const ClassMembers *m)
{
	Form_pg_opclass class = (Form_pg_opclass) GETSTRUCT(m->class);
	const char *opfamily =
		NameStr(((Form_pg_opfamily) GETSTRUCT(m->family))->opfname);
	bool		valid = true;
	bool		has_metric = false;
	bool		has_distance = false;

	for (int i = 0; i < m->procs->n_members; i++)
	{
		Form_pg_amproc proc = (Form_pg_amproc)
			GETSTRUCT(&m->procs->members[i]->tuple);

		valid = proc_is_valid(proc, opfamily) && valid;
		has_metric |= proc->amproclefttype == class->opcintype;
	}
	for (int i = 0; i < m->operators->n_members; i++)
	{
		Form_pg_amop op = (Form_pg_amop)
			GETSTRUCT(&m->operators->members[i]->tuple);

		valid = operator_is_valid(op, opfamily) && valid;
		has_distance |= op->amoplefttype == class->opcintype;
	}
	/* a class of payloads needs neither */
	if (class->opcintype != JSONBOID && (!has_metric || !has_distance))
	{
		ereport(INFO,
				(errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
				 errmsg("operator class \"%s\" of access method qdrant_hnsw is missing %s",
						NameStr(class->opcname),
						has_metric ? "its distance operator" :
						"support function 1")));
		valid = false;
	}
	return valid;
}

static bool
validate(Oid opclass)
{
	ClassMembers m;
	Oid			family;
	bool		valid;

	m.class = SearchSysCache1(CLAOID, ObjectIdGetDatum(opclass));
	if (!HeapTupleIsValid(m.class))
		elog(ERROR, "cache lookup failed for operator class %u", opclass);
	family = ((Form_pg_opclass) GETSTRUCT(m.class))->opcfamily;
	m.family = SearchSysCache1(OPFAMILYOID, ObjectIdGetDatum(family));
	if (!HeapTupleIsValid(m.family))
		elog(ERROR, "cache lookup failed for operator family %u", family);
	m.procs = SearchSysCacheList1(AMPROCNUM, ObjectIdGetDatum(family));
	m.operators = SearchSysCacheList1(AMOPSTRATEGY, ObjectIdGetDatum(family));

	valid = members_are_valid(&m);

	ReleaseCatCacheList(m.operators);
	ReleaseCatCacheList(m.procs);
	ReleaseSysCache(m.family);
	ReleaseSysCache(m.class);
	return valid;
}

/*----------
 * The handler
 *----------
 */

QD_FUNCTION(qd_hnsw_handler);
Datum
qd_hnsw_handler(PG_FUNCTION_ARGS)
{
	IndexAmRoutine *am = makeNode(IndexAmRoutine);

	/* what is not named here is false, 0 or NULL */
	am->amsupport = METRIC_PROC;
	am->amcanorderbyop = true;
	am->amcanmulticol = true;
	am->amoptionalkey = true;
	am->amparallelvacuumoptions = VACUUM_OPTION_PARALLEL_BULKDEL;
	am->amkeytype = InvalidOid;

	am->ambuild = qd_hnsw_build;
	am->ambuildempty = qd_hnsw_build_empty;
	am->aminsert = qd_hnsw_insert;
	am->ambulkdelete = qd_hnsw_bulk_delete;
	am->amvacuumcleanup = qd_hnsw_vacuum_cleanup;
	am->amcostestimate = qd_hnsw_cost_estimate;
	am->amoptions = qd_hnsw_options;
	am->ambuildphasename = qd_hnsw_build_phase;
	qd_can_build_parallel(am);
	am->amvalidate = validate;
	am->ambeginscan = qd_hnsw_begin_scan;
	am->amrescan = qd_hnsw_rescan;
	am->amgettuple = qd_hnsw_get_tuple;
	am->amendscan = qd_hnsw_end_scan;
	PG_RETURN_POINTER(am);
}

/*----------
 * Support function 1 of the operator classes
 *----------
 */

#define OPERATOR_CLASS(name, metric, element) \
QD_FUNCTION(name); \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_INT32((metric) + 256 * (element)); \
}

OPERATOR_CLASS(qd_hnsw_metric_l2, QD_METRIC_L2, QD_ELEMENT_FLOAT)
OPERATOR_CLASS(qd_hnsw_metric_ip, QD_METRIC_IP, QD_ELEMENT_FLOAT)
OPERATOR_CLASS(qd_hnsw_metric_cosine, QD_METRIC_COSINE, QD_ELEMENT_FLOAT)
OPERATOR_CLASS(qd_hnsw_metric_l1, QD_METRIC_L1, QD_ELEMENT_FLOAT)
OPERATOR_CLASS(qd_hnsw_half_l2, QD_METRIC_L2, QD_ELEMENT_HALF)
OPERATOR_CLASS(qd_hnsw_half_ip, QD_METRIC_IP, QD_ELEMENT_HALF)
OPERATOR_CLASS(qd_hnsw_half_cosine, QD_METRIC_COSINE, QD_ELEMENT_HALF)
OPERATOR_CLASS(qd_hnsw_half_l1, QD_METRIC_L1, QD_ELEMENT_HALF)
OPERATOR_CLASS(qd_hnsw_byte_l2, QD_METRIC_L2, QD_ELEMENT_BYTE)
OPERATOR_CLASS(qd_hnsw_byte_ip, QD_METRIC_IP, QD_ELEMENT_BYTE)
OPERATOR_CLASS(qd_hnsw_byte_cosine, QD_METRIC_COSINE, QD_ELEMENT_BYTE)
OPERATOR_CLASS(qd_hnsw_byte_l1, QD_METRIC_L1, QD_ELEMENT_BYTE)
OPERATOR_CLASS(qd_hnsw_bit_hamming, QD_METRIC_L2, QD_ELEMENT_BIT)
OPERATOR_CLASS(qd_hnsw_bit_jaccard, QD_METRIC_JACCARD, QD_ELEMENT_BIT)
