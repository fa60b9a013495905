"""Batches of formats that stream need no more memory than a batch and a block, however long the file is."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bdxopendata import formats
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema

SCHEMA = Schema([Field("a", "int"), Field("b", "text")])
TEXT = "x" * 1000


def written(format: str, rows: int, folder: Path) -> Path:
    path = folder / f"{rows}.{format}"
    if format == "parquet":
        with pq.ParquetWriter(path, pa.schema([("a", pa.int64()), ("b", pa.string())])) as writer:
            for start in range(0, rows, 1000):
                numbers = list(range(start, start + 1000))
                writer.write_table(pa.table({"a": numbers, "b": [f"{one}{TEXT}" for one in numbers]}))
        return path
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("a;b\r\n" if format == "csv" else "")
        for one in range(rows):
            file.write(f"{one};{one}{TEXT}\r\n" if format == "csv" else f'{{"a": {one}, "b": "{one}{TEXT}"}}\n')
    return path


@pytest.mark.parametrize("format", [name for name, one in formats.FORMATS.items() if one.streams])
def test_memory_does_not_grow_with_the_file(format, tmp_path, monkeypatch):
    monkeypatch.setattr("bdxopendata.formats.csv.BLOCK", 1 << 16)
    peaks = []
    for rows in (8_000, 32_000):
        path = written(format, rows, tmp_path)
        before = pa.total_allocated_bytes()
        seen, peak = 0, 0
        for piece in formats.batches(path, format, SCHEMA, 500):
            seen += piece.num_rows
            peak = max(peak, pa.total_allocated_bytes() - before)
        assert seen == rows
        peaks.append(peak)

    small, large = peaks
    assert large < 2 * small
    assert large < 32_000 * len(TEXT) / 4


def test_a_batch_comes_before_the_damage_behind_it_is_met(tmp_path):
    path = tmp_path / "late.jsonl"
    path.write_bytes(b'{"a": 1, "b": "x"}\n' * 100 + b"Internal error\n")

    pieces = formats.batches(path, "jsonl", SCHEMA, 10)

    assert next(pieces).num_rows == 10
    with pytest.raises(UnexpectedAnswerError):
        list(pieces)
