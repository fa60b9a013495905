"""Which function may stand in which clause, with how many arguments: what can be said without knowing the fields."""

from __future__ import annotations

from bdxopendata.errors import QueryError
from bdxopendata.odsql.functions import FUNCTIONS, WHERE
from bdxopendata.odsql.nodes import Call, Node, walk


def malformed(problem: str, clause: str, *, hint: str | None = None, code: str = "ODSQLError") -> QueryError:
    """Make the portal's error for a clause that can be read but makes no sense."""
    text = f"ODSQL query is malformed: {problem} Clause(s) containing the error(s): {clause}."
    return QueryError(text, code, clause, hint=hint)


def check_placement(expression: Node, clause: str) -> None:
    """Raise `QueryError` if a function in the expression has no place in the clause."""
    for node in walk(expression):
        if isinstance(node, Call):
            _check_call(node, clause)


def _check_call(call: Call, clause: str) -> None:
    function = FUNCTIONS.get(call.name)
    if function is None:
        raise malformed(f"Unknown function: {call.name}.", clause)
    if clause not in function.clauses:
        allowed = ", ".join(sorted(function.clauses))
        raise malformed(
            f"Function {call.name}() is not allowed in the current clause.",
            clause,
            hint=f"It may stand in {allowed}.",
        )
    if call.name == "distance" and (len(call.arguments) == 3) != (clause == WHERE):
        raise malformed(
            "Function distance() is not allowed in the current clause.",
            clause,
            hint="Filter by distance with within_distance(field, geom'POINT(lon lat)', 500m).",
        )
    fewest, most = function.arguments
    if not fewest <= len(call.arguments) <= (most if most >= 0 else len(call.arguments)):
        raise malformed(f"Function {call.name}() got {len(call.arguments)} arguments.", clause)
