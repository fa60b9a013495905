"""ODSQL worded in Python: ``(F.hauteur > 20) & F.genre.isin(["Quercus", "Platanus"])``.

An expression is a thin coat over a node of the syntax tree. Its text is its ODSQL: ``str(F.nom == "l'Été")``. Values
are typed here, never formatted by hand, so no value can change the question around it.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import ClassVar, NoReturn, TypeAlias

from bdxopendata.errors import QueryError, printable
from bdxopendata.odsql import nodes
from bdxopendata.odsql.dates import write_date
from bdxopendata.odsql.functions import INTERVAL_UNITS, NOW_ADDS, NOW_SETS
from bdxopendata.odsql.geometries import geometry_text, point_text, require_degrees
from bdxopendata.odsql.nodes import MAX_DEPTH, Node
from bdxopendata.odsql.render import render

Value: TypeAlias = "str | int | float | Decimal | bool | date | Expression | None"


# Python binds & and | closer than comparisons: F.a > 1 & F.b < 2 asks for 1 & F.b first.
_PARENTHESES = "Put each condition in parentheses: (F.a > 1) & (F.b < 2)."


class Expression:
    """A value or a condition that the portal computes for each row.

    Compare it, join conditions with ``&``, ``|`` and ``~`` (in parentheses), compute with ``+ - * /``.
    """

    __slots__ = ("depth", "node")

    # Equality makes a condition, so an expression cannot be a key of a dict.
    __hash__: ClassVar[None]  # type: ignore[assignment]  # object promises a method

    def __init__(self, node: Node, depth: int | None = None) -> None:
        self.node: Node = node
        self.depth: int = nodes.depth(node) if depth is None else depth
        if self.depth > MAX_DEPTH:
            raise QueryError(
                f"The expression is nested more than {MAX_DEPTH} deep.", hint="Ask for its parts one by one."
            )

    def __str__(self) -> str:
        return render(self.node)

    def __repr__(self) -> str:
        return printable(f"<{self}>")

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "An expression is no truth value: join conditions with & and |, turn them with ~, each in parentheses, "
            "and write .isin(…) and .between(…) in place of `in` and a < b < c."
        )

    def __iter__(self) -> NoReturn:
        raise TypeError("An expression holds no values to go through; ask the portal for them.")

    # -- conditions ---------------------------------------------------------------------------------------------

    def __eq__(self, other: Value) -> Expression:  # type: ignore[override]  # gives a condition, not a truth value
        return self.is_null() if other is None else self._compare("=", other)

    def __ne__(self, other: Value) -> Expression:  # type: ignore[override]  # gives a condition, not a truth value
        return self.not_null() if other is None else self._compare("!=", other)

    def __lt__(self, other: Value) -> Expression:
        return self._compare("<", other)

    def __le__(self, other: Value) -> Expression:
        return self._compare("<=", other)

    def __gt__(self, other: Value) -> Expression:
        return self._compare(">", other)

    def __ge__(self, other: Value) -> Expression:
        return self._compare(">=", other)

    def __and__(self, other: Expression) -> Expression:
        return self._join(nodes.And, other)

    def __or__(self, other: Expression) -> Expression:
        return self._join(nodes.Or, other)

    def __rand__(self, other: object) -> NoReturn:
        raise TypeError(_PARENTHESES)

    def __ror__(self, other: object) -> NoReturn:
        raise TypeError(_PARENTHESES)

    def __invert__(self) -> Expression:
        return Expression(nodes.Not(self.node))

    def isin(self, values: Iterable[Value]) -> Expression:
        """Whether the value is one of these; never true for none of them, and None stands for a missing value."""
        if isinstance(values, str | bytes):
            raise TypeError("isin takes a list of values; for one value use ==.")
        found = list(dict.fromkeys(literal(value) for value in values))
        conditions: list[Node] = []
        if nodes.Null() in found:
            found.remove(nodes.Null())
            conditions.append(nodes.IsNull(self.node))
        # Portals read IN only between a field and a list of texts, numbers and booleans: a date in the list, or a
        # function before it, is a syntax error there. Those become a row of equalities.
        is_field = isinstance(self.node, nodes.Field)
        listed = tuple(value for value in found if is_field and _may_be_listed(value))
        if listed:
            conditions.append(nodes.InList(self.node, listed))
        compared = (value for value in found if not (is_field and _may_be_listed(value)))
        conditions += [nodes.Compare("=", self.node, value) for value in compared]
        if not conditions:
            # ODSQL has no literal that is never true.
            return Expression(nodes.And((nodes.IsNull(self.node), nodes.IsNull(self.node, True))))
        return Expression(any_of(conditions))

    def between(self, low: Value, high: Value, inclusive: str = "both") -> Expression:
        """Whether the value lies between two others; `inclusive` is ``both``, ``neither``, ``left`` or ``right``."""
        if inclusive not in ("both", "neither", "left", "right"):
            raise ValueError(f"inclusive must be 'both', 'neither', 'left' or 'right', not {inclusive!r}.")
        left, right = literal(low), literal(high)
        includes_low, includes_high = inclusive in ("both", "left"), inclusive in ("both", "right")
        bounds = nodes.Number | nodes.Date
        if isinstance(self.node, nodes.Field) and isinstance(left, bounds) and isinstance(right, bounds):
            return Expression(nodes.InRange(self.node, left, right, includes_low, includes_high))
        return self._compare(">=" if includes_low else ">", low) & self._compare("<=" if includes_high else "<", high)

    def is_null(self) -> Expression:
        """Whether the value is missing."""
        return Expression(nodes.IsNull(self.node))

    def not_null(self) -> Expression:
        """Whether there is a value."""
        return Expression(nodes.IsNull(self.node, True))

    def contains(self, value: Value) -> Expression:
        """Whether a field of several values holds this one."""
        found = literal(value)
        if not isinstance(found, nodes.Text | nodes.Number | nodes.Boolean):
            raise TypeError("contains takes a text, a number or a boolean; for parts of a text use .search(…).")
        return Expression(nodes.InField(found, self._field("contains")))

    def like(self, pattern: str) -> Expression:
        """Whether the text holds these words, in any case; ``*`` stands for the rest of a word.

        There is no way to mean a star itself: use ``==`` or `startswith` for a text with stars.
        """
        return Expression(nodes.Compare("like", self.node, nodes.Text(_text(pattern, "like"))))

    def startswith(self, prefix: str) -> Expression:
        """Whether the text begins like this; case counts."""
        return self._call("startswith", nodes.Text(_text(prefix, "startswith")))

    def search(self, text: str) -> Expression:
        """Whether the text holds these words, small misspellings forgiven; the last one may be a beginning."""
        return self._call("search", nodes.Text(_text(text, "search")))

    def suggest(self, prefix: str) -> Expression:
        """Whether a word of the text begins like this, in any case."""
        return self._call("suggest", nodes.Text(_text(prefix, "suggest")))

    # -- values -------------------------------------------------------------------------------------------------

    def __add__(self, other: Value) -> Expression:
        return self._arithmetic("+", self, other)

    def __sub__(self, other: Value) -> Expression:
        return self._arithmetic("-", self, other)

    def __mul__(self, other: Value) -> Expression:
        return self._arithmetic("*", self, other)

    def __truediv__(self, other: Value) -> Expression:
        return self._arithmetic("/", self, other)

    def __radd__(self, other: Value) -> Expression:
        return self._arithmetic("+", other, self)

    def __rsub__(self, other: Value) -> Expression:
        return self._arithmetic("-", other, self)

    def __rmul__(self, other: Value) -> Expression:
        return self._arithmetic("*", other, self)

    def __rtruediv__(self, other: Value) -> Expression:
        return self._arithmetic("/", other, self)

    def __neg__(self) -> Expression:
        return self._arithmetic("*", -1, self)

    @property
    def year(self) -> Expression:
        """Year of a date."""
        return self._call("year")

    @property
    def month(self) -> Expression:
        """Month of a date, 1 to 12."""
        return self._call("month")

    @property
    def day(self) -> Expression:
        """Day of the month, 1 to 31."""
        return self._call("day")

    @property
    def hour(self) -> Expression:
        """Hour, 0 to 23."""
        return self._call("hour")

    @property
    def minute(self) -> Expression:
        """Minute, 0 to 59."""
        return self._call("minute")

    @property
    def second(self) -> Expression:
        """Second, 0 to 59."""
        return self._call("second")

    def date_format(self, pattern: str) -> Expression:
        """Turn a date into text, such as ``dd/MM/yyyy``; free text in the pattern stands in single quotes."""
        return self._call("date_format", nodes.Text(_text(pattern, "date_format")))

    def lower(self) -> Expression:
        """Turn the text into lower case."""
        return self._call("lower")

    def length(self) -> Expression:
        """Count the characters."""
        return self._call("length")

    def if_null(self, otherwise: Value) -> Expression:
        """Give the value, or another one where it is missing."""
        return self._call("ifnull", literal(otherwise))

    # -- places -------------------------------------------------------------------------------------------------

    def within(self, area: object) -> Expression:
        """Whether the place lies in an area: anything with ``__geo_interface__``, or WKT; lon lat in degrees."""
        return self._call("within", nodes.Geometry(geometry_text(area)))

    def intersects(self, area: object) -> Expression:
        """Whether the place touches an area; `area` as in `within`."""
        return self._call("intersects", nodes.Geometry(geometry_text(area)))

    def disjoint(self, area: object) -> Expression:
        """Whether the place lies outside an area; `area` as in `within`."""
        return self._call("disjoint", nodes.Geometry(geometry_text(area)))

    def within_distance(self, lon: float, lat: float, metres: float) -> Expression:
        """Whether the place is not farther from a point than this."""
        radius = literal(metres)
        if not isinstance(radius, nodes.Number) or radius.value < 0:
            raise ValueError(f"A distance in metres is needed, from 0 on, not {metres!r}.")
        return self._call("within_distance", nodes.Geometry(point_text(lon, lat)), nodes.Measure(radius.value, "m"))

    def in_bbox(self, minx: float, miny: float, maxx: float, maxy: float) -> Expression:
        """Whether the place lies in a box of longitudes (x) and latitudes (y)."""
        require_degrees(minx, miny)
        require_degrees(maxx, maxy)
        if minx > maxx or miny > maxy:
            raise ValueError("The box is inside out: minx must not exceed maxx, nor miny maxy.")
        # Latitude comes first in this one function.
        return self._call("in_bbox", *(literal(number) for number in (miny, minx, maxy, maxx)))

    def distance(self, lon: float, lat: float) -> Expression:
        """Metres from a point, to select or to order by; to filter, use `within_distance`."""
        return self._call("distance", nodes.Geometry(point_text(lon, lat)))

    # -- to group by --------------------------------------------------------------------------------------------

    def range(self, *bounds: Value, below: bool = False, above: bool = False) -> Expression:
        """Ranges to group by: a width (``10``, ``"1 day"``), or the bounds between them.

        Parameters
        ----------
        bounds
            One number or one interval: ranges of equal width. Several numbers or dates: the bounds, each lower
            one inside its range and each upper one outside.
        below, above
            Whether there is a range for what lies below the first bound, and one for what lies above the last.
        """
        if len(bounds) == 1 and isinstance(bounds[0], str):
            return self._call("range", _interval(bounds[0]))
        ends = [literal(bound) for bound in bounds]
        if not ends or not all(isinstance(end, nodes.Number | nodes.Date) for end in ends):
            raise TypeError("range takes numbers, dates, or one interval such as '1 day'.")
        star: list[Node] = [nodes.Star()]
        return self._call("range", *star * below, *ends, *star * above)

    def geo_cluster(self, zoom: int, radius: int | None = None) -> Expression:
        """Make groups of points that lie close together on a map of this zoom, 0 to 25."""
        if not 0 <= zoom <= 25:
            raise ValueError(f"zoom must be from 0 to 25, not {zoom}.")
        return self._call("geo_cluster", *(nodes.Number(one) for one in (zoom, radius) if one is not None))

    # -- what it is asked as ------------------------------------------------------------------------------------

    def alias(self, name: str) -> nodes.SelectItem:
        """Give the expression a name of its own."""
        if not name:
            raise ValueError("An alias must not be empty.")
        return nodes.SelectItem(self.node, name)

    def asc(self) -> nodes.OrderKey:
        """Order by it, least first."""
        return nodes.OrderKey(self.node)

    def desc(self) -> nodes.OrderKey:
        """Order by it, greatest first."""
        return nodes.OrderKey(self.node, descending=True)

    def _join(self, kind: type[nodes.And] | type[nodes.Or], other: Expression) -> Expression:
        # Depth is counted along, so that thousands of conditions can be joined one by one.
        sides = [(_condition(side), side.depth) for side in (self, other)]
        depth = max(depth if isinstance(node, kind) else depth + 1 for node, depth in sides)
        return Expression((all_of if kind is nodes.And else any_of)(node for node, _ in sides), depth)

    def _compare(self, operator: str, other: Value) -> Expression:
        sides = (self.node, other.node) if isinstance(other, Expression) else (self.node,)
        if any(isinstance(side, nodes.CONDITIONS) for side in sides):
            raise TypeError(f"A condition is compared with nothing. {_PARENTHESES}")
        if other is None:
            raise TypeError(f"Nothing is {operator} a missing value; use .is_null().")
        return Expression(nodes.Compare(operator, self.node, literal(other)))

    def _arithmetic(self, operator: str, left: Value, right: Value) -> Expression:
        sides = [literal(left), literal(right)]
        if any(isinstance(side, nodes.Text | nodes.Boolean | nodes.Date | nodes.Null) for side in sides):
            raise TypeError("Only numbers can be computed with.")
        return Expression(nodes.Arithmetic(operator, *sides))

    def _call(self, name: str, *arguments: Node) -> Expression:
        return Expression(nodes.Call(name, (self.node, *arguments)))

    def _field(self, asked: str) -> nodes.Field:
        if not isinstance(self.node, nodes.Field):
            raise TypeError(f"{asked} is asked of a field, not of {self}.")
        return self.node


class Fields:
    """Every field by its name: ``F.hauteur``, or ``F["odd name"]`` where Python does not allow the name."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Expression:
        # Tools probe objects for private names; a field that begins with a line is asked as F["_name"].
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Expression:
        if not name or type(name) is not str:
            raise TypeError("A field is asked by its name, a text.")
        return Expression(nodes.Field(name))

    def __iter__(self) -> NoReturn:
        raise TypeError("F knows no dataset; its fields are in Dataset(…).schema.")

    def __repr__(self) -> str:
        return "F"


