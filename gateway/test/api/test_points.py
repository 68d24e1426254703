"""Points: what holds beyond the recorded answers."""
import json
import random
import threading

import pytest


def points(*ids, **more):
    return {"points": [{"id": i, "vector": [i, 1, 2, 3], **more} for i in ids]}


def ids(result):
    return [p["id"] for p in result]


def test_one_bad_point_stores_nothing(gateway, collection):
    before = gateway.result("POST", collection + "/points/count", {})
    body = points(10, 11)
    body["points"].append({"id": 12, "vector": [1, 2]})
    assert gateway.error("PUT", collection + "/points?wait=true", body)[0] == 400
    body["points"][2] = {"id": 12, "vector": [1, 2, 3, 4], "payload": {"nul": "\0"}}
    assert gateway.error("PUT", collection + "/points?wait=true", body)[0] == 400
    assert gateway.result("POST", collection + "/points/count", {}) == before


def test_version_is_the_operation_that_touched_the_point(gateway, collection):
    def versions():
        found = gateway.result("POST", collection + "/points/query", {"query": [1, 1, 1, 1]})["points"]
        return {p["id"]: p["version"] for p in found}

    start = versions()
    operation = gateway.result("POST", collection + "/points/payload?wait=true", {"payload": {"a": 1}, "points": [2]})
    assert operation["operation_id"] > start[2]
    assert versions() == {**start, 2: operation["operation_id"]}


def test_opposite_orders_do_not_deadlock(gateway, collection):
    """Two writers of the same points, one in rising, one in falling order."""
    failures = []

    def write(order):
        for n in range(20):
            status, answer, _ = gateway.request("PUT", collection + "/points?wait=true", points(*order, payload={"n": n}))
            if status != 200:
                failures.append(answer)

    rising = list(range(100, 160))
    writers = [threading.Thread(target=write, args=(order,)) for order in (rising, rising[::-1])]
    for t in writers:
        t.start()
    for t in writers:
        t.join()
    assert failures == []
    assert gateway.result("POST", collection + "/points/count", {}) == {"count": 63}


def test_index_and_exact_search_agree(gateway):
    """300 points are scanned whole by the index, so nothing may be missed."""
    rng = random.Random(7)
    for distance in ("Cosine", "Euclid", "Dot", "Manhattan"):
        path = f"/collections/agree_{distance}"
        gateway.result("PUT", path, {"vectors": {"size": 8, "distance": distance}})
        gateway.result("PUT", path + "/points?wait=true", {"points": [
            {"id": i, "vector": [rng.gauss(0, 1) for _ in range(8)], "payload": {"even": i % 2 == 0}} for i in range(300)]})
        for limit, offset, threshold in ((10, 0, None), (7, 5, None), (300, 0, None), (20, 0, 1.5), (200, 3, 0.5), (10, 0, -0.5)):
            body = {"query": [rng.gauss(0, 1) for _ in range(8)], "limit": limit, "offset": offset,
                    "filter": {"must": [{"key": "even", "match": {"value": True}}]}}
            if threshold:
                body["score_threshold"] = threshold
            by_index = gateway.result("POST", path + "/points/query", body)["points"]
            exact = gateway.result("POST", path + "/points/query", {**body, "params": {"exact": True}})["points"]
            assert [p["score"] for p in by_index] == [p["score"] for p in exact]
            assert set(ids(by_index)) == set(ids(exact)) and all(i % 2 == 0 for i in ids(exact))
            if threshold:
                better = (lambda s: s < threshold) if distance in ("Euclid", "Manhattan") else (lambda s: s > threshold)
                assert all(better(p["score"]) for p in exact)
        gateway.result("DELETE", path)


def test_query_by_id_is_query_by_its_vector_without_it(gateway, collection):
    gateway.result("PUT", collection + "/points?wait=true", points(*range(10, 40)))
    stored = gateway.result("GET", collection + "/points/20")["vector"]
    by_vector = gateway.result("POST", collection + "/points/query", {"query": stored, "limit": 11})["points"]
    by_id = gateway.result("POST", collection + "/points/query", {"query": 20, "limit": 10})["points"]
    assert [(p["id"], p["score"]) for p in by_vector if p["id"] != 20] == [(p["id"], p["score"]) for p in by_id]


def test_huge_limits_are_only_limits(gateway, collection):
    for body in ({"query": [1, 0, 0, 0], "limit": 2**63, "offset": 1}, {"limit": 2**64 - 1, "offset": 1}):
        assert len(gateway.result("POST", collection + "/points/query", body)["points"]) == 2
    assert gateway.result("POST", collection + "/points/query", {"query": [1, 0, 0, 0], "offset": 2**64 - 1})["points"] == []


