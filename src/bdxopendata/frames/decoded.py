"""The canonical table as a file that needs no decoding: an Arrow file, its columns as frames need them, each checked.

    Arrow IPC, uncompressed | manifest, JSON | digest and length of the manifest, MAGIC

The manifest holds the checksums of each column and of what lies around the columns, so that a question about two
columns reads and checks two columns. It also says what the file was made of, and which values did not fit: they are
counted in a warning whenever their column is read.

Whatever would change a value is found before the value is used. The columns are read into memory rather than mapped,
so that no frame hangs on a file that another process may remove.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bdxopendata.frames.geometry import same_places
from bdxopendata.frames.quality import Quality

# Ends with the version of the layout.
MAGIC = b"BDXARRW1"
# In the metadata of a geometry column: the name of the column that holds the same places.
SAME = b"bdxopendata.same"

_END = struct.Struct("<16sQ8s")
# More bytes than this are checked by several threads.
_LARGE = 4 * 1024**2
_THREADS = 4
# Rows are few if they are less than one in so many.
_FEW = 10

# Columns whose checksums this process has compared, by path, size, time and inode of their file.
_CHECKED: dict[tuple[str, int, int, int], set[str]] = {}


class DamagedFileError(Exception):
    """A file is not what was written."""


def write(table: pa.Table, path: Path, made_of: Mapping[str, Any], quality: Quality) -> None:
    """Write a canonical table.

    Parameters
    ----------
    table
        A canonical table.
    path
        The file. It is not synced, since it can be made again.
    made_of
        What the table follows from, as JSON values: a reader that expects something else does not take it.
    quality
        What did not fit when the table was made.

    Raises
    ------
    ValueError
        If a column is too long for one piece.
    OSError
        If it cannot be written.
    """
    table = table.combine_chunks().replace_schema_metadata(None)
    if any(column.num_chunks > 1 for column in table.columns):
        raise ValueError("a column does not fit into one piece")
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=max(table.num_rows, 1))
    size = path.stat().st_size
    # The checksums are those of what a reader finds in the file, which is not byte for byte what lies in memory.
    with pa.memory_map(str(path)) as file:
        whole = file.read_buffer(size)
        read = pa.ipc.open_file(whole).read_all()
        buffers = [one for column in read.columns for one in _buffers(column) if one is not None]
        first = min((one.address - whole.address for one in buffers), default=size)
        last = max((one.address - whole.address + one.size for one in buffers), default=size)
        around = memoryview(whole)
        manifest = {
            "made_of": made_of,
            "rows": table.num_rows,
            "quality": list(quality),
            "same": _same(table),
            "columns": dict(zip(read.column_names, _checksums(read), strict=True)),
            "body": [first, last, size],
            "around": zlib.crc32(around[last:], zlib.crc32(around[:first])),
        }
        around.release()
        del read, whole, buffers
    said = json.dumps(manifest).encode()
    with path.open("ab") as end:
        end.write(said + _END.pack(_digest(said), len(said), MAGIC))


class Decoded:
    """An open file of `write`.

    Raises
    ------
    FileNotFoundError
        If there is none.
    DamagedFileError
        If it is not what was written.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._manifest = _manifest(file)
                found = os.fstat(file.fileno())
                first, last, self._size = self._manifest["body"]
                file.seek(0)
                head = file.read(first)
                file.seek(last)
                tail = file.read(self._size - last)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
            raise DamagedFileError(str(error)) from error
        if zlib.crc32(tail, zlib.crc32(head)) != self._manifest["around"]:
            raise DamagedFileError("what lies around the columns has changed")
        self.path = path
        self._mark = (str(path), found.st_size, found.st_mtime_ns, found.st_ino)

    @property
    def made_of(self) -> Any:
        """What the table follows from."""
        return self._manifest["made_of"]

    def quality(self, names: Sequence[str]) -> Quality:
        """Count again what did not fit in these columns."""
        quality = Quality()
        for column, problem, count in self._manifest["quality"]:
            quality.add(column, problem, count)
        return quality.of(names)

    def read(self, names: Sequence[str] | None = None) -> pa.Table:
        """Read the table, or some of its columns, in the order of the file; `DamagedFileError` as at opening."""
        table = self._raw(self._known(names))
        self._check(table)
        return self._marked(table)

    def chosen(
        self,
        names: Sequence[str],
        looked_at: Sequence[str],
        choose: Callable[[pa.Table], npt.NDArray[np.bool_]],
    ) -> pa.Table:
        """Read the rows that `choose` takes by the columns `looked_at`; `DamagedFileError` as at opening.

        Where these are few, the other columns are read one by one, so that little of them is in memory at a time.
        """
        first = self.read(looked_at)
        rows = pa.array(np.flatnonzero(choose(first)))
        others = [name for name in self._known(names) if name not in looked_at]
        found = {name: first.column(name).take(rows) for name in looked_at if name in names}
        if others and len(rows) * _FEW > first.num_rows:
            read = self.read(others).take(rows)
            found |= dict(zip(others, read.columns, strict=True))
        else:
            # Not in threads: each would have memory of its own to fill for the first time, which takes longer.
            found |= {name: self._taken(rows, name) for name in others}
        known = self._known(names)
        schema = pa.schema([pa.field(name, found[name].type) for name in known])
        return self._marked(pa.Table.from_arrays([found[name] for name in known], schema=schema))

    def _taken(self, rows: pa.Array, name: str) -> pa.ChunkedArray:
        table = self._raw([name])
        self._check(table)
        return table.column(0).take(rows)

    def _known(self, names: Sequence[str] | None) -> list[str]:
        return [name for name in self._manifest["columns"] if names is None or name in names]

    def _raw(self, names: Sequence[str]) -> pa.Table:
        known = list(self._manifest["columns"])
        options = pa.ipc.IpcReadOptions(included_fields=[known.index(name) for name in names])
        try:
            with pa.OSFile(str(self.path)) as file:
                return pa.ipc.open_file(file, footer_offset=self._size, options=options).read_all()
        except FileNotFoundError:
            raise
        except (pa.ArrowException, OSError) as error:
            raise DamagedFileError(str(error)) from error

    def _check(self, table: pa.Table) -> None:
        """Compare the checksums of columns that this process has not compared yet."""
        checked = _CHECKED.setdefault(self._mark, set())
        new = table.select([name for name in table.column_names if name not in checked])
        for name, found in zip(new.column_names, _checksums(new), strict=True):
            if found != self._manifest["columns"][name]:
                raise DamagedFileError(f"the column '{name}' has changed")
            checked.add(name)

    def _marked(self, table: pa.Table) -> pa.Table:
        for name, other in self._manifest["same"].items():
            place = table.schema.get_field_index(name)
            if place >= 0 and other in table.column_names:
                field = table.schema.field(place).with_metadata({SAME: other.encode()})
                table = table.set_column(place, field, table.column(place))
        return table


