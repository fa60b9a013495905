"""The key, and where it may go.

A key belongs to one portal. It travels in one header of requests to the portal's own origins, over https (or to this
machine), and nowhere else: not in an address, not to the host of a link that the portal named, not along a redirect.
"""

from __future__ import annotations

import logging
import os
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from bdxopendata.config import PREFIX, Secret, Settings
from bdxopendata.errors import ConfigurationError
from bdxopendata.portals import BORDEAUX, Portal, is_loopback, portal_of

log: logging.Logger = logging.getLogger("bdxopendata")

PORTAL_VARIABLE = f"{PREFIX}PORTAL"
_DEFAULT_PORTS = {"http": 80, "https": 443}

Origin = tuple[str, str, int]


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

    def may_follow(self, url: str) -> bool:
        """Whether a redirect to `url` may be followed: anywhere without a key, at home with one."""
        return self.key is None or origin_of(url) in self.origins


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
