"""ODSQL text, read into a syntax tree.

The grammar is LALR and the tree is built while the text is read, so nothing here recurses, however the text is nested.
A text is accepted only as a whole: what does not read as one complete clause cannot leak into another.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from lark import Lark, Token, Transformer, UnexpectedInput, v_args

from bdxopendata.errors import QueryError
from bdxopendata.odsql import nodes
from bdxopendata.odsql.dates import is_date_literal
from bdxopendata.odsql.functions import FUNCTIONS, NOW_ADDS, NOW_SETS, PREDICATES
from bdxopendata.odsql.hints import shown_place, syntax_hint
from bdxopendata.odsql.nodes import MAX_DEPTH, GroupKey, Node, OrderKey, Selection, SelectItem
from bdxopendata.odsql.placement import check_placement
from bdxopendata.odsql.quoting import RESERVED, unquote

# Longer texts are not shown whole in a message.
_LONG = 200

_NEGATED_NAME = re.compile(r"-\s*(?:[^\W\d]|`)")


class _Unreadable(Exception):
    """The text cannot go on like this at `position`."""

    def __init__(self, position: int, hint: str | None = None) -> None:
        super().__init__(position, hint)
        self.position = position
        self.hint = hint


class _Part(NamedTuple):
    """A node, the stretch of text that it was read from, and how deep it is, parentheses included."""

    node: Any
    start: int
    end: int
    depth: int = 1


def parse_where(text: str) -> Node:
    """Read one condition.

    Raises
    ------
    QueryError
        If the text is not exactly one complete condition; `position` is where it stops making sense.
    """
    part = _parse(text, "where")
    check_placement(part.node, "where")
    return part.node  # type: ignore[no-any-return]  # a part holds whatever its rule makes, here a node


def parse_select(text: str) -> tuple[Selection, ...]:
    """Read the comma list of a select clause; errors as in `parse_where`."""
    items: list[Selection] = []
    for part in _parse(text, "select"):
        if isinstance(part.node, tuple):
            expression, alias = part.node
            check_placement(expression.node, "select")
            items.append(SelectItem(expression.node, alias, text[expression.start : expression.end]))
        else:
            items.append(part.node)
    return tuple(items)


def parse_group_by(text: str) -> tuple[GroupKey, ...]:
    """Read the comma list of a group_by clause; errors as in `parse_where`."""
    keys = []
    for part in _parse(text, "group_by"):
        expression, alias = part.node
        check_placement(expression.node, "group_by")
        keys.append(GroupKey(expression.node, alias, text[expression.start : expression.end]))
    return tuple(keys)


def parse_order_by(text: str) -> tuple[OrderKey, ...]:
    """Read the comma list of an order_by clause; ``-name`` is ``name DESC``. Errors as in `parse_where`."""
    keys = []
    for part in _parse(text, "order_by"):
        expression, descending = part.node
        node = expression.node
        check_placement(node, "order_by")
        match node:
            case nodes.Arithmetic("*", nodes.Number(-1), nodes.Field() as field) if _NEGATED_NAME.match(
                text, expression.start
            ):
                keys.append(OrderKey(field, not descending))
            case _:
                keys.append(OrderKey(node, descending))
    return tuple(keys)


def _parse(text: str, clause: str) -> Any:
    hint = None
    try:
        return _reader().parse(text, start=clause)
    except UnexpectedInput as error:
        token = getattr(error, "token", None)
        position: int = len(text) if token is not None and token.type == "$END" else getattr(error, "pos_in_stream", 0)
    except _Unreadable as error:
        position, hint = error.position, error.hint
        while position < len(text) and text[position].isspace():
            position += 1
    if position >= len(text):
        found = "end"
        hint = hint or syntax_hint(text, position) or "Something is missing at the end."
    else:
        found = text[position]
        hint = hint or syntax_hint(text, position)
    shown = text
    if len(text) > _LONG:
        # The message shows the beginning of the text only.
        shown = f"{text[:_LONG]}…"
        hint = f"{hint or 'It cannot go on like this.'} The place (▸): {shown_place(text, position)}"
    raise QueryError(
        f"ODSQL syntax exception: unexpected {found} at position {position} in {shown}. "
        f"Clause(s) containing the error(s): {clause}.",
        "ODSQLSyntaxError",
        clause,
        position,
        hint,
    )


@cache
def _reader() -> Lark:
    grammar = files("bdxopendata.odsql").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        start=["where", "select", "group_by", "order_by"],
        maybe_placeholders=True,
        transformer=_Reader(),
        lexer_callbacks={"FUNCTION": _known_function},
    )


def _known_function(word: Token) -> Token:
    # A word that is no function is a field, and after a field the portal stumbles over the parenthesis.
    if word.lower() not in FUNCTIONS:
        raise _Unreadable(_end(word), f"There is no function {word}().")
    return word


def _is_condition(node: Node) -> bool:
    return isinstance(node, nodes.CONDITIONS) or (
        isinstance(node, nodes.Call)
        and (node.name in PREDICATES or (node.name == "distance" and len(node.arguments) == 3))
    )


def _condition(part: _Part) -> Node:
    # A bare field is a boolean field, a bare text is a full-text search.
    if _is_condition(part.node) or isinstance(part.node, nodes.Field | nodes.Text):
        return part.node  # type: ignore[no-any-return]  # see parse_where
    raise _Unreadable(part.start, "A condition is needed here, such as a comparison.")


def _value(part: _Part) -> Node:
    if _is_condition(part.node):
        raise _Unreadable(part.start, "A value is needed here, not a condition.")
    return part.node  # type: ignore[no-any-return]  # see parse_where


def _over(node: object, *parts: _Part, start: int | None = None, end: int | None = None) -> _Part:
    """Put a node above others, refused where the tree gets too deep to be walked."""
    depth = 1 + max((part.depth for part in parts), default=0)
    first = parts[0].start if start is None else start
    if depth > MAX_DEPTH:
        raise _Unreadable(first, f"Conditions are nested more than {MAX_DEPTH} deep.")
    return _Part(node, first, parts[-1].end if end is None else end, depth)


def _start(token: Token) -> int:
    # The types of lark allow tokens from nowhere; those read from text have their place.
    return token.start_pos or 0


def _end(token: Token) -> int:
    return token.end_pos or 0


def _leaf(node: object, token: Token) -> _Part:
    return _Part(node, _start(token), _end(token))


def _number(text: str, sign: str | None = None) -> int | float:
    if text.isdecimal():
        # Python refuses to read more digits than this at once; no portal has such numbers.
        value: int | float = int(text) if len(text) <= 300 else float("inf")
    else:
        value = float(text)
    if value == float("inf"):
        raise OverflowError
    return -value if sign == "-" else value


@v_args(inline=True)
class _Reader(Transformer[Token, Any]):
    """Makes a part of each rule of the grammar, as soon as the rule is complete."""

    def where(self, part: _Part) -> _Part:
        _condition(part)
        return part

    def select(self, *parts: _Part | Token) -> list[_Part]:
        return [part for part in parts if isinstance(part, _Part)]

    group_by = order_by = select

    def star_item(self, token: Token) -> _Part:
        return _leaf(nodes.Star(), token)

    def select_item(self, expression: _Part, _: Token | None, name: _Part | None) -> _Part:
        _value(expression)
        return _Part((expression, name and name.node), expression.start, expression.end)

    group_key = select_item

    def order_key(self, expression: _Part, direction: Token | None) -> _Part:
        _value(expression)
        descending = direction is not None and direction.type == "DESC"
        return _Part((expression, descending), expression.start, expression.end)

    def include(self, word: Token, _: Token, *patterns: Any) -> _Part:
        return _leaf(nodes.Include(tuple(one for one in patterns if isinstance(one, nodes.Pattern))), word)

    def exclude(self, word: Token, _: Token, *patterns: Any) -> _Part:
        return _leaf(nodes.Exclude(tuple(one for one in patterns if isinstance(one, nodes.Pattern))), word)

    def pattern(self, name: _Part, star: Token | None) -> nodes.Pattern:
        return nodes.Pattern(name.node, star is not None)

    def any_of(self, *children: Any) -> _Part:
        parts = children[::2]
        return _over(nodes.Or(tuple(_condition(part) for part in parts)), *parts)

    def all_of(self, *children: Any) -> _Part:
        parts = children[::2]
        return _over(nodes.And(tuple(_condition(part) for part in parts)), *parts)

    def opposite(self, word: Token, part: _Part) -> _Part:
        return _over(nodes.Not(_condition(part)), part, start=_start(word))

    def compare(self, left: _Part, word: Token, right: _Part) -> _Part:
        operator = "=" if word == ":" else word.lower()
        return _over(nodes.Compare(operator, _value(left), _value(right)), left, right)

    def in_list(self, operand: _Part, word: Token, *rest: Any) -> _Part:
        if not isinstance(operand.node, nodes.Field):
            raise _Unreadable(_start(word), "IN takes a field on its left; write (f(x) = 1 OR f(x) = 2).")
        values = tuple(one.node for one in rest if isinstance(one, _Part))
        return _over(nodes.InList(operand.node, values), operand, end=_end(rest[-1]))

    def in_range(
        self, operand: _Part, word: Token, opening: Token, low: _Part, _: Token, high: _Part, closing: Token
    ) -> _Part:
        if not isinstance(operand.node, nodes.Field):
            raise _Unreadable(_start(word), "IN takes a field on its left; write f(x) >= 1 AND f(x) <= 2.")
        node = nodes.InRange(operand.node, low.node, high.node, opening == "[", closing == "]")
        return _over(node, operand, end=_end(closing))

    def in_field(self, value: _Part, word: Token, field: _Part) -> _Part:
        if not isinstance(value.node, nodes.Text | nodes.Number | nodes.Boolean):
            raise _Unreadable(_start(word), "What is in a field must be a text, a number, TRUE or FALSE.")
        return _over(nodes.InField(value.node, field.node), value, field)

    def is_null(self, operand: _Part, _: Token, negated: Token | None, word: Token) -> _Part:
        return _over(nodes.IsNull(_value(operand), negated is not None), operand, end=_end(word))

    def is_boolean(self, operand: _Part, _: Token, negated: Token | None, word: Token) -> _Part:
        node = nodes.IsBoolean(_value(operand), word.type == "TRUE", negated is not None)
        return _over(node, operand, end=_end(word))

    def sum(self, first: _Part, *rest: Any) -> _Part:
        part = first
        for operator, right in zip(rest[::2], rest[1::2], strict=True):
            part = _over(nodes.Arithmetic(str(operator), _value(part), _value(right)), part, right)
        return part

    product = sum

    def signed(self, sign: Token, part: _Part) -> _Part:
        if sign == "+":
            return part._replace(start=_start(sign))
        if isinstance(part.node, nodes.Number):
            return part._replace(node=nodes.Number(-part.node.value), start=_start(sign))
        # There is no node for a sign: portals are only known to read one before a number.
        return _over(nodes.Arithmetic("*", nodes.Number(-1), _value(part)), part, start=_start(sign))

    def parenthesised(self, opening: Token, part: _Part, closing: Token) -> _Part:
        return _over(part.node, part, start=_start(opening), end=_end(closing))

    def call(self, word: Token, _: Token, arguments: list[_Part] | None, closing: Token) -> _Part:
        name = word.lower()
        given = arguments or []
        distinct = any(part.node[0] == "distinct" for part in given if isinstance(part.node, tuple))
        named: dict[str, int] = {}
        for part in filter(_is_named, given):
            # Of a part named twice only the last one counts, in its own place.
            named.pop(part.node[1], None)
            named[part.node[1]] = part.node[2]
        if (distinct and (name != "count" or len(given) != 1)) or (named and name != "now"):
            raise _Unreadable(given[0].start)
        plain = tuple(
            part.node[1] if isinstance(part.node, tuple) else _value(part) for part in given if not _is_named(part)
        )
        node = nodes.Call(name, plain, distinct, tuple(named.items()))
        return _over(node, *given, start=_start(word), end=_end(closing))

    def arguments(self, *children: Any) -> list[_Part]:
        return list(children[::2])

    def star(self, token: Token) -> _Part:
        return _leaf(nodes.Star(), token)

    def measure(self, token: Token) -> _Part:
        number = re.match(r"[\d.]+", token)
        assert number is not None
        return _leaf(nodes.Measure(_read_number(number[0], token), token[number.end() :].strip()), token)

    def distinct(self, word: Token, part: _Part) -> _Part:
        return part._replace(node=("distinct", _value(part)), start=_start(word))

    def distinct_star(self, word: Token, star: Token) -> _Part:
        return _Part(("distinct", nodes.Star()), _start(word), _end(star))

    def named(self, name: Token, _: Token, value: int) -> _Part:
        part = name.lower()
        low, high = NOW_SETS.get(part, (None, None))
        if part not in NOW_ADDS and (low is None or high is None or not low <= value <= high):
            raise _Unreadable(_start(name), "See now() for its parts and what they may be.")
        return _Part(("named", part, value), _start(name), _end(name))

    def integer(self, sign: Token | None, number: Token) -> int:
        value = _read_number(number, number, sign)
        if not isinstance(value, int):
            raise _Unreadable(_start(number), "A whole number is needed here.")
        return value

    def signed_number(self, sign: Token | None, number: Token) -> _Part:
        start = _start(number) if sign is None else _start(sign)
        return _Part(nodes.Number(_read_number(number, number, sign)), start, _end(number))

    def number(self, token: Token) -> _Part:
        return _leaf(nodes.Number(_read_number(token, token)), token)

    def text(self, token: Token) -> _Part:
        return _leaf(nodes.Text(unquote(token)), token)

    def date(self, token: Token) -> _Part:
        text = token[token.index("'") + 1 : -1].strip()
        if not is_date_literal(text):
            raise _Unreadable(_start(token), "A date is written date'2017-04-03T08:02' or date'2017/04/03'.")
        return _leaf(nodes.Date(text), token)

    def geometry(self, token: Token) -> _Part:
        return _leaf(nodes.Geometry(unquote(token[token.index("'") :])), token)

    def true(self, token: Token) -> _Part:
        return _leaf(nodes.Boolean(True), token)

    def false(self, token: Token) -> _Part:
        return _leaf(nodes.Boolean(False), token)

    def null(self, token: Token) -> _Part:
        return _leaf(nodes.Null(), token)

    def field(self, token: Token) -> _Part:
        return _leaf(nodes.Field(_read_name(token)), token)

    def name(self, token: Token) -> _Part:
        return _Part(_read_name(token), _start(token), _end(token))


def _is_named(part: _Part) -> bool:
    return isinstance(part.node, tuple) and part.node[0] == "named"


def _read_name(token: Token) -> str:
    if token.type == "QUOTED_NAME":
        name = unquote(token)
        if not name:
            raise _Unreadable(_start(token), "A name is missing between the back quotes.")
        return name
    if token.lower() in RESERVED:
        raise _Unreadable(_start(token), f"{token} is a reserved word: put it in back quotes, `{token}`.")
    return str(token)


def _read_number(text: str, token: Token, sign: str | None = None) -> int | float:
    try:
        return _number(text, sign)
    except OverflowError:
        raise _Unreadable(_start(token), "The number is too large.") from None
