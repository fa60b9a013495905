"""When to ask again: on a schedule that cannot run ahead, later after failures, and so that the quota lasts.

The schedule is a grid on the monotonic clock. A poll that took too long, a computer that slept or a wall clock that was
set makes ticks pass; they are not made up for, and the next one is on the grid again.
"""

from __future__ import annotations

import math
import os
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bdxopendata.topics import when
from bdxopendata.transport import Quota

# The fastest feed of the portal moves every ten seconds.
SHORTEST = 10.0
# Many who start on the full minute do not ask in the same second: each tick is moved by up to this share.
JITTER = 0.1
LONGEST_BACK_OFF = 1800.0
LONGEST_STRETCH = 24 * 3600.0
# After the reset of a quota, so that a clock a little ahead of the portal's is not refused once more.
AFTER_RESET = 2.0
# How often a wait looks at an event that is not its own, in seconds.
GLANCE = 0.2

# Replaced by tests; looked up at each call.
jitter: Callable[[float, float], float] = random.uniform


class Stop:
    """Whether to stop: its own flag, or the caller's event."""

    def __init__(self, event: threading.Event | None = None) -> None:
        self._own = threading.Event()
        self._event = event

    def set(self) -> None:
        """Stop; the caller's event stays as it is, since others may look at it."""
        self._own.set()

    def is_set(self) -> bool:
        """Whether either says so."""
        return self._own.is_set() or (self._event is not None and self._event.is_set())

    def wait(self, seconds: float) -> bool:
        """Wait until either says so, at most `seconds`; return whether one does."""
        # On Windows an interrupt by the user waits for the end of a wait, so waits are short there.
        if self._event is None and os.name != "nt":
            return self._own.wait(seconds)
        event = self._event if self._event is not None else self._own
        end = time.monotonic() + seconds
        while not self.is_set() and (left := end - time.monotonic()) > 0:
            event.wait(min(left, GLANCE))
        return self.is_set()


class Clock:
    """The time; tests put one in its place that does not wait."""

    def monotonic(self) -> float:
        """Seconds on a clock that nobody sets."""
        return time.monotonic()

    def now(self) -> datetime:
        """Tell the time of day, in UTC."""
        return datetime.now(UTC)

    def wait(self, stop: Stop, seconds: float) -> bool:
        """Wait; return whether to stop."""
        return stop.wait(seconds)


class Pace:
    """The waits between polls.

    Parameters
    ----------
    every
        Seconds between polls when all is well.
    clock
        The time.
    """

    def __init__(self, every: float, clock: Clock) -> None:
        self.every = every
        self._clock = clock
        self._start = clock.monotonic()
        self._tick = 0

    def next_tick(self) -> float:
        """Seconds until the next tick that has not passed yet."""
        now = self._clock.monotonic()
        self._tick = max(self._tick, math.floor((now - self._start) / self.every)) + 1
        due = self._start + (self._tick + jitter(-JITTER, JITTER)) * self.every
        return max(0.0, due - now)

    def back_off(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row: longer each time, and never the same for everyone."""
        longest = max(LONGEST_BACK_OFF, self.every)
        # Beyond this power the longest is reached whatever the interval.
        length = min(longest, self.every * 2.0 ** min(failures, 30))
        return length / 2 + jitter(0.0, length / 2)

    def stretched(self, quota: Quota | None, cost: int) -> float:
        """Least seconds to wait so that the calls left last until the reset, at `cost` calls a poll."""
        if quota is None:
            return 0.0
        pairs = ((quota.remaining, quota.reset_at), (quota.dataset_remaining, quota.dataset_reset_at))
        return max(self._share(left, reset, cost) for left, reset in pairs)

    def _share(self, left: int | None, reset: datetime | None, cost: int) -> float:
        if left is None or reset is None:
            return 0.0
        polls = left // max(cost, 1)
        seconds = self.until(reset)
        return min(LONGEST_STRETCH, seconds / polls if polls else seconds)

    def until(self, moment: datetime) -> float:
        """Seconds until shortly after a moment of the wall clock; 0 where it has passed."""
        left = (moment - self._clock.now()).total_seconds()
        return left + AFTER_RESET if left > 0 else 0.0


# Replaced by tests; looked up when a watch begins.
clock: Clock = Clock()


def seconds_of(every: when.Span) -> float:
    """Check an interval: seconds, a timedelta, or text with a unit, above 0."""
    interval = when.span(every, "every")
    if interval is None or not interval:
        raise ValueError(f"every is an interval above 0 seconds, not {every!r}.")
    return interval.total_seconds()
