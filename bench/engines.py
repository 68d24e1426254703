"""engines: what compare.py measures, all with the same three calls.

    build()            loads the rows and builds the index: fills build_seconds, bytes
    set_ef(ef)         the search's width
    run(first, count)  searches for those queries one by one: Times and ids [count, TOP]

Engines in a server are asked by knn_client, a process of its own, in C; the
others run in this process, on one thread when they search and two when they build.
"""
import dataclasses
import pathlib
import shutil
import subprocess
import tempfile
import time

import numpy as np

from datasets import TOP
from wire import copy_rows

THREADS = 2


@dataclasses.dataclass
class Times:
    wall: float
    cpu: float
    server: float = 0.0  # the part of cpu that is the server's process


class Table:
    """An index of PostgreSQL: a table of its own, a client of its own."""

    def __init__(self, bench, name, kind, operator, index, ef):
        self.name, self.table = name, "bench_" + "".join(c if c.isalnum() else "_" for c in name)
        self.bench, self.index, self.ef_setting = bench, index, ef
        self.type, self.operator = kind, operator

    def build(self):
        connection, dim = self.bench.connection, self.bench.data.vectors.shape[1]
        connection.execute(f"DROP TABLE IF EXISTS {self.table}")
        connection.execute(f"CREATE TABLE {self.table} (id int PRIMARY KEY, embedding {self.type}({dim}))")
        copy_rows(connection, self.table, self.bench.data.vectors)
        connection.execute(f"VACUUM (ANALYZE, FREEZE) {self.table}")
        connection.execute(f"SET max_parallel_maintenance_workers = {THREADS - 1}")
        connection.execute("CHECKPOINT")
        start = time.perf_counter()
        connection.execute(f"CREATE INDEX {self.table}_idx ON {self.table} {self.index}")
        self.build_seconds = time.perf_counter() - start
        self.bytes, = connection.execute(f"SELECT pg_relation_size('{self.table}_idx')").fetchone()
        self.connect()

    def connect(self):
        scratch = self.bench.scratch
        self.ids = scratch / f"{self.table}.ids"
        self.client = subprocess.Popen([self.bench.client, self.bench.conninfo, str(self.bench.data.vectors.shape[1]),
                                        scratch / "queries", self.ids],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        for setting in ("enable_seqscan = off", "enable_sort = off", "jit = off", "plan_cache_mode = force_generic_plan",
                        "max_parallel_workers_per_gather = 0"):
            self.tell(f"sql SET {setting}")
        order = f"ORDER BY embedding OPERATOR({self.operator})"
        self.search = f"SELECT id FROM {self.table} {order} $1 LIMIT {TOP}"
        self.tell(f"prepare {TOP} {self.search}")
        self.loop = f"SELECT id FROM {self.table} {order} q.{self.type.split('.')[0]} LIMIT {TOP}"

    def tell(self, command):
        self.client.stdin.write(command + "\n")
        self.client.stdin.flush()
        answer = self.client.stdout.readline()
        if not answer:
            raise SystemExit(f"bench: the client of {self.name} ended")
        return answer

    def set_ef(self, ef):
        self.tell(f"sql SET {self.ef_setting} = {ef}")

    def times(self, command):
        wall, client, server = map(float, self.tell(command).split())
        return Times(wall, client + server, server)

    def run(self, first, count):
        times = self.times(f"run {first} {count}")
        return times, np.fromfile(self.ids, np.int32).reshape(count, TOP)

    def scan_seconds(self, first, count):
        """Processor time of that many index scans alone: one statement that
        searches for all, less one that makes as many rows of constants."""
        def loop(inner):
            return self.times(f"loop SELECT count(x) FROM bench_queries q, LATERAL ({inner}) AS t (x) "
                              f"WHERE q.n >= {first} AND q.n < {first + count}").server
        constants = ", ".join(f"({i})" for i in range(TOP))
        return loop(self.loop) - loop(f"SELECT q.n + c.i FROM (VALUES {constants}) AS c (i) LIMIT {TOP}")

    def floor_seconds(self):
        """Times of a statement with the same parameter that finds as many rows by the primary key."""
        self.tell(f"prepare {TOP} SELECT id FROM {self.table} WHERE id >= 0 AND $1::{self.type} IS NOT NULL ORDER BY id LIMIT {TOP}")
        n = len(self.bench.data.queries)
        best = min((self.run(0, n)[0] for _ in range(3)), key=lambda t: t.cpu)
        self.tell(f"prepare {TOP} {self.search}")
        return {"wall": best.wall / n, "cpu": best.cpu / n, "server": best.server / n}

    def end(self):
        self.client.stdin.close()
        self.client.wait()
        self.bench.connection.execute(f"DROP TABLE {self.table}")


class InProcess:
    bytes = None

    def __init__(self, bench, name):
        self.bench, self.name = bench, name

    def run(self, first, count):
        wall, cpu = time.perf_counter(), time.process_time()
        answers = self.ask(range(first, first + count))
        times = Times(time.perf_counter() - wall, time.process_time() - cpu)
        ids = np.full((count, TOP), -1)
        for i, found in enumerate(answers):
            found = self.ids_of(found)
            ids[i, :len(found)] = found
        return times, ids

    def ids_of(self, found):
        return found

    def end(self):
        pass


class Edge(InProcess):
    """qdrant-edge-py, Qdrant's engine; int8: scalar quantization with rescoring, oversampling 2."""

    def __init__(self, bench, name, int8):
        super().__init__(bench, name)
        import qdrant_edge
        self.edge, self.int8 = qdrant_edge, int8
        self.folder = tempfile.mkdtemp(dir=bench.scratch)

    def shard(self, folder, vectors):
        e = self.edge
        shard = e.EdgeShard.create(folder, e.EdgeConfig(
            vectors=e.EdgeVectorParams(size=vectors.shape[1], distance=e.Distance.Cosine),
            hnsw_config=e.HnswIndexConfig(16, 100, 10, max_indexing_threads=THREADS),
            quantization_config=e.ScalarQuantizationConfig(e.ScalarType.Int8, always_ram=True) if self.int8 else None,
            optimizers=e.EdgeOptimizersConfig(default_segment_number=1, indexing_threshold=1000)))
        for at in range(0, len(vectors), 5000):
            shard.update(e.UpdateOperation.upsert_points(
                [e.Point(i, vectors[i].tolist(), {}) for i in range(at, min(at + 5000, len(vectors)))]))
        return shard

    def build(self):
        self.searched = self.shard(self.folder, self.bench.data.vectors)
        start = time.perf_counter()
        self.searched.optimize()
        self.build_seconds = time.perf_counter() - start
        info = self.searched.info()
        if info.indexed_vectors_count < len(self.bench.data.vectors):
            print(f"bench: {self.name} indexed {info.indexed_vectors_count} vectors only")

    def set_ef(self, ef):
        e = self.edge
        quantization = e.QuantizationSearchParams(rescore=True, oversampling=2.0) if self.int8 else None
        params = e.SearchParams(hnsw_ef=ef, quantization=quantization)
        self.requests = [e.SearchRequest(query=e.Query.Nearest(q.tolist()), limit=TOP, params=params)
                         for q in self.bench.data.queries]

    def ask(self, turn):
        search, requests = self.searched.search, self.requests
        return [search(requests[i]) for i in turn]

    def ids_of(self, found):
        return [point.id for point in found]

    def call_seconds(self):
        """Processor time of a call that has nothing to search: a shard of one point."""
        folder = tempfile.mkdtemp(dir=self.bench.scratch)
        full, self.searched = self.searched, self.shard(folder, self.bench.data.vectors[:1])
        times, _ = self.run(0, len(self.bench.data.queries))
        self.searched.close()
        self.searched = full
        return times.cpu / len(self.bench.data.queries)

    def end(self):
        self.searched.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Hnswlib(InProcess):
    def build(self):
        import hnswlib
        vectors = self.bench.data.vectors
        self.index = hnswlib.Index("cosine", vectors.shape[1])
        self.index.init_index(len(vectors), M=16, ef_construction=100)
        start = time.perf_counter()
        self.index.add_items(vectors, num_threads=THREADS)
        self.build_seconds = time.perf_counter() - start
        self.index.set_num_threads(1)

    def set_ef(self, ef):
        self.index.set_ef(ef)

    def ask(self, turn):
        queries, query = self.bench.data.queries, self.index.knn_query
        return [query(queries[i], TOP) for i in turn]

    def ids_of(self, found):
        return found[0][0]


def make(bench, name):
    """The engine of that name."""
    ours = ("public.vector", "public.<=>")
    build = "USING qdrant_hnsw (embedding public.vector_cosine_ops) WITH (m = 16, ef_construction = 100{})"
    if name == "qdrant_pg":
        return Table(bench, name, *ours, build.format(""), "qdrant_pg.ef_search")
    if name == "qdrant_pg compact":
        return Table(bench, name, *ours, build.format(", layout = compact"), "qdrant_pg.ef_search")
    if name == "pgvector":
        return Table(bench, name, "pgv.vector", "pgv.<=>",
                     "USING hnsw (embedding pgv.vector_cosine_ops) WITH (m = 16, ef_construction = 64)", "hnsw.ef_search")
    if name.startswith("edge"):
        return Edge(bench, name, name == "edge int8")
    if name == "hnswlib":
        return Hnswlib(bench, name)
    raise SystemExit(f"bench: no engine is named {name}")


@dataclasses.dataclass
class Bench:
    """What the engines share."""
    connection: object
    conninfo: str
    client: pathlib.Path
    scratch: pathlib.Path
    data: object

    def share_queries(self):
        self.data.queries.astype(np.float32).tofile(self.scratch / "queries")
        dim = self.data.queries.shape[1]
        self.connection.execute("DROP TABLE IF EXISTS bench_queries")
        self.connection.execute("CREATE TABLE bench_queries (n int PRIMARY KEY, public public.vector)")
        copy_rows(self.connection, "bench_queries", self.data.queries)
        self.connection.execute(f"ALTER TABLE bench_queries ADD pgv pgv.vector({dim})")
        self.connection.execute("UPDATE bench_queries SET pgv = public::text::pgv.vector")
        self.connection.execute("VACUUM FULL bench_queries")
        self.connection.execute("VACUUM ANALYZE bench_queries")
