"""PostgreSQL going away, slow and vanishing clients, leaks."""
import signal
import socket
import threading
import time

import grpc
import pytest
from qdrant_client import grpc as messages

from harness import Gateway, Postgres, wait_until


@pytest.fixture
def breakable(tmp_path):
    postgres = Postgres(tmp_path)
    gateway = Gateway(tmp_path, postgres.conninfo).start()
    yield postgres, gateway
    gateway.running()
    gateway.stop()
    postgres.stop()


def fill(gateway, n):
    gateway.request("DELETE", "/collections/c")
    gateway.result("PUT", "/collections/c", {"vectors": {"size": 2, "distance": "Dot"}})
    gateway.result("PUT", "/collections/c/points?wait=true", {"points": [{"id": i, "vector": [i, 1]} for i in range(n)]})


def test_postgres_crashes_and_comes_back(breakable):
    postgres, gateway = breakable
    fill(gateway, 10)
    postgres.sql("CHECKPOINT")
    postgres.kill()
    wait_until(lambda: gateway.request("GET", "/readyz")[0] == 503, what="readyz says 503")
    assert gateway.request("GET", "/readyz")[1] == "some shards are not ready"
    assert gateway.request("GET", "/healthz")[0] == 200
    start = time.monotonic()
    status, error = gateway.error("POST", "/collections/c/points/count", {})
    assert status == 503 and "PostgreSQL is not available" in error
    assert time.monotonic() - start < 4
    status, error = gateway.error("PUT", "/collections/c/points", {"points": [{"id": 99, "vector": [1, 1]}]})
    assert status == 503
    with grpc.insecure_channel(f"127.0.0.1:{gateway.grpc_port}") as channel:
        with pytest.raises(grpc.RpcError) as failed:
            messages.CollectionsStub(channel).List(messages.ListCollectionsRequest(), timeout=10)
        assert failed.value.code() == grpc.StatusCode.UNAVAILABLE

    postgres.start()
    wait_until(lambda: gateway.request("GET", "/readyz")[0] == 200, what="readyz says 200 again")
    assert gateway.result("POST", "/collections/c/points/count", {}) == {"count": 10}
    gateway.result("PUT", "/collections/c/points?wait=true", {"points": [{"id": 99, "vector": [1, 1]}]})
    assert gateway.result("POST", "/collections/c/points/count", {}) == {"count": 11}


def test_the_log_says_why_postgres_is_gone(breakable):
    postgres, gateway = breakable
    fill(gateway, 1)
    postgres.process.send_signal(signal.SIGINT)
    postgres.process.wait(30)
    wait_until(lambda: gateway.request("GET", "/readyz")[0] == 503, what="readyz says 503")
    said = [line for line in gateway.log.read_text().splitlines() if "no connection to PostgreSQL: " in line]
    assert said and all(line.endswith("terminating connection due to administrator command") for line in said)
    postgres.start()
    wait_until(lambda: gateway.request("GET", "/readyz")[0] == 200, what="readyz says 200 again")


def test_reads_survive_a_lost_connection(breakable):
    postgres, gateway = breakable
    fill(gateway, 10)
    for _ in range(5):
        postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'qdrant-gateway'")
        assert gateway.result("POST", "/collections/c/points/count", {}) == {"count": 10}


def test_started_before_postgres(tmp_path):
    postgres = Postgres(tmp_path)
    postgres.kill()
    gateway = Gateway(tmp_path, postgres.conninfo).start(ready=False)
    try:
        wait_until(lambda: gateway.request("GET", "/readyz")[0] == 503, what="readyz says 503")
        postgres.start()
        wait_until(lambda: gateway.request("GET", "/readyz")[0] == 200, what="readyz says 200")
        fill(gateway, 1)
    finally:
        gateway.stop()
        postgres.stop()


def hold_lock(postgres, seconds):
    """Makes every request for points wait; the thread that holds the lock."""
    locker = threading.Thread(target=postgres.sql, args=(f"BEGIN; LOCK TABLE qdrant.c; SELECT pg_sleep({seconds}); COMMIT",))
    locker.start()
    wait_until(lambda: postgres.sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") != "0",
               what="the lock is held")
    return locker


def test_timeout_cancels_the_query(breakable):
    postgres, gateway = breakable
    fill(gateway, 10)
    gateway.result("POST", "/collections/c/points/count", {})
    locker = hold_lock(postgres, 6)
    start = time.monotonic()
    status, error = gateway.error("POST", "/collections/c/points/count?timeout=1", {})
    assert status == 408 and error.startswith("Timeout: ")
    assert 0.9 < time.monotonic() - start < 3
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'qdrant-gateway' AND state = 'active'"
    wait_until(lambda: postgres.sql(waiting) == "0", seconds=3, what="the query is cancelled")
    assert locker.is_alive()
    locker.join()
    assert gateway.result("POST", "/collections/c/points/count", {}) == {"count": 10}


