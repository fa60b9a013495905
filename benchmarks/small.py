"""Small answers, where the library's own time and the number of requests count: polls, the listing, imports."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import urlopen

from rivals import API, Measured, ours, tally

POLLS = 30


def _polled(address: str, poll: Callable[[], Any], dataset: str, *, moves: bool = False) -> Measured:
    poll()
    rows, taken, cpu, total = 0, list[float](), list[float](), {"bytes": 0, "requests": 0}
    for _ in range(POLLS):
        if moves:
            urlopen(f"{address}/reprocess/{dataset}").read()
        tally(address)
        used, started = time.process_time(), time.perf_counter()
        rows = len(poll())
        taken.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
        said = tally(address)
        total = {name: total[name] + said[name] for name in total}
    return Measured(rows, median(taken), median(cpu), total["bytes"] / POLLS, total["requests"] / POLLS)


def ours_poll(address: str, dataset: str, folder: Path) -> Measured:
    """bdxopendata, polled, nothing new."""
    return _polled(address, ours(address, dataset, folder).to_geopandas, dataset)


def ours_poll_moving(address: str, dataset: str, folder: Path) -> Measured:
    """bdxopendata, polled, processed anew before each poll."""
    return _polled(address, ours(address, dataset, folder).to_geopandas, dataset, moves=True)


def requests_poll(address: str, dataset: str, folder: Path) -> Measured:
    """requests, one page of records as a frame, nothing checked."""
    import pandas as pd
    import requests

    session = requests.Session()
    url = f"{address}{API}/{dataset}/records?limit=100"
    return _polled(address, lambda: pd.DataFrame(session.get(url).json()["results"]), dataset)


def bare_poll(address: str, dataset: str, folder: Path) -> Measured:
    """requests, the description only: the price of one request."""
    import requests

    session = requests.Session()
    return _polled(address, lambda: session.get(f"{address}{API}/{dataset}").json(), dataset)


# The catalogue


def _searched(address: str, folder: Path) -> int:
    import bdxopendata as bdx

    catalog = bdx.Catalog(address, settings=bdx.Settings(cache_dir=folder / "store", progress=False))
    listed = len(catalog)
    catalog.search("arbres")
    return listed


def ours_catalogue_cold(address: str, dataset: str, folder: Path) -> int:
    """bdxopendata, listed and searched, nothing kept."""
    return _searched(address, folder)


def ours_catalogue_warm(address: str, dataset: str, folder: Path) -> int:
    """bdxopendata, listed and searched, listing kept."""
    return _searched(address, folder)


def requests_catalogue(address: str, dataset: str, folder: Path) -> int:
    """requests, a loop over the pages of the listing."""
    import requests

    with requests.Session() as session:
        pages = (
            f"{address}/api/explore/v2.1/catalog/datasets?limit=100&offset={start}" for start in range(0, 500, 100)
        )
        return sum(len(session.get(page).json()["results"]) for page in pages)


# Imports

_IMPORT = """
import sys, time, json
before, started, used = len(sys.modules), time.perf_counter(), time.process_time()
import {name}
seconds, cpu = time.perf_counter() - started, time.process_time() - used
import resource
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(dict(seconds=seconds, cpu=cpu, rows=len(sys.modules) - before, peak=peak, bytes=0, requests=0)))
"""


def imported(name: str) -> dict[str, Any]:
    """Import a module in a process of its own; ``rows`` is how many modules that loads."""
    out = subprocess.run([sys.executable, "-c", _IMPORT.format(name=name)], check=True, capture_output=True, text=True)
    return dict(json.loads(out.stdout))
