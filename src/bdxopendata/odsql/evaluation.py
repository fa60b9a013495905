"""A question answered on a local table, as the portal would answer it.

The table is typed as the portal's schema says: text as string (or a list of them), int as int64, double as float64,
date as date32, datetime as timestamp in UTC, points as struct of lon and lat, shapes as WKB.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from bdxopendata.odsql import nodes
from bdxopendata.odsql.filters import Filters, facet_mask
from bdxopendata.odsql.functions import AGGREGATES, ORDER_BY, SELECT, WHERE, NotEvaluable
from bdxopendata.odsql.groups import Groups, all_rows, grouped
from bdxopendata.odsql.kinds import TEXT, UNKNOWN, Kinds
from bdxopendata.odsql.nodes import Field, Node, OrderKey
from bdxopendata.odsql.outputs import Output, outputs
from bdxopendata.odsql.placement import malformed
from bdxopendata.odsql.question import Question, has_aggregate
from bdxopendata.odsql.values import ARROW_TYPES, Setting, Values, is_list


@dataclass(frozen=True)
class Answer:
    """What a question gives.

    Attributes
    ----------
    table
        The rows.
    types
        Portal type by column.
    total_count
        Rows that satisfy the filters, or groups, before `limit` and `offset`.
    aggregate
        Whether it is one row computed over all rows.
    """

    table: pa.Table
    types: dict[str, str]
    total_count: int
    aggregate: bool = False


def evaluate(
    question: Question,
    table: pa.Table,
    types: Mapping[str, str],
    *,
    timezone: str = "UTC",
    now: datetime | None = None,
    lang: str = "fr",
    separators: Mapping[str, str] | None = None,
) -> Answer:
    """Answer a question on a table.

    Parameters
    ----------
    question
        The question.
    table
        All rows of the dataset.
    types
        Portal type by field name.
    timezone
        Zone of parts of datetimes, of ranges of days, and of date literals without a zone.
    now
        The moment of asking, with a zone; by default the present.
    lang
        Language of names of days and months.
    separators
        What joins the steps of a path, by hierarchical field: such a field is refined by the beginning of its path.

    Returns
    -------
    Answer
        Rows in the order of the table where none is asked for; groups ascending by their keys, missing keys first.

    Raises
    ------
    QueryError
        In the portal's words, where the question makes no sense.
    NotEvaluable
        Where only the portal can answer.
    """
    if now is not None and now.utcoffset() is None:
        raise ValueError("now needs a time zone.")
    setting = Setting(timezone, now or datetime.now(UTC), lang)
    with _computing():
        return _evaluated(question, table, types, setting, separators or {})


def matching(
    question: Question,
    table: pa.Table,
    types: Mapping[str, str],
    *,
    lang: str = "fr",
    separators: Mapping[str, str] | None = None,
) -> npt.NDArray[np.bool_]:
    """Which rows the conditions, refinements and exclusions of a question leave; as `evaluate`.

    Of the table, only the fields are needed that these name: see `usage.fields_of_conditions`.
    """
    with _computing():
        return _Rows(table, types, Setting("UTC", datetime.now(UTC), lang)).mask(question, separators or {})


@contextmanager
def _computing() -> Iterator[None]:
    try:
        yield
    except pa.ArrowException as error:
        # Values of a type that nobody declared can meet anything; what Arrow cannot compute, the portal is asked.
        raise NotEvaluable("this combination of types", "nobody says what it means") from error


def _evaluated(
    question: Question,
    table: pa.Table,
    types: Mapping[str, str],
    setting: Setting,
    separators: Mapping[str, str],
) -> Answer:
    columns = outputs(question, types)
    order = _checked_order(question, types, columns)
    rows = _Rows(table, types, setting)
    rows = rows.filtered(question, separators)
    if question.is_grouped:
        return _grouped(question, rows, columns, order)
    if question.is_aggregate:
        found = _computed(columns, _group_values(all_rows(rows.length), (), rows, {}), {})
        answer = found.slice(0, question.limit if question.limit is not None and question.limit >= 0 else 1)
        return Answer(answer, _types(columns), rows.length, aggregate=True)
    return _plain(question, rows, columns, order)


class _Rows:
    """A table whose fields can be looked up."""

    def __init__(self, table: pa.Table, types: Mapping[str, str], setting: Setting) -> None:
        self.table = table
        self.types = types
        self.setting = setting
        self.length: int = table.num_rows
        self._combined: dict[str, Any] = {}

    def column(self, name: str) -> Any:
        if name not in self._combined:
            self._combined[name] = _combined(self.table[name])
        return self._combined[name]

    def computable(self, name: str) -> Any:
        """Give a column that can be computed with: its values are of the field's type."""
        column = self.column(name)
        kind = self.types.get(name, UNKNOWN)
        wanted = ARROW_TYPES.get(kind)
        if wanted is not None and column.type != wanted and not (kind == TEXT and is_list(column)):
            raise NotEvaluable(f"the field {name}", f"not all of its values are of type {kind}")
        return column

    def look_up(self, node: Node) -> Any | None:
        return self.computable(node.name) if isinstance(node, Field) else None

    def values(self, clause: str) -> Values:
        return Values(Kinds(self.types, clause), self.setting, self.length, self.look_up)

    def filtered(self, question: Question, separators: Mapping[str, str]) -> _Rows:
        if question.condition is None and not question.refine and not question.exclude:
            return self
        return _Rows(self.table.filter(pa.array(self.mask(question, separators))), self.types, self.setting)

    def mask(self, question: Question, separators: Mapping[str, str]) -> npt.NDArray[np.bool_]:
        condition = question.condition
        kept = np.full(self.length, True)
        values = self.values(WHERE)
        if condition is not None:
            values.kinds.condition(condition)
            kept &= Filters(values, self.computable).mask(condition)
        kept &= facet_mask(question, values.kinds, self.computable, self.length, self.setting, separators)
        return kept

    def taken(self, places: Any) -> _Rows:
        return _Rows(self.table.take(places), self.types, self.setting)


