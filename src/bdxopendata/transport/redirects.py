"""Following redirects, by hand: few of them, and never away from home with a key."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urljoin, urlsplit

import requests

from bdxopendata.transport.addresses import is_inside
from bdxopendata.transport.auth import KeyAuth
from bdxopendata.transport.failures import network_failure
from bdxopendata.transport.retries import Kind

MOST_REDIRECTS = 5
STATUSES = (301, 302, 303, 307, 308)


def follow(url: str, auth: KeyAuth, host: str, send: Callable[[str], requests.Response]) -> requests.Response:
    """Send `url` and follow where the answer leads; return the first answer that is no redirect."""
    response = send(url)
    for _ in range(MOST_REDIRECTS):
        target = response.headers.get("Location")
        if response.status_code not in STATUSES or not target:
            return response
        response.close()
        following = _joined(url, target)
        problem = _problem(url, following, auth)
        if problem is not None:
            raise network_failure(Kind.FINAL, host, problem)
        url = following
        response = send(url)
    if response.status_code in STATUSES and response.headers.get("Location"):
        response.close()
        raise network_failure(Kind.FINAL, host, f"it redirected more than {MOST_REDIRECTS} times")
    return response


def _joined(url: str, target: str) -> str:
    # http.client hands headers over as Latin-1; what was UTF-8 on the wire becomes itself again.
    with suppress(UnicodeError):
        target = target.encode("latin-1").decode("utf-8")
    try:
        joined = urljoin(url, target)
        urlsplit(joined).port  # noqa: B018  reading it is what checks it
    except ValueError:
        return ""
    return joined


def _problem(url: str, following: str, auth: KeyAuth) -> str | None:
    before, after = urlsplit(url), urlsplit(following)
    if after.scheme not in ("http", "https") or not after.hostname or after.username is not None:
        return "it redirected to something that is no web address"
    if not auth.may_follow(following):
        return "it redirected to another host, which is not followed with a key"
    if before.scheme == "https" and after.scheme == "http":
        return "it redirected to an unencrypted address"
    if is_inside(following) and not is_inside(url):
        return "it redirected to this machine"
    return None
