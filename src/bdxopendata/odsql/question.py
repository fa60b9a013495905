"""A question about one dataset: filters, columns, groups and order, as one frozen value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bdxopendata.odsql import nodes
from bdxopendata.odsql.expressions import Expression, all_of
from bdxopendata.odsql.functions import AGGREGATES, GROUP_BY, ORDER_BY, SELECT, WHERE
from bdxopendata.odsql.nodes import GroupKey, Node, OrderKey, Selection, SelectItem, walk
from bdxopendata.odsql.placement import check_placement
from bdxopendata.odsql.quoting import quote_field, quote_text
from bdxopendata.odsql.render import render, render_list


@dataclass(frozen=True)
class Question:
    """What is asked of a dataset.

    Attributes
    ----------
    where
        Conditions, all of which must hold.
    select
        Columns; None for all.
    group_by, order_by
        Keys, in order.
    refine, exclude
        Facet filters: pairs of field and value.
    limit, offset
        How many rows in all, None for every one, and how many to leave out before them.
    disjunctive
        Fields of which two refined values are joined by OR.
    """

    where: tuple[Node, ...] = ()
    select: tuple[Selection, ...] | None = None
    group_by: tuple[GroupKey, ...] = ()
    order_by: tuple[OrderKey, ...] = ()
    refine: tuple[tuple[str, str], ...] = ()
    exclude: tuple[tuple[str, str], ...] = ()
    limit: int | None = None
    offset: int = 0
    disjunctive: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        clauses: tuple[tuple[str, Sequence[nodes.Anything]], ...] = (
            (WHERE, self.where),
            (SELECT, self.select or ()),
            (GROUP_BY, self.group_by),
            (ORDER_BY, self.order_by),
        )
        for clause, things in clauses:
            for thing in things:
                for expression in nodes.expressions_of(thing):
                    check_placement(expression, clause)

    @property
    def is_grouped(self) -> bool:
        """Whether the answer has one row per group."""
        return bool(self.group_by)

    @property
    def is_aggregate(self) -> bool:
        """Whether the answer is one row over all rows: aggregates without group_by."""
        return not self.group_by and any(
            has_aggregate(item.expression) for item in self.select or () if isinstance(item, SelectItem)
        )

    @property
    def condition(self) -> Node | None:
        """The conditions of `where` as one, or None for none."""
        if len(self.where) > 1:
            return nodes.And(self.where)
        return self.where[0] if self.where else None

    def params(self) -> list[tuple[str, str]]:
        """Write the question as parameters of the Explore API, without `limit` and `offset`."""
        sent: list[tuple[str, str]] = []
        if self.condition is not None:
            # Each part is a complete condition in parentheses of its own, so that none can change another.
            sent.append((WHERE, " AND ".join(f"({render(part)})" for part in self.where)
                         if len(self.where) > 1 else render(self.condition)))  # fmt: skip
        if self.select is not None:
            sent.append((SELECT, render_list(self.select)))
        if self.group_by:
            sent.append((GROUP_BY, render_list(self.group_by)))
        if self.order_by:
            sent.append((ORDER_BY, render_list(self.order_by)))
        for name, filters in (("refine", self.refine), ("exclude", self.exclude)):
            sent += [(name, f"{quote_field(field)}:{quote_text(value)}") for field, value in filters]
        return sent


def has_aggregate(expression: Node) -> bool:
    """Whether something in the expression is computed over many rows."""
    return any(isinstance(node, nodes.Call) and node.name in AGGREGATES for node in walk(expression))


def conditions(*things: str | Expression | Node) -> tuple[Node, ...]:
    """Conditions from expressions, nodes and raw ODSQL."""
    found: list[Node] = []
    for thing in things:
        if isinstance(thing, str):
            from bdxopendata.odsql.parser import parse_where  # heavy, and only raw text needs it

            found.append(parse_where(thing))
        else:
            found.append(_require_condition(thing.node if isinstance(thing, Expression) else thing))
    return tuple(found)


def select_items(*things: str | Expression | Selection, **named: str | Expression) -> tuple[Selection, ...]:
    """Columns from names, expressions and raw ODSQL; ``name=expression`` gives a column a name of its own."""
    found: list[Selection] = []
    for thing in things:
        if isinstance(thing, str):
            found += _selected(thing)
        elif isinstance(thing, Expression):
            found.append(SelectItem(thing.node))
        elif isinstance(thing, Selection):
            found.append(thing)
        else:
            raise TypeError(f"A column is a name, an expression or ODSQL text, not {type(thing).__name__}.")
    for name, thing in named.items():
        found.append(SelectItem(_single(thing), name))
    return tuple(found)


def group_keys(*things: str | Expression | SelectItem | GroupKey, **named: str | Expression) -> tuple[GroupKey, ...]:
    """Keys to group by, from names, expressions and raw ODSQL."""
    found: list[GroupKey] = []
    for thing in things:
        if isinstance(thing, str):
            from bdxopendata.odsql.parser import parse_group_by  # heavy, and only raw text needs it

            found += [GroupKey(nodes.Field(thing))] if _is_name(thing) else parse_group_by(thing)
        elif isinstance(thing, Expression):
            found.append(GroupKey(thing.node))
        elif isinstance(thing, SelectItem):
            found.append(GroupKey(thing.expression, thing.alias, thing.text))
        elif isinstance(thing, GroupKey):
            found.append(thing)
        else:
            raise TypeError(f"A key is a name, an expression or ODSQL text, not {type(thing).__name__}.")
    found += [GroupKey(_single(thing), name) for name, thing in named.items()]
    return tuple(found)


def order_keys(*things: str | Expression | OrderKey) -> tuple[OrderKey, ...]:
    """Keys to order by, from names (``-name`` for the greatest first), expressions and raw ODSQL."""
    found: list[OrderKey] = []
    for thing in things:
        if isinstance(thing, str):
            from bdxopendata.odsql.parser import parse_order_by  # heavy, and only raw text needs it

            name = thing.removeprefix("-")
            plain = _is_name(name)
            found += [OrderKey(nodes.Field(name), name != thing)] if plain else parse_order_by(thing)
        elif isinstance(thing, Expression):
            found.append(OrderKey(thing.node))
        elif isinstance(thing, OrderKey):
            found.append(thing)
        else:
            raise TypeError(f"A key is a name, an expression or ODSQL text, not {type(thing).__name__}.")
    return tuple(found)


def _selected(text: str) -> Iterable[Selection]:
    if _is_name(text):
        return [SelectItem(nodes.Field(text))]
    from bdxopendata.odsql.parser import parse_select  # heavy, and only raw text needs it

    return parse_select(text)


def _single(thing: str | Expression) -> Node:
    if isinstance(thing, Expression):
        return thing.node
    items = list(_selected(thing))
    if len(items) != 1 or not isinstance(items[0], SelectItem) or items[0].alias is not None:
        raise ValueError(f"{thing!r} is not one expression.")
    return items[0].expression


def _is_name(text: str) -> bool:
    # A reserved word alone cannot be anything but a field of that name; these three are values.
    return text.isidentifier() and text.lower() not in ("true", "false", "null")


def _require_condition(node: Node) -> Node:
    if isinstance(node, nodes.Number | nodes.Date | nodes.Star | nodes.Arithmetic | SelectItem | OrderKey | GroupKey):
        raise TypeError("where takes conditions, such as F.hauteur > 20.")
    return node


__all__ = ["Question", "all_of", "conditions", "group_keys", "has_aggregate", "order_keys", "select_items"]
