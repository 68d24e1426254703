#!/usr/bin/env python3
"""filters.py: random filters on random payloads, ours against two judges: the
local mode of qdrant-client, which interprets filters in Python, and
qdrant-edge-py, Qdrant's engine in process.

    PGHOST=... PGPORT=... PGUSER=... filters.py [--seed N] [--rounds N] [--seconds N] [--indexes]

Every round upserts payloads into QdrantClient(":memory:"), into a shard of
qdrant-edge-py, and into a table of a database of its own (dropped at the end),
asks all three for each filter, and compares pair by pair. A second shard has
payload indexes; it judges the filters as qdrant.bind_filter binds them to a
collection with the same ones. With --indexes the table has payload indexes on paths of
the filters, others in each round, and each filter is answered three times more:
by bitmap scans, by the operator of payload indexes on the whole filter, and by
bitmap scans in a query that orders by a distance; so is the filter bound to
the semantics of indexes, which is compared with its sequential scan only. Counts and facets by indexes are compared with the rows found. The seed is printed; the same seed gives the same pairs.
Ends with 1 when an answer differs, or when too few were compared to prove much.

Local mode is not the server. Where it differs from the server's recorded
behaviour (1.19.0, no payload index), either the pair is left out, counted
under a reason of SKIPPED, or the generator does not go there:
  * text, phrase, text_any: local mode compares whole words without case, the
    server substrings. Words here are such that both agree: lower case, none
    part of another, one blank between them.
  * one predicate per field condition: local mode looks at the first, the
    server ORs them.
  * datetimes have at most microseconds, local mode cuts the rest; months and
    the like have two digits.
  * numbers stay below 2^53: local mode compares integers of any size.

Where qdrant-edge-py differs is in EDGE_SKIPPED; docs/filters.md lists both.
"""
import argparse
import collections
import json
import os
import random
import sys
import time
import uuid

import edge_judge
import psycopg
from qdrant_client import QdrantClient, models

DATABASE = "qdrant_pg_differential"
POINTS, FILTERS, INDEXES, EDGE_INDEXES = 16, 250, 90, 12
KINDS = ["keyword", "integer", "float", "bool", "datetime", "uuid", "geo"]
LEAST_COMPARED = {False: 75000, True: 35000}  # pairs of point and filter; with indexes
LEAST_INDEXED = 0.2  # of the filters' plans
ROUNDS, INDEXED_ROUNDS = 30, 11  # together 20,500 pairs of payloads and filter

SKIPPED = {
    "brackets": "local mode does not look into an array that a path ending in ] leads to",
    "inline": "inline is_empty and is_null of several values: local mode asks all, the server any",
    "null in array": "is_null: local mode counts an array holding a null, the server without an index does not",
    "no object": "nested: local mode evaluates elements that are no objects, the server passes over them",
}

EDGE_SKIPPED = {
    "boolean": "the package takes false for the integer 0",
    "slice": "the package has no such condition",
    "null in array": "is_null without an index: qdrant-edge-py counts an array holding a null, the server does not",
    "empty should": "nested: to qdrant-edge-py an empty should admits nothing, elsewhere all",
    "nested is_empty": "is_empty in nested, of a key with an index: qdrant-edge-py misses points some of whose elements have values",
    "empty min_should": "min_should of no conditions: qdrant-edge-py passes over it beside what an index or ids serve",
    "indexed inline": "inline is_empty and is_null of several values with an index: qdrant-edge-py asks all, the server any",
}

WORDS = ["red", "blue", "green", "quick", "fox", "lazy", "dög", "мир"]
KEYS = [("a",), ("b",), ("tags",), ("o", "x"), ("o", "y"), ("o",), ("l",), ("l", "[]"), ("l", "[]", "x"),
        ("l", "[]", "y", "[]"), ("l", "[0]", "x"), ("l", "[1]"), ("tags", "[]"), ("tags", "[1]"), ("d",),
        ("g",), ("odd key",), ("o", "p.q"), ("missing",), ("l", "[]", "m", "[]", "x"), ("l", "[]", "m")]
