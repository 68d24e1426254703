#!/usr/bin/env python3
"""write: rows and VACUUM into a vector index that exists: qdrant_hnsw against
pgvector's hnsw and a table without a vector index, in one server, on the same
rows, one client, synchronous_commit on.

  insert   from empty, statements of 100 rows: rows/s acknowledged, and the
           seconds until all rows are in the graph
  COPY     of the same rows, one transaction (pgvector's yardstick)
  update   of the payload of every fifth row, vectors unchanged
  single   rows one by one, a transaction each
  VACUUM   after deleting 30 % of the rows

Wall times: on a busy machine only the ratios mean something, and those less
than on an idle one.
"""
import argparse
import pathlib
import sys
import time

import numpy as np
import psycopg

import results
from datasets import load_data
from wire import BinaryVector, as_binary, as_text, register

BATCH = 100
KINDS = {
    "qdrant_pg": ("public.vector", "USING qdrant_hnsw (embedding public.vector_cosine_ops, payload)"),
    "pgvector": ("pgv.vector", "USING hnsw (embedding pgv.vector_cosine_ops) WITH (m = 16, ef_construction = 64)"),
    "no index": ("public.vector", None),
}


class Bench:
    def __init__(self, connection, vectors):
        self.connection = connection
        self.vectors = vectors
        self.parameters = [BinaryVector(as_binary(v)) for v in vectors]

    def create(self, kind):
        self.column, index = KINDS[kind]
        self.connection.execute("DROP TABLE IF EXISTS bench_write")
        self.connection.execute(f"CREATE TABLE bench_write (id int PRIMARY KEY, payload jsonb, embedding {self.column}({self.vectors.shape[1]}))")
        if index:
            self.connection.execute(f"CREATE INDEX bench_write_idx ON bench_write {index}")
        self.connection.execute("CHECKPOINT")

    def insert(self, first, end, batch):
        values = ",".join([f"(%s, '{{\"n\": 1}}', %s::{self.column})"] * batch)
        sql = f"INSERT INTO bench_write VALUES {values}"
        start = time.perf_counter()
        for i in range(first, end - batch + 1, batch):
            row = [x for j in range(i, i + batch) for x in (j, self.parameters[j])]
            self.connection.execute(sql, row, prepare=True)
        return time.perf_counter() - start

    def singles(self, first, end):
        """Rows one by one, in turns into the table and into one without a
        vector index, so that a busy machine is busy for both: rows/s of each."""
        self.connection.execute("DROP TABLE IF EXISTS bench_plain")
        self.connection.execute(f"CREATE TABLE bench_plain (id int PRIMARY KEY, payload jsonb, embedding {self.column}({self.vectors.shape[1]}))")
        seconds = {"bench_write": 0.0, "bench_plain": 0.0}
        for i in range(first, end):
            for table in seconds:
                start = time.perf_counter()
                self.connection.execute(f"INSERT INTO {table} VALUES (%s, '{{\"n\": 1}}', %s::{self.column})", (i, self.parameters[i]), prepare=True)
                seconds[table] += time.perf_counter() - start
        return [(end - first) / s for s in seconds.values()]

    def wait_for_graph(self, kind):
        if kind != "qdrant_pg":
            return
        busy = time.perf_counter()
        while time.perf_counter() - busy < 5:
            fresh, merge = self.connection.execute("SELECT fresh, merge FROM qdrant.index_stats('bench_write_idx')").fetchone()
            if fresh == 0:
                return
            if merge != "idle":
                busy = time.perf_counter()
            time.sleep(0.02)
        raise SystemExit(f"qdrant_pg: {fresh} rows are not merged")

    def copy(self):
        start = time.perf_counter()
        with self.connection.cursor() as cursor:
            with cursor.copy("COPY bench_write FROM STDIN") as copy:
                for i, vector in enumerate(self.vectors):
                    copy.write_row((i, "{}", as_text(vector)))
        return time.perf_counter() - start

    def timed(self, sql):
        start = time.perf_counter()
        self.connection.execute(sql)
        return time.perf_counter() - start

    def size(self):
        return self.connection.execute("SELECT pg_relation_size('bench_write_idx')").fetchone()[0]


