"""Files of lines, cut into blocks where lines end; and blocks of a file read side by side, in their order.

A block is a piece of the file as it lies there: nothing is done line by line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bdxopendata.bounds import LONGEST_LINE, check_json

# Bytes read at a time.
BLOCK = 1 << 20
# Blocks read at the same time; Arrow works without Python's lock. More would keep more of the file in memory.
MOST_THREADS = 4

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines of a file, and where each ends; its length is their number."""

    text: bytes
    stops: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.stops)

    def firsts(self) -> npt.NDArray[np.uint8]:
        """First byte of each line."""
        found: npt.NDArray[np.uint8] = np.frombuffer(self.text, np.uint8)[self._starts()]
        return found

    def split(self) -> list[bytes]:
        """Line by line, each without its end."""
        return self.text.split(b"\n")[:-1]

    def longer_than(self, size: int) -> Iterator[bytes]:
        """Yield the lines of more bytes than `size`."""
        starts = self._starts()
        for place in np.flatnonzero(self.stops - starts > size):
            yield self.text[starts[place] : self.stops[place]]

    def _starts(self) -> npt.NDArray[np.intp]:
        starts = np.empty_like(self.stops)
        starts[:1] = 0
        starts[1:] = self.stops[:-1]
        return starts


class _Growing:
    """Lines that are put together from pieces of chunks."""

    def __init__(self) -> None:
        self.rows = 0
        self.open_bytes = 0
        self._pieces: list[bytes] = []
        self._stops: list[npt.NDArray[np.intp]] = []
        self._size = 0

    def add(self, piece: bytes, stops: npt.NDArray[np.intp]) -> None:
        self._pieces.append(piece)
        self._stops.append(stops + self._size)
        self._size += len(piece)
        self.rows += len(stops)
        self.open_bytes = len(piece) - int(stops[-1]) if len(stops) else self.open_bytes + len(piece)

    def lines(self) -> Lines:
        return Lines(b"".join(self._pieces), np.concatenate(self._stops))


def blocks_of(path: Path, size: int) -> Iterator[Lines]:
    """Cut a file whose last line ends into blocks of `size` lines; the last may have fewer.

    Raises
    ------
    UnexpectedAnswerError
        If a line is longer than any row can be.
    """
    growing = _Growing()
    with path.open("rb") as file:
        for chunk in iter(partial(file.read, BLOCK), b""):
            stops = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n")) + 1
            begin = 0
            while growing.rows + len(stops) >= size:
                taken = size - growing.rows
                stop = int(stops[taken - 1])
                growing.add(chunk[begin:stop], stops[:taken] - begin)
                yield growing.lines()
                growing, stops, begin = _Growing(), stops[taken:], stop
            growing.add(chunk[begin:], stops - begin)
            if growing.open_bytes > LONGEST_LINE:
                check_json(growing.lines().text[-growing.open_bytes :])
    if growing.rows:
        yield growing.lines()


def chunks_of(path: Path, start: int, end: bytes = b"") -> Iterator[bytes]:
    """Cut a file whose last line ends into chunks of whole lines, from byte `start`, and put `end` behind each.

    A line that is longer than any row can be comes cut, as the last chunk.
    """
    waiting: list[bytes | memoryview] = []
    held = 0
    with path.open("rb") as file:
        file.seek(start)
        for chunk in iter(partial(file.read, BLOCK), b""):
            stop = chunk.rfind(b"\n") + 1
            if stop:
                yield b"".join([*waiting, memoryview(chunk)[:stop], end])
                waiting, held = [], 0
            waiting.append(chunk[stop:])
            held += len(chunk) - stop
            if held > LONGEST_LINE:
                break
    if held:
        yield b"".join([*waiting, end])


def count_lines(path: Path) -> int:
    """Count line ends."""
    with path.open("rb") as file:
        chunks = iter(partial(file.read, BLOCK), b"")
        return sum(int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord("\n"))) for chunk in chunks)


def ahead(read: Callable[[A], B], blocks: Iterator[A]) -> Iterator[B]:
    """Read blocks in threads, a few before they are wanted; yield what was read in the order of the blocks.

    An error comes when its block is due. Blocks are taken from their iterator in the thread of the caller.
    """
    threads = max(1, min(MOST_THREADS, pa.cpu_count()))
    under_way: deque[Future[B]] = deque()
    with ThreadPoolExecutor(threads, "bdxopendata-blocks") as pool:
        try:
            for block in blocks:
                under_way.append(pool.submit(read, block))
                if len(under_way) > threads:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for one in under_way:
                one.cancel()
