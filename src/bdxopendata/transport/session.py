"""Sessions, one per thread and process, and sending a single request with one of them.

A session's sockets belong to the thread and the process that opened them; a copy made by fork would answer to both.
"""

from __future__ import annotations

import logging
import os
import threading
from http.cookiejar import DefaultCookiePolicy

import requests
from urllib3 import Retry

from bdxopendata.transport.auth import KeyAuth, origin_of
from bdxopendata.transport.deadline import Deadline
from bdxopendata.transport.failures import NETWORK_ERRORS, failure_of
from bdxopendata.transport.line import Line
from bdxopendata.transport.punctual import CURRENT
from bdxopendata.transport.retries import Failure, Kind
from bdxopendata.transport.telling import TellingAdapter
from bdxopendata.version import __version__

log: logging.Logger = logging.getLogger("bdxopendata")

CONNECT_SECONDS = 5.0


def user_agent() -> str:
    """Say honestly who asks."""
    return f"bdxopendata/{__version__} (Python library)"


class Sessions(threading.local):
    """The session of the calling thread; a new one in each thread and after a fork."""

    def __init__(self, line: Line | None = None) -> None:
        self._line = line
        self._session: requests.Session | None = None
        self._process = 0
        # Origins that answered on this session: a connection to them may have been kept, and gone stale.
        self._warm: set[tuple[str, str, int]] = set()

    def get(self) -> requests.Session:
        """Return the session, opening one if need be."""
        if self._session is None or self._process != os.getpid():
            self._session, self._process, self._warm = _open(self._line), os.getpid(), set()
        return self._session

    def drop(self) -> None:
        """Close this thread's connections; the next request opens new ones."""
        session, self._session, self._warm = self._session, None, set()
        if session is not None and self._process == os.getpid():
            session.close()

    def send(self, url: str, auth: KeyAuth, timeout: float, deadline: Deadline) -> requests.Response:
        """Send one GET and return its answer, body unread and redirects not followed; raise `Failure`."""
        origin = origin_of(url)
        was_warm = origin in self._warm
        failure = self._try(url, auth, timeout, deadline)
        if isinstance(failure, Failure) and failure.kind is Kind.BROKEN and was_warm and not deadline.is_over():
            # A server may close an idle connection at any time. That is no fault of this request.
            log.debug("Connection to %s had gone stale, opening a new one", deadline.host)
            self.drop()
            failure = self._try(url, auth, timeout, deadline)
        if isinstance(failure, Failure):
            self.drop()
            raise Failure(Kind.FINAL, deadline.error) if deadline.is_over() else failure
        self._warm.add(origin)
        return failure

    def _try(self, url: str, auth: KeyAuth, timeout: float, deadline: Deadline) -> requests.Response | Failure:
        session = self.get()
        left = max(deadline.remaining, 0.001)
        CURRENT.deadline = deadline
        try:
            request = session.prepare_request(requests.Request("GET", url, auth=auth))
            # The proxies and CA bundle that the environment names.
            surroundings = session.merge_environment_settings(request.url or url, {}, True, None, None)
            return session.send(
                request,
                timeout=(min(CONNECT_SECONDS, timeout, left), min(timeout, left)),
                allow_redirects=False,
                **surroundings,
            )
        except NETWORK_ERRORS as error:
            return failure_of(error, deadline.host)
        except BaseException as error:
            # An interrupt, for one. The frames below hold the headers, which tools would show with the traceback.
            if auth.key is None:
                raise
            raise error.with_traceback(None) from None


class _Session(requests.Session):
    """Leaves redirects alone.

    Even when told not to follow one, requests reads its body, without any bound, to prepare the request that would
    follow.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def _open(line: Line | None) -> requests.Session:
    session = _Session()
    session.headers.update({"User-Agent": user_agent(), "Accept-Encoding": "gzip"})
    # A portal's cookies could tie requests of different keys together.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    for scheme in ("https://", "http://"):
        # No second retry layer and no redirects below ours.
        session.mount(scheme, TellingAdapter(line=line, max_retries=Retry(total=0, read=False, redirect=0)))
    return session
