"""A data set for those who don't have wordnet-minilm: 5,000 product
descriptions made of word lists, embedded by hashing their words into 384
dimensions.  Deterministic; nothing is downloaded or stored.

It stands in for real text: descriptions that share words lie close together,
and the payload has the kinds of fields that filters are made of.
"""
import hashlib

import numpy as np

DIM = 384
MATERIALS = "oak pine steel copper glass wool cotton linen leather ceramic bamboo cork".split()
THINGS = {
    "kitchen": "kettle pan bowl ladle grater whisk teapot colander mug tray".split(),
    "garden": "rake spade hose trellis bench lantern planter shears barrow birdbath".split(),
    "office": "desk stapler lamp binder chair notebook shelf easel clock organiser".split(),
    "sport": "racket helmet paddle saddle glove sled rope canoe bat whistle".split(),
}
STYLES = "folding antique portable sturdy light hand-made heavy small round tall quiet bright".split()
USES = "for beginners, for travel, for winter, for two people, for small rooms, for daily use".split(", ")


def word_vector(word):
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).standard_normal(DIM)


def embed(text, cache):
    total = np.zeros(DIM)
    for word in text.replace(",", "").split():
        if word not in cache:
            cache[word] = word_vector(word)
        total += cache[word]
    return (total / np.linalg.norm(total)).astype(np.float32)


def describe(rng):
    kind = rng.choice(list(THINGS))
    material = rng.choice(MATERIALS)
    styles = [str(s) for s in rng.choice(STYLES, size=int(rng.integers(1, 4)), replace=False)]
    thing = rng.choice(THINGS[kind])
    text = f"{' '.join(styles)} {material} {thing} {rng.choice(USES)}"
    return text, {
        "text": text,
        "kind": str(kind),
        "material": str(material),
        "styles": styles,
        "price": float(np.round(rng.uniform(1, 500), 2)),
        "stock": int(rng.integers(0, 200)),
        "rnd": int(rng.integers(0, 10000)),
    }


def load(count=5000, queries=200):
    """(vectors, payloads, query vectors, filters): filters are named like
    wordnet-minilm's; each is (name, Qdrant JSON, predicate on a payload)."""
    rng = np.random.default_rng(20261124)
    cache = {}
    texts, payloads = zip(*(describe(rng) for _ in range(count)))
    # A little noise keeps equal texts from being equal vectors.
    noise = rng.standard_normal((count, DIM)).astype(np.float32) * 0.02
    vectors = np.array([embed(t, cache) for t in texts]) + noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    query_texts = [describe(rng)[0] for _ in range(queries)]
    filters = [
        ("all", {}, lambda p: True),
        ("rnd_lt_5000", {"must": [{"key": "rnd", "range": {"lt": 5000}}]}, lambda p: p["rnd"] < 5000),
        ("rnd_lt_100", {"must": [{"key": "rnd", "range": {"lt": 100}}]}, lambda p: p["rnd"] < 100),
        ("kind_garden", {"must": [{"key": "kind", "match": {"value": "garden"}}]}, lambda p: p["kind"] == "garden"),
        ("not_kitchen", {"must_not": [{"key": "kind", "match": {"value": "kitchen"}}]}, lambda p: p["kind"] != "kitchen"),
        ("styles_any", {"must": [{"key": "styles", "match": {"any": ["antique", "tall"]}}]},
         lambda p: bool({"antique", "tall"} & set(p["styles"]))),
        ("cheap_and_in_stock", {"must": [{"key": "price", "range": {"lt": 50}}, {"key": "stock", "range": {"gte": 1}}]},
         lambda p: p["price"] < 50 and p["stock"] >= 1),
    ]
    return vectors, list(payloads), np.array([embed(t, cache) for t in query_texts]), filters
