"""Which questions this machine answers as the portal would, and what of the others only the portal can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bdxopendata.errors import QueryError
from bdxopendata.odsql import nodes
from bdxopendata.odsql.functions import FORMS, FUNCTIONS, NotEvaluable
from bdxopendata.odsql.nodes import Call, Node, expressions_of, walk
from bdxopendata.odsql.question import Question

if TYPE_CHECKING:
    import pyarrow as pa

SHAPE = "geo_shape"


def is_timeless(question: Question) -> bool:
    """Whether the answer is the same at every moment, as long as the rows are: the question does not ask for now()."""
    return not any(isinstance(node, Call) and node.name == "now" for node in _nodes(question))


def only_the_portal(
    question: Question, types: Mapping[str, str], empty: pa.Table | None = None, *, lang: str = "fr"
) -> NotEvaluable | None:
    """Say why the portal must be asked; None for a question that this machine answers exactly as the portal would.

    Parameters
    ----------
    question
        The question.
    types
        Portal type by field name.
    empty
        The dataset without its rows. With it, what depends on the kinds of columns is found as well.
    lang
        Language of names of days and months.
    """
    for name, reason in _differences(question, types):
        return NotEvaluable(name, reason)
    if empty is not None:
        from bdxopendata.odsql.evaluation import evaluate  # heavy, and only needed with a table

        try:
            evaluate(question, empty, types, lang=lang)
        except NotEvaluable as reason:
            return reason
        except QueryError:
            # It makes no sense, which is told when it is asked.
            return None
    return None


def _differences(question: Question, types: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for condition in question.where:
        yield from _full_text(condition)
    if any(types.get(name) == "double" for name, _ in (*question.refine, *question.exclude)):
        yield "refine of decimals", "how it writes decimal numbers as facets is not documented"
    for node in _nodes(question):
        yield from _difference(node, types)


def _nodes(question: Question) -> Iterator[Node]:
    for thing in (*question.where, *(question.select or ()), *question.group_by, *question.order_by):
        for expression in expressions_of(thing):
            yield from walk(expression)


def _full_text(condition: Node) -> Iterator[tuple[str, str]]:
    """Find texts that stand where a condition is expected."""
    match condition:
        case nodes.Text():
            yield "full-text search", FORMS['"words"'].reason
        case nodes.And(parts) | nodes.Or(parts):
            for part in parts:
                yield from _full_text(part)
        case nodes.Not(part):
            yield from _full_text(part)


def _difference(node: Node, types: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    match node:
        case nodes.Compare("like"):
            yield "LIKE", FORMS["LIKE"].reason
        case Call("count", _, True):
            yield "count(distinct)", FORMS["count(distinct)"].reason
        case Call("startswith", (nodes.Text(),) | (nodes.Star(), *_)):
            yield "startswith(*)", "which fields it looks at is the portal's affair"
        case Call("distance" | "within_distance" as name, (nodes.Field(field), *_)) if types.get(field) == SHAPE:
            yield f"{name}() of shapes", "the portal measures shapes in its own way"
        case Call(name) if not FUNCTIONS[name].local:
            yield f"{name}()", FUNCTIONS[name].reason
