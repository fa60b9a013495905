"""Arguments that mean a time: a year, a day, a stretch of days, a moment, a span.

All of them are taken in every form in which people have them: numbers of Python and of NumPy, ISO text, dates, moments,
and those of pandas. What cannot be one is refused before anything is asked, with what is taken instead.
"""

from __future__ import annotations

import math
import re
import warnings
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bdxopendata.errors import excerpt
from bdxopendata.topics.live import ZONE

# What the arguments take. NumPy's numbers and moments and those of pandas are taken too, and need no mention.
Year = int | str | date
When = int | str | date
Span = timedelta | float | str

_PART_OF_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ].*)?)?)?")
_YEAR_FORMS = "a year such as 2023 or '2023'"
_WHEN_FORMS = "a date, a year such as 2023, or ISO text such as '2023-05' or '2023-05-17'"
_DAY_FORMS = "a date, or ISO text such as '2023-05-17'"
_MOMENT_FORMS = f"a moment with a time zone, such as datetime(2023, 5, 17, 8, tzinfo=ZoneInfo('{ZONE}'))"
_SPAN_FORMS = "a timedelta, seconds, or text such as '2h' or '30 min'"


def years(wanted: object, name: str = "year") -> list[int] | None:
    """Read a year, or several; None stays None. A date stands for the year it is in.

    Raises
    ------
    TypeError
        If it is no year, and no list of years.
    ValueError
        If it is text that is no year, or a list of none.
    """
    if wanted is None:
        return None
    alone = isinstance(wanted, (str, date)) or not hasattr(wanted, "__iter__")
    several = [wanted] if alone else list(wanted)  # type: ignore[call-overload]  # it has __iter__
    if not several:
        raise ValueError(f"The list of {name}s is empty; leave it out to have all.")
    return [_edges(one, name, _YEAR_FORMS)[0].year for one in several]


def stretch(start: object, end: object) -> tuple[date | None, date | None]:
    """Read the first and the last day of a stretch: a year or a month stands for all of its days.

    Raises
    ------
    TypeError, ValueError
        If one of them is no date, no year and no such text, or the end is before the start.
    """
    first = None if start is None else _edges(start, "start", _WHEN_FORMS)[0]
    last = None if end is None else _edges(end, "end", _WHEN_FORMS)[1]
    if first is not None and last is not None and first > last:
        raise ValueError(f"The end, {last}, is before the start, {first}.")
    return first, last


def day(value: object, name: str) -> date:
    """Read one day; an aware moment means the day it is in Europe/Paris.

    Raises
    ------
    TypeError, ValueError
        If it is no day; a whole month or year is none.
    """
    first, last = _edges(value, name, _DAY_FORMS)
    if first != last:
        raise ValueError(f"{name} is one day: {_DAY_FORMS}, not {_shown(value)}.")
    return first


def moment(value: object, name: str, *, whole_days: bool = False) -> datetime:
    """Read a moment, in UTC.

    Parameters
    ----------
    whole_days
        Whether a day, a month or a year stands for its first moment in Europe/Paris.

    Raises
    ------
    TypeError, ValueError
        If it is no moment, or one without a time zone.
    """
    value = _plain(value, name)
    forms = f"{_WHEN_FORMS}, or {_MOMENT_FORMS}" if whole_days else _MOMENT_FORMS
    if isinstance(value, str) and len(value.strip()) > len("2023-05-17"):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(f"{name} is {forms}, not {_shown(value)}.") from None
    # pandas has no dates: a day is a moment at midnight there, without a zone.
    of_a_day = isinstance(value, datetime) and value.tzinfo is None and value.time() == time()
    if isinstance(value, datetime) and not (whole_days and of_a_day):
        if value.utcoffset() is None:
            raise ValueError(f"{name}={value} has no time zone: it is {forms}.")
        return value.astimezone(UTC)
    if whole_days:
        return datetime.combine(_edges(value, name, forms)[0], time(), ZoneInfo(ZONE)).astimezone(UTC)
    problem = ValueError if isinstance(value, str) else TypeError
    raise problem(f"{name} is {forms}, not {_shown(value)}.")


