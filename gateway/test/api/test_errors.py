"""Bad input gets a clear error and leaves nothing behind."""
import gzip
import json
import socket
import struct

import grpc
import pytest
from qdrant_client import QdrantClient, grpc as messages, models

VECTORS = {"vectors": {"size": 4, "distance": "Cosine"}}


def points(**changed):
    return {"points": [{"id": 10, "vector": [1, 2, 3, 4]}, {"id": 11, "vector": [1, 2, 3, 4], **changed}]}


@pytest.mark.parametrize("body, status, text", [
    ('{"points":[{"id":10,"vector":[1,2,3,4]}', 400, "Format error in JSON body: EOF while parsing"),
    ('{"points":[{"id":10,"vector":[1,2,3,4]}]]', 400, "Format error in JSON body: expected `,` or `}`"),
    ("", 400, "Format error in JSON body: EOF while parsing a value"),
    (points(vector=[1, 2, 3]), 400, "Wrong input: Vector dimension error: expected dim: 4, got 3"),
    (points(vector=[]), 422, "Validation error in JSON body: [points[1].vector.vector: dense vector must not be empty"),
    (points(vector={"nope": [1, 2, 3, 4]}), 400, "Wrong input: Not existing vector name error: nope"),
    (points(vector=[1, 2, 3, "4"]), 400, "Format error in JSON body: "),
    (points(id=-1), 400, "Format error in JSON body: value -1 is not a valid point ID"),
    (points(id=2**64), 400, "Format error in JSON body: value"),
    (points(id="no uuid"), 400, "Format error in JSON body: value no uuid is not a valid point ID"),
    (points(id=1.5), 400, "Format error in JSON body: value 1.5 is not a valid point ID"),
    (points(payload=[1]), 400, "Format error in JSON body: "),
    ({"points": []}, 400, "Bad request: Empty update request"),
    ({"nothing": 1}, 400, "Format error in JSON body: Invalid PointInsertOperations format"),
    ('{"points":[{"id":10,"vector":[1,2,3,NaN]}]}', 400, "Format error in JSON body: expected value"),
    ('{"points":[{"id":10,"vector":[1,2,3,1e999]}]}', 400, "Format error in JSON body: number out of range"),
    (b'{"points":[{"id":10,"vector":[1,2,3,4],"payload":{"a":"\xff"}}]}', 400, "Format error in JSON body: "),
    ('{"points":[{"id":10,"vector":[1,2,3,4],"payload":' + '{"a":' * 500 + "1" + "}" * 500 + "}]}", 400,
     "Format error in JSON body: recursion limit exceeded"),
], ids=range(18))
def test_upsert_refuses(gateway, collection, body, status, text):
    got, error = gateway.error("PUT", collection + "/points?wait=true", body)
    assert (got, error[:len(text)]) == (status, text)
    # one bad point: none is stored
    assert gateway.result("POST", collection + "/points/count", {}) == {"count": 3}


def test_float_beyond_f32_is_no_vector(gateway, collection):
    """Infinities can't be stored; Qdrant stores them and prints null."""
    status, error = gateway.error("PUT", collection + "/points?wait=true", points(vector=[1, 2, 3, 1e39]))
    assert status in (400, 422) and error
    assert gateway.result("POST", collection + "/points/count", {}) == {"count": 3}


def test_payload_with_nul_is_refused_by_name(gateway, collection):
    """A documented difference: jsonb can't store U+0000."""
    status, error = gateway.error("PUT", collection + "/points?wait=true", points(payload={"k": "a\0b"}))
    assert status == 400 and "u0000" in error.lower()
    assert gateway.result("POST", collection + "/points/count", {}) == {"count": 3}


