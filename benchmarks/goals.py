"""What the library wants to reach, each a ratio or a figure of one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

Results = dict[str, Any]


@dataclass(frozen=True)
class Goal:
    """A figure, and what it should be at most or at least."""

    part: str
    text: str
    value: Callable[[Results], float]
    limit: float
    at_least: bool = False
    unit: str = ""

    def judged(self, results: Results) -> tuple[float, str]:
        """Return the figure and how it stands to the goal."""
        value = self.value(results)
        if value >= self.limit if self.at_least else value <= self.limit:
            return value, "reached"
        if not self.limit:
            return value, f"missed by {value:g}"
        off = 1 - value / self.limit if self.at_least else value / self.limit - 1
        return value, f"missed by {100 * off:.0f} %" if off >= 0.01 else "missed by less than 1 %"

    def worded(self) -> str:
        """Say the goal."""
        return f"at {'least' if self.at_least else 'most'} {shown(self.limit, self.unit)}"


def shown(value: float, unit: str) -> str:
    """Word a figure with its unit."""
    number = f"{value:,.0f}" if unit.strip() in ("MB", "requests") else f"{value:.3g}"
    return f"{number}{unit}"


def of(part: str, name: str, key: str = "seconds") -> Callable[[Results], float]:
    """Take the median of a figure."""
    return lambda results: float(median(one[key] for one in results["parts"][part][name]))


def ratio(part: str, over: str, under: str, key: str = "seconds") -> Callable[[Results], float]:
    """Divide two figures of one part."""
    return lambda results: of(part, over, key)(results) / of(part, under, key)(results)


def between(over: tuple[str, str], under: tuple[str, str]) -> Callable[[Results], float]:
    """Divide figures of two parts."""
    return lambda results: of(*over)(results) / of(*under)(results)


def _line(results: Results) -> float:
    needed = of("line", "ours_cold", "bytes")(results) * 8 / 50e6
    return of("line", "ours_cold")(results) / needed


def _streamed_peak(results: Results) -> float:
    names = [name for name in results["parts"]["history"] if name.startswith("ours")]
    return max(of("history", name, "peak")(results) for name in names)


def per_row(results: Results, name: str, key: str, part: str = "growth") -> dict[int, float]:
    """Time (``seconds``) or memory above imports (``peak``, in bytes) a row, by number of rows."""
    found = {}
    for one, runs in results["parts"][part].items():
        road, _, rows = one.partition("@")
        if road == name:
            each = [run["seconds"] if key == "seconds" else (run["peak"] - run["imports"]) * 2**20 for run in runs]
            found[int(rows)] = median(each) / int(rows)
    return dict(sorted(found.items()))


def grown(name: str, key: str, part: str = "growth") -> Callable[[Results], float]:
    """Compare a row among the most rows with a row among a fiftieth or so of them."""

    def value(results: Results) -> float:
        each = list(per_row(results, name, key, part).values())
        middle = each[len(each) // 2]
        return each[-1] / middle if middle > 0 else 1.0

    return value


X = " ×"
GOALS = (
    Goal("trees", "cold, against the bare prototype that checks nothing", ratio("trees", "ours_cold", "prototype"),
         1.25, unit=X),
    Goal("trees", "cold, faster than `pandas.read_csv`", ratio("trees", "read_csv", "ours_cold"), 6, True, X),
    Goal("trees", "cold, faster than `geopandas.read_file` on GeoJSON", ratio("trees", "read_file", "ours_cold"), 30,
         True, X),
    Goal("trees", "cold, faster than odsclient", ratio("trees", "odsclient_cold", "ours_cold"), 7, True, X),
    Goal("trees", "cold, peak memory against the prototype's", ratio("trees", "ours_cold", "prototype", "peak"), 1.2,
         unit=X),
    Goal("trees", "stored, freshness asked, faster than odsclient's cache",
         ratio("trees", "odsclient_warm", "ours_warm"), 8, True, X),
    Goal("trees", "stored, freshness asked, against our own cold", ratio("trees", "ours_warm", "ours_cold"), 0.7,
         unit=X),
    Goal("trees", "stored, within `max_age`, against a memory-mapped Arrow file",
         ratio("trees", "ours_fresh", "mapped_arrow"), 1.2, unit=X),
    Goal("line", "cold over 50 Mbit/s and 30 ms, against the time that its bytes need", _line, 1.1, unit=X),
    Goal("questions", "a filter on stored trees, against one request of 30 ms", of("questions", "ours_question"), 0.03,
         unit=" s"),
    Goal("questions", "groups of stored trees", of("questions", "ours_groups"), 0.03, unit=" s"),
    Goal("questions", "what is near, of stored trees", of("questions", "ours_near"), 0.03, unit=" s"),
    Goal("parcels", "cold, faster than `geopandas.read_file` on GeoJSON", ratio("parcels", "read_file", "ours_cold"), 5,
         True, X),
    Goal("history", "peak memory of any road, streamed", _streamed_peak, 400, unit=" MB"),
    Goal("history", "Parquet: rows a second, against pyarrow's row groups as frames",
         ratio("history", "arrow_parquet_frames", "ours_batches_parquet"), 0.8, True, X),
    Goal("history", "CSV: rows a second, against pyarrow's `open_csv` as frames",
         ratio("history", "arrow_csv_frames", "ours_batches_csv"), 0.8, True, X),
    Goal("history", "JSON lines: rows a second, against pyarrow's `open_json` as frames",
         ratio("history", "arrow_jsonl_frames", "ours_batches_jsonl"), 0.8, True, X),
    Goal("dask", "two workers faster than one, from the portal", ratio("dask", "dask_portal_one", "dask_portal_two"),
         1.6, True, X),
    Goal("dask", "two workers faster than one, from files", ratio("dask", "dask_files_one", "dask_files_two"), 1.6,
         True, X),
    Goal("dask", "largest partition", of("dask", "dask_portal_two", "partition"), 256, unit=" MB"),
    Goal("live", "requests a poll, nothing new", of("live", "ours_poll", "requests"), 1),
    Goal("live", "requests a poll, processed anew", of("live", "ours_poll_moving", "requests"), 1),
    Goal("live", "own time a poll, nothing new, beyond that of one bare request",
         lambda results: of("live", "ours_poll")(results) - of("live", "bare_poll")(results), 0.01, unit=" s"),
    Goal("catalogue", "requests, listed and searched, nothing kept",
         of("catalogue", "ours_catalogue_cold", "requests"), 5),
    Goal("catalogue", "requests, listed and searched, listing kept",
         of("catalogue", "ours_catalogue_warm", "requests"), 0),
    Goal("imports", "`import bdxopendata` against `import requests`", ratio("imports", "bdxopendata", "requests"), 0.5,
         unit=X),
    Goal("growth", "time a row of a frame, 5,000,000 rows against 100,000", grown("ours_frame", "seconds"), 1.1,
         unit=X),
    Goal("growth", "time a row of `to_parquet`, 5,000,000 rows against 100,000",
         grown("ours_to_parquet", "seconds"), 1.1, unit=X),
    Goal("growth", "memory a row of a frame, 5,000,000 rows against 100,000", grown("ours_frame", "peak"), 1.1,
         unit=X),
    Goal("growth", "time a row of a frame of points, 1,000,000 rows against 100,000",
         grown("ours_cold", "seconds", "growth_trees"), 1.1, unit=X),
)  # fmt: skip
