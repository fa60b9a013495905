"""The portal type of every expression, and the portal's errors for expressions that have none.

Looks at names and types only, never at rows: the same rules serve the columns of an answer that is still to come and
an evaluation on this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bdxopendata.odsql import nodes
from bdxopendata.odsql.dates import has_time
from bdxopendata.odsql.functions import AGGREGATES, DATE_PARTS, INTERVAL_UNITS, LENGTH_UNITS, PREDICATES
from bdxopendata.odsql.hints import mismatch_hint, unknown_field_hint
from bdxopendata.odsql.nodes import Node
from bdxopendata.odsql.placement import malformed

TEXT, INT, DOUBLE, BOOLEAN, DATE, DATETIME = "text", "int", "double", "boolean", "date", "datetime"
POINT, SHAPE, UNKNOWN, NULL, GEOMETRY = "geo_point_2d", "geo_shape", "unknown", "null", "geometry"

# What can be compared with each other and put in one column.
FAMILIES: Mapping[str, str] = {
    TEXT: "text",
    INT: "number",
    DOUBLE: "number",
    BOOLEAN: "boolean",
    DATE: "time",
    DATETIME: "time",
    POINT: "place",
    SHAPE: "place",
    NULL: NULL,
}


def family(kind: str) -> str:
    """Types of one family can be compared."""
    return FAMILIES.get(kind, kind)


@dataclass(frozen=True)
class Kinds:
    """Types of expressions in one clause.

    Attributes
    ----------
    types
        Portal type by field name.
    clause
        The clause that errors name.
    aliases
        Types of names that the question itself declares.
    """

    types: Mapping[str, str]
    clause: str
    aliases: Mapping[str, str] = field(default_factory=dict)

    def of(self, node: Node) -> str:
        """Portal type of an expression; `QueryError` where it makes no sense."""
        match node:
            case nodes.Field(name):
                return self.field(name)
            case nodes.Number(value):
                return INT if isinstance(value, int) and -(2**63) <= value < 2**63 else DOUBLE
            case nodes.Text():
                return TEXT
            case nodes.Date(text):
                return DATETIME if has_time(text) else DATE
            case nodes.Boolean():
                return BOOLEAN
            case nodes.Null():
                return NULL
            case nodes.Geometry():
                return GEOMETRY
            case nodes.Arithmetic():
                return self._arithmetic(node)
            case nodes.Call():
                return self._call(node)
            case nodes.Star() | nodes.Measure():
                raise malformed("A value is needed where there is none.", self.clause)
        self.condition(node)
        return BOOLEAN

    def field(self, name: str) -> str:
        """Type of a field or alias."""
        if name in self.aliases:
            return self.aliases[name]
        if name in self.types:
            return self.types[name]
        hint = unknown_field_hint(name, {**self.types, **self.aliases})
        raise malformed(f"Unknown field: {name}.", self.clause, hint=hint)

    def condition(self, node: Node) -> None:
        """Check something that must be true or false."""
        match node:
            case nodes.And(parts) | nodes.Or(parts):
                for part in parts:
                    self.condition(part)
            case nodes.Not(part):
                self.condition(part)
            case nodes.Text():
                pass
            case nodes.InField(value, operand):
                self._comparable(operand, value)
            case nodes.Field(name):
                if self.field(name) not in (BOOLEAN, UNKNOWN):
                    raise malformed(f"Field {name} is not a boolean field.", self.clause)
            case nodes.IsNull(operand):
                self.of(operand)
            case nodes.IsBoolean(operand):
                self._expect(operand, "boolean", "IS TRUE and IS FALSE take a boolean field.")
            case nodes.Compare("like", left, right):
                self._expect(left, "text", "LIKE takes a text field.")
                self._expect(right, "text", "LIKE takes a text.")
            case nodes.Compare(_, left, right):
                self._comparable(left, right)
            case nodes.InList(operand, values):
                for value in values:
                    self._comparable(operand, value)
            case nodes.InRange(operand, low, high):
                self._comparable(operand, low)
                self._comparable(operand, high)
            case nodes.Call(name) if name in PREDICATES or name == "distance":
                self._predicate(node)
            case _:
                raise malformed("A condition is needed.", self.clause)

    def _comparable(self, left: Node, right: Node) -> None:
        kinds = [self.of(left), self.of(right)]
        families = {family(kind) for kind in kinds} - {NULL, UNKNOWN}
        if len(families) > 1 or "place" in families:
            raise malformed(
                f"Incompatible types in comparison filter: {kinds[0]} and {kinds[1]}.",
                self.clause,
                code="IncompatibleTypesInComparisonFilter",
                hint=mismatch_hint((left, kinds[0]), (right, kinds[1])),
            )

    def _expect(self, node: Node, wanted: str, problem: str) -> str:
        kind = self.of(node)
        if family(kind) not in (wanted, NULL, UNKNOWN):
            raise malformed(problem, self.clause)
        return kind

    def _arithmetic(self, node: nodes.Arithmetic) -> str:
        kinds = {
            self._expect(side, "number", "Arithmetic operators are only defined on numeric values.")
            for side in (node.left, node.right)
        }
        return DOUBLE if node.operator == "/" or DOUBLE in kinds or UNKNOWN in kinds else INT

    def _call(self, call: nodes.Call) -> str:
        if call.name in AGGREGATES:
            return self._aggregate(call)
        if call.name in DATE_PARTS:
            self._expect(call.arguments[0], "time", f"{call.name}() takes a date.")
            return INT
        typed = _TYPED_CALLS.get(call.name)
        if typed is None:
            self.condition(call)
            return BOOLEAN
        return typed(self, call)

    def _aggregate(self, call: nodes.Call) -> str:
        operand = call.arguments[0]
        if any(isinstance(node, nodes.Call) and node.name in AGGREGATES for node in nodes.walk(operand)):
            raise malformed(f"{call.name}() cannot take another aggregation.", self.clause)
        if call.name == "count":
            if not isinstance(operand, nodes.Star):
                self.of(operand)
            return INT
        if call.name in ("envelope", "bbox"):
            if self.of(operand) not in ((POINT,) if call.name == "envelope" else (POINT, SHAPE)):
                raise malformed(f"{call.name}() takes a geo field.", self.clause)
            return SHAPE
        if isinstance(operand, nodes.Star):
            raise malformed(f"{call.name}() takes a field.", self.clause)
        kind = self.of(operand)
        if family(kind) not in ("number", "time"):
            raise malformed("StatAggregation only supports numeric or date expression.", self.clause)
        if call.name == "percentile" and not _is_percent(call.arguments[1]):
            raise malformed("percentile() takes a number from 0 to 100.", self.clause)
        return kind if call.name in ("min", "max", "sum") else DOUBLE

    def _predicate(self, call: nodes.Call) -> None:
        if call.name in ("search", "suggest", "startswith"):
            *operands, text = call.arguments
            if not isinstance(text, nodes.Text):
                raise malformed(f"{call.name}() takes a text last.", self.clause)
            for operand in operands:
                if not isinstance(operand, nodes.Star):
                    self._expect(operand, "text", f"{call.name}() takes text fields.")
        elif call.name != "vector_similarity_threshold":
            self._place(call)

    def _place(self, call: nodes.Call) -> None:
        place, *rest = call.arguments
        if not isinstance(place, nodes.Field) or self.field(place.name) not in (POINT, SHAPE):
            raise malformed(f"{call.name}() takes a geo field first.", self.clause)
        if call.name == "in_bbox":
            if not all(isinstance(number, nodes.Number) for number in rest):
                raise malformed("in_bbox() takes four numbers.", self.clause)
            return
        if not isinstance(rest[0], nodes.Geometry):
            raise malformed(f"{call.name}() takes a geometry.", self.clause)
        if call.name == "geometry" and not _is_geometry_mode(rest[1]):
            raise malformed("geometry() takes INTERSECTS, DISJOINT or WITHIN last.", self.clause)
        if call.name in ("within_distance", "distance") and len(rest) == 2 and not _is_length(rest[1]):
            raise malformed(f"{call.name}() takes a length last, such as 500m.", self.clause)

    def _ifnull(self, call: nodes.Call) -> str:
        first, second = (self.of(argument) for argument in call.arguments)
        if first == NULL:
            return second
        if second not in (first, NULL) and (family(second) != family(first) or family(first) == "place"):
            raise malformed("ifnull() takes two values of one type.", self.clause)
        # A decimal alternative would not fit into a column of whole numbers.
        return (
            DOUBLE if {first, second} == {INT, DOUBLE} else DATETIME if {first, second} == {DATE, DATETIME} else first
        )

    def _text_call(self, call: nodes.Call) -> str:
        self._expect(call.arguments[0], "text", f"{call.name}() takes a text.")
        return INT if call.name == "length" else TEXT

    def _date_format(self, call: nodes.Call) -> str:
        self._expect(call.arguments[0], "time", "date_format() takes a date.")
        if not isinstance(call.arguments[1], nodes.Text):
            raise malformed("date_format() takes a pattern.", self.clause)
        return TEXT

    def _distance(self, call: nodes.Call) -> str:
        self._place(call)
        return DOUBLE

    def _range(self, call: nodes.Call) -> str:
        operand, *bounds = call.arguments
        wanted = family(self.of(operand))
        if wanted not in ("number", "time"):
            raise malformed("range() takes a numeric or date field.", self.clause)
        if len(bounds) == 1 and isinstance(bounds[0], nodes.Measure):
            if wanted != "time" or bounds[0].unit not in INTERVAL_UNITS:
                raise malformed("range() takes an interval only for dates.", self.clause)
            return TEXT
        inner = [bound for bound in bounds if not isinstance(bound, nodes.Star)]
        if not inner or any(isinstance(bound, nodes.Star) for bound in bounds[1:-1]):
            raise malformed("range() takes * as first or last bound only, and bounds between.", self.clause)
        for bound in inner:
            if not isinstance(bound, nodes.Number | nodes.Date) or family(self.of(bound)) != wanted:
                raise malformed("range() takes bounds of the type of its field.", self.clause)
        if len(bounds) == 1 and isinstance(bounds[0], nodes.Date):
            raise malformed("range() takes an interval, or two bounds at least.", self.clause)
        return TEXT

    def _geo_cluster(self, call: nodes.Call) -> str:
        if self.of(call.arguments[0]) != POINT or not all(_is_int(number) for number in call.arguments[1:]):
            raise malformed("geo_cluster() takes a geo point field and whole numbers.", self.clause)
        return UNKNOWN

    def _random(self, call: nodes.Call) -> str:
        if not _is_int(call.arguments[0]):
            raise malformed("random() takes a whole number.", self.clause)
        return DOUBLE


def _is_int(node: Node) -> bool:
    return isinstance(node, nodes.Number) and isinstance(node.value, int)


def _is_percent(node: Node) -> bool:
    return isinstance(node, nodes.Number) and 0 <= node.value <= 100


def _is_length(node: Node) -> bool:
    return isinstance(node, nodes.Number) or (isinstance(node, nodes.Measure) and node.unit in LENGTH_UNITS)


def _is_geometry_mode(node: Node) -> bool:
    return isinstance(node, nodes.Field) and node.name.lower() in ("intersects", "disjoint", "within")


_TYPED_CALLS: Mapping[str, Callable[[Kinds, nodes.Call], str]] = {
    "ifnull": Kinds._ifnull,
    "length": Kinds._text_call,
    "lower": Kinds._text_call,
    "json_format": Kinds._text_call,
    "date_format": Kinds._date_format,
    "distance": Kinds._distance,
    "range": Kinds._range,
    "geo_cluster": Kinds._geo_cluster,
    "random": Kinds._random,
    "now": lambda _, __: DATETIME,
    "vector_similarity": lambda _, __: DOUBLE,
}
