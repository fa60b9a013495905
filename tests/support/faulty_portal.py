"""A portal that misbehaves on purpose, down to the socket.

Each request takes the next fault of the script. Every fault that was carried out is counted; leaving the portal with
faults still in the script is an assertion error, so that no test passes because its fault never happened.
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

# A certificate for 127.0.0.1 that nobody vouches for, with its key; made for these tests and worth nothing elsewhere.
CERTIFICATE = Path(__file__).with_name("loopback.pem")

JSON = "application/json; charset=utf-8"
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


@dataclass
class Line:
    """The connection that a fault plays with."""

    socket: socket.socket
    portal: FaultyPortal
    number: int
    served: int = 0
    open: bool = True

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


def answer(body: object = None, status: int = 200, headers: Mapping[str, str | None] | None = None) -> Fault:
    """A proper answer: JSON of an object, or bytes as they are."""
    data = as_bytes({"ok": True} if body is None else body)

    def play(line: Line) -> None:
        line.send(head(status, headers, len(data)) + data)

    return Fault(f"answer {status}", play)


def compressed(data: bytes) -> Fault:
    return answer(data, headers={"Content-Encoding": "gzip"})


def bomb(size: int) -> Fault:
    """Little on the wire, `size` bytes once decoded."""
    return Fault("bomb", compressed(gzip.compress(b" " * size)).play)


def compressed_and_cut(body: object) -> Fault:
    """Complete by its framing, but the gzip stream inside lacks its end."""
    return Fault("gzip cut", compressed(gzip.compress(as_bytes(body))[:-9]).play)


def reset() -> Fault:
    """Reset after the request, before any header."""
    return Fault("reset", Line.reset)


def reset_if_reused() -> Fault:
    """What a connection gone stale does to the request sent on it."""

    def play(line: Line) -> None:
        assert line.served > 0, "the connection was not reused"
        line.reset()

    return Fault("stale", play)


def reset_in_body(body: object, after: int) -> Fault:
    def play(line: Line) -> None:
        data = as_bytes(body)
        line.send(head(length=len(data)) + data[:after])
        line.reset()

    return Fault("reset in body", play)


def cut(body: object, after: int) -> Fault:
    """Close before Content-Length is reached."""

    def play(line: Line) -> None:
        data = as_bytes(body)
        line.send(head(length=len(data)) + data[:after])
        line.close()

    return Fault("cut", play)


def too_long(body: object, extra: int) -> Fault:
    """Announce more than there is, and close."""

    def play(line: Line) -> None:
        data = as_bytes(body)
        line.send(head(length=len(data) + extra) + data)
        line.close()

    return Fault("length too big", play)


def too_short(body: object, missing: int) -> Fault:
    """Announce less than there is: the rest stays in the connection."""

    def play(line: Line) -> None:
        data = as_bytes(body)
        line.send(head(length=len(data) - missing) + data)

    return Fault("length too small", play)


def chunks(body: object, *, finished: bool) -> Fault:
    def play(line: Line) -> None:
        data = as_bytes(body)
        line.send(head(headers={"Transfer-Encoding": "chunked"}) + b"%x\r\n%s\r\n" % (len(data), data))
        if finished:
            line.send(b"0\r\n\r\n")
        else:
            line.close()

    return Fault("chunked" if finished else "no last chunk", play)


def unframed(body: object, after: int | None = None) -> Fault:
    """Neither length nor chunks: the end of the connection is the end of the body, cut or not."""

    def play(line: Line) -> None:
        line.send(head(headers={"Connection": "close"}) + as_bytes(body)[:after])
        line.close()

    return Fault("unframed", play)


def silence() -> Fault:
    return Fault("silence", Line.hold)


def stall(body: object, after: int) -> Fault:
    def play(line: Line) -> None:
        data = as_bytes(body)
        line.send(head(length=len(data)) + data[:after])
        line.hold()

    return Fault("stall", play)


def drip(body: object, pause: float = 0.02) -> Fault:
    """One byte at a time: no time-out of the socket ever meets it."""

    def play(line: Line) -> None:
        data = as_bytes(body)
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


class FaultyPortal:
    """Listens on loopback and answers by script, then with `otherwise`."""

    def __init__(
        self, *script: Fault, otherwise: Fault | None = None, tls: bool = False, resets_on_accept: int = 0
    ) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._tls is not None:
            self._tls.load_cert_chain(CERTIFICATE)
        self.handshakes: Counter[str] = Counter()
        self._resets_on_accept = resets_on_accept
        self.fired: Counter[str] = Counter()
        self.requests: list[Seen] = []
        self.stopping = threading.Event()
        self._script = list(script)
        self._otherwise = otherwise
        self._lock = threading.Lock()
        self.connections = 0
        self._lines: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def script(self, *faults: Fault) -> None:
        with self._lock:
            self._script.extend(faults)

    def open(self) -> None:
        """Begin to listen. Until then connections are refused."""
        self._listener.listen(64)
        self._start(self._accept)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            assert not self._script, f"these never happened: {[fault.name for fault in self._script]}"

    def close(self) -> None:
        self.stopping.set()
        # shutdown wakes the thread that waits in accept; close alone does not.
        with self._lock:
            open_now = [self._listener, *self._lines]
        for one in open_now:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
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
            if self._resets_on_accept > self.fired["reset on accept"]:
                self.fired["reset on accept"] += 1
                line.reset()
                continue
            self._start(self._serve, line)

    def _serve(self, line: Line) -> None:
        try:
            if self._tls is not None:
                self._shake_hands(line, self._tls)
            while line.open and (seen := _read(line)) is not None:
                with self._lock:
                    self.requests.append(seen)
                    fault = self._script.pop(0) if self._script else self._otherwise
                    if fault is None:
                        fault = answer({"error_code": "Unscripted", "message": "unexpected request"}, 418)
                    self.fired[fault.name] += 1
                fault.play(line)
                line.served += 1
        except OSError:
            # The client went away, which is what many faults make it do.
            return
        finally:
            line.socket.close()
            with self._lock:
                self._lines.discard(line.socket)

    def _shake_hands(self, line: Line, tls: ssl.SSLContext) -> None:
        try:
            plain, line.socket = line.socket, tls.wrap_socket(line.socket, server_side=True)
            with self._lock:
                self._lines = self._lines - {plain} | {line.socket}
            self.handshakes["done"] += 1
        except OSError:
            self.handshakes["refused"] += 1
            raise


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