@pytest.mark.parametrize("method, path, body", [
    ("PUT", "/collections/c/points?wait=true&timeout=1", {"points": [{"id": 50, "vector": [1, 1]}]}),
    ("PATCH", "/collections/c?timeout=1", {"metadata": {"changed": True}}),
    ("DELETE", "/collections/c?timeout=1", None),
])
def test_timeout_takes_changes_back(breakable, method, path, body):
    """A documented difference: Qdrant would answer wait_timeout and go on."""
    postgres, gateway = breakable
    fill(gateway, 10)
    gateway.result("PATCH", "/collections/c", {"metadata": {"changed": False}})
    locker = hold_lock(postgres, 4)
    start = time.monotonic()
    status, error = gateway.error(method, path, body)
    assert (status, error) == (408, "Timeout: the operation did not finish in time")
    assert 0.9 < time.monotonic() - start < 3
    locker.join()
    assert gateway.result("POST", "/collections/c/points/count", {}) == {"count": 10}
    assert gateway.result("GET", "/collections/c")["config"]["metadata"] == {"changed": False}


def test_update_that_the_owner_cancels_is_not_tried_again(breakable):
    postgres, gateway = breakable
    fill(gateway, 10)
    locker = hold_lock(postgres, 4)
    answers = []
    writer = threading.Thread(target=lambda: answers.append(gateway.error(
        "PUT", "/collections/c/points?wait=true", {"points": [{"id": 50, "vector": [1, 1]}]})))
    writer.start()
    cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE application_name = 'qdrant-gateway' AND wait_event_type = 'Lock'"
    wait_until(lambda: postgres.sql(cancel) == "1", what="the update waits and is cancelled")
    writer.join(2)
    assert answers == [(408, "Timeout: canceling statement due to user request")]
    locker.join()
    assert gateway.result("POST", "/collections/c/points/count", {}) == {"count": 10}


def test_statements_of_a_cancelled_request_are_prepared_again(breakable):
    """The lock is waited for in front of the statements that are new to the connection."""
    postgres, gateway = breakable
    fill(gateway, 10)
    query = {"query": [1, 1], "limit": 3, "with_payload": True}
    locker = hold_lock(postgres, 3)
    for _ in range(2):
        assert gateway.error("POST", "/collections/c/points/query?timeout=1", query)[0] == 408
    locker.join()
    for _ in range(20):
        assert len(gateway.result("POST", "/collections/c/points/query", query)["points"]) == 3


def test_commit_that_fails_is_a_clear_error(breakable):
    """A deferred constraint of the database's owner speaks up after the last statement."""
    postgres, gateway = breakable
    fill(gateway, 1)
    postgres.sql("CREATE FUNCTION unlucky() RETURNS trigger LANGUAGE plpgsql AS "
                 "$$BEGIN IF new.id = 13 THEN RAISE check_violation USING MESSAGE = 'no 13 here'; END IF; RETURN NULL; END$$; "
                 "CREATE CONSTRAINT TRIGGER unlucky AFTER INSERT ON qdrant.c DEFERRABLE INITIALLY DEFERRED "
                 "FOR EACH ROW EXECUTE FUNCTION unlucky()")
    for _ in range(3):
        assert gateway.error("PUT", "/collections/c/points?wait=true", {"points": [{"id": 13, "vector": [1, 1]}]}) == \
            (400, "Wrong input: no 13 here")
        gateway.result("PUT", "/collections/c/points?wait=true", {"points": [{"id": 14, "vector": [1, 1]}]})
    assert gateway.result("POST", "/collections/c/points/count", {}) == {"count": 2}


def test_answer_that_would_take_too_much_memory(gateway, collection):
    """Sixty times 6 MB, which the result of one search alone would not be."""
    text = "x" * 6_000_000
    gateway.result("PUT", collection + "/points?wait=true", {"points": [{"id": 1, "vector": [1, 1, 1, 1], "payload": {"t": text}}]})
    search = {"limit": 1, "with_payload": True, "filter": {"must": [{"has_id": [1]}]}}
    status, error = gateway.error("POST", collection + "/points/query/batch", {"searches": [search] * 60})
    assert (status, error) == (400, "Wrong input: the answer takes too much memory; ask for less at a time")
    assert len(gateway.result("POST", collection + "/points/query/batch", {"searches": [search] * 3})) == 3


