"""Conditions on a local table: which rows satisfy them.

A comparison with a missing value is false, and its opposite true. Masks hold no missing values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bdxopendata.odsql import nodes
from bdxopendata.odsql import words as wording
from bdxopendata.odsql.dates import read_date
from bdxopendata.odsql.functions import FUNCTIONS, LENGTH_UNITS, NotEvaluable
from bdxopendata.odsql.kinds import DATE, NULL, TEXT, UNKNOWN, Kinds, family
from bdxopendata.odsql.nodes import Node
from bdxopendata.odsql.placement import malformed
from bdxopendata.odsql.places import Places, read_geometry, read_point
from bdxopendata.odsql.question import Question
from bdxopendata.odsql.times import MOMENT, microseconds, moment, on_the_wall
from bdxopendata.odsql.values import Setting, Values, alike, as_type, is_list
from bdxopendata.odsql.words import Words

Mask = npt.NDArray[np.bool_]

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_FACET_DATE = re.compile(r"(\d{4})(?:[/-](\d\d?)(?:[/-](\d\d?))?)?\Z", re.ASCII)


class Filters:
    """Computes conditions into masks over the rows of a table."""

    def __init__(self, values: Values, column: Callable[[str], Any]) -> None:
        self._values = values
        self._column = column
        self._kinds = values.kinds
        self._length = values.length
        self._words: dict[tuple[str, ...], Words] = {}
        self._places: dict[str, Places] = {}

    def mask(self, node: Node) -> Mask:
        """Rows that satisfy a condition."""
        match node:
            case nodes.And(parts):
                found = self.mask(parts[0])
                for part in parts[1:]:
                    found = found & self.mask(part)
                return found
            case nodes.Or(parts):
                found = self.mask(parts[0])
                for part in parts[1:]:
                    found = found | self.mask(part)
                return found
            case nodes.Not(part):
                return ~self.mask(part)
        return self._simple(node)

    def _simple(self, node: Node) -> Mask:
        match node:
            case nodes.Compare("like", left, nodes.Text(text)):
                return self._words_of([left]).holding_all(wording.patterned(text))
            case nodes.Compare(operator, left, right):
                return self._compare(operator, left, right)
            case nodes.InList(operand, values):
                return self._in_list(operand, values)
            case nodes.InRange(operand, low, high, includes_low, includes_high):
                above = self._compare(">=" if includes_low else ">", operand, low)
                return above & self._compare("<=" if includes_high else "<", operand, high)
            case nodes.InField(value, operand):
                return self._compare("=", operand, value)
            case nodes.IsNull(operand, negated):
                return self._truth(pc.is_null(self._values.value(operand))) ^ negated
            case nodes.IsBoolean(operand, value, negated):
                return self._compare("=", operand, nodes.Boolean(value)) ^ negated
            case nodes.Field():
                return self._compare("=", node, nodes.Boolean(True))
            case nodes.Text(text):
                return self._words_of([nodes.Star()]).holding_all(wording.exactly(text))
            case nodes.Call():
                return self._predicate(node)
        raise NotEvaluable(type(node).__name__, "it is no condition")

    def _compare(self, operator: str, left: Node, right: Node) -> Mask:
        kinds = [self._kinds.of(left), self._kinds.of(right)]
        if NULL in kinds:
            return np.zeros(self._length, bool)
        if UNKNOWN in kinds:
            raise NotEvaluable("comparison of a field of unknown type", "its values have no known meaning")
        if operator not in ("=", "!=") and family(kinds[0]) not in ("number", "time"):
            raise NotEvaluable(f"comparison of {kinds[0]} with {operator}", "only = and != are documented for it")
        if family(kinds[0]) == "time":
            sides = [self._comparable_time(left, kinds[1]), self._comparable_time(right, kinds[0])]
        else:
            sides = [self._values.value(left), self._values.value(right)]
        if is_list(sides[1]):
            sides.reverse()
        if is_list(sides[0]):
            return self._any_equals(sides[0], sides[1]) if operator == "=" else (
                ~self._any_equals(sides[0], sides[1]) & self._truth(pc.is_valid(sides[0]))
            )  # fmt: skip
        return self._truth(_COMPARISONS[operator](*alike(*sides)))

    def _comparable_time(self, node: Node, other: str) -> Any:
        # A literal without a zone follows what it is compared with: a date has none, a datetime has the question's.
        if isinstance(node, nodes.Date):
            zone = "UTC" if other == DATE else self._values.setting.zone
            return microseconds(pa.scalar(moment(node.text, zone), MOMENT))
        return microseconds(self._values.value(node))

    def _any_equals(self, lists: Any, value: Any) -> Mask:
        if not isinstance(value, pa.Scalar):
            raise NotEvaluable("comparison of several values with a field", "it is not documented")
        return self._any_in(lists, lambda flat: pc.equal(flat, value))

    def _any_in(self, lists: Any, test: Callable[[Any], Any]) -> Mask:
        flat, owners = wording.flattened(lists)
        hits = pc.fill_null(test(flat), False).to_numpy(zero_copy_only=False)
        mask = np.zeros(self._length, bool)
        mask[owners[hits]] = True
        return mask

    def _in_list(self, operand: Node, values: tuple[Node, ...]) -> Mask:
        present = [value for value in values if not isinstance(value, nodes.Null)]
        kinds = {self._kinds.of(value) for value in present}
        if family(self._kinds.of(operand)) == "time" or UNKNOWN in {self._kinds.of(operand), *kinds} or not present:
            found = np.zeros(self._length, bool)
            for value in present:
                found |= self._compare("=", operand, value)
            return found
        column = self._values.value(operand)
        wanted = [self._values.value(value) for value in present]
        if len({scalar.type for scalar in wanted}) > 1:
            wanted = [as_type(scalar, pa.float64()) for scalar in wanted]
        known = pa.array([scalar.as_py() for scalar in wanted], wanted[0].type)
        if is_list(column):
            return self._any_in(column, lambda flat: pc.is_in(flat, value_set=known))
        if pa.types.is_integer(known.type) != pa.types.is_integer(column.type) and family(TEXT) not in kinds:
            both = pa.float64() if not pa.types.is_boolean(column.type) else pa.bool_()
            column, known = as_type(column, both), as_type(known, both)
        return self._truth(pc.is_in(column, value_set=known))

    def _truth(self, found: Any) -> Mask:
        if isinstance(found, pa.Scalar):
            return np.full(self._length, bool(found.as_py()))
        mask: Mask = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
        return mask

    # -- functions ----------------------------------------------------------------------------------------------

    def _predicate(self, call: nodes.Call) -> Mask:
        if not FUNCTIONS[call.name].evaluated:
            raise NotEvaluable(f"{call.name}()", FUNCTIONS[call.name].reason)
        *operands, last = call.arguments
        match call.name, last:
            case "search", nodes.Text(text):
                return self._words_of(operands).holding_all(wording.nearly(text))
            case "suggest", nodes.Text(text):
                return self._words_of(operands).holding_all(wording.beginning(text))
            case "startswith", nodes.Text(text):
                return self._starting_with(operands, text)
        return self._located(call)

    def _text_columns(self, operands: list[Node]) -> list[Any]:
        if not operands or isinstance(operands[0], nodes.Star):
            names = [name for name, kind in self._kinds.types.items() if kind == TEXT]
            return [self._column(name) for name in names]
        return [self._values.column(operand) for operand in operands]

    def _words_of(self, operands: list[Node]) -> Words:
        key = tuple(repr(operand) for operand in operands)
        if key not in self._words:
            self._words[key] = Words(self._text_columns(operands), self._length)
        return self._words[key]

    def _starting_with(self, operands: list[Node], text: str) -> Mask:
        found = np.zeros(self._length, bool)
        for column in self._text_columns(operands):
            if is_list(column):
                found |= self._any_in(column, lambda flat: pc.starts_with(flat, pattern=text))
            else:
                found |= self._truth(pc.starts_with(column, pattern=text))
        return found

    def _located(self, call: nodes.Call) -> Mask:
        operand, *rest = call.arguments
        assert isinstance(operand, nodes.Field)
        if operand.name not in self._places:
            self._places[operand.name] = Places(self._values.value(operand))
        places = self._places[operand.name]
        try:
            match call.name, rest:
                case "in_bbox", _:
                    lat1, lon1, lat2, lon2 = (float(one.value) for one in rest if isinstance(one, nodes.Number))
                    return places.in_box(min(lon1, lon2), min(lat1, lat2), max(lon1, lon2), max(lat1, lat2))
                case "within_distance" | "distance", [nodes.Geometry(text), radius]:
                    lon, lat = read_point(text)
                    return places.within_distance(lon, lat, _metres(radius))
                case "geometry", [nodes.Geometry(text), nodes.Field(mode)]:
                    return _RELATIONS[mode.lower()](places, read_geometry(text))
                case relation, [nodes.Geometry(text)]:
                    return _RELATIONS[relation](places, read_geometry(text))
        except ValueError as error:
            raise malformed(f"{call.name}(): {error}.", self._kinds.clause) from error
        raise NotEvaluable(f"{call.name}()", "it is not known here")


_RELATIONS: Mapping[str, Callable[[Places, Any], Mask]] = {
    "intersects": Places.touching,
    "within": Places.inside,
    "polygon": Places.inside,
    "disjoint": lambda places, area: places.valid & ~places.touching(area),
}


def _metres(length: Node) -> float:
    if isinstance(length, nodes.Measure):
        return length.value * LENGTH_UNITS[length.unit]
    assert isinstance(length, nodes.Number)
    return float(length.value)


# -- facets -----------------------------------------------------------------------------------------------------


def facet_mask(
    question: Question,
    kinds: Kinds,
    column: Callable[[str], Any],
    length: int,
    setting: Setting,
    separators: Mapping[str, str],
) -> Mask:
    """Rows that are left by `refine` and `exclude`.

    Two values of one field are joined by OR where the field is disjunctive, else by AND.
    """
    kept = np.full(length, True)
    by_field: dict[str, list[Mask]] = {}
    for name, value in question.refine:
        found = _facet(Kinds(kinds.types, "refine"), name, value, column, setting, separators)
        by_field.setdefault(name, []).append(found)
    for name, masks in by_field.items():
        join = np.logical_or if name in question.disjunctive else np.logical_and
        kept &= join.reduce(masks)
    for name, value in question.exclude:
        kept &= ~_facet(Kinds(kinds.types, "exclude"), name, value, column, setting, separators)
    return kept


def _facet(
    kinds: Kinds, name: str, value: str, column: Callable[[str], Any], setting: Setting, separators: Mapping[str, str]
) -> Mask:
    kind = family(kinds.field(name))
    values = column(name)
    if kind == "text":
        flat, owners = wording.flattened(values)
        hits = pc.equal(flat, value)
        if name in separators:
            hits = pc.or_(hits, pc.starts_with(flat, pattern=value + separators[name]))
        mask = np.zeros(len(values), bool)
        mask[owners[pc.fill_null(hits, False).to_numpy(zero_copy_only=False)]] = True
        return mask
    if kind == "time":
        return _in_period(values, value, setting.zone, kinds.clause)
    if kind in ("number", "boolean"):
        return _equals_text(values, value, kind, kinds.clause)
    raise NotEvaluable(f"{kinds.clause} on a field of type {kinds.field(name)}", "such facets are not documented")


def _equals_text(values: Any, value: str, kind: str, clause: str) -> Mask:
    try:
        wanted: float | bool = float(value) if kind == "number" else {"true": True, "false": False}[value.lower()]
    except (ValueError, KeyError):
        raise malformed(f"Invalid value: {value}.", clause) from None
    mask: Mask = pc.fill_null(pc.equal(values, wanted), False).to_numpy(zero_copy_only=False)
    return mask


def _in_period(values: Any, value: str, zone: str, clause: str) -> Mask:
    found = _FACET_DATE.match(value)
    if found is None:
        raise malformed(f"Invalid date: {value}.", clause, hint="Write 2020, 2020/12 or 2020/12/24.")
    try:
        read_date(value)
    except ValueError:
        raise malformed(f"Invalid date: {value}.", clause) from None
    wall = on_the_wall(values, zone)
    kept = np.full(len(values), True)
    for part, wanted in zip((pc.year, pc.month, pc.day), found.groups(), strict=True):
        if wanted is not None:
            kept &= pc.fill_null(pc.equal(part(wall), int(wanted)), False).to_numpy(zero_copy_only=False)
    return kept
