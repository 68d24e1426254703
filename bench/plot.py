"""plot: recall against queries per second of each engine, as an SVG."""
import matplotlib
import numpy as np

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib import ticker  # noqa: E402

# Colours that people with any colour vision tell apart (Okabe and Ito), with markers.
STYLES = {
    "qdrant_pg": ("#D55E00", "o", "-"), "qdrant_pg compact": ("#E69F00", "s", "-"), "pgvector": ("#0072B2", "^", "-"),
    "edge float32": ("#009E73", "D", "--"), "edge int8": ("#56B4E9", "v", "--"),
    "hnswlib": ("#CC79A7", "P", ":"),
}


LAST = 0.9995  # a higher recall is drawn here


def draw(figures, path):
    """figures as compare.py keeps them; in-process engines are dashed."""
    clock = figures["clock"]
    plt.rcParams.update({"font.size": 11, "svg.fonttype": "none"})
    figure, axes = plt.subplots(figsize=(10, 6), layout="constrained")
    for name, f in figures["engines"].items():
        colour, marker, line = STYLES.get(name, ("black", ".", "-"))
        axes.plot([min(p["recall"], LAST) for p in f["points"]], [1 / p[clock] for p in f["points"]],
                  color=colour, marker=marker, linestyle=line, markersize=5, label=name)
    axes.set_yscale("log")
    axes.set_xscale("function", functions=(to_axis, from_axis))
    axes.set_xlim(0.7, 0.9996)
    axes.set_xticks([0.7, 0.8, 0.9, 0.95, 0.97, 0.99, 0.995, 0.999, LAST])
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda x, _: f"≥ {x:g}" if x == LAST else f"{x:g}"))
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda y, _: f"{y:,.0f}"))
    axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    axes.grid(which="major", color="#dddddd")
    axes.set_xlabel("recall@10")
    axes.set_ylabel("queries/s, one client" + (" (of processor time)" if clock == "cpu" else ""))
    axes.set_title(f"{figures['set']} · solid: in PostgreSQL; dashed: in process")
    figure.legend(loc="outside right center")
    figure.savefig(path)
    plt.close(figure)


def to_axis(recall):
    """The nearer to 1, the wider: -log10 of the share that is missed."""
    return -np.log10(np.maximum(1 - np.asarray(recall, float), 1e-4))


def from_axis(value):
    return 1 - 10 ** -np.asarray(value, float)
