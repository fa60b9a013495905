"""Rows of JSON objects as raw columns."""

from __future__ import annotations

import json
import math

import pyarrow as pa
import pytest

from bdxopendata import formats, frames
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
from bdxopendata.formats import rows as raw_rows
from bdxopendata.frames import canonical as typed

ANY = Schema([Field("x", "unknown")])


def column(values, field=None):
    schema = Schema([field or Field("x", "unknown")])
    return formats.rows_to_table([{"x": value} for value in values], schema).column("x")


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None], pa.int64(), [1, None]),
        ([1.5, None], pa.float64(), [1.5, None]),
        ([True, None], pa.bool_(), [True, None]),
        (["a", None], pa.string(), ["a", None]),
        ([None, None], pa.null(), [None, None]),
        ([1, 1.5], pa.string(), ["1", "1.5"]),
        ([1, "a", True, {"k": "é"}, [1]], pa.string(), ["1", "a", "true", '{"k": "é"}', "[1]"]),
        ([2**63], pa.string(), [str(2**63)]),
    ],
)
def test_a_column_keeps_its_kind_or_becomes_text(values, kind, expected):
    made = column(values)

    assert made.type == kind
    assert made.to_pylist() == expected


def test_points_are_two_numbers_or_all_of_them_text():
    field = Field("x", "geo_point_2d")

    assert column([{"lat": 1, "lon": 2.5}, None], field).to_pylist() == [{"lon": 2.5, "lat": 1.0}, None]
    assert column([{"lat": 1, "lon": 2.5}, [1, 2]], field).to_pylist() == ['{"lat": 1, "lon": 2.5}', "[1, 2]"]


def test_shapes_are_the_text_of_their_geometry():
    field = Field("x", "geo_shape")
    geometry = {"type": "Point", "coordinates": [1, 2]}

    made = column([{"type": "Feature", "geometry": geometry, "properties": {}}, geometry, None], field)

    assert made.to_pylist() == ['{"type": "Point", "coordinates": [1, 2]}'] * 2 + [None]


def test_fields_come_in_the_order_of_the_schema_and_other_keys_after_them():
    schema = Schema([Field("a", "text"), Field("b", "text"), Field("c", "text")])

    table = formats.rows_to_table([{"z": 1, "b": "x"}, {"y": 2, "a": "w"}], schema)

    assert table.column_names == ["a", "b", "z", "y"]


def test_rows_without_any_key_are_rows():
    assert formats.rows_to_table([{}, {}], ANY).num_rows == 2
    assert formats.rows_to_table([], ANY).num_rows == 0


@pytest.mark.parametrize("row", [1, None, "text", [1], ["x"]])
def test_rows_that_are_no_objects_are_refused(row):
    with pytest.raises(UnexpectedAnswerError):
        formats.rows_to_table([{"x": 1}, row], ANY)


def test_half_a_surrogate_pair_is_replaced_and_counted_once_per_value():
    schema = Schema([Field("x", "text"), Field("many", "text", multivalued=True)])
    rows = [{"x": "a\ud800b\udc00", "many": ["\ud83d", "ok"]}, {"x": "fine 🚲", "many": None}]
    quality = frames.Quality()

    table = frames.conform(formats.rows_to_table(rows, schema), schema, quality)

    assert table.column("x").to_pylist() == ["a\ufffdb\ufffd", "fine 🚲"]
    assert table.column("many").to_pylist() == [["\ufffd", "ok"], None]
    assert {(column, count) for column, _, count in quality} == {("x", 1), ("many", 1)}


def test_what_columns_say_of_themselves_is_what_conform_reads():
    assert raw_rows.REPLACED == typed._REPLACED
    assert raw_rows.WIDE == typed._WIDE


def test_numbers_that_are_none_are_told_from_numbers_that_are_too_large():
    rows = raw_rows.parse('[{"x": NaN}, {"x": Infinity}, {"x": -Infinity}, {"x": 1e400}, {"x": 1.5}]')
    schema = Schema([Field("x", "double")])
    quality = frames.Quality()

    values = frames.conform(formats.rows_to_table(rows, schema), schema, quality).column("x").to_pylist()

    assert math.isnan(values[0])
    assert values[1:] == [math.inf, -math.inf, None, 1.5]
    assert [count for _, _, count in quality] == [1]


def test_the_last_of_two_equal_keys_counts(tmp_path):
    path = tmp_path / "twice.json"
    path.write_bytes(b'[{"x": 1, "x": 2}]')

    assert formats.read(path, "json", ANY).column("x").to_pylist() == [2]


def test_a_stream_gives_open_columns_one_type_in_all_batches(tmp_path):
    path = tmp_path / "open.jsonl"
    path.write_bytes(b'{"x": 1, "new": null}\n{"x": "a", "new": 1}\n{"x": null, "new": 2}\n')

    pieces = list(formats.batches(path, "jsonl", ANY, 1))

    assert {piece.schema for piece in pieces} == {pieces[0].schema}
    joined = pa.concat_tables([frames.conform(piece, ANY, frames.Quality()) for piece in pieces])
    whole = frames.conform(formats.read(path, "jsonl", ANY), ANY, frames.Quality())
    assert joined.equals(whole)
    assert joined.to_pydict() == {"x": ["1", "a", None], "new": [None, 1, 2]}


def test_keys_that_turn_up_late_in_a_stream_are_refused_rather_than_lost(tmp_path):
    path = tmp_path / "late.jsonl"
    path.write_bytes(b'{"x": "a"}\n{"x": "b", "late": 1}\n')

    with pytest.raises(UnexpectedAnswerError, match="other keys"):
        list(formats.batches(path, "jsonl", Schema([Field("x", "text")]), 1))


@pytest.mark.parametrize("name", ["unknown", "text", "int", "double", "boolean", "geo_point_2d", "geo_shape", "file"])
def test_lines_read_in_blocks_are_the_same_as_rows_read_at_once(name, tmp_path, monkeypatch):
    monkeypatch.setattr("bdxopendata.formats.jsonl.BLOCK", 1)
    values = [None, 1, 2.5, True, "1", "a\ud800", 2**70, {"lon": 1, "lat": 2}, [1, 2], {"type": "Point"}, ["x"], None]
    schema = Schema([Field("x", name)])
    rows = [{"x": value} for value in values]
    path = tmp_path / "blocks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    at_once, in_blocks = frames.Quality(), frames.Quality()

    whole = frames.conform(formats.rows_to_table(rows, schema), schema, at_once)
    table = frames.conform(formats.read(path, "jsonl", schema), schema, in_blocks)

    assert table.equals(whole)
    assert in_blocks.counts == at_once.counts


def test_whole_numbers_in_one_block_and_fractions_in_another_are_doubles(tmp_path, monkeypatch):
    monkeypatch.setattr("bdxopendata.formats.jsonl.BLOCK", 1)
    path = tmp_path / "blocks.jsonl"
    path.write_text('{"x": 1}\n{"x": 2.5}\n{"y": null}\n')

    table = formats.read(path, "jsonl", Schema([Field("x", "double")]))

    assert table.to_pydict() == {"x": [1.0, 2.5, None], "y": [None, None, None]}
