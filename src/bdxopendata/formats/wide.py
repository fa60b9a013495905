"""Whole numbers beyond 64 bits: one of them makes its column text, so all batches of a file must know of it.

A raw column that is known to hold one is text and says so in its metadata; `frames.conform` reads that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bdxopendata.fields import Schema
from bdxopendata.formats.rows import WIDE

# Sixty-four bits hold every number of eighteen digits. Python refuses to read numbers of thousands of digits.
_LONG = b"0" * 19
_WIDE = r"^[+-]?[0-9]{19,1000}$"
# Every digit is 0, everything else a blank: then a long number is a text that can be searched for.
_FOLDED = bytes(ord("0") if 48 <= byte < 58 else 32 for byte in range(256))
_BLOCK = 1 << 20
# Digits are the bytes 0x30 to 0x39.
_UPPER_HALVES = np.uint64(0xF0F0F0F0F0F0F0F0)
_THREES = np.uint64(0x3030303030303030)
_SIXES = np.uint64(0x0606060606060606)
# How far back the beginning of a number is looked for.
_FAR = 400


def may_hold_wide(path: Path, schema: Schema) -> bool:
    """Whether a file of text may hold such a number in a whole-number field: a cheap look that spares a costly one."""
    if not any(one.type == "int" for one in schema):
        return False
    return any(_begins_whole(window, place) for window, place in _long_numbers(path))


def _long_numbers(path: Path) -> Iterator[tuple[bytes, int]]:
    """Windows of a file and the places in them at which there are many digits in a row, one a number and window.

    The file is read, not mapped: the pages of a mapped file count as memory of the process, all of them.
    """
    window = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            before = window[-_FAR:]
            window = before + block
            if not _may_be_long(window):
                continue
            folded = window.translate(_FOLDED)
            place = folded.find(_LONG, max(0, len(before) - len(_LONG) + 1))
            while place >= 0:
                yield window, place
                end = folded.find(b" ", place)
                place = folded.find(_LONG, end) if end >= 0 else -1


def _may_be_long(text: bytes) -> bool:
    """Whether eight bytes in a row, counted from the first, may all be digits: so it is in every number so long."""
    words = np.frombuffer(text, np.uint64, len(text) // 8)
    near = words[(words & _UPPER_HALVES) == _THREES]
    # Six bytes with the same upper half follow after the digits: such are the colons of a time.
    return bool((((near + _SIXES) & _UPPER_HALVES) == _THREES).any())


def _begins_whole(window: bytes, place: int) -> bool:
    """Whether digits are those of a whole number, not those behind a decimal point."""
    first = place
    while first > 0 and place - first < _FAR and window[first - 1 : first].isdigit():
        first -= 1
    return window[first - 1 : first] != b"."


def wide_columns(tables: Iterable[pa.Table], schema: Schema) -> frozenset[str]:
    """Names of the whole-number fields that hold such a number in one of the tables."""
    whole = {one.name for one in schema if one.type == "int"}
    found: set[str] = set()
    for table in tables:
        for name in whole.difference(found).intersection(table.column_names):
            if _is_wide(table.column(name)):
                found.add(name)
    return frozenset(found)


def _is_wide(column: pa.ChunkedArray) -> bool:
    if pa.types.is_signed_integer(column.type) or pa.types.is_null(column.type):
        return False
    try:
        text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    except pa.ArrowException:
        return False
    long = text.filter(pc.match_substring_regex(text, _WIDE))
    return any(not -(2**63) <= int(one) < 2**63 for one in long.to_pylist())


def mark_wide(table: pa.Table, names: Collection[str]) -> pa.Table:
    """Make the named columns text that says what it is."""
    for name in names:
        place = table.schema.get_field_index(name)
        if place >= 0:
            text = table.column(place).cast(pa.string())
            table = table.set_column(place, pa.field(name, pa.string(), metadata={WIDE: b"1"}), text)
    return table
