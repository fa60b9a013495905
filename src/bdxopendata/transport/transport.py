"""The way to a portal and back: a question goes out as an address, JSON or a checked file comes back, or one error.

Each call is one loop round request, reading and checking. Knows no dataset and no format.
"""

from __future__ import annotations

import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, overload
from urllib.parse import urlsplit

import requests

from bdxopendata.bounds import MOST_JSON_BYTES
from bdxopendata.config import Settings
from bdxopendata.errors import (
    ApiDeprecationWarning,
    BdxOpenDataError,
    IncompleteDataError,
    OfflineError,
    UnexpectedAnswerError,
    excerpt,
)
from bdxopendata.portals import Portal
from bdxopendata.transport import answers, bodies, download, retries
from bdxopendata.transport.addresses import PREFERENCE, api_path, checked_link
from bdxopendata.transport.auth import KeyAuth, origin_of, usable_key
from bdxopendata.transport.cache import answer_cache, answer_key
from bdxopendata.transport.deadline import Deadline
from bdxopendata.transport.line import Line
from bdxopendata.transport.quota import BOARD, Quota, read_quota
from bdxopendata.transport.redirects import follow
from bdxopendata.transport.retries import Failure, Kind
from bdxopendata.transport.session import Sessions
from bdxopendata.transport.slots import SLOTS

log: logging.Logger = logging.getLogger("bdxopendata")
T = TypeVar("T")

METADATA_SECONDS = 60.0
DATA_SECONDS = 600.0
# Small answers are kept this long where the settings name no max_age.
ANSWER_SECONDS = 300.0

# How the stand-in portal names itself on every answer.
STAND_IN = "bdxopendata-stand-in"

_deprecations: set[str] = set()


