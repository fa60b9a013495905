"""The syntax tree of ODSQL: small frozen values, equal when they mean the same text.

Wording (`expressions`), reading (`parser`), writing (`render`) and evaluation all meet here, so nothing in this
module knows any of them. A tree built by `expressions` or `parser` is never deeper than `MAX_DEPTH`, so that those who
walk it may recurse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

# Walking a tree costs a few frames of Python's stack per level, and the caller's own stack needs room as well.
MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Field:
    """A field, or an alias declared in the same question."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text literal; where a condition is expected, a full-text search over all visible fields."""

    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """An integer or decimal literal, sign included."""

    value: int | float

    def __eq__(self, other: object) -> bool:
        # 1 and 1.0 are different texts, and make columns of different types.
        return isinstance(other, Number) and type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        return hash(("number", type(self.value), self.value))


@dataclass(frozen=True, slots=True)
class Date:
    """A date literal, as written between its quotes: ``2017``, ``2017-04-03T08:02``, ``2018/04/01``."""

    text: str


@dataclass(frozen=True, slots=True)
class Boolean:
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True, slots=True)
class Null:
    """The null literal."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """A geometry literal, as written between its quotes: WKT, hexadecimal WKB or GeoJSON, lon lat order."""

    text: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with a unit: a length such as ``10km``, an interval such as ``1 day``. Units are case-sensitive."""

    value: int | float
    unit: str


@dataclass(frozen=True, slots=True)
class Star:
    """``*``: every field, every row, or an open end."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left operator right``, with one of ``+ - * /``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function: its name in lower case and its arguments; `named` are those of ``now()``."""

    name: str
    arguments: tuple[Node, ...] = ()
    distinct: bool = False
    named: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Compare:
    """``left operator right``, with one of ``= != < <= > >= like``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class InList:
    """``field IN (literal, …)``."""

    operand: Node
    values: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class InRange:
    """``field IN [low..high]``, each end inside or outside."""

    operand: Node
    low: Node
    high: Node
    includes_low: bool = True
    includes_high: bool = True


@dataclass(frozen=True, slots=True)
class InField:
    """``literal IN field``: the field holds several values and this is one of them."""

    value: Node
    operand: Field


@dataclass(frozen=True, slots=True)
class IsNull:
    """``operand IS NULL``, or ``IS NOT NULL``."""

    operand: Node
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsBoolean:
    """``operand IS TRUE`` and its three relatives."""

    operand: Node
    value: bool
    negated: bool = False


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more conditions."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more conditions."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    part: Node


Literal: TypeAlias = Text | Number | Date | Boolean | Null | Geometry | Measure
Condition: TypeAlias = Compare | InList | InRange | InField | IsNull | IsBoolean | And | Or | Not
Node: TypeAlias = Field | Literal | Star | Arithmetic | Call | Condition

CONDITIONS = (Compare, InList, InRange, InField, IsNull, IsBoolean, And, Or, Not)


@dataclass(frozen=True, slots=True)
class SelectItem:
    """One column of the answer: an expression, and the name it is given with AS.

    Attributes
    ----------
    text
        The expression as someone typed it. It names the column where there is no alias, so it is sent unchanged.
    """

    expression: Node
    alias: str | None = None
    text: str | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Name of the column: the alias, the field's name, else the expression's text."""
        return _name(self.expression, self.alias, self.text)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A field name, or the beginning of field names (``pop*``)."""

    name: str
    wildcard: bool = False

    def matches(self, name: str) -> bool:
        """Whether a field of this name is meant."""
        return name.startswith(self.name) if self.wildcard else name == self.name


@dataclass(frozen=True, slots=True)
class Include:
    """``include(…)``: the fields of these names."""

    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Exclude:
    """``exclude(…)``: not the fields of these names."""

    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class GroupKey:
    """One thing to group by, and the name it is given with AS; `text` as in `SelectItem`."""

    expression: Node
    alias: str | None = None
    text: str | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Name of the column: the alias, the field's name, else the expression's text."""
        return _name(self.expression, self.alias, self.text)


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One thing to order by. Missing values come last in both directions."""

    expression: Node
    descending: bool = False


Selection: TypeAlias = SelectItem | Star | Include | Exclude
Clause: TypeAlias = Selection | GroupKey | OrderKey
Anything: TypeAlias = Node | Clause


def _name(expression: Node, alias: str | None, text: str | None) -> str:
    if alias is not None:
        return alias
    if isinstance(expression, Field):
        return expression.name
    if text is not None:
        return text
    from bdxopendata.odsql.render import render  # the writer reads nodes, so it can only be met here

    return render(expression)


def children(node: Node) -> tuple[Node, ...]:
    """Give the nodes directly below one node."""
    match node:
        case Arithmetic(_, left, right) | Compare(_, left, right):
            return (left, right)
        case Call():
            return node.arguments
        case InList(operand, values):
            return (operand, *values)
        case InRange(operand, low, high):
            return (operand, low, high)
        case InField(value, operand):
            return (value, operand)
        case IsNull(operand) | IsBoolean(operand):
            return (operand,)
        case And(parts) | Or(parts):
            return parts
        case Not(part):
            return (part,)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Go through a node and everything below it, from left to right."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(children(current)))


def depth(node: Node) -> int:
    """How many levels a tree has."""
    level, deepest = [node], 0
    while level:
        deepest += 1
        level = [child for parent in level for child in children(parent)]
    return deepest


def expressions_of(thing: Anything) -> tuple[Node, ...]:
    """Give the expressions in a clause item or a node (none in ``include(…)``)."""
    if isinstance(thing, SelectItem | GroupKey | OrderKey):
        return (thing.expression,)
    if isinstance(thing, Include | Exclude):
        return ()
    return (thing,)


def field_names(*things: Anything | tuple[Anything, ...]) -> tuple[str, ...]:
    """Names of the fields that nodes or clause items use, each once, in order of appearance."""
    found: dict[str, None] = {}
    for thing in things:
        if isinstance(thing, tuple):
            found.update(dict.fromkeys(field_names(*thing)))
            continue
        if isinstance(thing, Include | Exclude):
            found.update({pattern.name: None for pattern in thing.patterns if not pattern.wildcard})
        for expression in expressions_of(thing):
            found.update({node.name: None for node in walk(expression) if isinstance(node, Field)})
    return tuple(found)
