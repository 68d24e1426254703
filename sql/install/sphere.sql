
-- Spheres: what range searches compare with.

CREATE TYPE vector_sphere AS (center vector, radius double precision);

CREATE FUNCTION sphere(center vector, radius double precision) RETURNS vector_sphere
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ROW(center, radius)::vector_sphere;

CREATE FUNCTION l2_within(vector, vector_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_l2_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION ip_within(vector, vector_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_ip_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION cosine_within(vector, vector_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_cosine_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION l1_within(vector, vector_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_l1_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR <<->> (
	LEFTARG = vector, RIGHTARG = vector_sphere, FUNCTION = l2_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

CREATE OPERATOR <<#>> (
	LEFTARG = vector, RIGHTARG = vector_sphere, FUNCTION = ip_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

CREATE OPERATOR <<=>> (
	LEFTARG = vector, RIGHTARG = vector_sphere, FUNCTION = cosine_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

CREATE OPERATOR <<+>> (
	LEFTARG = vector, RIGHTARG = vector_sphere, FUNCTION = l1_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

CREATE TYPE halfvec_sphere AS (center halfvec, radius double precision);

-- a name of its own, so that sphere('[1,2]', 0.5) is no riddle
CREATE FUNCTION halfvec_sphere(center halfvec, radius double precision) RETURNS halfvec_sphere
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ROW(center, radius)::halfvec_sphere;

CREATE FUNCTION l2_within(halfvec, halfvec_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_halfvec_l2_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION ip_within(halfvec, halfvec_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_halfvec_ip_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION cosine_within(halfvec, halfvec_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_halfvec_cosine_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION l1_within(halfvec, halfvec_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_halfvec_l1_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR <<->> (
	LEFTARG = halfvec, RIGHTARG = halfvec_sphere, FUNCTION = l2_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

CREATE OPERATOR <<#>> (
	LEFTARG = halfvec, RIGHTARG = halfvec_sphere, FUNCTION = ip_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

CREATE OPERATOR <<=>> (
	LEFTARG = halfvec, RIGHTARG = halfvec_sphere, FUNCTION = cosine_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

CREATE OPERATOR <<+>> (
	LEFTARG = halfvec, RIGHTARG = halfvec_sphere, FUNCTION = l1_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

CREATE TYPE bytevec_sphere AS (center bytevec, radius double precision);

CREATE FUNCTION bytevec_sphere(center bytevec, radius double precision) RETURNS bytevec_sphere
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ROW(center, radius)::bytevec_sphere;

CREATE FUNCTION l2_within(bytevec, bytevec_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_bytevec_l2_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION ip_within(bytevec, bytevec_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_bytevec_ip_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION cosine_within(bytevec, bytevec_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_bytevec_cosine_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION l1_within(bytevec, bytevec_sphere) RETURNS boolean
	AS 'MODULE_PATHNAME', 'qd_bytevec_l1_within' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE OPERATOR <<->> (
	LEFTARG = bytevec, RIGHTARG = bytevec_sphere, FUNCTION = l2_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

CREATE OPERATOR <<#>> (
	LEFTARG = bytevec, RIGHTARG = bytevec_sphere, FUNCTION = ip_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

CREATE OPERATOR <<=>> (
	LEFTARG = bytevec, RIGHTARG = bytevec_sphere, FUNCTION = cosine_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

CREATE OPERATOR <<+>> (
	LEFTARG = bytevec, RIGHTARG = bytevec_sphere, FUNCTION = l1_within,
	RESTRICT = contsel, JOIN = contjoinsel
);

-- One name for all of them, for statements made by programs.
CREATE FUNCTION qdrant_catalog.sphere(center vector, radius double precision) RETURNS vector_sphere
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ROW(center, radius)::vector_sphere;

CREATE FUNCTION qdrant_catalog.sphere(center halfvec, radius double precision) RETURNS halfvec_sphere
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ROW(center, radius)::halfvec_sphere;

CREATE FUNCTION qdrant_catalog.sphere(center bytevec, radius double precision) RETURNS bytevec_sphere
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN ROW(center, radius)::bytevec_sphere;

COMMENT ON TYPE vector_sphere IS 'center and radius of a range search over vector';
COMMENT ON FUNCTION sphere(vector, double precision) IS 'center and radius of a range search, for the operators <<->>, <<#>>, <<=>> and <<+>>';
COMMENT ON FUNCTION l2_within(vector, vector_sphere) IS 'Euclidean distance from the center is at most the radius';
COMMENT ON FUNCTION ip_within(vector, vector_sphere) IS 'negative inner product with the center is at most the radius';
COMMENT ON FUNCTION cosine_within(vector, vector_sphere) IS 'cosine distance from the center is at most the radius';
COMMENT ON FUNCTION l1_within(vector, vector_sphere) IS 'sum of absolute differences from the center is at most the radius';
COMMENT ON TYPE halfvec_sphere IS 'center and radius of a range search over halfvec';
COMMENT ON FUNCTION halfvec_sphere(halfvec, double precision) IS 'center and radius of a range search, for the operators <<->>, <<#>>, <<=>> and <<+>>';
COMMENT ON FUNCTION l2_within(halfvec, halfvec_sphere) IS 'Euclidean distance from the center is at most the radius';
COMMENT ON FUNCTION ip_within(halfvec, halfvec_sphere) IS 'negative inner product with the center is at most the radius';
COMMENT ON FUNCTION cosine_within(halfvec, halfvec_sphere) IS 'cosine distance from the center is at most the radius';
COMMENT ON FUNCTION l1_within(halfvec, halfvec_sphere) IS 'sum of absolute differences from the center is at most the radius';
COMMENT ON TYPE bytevec_sphere IS 'center and radius of a range search over bytevec';
COMMENT ON FUNCTION bytevec_sphere(bytevec, double precision) IS 'center and radius of a range search, for the operators <<->>, <<#>>, <<=>> and <<+>>';
COMMENT ON FUNCTION l2_within(bytevec, bytevec_sphere) IS 'Euclidean distance from the center is at most the radius';
COMMENT ON FUNCTION ip_within(bytevec, bytevec_sphere) IS 'negative inner product with the center is at most the radius';
COMMENT ON FUNCTION cosine_within(bytevec, bytevec_sphere) IS 'cosine distance from the center is at most the radius';
COMMENT ON FUNCTION l1_within(bytevec, bytevec_sphere) IS 'sum of absolute differences from the center is at most the radius';
