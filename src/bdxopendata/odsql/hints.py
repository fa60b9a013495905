"""The way out of a portal's error: what its few words mean for this question and these fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches

from bdxopendata.errors import QueryError, excerpt, name_list
from bdxopendata.odsql import nodes
from bdxopendata.odsql.dates import is_date_literal
from bdxopendata.odsql.nodes import Node, expressions_of, walk
from bdxopendata.odsql.question import Question
from bdxopendata.odsql.quoting import quote_text
from bdxopendata.odsql.render import render

ALIAS_HINT = "Give each name once; the name of a group key belongs in group_by alone."
_INCOMPATIBLE = "IncompatibleTypesInComparisonFilter"
_SYNTAX = re.compile(r"unexpected .* at position (?P<position>\d+) in (?P<text>.*?)(?:\. Clause\(s\)|\Z)", re.DOTALL)
_UNKNOWN = re.compile(r"Unknown field: (?P<name>.+?)\.?(?: Clause\(s\)|\Z)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?\Z", re.ASCII)
_QUOTED = re.compile(r"\"[^\"\\]*(?:\\.[^\"\\]*)*\"|'[^'\\]*(?:\\.[^'\\]*)*'|`[^`\\]*(?:\\.[^`\\]*)*`", re.DOTALL)
# Around the place of an error so much of a long text is shown.
_AROUND = 30


def add_hint(error: QueryError, question: Question, types: Mapping[str, str]) -> None:
    """Give an error its way out, where it has none and one can be guessed."""
    if error.hint is None:
        error.hint = hint_for(error, question, types)
        error.args = (*error.args[:4], error.hint)


def hint_for(error: QueryError, question: Question, types: Mapping[str, str]) -> str | None:
    """Find the way out of an error; None where none can be guessed."""
    unknown = _UNKNOWN.search(error.text)
    if unknown is not None:
        return unknown_field_hint(unknown["name"], types)
    syntax = _SYNTAX.search(error.text)
    if syntax is not None:
        return syntax_hint(syntax["text"], int(syntax["position"]))
    if error.code == _INCOMPATIBLE:
        return next(_mismatches(question, types), None)
    for words, hint in _HINTS:
        if words in error.text:
            return hint
    return None


def unknown_field_hint(name: str, known: Mapping[str, object]) -> str | None:
    """Names that look alike."""
    folded = {one.casefold(): one for one in known}
    near = [folded[match] for match in get_close_matches(name.casefold(), folded, n=3, cutoff=0.5)]
    return f"Did you mean {name_list(near)}?" if near else None


def syntax_hint(text: str, position: int) -> str | None:
    """Guess what is missing or wrong near a place where a text stops making sense."""
    return next(filter(None, (guess(text, position) for guess in _GUESSES)), None)


def shown_place(text: str, position: int) -> str:
    """Show what stands around a place of a long text, with a mark before the place."""
    before = excerpt(text[max(0, position - _AROUND) : position], 2 * _AROUND)
    after = excerpt(text[position : position + _AROUND], 2 * _AROUND)
    return f"…{before} ▸{after}…"


def mismatch_hint(left: tuple[Node, str], right: tuple[Node, str]) -> str | None:
    """How to write a literal so that it fits what it is compared with; nodes come with their portal types."""
    for (node, kind), (literal, other) in ((left, right), (right, left)):
        if not isinstance(node, nodes.Field | nodes.Call | nodes.Arithmetic):
            continue
        written = _as(kind, literal)
        if written is not None:
            return f"{render(node)} is {_ARTICLES.get(kind, kind)}: write {written}, not {render(literal)}."
        return f"{render(node)} is {_ARTICLES.get(kind, kind)}, and {render(literal)} is {_ARTICLES.get(other, other)}."
    return None


_ARTICLES = {
    "text": "text",
    "int": "a number",
    "double": "a number",
    "date": "a date",
    "datetime": "a moment",
    "boolean": "TRUE or FALSE",
}


def _as(kind: str, literal: Node) -> str | None:
    """Write a literal as one of another type, where its text allows."""
    match kind, literal:
        case "text", nodes.Number():
            return quote_text(render(literal))
        case "text", nodes.Date(text):
            return quote_text(text)
        case "int" | "double", nodes.Text(text) if _NUMBER.match(text.strip()):
            return f"{text.strip()} without quotes"
        case "date" | "datetime", nodes.Text(text) if is_date_literal(text.strip()):
            return f"date'{text.strip()}'"
        case "date" | "datetime", nodes.Number(int(value)) if 1000 <= value <= 9999:
            return f"date'{value}'"
        case "boolean", nodes.Text(text) if text.strip().lower() in ("true", "false"):
            return text.strip().upper()
    return None


def _mismatches(question: Question, types: Mapping[str, str]) -> Iterator[str]:
    from bdxopendata.odsql.kinds import Kinds, family  # it asks this module for hints

    kinds = Kinds(types, "where")
    for left, right in _compared(question):
        try:
            sides = (left, kinds.of(left)), (right, kinds.of(right))
        except QueryError:
            continue
        if len({family(kind) for _, kind in sides} - {"null", "unknown"}) > 1:
            hint = mismatch_hint(*sides)
            if hint is not None:
                yield hint


def _compared(question: Question) -> Iterator[tuple[Node, Node]]:
    for condition in question.where:
        for expression in expressions_of(condition):
            for node in walk(expression):
                match node:
                    case nodes.Compare(_, left, right):
                        yield left, right
                    case nodes.InList(operand, values):
                        yield from ((operand, value) for value in values)
                    case nodes.InRange(operand, low, high):
                        yield from ((operand, low), (operand, high))
                    case nodes.InField(value, operand):
                        yield operand, value


def _open_quote(text: str, position: int) -> str | None:
    rest = _QUOTED.sub("", text)
    quote = next((mark for mark in rest if mark in "\"'`"), None)
    if quote is None:
        return None
    return f"A quote {quote} is opened and not closed, or a quote inside a text is not written \\{quote}."


def _open_parenthesis(text: str, position: int) -> str | None:
    rest = _QUOTED.sub("", text)
    opened, closed = rest.count("("), rest.count(")")
    if opened > closed and position >= len(text.rstrip()):
        return f"{opened - closed} parenthesis{'es are' if opened - closed > 1 else ' is'} not closed."
    if closed > opened and text[position : position + 1] == ")":
        return "There is a closing parenthesis too many."
    return None


def _guess(pattern: str, hint: str) -> Callable[[str, int], str | None]:
    """Guess `hint` where the text around the place looks like `pattern`, whose group ``at`` is the place."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def guess(text: str, position: int) -> str | None:
        found = (one for one in compiled.finditer(text) if one.start("at") <= position <= one.end("at"))
        return hint if next(found, None) else None

    return guess


