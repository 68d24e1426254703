"""datasets: rows, queries and their exact answers for the benchmarks.

wordnet   wordnet-minilm (50,000 x 384, real embeddings) where its folder is there,
          else 50,000 generated vectors in 200 clusters
clusters  generated, as many rows as asked for x 128: 2,000 clusters that overlap, in a space
          of 48 dimensions whose spread falls from one to the next, as that of embeddings does,
          with a little noise in all 128; near neighbours are hard to tell apart
"""
import dataclasses
import pathlib

import numpy as np

from generate import unit

TOP = 10


@dataclasses.dataclass
class Dataset:
    name: str
    vectors: np.ndarray
    queries: np.ndarray
    truth: np.ndarray  # [queries, TOP] of row numbers


def exact(vectors, queries, block=50000):
    """Row numbers of the TOP largest inner products of each query."""
    scores, rows = [], []
    for at in range(0, len(vectors), block):
        part = queries @ vectors[at:at + block].T
        best = np.argpartition(-part, min(TOP, part.shape[1]) - 1, axis=1)[:, :TOP]
        scores.append(np.take_along_axis(part, best, 1))
        rows.append(best + at)
    scores, rows = np.concatenate(scores, axis=1), np.concatenate(rows, axis=1)
    return np.take_along_axis(rows, np.argsort(-scores, axis=1)[:, :TOP], 1)


def overlapping_clusters(rows, queries, dim=128, clusters=2000, latent=48, seed=7):
    rng = np.random.default_rng(seed)
    scale = np.arange(1, latent + 1, dtype=np.float32) ** -0.4
    centres = rng.standard_normal((clusters, latent)).astype(np.float32)
    spread = rng.standard_normal((latent, dim)).astype(np.float32)

    def draw(n):
        inner = centres[rng.integers(0, clusters, n)] + rng.standard_normal((n, latent)).astype(np.float32)
        return unit(unit((inner * scale) @ spread) + 0.03 * rng.standard_normal((n, dim)).astype(np.float32))

    return np.concatenate([draw(min(50000, rows - at)) for at in range(0, rows, 50000)]), draw(queries)


def plain_clusters(rows, queries):
    rng = np.random.default_rng(7)
    centres = rng.standard_normal((200, 384))

    def draw(n):
        return unit(centres[rng.integers(0, 200, n)] + rng.standard_normal((n, 384)))

    return draw(rows), draw(queries)


def load(kind, folder, rows, queries):
    """ROWS may be None: 50,000 of wordnet, 200,000 of clusters."""
    if kind == "clusters":
        name, (vectors, asked) = "overlapping clusters", overlapping_clusters(rows or 200000, queries)
    elif (folder / "base.f16.npy").exists():
        name = "wordnet-minilm"
        vectors = np.load(folder / "base.f16.npy").astype(np.float32)[:rows]
        asked = np.load(folder / "queries.f32.npy")[:queries]
        if len(vectors) == 50000:
            return Dataset(name, vectors, asked, np.load(folder / "gt" / "all.i32.npy")[:queries, :TOP])
    else:
        name, (vectors, asked) = "generated clusters", plain_clusters(rows or 50000, queries)
    return Dataset(name, vectors, asked, exact(unit(vectors), asked))


def load_data(folder, queries):
    """The wordnet set as a tuple: name, vectors, queries, truth."""
    return dataclasses.astuple(load("wordnet", pathlib.Path(folder), None, queries))
