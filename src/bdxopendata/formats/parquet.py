"""Parquet: typed columns, geometry as WKB.

Types of columns that a program registered with Arrow under a name are taken as what they store: nothing in a file from
the net decides which code runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bdxopendata.fields import Schema
from bdxopendata.formats.groups import Keep, kept
from bdxopendata.formats.shape import check_rows, check_unique, cut, gather, refuse, refusing, tail_of
from bdxopendata.formats.weight import check_weight
from bdxopendata.formats.wide import mark_wide, wide_columns

MAGIC = b"PAR1"
# Magic at both ends and the length of the footer.
SMALLEST = 12
# Rows of a row group that is written here: readers leave out those that cannot hold what they look for, and many small
# ones are slow to read.
ROW_GROUP = 100_000
# Through its small buffers Arrow makes room for a page as its header asks, up to two gigabytes; in a mapped file it
# sees at once that there is no such page. So small files, which anyone can make, are mapped.
MAPPED = 32 * 1024**2
_STREAMED = {"buffer_size": 1 << 20, "pre_buffer": False}
# The text of tables larger than this is checked by several threads.
_LARGE = 4 * 1024**2
_THREADS = 4


def read(
    path: Path,
    schema: Schema,
    *,
    labels: bool,
    list_separator: str,
    max_rows: int | None,
    columns: Sequence[str] | None = None,
    keep: Keep | None = None,
) -> pa.Table:
    """Read a whole file, or some columns or row groups of it; the footer is looked at before any row."""
    with _open(path, max_rows) as file, refusing(path, "Parquet file"):
        groups = range(file.metadata.num_row_groups) if keep is None else kept(file, schema, keep)
        whole = len(groups) == file.metadata.num_row_groups
        table = file.read(columns=columns) if whole else file.read_row_groups(list(groups), columns=columns)
        announced = sum(file.metadata.row_group(place).num_rows for place in groups)
        table = _plain(_only(table, columns))
        _check_text(table)
        if table.num_rows != announced:
            raise refuse(f"its footer announces {announced:,} rows, it holds {table.num_rows:,}", path)
        return table


def batches(
    path: Path,
    schema: Schema,
    size: int,
    *,
    labels: bool,
    list_separator: str,
    columns: Sequence[str] | None = None,
    keep: Keep | None = None,
) -> Iterator[pa.Table]:
    """Read row group by row group, in tables of `size` rows."""
    with _open(path, None, mapped=path.stat().st_size <= MAPPED) as file:
        wide = _wide(path, file, schema)
        if file.metadata.num_rows == 0:
            yield from cut(_plain(_only(file.schema_arrow.empty_table(), columns)), size)
            return
        yield from gather(_pieces(path, file, size, wide, columns, kept(file, schema, keep) if keep else None), size)


def count_rows(path: Path) -> int:
    """Count rows by the footer."""
    with _open(path, None, weighed=False) as file:
        return int(file.metadata.num_rows)


def decoded_bytes(path: Path) -> int:
    """Say how much room the columns take once they are decoded, roughly: by the footer."""
    with _open(path, None, weighed=False) as file:
        return sum(file.metadata.row_group(place).total_byte_size for place in range(file.metadata.num_row_groups))


def write(table: pa.Table, target: Path, schema: Schema) -> None:
    """Write a canonical table so that `read` and `frames.conform` give it back."""
    # Shapes are marked as in the portal's own files, so that other programs find them; points stay two numbers.
    shapes = [one.name for one in schema if one.family == "shape" and one.name in table.column_names]
    if shapes:
        columns = {name: {"encoding": "WKB", "geometry_types": []} for name in shapes}
        geo = {"version": "1.1.0", "primary_column": shapes[0], "columns": columns}
        table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"geo": json.dumps(geo).encode()})
    pq.write_table(table, target, compression="zstd", row_group_size=ROW_GROUP)


def _open(path: Path, max_rows: int | None, *, mapped: bool = True, weighed: bool = True) -> pq.ParquetFile:
    """Open a file; `weighed` for those who read rows."""
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
    if head != MAGIC or path.stat().st_size < SMALLEST:
        raise refuse("it is no Parquet file", path)
    if tail_of(path, len(MAGIC)) != MAGIC:
        raise refuse("the Parquet file is cut: its footer is missing", path)
    with refusing(path, "Parquet file", UnicodeDecodeError):
        # Arrow types of the writer are kept in the file; what the file calls itself decides nothing but types.
        # Where little memory is wanted the file is read through small buffers: mapped pages count as memory too.
        opened = pq.ParquetFile(
            path, memory_map=mapped, page_checksum_verification=True, **({} if mapped else _STREAMED)
        )
        check_rows(opened.metadata.num_rows, max_rows, path)
        check_unique(opened.schema_arrow.names, "the Parquet file")
        if weighed:
            check_weight(path, opened)
        return opened


def _pieces(
    path: Path,
    file: pq.ParquetFile,
    size: int,
    wide: frozenset[str],
    columns: Sequence[str] | None,
    groups: list[int] | None,
) -> Iterator[pa.Table]:
    with refusing(path, "Parquet file"):
        for batch in file.iter_batches(batch_size=size, columns=columns, row_groups=groups):
            table = _plain(_only(pa.Table.from_batches([batch]), columns))
            _check_text(table)
            yield mark_wide(table, wide)


def _only(table: pa.Table, columns: Sequence[str] | None) -> pa.Table:
    """Leave out what a name reaches besides its column: in Parquet, a name with a dot is also a path into a struct."""
    return table if columns is None else table.select([name for name in table.column_names if name in columns])


def _plain(table: pa.Table) -> pa.Table:
    """Replace extension types by what they store, and dictionaries by their values."""
    for place, field in enumerate(table.schema):
        if isinstance(field.type, pa.BaseExtensionType):
            chunks = [chunk.storage for chunk in table.column(place).chunks]
            stored = pa.chunked_array(chunks, field.type.storage_type)
            table = table.set_column(place, pa.field(field.name, stored.type), stored)
        elif pa.types.is_dictionary(field.type):
            decoded = table.column(place).cast(field.type.value_type)
            table = table.set_column(place, pa.field(field.name, decoded.type), decoded)
    return table


def _check_text(table: pa.Table) -> None:
    """Refuse bytes that are no UTF-8: Arrow does not look, and the error would come from wherever they are shown."""
    texts = [
        column
        for column in table.columns
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_nested(column.type)
    ]
    if table.nbytes < _LARGE:
        for column in texts:
            column.validate(full=True)
        return
    # Arrow looks without Python's lock.
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(lambda column: column.validate(full=True), texts))


def _wide(path: Path, file: pq.ParquetFile, schema: Schema) -> frozenset[str]:
    """Names of whole-number fields that hold numbers beyond 64 bits: only columns of another type can."""
    suspects = [
        field.name
        for field in file.schema_arrow
        if field.name in schema and schema[field.name].type == "int" and not pa.types.is_signed_integer(field.type)
    ]
    if not suspects:
        return frozenset()
    with refusing(path, "Parquet file"):
        pieces = (_plain(pa.Table.from_batches([batch])) for batch in file.iter_batches(columns=suspects))
        return wide_columns(pieces, schema)
