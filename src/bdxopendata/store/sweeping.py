"""Tidying up what killed processes and replaced versions leave behind.

Only names that the store gives are touched: its folder may be one that the user has other things in.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bdxopendata import disk
from bdxopendata.store import files, names, records

WORKSPACE = ".bdxopendata-work"

_SWEPT: set[tuple[int, Path]] = set()


def sweep(root: Path) -> None:
    """Remove, once per process, what is left over from more than a day ago."""
    mark = (os.getpid(), root)
    if mark in _SWEPT:
        return
    _SWEPT.add(mark)
    for left in files.glob(root, f"{WORKSPACE}/*"):
        if disk.is_old(left):
            shutil.rmtree(left, ignore_errors=True)
    for path in files.glob(root, "*/*/*"):
        if _is_ours(path) and disk.is_old(path) and _is_left_over(path):
            files.remove_unless_busy(path)


def remove_all(root: Path) -> None:
    """Remove everything else than readable entries: small answers, unreadable records, data without a record."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        disk.remove(root / f"{disk.ANSWERS_FILE}{suffix}")
    for path in files.glob(root, "*/*/*.json"):
        if names.RECORD_NAME.match(path.name) and not isinstance(records.read(path), dict):
            disk.remove(path)
    for path in [*files.glob(root, "*/*/*.parquet"), *files.glob(root, "*/*/*.arrow")]:
        if _is_data(path) and not names.record_of(path).exists():
            files.remove_unless_busy(path)


def _is_ours(path: Path) -> bool:
    return path.name.startswith(disk.PART) or any(
        pattern.match(path.name)
        for pattern in (names.DATA_NAME, names.DECODED_NAME, names.RECORD_NAME, names.LOCK_NAME)
    )


def _is_data(path: Path) -> bool:
    return names.DATA_NAME.match(path.name) is not None or names.DECODED_NAME.match(path.name) is not None


def _is_left_over(path: Path) -> bool:
    if _is_data(path):
        record = records.read(names.record_of(path))
        return not (isinstance(record, dict) and record["file"] == f"{path.stem}.parquet")
    if names.RECORD_NAME.match(path.name):
        record = records.read(path)
        return isinstance(record, dict) and not path.with_name(record["file"]).exists()
    return True
