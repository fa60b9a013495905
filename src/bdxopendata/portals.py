"""The portals we know: addresses, language, time zone.

A portal is one value. Any Opendatasoft site with the Explore API v2.1 works; Bordeaux is the default.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

API_PATH = "/api/explore/v2.1"

# Names the portal that is meant where none is said; without it that is Bordeaux.
PORTAL_VARIABLE = "BDXOPENDATA_PORTAL"

_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z")


@dataclass(frozen=True, slots=True)
class Portal:
    """One Opendatasoft site.

    Attributes
    ----------
    name
        Name for people.
    addresses
        Origins that serve the same data, in the order in which they are tried, such as
        ``("https://opendata.bordeaux-metropole.fr",)``.
    timezone
        Zone in which times are shown.
    language
        Language of metadata asked for.
    extent
        Where its data lie, in degrees: west, south, east, north. Known so that coordinates given in the wrong order can
        be told; nothing is left out by it.
    stand_in
        Whether it is the stand-in portal of `bdxopendata.testing`: its data are samples, and their provenance says so.
    """

    name: str
    addresses: tuple[str, ...]
    timezone: str = "Europe/Paris"
    language: str = "fr"
    stand_in: bool = False
    extent: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ValueError("A portal needs at least one address, such as 'https://opendata.paris.fr'.")
        object.__setattr__(self, "addresses", tuple(origin(address) for address in self.addresses))

    @property
    def host(self) -> str:
        """The host (and port, where it is not the usual one) of the first address: the portal's short name."""
        return urlsplit(self.addresses[0]).netloc

    @property
    def is_loopback(self) -> bool:
        """Whether every address is on this machine."""
        return all(is_loopback(address) for address in self.addresses)

    def page_url(self, dataset_id: str) -> str:
        """Address of a dataset's page for people."""
        return f"{self.addresses[0]}/explore/dataset/{dataset_id}/"


def origin(address: str) -> str:
    """Bring an address or a domain to scheme, host and port; refuse what cannot be a portal.

    Raises
    ------
    TypeError
        If it is not text.
    ValueError
        For other schemes than http and https, credentials, a query or a fragment, or a host that is no host name.
    """
    if not isinstance(address, str):
        raise TypeError(f"A portal address is text, such as 'https://opendata.paris.fr', not {type(address).__name__}.")
    text = address.strip()
    if not text:
        raise ValueError(
            "A portal address is empty; write one such as 'https://opendata.paris.fr', or leave it out for Bordeaux."
        )
    parts = _split(text if "://" in text else f"https://{text}")
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"A portal address starts with https://, not {parts.scheme}:// .")
    if parts.username is not None or parts.password is not None:
        raise ValueError("A portal address holds no user name or password; pass a key with Settings(api_key=…).")
    if parts.query or parts.fragment or parts.path.rstrip("/") not in ("", API_PATH):
        raise ValueError("A portal address is a scheme and a host only, such as 'https://opendata.paris.fr'.")
    host = parts.hostname or ""
    if not (_HOST.match(host) or _is_ip(host)):
        raise ValueError(f"{host[:80]!a} is no host name. Write international names in their xn-- form.")
    shown = f"[{host}]" if ":" in host else host
    default_port = {"http": 80, "https": 443}[parts.scheme]
    port = f":{parts.port}" if parts.port not in (None, default_port) else ""
    return f"{parts.scheme}://{shown}{port}"


def is_loopback(address: str) -> bool:
    """Whether an origin is on this machine."""
    host = urlsplit(address).hostname or ""
    return host == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  reading it is what checks it
    except ValueError as error:
        raise ValueError(f"Not a portal address: {error}.") from None
    return parts


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


BORDEAUX = Portal(
    name="Bordeaux Métropole",
    addresses=("https://opendata.bordeaux-metropole.fr", "https://datahub.bordeaux-metropole.fr"),
    # The 28 communes of the Métropole lie within; some of its data reach beyond them.
    extent=(-1.3, 44.5, -0.1, 45.2),
)

KNOWN_PORTALS = (BORDEAUX,)


def portal_of(value: str | Portal | None) -> Portal:
    """Find the portal meant by an address, a domain, a `Portal`, or nothing (Bordeaux).

    Any address of a known portal means that portal.
    """
    if value is None:
        named = os.environ.get(PORTAL_VARIABLE)
        return portal_of(named) if named else BORDEAUX
    if isinstance(value, Portal):
        return value
    address = origin(value)
    for known in KNOWN_PORTALS:
        if address in known.addresses:
            return known
    return Portal(name=urlsplit(address).netloc, addresses=(address,))
