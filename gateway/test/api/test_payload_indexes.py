"""Payload indexes, facets and order_by through the official client, and what
goes on while a large index is built."""
import http.client
import json
import random
import threading
import time

import pytest
from qdrant_client import QdrantClient, models

from harness import Gateway, Postgres, wait_until

C = "/collections/c"


@pytest.fixture(params=[False, True], ids=["rest", "grpc"])
def client(request, gateway):
    found = QdrantClient(host="127.0.0.1", port=gateway.http_port, grpc_port=gateway.grpc_port,
                         prefer_grpc=request.param, https=False, timeout=30)
    found.delete_collection("indexes")
    found.create_collection("indexes", models.VectorParams(size=2, distance=models.Distance.DOT))
    found.upsert("indexes", [
        models.PointStruct(id=1, vector=[1, 0], payload={"city": "Berlin", "n": 3, "price": 1.5, "at": "2024-03-01T12:00:00Z", "t": "Quick fox"}),
        models.PointStruct(id=2, vector=[1, 1], payload={"city": ["Berlin", "London", "London"], "n": [1, 9], "even": True}),
        models.PointStruct(id=3, vector=[0, 1], payload={"city": "Paris", "n": 3.0, "price": -2, "at": "2023-01-05", "even": [True, False]}),
        models.PointStruct(id=4, vector=[2, 1], payload={"n": "x", "u": "550E8400-E29B-41D4-A716-446655440000", "a": [{"t": "the FOX"}]})])
    yield found
    found.delete_collection("indexes")


def schema(client):
    return client.get_collection("indexes").payload_schema


def found(client, *must):
    return [p.id for p in client.scroll("indexes", scroll_filter=models.Filter(must=must))[0]]


def test_create_list_replace_delete(client):
    assert schema(client) == {}
    result = client.create_payload_index("indexes", "city", models.PayloadSchemaType.KEYWORD, wait=True)
    assert result.status == models.UpdateStatus.COMPLETED and result.operation_id > 0
    again = client.create_payload_index("indexes", '"city"', "keyword")
    assert again.operation_id == result.operation_id + 2
    assert schema(client) == {"city": models.PayloadIndexInfo(data_type=models.PayloadSchemaType.KEYWORD, points=3)}
    params = models.IntegerIndexParams(type="integer", lookup=True, range=False, is_principal=False)
    client.create_payload_index("indexes", "n", params)
    client.create_payload_index("indexes", "a[].t", models.TextIndexParams(
        type="text", tokenizer=models.TokenizerType.WORD, lowercase=True, stopwords=models.StopwordsSet(languages=["english"], custom=["x"]),
        stemmer=models.SnowballParams(type="snowball", language="english")))
    assert schema(client)["n"].params == params and schema(client)["n"].points == 3
    text = schema(client)["a[].t"]
    assert text.points == 1 and text.params.stopwords.custom == ["x"] and text.params.stemmer.language == "english"
    client.create_payload_index("indexes", "n", models.PayloadSchemaType.FLOAT)
    assert schema(client)["n"] == models.PayloadIndexInfo(data_type=models.PayloadSchemaType.FLOAT, points=3)
    assert client.delete_payload_index("indexes", "n", wait=False).status == models.UpdateStatus.ACKNOWLEDGED
    assert client.delete_payload_index("indexes", "n").status == models.UpdateStatus.COMPLETED
    assert set(schema(client)) == {"city", "a[].t"}


def test_filters_have_the_semantics_of_the_index(client):
    three = models.FieldCondition(key="n", match=models.MatchValue(value=3))
    fox = models.FieldCondition(key="t", match=models.MatchText(text="FOX quick"))
    uuid = models.FieldCondition(key="u", match=models.MatchValue(value="550e8400e29b41d4a716446655440000"))
    nested = models.NestedCondition(nested=models.Nested(key="a", filter=models.Filter(
        must=[models.FieldCondition(key="t", match=models.MatchText(text="fox"))])))
    assert [found(client, c) for c in (three, fox, uuid, nested)] == [[1], [], [], []]
    for path, kind in (("n", "integer"), ("t", "text"), ("u", "uuid"), ("a[].t", "text")):
        client.create_payload_index("indexes", path, kind)
    assert [found(client, c) for c in (three, fox, uuid, nested)] == [[1, 3], [1], [4], [4]]
    assert client.count("indexes", models.Filter(must_not=[three])).count == 2
    hits = client.query_points("indexes", query=[0.0, 1.0], query_filter=models.Filter(must=[three])).points
    assert [p.id for p in hits] == [3, 1]
    client.set_payload("indexes", {"seen": True}, points=models.Filter(must=[fox]))
    assert client.retrieve("indexes", [1])[0].payload["seen"] is True
    client.delete("indexes", models.Filter(must=[uuid]))
    assert found(client) == [1, 2, 3]
    client.delete_payload_index("indexes", "n")
    assert found(client, three) == [1]


