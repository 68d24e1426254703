#!/usr/bin/env python3
"""payload: counts, facets, scrolls and order_by by payload indexes, beside
qdrant-edge-py in this process and a sequential scan of the same table, on a
generated set of payloads of about 300 bytes (--rows).

Times are microseconds of processor time: of the server's process and the
client's together, or of this process for qdrant-edge-py; its answers count as
the truth for exact ones. --wall prints wall time instead. The last part
evaluates a filter that no index serves, and prints payloads per second.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

import psycopg
from psycopg import pq

FIELDS = {"city": "keyword", "user": "keyword", "tags": "keyword", "n": "integer", "stars": "integer",
          "price": "float", "at": "datetime", "ok": "bool"}
TARGET_SCAN, TARGET_EXACT, TARGET_ABOUT, TARGET_PAYLOADS = 5.0, 10.0, 1.0, 1e6


def payloads(rows):
    r = random.Random(7)
    for _ in range(rows):
        yield {"city": f"city_{int(r.paretovariate(1.0)) % 100:02d}", "user": f"user_{r.randrange(20000)}",
               "n": r.randrange(1000000), "stars": r.randrange(5), "price": round(r.uniform(0, 1000), 2),
               "at": f"20{r.randrange(10, 25)}-0{r.randrange(1, 10)}-1{r.randrange(10)}T0{r.randrange(10)}:00:00Z",
               "ok": r.random() < 0.5, "tags": [f"tag_{r.randrange(1000)}" for _ in range(r.randrange(4))],
               "text": "".join(r.choices("abcdefgh ", k=100))}


def match(key, value):
    return {"key": key, "match": {"value": value}}


def below(key, value):
    return {"key": key, "range": {"lt": value}}


FILTERS = {
    "no filter": [],
    "city 3 %": [match("city", "city_05")],
    "user 0.005 %": [match("user", "user_77")],
    "n < 1 %": [below("n", 10000)],
    "n < 50 %": [below("n", 500000)],
    "city 50 %": [match("city", "city_01")],
    "city and n": [match("city", "city_02"), below("n", 100000)],
}


def hits(rows):
    return [(value, int(count)) for value, count in rows]


def cpu_of(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


class Server:
    def __init__(self, args):
        self.connection = psycopg.connect(host=args.host, port=args.port, user="postgres", dbname=args.database, autocommit=True)
        self.pid = self.connection.info.backend_pid
        self.wall = args.wall
        self.statements = {}
        self.connection.execute("SET jit = off; SET max_parallel_workers_per_gather = 0")
        self.plan("custom")

    def plan(self, kind):
        """As the gateway has it: a plan for each filter, but not for functions that count."""
        self.connection.execute(f"SET plan_cache_mode = force_{kind}_plan")

    def clock(self):
        return time.perf_counter() if self.wall else time.process_time() + cpu_of(self.pid)

    def build(self, rows):
        c = self.connection
        c.execute("SELECT qdrant.drop_collection('bench_payload')")
        c.execute("""SELECT qdrant.create_collection('bench_payload', '{"vectors": {"size": 1, "distance": "Dot"}}')""")
        with c.cursor() as cursor, cursor.copy("COPY qdrant.bench_payload (id, payload) FROM STDIN") as copy:
            for i, payload in enumerate(payloads(rows)):
                copy.write_row((str(i), json.dumps(payload)))
        for path, kind in FIELDS.items():
            c.execute("SELECT qdrant.create_payload_index('bench_payload', %s, to_jsonb(%s::text))", (path, kind))
        c.execute("VACUUM (ANALYZE, FREEZE) qdrant.bench_payload")

    def fetch(self, sql, values):
        """Rows of strings, by a statement that stays prepared, with $1, $2 ... for the values."""
        pg = self.connection.pgconn
        if sql not in self.statements:
            self.statements[sql] = f"s{len(self.statements)}".encode()
            prepared = pg.prepare(self.statements[sql], sql.encode())
            assert prepared.status == pq.ExecStatus.COMMAND_OK, prepared.error_message.decode()
        result = pg.exec_prepared(self.statements[sql], [str(v).encode() for v in values])
        assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message.decode()
        return [tuple(result.get_value(i, k).decode() for k in range(result.nfields)) for i in range(result.ntuples)]

    def filter(self, conditions):
        return self.fetch("SELECT qdrant.bind_filter('bench_payload', $1)::text", [json.dumps({"must": conditions})])[0][0]

    def count(self, conditions, exact):
        f = self.filter(conditions)
        self.plan("generic")
        return lambda: int(self.fetch("SELECT qdrant_catalog.count_rows('qdrant.bench_payload', $1, $2)", [f, exact])[0][0])

    def facet(self, key, conditions, exact):
        f = self.filter(conditions)
        self.plan("generic")
        return lambda: hits(self.fetch("SELECT value, count FROM qdrant_catalog.facet_rows('qdrant.bench_payload', $1, $2, $3, 10, $4)",
                                       [key, FIELDS[key], f, exact]))

    def scroll(self, conditions):
        f = self.filter(conditions)
        self.plan("custom")
        return lambda: [r[0] for r in self.fetch("SELECT id, payload FROM qdrant.bench_payload WHERE payload @@@ $1 ORDER BY id LIMIT 10", [f])]

    def order_by(self, key, conditions, descending=False):
        """As the gateway asks."""
        self.plan("custom")
        f, down = self.filter(conditions), " DESC" if descending else ""
        least, greatest = (f"qdrant_catalog.{FIELDS[key]}_{e}(t.payload, '{key}')" for e in ("least", "greatest"))
        also = " AND t.payload @@@ $1" if conditions else ""

        def first(by, condition):
            return f"(SELECT t.id FROM qdrant.bench_payload t WHERE {condition}{also} ORDER BY {by}{down}, t.id{down} LIMIT 10)"
        parts = [first(least, f"{least} IS NOT NULL")] + ([first(greatest, f"{least} <> {greatest}")] if descending else [])
        sql = (f"SELECT t.id FROM qdrant.bench_payload t CROSS JOIN LATERAL unnest(qdrant_catalog.{FIELDS[key]}_values(t.payload, '{key}')) o(value)"
               f" WHERE t.id = ANY (ARRAY({' UNION ALL '.join(parts)})) ORDER BY o.value{down}, t.id{down} LIMIT 10")
        return lambda: [r[0] for r in self.fetch(sql, [f] if conditions else [])]


class Scan(Server):
    """The same questions with a sequential scan for an answer."""

    def __init__(self, args):
        super().__init__(args)
        self.connection.execute("SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off")

    def scroll(self, conditions):
        f = self.filter(conditions)
        return lambda: [r[0] for r in self.fetch("SELECT id, payload FROM qdrant.bench_payload WHERE payload @@@ $1 ORDER BY id LIMIT 10", [f])]

    def count(self, conditions, exact):
        f = self.filter(conditions)
        return lambda: int(self.fetch(f"SELECT count(*) FROM qdrant.bench_payload WHERE payload @@@ '{f}'", [])[0][0])

    def facet(self, key, conditions, exact):
        f = self.filter(conditions)
        return lambda: hits(self.fetch(f"SELECT v::text, count(*) FROM qdrant.bench_payload, unnest(qdrant_catalog.{FIELDS[key]}_values(payload, '{key}')) v"
                                  f" WHERE payload @@@ '{f}' GROUP BY v ORDER BY 2 DESC, v LIMIT 10", []))

    def order_by(self, key, conditions, descending=False):
        f, down = self.filter(conditions), " DESC" if descending else ""
        return lambda: [r[0] for r in self.fetch(f"SELECT t.id FROM qdrant.bench_payload t, unnest(qdrant_catalog.{FIELDS[key]}_values(payload, '{key}')) v"
                                                 f" WHERE payload @@@ '{f}' ORDER BY v{down}, t.id{down} LIMIT 10", [])]


class Edge:
    def __init__(self, args):
        import qdrant_edge
        self.e = qdrant_edge
        self.folder = tempfile.mkdtemp(dir=args.scratch)
        self.wall = args.wall

    def clock(self):
        return time.perf_counter() if self.wall else time.process_time()

    def build(self, rows):
        e = self.e
        self.shard = e.EdgeShard.create(self.folder, e.EdgeConfig(
            vectors=e.EdgeVectorParams(size=1, distance=e.Distance.Dot),
            optimizers=e.EdgeOptimizersConfig(default_segment_number=1, indexing_threshold=1000000000)))
        for field, kind in FIELDS.items():
            self.shard.update(e.UpdateOperation.create_field_index(field, getattr(e.PayloadSchemaType, kind.capitalize())))
        batch = []
        for i, payload in enumerate(payloads(rows)):
            batch.append(e.Point(i, [1.0], payload))
            if len(batch) == 5000 or i + 1 == rows:
                self.shard.update(e.UpdateOperation.upsert_points(batch))
                batch = []
        self.shard.optimize()

    def filter(self, conditions):
        e = self.e
        return e.Filter(must=[e.FieldCondition(c["key"], range=e.RangeFloat(**c["range"])) if "range" in c else
                              e.FieldCondition(c["key"], match=e.MatchValue(c["match"]["value"])) for c in conditions]) if conditions else None

    def count(self, conditions, exact):
        request = self.e.CountRequest(exact=exact, filter=self.filter(conditions))
        return lambda: self.shard.count(request)

    def facet(self, key, conditions, exact):
        request = self.e.FacetRequest(key, 10, exact, self.filter(conditions))
        return lambda: [(str(h.value).lower() if key == "ok" else str(h.value), h.count) for h in self.shard.facet(request).hits]

    def scroll(self, conditions):
        request = self.e.ScrollRequest(limit=10, filter=self.filter(conditions), with_payload=True, with_vector=False)
        return lambda: [str(p.id) for p in self.shard.scroll(request)[0]]

    def order_by(self, key, conditions, descending=False):
        e = self.e
        request = e.ScrollRequest(limit=10, filter=self.filter(conditions), with_payload=False, with_vector=False,
                                  order_by=e.OrderBy(key, direction=e.Direction.Desc if descending else e.Direction.Asc))
        return lambda: [str(p.id) for p in self.shard.scroll(request)[0]]

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def micros(engine, call, patience):
    """(per call, its answer): the best of some turns, for a busy machine."""
    answer = call()
    best, spent = float("inf"), 0
    for _ in range(5):
        n, start = 0, engine.clock()
        while True:
            call()
            n += 1
            took = engine.clock() - start
            if took > patience / 5:
                break
        best = min(best, took / n)
        spent += took
        if spent > patience:
            break
    return best * 1e6, answer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", default="postgres")
    parser.add_argument("--data", help="not used")
    parser.add_argument("--scratch", default=os.environ.get("TMPDIR", "/var/tmp"))
    parser.add_argument("--rows", type=int, default=500000)
    parser.add_argument("--patience", type=float, default=0.5, help="seconds of a measurement")
    parser.add_argument("--no-edge", action="store_true")
    parser.add_argument("--keep", action="store_true", help="the collection is there from an earlier run")
    parser.add_argument("--wall", action="store_true")
    args = parser.parse_args()
    with psycopg.connect(host=args.host, port=args.port, user="postgres", dbname=args.database, autocommit=True) as admin:
        admin.execute("CREATE EXTENSION IF NOT EXISTS qdrant_pg SCHEMA public")
        print("PostgreSQL", admin.execute("SHOW server_version").fetchone()[0])
    run(args)


def floor(engine):
    """What a statement costs that does nothing: no answer is sooner."""
    took, _ = micros(engine, lambda: engine.fetch("SELECT $1::integer", [1]), 0.5)
    print(f"{'a prepared SELECT $1':34} {took:10.0f}", flush=True)


def cases():
    for name, conditions in FILTERS.items():
        for exact in (False, True):
            yield f"count, {name}", exact, lambda e, c=conditions, x=exact: e.count(c, x)
    for key in ("city", "user", "tags", "stars", "ok"):
        for name in ("no filter", "city 3 %", "user 0.005 %"):
            for exact in (False, True):
                yield f"facet {key}, {name}", exact, lambda e, k=key, c=FILTERS[name], x=exact: e.facet(k, c, x)
    for name in ("city 3 %", "user 0.005 %", "n < 50 %"):
        yield f"scroll, {name}", None, lambda e, c=FILTERS[name]: e.scroll(c)
    for key in ("n", "stars", "price", "at"):
        for name in ("no filter", "city 3 %"):
            for descending in (False, True):
                yield (f"order_by {key}{' desc' if descending else ''}, {name}", None,
                       lambda e, k=key, c=FILTERS[name], d=descending: e.order_by(k, c, d))


def run(args):
    engines = {"ours": Server(args), "scan": Scan(args)} | ({} if args.no_edge else {"edge": Edge(args)})
    for name, engine in engines.items():
        start = time.perf_counter()
        if name != "scan" and not (args.keep and name == "ours"):
            engine.build(args.rows)
            print(f"{name}: {args.rows} payloads loaded and indexed in {time.perf_counter() - start:.0f} s", flush=True)
    print(f"microseconds of {'wall' if args.wall else 'processor'} time; targets: exact ones <= {TARGET_EXACT:g} x edge and >= "
          f"{TARGET_SCAN:g} x faster than a scan, others as fast as edge")
    print(f"{'':34} {'qdrant_pg':>10} {'edge':>10} {'scan':>10} {'of edge':>8} {'scan by':>8}")
    floor(engines["ours"])
    missed = []
    for name, exact, make in cases():
        times, answers = {}, {}
        for engine_name, engine in engines.items():
                times[engine_name], answers[engine_name] = micros(engine, make(engine), args.patience)
        missed += report(name, exact, times, answers)
    print("missed:", ", ".join(missed) or "none")
    evaluate(engines["scan"], args.rows)
    if "edge" in engines:
        engines["edge"].end()


def report(name, exact, times, answers):
    label = name + {True: ", exact", False: ", about", None: ""}[exact]
    of_edge = times["ours"] / times["edge"] if "edge" in times else None
    by_scan = times["scan"] / times["ours"]
    notes = "" if answers["ours"] == answers["scan"] or exact is False else "  WRONG"
    if "edge" in answers and exact is not False and answers["edge"] != answers["scan"] and "order_by" not in name:
        notes += "  (edge answers otherwise)"
    print(f"{label:34} {times['ours']:10.0f} {times.get('edge', 0):10.0f} {times['scan']:10.0f} "
          f"{'' if of_edge is None else f'{of_edge:7.2f}x':>8} {by_scan:7.1f}x{notes}", flush=True)
    limit = TARGET_EXACT if exact else TARGET_ABOUT
    slow = (of_edge is not None and of_edge > limit) or (exact and by_scan < TARGET_SCAN)
    return [label] if slow or "WRONG" in notes else []


def evaluate(engine, rows):
    """Two conditions that no index serves: payloads per second, by what they cost beyond a scan without a filter."""
    f = json.dumps({"must": [{"key": "text", "match": {"text": "abc"}}, {"key": "price", "values_count": {"gte": 1}}]})
    plain = json.dumps({"must": [match("none", "x"), below("n", 10)]})
    empty, _ = micros(engine, lambda: engine.fetch("SELECT count(*) FROM qdrant.bench_payload", []), 1)
    for label, text in (("match and values_count", f), ("match of a missing key, range", plain)):
        took, _ = micros(engine, lambda t=text: engine.fetch(f"SELECT count(*) FROM qdrant.bench_payload WHERE payload @@@ '{t}'", []), 2)
        rate = rows / (took / 1e6)
        only = rows / ((took - empty) / 1e6)
        print(f"unindexed filter, {label}: {rate / 1e6:.2f} M payloads/s with the scan, {only / 1e6:.2f} M/s without it (>= {TARGET_PAYLOADS / 1e6:g})")


if __name__ == "__main__":
    sys.exit(main())
