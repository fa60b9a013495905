"""Dates and moments: Arrow parses the column, Python the few values that Arrow refuses."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bdxopendata.fields import Field
from bdxopendata.frames.columns import MOMENT
from bdxopendata.frames.quality import NO_OFFSET, NOT_A_DATE, NOT_A_TIME, Quality
from bdxopendata.frames.values import cast_or_look, lost, nulled, trimmed

# A year, a month or a day, in the ways that portals write them; what is left out is the first.
_REDUCED = re.compile(r"(?P<year>[0-9]{4})(?:(?P<mark>[-/]?)(?P<month>[0-9]{2})(?:(?P=mark)(?P<day>[0-9]{2}))?)?")
_FRACTION = re.compile(r"(\.[0-9]{6})[0-9]+")
_OFFSET = r"(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)$"

_DAY = 86_400_000_000
_FIRST = datetime(1, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


def to_date(array: pa.Array, field: Field, quality: Quality) -> pa.Array:
    """Days; a date of reduced precision is its first day."""
    kind = array.type
    if pa.types.is_date(kind):
        days = array.cast(pa.date32())
    elif pa.types.is_timestamp(kind):
        days = _days(array)
    elif pa.types.is_string(kind) or pa.types.is_integer(kind):
        array = trimmed(array.cast(pa.string()))
        days = cast_or_look(array, pa.date32(), _as_date)
    else:
        days = pa.nulls(len(array), pa.date32())
    days = _within(days, pa.scalar(_FIRST.date(), pa.date32()), pa.scalar(_LAST.date(), pa.date32()))
    quality.add(field.name, NOT_A_DATE, lost(array, days))
    return days


def _days(array: pa.Array) -> pa.Array:
    """Days of moments: midnights in UTC are days, and so are midnights of the zone that the column names."""
    if array.type.tz is None:
        return array.cast(pa.date32(), safe=False)
    moments = array.cast(pa.timestamp("us"), safe=False)
    if pc.all(pc.equal(pc.floor_temporal(moments, unit="day"), moments)).as_py() is not False:
        return moments.cast(pa.date32())
    return pc.local_timestamp(array).cast(pa.date32(), safe=False)


def _as_date(text: str) -> date | None:
    reduced = _REDUCED.fullmatch(text)
    try:
        if reduced is not None:
            return date(int(reduced["year"]), int(reduced["month"] or 1), int(reduced["day"] or 1))
        # A time of day says nothing about the day that was written before it.
        return datetime.fromisoformat(_FRACTION.sub(r"\1", text)).date()
    except ValueError:
        return None


def to_moment(array: pa.Array, field: Field, quality: Quality) -> pa.Array:
    """Moments in UTC, to the microsecond. Where no offset is written, UTC is meant, and it is counted."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        moments = _moments(array, field, quality)
    elif pa.types.is_date(kind):
        moments = cast_or_look(array.cast(pa.timestamp("us")), MOMENT, _never)
        quality.add(field.name, NO_OFFSET, len(moments) - moments.null_count)
    elif pa.types.is_string(kind) and (read := _cast(array, MOMENT)) is not None:
        # Arrow takes no blank and no text without an offset for a moment: nothing is left to look at.
        moments = read
    elif pa.types.is_string(kind):
        array = trimmed(array)
        moments = cast_or_look(array, MOMENT, _as_moment)
        bare = pc.invert(pc.match_substring_regex(array, _OFFSET))
        moments = _within(moments, pa.scalar(_FIRST, MOMENT), pa.scalar(_LAST, MOMENT))
        quality.add(field.name, NO_OFFSET, pc.sum(pc.and_(bare, pc.is_valid(moments))).as_py() or 0)
    else:
        moments = pa.nulls(len(array), MOMENT)
    moments = _within(moments, pa.scalar(_FIRST, MOMENT), pa.scalar(_LAST, MOMENT))
    quality.add(field.name, NOT_A_TIME, lost(array, moments))
    return moments


def _moments(array: pa.Array, field: Field, quality: Quality) -> pa.Array:
    if array.type == MOMENT:
        return array
    if array.type.tz is None:
        quality.add(field.name, NO_OFFSET, len(array) - array.null_count)
    unit = array.type.unit
    if unit in ("s", "ms"):
        # A coarser unit reaches beyond what microseconds can say; such years are no dates.
        per_unit = _LAST.timestamp() if unit == "s" else _LAST.timestamp() * 1000
        ticks = array.cast(pa.int64())
        array = nulled(array, pc.greater(pc.abs(ticks), int(per_unit)))
        first = int(_FIRST.timestamp()) * (1 if unit == "s" else 1000)
        array = nulled(array, pc.less(array.cast(pa.int64()), first))
    # Both kinds count from the same moment, so the label is all that differs.
    return array.cast(pa.timestamp("us", array.type.tz), safe=False).view(MOMENT)


def _as_moment(text: str) -> datetime | None:
    reduced = _as_date(text) if _REDUCED.fullmatch(text) else None
    try:
        if reduced is not None:
            return datetime(reduced.year, reduced.month, reduced.day, tzinfo=UTC)
        moment = datetime.fromisoformat(_FRACTION.sub(r"\1", text.replace("/", "-")))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """Cast a column of which every value is written as Arrow writes it; None for any other."""
    try:
        return array.cast(kind)
    except pa.ArrowException:
        return None


def _never(value: Any) -> None:
    return None


def _within(array: pa.Array, first: pa.Scalar, last: pa.Scalar) -> pa.Array:
    """Years that the calendar of Python and pandas knows: 1 to 9999."""
    ends = pc.min_max(array)
    # A missing end is neither too early nor too late: then there are no values.
    if not pc.less(ends["min"], first).as_py() and not pc.greater(ends["max"], last).as_py():
        return array
    return nulled(array, pc.or_(pc.less(array, first), pc.greater(array, last)))