def test_client_that_goes_away_cancels_its_read(breakable):
    postgres, gateway = breakable
    fill(gateway, 1)
    gateway.result("POST", "/collections/c/points/count", {})
    locker = hold_lock(postgres, 6)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'qdrant-gateway' AND state = 'active'"
    with socket.create_connection(("127.0.0.1", gateway.http_port)) as s:
        s.sendall(b"POST /collections/c/points/count HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        wait_until(lambda: postgres.sql(waiting) == "1", what="the query waits")
    wait_until(lambda: postgres.sql(waiting) == "0", seconds=4, what="the query is cancelled")
    assert locker.is_alive()
    locker.join()


def test_slow_reader_holds_up_nobody(gateway, collection):
    text = "x" * 20000
    gateway.result("PUT", collection + "/points?wait=true", {"points": [
        {"id": i, "vector": [1, 1, 1, 1], "payload": {"t": text}} for i in range(100, 1100)]})
    request = b'{"limit":2000}'
    head = f"POST {collection}/points/scroll HTTP/1.1\r\nHost: x\r\nContent-Length: {len(request)}\r\n\r\n".encode()
    slow = [socket.create_connection(("127.0.0.1", gateway.http_port)) for _ in range(4)]
    try:
        for s in slow:
            s.sendall(head + request)
        start = time.monotonic()
        for _ in range(20):
            assert gateway.request("POST", collection + "/points/count", {}, timeout=10)[0] == 200
        assert time.monotonic() - start < 10
        # and it still gets all of its answer
        slow[0].settimeout(20)
        got = b""
        while b'"status":"ok"' not in got[-200:]:
            chunk = slow[0].recv(1 << 20)
            assert chunk, "cut off"
            got += chunk
        assert len(got) > 20_000_000
    finally:
        for s in slow:
            s.close()


def test_bad_requests_leak_nothing(gateway, collection):
    def bad():
        gateway.request("PUT", collection + "/points", '{"points":[{"id":1,"vector":[1,2,3')
        gateway.request("PUT", collection + "/points", {"points": [{"id": 1, "vector": [1] * 500}]})
        gateway.request("POST", collection + "/points/query", {"query": [1, 2, 3], "filter": {"must": [{"nope": 1}]}})
        gateway.request("POST", "/collections/nope/points/count", {})
        with socket.create_connection(("127.0.0.1", gateway.http_port)) as s:
            s.sendall(b"POST /collections/c/points HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{" + b" " * 5000)

    for _ in range(100):
        bad()
    before, files = gateway.rss_kib(), gateway.open_files()
    for _ in range(400):
        bad()
    assert gateway.rss_kib() - before < 8 * 1024
    wait_until(lambda: gateway.open_files() <= files + 5, what="sockets are closed")


def peak_kib(gateway):
    """Of its address space: what was asked for, not what was touched."""
    for line in open(f"/proc/{gateway.process.pid}/status"):
        if line.startswith("VmPeak:"):
            return int(line.split()[1])
    raise RuntimeError("no VmPeak")


SEARCHES = '{"searches":[' + ",".join(['{"query":[1,1],"limit":1}'] * 500_000) + "]}"


@pytest.mark.parametrize("method, path, body", [
    ("PUT", "/points", '{"points":' + "[" * 120 + "1," * 4_000_000 + "1" + "]" * 120 + "}"),
    ("PUT", "/points", '{"points":[' + ",".join('{"id":%d,"vector":{}}' % i for i in range(300_000)) + "]}"),
    ("POST", "/points/query/batch", SEARCHES),
], ids=["nested arrays", "many points of many vectors", "many searches"])
def test_small_request_that_wants_much_memory(breakable, method, path, body):
    _, gateway = breakable
    gateway.result("PUT", "/collections/c", {"vectors": {f"v{i}": {"size": 1, "distance": "Dot", "hnsw_config": {"m": 0}}
                                                         for i in range(300)}})
    before = peak_kib(gateway)
    status, error = gateway.error(method, "/collections/c" + path, body)
    # the arrays need little: they are only of the wrong form
    assert status == 400 and error in ("request needs too much memory", "Format error in JSON body: invalid length 1, "
                                       "expected struct PointStruct with 3 elements")
    assert peak_kib(gateway) - before < 8 * len(body) / 1024 + 300 * 1024


def test_many_idle_connections(gateway):
    sockets = [socket.create_connection(("127.0.0.1", gateway.http_port)) for _ in range(200)]
    try:
        assert gateway.request("GET", "/collections")[0] == 200
    finally:
        for s in sockets:
            s.close()


def test_parallel_requests(gateway, collection):
    failures = []

    def work(worker):
        try:
            for i in range(30):
                base = 1000 * (worker + 1) + 10 * i
                gateway.result("PUT", collection + "/points?wait=true", {"points": [
                    {"id": base + k, "vector": [1, k, i, worker]} for k in range(10)]})
                assert len(gateway.result("POST", collection + "/points/query", {"query": [1, 1, 1, 1], "limit": 3})["points"]) == 3
        except Exception as e:
            failures.append(e)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures[:2]
    assert gateway.result("POST", collection + "/points/count", {}) == {"count": 3 + 8 * 300}


def test_stops_in_peace(tmp_path, postgres):
    gateway = Gateway(tmp_path, postgres.conninfo).start()
    assert gateway.request("GET", "/collections")[0] == 200
    start = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - start < 10