@pytest.mark.parametrize("body, status, text", [
    ({"query": [1, 2, 3]}, 400, "Wrong input: Vector dimension error: expected dim: 4, got 3"),
    ({"query": [1, 2, 3, 4], "using": "nope"}, 400, "Wrong input: Not existing vector name error: nope"),
    ({"query": 99}, 404, "Not found: No point with id 99 found"),
    ({"query": [1, 2, 3, 4], "limit": 0}, 422, "Validation error in JSON body: [internal.limit: value 0 invalid, must be 1 or larger]"),
    ({"query": [1, 2, 3, 4], "limit": -1}, 400, "Format error in JSON body: "),
    ({"query": [1, 2, 3, 4], "filter": {"must": [{"key": "a"}]}}, 422, "Validation error in JSON body: [internal.filter.must[0]"),
    ({"query": [1, 2, 3, 4], "filter": {"must": [{"key": "a", "mach": {"value": 1}}]}}, 422,
     "Validation error in JSON body: [internal.filter.must[0].__all__: Validation error: At least one field condition must be specified [{}]]"),
    ({"query": [1, 2, 3, 4], "filter": {"nope": []}}, 400, "Format error in JSON body: unknown field `nope`"),
])
def test_query_refuses(gateway, collection, body, status, text):
    got, error = gateway.error("POST", collection + "/points/query", body)
    assert (got, error[:len(text)]) == (status, text)


@pytest.mark.parametrize("method, path, body, names", [
    ("PUT", "/points", {"points": [{"id": 1, "vector": {"text": {"indices": [1], "values": [1.0]}}}]}, "text"),
    ("PUT", "/points", {**points(), "shard_key": "a"}, "Shard key \"a\""),
    ("POST", "/points/query", {"query": [1, 2, 3, 4], "prefetch": [{"query": [1, 2, 3, 4], "limit": 5}]}, "prefetch"),
    ("POST", "/points/query", {"query": {"recommend": {"positive": [1]}}}, "recommend"),
    ("POST", "/points/query", {"query": {"fusion": "rrf"}, "prefetch": []}, "Fusion"),
    ("POST", "/points/query", {"query": 1, "lookup_from": {"collection": "other"}}, "lookup_from"),
    ("POST", "/points/scroll", {"order_by": "price"}, "order_by"),
])
def test_unsupported_fields_are_named(gateway, collection, method, path, body, names):
    status, error = gateway.error(method, collection + path, body)
    assert status in (400, 501) and names in error, error


@pytest.mark.parametrize("field, value", [
    ("sparse_vectors", {"s": {}}), ("sharding_method", "custom"),
    ("vectors", {"size": 4, "distance": "Cosine", "multivector_config": {"comparator": "max_sim"}}),
    ("vectors", {"size": 4, "distance": "Cosine", "datatype": "turbo4"}),
])
def test_unsupported_configuration_is_named(gateway, field, value):
    status, error = gateway.error("PUT", "/collections/unsupported", {**VECTORS, field: value})
    names = field if field != "vectors" else [k for k in value if k not in ("size", "distance")][0]
    assert status == 501 and names in error, error
    assert gateway.result("GET", "/collections/unsupported/exists") == {"exists": False}


@pytest.mark.parametrize("method, path, text", [
    ("POST", "/collections/aliases", "aliases"), ("PUT", "/collections/c/vectors/v", "adding a named vector"),
    ("POST", "/collections/c/points/recommend", "recommend"),
    ("GET", "/telemetry", "telemetry"), ("GET", "/metrics", "metrics"), ("POST", "/collections/c/snapshots", "snapshots"),
])
def test_unserved_routes_are_named(gateway, method, path, text):
    status, error = gateway.error(method, path, "{}")
    assert status == 501 and text in error and path in error


@pytest.mark.parametrize("method, path", [("GET", "/nope"), ("POST", "/collections"), ("HEAD", "/healthz"), ("GET", "/collections/a/b/c")])
def test_unknown_routes(gateway, method, path):
    status, body, headers = gateway.request(method, path)
    assert (status, body, headers.get("content-type")) == (404, "", None)


