"""JSON lines: one object per line, the last line ended too. An empty file is no rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa

from bdxopendata.bounds import check_json
from bdxopendata.fields import UNKNOWN, Schema
from bdxopendata.formats.arrowjson import arrow_schema, read_lines
from bdxopendata.formats.lines import Lines, ahead, blocks_of, count_lines
from bdxopendata.formats.rows import join, parse, rows_to_table
from bdxopendata.formats.shape import BLANK, check_rows, cut, refuse, refusing, tail_of
from bdxopendata.formats.wide import may_hold_wide, wide_columns

WHAT = "file of JSON lines"
# Lines parsed at a time where the whole file is looked through.
BLOCK = 10_000
# Blocks that Arrow may refuse before it is no longer asked.
REFUSALS = 3
# Lines beyond this are looked at for what they would become.
LONG_LINE = 1 << 20


def read(path: Path, schema: Schema, *, labels: bool, list_separator: str, max_rows: int | None) -> pa.Table:
    """Read a whole file."""
    _check(path)
    rows = 0

    def within() -> Iterator[Lines]:
        nonlocal rows
        # Block by block, so that the objects of one block make room for those of the next.
        for lines in _lines(path, BLOCK):
            rows += len(lines)
            check_rows(rows, max_rows, path)
            yield lines

    tables = list(_Parser(schema, path).tables(within()))
    return join(tables or [rows_to_table([], schema)], schema)


def batches(path: Path, schema: Schema, size: int, *, labels: bool, list_separator: str) -> Iterator[pa.Table]:
    """Read `size` lines at a time."""
    _check(path)
    blocks = _lines(path, size)
    first = next(blocks, None)
    if first is None:
        yield from cut(rows_to_table([], schema), size)
        return
    kinds = _kinds(path, schema, _parsed(first.split()[:1], path))
    for table in _Parser(schema, path, kinds).tables(chain([first], blocks)):
        with refusing(path, WHAT):
            new = [name for name in table.column_names if name not in schema and name not in kinds]
            if new:
                raise refuse("later lines have other keys than the first ones", path)
            yield _aligned(table, schema, kinds)


def count_rows(path: Path) -> int:
    """Count rows by line ends."""
    _check(path)
    return count_lines(path)


def _check(path: Path) -> None:
    with path.open("rb") as file:
        first = file.readline(1 << 16).lstrip(BLANK)
    if not first:
        if path.stat().st_size:
            raise refuse(f"it is no {WHAT}", path)
        return
    if first[:1] != b"{":
        raise refuse(f"it is no {WHAT}", path)
    if tail_of(path, 1) != b"\n":
        raise refuse(f"the {WHAT} is cut: its last line does not end", path)


class _Parser:
    """Reads blocks of one file: by Arrow, and by Python what Arrow cannot read as it was meant.

    Columns in `kinds` have the type that is said there.
    """

    def __init__(self, schema: Schema, path: Path, kinds: Mapping[str, pa.DataType] | None = None) -> None:
        self._schema = schema
        self._path = path
        self._kinds = kinds
        self._types = arrow_schema(schema) if not kinds else None
        self._refused = 0
        # Objects of one block at a time: they need many times the room of its lines.
        self._by_python = Lock()

    def tables(self, blocks: Iterator[Lines]) -> Iterator[pa.Table]:
        """Read blocks; several at a time as long as Arrow reads them, since Python reads but one."""
        for lines in blocks:
            yield self._table(lines)
            if self._types is not None and not self._refused:
                yield from ahead(self._table, blocks)

    def _table(self, lines: Lines) -> pa.Table:
        if self._types is not None and self._refused < REFUSALS:
            table = read_lines(lines, self._types)
            if table is not None:
                return table
            self._refused += 1
        with self._by_python, refusing(self._path, WHAT):
            return rows_to_table(_parsed(lines.split(), self._path), self._schema, kinds=self._kinds)


def _lines(path: Path, size: int) -> Iterator[Lines]:
    for lines in blocks_of(path, size):
        for line in lines.longer_than(LONG_LINE):
            check_json(line)
        yield lines


def _blocks(path: Path, size: int) -> Iterator[list[Any]]:
    return (_parsed(lines.split(), path) for lines in _lines(path, size))


def _parsed(lines: list[bytes], path: Path) -> list[Any]:
    # One call of the parser for many lines is faster than a call for each.
    with refusing(path, WHAT, ValueError, RecursionError):
        rows = parse(b"[" + b",".join(lines) + b"]")
    if len(rows) != len(lines):
        raise refuse(f"it is no {WHAT}: a line holds more or less than one object", path)
    return rows  # type: ignore[no-any-return]  # the brackets around make it a list


def _kinds(path: Path, schema: Schema, first: list[Any]) -> dict[str, pa.DataType]:
    """Types of the columns that no type of the portal fixes, found by one look through the whole file.

    Costs nothing where there can be none: no field of unknown type, no key that is no field, no long number.
    """
    with refusing(path, WHAT):
        names = rows_to_table(first[:1], schema).column_names
    # In the order in which they appear, as in a file that is read whole.
    extra = [name for name in names if name not in schema.types()]
    unknown = [one.name for one in schema if one.type == UNKNOWN]
    long = may_hold_wide(path, schema)
    if not extra and not unknown and not long:
        return {}
    seen: dict[str, set[pa.DataType]] = {name: set() for name in (*unknown, *extra)}
    wide: frozenset[str] = frozenset()
    for block in _blocks(path, BLOCK):
        table = rows_to_table(block, schema)
        for name in table.column_names:
            if name in seen or name not in schema:
                seen.setdefault(name, set()).add(table.column(name).type)
        if long:
            wide |= wide_columns([table], schema)
    return {name: _common(types) for name, types in seen.items()} | dict.fromkeys(wide, pa.string())


def _common(types: set[pa.DataType]) -> pa.DataType:
    known = {one for one in types if not pa.types.is_null(one)}
    return known.pop() if len(known) == 1 else pa.string()


def _aligned(table: pa.Table, schema: Schema, kinds: dict[str, pa.DataType]) -> pa.Table:
    """Give a batch the extra columns that its own lines lack, in one order for all batches."""
    extra = [name for name in kinds if name not in schema.types()]
    for name in extra:
        if name not in table.column_names:
            table = table.append_column(pa.field(name, kinds[name]), pa.nulls(table.num_rows, kinds[name]))
    return table.select([name for name in table.column_names if name in schema] + extra)
