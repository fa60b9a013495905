"""Measure the library beside its rivals, each in a fresh process, interleaved, in one run.

    python benchmarks/run.py [PART …] [--times 3] [--only NAME …]     prints a table for each part
    python benchmarks/run.py --docs [--quick]                         measures all and writes the page
    python benchmarks/run.py --render                                 writes the page of the last run anew

Parts: trees, line, questions, parcels, history, dask, live, catalogue, imports, growth. Workloads are written once into
``benchmarks/data``. ``--quick`` has small workloads and one run of each, to see that all works: its figures say
nothing, and its page goes to ``benchmarks/data/quick``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
DATA = HERE / "data"
RESULTS = HERE / "results"
Figures = dict[str, list[dict[str, Any]]]

# A rival that takes longer than this has failed.
PATIENCE = 300
LIBRARIES = (
    "bdxopendata", "numpy", "pandas", "geopandas", "pyogrio", "shapely", "pyarrow", "requests", "odsclient", "duckdb",
    "polars", "dask", "distributed",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """Roads that are measured beside each other on one workload."""

    workload: str
    names: tuple[str, ...]
    mbit: float | None = None
    latency: float = 0.0
    # Rows; several for growth. Empty: those of the workload.
    rows: tuple[int, ...] = ()
    quick_rows: tuple[int, ...] = (3_000,)


PARTS = {
    "trees": Part(
        "trees",
        (
            "prototype", "ours_cold", "ours_second", "ours_warm", "ours_fresh", "mapped_arrow", "read_parquet",
            "geoparquet", "read_csv", "duckdb_parquet", "polars_parquet", "odsclient_cold", "odsclient_warm",
            "requests_json", "read_json", "read_file", "read_file_arrow", "page_loop",
        ),
        quick_rows=(11_000,),
    ),
    "line": Part("trees", ("ours_cold", "read_parquet", "odsclient_cold"), mbit=50, latency=30),
    "questions": Part("trees", ("ours_question", "ours_groups", "ours_near")),
    "parcels": Part("parcels", ("prototype", "ours_cold", "read_parquet", "read_file", "read_file_arrow")),
    "history": Part(
        "history",
        (
            "ours_batches_parquet", "arrow_parquet", "arrow_parquet_frames", "ours_batches_csv", "arrow_csv",
            "arrow_csv_frames", "pandas_csv_pieces", "ours_batches_jsonl", "arrow_jsonl", "arrow_jsonl_frames",
            "ours_to_parquet", "ours_to_parquet_csv", "ours_to_parquet_jsonl",
        ),
        quick_rows=(60_000,),
    ),
    "dask": Part(
        "history",
        ("dask_portal_one", "dask_portal_two", "dask_files_one", "dask_files_two", "duckdb_files"),
        quick_rows=(600_000,),
    ),
    "live": Part("live", ("bare_poll", "requests_poll", "ours_poll", "ours_poll_moving"), quick_rows=(100,)),
    "catalogue": Part("live", ("ours_catalogue_cold", "ours_catalogue_warm", "requests_catalogue"), quick_rows=(100,)),
    "imports": Part("", ("bdxopendata", "requests", "pandas", "geopandas", "odsclient")),
    "growth": Part(
        "history",
        ("ours_frame", "ours_batches_parquet", "ours_to_parquet"),
        rows=(1_000, 10_000, 100_000, 1_000_000, 5_000_000),
        quick_rows=(1_000, 10_000),
    ),
    "growth_trees": Part(
        "trees", ("ours_cold",), rows=(1_000, 10_000, 100_000, 300_000, 1_000_000), quick_rows=(1_000, 10_000)
    ),
}  # fmt: skip
# Imports are quick and noisy.
IMPORT_TIMES = 11


def measure(name: str, address: str, dataset: str, folder: Path, *, prepare: bool = False) -> dict[str, Any]:
    """Run one rival in a process of its own."""
    command = [sys.executable, str(HERE / "rivals.py"), name, address, dataset, str(folder)]
    # Nothing of the person's own settings, and no other store than the folder's.
    # Modules come compiled to whoever installs them, so they are compiled here too.
    left_out = ("BDXOPENDATA_", "PYTHONDONTWRITEBYTECODE")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
    environment |= {"PREPARE": "1"} if prepare else {}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=PATIENCE, check=False)
    if ran.returncode:
        raise SystemExit(f"{name} on {dataset} failed:\n{ran.stderr[-3000:]}")
    return {} if prepare else dict(json.loads(ran.stdout.splitlines()[-1]))


def rounds(names: tuple[str, ...], address: str, datasets: tuple[str, ...], times: int) -> Figures:
    """Measure every rival `times` times, in turns, so that a busy moment meets them all."""
    from rivals import PREPARE

    figures: Figures = {}
    with tempfile.TemporaryDirectory() as place:
        kept = {}
        for name in names:
            if name in PREPARE:
                kept[name] = Path(tempfile.mkdtemp(dir=place))
                measure(name, address, datasets[0], kept[name], prepare=True)
        for _ in range(times):
            for dataset in datasets:
                for name in names:
                    with tempfile.TemporaryDirectory(dir=place) as fresh:
                        if name in kept:
                            # Every run begins with what was prepared, not with what the run before made of it.
                            # Linked, since a disk that is still busy with copies would be measured too.
                            shutil.copytree(kept[name], fresh, copy_function=os.link, dirs_exist_ok=True)
                        said = measure(name, address, dataset, Path(fresh))
                    key = name if len(datasets) == 1 else f"{name}@{dataset.rpartition('-')[2]}"
                    figures.setdefault(key, []).append(said)
                    sys.stderr.write(f"  {key}: {said['seconds']:.3f} s\n")
    return figures


@contextmanager
def served(part: Part, rows: tuple[int, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Serve the workloads of a part; yield the address and the ids of the datasets."""
    from workloads import catalogue, prepared

    grows = len(rows) > 1
    folders = [prepared(part.workload, DATA, one, ("zstd",) if grows else None) for one in rows or (None,)]
    names = tuple(folder.name if grows else part.workload for folder in folders)
    with tempfile.TemporaryDirectory() as place:
        for name, folder in zip(names, folders, strict=True):
            (Path(place) / name).symlink_to(folder)
        (Path(place) / "catalogue.json").symlink_to(catalogue(DATA))
        line = [f"--mbit={part.mbit}"] if part.mbit else []
        command = [sys.executable, str(HERE / "portal.py"), place, *line, f"--latency={part.latency}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as portal:
            assert portal.stdout is not None
            try:
                yield portal.stdout.readline().strip(), names
            finally:
                portal.terminate()


def figures_of(name: str, times: int, *, quick: bool, only: tuple[str, ...] = ()) -> Figures:
    """Measure a part."""
    part = PARTS[name]
    names = tuple(one for one in part.names if not only or one in only)
    if name == "imports":
        from small import imported

        figures: Figures = {one: [] for one in names}
        for _ in range(2 if quick else IMPORT_TIMES):
            for one in names:
                figures[one].append(imported(one))
        return figures
    with served(part, part.quick_rows if quick else part.rows) as (address, datasets):
        if part.workload == "history":
            # Ranges of the history are made when they are first asked for; nobody's clock runs yet.
            warm = [one for one in names if one == "dask_portal_two"]
            for one in warm:
                with tempfile.TemporaryDirectory() as fresh:
                    measure(one, address, datasets[0], Path(fresh))
        return rounds(names, address, datasets, times)


def machine() -> dict[str, Any]:
    """Say on what was measured."""
    versions = {}
    for one in LIBRARIES:
        try:
            versions[one] = importlib.metadata.version(one)
        except importlib.metadata.PackageNotFoundError:
            versions[one] = "not installed"
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "versions": versions,
    }


