/*
 * catalog.c
 *		The catalog of collections: look-ups that every statement of the
 *		gateway starts with, and the only way to write it.
 *
 * Nobody but the extension's owner has rights to write the catalog's tables.
 * The functions of the schema qdrant run as their caller; they change the
 * catalog through qdrant_catalog.put_collection, which checks that the
 * caller owns the collection's table, and only then acts as the catalog's
 * owner.  Rows leave with their table, through an event trigger.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "collection/catalog.h"

/* Columns of qdrant_catalog.collections, in the order of the install script. */
#define COLLECTIONS_ID			1
#define COLLECTIONS_NAME		2
#define COLLECTIONS_RELATION	3
#define COLLECTIONS_VERSION		4

QD_FUNCTION(qd_check_collection);
QD_FUNCTION(qd_check_size);
QD_FUNCTION(qd_lock_collection);
QD_FUNCTION(qd_lock_name);
QD_FUNCTION(qd_put_collection);
QD_FUNCTION(qd_put_payload_index);

static Oid
catalog_relation(const char *name)
{
	Oid			result = get_relname_relid(name,
										   get_namespace_oid("qdrant_catalog", false));

	if (!OidIsValid(result))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"qdrant_catalog.%s\" does not exist", name)));
	return result;
}

static void
raise_no_collection(text *name)
{
	ereport(ERROR,
			(errcode(QD_ERRCODE_NO_COLLECTION),
			 errmsg("collection \"%s\" does not exist",
					text_to_cstring(name))));
}

bool
qd_collection_find(text *name, QdCollection *found)
{
	Relation	rel = table_open(catalog_relation("collections"), AccessShareLock);
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		result = false;

	ScanKeyInit(&key, COLLECTIONS_NAME, BTEqualStrategyNumber, F_TEXTEQ,
				PointerGetDatum(name));
	scan = systable_beginscan(rel, catalog_relation("collections_name_key"),
							  true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		TupleDesc	desc = RelationGetDescr(rel);
		bool		isnull;

		found->id = DatumGetInt64(heap_getattr(tuple, COLLECTIONS_ID, desc,
											   &isnull));
		found->version = DatumGetInt64(heap_getattr(tuple, COLLECTIONS_VERSION,
													desc, &isnull));
		found->relation = DatumGetObjectId(heap_getattr(tuple,
														COLLECTIONS_RELATION,
														desc, &isnull));
		result = SearchSysCacheExists1(RELOID,
									   ObjectIdGetDatum(found->relation));
	}
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	return result;
}

static void
check_may_lock(Oid relation, LOCKMODE mode)
{
	AclMode		any = ACL_SELECT | ACL_INSERT | ACL_UPDATE | ACL_DELETE;

	if (mode != AccessShareLock)
	{
		if (!qd_relation_is_own(relation))
			aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE,
						   get_rel_name(relation));
	}
	else if (pg_class_aclmask(relation, GetUserId(), any, ACLMASK_ANY) == 0)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(relation));
}

void
qd_collection_open(text *name, LOCKMODE mode, QdCollection *found)
{
	Oid			locked = InvalidOid;

	/*
	 * The row may change while we wait for the lock, and also between reading
	 * it and asking: what was read under the lock is what counts.
	 */
	for (;;)
	{
		if (!qd_collection_find(name, found))
			raise_no_collection(name);
		if (found->relation == locked)
			return;
		if (OidIsValid(locked))
			UnlockRelationOid(locked, mode);
		locked = found->relation;
		check_may_lock(locked, mode);
		LockRelationOid(locked, mode);
	}
}

/* qdrant.check_collection(name text, version bigint) */
Datum
qd_check_collection(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	int64		version = PG_GETARG_INT64(1);
	QdCollection found;

	qd_collection_open(name, AccessShareLock, &found);
	if (found.version != version)
		ereport(ERROR,
				(errcode(QD_ERRCODE_STALE_VERSION),
				 errmsg("collection \"%s\" has version %lld, not %lld",
						text_to_cstring(name), (long long) found.version,
						(long long) version),
				 errhint("Read it again with qdrant.describe().")));
	PG_RETURN_VOID();
}

