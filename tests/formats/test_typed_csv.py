"""CSV that comes typed is what comes of its text, whatever stands in the cells and wherever blocks end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bdxopendata import formats, frames
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
from bdxopendata.formats import csv, lines

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
        Field("u", "unknown"),
    ]
)
HEADER = ";".join(SCHEMA.names)
PLAIN = "été;7;0.5;true;2024-02-29;2024-02-29T12:00:00+01:00;44.8, -0.5;a\u241fb;z"
# Each as it may stand in a cell of every field.
CELLS = [
    *("", " ", "0", "-0", "-0.0", "007", "+5", " 5 ", "1.0", "1.5", "1e3", "1e400", "-1e400", ".5", "5.", "1_0", "1,5"),
    *("0x1f", "-0X1F", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809"),
    *("0" * 30 + "5", "1" * 25, "nan", "NaN", "nan(1)", "inf", "-Infinity", "INF", "true", "TRUE", "tRue", "False"),
    *("vrai", "1.00", "2024", "2024-01", "2024-01-01", " 2024-01-01", "20240101", "2024/01/01", "0000-01-01"),
    *("2024-13-01", "2024-01-01T00:00:00", "2024-01-01T00:00:00Z", "2024-01-01 00:00:00+0200", "2024-01-01T00:00Z"),
    *("2024-01-01T00:00:00+02", "2024-01-01T00:00:00.1234567Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    *("2024-01-01T00:00:00z", "2024-01-01T00:00:00.123456+02:00", "-0001-01-01T00:00:00Z", "44.8,-0.5", "200, 5"),
    *('"7"', '""', '"a\nb"', '"a\r\nb"', '"a""b"', '"a;b"', 'a"b', "\u241f", "\u00a05", "NULL", "None", "true ", "\t7"),
]


def write(path: Path, rows: list[str], end: str = "\n") -> Path:
    path.write_bytes("".join(row + end for row in [HEADER, *rows]).encode())
    return path


def conformed(pieces: Iterator[pa.Table]) -> tuple[object, dict[tuple[str, str], int]]:
    quality = frames.Quality()
    try:
        tables = [frames.conform(one, SCHEMA, quality) for one in pieces]
    except UnexpectedAnswerError as error:
        return error.problem[:30], {}
    # As text, so that the signs of zeros and what is no number are compared too.
    return repr([(one.schema, one.to_pylist()) for one in tables]), quality.counts


def both(path: Path, size: int = 3) -> tuple[object, object]:
    typed = conformed(formats.batches(path, "csv", SCHEMA, size, typed=True))
    return typed, conformed(formats.batches(path, "csv", SCHEMA, size))


@pytest.mark.parametrize("field", SCHEMA.names)
def test_every_cell_in_every_field_means_the_same(field: str, tmp_path: Path) -> None:
    place = SCHEMA.names.index(field)
    for number, cell in enumerate(CELLS):
        row = PLAIN.split(";")
        row[place] = cell
        typed, text = both(write(tmp_path / f"{number}.csv", [PLAIN, ";".join(row), PLAIN]))

        assert typed == text, cell


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(*[st.sampled_from([*CELLS, "", "7", "x"])] * len(SCHEMA)), max_size=12),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.sampled_from([40, 100, 1 << 20]),
    size=st.integers(1, 5),
)
def test_any_table_means_the_same_wherever_blocks_end(
    rows: list[tuple[str, ...]], end: str, block: int, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(lines, "BLOCK", block)
        typed, text = both(write(tmp_path / "any.csv", [";".join(row) for row in rows], end), size)

    assert typed == text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(*[st.text('a";\n\r,', max_size=4)] * 2), max_size=8),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.sampled_from([3, 10, 1 << 20]),
)
def test_rows_are_counted_as_they_are_read(
    rows: list[tuple[str, str]], end: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quote = '"'
    cells = [[f'"{one.replace(quote, quote * 2)}"' if set(one) & set('";\n\r') else one for one in row] for row in rows]
    path = tmp_path / "counted.csv"
    path.write_bytes("".join(";".join(row) + end for row in [["a", "b"], *cells]).encode())
    schema = Schema([Field("a", "text"), Field("b", "text")])
    monkeypatch.setattr(lines, "BLOCK", block)

    assert formats.count_rows(path, "csv") == len(rows) == formats.read(path, "csv", schema).num_rows


def test_plain_cells_come_typed_and_are_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "plain.csv", [PLAIN] * 5)

    def refuse(*_: object) -> object:
        raise AssertionError("read as text")

    monkeypatch.setattr(csv, "_blocks", refuse)
    pieces = list(formats.batches(path, "csv", SCHEMA, 2, typed=True))

    assert formats.count_rows(path, "csv") == 5
    assert [piece.num_rows for piece in pieces] == [2, 2, 1]
    kinds = {name: pieces[0].schema.field(name).type for name in ("n", "x", "b", "d", "m")}
    assert kinds == {
        "n": pa.int64(), "x": pa.float64(), "b": pa.bool_(), "d": pa.date32(), "m": pa.timestamp("us", "UTC"),
    }  # fmt: skip


def test_what_was_handed_out_typed_is_not_handed_out_again_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK", 200)
    row = PLAIN.split(";")
    rows = [";".join([*row[:1], "x" if number == 50 else str(number), *row[2:]]) for number in range(60)]
    pieces = list(formats.batches(write(tmp_path / "late.csv", rows), "csv", SCHEMA, 7, typed=True))

    assert [piece.num_rows for piece in pieces] == [7] * 8 + [4]
    assert pieces[0].schema.field("n").type == pa.int64()
    assert pieces[-1].schema.field("n").type == pa.string()
    numbers = [str(one) for piece in pieces for one in piece.column("n").to_pylist()]
    assert numbers == ["x" if number == 50 else str(number) for number in range(60)]


def test_a_number_beyond_64_bits_makes_its_column_text_from_the_first_batch_on(tmp_path: Path) -> None:
    row = PLAIN.split(";")
    last = ";".join([row[0], "9" * 20, *row[2:]])
    pieces = list(formats.batches(write(tmp_path / "wide.csv", [PLAIN] * 3 + [last]), "csv", SCHEMA, 2, typed=True))

    assert {frames.conform(piece, SCHEMA, frames.Quality()).schema.field("n").type for piece in pieces} == {pa.string()}


@pytest.mark.parametrize("text", ["a;b\n1;2\n3", 'a;b\n1;2\n"3;4\n'])
def test_a_cut_file_is_refused_when_it_is_counted(text: str, tmp_path: Path) -> None:
    path = tmp_path / "cut.csv"
    path.write_text(text)

    with pytest.raises(UnexpectedAnswerError):
        formats.count_rows(path, "csv")


@pytest.mark.parametrize("text", ["a;b\n1;2\n3\n", "a;b\n1;2;3\n"])
def test_rows_of_another_length_and_open_cells_are_refused_when_they_are_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(text)
    schema = Schema([Field("a", "text"), Field("b", "int")])

    with pytest.raises(UnexpectedAnswerError):
        list(formats.batches(path, "csv", schema, 10, typed=True))


def test_an_empty_line_is_the_same_rows_however_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("a;b\n1;2\n\n3;4\n\n")
    schema = Schema([Field("a", "text"), Field("b", "int")])

    text = list(formats.batches(path, "csv", schema, 10))
    typed = list(formats.batches(path, "csv", schema, 10, typed=True))

    assert formats.count_rows(path, "csv") == sum(one.num_rows for one in text) == sum(one.num_rows for one in typed)
    conform = [frames.conform(one, schema, frames.Quality()) for one in (*text, *typed)]
    assert conform[0].equals(conform[1])


@pytest.mark.parametrize("columns", [1, 2])
def test_a_line_that_is_longer_than_any_row_is_left_to_the_slower_road(
    columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BLOCK", 10)
    monkeypatch.setattr(lines, "LONGEST_LINE", 50)
    fields = [Field("a", "text"), Field("b", "int")][:columns]
    rows = [";".join(["x", "1"][:columns]), ";".join(["y" * 200, "2"][:columns]), ";".join(["z", "3"][:columns])]
    path = tmp_path / "long.csv"
    path.write_text("\n".join([";".join(one.name for one in fields), *rows, ""]))

    pieces = list(lines.chunks_of(path, 0))
    typed = list(formats.batches(path, "csv", Schema(fields), 10, typed=True))

    assert max(map(len, pieces)) < 100
    assert formats.count_rows(path, "csv") == 3
    assert [one for piece in typed for one in piece.column("a").to_pylist()] == ["x", "y" * 200, "z"]


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(b"a;b\n\xe9t\xe9;2\n")

    with pytest.raises(UnexpectedAnswerError):
        list(formats.batches(path, "csv", Schema([Field("a", "text"), Field("b", "int")]), 10, typed=True))
