"""How many calls are left, as the portal last said.

Numbers can be larger than any machine integer, and the reset is a text with a blank in it rather than an epoch.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bdxopendata.errors import QuotaWarning

LOW_SHARE = 0.05
_NUMBER = re.compile(r"\s*([0-9]{1,100})\s*\Z")
_EPOCH = re.compile(r"[0-9]{9,13}(\.[0-9]+)?\Z")


@dataclass(frozen=True, slots=True)
class Quota:
    """Calls allowed and left at one portal; each value is None where the portal does not say.

    Attributes
    ----------
    host
        The portal's host.
    limit, remaining, reset_at
        For the whole portal; `reset_at` is in UTC.
    dataset_limit, dataset_remaining, dataset_reset_at
        For the dataset last asked, where it has its own.
    """

    host: str
    limit: int | None = None
    remaining: int | None = None
    reset_at: datetime | None = None
    dataset_limit: int | None = None
    dataset_remaining: int | None = None
    dataset_reset_at: datetime | None = None

    @property
    def is_low(self) -> bool:
        """Whether less than a twentieth is left, of the portal's or of the dataset's calls."""
        pairs = ((self.limit, self.remaining), (self.dataset_limit, self.dataset_remaining))
        return any(
            limit is not None and remaining is not None and remaining < limit * LOW_SHARE for limit, remaining in pairs
        )


def read_quota(headers: Mapping[str, str], host: str) -> Quota | None:
    """Read the headers of an answer; None where they say nothing."""
    quota = Quota(
        host,
        _integer(headers.get("X-RateLimit-Limit")),
        _integer(headers.get("X-RateLimit-Remaining")),
        read_moment(headers.get("X-RateLimit-Reset")),
        _integer(headers.get("X-RateLimit-dataset-Limit")),
        _integer(headers.get("X-RateLimit-dataset-Remaining")),
        read_moment(headers.get("X-RateLimit-dataset-Reset")),
    )
    return quota if quota != Quota(host) else None


def read_moment(value: object) -> datetime | None:
    """Read a moment as the portal writes it: ISO with ``T`` or a blank, or an epoch; None for anything else."""
    text = str(value).strip() if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    try:
        if _EPOCH.match(text):
            seconds = float(text)
            return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _integer(text: str | None) -> int | None:
    match = _NUMBER.match(text or "")
    return int(match[1]) if match else None


class QuotaBoard:
    """The last quota seen by this process, and which warnings were given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: Quota | None = None
        self._warned: set[tuple[str, datetime | None]] = set()

    def note(self, quota: Quota) -> None:
        """Keep what the portal said."""
        self._last = quota

    def warn_if_low(self, quota: Quota) -> None:
        """Warn once per window when little is left."""
        window = (quota.host, quota.reset_at)
        with self._lock:
            due = quota.is_low and window not in self._warned
            if due:
                self._warned.add(window)
        if due:
            until = f" until {quota.reset_at:%Y-%m-%d %H:%M} UTC" if quota.reset_at else ""
            left = quota.remaining if quota.remaining is not None else quota.dataset_remaining
            of = quota.limit if quota.limit is not None else quota.dataset_limit
            warnings.warn(
                f"{quota.host} accepts {left} more calls{until} (of {of}). An API key raises the quota; "
                "Settings(max_age=…) asks less often.",
                QuotaWarning,
                stacklevel=4,
            )

    def last(self) -> Quota | None:
        """Return the last quota seen."""
        return self._last

    def forget(self) -> None:
        """Start anew, as a new process would."""
        self.__init__()  # type: ignore[misc]  # the object is shared; its state is what is renewed


BOARD = QuotaBoard()


def last_quota() -> Quota | None:
    """Tell the calls left at the portal last asked by this process; None before the first answer that says so."""
    return BOARD.last()
