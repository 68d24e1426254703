"""One PostgreSQL and one gateway for the whole run; tests that break things
make their own."""
import itertools

import pytest

from harness import GATEWAY, Gateway, Postgres

@pytest.fixture(scope="session")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def postgres(directory):
    assert GATEWAY.exists(), f"build the gateway first: no {GATEWAY}"
    server = Postgres(directory)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def gateway(directory, postgres):
    server = Gateway(directory, postgres.conninfo).start()
    yield server
    server.running()
    assert server.stop() == 0


@pytest.fixture(scope="session")
def keyed(directory, postgres):
    server = Gateway(directory, postgres.conninfo, QDRANT_API_KEY="correct-horse").start()
    yield server
    server.running()
    assert server.stop() == 0


_numbers = itertools.count()


@pytest.fixture
def collection(gateway):
    """A fresh collection: unnamed vector of 4 dimensions, Cosine, three points."""
    path = f"/collections/test_{next(_numbers)}"
    gateway.result("PUT", path, {"vectors": {"size": 4, "distance": "Cosine"}})
    gateway.result("PUT", path + "/points?wait=true", {"points": [
        {"id": 1, "vector": [1, 0, 0, 0], "payload": {"city": "Berlin"}},
        {"id": 2, "vector": [0, 1, 0, 0], "payload": {"city": ["London", "Berlin"]}},
        {"id": 3, "vector": [0, 0, 1, 0], "payload": {}}]})
    yield path
    gateway.request("DELETE", path)
