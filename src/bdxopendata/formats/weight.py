"""How large the columns of a Parquet file will be in memory, found without having them there.

A file of a few kilobytes can hold millions of rows: a column of one value is written once, with a count. Numbers have
a known width; for text the footer gives an upper bound, and where that is too high to tell, the values are measured
through their dictionary, which stays as small as it is in the file.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bdxopendata.bounds import EXPANDED_FREELY, MOST_EXPANSION, is_expanded
from bdxopendata.errors import UnexpectedAnswerError

_WIDTH = {"BOOLEAN": 1, "INT32": 8, "INT64": 8, "INT96": 8, "FLOAT": 8, "DOUBLE": 8}
# What the values of a nested column may take at a time while they are measured.
_AT_ONCE = 32 * 1024**2
_ROWS = 1 << 16


def check_weight(path: Path, file: pq.ParquetFile) -> None:
    """Refuse a file whose table would be out of all proportion to it.

    Raises
    ------
    UnexpectedAnswerError
        If the table takes hundreds of megabytes, and a hundred times what the file has.
    """
    stored = path.stat().st_size
    _refuse_broken_footer(file.metadata, stored)
    sizes, loose = _bounds(file.metadata)
    # Each look is closer and costs more than the one before.
    if is_expanded(stored, sum(sizes.values())):
        for name, size in _longest(path, sorted(loose)).items():
            sizes[name] = min(sizes[name], size)
    for name in sorted(loose):
        if not is_expanded(stored, sum(sizes.values())):
            return
        sizes[name] = min(sizes[name], _measured(path, name))
    if is_expanded(stored, sum(sizes.values())):
        raise UnexpectedAnswerError(
            f"its {stored:,} bytes would become a table of more than {EXPANDED_FREELY:,}, as no portal exports them"
        )


def _refuse_broken_footer(footer: pq.FileMetaData, stored: int) -> None:
    """Have Arrow look at what the footer says of each column while it may refuse it.

    Asked for a column whose statistics contradict the schema, Arrow ends the process. Readers meet the same facts
    first, and raise: so they are begun on a file without pages.
    """
    file = pq.ParquetFile(
        pa.PythonFile(_NoPages(stored), mode="r"), metadata=footer, buffer_size=4096, pre_buffer=False
    )
    for place in range(footer.num_row_groups):
        with suppress(_NoPageError):
            next(file.iter_batches(batch_size=1, row_groups=[place], use_threads=False), None)


class _NoPageError(Exception):
    """A page would be read now."""


class _NoPages(io.RawIOBase):
    """A file of some size, of which nothing can be read."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def read(self, size: int = -1) -> bytes:
        raise _NoPageError


def _bounds(footer: pq.FileMetaData) -> tuple[dict[str, int], set[str]]:
    """Largest size of each leaf column by its path, and those of which it may be far too large."""
    sizes: dict[str, int] = {}
    loose: set[str] = set()
    for group in map(footer.row_group, range(footer.num_row_groups)):
        for chunk in map(group.column, range(group.num_columns)):
            name, width = chunk.path_in_schema, _WIDTH.get(chunk.physical_type)
            if width is None:
                repeated = any("DICTIONARY" in one for one in chunk.encodings)
                width = 8 + (chunk.total_uncompressed_size if repeated else 0)
                if repeated:
                    loose.add(name)
            sizes[name] = sizes.get(name, 0) + chunk.num_values * width + chunk.total_uncompressed_size
    return sizes, loose


def _longest(path: Path, names: Sequence[str]) -> dict[str, int]:
    """Take each value of a leaf column for as long as the longest in the dictionary of its row group.

    Columns of which not all values are known to be in a dictionary are left out, nested ones among them.
    """
    flat = [name for name in names if "." not in name]
    sizes = dict.fromkeys(flat, 0)
    with pq.ParquetFile(path, read_dictionary=flat) as file:
        leaves = {name: _leaf(file, name) for name in flat}
        for place in range(file.metadata.num_row_groups):
            group = file.metadata.row_group(place)
            first = next(file.iter_batches(batch_size=1, row_groups=[place], columns=list(sizes)), None)
            for name in list(sizes):
                column = None if first is None or name not in first.schema.names else first.column(name)
                if column is None or not pa.types.is_dictionary(column.type):
                    del sizes[name]
                    continue
                chunk = group.column(leaves[name])
                longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
                # Values that are in no dictionary are written out, and counted by what they take in the file.
                sizes[name] += chunk.num_values * (8 + longest) + chunk.total_uncompressed_size
    return sizes


def _measured(path: Path, name: str) -> int:
    """Add up the lengths of the values of one leaf column, until they are too many for any file."""
    enough = max(EXPANDED_FREELY, path.stat().st_size * MOST_EXPANSION)
    size = 0
    with pq.ParquetFile(path, read_dictionary=[name]) as file:
        leaf = _leaf(file, name)
        nested = file.schema.column(leaf).max_repetition_level > 0 or "." in name
        groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
        longest = max((one.column(leaf).total_uncompressed_size for one in groups), default=0)
        rows = max(1, min(_AT_ONCE // max(longest, 1), _ROWS)) if nested else _ROWS
        # A piece of two row groups has two dictionaries, which Arrow cannot hand over for nested columns.
        for place in range(file.metadata.num_row_groups):
            for batch in file.iter_batches(batch_size=rows, row_groups=[place], columns=[name]):
                size += sum(map(_length, batch.columns))
                if size > enough:
                    return size
    return size


def _leaf(file: pq.ParquetFile, name: str) -> int:
    return next(one for one, column in enumerate(file.schema) if column.path == name)


def _length(column: pa.Array) -> int:
    if pa.types.is_list(column.type):
        return 8 * len(column) + _length(column.flatten())
    if pa.types.is_struct(column.type):
        return sum(map(_length, column.flatten()))
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = pc.take(pc.binary_length(column.dictionary), column.indices)
    return 8 * len(column) + int(pc.sum(pc.cast(lengths, pa.int64())).as_py() or 0)
