-- What the extension puts into a database.  The queries list exceptions to a
-- rule, so that most of them find nothing, whatever a later part adds.

-- the objects are in the schemas that are ours
SELECT pg_describe_object(classid, objid, 0)
FROM pg_depend,
	pg_identify_object(classid, objid, 0)
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
	AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'qdrant_pg')
	AND schema NOT IN ('public', 'qdrant', 'qdrant_catalog');

CREATE VIEW extension_functions AS
SELECT p.*
FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid
WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'qdrant_pg');

-- everything about types is immutable (but selectivity, which reads
-- statistics), and all of it parallel safe
SELECT oid::regprocedure FROM extension_functions
WHERE pronamespace = 'public'::regnamespace
	AND prorettype <> 'index_am_handler'::regtype
	AND (provolatile <> 'i' OR proparallel <> 's')
	AND NOT (provolatile = 's' AND proname LIKE '%sel');

-- a C function takes no NULL unless it says so
SELECT oid::regprocedure FROM extension_functions
WHERE prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
	AND pronamespace = 'public'::regnamespace AND NOT proisstrict
	AND pronargs > 0;

-- the library's symbols have our prefix
SELECT oid::regprocedure, prosrc FROM extension_functions
WHERE prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
	AND prosrc NOT LIKE 'qd\_%';

-- nobody but the owner can run a function as its owner without a fixed path
SELECT oid::regprocedure FROM extension_functions
WHERE prosecdef AND NOT coalesce(proconfig::text LIKE '%search_path=%', false);

-- operators that order or compare know their mirror image
SELECT o.oid::regoperator
FROM pg_operator o JOIN extension_functions f ON f.oid = o.oprcode
WHERE o.oprleft = o.oprright AND o.oprcom = 0
	AND o.oprname NOT IN ('-', '||');

-- operator classes are complete
SELECT opcname FROM pg_opclass c JOIN pg_depend d ON d.objid = c.oid
WHERE d.classid = 'pg_opclass'::regclass AND d.deptype = 'e'
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'qdrant_pg')
	AND NOT amvalidate(c.oid);

-- what users meet says what it is, in a line: functions but those that types, casts, aggregates and
-- operator classes are made of, and those that only the server can call
SELECT f.oid::regprocedure FROM extension_functions f
WHERE pronamespace IN ('public'::regnamespace, 'qdrant'::regnamespace)
	AND obj_description(f.oid, 'pg_proc') IS NULL
	AND prorettype <> ALL ('{internal,cstring,index_am_handler,event_trigger}'::regtype[])
	AND NOT proargtypes::oid[] && '{internal,cstring}'::regtype[]::oid[]
	AND NOT EXISTS (SELECT FROM pg_type t WHERE f.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin))
	AND NOT EXISTS (SELECT FROM pg_cast c WHERE c.castfunc = f.oid)
	AND NOT EXISTS (SELECT FROM pg_aggregate a WHERE f.oid IN (a.aggtransfn, a.aggfinalfn, a.aggcombinefn))
	AND NOT EXISTS (SELECT FROM pg_amproc p WHERE p.amproc = f.oid);
CREATE VIEW extension_descriptions AS
SELECT d.classid::regclass AS class, pg_describe_object(d.classid, d.objid, 0) AS object,
	obj_description(d.objid, d.classid::regclass::name) AS description
FROM pg_depend d
WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'qdrant_pg')
	-- members of their own from PostgreSQL 18 on
	AND NOT EXISTS (SELECT FROM pg_type t WHERE d.classid = 'pg_type'::regclass AND t.oid = d.objid AND (t.typrelid <> 0 OR t.typcategory = 'A'));
SELECT object FROM extension_descriptions
WHERE class IN ('pg_type'::regclass, 'pg_opclass'::regclass, 'pg_am'::regclass) AND description IS NULL;
SELECT object, description FROM extension_descriptions
WHERE description ~ E'\n|\\.$' OR length(description) > 120;
SELECT class, count(description) > 0 AS described FROM extension_descriptions
WHERE class IN ('pg_type'::regclass, 'pg_opclass'::regclass, 'pg_am'::regclass, 'pg_proc'::regclass)
GROUP BY class ORDER BY class::text;
DROP VIEW extension_descriptions;

-- types on the wire
SELECT typname, typlen, typalign, typstorage, typreceive, typsend, typmodin
FROM pg_type WHERE typname IN ('vector', 'point_id') ORDER BY typname;
SELECT to_regtype('vector') = 'public.vector'::regtype AS vector_is_visible,
	to_regtype('_vector') = 'vector[]'::regtype AS array_is_visible;

-- settings (known from the first call into the library on)
SELECT '1'::point_id;
SELECT name, setting, vartype, context FROM pg_settings
WHERE name IN ('qdrant_pg.ef_search', 'qdrant_pg.iterative_scan',
	'qdrant_pg.max_scan_tuples', 'qdrant_pg.simd')
ORDER BY name;
SET qdrant_pg.ef_search = 0;
SET qdrant_pg.ef_search = 10001;
SET qdrant_pg.iterative_scan = 'loose';
SET qdrant_pg.max_scan_tuples = -1;
SET qdrant_pg.simd = 'mmx';
SET qdrant_pg.no_such_setting = 1;

DROP VIEW extension_functions;

-- the schemas can be dropped with the extension, and it installs elsewhere
BEGIN;
SET LOCAL client_min_messages = warning;
DROP EXTENSION qdrant_pg CASCADE;
SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'qdrant%';
CREATE SCHEMA elsewhere;
CREATE EXTENSION qdrant_pg SCHEMA elsewhere;
SELECT '[3,4]'::elsewhere.vector OPERATOR(elsewhere.<->) '[0,0]' AS l2,
	qdrant.score('[1,2]'::elsewhere.vector, '[3,4]', 'Dot'),
	'7'::elsewhere.point_id;
ROLLBACK;
SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'qdrant_pg';
