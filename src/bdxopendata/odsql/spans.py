"""Whether any row of a stretch can satisfy a condition, by the least and the largest values of its fields.

Said of row groups of a file, which then need not be read. Only what is certain counts: a condition of another form, a
field without known ends, numbers that two types would round differently, and every negation can always be satisfied.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bdxopendata.odsql import nodes
from bdxopendata.odsql.functions import LENGTH_UNITS
from bdxopendata.odsql.nodes import Node
from bdxopendata.odsql.places import EARTH_RADIUS, read_point
from bdxopendata.odsql.times import moment

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Beyond these, a double no longer tells one whole number from the next.
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Span:
    """Ends of the values of a field: numbers, bytes of text, or microseconds since 1970; None without values."""

    least: Any = None
    most: Any = None

    def meets(self, operator: str, value: Any) -> bool:
        """Whether a value from here may stand in this relation to `value`."""
        if self.least is None or value is None:
            return False
        if isinstance(value, int | float) and not _comparable(self.least, self.most, value):
            return True
        match operator:
            case "=":
                return bool(self.least <= value <= self.most)
            case "<":
                return bool(self.least < value)
            case "<=":
                return bool(self.least <= value)
            case ">":
                return bool(self.most > value)
            case ">=":
                return bool(self.most >= value)
        return True


def _comparable(*numbers: float) -> bool:
    whole = all(isinstance(one, int) for one in numbers)
    return whole or all(abs(one) < _EXACT for one in numbers)


def can_match(condition: Node, spans: Mapping[str, Span], types: Mapping[str, str]) -> bool:
    """Whether a row of a stretch may satisfy a condition.

    Parameters
    ----------
    condition
        The condition.
    spans
        Ends of the fields that have known ones, by name; of a point, of ``<name>.lon`` and ``<name>.lat``.
    types
        Portal type by field name.
    """
    match condition:
        case nodes.And(parts):
            return all(can_match(part, spans, types) for part in parts)
        case nodes.Or(parts):
            return any(can_match(part, spans, types) for part in parts)
        case nodes.Compare(operator, nodes.Field(name), right):
            return _meets(name, [(operator, right)], spans, types)
        case nodes.InRange(nodes.Field(name), low, high, with_low, with_high):
            ends = [(">=" if with_low else ">", low), ("<=" if with_high else "<", high)]
            return _meets(name, ends, spans, types)
        case nodes.InList(nodes.Field(name), values):
            return any(_meets(name, [("=", value)], spans, types) for value in values)
        case nodes.Call("in_bbox" | "within_distance" as function, (nodes.Field(name), *rest)):
            return types.get(name) != "geo_point_2d" or _lies(function, name, rest, spans)
    return True


def _meets(name: str, ends: list[tuple[str, Node]], spans: Mapping[str, Span], types: Mapping[str, str]) -> bool:
    span = spans.get(name)
    if span is None:
        return True
    for operator, literal in ends:
        for value in _values(literal, types.get(name, "")):
            if not span.meets(operator, value):
                return False
    return True


def _values(literal: Node, kind: str) -> Iterator[Any]:
    """Yield what a literal is compared as; nothing where that is not known."""
    match kind, literal:
        case "int" | "double", nodes.Number(value):
            yield value
        case "text", nodes.Text(text):
            yield text.encode("utf-8", "surrogatepass")
        case "date" | "datetime", nodes.Date(text):
            yield (moment(text, "UTC") - _EPOCH) // timedelta(microseconds=1)


def _lies(function: str, name: str, rest: list[Node], spans: Mapping[str, Span]) -> bool:
    lon, lat = spans.get(f"{name}.lon"), spans.get(f"{name}.lat")
    if lon is None or lat is None:
        return True
    match function, rest:
        case "in_bbox", [nodes.Number(lat1), nodes.Number(lon1), nodes.Number(lat2), nodes.Number(lon2)]:
            return all(
                span.meets(">=", float(min(ends))) and span.meets("<=", float(max(ends)))
                for span, ends in ((lon, (lon1, lon2)), (lat, (lat1, lat2)))
            )
        case "within_distance", [nodes.Geometry(text), nodes.Number() | nodes.Measure() as radius]:
            try:
                east, north = read_point(text)
            except ValueError:
                # Told when the condition is computed.
                return True
            metres = radius.value * (LENGTH_UNITS.get(radius.unit, 1.0) if isinstance(radius, nodes.Measure) else 1.0)
            return all(
                span.meets(">=", at - degrees) and span.meets("<=", at + degrees)
                for span, at, degrees in zip((lon, lat), (east, north), _reach(metres, east, north), strict=True)
            )
    return True


def _reach(metres: float, lon: float, lat: float) -> tuple[float, float]:
    """How many degrees of longitude and latitude a place so far away can lie off; a little more, for rounding."""
    angle = metres / EARTH_RADIUS
    north = math.degrees(angle) * (1 + 1e-6) + 1e-9
    # Around a pole there is every longitude, and beyond 180 degrees it begins anew.
    if angle < 0 or abs(lat) + north > 89:
        return math.inf, north
    east = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(lat))))) * (1 + 1e-6) + 1e-9
    return (east if abs(lon) + east <= 180 else math.inf), north
