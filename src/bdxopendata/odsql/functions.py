"""Every function of ODSQL: where it may stand, how it is worded in Python, and whether this machine can answer it.

A table, read by the parser, the checks and the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SELECT, WHERE, GROUP_BY, ORDER_BY = "select", "where", "group_by", "order_by"
EVERYWHERE = frozenset({SELECT, WHERE, GROUP_BY, ORDER_BY})
UNGROUPED = frozenset({SELECT, WHERE, ORDER_BY})
ONLY_WHERE = frozenset({WHERE})
ONLY_GROUP_BY = frozenset({GROUP_BY})
SELECT_OR_ORDER = frozenset({SELECT, ORDER_BY})
ONLY_SELECT = frozenset({SELECT})


class NotEvaluable(Exception):
    """Something that only the portal can answer: `name` is what, `reason` is why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.name} cannot be answered on this machine: {self.reason}. Ask the portal instead."


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Attributes
    ----------
    name
        In lower case.
    kind
        ``scalar``, ``aggregate``, ``predicate``, ``grouping`` or ``order``.
    clauses
        Where it may stand.
    arguments
        Fewest and most arguments; -1 for any number.
    worded
        How it is written in Python.
    evaluated
        Whether it can be computed on this machine at all.
    reason
        Why not; or in what the answer may differ from the portal's.
    exact
        Whether what is computed here is what the portal would answer. Where it is not, the library asks the portal;
        the stand-in portal answers with what it has.
    """

    name: str
    kind: str
    clauses: frozenset[str]
    arguments: tuple[int, int]
    worded: str
    evaluated: bool = True
    reason: str = ""
    exact: bool = True

    @property
    def local(self) -> bool:
        """Whether the library answers it from stored data."""
        return self.evaluated and self.exact


_APPROXIMATE = "the portal approximates it"
_BOUNDARY = "a point on the boundary counts as inside"
_WORDS = "the portal's own analysis of words decides what is found"
_MODEL = "it needs the portal's language model"

FUNCTIONS: Mapping[str, Function] = {
    function.name: function
    for function in (
        Function("length", "scalar", UNGROUPED, (1, 1), "F.x.length()"),
        Function("lower", "scalar", EVERYWHERE, (1, 1), "F.x.lower()"),
        Function("ifnull", "scalar", EVERYWHERE, (2, 2), "F.x.if_null(0)"),
        Function("year", "scalar", EVERYWHERE, (1, 1), "F.d.year"),
        Function("month", "scalar", EVERYWHERE, (1, 1), "F.d.month"),
        Function("day", "scalar", EVERYWHERE, (1, 1), "F.d.day"),
        Function("hour", "scalar", EVERYWHERE, (1, 1), "F.d.hour"),
        Function("minute", "scalar", EVERYWHERE, (1, 1), "F.d.minute"),
        Function("second", "scalar", EVERYWHERE, (1, 1), "F.d.second"),
        Function(
            "date_format", "scalar", EVERYWHERE, (2, 2), "F.d.date_format('dd/MM/yyyy')",
            reason="names of days and months in de, en, es, fr, it, nl and pt; in other languages the portal is asked",
        ),
        Function("now", "scalar", UNGROUPED, (0, 0), "now(days=-1)", reason="the clock of this machine"),
        Function(
            "json_format", "scalar", ONLY_SELECT, (1, 2), "raw text", evaluated=False,
            reason="what it gives depends on the export format",
        ),
        Function("distance", "scalar", UNGROUPED, (2, 3), "F.g.distance(lon, lat)",
                 reason="on a sphere, in metres; of shapes, only the portal's answer counts"),
        Function("count", "aggregate", SELECT_OR_ORDER, (1, 1), "agg.count(), agg.count(F.x)"),
        Function("sum", "aggregate", SELECT_OR_ORDER, (1, 1), "agg.sum(F.x)", reason="missing for a group of nulls"),
        Function("avg", "aggregate", SELECT_OR_ORDER, (1, 1), "agg.avg(F.x)"),
        Function("min", "aggregate", SELECT_OR_ORDER, (1, 1), "agg.min(F.x)"),
        Function("max", "aggregate", SELECT_OR_ORDER, (1, 1), "agg.max(F.x)"),
        Function("median", "aggregate", SELECT_OR_ORDER, (1, 1), "agg.median(F.x)", reason=_APPROXIMATE, exact=False),
        Function("percentile", "aggregate", SELECT_OR_ORDER, (2, 2), "agg.percentile(F.x, 95)", reason=_APPROXIMATE,
                 exact=False),
        Function("envelope", "aggregate", ONLY_SELECT, (1, 1), "agg.envelope(F.g)"),
        Function("bbox", "aggregate", ONLY_SELECT, (1, 1), "agg.bbox(F.g)"),
        Function("search", "predicate", ONLY_WHERE, (1, -1), "F.x.search('text'), search('text', F.x, F.y)",
                 reason=_WORDS, exact=False),
        Function("suggest", "predicate", ONLY_WHERE, (1, -1), "F.x.suggest('te')",
                 reason="the portal may miss short beginnings", exact=False),
        Function("startswith", "predicate", ONLY_WHERE, (1, -1), "F.x.startswith('Te')",
                 reason="of all fields at once (*), only the portal's answer counts"),
        Function("within_distance", "predicate", ONLY_WHERE, (3, 3), "F.g.within_distance(lon, lat, 500)",
                 reason="on a sphere; of shapes, only the portal's answer counts"),
        Function("in_bbox", "predicate", ONLY_WHERE, (5, 5), "F.g.in_bbox(minx, miny, maxx, maxy)",
                 reason="a shape must lie in the box entirely"),
        Function("intersects", "predicate", ONLY_WHERE, (2, 2), "F.g.intersects(area)", reason=_BOUNDARY),
        Function("disjoint", "predicate", ONLY_WHERE, (2, 2), "F.g.disjoint(area)", reason=_BOUNDARY),
        Function("within", "predicate", ONLY_WHERE, (2, 2), "F.g.within(area)", reason=_BOUNDARY),
        Function("geometry", "predicate", ONLY_WHERE, (3, 3), "raw text", reason="older name of intersects and others"),
        Function("polygon", "predicate", ONLY_WHERE, (2, 2), "raw text", reason="older name of within"),
        Function("range", "grouping", ONLY_GROUP_BY, (2, -1), "F.x.range(10, 20), F.d.range('1 day')",
                 reason="values outside the ranges are in no group"),
        Function("geo_cluster", "grouping", ONLY_GROUP_BY, (2, 3), "F.g.geo_cluster(zoom)",
                 reason="the portal's clusters differ in detail from those of the documented method", exact=False),
        Function("random", "order", frozenset({ORDER_BY}), (1, 1), "raw text",
                 reason="the portal's order for a seed is its own", exact=False),
        Function("vector_similarity", "order", frozenset({ORDER_BY}), (1, 1), "raw text", evaluated=False,
                 reason=_MODEL),
        Function("vector_similarity_threshold", "predicate", ONLY_WHERE, (1, 1), "raw text", evaluated=False,
                 reason=_MODEL),
    )
}  # fmt: skip

# What is no function, or a form of one, and differs from the portal's answer nevertheless.
FORMS: Mapping[str, Function] = {
    form.name: form
    for form in (
        Function('"words"', "predicate", ONLY_WHERE, (0, 0), "search('words')", reason=_WORDS, exact=False),
        Function("LIKE", "predicate", ONLY_WHERE, (2, 2), "F.x.like('word*')", reason=_WORDS, exact=False),
        Function("count(distinct)", "aggregate", SELECT_OR_ORDER, (1, 1), "agg.count_distinct(F.x)",
                 reason=_APPROXIMATE, exact=False),
    )
}  # fmt: skip

AGGREGATES = frozenset(name for name, function in FUNCTIONS.items() if function.kind == "aggregate")
PREDICATES = frozenset(name for name, function in FUNCTIONS.items() if function.kind == "predicate")
DATE_PARTS = frozenset({"year", "month", "day", "hour", "minute", "second"})

# What now() takes: the singular sets a part, the plural adds to it.
NOW_SETS: Mapping[str, tuple[int, int]] = {
    "year": (1, 9999),
    "month": (1, 12),
    "day": (1, 2**31),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
    "microsecond": (0, 999_999),
    "weekday": (0, 6),
}
WEEKDAYS = ("mondays", "tuesdays", "wednesdays", "thursdays", "fridays", "saturdays", "sundays")
NOW_ADDS = ("years", "months", "days", "hours", "minutes", "seconds", "microseconds", *WEEKDAYS)

LENGTH_UNITS: Mapping[str, float] = {
    "mi": 1609.344, "yd": 0.9144, "ft": 0.3048, "m": 1.0, "cm": 0.01, "km": 1000.0, "mm": 0.001,
}  # fmt: skip
# Written form to canonical form. Case matters: m is a minute, M is a month.
INTERVAL_UNITS: Mapping[str, str] = {
    spelling: unit
    for unit, spellings in {
        "millisecond": ("ms", "millisecond", "milliseconds"),
        "second": ("s", "second", "seconds"),
        "minute": ("m", "minute", "minutes"),
        "hour": ("h", "hour", "hours"),
        "day": ("d", "day", "days"),
        "week": ("w", "week", "weeks"),
        "month": ("M", "month", "months"),
        "quarter": ("q", "quarter", "quarters"),
        "year": ("y", "year", "years"),
    }.items()
    for spelling in spellings
}