def _plain(question: Question, rows: _Rows, columns: tuple[Output, ...], order: tuple[OrderKey, ...]) -> Answer:
    total = rows.length
    if order:
        aliased = {column.name: column.expression for column in columns if column.expression != Field(column.name)}
        base = rows.values(ORDER_BY)

        def look_up(node: Node) -> Any | None:
            if isinstance(node, Field) and node.name in aliased:
                return base.column(aliased[node.name])
            return rows.look_up(node)

        kinds = Kinds(rows.types, ORDER_BY, _types(columns))
        places = _sorted(order, Values(kinds, rows.setting, total, look_up))
        rows = rows.taken(_page(places, question))
    else:
        rows = _Rows(_page(rows.table, question), rows.types, rows.setting)
    values = rows.values(SELECT)
    # A plain field is shown as it is, whatever its values are.
    found = [rows.column(one.field) if one.field else values.column(one.expression) for one in columns]
    return Answer(_table(columns, found, rows.length), _types(columns), total)


def _grouped(question: Question, rows: _Rows, columns: tuple[Output, ...], order: tuple[OrderKey, ...]) -> Answer:
    groups = grouped(question.group_by, rows.values("group_by"))
    known: dict[Node, Any] = {}
    for key, column in zip(question.group_by, groups.keys, strict=True):
        known[key.expression] = known[Field(key.name)] = column
    # The portal leaves an expression empty that is given its name in select and grouped by without one.
    lost = {
        item.name
        for item in question.select or ()
        if isinstance(item, nodes.SelectItem) and item.alias is not None
        and any(key.expression == item.expression and key.alias is None for key in question.group_by)
        and not isinstance(item.expression, Field)
    }  # fmt: skip
    values = _group_values(groups, question.group_by, rows, known)
    table = _computed(columns, values, dict.fromkeys(lost))
    if order:
        aliased: dict[Node, Any] = {Field(column.name): _combined(table[column.name]) for column in columns}
        by = _group_values(groups, question.group_by, rows, aliased | known, _types(columns))
        table = table.take(_sorted(order, by))
    return Answer(_page(table, question), _types(columns), groups.count)


