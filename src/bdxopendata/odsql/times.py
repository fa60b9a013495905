"""Dates and times on a local table: the moment of asking, parts of dates, dates as text.

A date has no zone; a datetime is seen in the zone of the question.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from bdxopendata.odsql.dates import read_date
from bdxopendata.odsql.functions import WEEKDAYS, NotEvaluable
from bdxopendata.odsql.names_of_days import ABBREVIATED_DAYS, DAYS, MONTHS

MOMENT = pa.timestamp("us", tz="UTC")

_FORMAT_PIECES = re.compile(r"'(?:[^']|'')*'|([A-Za-z])\1*|[^A-Za-z']+|'")


def moment(text: str, zone: str) -> datetime:
    """Find the moment that a date literal means, where a literal without a zone is a time in `zone`."""
    found = read_date(text)
    try:
        return (found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except OverflowError:
        # The first hours of the year 1 and the last of 9999 are beyond what can be told in UTC; nothing lies there.
        return (datetime.min if found.year == 1 else datetime.max).replace(tzinfo=UTC)


def shifted(now: datetime, named: tuple[tuple[str, int], ...]) -> datetime:
    """Find what ``now(…)`` means: a singular part is set, a plural one is added, from left to right.

    Raises
    ------
    OverflowError
        If it leaves the years 1 to 9999.
    """
    current = now.astimezone(UTC)
    for name, value in named:
        current = _shift(current, name, value)
    return current


def _shift(current: datetime, name: str, value: int) -> datetime:
    if name in ("year", "month", "years", "months"):
        year, month = current.year, current.month
        if name in ("year", "month"):
            year, month = (value, month) if name == "year" else (year, value)
        else:
            total = year * 12 + month - 1 + value * (12 if name == "years" else 1)
            year, month = divmod(total, 12)
            month += 1
        if not 1 <= year <= 9999:
            raise OverflowError("a year outside 1 to 9999")
        return current.replace(year=year, month=month, day=min(current.day, calendar.monthrange(year, month)[1]))
    if name == "day":
        return current.replace(day=min(value, calendar.monthrange(current.year, current.month)[1]))
    if name == "weekday":
        return current + timedelta(days=(value - current.weekday()) % 7)
    if name in WEEKDAYS:
        weekday = WEEKDAYS.index(name)
        if value > 0:
            return current + timedelta(days=(weekday - current.weekday()) % 7 + 7 * (value - 1))
        return current - timedelta(days=(current.weekday() - weekday) % 7 + 7 * (-value - 1)) if value else current
    if name.endswith("s"):
        return current + timedelta(**{name: value})
    # One of the singular clock parts, whose names are those of datetime itself.
    return current.replace(**{name: value})  # type: ignore[arg-type]


def on_the_wall(values: Any, zone: str) -> Any:
    """Dates and datetimes as a clock in `zone` shows them."""
    if pa.types.is_date(values.type):
        return values.cast(pa.timestamp("us"))
    return values.cast(pa.timestamp("us", tz=zone))


def microseconds(values: Any) -> Any:
    """Dates (their midnight in UTC) and datetimes as whole numbers that can be compared."""
    if pa.types.is_date(values.type):
        values = values.cast(pa.timestamp("us"))
    return values.cast(MOMENT if values.type.tz else pa.timestamp("us")).cast(pa.int64())


_PARTS: Mapping[str, Callable[[Any], Any]] = {
    "year": pc.year,
    "month": pc.month,
    "day": pc.day,
    "hour": pc.hour,
    "minute": pc.minute,
    "second": pc.second,
}


def part(values: Any, name: str, zone: str) -> Any:
    """One part of dates, as whole numbers."""
    return _PARTS[name](on_the_wall(values, zone)).cast(pa.int64())


def formatted(values: Any, pattern: str, zone: str, lang: str) -> Any:
    """Dates as text.

    Raises
    ------
    NotEvaluable
        If the pattern or the language is not known here.
    """
    wall = on_the_wall(values, zone)
    pieces: list[Any] = []
    for found in _FORMAT_PIECES.finditer(pattern):
        piece = found[0]
        if piece[0].isalpha() and piece[0].isascii():
            write = _SYMBOLS.get(piece)
            if write is None:
                raise NotEvaluable(f"date_format with {piece!r}", "its meaning is not documented")
            pieces.append(write(wall, lang))
        elif piece == "''":
            pieces.append("'")
        elif piece[0] == "'":
            pieces.append(piece[1:-1].replace("''", "'"))
        else:
            pieces.append(piece)
    text = pc.binary_join_element_wise(*pieces, "") if pieces else pa.scalar("")
    return pc.if_else(pc.is_valid(wall), text, pa.scalar(None, pa.string()))


def _number(of: Callable[[Any], Any], width: int = 1, modulo: int | None = None) -> Callable[[Any, str], Any]:
    def write(wall: Any, lang: str) -> Any:
        number = of(wall).cast(pa.int64())
        if modulo is not None:
            number = pc.subtract(number, pc.multiply(pc.floor(pc.divide(number, modulo)).cast(pa.int64()), modulo))
        return pc.utf8_lpad(number.cast(pa.string()), width, "0")

    return write


def _name(of: Callable[[Any], Any], names: Mapping[str, tuple[str, ...]]) -> Callable[[Any, str], Any]:
    def write(wall: Any, lang: str) -> Any:
        if lang not in names:
            raise NotEvaluable("date_format with names", f"the names in {lang!r} are not known here")
        # Both days and months count from 1.
        return pc.take(pa.array(names[lang]), pc.subtract(of(wall).cast(pa.int64()), 1))

    return write


def _weekday(wall: Any) -> Any:
    return pc.day_of_week(wall, count_from_zero=False, week_start=1)


_SYMBOLS: Mapping[str, Callable[[Any, str], Any]] = {
    "yy": _number(pc.year, 2, 100),
    "YY": _number(pc.year, 2, 100),
    "yyyy": _number(pc.year, 4),
    "YYYY": _number(pc.year, 4),
    "xx": _number(pc.iso_year, 2, 100),
    "xxxx": _number(pc.iso_year, 4),
    "w": _number(pc.iso_week),
    "ww": _number(pc.iso_week, 2),
    "e": _number(_weekday),
    "E": _name(_weekday, ABBREVIATED_DAYS),
    "EEEE": _name(_weekday, DAYS),
    "D": _number(pc.day_of_year),
    "DDD": _number(pc.day_of_year, 3),
    "M": _number(pc.month),
    "MM": _number(pc.month, 2),
    "MMMM": _name(pc.month, MONTHS),
    "d": _number(pc.day),
    "dd": _number(pc.day, 2),
    "H": _number(pc.hour),
    "HH": _number(pc.hour, 2),
    "m": _number(pc.minute),
    "mm": _number(pc.minute, 2),
    "s": _number(pc.second),
    "ss": _number(pc.second, 2),
}
