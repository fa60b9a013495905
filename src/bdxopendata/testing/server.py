"""The server itself: sockets, threads, and the controls that tests turn.

What is answered is decided in the modules beside this one; here it is put on the wire: HTTP/1.1 with connections kept
open, gzip for those who accept it, exports in chunks and without a length.
"""

from __future__ import annotations

import gzip
import socket
import sys
import threading
import traceback
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from types import TracebackType
from typing import Any, Literal
from urllib.parse import urlsplit

from bdxopendata.testing import faults, v1
from bdxopendata.testing.access import DAILY_CALLS, Keys, Quota
from bdxopendata.testing.bodies import COMMON_HEADERS, Refusal, Reply
from bdxopendata.testing.faults import About, Fault
from bdxopendata.testing.log import Request, RequestLog
from bdxopendata.testing.options import Era, Options, ParquetVariant
from bdxopendata.testing.parameters import Parameters, decode
from bdxopendata.testing.routes import find_route
from bdxopendata.testing.sample import Row, SampleDataset
from bdxopendata.testing.stock import Claims, Stock
from bdxopendata.testing.visit import Visit

SERVER = "bdxopendata-stand-in"
CLOSING_TIME = 5.0
LONGEST_LINE = 65_536

Before = Callable[[Request], Reply | None]
After = Callable[[Request, Reply], Reply | None]


