"""Settings: one frozen value.

Each setting comes from the argument, else from ``BDXOPENDATA_<NAME>`` in the environment, else from its default;
`show_settings` says which. The key is wrapped so that no text form, copy or pickle of it shows it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from functools import wraps
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bdxopendata.errors import ConfigurationError, excerpt

PREFIX = "BDXOPENDATA_"
LANGUAGES = ("fr", "en", "de", "es", "it", "nl", "pt", "ar", "ca", "eu", "sv", "pl")

# Personalises the fingerprint of a key, so that it cannot be looked up in tables made for other programs.
_FINGERPRINT_PERSON = b"bdxopendata/key"


class Secret:
    """A key that shows itself to nobody but the one line that sends it."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the key itself. Only the code that puts it into the request header calls this."""
        return self.__value

    @property
    def fits_a_header(self) -> bool:
        """Whether it may stand in a header: this also makes it impossible to smuggle in a second header."""
        return re.fullmatch(r"[\x21-\x7e]{1,512}", self.__value) is not None

    @property
    def fingerprint(self) -> str:
        """One-way mark of the key, 128 bits in hexadecimal: tells keys apart without telling them."""
        return blake2b(self.__value.encode(), digest_size=16, person=_FINGERPRINT_PERSON).hexdigest()

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.__value == other.__value

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __reduce__(self) -> NoReturn:
        raise TypeError("A key is not pickled; set BDXOPENDATA_API_KEY where the work is done.")


class _Unset:
    def __repr__(self) -> str:
        return "<from environment or default>"


UNSET: Any = _Unset()


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """How the library behaves: one frozen value, handed to a `Catalog` or `Dataset`.

    Parameters
    ----------
    api_key
        Key of the portal, sent only to the portal's own origin, over https.
    cache_dir
        Folder of the store; by default the user's cache folder.
    offline
        Answer from stored data only; `OfflineError` where they do not suffice.
    max_age
        Seconds during which stored data are used without asking the portal whether they are current
        (a number or a `datetime.timedelta`); 0 asks each time.
    stale_if_error
        Age in seconds (or a `datetime.timedelta`) up to which stored data are used, with a `StaleDataWarning`, where
        the portal cannot be reached, fails, or has no calls left; 0 raises the error.
    timeout
        Seconds without a byte after which an attempt is given up.
    deadline
        Seconds that one call may take in all; None means 600 for data and 60 for metadata.
    retries
        How often a failed request is repeated.
    max_in_flight
        Requests under way at once to one host.
    timezone
        Zone in which times are shown; by default the portal's.
    language
        Language of titles and descriptions; by default the portal's.
    progress
        Show progress bars: True, False, or None for only where a person watches.
    max_bytes
        Largest answer that is accepted, decoded.
    max_rows
        Most rows that one answer may hold.

    Raises
    ------
    ConfigurationError
        If a value cannot be used; the message names the allowed ones and never shows a key.
    """

    api_key: str | Secret | None = field(default=UNSET)
    cache_dir: str | os.PathLike[str] | None = field(default=UNSET)
    offline: bool = field(default=UNSET)
    max_age: float | timedelta = field(default=UNSET)
    stale_if_error: float | timedelta = field(default=UNSET)
    timeout: float = field(default=UNSET)
    deadline: float | None = field(default=UNSET)
    retries: int = field(default=UNSET)
    max_in_flight: int = field(default=UNSET)
    timezone: str | None = field(default=UNSET)
    language: str | None = field(default=UNSET)
    progress: bool | None = field(default=UNSET)
    max_bytes: int = field(default=UNSET)
    max_rows: int = field(default=UNSET)
    sources: Mapping[str, str] = field(default=UNSET, init=False, compare=False)

    def __post_init__(self) -> None:
        sources: dict[str, str] = {}
        for name, rule in RULES.items():
            given = getattr(self, name)
            raw, source = _resolve(name, given, rule)
            sources[name] = source
            object.__setattr__(self, name, _checked(name, raw, source, rule))
        object.__setattr__(self, "sources", MappingProxyType(sources))

    @property
    def key(self) -> Secret | None:
        """The key, wrapped; None for an anonymous caller."""
        return cast("Secret | None", self.api_key)

    @property
    def folder(self) -> Path | None:
        """`cache_dir` as a path; None means the user's cache folder."""
        return cast("Path | None", self.cache_dir)

    @property
    def max_age_seconds(self) -> float:
        """`max_age` in seconds."""
        return cast("float", self.max_age)

    @property
    def stale_seconds(self) -> float:
        """`stale_if_error` in seconds."""
        return cast("float", self.stale_if_error)

    def __repr__(self) -> str:
        if not isinstance(self.sources, Mapping):
            # Half made: a tool shows the variables of the error that kept it from being made.
            return "Settings(…)"
        shown = (f"{name}={getattr(self, name)!r}" for name in RULES if self.sources[name] != "default")
        return f"Settings({', '.join(shown)})"

    def __reduce__(self) -> tuple[Callable[..., Settings], tuple[dict[str, Any]]]:
        # The key stays behind: the process that unpickles takes its own from its environment.
        given = {name: getattr(self, name) for name in RULES if name != "api_key" and self.sources[name] != "default"}
        return _rebuild, (given,)


