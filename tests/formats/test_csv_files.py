"""CSV as portals write it."""

from __future__ import annotations

import pytest

from bdxopendata import formats
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
from bdxopendata.formats import csv
from support.every_type import ROWS, SCHEMA
from support.export_writers import write_csv


def test_a_header_of_labels_and_a_byte_order_mark_change_nothing(tmp_path):
    plain, labelled = tmp_path / "plain.csv", tmp_path / "labelled.csv"
    plain.write_bytes(write_csv(ROWS, SCHEMA))
    labelled.write_bytes(write_csv(ROWS, SCHEMA, labels=True, bom=True))

    assert formats.read(labelled, "csv", SCHEMA, labels=True) == formats.read(plain, "csv", SCHEMA)
    with pytest.raises(UnexpectedAnswerError, match="lacks 'place'"):
        formats.read(labelled, "csv", SCHEMA)


def test_labels_that_two_fields_share_are_refused(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(b"Name\r\nx\r\n")

    with pytest.raises(UnexpectedAnswerError, match="same label"):
        formats.read(path, "csv", Schema([Field("a", "text", "Name"), Field("b", "text", "Name")]), labels=True)


def test_missing_values_in_a_file_of_one_column_are_rows(tmp_path):
    path = tmp_path / "one.csv"
    path.write_bytes(b"a\r\nx\r\n\r\ny\r\n")
    schema = Schema([Field("a", "text")])

    assert formats.read(path, "csv", schema).column("a").to_pylist() == ["x", None, "y"]
    assert formats.count_rows(path, "csv") == 3


def test_a_header_may_be_quoted_and_hold_a_line_end(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_bytes(b'"a\r\nb";"c;d"\r\n1;2\r\n')

    table = formats.read(path, "csv", Schema([Field("a\r\nb", "text"), Field("c;d", "text")]))

    assert table.to_pydict() == {"a\r\nb": ["1"], "c;d": ["2"]}


def test_rows_larger_than_a_block_are_read_and_none_is_read_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(csv, "BLOCK", 1000)
    rows = [f"{place};{'x' * (9000 if place == 700 else 10)}\r\n" for place in range(1000)]
    path = tmp_path / "large.csv"
    path.write_text("a;b\r\n" + "".join(rows), newline="")
    schema = Schema([Field("a", "int"), Field("b", "text")])

    pieces = list(formats.batches(path, "csv", schema, 100))

    assert [piece.num_rows for piece in pieces] == [100] * 10
    assert [one for piece in pieces for one in piece.column("a").to_pylist()] == [str(one) for one in range(1000)]
    assert formats.read(path, "csv", schema).num_rows == 1000


def test_multivalued_cells_are_split_by_the_separator_that_was_asked_for(tmp_path):
    path = tmp_path / "lists.csv"
    schema = Schema([Field("days", "text", multivalued=True)])
    path.write_bytes("days\r\na,b\u241fc\r\n".encode())

    assert formats.read(path, "csv", schema).column("days").to_pylist() == [["a,b", "c"]]
    commas = formats.read(path, "csv", schema, list_separator=",")
    assert commas.column("days").to_pylist() == [["a", "b\u241fc"]]


def test_what_the_library_asks_for_names_the_separator_that_it_reads():
    parameters = dict(formats.FORMATS["csv"].parameters)

    assert parameters["delimiter"] == ";"
    assert parameters["list_separator"] == formats.LIST_SEPARATOR
    assert parameters["with_bom"] == parameters["use_labels"] == "false"
