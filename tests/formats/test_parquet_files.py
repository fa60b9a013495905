"""Parquet: groups, marks of other programs, and what the library writes itself."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bdxopendata import formats, frames
from bdxopendata.bounds import is_expanded
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
from bdxopendata.formats import weight
from support.every_type import ROWS, SCHEMA

SMALL = Schema([Field("a", "int")])


def test_small_row_groups_are_joined_into_batches_of_the_size_asked_for(tmp_path):
    path = tmp_path / "groups.parquet"
    pq.write_table(pa.table({"a": range(1000)}), path, row_group_size=7)

    pieces = list(formats.batches(path, "parquet", SMALL, 300))

    assert [piece.num_rows for piece in pieces] == [300, 300, 300, 100]
    assert pa.concat_tables(pieces).column("a").to_pylist() == list(range(1000))


def test_columns_of_an_extension_type_are_what_they_store(tmp_path):
    path = tmp_path / "extension.parquet"
    uuid = pa.uuid()
    stored = pa.ExtensionArray.from_storage(uuid, pa.array([b"0" * 16], pa.binary(16)))
    pq.write_table(pa.table({"a": stored}), path)

    table = formats.read(path, "parquet", SMALL)

    assert table.schema.field("a").type == pa.binary(16)


def test_dictionaries_are_their_values(tmp_path):
    path = tmp_path / "dictionary.parquet"
    pq.write_table(pa.table({"a": pa.array(["x", "y", None, "x"]).dictionary_encode()}), path)

    assert formats.read(path, "parquet", SMALL).column("a").to_pylist() == ["x", "y", None, "x"]


def test_two_columns_of_one_name_are_refused(tmp_path):
    path = tmp_path / "twice.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), path)

    with pytest.raises(UnexpectedAnswerError, match="more than once"):
        formats.read(path, "parquet", SMALL)


def test_rows_are_counted_by_the_footer(tmp_path, monkeypatch):
    path = tmp_path / "count.parquet"
    pq.write_table(pa.table({"a": range(10)}), path)
    monkeypatch.setattr(pq.ParquetFile, "read", lambda self: pytest.fail("rows were read"))

    assert formats.count_rows(path, "parquet") == 10


@pytest.mark.parametrize("rows", [ROWS, [], [{**ROWS[0], "count": 2**70}]])
def test_a_canonical_table_that_is_written_comes_back(rows, tmp_path):
    path = tmp_path / "kept.parquet"
    table = frames.conform(formats.rows_to_table(rows, SCHEMA), SCHEMA, frames.Quality())

    formats.write_parquet(table, path, SCHEMA)

    back = frames.conform(formats.read(path, "parquet", SCHEMA), SCHEMA, frames.Quality())
    assert back.equals(table)
    pieces = [frames.conform(raw, SCHEMA, frames.Quality()) for raw in formats.batches(path, "parquet", SCHEMA, 3)]
    assert pa.concat_tables(pieces).equals(table)


def test_lists_in_several_row_groups_are_weighed_and_read(tmp_path):
    """A bound by the footer alone would take them for gigabytes, so each value is looked at."""
    schema = Schema([Field("kinds", "text", multivalued=True)])
    lists = [[f"kind {place % 50}", f"kind {place % 7}"] for place in range(60_000)]
    path = tmp_path / "lists.parquet"
    pq.write_table(pa.table({"kinds": lists}), path, row_group_size=20_001)
    bounds, loose = weight._bounds(pq.read_metadata(path))
    assert is_expanded(path.stat().st_size, sum(bounds.values()))
    assert loose

    assert formats.read(path, "parquet", schema).column("kinds").to_pylist() == lists
    pieces = formats.batches(path, "parquet", schema, 25_000)
    assert [one for piece in pieces for one in piece.column("kinds").to_pylist()] == lists
