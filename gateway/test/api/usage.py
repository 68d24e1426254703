"""What README promises, through any client of qdrant-client: usage(client).

Also a program, for clients that can't be imported beside the newest:
usage.py REST_PORT GRPC_PORT.
"""
import sys
import uuid

from qdrant_client import QdrantClient, models

BERLIN = models.Filter(must=[models.FieldCondition(key="city", match=models.MatchValue(value="Berlin"))])
UUID = str(uuid.UUID(int=7))


def create_and_fill(client, name):
    if client.collection_exists(name):
        client.delete_collection(name)
    assert client.create_collection(name, vectors_config=models.VectorParams(size=4, distance=models.Distance.COSINE))
    assert client.collection_exists(name)
    assert name in [c.name for c in client.get_collections().collections]
    answer = client.upsert(name, [
        models.PointStruct(id=1, vector=[0.05, 0.61, 0.76, 0.74], payload={"city": "Berlin", "price": 10.5}),
        models.PointStruct(id=2, vector=[0.19, 0.81, 0.75, 0.11], payload={"city": ["London", "Berlin"]}),
        models.PointStruct(id=UUID, vector=[0.36, 0.55, 0.47, 0.94], payload={"city": "Moscow", "n": [1, {"deep": None}]}),
        models.PointStruct(id=2**64 - 1, vector=[-0.9, 0.1, 0.0, 0.2], payload={})])
    assert answer.status == models.UpdateStatus.COMPLETED


def check_info(client, name):
    info = client.get_collection(name)
    assert info.points_count == 4
    assert info.status == models.CollectionStatus.GREEN
    assert info.config.params.vectors.size == 4
    assert info.config.params.vectors.distance == models.Distance.COSINE


def check_search(client, name, sees_vectors):
    found = client.query_points(name, query=[0.2, 0.1, 0.9, 0.7], limit=3, query_filter=BERLIN).points
    assert [p.id for p in found] == [1, 2]
    assert found[0].payload == {"city": "Berlin", "price": 10.5}
    assert abs(found[0].score - 0.89463) < 1e-4
    found = client.query_points(name, query=[0.2, 0.1, 0.9, 0.7], limit=2, offset=1, with_payload=False).points
    assert len(found) == 2 and not found[0].payload
    near = client.query_points(name, query=1, limit=10, with_vectors=True).points
    assert 1 not in [p.id for p in near] and len(near) == 3
    assert len(near[0].vector) == 4 or not sees_vectors
    batch = client.query_batch_points(name, [models.QueryRequest(query=[0, 0, 1, 0], limit=1),
                                             models.QueryRequest(query=[0, 0, 1, 0], limit=2, filter=BERLIN)])
    assert [len(r.points) for r in batch] == [1, 2]
    assert client.query_points(name, query=[0.2, 0.1, 0.9, 0.7], score_threshold=0.99).points == []
    exact = client.query_points(name, query=[0.2, 0.1, 0.9, 0.7], search_params=models.SearchParams(exact=True)).points
    assert len(exact) == 4
    if hasattr(client, "search"):
        old = client.search(name, query_vector=[0.2, 0.1, 0.9, 0.7], query_filter=BERLIN, limit=5)
        assert [p.id for p in old] == [1, 2]


def check_reads(client, name):
    records, offset = client.scroll(name, limit=3, with_vectors=True)
    assert [r.id for r in records] == [1, 2, 2**64 - 1] and offset == UUID
    assert records[0].payload["price"] == 10.5
    rest, offset = client.scroll(name, limit=3, offset=offset)
    assert [r.id for r in rest] == [UUID] and offset is None
    assert client.count(name).count == 4
    assert client.count(name, count_filter=BERLIN).count == 2
    records = client.retrieve(name, [UUID, 1, 99], with_payload=["n"])
    assert {r.id: r.payload for r in records} == {UUID: {"n": [1, {"deep": None}]}, 1: {}}


def check_payload(client, name):
    client.set_payload(name, {"rank": 3}, points=[1])
    client.set_payload(name, {"rank": 4}, points=BERLIN)
    client.overwrite_payload(name, {"only": True}, points=[UUID])
    client.delete_payload(name, ["price"], points=[1])
    payloads = {r.id: r.payload for r in client.scroll(name)[0]}
    assert payloads[1] == {"city": "Berlin", "rank": 4}
    assert payloads[2] == {"city": ["London", "Berlin"], "rank": 4}
    assert payloads[UUID] == {"only": True}
    client.clear_payload(name, models.PointIdsList(points=[2]))
    assert client.count(name, count_filter=BERLIN).count == 1


def check_deletes(client, name):
    client.delete(name, models.FilterSelector(filter=BERLIN))
    assert client.count(name).count == 3
    client.delete(name, [2, UUID])
    assert client.count(name).count == 1
    assert client.delete_collection(name)
    assert not client.collection_exists(name)


def check_named(client, name, sees_vectors):
    """The other form of vectors_config, and wait=False."""
    client.create_collection(name, vectors_config={
        "image": models.VectorParams(size=2, distance=models.Distance.DOT),
        "text": models.VectorParams(size=3, distance=models.Distance.EUCLID)})
    client.upsert(name, [models.PointStruct(id=1, vector={"image": [1, 2], "text": [0, 0, 1]}),
                         models.PointStruct(id=2, vector={"image": [3, 4]})], wait=False)
    found = client.query_points(name, query=[1.0, 1.0], using="image", limit=5, with_vectors=["image"]).points
    assert [(p.id, p.score) for p in found] == [(2, 7.0), (1, 3.0)]
    assert found[0].vector == {"image": [3.0, 4.0]} or not sees_vectors
    found = client.query_points(name, query=[0.0, 0.0, 0.0], using="text", limit=5).points
    assert [(p.id, p.score) for p in found] == [(1, 1.0)]
    client.upload_points(name, [models.PointStruct(id=i, vector={"image": [i, i]}, payload={"i": i}) for i in range(100, 300)],
                         wait=True)
    assert client.count(name).count == 202
    client.delete_collection(name)


def usage(client, name, sees_vectors=True):
    create_and_fill(client, name)
    check_info(client, name)
    check_search(client, name, sees_vectors)
    check_reads(client, name)
    check_payload(client, name)
    check_deletes(client, name)
    check_named(client, name + " named", sees_vectors)


if __name__ == "__main__":
    # over gRPC clients before 1.16 look for vectors where Qdrant 1.19 puts none any more
    for prefer_grpc in (False, True):
        usage(QdrantClient(host="127.0.0.1", port=int(sys.argv[1]), grpc_port=int(sys.argv[2]), prefer_grpc=prefer_grpc,
                           timeout=30), f"usage of an old client {prefer_grpc}", sees_vectors=not prefer_grpc)
    print("usage: ok")