@pytest.mark.parametrize("name, status, text", [
    ("a%2Fb", 422, 'collection name cannot contain "/" char'), ("a%00b", 422, "collection name cannot contain"),
    ("x" * 256, 422, "must be from 1 to 255 characters"),
])
def test_bad_collection_names(gateway, name, status, text):
    got, error = gateway.error("PUT", f"/collections/{name}", VECTORS)
    assert got == status and text in error


@pytest.mark.parametrize("name", ["plain", "Ünï çode ☃", "%41b c", "select", "x" * 255, "a'b", "with.dot", "qdrant", "percent%25"])
def test_odd_collection_names_work(gateway, name):
    from urllib.parse import quote
    path = "/collections/" + quote(name, safe="")
    gateway.request("DELETE", path)
    assert gateway.result("PUT", path, VECTORS) is True
    assert name in [c["name"] for c in gateway.result("GET", "/collections")["collections"]]
    gateway.result("PUT", path + "/points?wait=true", points())
    assert gateway.result("POST", path + "/points/count", {}) == {"count": 2}
    assert gateway.error("PUT", path, VECTORS) == (409, f"Wrong input: Collection `{name}` already exists!")
    assert gateway.result("DELETE", path) is True
    assert gateway.error("GET", path) == (404, f"Not found: Collection `{name}` doesn't exist!")


def test_dropped_and_made_anew_by_another_worker(gateway):
    """Workers cache collections; requests may reach any of them."""
    for i in range(20):
        size = 2 + i % 2
        gateway.request("DELETE", "/collections/anew")
        gateway.result("PUT", "/collections/anew", {"vectors": {"size": size, "distance": "Dot"}})
        for k in range(4):
            gateway.result("PUT", "/collections/anew/points?wait=true", {"points": [{"id": k, "vector": [1] * size}]})
        assert gateway.result("POST", "/collections/anew/points/count", {}) == {"count": 4}
    gateway.request("DELETE", "/collections/anew")
    for _ in range(4):
        assert gateway.error("POST", "/collections/anew/points/count", {})[0] == 404


def test_body_over_the_limit(gateway, collection):
    status, error = gateway.error("PUT", collection + "/points", b" " * (32 * 1024 * 1024 + 1))
    assert (status, error) == (400, "JSON payload (33554433 bytes) is larger than allowed (limit: 33554432 bytes).")


@pytest.mark.parametrize("coding, body, status, text", [
    ("br", b"x", 415, "Bad request: this Content-Encoding is not supported"),
    ("gzip", b"no gzip at all", 400, "Bad request: the body is not in its Content-Encoding"),
    ("gzip", gzip.compress(json.dumps(points()).encode())[:-9], 400, "Bad request: the body is not in its Content-Encoding"),
    ("deflate", b"\x78\x9c" + b"\xff" * 50, 400, "Bad request: the body is not in its Content-Encoding"),
    ("gzip", gzip.compress(b" " * 33_554_433), 400, "JSON payload has exceeded limit (33554432 bytes)."),
], ids=["unknown", "none", "cut", "deflate", "bomb"])
def test_compressed_bodies_refused(gateway, collection, coding, body, status, text):
    got, error = gateway.error("PUT", collection + "/points", body, {"Content-Encoding": coding})
    assert (got, error[:len(text)]) == (status, text)


def test_compressed_body(gateway, collection):
    body = gzip.compress(json.dumps(points()).encode())
    assert gateway.request("PUT", collection + "/points?wait=true", body, {"Content-Encoding": "gzip"})[0] == 200
    assert gateway.result("POST", collection + "/points/count", {}) == {"count": 5}


def test_hnsw_ef_beyond_range(gateway, collection):
    status, answer, _ = gateway.request("POST", collection + "/points/query", {"query": [1, 0, 0, 0], "params": {"hnsw_ef": 2**40}})
    assert status in (200, 400)
    status, answer, _ = gateway.request("POST", collection + "/points/query", {"query": [1, 0, 0, 0], "limit": 2**63 - 1})
    assert status in (200, 400)
    status, answer, _ = gateway.request("POST", collection + "/points/query", {"query": [1, 0, 0, 0], "offset": 2**63 - 1})
    assert status in (200, 400)


