"""Questions as DuckDB SQL: an engine of others, which knows nothing of how answers are computed here."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb

from bdxopendata.odsql import Node, Question, SelectItem
from bdxopendata.odsql import nodes as n
from local.questions import Data

TYPES = {
    "int": "BIGINT",
    "double": "DOUBLE",
    "text": "VARCHAR",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "texts": "VARCHAR[]",
    "geo_point_2d": "VARCHAR",
}
INTEGER_CALLS = frozenset({"year", "month", "day", "hour", "minute", "second", "length"})


class Inexpressible(Exception):
    """The question has something that SQL has no plain word for."""


def answer(data: Data, question: Question) -> list[tuple[Any, ...]]:
    """What DuckDB answers; `Inexpressible` where it cannot be asked."""
    words = _Words(data.kinds)
    asked = words.question(question)
    with duckdb.connect() as database:
        columns = ", ".join(f"{_quoted(name)} {TYPES[kind]}" for name, kind in data.kinds.items())
        database.execute(f"CREATE TABLE rows (place BIGINT, {columns})")
        marks = ", ".join("?" * (len(data.kinds) + 1))
        for place, row in enumerate(data.rows):
            values = [_value(row[name], kind) for name, kind in data.kinds.items()]
            database.execute(f"INSERT INTO rows VALUES ({marks})", [place, *values])
        return database.execute(asked).fetchall()


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "geo_point_2d":
        # Only whether it is there is asked.
        return str(value)
    return dt.datetime.fromisoformat(value).replace(tzinfo=None) if kind == "datetime" else value


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


class _Words:
    def __init__(self, kinds: dict[str, str]) -> None:
        self.kinds = kinds

    def question(self, question: Question) -> str:
        if question.refine:
            raise Inexpressible("refine")
        where = " AND ".join(self.condition(one) for one in question.where) or "true"
        limit = "" if question.limit is None else f" LIMIT {question.limit}"
        if not question.group_by:
            columns = self.columns(question)
            if question.is_aggregate:
                return f"SELECT {', '.join(columns.values())} FROM rows WHERE {where}"
            order = [*self.order(question, columns), "place"]
            return f"SELECT {', '.join(columns.values())} FROM rows WHERE {where} ORDER BY {', '.join(order)}{limit}"
        keys = {}
        for key in question.group_by:
            if isinstance(key.expression, n.Field) and self.kinds[key.expression.name] == "texts":
                raise Inexpressible("several values as a key")
            keys[key.name] = self.value(key.expression)
        columns = keys | self.columns(question)
        order = [*self.order(question, columns), *(f"{key} ASC NULLS FIRST" for key in keys.values())]
        return (
            f"SELECT {', '.join(columns.values())} FROM rows WHERE {where} "
            f"GROUP BY {', '.join(keys.values())} ORDER BY {', '.join(order)}{limit}"
        )

    def columns(self, question: Question) -> dict[str, str]:
        if question.select is None:
            expressions: dict[str, Node] = {name: n.Field(name) for name in self.kinds}
        else:
            expressions = {one.name: one.expression for one in question.select if isinstance(one, SelectItem)}
        if any(isinstance(one, n.Field) and self.kinds[one.name] == "geo_point_2d" for one in expressions.values()):
            raise Inexpressible("points")
        return {name: self.value(one) for name, one in expressions.items()}

    def order(self, question: Question, columns: dict[str, str]) -> list[str]:
        found = []
        for key in question.order_by:
            known = columns.get(key.expression.name) if isinstance(key.expression, n.Field) else None
            text = known or self.value(key.expression)
            found.append(f"{text} {'DESC' if key.descending else 'ASC'} NULLS LAST")
        return found

    def condition(self, node: Node) -> str:
        match node:
            case n.And(parts):
                return f"({' AND '.join(self.condition(part) for part in parts)})"
            case n.Or(parts):
                return f"({' OR '.join(self.condition(part) for part in parts)})"
            case n.Not(part):
                return f"(NOT {self.condition(part)})"
            case n.IsNull(operand, negated):
                return f"({self.value(operand)} IS {'NOT ' if negated else ''}NULL)"
            case n.IsBoolean(operand, value, negated):
                return f"(coalesce({self.value(operand)} = {value}, false) <> {negated})"
            case n.Field():
                return f"coalesce({self.value(node)}, false)"
        return f"coalesce({self.test(node)}, false)"

    def test(self, node: Node) -> str:
        match node:
            case n.Compare(operator, left, right):
                return f"{self.value(left)} {operator} {self.value(right)}"
            case n.InList(operand, values):
                return f"{self.value(operand)} IN ({', '.join(self.value(value) for value in values)})"
            case n.InRange(operand, low, high, includes_low, includes_high):
                value = self.value(operand)
                above = f"{value} {'>=' if includes_low else '>'} {self.value(low)}"
                return f"{above} AND {value} {'<=' if includes_high else '<'} {self.value(high)}"
            case n.InField(value, operand):
                return f"list_contains({self.value(operand)}, {self.value(value)})"
            case n.Call("startswith", (operand, n.Text(text))):
                return f"starts_with({self.value(operand)}, {_text(text)})"
        raise Inexpressible(repr(node))

    def value(self, node: Node) -> str:
        match node:
            case n.Field(name):
                return _quoted(name)
            case n.Number(value):
                return f"CAST({value} AS BIGINT)" if isinstance(value, int) else f"CAST({value!r} AS DOUBLE)"
            case n.Text(value):
                return _text(value)
            case n.Boolean(value):
                return str(value)
            case n.Date(text):
                return f"TIMESTAMP '{text.removesuffix('Z')}'" if "T" in text else f"DATE '{text}'"
            case n.Arithmetic("/", left, right):
                return f"(CAST({self.value(left)} AS DOUBLE) / nullif(CAST({self.value(right)} AS DOUBLE), 0))"
            case n.Arithmetic(operator, left, right):
                return f"({self.value(left)} {operator} {self.value(right)})"
            case n.Call("count", (n.Star(),)):
                return "count(*)"
            case n.Call("sum", (operand,)):
                # DuckDB adds whole numbers up in 128 bits.
                return f"sum({self.value(operand)})"
            case n.Call("avg" | "min" | "max" | "count" as name, (operand,)):
                return f"{name}({self.value(operand)})"
            case n.Call("ifnull", (operand, otherwise)):
                return f"coalesce({self.value(operand)}, {self.value(otherwise)})"
            case n.Call("second" | "minute" | "hour" as name, (n.Field(field),)) if self.kinds[field] == "date":
                return f"CASE WHEN {_quoted(field)} IS NULL THEN NULL ELSE 0 END"
            case n.Call(name, (operand,)) if name in INTEGER_CALLS or name == "lower":
                return f"{name}({self.value(operand)})"
        raise Inexpressible(repr(node))