def _rebuild(given: dict[str, Any]) -> Settings:
    return Settings(**given)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one setting is checked, and what it is without being set."""

    default: Any
    allowed: str
    parse: Callable[[Any], Any]


def _resolve(name: str, given: Any, rule: Rule) -> tuple[Any, str]:
    if given is not UNSET:
        return given, "argument"
    text = os.environ.get(PREFIX + name.upper())
    if text is not None:
        return _wrapped(text) if name == "api_key" else text, PREFIX + name.upper()
    return rule.default, "default"


def _checked(name: str, raw: Any, source: str, rule: Rule) -> Any:
    if source == "default":
        return raw
    try:
        return rule.parse(raw)
    except (TypeError, ValueError, OverflowError):
        # `from None` and no value: a key must not come back in the message or in a traceback's chain.
        problem = "cannot be used" if name == "api_key" else f"cannot be {excerpt(repr(raw), 60)}"
        raise ConfigurationError(f"The setting {name} from {source} {problem}.", f"Allowed: {rule.allowed}.") from None


def _number(minimum: float, *, strict: bool = False) -> Callable[[Any], float]:
    def parse(raw: Any) -> float:
        if isinstance(raw, bool):
            raise TypeError
        value = raw.total_seconds() if isinstance(raw, timedelta) else float(raw)
        if not value >= minimum or value == float("inf") or (strict and value == minimum):
            raise ValueError
        return value

    return parse


def _integer(minimum: int) -> Callable[[Any], int]:
    def parse(raw: Any) -> int:
        if isinstance(raw, bool) or (isinstance(raw, float) and not raw.is_integer()):
            raise TypeError
        value = int(raw)
        if value < minimum:
            raise ValueError
        return value

    return parse


def _boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    return {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}[
        _lower(raw)
    ]


def _lower(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError
    text = raw.strip().casefold()
    if text not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        raise ValueError
    return text


def _optional(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda raw: None if raw is None or raw == "" else parse(raw)


def _key(raw: Any) -> Secret:
    if not isinstance(raw, Secret):
        raise TypeError
    if not raw.fits_a_header:
        raise ValueError
    return raw


def _wrapped(raw: Any) -> Any:
    """Wrap a key as soon as it is met: tools that show the variables of a traceback would show it otherwise."""
    if not isinstance(raw, str) or raw == "":
        return raw
    return Secret(re.sub(r"\A\s*(apikey|bearer)\s+", "", raw, flags=re.IGNORECASE).strip())


def _wrapping(make: Callable[..., None]) -> Callable[..., None]:
    @wraps(make)
    def init(self: Settings, **given: Any) -> None:
        if "api_key" in given:
            given["api_key"] = _wrapped(given["api_key"])
        make(self, **given)

    return init


def _path(raw: Any) -> Path:
    text = os.fspath(raw)
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError
    return Path(text).expanduser().absolute()


def _zone(raw: Any) -> str:
    try:
        return ZoneInfo(raw).key
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError from error


def _language(raw: Any) -> str:
    if raw not in LANGUAGES:
        raise ValueError
    return str(raw)


RULES: Mapping[str, Rule] = {
    "api_key": Rule(None, "a key of printable characters without blanks", _optional(_key)),
    "cache_dir": Rule(None, "a path", _optional(_path)),
    "offline": Rule(False, "true or false", _boolean),
    "max_age": Rule(0.0, "seconds from 0, or a timedelta", _number(0)),
    "timeout": Rule(30.0, "seconds above 0", _number(0, strict=True)),
    "deadline": Rule(None, "seconds above 0, or nothing", _optional(_number(0, strict=True))),
    "retries": Rule(3, "a whole number from 0", _integer(0)),
    "max_in_flight": Rule(4, "a whole number from 1", _integer(1)),
    "timezone": Rule(None, "a zone of the IANA list, such as Europe/Paris", _optional(_zone)),
    "language": Rule(None, f"one of {', '.join(LANGUAGES)}", _optional(_language)),
    "progress": Rule(None, "true, false, or nothing", _optional(_boolean)),
    "max_bytes": Rule(2 * 1024**3, "a whole number from 1", _integer(1)),
    "max_rows": Rule(50_000_000, "a whole number from 1", _integer(1)),
    "stale_if_error": Rule(0.0, "seconds from 0, or a timedelta", _number(0)),
}

# The signature stays the one that dataclasses made; only what is kept in its variables changes.
Settings.__init__ = _wrapping(Settings.__init__)  # type: ignore[method-assign]

assert set(RULES) == {one.name for one in fields(Settings) if one.init}


def show_settings(settings: Settings | None = None) -> str:
    """List each setting, its value and where it came from, one a line; the key is masked.

    Examples
    --------
    >>> import bdxopendata as bdx
    >>> print(bdx.show_settings(bdx.Settings(timeout=10)).splitlines()[4])
    timeout        10.0                 argument
    """
    settings = settings if settings is not None else Settings()
    return "\n".join(f"{name:<14} {getattr(settings, name)!r:<20} {settings.sources[name]}" for name in RULES)
