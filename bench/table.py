#!/usr/bin/env python3
"""table: the figures that have a target, with ratio and target, from what
compare, filtered and write have kept (results.py).  A ratio above the target's is met,
except for sizes, where it is one below.
"""
import argparse
import sys

import compare
import results

SETS = ("wordnet", "clusters")
# Of edge's rate, by the filter's share: 5,000/s where it makes 20,000, 10,000 of 64,000.
AGAINST_EDGE = {"50 %": 1, "10 %": 1, "1 %": 0.25, "0.1 %": 0.16}
HEAD = ("figure", "qdrant_pg", "peer", "its figure", "ratio", "target", "")


def row(figure, ours, peer, theirs, ratio, target, unit="", most=False):
    """A line of the table; ratio None: one of the two does not get there."""
    def text(x):
        return "not reached" if x is None else f"{x:,.{0 if x >= 100 else 1 if x >= 10 else 2}f}{unit}"
    if ratio is None:
        verdict, shown = "missed" if ours is None else "met", ""
    else:
        verdict, shown = "met" if (ratio <= target if most else ratio >= target) else "missed", f"{ratio:.2f} x"
    return figure, text(ours), peer, text(theirs), shown, f"{'<=' if most else '>='} {target:g} x", verdict


def seconds(figures, engine, wanted, key):
    f = figures["engines"].get(engine)
    return compare.at_recall(f["points"], wanted, key) if f else None


def searches(figures):
    """Queries per second, the index scan alone."""
    clock = figures["clock"]
    for wanted, targets in ((0.95, {"pgvector": 4, "edge float32": 1.5}), (0.99, {"pgvector": 8, "edge float32": 2.5})):
        mine = seconds(figures, "qdrant_pg", wanted, clock)
        for peer, target in targets.items():
            if peer in figures["engines"]:
                theirs = seconds(figures, peer, wanted, clock)
                yield row(f"queries/s, recall {wanted}", mine and 1 / mine, peer, theirs and 1 / theirs,
                          mine and theirs and theirs / mine, target)
    if "edge int8" in figures["engines"]:
        mine = seconds(figures, "qdrant_pg", 0.99, "scan")
        theirs = min(filter(None, (seconds(figures, "edge int8", 0.99, key) for key in ("wall", "cpu"))), default=None)
        yield row("index scan alone, recall 0.99", mine and 1e6 * mine, "edge int8", theirs and 1e6 * theirs,
                  mine and theirs and theirs / mine, 1, " µs")


def builds(figures):
    f = figures["engines"]
    for peer, target in (("pgvector", 3), ("edge float32", 1.5), ("edge int8", 1.5)):
        if peer in f:
            yield row("build, 2 processes", f["qdrant_pg"]["build"], peer, f[peer]["build"],
                      f[peer]["build"] / f["qdrant_pg"]["build"], target, " s")
    if "pgvector" in f:
        peer = f["pgvector"]["bytes"]
        for name, target in (("qdrant_pg", 1.1 if figures["dimensions"] >= 384 else 2.2), ("qdrant_pg compact", 0.6)):
            if name in f:
                layout = "compact" if "compact" in name else "auto"
                yield row(f"index size, layout {layout}", f[name]["bytes"] / 1e6, "pgvector", peer / 1e6,
                          f[name]["bytes"] / peer, target, " MB", most=True)


def writes(kinds):
    ours, theirs = kinds["qdrant_pg"], kinds["pgvector"]

    def rate(figure, key, target, peer="pgvector", other=None):
        b = other or theirs[key]
        return row(figure, ours[key], peer, b, ours[key] / b, target, "/s")

    yield rate("insert by 100, rows acknowledged", "insert", 15)
    yield row("insert until all are in the graph", ours["complete"], "pgvector's COPY", theirs["copy"],
              theirs["copy"] / ours["complete"], 1, " s")
    yield rate("payload update of 20 %, rows", "update", 10)
    yield rate("single-row insert, rows", "single", 0.8, "no vector index", ours["plain single"])
    yield row("VACUUM after deleting 30 %", ours["vacuum"], "pgvector", theirs["vacuum"],
              theirs["vacuum"] / ours["vacuum"], 5, " s")


def filters(cases):
    for case in cases:
        found, share = case["engines"], case["share"]
        if not share or not found["qdrant_pg"]["wanted"]:
            continue
        ours = found["qdrant_pg"]
        good = ours["recall"] >= 0.95 and ours["short"] == 0
        about = "" if share == "far" or share in case["name"] else f"{share}, "
        name = f"filter {about}{case['name']}, recall {ours['recall']:.3f}{'' if not ours['short'] else ', SHORT'}"
        of_edge = None if "varied" in case["name"] else AGAINST_EDGE.get(share)
        for peer, target in (("pgvector", 5), ("edge", of_edge)):
            if peer in found and target:
                line = row(name, ours["rate"], f"{peer}, recall {found[peer]['recall']:.3f}", found[peer]["rate"],
                           ours["rate"] / found[peer]["rate"], target, "/s")
                yield line if good else (*line[:-1], "missed")
        equal = found.get("pgvector, equal recall")
        if equal:
            yield row(name, ours["rate"], f"pgvector, ef_search {equal['ef']}, recall {equal['recall']:.3f}", equal["rate"],
                      ours["rate"] / equal["rate"], 5, "/s")


def sections():
    for name in SETS:
        figures = results.load(f"compare-{name}")
        if figures:
            yield figures["set"] + (" (processor time)" if figures["clock"] == "cpu" else ""), [*searches(figures), *builds(figures)]
    written = results.load("write")
    if written:
        yield written["set"], list(writes(written["kinds"]))
    for name in ("wordnet", "generated"):
        figures = results.load(f"filtered-{name}")
        if figures:
            yield figures["set"] + (" (processor time)" if figures["clock"] == "cpu" else ""), list(filters(figures["cases"]))


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_known_args()
    if not results.folder():
        sys.exit("table: QDRANT_PG_BENCH_OUT is not set (bench/run sets it)")
    found = list(sections())
    widths = [max(len(r[i]) for _, rows in found for r in [HEAD, *rows]) for i in range(len(HEAD))] if found else []
    lines, missed = [], 0
    for title, rows in found:
        lines += ["", f"**{title}**", ""]
        for n, cells in enumerate([HEAD, *rows]):
            lines.append("| " + " | ".join(c.ljust(w) if i in (0, 2, 6) else c.rjust(w)
                                           for i, (c, w) in enumerate(zip(cells, widths))) + " |")
            if n == 0:
                lines.append("|" + "|".join("-" * (w + 2) if i in (0, 2, 6) else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")
        missed += sum(r[-1] == "missed" for r in rows)
    lines += ["", f"{sum(len(rows) for _, rows in found)} figures with a target, {missed} missed"]
    print("\n".join(lines))
    path = results.folder() / "table.md"
    path.write_text("\n".join(lines).lstrip("\n") + "\n")
    print(f"the table as a file: {path}")


if __name__ == "__main__":
    sys.exit(main())
