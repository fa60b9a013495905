"""CSV: text in every cell, rows in lines, an empty cell for a missing value and for an empty text alike.

Every cell stays text here, so that codes keep their zeros. The header must be the one asked for: a page of HTML, an
error text or another table never passes for data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from csv import Error as HeaderError
from csv import reader as read_lines
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
from bdxopendata.formats.lines import ahead, chunks_of
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
    yield from _text_batches(path, schema, layout, size, wide, 0)


def typed_batches(path: Path, schema: Schema, size: int, *, labels: bool, list_separator: str) -> Iterator[pa.Table]:
    """Read as `batches`, but numbers, times and booleans typed where `frames.conform` would make the same of the text.

    From the first block on in which it would not, or in which a cell holds a line end, all columns are text.
    """
    layout = _layout(path, schema, labels, list_separator, DELIMITER, checked=False)
    wide = _wide(path, schema, layout)
    types = {name: _type(schema[name]) if name not in wide else pa.string() for name in layout.names}
    rows = 0
    try:
        for table in gather(ahead(partial(_typed, layout, types), _chunks(path, layout)), size):
            rows += table.num_rows
            yield mark_wide(_split(table, schema, layout), wide)
    except _OtherwiseMeantError:
        pass
    else:
        if rows:
            return
    _check_quotes(path)
    yield from _text_batches(path, schema, layout, size, wide, rows)


def _text_batches(
    path: Path, schema: Schema, layout: _Layout, size: int, wide: frozenset[str], skip: int
) -> Iterator[pa.Table]:
    rows = skip
    for table in gather(_blocks(path, layout, skip), size):
        rows += table.num_rows
        yield mark_wide(_split(table, schema, layout), wide)
    if not rows:
        yield from cut(_split(_empty(layout), schema, layout), size)


def count_rows(path: Path) -> int:
    """Count rows: by line ends where no quoted cell can hold one, else by parsing."""
    header = _header(path, DELIMITER)
    _check_end(path)
    lines = _lines_without_cells_across(path)
    if lines is not None:
        return lines - 1
    _check_quotes(path)
    layout = _Layout(tuple(str(place) for place in range(len(header))), DELIMITER, "")
    return sum(block.num_rows for block in _blocks(path, layout))


def _layout(
    path: Path, schema: Schema, labels: bool, list_separator: str, delimiter: str, *, checked: bool = True
) -> _Layout:
    header = _header(path, delimiter)
    check_unique(header, "the header of the CSV file")
    wanted = {(one.label if labels else one.name): one.name for one in schema}
    if len(wanted) < len(schema):
        raise UnexpectedAnswerError("two fields have the same label, so a header of labels is ambiguous")
    check_header(header, wanted)
    _check_end(path)
    if checked:
        _check_quotes(path)
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


def _check_quotes(path: Path) -> None:
    with path.open("rb") as file:
        quotes = sum(block.count(b'"') for block in iter(lambda: file.read(1 << 20), b""))
    # Arrow takes an open quote at the end for a closed one.
    if quotes % 2:
        raise refuse("the CSV file is cut: a quoted cell does not close", path)


def _empty(layout: _Layout) -> pa.Table:
    return pa.table({name: pa.array([], pa.string()) for name in layout.names})


def _lines_without_cells_across(path: Path) -> int | None:
    """Count lines; None where a cell may go on in the next line, or lines end in another way than by a line feed."""
    count = 0
    for found in ahead(_closed_lines, chunks_of(path, 0)):
        if found is None:
            return None
        count += found
    return count


def _closed_lines(chunk: bytes) -> int | None:
    """Count lines in each of which quotes come in pairs; None where they do not in one."""
    text = np.frombuffer(chunk, np.uint8)
    starts = np.flatnonzero(text == ord("\n"))
    lines = len(starts)
    if not lines or (b"\r" in chunk and chunk.count(b"\r") != chunk.count(b"\r\n")):
        return None
    starts[1:] = starts[:-1] + 1
    starts[0] = 0
    odd = np.bitwise_xor.reduceat((text == ord('"')).view(np.uint8), starts)
    return None if odd.any() else lines


class _OtherwiseMeantError(Exception):
    """A block is not laid out as blocks usually are, or its cells do not mean what Arrow takes them for."""


# What Arrow reads of text is what `frames` makes of it, except for what is looked at in `_typed`.
_TYPES = {
    "int": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", "UTC"),
}


def _type(field: Field) -> pa.DataType:
    return pa.string() if field.multivalued else _TYPES.get(field.type, pa.string())


def _chunks(path: Path, layout: _Layout) -> Iterator[bytes]:
    """Cut a file into chunks of lines, each with a line of empty cells behind it."""
    with path.open("rb") as file:
        header = file.readline(1 << 20)
    if header.count(b'"') % 2 or b"\r" in header.rstrip(b"\r\n") or not header.endswith(b"\n"):
        raise _OtherwiseMeantError
    yield from chunks_of(path, len(header), layout.delimiter.encode() * (len(layout.names) - 1) + b"\n")


def _typed(layout: _Layout, types: Mapping[str, pa.DataType], chunk: bytes) -> pa.Table:
    """Read one chunk.

    As many rows as line feeds, and the line of empty cells as a row of its own: so each row took one line, no cell went
    on from one line to the next, and the next chunk begins where a row begins.
    """
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(chunk),
            arrow_csv.ReadOptions(column_names=list(layout.names), block_size=len(chunk) + 1, use_threads=False),
            _parsing(layout),
            _converting(types),
        )
    except pa.ArrowException as error:
        raise _OtherwiseMeantError from error
    rows = table.num_rows - 1
    text = np.frombuffer(chunk, np.uint8)
    lines, quotes = (int(np.count_nonzero(text == ord(one))) for one in '\n"')
    # Quotes that come in no pairs are those of a file that is cut, which is told by looking at all of it.
    if quotes % 2 or table.num_rows != lines or not all(column.slice(rows).null_count for column in table.columns):
        raise _OtherwiseMeantError
    table = table.slice(0, rows)
    kinds = set(types.values())
    # Arrow also reads hexadecimal numbers, and takes a number that is too large for an infinite one.
    if pa.int64() in kinds and (b"0x" in chunk or b"0X" in chunk):
        raise _OtherwiseMeantError
    doubles = (table.column(name) for name, kind in types.items() if kind == pa.float64())
    if any(pc.any(pc.is_inf(column)).as_py() for column in doubles):
        raise _OtherwiseMeantError
    return table


def _blocks(path: Path, layout: _Layout, skip: int = 0) -> Iterator[pa.Table]:
    """Tables of text, one per block, but for the first rows; starts again with larger blocks for larger rows."""
    size = path.stat().st_size
    block = BLOCK
    done = skip
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
        parse_options=_parsing(layout),
        convert_options=_converting(dict.fromkeys(layout.names, pa.string())),
    ) as opened:
        for batch in opened:
            known = min(skip, batch.num_rows)
            skip -= known
            if known < batch.num_rows:
                yield pa.Table.from_batches([batch.slice(known)])


def _parsing(layout: _Layout) -> arrow_csv.ParseOptions:
    return arrow_csv.ParseOptions(
        delimiter=layout.delimiter,
        newlines_in_values=True,
        # In a file of one column, an empty line is a row whose value is missing.
        ignore_empty_lines=False,
    )


def _converting(types: Mapping[str, pa.DataType]) -> arrow_csv.ConvertOptions:
    return arrow_csv.ConvertOptions(
        column_types=dict(types),
        null_values=[""],
        true_values=["true", "True", "TRUE", "1"],
        false_values=["false", "False", "FALSE", "0"],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )


def _split(table: pa.Table, schema: Schema, layout: _Layout) -> pa.Table:
    """Split the cells of multivalued fields again."""
    for place, name in enumerate(table.column_names):
        if schema[name].multivalued and schema[name].family == "text":
            lists = pc.split_pattern(table.column(place), layout.list_separator)
            table = table.set_column(place, name, lists)
    return table


def _wide(path: Path, schema: Schema, layout: _Layout) -> frozenset[str]:
    return wide_columns(_blocks(path, layout), schema) if may_hold_wide(path, schema) else frozenset()
