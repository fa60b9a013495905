"""What did not fit: counted while a table is typed, told once at the end."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator

from bdxopendata.errors import DataQualityWarning, excerpt, levels_up

# The problems, in the words that follow a number of values.
NOT_A_NUMBER = "no number, now missing"
NOT_WHOLE = "no whole number, now missing"
TOO_LARGE = "too large for a double, now missing"
BEYOND_64_BITS = "beyond 64 bits, so the column is text"
NOT_BOOLEAN = "neither true nor false, now missing"
NOT_A_DATE = "no date, now missing"
NOT_A_TIME = "no date and time, now missing"
NO_OFFSET = "without a time zone, read as UTC"
NOT_A_GEOMETRY = "no geometry that can be used, now missing"
OFF_THE_EARTH = "outside longitude and latitude, now missing"
NOT_A_FILE = "no file, now missing"
NOT_TEXT = "no text, now missing"
REPLACED = "with characters that cannot be written, now U+FFFD"

SHOWN = 20


class Quality:
    """Counts of values by column and problem.

    Attributes
    ----------
    counts
        Number of values by ``(column, problem)``, in the order in which they were met.
    """

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {}

    def add(self, column: str, problem: str, count: int = 1) -> None:
        """Count values of a column that have a problem; a count of zero leaves no trace."""
        if count:
            key = (column, problem)
            self.counts[key] = self.counts.get(key, 0) + int(count)

    def of(self, columns: Collection[str]) -> Quality:
        """Give the counts of some columns."""
        some = Quality()
        some.counts = {key: count for key, count in self.counts.items() if key[0] in columns}
        return some

    def merge(self, other: Quality) -> None:
        """Add the counts of another part of the same data."""
        for (column, problem), count in other.counts.items():
            self.add(column, problem, count)

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __iter__(self) -> Iterator[tuple[str, str, int]]:
        for (column, problem), count in self.counts.items():
            yield column, problem, count

    def __str__(self) -> str:
        lines = [
            f"{excerpt(column, 80)}: {count:,} {'value' if count == 1 else 'values'} {problem}"
            for column, problem, count in self
        ]
        hidden = len(lines) - SHOWN
        return "; ".join([*lines[:SHOWN], *([f"and {hidden} more"] if hidden > 0 else [])])

    def __repr__(self) -> str:
        return f"Quality({self})"

    def warn(self, dataset_id: str | None = None) -> None:
        """Tell all of it in one `DataQualityWarning`; nothing to tell, no warning.

        The warning points at the line outside this library that asked for the data.
        """
        if self:
            of = f" of '{excerpt(dataset_id, 80)}'" if dataset_id else ""
            text = f"Values{of} that do not fit their type: {self}. Compare with .to_arrow() or .download()."
            warnings.warn(DataQualityWarning(text), stacklevel=levels_up())