def _manifest(file: IO[bytes]) -> Any:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END.size))
    digest, length, magic = _END.unpack(file.read(_END.size))
    if magic != MAGIC or length > size - _END.size:
        raise ValueError("its end is missing")
    file.seek(size - _END.size - length)
    said = file.read(length)
    if _digest(said) != digest:
        raise ValueError("its manifest has changed")
    manifest = json.loads(said)
    if manifest["body"][2] != size - _END.size - length:
        raise ValueError("its length has changed")
    return manifest


def _digest(said: bytes) -> bytes:
    return blake2b(said, digest_size=16).digest()


def _buffers(column: pa.ChunkedArray) -> list[pa.Buffer | None]:
    return [buffer for chunk in column.chunks for buffer in chunk.buffers()]


def _checksums(table: pa.Table) -> list[list[list[int] | None]]:
    """Length and checksum of each buffer of each column."""
    columns = [_buffers(column) for column in table.columns]
    flat = [buffer for buffers in columns for buffer in buffers if buffer is not None]
    if len(columns) > 1 and sum(buffer.size for buffer in flat) > _LARGE:
        # zlib works without Python's lock.
        with ThreadPoolExecutor(_THREADS) as threads:
            sums = iter(list(threads.map(zlib.crc32, flat)))
    else:
        sums = map(zlib.crc32, flat)
    return [[None if one is None else [one.size, next(sums)] for one in buffers] for buffers in columns]


def _same(table: pa.Table) -> dict[str, str]:
    """Columns of geometry that hold the places of a column before them."""
    seen: list[tuple[str, pa.ChunkedArray]] = []
    same: dict[str, str] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if not (pa.types.is_struct(column.type) or pa.types.is_binary(column.type)) or not len(column):
            continue
        other = next((other for other, places in seen if same_places(places, column)), None)
        if other is not None:
            same[name] = other
        seen.append((name, column))
    return same
