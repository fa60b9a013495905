"""``range(…)`` of group_by: which range each value lies in, and what the range is called.

The lower end is in the range, the upper one is not. Whole numbers are called by their first and last member
(``[0, 14]``), all else by its ends (``[10, 20[``), times in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bdxopendata.odsql import nodes
from bdxopendata.odsql.functions import INTERVAL_UNITS
from bdxopendata.odsql.nodes import Node
from bdxopendata.odsql.placement import malformed
from bdxopendata.odsql.times import microseconds, moment, on_the_wall

Codes = npt.NDArray[np.int64]

# In no range at all, and in the group of missing values.
OUTSIDE, MISSING = -2, -1

_SINGLE_ONLY = ("week", "month", "quarter", "year")
_LENGTHS = {
    "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
}


def ranged(values: Any, bounds: tuple[Node, ...], zone: str) -> tuple[Codes, Any]:
    """Give the code of each row, and the labels of codes 0, 1, … in ascending order."""
    if len(bounds) == 1:
        width = bounds[0]
        if isinstance(width, nodes.Measure):
            return _intervals(values, width, zone)
        assert isinstance(width, nodes.Number)
        return _widths(values, width.value)
    return _bounded(values, bounds, zone)


def _bounded(values: Any, bounds: tuple[Node, ...], zone: str) -> tuple[Codes, Any]:
    ends = [bound for bound in bounds if not isinstance(bound, nodes.Star)]
    is_time = isinstance(ends[0], nodes.Date)
    wall_zone = "UTC" if pa.types.is_date(values.type) else zone
    edges = sorted(_edge(end, wall_zone) for end in ends)
    numbers = microseconds(values) if is_time else values
    found = np.searchsorted(np.asarray(edges), _filled(numbers), side="right").astype(np.int64)
    open_below, open_above = isinstance(bounds[0], nodes.Star), isinstance(bounds[-1], nodes.Star)
    codes = np.where((found == 0) & (not open_below) | (found == len(edges)) & (not open_above), OUTSIDE, found)
    codes[~_valid(values)] = MISSING
    whole = pa.types.is_integer(values.type) and all(isinstance(edge, int) for edge in edges) and not is_time
    spans = zip([None, *edges], [*edges, None], strict=True)
    return codes, pa.array([_label(low, high, whole=whole, is_time=is_time) for low, high in spans], pa.string())


def _edge(end: Node, zone: str) -> int | float:
    if isinstance(end, nodes.Date):
        return _stamp(moment(end.text, zone))
    assert isinstance(end, nodes.Number)
    return end.value


def _widths(values: Any, width: int | float) -> tuple[Codes, Any]:
    if width <= 0:
        raise malformed("range() takes a width above 0.", "group_by")
    steps = np.floor(_filled(values) / width)
    valid = _valid(values) & np.isfinite(steps)
    found, codes = np.unique(steps[valid], return_inverse=True)
    kind = int if isinstance(width, int) else float
    whole = isinstance(width, int) and pa.types.is_integer(values.type)
    labels = [_label(kind(step * width), kind((step + 1) * width), whole=whole) for step in found.tolist()]
    return _spread(codes, valid), pa.array(labels, pa.string())


def _intervals(values: Any, width: nodes.Measure, zone: str) -> tuple[Codes, Any]:
    unit = INTERVAL_UNITS[width.unit]
    if not isinstance(width.value, int) or width.value < 1 or (width.value > 1 and unit in _SINGLE_ONLY):
        raise malformed(f"range() does not take {width.value} {width.unit}.", "group_by")
    where = ZoneInfo("UTC" if pa.types.is_date(values.type) else zone)
    valid = _valid(values)
    numbers, codes = np.unique(_floors(values, width.value, unit, where)[valid], return_inverse=True)
    ends = [_stamp(_after(_read(low), width.value, unit, where)) for low in numbers.tolist()]
    labels = [_label(low, high, is_time=True) for low, high in zip(numbers.tolist(), ends, strict=True)]
    return _spread(codes, valid), pa.array(labels, pa.string())


def _floors(values: Any, count: int, unit: str, zone: ZoneInfo) -> Codes:
    """Find the moment at which the interval of each value begins."""
    wall = on_the_wall(values, zone.key)
    if wall.type.tz:
        wall = pc.local_timestamp(wall)
    floors = _filled(pc.floor_temporal(wall, multiple=count, unit=unit).cast(pa.int64()))
    if unit in _LENGTHS and count * _LENGTHS[unit] <= timedelta(hours=1):
        # An hour that the clocks show twice is two hours.
        moments: Codes = _filled(microseconds(values)) - (_filled(wall.cast(pa.int64())) - floors)
        return moments
    walls, codes = np.unique(floors, return_inverse=True)
    starts = [_stamp(_read(start).replace(tzinfo=zone).astimezone(UTC)) for start in walls.tolist()]
    return np.asarray(starts, np.int64)[codes]


def _after(start: datetime, count: int, unit: str, zone: ZoneInfo) -> datetime:
    if unit in _LENGTHS:
        return start + count * _LENGTHS[unit]
    # Days and longer end at the same time on the wall, whatever the clocks did in between.
    wall = start.astimezone(zone).replace(tzinfo=None)
    if unit in ("day", "week"):
        after = wall + timedelta(days=count * (7 if unit == "week" else 1))
    else:
        months = wall.year * 12 + wall.month - 1 + {"month": 1, "quarter": 3, "year": 12}[unit]
        after = wall.replace(year=months // 12, month=months % 12 + 1)
    return after.replace(tzinfo=zone).astimezone(UTC)


def _label(low: int | float | None, high: int | float | None, *, whole: bool = False, is_time: bool = False) -> str:
    if is_time:
        low_text, high_text = ("*" if end is None else _time_text(_read(int(end))) for end in (low, high))
    else:
        last = high - 1 if whole and high is not None else high
        low_text, high_text = ("*" if end is None else str(end) for end in (low, last))
    closing = "]" if whole else "["
    return f"[{low_text}, {high_text}{closing}"


def _time_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _stamp(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _read(stamp: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=stamp)


def _spread(codes: Codes, valid: npt.NDArray[np.bool_]) -> Codes:
    found = np.full(len(valid), MISSING, np.int64)
    found[valid] = codes
    return found


def _valid(values: Any) -> npt.NDArray[np.bool_]:
    valid: npt.NDArray[np.bool_] = pc.is_valid(values).to_numpy(zero_copy_only=False)
    return valid


def _filled(values: Any) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    return found
