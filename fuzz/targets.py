"""What a fuzzer throws bytes at, and what must hold whatever the bytes are.

Only errors of the library come out, and where an input is accepted, the ways to read it agree: a whole read with the
batches and the count, a file with what is written of it and read again, a tree of ODSQL with the tree of its own text.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from bdxopendata import formats
from bdxopendata.errors import BdxOpenDataError, QueryError
from bdxopendata.fields import Field, Schema
from bdxopendata.frames import Quality, conform, to_geopandas, to_pandas
from bdxopendata.odsql import parse_group_by, parse_order_by, parse_select, parse_where, render

T = TypeVar("T")

# One field of each type that the portals know.
SCHEMA = Schema([
    Field("name", "text"),
    Field("whole", "int"),
    Field("number", "double"),
    Field("flag", "boolean"),
    Field("day", "date"),
    Field("moment", "datetime"),
    Field("point", "geo_point_2d"),
    Field("shape", "geo_shape"),
    Field("kinds", "text", multivalued=True),
    Field("picture", "file"),
    Field("odd", "unknown"),
])  # fmt: skip
HEADER = ";".join(SCHEMA.names).encode() + b"\n"
BATCH = 3
# A file of a few hundred bytes may hold millions of equal rows: reading them by three measures the fuzzer's patience.
MOST_PIECES = 1000
# Frames are made of small inputs only: they cost more than all else, and the same code runs for every row.
FRAMED = 50

_folder: list[Path] = []


def odsql(data: bytes) -> None:
    """Read text as each clause; what is read is written and read again as the same tree."""
    text = data.decode("utf-8", "replace")
    for parse in (parse_where, parse_select, parse_group_by, parse_order_by):
        try:
            found = parse(text)
        except QueryError as error:
            str(error)
            continue
        parts = found if isinstance(found, tuple) else (found,)
        written = ", ".join(render(one) for one in parts)
        try:
            again = parse(written)
        except QueryError as error:
            # Signs are written as products in parentheses, so that what is nested nearly too deep is then too deep.
            assert "nested more than" in str(error.hint), (text, written)
            continue
        same = again if isinstance(again, tuple) else (again,)
        assert [render(one) for one in same] == [render(one) for one in parts], (text, written)
        if parse is parse_where:
            assert again == found, (text, written)


def csv(data: bytes) -> None:
    """Read bytes as CSV; most get the right header, or nothing behind it would ever be reached."""
    _file(HEADER + data[1:] if data[:1] != b"\0" else data[1:], "csv")


def json(data: bytes) -> None:
    """Read bytes as JSON, GeoJSON or JSON lines, as the first of them says."""
    _file(data[1:], ("json", "geojson", "jsonl")[data[0] % 3] if data else "json")


def parquet(data: bytes) -> None:
    """Read bytes as Parquet."""
    _file(data, "parquet")


TARGETS: dict[str, Callable[[bytes], None]] = {"odsql": odsql, "csv": csv, "json": json, "parquet": parquet}


def _file(data: bytes, format: str) -> None:
    path = _place(format)
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = _accepted(lambda: _typed(formats.read(path, format, SCHEMA)))
        count = _accepted(lambda: formats.count_rows(path, format))
        size = max(BATCH, (count or 0) // MOST_PIECES)
        pieces = _accepted(lambda: [_typed(one) for one in formats.batches(path, format, SCHEMA, size)])
        if whole is None:
            return
        assert count is None or count == whole.num_rows, (count, whole.num_rows)
        if pieces is not None:
            assert pa.concat_tables(pieces, promote_options="permissive").equals(whole), "batches differ from the whole"
        kept = _place("kept")
        formats.write_parquet(whole, kept, SCHEMA)
        assert _typed(formats.read(kept, "parquet", SCHEMA)).equals(whole), "what is stored differs"
        if whole.num_rows <= FRAMED:
            to_pandas(whole, SCHEMA)
            to_geopandas(whole, SCHEMA)


def _typed(raw: pa.Table) -> pa.Table:
    return conform(raw, SCHEMA, Quality(), list_separator=formats.LIST_SEPARATOR)


def _accepted(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except BdxOpenDataError as error:
        # Its text is what people see: it must be there, and must not hide a second mistake.
        assert str(error)
        return None


def _place(name: str) -> Path:
    if not _folder:
        shared = Path("/dev/shm")
        _folder.append(Path(tempfile.mkdtemp(prefix="bdx-fuzz-", dir=shared if shared.is_dir() else None)))
    return _folder[0] / f"{os.getpid()}.{name}"