# ---- gRPC

@pytest.fixture
def channel(gateway):
    with grpc.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        yield channel


def failure(call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as error:
        call(*arguments, timeout=20, **options)
    return error.value.code(), error.value.details()


def vector_point(number, values):
    return messages.PointStruct(id=messages.PointId(num=number),
                                vectors=messages.Vectors(vector=messages.Vector(dense=messages.DenseVector(data=values))))


def test_grpc_wrong_dimension_and_nan(gateway, collection, channel):
    stub = messages.PointsStub(channel)
    name = collection.rsplit("/", 1)[1]
    for values in ([1, 2, 3], [1, 2, 3, float("nan")], [1, 2, 3, float("inf")]):
        code, text = failure(stub.Upsert, messages.UpsertPoints(collection_name=name, wait=True, points=[
            vector_point(10, [1, 2, 3, 4]), vector_point(11, values)]))
        assert code == grpc.StatusCode.INVALID_ARGUMENT and text
    assert gateway.result("POST", collection + "/points/count", {}) == {"count": 3}


@pytest.mark.parametrize("value, text", [
    (messages.Value(double_value=float("nan")), "cannot convert to json number"),
    (messages.Value(string_value="a\0b"), "u0000"),
], ids=["NaN", "NUL"])
def test_grpc_metadata_that_cannot_be_stored(gateway, collection, channel, value, text):
    stub = messages.CollectionsStub(channel)
    name = collection.rsplit("/", 1)[1]
    config = messages.VectorsConfig(params=messages.VectorParams(size=4, distance=messages.Distance.Dot))
    for call, request in [
            (stub.Create, messages.CreateCollection(collection_name="with_metadata", vectors_config=config, metadata={"a": value})),
            (stub.Update, messages.UpdateCollection(collection_name=name, metadata={"a": value}))]:
        code, said = failure(call, request)
        assert code == grpc.StatusCode.INVALID_ARGUMENT and text in said
    assert gateway.result("GET", "/collections/with_metadata/exists") == {"exists": False}


def test_grpc_number_that_is_no_enum_value(gateway, collection, channel):
    name = collection.rsplit("/", 1)[1]
    # the client library would not send it: update_mode = 99
    upsert = messages.UpsertPoints(collection_name=name, wait=True, points=[vector_point(9, [1, 2, 3, 4])]).SerializeToString()
    raw = channel.unary_unary("/qdrant.Points/Upsert", request_serializer=lambda b: b, response_deserializer=lambda b: b)
    assert failure(raw, upsert + b"\x40\x63") == (grpc.StatusCode.INVALID_ARGUMENT, "Malformed update_mode parameter: 99")
    assert gateway.result("POST", collection + "/points/count", {}) == {"count": 3}


def test_grpc_older_member_for_threads(gateway, channel):
    stub = messages.CollectionsStub(channel)
    config = messages.VectorsConfig(params=messages.VectorParams(size=4, distance=messages.Distance.Dot))
    threads = messages.OptimizersConfigDiff(deprecated_max_optimization_threads=3)
    gateway.request("DELETE", "/collections/threads")
    stub.Create(messages.CreateCollection(collection_name="threads", vectors_config=config, optimizers_config=threads), timeout=20)
    shown = gateway.result("GET", "/collections/threads")["config"]["optimizer_config"]
    gateway.request("DELETE", "/collections/threads")
    assert shown["max_optimization_threads"] == 3


def test_grpc_unknown_collection(channel):
    code, text = failure(messages.PointsStub(channel).Count, messages.CountPoints(collection_name="nope"))
    assert (code, text) == (grpc.StatusCode.NOT_FOUND, "Not found: Collection `nope` doesn't exist!")


def test_grpc_truncated_message(channel, collection):
    name = collection.rsplit("/", 1)[1]
    whole = messages.UpsertPoints(collection_name=name, points=[vector_point(1, [1, 2, 3, 4])]).SerializeToString()
    raw = channel.unary_unary("/qdrant.Points/Upsert", request_serializer=lambda b: b, response_deserializer=lambda b: b)
    for n in range(1, len(whole), 3):
        code, text = failure(raw, whole[:n])
        assert code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT), (n, code, text)