NESTED = [("l",), ("l", "[]"), ("l", "[]", "m"), ("o", "l"), ("missing",), ("a",)]
PLACES = [(13.4, 52.52), (-0.12, 51.5), (2.35, 48.85), (139.7, 35.7), (179.5, -17.0), (-179.5, -16.0), (0, 0), (5, 5), (10, 10)]
DATES = ["2024-01-01T00:00:00Z", "2024-01-01T02:00:00+02:00", "2024-01-01 00:00:00", "2024-01-01T00:00:00.000001Z",
         "2024-01-01", "2023-06-15T12:30:00.123456+0530", "2023-06-15 12:30", "2023-06-15T12:30", "1969-12-31T23:59:59Z",
         "2024-02-29", "2023-02-29", "yesterday", "2024-01-01t00:00:00z", "2024-01-01 00:00:00 UTC", ""]
BOUNDS = ["2024-01-01T00:00:00Z", "2023-06-15T07:00:00Z", "1970-01-01T00:00:00+00:00", "2024-01-01T00:00:00.000001Z",
          "2024-02-29T00:00:00+01:00"]


class Generator:
    """Makes payloads and filters; remembers the steps of the keys it wrote."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.steps = {}

    def maybe(self, p):
        return self.r.random() < p

    # payloads

    def text(self):
        return " ".join(self.r.choice(WORDS) for _ in range(self.r.choice([0, 1, 1, 1, 2, 4])))

    def scalar(self):
        r = self.r
        return r.choice([None, True, False, self.text(), self.text(), r.randint(-3, 3), r.randint(-3, 3),
                         r.choice([0.5, 1.0, 2.5, -2.0, 1e10]), r.choice(DATES), "", str(r.randint(-1, 2))])

    def place(self):
        lon, lat = self.r.choice(PLACES)
        place = {"lon": lon, "lat": lat}
        if self.maybe(0.15):
            place = self.r.choice([{"lon": lon}, {"lon": str(lon), "lat": lat}, {"lon": 200, "lat": 10}, {"lat": None, "lon": 1}])
        return place

    def value(self, depth=0):
        p = self.r.random()
        if p < 0.6 or depth > 2:
            return self.scalar()
        if p < 0.85:
            return [self.value(depth + 1) for _ in range(self.r.choice([0, 1, 2, 3]))]
        if p < 0.9:
            return self.place()
        return self.object(depth + 1)

    def object(self, depth=0):
        o = {}
        for key in ("x", "y", "p.q"):
            if self.maybe(0.6):
                o[key] = self.value(depth + 1)
        for key in ("l", "m"):
            if self.maybe(0.4):
                o[key] = [self.object(depth + 1) for _ in range(self.r.choice([0, 1, 2]))] if depth < 3 else []
        return o

    def payload(self):
        p = {}
        for key in ("a", "b", "odd key"):
            if self.maybe(0.7):
                p[key] = self.value()
        if self.maybe(0.8):
            p["tags"] = [self.scalar() for _ in range(self.r.choice([0, 1, 2, 3]))]
        if self.maybe(0.8):
            p["o"] = self.object() if self.maybe(0.9) else self.value()
        if self.maybe(0.8):
            p["l"] = [self.object() if self.maybe(0.9) else self.value() for _ in range(self.r.choice([0, 1, 2, 3]))]
        if self.maybe(0.7):
            p["d"] = self.r.choice(DATES) if self.maybe(0.7) else [self.r.choice(DATES) for _ in range(2)]
        if self.maybe(0.7):
            p["g"] = self.place() if self.maybe(0.7) else [self.place() for _ in range(2)]
        return p

    # filters

    def key(self, choices, inside):
        steps = self.r.choice(choices)
        if inside:
            steps = self.r.choice([("x",), ("y",), ("p.q",), ("y", "[]"), ("m", "[]", "x"), ("m",), ("missing",)])
        text = ""
        for step in steps:
            if step[0] == "[":
                text += step
            else:
                plain = step.isalnum() and self.maybe(0.9)
                text += ("." if text else "") + (step if plain else f'"{step}"')
        self.steps[text] = steps
        return text

    def numbers(self):
        r = self.r
        return {name: r.choice([-2, 0, 1, 1.0, 2.5, 3, None])
                for name in r.sample(["lt", "gt", "lte", "gte"], r.choice([1, 1, 2]))}

    def ring(self):
        lon, lat = self.r.uniform(-20, 140), self.r.uniform(-30, 50)
        w, h = self.r.uniform(5, 60), self.r.uniform(5, 40)
        corners = [(lon, lat), (lon + w, lat + h / 3), (lon + w / 2, lat + h), (lon - 5, lat + h / 2)]
        if self.maybe(0.3):
            corners = [(0, 0), (10, 0), (10, 10), (0, 10)]
        if self.maybe(0.5):
            corners.reverse()
        corners.append(corners[0])
        return {"points": [{"lon": max(-180, min(180, x)), "lat": max(-90, min(90, y))} for x, y in corners]}

    def geo(self):
        def corner(lon, lat):
            return {"lon": max(-180, min(180, lon)), "lat": max(-90, min(90, lat))}
        r = self.r
        kind = r.randrange(3)
        lon, lat = r.choice(PLACES)
        if kind == 0:
            w, h = r.choice([0, 1, 10, 60, 359]), r.choice([0, 1, 10, 60])
            box = [lon - w, lon + w] if self.maybe(0.8) else [170, -170]
            return {"geo_bounding_box": {"top_left": corner(box[0], lat + h), "bottom_right": corner(box[1], lat - h)}}
        if kind == 1:
            return {"geo_radius": {"center": corner(lon, lat), "radius": r.choice([-1, 0, 1, 500000, 1e6, 9e6, 3e7])}}
        polygon = {"exterior": self.ring()}
        if self.maybe(0.4):
            polygon["interiors"] = [self.ring()]
        return {"geo_polygon": polygon}

    def list_of(self):
        r = self.r
        if self.maybe(0.5):
            return [r.choice(WORDS + ["", "0", "1"]) for _ in range(r.choice([0, 1, 2, 5]))]
        return [r.randint(-3, 3) for _ in range(r.choice([1, 2, 4]))]

    def match(self):
        r = self.r
        kind = r.choice(["value", "value", "any", "except", "text", "text_any", "phrase", "prefix"])
        if kind == "value":
            return {kind: r.choice([r.choice(WORDS), r.randint(-3, 3), r.randint(-3, 3), True, False, "", "1", self.text()])}
        if kind in ("any", "except"):
            return {kind: self.list_of()}
        if kind == "text":
            return {kind: r.choice(WORDS)}
        if kind == "prefix":
            return {kind: r.choice(["", "r", "quick", "мир ", "2024-01", "Red"])}
        return {kind: " ".join(r.choice(WORDS) for _ in range(r.choice([1, 2])))}

    def field(self, inside):
        r = self.r
        kind = r.randrange(10)
        key = self.key(KEYS, inside)
        if kind < 4:
            return {"key": key, "match": self.match()}
        if kind < 6:
            return {"key": key, "range": self.numbers()}
        if kind == 6:
            bounds = r.sample(["lt", "gt", "lte", "gte"], r.choice([1, 2]))
            return {"key": "d" if self.maybe(0.7) and not inside else key, "range": {name: r.choice(BOUNDS) for name in bounds}}
        if kind == 7:
            return {"key": key, "values_count": {name: r.randint(0, 3) for name in r.sample(["lt", "gt", "lte", "gte"], r.choice([1, 2]))}}
        if kind == 8:
            return {"key": key, r.choice(["is_empty", "is_null"]): self.maybe(0.5)}
        return {"key": "g" if self.maybe(0.7) and not inside else key} | self.geo()

    def condition(self, depth, inside):
        r = self.r
        p = r.random()
        if p < 0.62:
            return self.field(inside)
        if p < 0.7:
            return {r.choice(["is_empty", "is_null"]): {"key": self.key(KEYS, inside)}}
        if p < 0.8 and depth < 3:
            return {"nested": {"key": self.key(NESTED, inside), "filter": self.filter(depth + 1, True)}}
        if p < 0.9 and depth < 3:
            return self.filter(depth + 1, inside)
        if p < 0.94:
            return {"has_id": r.sample(self.ids, r.choice([0, 1, 5, len(self.ids) // 2]))}
        if p < 0.97:
            total = r.choice([1, 2, 3, 7])
            return {"slice": {"total": total, "index": r.randrange(total)}}
        return {"has_vector": r.choice(["u", "v", "unknown"])}

    def filter(self, depth=0, inside=False):
        r = self.r
        f = {}
        for clause in r.sample(["must", "should", "must_not", "min_should"], r.choice([1, 1, 1, 2, 3])):
            fewest = clause == "min_should" and self.maybe(0.9)
            conditions = [self.condition(depth, inside) for _ in range(r.choice([int(fewest), 1, 1, 2, 3]))]
            if clause == "min_should":
                f[clause] = {"conditions": conditions, "min_count": r.randint(1, 3)}
            elif len(conditions) == 1 and self.maybe(0.3):
                f[clause] = conditions[0]
            else:
                f[clause] = conditions
        return f


def walk(value, steps):
    """The values that a path leads to."""
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if step == "[]":
        if isinstance(value, list):
            for item in value:
                yield from walk(item, rest)
    elif step[0] == "[":
        if isinstance(value, list) and int(step[1:-1]) < len(value):
            yield from walk(value[int(step[1:-1])], rest)
    elif isinstance(value, dict) and step in value:
        yield from walk(value[step], rest)


def conditions_of(f):
    for clause in ("must", "should", "must_not"):
        found = f.get(clause) or []
        yield from found if isinstance(found, list) else [found]
    yield from (f.get("min_should") or {"conditions": []})["conditions"]


def skip_reason(f, payload, steps):
    """Why local mode can't judge this pair; None when it can."""
    for c in conditions_of(f):
        reason = None
        if "key" in c:
            values = list(walk(payload, steps[c["key"]]))
            if ("is_empty" in c or "is_null" in c) and len(values) > 1:
                reason = "inline"
            elif c["key"].endswith("]") and ("match" in c or "range" in c or "geo" in str(c.keys())) and \
                    any(isinstance(v, list) for v in values):
                reason = "brackets"
        elif "is_null" in c:
            if any(isinstance(v, list) and None in v for v in walk(payload, steps[c["is_null"]["key"]])):
                reason = "null in array"
        elif "nested" in c:
            key = steps[c["nested"]["key"]]
            for element in walk(payload, key if key[-1] == "[]" else key + ("[]",)):
                if not isinstance(element, dict):
                    reason = "no object"
                else:
                    reason = reason or skip_reason(c["nested"]["filter"], element, steps)
        elif set(c) <= {"must", "should", "must_not", "min_should"}:
            reason = skip_reason(c, payload, steps)
        if reason:
            return reason
    return None


