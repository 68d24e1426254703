"""The API key, on both ports."""
import grpc
import pytest
from qdrant_client import QdrantClient, grpc as messages

MISSING = "Must provide an API key or an Authorization bearer token"
WRONG = "Invalid API key or JWT"


@pytest.mark.parametrize("headers, text", [
    ({"api-key": None}, MISSING),
    ({"api-key": None, "Authorization": "Basic Zm9v"}, MISSING),
    ({"api-key": None, "Authorization": "bearer correct-horse"}, MISSING),
    ({"api-key": "wrong"}, WRONG),
    ({"api-key": ""}, WRONG),
    ({"api-key": "correct-horse2"}, WRONG),
    ({"api-key": "correct-hors"}, WRONG),
    ({"api-key": None, "Authorization": "Bearer wrong"}, WRONG),
    ({"api-key": "wrong", "Authorization": "Bearer correct-horse"}, WRONG),
])
@pytest.mark.parametrize("path", ["/collections", "/no/such/path", "/collections/c/points/search"])
def test_rest_refuses(keyed, headers, text, path):
    status, body, answered = keyed.request("GET", path, headers=headers)
    assert (status, body, answered.get("content-type")) == (401, text, None)


@pytest.mark.parametrize("headers", [{"api-key": "correct-horse"}, {"Authorization": "Bearer correct-horse", "api-key": None}])
def test_rest_lets_in(keyed, headers):
    assert keyed.request("GET", "/collections", headers=headers)[0] == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/livez", "/readyz"])
def test_health_needs_no_key(keyed, path):
    assert keyed.request("GET", path, headers={"api-key": None})[0] == 200


@pytest.mark.parametrize("path", ["/readyzz", "/livez/x", "/dashboardx", "/healthz2", "/dashboard%2f..%2fcollections",
                                  "/healthz/%2e%2e/collections"])
def test_nothing_beside_the_exempt_paths_is(keyed, path):
    assert keyed.request("GET", path, headers={"api-key": None})[0] == 401


@pytest.mark.parametrize("path", ["/dashboard/../collections", "/dashboard/%2e%2e/collections", "/dashboard//..//collections"])
def test_no_way_round_through_the_dashboard(keyed, path):
    assert keyed.request("GET", path, headers={"api-key": None})[0] == 404


def test_refused_upsert_is_not_stored(keyed):
    keyed.request("DELETE", "/collections/guarded")
    keyed.result("PUT", "/collections/guarded", {"vectors": {"size": 1, "distance": "Dot"}})
    body = {"points": [{"id": 1, "vector": [1]}]}
    assert keyed.request("PUT", "/collections/guarded/points?wait=true", body, {"api-key": "wrong"})[0] == 401
    assert keyed.result("POST", "/collections/guarded/points/count", {}) == {"count": 0}
    keyed.request("DELETE", "/collections/guarded")


@pytest.mark.parametrize("metadata, text", [
    ((), MISSING),
    ((("api-key", "wrong"),), WRONG),
    ((("authorization", "Bearer wrong"),), WRONG),
    ((("authorization", "correct-horse"),), MISSING),
])
def test_grpc_refuses(keyed, metadata, text):
    with grpc.insecure_channel(f"127.0.0.1:{keyed.grpc_port}") as channel:
        with pytest.raises(grpc.RpcError) as error:
            messages.CollectionsStub(channel).List(messages.ListCollectionsRequest(), metadata=metadata, timeout=10)
        assert (error.value.code(), error.value.details()) == (grpc.StatusCode.UNAUTHENTICATED, text)


def test_grpc_lets_in(keyed):
    with grpc.insecure_channel(f"127.0.0.1:{keyed.grpc_port}") as channel:
        stub = messages.CollectionsStub(channel)
        for metadata in ((("api-key", "correct-horse"),), (("authorization", "Bearer correct-horse"),)):
            stub.List(messages.ListCollectionsRequest(), metadata=metadata, timeout=10)
        assert messages.QdrantStub(channel).HealthCheck(messages.HealthCheckRequest(), timeout=10).version == "1.19.0"


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
@pytest.mark.parametrize("prefer_grpc", [False, True])
def test_client_with_key(keyed, prefer_grpc):
    client = QdrantClient(host="127.0.0.1", port=keyed.http_port, grpc_port=keyed.grpc_port, prefer_grpc=prefer_grpc,
                          https=False, api_key="correct-horse", timeout=30)
    assert client.collection_exists("no such") is False
