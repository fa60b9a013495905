"""The key, and where it may go.

A key belongs to one portal. It travels in one header of requests to the portal's own origins, over https (or to this
machine), and nowhere else: not in an address, not to the host of a link that the portal named, not along a redirect.
"""

from __future__ import annotations

import logging
import os
from typing import TypeVar
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from bdxopendata.config import PREFIX, Secret, Settings
from bdxopendata.errors import BdxOpenDataError, ConfigurationError
from bdxopendata.portals import BORDEAUX, Portal, is_loopback, portal_of

log: logging.Logger = logging.getLogger("bdxopendata")

PORTAL_VARIABLE = f"{PREFIX}PORTAL"
_DEFAULT_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]
E = TypeVar("E", bound=BdxOpenDataError)


def origin_of(url: str) -> Origin:
    """Scheme, host and port of an address, in the form in which they can be compared."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").rstrip("."), parts.port or _DEFAULT_PORTS.get(scheme, 0)


class KeyAuth(AuthBase):
    """Adds the key to requests for `origins`, and takes any other credentials away.

    It is handed to each request, for anonymous callers too: requests falls back to the user's .netrc file
    only where a request has no `AuthBase` of its own.
    """

    def __init__(self, key: Secret | None, origins: frozenset[Origin]) -> None:
        self.key = key
        self.origins = origins

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Check the origin of this very request."""
        request.headers.pop("Authorization", None)
        if self.key is not None and origin_of(request.url or "") in self.origins:
            request.headers["Authorization"] = f"Apikey {self.key.reveal()}"
        return request

    def hidden(self, body: bytes) -> bytes:
        """Take the key out of what a portal wrote: pages for developers show the headers that they were sent."""
        return body if self.key is None else body.replace(self.key.reveal().encode(), b"***")

    def without_key(self, error: E) -> E:
        """Take the key out of the facts of an error about an answer, and let go of a cause that shows it."""
        if self.key is None:
            return error
        key = self.key.reveal()
        error.args = tuple(_without(key, one) for one in error.args)
        for name, value in vars(error).items():
            setattr(error, name, _without(key, value))
        cause = error.__cause__
        if cause is not None:
            # The frames below hold the answer itself, which tools would show with the traceback.
            cause = None if key in f"{cause!r}" else cause.with_traceback(None)
        error.__cause__, error.__context__ = cause, None
        return error.with_traceback(None)

    def may_follow(self, url: str) -> bool:
        """Whether a redirect to `url` may be followed: anywhere without a key, at home with one."""
        return self.key is None or origin_of(url) in self.origins


def _without(key: str, value: object) -> object:
    return value.replace(key, "***") if isinstance(value, str) else value


def usable_key(portal: Portal, settings: Settings) -> tuple[Secret | None, str | None]:
    """Find the key for a portal, and where it came from.

    A key from the environment was set for Bordeaux, or for the portal that ``BDXOPENDATA_PORTAL`` names: other
    portals are asked without it.

    Raises
    ------
    ConfigurationError
        If the key would travel unencrypted.
    """
    key = settings.key
    if key is None:
        return None, None
    source = settings.sources["api_key"]
    if source != "argument" and not _environment_means(portal):
        log.info("The key from %s is not sent to %s, which is not the portal it was set for", source, portal.host)
        return None, None
    open_addresses = [one for one in portal.addresses if one.startswith("http://") and not is_loopback(one)]
    if open_addresses:
        raise ConfigurationError(
            f"A key is not sent to {open_addresses[0]}, where everyone on the way could read it.",
            "Use the https:// address, or no key.",
        )
    return key, "Settings(api_key=…)" if source == "argument" else source


def _environment_means(portal: Portal) -> bool:
    named = os.environ.get(PORTAL_VARIABLE)
    try:
        meant = portal_of(named or None)
    except ValueError as error:
        raise ConfigurationError(f"{PORTAL_VARIABLE} names no portal: {error}", "Correct or unset it.") from None
    return set(portal.addresses) <= set(meant.addresses or BORDEAUX.addresses)