def filters_in(f):
    """The filters that are conditions of this one, and whether in nested."""
    for c in conditions_of(f):
        if "nested" in c:
            yield c["nested"]["filter"], True
        elif set(c) <= {"must", "should", "must_not", "min_should"}:
            yield c, False


def has_empty_should(f, inside=False):
    return (inside and f.get("should") == []) or any(has_empty_should(g, inside or nested) for g, nested in filters_in(f))


def holds_null(value):
    """An array that holds a null, here or below."""
    if isinstance(value, dict):
        return any(map(holds_null, value.values()))
    return isinstance(value, list) and (None in value or any(map(holds_null, value)))


def asks_null(f):
    """For a null of a key that has no index."""
    return any("key" not in c and "as" not in c.get("is_null", {"as": None}) for c in conditions_of(f)) or \
        any(asks_null(g) for g, _ in filters_in(f))


def has_empty_min_should(f):
    return not f.get("min_should", {"conditions": [f]})["conditions"] or any(has_empty_min_should(g) for g, _ in filters_in(f))


def asks_inline(f):
    """For is_empty or is_null of values of an indexed key, within a field condition."""
    return any("as" in c and "[]" in c["key"] and ("is_empty" in c or "is_null" in c) for c in conditions_of(f) if "key" in c) or \
        any(asks_inline(g) for g, _ in filters_in(f))


