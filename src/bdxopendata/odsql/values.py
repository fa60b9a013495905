"""Values of expressions on a local table, a column at a time.

Knows nothing of rows and groups: what a field or an aggregate is worth is looked up by whoever asks, so the same rules
compute a column of the dataset and a column of groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bdxopendata.odsql import nodes
from bdxopendata.odsql.functions import DATE_PARTS, FUNCTIONS, NotEvaluable
from bdxopendata.odsql.kinds import BOOLEAN, DATE, DATETIME, DOUBLE, INT, NULL, TEXT, UNKNOWN, Kinds
from bdxopendata.odsql.nodes import Node
from bdxopendata.odsql.placement import malformed
from bdxopendata.odsql.places import Places, read_point
from bdxopendata.odsql.times import MOMENT, formatted, moment, part, shifted

ARROW_TYPES = {
    TEXT: pa.string(),
    INT: pa.int64(),
    DOUBLE: pa.float64(),
    BOOLEAN: pa.bool_(),
    DATE: pa.date32(),
    DATETIME: MOMENT,
    NULL: pa.null(),
}


@dataclass(frozen=True)
class Setting:
    """Where and when a question is asked: zone of times, moment of asking, language of names."""

    zone: str
    now: datetime
    lang: str


class Values:
    """Computes expressions into columns of one length."""

    def __init__(self, kinds: Kinds, setting: Setting, length: int, look_up: Callable[[Node], Any | None]) -> None:
        self.kinds = kinds
        self.setting = setting
        self.length = length
        self._look_up = look_up

    def column(self, node: Node) -> Any:
        """Compute an array of values, missing ones as null."""
        found = self.value(node)
        if isinstance(found, pa.Scalar):
            found = pa.repeat(found, self.length) if found.is_valid else pa.nulls(self.length, found.type)
        wanted = ARROW_TYPES.get(self.kinds.of(node))
        if wanted is None or is_list(found):
            return found
        if wanted == pa.null():
            return pa.nulls(self.length, pa.string())
        return found if found.type == wanted else as_type(found, wanted)

    def value(self, node: Node) -> Any:
        """Compute an array of values, or one scalar where the expression is the same everywhere."""
        found = self._look_up(node)
        if found is not None:
            return found
        match node:
            case nodes.Number(value):
                return pa.scalar(value if self.kinds.of(node) == INT else float(value))
            case nodes.Text(value) | nodes.Boolean(value):
                return pa.scalar(value)
            case nodes.Null():
                return pa.scalar(None, pa.string())
            case nodes.Date(text):
                return self._date(text, self.kinds.of(node))
            case nodes.Arithmetic():
                return self._arithmetic(node)
            case nodes.Call():
                return self._call(node)
        raise NotEvaluable(type(node).__name__, "it has no value here")

    def _date(self, text: str, kind: str) -> Any:
        found = moment(text, self.setting.zone if kind == DATETIME else "UTC")
        return pa.scalar(found.date() if kind == DATE else found, ARROW_TYPES[kind])

    def _arithmetic(self, node: nodes.Arithmetic) -> Any:
        left, right = (self._number(side) for side in (node.left, node.right))
        if node.operator == "/":
            left, right = as_type(left, pa.float64()), as_type(right, pa.float64())
            return pc.divide(left, pc.if_else(pc.equal(right, 0.0), pa.scalar(None, pa.float64()), right))
        try:
            return _OPERATORS[node.operator](*alike(left, right))
        except pa.ArrowInvalid as error:
            raise NotEvaluable("arithmetic beyond 64 bits", "whole numbers are computed in 64 bits here") from error

    def _number(self, node: Node) -> Any:
        found = self.value(node)
        if is_list(found):
            raise NotEvaluable("arithmetic on several values", "it is not documented")
        kind = self.kinds.of(node)
        if kind == NULL:
            return pa.scalar(None, pa.int64())
        if kind == UNKNOWN:
            raise NotEvaluable("arithmetic on a field of unknown type", "nobody says what it holds")
        return found

    def _call(self, call: nodes.Call) -> Any:
        name = call.name
        if not FUNCTIONS[name].evaluated:
            raise NotEvaluable(f"{name}()", FUNCTIONS[name].reason)
        if name in DATE_PARTS:
            return part(self._moments(call.arguments[0]), name, self.setting.zone)
        match name, call.arguments:
            case "date_format", (operand, nodes.Text(pattern)):
                return formatted(self._moments(operand), pattern, self.setting.zone, self.setting.lang)
            case "lower", (operand,):
                return each_text(self._texts(operand), pc.utf8_lower)
            case "length", (operand,):
                texts = self._texts(operand)
                if is_list(texts):
                    raise NotEvaluable("length() of several values", "it is not documented")
                return pc.utf8_length(texts).cast(pa.int64())
            case "ifnull", (operand, otherwise):
                return self._if_null(call, operand, otherwise)
            case "now", ():
                return pa.scalar(self._now(call), MOMENT)
            case "distance", (operand, nodes.Geometry(text)):
                return self._distances(operand, text)
            case "random", (nodes.Number(seed),):
                # The generator wants no sign.
                return pa.array(np.random.default_rng(int(seed) % 2**64).random(self.length))
        raise NotEvaluable(f"{name}()", "it gives no value")

    def _moments(self, node: Node) -> Any:
        found = self.value(node)
        return found if self.kinds.of(node) != NULL else pa.scalar(None, MOMENT)

    def _texts(self, node: Node) -> Any:
        return self.value(node)

    def _if_null(self, call: nodes.Call, operand: Node, otherwise: Node) -> Any:
        first = self.value(operand)
        if self.kinds.of(otherwise) == NULL:
            return first
        second = self.value(otherwise)
        if is_list(first) or is_list(second):
            raise NotEvaluable("ifnull() of several values", "it is not documented")
        wanted = ARROW_TYPES.get(self.kinds.of(call))
        if wanted is not None:
            first, second = as_type(first, wanted), as_type(second, wanted)
        return pc.coalesce(first, second)

    def _now(self, call: nodes.Call) -> datetime:
        try:
            return shifted(self.setting.now, call.named)
        except (OverflowError, ValueError) as error:
            raise malformed("now() leaves the years 1 to 9999.", self.kinds.clause) from error

    def _distances(self, operand: Node, text: str) -> Any:
        try:
            lon, lat = read_point(text)
        except ValueError as error:
            raise malformed(f"distance(): {error}.", self.kinds.clause) from error
        places = Places(self.value(operand))
        return pa.array(places.distances(lon, lat), mask=~places.valid)


def is_list(values: Any) -> bool:
    """Whether a column holds several values per row."""
    return bool(pa.types.is_list(values.type) or pa.types.is_large_list(values.type))


def as_type(values: Any, wanted: Any) -> Any:
    """Cast values; whole numbers become the nearest decimal, which Arrow refuses where it is not the same number."""
    return values.cast(wanted, safe=not (pa.types.is_integer(values.type) and pa.types.is_floating(wanted)))


def alike(left: Any, right: Any) -> tuple[Any, Any]:
    """Make decimals of whole numbers that meet decimals."""
    if pa.types.is_integer(left.type) and pa.types.is_floating(right.type):
        return as_type(left, right.type), right
    if pa.types.is_integer(right.type) and pa.types.is_floating(left.type):
        return left, as_type(right, left.type)
    return left, right


def each_text(values: Any, change: Callable[[Any], Any]) -> Any:
    """Change each text of a column, also where a row holds several."""
    if not is_list(values):
        return change(values)
    # Flattening leaves out what lies under a missing list; offsets are made anew from the lengths.
    lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    missing = pc.is_null(values)
    return pa.ListArray.from_arrays(pa.array(offsets), change(pc.list_flatten(values)), mask=missing)


_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": pc.add_checked,
    "-": pc.subtract_checked,
    "*": pc.multiply_checked,
}
