"""Write down what a live topic says, each observation once, whatever happens in between.

What `Recorder.append` has returned for is on the disk. A process that is killed before loses the rows of that poll from
memory only: the portal still has those that have not changed since, and the next poll after a restart brings them.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from bdxopendata import disk
from bdxopendata.catalog import Catalog
from bdxopendata.errors import AlreadyRecordingError, BdxOpenDataError
from bdxopendata.lineage import ATTRIBUTE
from bdxopendata.topics import labels, live, observations, pace, recorded, watching, when

log: logging.Logger = logging.getLogger("bdxopendata")

LOCK = ".bdxopendata.lock"
# Files of one day before they are put together.
MOST_FILES = 50
# Rows of a row group in a file that was put together.
ROW_GROUP = 100_000
# Marks in memory; the days that were not touched for longest are forgotten first, and read again when needed.
MOST_MARKS = 1_000_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a recording.

    Attributes
    ----------
    path
        The folder.
    polls
        How often it asked.
    failures
        How many polls failed.
    new
        Rows that were written.
    known
        Rows that were there already.
    """

    path: Path
    polls: int
    failures: int
    new: int
    known: int


def record(
    topic: watching.Topic,
    path: str | os.PathLike[str],
    *,
    every: when.Span,
    key: str | Sequence[str] | None = None,
    observed_at: str = observations.OBSERVED_AT,
    times: int | None = None,
    stop: threading.Event | None = None,
    on_error: Callable[[BdxOpenDataError], object] | None = None,
    give_up_after: int | None = None,
    wait_for_quota: bool = False,
    stale_after: when.Span | None = live.STANDING,
    catalog: Catalog | str | None = None,
    **asked: Any,
) -> Recorded:
    """Ask a live topic again and again, and append what is new to a folder of GeoParquet files.

    Parameters
    ----------
    topic, every, times, stop, on_error, give_up_after, wait_for_quota, stale_after, catalog, **asked
        As in `watch`.
    path
        The folder, made if need be. One that was recorded before is gone on with, under the same topic and key.
    key
        Columns that, with the moment, make an observation; of two rows with the same, the first is kept. By default
        all that the portal said makes it, so that nothing that differs is taken for known.
    observed_at
        Column with the moment of each row, aware. Rows without one are kept apart.

    Returns
    -------
    Recorded
        When it is over: after `times`, or when stopped. Ctrl-C passes as KeyboardInterrupt; nothing written is lost.

    Raises
    ------
    AlreadyRecordingError
        If another recorder writes there.
    FileExistsError
        If the folder holds other things.
    ValueError
        If it was recorded with another topic, portal or key.
    OSError
        If a file cannot be written, such as on a full disk; what was written before stays.
    BdxOpenDataError, TypeError
        As `watch` says.

    Notes
    -----
    Each poll adds one file per day that it has new rows of; they are put together from time to time, and at the next
    start. Read them with `history`, or with anything that reads Parquet folders (``date`` is in their names). The index
    of frames is not recorded.
    """
    failures = 0

    def failed(error: BdxOpenDataError) -> None:
        nonlocal failures
        failures += 1
        if on_error is not None:
            on_error(error)

    polls = watching.watch(
        topic,
        every=every,
        times=times,
        stop=stop,
        unchanged=True,
        on_error=failed,
        give_up_after=give_up_after,
        wait_for_quota=wait_for_quota,
        stale_after=stale_after,
        catalog=catalog,
        **asked,
    )
    with Recorder(path, key=key, observed_at=observed_at, topic=polls.topic) as recorder, polls:
        for frame in polls:
            recorder.append(frame)
    return Recorded(recorder.path, polls.polls, failures, recorder.new, recorder.known)


@dataclass(slots=True)
class _Day:
    """What a recorder knows of one day."""

    marks: set[bytes]
    number: int
    since: int = 0
    files: int = field(default=0)