def test_scroll_pages_cover_all_ids_in_order(gateway, collection):
    uuid = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
    gateway.result("PUT", collection + "/points?wait=true", points(2**64 - 1, 2**63, 7))
    gateway.result("PUT", collection + "/points?wait=true", {"points": [{"id": uuid, "vector": [1, 1, 1, 1]}]})
    seen, offset = [], None
    while True:
        page = gateway.result("POST", collection + "/points/scroll", {"limit": 2, "offset": offset, "with_payload": False})
        seen += ids(page["points"])
        offset = page["next_page_offset"]
        if offset is None:
            break
    assert seen == [1, 2, 3, 7, 2**63, 2**64 - 1, uuid]


@pytest.mark.parametrize("condition, found", [
    ({"must": [{"has_id": [1, 3, 99]}]}, [1, 3]),
    ({"must": [{"has_id": [1, 2]}, {"key": "city", "match": {"value": "London"}}]}, [2]),
    ({"must_not": [{"has_id": [1]}]}, [2, 3]),
    ({"should": [{"has_id": [3]}, {"key": "city", "match": {"value": "London"}}]}, [2, 3]),
    ({"must": [{"must": [{"has_id": [2]}]}]}, [2]),
    ({"must": [{"has_vector": ""}], "must_not": [{"has_id": [2]}]}, [1, 3]),
    ({"must": [{"has_id": []}]}, []),
])
def test_filters_on_the_point_itself(gateway, collection, condition, found):
    page = gateway.result("POST", collection + "/points/scroll", {"filter": condition})
    assert ids(page["points"]) == found
    assert gateway.result("POST", collection + "/points/count", {"filter": condition}) == {"count": len(found)}
    hits = gateway.result("POST", collection + "/points/query", {"query": [1, 1, 1, 1], "filter": condition})["points"]
    assert sorted(ids(hits)) == found


def test_vector_called_like_a_column(gateway):
    """Names that the table or the statement uses for itself."""
    names = ["id", "payload", "version", "score", "#score", "t", "it's", "select"]
    path = "/collections/named_like_columns"
    gateway.result("PUT", path, {"vectors": {n: {"size": 2, "distance": "Dot"} for n in names}})
    gateway.result("PUT", path + "/points?wait=true", {"points": [
        {"id": 1, "vector": {n: [k, 1] for k, n in enumerate(names)}, "payload": {"k": 1}}, {"id": 2, "vector": {}}]})
    for k, name in enumerate(names):
        body = {"query": [1, 1], "using": name, "with_vector": [name], "with_payload": True,
                "filter": {"must": [{"has_vector": name}]}}
        assert gateway.result("POST", path + "/points/query", body)["points"] == [
            {"id": 1, "version": 1, "score": k + 1.0, "payload": {"k": 1}, "vector": {name: [float(k), 1.0]}}]
    assert gateway.result("GET", path + "/points/2")["vector"] == {}
    gateway.result("PUT", path + "/points?wait=true", {"batch": {"ids": [3], "vectors": {"payload": [[8, 9]]}}})
    assert gateway.result("GET", path + "/points/3")["vector"] == {"payload": [8.0, 9.0]}
    gateway.result("DELETE", path)


def test_batch_fails_as_a_whole(gateway, collection):
    body = {"searches": [{"query": [1, 0, 0, 0]}, {"query": 99}]}
    assert gateway.error("POST", collection + "/points/query/batch", body) == (404, "Not found: No point with id 99 found")
    body["searches"][1] = {"query": 1, "params": {"exact": True}}
    first, second = gateway.result("POST", collection + "/points/query/batch", body)
    assert ids(first["points"])[0] == 1 and set(ids(second["points"])) == {2, 3}


def test_payload_numbers_come_back_as_they_were(gateway, collection):
    text = '{"points":[{"id":5,"vector":[1,2,3,4],"payload":{"i":1,"f":1.0,"e":1e21,"u":18446744073709551615,"s":5e-324}}]}'
    gateway.result("PUT", collection + "/points?wait=true", text)
    payload = gateway.result("GET", collection + "/points/5")["payload"]
    assert payload == {"i": 1, "f": 1.0, "e": 1e21, "u": 18446744073709551615, "s": 5e-324}
    assert json.dumps(payload["i"]) == "1" and isinstance(payload["f"], float)


@pytest.mark.parametrize("body", [{"exact": False}, {"exact": False, "filter": {}}, {"exact": True}, {}])
def test_count_without_a_filter(gateway, collection, body):
    assert gateway.result("POST", collection + "/points/count", body) == {"count": 3}
