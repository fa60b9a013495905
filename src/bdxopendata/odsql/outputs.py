"""The columns of an answer, known before it arrives: names, types and order.

The same list types what the portal sends and what is computed on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bdxopendata.odsql import nodes
from bdxopendata.odsql.functions import AGGREGATES, GROUP_BY, SELECT
from bdxopendata.odsql.hints import ALIAS_HINT
from bdxopendata.odsql.kinds import NULL, POINT, SHAPE, TEXT, Kinds
from bdxopendata.odsql.nodes import Field, GroupKey, Node, Selection, SelectItem
from bdxopendata.odsql.placement import malformed
from bdxopendata.odsql.question import Question


@dataclass(frozen=True, slots=True)
class Output:
    """One column of an answer.

    Attributes
    ----------
    name, type
        Column name and portal type.
    field
        The field that it is, where it is a plain field.
    expression
        What it holds.
    """

    name: str
    type: str
    field: str | None
    expression: Node


def outputs(question: Question, types: Mapping[str, str]) -> tuple[Output, ...]:
    """Columns of the answer to a question.

    Parameters
    ----------
    question
        The question.
    types
        Portal type by field name, in the order of the dataset.

    Raises
    ------
    QueryError
        In the portal's words, where a name or a type does not fit.
    """
    if question.is_grouped:
        return _grouped(question, types)
    if question.is_aggregate:
        return _aggregated(question.select or (), types)
    return _plain(question.select, types)


def _plain(select: tuple[Selection, ...] | None, types: Mapping[str, str]) -> tuple[Output, ...]:
    kinds = Kinds(types, SELECT)
    items = select or ()
    _refuse_repeated_aliases([item.alias for item in items if isinstance(item, SelectItem)], SELECT)
    found: dict[str, Output] = {}
    if all(isinstance(item, nodes.Exclude) for item in items):
        found = {name: _of_field(name, kinds) for name in types}
    for item in items:
        match item:
            case nodes.Star():
                found |= {name: _of_field(name, kinds) for name in types}
            case nodes.Include(patterns):
                found |= {name: _of_field(name, kinds) for name in _matching(patterns, kinds)}
            case nodes.Exclude():
                pass
            case SelectItem():
                found[item.name] = _of_item(item, kinds)
    for item in items:
        if isinstance(item, nodes.Exclude):
            for name in _matching(item.patterns, kinds):
                found.pop(name, None)
    return tuple(found.values())


def _aggregated(select: tuple[Selection, ...], types: Mapping[str, str]) -> tuple[Output, ...]:
    kinds = Kinds(types, SELECT)
    found: dict[str, Output] = {}
    _refuse_repeated_aliases([item.alias for item in select if isinstance(item, SelectItem)], SELECT)
    for item in select:
        if not isinstance(item, SelectItem):
            raise malformed("Only aggregations can be selected together with an aggregation.", SELECT)
        _require_grouped(item.expression, {}, kinds)
        found[item.name] = _of_item(item, kinds)
    return tuple(found.values())


def _grouped(question: Question, types: Mapping[str, str]) -> tuple[Output, ...]:
    found = {}
    keys = group_kinds(question.group_by, types)
    for key, kind in zip(question.group_by, keys, strict=True):
        field = key.expression.name if isinstance(key.expression, Field) else None
        found[key.name] = Output(key.name, kind, field, key.expression)
    aliases = {key.name: kind for key, kind in zip(question.group_by, keys, strict=True)}
    kinds = Kinds(types, SELECT, aliases)
    items = question.select or ()
    declared = [item.alias for item in items if isinstance(item, SelectItem)]
    _refuse_repeated_aliases([*declared, *(key.alias for key in question.group_by)], SELECT)
    grouped: dict[Node, str] = {key.expression: key.name for key in question.group_by}
    for item in items:
        if isinstance(item, nodes.Star):
            continue
        if not isinstance(item, SelectItem):
            raise malformed("include() and exclude() cannot be used together with group_by.", SELECT)
        _require_grouped(item.expression, grouped, kinds)
        if item.alias is None and item.expression in (*grouped, *(Field(name) for name in aliases)):
            continue  # a key is a column anyway
        found[item.name] = _of_item(item, kinds)
    return tuple(found.values())


def group_kinds(keys: tuple[GroupKey, ...], types: Mapping[str, str]) -> list[str]:
    """Portal types of group keys."""
    kinds = Kinds(types, GROUP_BY)
    found = []
    for key in keys:
        kind = kinds.of(key.expression)
        if kind in (POINT, SHAPE):
            raise malformed(
                "Aggregation on geo point field is not possible. Use the geo_cluster(position, int_precision) "
                "aggregation function instead.",
                GROUP_BY,
            )
        found.append(TEXT if kind == NULL else kind)
    return found


def _require_grouped(node: Node, grouped: Mapping[Node, str], kinds: Kinds) -> None:
    if node in grouped or (isinstance(node, nodes.Call) and node.name in AGGREGATES):
        return
    if isinstance(node, Field):
        kinds.field(node.name)
        if node.name in kinds.aliases:
            return
        raise malformed(
            f"Field {node.name} is not in the group_by clause.",
            SELECT,
            hint="Group by it as well, or select an aggregation of it.",
        )
    for child in nodes.children(node):
        _require_grouped(child, grouped, kinds)


def _matching(patterns: tuple[nodes.Pattern, ...], kinds: Kinds) -> list[str]:
    for pattern in patterns:
        if not pattern.wildcard:
            kinds.field(pattern.name)
    return [name for name in kinds.types if any(pattern.matches(name) for pattern in patterns)]


def _of_field(name: str, kinds: Kinds) -> Output:
    return Output(name, kinds.field(name), name, Field(name))


def _of_item(item: SelectItem, kinds: Kinds) -> Output:
    kind = kinds.of(item.expression)
    field = item.expression.name if isinstance(item.expression, Field) else None
    return Output(item.name, TEXT if kind == NULL else kind, field, item.expression)


def _refuse_repeated_aliases(aliases: list[str | None], clause: str) -> None:
    declared = [alias for alias in aliases if alias is not None]
    for alias in declared:
        if declared.count(alias) > 1:
            raise malformed(f"Alias '{alias}' is declared several times.", clause, hint=ALIAS_HINT)