def measure(bench, kind, rows, singles):
    figures = {}
    bench.create(kind)
    start = time.perf_counter()
    figures["insert"] = rows / bench.insert(0, rows, BATCH)
    bench.wait_for_graph(kind)
    figures["complete"] = time.perf_counter() - start
    if KINDS[kind][1] is None:
        return figures
    figures["single"], figures["plain single"] = bench.singles(rows, rows + singles)
    before = bench.size()
    seconds = bench.timed("UPDATE bench_write SET payload = '{\"n\": 2}' WHERE id % 5 = 0")
    figures["update"] = rows / 5 / seconds
    start = time.perf_counter()
    bench.wait_for_graph(kind)
    figures["updated"] = seconds + time.perf_counter() - start
    figures["growth"] = bench.size() / before
    bench.timed("VACUUM bench_write")
    bench.timed("DELETE FROM bench_write WHERE id % 10 < 3")
    figures["vacuum"] = bench.timed("VACUUM bench_write")
    if kind == "pgvector":
        bench.create(kind)
        figures["copy"] = bench.copy()
    return figures


def report(f):
    ours, theirs, plain = f["qdrant_pg"], f["pgvector"], f["no index"]

    def line(name, a, b, ratio, target):
        print(f"{name:44}{a:12.1f}{b:12.1f}{ratio:9.2f}x   {target}")

    print(f"\n{'':44}{'qdrant_pg':>12}{'pgvector':>12}{'ratio':>10}   target")
    line("insert, rows/s acknowledged", ours["insert"], theirs["insert"], ours["insert"] / theirs["insert"], ">= 15x")
    line("  seconds until in the graph; pgvector's COPY", ours["complete"], theirs["copy"],
         theirs["copy"] / ours["complete"], ">= 1x")
    line("payload update, rows/s", ours["update"], theirs["update"], ours["update"] / theirs["update"], ">= 10x")
    line("  seconds until in the graph", ours["updated"], theirs["updated"], theirs["updated"] / ours["updated"], "")
    line("  index size afterwards, to before", ours["growth"], theirs["growth"], ours["growth"] / theirs["growth"], "")
    line("VACUUM after deleting 30 %, seconds", ours["vacuum"], theirs["vacuum"], theirs["vacuum"] / ours["vacuum"], ">= 5x")
    print(f"\n{'':44}{'qdrant_pg':>12}{'no index':>12}{'ratio':>10}   target")
    line("single rows, rows/s", ours["single"], ours["plain single"], ours["single"] / ours["plain single"], ">= 0.8x")
    line("batches of 100, rows/s", ours["insert"], plain["insert"], ours["insert"] / plain["insert"], "")


def run(args):
    name, vectors, _, _ = load_data(args.data, 1)
    rows = min(args.rows, len(vectors) - args.singles) // BATCH * BATCH
    connection = psycopg.connect(host=args.host, port=args.port, user="postgres", dbname="postgres", autocommit=True)
    register(connection)
    connection.execute("CREATE SCHEMA IF NOT EXISTS pgv")
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA pgv")
    connection.execute("CREATE EXTENSION IF NOT EXISTS qdrant_pg SCHEMA public")
    version, = connection.execute("SHOW server_version").fetchone()
    peer, = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    print(f"{name}: {rows} x {vectors.shape[1]}, PostgreSQL {version}, pgvector {peer}")
    bench = Bench(connection, np.ascontiguousarray(vectors[:rows + args.singles]))
    figures = {}
    for kind in KINDS:
        figures[kind] = measure(bench, kind, rows, args.singles)
        print(f"{kind}: " + ", ".join(f"{k} {v:.1f}" for k, v in figures[kind].items()), flush=True)
    report(figures)
    results.save("write", {"set": f"{name}, {rows:,} x {vectors.shape[1]}", "kinds": figures})
    connection.execute("DROP TABLE bench_write, bench_plain")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--rows", type=int, default=50000)
    parser.add_argument("--singles", type=int, default=2000)
    run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
