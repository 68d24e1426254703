#!/usr/bin/env python3
"""text.py: text conditions on random texts under random schemas, ours bound to
the schema by sequential scan and through a text index, against the text index
of qdrant-edge-py.

    PGHOST=... PGPORT=... PGUSER=... text.py [--seed N] [--rounds N]

Every round makes one schema, indexes the same payloads under it in a shard and
in a table of a database of its own (dropped at the end), and compares the ids
that each query finds. The seed is printed. Ends with 1 when a pair differs, or
when too few were compared or found anything to prove much.

The generator does not go where docs/differences.md says that we differ:
  * stop words of languages: only those whose lists are the same.
  * letters that younger versions of Snowball or Unicode see another way, and
    the Arabic stemmer, which younger ones keep from other scripts.
  * multilingual: no Chinese, Japanese or Thai, and none of ODD.
"""
import argparse
import json
import os
import random
import sys
import tempfile
import time

import psycopg
import qdrant_edge as edge

DATABASE = "qdrant_pg_differential_text"
POINTS, QUERIES = 60, 60
SECONDS = 30
LEAST_COMPARED, LEAST_FOUND = 1000, 200

WORDS = ["the", "and", "quick", "Quick", "QUICK", "foxes", "fox", "running", "runs", "ran", "run", "lazy", "nationalization",
         "national", "a", "I", "x1", "42", "3", "der", "und", "laufen", "läuft", "Häuser", "Haus", "größte", "Straße", "lune",
         "maisons", "maison", "étaient", "été", "los", "niños", "niño", "corriendo", "och", "springande", "мир", "Миру",
         "Привет", "бегущий", "Ελληνικά", "ΕΛΛΗΝΙΚΆΣ", "ile", "evler", "házakban", "ház", "canções", "İZMİR", "ﬁn", "x²", "½",
         "कमल", "집에서", "e\u0301t", "Ångström", "Łódź", "æther", "Œuvre", "ΑΣ", "السلام", "مدرسة", "الى", "ёлка"]
ODD = {"👍 ", "ﬁn"}  # signs are words there, and ligatures can fall apart
BLANKS = [" ", " ", " ", "  ", "\t", "\u3000", "\n"]
SIGNS = ["-", ", ", ".", "_", "'", "’", "/", "@", "!", " – ", "«", "(", "👍 "]
STEMMERS = ["danish", "dutch", "english", "german", "hungarian", "italian", "norwegian", "portuguese", "romanian",
            "spanish", "swedish", "tamil", "turkish"]
STOPWORDS = ["danish", "dutch", "finnish", "italian", "norwegian", "russian", "swedish", "turkish"]
KINDS = {"text": edge.MatchText, "text_any": edge.MatchTextAny, "phrase": edge.MatchPhrase}


def make_text(rnd, longest, odd):
    parts = []
    for _ in range(rnd.randint(0, longest)):
        parts.append(rnd.choice(WORDS))
        parts.append(rnd.choice(BLANKS if rnd.random() < 0.8 else SIGNS))
    return "".join(part for part in parts if odd or part not in ODD)


def make_payload(rnd, odd):
    texts = [make_text(rnd, 8, odd) for _ in range(rnd.randint(1, 3))]
    return rnd.choice([{"t": texts[0]}, {"t": texts}, {"t": texts + [5, None]}, {"t": [texts]}, {"t": {"x": texts[0]}}, {"t": 5},
                       {"t": None}, {}, {"t": texts[0]}, {"t": texts[0]}, {"t": texts}])


def make_query(rnd, payloads, odd):
    """Any words, or a part of one of the texts."""
    if rnd.random() < 0.3:
        return make_text(rnd, 3, odd)
    texts = [t for p in payloads for t in (p.get("t") if isinstance(p.get("t"), list) else [p.get("t")]) if isinstance(t, str)]
    text = rnd.choice(texts)
    start = rnd.randint(0, len(text))
    return text[start:start + rnd.randint(1, 20)]


def make_schema(rnd):
    schema = {"type": "text", "tokenizer": rnd.choice(["word", "word", "whitespace", "prefix", "multilingual"])}
    options = {
        "lowercase": lambda: rnd.random() < 0.5,
        "ascii_folding": lambda: rnd.random() < 0.7,
        "min_token_len": lambda: rnd.randint(1, 4),
        "max_token_len": lambda: rnd.randint(2, 8),
        "phrase_matching": lambda: rnd.random() < 0.9,
        "stemmer": lambda: {"type": "snowball", "language": rnd.choice(STEMMERS)},
        "stopwords": lambda: make_stopwords(rnd),
    }
    for name, make in options.items():
        if rnd.random() < 0.4:
            schema[name] = make()
    return schema


def make_stopwords(rnd):
    if rnd.random() < 0.5:
        return rnd.choice(STOPWORDS)
    return {"languages": rnd.sample(STOPWORDS, rnd.randint(0, 2)), "custom": rnd.sample(WORDS, rnd.randint(0, 4))}