def test_grpc_deep_message(channel):
    """A filter nested 5,000 deep: refused, not a crash."""
    body = b""
    for _ in range(5000):
        # Filter.must = Condition{filter = body}
        inner = b"\x22" + varint(len(body)) + body
        body = b"\x12" + varint(len(inner)) + inner
    request = b"\x0a\x01c\x12" + varint(len(body)) + body
    raw = channel.unary_unary("/qdrant.Points/Count", request_serializer=lambda b: b, response_deserializer=lambda b: b)
    code, _ = failure(raw, request)
    assert code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED)


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out + bytes([n]))


@pytest.mark.parametrize("path, text", [
    ("/qdrant.Points/Recommend", "recommend"), ("/qdrant.Points/CreateVectorName", "adding a named vector"),
    ("/qdrant.Collections/UpdateAliases", "aliases"), ("/qdrant.Snapshots/Create", "snapshots"),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "reflection"),
    ("/qdrant.Points/Nope", ""), ("/nope.Nope/Nope", ""),
])
def test_grpc_unserved(channel, path, text):
    raw = channel.unary_unary(path, request_serializer=lambda b: b, response_deserializer=lambda b: b)
    code, details = failure(raw, b"")
    assert code == grpc.StatusCode.UNIMPLEMENTED and text in details and bool(text) == bool(details)


def send(port, data, seconds=8):
    """What the server says to raw bytes until it closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as s:
        s.settimeout(seconds)
        said = b""
        try:
            s.sendall(data)
            while chunk := s.recv(65536):
                said += chunk
                if len(said) > 1 << 20:
                    break
        except OSError:
            pass
        return said


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


@pytest.mark.parametrize("data", [
    b"\0" * 100, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", PREFACE + b"\xff" * 200,
    PREFACE + frame(4, 0, 0) + frame(1, 5, 1, b"\xff" * 50), PREFACE + frame(4, 0, 0) + frame(0, 1, 1, b"abc"),
    PREFACE + frame(4, 0, 1), PREFACE + frame(9, 0, 0, b"x"), PREFACE + frame(4, 0, 0) + frame(8, 0, 0, struct.pack(">I", 0)),
], ids=range(8))
def test_http2_garbage(gateway, data):
    send(gateway.grpc_port, data)
    assert gateway.running()
    with grpc.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        assert messages.QdrantStub(channel).HealthCheck(messages.HealthCheckRequest(), timeout=10).title


@pytest.mark.parametrize("data", [
    b"\0\1\2\3\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nA" + b"a" * 70000 + b"\r\n\r\n",
    b"POST /collections/c/points HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /collections/c/points HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
    b"POST /collections/c/points HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
], ids=range(7))
def test_http1_garbage(gateway, data):
    said = send(gateway.http_port, data)
    assert said[:10] in (b"HTTP/1.1 4", b"HTTP/1.1 5") and b"\r\nconnection: close\r\n" in said.lower(), said[:100]
    assert gateway.running()


def test_client_raises_its_own_exceptions(gateway, collection):
    client = QdrantClient(host="127.0.0.1", port=gateway.http_port, timeout=20)
    name = collection.rsplit("/", 1)[1]
    with pytest.raises(Exception) as error:
        client.upsert(name, [models.PointStruct(id=1, vector=[1, 2])])
    assert json.loads(error.value.content)["status"]["error"] == "Wrong input: Vector dimension error: expected dim: 4, got 2"