def asks_empty_in_nested(f, inside=False):
    return (inside and any("key" not in c and "is_empty" in c for c in conditions_of(f))) or \
        any(asks_empty_in_nested(g, inside or nested) for g, nested in filters_in(f))


def edge_skip_reason(f, payload, indexed):
    """Why qdrant-edge-py can't judge this pair; None when it can."""
    if has_empty_should(f):
        return "empty should"
    if has_empty_min_should(f):
        return "empty min_should"
    if asks_inline(f):
        return "indexed inline"
    if indexed and asks_empty_in_nested(f):
        return "nested is_empty"
    if asks_null(f) and holds_null(payload):
        return "null in array"
    return None


def needs_point(f):
    return any("has_id" in c or "slice" in c or "has_vector" in c or
               (set(c) <= {"must", "should", "must_not", "min_should"} and needs_point(c))
               for c in conditions_of(f))


def local_answers(points, filters):
    client = QdrantClient(":memory:")
    params = models.VectorParams(size=1, distance=models.Distance.DOT)
    client.create_collection("c", vectors_config={"u": params, "v": params})
    client.upsert("c", [models.PointStruct(id=i, payload=p, vector={name: [1.0] for name in names}) for i, p, names in points])
    for f in filters:
        found, _ = client.scroll("c", scroll_filter=models.Filter.model_validate(f), limit=len(points), with_payload=False)
        yield {str(record.id) for record in found}


