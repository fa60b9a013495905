"""How a question is answered: by which road, read whole, checked, and typed.

A `Reader` stands for one dataset of one portal. It plans a road, asks, checks the rows against the count that the
portal announces and the version before and after, keeps what may be kept, and hands over an Arrow table of the
types in `fields`. Nothing leaves it that is not whole.
"""

from __future__ import annotations

import errno
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bdxopendata import disk, odsql
from bdxopendata.errors import (
    AuthenticationError,
    BdxOpenDataError,
    DatasetChangedError,
    IncompleteDataError,
    NetworkError,
    OfflineError,
    QueryError,
    QuotaExceededError,
    SchemaDriftWarning,
    SchemaError,
    ServerError,
    StaleDataWarning,
    UnexpectedAnswerError,
    excerpt,
    levels_up,
)
from bdxopendata.explore import PAGE, Explore
from bdxopendata.exports import BULK_FORMATS, REREADS, Export, Exports
from bdxopendata.fields import Schema
from bdxopendata.kept import Kept
from bdxopendata.lineage import Provenance
from bdxopendata.metadata import DatasetInfo
from bdxopendata.odsql import Question
from bdxopendata.odsql.hints import add_hint
from bdxopendata.odsql.locality import is_timeless, only_the_portal
from bdxopendata.odsql.usage import fields_of_conditions
from bdxopendata.paging import Paging
from bdxopendata.source import Reading, Source, question_text
from bdxopendata.store import Entry, Store
from bdxopendata.store.files import hashed_beside
from bdxopendata.transport.download import resolved_target

if TYPE_CHECKING:
    import pyarrow as pa

    from bdxopendata.formats.groups import Keep

log: logging.Logger = logging.getLogger("bdxopendata")

Bind = Callable[[Schema], Question]

FORMATS = ("auto", "parquet", "jsonl", "json", "geojson", "csv", "records", "store")

# The portal cannot answer anybody, or not now. A refusal is an answer, and no reason to show what is stored.
OUTAGES = (NetworkError, ServerError, QuotaExceededError)

# More stored rows than this are not put in order in memory: the portal is asked for them in order.
ORDERED_HERE = 1_000_000

# Fewer rows are not worth asking for at a time where the answer is looked up row by row.
PIECE = 25_000

# Servers in front of a portal refuse longer addresses; a longer question is answered from the whole dataset.
LONGEST_QUERY = 8_000


@dataclass(frozen=True, slots=True)
class Plan:
    """By which road a question goes, and why; and the entry in which the answer was found already."""

    road: str
    reason: str
    entry: Entry | None = None


_AS_OF: ContextVar[tuple[Reader, DatasetInfo] | None] = ContextVar("bdxopendata_as_of", default=None)


class DamagedExport(Exception):
    """An export came whole and cannot be read: what would be the error, unless it is fetched once more."""

    def __init__(self, error: BdxOpenDataError) -> None:
        super().__init__(error)
        self.error = error


