"""A line to the portal that can be cut while someone speaks, so that stopping need not wait for an answer.

A thread that waits for a socket cannot be told to leave. Its sockets can be shut down, though: then it wakes, and the
line opens no other.
"""

from __future__ import annotations

import contextlib
import copy
import socket
import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from urllib3 import PoolManager, ProxyManager, Retry

from bdxopendata.catalog import Catalog
from bdxopendata.explore import Explore
from bdxopendata.transport import Quota, Transport, punctual
from bdxopendata.transport.deadline import Deadline
from bdxopendata.transport.retries import Failure
from bdxopendata.transport.session import Sessions

T = TypeVar("T")


class CutError(Exception):
    """The line was cut; no request goes out any more."""


class Line:
    """The sockets under way, and whether there may be others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self.is_cut = False

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


class LineTransport(Transport):
    """The transport of another catalogue, on a line of its own."""

    def __init__(self, like: Transport, line: Line) -> None:
        super().__init__(like.portal, like.settings)
        self._line = line
        self._sessions = _LineSessions(line)

    def _repeat(self, attempt: Callable[[], T], limit: Deadline, what: str) -> T:
        def checked() -> T:
            self._line.check()
            try:
                return attempt()
            except Failure:
                # Nobody waits for another attempt, so there is no pause before one.
                self._line.check()
                raise

        return super()._repeat(checked, limit, what)


def on(line: Line, catalog: Catalog) -> Catalog:
    """Make a catalogue like another, whose requests take this line."""
    made = copy.copy(catalog)
    made.explore = Explore(catalog.portal, catalog.settings)
    made.explore.transport = LineTransport(catalog.explore.transport, line)
    made.explore.known_ids = catalog.explore.known_ids
    return made


def quota_of(catalog: Catalog) -> Quota | None:
    """Tell the calls left, as the portal of a catalogue last said."""
    return catalog.explore.transport.quota


class _LineSessions(Sessions):
    """Sessions whose connections are on the line."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line
        self._mounted: requests.Session | None = None

    def get(self) -> requests.Session:
        session = super().get()
        if self._mounted is not session:
            for scheme in ("https://", "http://"):
                session.mount(scheme, _LineAdapter(self._line))
            self._mounted = session
        return session

    def drop(self) -> None:
        super().drop()
        self._mounted = None


class _LineAdapter(punctual.PunctualAdapter):
    def __init__(self, line: Line) -> None:
        self._pools = _pools(line)
        super().__init__(max_retries=Retry(total=0, read=False, redirect=0))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._use(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        manager = super().proxy_manager_for(*args, **kwargs)
        self._use(manager)
        return manager

    def _use(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = self._pools


def _pools(line: Line) -> dict[str, Any]:
    """Pools whose connections take the line, by scheme."""

    class Plain(punctual._Connection):
        def connect(self) -> None:
            super().connect()
            line.opened(self.sock)

    class Secure(punctual._SecureConnection):
        def connect(self) -> None:
            super().connect()
            line.opened(self.sock)

    class PlainPool(punctual._Pool):
        ConnectionCls = Plain

    class SecurePool(punctual._SecurePool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