class StandIn:
    """A stand-in portal on loopback, for as long as the ``with`` block lasts.

    Parameters
    ----------
    datasets
        What it serves; None for the samples that come with the library.
    era
        ``2026``, or ``2021`` for older bodies: annotations as lists, no ``total_count`` on groups, ``odsfile://``
        addresses of attachments, file values without address.
    language
        Language of answers where none is asked for.
    parquet_variant
        Types that no recorded Parquet export settles: a `ParquetVariant`, or some of its attributes in a mapping.
    time_bounds
        Text of the smallest and largest moment: ``offset`` as in rows, ``milliseconds`` as in version 2.0.
    unstable_order
        Answer without ``order_by`` in another order at each request, as real portals may.
    strict_refine
        Refuse to refine on a field that is no facet.
    port
        Port to listen on; 0 for any free one.

    Attributes
    ----------
    url
        Address, without a slash at the end.
    requests
        What was asked so far.

    Examples
    --------
    >>> import json, urllib.request
    >>> parks = SampleDataset("parks", [{"name": "places", "type": "int"}], [{"places": 20}])
    >>> with StandIn([parks]) as portal:
    ...     answer = urllib.request.urlopen(f"{portal.url}/api/explore/v2.1/catalog/datasets/parks/records")
    ...     json.load(answer)
    {'total_count': 1, 'results': [{'places': 20}]}

    Notes
    -----
    A key that the portal was not told of with `require_key` is a bad key and gets 401, even where anyone may ask.
    """

    def __init__(
        self,
        datasets: Iterable[SampleDataset] | None = None,
        *,
        era: Era = "2026",
        language: str = "fr",
        parquet_variant: ParquetVariant | Mapping[str, str | bool] | None = None,
        time_bounds: Literal["offset", "milliseconds"] = "offset",
        unstable_order: bool = False,
        strict_refine: bool = False,
        port: int = 0,
    ) -> None:
        if datasets is None:
            from bdxopendata.testing.samples import load  # only needed when nothing is given

            datasets = load()
        self.options: Options = Options(
            era, language, ParquetVariant.of(parquet_variant), time_bounds, unstable_order, strict_refine
        )
        self.requests: RequestLog = RequestLog()
        self._keys = Keys()
        self._quota = Quota()
        self._dataset_quotas: dict[str, Quota] = {}
        self._before: list[Before] = []
        self._after: list[After] = []
        self._numbers = count()
        self._closing = threading.Event()
        self._server = _Server(self, port)
        self._thread: threading.Thread | None = None
        self.url: str = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.stock: Stock = Stock(datasets, self.url, era)

    def __enter__(self) -> StandIn:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> StandIn:
        """Begin to answer; ``with`` does it for you."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name=SERVER, daemon=True)
            self._thread.start()
        return self

    def close(self) -> None:
        """Answer no more: every connection is closed and every thread has ended."""
        self._closing.set()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join(CLOSING_TIME)
            self._thread = None
        self._server.server_close()
        self._server.hang_up()

    @property
    def portal_arguments(self) -> dict[str, Any]:
        """What a client needs to know this portal by: ``name`` and ``addresses``."""
        return {"name": "stand-in", "addresses": (self.url,)}

    # What it serves.

    def add(self, dataset: SampleDataset) -> None:
        """Serve one more dataset, or another one under the same id."""
        self.stock.put(dataset)

    def remove(self, dataset_id: str) -> None:
        """Serve it no longer: 404 from now on."""
        self.stock.drop(dataset_id)

    def reprocess(self, dataset_id: str) -> None:
        """Process it again: ``data_processed`` moves on, the rows stay."""
        self.stock.change(dataset_id, processed_again=True)

    def set_rows(self, dataset_id: str, rows: Sequence[Row], *, reprocess: bool = True) -> None:
        """Serve other rows."""
        self.stock.change(dataset_id, rows=rows, processed_again=reprocess)

    def set_fields(self, dataset_id: str, fields: Sequence[Mapping[str, Any]], *, reprocess: bool = True) -> None:
        """Serve other fields."""
        self.stock.change(dataset_id, fields=fields, processed_again=reprocess)

    def lie_about_count(
        self, dataset_id: str, number: int | None, *, total_count: bool = True, records_count: bool = False
    ) -> None:
        """State another number in ``total_count`` of records, or in ``records_count``; None tells the truth again."""
        said = self.stock.get(dataset_id).claims
        claims = Claims(number if total_count else said.total, number if records_count else said.records)
        self.stock.change(dataset_id, claims=claims)

    # Who may ask.

    def require_key(self, *keys: str, anonymous: bool = False) -> None:
        """Know these keys; without `anonymous`, refuse everyone else."""
        self._keys.known.update(keys)
        self._keys.anonymous = anonymous

    def quota(
        self,
        limit: int = DAILY_CALLS,
        remaining: int | None = None,
        reset_at: datetime | None = None,
        *,
        retry_after: int | None = None,
        dataset: str | None = None,
    ) -> None:
        """Allow so many calls until `reset_at` (next midnight in UTC), then answer 429.

        With `dataset`, only calls about it are meant; they also count for the whole portal, and their answers carry
        the rate headers of a dataset beside the common ones.
        """
        quota = self._quota if dataset is None else self._dataset_quotas.setdefault(dataset, Quota())
        quota.set(limit, limit if remaining is None else remaining, reset_at, retry_after)

    # What tests hang in.

    def before_answer(self, hook: Before) -> Callable[[], None]:
        """Call `hook` with each request before it is answered; a `Reply` that it returns is sent instead.

        Returns
        -------
        Callable
            Takes the hook out again.
        """
        return _hang(self._before, hook)

    def after_answer(self, hook: After) -> Callable[[], None]:
        """Call `hook` with each request and its answer; a `Reply` that it returns is sent instead.

        A hook may change the reply that it gets; returning None then sends the changed one.

        Returns
        -------
        Callable
            Takes the hook out again.
        """
        return _hang(self._after, hook)

    # Bad days.

    def fail(
        self,
        status: int = 500,
        *,
        message: str = "An internal error occurred.",
        times: int | None = None,
        dataset: str | None = None,
        path: str | None = None,
    ) -> Fault:
        """Answer with an error.

        Parameters
        ----------
        status
            Of HTTP: 500, 502, 503, 404, 403 …; for 429 see `quota`.
        message
            The portal's words.
        times
            How often; None for as long as the fault is there. Clients repeat what may help to repeat, so that a few
            errors are mostly not seen.
        dataset, path
            Only requests about this dataset, only those with this in their path, such as ``/exports/``.

        Returns
        -------
        Fault
            ``.happened`` counts, ``.end()`` takes it away, and so does the end of a ``with`` block.
        """
        return self._bad_day(lambda _: faults.failure(status, message), About(dataset, path), times)

    def answer_html(
        self, status: int = 200, *, times: int | None = None, dataset: str | None = None, path: str | None = None
    ) -> Fault:
        """Answer with a web page where data are asked for, as proxies do; parameters as in `fail`."""
        return self._bad_day(lambda _: faults.page(status), About(dataset, path), times)

    def cut(
        self, after: int = 100, *, times: int | None = None, dataset: str | None = None, path: str | None = None
    ) -> Fault:
        """Break the connection after so many bytes of a body; other parameters as in `fail`."""
        return self._bad_day(lambda reply: faults.torn(reply, after), About(dataset, path), times, after=True)

    def slow(
        self, seconds: float, *, times: int | None = None, dataset: str | None = None, path: str | None = None
    ) -> Fault:
        """Wait before each block of a body, at most until the portal is closed; other parameters as in `fail`."""
        return self._bad_day(
            lambda reply: faults.paused(reply, self._closing.wait, seconds), About(dataset, path), times, after=True
        )

    def drop_rows(self, dataset_id: str, rows: int = 1) -> None:
        """Lose the last rows of a dataset without a word: counts and metadata go on as if they were there."""
        sample = self.stock.get(dataset_id).sample
        if not 0 < rows <= len(sample.rows):
            raise ValueError(f"'{dataset_id}' has {len(sample.rows)} rows, of which {rows} cannot be lost.")
        self.stock.change(dataset_id, rows=list(sample.rows)[:-rows], claims=Claims(len(sample.rows), len(sample.rows)))

    def _bad_day(
        self, make: Callable[[Reply], Reply], about: About, times: int | None, *, after: bool = False
    ) -> Fault:
        def before(request: Request) -> Reply | None:
            return make(Reply()) if fault.strikes(request) else None

        def later(request: Request, reply: Reply) -> Reply | None:
            return make(reply) if fault.strikes(request) else None

        hooks: list[Any] = self._after if after else self._before
        hook: Any = later if after else before
        fault = Fault(about, times, lambda: hooks.remove(hook) if hook in hooks else None)
        hooks.append(hook)
        return fault

    def answer(self, request: Request) -> Reply:
        """Decide the answer to one request, and note it."""
        reply = self._decide(request)
        for after in list(self._after):
            reply = after(request, reply) or reply
        self.requests.add(replace(request, status=reply.status))
        return reply

    def _decide(self, request: Request) -> Reply:
        for before in list(self._before):
            given = before(request)
            if given is not None:
                return given
        try:
            if request.method != "GET":
                # Unverified wording; the status follows from HTTP.
                raise Refusal(405, "MethodNotAllowed", f"Method {request.method} is not allowed.")
            return self._counted(request)
        except Refusal as refusal:
            return v1.refusal(refusal) if v1.is_old(request.path) else refusal.reply
        except Exception as mistake:
            # A mistake of the stand-in itself must not look like a broken connection.
            traceback.print_exc()
            return Refusal(500, "InternalError", f"The stand-in portal failed: {mistake!r}").reply

    def _counted(self, request: Request) -> Reply:
        parameters = Parameters(request.query)
        self._keys.check(request.headers, parameters)
        remaining = self._quota.take()
        if remaining is None:
            return self._quota.refusal()
        route, parts = find_route(request.path)
        own = self._dataset_quotas.get(parts.get("dataset_id", ""))
        left = None if own is None else own.take()
        if own is not None and left is None:
            # Taken to be worded like the quota of the portal; no recording shows it.
            return own.refusal()
        visit = Visit(self.stock, self.options, self.url, parameters, parts, next(self._numbers))
        reply = route.answer(visit)
        reply.headers |= self._quota.headers(remaining)
        if own is not None and left is not None:
            reply.headers |= own.headers(left, "dataset-")
        return reply


def _hang(hooks: list[Any], hook: Any) -> Callable[[], None]:
    hooks.append(hook)
    return lambda: hooks.remove(hook)


class _Server(ThreadingHTTPServer):
    """One thread per connection, each known so that closing ends them all."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, portal: StandIn, port: int) -> None:
        self.portal = portal
        self._open: dict[threading.Thread, socket.socket] = {}
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection in a thread of its own."""
        thread = threading.Thread(
            target=self._serve, args=(request, client_address), name=f"{SERVER}-connection", daemon=True
        )
        with self._guard:
            self._open[thread] = request
        thread.start()

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._guard:
                self._open.pop(threading.current_thread(), None)

    def hang_up(self) -> None:
        """Close every connection and wait for its thread."""
        with self._guard:
            waiting = dict(self._open)
        for connection in waiting.values():
            _shut(connection)
        for thread in waiting:
            if thread is not threading.current_thread():
                thread.join(CLOSING_TIME)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show what went wrong, except that a client went away in the middle of an answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The other side was faster.
        return


class _Cut(ConnectionError):
    """The answer was to be torn here."""


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    server: _Server

    def version_string(self) -> str:
        """Name of the server, on every answer."""
        return SERVER

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on the terminal: the request log is for reading."""

    def handle_one_request(self) -> None:
        """Answer GET and refuse the rest, whatever the method is called."""
        self.raw_requestline = self.rfile.readline(LONGEST_LINE + 1)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if len(self.raw_requestline) > LONGEST_LINE:
            self.requestline = self.request_version = self.command = ""
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            return
        if not self.parse_request():
            return
        if self.headers.get("content-length") or self.headers.get("transfer-encoding"):
            # A body that nobody reads would be taken for the next request.
            self.close_connection = True
        self._answer()
        self.wfile.flush()

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, decode(parts.query), headers)
        self._send(self.server.portal.answer(request), gzipped="gzip" in headers.get("accept-encoding", ""))

    def _send(self, reply: Reply, *, gzipped: bool) -> None:
        body, headers = reply.body, dict(reply.headers)
        if gzipped and reply.compressible:
            headers["content-encoding"] = "gzip"
            body = gzip.compress(body, 1, mtime=0) if isinstance(body, bytes) else _gzip_blocks(body)
        self.send_response(reply.status)
        for name, value in {**COMMON_HEADERS, **headers}.items():
            self.send_header(name, value)
        if isinstance(body, bytes):
            self.send_header("Content-Length", str(len(body) if reply.length is None else reply.length))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(body, reply.cut_after)

    def _send_body(self, body: bytes | Iterable[bytes], cut_after: int | None) -> None:
        left = float("inf") if cut_after is None else cut_after
        for block in [body] if isinstance(body, bytes) else body:
            sent = block if len(block) <= left else block[: int(left)]
            left -= len(sent)
            self.wfile.write(sent if isinstance(body, bytes) else b"%x\r\n%b\r\n" % (len(sent), sent) if sent else b"")
            if cut_after is not None and left <= 0:
                self.wfile.flush()
                self.close_connection = True
                raise _Cut
        if not isinstance(body, bytes):
            self.wfile.write(b"0\r\n\r\n")


def _gzip_blocks(body: Iterable[bytes]) -> Iterable[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    for block in body:
        packed = packer.compress(block)
        if packed:
            yield packed
    yield packer.flush()
