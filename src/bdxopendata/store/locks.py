"""One at a time fetches an entry, as far as locks work here: they save downloads, and nothing depends on them."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

log: logging.Logger = logging.getLogger("bdxopendata")

LOCK_SECONDS = 30.0


class _Entered(threading.local):
    """The locks that this thread has waited for, and whether it got them."""

    def __init__(self) -> None:
        self.marks: dict[tuple[int, Path], bool] = {}


_ENTERED = _Entered()


@contextmanager
def lock(path: Path, timeout: float | None, what: str) -> Iterator[bool]:
    """Hold the lock of a file; yield whether it could be had. `what` names it in the log."""
    mark = (os.getpid(), path)
    if mark in _ENTERED.marks:
        # This thread waited already: it would wait for itself, or once more for what it could not have.
        yield _ENTERED.marks[mark]
        return
    held = _acquire(path, LOCK_SECONDS if timeout is None else timeout, what)
    _ENTERED.marks[mark] = held is not None
    try:
        yield held is not None
    finally:
        del _ENTERED.marks[mark]
        if held is not None:
            with suppress(OSError):
                held.release()


def _acquire(path: Path, timeout: float, what: str) -> BaseFileLock | None:
    try:
        one = FileLock(path, timeout=timeout, mode=0o600)
        one.acquire()
    except Timeout:
        log.warning("Another process holds the lock of '%s'; going on without", what)
    except (OSError, NotImplementedError) as error:
        log.warning("No lock for '%s': %s; going on without", what, type(error).__name__)
    else:
        return one
    return None
