"""Date literals: the forms that ODSQL reads, and the moments they mean.

A literal without a zone is a time on the wall, in the zone of the question. A reduced literal (``2017``,
``2017-04``) is the beginning of its period.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

_ISO = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d?)(?:-(?P<day>\d\d?)"
    r"(?:[T ](?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?)?)?\Z",
    re.IGNORECASE | re.ASCII,
)
_SLASHED = re.compile(r"(?P<year>\d{4})(?:/(?P<month>\d\d?)(?:/(?P<day>\d\d?))?)?\Z", re.ASCII)


def is_date_literal(text: str) -> bool:
    """Whether this may stand between the quotes of a date literal."""
    try:
        read_date(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def read_date(text: str) -> datetime:
    """Read the moment that a literal means, with a zone only where the literal has one.

    Raises
    ------
    ValueError
        If the text is no date.
    """
    found = _ISO.match(text) or _SLASHED.match(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no date; write it as 2017-04-03, 2017-04-03T08:02 or 2017/04/03.")
    parts = found.groupdict()
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    fraction = int((parts.get("fraction") or "0").ljust(6, "0")[:6])
    zone = _zone(parts.get("zone"))
    return datetime(
        int(parts["year"]), int(parts["month"] or 1), int(parts["day"] or 1), hour, minute, second, fraction, zone
    )


def has_time(text: str) -> bool:
    """Whether a literal names a time of day."""
    return "T" in text.upper() or " " in text.strip()


def write_date(value: date) -> str:
    """Write a date or an aware datetime as the text of a literal; moments are written in UTC.

    Raises
    ------
    ValueError
        If a datetime has no time zone.
    """
    if not isinstance(value, datetime):
        return value.isoformat()
    if value != value:  # NaT of pandas is a datetime
        raise ValueError("A missing time cannot be compared with; use .is_null().")
    if value.utcoffset() is None:
        raise ValueError("A datetime needs a time zone here: use value.replace(tzinfo=ZoneInfo('Europe/Paris')).")
    moment = value.astimezone(UTC)
    fraction = f".{moment.microsecond:06d}" if moment.microsecond else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + fraction + "Z"


def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
