-- The beginning of the install script, which the Makefile makes of the files here:
-- one may use what stands in those before it.  Frozen once a version is released.

\echo Use "CREATE EXTENSION qdrant_pg" to load this file. \quit

CREATE SCHEMA qdrant;
CREATE SCHEMA qdrant_catalog;
GRANT USAGE ON SCHEMA qdrant TO PUBLIC;
GRANT USAGE ON SCHEMA qdrant_catalog TO PUBLIC;
