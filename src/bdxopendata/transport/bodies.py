"""Reading a body in small blocks, within its time and size.

The blocks are whatever has arrived, not a full buffer: only so is the deadline noticed while a server drips. The gzip
layer is taken off here, since a library that decodes on its own neither bounds the result nor notices a cut stream.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import requests
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from bdxopendata.bounds import is_inflated
from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.transport.deadline import Deadline
from bdxopendata.transport.failures import failure_of, network_failure
from bdxopendata.transport.retries import Failure, Kind

BLOCK = 64 * 1024


def blocks(
    response: requests.Response,
    deadline: Deadline,
    most: int,
    on_bytes: Callable[[int], None] | None = None,
) -> Iterator[bytes]:
    """Yield the decoded body; raise `Failure` where it breaks off, takes too long or is larger than `most` bytes.

    `on_bytes` is told how many bytes came over the wire each time.
    """
    decode = _decoder(response.headers.get("Content-Encoding", ""), deadline.host)
    size = received = 0
    for wire in _wire(response, deadline):
        received += len(wire)
        if on_bytes is not None:
            on_bytes(len(wire))
        for block in decode(wire):
            size += len(block)
            if size > most:
                raise too_large(most)
            if is_inflated(received, size):
                raise inflated(received, size)
            if deadline.is_over():
                raise Failure(Kind.FINAL, deadline.error)
            yield block
    for block in decode(b""):
        yield block


def too_large(most: int) -> Failure:
    """Make the failure of an answer beyond the limit."""
    return Failure(
        Kind.FINAL,
        lambda _: UnexpectedAnswerError(
            f"it is larger than the {most:,} bytes allowed; allow more with Settings(max_bytes=…) or ask for less"
        ),
    )


def inflated(received: int, size: int) -> Failure:
    """Make the failure of an answer that was made to fill memory or disk."""
    return Failure(
        Kind.FINAL,
        lambda _: UnexpectedAnswerError(f"{received:,} bytes of it became {size:,}, as no table does"),
    )


def _wire(response: requests.Response, deadline: Deadline) -> Iterator[bytes]:
    raw: HTTPResponse = response.raw
    while True:
        if deadline.is_over():
            raise Failure(Kind.FINAL, deadline.error)
        block = b""
        failure = None
        try:
            block = raw.read1(BLOCK, decode_content=False)
        except (HTTPError, OSError, ValueError) as error:
            # ValueError: a chunk size that is no number, as some versions of http.client pass it on.
            failure = failure_of(error, deadline.host)
        if failure is not None:
            raise Failure(Kind.FINAL, deadline.error) if deadline.is_over() else failure
        if not block:
            return
        yield block


def _decoder(encoding: str, host: str) -> Callable[[bytes], Iterator[bytes]]:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return _as_it_is
    if name in ("gzip", "x-gzip"):
        return _Gunzip(host)
    raise Failure(
        Kind.ANSWER, lambda _: UnexpectedAnswerError("it is compressed in a way that was not asked for", encoding)
    )


def _as_it_is(wire: bytes) -> Iterator[bytes]:
    if wire:
        yield wire


class _Gunzip:
    """Takes off gzip, block by block, and knows whether the stream ended."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._stream = zlib.decompressobj(wbits=31)
        self._started = False

    def __call__(self, wire: bytes) -> Iterator[bytes]:
        if not wire:
            self._end()
            return
        self._started = True
        data = wire
        while data:
            if self._stream.eof:
                # Another member, or the padding that some servers add.
                if not data.startswith(b"\x1f\x8b"):
                    return
                self._stream = zlib.decompressobj(wbits=31)
            failure = None
            try:
                block = self._stream.decompress(data, BLOCK)
            except zlib.error as error:
                failure = network_failure(Kind.BROKEN, self._host, "the compressed answer is damaged", root=error)
            if failure is not None:
                raise failure
            if block:
                yield block
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail

    def _end(self) -> None:
        if self._started and not self._stream.eof:
            raise network_failure(Kind.BROKEN, self._host, "the compressed answer broke off")
