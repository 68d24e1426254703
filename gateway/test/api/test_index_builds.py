"""Indexes that a PATCH asks for: built beside the old one, while all goes on.
And rows that are merged into the graph of an index: the collection is yellow
meanwhile, and not for longer."""
import os
import signal
import threading
import time

import pytest

from harness import Gateway, Postgres, wait_until

C = "/collections/c"
INDEXES = """SELECT string_agg(indexrelid::regclass || ' ' || indisvalid || ' ' || reloptions::text, ', ')
    FROM pg_index JOIN pg_class ON oid = indexrelid WHERE indrelid = 'qdrant.c'::regclass AND NOT indisprimary"""
DONE = "qdrant.c_embedding_payload_idx true {m=12,ef_construction=100}"


@pytest.fixture
def loaded(tmp_path):
    """A collection as after a bulk load: 45,000 points, over 10,000 kB, no graph yet."""
    postgres = Postgres(tmp_path)
    gateway = Gateway(tmp_path, postgres.conninfo).start()
    gateway.result("PUT", C, {"vectors": {"size": 64, "distance": "Dot"}, "optimizers_config": {"indexing_threshold": 0}})
    postgres.sql("""INSERT INTO qdrant.c (id, embedding) SELECT i, array_agg(sin(i * j + j))::real[]
        FROM generate_series(1, 45000) i, generate_series(1, 64) j GROUP BY i""")
    yield postgres, gateway
    gateway.running()
    gateway.stop()
    postgres.stop()


def ask_for_graph(gateway):
    start = time.monotonic()
    gateway.result("PATCH", C, {"optimizers_config": {"indexing_threshold": 1000}, "hnsw_config": {"m": 12}})
    gateway.result("PATCH", C, {"optimizers_config": {"indexing_threshold": 10000}})
    gateway.result("PATCH", C, {"optimizers_config": {"indexing_threshold": 4000}})
    gateway.result("PATCH", C, {"optimizers_config": {"indexing_threshold": 10000}, "metadata": {"a": 1}})
    assert time.monotonic() - start < 3


def info(gateway):
    return gateway.result("GET", C)


def wait_for_green(gateway):
    wait_until(lambda: info(gateway)["status"] == "green", 150, "the index is built")


def test_writers_and_readers_go_on(loaded):
    postgres, gateway = loaded
    query = {"query": [0.5] * 64, "limit": 5, "params": {"exact": True}}
    before = gateway.result("POST", C + "/points/query", query)
    assert info(gateway)["indexed_vectors_count"] == 0
    ask_for_graph(gateway)
    assert info(gateway)["status"] == "yellow"
    written = 0
    while info(gateway)["status"] == "yellow":
        start = time.monotonic()
        gateway.result("PUT", C + "/points?wait=true", {"points": [{"id": 50000 + written, "vector": [-9] * 64}]})
        assert time.monotonic() - start < 4
        written += 1
        time.sleep(0.05)
    assert written > 1
    assert postgres.sql(INDEXES) == DONE
    assert info(gateway)["points_count"] == 45000 + written
    assert [p["id"] for p in gateway.result("POST", C + "/points/query", query)["points"]] == \
        [p["id"] for p in before["points"]]
    top = gateway.result("POST", C + "/points/query", {"query": [-0.5] * 64, "limit": 1})["points"]
    assert top[0]["id"] >= 50000
    assert info(gateway)["config"]["metadata"] == {"a": 1}


@pytest.mark.parametrize("how", ["terminate", "kill"])
def test_a_gateway_that_ends_takes_it_up_again(loaded, how):
    postgres, gateway = loaded
    ask_for_graph(gateway)
    wait_until(lambda: "_new" in postgres.sql(INDEXES), what="the build has begun")
    getattr(gateway.process, how)()
    gateway.process.wait(20)
    postgres.sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                 " WHERE application_name = 'qdrant-gateway index builder'")
    assert "false" in postgres.sql(INDEXES)
    gateway.start()
    assert info(gateway)["status"] == "yellow"
    wait_for_green(gateway)
    assert postgres.sql(INDEXES) == DONE