class Recorder:
    """A folder that is being recorded; one at a time.

    Parameters
    ----------
    path, key, observed_at
        As in `record`.
    topic
        Name of what is recorded; one folder holds one topic.

    Attributes
    ----------
    new, known
        Rows written so far, and rows that were there already.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        key: str | Sequence[str] | None = None,
        observed_at: str = observations.OBSERVED_AT,
        topic: str = "",
    ) -> None:
        self.path: Path = Path(path).expanduser()
        self.new: int = 0
        self.known: int = 0
        self._key = (key,) if isinstance(key, str) else tuple(key or ())
        self._observed_at = observed_at
        self._topic = topic
        self._days: OrderedDict[str, _Day] = OrderedDict()
        self._latest = ""
        _refuse_foreign(self.path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.path / LOCK, timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise AlreadyRecordingError(str(self.path)) from None
        self._open = True
        try:
            self._head = recorded.Head.read(self.path)
            if self._head is not None:
                self._refuse_other(self._head)
            self._tidy()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others record here."""
        self._open = False
        self._days.clear()
        self._lock.release()

    def append(self, frame: pd.DataFrame) -> int:
        """Write the rows that are not there yet, and return how many; they are on the disk then.

        Raises
        ------
        TypeError, ValueError
            If the frame cannot be recorded; the message says why.
        OSError
            If a file cannot be written. What was written before stays; the same frame can be appended again.
        """
        if not self._open:
            raise ValueError("This recorder is closed; make another one.")
        frame = labels.technical(frame)
        self._check(frame)
        self._write_head(frame)
        moments = frame[self._observed_at].dt.tz_convert(live.ZONE)
        days = moments.dt.strftime("%Y-%m-%d").where(moments.notna(), recorded.NO_DAY).tolist()
        marks = observations.marks(frame, self._key, self._observed_at)
        rows: dict[str, dict[bytes, int]] = {}
        for place, (day, mark) in enumerate(zip(days, marks, strict=True)):
            rows.setdefault(day, {}).setdefault(mark, place)
        added = 0
        for day in sorted(rows):
            known = self._day(day)
            fresh = {mark: place for mark, place in rows[day].items() if mark not in known.marks}
            if fresh:
                self._write_rows(day, frame.iloc[list(fresh.values())], list(fresh))
                added += len(fresh)
        self.new += added
        self.known += len(frame) - added
        self._roll([day for day in rows if day != recorded.NO_DAY])
        self._forget(rows)
        return added

    def _check(self, frame: pd.DataFrame) -> None:
        names = list(frame.columns)
        if len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
            raise ValueError("Columns of a frame that is recorded are texts, each once.")
        for taken in (recorded.DAY, recorded.MARK):
            if taken in names:
                raise ValueError(f"A frame with a column '{taken}' cannot be recorded: the folder has one. Rename it.")
        lacking = [name for name in (*self._key, self._observed_at) if name not in names]
        if lacking:
            raise ValueError(
                f"The frame has no column '{lacking[0]}'. key= and observed_at= name columns of the frame: "
                "which rows are the same, and when they were observed."
            )
        if not isinstance(frame[self._observed_at].dtype, pd.DatetimeTZDtype):
            raise TypeError(
                f"The column '{self._observed_at}' holds aware moments, not {frame[self._observed_at].dtype}."
            )

    # Writing

    def _write_head(self, frame: pd.DataFrame) -> None:
        portal = _portal(frame)
        if self._head is not None:
            if None not in (portal, self._head.portal) and portal != self._head.portal:
                raise ValueError(
                    f"{self.path} holds rows of {self._head.portal}, and these are of {portal}. Name another folder."
                )
            return
        facts = {
            "topic": self._topic,
            "observed_at": self._observed_at,
            "key": list(self._key),
            "portal": portal,
        }
        table = recorded.to_table(frame.iloc[:0], [], pace.clock.now(), folder=facts)
        self._put(table, self.path / recorded.HEAD)
        self._head = recorded.Head.read(self.path)

    def _write_rows(self, day: str, rows: pd.DataFrame, marks: list[bytes]) -> None:
        known = self._day(day)
        table = recorded.to_table(rows, marks, pace.clock.now())
        folder = self.path / f"{recorded.DAY}={day}"
        if not folder.is_dir():
            folder.mkdir()
            disk.sync_folder(self.path)
        known.number += 1
        self._put(table, folder / _name(recorded.POLL, known.number))
        # Only now: a row that could not be written is still to be written.
        known.marks.update(marks)
        known.since += 1
        if known.since >= MOST_FILES:
            self._compact(day)

    def _put(self, table: pa.Table, target: Path) -> None:
        """Write a file aside, and give it its name when it is whole and on the disk."""
        descriptor, part = disk.new_part(self.path, private=False)
        os.close(descriptor)
        try:
            pq.write_table(table, part, compression="zstd", write_page_checksum=True)
            disk.move_into_place(part, target)
        finally:
            disk.remove(part)
        disk.sync_folder(target.parent)

    # Days

    def _day(self, day: str) -> _Day:
        """Recall a day, reading its marks where it was forgotten."""
        known = self._days.get(day)
        if known is None:
            found = recorded.files(self.path / f"{recorded.DAY}={day}")
            marks: set[bytes] = set()
            for path in found:
                marks |= recorded.marks_of(path)
            number = max((recorded.number_of(path) for path in found), default=0)
            known = self._days[day] = _Day(marks, number, len(found))
        self._days.move_to_end(day)
        return known

    def _forget(self, needed: Any) -> None:
        """Forget the days that were not touched for longest, but not those of the last frame."""
        total = sum(len(one.marks) for one in self._days.values())
        for day in list(self._days):
            if total <= MOST_MARKS:
                return
            if day not in needed:
                total -= len(self._days.pop(day).marks)

    def _roll(self, days: list[str]) -> None:
        """When a new day begins, put the files of the one before together."""
        latest = max([self._latest, *days])
        if self._latest and latest > self._latest:
            self._compact(self._latest)
        self._latest = latest

    def _tidy(self) -> None:
        """Remove what a killed recorder left half done, and put files together."""
        for one in self.path.iterdir():
            # The lock is ours, so nobody is writing them.
            if one.name.startswith(disk.PART):
                disk.remove(one)
        for day in recorded.days(self.path):
            self._compact(day)

    def _compact(self, day: str) -> None:
        """Put the files of a day together: first the new one is there, then the old ones go."""
        folder = self.path / f"{recorded.DAY}={day}"
        paths = recorded.files(folder)
        if day in self._days:
            self._days[day].since = 0
        groups: list[tuple[pa.Schema, list[Path]]] = []
        for path in paths:
            schema = recorded.schema_of(path)
            for other, alike in groups:
                if schema.equals(other):
                    alike.append(path)
                    break
            else:
                groups.append((schema, [path]))
        seen: set[bytes] = set()
        for _, alike in groups:
            if len(alike) > 1:
                self._merge(folder, alike, seen)
        log.debug("%d files of %s put together", len(paths), day)

    def _merge(self, folder: Path, paths: list[Path], seen: set[bytes]) -> None:
        """Write the rows of files of one schema into one, each row once, and remove them."""
        descriptor, part = disk.new_part(self.path, private=False)
        os.close(descriptor)
        try:
            recorded.merge(paths, part, seen, ROW_GROUP)
            disk.move_into_place(part, folder / _name(recorded.WHOLE_DAY, recorded.number_of(paths[-1])))
        finally:
            disk.remove(part)
        disk.sync_folder(folder)
        for path in paths:
            disk.remove(path)

    def _refuse_other(self, head: recorded.Head) -> None:
        for what, here, asked in (
            ("topic", head.topic, self._topic),
            ("key", head.key, self._key),
            ("observed_at", head.observed_at, self._observed_at),
        ):
            if here != asked:
                raise ValueError(f"{self.path} was recorded with {what}={here!r}, not {asked!r}. Name another folder.")


def _name(kind: str, number: int) -> str:
    return f"{kind}-{number:012d}-{secrets.token_hex(4)}.parquet"


def _portal(frame: pd.DataFrame) -> str | None:
    """Name the portal that rows are of; stand-ins are all one, whatever their port."""
    facts = frame.attrs.get(ATTRIBUTE, {})
    if facts.get("stand_in"):
        return "the stand-in portal"
    portal: str | None = facts.get("portal")
    return portal


def _refuse_foreign(path: Path) -> None:
    """Refuse to write among what this library did not write."""
    if path.exists() and not path.is_dir():
        raise FileExistsError(f"{path} is no folder; observations are recorded in a folder.")
    if path.is_dir() and not (path / recorded.HEAD).exists():
        foreign = [one.name for one in path.iterdir() if not one.name.startswith(".bdxopendata")]
        if foreign:
            raise FileExistsError(f"{path} holds other files; name another folder.")
