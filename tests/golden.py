#!/usr/bin/env python3
"""golden.py FOLDER [TOPIC...]: replays recorded answers of Qdrant.

FOLDER holds replay.py and rest/ and grpc/ with the recordings. Steps that need
what is not served yet stand in golden-later.txt, one per line with the reason;
they are replayed too, and one that passes is reported, so that the list
shrinks. Prints "N passed, N failed, N skipped"; exit code 1 when a step fails
that is not listed. With topics ("rest/upsert") only those, with all details.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "gateway/test/api"))
from harness import Gateway, Postgres  # noqa: E402

# What is served; the other recordings are of operations still to come.
TOPICS = """
rest/service rest/cors rest/errors-json rest/errors-routing rest/errors-validation
rest/collections rest/collection-config rest/named-vectors rest/vector-ops
rest/upsert rest/retrieve rest/scroll rest/count rest/delete rest/payload-ops
rest/query-nearest-cosine rest/query-nearest-dot rest/query-nearest-euclid rest/query-nearest-manhattan
rest/query-params rest/legacy-search
rest/payload-index rest/facet rest/order-by rest/query-order-sample rest/filters-datetime rest/filters-empty-null rest/filters-geo rest/filters-match rest/filters-misc
rest/filters-nested rest/filters-range rest/filters-text
grpc/service grpc/collections grpc/payload-only grpc/points-write grpc/points-read grpc/points-query grpc/points-legacy
""".split()


def later():
    """{step: reason}"""
    steps = {}
    for line in (HERE / "golden-later.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            step, _, reason = line.partition(" ")
            steps[step] = reason
    return steps


def replay(folder, topics, gateway, directory, quiet):
    """[(step, difference or None)]"""
    report = pathlib.Path(directory) / "report.xml"
    run = subprocess.run(
        [sys.executable, folder / "replay.py", "--rest", f"http://127.0.0.1:{gateway.http_port}",
         "--grpc", f"127.0.0.1:{gateway.grpc_port}", "--junit", report, *[folder / f"{t}.jsonl" for t in topics]],
        stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None, text=True)
    if run.returncode not in (0, 1) or not report.exists():
        print((run.stdout or "")[-3000:])
        raise SystemExit("the replay itself failed")
    cases = xml.etree.ElementTree.parse(report).getroot()
    return [(case.get("name"), case.findtext("failure")) for case in cases]


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    topics = sys.argv[2:] or [t for t in TOPICS if (folder / f"{t}.jsonl").exists()]
    listed = later()
    with tempfile.TemporaryDirectory(prefix="qdgolden") as directory:
        postgres = Postgres(directory)
        gateway = Gateway(directory, postgres.conninfo)
        try:
            steps = replay(folder, topics, gateway.start(), directory, not sys.argv[2:])
            gateway.running()
        finally:
            gateway.stop()
            postgres.stop()
    failed = [(name, why) for name, why in steps if why is not None and name not in listed]
    skipped = sum(why is not None and name in listed for name, why in steps)
    for name, why in steps:
        if why is None and name in listed:
            print(f"passes, so take it off golden-later.txt: {name}")
    for name, why in failed[:50]:
        print(f"FAIL {name}: " + re.sub(r"\s+", " ", why)[:300])
    print(f"{len(steps) - len(failed) - skipped} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