def edge_stopwords(stopwords):
    if isinstance(stopwords, str):
        return getattr(edge.Language, stopwords.capitalize())
    return edge.StopwordsSet(languages={getattr(edge.Language, name.capitalize()) for name in stopwords["languages"]},
                             custom=set(stopwords["custom"]))


def edge_params(schema):
    params = {name: value for name, value in schema.items() if name not in ("type", "tokenizer", "stemmer", "stopwords")}
    params["tokenizer"] = getattr(edge.TokenizerType, schema["tokenizer"].capitalize())
    if "stemmer" in schema:
        params["stemmer"] = edge.SnowballParams(getattr(edge.SnowballLanguage, schema["stemmer"]["language"].capitalize()))
    if "stopwords" in schema:
        params["stopwords"] = edge_stopwords(schema["stopwords"])
    return edge.TextIndexParams(**params)


class Shard:
    def __init__(self, directory, payloads, schema):
        config = edge.EdgeConfig(vectors=edge.EdgeVectorParams(size=1, distance=edge.Distance.Dot))
        self.shard = edge.EdgeShard.create(directory, config)
        self.shard.update(edge.UpdateOperation.upsert_points(
            [edge.Point(i, [1.0], payload) for i, payload in enumerate(payloads)]))
        self.shard.update(edge.UpdateOperation.create_field_index("t", edge_params(schema)))

    def find(self, kind, query):
        match = edge.FieldCondition("t", match=KINDS[kind](query))
        points, _ = self.shard.scroll(edge.ScrollRequest(limit=POINTS, filter=edge.Filter(must=[match])))
        return sorted(point.id for point in points)


class Table:
    def __init__(self, connection, payloads, schema):
        self.connection = connection
        self.schema = schema
        connection.execute("DROP TABLE IF EXISTS texts")
        connection.execute("CREATE TABLE texts (id integer, payload jsonb)")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO texts VALUES (%s, %s)", [(i, json.dumps(p)) for i, p in enumerate(payloads)])
        literal = psycopg.sql.Literal(json.dumps(schema))
        connection.execute(psycopg.sql.SQL("CREATE INDEX ON texts USING gin (payload qdrant_text_ops (path = 't', schema = {}))")
                           .format(literal))

    def find(self, kind, query, by_index):
        filter_ = json.dumps({"must": {"key": "t", "match": {kind: query}, "as": self.schema}})
        statement = psycopg.sql.SQL("SELECT id FROM texts WHERE payload @@@ {}::payload_filter").format(psycopg.sql.Literal(filter_))
        self.connection.execute(f"SET enable_seqscan = {'off' if by_index else 'on'}")
        self.connection.execute(f"SET enable_bitmapscan = {'on' if by_index else 'off'}")
        if by_index:
            plan = "\n".join(line for line, in self.connection.execute(psycopg.sql.SQL("EXPLAIN ") + statement))
            assert "Bitmap Index Scan" in plan, f"{filter_}\n{plan}"
        return sorted(id_ for id_, in self.connection.execute(statement))


class Comparison:
    def __init__(self):
        self.compared = self.found = self.differ = 0

    def check(self, schema, kind, query, answers):
        self.compared += 1
        self.found += bool(answers["edge"])
        if len({tuple(ids) for ids in answers.values()}) > 1:
            self.differ += 1
            if self.differ <= 20:
                print(json.dumps({"schema": schema, kind: query} | answers, ensure_ascii=False))

    def round(self, rnd, connection):
        schema = make_schema(rnd)
        odd = schema["tokenizer"] != "multilingual"
        payloads = [make_payload(rnd, odd) for _ in range(POINTS)]
        table = Table(connection, payloads, schema)
        with tempfile.TemporaryDirectory() as directory:
            shard = Shard(directory, payloads, schema)
            for _ in range(QUERIES):
                kind, query = rnd.choice(list(KINDS)), make_query(rnd, payloads, odd)
                self.check(schema, kind, query, {"edge": shard.find(kind, query), "scan": table.find(kind, query, False),
                                                 "index": table.find(kind, query, True)})
            shard.shard.close()


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--rounds", type=int, default=None, help=f"default: {SECONDS} seconds of them")
    return parser.parse_args()


def run(args, connection):
    comparison = Comparison()
    rnd = random.Random(args.seed)
    rounds, end = 0, time.monotonic() + SECONDS
    while rounds < args.rounds if args.rounds else time.monotonic() < end:
        comparison.round(rnd, connection)
        rounds += 1
    return rounds, comparison


def main():
    args = arguments()
    print(f"text: seed {args.seed}")
    server = os.environ.get("PGDATABASE", "postgres")
    with psycopg.connect(dbname=server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        with psycopg.connect(dbname=DATABASE, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION qdrant_pg")
            rounds, c = run(args, connection)
    finally:
        with psycopg.connect(dbname=server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {DATABASE}")
    print(f"text: {c.compared - c.differ} passed, {c.differ} failed, {c.found} found something, {rounds} schemas")
    few = not args.rounds and (c.compared < LEAST_COMPARED or c.found < LEAST_FOUND)
    return 1 if c.differ or few else 0


if __name__ == "__main__":
    sys.exit(main())
