#!/usr/bin/env python3
"""gateway: searches through Qdrant's API: a collection behind qdrant-gateway,
filled by the official client over gRPC, then asked over gRPC and REST by one
client that keeps its connection, at several hnsw_ef.

Requests are made before; answers of gRPC are decoded, those of REST only read.  Figures are
recall@10, queries per second by wall time, and processor time per query: of the
gateway and of the sessions of PostgreSQL that it has.
"""
import argparse
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import grpc
import psycopg
from qdrant_client import QdrantClient, models
from qdrant_client import grpc as api

import compare
import datasets
import results

SWEEP = [16, 32, 48, 64, 80, 100, 128, 160, 200, 256]
NAME = "bench"


def threads_time(pid):
    tasks = pathlib.Path(f"/proc/{pid}/task")
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()) / 1e9


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Gateway:
    """The program, on a database of its own."""

    def __init__(self, args):
        conninfo = f"host={args.host} port={args.port} user=postgres dbname=bench_gateway"
        with psycopg.connect(conninfo.replace("bench_gateway", "postgres"), autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS bench_gateway WITH (FORCE)")
            admin.execute("CREATE DATABASE bench_gateway")
        self.admin = psycopg.connect(conninfo, autocommit=True)
        self.admin.execute("CREATE EXTENSION qdrant_pg")
        self.rest, self.grpc = free_port(), free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("QDRANT_")}
        self.process = subprocess.Popen([args.gateway], env=environment | {
            "QDRANT_PG_CONNINFO": conninfo, "QDRANT_MAX_COLLECTION_SIZE_MB": "0",
            "QDRANT__SERVICE__HTTP_PORT": str(self.rest), "QDRANT__SERVICE__GRPC_PORT": str(self.grpc)})
        self.client = QdrantClient(url=f"http://127.0.0.1:{self.rest}", grpc_port=self.grpc, prefer_grpc=True,
                                   timeout=600, check_compatibility=False)
        for _ in range(100):
            try:
                self.client.get_collections()
                return
            except Exception:  # the client's, of either protocol
                time.sleep(0.1)
        sys.exit("gateway: it does not serve")

    def times(self):
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        sessions = self.admin.execute("SELECT pid FROM pg_stat_activity WHERE datname = 'bench_gateway' "
                                      "AND backend_type = 'client backend' AND pid <> pg_backend_pid()").fetchall()
        return (sum(map(threads_time, [self.process.pid, *map(int, children)])),
                sum(threads_time(pid) for pid, in sessions))

    def end(self):
        self.process.terminate()
        self.process.wait()


def fill(gateway, data):
    """Seconds until all points are acknowledged, and until the collection is green."""
    gateway.client.create_collection(NAME, vectors_config=models.VectorParams(size=data.vectors.shape[1], distance=models.Distance.COSINE))
    start = time.perf_counter()
    gateway.client.upload_collection(NAME, vectors=data.vectors, ids=range(len(data.vectors)), batch_size=256, wait=True)
    acknowledged = time.perf_counter() - start
    while True:
        info = gateway.client.get_collection(NAME)
        if info.status == models.CollectionStatus.GREEN and info.indexed_vectors_count == len(data.vectors):
            return acknowledged, time.perf_counter() - start
        time.sleep(0.1)


def ask_grpc(gateway, data, ef):
    channel = grpc.insecure_channel(f"127.0.0.1:{gateway.grpc}")
    query = channel.unary_unary("/qdrant.Points/Query", request_serializer=bytes,
                                response_deserializer=api.QueryResponse.FromString)
    requests = [api.QueryPoints(collection_name=NAME, query=api.Query(nearest=api.VectorInput(dense=api.DenseVector(data=q.tolist()))),
                                limit=datasets.TOP, params=api.SearchParams(hnsw_ef=ef)).SerializeToString() for q in data.queries]
    return requests, lambda request: [point.id.num for point in query(request).result]


def ask_rest(gateway, data, ef):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.rest)
    requests = [json.dumps({"query": [float(f"{x:.8g}") for x in q], "limit": datasets.TOP, "params": {"hnsw_ef": ef}}).encode()
                for q in data.queries]

    def ask(request):
        connection.request("POST", f"/collections/{NAME}/points/query", request, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"gateway: {body.decode()}")
        return body
    return requests, ask


def point(gateway, data, ask, ef, args):
    """The best of --repeat rounds at one hnsw_ef."""
    requests, call = ask(gateway, data, ef)
    answers = [call(request) for request in requests]
    if ask is ask_rest:
        answers = [[p["id"] for p in json.loads(a)["result"]["points"]] for a in answers]
    found = {"ef": ef, "recall": sum(len(set(a) & set(t.tolist())) for a, t in zip(answers, data.truth)) / data.truth.size}
    rounds = []
    for _ in range(args.repeat):
        before, start = gateway.times(), time.perf_counter()
        for request in requests:
            call(request)
        wall, after = time.perf_counter() - start, gateway.times()
        rounds.append([x / len(requests) for x in (wall, after[0] - before[0], after[1] - before[1])])
    found["wall"], (found["gateway"], found["server"]) = min(r[0] for r in rounds), min((r[1:] for r in rounds), key=sum)
    found["cpu"] = found["gateway"] + found["server"]
    return found


def run(args):
    data = datasets.load("wordnet", args.data, args.rows, args.queries)
    print(f"{data.name}, {len(data.queries)} queries, through the API", flush=True)
    gateway = Gateway(args)
    try:
        acknowledged, green = fill(gateway, data)
        print(f"loaded over gRPC in {acknowledged:.1f} s, green after {green:.1f} s", flush=True)
        figures = {"set": data.name, "acknowledged": acknowledged, "green": green, "protocols": {}}
        for name, ask in (("gRPC", ask_grpc), ("REST", ask_rest)):
            points = figures["protocols"][name] = []
            for ef in SWEEP:
                p = point(gateway, data, ask, ef, args)
                points.append(p)
                print(f"  {name} hnsw_ef {ef:4}  recall {p['recall']:.4f} {1 / p['wall']:8.0f}/s, processor {1e6 * p['cpu']:6.0f} µs "
                      f"(gateway {1e6 * p['gateway']:.0f}, PostgreSQL {1e6 * p['server']:.0f})", flush=True)
                if p["recall"] >= compare.ENOUGH:
                    break
            for wanted in compare.RECALLS:
                at = {key: compare.at_recall(points, wanted, key) for key in ("wall", "cpu")}
                if at["wall"]:
                    print(f"  {name} at recall {wanted}: {1 / at['wall']:.0f}/s, processor {1e6 * at['cpu']:.0f} µs", flush=True)
        results.save("gateway", figures)
    finally:
        gateway.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder of wordnet-minilm")
    parser.add_argument("--gateway", required=True, help="the program (bench/run builds it)")
    parser.add_argument("--rows", type=int, help="of the set; all of them by default")
    parser.add_argument("--queries", type=int, default=500)
    parser.add_argument("--repeat", type=int, default=3)
    run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
