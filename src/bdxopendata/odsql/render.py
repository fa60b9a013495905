"""A syntax tree as text: the inverse of the parser.

``parse(render(node)) == node`` for every tree that the parser can give.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bdxopendata.odsql import nodes
from bdxopendata.odsql.nodes import Anything, Node
from bdxopendata.odsql.quoting import quote_field, quote_geometry, quote_text

# How tightly each kind binds; what binds less tightly than its place asks for gets parentheses.
OR, AND, NOT, COMPARISON, SUM, PRODUCT, ATOM = range(7)


def render(thing: Anything) -> str:
    """Write a node or a clause item as ODSQL."""
    match thing:
        case nodes.SelectItem() | nodes.GroupKey():
            text = thing.text if thing.text is not None else render(thing.expression)
            return text if thing.alias is None else f"{text} AS {quote_field(thing.alias)}"
        case nodes.OrderKey(expression, descending):
            return render(expression) + (" DESC" if descending else "")
        case nodes.Include(patterns):
            return f"include({_patterns(patterns)})"
        case nodes.Exclude(patterns):
            return f"exclude({_patterns(patterns)})"
    return _write(thing)[0]


def render_list(things: Iterable[Anything]) -> str:
    """Write clause items as a comma list."""
    return ", ".join(render(thing) for thing in things)


def number_text(value: int | float) -> str:
    """Write a number without exponent, which ODSQL does not promise to read; decimals keep a point."""
    if isinstance(value, int):
        return str(value)
    text = format(Decimal(repr(value)), "f")
    return text if "." in text else text + ".0"


def _write(node: Node) -> tuple[str, int]:
    match node:
        case nodes.Or(parts):
            return " OR ".join(_at(part, AND) for part in parts), OR
        case nodes.And(parts):
            return " AND ".join(_at(part, NOT) for part in parts), AND
        case nodes.Not(part):
            return f"NOT {_at(part, NOT)}", NOT
        case nodes.Compare("like", left, right):
            return f"{_at(left, SUM)} LIKE {_at(right, SUM)}", COMPARISON
        case nodes.Compare(operator, left, right):
            return f"{_at(left, SUM)} {operator} {_at(right, SUM)}", COMPARISON
        case nodes.InList(operand, values):
            return f"{_at(operand, SUM)} IN ({', '.join(_at(value, SUM) for value in values)})", COMPARISON
        case nodes.InRange(operand, low, high, includes_low, includes_high):
            opening, closing = "[" if includes_low else "]", "]" if includes_high else "["
            ends = f"{_at(low, SUM)}..{_at(high, SUM)}"
            return f"{_at(operand, SUM)} IN {opening}{ends}{closing}", COMPARISON
        case nodes.InField(value, operand):
            return f"{_at(value, SUM)} IN {_at(operand, SUM)}", COMPARISON
        case nodes.IsNull(operand, negated):
            return f"{_at(operand, SUM)} IS {'NOT ' if negated else ''}NULL", COMPARISON
        case nodes.IsBoolean(operand, value, negated):
            return f"{_at(operand, SUM)} IS {'NOT ' if negated else ''}{'TRUE' if value else 'FALSE'}", COMPARISON
        case nodes.Arithmetic(operator, left, right):
            level = SUM if operator in "+-" else PRODUCT
            # Both read from the left, so the right side needs parentheses at the same level.
            return f"{_at(left, level)} {operator} {_at(right, level + 1)}", level
        case nodes.Call():
            return _call(node), ATOM
    return _leaf(node), ATOM


def _at(node: Node, level: int) -> str:
    text, own = _write(node)
    return text if own >= level else f"({text})"


def _call(call: nodes.Call) -> str:
    arguments = [_at(argument, SUM) for argument in call.arguments]
    arguments += [f"{name}={value}" for name, value in call.named]
    return f"{call.name}({'distinct ' if call.distinct else ''}{', '.join(arguments)})"


def _leaf(node: Node) -> str:
    match node:
        case nodes.Field(name):
            return quote_field(name)
        case nodes.Text(value):
            return quote_text(value)
        case nodes.Number(value):
            return number_text(value)
        case nodes.Date(text):
            return f"date'{text}'"
        case nodes.Boolean(value):
            return "TRUE" if value else "FALSE"
        case nodes.Geometry(text):
            return quote_geometry(text)
        case nodes.Measure(value, unit):
            return f"{number_text(value)}{unit}"
        case nodes.Star():
            return "*"
        case nodes.Null():
            return "null"
    raise TypeError(f"{node!r} is no node of ODSQL.")


def _patterns(patterns: Iterable[nodes.Pattern]) -> str:
    return ", ".join(quote_field(pattern.name) + ("*" if pattern.wildcard else "") for pattern in patterns)