class Aggregates:
    """What can be computed over many rows: ``agg.max(F.hauteur)``, or ``agg.max("hauteur")``."""

    __slots__ = ()

    def count(self, field: str | Expression | None = None) -> Expression:
        """Count rows, or values that are not missing."""
        return Expression(nodes.Call("count", (nodes.Star() if field is None else _operand(field),)))

    def count_distinct(self, field: str | Expression) -> Expression:
        """Count different values; the portal approximates it."""
        return Expression(nodes.Call("count", (_operand(field),), distinct=True))

    def sum(self, field: str | Expression) -> Expression:
        """Add up numbers."""
        return _aggregate("sum", field)

    def avg(self, field: str | Expression) -> Expression:
        """Take the mean of numbers."""
        return _aggregate("avg", field)

    def min(self, field: str | Expression) -> Expression:
        """Find the least number or earliest date."""
        return _aggregate("min", field)

    def max(self, field: str | Expression) -> Expression:
        """Find the greatest number or latest date."""
        return _aggregate("max", field)

    def median(self, field: str | Expression) -> Expression:
        """Take the median of numbers."""
        return _aggregate("median", field)

    def percentile(self, field: str | Expression, percent: float) -> Expression:
        """Find the number below which `percent` (0 to 100) of the values lie."""
        if not 0 <= percent <= 100:
            raise ValueError(f"percent must be from 0 to 100, not {percent}.")
        return _aggregate("percentile", field, literal(percent))

    def envelope(self, field: str | Expression) -> Expression:
        """Draw the convex hull of points."""
        return _aggregate("envelope", field)

    def bbox(self, field: str | Expression) -> Expression:
        """Draw the box around points or shapes."""
        return _aggregate("bbox", field)

    def __getattr__(self, name: str) -> NoReturn:
        meant = _OTHER_NAMES.get(name) or next(iter(get_close_matches(name, _AGGREGATES, n=1)), None)
        hint = f"use agg.{meant}(…)" if meant else f"it has {', '.join(_AGGREGATES)}"
        raise AttributeError(f"agg has no {name}: {hint}.", name=name, obj=self)

    def __repr__(self) -> str:
        return "agg"


