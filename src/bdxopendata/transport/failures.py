"""What requests, urllib3 and the operating system raise, in our words.

Their own texts are never passed on: they hold addresses with query.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import requests
import urllib3.exceptions as urllib3_errors

from bdxopendata.errors import NetworkError
from bdxopendata.transport.retries import Failure, Kind

# Everything that the two libraries raise for a fault of the network. InvalidHeader and others of requests derive from
# ValueError too, but all from RequestException.
NETWORK_ERRORS = (requests.RequestException, urllib3_errors.HTTPError, OSError)

_CERTIFICATE = (
    "its TLS certificate is not accepted; if a proxy or an authority of your own signs it, "
    "name the CA bundle in REQUESTS_CA_BUNDLE"
)
_REASONS: tuple[tuple[type[BaseException], Kind, str], ...] = (
    (ssl.SSLCertVerificationError, Kind.FINAL, _CERTIFICATE),
    (urllib3_errors.NameResolutionError, Kind.UNREACHABLE, "its name is not known"),
    (socket.gaierror, Kind.UNREACHABLE, "its name is not known"),
    (ConnectionRefusedError, Kind.UNREACHABLE, "the connection was refused"),
    (requests.exceptions.ProxyError, Kind.UNREACHABLE, "the proxy could not be used"),
    (urllib3_errors.ProxyError, Kind.UNREACHABLE, "the proxy could not be used"),
    (requests.ConnectTimeout, Kind.UNREACHABLE, "no connection in time"),
    (urllib3_errors.ConnectTimeoutError, Kind.UNREACHABLE, "no connection in time"),
    (requests.ReadTimeout, Kind.SILENT, "no answer in time"),
    (urllib3_errors.ReadTimeoutError, Kind.SILENT, "no further bytes in time"),
    (ssl.SSLError, Kind.BROKEN, "the TLS connection broke"),
    (requests.exceptions.SSLError, Kind.BROKEN, "the TLS connection broke"),
    (urllib3_errors.NewConnectionError, Kind.UNREACHABLE, "no connection could be made"),
    (urllib3_errors.IncompleteRead, Kind.BROKEN, "the answer broke off"),
    (urllib3_errors.ProtocolError, Kind.BROKEN, "the connection broke"),
    (ConnectionError, Kind.BROKEN, "the connection broke"),
    (requests.exceptions.InvalidURL, Kind.FINAL, "its address cannot be used"),
)


def failure_of(error: BaseException, host: str) -> Failure:
    """Word what went wrong between us and `host`."""
    kind, reason = reason_of(error)
    return network_failure(kind, host, reason, root=_root(list(_chain(error))))


def reason_of(error: BaseException) -> tuple[Kind, str]:
    """Say why it failed, without a word of whoever raised it."""
    chain = list(_chain(error))
    return next(
        ((kind, reason) for type_, kind, reason in _REASONS if any(isinstance(one, type_) for one in chain)),
        (Kind.BROKEN, "the connection failed"),
    )


def network_failure(kind: Kind, host: str, reason: str, *, root: BaseException | None = None) -> Failure:
    """Make the failure that becomes a NetworkError."""
    return Failure(kind, lambda attempts: NetworkError(host, reason, attempts), root=root)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        one = todo.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def _root(chain: list[BaseException]) -> BaseException | None:
    # requests' exceptions are OSErrors too; only errors of the standard library say nothing of addresses and headers.
    libraries = (requests.RequestException, urllib3_errors.HTTPError)
    roots = [one for one in chain if isinstance(one, OSError) and not isinstance(one, libraries)]
    if not roots:
        return None
    root = roots[-1]
    root.__context__ = root.__cause__ = None
    return root.with_traceback(None)
