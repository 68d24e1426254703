#!/usr/bin/env python3
"""compare: searches without a filter, builds and sizes: qdrant_hnsw and
pgvector's hnsw in one server, qdrant-edge-py and hnswlib in this process, on
the same rows, one client, everything cached.

A sweep over ef (hnsw_ef) finds queries per second at a recall@10 of
0.95 and 0.99, interpolated between the two settings around it. At each setting the
engines take turns by parts of the queries, --repeat times; of each part the
best time counts, so that a busy machine disturbs all alike and little.

  wall      of queries per second: what a client sees. The server's engines are
            asked by knn_client (C, libpq, prepared, binary), the others from Python
  processor time per query: of the server's process and the client's, or of this process
  scan      of the server's process for the index scan alone: one statement that
            searches for all queries, less what it takes to make the same rows of constants

Ratios are of wall times, with --cpu of processor times, for a machine that is busy.
"""
import argparse
import pathlib
import sys
import tempfile
import time

import numpy as np
import psycopg

import datasets
import engines
import plot
import results

SWEEP = [10, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 384, 512, 768, 1000]
ENOUGH = 0.995
RECALLS = (0.95, 0.99)
OURS = "qdrant_pg"


def measure(engine, ef, args, point):
    """Prepares one setting of an engine: what run_turn adds to."""
    engine.set_ef(ef)
    n = len(engine.bench.data.queries)
    size = -(-n // args.turns)
    parts = [(at, min(size, n - at)) for at in range(0, n, size)]
    point.update(ef=ef, parts=parts, wall=[1e9] * len(parts), cpu=[1e9] * len(parts),
                 server=[1e9] * len(parts), scan=[1e9] * len(parts), hits=[0] * len(parts))


def run_turn(engine, point, turn):
    first, count = point["parts"][turn]
    times, ids = engine.run(first, count)
    for key in ("wall", "cpu", "server"):
        point[key][turn] = min(point[key][turn], getattr(times, key))
    if isinstance(engine, engines.Table):
        point["scan"][turn] = min(point["scan"][turn], engine.scan_seconds(first, count))
    truth = engine.bench.data.truth[first:first + count]
    point["hits"][turn] = sum(len(np.intersect1d(a, b)) for a, b in zip(ids, truth))


def finish(engine, point):
    """Seconds per query of a setting, and its recall."""
    n = sum(count for _, count in point["parts"])
    done = {"ef": point["ef"], "recall": sum(point["hits"]) / (n * datasets.TOP)}
    in_server = isinstance(engine, engines.Table)
    for key in ("wall", "cpu") + (("server", "scan") if in_server else ()):
        done[key] = sum(point[key]) / n
    line = f"  ef {done['ef']:4}  {engine.name:18} recall {done['recall']:.4f} {1 / done['wall']:8.0f}/s, processor {1e6 * done['cpu']:6.0f} µs"
    if in_server:
        line += f" (server {1e6 * done['server']:.0f}, index scan alone {1e6 * done['scan']:.0f})"
    print(line, flush=True)
    return done


def sweep(all_engines, args):
    points = {engine.name: [] for engine in all_engines}
    for engine in all_engines:  # the first ones are not counted
        engine.set_ef(64)
        engine.run(0, min(100, len(engine.bench.data.queries)))
    for ef in SWEEP:
        active = [e for e in all_engines if not points[e.name] or points[e.name][-1]["recall"] < ENOUGH]
        todo = [(engine, {}) for engine in active]
        for engine, point in todo:
            measure(engine, ef, args, point)
        for _ in range(args.repeat):
            for turn in range(len(todo[0][1]["parts"]) if todo else 0):
                for engine, point in todo:
                    run_turn(engine, point, turn)
        for engine, point in todo:
            points[engine.name].append(finish(engine, point))
    return points


def at_recall(points, wanted, key):
    """Seconds per query at that recall, or None: of the settings that reach it, and of
    the lines (as rates) between one that does not and the next, the fastest."""
    rates = [1 / p[key] for p in points if p["recall"] >= wanted]
    for p, q in zip(points, points[1:]):
        if p["recall"] < wanted <= q["recall"]:
            t = (wanted - p["recall"]) / (q["recall"] - p["recall"])
            rates.append((1 - t) / p[key] + t / q[key])
    return 1 / max(rates) if rates else None


def report(figures, clock):
    """Tables of figures["engines"]: {name: {build, bytes, points}}."""
    found = figures["engines"]
    ours = found[OURS]
    for wanted in RECALLS:
        print(f"\n{'recall ' + format(wanted, '.2f'):20}{'queries/s':>11}{'processor':>12}{'scan alone':>12}   {OURS} is faster by ({clock})")
        for name, f in found.items():
            at = {key: at_recall(f["points"], wanted, key) for key in ("wall", "cpu")}
            if at["wall"] is None:
                print(f"{name:20}     not reached")
                continue
            scan = at_recall(f["points"], wanted, "scan") if "scan" in f["points"][0] else None
            mine = at_recall(ours["points"], wanted, clock)
            print(f"{name:20}{1 / at['wall']:11.0f}{1e6 * at['cpu']:9.0f} µs" + (f"{1e6 * scan:9.0f} µs" if scan else f"{'':12}") +
                  (f"{at[clock] / mine:9.2f} x" if mine and name != OURS else ""))
    if "floor" in figures:
        floor = figures["floor"]
        print(f"(a statement that finds ten rows by primary key: {1 / floor['wall']:.0f}/s, processor {1e6 * floor['cpu']:.0f} µs, "
              f"the server's {1e6 * floor['server']:.0f} µs)")
    if "edge call" in figures:
        print(f"(a call of edge from Python that finds one point: {1e6 * figures['edge call']:.0f} µs)")
    print(f"\n{'build, 2 threads':20}{'seconds':>11}{'MB':>12}   {OURS} is faster by, and of its size")
    for name, f in found.items():
        size = f"{f['bytes'] / 1e6:12.1f}" if f["bytes"] else f"{'':12}"
        line = f"{name:20}{f['build']:11.1f}{size}{f['build'] / ours['build']:9.2f} x"
        print(line + (f"{f['bytes'] / ours['bytes']:9.2f} x" if f["bytes"] else ""))


def connect(args):
    connection = psycopg.connect(host=args.host, port=args.port, user="postgres", dbname="postgres", autocommit=True)
    connection.execute("CREATE SCHEMA IF NOT EXISTS pgv")
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA pgv")
    connection.execute("CREATE EXTENSION IF NOT EXISTS qdrant_pg SCHEMA public")
    return connection


def run(args, scratch):
    data = datasets.load(args.set, args.data, args.rows, args.queries)
    connection = connect(args)
    version, = connection.execute("SHOW server_version").fetchone()
    peer, = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    title = f"{data.name}, {len(data.vectors):,} x {data.vectors.shape[1]}"
    print(f"{title}, {len(data.queries)} queries; PostgreSQL {version}, pgvector {peer}", flush=True)
    bench = engines.Bench(connection, f"host={args.host} port={args.port} user=postgres dbname=postgres",
                          args.client, scratch, data)
    bench.share_queries()
    figures = {"set": title, "dimensions": data.vectors.shape[1], "clock": "cpu" if args.cpu else "wall",
               "date": time.strftime("%Y-%m-%d"), "engines": {}}
    ready = []
    for name in args.engines.split(","):
        try:
            engine = engines.make(bench, name.strip())
            start = time.perf_counter()
            engine.build()
        except ImportError as error:
            print(f"{name}: left out, {error}")
            continue
        ready.append(engine)
        figures["engines"][engine.name] = {"build": engine.build_seconds, "bytes": engine.bytes}
        print(f"{engine.name}: built in {engine.build_seconds:.1f} s (with loading {time.perf_counter() - start:.1f} s)" +
              (f", {engine.bytes / 1e6:.1f} MB" if engine.bytes else ""), flush=True)
    for name, points in sweep(ready, args).items():
        figures["engines"][name]["points"] = points
    for engine in ready:
        if isinstance(engine, engines.Edge) and "edge call" not in figures:
            figures["edge call"] = engine.call_seconds()
        if engine.name == OURS:
            figures["floor"] = engine.floor_seconds()
        engine.end()
    report(figures, figures["clock"])
    results.save(f"compare-{args.set}", figures)
    if results.folder():
        path = results.folder() / f"recall-{args.set}.svg"
        plot.draw(figures, path)
        print(f"plot of recall against queries/s: {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--client", type=pathlib.Path, required=True, help="the program knn_client")
    parser.add_argument("--set", choices=("wordnet", "clusters"), default="wordnet")
    parser.add_argument("--engines", default="qdrant_pg,qdrant_pg compact,pgvector,edge float32,edge int8,hnswlib")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--rows", type=int, help="only so many rows")
    parser.add_argument("--turns", type=int, default=5, help="parts of the queries by which engines take turns")
    parser.add_argument("--repeat", type=int, default=2, help="of each part the best time counts")
    parser.add_argument("--cpu", action="store_true", help="ratios of processor times")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qdrant_pg-compare-", dir="/var/tmp") as scratch:
        run(args, pathlib.Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
