"""Live data: when they were observed, how old that is, and whether the feed stands still."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bdxopendata.errors import StaleDataWarning, levels_up

if TYPE_CHECKING:
    import pandas as pd

ZONE = "Europe/Paris"

# Live feeds of the portal are refreshed every few minutes; one that has not moved for this long stands still.
STANDING = timedelta(hours=1)


def now() -> datetime:
    """Tell the time, in UTC; tests put another clock in its place."""
    return datetime.now(UTC)


def observe(
    frame: pd.DataFrame,
    column: str = "observed_at",
    *,
    stale_after: timedelta | None = STANDING,
    moving: pd.Series | None = None,
) -> None:
    """Put ``observed_at`` in local time, add ``age`` right after it, and warn of a feed that stands still.

    Parameters
    ----------
    frame
        Changed in place; `column` holds moments.
    column
        When each row was observed.
    stale_after
        Warn when even the newest row is older; None never warns.
    moving
        Which rows the feed refreshes, where others stay as they are for years; by default all.

    Warns
    -----
    StaleDataWarning
        If the newest row is older than `stale_after`.
    """
    moments = frame[column].dt.tz_convert(ZONE)
    frame[column] = moments
    # A clock that is a little behind the portal's makes nothing younger than new.
    age = (now() - moments).clip(lower=timedelta(0)).astype("timedelta64[us]")
    if "age" in frame:
        frame["age"] = age
    else:
        frame.insert(list(frame.columns).index(column) + 1, "age", age)
    warn(frame if moving is None else frame[moving], stale_after=stale_after)


def warn(frame: pd.DataFrame, *, stale_after: timedelta | None = STANDING) -> None:
    """Warn when even the newest row of a frame with ``age`` is older than `stale_after`."""
    newest = frame["age"].min() if len(frame) else None
    if stale_after is None or newest is None or not newest > stale_after:
        return
    facts = frame.attrs.get("bdxopendata", {})
    sample = " (sample rows of the stand-in portal)" if facts.get("stand_in") else ""
    warnings.warn(
        f"The newest row of '{facts.get('dataset_id', 'this frame')}'{sample} is {spoken(newest)} old: the feed stands "
        "still, or the data were stored. Each row's age is in the column 'age'; stale_after= sets the threshold.",
        StaleDataWarning,
        stacklevel=levels_up(),
    )


def spoken(age: timedelta) -> str:
    """Word a span the way people say it: ``3 days``, ``2 hours``."""
    seconds = int(age.total_seconds())
    for name, length in (("year", 31_557_600), ("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {name}s"
    return f"{seconds} seconds"
