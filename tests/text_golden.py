#!/usr/bin/env python3
"""text_golden.py FILE: full text as the server recorded it (filters-text.jsonl
of the recorded answers), replayed through SQL.

    PGHOST=... PGPORT=... PGUSER=... text_golden.py .../golden/rest/filters-text.jsonl

Payloads go into a temporary table; every scroll's filter is bound to the text
index that its scenario has made by then, and the ids must be those recorded.
Ends with 1 when a step differs, or when none was compared.
"""
import json
import pathlib
import sys

import psycopg


def bind(filter_, key, schema):
    """The filter with "as" in each condition on the key."""
    if isinstance(filter_, list):
        return [bind(f, key, schema) for f in filter_]
    if not isinstance(filter_, dict):
        return filter_
    bound = {name: bind(value, key, schema) for name, value in filter_.items()}
    return bound | {"as": schema} if filter_.get("key") == key else bound


def full_schema(schema):
    return {"type": schema} if isinstance(schema, str) else schema


def is_schema(connection, schema):
    try:
        connection.execute("SELECT qdrant.text_tokens('', %s::jsonb)", (json.dumps(schema),))
    except psycopg.errors.InvalidParameterValue:
        return False
    return True


class Replay:
    def __init__(self, connection):
        self.connection = connection
        self.scenario = None
        self.index = None
        self.compared = 0
        self.failed = []

    def start(self, scenario):
        self.scenario = scenario
        self.index = None
        self.connection.execute("DROP TABLE IF EXISTS golden_points")
        self.connection.execute("CREATE TEMPORARY TABLE golden_points (id bigint PRIMARY KEY, payload jsonb)")

    def check(self, step, got, want):
        self.compared += 1
        if got != want:
            self.failed.append(f"{step['id']}: {got}, recorded {want}")

    def upsert(self, step):
        for point in step["body"]["points"]:
            self.connection.execute("INSERT INTO golden_points VALUES (%s, %s)", (point["id"], json.dumps(point["payload"])))

    def create_index(self, step):
        schema = full_schema(step["body"]["field_schema"])
        accepted = step["expect"]["status"] == 200
        if schema["type"] == "text":
            self.check(step, is_schema(self.connection, schema), accepted)
        if accepted:
            self.index = (step["body"]["field_name"], schema)

    def scroll(self, step):
        filter_ = step["body"]["filter"]
        if self.index and self.index[1]["type"] == "text":
            filter_ = bind(filter_, *self.index)
        want = None
        if step["expect"]["status"] == 200:
            want = [p["id"] for p in step["expect"]["body"]["result"]["points"]]
        self.check(step, self.select(filter_), want)

    def select(self, filter_):
        """The ids that a filter admits, None when it is refused."""
        try:
            rows = self.connection.execute("SELECT id FROM golden_points WHERE payload @@@ %s::text::payload_filter ORDER BY id",
                                           (json.dumps(filter_),)).fetchall()
        except psycopg.errors.InvalidParameterValue:
            return None
        return [id_ for id_, in rows]

    def step(self, step):
        if step["scenario"] != self.scenario:
            self.start(step["scenario"])
        path = step["path"].split("?")[0]
        if path.endswith("/points") and step["method"] == "PUT":
            self.upsert(step)
        elif path.endswith("/index"):
            self.create_index(step)
        elif path.endswith("/scroll"):
            self.scroll(step)


def main():
    path = pathlib.Path(sys.argv[1])
    if not path.exists():
        print(f"text_golden: skipped, no {path.name}")
        return 0
    with psycopg.connect(autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS qdrant_pg")
        replay = Replay(connection)
        for line in path.read_text(encoding="utf-8").splitlines():
            step = json.loads(line)
            if "id" in step:
                replay.step(step)
    for failure in replay.failed:
        print(failure)
    print(f"text_golden: {replay.compared - len(replay.failed)} passed, {len(replay.failed)} failed")
    return 1 if replay.failed or not replay.compared else 0


if __name__ == "__main__":
    sys.exit(main())
