"""How many requests may be under way at once to one host.

Counted for the whole process: sixteen threads with a catalogue each are still one visitor to the portal.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bdxopendata.transport.deadline import Deadline
from bdxopendata.transport.retries import Failure, Kind


class Slots:
    """Places for requests, by host."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Free every place, with a lock that no thread of a parent process holds."""
        self._changed = threading.Condition()
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self, host: str, most: int, deadline: Deadline) -> Iterator[None]:
        """Hold one of `most` places at `host`, waiting for one until the deadline."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._taken[host] < most, timeout=deadline.remaining):
                raise Failure(Kind.FINAL, deadline.error)
            self._taken[host] += 1
        try:
            yield
        finally:
            with self._changed:
                self._taken[host] -= 1
                self._changed.notify_all()


SLOTS = Slots()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SLOTS.clear)
