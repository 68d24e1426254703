"""Settings: a wrong one ends the start with an error that names it."""
import secrets
import subprocess

import pytest

from harness import Gateway


@pytest.mark.parametrize("name, value", [
    ("QDRANT__SERVICE__HTTP_PORT", "http"), ("QDRANT__SERVICE__HTTP_PORT", "70000"), ("QDRANT__SERVICE__GRPC_PORT", "-1"),
    ("QDRANT_ENABLE_GRPC", "perhaps"), ("QDRANT_MAX_COLLECTION_SIZE_MB", "1GB"), ("QDRANT_MAX_COLLECTION_SIZE_MB", "-5"),
    ("QDRANT__SERVICE__MAX_REQUEST_SIZE_MB", "x"), ("QDRANT_NO_SUCH_SETTING", "1"), ("QDRANT__SERVICE__NOPE", "1"),
])
def test_bad_setting_is_named(tmp_path, name, value):
    gateway = Gateway(tmp_path, "host=/nonexistent", **{name: value})
    run = subprocess.run(gateway.command, env=gateway.env, capture_output=True, text=True, timeout=20)
    assert run.returncode == 1
    assert name in run.stderr, run.stderr


def test_port_in_use(tmp_path, gateway):
    other = Gateway(tmp_path, "host=/nonexistent", QDRANT__SERVICE__HTTP_PORT=str(gateway.http_port))
    run = subprocess.run(other.command, env=other.env, capture_output=True, text=True, timeout=20)
    assert run.returncode == 1 and str(gateway.http_port) in run.stderr


def test_grpc_off(tmp_path, postgres):
    gateway = Gateway(tmp_path, postgres.conninfo, QDRANT_ENABLE_GRPC="false").start()
    try:
        import socket
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", gateway.grpc_port), timeout=2)
        assert gateway.request("GET", "/collections")[0] == 200
    finally:
        gateway.stop()


def test_request_limit(tmp_path, postgres):
    gateway = Gateway(tmp_path, postgres.conninfo, QDRANT__SERVICE__MAX_REQUEST_SIZE_MB="1").start()
    try:
        status, error = gateway.error("POST", "/collections/c/points/count", b" " * (1024 * 1024 + 1))
        assert (status, error) == (400, "JSON payload (1048577 bytes) is larger than allowed (limit: 1048576 bytes).")
    finally:
        gateway.stop()


def test_collection_size_limit(tmp_path, postgres):
    """An upsert that would pass the limit is refused and stores nothing."""
    gateway = Gateway(tmp_path, postgres.conninfo, QDRANT_MAX_COLLECTION_SIZE_MB="1").start()
    try:
        gateway.request("DELETE", "/collections/small")
        gateway.result("PUT", "/collections/small", {"vectors": {"size": 2, "distance": "Dot"}})
        stored = 0
        for i in range(40):
            body = {"points": [{"id": 10 * i + k, "vector": [1, 2], "payload": {"t": secrets.token_hex(2000)}} for k in range(10)]}
            status, answer, _ = gateway.request("PUT", "/collections/small/points?wait=true", body)
            if status != 200:
                break
            stored += 10
        assert status == 507 and answer["status"]["error"].startswith("Insufficient storage: "), (status, answer)
        assert gateway.result("POST", "/collections/small/points/count", {}) == {"count": stored}
        gateway.request("DELETE", "/collections/small")
    finally:
        gateway.stop()
