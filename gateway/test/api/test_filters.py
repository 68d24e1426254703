"""Every condition of filters, asked in every way there is: a sequential scan,
bitmaps of payload indexes, the vector index with the filter as its condition
(again and again, so that kept rows answer, too), scroll, count and search of the API over
REST and gRPC; without payload indexes, and with them."""
import json

import pytest
from qdrant_client import QdrantClient, models

POINTS = 400
CITIES = ["Berlin", "London", "Paris", "New York", "Berlin Mitte"]
PLACES = [(13.4, 52.5), (-0.12, 51.5), (2.35, 48.85), (139.7, 35.7), (-73.9, 40.7)]
LON, LAT = ("lon", "lat")


def place(i):
    return dict(zip((LON, LAT), PLACES[i % 5]))


def payload(i):
    p = {"n": i % 50, "price": i * 0.25, "flag": i % 3 == 0, "at": f"2024-{i % 12 + 1:02}-{i % 28 + 1:02}T{i % 24:02}:00:00Z",
         "uid": f"550e8400-e29b-41d4-a716-4466554{i % 20:05}", "place": place(i), "text": f"The quick fox number {i % 9} jumps",
         "tags": [f"t{j}" for j in range(i % 4)], "odd key": {"x": i % 2}, "items": [{"a": i % 3, "b": i % 5}, {"a": i % 7, "b": 9}]}
    if i % 5:
        p["city"] = CITIES[i % 5] if i % 10 else [CITIES[i % 5], "Rome"]
    if i % 6 == 0:
        p["maybe"] = None
    elif i % 6 == 1:
        p["maybe"] = [None, 1]
    elif i % 6 == 2:
        p["maybe"] = []
    elif i % 6 == 3:
        p["maybe"] = "x"
    if i % 11 == 0:
        p |= {"n": str(i), "price": [1, "x"], "place": [place(i), place(i + 1)], "flag": "yes", "at": "yesterday"}
    return p


def box(west, north, east, south):
    return {"top_left": {LON: west, LAT: north}, "bottom_right": {LON: east, LAT: south}}


def ring(*corners):
    return {"points": [dict(zip((LON, LAT), corner)) for corner in corners]}


CONDITIONS = {
    "match keyword": {"key": "city", "match": {"value": "London"}},
    "match integer": {"key": "n", "match": {"value": 7}},
    "match boolean": {"key": "flag", "match": {"value": True}},
    "match uuid": {"key": "uid", "match": {"value": "550e8400-e29b-41d4-a716-446655400003"}},
    "any of keywords": {"key": "city", "match": {"any": ["Paris", "Rome"]}},
    "any of integers": {"key": "n", "match": {"any": [1, 2, 30]}},
    "except keywords": {"key": "city", "match": {"except": ["Paris", "London"]}},
    "except integers": {"key": "n", "match": {"except": [1, 2, 30]}},
    "text": {"key": "text", "match": {"text": "number 3"}},
    "text_any": {"key": "text", "match": {"text_any": "4 5"}},
    "phrase": {"key": "text", "match": {"phrase": "fox number 8"}},
    "prefix": {"key": "city", "match": {"prefix": "Ber"}},
    "range of integers": {"key": "n", "range": {"gt": 10, "lte": 14}},
    "range of floats": {"key": "price", "range": {"gte": 20.25, "lt": 30.5}},
    "range of datetimes": {"key": "at", "range": {"gte": "2024-03-01T00:00:00Z", "lt": "2024-04-15T12:00:00+02:00"}},
    "values_count": {"key": "tags", "values_count": {"gte": 2}},
    "values_count of none": {"key": "tags", "values_count": {"lt": 1}},
    "bounding box": {"key": "place", "geo_bounding_box": box(-10, 55, 5, 45)},
    "bounding box over the date line": {"key": "place", "geo_bounding_box": box(120, 60, -60, 30)},
    "radius": {"key": "place", "geo_radius": {"center": dict(zip((LON, LAT), (13, 52))), "radius": 500000}},
    "polygon": {"key": "place", "geo_polygon": {"exterior": ring((-5, 45), (20, 45), (20, 60), (-5, 60), (-5, 45))}},
    "polygon with a hole": {"key": "place", "geo_polygon": {
        "exterior": ring((-5, 45), (20, 45), (20, 60), (-5, 60), (-5, 45)),
        "interiors": [ring((10, 50), (15, 50), (15, 55), (10, 55), (10, 50))]}},
    "polygon that crosses itself": {"key": "place", "geo_polygon": {"exterior": ring((0, 60), (-6, 42), (10, 53), (-10, 53), (6, 42), (0, 60))}},
    "is_empty": {"is_empty": {"key": "maybe"}},
    "is_null": {"is_null": {"key": "maybe"}},
    "inline is_empty": {"key": "maybe", "is_empty": False},
    "inline is_null": {"key": "maybe", "is_null": True},
    "nested": {"nested": {"key": "items", "filter": {"must": [
        {"key": "a", "match": {"value": 2}}, {"key": "b", "range": {"lt": 3}}]}}},
    "path into arrays": {"key": "items[].a", "match": {"value": 6}},
    "path with an index": {"key": "items[0].a", "match": {"value": 1}},
    "quoted path": {"key": "\"odd key\".x", "match": {"value": 1}},
    "has_id": {"has_id": [3, 5, 100, 100000]},
    "slice": {"slice": {"total": 4, "index": 1}},
    "filter in a filter": {"should": [{"key": "n", "match": {"value": 3}}, {"must_not": [{"key": "price", "range": {"lt": 95}}]}]},
}
FILTERS = {name: {"must": [c]} for name, c in CONDITIONS.items()} | {
    "must_not": {"must_not": [CONDITIONS["match keyword"], CONDITIONS["is_empty"]]},
    "should": {"should": [CONDITIONS["match integer"], CONDITIONS["radius"], CONDITIONS["prefix"]]},
    "min_should": {"min_should": {"conditions": [CONDITIONS["match boolean"], CONDITIONS["text_any"], CONDITIONS["prefix"]], "min_count": 2}},
    "all clauses": {"must": [CONDITIONS["range of floats"]], "should": [CONDITIONS["match keyword"], CONDITIONS["prefix"]],
                    "must_not": [CONDITIONS["values_count"]]},
    "has_vector": {"must": [{"has_vector": ""}, CONDITIONS["match integer"]]},
    "not has_vector": {"must_not": [{"has_vector": "none"}, CONDITIONS["match integer"]]},
}
INDEXES = {"city": "keyword", "n": "integer", "flag": "bool", "uid": "uuid", "price": "float", "at": "datetime", "place": "geo",
           "text": {"type": "text", "tokenizer": "word", "phrase_matching": True}, "maybe": "keyword", "items[].a": "integer", "items[].b": "integer"}
