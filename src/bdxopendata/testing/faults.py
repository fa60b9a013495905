"""Faults on request: what a portal does on a bad day, for the tests of those who depend on one.

A fault is about some requests (`About`) and happens a number of times, or until it is taken away. Each control of
`StandIn` that makes one returns a `Fault`, which counts how often it happened.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import quote

from bdxopendata.testing.bodies import JSON_TYPE, Reply
from bdxopendata.testing.log import Request

# What a proxy in front of a portal says, with status 200 at times.
PAGE = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Service indisponible</h1></body></html>"


@dataclass(frozen=True, slots=True)
class About:
    """Which requests a fault is about: all, those about one dataset, those whose path ends or goes on so."""

    dataset: str | None = None
    path: str | None = None

    def holds(self, request: Request) -> bool:
        """Whether a request is meant."""
        inside = f"/datasets/{quote(self.dataset, safe='')}" if self.dataset is not None else ""
        right_dataset = not inside or f"{request.path}/".find(f"{inside}/") >= 0
        return right_dataset and (self.path is None or self.path in request.path)


class Fault:
    """A fault that is in force until it has happened often enough, or until it is taken away.

    In a ``with`` block it is taken away at the end.

    Attributes
    ----------
    happened
        How often it has happened.
    """

    def __init__(self, about: About, times: int | None, remove: Callable[[], None]) -> None:
        if times is not None and times < 1:
            raise ValueError(f"times is at least 1, or None for as long as it is there, not {times}.")
        self.happened: int = 0
        self._about = about
        self._left = times
        self._remove = remove
        self._lock = threading.Lock()

    def strikes(self, request: Request) -> bool:
        """Whether it happens to a request; it is counted then."""
        if not self._about.holds(request):
            return False
        with self._lock:
            if self._left == 0:
                return False
            if self._left is not None:
                self._left -= 1
            self.happened += 1
            return True

    def end(self) -> None:
        """Take it away; once is enough."""
        with self._lock:
            self._left = 0
        self._remove()

    def __enter__(self) -> Fault:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


def failure(status: int, message: str) -> Reply:
    """Make an error in the words of a portal."""
    body = json.dumps({"error_code": "InternalServerError" if status >= 500 else "Error", "message": message})
    return Reply(status, body.encode(), {"content-type": JSON_TYPE})


def page(status: int) -> Reply:
    """Make a page for people where data were asked for."""
    return Reply(status, PAGE.encode(), {"content-type": "text/html; charset=utf-8"})


def torn(reply: Reply, after: int) -> Reply:
    """Break the connection after some bytes of an answer."""
    reply.cut_after = after
    return reply


def paused(reply: Reply, pause: Callable[[float], object], seconds: float) -> Reply:
    """Wait before the body of an answer, and before each further block of it."""
    body = reply.body

    def blocks() -> Iterator[bytes]:
        for block in [body] if isinstance(body, bytes) else body:
            pause(seconds)
            yield block

    reply.body = blocks()
    return reply