/* qdrant.check_size(name text, incoming_bytes bigint, limit_bytes bigint) */
Datum
qd_check_size(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	int64		incoming = PG_GETARG_INT64(1);
	int64		limit = PG_GETARG_INT64(2);
	int64		size;
	QdCollection found;

	if (incoming < 0 || limit < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sizes must not be negative")));
	qd_collection_open(name, AccessShareLock, &found);
	size = DatumGetInt64(DirectFunctionCall1(pg_table_size,
											 ObjectIdGetDatum(found.relation)));
	if (incoming > limit || size > limit - incoming)
		ereport(ERROR,
				(errcode(QD_ERRCODE_SIZE_LIMIT),
				 errmsg("collection \"%s\" would grow beyond its limit of %lld bytes",
						text_to_cstring(name), (long long) limit),
				 errdetail("The table has %lld bytes, %lld more would be written.",
						   (long long) size, (long long) incoming)));
	PG_RETURN_VOID();
}

/*
 * qdrant_catalog.lock_collection(name text, mode text): read, change (one at
 * a time, but beside a build of an index) or drop.
 */
Datum
qd_lock_collection(PG_FUNCTION_ARGS)
{
	char	   *mode = text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool		change = strcmp(mode, "change") == 0;
	QdCollection found;

	if (!change && strcmp(mode, "read") != 0 && strcmp(mode, "drop") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown mode of lock \"%s\"", mode)));
	qd_collection_open(PG_GETARG_TEXT_PP(0),
					   strcmp(mode, "drop") == 0 ? AccessExclusiveLock :
					   AccessShareLock, &found);
	if (change)
	{
		check_may_lock(found.relation, ShareUpdateExclusiveLock);
		LockDatabaseObject(catalog_relation("vectors"), (Oid) found.id, 0,
						   ExclusiveLock);
	}
	PG_RETURN_VOID();
}

/* Only who may create collections may lock, or register, their names. */
static void
check_may_create(void)
{
	Oid			nsp = get_namespace_oid("qdrant", false);

	if (!qd_namespace_can_create(nsp))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_SCHEMA, "qdrant");
}

/*
 * qdrant_catalog.lock_name(name text): keeps others from choosing the same
 * name for a table until the transaction ends.
 */
Datum
qd_lock_name(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);

	check_may_create();
	LockDatabaseObject(catalog_relation("collections"),
					   hash_bytes((unsigned char *) VARDATA_ANY(name),
								  VARSIZE_ANY_EXHDR(name)),
					   0, ExclusiveLock);
	PG_RETURN_VOID();
}

/* Runs one statement with n arguments; true when it returned a row. */
static bool
run(const char *sql, int n, Oid *types, Datum *values)
{
	int			rc = SPI_execute_with_args(sql, n, types, values, NULL, false, 0);

	if (rc < 0)
		elog(ERROR, "SPI_execute_with_args: %s", SPI_result_code_string(rc));
	return SPI_processed > 0;
}

/*
 * Writes row and vectors of a collection, as the catalog's owner.  Names are
 * qualified, operators too: the search path is the caller's.
 */
static int64
write_rows(Datum name, Oid relation, Datum config, Datum vectors)
{
	Oid			types[] = {TEXTOID, REGCLASSOID, JSONBOID};
	Datum		values[] = {name, ObjectIdGetDatum(relation), config};
	Oid			vector_types[] = {INT8OID, JSONBOID};
	Datum		vector_values[2];
	bool		isnull;

	/* a row whose table vanished while event triggers were off */
	run("DELETE FROM qdrant_catalog.collections c"
		" WHERE (c.name OPERATOR(pg_catalog.=) $1"
		" OR c.relation OPERATOR(pg_catalog.=) $2)"
		" AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class r"
		" WHERE r.oid OPERATOR(pg_catalog.=) c.relation)",
		2, types, values);
	if (!run("UPDATE qdrant_catalog.collections SET config = $3, version ="
			 " pg_catalog.nextval('qdrant_catalog.collections_version_seq')"
			 " WHERE name OPERATOR(pg_catalog.=) $1"
			 " AND relation OPERATOR(pg_catalog.=) $2 RETURNING id",
			 3, types, values))
		run("INSERT INTO qdrant_catalog.collections (name, relation, config)"
			" VALUES ($1, $2, $3) RETURNING id", 3, types, values);
	vector_values[0] = SPI_getbinval(SPI_tuptable->vals[0],
									 SPI_tuptable->tupdesc, 1, &isnull);
	vector_values[1] = vectors;
	run("DELETE FROM qdrant_catalog.vectors"
		" WHERE collection_id OPERATOR(pg_catalog.=) $1",
		1, vector_types, vector_values);
	run("INSERT INTO qdrant_catalog.vectors SELECT $1, v.name, v.\"column\","
		" v.dim, v.distance, v.pending FROM pg_catalog.jsonb_to_recordset($2) AS"
		" v(name pg_catalog.text, \"column\" pg_catalog.name,"
		" dim pg_catalog.int4, distance pg_catalog.text,"
		" pending pg_catalog.int8)",
		2, vector_types, vector_values);
	return DatumGetInt64(vector_values[0]);
}

