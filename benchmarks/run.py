"""Measure the library beside its rivals, each in a fresh process, interleaved, in one run.

    python benchmarks/run.py [--workload trees] [--rows N] [--times 3] [--mbit 50 --latency 30] [NAME …]

Prints a table: median seconds with the range, the ratio to the first row, CPU, peak memory, bytes and requests.
Workloads are written once into ``benchmarks/data``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
DATA = HERE / "data"
ALL = {
    "trees": [
        "prototype", "ours_cold", "ours_second", "ours_warm", "ours_fresh", "mapped_arrow", "ours_question",
        "ours_groups", "ours_near",
        "read_parquet", "geoparquet", "read_csv", "duckdb_parquet", "odsclient_cold", "odsclient_warm", "requests_json",
        "read_json", "read_file", "read_file_arrow", "page_loop",
    ],
    "parcels": ["prototype", "ours_cold", "read_parquet", "read_file", "read_file_arrow"],
    "live": ["ours_cold", "requests_json"],
}  # fmt: skip


def measure(name: str, address: str, workload: str, folder: Path, *, prepare: bool = False) -> dict[str, Any]:
    """Run one rival in a process of its own."""
    command = [sys.executable, str(HERE / "rivals.py"), name, address, workload, str(folder)]
    environment = {**os.environ, **({"PREPARE": "1"} if prepare else {})}
    out = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return {} if prepare else dict(json.loads(out.splitlines()[-1]))


def rounds(names: list[str], address: str, workload: str, times: int) -> dict[str, list[dict[str, Any]]]:
    """Measure every rival `times` times, in turns, so that a busy moment meets them all."""
    from rivals import PREPARE

    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as place:
        for name in names:
            (Path(place) / name).mkdir()
            if name in PREPARE:
                measure(name, address, workload, Path(place) / name, prepare=True)
        for _ in range(times):
            for name in names:
                folder = Path(place) / name
                if name not in PREPARE:
                    folder = Path(tempfile.mkdtemp(dir=place))
                figures[name].append(measure(name, address, workload, folder))
    return figures


def table(figures: dict[str, list[dict[str, Any]]]) -> str:
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
            str(runs[0]["requests"]),
            f"{runs[0]['rows']:,}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--workload", choices=ALL, default="trees")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--mbit", type=float)
    parser.add_argument("--latency", type=float, default=0.0)
    arguments = parser.parse_args()
    from workloads import prepared

    folder = prepared(arguments.workload, DATA, arguments.rows)
    with tempfile.TemporaryDirectory() as served:
        (Path(served) / folder.name).symlink_to(folder)
        line = [f"--mbit={arguments.mbit}"] if arguments.mbit else []
        command = [sys.executable, str(HERE / "portal.py"), served, *line, f"--latency={arguments.latency}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as portal:
            assert portal.stdout is not None
            address = portal.stdout.readline().strip()
            try:
                figures = rounds(
                    arguments.names or ALL[arguments.workload], address, arguments.workload, arguments.times
                )
            finally:
                portal.terminate()
    sys.stdout.write(
        f"{folder.name}, {arguments.times} runs each; ratio to {next(iter(figures))}\n\n{table(figures)}\n"
    )


if __name__ == "__main__":
    main()
