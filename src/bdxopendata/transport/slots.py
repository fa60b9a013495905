"""How many requests may be under way at once to one host.

Counted for the whole process: sixteen threads with a catalogue each are still one visitor to the portal. Processes that
work together are one visitor too: they hand in a gate, which is asked as well.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from bdxopendata.transport.deadline import Deadline
from bdxopendata.transport.retries import Failure, Kind

# Waits for a place at most so many seconds; says whether there was one, which is held until it is left.
Gate = Callable[[float], AbstractContextManager[bool]]


class Slots:
    """Places for requests, by host."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Free every place, with a lock that no thread of a parent process holds."""
        self._changed = threading.Condition()
        self._taken: Counter[str] = Counter()
        self._gates: dict[str, list[Gate]] = {}

    @contextmanager
    def shared(self, host: str, gate: Gate) -> Iterator[None]:
        """Ask `gate` too before each request to `host`, as long as this lasts."""
        with self._changed:
            self._gates.setdefault(host, []).append(gate)
        try:
            yield
        finally:
            with self._changed:
                self._gates[host].remove(gate)

    @contextmanager
    def one(self, host: str, most: int, deadline: Deadline) -> Iterator[None]:
        """Hold one of `most` places at `host`, waiting for one until the deadline."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._taken[host] < most, timeout=deadline.remaining):
                raise Failure(Kind.FINAL, deadline.error)
            self._taken[host] += 1
            gates = self._gates.get(host)
            gate = gates[-1] if gates else None
        try:
            with ExitStack() as held:
                if gate is not None and not held.enter_context(gate(deadline.remaining)):
                    raise Failure(Kind.FINAL, deadline.error)
                yield
        finally:
            with self._changed:
                self._taken[host] -= 1
                self._changed.notify_all()


SLOTS = Slots()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SLOTS.clear)