def span(value: object, name: str) -> timedelta | None:
    """Read a length of time; None stays None.

    Raises
    ------
    TypeError, ValueError
        If it is none, text without a unit among them, or is below 0.
    """
    if value is None:
        return None
    wrong = f"{name} is {_SPAN_FORMS}, not {_shown(value)}."
    if isinstance(value, bool):
        raise TypeError(wrong)
    if type(value).__name__ == "NaTType":
        raise ValueError(wrong)
    if isinstance(value, str):
        found = _span_of_text(value, wrong)
    elif isinstance(value, timedelta):
        # That of pandas is one too, and not the same in all that it does.
        found = timedelta(days=value.days, seconds=value.seconds, microseconds=value.microseconds)
    elif type(value).__name__ == "timedelta64":
        import pandas as pd

        found = pd.Timedelta(value).to_pytimedelta()  # type: ignore[arg-type]  # only known by its name here
    elif hasattr(value, "__float__"):
        seconds = float(value)
        if not math.isfinite(seconds) or abs(seconds) > timedelta.max.total_seconds() / 2:
            raise ValueError(wrong)
        found = timedelta(seconds=seconds)
    else:
        raise TypeError(wrong)
    # NaT is a timedelta that is not itself.
    if found != found or found < timedelta(0):
        raise ValueError(wrong)
    return found


def _span_of_text(text: str, wrong: str) -> timedelta:
    import pandas as pd

    try:
        # pandas reads a bare number as nanoseconds, which nobody means.
        float(text)
    except ValueError:
        try:
            with warnings.catch_warnings():
                # Which spelling of a unit pandas will give up one day is not for the caller to know.
                warnings.simplefilter("ignore")
                return pd.Timedelta(text).to_pytimedelta()
        except ValueError:
            raise ValueError(wrong) from None
    raise ValueError(f"{wrong} A number in text needs its unit.")


def _edges(value: object, name: str, forms: str) -> tuple[date, date]:
    """Return the first and the last day of what was named: a day, a month or a year."""
    value = _plain(value, name)
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(ZoneInfo(ZONE))
    if isinstance(value, date):
        return (date(value.year, value.month, value.day),) * 2
    if hasattr(value, "start_time") and hasattr(value, "end_time"):
        # A period of pandas.
        return value.start_time.date(), value.end_time.date()
    whole = isinstance(value, float) and value.is_integer()
    if isinstance(value, bool) or not (whole or isinstance(value, (int, str))):
        raise TypeError(f"{name} is {forms}, not {type(value).__name__}.")
    found = _PART_OF_DATE.fullmatch(value.strip() if isinstance(value, str) else f"{value:.0f}")
    try:
        if found is None:
            raise ValueError
        year, month, of_month = (int(part) if part else None for part in found.groups())
        first = date(year or 0, month or 1, of_month or 1)
    except ValueError:
        raise ValueError(f"{name} is {forms}, not {_shown(value)}.") from None
    if of_month:
        return first, first
    if month is None:
        return first, date(first.year, 12, 31)
    # The day before the first of the next month; the last month that there is has no next one.
    return first, date(first.year, 12, 31) if month == 12 else date(first.year, month + 1, 1) - timedelta(days=1)


def _plain(value: object, name: str) -> Any:
    """Make what NumPy has what Python has; refuse what is missing."""
    if type(value).__name__ == "datetime64":
        import pandas as pd

        value = pd.Timestamp(value)  # type: ignore[arg-type]  # only known by its name here
    elif hasattr(value, "__index__") and not isinstance(value, (bool, int)):
        value = int(value.__index__())
    if value is None or (isinstance(value, (date, float)) and value != value):
        raise ValueError(f"{name} is missing.")
    return value


def _shown(value: object) -> str:
    return excerpt(repr(value), 60)