class Reader:
    """One dataset of one portal, and the ways to read it."""

    def __init__(self, dataset_id: str, explore: Explore, store: Store) -> None:
        self.dataset_id = dataset_id
        self.explore = explore
        self.store = store
        self.source: Source = Source(explore, dataset_id)
        self.kept: Kept = Kept(self.source, store)
        self.exports: Exports = Exports(explore, dataset_id, self.describe)
        self._info: DatasetInfo | None = None
        self._info_at: datetime | None = None

    # What the portal says of the dataset

    @property
    def info(self) -> DatasetInfo:
        """The description as last seen, asked for when it was never seen."""
        return self._info or self.describe()

    @property
    def seen(self) -> DatasetInfo | None:
        """The description as last seen, without asking."""
        return self._info

    def know(self, info: DatasetInfo) -> None:
        """Take a description that is already here; it still counts as old when rows are asked for."""
        self._info = info

    def describe(self) -> DatasetInfo:
        """Ask the portal for the description; offline, take the one of the stored data."""
        if self.explore.settings.offline:
            entry = self.kept.find() or next(self.kept.answers(), None)
            info = self.kept.info(entry) if entry else self.explore.dataset(self.dataset_id, cached=True)
        else:
            info = self.explore.dataset(self.dataset_id)
        self._remember(info)
        return info

    def current(self) -> DatasetInfo:
        """Return the description, no older than ``max_age``."""
        held = _AS_OF.get()
        if held is not None and held[0] is self:
            return held[1]
        allowed = timedelta(seconds=self.explore.settings.max_age_seconds)
        now = datetime.now(UTC)
        if self._info is not None and self._info_at is not None and now - self._info_at < allowed:
            return self._info
        entry = self.kept.find() if allowed else None
        if entry is not None and timedelta(0) <= now - entry.checked_at < allowed:
            info = self.kept.info(entry)
            self._remember(info, entry.checked_at)
            return info
        return self.describe()

    @contextmanager
    def as_of(self, info: DatasetInfo) -> Iterator[None]:
        """Take a description as it is for several questions, in this thread: who asks compares its version himself."""
        token = _AS_OF.set((self, info))
        try:
            yield
        finally:
            _AS_OF.reset(token)

    def _remember(self, info: DatasetInfo, at: datetime | None = None) -> None:
        if self._info is not None:
            self._warn_of_drift(self._info.schema, info.schema)
        self._info, self._info_at = info, at or datetime.now(UTC)

    def _warn_of_drift(self, before: Schema, now: Schema) -> None:
        was, became = before.types(), now.types()
        changes = [f"{name} is gone" for name in was if name not in became]
        changes += [f"{name} is new" for name in became if name not in was]
        changes += [
            f"{name} was {was[name]}, is {became[name]}" for name in was if became.get(name, was[name]) != was[name]
        ]
        if changes:
            warnings.warn(
                f"The fields of '{self.dataset_id}' changed at the portal: {'; '.join(changes)}. "
                "Frames follow the new fields.",
                SchemaDriftWarning,
                stacklevel=levels_up(),
            )

    # Planning

    def bound(self, bind: Bind, info: DatasetInfo) -> Question:
        """Word the question for this schema; names that are no fields are refused here, before any request."""
        question = bind(info.schema)
        declared = {item.alias for item in question.select or () if isinstance(item, odsql.SelectItem)}
        declared |= {key.alias for key in question.group_by}
        used = odsql.field_names(question.where, question.select or (), question.group_by)
        ordered = [name for name in odsql.field_names(question.order_by) if name not in declared]
        for name in (*used, *ordered, *(name for name, _ in (*question.refine, *question.exclude))):
            info.schema.require(name)
        return question

    def plan(self, question: Question, format: str, info: DatasetInfo | None) -> Plan:
        """Choose a road from what is known, without asking."""
        if format not in FORMATS:
            raise ValueError(f"format is one of {', '.join(FORMATS)}, not {format!r}.")
        if format != "auto":
            return Plan(format, "asked for with format=")
        if self.explore.settings.offline:
            reason = self._only_the_portal(question, info)
            but = f", but only the portal answers {reason.name}: {reason.reason}" if reason else ""
            return Plan("store", f"offline: stored data only{but}")
        entry = self._usable(question, info)
        if entry is not None:
            answer = "answered on this machine" if _is_whole(entry) else "this very answer was kept"
            return Plan("store", f"stored and current: {answer}", entry)
        if self._too_long(question):
            return Plan("store", "too long for an address: the whole dataset is fetched once and asked on this machine")
        plan = self._portal_plan(question, info)
        reason = self._only_the_portal(question, info)
        if reason is None or info is None or self.kept.find(version=info.version) is None:
            return plan
        return replace(
            plan, reason=f"stored, but only the portal answers {reason.name}: {reason.reason}; {plan.reason}"
        )

    def _portal_plan(self, question: Question, info: DatasetInfo | None) -> Plan:
        if question.is_aggregate or question.is_grouped:
            return Plan("records", "the portal computes groups; one page holds them")
        if question.limit is not None and question.limit <= PAGE:
            return Plan("records", f"at most {PAGE} rows: one page")
        if info is not None and info.records_count is not None and info.records_count <= PAGE:
            return Plan("records", f"a dataset of at most {PAGE} rows: one page")
        return Plan("parquet", "bulk: one export, the leanest format")

    def _too_long(self, question: Question) -> bool:
        return len(urlencode(question.params())) > LONGEST_QUERY

    def _usable(self, question: Question, info: DatasetInfo | None) -> Entry | None:
        """Find the stored data that answer this question at the version in `info`."""
        version = info.version if info else None
        if version is None:
            return None
        whole = self.kept.find(version=version)
        if whole is not None and self._only_the_portal(question, info) is None:
            return whole
        # An answer kept from a question about the present was right at its own moment only.
        text = question_text(question) if is_timeless(question) else ""
        return self.kept.find(text, version) if text else None

    def _only_the_portal(self, question: Question, info: DatasetInfo | None) -> odsql.NotEvaluable | None:
        """Say why stored data cannot answer this as the portal would; None where they can."""
        if info is None:
            return only_the_portal(question, {})
        if question == Question():
            return None
        from bdxopendata import frames

        empty = frames.empty_table(info.schema)
        return only_the_portal(question, info.schema.types(), empty, lang=self.explore.language)

    def _require_local(self, question: Question, info: DatasetInfo) -> None:
        reason = self._only_the_portal(question, info)
        if reason is not None:
            raise reason

    # Reading

    def read(self, bind: Bind, format: str = "auto") -> Reading:
        """Answer a question whole, or raise."""
        with self._hints(bind):
            try:
                return self._read(bind, format)
            except OUTAGES as error:
                reading = self._stale(bind, format, error)
                if reading is None:
                    raise
                return reading

    def _read(self, bind: Bind, format: str) -> Reading:
        if self.explore.settings.offline:
            self._refuse_forced_road_offline(format)
            return self._offline(bind)
        info = self.current()
        self._refuse_unreadable(info)
        question = self.bound(bind, info)
        plan = self.plan(question, format, info)
        if plan.road == "store":
            try:
                return self._from_store(question, info, plan.entry)
            except odsql.NotEvaluable as reason:
                if format == "store":
                    raise OfflineError(str(reason), "Leave format= out, so that the portal is asked.") from reason
                log.info("%s; asking the portal", reason)
                self._refuse_too_long(question, f", and {reason}")
                plan = self._portal_plan(question, info)
        self._refuse_too_long(question, f", and format='{format}' asks the portal")
        if plan.road == "records":
            return self._from_records(question, info, forced=format == "records")
        if format != "auto":
            return self._from_export(question, info, plan.road, forced=True)
        # Threads and processes that ask the same at once fetch it once; the others then find it stored.
        with self.store.lock(self.kept.key(question_text(question))):
            entry = self._usable(question, info)
            if entry is not None:
                return self._from_store(question, info, entry)
            return self._from_export(question, info, plan.road, forced=False)

    def count(self, bind: Bind) -> int:
        """How many rows (or groups) the question has."""
        with self._hints(bind):
            try:
                return self._count(bind)
            except OUTAGES as error:
                reading = self._stale(bind, "auto", error)
                if reading is None:
                    raise
                return int(reading.table.num_rows)

    def _count(self, bind: Bind) -> int:
        if self.explore.settings.offline:
            return int(self._offline(bind).table.num_rows)
        info = self.current()
        self._refuse_unreadable(info)
        question = self.bound(bind, info)
        if question.is_grouped or question.is_aggregate or self._usable(question, info) or self._too_long(question):
            return int(self.read(bind).table.num_rows)
        return self.exports.count(question)

    def batches(self, bind: Bind, size: int, format: str = "auto") -> Iterator[Reading]:
        """Yield a whole answer piece by piece, in bounded memory: the file is checked before the first piece.

        Its pages are read while it is handed on. What cannot be read is fetched once more as long as nothing was.
        """
        for may_repeat in (True, False):
            handed = False
            try:
                for piece in self.pieces(bind, size, format):
                    handed = True
                    yield piece
                return
            except DamagedExport as damaged:
                error = damaged.error
            if handed or not may_repeat:
                raise error
            self.note_damaged(error)

    def note_damaged(self, error: BdxOpenDataError) -> None:
        """Say that an export is fetched once more."""
        log.info("The export of %s cannot be read (%s); fetching it again", self.dataset_id, type(error).__name__)

    def pieces(self, bind: Bind, size: int, format: str = "auto") -> Iterator[Reading]:
        """Yield a whole answer piece by piece, as `batches` does, for those who can begin anew at any piece.

        Raises
        ------
        DamagedExport
            In place of the error of an export that came whole and cannot be read.
        """
        with self._hints(bind):
            pieces = self._batches(bind, size, format)
            try:
                first = next(pieces, None)
            except OUTAGES as error:
                reading = self._stale(bind, format, error)
                if reading is None:
                    raise
                pieces, first = reading.pieces(size), None
            if first is not None:
                yield first
            yield from pieces

    def _batches(self, bind: Bind, size: int, format: str) -> Iterator[Reading]:
        plan_format = format if format != "auto" else BULK_FORMATS[0]
        if self.explore.settings.offline or plan_format in ("records", "store"):
            yield from self.read(bind, format).pieces(size)
            return
        info = self.current()
        self._refuse_unreadable(info)
        question = self.bound(bind, info)
        entry = self._usable(question, info)
        if entry is not None and format == "auto" and self.store.is_whole(entry):
            if entry.record["question"] == question_text(question):
                with entry.reading() as path:
                    schema = self.source.schema(question, info)
                    yield from self._file_pieces(path, "parquet", schema, size, question, entry)
                return
            if _by_row(question):
                yield from self._evaluated_pieces(entry, size, question, info)
                return
            if not (question.order_by and question.limit is None and entry.rows > ORDERED_HERE):
                yield from self.read(bind).pieces(size)
                return
        if self._too_long(question):
            yield from self.read(bind, format).pieces(size)
            return
        with tempfile.TemporaryDirectory(prefix="bdxopendata-") as folder:
            path = Path(folder) / "export"
            export = self.exports.fetch(
                question,
                info,
                plan_format,
                path,
                lambda part, export: export.refuse_wrong_file(part),
                forced=format != "auto",
            )
            schema = self.source.schema(question, export.info)
            pieces = self._file_pieces(path, export.format, schema, size, question, export)
            while True:
                # What is raised where a piece is used is none of ours.
                try:
                    piece = next(pieces, None)
                except (UnexpectedAnswerError, IncompleteDataError) as error:
                    damaged: BdxOpenDataError = error
                    break
                if piece is None:
                    return
                yield piece
        raise DamagedExport(damaged)

    def _file_pieces(
        self,
        path: Path,
        format: str,
        schema: Schema,
        size: int,
        question: Question,
        origin: Entry | Export,
        *,
        some: bool = False,
        keep: Keep | None = None,
    ) -> Iterator[Reading]:
        from bdxopendata import formats, frames

        quality = frames.Quality()
        rows = 0
        columns = schema.names if some else None
        for raw in formats.batches(path, format, schema, size, columns=columns, typed=True, keep=keep):
            table = self.source.conformed(raw, schema, quality)
            rows += table.num_rows
            if isinstance(origin, Export):
                facts = self.source.provenance(origin.info, question, format, table.num_rows, origin.version)
            else:
                facts = self._stored_facts(self.kept.info(origin), question, origin, table.num_rows)
            yield Reading(table, schema, facts)
        if isinstance(origin, Export):
            # The file was counted by its lines where that tells its rows; what was read is counted as well.
            origin.refuse_wrong_count(rows)
        quality.warn(self.dataset_id)

    def _evaluated_pieces(self, entry: Entry, size: int, question: Question, info: DatasetInfo) -> Iterator[Reading]:
        """Answer a question that looks at one row at a time from stored data, without having them in memory.

        What is left of many pieces is joined until it holds `size` rows, so that a rare answer comes in few pieces.
        """
        from bdxopendata.formats.shape import gather

        schema = self.source.schema(question, info)
        with entry.reading() as path:
            for table in gather(self._evaluated_tables(path, entry, max(size, PIECE), question, info), size):
                yield Reading(table, schema, self._stored_facts(info, question, entry, table.num_rows))

    def _evaluated_tables(
        self, path: Path, entry: Entry, size: int, question: Question, info: DatasetInfo
    ) -> Iterator[pa.Table]:
        needed = self.source.needed(question, info)
        some, keep = needed is not info.schema, self.source.keeping(question, info)
        for piece in self._file_pieces(path, "parquet", needed, size, question, entry, some=some, keep=keep):
            try:
                yield self.source.evaluated(question, piece.table, info)
            except odsql.NotEvaluable as reason:
                raise OfflineError(str(reason), "Ask the portal with format='parquet'.") from reason

    def download(self, bind: Bind, path: Path, format: str) -> Path:
        """Put the portal's own bytes at `path`, checked and complete, or leave `path` as it was."""
        with self._hints(bind):
            return self._download(bind, path, format)

    def _download(self, bind: Bind, path: Path, format: str) -> Path:
        if self.explore.settings.offline:
            raise OfflineError(f"the portal's {format} export of '{self.dataset_id}' is not stored")
        info = self.current()
        self._refuse_unreadable(info)
        question = self.bound(bind, info)
        self._refuse_too_long(question, ", and a file of the portal's is wanted")
        # What is at the path stays until the version after the export is known to be that of before.
        place = resolved_target(path)
        disk.sweep_parts(place.parent)
        descriptor, part = disk.new_part(place.parent, f".{format}", private=False)
        os.close(descriptor)
        try:
            self.exports.fetch(
                question, info, format, part, lambda file, export: export.refuse_wrong_file(file), forced=True
            )
            disk.move_into_place(part, place)
        finally:
            disk.remove(part)
        disk.sync_folder(place.parent)
        return path

    @contextmanager
    def _hints(self, bind: Bind) -> Iterator[None]:
        """Add to a refusal what the fields tell about it."""
        try:
            yield
        except AuthenticationError:
            self.explore.refused.add(self.dataset_id)
            raise
        except QueryError as error:
            if self._info is not None:
                add_hint(error, bind(self._info.schema), self._info.schema.types())
            error.about(dataset_id=self.dataset_id)
            raise

    # Roads

    def _from_store(self, question: Question, info: DatasetInfo, entry: Entry | None) -> Reading:
        if entry is not None:
            # Within max_age nobody was asked, and the entry does not become younger by being read.
            if self._info_at is not None and self._info_at > entry.checked_at:
                self.store.mark_checked(entry, self._info_at)
            try:
                return self._answered_here(question, entry, info)
            except FileNotFoundError:
                log.info("What was stored of %s is gone; fetching it again", self.dataset_id)
        self._require_local(question, info)
        # Nothing current is kept: fetch the whole dataset once, then answer here.
        whole = self._from_export(Question(), info, BULK_FORMATS[0], forced=False)
        table = self.source.evaluated(question, whole.table, info)
        facts = self.source.provenance(info, question, "store", table.num_rows, info.version)
        return Reading(table, self.source.schema(question, info), facts)

    def _answered_here(self, question: Question, entry: Entry, info: DatasetInfo) -> Reading:
        schema, asked = self.source.schema(question, info), question
        if _is_whole(entry):
            needed = self.source.needed(question, info)
            looked_at = fields_of_conditions(question, info.schema.types())
            table = self.kept.chosen(
                entry, info.schema, needed.names, looked_at, lambda some: self.source.chosen(question, some, info)
            )
            if table is None:
                keep = self.source.keeping(question, info)
                table = self.kept.table(entry, info.schema, None if needed is info.schema else needed, keep)
            else:
                question = replace(question, where=(), refine=(), exclude=())
            table = self.source.evaluated(question, table, info)
        else:
            table = self.kept.table(entry, schema)
        return Reading(table, schema, self._stored_facts(info, asked, entry, table.num_rows))

    def _stored_facts(self, info: DatasetInfo, question: Question, entry: Entry, rows: int) -> Provenance:
        stand_in = bool(entry.record.get("stand_in"))
        return self.source.provenance(info, question, "store", rows, entry.version, entry.fetched_at, stand_in=stand_in)

    def _offline(self, bind: Bind) -> Reading:
        reading, entry = self._of_any_version(bind)
        self._warn_of_age(entry, "Offline")
        return reading

    def _stale(self, bind: Bind, format: str, error: Exception) -> Reading | None:
        """Answer from stored data in place of the portal; None where that is not wished or not possible."""
        allowed = self.explore.settings.stale_seconds
        if not allowed or format not in ("auto", "store") or self.dataset_id in self.explore.refused:
            return None
        try:
            reading, entry = self._of_any_version(bind, allowed)
        except BdxOpenDataError as reason:
            log.info("Nothing stored of %s can stand in for the portal: %s", self.dataset_id, reason)
            return None
        log.info("%s: %s; answering from stored data", self.dataset_id, excerpt(str(error), 200))
        self._warn_of_age(entry, f"{self.explore.portal.host} cannot answer ({type(error).__name__})")
        return reading

    def _of_any_version(self, bind: Bind, oldest: float = float("inf")) -> tuple[Reading, Entry]:
        """Answer from stored data without asking whether they are current; `OfflineError` where they do not suffice."""
        whole = self.kept.find()
        if whole is not None and whole.age() > oldest:
            whole = None
        cannot = ""
        if whole is not None:
            info = self.kept.info(whole)
            question = self.bound(bind, info)
            try:
                self._require_local(question, info)
                return self._answered_here(question, whole, info).as_stale(), whole
            except odsql.NotEvaluable as reason:
                cannot = str(reason)
            except FileNotFoundError:
                whole = None
        found = self._stored_question(bind)
        if found is not None:
            entry, question = found
            if entry.age() <= oldest:
                with suppress(FileNotFoundError):
                    return self._answered_here(question, entry, self.kept.info(entry)).as_stale(), entry
        if whole is None:
            raise OfflineError(
                f"'{self.dataset_id}' is not stored",
                "Read it once with Settings(offline=False); bdx.store.list() shows what is.",
            )
        raise OfflineError(f"a question about '{self.dataset_id}' needs the portal. {cannot}")

    def _stored_question(self, bind: Bind) -> tuple[Entry, Question] | None:
        """Find the stored answer to exactly this question, whatever its version."""
        for entry in self.kept.answers():
            question = self.bound(bind, self.kept.info(entry))
            if question_text(question) == entry.record["question"]:
                return entry, question
        return None

    def _warn_of_age(self, entry: Entry, why: str) -> None:
        ago = _ago(datetime.now(UTC) - entry.checked_at)
        text = f"{why}: '{self.dataset_id}' as it was {ago} ago (version {excerpt(str(entry.version), 60)})."
        log.warning("%s", text)
        warnings.warn(text, StaleDataWarning, stacklevel=levels_up())

    def _from_records(self, question: Question, info: DatasetInfo, *, forced: bool) -> Reading:
        # Also refuses, before anything is asked, what can have no columns.
        self.source.schema(question, info)
        rows, info = self._settled(question, info, all_pages=forced)
        if rows is None:
            # Groups that do not fit on a page come whole in a JSON export; records in the leanest format.
            if question.is_grouped:
                return self._from_export(question, info, "json", forced=True)
            return self._from_export(question, info, BULK_FORMATS[0], forced=False)
        from bdxopendata import formats

        schema = self.source.schema(question, info)
        table = self.source.conformed(formats.rows_to_table(rows, schema), schema)
        if not forced and question.limit is None and info.version is not None:
            self.kept.keep(question, info, table, schema)
        facts = self.source.provenance(info, question, "records", table.num_rows, info.version)
        return Reading(table, schema, facts)

    def _paged(self, question: Question, info: DatasetInfo, *, all_pages: bool) -> list[Mapping[str, Any]] | None:
        paging = Paging(self.explore, self.dataset_id)
        if question.is_aggregate:
            return paging.aggregate_row(question, info.schema)
        if question.is_grouped:
            return paging.groups(question)
        return paging.rows(question, info.schema, all_pages=all_pages)

    def _settled(
        self, question: Question, info: DatasetInfo, *, all_pages: bool
    ) -> tuple[list[Mapping[str, Any]] | None, DatasetInfo]:
        """Read records, and read them again where the dataset was processed between their pages or since `info`."""
        for _ in range(REREADS + 1):
            rows: list[Mapping[str, Any]] | None = None
            failed: BdxOpenDataError | None = None
            try:
                rows = self._paged(question, info, all_pages=all_pages)
            except IncompleteDataError as error:
                failed = error
            except QueryError as error:
                # A field that pages are put in order by may be gone.
                if not all_pages:
                    raise
                failed = error
            pages = rows is not None and len(rows) > PAGE and not question.is_grouped
            if failed is None and not pages and not self._differs(question, info, rows):
                return rows, info
            after = self.exports.described_after(failed)
            same = after.version == info.version
            if failed is not None and same:
                raise failed
            if failed is None and (same or (not pages and after.schema.types() == info.schema.types())):
                return rows, info
            log.info("%s was processed while it was read; reading it again", self.dataset_id)
            before, info = info, after
        raise failed or DatasetChangedError(self.dataset_id, before.version, info.version)

    def _differs(self, question: Question, info: DatasetInfo, rows: list[Mapping[str, Any]] | None) -> bool:
        """Whether rows have other fields than the description, which then is an older one."""
        if not rows or question.select is not None or question.is_grouped:
            return False
        return rows[0].keys() != set(info.schema.names)

    def _from_export(self, question: Question, info: DatasetInfo, format: str, *, forced: bool) -> Reading:
        place = self.store.workspace()
        try:
            return self._exported(question, info, format, place, forced=forced)
        except OSError as error:
            if error.errno != errno.ENOSPC or place is None:
                raise
            log.warning("The store's disk is full; going on in the folder for temporary files")
        return self._exported(question, info, format, None, forced=forced)

    def _exported(
        self, question: Question, info: DatasetInfo, format: str, place: Path | None, *, forced: bool
    ) -> Reading:
        with tempfile.TemporaryDirectory(prefix="bdxopendata-", dir=place) as folder:
            path = Path(folder) / "export"
            tables: list[pa.Table] = []
            contents: list[str] = []

            def opened(part: Path, export: Export) -> None:
                if export.format == "parquet":
                    # The footer tells, before any row takes memory.
                    export.refuse_wrong_file(part)
                # Decoding and typing leave a processor to spare, and the store will want the hash.
                with hashed_beside(part) as content:
                    table = self.source.opened(part, export.format, self.source.schema(question, export.info))
                export.refuse_wrong_count(table.num_rows)
                tables[:], contents[:] = [table], [content.result()]

            export = self.exports.fetch(question, info, format, path, opened, forced=forced)
            schema = self.source.schema(question, export.info)
            if not forced and export.version is not None:
                source = path if export.format == "parquet" else None
                self.kept.keep(question, export.info, tables[0], schema, source, contents[0])
        facts = self.source.provenance(export.info, question, export.format, tables[0].num_rows, export.version)
        return Reading(tables[0], schema, facts)

    # Refusals

    def _refuse_unreadable(self, info: DatasetInfo) -> None:
        if not info.data_visible:
            # An export of such a dataset would be an empty file with status 200.
            raise AuthenticationError(403, self.explore.portal.host, self.explore.transport.key_source).about(
                dataset_id=self.dataset_id
            )
        if not info.has_records:
            raise SchemaError(
                f"'{self.dataset_id}' is no table: it has no records. "
                f"See its {len(info.attachments)} attachments with .attachments, or its page {info.page_url}."
            ).about(dataset_id=self.dataset_id)

    def _refuse_too_long(self, question: Question, why: str) -> None:
        """Refuse what would not fit into an address, once no other road is left."""
        if self._too_long(question):
            size = len(urlencode(question.params()))
            raise QueryError(
                f"The question has {size:,} characters as an address, portals read at most {LONGEST_QUERY:,}{why}",
                hint="Ask in parts: fewer values in isin(…), or a simpler area.",
            )

    def _refuse_forced_road_offline(self, format: str) -> None:
        self.plan(Question(), format, None)
        if format not in ("auto", "store"):
            raise OfflineError(f"format='{format}' asks the portal", "Leave format= out, or use format='store'.")


def _by_row(question: Question) -> bool:
    """Whether each row of the answer comes from one row of the data, wherever it stands."""
    whole = question.is_grouped or question.is_aggregate or question.order_by or question.limit is not None
    return not whole


def _is_whole(entry: Entry) -> bool:
    return not entry.record["question"]


def _ago(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = seconds // length
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return f"{seconds} second{'s' if seconds != 1 else ''}"