NEED_POINT = {"has_id", "slice", "has_vector", "not has_vector"}
SCANS = {"sequential": (True, False, False), "bitmap": (False, True, False), "vector": (False, False, True)}


def condition(name, f):
    literal = "'" + json.dumps(f).replace("'", "''") + "'::payload_filter"
    if name in NEED_POINT:
        return f"qdrant.matches(id, payload, '{{\"\"}}'::text[], {literal})"
    return f"payload @@@ {literal}"


def select(name, f, way):
    where = f"FROM qdrant.everything WHERE {condition(name, f)}"
    if way == "vector":
        return f"SELECT id {where} ORDER BY embedding <=> '[1, 2, 3, 4]' LIMIT 1000"
    return f"SELECT id {where}"


def by_sql(postgres, filters):
    """The points of each filter, by each scan; and the plans."""
    text = ""
    for way, switches in SCANS.items():
        for setting, on in zip(("seqscan", "bitmapscan", "indexscan"), switches):
            text += f"SET enable_{setting} = {on}; SET enable_sort = {way != 'vector'};"
        for name, f in filters.items():
            again = 4 if way == "vector" else 1
            text += f"SELECT '{name}|{way}|' || coalesce(string_agg(id::text, ','), '') FROM ({select(name, f, way)}) s;" * again
    found = {}
    for line in postgres.sql(text).splitlines():
        name, way, ids = line.split("|")
        ids = set(map(int, filter(None, ids.split(","))))
        assert found.setdefault((name, way), ids) == ids, f"another answer the next time: {name}, {way}"
    return found


def plan(postgres, name, f, way):
    switches = "".join(f"SET enable_{setting} = {on};" for setting, on in zip(("seqscan", "bitmapscan", "indexscan"), SCANS[way]))
    return postgres.sql(switches + "SET enable_sort = off; EXPLAIN (COSTS OFF) " + select(name, f, way))


def by_api(client, f):
    f = models.Filter.model_validate(f)
    ids = {p.id for p in client.scroll("everything", scroll_filter=f, limit=1000)[0]}
    assert client.count("everything", count_filter=f, exact=True).count == len(ids)
    for query in ([1.0, 2, 3, 4], [-1.0, 2, 0, 1], [1.0, 0, 0, 0]):
        assert {p.id for p in client.query_points("everything", query=query, query_filter=f, limit=1000).points} == ids
    return ids


@pytest.fixture(scope="module")
def clients(gateway):
    clients = [QdrantClient(host="127.0.0.1", port=gateway.http_port, grpc_port=gateway.grpc_port, prefer_grpc=grpc,
                            https=False, timeout=60) for grpc in (False, True)]
    clients[0].create_collection("everything", models.VectorParams(size=4, distance=models.Distance.COSINE))
    clients[0].upsert("everything", [models.PointStruct(id=i, vector=[i % 7 + 1, i % 11, i % 13, -i % 5], payload=payload(i))
                                     for i in range(1, POINTS + 1)])
    yield clients
    clients[0].delete_collection("everything")


def check(postgres, clients, bound):
    by_scan = by_sql(postgres, bound)
    for name, f in FILTERS.items():
        answer = by_scan[name, "sequential"]
        assert 0 < len(answer) < POINTS, f"{name} says nothing"
        for way in SCANS:
            assert by_scan[name, way] == answer, f"{name}, {way}"
        for client in clients:
            assert by_api(client, f) == answer, f"{name}, API"


def test_every_condition_in_every_way(postgres, clients):
    check(postgres, clients, FILTERS)
    for path, schema in INDEXES.items():
        clients[0].create_payload_index("everything", path, models.TextIndexParams(**schema) if isinstance(schema, dict) else schema)
    postgres.sql("ANALYZE qdrant.everything")
    bound = {name: json.loads(postgres.sql("SELECT qdrant.bind_filter('everything', '" + json.dumps(f) + "')"))
             for name, f in FILTERS.items()}
    check(postgres, clients, bound)
    for name in ("match keyword", "match integer", "match uuid", "range of floats", "range of datetimes", "text", "radius", "prefix",
                 "any of keywords", "path into arrays", "is_null", "is_empty", "should"):
        assert "Bitmap Index Scan" in plan(postgres, name, bound[name], "bitmap"), name
        assert "Index Cond: (payload @@@ " in plan(postgres, name, bound[name], "vector"), name
