"""results: figures of the benchmarks as JSON, for the closing table.

They stand in the folder QDRANT_PG_BENCH_OUT, which bench/run sets; without it
nothing is kept.
"""
import json
import os
import pathlib


def folder():
    path = os.environ.get("QDRANT_PG_BENCH_OUT")
    return pathlib.Path(path) if path else None


def save(name, figures):
    if folder():
        folder().mkdir(parents=True, exist_ok=True)
        (folder() / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n")


def load(name):
    path = folder() / f"{name}.json" if folder() else None
    return json.loads(path.read_text()) if path and path.exists() else None