_AGGREGATES = tuple(name for name in vars(Aggregates) if not name.startswith("_"))
# What pandas, SQL and people call them.
_OTHER_NAMES = {
    "average": "avg",
    "distinct": "count_distinct",
    "len": "count",
    "maximum": "max",
    "mean": "avg",
    "minimum": "min",
    "nunique": "count_distinct",
    "quantile": "percentile",
    "size": "count",
    "total": "sum",
}


F = Fields()
agg: Aggregates = Aggregates()


def search(text: str, *fields: str | Expression) -> Expression:
    """Whether the row holds these words, small misspellings forgiven, in these fields or in any of them."""
    where: list[Node] = [_operand(field) for field in fields] or [nodes.Star()]
    return Expression(nodes.Call("search", (*where, nodes.Text(_text(text, "search")))))


def now(**parts: int) -> Expression:
    """Word the moment of asking; ``year=`` sets a part of it, ``years=`` adds to it, from left to right.

    Raises
    ------
    TypeError
        If there is no such part, or its value is no whole number.
    ValueError
        If a part cannot be this.
    """
    for name, value in parts.items():
        if name not in NOW_SETS and name not in NOW_ADDS:
            raise TypeError(f"now() has no part {name!r}; it has {', '.join((*NOW_SETS, *NOW_ADDS))}.")
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise TypeError(f"{name} must be a whole number, not {value!r}.")
        if name in NOW_SETS and not NOW_SETS[name][0] <= value <= NOW_SETS[name][1]:
            raise ValueError(f"{name} must be from {NOW_SETS[name][0]} to {NOW_SETS[name][1]}, not {value}.")
    return Expression(nodes.Call("now", named=tuple((name, int(value)) for name, value in parts.items())))


