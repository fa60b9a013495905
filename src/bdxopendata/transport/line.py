"""A line to a portal that can be cut while someone speaks, so that stopping need not wait for an answer.

A thread that waits for a socket cannot be told to leave. Its sockets can be shut down, though: then it wakes, and the
line opens no other.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref


class CutError(Exception):
    """The line was cut; no request goes out any more."""


class Line:
    """The sockets under way, and whether there may be others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self.is_cut: bool = False

    def cut(self) -> None:
        """Shut down what is open, and allow nothing more."""
        with self._lock:
            self.is_cut = True
            for one in self._sockets:
                # Not the method of a TLS socket, which would first tear down what the other thread reads from.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(one, socket.SHUT_RDWR)

    def opened(self, one: socket.socket | None) -> None:
        """Take note of a new socket; `CutError` if there may be none any more."""
        with self._lock:
            self.check()
            if one is not None:
                self._sockets.add(one)

    def check(self) -> None:
        """Raise `CutError` if the line is cut."""
        if self.is_cut:
            raise CutError
