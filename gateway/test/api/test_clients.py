"""The official Python client, newest and old, REST and gRPC."""
import os
import pathlib
import subprocess
import sys

import pytest
from qdrant_client import QdrantClient, models

import usage

OLD = "1.12.2"


def client_of(server, prefer_grpc, **options):
    return QdrantClient(host="127.0.0.1", port=server.http_port, grpc_port=server.grpc_port, prefer_grpc=prefer_grpc,
                        https=False, timeout=30, **options)


@pytest.mark.parametrize("prefer_grpc", [False, True], ids=["rest", "grpc"])
def test_usage(gateway, prefer_grpc):
    usage.usage(client_of(gateway, prefer_grpc), f"usage {prefer_grpc}")


def test_rest_and_grpc_see_the_same(gateway):
    rest, grpc = client_of(gateway, False), client_of(gateway, True)
    name = "both"
    rest.delete_collection(name)
    rest.create_collection(name, vectors_config=models.VectorParams(size=3, distance=models.Distance.DOT))
    payload = {"int": 2**53 + 1, "float": 1.0, "text": "é\u2028\"\\", "null": None, "list": [True, [], {}], "o": {"a.b": {"c": -1}}}
    grpc.upsert(name, [models.PointStruct(id=5, vector=[1, 2, 3], payload=payload)])
    rest.upsert(name, [models.PointStruct(id=6, vector=[1, 2, 3], payload=payload)])
    for client in (rest, grpc):
        one, two = client.retrieve(name, [5, 6], with_vectors=True)
        assert one.payload == two.payload == payload
        assert type(one.payload["float"]) is float and type(one.payload["int"]) is int
        assert one.vector == two.vector == [1, 2, 3]
    rest.delete_collection(name)


@pytest.fixture(scope="session")
def old_client(tmp_path_factory):
    """qdrant-client OLD in a folder of its own, with the others' packages."""
    target = pathlib.Path(os.environ.get("QDRANT_PG_TEST_DIR", tmp_path_factory.mktemp("old"))) / f"qdrant-client-{OLD}"
    if not (target / "qdrant_client").exists():
        run = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target,
                              f"qdrant-client=={OLD}"], capture_output=True, text=True)
        if run.returncode != 0:
            pytest.skip(f"could not install qdrant-client {OLD}: {run.stderr[-200:]}")
    return target


def test_usage_by_old_client(gateway, old_client):
    run = subprocess.run([sys.executable, usage.__file__, str(gateway.http_port), str(gateway.grpc_port)],
                         env={**os.environ, "PYTHONPATH": str(old_client)}, capture_output=True, text=True)
    assert run.returncode == 0 and "usage: ok" in run.stdout, run.stderr[-3000:]
