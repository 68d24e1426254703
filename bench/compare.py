#!/usr/bin/env python3
"""compare: recall, queries per second, build time and size of qdrant_hnsw and
of pgvector's hnsw, in one server, on the same rows, one client, everything
cached.  Every figure is printed with the ratio of the two.

For each engine a sweep over ef finds the queries per second at a recall@10
of 0.95 and 0.99 (interpolated between the two settings around it).
"""
import argparse
import pathlib
import sys
import time

import numpy as np
import psycopg

ENGINES = {
    "qdrant_pg": {
        "type": "public.vector", "operator": "OPERATOR(public.<=>)",
        "index": "USING qdrant_hnsw (embedding public.vector_cosine_ops) WITH (m = 16, ef_construction = 100)",
        "ef": "qdrant_pg.ef_search",
    },
    "pgvector": {
        "type": "pgv.vector", "operator": "OPERATOR(pgv.<=>)",
        "index": "USING hnsw (embedding pgv.vector_cosine_ops) WITH (m = 16, ef_construction = 64)",
        "ef": "hnsw.ef_search",
    },
}
SWEEP = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]
TOP = 10


def load_data(folder, limit_queries):
    if (folder / "base.f16.npy").exists():
        vectors = np.load(folder / "base.f16.npy").astype(np.float32)
        queries = np.load(folder / "queries.f32.npy")[:limit_queries]
        truth = np.load(folder / "gt" / "all.i32.npy")[:limit_queries, :TOP]
        return "wordnet-minilm", vectors, queries, truth
    rng = np.random.default_rng(7)
    centres = rng.standard_normal((200, 384))
    vectors = centres[rng.integers(0, 200, 50000)] + rng.standard_normal((50000, 384))
    queries = centres[rng.integers(0, 200, limit_queries)] + rng.standard_normal((limit_queries, 384))
    vectors, queries = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (vectors, queries))
    truth = np.argsort(-(queries @ vectors.T), axis=1)[:, :TOP]
    return "generated clusters", vectors.astype(np.float32), queries.astype(np.float32), truth


def as_text(vector):
    return "[" + ",".join(map(repr, map(float, vector))) + "]"


def as_binary(vector):
    return np.array([len(vector), 0], ">u2").tobytes() + vector.astype(">f4").tobytes()


class BinaryVector:
    def __init__(self, data):
        self.data = data


def register(connection):
    """Sends BinaryVector as a binary parameter whose type the server infers."""
    class Dumper(psycopg.adapt.Dumper):
        format = psycopg.pq.Format.BINARY
        oid = 0

        def dump(self, obj):
            return obj.data

    connection.adapters.register_dumper(BinaryVector, Dumper)


def fill(connection, engine, vectors):
    spec = ENGINES[engine]
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS bench_{engine}")
        cursor.execute(f"CREATE TABLE bench_{engine} (id int PRIMARY KEY, embedding {spec['type']}({vectors.shape[1]}))")
        with cursor.copy(f"COPY bench_{engine} FROM STDIN") as copy:
            for i, vector in enumerate(vectors):
                copy.write_row((i, as_text(vector)))
        cursor.execute(f"VACUUM ANALYZE bench_{engine}")


def build(connection, engine, workers):
    connection.execute(f"DROP INDEX IF EXISTS bench_{engine}_idx")
    connection.execute(f"SET max_parallel_maintenance_workers = {workers}")
    start = time.perf_counter()
    connection.execute(f"CREATE INDEX bench_{engine}_idx ON bench_{engine} {ENGINES[engine]['index']}")
    seconds = time.perf_counter() - start
    size, = connection.execute(f"SELECT pg_relation_size('bench_{engine}_idx')").fetchone()
    return seconds, size


