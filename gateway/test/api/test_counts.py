"""Counts and facets by payload indexes while rows are written, rolled back,
deleted and vacuumed: what a snapshot sees, and nothing else."""
import random
import threading
import time

import psycopg

SECONDS = 6
COUNT = "SELECT qdrant_catalog.count_rows('busy', %s::text::payload_filter, true)"
FILTERS = ['{"must": {"key": "k", "match": {"value": "v1"}}}', '{"must": {"key": "n", "range": {"lt": 20}}}',
           '{"must": [{"key": "k", "match": {"value": "v2"}}, {"key": "n", "match": {"any": [3, 4, 5, 6]}}]}',
           '{"should": [{"key": "k", "match": {"value": "v2"}}, {"key": "n", "match": {"value": 3}}]}']
WRITES = ["UPDATE busy SET payload = jsonb_build_object('k', 'v' || %s %% 5, 'n', (random() * 50)::integer) WHERE id = %s",
          "DELETE FROM busy WHERE id = %s + %s", "UPDATE busy SET note = note + 1 WHERE id = %s + %s",
          "INSERT INTO busy (payload) SELECT jsonb_build_object('k', 'v' || (%s + %s) %% 5, 'n', 3)"]


def test_counts_while_rows_change(postgres):
    end = time.monotonic() + SECONDS
    failed, checks = [], []

    def run(work):
        try:
            with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
                while time.monotonic() < end:
                    work(connection, random.Random())
        except Exception as error:  # a thread's failure is the test's
            failed.append(error)

    def write(connection, r):
        with connection.transaction(force_rollback=r.random() < 0.3):
            for _ in range(5):
                connection.execute(r.choice(WRITES), (r.randrange(4000), r.randrange(4000)))

    def vacuum(connection, _):
        connection.execute("VACUUM busy")

    def check(connection, r):
        text = r.choice(FILTERS)
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            counted = connection.execute(COUNT, (text,)).fetchone()[0]
            facet = connection.execute("SELECT value, count FROM qdrant_catalog.facet_rows('busy', 'k', 'keyword', '{}', 9, true)").fetchall()
            connection.execute("SET LOCAL enable_bitmapscan = off")
            rows = connection.execute("SELECT count(*) FROM busy WHERE payload @@@ %s::text::payload_filter", (text,)).fetchone()[0]
            values = connection.execute("SELECT v, count(*) FROM busy, unnest(qdrant_catalog.keyword_values(payload, 'k')) v"
                                        ' GROUP BY v ORDER BY 2 DESC, v COLLATE "C" LIMIT 9').fetchall()
            again = connection.execute(COUNT, (text,)).fetchone()[0]
        checks.append(text)
        assert (counted, again, facet) == (rows, rows, values), text

    with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE busy (id serial PRIMARY KEY, note integer DEFAULT 0, payload jsonb)")
        connection.execute("INSERT INTO busy (payload) SELECT jsonb_build_object('k', 'v' || i % 5, 'n', i % 50) FROM generate_series(1, 8000) i")
        connection.execute("CREATE INDEX ON busy USING gin (payload qdrant_keyword_ops (path = 'k'))")
        connection.execute("CREATE INDEX ON busy USING gin (payload qdrant_integer_ops (path = 'n')) WITH (fastupdate = off)")
        threads = [threading.Thread(target=run, args=(work,)) for work in (write, write, vacuum, check, check)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        connection.execute("DROP TABLE busy")
    assert not [e for e in failed if not isinstance(e, psycopg.errors.DeadlockDetected)], failed
    assert len(checks) >= 5
