"""edge_judge.py: qdrant-edge-py, Qdrant's own engine in process, as a judge of
filters: the points of a round in a shard without payload indexes, and filters
from JSON to its classes.
"""
import tempfile

import qdrant_edge as edge

CLAUSES = {"must", "should", "must_not", "min_should"}


class Unsupported(Exception):
    """Qdrant has the condition, this package has not."""


def place(p):
    return edge.GeoPoint(float(p["lon"]), float(p["lat"]))


def match_of(m):
    (kind, value), = m.items()
    if isinstance(value, bool):
        raise Unsupported("boolean")  # it takes false for the integer 0
    return {"value": edge.MatchValue, "text": edge.MatchText, "text_any": edge.MatchTextAny, "phrase": edge.MatchPhrase,
            "prefix": edge.MatchPrefix, "any": edge.MatchAny, "except": edge.MatchExcept}[kind](value)


def range_of(bounds):
    given = {name: value for name, value in bounds.items() if value is not None}
    if any(isinstance(value, str) for value in given.values()):
        return edge.RangeDateTime(**given)
    return edge.RangeFloat(**{name: float(value) for name, value in given.items()})


def predicate_of(name, value):
    if name == "match":
        return match_of(value)
    if name == "range":
        return range_of(value)
    if name == "values_count":
        return edge.ValuesCount(**value)
    if name == "geo_bounding_box":
        return edge.GeoBoundingBox(place(value["top_left"]), place(value["bottom_right"]))
    if name == "geo_radius":
        return edge.GeoRadius(place(value["center"]), float(value["radius"]))
    if name == "geo_polygon":
        rings = [[place(p) for p in ring["points"]] for ring in [value["exterior"], *value.get("interiors", [])]]
        return edge.GeoPolygon(rings[0], rings[1:] or None)
    return value  # is_empty, is_null


def condition_of(c):
    if set(c) <= CLAUSES:
        return filter_of(c)
    if "key" in c:
        return edge.FieldCondition(c["key"], **{name: predicate_of(name, value) for name, value in c.items() if name != "key"})
    (kind, value), = c.items()
    if kind == "is_empty":
        return edge.IsEmptyCondition(value["key"])
    if kind == "is_null":
        return edge.IsNullCondition(value["key"])
    if kind == "nested":
        return edge.NestedCondition(value["key"], filter_of(value["filter"]))
    if kind == "has_id":
        return edge.HasIdCondition(set(value))
    if kind == "has_vector":
        return edge.HasVectorCondition(value)
    raise Unsupported(kind)


def filter_of(f):
    parts = {}
    for clause in ("must", "should", "must_not"):
        if clause in f:
            conditions = f[clause] if isinstance(f[clause], list) else [f[clause]]
            parts[clause] = [condition_of(c) for c in conditions]
    if "min_should" in f:
        parts["min_should"] = edge.MinShould([condition_of(c) for c in f["min_should"]["conditions"]],
                                             f["min_should"]["min_count"])
    return edge.Filter(**parts)


def answers(points, filters, indexes=()):
    """For each filter the ids that it finds, or why there is no answer."""
    with tempfile.TemporaryDirectory() as folder:
        params = {name: edge.EdgeVectorParams(size=1, distance=edge.Distance.Dot) for name in "uv"}
        shard = edge.EdgeShard.create(folder, edge.EdgeConfig(vectors=params, wal_enabled=False))
        for path, kind in indexes:
            shard.update(edge.UpdateOperation.create_field_index(path, getattr(edge.PayloadSchemaType, kind.capitalize())))
        shard.update(edge.UpdateOperation.upsert_points(
            [edge.Point(i, {name: [1.0] for name in names}, payload) for i, payload, names in points]))
        for f in filters:
            try:
                request = edge.ScrollRequest(limit=len(points), filter=filter_of(f))
                yield {str(record.id) for record in shard.scroll(request)[0]}
            except Unsupported as e:
                yield str(e)
        shard.close()
