"""Python's cycle collector, switched off while many objects are made at once.

The collector walks all young objects again and again while geometries are made by the hundred thousand, and finds
nothing: geometries refer to nothing. Without it the same work takes less than half the time. What was made goes
straight to the oldest generation, where a long-lived frame would end up anyway, without being walked once on the way.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_inside = 0
_was_enabled = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector; it runs again when the last of all threads inside has left, if it ran before."""
    global _inside, _was_enabled
    with _lock:
        if _inside == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0 and _was_enabled:
                _settle()
                gc.enable()


def _settle() -> None:
    """Call all objects old, by the only way there is; not where somebody uses it to hide objects from the collector."""
    if gc.get_freeze_count() == 0:
        gc.freeze()
        gc.unfreeze()