def kinds_for(condition):
    """The kinds of index that may serve a condition, and one that may not."""
    text = json.dumps(condition)
    match = condition.get("match", {})
    values = [match.get("value", match.get("prefix"))] + match.get("any", [])
    if any(isinstance(v, bool) for v in values):
        return ["bool", "integer"]
    if any(isinstance(v, int) for v in values) or ("range" in condition and "T" not in text):
        return ["integer", "float", "keyword"]
    if "range" in condition:
        return ["datetime", "float"]
    if "geo_" in text:
        return ["geo", "keyword"]
    return ["keyword", "keyword", "uuid", "bool"] if match else KINDS


def wanted_indexes(g, f, prefix=""):
    """Path and kind for each condition of the filter."""
    for c in conditions_of(f):
        if "nested" in c:
            key = prefix + c["nested"]["key"]
            yield from wanted_indexes(g, c["nested"]["filter"], (key if key.endswith("[]") else key + "[]") + ".")
        elif set(c) <= {"must", "should", "must_not", "min_should"}:
            yield from wanted_indexes(g, c, prefix)
        elif "key" in c:
            yield prefix + c["key"], g.r.choice(kinds_for(c))
        elif "is_empty" in c or "is_null" in c:
            yield prefix + (c.get("is_empty") or c["is_null"])["key"], g.r.choice(KINDS)


def create_indexes(connection, g, filters):
    """Some indexes that the filters can use; half of them before there are rows."""
    connection.execute("DROP TABLE points")
    connection.execute("CREATE TABLE points (id point_id, payload jsonb, present text[])")
    wanted = sorted({index for f in filters for index in wanted_indexes(g, f)})
    statements = ["CREATE INDEX ON points USING gin (payload qdrant_{}_ops (path = '{}'))".format(kind, path)
                  for path, kind in g.r.sample(wanted, min(INDEXES, len(wanted)))]
    for statement in statements[::2]:
        connection.execute(statement)
    return statements[1::2]


def bind(g, f):
    """The filter with the semantics of an index, under "as", in some conditions."""
    if isinstance(f, list):
        return [bind(g, item) for item in f]
    if not isinstance(f, dict):
        return f
    f = {key: bind(g, value) for key, value in f.items()}
    if "key" in f and len(f) == 2 and "filter" not in f and g.maybe(0.8):
        f["as"] = {"type": g.r.choice(kinds_for(f))}
    return f


def indexed_answers(connection, text, count):
    """The filter's rows in other ways, each with a name."""
    bitmap = "SELECT id::text FROM points WHERE payload @@@ %s::text::payload_filter"
    connection.execute("SET enable_seqscan = off")
    plan = "\n".join(row[0] for row in connection.execute("EXPLAIN (COSTS OFF) " + bitmap, (text,)))
    count["indexed plans"] += "Bitmap Index Scan" in plan
    count["plans"] += 1
    yield plan, connection.execute(bitmap, (text,))
    ordered = bitmap + " ORDER BY '[1]'::vector <-> '[2]'::vector LIMIT 1000"
    yield "ordered by distance", connection.execute(ordered, (text,))
    yield "@@>", connection.execute(bitmap.replace("@@@", "@@>"), (text,))
    connection.execute("SET enable_seqscan = on")


def compare_indexed(connection, text, count):
    sql = "SELECT id::text FROM points WHERE payload @@@ %s::text::payload_filter"
    found = {row[0] for row in connection.execute(sql, (text,))}
    counted = connection.execute("SELECT qdrant_catalog.count_rows('points', %s::text::payload_filter, true)", (text,)).fetchone()[0]
    assert counted == len(found), f"counted by indexes {counted} instead of {len(found)} rows: {text}"
    for name, rows in indexed_answers(connection, text, count):
        rows = {row[0] for row in rows}
        assert found == rows, f"an index changed the answer, by {found ^ rows}: {text}\n{name}"