def measure(connection, engine, ef, queries, truth, repeat):
    spec = ENGINES[engine]
    connection.execute(f"SET {spec['ef']} = {ef}")
    connection.execute("SET enable_seqscan = off")
    connection.execute("SET plan_cache_mode = force_generic_plan")
    sql = f"SELECT id FROM bench_{engine} ORDER BY embedding {spec['operator']} %s LIMIT {TOP}"
    best = 0.0
    with connection.cursor(binary=True) as cursor:
        for _ in range(repeat):
            hits = 0
            elapsed = 0.0
            for query, expected in zip(queries, truth):
                start = time.perf_counter()
                rows = cursor.execute(sql, (query,), prepare=True).fetchall()
                elapsed += time.perf_counter() - start
                hits += len({r[0] for r in rows} & set(expected.tolist()))
            best = max(best, len(queries) / elapsed)
    return hits / (TOP * len(queries)), best


def at_recall(points, wanted):
    """Queries per second where the sweep crosses the recall, or None."""
    below = None
    for recall, qps in points:
        if recall >= wanted:
            if below is None:
                return qps
            r0, q0 = below
            t = (wanted - r0) / (recall - r0)
            return q0 + t * (qps - q0)
        below = (recall, qps)
    return None


def run(args):
    name, vectors, queries, truth = load_data(args.data, args.queries)
    if args.rows:
        vectors = vectors[:args.rows]
        truth = np.argsort(-(queries @ vectors.T), axis=1)[:, :TOP]
    connection = psycopg.connect(host=args.host, port=args.port, user="postgres", dbname="postgres", autocommit=True)
    register(connection)
    connection.execute("CREATE SCHEMA IF NOT EXISTS pgv")
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA pgv")
    connection.execute("CREATE EXTENSION IF NOT EXISTS qdrant_pg SCHEMA public")
    version, = connection.execute("SHOW server_version").fetchone()
    peer, = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    print(f"{name}: {len(vectors)} x {vectors.shape[1]}, {len(queries)} queries, PostgreSQL {version}, pgvector {peer}")
    parameters = [BinaryVector(as_binary(q)) for q in queries]
    results = {}
    for engine in ENGINES:
        fill(connection, engine, vectors)
        alone, _ = build(connection, engine, 0)
        seconds, size = build(connection, engine, 1)
        connection.execute(f"SELECT count(*) FROM bench_{engine}")
        measure(connection, engine, 40, parameters[:100], truth, 1)
        points = []
        print(f"\n{engine}: build {seconds:.1f} s (one process: {alone:.1f} s), index {size / 1e6:.1f} MB")
        for ef in SWEEP:
            recall, qps = measure(connection, engine, ef, parameters, truth, args.repeat)
            points.append((recall, qps))
            print(f"  ef {ef:4}  recall@10 {recall:.4f}  {qps:8.0f} queries/s")
            if recall > 0.995:
                break
        results[engine] = {"build": seconds, "alone": alone, "size": size, "points": points}
    ours, theirs = results["qdrant_pg"], results["pgvector"]
    print(f"\n{'':28}{'qdrant_pg':>12}{'pgvector':>12}{'ratio':>9}")
    for wanted in (0.95, 0.99):
        a, b = at_recall(ours["points"], wanted), at_recall(theirs["points"], wanted)
        if a and b:
            print(f"queries/s at recall {wanted:.2f}    {a:12.0f}{b:12.0f}{a / b:8.2f}x")
    print(f"build, 1 process, seconds   {ours['alone']:12.1f}{theirs['alone']:12.1f}{theirs['alone'] / ours['alone']:8.2f}x")
    print(f"build, 2 processes, seconds {ours['build']:12.1f}{theirs['build']:12.1f}{theirs['build'] / ours['build']:8.2f}x")
    print(f"index size, MB              {ours['size'] / 1e6:12.1f}{theirs['size'] / 1e6:12.1f}{ours['size'] / theirs['size']:8.2f}x")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--rows", type=int, help="only the first so many rows")
    parser.add_argument("--repeat", type=int, default=2, help="runs per setting; the best counts")
    run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