/* Fails unless the caller may write what the catalog says about the table. */
static void
check_may_write(Oid relation)
{
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relation)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relation)));
	if (!qd_relation_is_own(relation))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE,
					   get_rel_name(relation));
}

/* Whom the catalog belongs to. */
static Oid
catalog_owner(void)
{
	Oid			catalog = catalog_relation("collections");
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(catalog));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", catalog);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* A collection outlives the session, and rows can be inserted in it. */
static void
check_is_lasting_table(Oid relation)
{
	char		kind = get_rel_relkind(relation);

	if ((kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE) ||
		get_rel_persistence(relation) == RELPERSISTENCE_TEMP)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" cannot be a collection's table",
						get_rel_name(relation)),
				 errhint("A collection is a table that is not temporary.")));
}

/*
 * qdrant_catalog.put_collection(name text, relation regclass, config jsonb,
 * vectors jsonb): registers a table as a collection, or replaces what the
 * catalog says about it.  vectors as qdrant.describe shows them, the column
 * not quoted, and with the member pending.
 */
Datum
qd_put_collection(PG_FUNCTION_ARGS)
{
	Oid			relation = PG_GETARG_OID(1);
	Oid			user;
	int			context;
	int64		id;

	check_may_write(relation);
	check_is_lasting_table(relation);
	check_may_create();
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(catalog_owner(),
						   context | SECURITY_LOCAL_USERID_CHANGE);
	SPI_connect();
	id = write_rows(PG_GETARG_DATUM(0), relation, PG_GETARG_DATUM(2),
					PG_GETARG_DATUM(3));
	SPI_finish();
	SetUserIdAndSecContext(user, context);
	PG_RETURN_INT64(id);
}

/* The row of an index, or none without a schema; a new version either way. */
static void
write_payload_index(Oid relation, Datum path, NullableDatum schema, bool pending)
{
	Oid			types[] = {REGCLASSOID, TEXTOID, JSONBOID, BOOLOID};
	Datum		values[] = {ObjectIdGetDatum(relation), path, schema.value,
	BoolGetDatum(pending)};

	if (!run("UPDATE qdrant_catalog.collections SET version ="
			 " pg_catalog.nextval('qdrant_catalog.collections_version_seq')"
			 " WHERE relation OPERATOR(pg_catalog.=) $1 RETURNING id",
			 1, types, values))
		ereport(ERROR,
				(errcode(QD_ERRCODE_NO_COLLECTION),
				 errmsg("table \"%s\" is no collection",
						get_rel_name(relation))));
	run("DELETE FROM qdrant_catalog.payload_indexes p"
		" USING qdrant_catalog.collections c"
		" WHERE c.relation OPERATOR(pg_catalog.=) $1"
		" AND p.collection_id OPERATOR(pg_catalog.=) c.id"
		" AND p.path OPERATOR(pg_catalog.=) $2", 2, types, values);
	if (!schema.isnull)
		run("INSERT INTO qdrant_catalog.payload_indexes"
			" SELECT c.id, $2, $3, CASE WHEN $4 THEN c.version END"
			" FROM qdrant_catalog.collections c"
			" WHERE c.relation OPERATOR(pg_catalog.=) $1", 4, types, values);
}

/*
 * qdrant_catalog.put_payload_index(relation regclass, path text, schema jsonb,
 * pending boolean): what the catalog says of the index on a path; without a
 * schema that there is none.
 */
Datum
qd_put_payload_index(PG_FUNCTION_ARGS)
{
	NullableDatum schema = {0, true};
	Oid			relation;
	Oid			user;
	int			context;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("relation and path must not be null")));
	relation = PG_GETARG_OID(0);
	check_may_write(relation);
	if (!PG_ARGISNULL(2))
	{
		schema.value = PG_GETARG_DATUM(2);
		schema.isnull = false;
	}
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(catalog_owner(),
						   context | SECURITY_LOCAL_USERID_CHANGE);
	SPI_connect();
	write_payload_index(relation, PG_GETARG_DATUM(1), schema,
						!PG_ARGISNULL(3) && PG_GETARG_BOOL(3));
	SPI_finish();
	SetUserIdAndSecContext(user, context);
	PG_RETURN_VOID();
}
