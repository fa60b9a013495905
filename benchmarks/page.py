"""Results of a run as the page docs/performance.md, its pictures, and the measured constants of docs/scale.md.

What is written by hand stands in ``performance.md`` beside this file, with ``{{ … }}`` where the run speaks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median

from goals import GOALS, Results, of, per_row, shown
from plan import plan
from rivals import label

HERE = Path(__file__).parent
PICTURES = "images/performance"
OURS, FLOOR, RIVAL = "#00796b", "#8d6e63", "#b0bec5"
# What is no rival but a bound: nothing checked, or the fastest form that a file can have.
FLOORS = ("prototype", "mapped_arrow", "bare_poll")
# What parts of a workload are called beside it.
NAMES = {"line": "trees, 50 Mbit/s", "questions": "trees, stored", "dask": "history, dask"}


def write(path: Path, docs: Path) -> None:
    """Write the page of the results in `path` below `docs`."""
    results = json.loads(path.read_text(encoding="utf-8"))
    (docs / PICTURES).mkdir(parents=True, exist_ok=True)
    draw(results, docs / PICTURES)
    template = (HERE / "performance.md").read_text(encoding="utf-8")
    words = {"results": path.name}
    text = re.sub(r"\{\{ (\w+) (\w+) \}\}", lambda found: SAID[found[1]](results, found[2]), template)
    text = text.replace("{{ results }}", words["results"]).replace("{{ run }}", _run(results))
    (docs / "performance.md").write_text(text, encoding="utf-8")
    scale = docs / "scale.md"
    if scale.exists():
        scale.write_text(planned(results, scale.read_text(encoding="utf-8")), encoding="utf-8")


def planned(results: Results, text: str) -> str:
    """Put the measured constants, and the plan that follows from them, into the text of docs/scale.md."""
    for name, said in (("measured", constants(results)), ("plan", plan(results))):
        begin, end = (f"<!-- {name}: {side} -->" for side in ("begin", "end"))
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n\n{said}\n\n{end}{rest.partition(end)[2]}"
    return text


def _run(results: Results) -> str:
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"Measured on {datetime.fromisoformat(results['begun']):%d %B %Y} in {results['seconds'] / 60:.0f} minutes: "
        f"{machine['cpus']} CPUs ({machine['machine']}, {machine['system']}), Python {machine['python']}, {versions}. "
        f"Each figure is the median of {results['times']} fresh processes. The load of the machine was "
        f"{machine['load']} when the run began."
    )


# Tables


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _milli(seconds: float) -> str:
    return f"{seconds:.2f}" if seconds >= 1 else f"{seconds:.3f}" if seconds >= 0.01 else f"{seconds:.4f}"


def figures(results: Results, part: str) -> str:
    """Every road of a part, fastest first."""
    found = results["parts"][part]
    ours = next((name for name in found if name.startswith(("ours", "bdxopendata", "dask"))), next(iter(found)))
    base = of(part, ours)(results)
    rows = []
    for name, runs in sorted(found.items(), key=lambda item: of(part, item[0])(results)):
        said = {
            key: median(one[key] for one in runs) for key in ("seconds", "cpu", "peak", "bytes", "requests", "rows")
        }
        seconds = [one["seconds"] for one in runs]
        title = f"`import {name}`" if part == "imports" else label(name)
        rows.append(
            [
                f"**{title}**" if name.startswith(("ours", "bdxopendata")) else title,
                _milli(said["seconds"]),
                f"{_milli(min(seconds))} to {_milli(max(seconds))}",
                f"{said['seconds'] / base:.2f}",
                _milli(said["cpu"]),
                f"{said['peak']:.0f}",
                f"{said['bytes'] / 1e6:.1f}" if said["bytes"] >= 1e5 else f"{said['bytes'] / 1e6:.3f}",
                f"{said['requests']:g}",
            ]
        )
        if part == "imports":
            rows[-1][-2:] = [f"{said['rows']:.0f}"]
    wire = ["modules loaded"] if part == "imports" else ["MB on the wire", "requests"]
    head = ["road", "seconds", "range", "× ours", "CPU seconds", "peak MB", *wire]
    return _table(head, rows)


def goals(results: Results, part: str) -> str:
    """Goals of a part, or of all, and whether they are reached."""
    rows = []
    for goal in GOALS:
        if part in (goal.part, "all"):
            value, verdict = goal.judged(results)
            verdict = verdict if verdict == "reached" else f"**{verdict}**"
            where = [NAMES.get(goal.part, goal.part)] if part == "all" else []
            rows.append([*where, goal.text, goal.worded(), shown(value, goal.unit), verdict])
    where = ["workload"] if part == "all" else []
    return _table([*where, "goal", "wanted", "measured", "verdict"], rows)


def tally(results: Results, _: str) -> str:
    """How many goals are reached."""
    reached = sum(goal.judged(results)[1] == "reached" for goal in GOALS)
    return f"{reached} of {len(GOALS)}"


def growth(results: Results, _: str) -> str:
    """Microseconds and bytes a row, by number of rows."""
    rows = []
    for part, name in SERIES:
        seconds, peaks = (per_row(results, name, key, part) for key in ("seconds", "peak"))
        for count in seconds:
            rows.append(
                [f"{label(name)}, {(part == 'growth' and 'history') or 'trees'}", f"{count:,}",
                 f"{seconds[count] * count:.3f}", f"{seconds[count] * 1e6:.2f}", f"{max(peaks[count], 0):,.0f}"]
            )  # fmt: skip
    return _table(["road", "rows", "seconds", "microseconds a row", "bytes of memory a row"], rows)


SERIES = (("growth", "ours_frame"), ("growth", "ours_batches_parquet"), ("growth", "ours_to_parquet"),
          ("growth_trees", "ours_cold"))  # fmt: skip
SAID: dict[str, Callable[[Results, str], str]] = {
    "figures": figures, "goals": goals, "tally": tally, "growth": growth,
}  # fmt: skip


def constants(results: Results) -> str:
    """The measured constants of the paper plan."""

    def a_row(part: str, name: str, key: str) -> float:
        return of(part, name, key)(results) / of(part, name, "rows")(results)

    def rate(part: str, name: str) -> str:
        return f"{of(part, name, 'rows')(results) / of(part, name)(results) / 1e6:.2f} million"

    streamed = max(of("history", name, "peak")(results) for name in results["parts"]["history"] if name[:4] == "ours")
    wire = [f"{a_row('history', f'ours_batches_{one}', 'bytes'):.0f}" for one in ("parquet", "csv", "jsonl")]
    rates = [rate("history", f"ours_batches_{one}") for one in ("parquet", "csv", "jsonl")]
    written = [rate("history", one) for one in ("ours_to_parquet", "ours_to_parquet_csv", "ours_to_parquet_jsonl")]
    clusters = [rate("dask", f"dask_{one}") for one in ("portal_one", "portal_two", "files_one", "files_two")]
    frame = per_row(results, "ours_frame", "peak")
    points = per_row(results, "ours_cold", "peak", "growth_trees")
    questions = ("ours_question", "ours_groups", "ours_near")
    asked = [f"{of('questions', one)(results) * 1e3:.0f} ms" for one in questions]
    rows = [
        ["bytes a row on the wire, Parquet with zstd",
         f"{wire[0]} (history), {a_row('trees', 'ours_cold', 'bytes'):.0f} (trees)"],
        ["bytes a row on the wire, CSV and JSON lines, packed", f"{wire[1]} and {wire[2]} (history)"],
        ["bytes a row on disk, `to_parquet`", f"{a_row('history', 'ours_to_parquet', 'disk'):.0f} (history)"],
        ["bytes of memory a row, as a frame", f"{frame[max(frame)]:.0f} (history), {points[max(points)]:.0f} (trees)"],
        ["peak memory, streamed or written, whatever the length", f"{streamed:.0f} MB, imports included"],
        ["rows a second, `batches` by Parquet, CSV, JSON lines", ", ".join(rates)],
        ["rows a second, `to_parquet` by Parquet, CSV, JSON lines", ", ".join(written)],
        ["rows a second, one and two dask workers, from the portal", ", ".join(clusters[:2])],
        ["rows a second, one and two dask workers, from files", ", ".join(clusters[2:])],
        ["requests, whole dataset", f"{of('trees', 'ours_cold', 'requests')(results):g}"],
        ["requests, dask frame computed", f"{of('dask', 'dask_portal_two', 'requests')(results):g} for "
         f"{of('dask', 'dask_portal_two', 'partitions')(results):g} partitions"],
        ["time for a question on stored trees: filter, groups, near", ", ".join(asked)],
    ]  # fmt: skip
    return f"{_run(results)}\n\n{_table(['what', 'value'], rows)}"


# Pictures


def draw(results: Results, folder: Path) -> None:
    """Draw bars of each part and the curves of growth, as SVG whose text stays text."""
    import matplotlib as mpl

    mpl.use("svg")
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "bdxopendata", "font.size": 10}):
        for part, title in BARS.items():
            _bars(results, part, title, folder / f"{part}.svg")
        _curves(results, folder / "growth.svg")


BARS = {
    "trees": "300,000 trees, from request to finished frame (seconds)",
    "line": "300,000 trees over 50 Mbit/s and 30 ms (seconds)",
    "parcels": "50,000 parcels, from request to finished frame (seconds)",
    "history": "5,000,000 rows of history, streamed (seconds)",
    "dask": "5,000,000 rows of history, counts by counter and hour (seconds)",
}


def _bars(results: Results, part: str, title: str, path: Path) -> None:
    import matplotlib.pyplot as plt

    found = results["parts"][part]
    names = sorted(found, key=lambda name: of(part, name)(results), reverse=True)
    values = [of(part, name)(results) for name in names]
    spans = [[one["seconds"] for one in found[name]] for name in names]
    errors = [
        [value - min(span) for value, span in zip(values, spans, strict=True)],
        [max(span) - value for value, span in zip(values, spans, strict=True)],
    ]
    figure, axes = plt.subplots(figsize=(8.5, 0.9 + 0.3 * len(names)), layout="constrained")
    colours = [OURS if name.startswith(("ours", "dask")) else FLOOR if name in FLOORS else RIVAL for name in names]
    axes.barh([label(name) for name in names], values, color=colours, height=0.7)
    axes.errorbar(values, range(len(names)), xerr=errors, fmt="none", ecolor="#455a64", elinewidth=0.8, capsize=2)
    for place, (value, span) in enumerate(zip(values, spans, strict=True)):
        axes.annotate(_milli(value), (max(span), place), (5, 0), textcoords="offset points", va="center", fontsize=9)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    axes.set_xlim(0, max(max(span) for span in spans) * 1.12)
    axes.margins(y=0.02)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.savefig(path, metadata={"Date": None}, facecolor="white")
    plt.close(figure)


def _curves(results: Results, path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    styles = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"))
    for (part, name), (line, mark) in zip(SERIES, styles, strict=True):
        title = f"{label(name).removeprefix('bdxopendata, ')}, {'history' if part == 'growth' else 'trees'}"
        for axes, key, scale in ((left, "seconds", 1e6), (right, "peak", 1)):
            each = {rows: value * scale for rows, value in per_row(results, name, key, part).items() if value > 0}
            axes.plot(each.keys(), each.values(), line, marker=mark, markersize=4, label=title)
    for axes, title in ((left, "microseconds a row"), (right, "bytes of memory a row, above imports")):
        axes.set(xscale="log", yscale="log", xlabel="rows")
        axes.set_title(title, loc="left", fontsize=11)
        axes.grid(color="#eceff1", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    left.legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None}, facecolor="white")
    plt.close(figure)
