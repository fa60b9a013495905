"""CSV: text in every cell, rows in lines, an empty cell for a missing value and for an empty text alike.

Every cell stays text here, so that codes keep their zeros. The header must be the one asked for: a page of HTML, an
error text or another table never passes for data.
"""

from __future__ import annotations

from collections.abc import Iterator
from csv import Error as HeaderError
from csv import reader as read_lines
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Schema
from bdxopendata.formats.shape import (
    BOM,
    check_header,
    check_rows,
    check_unique,
    cut,
    gather,
    refuse,
    refusing,
    tail_of,
)
from bdxopendata.formats.wide import mark_wide, may_hold_wide, wide_columns

WHAT = "CSV file"
DELIMITER = ";"

# Bytes parsed at a time; some forty blocks are in the air at once. A row must fit, so it grows with large rows.
BLOCK = 1 << 20
_TOO_SMALL = "straddl"


@dataclass(frozen=True, slots=True)
class _Layout:
    """How one file is laid out: the names in its header, and what its columns are called."""

    names: tuple[str, ...]
    delimiter: str
    list_separator: str


def read(
    path: Path,
    schema: Schema,
    *,
    labels: bool,
    list_separator: str,
    max_rows: int | None,
    delimiter: str = DELIMITER,
) -> pa.Table:
    """Read a whole file."""
    layout = _layout(path, schema, labels, list_separator, delimiter)
    table = pa.concat_tables([_empty(layout), *_blocks(path, layout)])
    check_rows(table.num_rows, max_rows, path)
    return _split(table, schema, layout)


def batches(path: Path, schema: Schema, size: int, *, labels: bool, list_separator: str) -> Iterator[pa.Table]:
    """Read block by block, in tables of `size` rows."""
    layout = _layout(path, schema, labels, list_separator, DELIMITER)
    wide = _wide(path, schema, layout)
    rows = 0
    for table in gather(_blocks(path, layout), size):
        rows += table.num_rows
        yield mark_wide(_split(table, schema, layout), wide)
    if not rows:
        yield from cut(_split(_empty(layout), schema, layout), size)


def count_rows(path: Path) -> int:
    """Count rows by parsing, since a cell may hold line ends."""
    header = _header(path, DELIMITER)
    _check_end(path)
    layout = _Layout(tuple(str(place) for place in range(len(header))), DELIMITER, "")
    return sum(block.num_rows for block in _blocks(path, layout))


def _layout(path: Path, schema: Schema, labels: bool, list_separator: str, delimiter: str) -> _Layout:
    header = _header(path, delimiter)
    check_unique(header, "the header of the CSV file")
    wanted = {(one.label if labels else one.name): one.name for one in schema}
    if len(wanted) < len(schema):
        raise UnexpectedAnswerError("two fields have the same label, so a header of labels is ambiguous")
    check_header(header, wanted)
    _check_end(path)
    return _Layout(tuple(wanted[name] for name in header), delimiter, list_separator)


def _header(path: Path, delimiter: str) -> list[str]:
    """Read the names in the first line; a name may be quoted and hold a line end."""
    with path.open("rb") as file:
        start = file.read(1 << 20).removeprefix(BOM)
    if not start.strip():
        raise refuse("it is empty, without even a header", path)
    if start.lstrip()[:1] == b"<":
        raise refuse("it is HTML or XML instead of a CSV file", path)
    try:
        # The block may end inside a character; what is asked of it is the first line.
        text = start.decode("utf-8", errors="replace" if len(start) > 1 << 19 else "strict")
        return next(read_lines(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except (UnicodeDecodeError, HeaderError, StopIteration) as error:
        raise refuse("its header cannot be read", path) from error


def _check_end(path: Path) -> None:
    if tail_of(path, 1) not in (b"\n", b"\r"):
        raise refuse("the CSV file is cut: its last line does not end", path)
    with path.open("rb") as file:
        quotes = sum(block.count(b'"') for block in iter(lambda: file.read(1 << 20), b""))
    # Arrow takes an open quote at the end for a closed one.
    if quotes % 2:
        raise refuse("the CSV file is cut: a quoted cell does not close", path)


def _empty(layout: _Layout) -> pa.Table:
    return pa.table({name: pa.array([], pa.string()) for name in layout.names})


def _blocks(path: Path, layout: _Layout) -> Iterator[pa.Table]:
    """Tables of text, one per block; starts again with larger blocks where one row does not fit."""
    size = path.stat().st_size
    block = BLOCK
    done = 0
    while True:
        try:
            for table in _opened(path, layout, block, done):
                done += table.num_rows
                yield table
            return
        except pa.ArrowInvalid as error:
            if _TOO_SMALL not in str(error) or block >= size:
                with refusing(path, WHAT):
                    raise
            block = min(block * 4, max(size, 1), (1 << 31) - 1)


def _opened(path: Path, layout: _Layout, block: int, skip: int) -> Iterator[pa.Table]:
    with arrow_csv.open_csv(
        path,
        read_options=arrow_csv.ReadOptions(column_names=list(layout.names), skip_rows_after_names=1, block_size=block),
        parse_options=arrow_csv.ParseOptions(
            delimiter=layout.delimiter,
            newlines_in_values=True,
            # In a file of one column, an empty line is a row whose value is missing.
            ignore_empty_lines=False,
        ),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(layout.names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    ) as opened:
        for batch in opened:
            known = min(skip, batch.num_rows)
            skip -= known
            if known < batch.num_rows:
                yield pa.Table.from_batches([batch.slice(known)])


def _split(table: pa.Table, schema: Schema, layout: _Layout) -> pa.Table:
    """Split the cells of multivalued fields again."""
    for place, name in enumerate(table.column_names):
        if schema[name].multivalued and schema[name].family == "text":
            lists = pc.split_pattern(table.column(place), layout.list_separator)
            table = table.set_column(place, name, lists)
    return table


def _wide(path: Path, schema: Schema, layout: _Layout) -> frozenset[str]:
    return wide_columns(_blocks(path, layout), schema) if may_hold_wide(path, schema) else frozenset()
