"""What child processes do in these tests. Imported where they are forked, so that they begin at once."""

from __future__ import annotations

import json
import os
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.pandas_compat
import pyarrow.parquet as pq
import tqdm.auto

from bdxopendata import disk, formats, frames, odsql
from bdxopendata.catalog import Catalog
from bdxopendata.config import Settings
from bdxopendata.dataset import Dataset
from bdxopendata.errors import DatasetChangedError, IncompleteDataError
from bdxopendata.portals import Portal
from bdxopendata.store import locks

# So that the children have them without reading them from the disk, and the grammar of ODSQL too.
PRELOADED = (pd, pq, pyarrow.pandas_compat, tqdm.auto, disk, formats, frames, odsql.parse_where("n > 1"))


def catalog(url: str, cache: str, **settings: Any) -> Catalog:
    given = {"cache_dir": cache, "progress": False, "timeout": 20.0, "retries": 1, **settings}
    return Catalog(Portal("stand-in", (url,), stand_in=True), settings=Settings(**given))


def fetch_until_killed(url: str, cache: str) -> None:
    """Ask for the whole dataset again and again; it changes each time."""
    locks.LOCK_SECONDS = 2.0
    warnings.simplefilter("ignore")
    while True:
        try:
            Dataset("moving", catalog=catalog(url, cache)).to_pandas()
        except (DatasetChangedError, IncompleteDataError):
            continue


def fetch_once(url: str, cache: str, into: str, begin: float) -> None:
    """Ask for the whole dataset at a moment that many share; note the sum of what came."""
    time.sleep(max(0.0, begin - time.time()))
    frame = Dataset("moving", catalog=catalog(url, cache)).to_pandas()
    Path(into).write_text(json.dumps([len(frame), int(frame["n"].sum())]))


def read_as(user: int, url: str, cache: str, into: str) -> None:
    """Read twice what is stored, as somebody who may not write there."""
    # Else what is imported late would be looked for in folders that this person cannot enter.
    with tempfile.TemporaryDirectory() as folder:
        Dataset("moving", catalog=catalog(url, folder)).to_pandas()
        Dataset("moving", catalog=catalog(url, folder)).to_pandas()
    os.setgid(user)
    os.setuid(user)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows = [len(Dataset("moving", catalog=catalog(url, cache)).to_pandas()) for _ in range(2)]
    Path(into).write_text(json.dumps({"rows": rows, "warnings": [str(one.message) for one in caught]}))


def hold(lock: str, ready: str) -> None:
    """Hold a lock until killed."""
    import fcntl

    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    Path(ready).touch()
    time.sleep(600)
