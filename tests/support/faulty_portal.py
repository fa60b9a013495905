"""A portal that misbehaves on purpose, down to the socket.

Alone, it answers by script: each request takes the next fault. Before a `StandIn`, it hands on what that answers, and
faults are injected into chosen requests. Either way each fault that was carried out is counted; leaving the portal with
faults that did not happen is an assertion error, so that no test passes because its fault never came.
"""

from __future__ import annotations

import errno
import gzip
import json
import os
import signal
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from bdxopendata.testing import StandIn

# A certificate for 127.0.0.1 that nobody vouches for, with its key; made for these tests and worth nothing elsewhere.
CERTIFICATE = Path(__file__).with_name("loopback.pem")

JSON = "application/json; charset=utf-8"
# A body that is what the portal behind would have answered.
GENUINE: Any = object()
DAILY_QUOTA = {
    "errorcode": 10002,
    "reset_time": "2031-01-26T00:00:00Z",
    "limit_time_unit": "day",
    "call_limit": 10000,
    "error": "Too many requests on the domain. Please contact the domain administrator.",
}


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    method: str
    target: str
    headers: Mapping[str, str]
    connection: int

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(frozen=True)
class Given:
    """What the portal behind answers: what a fault damages."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Line:
    """The connection that a fault plays with, the request on it, and the answer that would be right."""

    socket: socket.socket
    portal: FaultyPortal
    number: int
    served: int = 0
    open: bool = True
    seen: Seen | None = None

    def given(self) -> Given:
        """The right answer, worked out when a fault needs it."""
        assert self.seen is not None
        return self.portal.given(self.seen)

    def body(self, body: object) -> bytes:
        return self.given().body if body is GENUINE else as_bytes(body)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def close(self) -> None:
        self.open = False
        self.socket.close()

    def reset(self) -> None:
        """Close so that the other side sees a reset rather than an end."""
        self.open = False
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def hold(self) -> None:
        """Say nothing until the portal shuts down."""
        self.portal.stopping.wait(30)
        self.close()


@dataclass(frozen=True)
class Fault:
    """One way to answer, by name."""

    name: str
    play: Callable[[Line], None] = field(repr=False)


def head(status: int = 200, headers: Mapping[str, str | None] | None = None, length: int | None = None) -> bytes:
    lines = {"Content-Type": JSON, "Content-Length": None if length is None else str(length), **(headers or {})}
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"HTTP/1.1 {status} Scripted\r\n{text}\r\n".encode("latin-1")


def as_bytes(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def _beginning(data: bytes, after: float | None) -> bytes:
    """So many bytes, or such a share of them."""
    if after is None:
        return data
    return data[: int(after * len(data)) if after < 1 else int(after)]


def answer(body: object = None, status: int = 200, headers: Mapping[str, str | None] | None = None) -> Fault:
    """A proper answer: JSON of an object, or bytes as they are."""
    data = as_bytes({"ok": True} if body is None else body)

    def play(line: Line) -> None:
        line.send(head(status, headers, len(data)) + data)

    return Fault(f"answer {status}", play)


def genuine(headers: Mapping[str, str | None] | None = None) -> Fault:
    """What the portal behind answers, with other headers if need be."""

    def play(line: Line) -> None:
        given = line.given()
        line.send(head(given.status, {**given.headers, **(headers or {})}, len(given.body)) + given.body)

    return Fault("genuine", play)


def rewritten(name: str, change: Callable[[bytes], bytes]) -> Fault:
    """A whole and well-framed answer that is not the right one."""

    def play(line: Line) -> None:
        given = line.given()
        body = change(given.body)
        line.send(head(given.status, given.headers, len(body)) + body)

    return Fault(name, play)


def meanwhile(name: str, happens: Callable[[], object], *, first: bool = True) -> Fault:
    """The right answer, and something that happens at the portal just before it is worked out, or just after."""

    def play(line: Line) -> None:
        if first:
            happens()
        given = line.given()
        if not first:
            happens()
        line.send(head(given.status, given.headers, len(given.body)) + given.body)

    return Fault(name, play)


def compressed(data: bytes) -> Fault:
    return answer(data, headers={"Content-Encoding": "gzip"})


def bomb(size: int) -> Fault:
    """Little on the wire, `size` bytes once decoded."""
    return Fault("bomb", compressed(gzip.compress(b" " * size)).play)


def compressed_and_cut(body: object = GENUINE) -> Fault:
    """Complete by its framing, but the gzip stream inside lacks its end."""

    def play(line: Line) -> None:
        compressed(gzip.compress(line.body(body))[:-9]).play(line)

    return Fault("gzip cut", play)


def reset() -> Fault:
    """Reset after the request, before any header."""
    return Fault("reset", Line.reset)


def reset_if_reused() -> Fault:
    """What a connection gone stale does to the request sent on it."""

    def play(line: Line) -> None:
        assert line.served > 0, "the connection was not reused"
        line.reset()

    return Fault("stale", play)


def reset_in_body(body: object = GENUINE, after: float = 0.5) -> Fault:
    def play(line: Line) -> None:
        data = line.body(body)
        line.send(head(length=len(data)) + _beginning(data, after))
        line.reset()

    return Fault("reset in body", play)


def cut(body: object = GENUINE, after: float = 0.5) -> Fault:
    """Close before Content-Length is reached."""

    def play(line: Line) -> None:
        data = line.body(body)
        line.send(head(length=len(data)) + _beginning(data, after))
        line.close()

    return Fault("cut", play)


def too_long(body: object = GENUINE, extra: int = 10) -> Fault:
    """Announce more than there is, and close."""

    def play(line: Line) -> None:
        data = line.body(body)
        line.send(head(length=len(data) + extra) + data)
        line.close()

    return Fault("length too big", play)


def too_short(body: object = GENUINE, missing: int = 10) -> Fault:
    """Announce less than there is: the rest stays in the connection."""

    def play(line: Line) -> None:
        data = line.body(body)
        line.send(head(length=len(data) - missing) + data)

    return Fault("length too small", play)


def chunks(body: object = GENUINE, *, finished: bool, after: float | None = None) -> Fault:
    """Chunked, cut after so much or not, with the last chunk or without."""

    def play(line: Line) -> None:
        data = _beginning(line.body(body), after)
        line.send(head(headers={"Transfer-Encoding": "chunked"}) + b"%x\r\n%s\r\n" % (len(data), data))
        if finished:
            line.send(b"0\r\n\r\n")
        else:
            line.close()

    return Fault("chunked" if finished else "no last chunk", play)


def unframed(body: object = GENUINE, after: float | None = None) -> Fault:
    """Neither length nor chunks: the end of the connection is the end of the body, cut or not."""

    def play(line: Line) -> None:
        line.send(head(headers={"Connection": "close"}) + _beginning(line.body(body), after))
        line.close()

    return Fault("unframed", play)


def interrupt(after: float = 0.5) -> Fault:
    """Ctrl-C while the body is under way; the rest of it comes all the same."""

    def play(line: Line) -> None:
        data = line.given().body
        line.send(head(length=len(data)) + _beginning(data, after))
        # Nobody can tell that these bytes were taken; a little later they were.
        line.portal.stopping.wait(0.05)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        line.portal.stopping.wait(0.05)
        line.send(data[len(_beginning(data, after)) :])

    return Fault("interrupt", play)


def silence() -> Fault:
    return Fault("silence", Line.hold)


def stall(body: object = GENUINE, after: float = 0.5) -> Fault:
    def play(line: Line) -> None:
        data = line.body(body)
        line.send(head(length=len(data)) + _beginning(data, after))
        line.hold()

    return Fault("stall", play)


def drip(body: object = GENUINE, pause: float = 0.02) -> Fault:
    """One byte at a time: no time-out of the socket ever meets it."""

    def play(line: Line) -> None:
        data = line.body(body)
        line.send(head(length=len(data)))
        _drip(line, data, pause)

    return Fault("drip", play)


def drip_head(pause: float = 0.02) -> Fault:
    """Drip the headers instead, without end."""

    def play(line: Line) -> None:
        line.send(b"HTTP/1.1 200 Scripted\r\n")
        _drip(line, b"X-Slow: 1\r\n" * 1000, pause)

    return Fault("drip head", play)


def _drip(line: Line, data: bytes, pause: float) -> None:
    for place in range(len(data)):
        if line.portal.stopping.wait(pause):
            break
        line.send(data[place : place + 1])
    line.close()


def redirect(target: str, status: int = 302) -> Fault:
    return Fault("redirect", answer(b"", status, {"Location": target}).play)


@dataclass
class Injected:
    """A fault for those requests that it is meant for: `times` of them, or None for all."""

    fault: Fault
    meant_for: Callable[[Seen], bool]
    times: int | None
    fired: int = 0

    def takes(self, seen: Seen) -> bool:
        return (self.times is None or self.fired < self.times) and self.meant_for(seen)

    @property
    def happened(self) -> bool:
        return self.fired == self.times if self.times is not None else self.fired > 0


class FaultyPortal:
    """Listens on loopback. Answers by script, then with injected faults, then as the portal behind, or `otherwise`."""

    def __init__(
        self,
        *script: Fault,
        otherwise: Fault | None = None,
        behind: StandIn | None = None,
        tls: bool | ssl.SSLContext = False,
        resets_on_accept: int = 0,
    ) -> None:
        self._tls = tls if isinstance(tls, ssl.SSLContext) else None
        if tls is True:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATE)
        self.injected: list[Injected] = []
        self._behind = behind
        self.handshakes: Counter[str] = Counter()
        self.resets_on_accept = resets_on_accept
        self.fired: Counter[str] = Counter()
        self.requests: list[Seen] = []
        self.stopping = threading.Event()
        self._script = list(script)
        self._otherwise = genuine() if otherwise is None and behind is not None else otherwise
        self._lock = threading.Lock()
        self.connections = 0
        self._lines: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        if behind is not None:
            from bdxopendata.testing.stock import Stock

            # Its links lead here, so that whoever follows them meets the faults too.
            behind.url = self.url
            behind.stock = Stock([held.sample for held in behind.stock.all()], self.url, behind.options.era)

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def script(self, *faults: Fault) -> None:
        with self._lock:
            self._script.extend(faults)

    def inject(
        self, fault: Fault, meant_for: Callable[[Seen], bool] = lambda _: True, times: int | None = 1
    ) -> Injected:
        """Play a fault at the next `times` requests that it is meant for; None plays it at each."""
        one = Injected(fault, meant_for, times)
        with self._lock:
            self.injected.append(one)
        return one

    def given(self, seen: Seen) -> Given:
        """Answer as the portal behind does."""
        from bdxopendata.testing import Request

        assert self._behind is not None, "there is no portal behind this one"
        reply = self._behind.answer(Request(seen.method, seen.path, tuple(seen.query), seen.headers))
        body = reply.body if isinstance(reply.body, bytes) else b"".join(reply.body)
        headers = {"Server": "bdxopendata-stand-in", "Content-Type": JSON, **_titled(reply.headers)}
        return Given(reply.status, headers, body)

    def open(self) -> None:
        """Begin to listen. Until then connections are refused."""
        self._listener.listen(64)
        self._start(self._accept)

    def hang_up(self) -> None:
        """Close the connections that are open, as servers do with idle ones."""
        with self._lock:
            lines = list(self._lines)
        for one in lines:
            _shut(one)

    def refuse(self) -> None:
        """Listen no more: connections are refused, which is tried once, so that it counts as seen."""
        _shut(self._listener)
        self._listener.close()
        self.hang_up()
        with socket.socket() as probe:
            refused = probe.connect_ex(("127.0.0.1", self.port))
        assert refused == errno.ECONNREFUSED, os.strerror(refused)
        self.fired["refused"] += 1

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            missing = [fault.name for fault in self._script]
            missing += [f"{one.fault.name} ({one.fired} of {one.times})" for one in self.injected if not one.happened]
            assert not missing, f"these never happened: {missing}"

    def close(self) -> None:
        self.stopping.set()
        # shutdown wakes the thread that waits in accept; close alone does not.
        _shut(self._listener)
        self.hang_up()
        self._listener.close()
        # What the tests count is final once nobody serves any more.
        for thread in self._threads:
            thread.join(10)

    def _start(self, target: Callable[..., None], *args: Line) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._lines.add(connection)
                line = Line(connection, self, self.connections)
            if self.resets_on_accept > self.fired["reset on accept"]:
                self.fired["reset on accept"] += 1
                line.reset()
                continue
            self._start(self._serve, line)

    def _serve(self, line: Line) -> None:
        try:
            if self._tls is not None:
                self._shake_hands(line, self._tls)
            while line.open and (seen := _read(line)) is not None:
                line.seen = seen
                self._next(seen).play(line)
                line.served += 1
        except OSError:
            # The client went away, which is what many faults make it do.
            return
        finally:
            line.socket.close()
            with self._lock:
                self._lines.discard(line.socket)

    def _next(self, seen: Seen) -> Fault:
        with self._lock:
            self.requests.append(seen)
            fault = self._script.pop(0) if self._script else None
            if fault is None:
                chosen = next((one for one in self.injected if one.takes(seen)), None)
                if chosen is not None:
                    chosen.fired += 1
                    fault = chosen.fault
            fault = fault or self._otherwise
            if fault is None:
                fault = answer({"error_code": "Unscripted", "message": "unexpected request"}, 418)
            self.fired[fault.name] += 1
        return fault

    def _shake_hands(self, line: Line, tls: ssl.SSLContext) -> None:
        try:
            plain, line.socket = line.socket, tls.wrap_socket(line.socket, server_side=True)
            with self._lock:
                self._lines = self._lines - {plain} | {line.socket}
            self.handshakes["done"] += 1
        except OSError:
            self.handshakes["refused"] += 1
            raise


def _shut(one: socket.socket) -> None:
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It is closed already, from here or from there.
        return


def _read(line: Line) -> Seen | None:
    data = b""
    while b"\r\n\r\n" not in data:
        block = line.socket.recv(65536)
        if not block:
            return None
        data += block
    first, *rest = data.split(b"\r\n\r\n", 1)[0].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
    return Seen(method, target, headers, line.number)


def _titled(headers: Mapping[str, str]) -> dict[str, str]:
    """Name headers as the faults name them."""
    return {name.title(): value for name, value in headers.items()}
