"""JSON: one array of objects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from bdxopendata.fields import Schema
from bdxopendata.formats.rows import parse, rows_to_table
from bdxopendata.formats.shape import BLANK, BOM, check_rows, cut, refuse, refusing
from bdxopendata.formats.wide import mark_wide, wide_columns


def read(path: Path, schema: Schema, *, labels: bool, list_separator: str, max_rows: int | None) -> pa.Table:
    """Read a whole file."""
    rows = _rows(path)
    check_rows(len(rows), max_rows, path)
    with refusing(path, "JSON array of objects"):
        return rows_to_table(rows, schema)


def batches(path: Path, schema: Schema, size: int, *, labels: bool, list_separator: str) -> Iterator[pa.Table]:
    """Read a whole file and cut it: an array can only be trusted once it closed."""
    table = read(path, schema, labels=labels, list_separator=list_separator, max_rows=None)
    yield from cut(mark_wide(table, wide_columns([table], schema)), size)


def count_rows(path: Path) -> int:
    """Count rows by parsing."""
    return len(_rows(path))


def _rows(path: Path) -> list[Any]:
    rows = load(path, b"]", "JSON array of objects")
    if not isinstance(rows, list):
        raise refuse("it is no JSON array", path)
    return rows


def load(path: Path, closing: bytes, what: str) -> Any:
    """Parse a file of JSON that must end with `closing`."""
    body = path.read_bytes().removeprefix(BOM).strip(BLANK)
    if not body:
        raise refuse("it is empty", path)
    if body[:1] == b"<":
        raise refuse(f"it is HTML or XML instead of a {what}", path)
    if not body.endswith(closing):
        raise refuse(f"the {what} is cut: it does not close", path)
    with refusing(path, what, ValueError, RecursionError):
        return parse(body)
