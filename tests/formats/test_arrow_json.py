"""JSON lines read by Arrow are the rows that Python's parser reads, whatever stands in them."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from bdxopendata import formats, frames
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
from bdxopendata.formats import jsonl

SCHEMA = Schema(
    [
        Field("t", "text"),
        Field("n", "int"),
        Field("x", "double"),
        Field("b", "boolean"),
        Field("d", "date"),
        Field("m", "datetime"),
        Field("p", "geo_point_2d"),
        Field("l", "text", multivalued=True),
    ]
)
PLAIN = {
    "t": 'été 😀 \u202e \x00 \\ " \n',
    "n": -(2**63),
    "x": 0.1,
    "b": True,
    "d": "2024-02-29",
    "m": "2024-02-29T12:00:00+01:00",
    "p": {"lon": -0.5, "lat": 44},
    "l": ["a", None, "b,c"],
}
# Each as it may stand in a line, for every field.
VALUES = [
    *("null", "0", "-0", "-0.0", "1", "1.0", "1.5", "1e3", "1E400", "-1e400", "5e-324", "0.1234567890123456789"),
    *("9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1" + "0" * 400),
    *("NaN", "Infinity", "-Infinity", "true", "false", '""', '" "', '"1"', '"1.0"', '"true"', '"x"', '"-0"'),
    *('"\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"2024-01-01"', '"2024-01-01T00:00:00Z"', '"0001-01-01"'),
    *("[]", "[1]", '["a"]', '["a", 1]', "[[1]]", "{}", '{"lon": 1, "lat": 2}', '{"lat": 1e0, "lon": -0}'),
    *('{"lon": 1}', '{"lon": null, "lat": 2}', '{"lon": 1, "lat": 2, "z": 3}', '{"lon": "1", "lat": 2}'),
    *('{"lon": 1e999, "lat": 2}', '{"lon": 1, "lon": 2, "lat": 3}', '{"type": "Point", "coordinates": [1, 2]}'),
]
# Lines that are whole by themselves.
LINES = ["{}", '{"t": "a", "t": "b"}', '{"t": "a", "extra": 1}', ' {"t": "a"} ', '{"n":1,"n":2}', '{"T": "a"}']


def write(path: Path, lines: list[str | bytes]) -> Path:
    path.write_bytes(b"".join((one.encode() if isinstance(one, str) else one) + b"\n" for one in lines))
    return path


def read(path: Path, size: int | None = None) -> tuple[pa.Table | str, dict[tuple[str, str], int]]:
    quality = frames.Quality()
    try:
        if size is None:
            raw = [formats.read(path, "jsonl", SCHEMA)]
        else:
            raw = list(formats.batches(path, "jsonl", SCHEMA, size))
        return pa.concat_tables([frames.conform(one, SCHEMA, quality) for one in raw]), quality.counts
    except UnexpectedAnswerError as error:
        return error.problem[:30], {}


def by_python(path: Path, monkeypatch: pytest.MonkeyPatch, size: int | None = None) -> object:
    with monkeypatch.context() as patch:
        patch.setattr(jsonl, "REFUSALS", 0)
        return read(path, size)


def same(one: object, other: object) -> bool:
    """Compare with the signs of zeros and with values that are no numbers."""
    return repr(_listed(one)) == repr(_listed(other))


def _listed(read: object) -> object:
    table, counts = read  # type: ignore[misc]
    return (table if isinstance(table, str) else (table.schema, table.to_pylist())), counts


@pytest.mark.parametrize("field", [field.name for field in SCHEMA])
def test_every_value_in_every_field_is_read_as_python_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    plain = json.dumps(PLAIN)
    for number, value in enumerate(VALUES):
        path = write(tmp_path / f"{number}.jsonl", [plain, f'{{"{field}": {value}}}', plain])

        assert same(read(path), by_python(path, monkeypatch)), value


@pytest.mark.parametrize("value", ["1", "1e400", "9223372036854775808", '"x"', "-0"])
def test_pieces_are_read_as_python_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    path = write(tmp_path / "lines.jsonl", [json.dumps(PLAIN)] * 3 + [f'{{"n": {value}, "x": {value}}}'])

    assert same(read(path, 2), by_python(path, monkeypatch, 2))


@pytest.mark.parametrize("line", LINES)
def test_every_line_is_read_as_python_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    path = write(tmp_path / "lines.jsonl", [json.dumps(PLAIN), line])

    assert same(read(path), by_python(path, monkeypatch))


@pytest.mark.parametrize(
    "line",
    [b'{"t": "\xff"}', b"", b" ", b'{"t": "a"}{"t": "b"}', b"[]", b'{"t": "a",}', b'{"n": 01}', b"{'t': 1}", b'{"t"'],
)
def test_what_python_refuses_is_refused(tmp_path: Path, line: bytes) -> None:
    path = write(tmp_path / "lines.jsonl", [json.dumps(PLAIN), line, json.dumps(PLAIN)])

    with pytest.raises(UnexpectedAnswerError):
        formats.read(path, "jsonl", SCHEMA)


def test_plain_lines_go_by_arrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "lines.jsonl", [json.dumps(PLAIN)] * 5)
    expected = by_python(path, monkeypatch)

    def refuse(*_: object) -> object:
        raise AssertionError("read by Python")

    monkeypatch.setattr(jsonl, "parse", refuse)

    assert same(read(path), expected)


def test_a_file_that_arrow_refuses_again_and_again_is_left_to_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "lines.jsonl", ['{"n": "1"}'] * 40)
    asked: list[int] = []
    monkeypatch.setattr(jsonl, "BLOCK", 4)
    monkeypatch.setattr(jsonl, "read_lines", lambda lines, types: asked.append(len(lines)))

    assert formats.read(path, "jsonl", SCHEMA).num_rows == 40
    assert asked == [4] * jsonl.REFUSALS


def test_fields_that_may_hold_anything_are_left_to_python(tmp_path: Path) -> None:
    from bdxopendata.formats.arrowjson import arrow_schema

    for kind in ("geo_shape", "file", "unknown"):
        assert arrow_schema(Schema([Field("t", "text"), Field("x", kind)])) is None