def test_a_drop_does_not_wait(loaded):
    postgres, gateway = loaded
    ask_for_graph(gateway)
    wait_until(lambda: "_new" in postgres.sql(INDEXES), what="the build has begun")
    start = time.monotonic()
    assert gateway.result("DELETE", C) is True
    assert time.monotonic() - start < 2
    assert gateway.request("GET", C)[0] == 404
    gateway.result("PUT", C, {"vectors": {"size": 4, "distance": "Dot"}})
    assert info(gateway)["status"] == "green"


def test_end_while_the_catalog_is_locked(tmp_path):
    """The builder waits for a lock that somebody else holds."""
    postgres = Postgres(tmp_path)
    postgres.sql("""SELECT qdrant.create_collection('c', '{"vectors": {"size": 1, "distance": "Dot"}}')""")
    lock = threading.Thread(target=postgres.sql, args=("BEGIN; LOCK TABLE qdrant_catalog.vectors; SELECT pg_sleep(20); COMMIT",))
    lock.start()
    gateway = Gateway(tmp_path, postgres.conninfo)
    try:
        wait_until(lambda: postgres.sql("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted") != "0",
                   what="the lock is held")
        gateway.start()
        wait_until(lambda: postgres.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                                        "application_name = 'qdrant-gateway index builder'") == "1", what="the builder waits")
        assert gateway.stop(seconds=8) == 0
        assert lock.is_alive()
    finally:
        gateway.stop()
        lock.join()
        postgres.stop()


@pytest.fixture
def merging(tmp_path):
    """20,000 points written by SQL, and the worker that merges them stopped in the middle."""
    postgres = Postgres(tmp_path)
    gateway = Gateway(tmp_path, postgres.conninfo).start()
    postgres.sql("ALTER SYSTEM SET autovacuum = off")
    postgres.sql("SELECT pg_reload_conf()")
    gateway.result("PUT", C, {"vectors": {"size": 64, "distance": "Dot"}, "optimizers_config": {"indexing_threshold": 1000}})
    assert info(gateway)["status"] == "green"
    postgres.sql("""INSERT INTO qdrant.c (id, embedding) SELECT i, array_agg(sin(i * j + j))::real[]
        FROM generate_series(1, 20000) i, generate_series(1, 64) j GROUP BY i""")
    worker = int(wait_until(lambda: postgres.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'qdrant_pg merge'"),
                            what="a worker comes"))
    os.kill(worker, signal.SIGSTOP)
    yield postgres, gateway, worker
    try:
        os.kill(worker, signal.SIGCONT)
    except ProcessLookupError:
        pass
    gateway.stop()
    postgres.stop()


def fresh(postgres):
    return postgres.sql("SELECT fresh > fresh_limit FROM qdrant.index_stats('qdrant.c_embedding_payload_idx')") == "t"


def test_yellow_while_rows_are_merged(merging):
    postgres, gateway, worker = merging
    for _ in range(2):
        assert fresh(postgres)
        seen = info(gateway)
        assert (seen["status"], seen["optimizer_status"], seen["points_count"]) == ("yellow", "ok", 20000)
        assert seen["indexed_vectors_count"] < 20000
        time.sleep(3)
    os.kill(worker, signal.SIGCONT)
    while fresh(postgres):
        time.sleep(0.1)
    wait_until(lambda: info(gateway)["status"] == "green", 5, "merged")
    assert info(gateway)["indexed_vectors_count"] == 20000


def test_green_when_nobody_merges(merging):
    postgres, gateway, worker = merging
    assert info(gateway)["status"] == "yellow"
    os.kill(worker, signal.SIGTERM)
    os.kill(worker, signal.SIGCONT)
    wait_until(lambda: info(gateway)["status"] == "green", 5, "the worker has gone")
    assert fresh(postgres) and info(gateway)["indexed_vectors_count"] == 20000
    postgres.sql("VACUUM qdrant.c")
    assert not fresh(postgres) and info(gateway)["status"] == "green"