_GUESSES: tuple[Callable[[str, int], str | None], ...] = (
    _open_quote,
    _open_parenthesis,
    _guess(r"(?<=[\w`])\s+(?P<at>NOT)\s+IN\b", "NOT stands before the whole comparison: NOT f IN (…)."),
    _guess(r"\brange\s*\([^,()]+,\s*(?P<at>[\[\]])", "Open ends are written with stars: range(f, *, 10, 50, *)."),
    _guess(r"=(?P<at>=)", "One = suffices."),
    _guess(r"<(?P<at>>)", "Unequal is written !=."),
    _guess(r"(?P<at>&&?|\|\|?)", "Conditions are joined with AND and OR."),
    _guess(r"(?P<at>\blimit)\s+\d+", "The number of rows is no part of a condition: it is asked by .limit(5)."),
    _guess(r"(?P<at>\border)\s+by\b", "The order is no part of a condition: it is asked by .order_by('name')."),
    _guess(r"(?P<at>\bgroup)\s+by\b", "Groups are no part of a condition: they are asked by .group_by('name')."),
    _guess(r"\bIN\s*\(\s*(?P<at>date)\b", "IN takes no dates in a list: write (f = date'2020' OR f = date'2021')."),
    _guess(r"(?:[=<>:]|\bLIKE\b)\s*\w+\s+(?P<at>\w+)", "A text stands in quotes."),
)

_HINTS = (
    ("is declared several times", ALIAS_HINT),
    ("StatAggregation only supports", "Sums, means and extremes are of numbers and dates; texts can be counted."),
    ("Aggregation on geo point", "Group points with F.name.geo_cluster(zoom)."),
    ("aggregation function in order by", "Add .limit(20000), or sort the frame with sort_values()."),
    ("sum of offset + limit", "Leave format= out, so that an export is used."),
)
