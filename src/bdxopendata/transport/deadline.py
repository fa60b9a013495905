"""How long one call may take in all: waits, retries and reading together.

Time-outs of sockets bound the silence between two bytes only; a server that drips never meets one.
"""

from __future__ import annotations

import time

from bdxopendata.errors import DeadlineExceededError


class Deadline:
    """A moment of the monotonic clock, so that a change of the wall clock neither shortens nor lengthens a call."""

    def __init__(self, seconds: float, host: str, doing: str) -> None:
        self.seconds = seconds
        self.host = host
        self.doing = doing
        self._end = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._end - time.monotonic())

    def is_over(self) -> bool:
        """Whether no time is left."""
        return time.monotonic() >= self._end

    def error(self, attempts: int = 1) -> DeadlineExceededError:
        """Make the error that says the time is over."""
        return DeadlineExceededError(self.host, self.seconds, self.doing, attempts)
