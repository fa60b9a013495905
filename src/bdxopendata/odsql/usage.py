"""Which fields a question looks at: only they need to be read to answer it."""

from __future__ import annotations

from collections.abc import Mapping

from bdxopendata.odsql import nodes
from bdxopendata.odsql.nodes import Call, Node, expressions_of, walk
from bdxopendata.odsql.outputs import outputs
from bdxopendata.odsql.question import Question

# These look at every text of a row where no field is named.
_SEARCHES = frozenset({"search", "suggest", "startswith"})


def fields_used(question: Question, types: Mapping[str, str]) -> tuple[str, ...] | None:
    """Names of the fields that the answer depends on, in the order of `types`; None for all of them.

    Parameters
    ----------
    question
        The question.
    types
        Portal type by field name.

    Raises
    ------
    QueryError
        In the portal's words, where a name or a type does not fit.
    """
    if question.select is None and not question.is_grouped:
        return None
    if any(_searches(condition) for condition in question.where):
        return None
    named = set(nodes.field_names(question.where, question.group_by, question.order_by))
    for column in outputs(question, types):
        named.update(nodes.field_names(column.expression))
    named.update(name for name, _ in (*question.refine, *question.exclude))
    used = tuple(name for name in types if name in named)
    return used if len(used) < len(types) else None


def fields_of_conditions(question: Question, types: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the fields by which rows are chosen, in the order of `types`; none where all fields may be looked at."""
    if any(_searches(condition) for condition in question.where):
        return ()
    named = {*nodes.field_names(question.where), *(name for name, _ in (*question.refine, *question.exclude))}
    return tuple(name for name in types if name in named)


def _searches(condition: Node) -> bool:
    match condition:
        case nodes.Text():
            return True
        case nodes.And(parts) | nodes.Or(parts):
            return any(_searches(part) for part in parts)
        case nodes.Not(part):
            return _searches(part)
    return any(
        isinstance(node, Call) and node.name in _SEARCHES
        for expression in expressions_of(condition)
        for node in walk(expression)
    )
