"""generate.py: the generated data of the benchmarks, the same for a seed.

Vectors are clusters of unit length on a space of fewer dimensions than they
have, as embeddings are.  Payloads serve filters of known selectivity:

    mod_2, mod_10, ... mod_10000    keyword, "v0" ... uniform, independent of the vector
    band                            float, 0 <= band < 1: the share of the rows that
                                    lie farther along one axis of the space, so that
                                    band < 0.01 are the hundredth at one end of it
    title                           text that makes payloads as long as real ones

A query of `queries_opposite` lies in the half of the space that is farthest from small
bands: a filter on them is anti-correlated.
"""
import dataclasses

import numpy as np

MODULI = [2, 10, 100, 1000, 10000]
WORDS = ["amber", "basalt", "cedar", "delta", "ember", "fjord", "garnet", "harbor", "indigo", "juniper"]


@dataclasses.dataclass
class Generated:
    vectors: np.ndarray
    numbers: np.ndarray  # [rows, len(MODULI)]
    bands: np.ndarray
    queries: np.ndarray
    queries_opposite: np.ndarray

    def payload(self, row):
        values = {f"mod_{n}": f"v{self.numbers[row, i]}" for i, n in enumerate(MODULI)}
        title = " ".join(WORDS[(row * 7 + i * i) % len(WORDS)] for i in range(12))
        return values | {"band": float(self.bands[row]), "title": title}


def unit(x):
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def generate(rows, queries=1000, dim=128, clusters=500, latent=48, seed=7):
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((clusters, latent)).astype(np.float32)
    spread = rng.standard_normal((latent, dim)).astype(np.float32) / np.sqrt(latent)

    def draw(n):
        inner = centres[rng.integers(0, clusters, n)] + 0.7 * rng.standard_normal((n, latent)).astype(np.float32)
        return unit(inner @ spread + 0.05 * rng.standard_normal((n, dim)).astype(np.float32))

    vectors = np.concatenate([draw(min(100000, rows - at)) for at in range(0, rows, 100000)])
    numbers = np.stack([rng.integers(0, n, rows) for n in MODULI], axis=1)
    axis = unit(rng.standard_normal((1, latent)).astype(np.float32) @ spread)[0]
    along = vectors @ axis
    bands = np.empty(rows)
    bands[np.argsort(along)] = np.arange(rows) / rows
    some = draw(queries)
    many = draw(4 * queries)
    opposite = many[np.argsort(-(many @ axis))[:queries * 2]][::2]
    return Generated(vectors, numbers, bands, some, opposite)
