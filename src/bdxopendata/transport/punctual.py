"""Connections that look at the deadline at each read, of headers too.

A time-out of a socket starts anew with each byte, so a server that drips its headers could hold a call for hours.
"""

from __future__ import annotations

import http.client
import io
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from bdxopendata.transport.deadline import Deadline
from bdxopendata.transport.line import Line


class _Current(threading.local):
    deadline: Deadline | None = None


# The deadline of the call that this thread is in: there is no way to hand it through the layers between.
CURRENT = _Current()


class _PunctualReader(io.RawIOBase):
    """Reads a socket, waiting no longer than the deadline allows."""

    def __init__(self, raw: Any, sock: Any, deadline: Deadline) -> None:
        self._raw = raw
        self._socket = sock
        self._deadline = deadline
        self._timeout = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._deadline.is_over():
            raise TimeoutError("the deadline has passed")
        left = max(self._deadline.remaining, 0.001)
        self._socket.settimeout(left if self._timeout is None else min(self._timeout, left))
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PunctualResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        if CURRENT.deadline is not None:
            self.fp = io.BufferedReader(_PunctualReader(self.fp.detach(), sock, CURRENT.deadline))


class _Connection(HTTPConnection):
    response_class = _PunctualResponse


class _SecureConnection(HTTPSConnection):
    response_class = _PunctualResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _pools_on(line: Line) -> dict[str, Any]:
    """Make pools whose connections are on a line, by scheme."""

    class Plain(_Connection):
        def connect(self) -> None:
            super().connect()
            line.opened(self.sock)

    class Secure(_SecureConnection):
        def connect(self) -> None:
            super().connect()
            line.opened(self.sock)

    class PlainPool(_Pool):
        ConnectionCls = Plain

    class SecurePool(_SecurePool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class PunctualAdapter(HTTPAdapter):
    """The adapter of requests, with such connections below it, also towards proxies.

    Parameters
    ----------
    line
        Takes note of each socket that is opened, so that it can be cut.
    """

    def __init__(self, *args: Any, line: Line | None = None, **kwargs: Any) -> None:
        # The base class makes its first pools at once.
        self._pools = {"http": _Pool, "https": _SecurePool} if line is None else _pools_on(line)
        super().__init__(*args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self._use_pools(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        """Make the pools of connections through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        self._use_pools(manager)
        return manager

    def _use_pools(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = self._pools