def disturb(connection, g):
    """Dead rows, pending insertions and all-visible blocks, with the same points."""
    if g.maybe(0.5):
        connection.execute("VACUUM points")
    if g.maybe(0.7):
        connection.execute("CREATE TEMP TABLE moved AS SELECT * FROM points WHERE random() < 0.3")
        connection.execute("DELETE FROM points WHERE id IN (SELECT id FROM moved)")
        if g.maybe(0.5):
            connection.execute("VACUUM points")
        connection.execute("INSERT INTO points SELECT * FROM moved; DROP TABLE moved")


def compare_facets(connection, g, filters):
    """Facets by the keys of indexes, and by the values of the rows that a filter admits."""
    for f in filters[:20]:
        if needs_point(f):
            continue
        kind, path = g.r.choice(["keyword", "integer", "bool", "uuid"]), g.r.choice(["a", "b", "tags", "o.x", "l[].x"])
        connection.execute(f"CREATE INDEX facets ON points USING gin (payload qdrant_{kind}_ops (path = '{path}'))")
        text = json.dumps(f)
        by_index = connection.execute("SELECT value, count FROM qdrant_catalog.facet_rows('points', %s, %s, %s::text::payload_filter, 7, true)",
                                      (path, kind, text)).fetchall()
        by_rows = connection.execute(f"""SELECT v::text, count(*) FROM points, unnest(qdrant_catalog.{kind}_values(payload, %s)) v
            WHERE payload @@@ %s::text::payload_filter GROUP BY v ORDER BY 2 DESC, v {'COLLATE "C"' if kind in ("keyword", "uuid") else ""} LIMIT 7""", (path, text)).fetchall()
        connection.execute("DROP INDEX facets")
        assert by_index == by_rows, f"facet of {path} as {kind}: {by_index} instead of {by_rows}: {text}"


def our_answers(connection, g, points, filters, later, count):
    connection.execute("TRUNCATE points")
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO points VALUES (%s::text::point_id, %s, %s)",
                           [(str(i), json.dumps(p), names) for i, p, names in points])
    for statement in later or []:
        connection.execute(statement)
    if later is not None:
        disturb(connection, g)
        compare_facets(connection, g, filters)
    found = ask_all(connection, "qdrant.matches(id, payload, present, f)", filters)
    without_point = [n for n, f in enumerate(filters) if not needs_point(f)]
    for n, rows in zip(without_point, ask_all(connection, "payload @@@ f", [filters[n] for n in without_point])):
        assert found[n] == rows, f"@@@ and matches differ: {filters[n]}"
        if later is not None:
            compare_indexed(connection, json.dumps(filters[n]), count)
            compare_indexed(connection, json.dumps(bind(g, filters[n])), count)
    return found


def ask_all(connection, condition, filters):
    """The ids that satisfy the condition on each filter f, in one statement."""
    sql = f"""SELECT n, array_agg(id::text) FROM points, (SELECT text::payload_filter AS f, n
        FROM unnest(%s::text[]) WITH ORDINALITY u(text, n) OFFSET 0) s WHERE {condition} GROUP BY n"""
    found = [set() for _ in filters]
    for n, ids in connection.execute(sql, ([json.dumps(f) for f in filters],)):
        found[n - 1] = set(ids)
    return found


def bound_filters(connection, g, filters):
    """Some indexes, and the filters as a collection with them binds them."""
    wanted = dict(sorted({index for f in filters for index in wanted_indexes(g, f)}, key=lambda _: g.r.random()))
    indexes = g.r.sample(sorted(wanted.items()), min(EDGE_INDEXES, len(wanted)))
    config = {"vectors": {"size": 1, "distance": "Dot"}}
    connection.execute("SELECT qdrant.create_collection('bound', %s::text::jsonb)", (json.dumps(config),))
    for path, kind in indexes:
        connection.execute("SELECT qdrant.create_payload_index('bound', %s, %s::text::jsonb)", (path, json.dumps(kind)))
    bind_sql = "SELECT qdrant.bind_filter('bound', %s::text::payload_filter)::text"
    bound = [json.loads(connection.execute(bind_sql, (json.dumps(f),)).fetchone()[0]) for f in filters]
    connection.execute("SELECT qdrant.drop_collection('bound')")
    return indexes, bound


