"""Which questions this machine can answer, and what of the others only the portal can."""

from __future__ import annotations

from bdxopendata.odsql.functions import FUNCTIONS
from bdxopendata.odsql.nodes import Call, expressions_of, walk
from bdxopendata.odsql.question import Question


def not_evaluable(question: Question) -> tuple[str, ...]:
    """Names of the functions in a question that only the portal computes; none for a question answered here."""
    things = (*question.where, *(question.select or ()), *question.group_by, *question.order_by)
    names = {
        node.name
        for thing in things
        for expression in expressions_of(thing)
        for node in walk(expression)
        if isinstance(node, Call) and not FUNCTIONS[node.name].evaluated
    }
    return tuple(sorted(names))
