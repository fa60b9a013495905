"""What is kept, and under which key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bdxopendata.store import files, names, records

# Clocks of one machine are set back by a little all the time.
CLOCK_TOLERANCE = 5.0


@dataclass(frozen=True, slots=True)
class StoreKey:
    """What an entry answers: a question ("" for the whole dataset) as seen with one key (None: anonymous)."""

    portal: str
    dataset_id: str
    fingerprint: str | None = None
    question: str = ""

    @property
    def digest(self) -> str:
        """One-way name of the key."""
        return names.digest(self.portal, self.dataset_id, self.fingerprint or "", self.question)

    def entry_name(self, version: str) -> str:
        """Stem of the record's name."""
        return f"{self.digest}-{names.digest(version)}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One kept export.

    Attributes
    ----------
    path
        The parquet file.
    record
        What is known of it: portal, dataset_id, version, rows, bytes, hash, fetched_at, checked_at, question,
        format_version, library_version, and what the caller of `Store.put` added.
    """

    path: Path
    record: Mapping[str, Any]
    record_path: Path = field(repr=False)

    @property
    def decoded(self) -> Path:
        """Where its decoded copy is, if there is one."""
        return names.decoded_of(self.path)

    @property
    def bytes(self) -> int:
        """Bytes on disk, the decoded copy included."""
        try:
            copied = self.decoded.lstat().st_size
        except OSError:
            copied = 0
        return int(self.record["bytes"]) + copied

    @property
    def version(self) -> str:
        """The portal's stamp of the data."""
        return str(self.record["version"])

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.record["rows"])

    @property
    def fetched_at(self) -> datetime:
        """When it was fetched."""
        return records.moment(self.record["fetched_at"])

    @property
    def checked_at(self) -> datetime:
        """When the portal last said that this is the current version."""
        return records.moment(self.record["checked_at"])

    def age(self, now: datetime | None = None) -> float:
        """Seconds since the portal last said that this is the current version.

        Infinite for an entry from the future: a clock was set back, and nothing is known of its age.
        """
        seconds = ((now or datetime.now(UTC)) - self.checked_at).total_seconds()
        return max(0.0, seconds) if seconds >= -CLOCK_TOLERANCE else float("inf")

    @contextmanager
    def reading(self) -> Iterator[Path]:
        """Keep the file from being removed while it is read, by whichever process.

        Raises
        ------
        FileNotFoundError
            If it is gone already.
        """
        with files.reading(self.path) as path:
            yield path