def literal(value: object) -> Node:
    """Turn a Python value into a node.

    Raises
    ------
    ValueError
        If it is not finite, or a time without a zone.
    TypeError
        If ODSQL has nothing for it.
    """
    if isinstance(value, Expression):
        return value.node
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        value = value.item()
    if value is None:
        return nodes.Null()
    if isinstance(value, bool):
        return nodes.Boolean(value)
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("A text with half a character (a lone surrogate) cannot be sent.")
        return nodes.Text(value)
    if isinstance(value, date):
        return nodes.Date(write_date(value))
    if isinstance(value, numbers.Integral):
        if abs(int(value)) >= 10**300:
            raise ValueError("A number of more than 300 digits cannot be asked for.")
        return nodes.Number(int(value))
    if isinstance(value, numbers.Real | Decimal):
        return _decimal(value)
    raise TypeError(f"ODSQL has no literal for {type(value).__name__}; turn it into text, a number or a date first.")


def all_of(conditions: Iterable[Node]) -> Node:
    """All of one or more conditions, in one flat list."""
    parts = [part for one in conditions for part in (one.parts if isinstance(one, nodes.And) else (one,))]
    return parts[0] if len(parts) == 1 else nodes.And(tuple(parts))


def any_of(conditions: Iterable[Node]) -> Node:
    """Any of one or more conditions, in one flat list."""
    parts = [part for one in conditions for part in (one.parts if isinstance(one, nodes.Or) else (one,))]
    return parts[0] if len(parts) == 1 else nodes.Or(tuple(parts))


