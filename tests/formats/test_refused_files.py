"""Files that are cut, or are something else than asked for, are refused by every format."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bdxopendata import formats
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
from support.every_type import ROWS, SCHEMA
from support.export_writers import WRITERS, write

SMALL = Schema([Field("a", "text"), Field("b", "int")])
HTML = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>\n"


def opened(body: bytes, format: str, folder: Path, schema: Schema = SMALL, **options: object) -> pa.Table:
    path = folder / f"body.{format}"
    path.write_bytes(body)
    table = formats.read(path, format, schema, **options)
    # A whole file is the same file in batches.
    pieces = list(formats.batches(path, format, schema, 2))
    assert sum(piece.num_rows for piece in pieces) == table.num_rows == formats.count_rows(path, format)
    return table


@pytest.mark.parametrize("format", WRITERS)
def test_html_is_no_data(format, tmp_path):
    path = tmp_path / "body"
    path.write_bytes(HTML)

    with pytest.raises(UnexpectedAnswerError):
        formats.read(path, format, SMALL)
    with pytest.raises(UnexpectedAnswerError):
        list(formats.batches(path, format, SMALL, 10))
    with pytest.raises(UnexpectedAnswerError):
        formats.count_rows(path, format)


@pytest.mark.parametrize("format", [name for name in WRITERS if name != "jsonl"])
def test_an_empty_file_is_no_data(format, tmp_path):
    with pytest.raises(UnexpectedAnswerError):
        opened(b"", format, tmp_path)


def test_an_empty_file_of_json_lines_is_no_rows(tmp_path):
    assert opened(b"", "jsonl", tmp_path).num_rows == 0


@pytest.mark.parametrize("format", WRITERS)
def test_a_file_cut_anywhere_is_refused_or_lacks_rows(format, tmp_path):
    """Where the cut falls between two rows of CSV or JSON lines, only the count of rows can tell."""
    body = WRITERS[format](ROWS, SCHEMA)
    path = tmp_path / "cut"
    refused = 0

    for end in range(1, len(body), 37):
        path.write_bytes(body[:end])
        try:
            rows = formats.read(path, format, SCHEMA).num_rows
        except UnexpectedAnswerError:
            refused += 1
        else:
            assert format in ("csv", "jsonl")
            assert rows < len(ROWS)

    assert refused > 0


def test_parquet_with_garbage_inside_is_refused(tmp_path):
    table = pa.table({"a": [f"{place:05d}" for place in range(5000)], "b": list(range(5000))})
    path = tmp_path / "garbage.parquet"
    pq.write_table(table, path, compression="zstd")
    body = bytearray(path.read_bytes())
    body[4:400] = b"\xff" * 396
    path.write_bytes(body)

    with pytest.raises(UnexpectedAnswerError, match="Parquet"):
        formats.read(path, "parquet", SMALL)
    with pytest.raises(UnexpectedAnswerError, match="Parquet"):
        list(formats.batches(path, "parquet", SMALL, 100))


def test_parquet_with_a_broken_footer_is_refused(tmp_path):
    with pytest.raises(UnexpectedAnswerError):
        opened(b"PAR1" + bytes(100) + b"PAR1", "parquet", tmp_path)


def test_parquet_with_text_that_is_no_utf8_is_refused(tmp_path):
    bad = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\x02\0\0\0"), pa.py_buffer(b"\xff\xfe")])
    path = tmp_path / "bad.parquet"
    pq.write_table(pa.table({"a": bad, "b": [1]}), path)

    with pytest.raises(UnexpectedAnswerError):
        formats.read(path, "parquet", SMALL)


def test_one_bad_byte_in_a_large_parquet_is_found(tmp_path):
    rows = 100_000
    texts = pa.array([f"{number:050}" for number in range(rows)])
    spoiled = bytearray(texts.buffers()[2])
    spoiled[-1] = 0xFF
    bad = pa.Array.from_buffers(pa.string(), rows, [None, texts.buffers()[1], pa.py_buffer(bytes(spoiled))])
    path = tmp_path / "bad.parquet"
    pq.write_table(pa.table({"a": bad, "b": range(rows)}), path)

    with pytest.raises(UnexpectedAnswerError):
        formats.read(path, "parquet", SMALL)


def test_more_rows_than_allowed_are_refused_before_parquet_is_read(tmp_path, monkeypatch):
    path = tmp_path / "many.parquet"
    pq.write_table(pa.table({"a": ["x"] * 1000, "b": [1] * 1000}), path)
    monkeypatch.setattr(pq.ParquetFile, "read", lambda self: pytest.fail("rows were read"))

    with pytest.raises(UnexpectedAnswerError, match="1,000 rows, more than the 999"):
        formats.read(path, "parquet", SMALL, max_rows=999)


@pytest.mark.parametrize("format", WRITERS)
def test_more_rows_than_allowed_are_refused(format, tmp_path):
    path = write(ROWS, SCHEMA, format, tmp_path)

    assert formats.read(path, format, SCHEMA, max_rows=len(ROWS)).num_rows == len(ROWS)
    with pytest.raises(UnexpectedAnswerError, match="more than"):
        formats.read(path, format, SCHEMA, max_rows=len(ROWS) - 1)


@pytest.mark.parametrize("format", ["json", "jsonl", "geojson"])
@pytest.mark.parametrize(
    "value",
    ["[" * 100_000 + "]" * 100_000, "9" * 5000, '"\xff"'],
    ids=["deep", "five thousand digits", "no UTF-8"],
)
def test_json_that_python_cannot_read_is_refused(format, value, tmp_path):
    row = '{"a": ' + value + "}"
    text = {
        "json": f"[{row}]",
        "jsonl": f"{row}\n",
        "geojson": f'{{"type": "FeatureCollection", "features": [{{"type": "Feature", "properties": {row}}}]}}',
    }[format]

    with pytest.raises(UnexpectedAnswerError):
        opened(text.encode("latin-1"), format, tmp_path)


@pytest.mark.parametrize(
    ("format", "body"),
    [
        ("json", b'{"total_count": 1, "results": []}'),
        ("json", b"null"),
        ("json", b"[1, 2]"),
        ("json", b'[{"a": 1}, null]'),
        ("json", b'[{"a": 1}] trailing error]'),
        ("jsonl", b'{"a": 1}\n[1]\n'),
        ("jsonl", b'{"a": 1},{"a": 2}\n'),
        ("jsonl", b'{"a": 1}\nInternal error\n'),
        ("jsonl", b"\n"),
        ("geojson", b'{"type": "Feature", "geometry": null, "properties": {}}'),
        ("geojson", b'{"type": "FeatureCollection"}'),
        ("geojson", b'{"type": "FeatureCollection", "features": [{"type": "Point"}]}'),
        ("geojson", b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": [1]}]}'),
        ("geojson", b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline"}'),
        ("geojson", b"<OGRVRTDataSource></OGRVRTDataSource>"),
        ("csv", b"a\r\nx\r\n"),
        ("csv", b"a;b;c\r\n"),
        ("csv", b"a;a\r\n1;2\r\n"),
        ("csv", b"a;b\r\n1\r\n"),
        ("csv", b"a;b\r\n1;2"),
        ("csv", b'a;b\r\n1;"2\r\n'),
        ("csv", b"a;b\r\n\xff;2\r\n"),
    ],
)
def test_another_shape_is_refused(format, body, tmp_path):
    with pytest.raises(UnexpectedAnswerError):
        opened(body, format, tmp_path)


def test_geojson_in_other_coordinates_is_refused(tmp_path):
    collection = {
        "type": "FeatureCollection",
        "features": [],
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}},
    }

    with pytest.raises(UnexpectedAnswerError, match="coordinates"):
        opened(json.dumps(collection).encode(), "geojson", tmp_path)
    collection["crs"]["properties"]["name"] = "urn:ogc:def:crs:OGC:1.3:CRS84"
    assert opened(json.dumps(collection).encode(), "geojson", tmp_path).num_rows == 0


def test_the_error_shows_what_arrived_and_survives_a_trip_through_a_worker(tmp_path):
    import pickle

    with pytest.raises(UnexpectedAnswerError) as caught:
        opened(HTML, "json", tmp_path)

    error = pickle.loads(pickle.dumps(caught.value))
    assert "HTML" in str(error)
    assert "Please log in" in str(error)


def test_a_header_may_hold_the_fields_in_another_order(tmp_path):
    table = opened(b"b;a\r\n1;x\r\n", "csv", tmp_path)

    assert table.to_pydict() == {"b": ["1"], "a": ["x"]}


def test_an_unknown_format_is_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="parquet, jsonl, json, geojson, csv"):
        formats.read(tmp_path / "x", "xlsx", SMALL)
    with pytest.raises(ValueError, match="at least 1"):
        formats.batches(tmp_path / "x", "csv", SMALL, 0)


def test_a_file_that_is_not_there_is_no_answer_of_the_portal(tmp_path):
    for format in WRITERS:
        with pytest.raises(FileNotFoundError):
            formats.read(tmp_path / "missing", format, SMALL)
