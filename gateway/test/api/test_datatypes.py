"""Collections of float16 and uint8 vectors by the official client, over REST and gRPC."""
import numpy
import pytest
from qdrant_client import QdrantClient, models

DIM = 24
N = 300

DATATYPES = {"h": models.Datatype.FLOAT16, "u": models.Datatype.UINT8, "f": models.Datatype.FLOAT32}
STORED = {"h": lambda x: x.astype(numpy.float16), "u": lambda x: numpy.clip(numpy.trunc(x), 0, 255), "f": lambda x: x.astype(numpy.float32)}


def client_of(server, prefer_grpc):
    return QdrantClient(host="127.0.0.1", port=server.http_port, grpc_port=server.grpc_port, prefer_grpc=prefer_grpc,
                        https=False, timeout=30)


def scores(distance, stored, query):
    """By definition, in float64, best first."""
    if distance == models.Distance.DOT:
        return sorted(stored @ query, reverse=True)
    if distance == models.Distance.COSINE:
        return sorted(stored @ query / numpy.linalg.norm(stored, axis=1) / numpy.linalg.norm(query), reverse=True)
    difference = stored - query
    return sorted(numpy.abs(difference).sum(axis=1) if distance == models.Distance.MANHATTAN
                  else numpy.linalg.norm(difference, axis=1))


@pytest.mark.parametrize("prefer_grpc", [False, True], ids=["rest", "grpc"])
@pytest.mark.parametrize("distance", list(models.Distance))
def test_datatypes(gateway, prefer_grpc, distance):
    client = client_of(gateway, prefer_grpc)
    name = f"datatypes {distance} {prefer_grpc}"
    client.create_collection(name, vectors_config={
        v: models.VectorParams(size=DIM, distance=distance, datatype=d) for v, d in DATATYPES.items()})
    params = client.get_collection(name).config.params.vectors
    assert {v: p.datatype for v, p in params.items()} == DATATYPES

    data = (numpy.random.default_rng(7).random((N, DIM)) * 270 - 5).astype(numpy.float32)
    client.upsert(name, [models.PointStruct(id=i, vector={v: data[i].tolist() for v in DATATYPES}) for i in range(N)], wait=True)
    for v, convert in STORED.items():
        stored = data
        if distance == models.Distance.COSINE and v != "u":
            stored = data / numpy.linalg.norm(data, axis=1)[:, None]
        stored = convert(stored).astype(numpy.float64)
        back = numpy.array([p.vector[v] for p in client.retrieve(name, list(range(N)), with_vectors=[v])])
        assert numpy.allclose(back, stored, rtol=1e-6 if v != "h" else 1e-3)
        for exact in (False, True):
            found = client.query_points(name, query=data[3].tolist(), using=v, limit=10,
                                        search_params=models.SearchParams(exact=exact)).points
            expected = scores(distance, stored, convert(data[3]).astype(numpy.float64))[:10]
            assert numpy.allclose([p.score for p in found], expected, rtol=2e-3 if v == "h" else 1e-4), (v, exact)
            by_id = client.query_points(name, query=3, using=v, limit=3, search_params=models.SearchParams(exact=exact)).points
            assert [p.id for p in by_id if p.id != 3] == [p.id for p in by_id]
    client.delete_collection(name)


@pytest.mark.parametrize("prefer_grpc", [False, True], ids=["rest", "grpc"])
@pytest.mark.parametrize("exact", [False, True])
def test_scores_of_vectors_that_sql_stored_as_they_are(gateway, postgres, prefer_grpc, exact):
    """In a Cosine collection the API normalises what it stores, SQL does not: scores are cosines all the same."""
    client = client_of(gateway, prefer_grpc)
    name = f"unnormalised_{prefer_grpc}_{exact}".lower()
    client.create_collection(name, vectors_config={
        v: models.VectorParams(size=DIM, distance=models.Distance.COSINE, datatype=d) for v, d in DATATYPES.items()})
    data = numpy.trunc(numpy.random.default_rng(8).random((40, DIM)) * 200 + 1)
    columns = dict(row.split("|") for row in postgres.sql(
        f"SELECT v ->> 'name', v ->> 'column' FROM qdrant.describe('{name}') d, jsonb_array_elements(d.vectors) v").splitlines())
    for i, x in enumerate(data):
        text = "[" + ",".join(f"{a:g}" for a in x) + "]"
        postgres.sql(f"INSERT INTO qdrant.{name} (id, {', '.join(columns.values())}) VALUES ({i}" + f", '{text}'" * len(columns) + ")")
    for v in DATATYPES:
        params = models.SearchParams(exact=exact)
        others = numpy.delete(data, 3, axis=0)
        for threshold in (None, 0.8):
            expected = [s for s in scores(models.Distance.COSINE, others, data[3]) if threshold is None or s > threshold][:10]
            by_id = client.query_points(name, query=3, using=v, limit=10, search_params=params, score_threshold=threshold).points
            assert numpy.allclose([p.score for p in by_id], expected, rtol=2e-3 if v == "h" else 1e-4), (v, threshold)
        by_vector = client.query_points(name, query=data[3].tolist(), using=v, limit=11, search_params=params).points
        assert by_vector[0].id == 3 and abs(by_vector[0].score - 1) < 2e-3
    client.delete_collection(name)


def test_what_float16_cannot_hold_is_refused(gateway):
    path = "/collections/float16"
    gateway.result("PUT", path, {"vectors": {"size": 2, "distance": "Dot", "datatype": "float16"}})
    status, error = gateway.error("PUT", path + "/points?wait=true", {"points": [{"id": 1, "vector": [1, 65520]}]})
    assert status == 400 and "beyond the range of float16, at position 1" in error
    status, error = gateway.error("POST", path + "/points/query", {"query": [-1e6, 0]})
    assert status == 400 and "beyond the range of float16, at position 0" in error
    gateway.result("PUT", path + "/points?wait=true", {"points": [{"id": 1, "vector": [1, 65519]}]})
    assert gateway.result("GET", path + "/points/1")["vector"] == [1.0, 65504.0]
    gateway.result("DELETE", path)


def test_turbo4_is_named(gateway):
    status, error = gateway.error("PUT", "/collections/turbo", {"vectors": {"size": 2, "distance": "Dot", "datatype": "turbo4"}})
    assert status == 501 and "datatype" in error