def judge_by_edge(points, filters, asked, ours, indexes, count):
    """How many pairs differ; asked are the filters as we were asked them."""
    different = 0
    for f, as_asked, found, theirs in zip(filters, asked, ours, edge_judge.answers(points, filters, indexes)):
        for i, payload, names in points:
            reason = theirs if isinstance(theirs, str) else edge_skip_reason(as_asked, payload, bool(indexes))
            count["edge: " + (reason or "compared")] += 1
            if reason is None and (str(i) in found) != (str(i) in theirs):
                different += 1
                count["edge: compared and different"] += 1
                if count["edge: compared and different"] <= 5:
                    show("qdrant-edge-py", str(i) in found, (i, payload, names), as_asked)
    return different


def show(judge, ours, point, f):
    print(f"different: ours {ours}, {judge} {not ours}\n  id {point[0]} vectors {point[2]}\n"
          f"  payload {json.dumps(point[1], ensure_ascii=False)}\n  filter  {json.dumps(f, ensure_ascii=False)}")


def compare_round(connection, g, count, indexes):
    g.ids = list(range(1, POINTS // 2)) + [str(uuid.UUID(int=g.r.getrandbits(128))) for _ in range(POINTS // 2)]
    points = [(i, g.payload(), [name for name in "uv" if g.maybe(0.6)]) for i in g.ids]
    filters = [g.filter() for _ in range(FILTERS)]
    different = 0
    later = create_indexes(connection, g, filters) if indexes else None
    answers = our_answers(connection, g, points, filters, later, count)
    count["filters"] += len(filters) + len(filters)  # and those that are bound
    different += judge_by_edge(points, filters, filters, answers, (), count)
    edge_indexes, bound = bound_filters(connection, g, filters)
    different += judge_by_edge(points, filters, bound, our_answers(connection, g, points, bound, None, count), edge_indexes, count)
    for f, ours, theirs in zip(filters, answers, local_answers(points, filters)):
        for i, payload, names in points:
            reason = skip_reason(f, payload, g.steps)
            count[reason or "compared"] += 1
            count["true"] += reason is None and str(i) in theirs
            if reason is None and (str(i) in ours) != (str(i) in theirs):
                different += 1
                if different <= 5:
                    show("local mode", str(i) in ours, (i, payload, names), f)
    return different


def server(database):
    return psycopg.connect(host=os.environ.get("PGHOST"), port=os.environ.get("PGPORT"),
                           user=os.environ.get("PGUSER"), dbname=database, autocommit=True, prepare_threshold=None)


def run(seed, rounds, seconds, indexes):
    start = time.monotonic()
    count = collections.Counter()
    different = 0
    with server(DATABASE) as connection:
        connection.execute("CREATE EXTENSION qdrant_pg")
        connection.execute("SET jit = off")
        connection.execute("CREATE TABLE points (id point_id, payload jsonb, present text[])")
        g = Generator(seed)
        for _ in range(rounds):
            if time.monotonic() - start > seconds:
                break
            different += compare_round(connection, g, count, indexes)
    print(f"filters: seed {seed}, {count['filters']} filters on payloads, {different} answers different, "
          f"{time.monotonic() - start:.1f} s\n"
          f"  {count['compared']} points and filters compared with local mode ({count['true']} true)")
    if indexes:
        print(f"  {count['indexed plans']} of {count['plans']} filters answered by payload indexes")
    for reason, why in SKIPPED.items():
        print(f"  {count[reason]} left out: {why}")
    print(f"  {count['edge: compared']} compared with qdrant-edge-py, half of them with payload indexes")
    for reason, why in EDGE_SKIPPED.items():
        print(f"  {count['edge: ' + reason]} left out: {why}")
    return (different == 0 and min(count["compared"], count["edge: compared"]) >= LEAST_COMPARED[indexes] and
            (not indexes or count["indexed plans"] >= LEAST_INDEXED * count["plans"]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int, default=100, help="after which no round begins")
    parser.add_argument("--indexes", action="store_true")
    args = parser.parse_args()
    with server("postgres") as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        admin.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            ok = run(args.seed, args.rounds or (INDEXED_ROUNDS if args.indexes else ROUNDS), args.seconds, args.indexes)
        finally:
            admin.execute(f"DROP DATABASE {DATABASE}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
