"""Addresses: built from the portal's own and validated parts, never taken from an answer.

A portal may answer at several addresses. The first that can be reached is used, and remembered for a while, so that
not each request waits for the one that is down.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from socket import inet_aton
from urllib.parse import quote, urlencode, urlsplit

from bdxopendata.portals import API_PATH, is_loopback

LONGEST_SEGMENT = 255
REMEMBERED_SECONDS = 300.0

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f/\\?#]")


def checked_segment(segment: str) -> str:
    """Check one part of a path, such as a dataset id.

    Quoting does not help against ``..``, which clients and servers take away together with the part before it.

    Raises
    ------
    ValueError
        If it is empty, longer than 255 characters, ``.`` or ``..``, or holds a separator or a control character.
    """
    if not isinstance(segment, str):
        raise ValueError(f"A dataset id is text, not {type(segment).__name__}.")
    if not segment.strip() or segment.strip() in (".", ".."):
        raise ValueError(f"{segment[:20]!a} is no dataset id. Ids look like 'st_park_p'; see Catalog().")
    if len(segment) > LONGEST_SEGMENT or _FORBIDDEN.search(segment):
        raise ValueError(
            f"{segment[:60]!a} is no dataset id: ids have at most {LONGEST_SEGMENT} characters "
            "and no slash, question mark, number sign or control character."
        )
    try:
        segment.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{segment[:60]!a} is no dataset id: it is no valid Unicode text.") from None
    return segment


def api_path(segments: Sequence[str], params: Sequence[tuple[str, str]] = ()) -> str:
    """Path and query of an API request, everything quoted."""
    path = "/".join([API_PATH, *(quote(checked_segment(one), safe="") for one in segments)])
    query = urlencode(list(params), quote_via=quote)
    return f"{path}?{query}" if query else path


def checked_link(url: str, *, from_loopback: bool) -> str:
    """Check an address that the portal named.

    Raises
    ------
    ValueError
        If it is no http or https address, holds credentials, or leads to this machine from a portal elsewhere.
    """
    if not isinstance(url, str):
        raise TypeError(f"A link is text, not {type(url).__name__}.")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  reading it is what checks it
    except ValueError:
        raise ValueError("The link is no address.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("A link is followed to http and https addresses only.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("A link with a user name or password in it is not followed.")
    if (is_loopback(url) or is_inside(url)) and not from_loopback:
        raise ValueError("A link from a portal to this machine is not followed.")
    return url


def is_inside(url: str) -> bool:
    """Whether an address names this machine or its network by number, also in the spellings that only sockets read."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        # The library of the system also takes 127.1, 0x7f000001 and 2130706433 for addresses.
        number: IPv4Address | IPv6Address = IPv4Address(inet_aton(host))
    except (OSError, ValueError):
        try:
            number = IPv6Address(host.partition("%")[0])
        except ValueError:
            return False
        number = number.ipv4_mapped or number
    return not number.is_global


class Preference:
    """Which of a portal's addresses was reached last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._chosen: dict[tuple[str, ...], tuple[str, float]] = {}

    def order(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Return the addresses in the order in which to try them."""
        chosen, until = self._chosen.get(addresses, (addresses[0], 0.0))
        if time.monotonic() >= until:
            return addresses
        return (chosen, *(one for one in addresses if one != chosen))

    def reached(self, addresses: tuple[str, ...], address: str) -> None:
        """Remember where an answer came from, unless it is the first address anyway."""
        if address == self.order(addresses)[0]:
            return
        with self._lock:
            if address == addresses[0]:
                self._chosen.pop(addresses, None)
            else:
                self._chosen[addresses] = (address, time.monotonic() + REMEMBERED_SECONDS)

    def forget(self) -> None:
        """Start anew."""
        self._chosen.clear()


PREFERENCE = Preference()