def _decimal(value: numbers.Real | Decimal) -> Node:
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return nodes.Number(int(value))
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} cannot be asked for: ODSQL has finite numbers only. For missing values use None.")
    return nodes.Number(number)


def _interval(text: str) -> Node:
    number, _, unit = text.strip().partition(" ")
    if not number.isdecimal() or unit.strip() not in INTERVAL_UNITS or int(number) < 1:
        units = "millisecond, second, minute, hour, day, week, month, quarter or year"
        raise ValueError(f"An interval is written '1 day', with {units}; not {text!r}.")
    if int(number) > 1 and INTERVAL_UNITS[unit.strip()] in ("week", "month", "quarter", "year"):
        raise ValueError(f"Portals take only 1 {INTERVAL_UNITS[unit.strip()]}, not {text!r}.")
    return nodes.Measure(int(number), unit.strip())


def _aggregate(name: str, field: str | Expression, *rest: Node) -> Expression:
    return Expression(nodes.Call(name, (_operand(field), *rest)))


def _operand(field: str | Expression) -> Node:
    return F[field].node if isinstance(field, str) else _condition(field)


def _condition(other: object) -> Node:
    if not isinstance(other, Expression):
        raise TypeError(f"An expression is needed here, such as F.name, not {type(other).__name__}.")
    return other.node


def _may_be_listed(value: Node) -> bool:
    return isinstance(value, nodes.Text | nodes.Number | nodes.Boolean)


def _text(value: object, asked: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{asked} takes a text, not {type(value).__name__}.")
    return value