class Transport:
    """Carries questions to one portal. May be shared by threads; a pickle of it holds no key, and no line."""

    def __init__(self, portal: Portal, settings: Settings, line: Line | None = None) -> None:
        self.portal = portal
        self.settings = settings
        key, source = usable_key(portal, settings)
        self.key_source: str | None = source
        self.fingerprint: str | None = key.fingerprint if key is not None else None
        self._auth = KeyAuth(key, frozenset(origin_of(address) for address in portal.addresses))
        self._line = line
        self._sessions = Sessions(line)
        self._quota: Quota | None = None
        # Whether the stand-in portal answered: whoever shows its rows must say so.
        self.stand_in: bool = portal.stand_in
        self._notes = threading.Lock()

    def __repr__(self) -> str:
        return f"Transport({self.portal.host!r}, key={'yes' if self.fingerprint else 'no'})"

    def __reduce__(self) -> tuple[type[Transport], tuple[Portal, Settings]]:
        return Transport, (self.portal, self.settings)

    @property
    def quota(self) -> Quota | None:
        """Calls left, as this portal last said; None before it said anything."""
        return self._quota

    def on(self, line: Line) -> Transport:
        """Make a transport to the same portal, whose requests are broken off when this line is cut."""
        return Transport(self.portal, self.settings, line)

    def close(self) -> None:
        """Close this thread's connections. A later call opens new ones."""
        self._sessions.drop()

    @overload
    def get_json(
        self,
        segments: Sequence[str],
        params: Sequence[tuple[str, str]] = ...,
        *,
        cached: bool = ...,
        check: None = ...,
        strict: bool = ...,
        deadline: float | None = ...,
    ) -> Any: ...

    @overload
    def get_json(
        self,
        segments: Sequence[str],
        params: Sequence[tuple[str, str]] = ...,
        *,
        cached: bool = ...,
        check: Callable[[Any], T],
        strict: bool = ...,
        deadline: float | None = ...,
    ) -> T: ...

    def get_json(
        self,
        segments: Sequence[str],
        params: Sequence[tuple[str, str]] = (),
        *,
        cached: bool = False,
        check: Callable[[Any], Any] | None = None,
        strict: bool = True,
        deadline: float | None = None,
    ) -> Any:
        """Ask for a JSON answer.

        Parameters
        ----------
        segments
            Parts of the path below the API's base, such as ``("catalog", "datasets")``.
        params
            Names and values of the query.
        cached
            Whether an answer kept from before will do, for as long as ``max_age`` allows (by default five minutes), and
            at any age offline.
        check
            Looks at the decoded answer and returns what the call returns. Where it raises UnexpectedAnswerError or
            IncompleteDataError, the request is repeated, and the answer is not kept.
        strict
            For metadata: refuse NaN and names that appear twice. Rows are asked for without.
        deadline
            Seconds that the call may take in all, instead of the settings'.

        Raises
        ------
        ValueError
            If a segment can be no part of a path, before any request.
        OfflineError
            Offline, if the answer is not kept.
        BdxOpenDataError
            NetworkError, PortalError or UnexpectedAnswerError, as the errors' tree says.
        """
        path = api_path(segments, params)
        key = answer_key(self.portal.addresses[0], self.fingerprint, api_path(segments), params)

        def read(body: bytes) -> Any:
            answer = answers.decode_json(body, strict=strict)
            return answer if check is None else check(answer)

        if cached:
            found = self._kept(key, read)
            if found is not None:
                return found[0]
        if self.settings.offline:
            asked = excerpt("/".join(segments), 120)
            raise OfflineError(f"the answer of {self.portal.host} about '{asked}' is not kept")

        limit = Deadline(self._seconds(deadline, METADATA_SECONDS), self.portal.host, "answer")
        most = min(MOST_JSON_BYTES, self.settings.max_bytes)

        def attempt() -> tuple[bytes, Any]:
            with self._opened(path, limit) as response:
                body = b"".join(bodies.blocks(response, limit, most))
            return body, self._checked(lambda: read(body))

        body, result = self._repeat(attempt, limit, api_path(segments))
        if cached:
            answer_cache(self.settings.folder).put(key, self.portal.addresses[0] + path, body)
        return result

    def download(
        self,
        segments: Sequence[str],
        params: Sequence[tuple[str, str]] = (),
        check: Callable[[Path], T] = lambda path: path,  # type: ignore[assignment,return-value]  # T is Path then
        *,
        target: str | os.PathLike[str] | None = None,
        max_bytes: int | None = None,
        suffix: str = "",
        folder: Path | None = None,
        on_bytes: Callable[[int], None] | None = None,
        deadline: float | None = None,
    ) -> T:
        """Fetch an answer into a file, and return what `check` makes of it.

        Parameters
        ----------
        segments, params
            As for `get_json`.
        check
            Looks at the file; may move it away. Where it raises UnexpectedAnswerError or IncompleteDataError, the
            download is repeated once. Without it, the path of `target` is returned.
        target
            Name for the file, once checked. What was there before stays until then; a link is followed.
        max_bytes
            Largest file, instead of the settings'.
        suffix
            Ending of the temporary file's name.
        folder
            Where the temporary file is written, without a `target`.
        on_bytes
            Is told how many bytes came over the wire each time.
        deadline
            Seconds that the call may take in all, instead of the settings'.

        Raises
        ------
        OSError
            If the file cannot be written.
        BdxOpenDataError
            As for `get_json`.
        """
        path = api_path(segments, params)
        return self._download(
            lambda limit: self._opened(path, limit),
            self.portal.host,
            api_path(segments),
            check,
            target=target,
            max_bytes=max_bytes,
            suffix=suffix,
            folder=folder,
            on_bytes=on_bytes,
            deadline=deadline,
        )

    def fetch_link(
        self,
        url: str,
        target: str | os.PathLike[str] | None = None,
        check: Callable[[Path], T] = lambda path: path,  # type: ignore[assignment,return-value]  # T is Path then
        *,
        max_bytes: int | None = None,
        suffix: str = "",
        folder: Path | None = None,
        on_bytes: Callable[[int], None] | None = None,
        deadline: float | None = None,
    ) -> T:
        """Fetch a link that the portal named, such as an attachment. The key goes along to the portal itself only.

        Parameters, result and errors are those of `download`; a link that is no web address is a ValueError.
        """
        checked_link(url, from_loopback=self.portal.is_loopback)
        host = urlsplit(url).netloc
        return self._download(
            lambda limit: self._opened_at(url, limit),
            host,
            "a link",
            check,
            target=target,
            max_bytes=max_bytes,
            suffix=suffix,
            folder=folder,
            on_bytes=on_bytes,
            deadline=deadline,
        )

    def _download(
        self,
        opened: Callable[[Deadline], Any],
        host: str,
        what: str,
        check: Callable[[Path], T],
        *,
        target: str | os.PathLike[str] | None,
        max_bytes: int | None,
        suffix: str,
        folder: Path | None,
        on_bytes: Callable[[int], None] | None,
        deadline: float | None,
    ) -> T:
        if self.settings.offline:
            raise OfflineError(f"data of {host} would have to be fetched")
        place = download.resolved_target(target) if target is not None else None
        limit = Deadline(self._seconds(deadline, DATA_SECONDS), host, "download")
        most = min(max_bytes or self.settings.max_bytes, self.settings.max_bytes)

        with download.part_file(place, folder, suffix) as part:

            def attempt() -> T:
                with opened(limit) as response:
                    download.fill(part, bodies.blocks(response, limit, most, on_bytes))
                return self._checked(lambda: download.finish(part, place, check))

            return self._repeat(attempt, limit, what)

    def _repeat(self, attempt: Callable[[], T], limit: Deadline, what: str) -> T:
        if self._line is not None:
            attempt = self._unless_cut(self._line, attempt)
        result = retries.repeat(
            attempt, retries=self.settings.retries, deadline=limit, what=f"{limit.host}{excerpt(what, 200)}"
        )
        if self._quota is not None:
            BOARD.warn_if_low(self._quota)
        return result

    @staticmethod
    def _unless_cut(line: Line, attempt: Callable[[], T]) -> Callable[[], T]:
        def checked() -> T:
            line.check()
            try:
                return attempt()
            except Failure:
                # Nobody waits for another attempt, so there is no pause before one.
                line.check()
                raise

        return checked

    def _checked(self, read: Callable[[], T]) -> T:
        problem: BdxOpenDataError
        try:
            return read()
        except (UnexpectedAnswerError, IncompleteDataError) as error:
            problem = self._auth.without_key(error)
        # The framing may have been wrong too: what is left of this answer must not begin the next.
        self._sessions.drop()
        raise Failure(Kind.ANSWER, lambda _: problem, root=problem.__cause__)

    def _kept(self, key: str, read: Callable[[bytes], Any]) -> tuple[Any] | None:
        allowed = self.settings.max_age_seconds if self.settings.sources["max_age"] != "default" else ANSWER_SECONDS
        if allowed == 0 and not self.settings.offline:
            return None
        found = answer_cache(self.settings.folder).get(key)
        if found is None or not (self.settings.offline or found.is_fresh(allowed)):
            return None
        try:
            return (read(found.body),)
        except UnexpectedAnswerError as error:
            # Kept by another version of the library, whose check asked for less.
            log.info("A kept answer is not used: %s", error.problem)
            return None

    def _seconds(self, given: float | None, default: float) -> float:
        if given is not None:
            return given
        return self.settings.deadline if self.settings.deadline is not None else default

    @contextmanager
    def _opened(self, path: str, limit: Deadline) -> Iterator[requests.Response]:
        """Ask the portal at the first of its addresses that can be reached."""
        *others, last = PREFERENCE.order(self.portal.addresses)
        with SLOTS.one(self.portal.host, self.settings.max_in_flight, limit):
            for address in [*others, last]:
                try:
                    response = self._answer(address + path, limit)
                    break
                except Failure as failure:
                    if failure.kind is not Kind.UNREACHABLE or address == last:
                        raise
                    log.warning("%s cannot be reached, trying the portal's next address", address)
            PREFERENCE.reached(self.portal.addresses, address)
            with response:
                yield response

    @contextmanager
    def _opened_at(self, url: str, limit: Deadline) -> Iterator[requests.Response]:
        """Ask one address, of the portal or foreign."""
        with SLOTS.one(limit.host, self.settings.max_in_flight, limit), self._answer(url, limit) as response:
            yield response

    def _answer(self, url: str, limit: Deadline) -> requests.Response:
        response = follow(
            url,
            self._auth,
            limit.host,
            lambda target: self._sessions.send(target, self._auth, self.settings.timeout, limit),
        )
        if origin_of(url) in self._auth.origins:
            self._note(response)
        if response.status_code == 200:
            return response
        with response:
            failure = answers.failure_of_status(
                response.status_code,
                response.headers,
                self._auth.hidden(self._error_body(response, limit)),
                host=limit.host,
                key_source=self.key_source,
            )
        raise failure

    @staticmethod
    def _error_body(response: requests.Response, limit: Deadline) -> bytes:
        body = b""
        try:
            for block in bodies.blocks(response, limit, answers.LONGEST_ERROR_BODY):
                body += block
        except Failure as failure:
            # The status says enough; its body is read for the portal's words only.
            log.debug("The body of an error answer is not complete: %s", failure.kind.value)
        return body

    def _note(self, response: requests.Response) -> None:
        if response.headers.get("Server", "").startswith(STAND_IN):
            self.stand_in = True
        quota = read_quota(response.headers, self.portal.host)
        if quota is not None:
            self._quota = quota
            BOARD.note(quota)
        announced = response.headers.get("ODS-Explore-API-Deprecation")
        if announced:
            with self._notes:
                new = announced not in _deprecations
                _deprecations.add(announced)
            if new:
                warnings.warn(
                    f"{self.portal.host} announces: {excerpt(announced)}. Look for a newer bdxopendata.",
                    ApiDeprecationWarning,
                    stacklevel=2,
                )
