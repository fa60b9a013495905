"""One line of the log for each request that went out, once it is known what came of it.

The line is written where requests leave, below redirects and retries, so that none goes untold and none is told twice.
"""

from __future__ import annotations

import logging
import time
from typing import Any
from urllib.parse import urlsplit

import requests

from bdxopendata.errors import excerpt
from bdxopendata.transport.failures import NETWORK_ERRORS, reason_of
from bdxopendata.transport.punctual import PunctualAdapter

log: logging.Logger = logging.getLogger("bdxopendata")


class TellingAdapter(PunctualAdapter):
    """Tells of each request: when its answer is closed, or when there is none."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, and tell where that fails."""
        began = time.monotonic()
        try:
            answer = super().send(request, *args, **kwargs)
        except NETWORK_ERRORS as error:
            _tell(request, f"no answer, {reason_of(error)[1]},", began)
            raise
        except BaseException as error:
            _tell(request, f"no answer, {type(error).__name__}", began)
            raise
        return _Told(answer, request, began)


class _Told(requests.Response):
    """An answer that is told of once, when it is closed: by then it is known how much of it came."""

    def __init__(self, answer: requests.Response, request: requests.PreparedRequest, began: float) -> None:
        super().__init__()
        vars(self).update(vars(answer))
        self._asked = request
        self._began = began
        self._untold = True

    def close(self) -> None:
        """Let go of the connection, and tell."""
        super().close()
        if self._untold:
            self._untold = False
            _tell(self._asked, f"{self.status_code}, {self.raw.tell():,} bytes", self._began)


def _tell(request: requests.PreparedRequest, outcome: str, began: float) -> None:
    if not log.isEnabledFor(logging.DEBUG):
        return
    parts = urlsplit(request.url or "")
    # The path says what; the query holds the words of whoever asks, and does not belong into a log.
    what = f"{parts.netloc.rpartition('@')[2]}{parts.path}"
    key = str(request.headers.get("Authorization", "")).rpartition(" ")[2]
    if key:
        # A portal may lead to an address that holds what it was sent.
        what = what.replace(key, "***")
    seconds = time.monotonic() - began
    log.debug("%s %s: %s in %.2f s", request.method, excerpt(what, 200), outcome, seconds)
