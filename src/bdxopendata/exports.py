"""Exports, fetched whole and of one version.

Their rows are counted against what the portal announces, and they are read again where it moved on meanwhile.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bdxopendata.errors import (
    BdxOpenDataError,
    DataQualityWarning,
    DatasetChangedError,
    IncompleteDataError,
    PortalError,
    UnexpectedAnswerError,
    levels_up,
)
from bdxopendata.explore import Explore
from bdxopendata.metadata import DatasetInfo, moment_of
from bdxopendata.odsql import Question
from bdxopendata.progress import Progress

log: logging.Logger = logging.getLogger("bdxopendata")

# Where the portal does not export the first, the next is asked.
BULK_FORMATS = ("parquet", "jsonl")

# How often a dataset that was processed while it was read is read again.
REREADS = 2

# A dataset processed so shortly before it is read is taken for a real-time one.
REAL_TIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Export:
    """An export on its way: what was asked, what it must hold, and under which version."""

    info: DatasetInfo
    question: Question
    format: str
    expected: int | None
    version: str | None

    def refuse_wrong_count(self, got: int) -> None:
        """Refuse another number of rows than announced."""
        if self.expected is not None and got != self.expected:
            raise IncompleteDataError(self.info.dataset_id, self.expected, got, f"the {self.format} export")

    def refuse_wrong_file(self, path: Path) -> None:
        """Count the rows of a file without keeping them in memory."""
        from bdxopendata import formats

        if self.format in formats.FORMATS:
            self.refuse_wrong_count(formats.count_rows(path, self.format))
        elif path.stat().st_size == 0:
            raise IncompleteDataError(self.info.dataset_id, self.expected or 1, 0, f"the {self.format} export")


@dataclass(frozen=True, slots=True)
class Exports:
    """The exports of one dataset.

    Attributes
    ----------
    explore, dataset_id
        Whom to ask, and about what.
    describe
        Asks for the description of the dataset.
    """

    explore: Explore
    dataset_id: str
    describe: Callable[[], DatasetInfo]

    def fetch(
        self,
        question: Question,
        info: DatasetInfo,
        format: str,
        target: Path,
        check: Callable[[Path, Export], None],
        *,
        forced: bool,
    ) -> Export:
        """Fetch an export into `target`, complete and of one version.

        The version is read before and after; a dataset that was processed meanwhile is read again.
        """
        before = info
        for reread in range(REREADS + 1):
            failed: BdxOpenDataError | None = None
            try:
                export = self._asked(question, before, format, target, check, forced=forced)
            except (IncompleteDataError, UnexpectedAnswerError) as error:
                # Count or fields may have changed between the questions for them and the export.
                failed = error
            after = self.described_after(failed)
            if after.version == before.version:
                if failed is not None:
                    raise failed
                return export
            log.info("%s was processed while it was read; reading it again", self.dataset_id)
            if reread < REREADS:
                before = after
        if failed is not None:
            raise failed
        if not is_real_time(before):
            raise DatasetChangedError(self.dataset_id, before.version, after.version)
        warnings.warn(
            f"'{self.dataset_id}' is processed faster than it can be read: rows of two moments may be mixed.",
            DataQualityWarning,
            stacklevel=levels_up(),
        )
        return replace(export, version=None)

    def described_after(self, failed: BdxOpenDataError | None) -> DatasetInfo:
        """Describe the dataset again after it was read; where that fails too, what failed first is the reason."""
        try:
            return self.describe()
        except BdxOpenDataError:
            if failed is not None:
                raise failed from None
            raise

    def _asked(
        self,
        question: Question,
        info: DatasetInfo,
        format: str,
        target: Path,
        check: Callable[[Path, Export], None],
        *,
        forced: bool,
    ) -> Export:
        """Ask for one export, in the next format where the portal does not have this one."""
        expected = self._expected(question)
        candidates = (format,) if forced else BULK_FORMATS[BULK_FORMATS.index(format) :]
        for candidate in candidates:
            export = Export(info, question, candidate, expected, info.version)
            try:
                with Progress(self.dataset_id, self.explore.settings.progress, rows=expected) as progress:
                    self.explore.export(
                        self.dataset_id,
                        candidate,
                        self._params(question, candidate),
                        lambda part, export=export: check(part, export),  # type: ignore[misc]  # a default binds it
                        target=target,
                        on_bytes=progress.add,
                    )
            except PortalError as error:
                if candidate == candidates[-1] or error.status_code != 404 or error.code != "NotFoundURI":
                    raise
                log.warning("%s is not exported as %s", self.dataset_id, candidate)
                continue
            return export
        raise AssertionError("the last candidate returned or raised")

    def _params(self, question: Question, format: str) -> list[tuple[str, str]]:
        from bdxopendata import formats

        own = formats.FORMATS[format].parameters if format in formats.FORMATS else ()
        limit = [("limit", str(question.limit))] if question.limit is not None else []
        if question.is_aggregate:
            limit = [("limit", "1")]
        return [*question.params(), *own, *limit]

    def _expected(self, question: Question) -> int | None:
        """How many rows an export must hold; None where the portal does not say (groups)."""
        if question.is_grouped:
            return None
        return 1 if question.is_aggregate else self.count(question)

    def count(self, question: Question) -> int:
        """How many rows a question has, by the portal's own count."""
        total = self.explore.count(self.dataset_id, replace(question, select=None, order_by=()).params())
        return total if question.limit is None else min(total, question.limit)


def is_real_time(info: DatasetInfo) -> bool:
    """Whether a dataset is processed all the time: as it says itself, or because it was a moment ago."""
    if info.update_frequency == "UPDATE_CONT":
        return True
    try:
        processed = moment_of(info.version)
    except ValueError:
        return False
    return abs(datetime.now(UTC) - processed) < REAL_TIME
