#!/usr/bin/env python3
"""Loads a data set through the official Python client, over REST and over
gRPC, answers its queries, and prints recall@10 against the exact answers,
queries per second and latency percentiles, for every filter.

    python wordnet.py --url http://127.0.0.1:6333 --api-key KEY [--data DIR]

DIR is a copy of the data set wordnet-minilm (README.md beside this file);
without it a smaller sample is made on the spot.
"""
import argparse
import gzip
import json
import pathlib
import sys
import time
import warnings

import numpy as np
from qdrant_client import QdrantClient, models

import sample

TOP = 10


def load_wordnet(folder, queries):
    vectors = np.load(folder / "base.f16.npy").astype(np.float32)
    with gzip.open(folder / "points.jsonl.gz", "rt") as lines:
        payloads = [json.loads(line)["payload"] for line in lines]
    filters = []
    for f in json.loads((folder / "filters.json").read_text()):
        truth = np.load(folder / f["gt"])[:queries]
        filters.append((f["name"], f["qdrant"], [[i for i in row[:TOP] if i >= 0] for row in truth], f["count"]))
    return vectors, payloads, np.load(folder / "queries.f32.npy")[:queries], filters


def load_sample(queries):
    vectors, payloads, query_vectors, filters = sample.load(queries=queries)
    similarity = query_vectors @ vectors.T
    answered = []
    for name, condition, predicate in filters:
        ids = np.array([i for i, p in enumerate(payloads) if predicate(p)])
        order = np.argsort(-similarity[:, ids], axis=1, kind="stable")[:, :TOP]
        answered.append((name, condition, ids[order].tolist(), len(ids)))
    return vectors, payloads, query_vectors, answered


def fill(client, name, vectors, payloads, batch):
    if client.collection_exists(name):
        client.delete_collection(name)
    client.create_collection(
        name, vectors_config=models.VectorParams(size=vectors.shape[1], distance=models.Distance.COSINE))
    start = time.perf_counter()
    for first in range(0, len(vectors), batch):
        last = min(first + batch, len(vectors))
        client.upsert(name, models.Batch(
            ids=list(range(first, last)), vectors=vectors[first:last].tolist(), payloads=payloads[first:last]))
    seconds = time.perf_counter() - start
    count = client.count(name, exact=True).count
    if count != len(vectors):
        sys.exit(f"{name}: {count} points of {len(vectors)} are there")
    return seconds


def ask(client, name, query_vectors, condition, ef):
    """Answers (lists of ids) and latencies in ms."""
    condition = models.Filter(**condition) if condition else None
    params = models.SearchParams(hnsw_ef=ef) if ef else None
    answers, latencies = [], []
    for vector in query_vectors.tolist():
        start = time.perf_counter()
        found = client.query_points(name, query=vector, query_filter=condition, limit=TOP,
                                    search_params=params, with_payload=False).points
        latencies.append((time.perf_counter() - start) * 1000)
        answers.append([p.id for p in found])
    return answers, np.array(latencies)


def report(client, name, query_vectors, filters, args):
    failed = []
    print(f"{'filter':24}{'matching':>9}{'recall@10':>11}{'min rows':>10}{'queries/s':>11}{'p50 ms':>8}{'p95 ms':>8}{'p99 ms':>8}")
    for filter_name, condition, truth, matching in filters:
        answers, ms = ask(client, name, query_vectors, condition, args.ef)
        wanted = min(TOP, matching)
        recall = np.mean([len(set(a) & set(t)) / max(1, len(t)) for a, t in zip(answers, truth)])
        rows = min(len(a) for a in answers)
        p50, p95, p99 = np.percentile(ms, [50, 95, 99])
        print(f"{filter_name:24}{matching:9}{recall:11.4f}{rows:10}{1000 / ms.mean():11.0f}{p50:8.2f}{p95:8.2f}{p99:8.2f}")
        if rows < wanted or recall < args.min_recall:
            failed.append(filter_name)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:6333")
    parser.add_argument("--grpc-port", type=int, default=6334)
    parser.add_argument("--api-key")
    parser.add_argument("--data", type=pathlib.Path, help="folder of wordnet-minilm")
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--ef", type=int, default=64, help="hnsw_ef; 0: the server's default")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--min-recall", type=float, default=0.95)
    parser.add_argument("--transport", choices=["rest", "grpc", "both"], default="both")
    args = parser.parse_args()
    warnings.filterwarnings("ignore", message="Api key is used with an insecure connection")

    if args.data and args.data.is_dir():
        name, data = "wordnet", load_wordnet(args.data, args.queries)
    else:
        print("no data set given: making the sample")
        name, data = "wordnet_sample", load_sample(min(args.queries, 200))
    vectors, payloads, query_vectors, filters = data

    failed = []
    for transport in ["rest", "grpc"] if args.transport == "both" else [args.transport]:
        client = QdrantClient(url=args.url, grpc_port=args.grpc_port, prefer_grpc=transport == "grpc",
                              api_key=args.api_key, timeout=600)
        seconds = fill(client, f"{name}_{transport}", vectors, payloads, args.batch)
        print(f"\n{transport}: {len(vectors)} x {vectors.shape[1]} loaded in {seconds:.1f} s "
              f"({len(vectors) / seconds:.0f} points/s), hnsw_ef {args.ef or 'default'}, {len(query_vectors)} queries")
        failed += [f"{transport}/{f}" for f in report(client, f"{name}_{transport}", query_vectors, filters, args)]
        client.close()
    if failed:
        sys.exit(f"\nfewer rows than LIMIT, or recall below {args.min_recall}: {', '.join(failed)}")
    print(f"\nevery filter: all rows, recall at least {args.min_recall}")


if __name__ == "__main__":
    main()
