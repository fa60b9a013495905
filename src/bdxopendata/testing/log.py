"""What was asked of the stand-in portal, and how it answered: for tests to count and to read."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in, with the status that it got (0 while it is being answered).

    Attributes
    ----------
    path
        Path as sent, still percent-encoded, without the query.
    query
        Decoded parameters in order.
    headers
        Request headers, names in lower case.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    status: int = 0

    def all(self, name: str) -> list[str]:
        """Every value of a parameter, in order."""
        return [value for key, value in self.query if key == name]

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the last value of a parameter."""
        values = self.all(name)
        return values[-1] if values else default


class RequestLog(Sequence[Request]):
    """The requests in the order in which their answers were decided. Grows while it is read; slices are copies."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []

    def add(self, request: Request) -> None:
        """Note one answered request."""
        with self._lock:
            self._requests.append(request)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._requests.clear()

    def to(self, ending: str) -> list[Request]:
        """Those whose path ends so, such as ``/records``."""
        return [request for request in self if request.path.rstrip("/").endswith(ending)]

    @overload
    def __getitem__(self, index: int) -> Request: ...
    @overload
    def __getitem__(self, index: slice) -> list[Request]: ...
    def __getitem__(self, index: int | slice) -> Request | list[Request]:
        with self._lock:
            return self._requests[index]

    def __len__(self) -> int:
        with self._lock:
            return len(self._requests)

    def __iter__(self) -> Iterator[Request]:
        with self._lock:
            return iter(list(self._requests))

    def __repr__(self) -> str:
        return "\n".join(
            f"{request.status} {request.method} {request.path} {dict(request.query) or ''}".rstrip() for request in self
        )
