"""Right answers made wrong in ways that no framing shows: by content, for each shape of answer."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon.</body></html>"
DEEP = b"[" * 100_000 + b"]" * 100_000
DIGITS = b"9" * 5_000
BOMB_ROWS = 3_000_000


def one_row_less(format: str) -> Callable[[bytes], bytes]:
    """The answer without its last row, well-formed."""
    return {
        "": lambda body: _json(body, lambda page: {**page, "results": page["results"][:-1]}),
        "json": lambda body: _json(body, lambda rows: rows[:-1]),
        "geojson": lambda body: _json(body, lambda found: {**found, "features": found["features"][:-1]}),
        "jsonl": _one_line_less,
        "csv": _one_line_less,
        "parquet": lambda body: _parquet(body, lambda table: table.slice(0, table.num_rows - 1)),
    }[format]


def counted_as(change: Callable[[int], int]) -> Callable[[bytes], bytes]:
    """The page with another ``total_count``."""
    return lambda body: _json(body, lambda page: {**page, "total_count": change(page["total_count"])})


def with_value(format: str, value: bytes) -> bytes:
    """An answer of one row or one description whose value is these bytes."""
    row = b'{"gid": ' + value + b"}"
    return {
        "": b'{"total_count": 1, "results": [' + row + b"]}",
        "description": b'{"dataset_id": "trees", "fields": ' + value + b"}",
        "facets": b'{"facets": ' + value + b"}",
        "json": b"[" + row + b"]",
        "jsonl": row + b"\n",
        "geojson": b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": null, "properties": '
        + row
        + b"}]}",
    }[format]


def not_utf8(body: bytes) -> bytes:
    """The answer with one byte in its last text that begins no character."""
    place = body.rfind(b"arbre")
    place = body.rfind(b'"') if place < 0 else place + 2
    return body[:place] + b"\xff" + body[place + (1 if body[place : place + 1] != b'"' else 0) :]


def half_then_error(body: bytes) -> bytes:
    """A stream that the portal broke off with words of its own."""
    return body[: len(body) // 2] + b'\n{"error_code": "InternalError", "message": "The export failed."}'


def garbage_inside(body: bytes) -> bytes:
    """A Parquet file whose ends are right and whose pages are not."""
    return body[:4] + bytes(byte ^ 0x5A for byte in body[4:600]) + body[600:]


def parquet_bomb() -> bytes:
    """Few bytes of file, many rows."""
    sink = io.BytesIO()
    zeros = pa.array([0], pa.int32()).take(pa.array([0] * 1000))
    table = pa.table({"gid": pa.chunked_array([zeros] * (BOMB_ROWS // 1000))})
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _json(body: bytes, change: Callable[[Any], Any]) -> bytes:
    return json.dumps(change(json.loads(body))).encode()


def _one_line_less(body: bytes) -> bytes:
    lines = body.splitlines(keepends=True)
    return b"".join(lines[:-1])


def _parquet(body: bytes, change: Callable[[pa.Table], pa.Table]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(change(pq.read_table(io.BytesIO(body))), sink)
    return sink.getvalue()