def test_facet(client):
    with pytest.raises(Exception, match="No appropriate index for faceting: `city`"):
        client.facet("indexes", "city")
    for path, kind in (("city", "keyword"), ("n", "integer"), ("even", "bool"), ("u", "uuid"), ("price", "float")):
        client.create_payload_index("indexes", path, kind)

    def facet(key, **more):
        return [(h.value, h.count) for h in client.facet("indexes", key, **more).hits]

    assert facet("city") == [("Berlin", 2), ("London", 1), ("Paris", 1)]
    assert facet("city", limit=1, exact=True) == [("Berlin", 2)]
    assert facet("n") == [(3, 2), (1, 1), (9, 1)]
    assert facet("even") == [(True, 2), (False, 1)]
    assert facet("u") == [("550e8400-e29b-41d4-a716-446655440000", 1)]
    only = models.Filter(must=[models.HasIdCondition(has_id=[2, 3]), models.FieldCondition(key="n", range=models.Range(gt=5))])
    assert facet("city", facet_filter=only) == [("Berlin", 1), ("London", 1)]
    with pytest.raises(Exception, match="No appropriate index for faceting: `price`"):
        client.facet("indexes", "price")


def test_no_worker_refuses_for_what_it_remembers(gateway):
    """Every worker has the collection in its cache when one of them changes it."""
    connections = [http.client.HTTPConnection("127.0.0.1", gateway.http_port, timeout=30) for _ in range(12)]

    def ask(connection, method, path, body):
        connection.request(method, path, json.dumps(body), {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    for round_ in range(4):
        assert ask(connections[0], "PUT", C, {"vectors": {f"v{round_}": {"size": 2, "distance": "Dot"}}})[0] == 200
        for connection in connections:
            assert ask(connection, "POST", C + "/facet", {"key": "k"})[0] == 400
        first = connections[round_]
        assert ask(first, "PUT", C + "/index?wait=true", {"field_name": "k", "field_schema": "integer"})[0] == 200
        for connection in connections:
            assert ask(connection, "POST", C + "/facet", {"key": "k"})[0] == 200
            assert ask(connection, "POST", C + "/points/scroll", {"order_by": "k"})[0] == 200
            assert ask(connection, "POST", C + "/points/query", {"query": [1, 0], "using": f"v{round_}"})[0] == 200
        assert ask(first, "DELETE", C, {})[0] == 200
    for connection in connections:
        connection.close()


def test_bad_requests_leave_the_cache_alone(gateway, postgres):
    """What the database confirms is not read anew: no request of another client pays for a bad one."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.http_port, timeout=30)

    def ask(method, path, body):
        connection.request(method, path, json.dumps(body), {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def described(since):
        return postgres.sql(f"SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%qdrant.describe%' AND query_start > '{since}'"
                            " AND query NOT LIKE '%pg_stat_activity%'")  # this one, and those before it that have not quite ended

    assert ask("PUT", C, {"vectors": {"size": 2, "distance": "Dot"}}) == 200
    since = postgres.sql("SELECT clock_timestamp()")
    assert ask("POST", C + "/points/query", {"query": [1, 0]}) == 200
    assert described(since) == "1", "it is seen when a worker asks"
    since = postgres.sql("SELECT clock_timestamp()")
    for _ in range(3):
        assert ask("POST", C + "/facet", {"key": "k"}) == 400
        assert described(since) == "0"
        assert ask("POST", C + "/points/query", {"query": [1, 0], "using": "none"}) == 400
        assert described(since) == "0"
        assert ask("POST", C + "/points/query", {"query": [1, 0, 0]}) == 400
        assert described(since) == "0"
    assert ask("DELETE", C, {}) == 200
    connection.close()


def test_order_by(client):
    with pytest.raises(Exception, match="No range index for `order_by` key: `n`"):
        client.scroll("indexes", order_by="n")
    for path, kind in (("n", "integer"), ("price", "float"), ("at", "datetime")):
        client.create_payload_index("indexes", path, kind)

    def ordered(**by):
        return [(p.id, p.order_value) for p in client.scroll("indexes", order_by=models.OrderBy(**by), with_payload=False)[0]]

    assert ordered(key="n") == [(2, 1), (1, 3), (3, 3), (2, 9)]
    assert ordered(key="n", direction="desc", start_from=3) == [(3, 3), (1, 3), (2, 1)]
    assert ordered(key="n", start_from=3.5) == [(2, 9)]
    assert ordered(key="price") == [(3, -2.0), (1, 1.5)]
    assert all(type(value) is float for _, value in ordered(key="price"))
    assert ordered(key="at", start_from="2024-01-01T00:00:00Z") == [(1, 1709294400000000)]
    assert [p.id for p in client.query_points("indexes", query=models.OrderByQuery(order_by="n"), limit=2, offset=1).points] == [1, 3]
    page = client.query_points("indexes", query=models.OrderByQuery(order_by=models.OrderBy(key="n", direction="desc")), limit=1).points[0]
    assert (page.id, page.score, page.version, page.order_value) == (2, 1.0, 0, 9)
    sample = client.query_points("indexes", query=models.SampleQuery(sample=models.Sample.RANDOM), limit=3).points
    assert len({p.id for p in sample}) == 3 and {p.score for p in sample} == {1.0}


def number_or_list(r):
    kind = r.randrange(8)
    one = lambda: r.choice([r.randrange(-5, 30), r.randrange(-5, 30), float(r.randrange(30)), r.randrange(30) + 0.5])
    return "x" if kind == 0 else None if kind == 1 else one() if kind < 5 else [one() for _ in range(r.randrange(5))]


def test_order_by_is_what_sorting_gives(gateway):
    """Every pair of a point and one of its values, from the start on, in order."""
    r = random.Random(11)
    gateway.request("DELETE", C)
    gateway.result("PUT", C, {"vectors": {"size": 1, "distance": "Dot"}})
    payloads = {i: {"n": number_or_list(r), "f": number_or_list(r), "even": i % 2 == 0} for i in range(1, 301)}
    gateway.result("PUT", C + "/points?wait=true", {"points": [{"id": i, "vector": [1], "payload": p} for i, p in payloads.items()]})
    for path, kind in (("n", "integer"), ("f", "float"), ("even", "bool")):
        gateway.result("PUT", f"{C}/index?wait=true", {"field_name": path, "field_schema": kind})

    def values(payload, key):
        found = payload[key] if isinstance(payload[key], list) else [payload[key]]
        return {v for v in found if isinstance(v, (int, float)) and (key == "f" or v == int(v))}

    for _ in range(250):
        key, descending = r.choice("nf"), r.random() < 0.5
        start = r.choice([None, None, r.randrange(-6, 31), r.randrange(-6, 31) + 0.5, 1e30, -1e30, 2**63 - 1])
        limit, offset, even = r.choice([1, 2, 5, 20, 100, 1000]), r.choice([0, 0, 1, 7]), r.choice([None, True])
        pairs = [(v, i) for i, p in payloads.items() if even in (None, p["even"]) for v in values(p, key)
                 if start is None or (v <= start if descending else v >= start)]
        wanted = [(i, v) for v, i in sorted(pairs, reverse=descending)]
        order = {"key": key, "direction": "desc" if descending else "asc"} | ({} if start is None else {"start_from": start})
        body = {"limit": limit} | ({} if even is None else {"filter": {"must": {"key": "even", "match": {"value": True}}}})
        scrolled = gateway.result("POST", C + "/points/scroll", body | {"order_by": order})["points"]
        assert [(p["id"], p["order_value"]) for p in scrolled] == wanted[:limit], (order, body)
        queried = gateway.result("POST", C + "/points/query", body | {"query": {"order_by": order}, "offset": offset})["points"]
        assert [(p["id"], p["order_value"]) for p in queried] == wanted[offset:offset + limit], (order, body, offset)
    gateway.result("DELETE", C)


def test_a_batch_may_mix_kinds(client):
    client.create_payload_index("indexes", "n", "integer")
    answers = client.query_batch_points("indexes", [
        models.QueryRequest(query=[0.0, 1.0], limit=1), models.QueryRequest(query=models.OrderByQuery(order_by="n"), limit=1),
        models.QueryRequest(query=models.SampleQuery(sample="random"), limit=4), models.QueryRequest(limit=2)])
    assert [len(a.points) for a in answers] == [1, 1, 4, 2]
    assert answers[1].points[0].order_value == 1 and answers[3].points[0].order_value is None


@pytest.fixture
def large(tmp_path):
    """30,000 points whose payloads are too large to be indexed at once."""
    postgres = Postgres(tmp_path)
    gateway = Gateway(tmp_path, postgres.conninfo).start()
    gateway.result("PUT", C, {"vectors": {"size": 1, "distance": "Dot"}})
    postgres.sql("""INSERT INTO qdrant.c (id, payload) SELECT i, jsonb_build_object('n', i,
        'words', (SELECT jsonb_agg(md5((i * 31 + j)::text)) FROM generate_series(1, 15) j)) FROM generate_series(1, 30000) i""")
    yield postgres, gateway
    gateway.running()
    gateway.stop()
    postgres.stop()


def index_of(gateway, field, kind, **query):
    more = "".join(f"&{k}={v}" for k, v in query.items())
    return gateway.result("PUT", f"{C}/index?wait=true{more}", {"field_name": field, "field_schema": kind})


def pending(postgres):
    return postgres.sql("SELECT string_agg(name, ' ') FROM qdrant.pending_indexes()")


def is_being_built(postgres):
    return postgres.sql("SELECT count(*) FROM pg_stat_progress_create_index") == "1"


def test_a_large_index_is_waited_for(large):
    postgres, gateway = large
    start = time.monotonic()
    answer = gateway.result("PUT", f"{C}/index", {"field_name": "words", "field_schema": "keyword"})
    assert answer["status"] == "acknowledged" and time.monotonic() - start < 2
    assert gateway.result("GET", C)["status"] == "yellow"
    written = 0

    def write():
        nonlocal written
        while pending(postgres):
            gateway.result("PUT", C + "/points?wait=true", {"points": [{"id": 40000 + written, "vector": [1], "payload": {"words": "new"}}]})
            written += 1

    writer = threading.Thread(target=write)
    writer.start()
    assert index_of(gateway, "words", "keyword")["status"] == "completed"
    assert postgres.sql("SELECT ready FROM qdrant.payload_indexes('c')") == "t"
    writer.join()
    assert written > 0
    wait_until(lambda: gateway.result("GET", C)["status"] == "green", what="the catalog knows")
    new = {"filter": {"must": {"key": "words", "match": {"value": "new"}}}}
    assert gateway.result("POST", C + "/points/count", new) == {"count": written}
    plan = postgres.sql("""EXPLAIN SELECT FROM qdrant.c WHERE payload @@@ '{"must": {"key": "words", "match": {"value": "new"}}}'""")
    assert "c_words_idx" in plan


def test_who_waits_gets_an_answer_in_time(large):
    postgres, gateway = large
    block = threading.Thread(target=postgres.sql, args=("BEGIN; UPDATE qdrant.c SET version = 5 WHERE id = 1; SELECT pg_sleep(6); COMMIT",))
    block.start()
    wait_until(lambda: postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'BEGIN; UPDATE%' AND wait_event = 'PgSleep'") == "1")
    start = time.monotonic()
    assert index_of(gateway, "n", "integer", timeout=1)["status"] == "wait_timeout"
    assert 0.9 < time.monotonic() - start < 3
    block.join()
    assert index_of(gateway, "n", "integer")["status"] == "completed"


def test_what_is_no_longer_wanted_is_not_built(large):
    postgres, gateway = large
    gateway.result("PUT", f"{C}/index", {"field_name": "words", "field_schema": {"type": "text", "phrase_matching": True}})
    wait_until(lambda: is_being_built(postgres), what="the build has begun")
    start = time.monotonic()
    gateway.result("DELETE", f"{C}/index/words?wait=true")
    assert time.monotonic() - start < 2
    assert index_of(gateway, "n", "integer")["status"] == "completed"
    wait_until(lambda: not pending(postgres) and not is_being_built(postgres), 20, "the builder is idle")
    wait_until(lambda: postgres.sql("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_index JOIN pg_class ON oid = indexrelid"
                                    " WHERE indrelid = 'qdrant.c'::regclass AND relname LIKE '%idx' AND relname NOT LIKE '%embedding%'")
               == "c_n_greatest_idx c_n_idx c_n_least_idx", 20, "no leftover")


def test_a_gateway_that_was_killed_builds_it_later(large):
    postgres, gateway = large
    gateway.result("PUT", f"{C}/index", {"field_name": "words", "field_schema": "keyword"})
    wait_until(lambda: is_being_built(postgres), what="the build has begun")
    gateway.process.kill()
    gateway.process.wait(20)
    postgres.sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'qdrant-gateway index builder'")
    assert postgres.sql("SELECT ready FROM qdrant.payload_indexes('c')") == "f"
    gateway.start()
    wait_until(lambda: gateway.result("GET", C)["status"] == "green", 60, "the index is built")
    assert postgres.sql("SELECT ready FROM qdrant.payload_indexes('c')") == "t"
    assert gateway.result("GET", C)["payload_schema"]["words"]["points"] == 30000