def _group_values(
    groups: Groups,
    keys: tuple[nodes.GroupKey, ...],
    rows: _Rows,
    known: Mapping[Node, Any],
    aliases: Mapping[str, str] | None = None,
) -> Values:
    row_values = rows.values(SELECT)

    def look_up(node: Node) -> Any | None:
        if node in known:
            return known[node]
        if isinstance(node, nodes.Call) and node.name in AGGREGATES:
            return groups.aggregate(node, row_values)
        return None

    names = dict(aliases or {})
    for key in keys:
        names.setdefault(key.name, row_values.kinds.of(key.expression))
    return Values(Kinds(rows.types, SELECT, names), rows.setting, groups.count, look_up)


def _computed(columns: tuple[Output, ...], values: Values, empty: Mapping[str, None]) -> pa.Table:
    found = []
    for column in columns:
        array = values.column(column.expression)
        found.append(pa.nulls(len(array), array.type) if column.name in empty else array)
    return _table(columns, found, values.length)


def _checked_order(question: Question, types: Mapping[str, str], columns: tuple[Output, ...]) -> tuple[OrderKey, ...]:
    kinds = Kinds(types, ORDER_BY, _types(columns))
    aggregated = {column.name for column in columns if has_aggregate(column.expression)}
    seen_field = False
    for key in question.order_by:
        kinds.of(key.expression)
        over_rows = has_aggregate(key.expression) or (
            isinstance(key.expression, Field) and key.expression.name in aggregated
        )
        if over_rows and seen_field:
            raise malformed("Aggregations must come before fields.", ORDER_BY)
        if has_aggregate(key.expression) and not question.is_grouped and not question.is_aggregate:
            raise malformed("Aggregations need a group_by clause.", ORDER_BY)
        seen_field = seen_field or not over_rows
        if question.is_grouped:
            _require_known(key.expression, question, {column.name for column in columns})
    return question.order_by


def _require_known(node: Node, question: Question, names: set[str]) -> None:
    if any(key.expression == node for key in question.group_by):
        return
    if isinstance(node, nodes.Call) and node.name in AGGREGATES:
        return
    if isinstance(node, Field) and node.name not in names:
        raise malformed(f"Field {node.name} is not in the group_by clause.", ORDER_BY)
    for child in nodes.children(node):
        _require_known(child, question, names)


def _sorted(order: tuple[OrderKey, ...], values: Values) -> Any:
    keys: dict[str, Any] = {}
    directions = []
    for place, key in enumerate(order):
        column = values.column(key.expression)
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            raise NotEvaluable("order_by such a field", "its order is not documented")
        # Arrow knows no order of booleans in a table of keys.
        keys[f"{place}"] = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
        if column.null_count:
            # The last place of missing values is worded differently by the versions of Arrow.
            keys[f"{place} missing"] = pc.is_null(column).cast(pa.int8())
            directions.append((f"{place} missing", "ascending"))
        directions.append((f"{place}", "descending" if key.descending else "ascending"))
    return pc.sort_indices(pa.table(keys), sort_keys=directions)


def _page(things: Any, question: Question) -> Any:
    """Cut out the wanted stretch of a table or an array."""
    start = min(question.offset, len(things))
    if question.limit is None or question.limit < 0:
        return things.slice(start)
    return things.slice(start, question.limit)


def _table(columns: tuple[Output, ...], arrays: list[Any], length: int) -> pa.Table:
    if not columns:
        # A table without columns would lose its number of rows.
        return pa.table({"": pa.nulls(length)}).select([])
    return pa.Table.from_arrays(arrays, names=[column.name for column in columns])


def _types(columns: tuple[Output, ...]) -> dict[str, str]:
    return {column.name: column.type for column in columns}


def _combined(column: Any) -> Any:
    found = column.combine_chunks()
    # Older Arrow gives a chunked array of one chunk here.
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) and found.num_chunks == 1 else found
