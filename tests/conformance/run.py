"""Runs the table, or kills two hundred processes, and writes what came of it.

python tests/conformance/run.py            the table: prints it, and makes docs/reliability.md anew
python tests/conformance/run.py soak 200   as many processes are killed; figures go into measured.json
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from conformance import page  # noqa: E402  where it is found is said just above


def run(tests: list[str], workers: int, **environment: str) -> tuple[ET.Element, float]:
    """Run tests; return what they reported and the seconds of processor time that they took."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        begun = _processor_time()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        command += ["-o", "junit_logging=no", *(["-n", str(workers)] if workers > 1 else []), *tests]
        ended = subprocess.run(command, cwd=page.PROJECT, env={**os.environ, **environment}, check=False)
        seconds = _processor_time() - begun
        if ended.returncode:
            raise SystemExit("Not everything passed: nothing is written.")
        # Written by the run just above.
        return ET.parse(report).getroot(), seconds


def _processor_time() -> float:
    # Of this process's children, so that it does not matter what else the machine is doing.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def properties(report: ET.Element, name: str) -> list[Any]:
    """Values of a property that passed tests recorded."""
    return [
        json.loads(one.get("value", "").replace("'", '"'))
        for case in report.iter("testcase")
        for one in case.iter("property")
        if one.get("name") == name
    ]


def table() -> None:
    report, seconds = run(["tests/conformance/test_matrix.py"], 2)
    passed = [tuple(one) for one in properties(report, "cell")]
    show(passed)
    measured = page.figures()
    measured["matrix"] = {
        "cells": len(passed),
        "seconds": round(seconds),
        "machine": machine(),
        "table": page.table_digest(),
    }
    write(measured)
    page.PAGE.write_text(page.render(passed, measured))


def soak(kills: int) -> None:
    half = {"BDXOPENDATA_SOAK_KILLS": str(kills // 2)}
    fetching, _ = run(["tests/conformance/test_processes.py", "-k", "killed"], 1, **half)
    (found,) = properties(fetching, "killed")
    run(["tests/topics/test_recording.py", "-k", "killed_again"], 1, **half)
    measured = page.figures()
    measured["soak"] = {
        "fetching": {"killed": found[0], "found": found[1]},
        "recording": {"killed": kills // 2},
    }
    print(json.dumps(measured["soak"], indent=1))
    write(measured)
    page.PAGE.write_text(page.render([(one.name, way.name) for one, way in page.cells()], measured))


def show(passed: list[tuple[str, str]]) -> None:
    """Print the matrix: scenarios down, ways across."""
    ways = [way.name for way in page.WAYS]
    width = max(len(one.name) for one in page.SCENARIOS)
    for line in range(max(map(len, ways))):
        print(" " * width, " ".join(name.rjust(max(map(len, ways)))[line] for name in ways))
    for scenario in page.SCENARIOS:
        marks = ["✓" if (scenario.name, way) in passed else "·" for way in ways]
        print(scenario.name.ljust(width), " ".join(marks))
    print(f"{len(passed)} passed; left out (·):")
    for reason in page._reasons():
        count = sum(one.why_left_out(way) == reason for one in page.SCENARIOS for way in page.WAYS)
        print(f"  {count:4} {reason}")


def machine() -> str:
    return f"{platform.system()}, Python {platform.python_version()}"


def write(measured: dict[str, Any]) -> None:
    page.MEASURED.write_text(json.dumps(measured, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["soak"]:
        soak(int(sys.argv[2]))
    else:
        table()