def table(figures: Figures) -> str:
    """Lay figures out as a Markdown table, fastest first."""
    first = median(one["seconds"] for one in next(iter(figures.values())))
    head = ["road", "seconds", "range", "ratio", "CPU s", "peak MB", "MB on the wire", "requests", "rows"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, runs in sorted(figures.items(), key=lambda item: median(one["seconds"] for one in item[1])):
        seconds = [one["seconds"] for one in runs]
        cells = [
            name,
            f"{median(seconds):.3f}",
            f"{min(seconds):.3f} to {max(seconds):.3f}",
            f"{median(seconds) / first:.2f}",
            f"{median(one['cpu'] for one in runs):.2f}",
            f"{median(one['peak'] for one in runs):.0f}",
            f"{runs[0]['bytes'] / 1e6:.1f}",
            f"{runs[0]['requests']:g}",
            f"{runs[0]['rows']:,}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_docs(times: int, *, quick: bool) -> Path:
    """Measure everything, keep the results, and write the page of them."""
    from page import write

    begun, started = datetime.now(UTC), time.monotonic()
    said = machine()
    parts = {}
    for name in PARTS:
        sys.stderr.write(f"{name}, after {time.monotonic() - started:.0f} s\n")
        parts[name] = figures_of(name, times, quick=quick)
    results = {
        "begun": begun.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - started),
        "times": times,
        "machine": said,
        "parts": {name: _rounded(figures) for name, figures in parts.items()},
    }
    folder = DATA / "quick" if quick else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{begun:%Y-%m-%d}.json"
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    write(path, HERE.parent / "docs" if not quick else folder)
    return path


def _rounded(figures: Figures) -> Figures:
    return {
        name: [{key: float(f"{value:.5g}") for key, value in one.items()} for one in runs]
        for name, runs in figures.items()
    }


def main() -> None:
    """Measure what was asked for and print it, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="by default trees")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    unknown = set(arguments.parts) - set(PARTS)
    if unknown or arguments.times < 1:
        parser.error(f"no such part: {', '.join(sorted(unknown))}" if unknown else "--times is at least 1")
    times = 1 if arguments.quick else arguments.times
    if arguments.render:
        from page import write

        write(max(RESULTS.glob("*.json")), HERE.parent / "docs")
    elif arguments.docs:
        sys.stdout.write(f"{write_docs(times, quick=arguments.quick)}\n")
    else:
        for name in arguments.parts or ["trees"]:
            figures = figures_of(name, times, quick=arguments.quick, only=tuple(arguments.only))
            sys.stdout.write(f"{name}, {times} runs each; ratio to {next(iter(figures))}\n\n{table(figures)}\n\n")


if __name__ == "__main__":
    main()
