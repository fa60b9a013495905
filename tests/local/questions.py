"""Random datasets and random questions about them, as hypothesis draws them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from bdxopendata.odsql import GroupKey, Node, OrderKey, Question, SelectItem
from bdxopendata.odsql import nodes as n

# Names that need back quotes are among them.
NAMES = ("a", "year", "12", "Été", "b_c", "odd `name`", "in", "z9")
KINDS = ("int", "double", "text", "boolean", "date", "datetime", "texts", "geo_point_2d")

INTEGERS = st.integers(-4, 20)
# Quarters are added and divided without rounding, so that the order of adding does not matter.
QUARTERS = st.integers(-8, 40).map(lambda value: value / 4)
WORDS = st.sampled_from(["", "a", "A", "b", "été", "l'Été", 'say "x"', "a\\b", "33063", "Z", "0"])
DAYS = st.dates(dt.date(2019, 11, 1), dt.date(2021, 3, 1))
MOMENTS = st.datetimes(dt.datetime(2019, 11, 1), dt.datetime(2021, 3, 1)).map(
    lambda moment: moment.replace(minute=0, second=30, microsecond=moment.microsecond // 1000 * 1000)
)
PLACES = st.tuples(st.integers(-8, 8), st.integers(-8, 8)).map(lambda at: {"lon": at[0] / 8, "lat": at[1] / 8 + 44})

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": INTEGERS,
    "double": QUARTERS,
    "text": WORDS,
    "boolean": st.booleans(),
    "date": DAYS.map(dt.date.isoformat),
    "datetime": MOMENTS.map(lambda moment: f"{moment.isoformat()}+00:00"),
    "texts": st.lists(WORDS, min_size=1, max_size=3),
    "geo_point_2d": PLACES,
}


@dataclass(frozen=True)
class Data:
    """A dataset: kind by field name, and rows of JSON values."""

    kinds: dict[str, str]
    rows: list[dict[str, Any]]

    @property
    def fields(self) -> list[dict[str, Any]]:
        """Fields as the API describes them."""
        return [
            {"name": name, "type": "text", "annotations": {"multivalued": ",", "facet": True, "disjunctive": True}}
            if kind == "texts"
            else {"name": name, "type": kind, "annotations": {"facet": True} if kind == "text" else {}}
            for name, kind in self.kinds.items()
        ]

    def of(self, *kinds: str) -> list[n.Field]:
        """Fields of these kinds."""
        return [n.Field(name) for name, kind in self.kinds.items() if kind in kinds]


@st.composite
def datasets(draw: st.DrawFn) -> Data:
    kinds = dict(
        zip(
            draw(st.permutations(NAMES)),
            ["int", *draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))],
            strict=False,
        )
    )
    row = st.fixed_dictionaries({name: st.none() | VALUES[kind] for name, kind in kinds.items()})
    return Data(kinds, draw(st.lists(row, max_size=12)))


def literals(kind: str) -> st.SearchStrategy[Any]:
    """Literals to compare a field of this kind with."""
    return {
        "int": (INTEGERS | QUARTERS).map(n.Number),
        "double": (INTEGERS | QUARTERS).map(n.Number),
        "text": WORDS.map(n.Text),
        "boolean": st.booleans().map(n.Boolean),
        "date": DAYS.map(lambda day: n.Date(day.isoformat())),
        "datetime": MOMENTS.map(lambda moment: n.Date(f"{moment.isoformat()}Z")),
    }[kind]


def numbers(data: Data, *, deep: bool = True) -> st.SearchStrategy[Any]:
    """Numbers: fields, literals, what is computed of them, and parts of dates and texts."""
    fields = data.of("int", "double")
    leaves: list[st.SearchStrategy[Any]] = [st.sampled_from(fields), literals("double")]
    if times := data.of("date", "datetime"):
        parts = st.sampled_from(["year", "month", "day", "hour", "minute", "second"])
        leaves.append(st.builds(lambda part, field: n.Call(part, (field,)), parts, st.sampled_from(times)))
    if texts := data.of("text"):
        leaves.append(st.sampled_from(texts).map(lambda field: n.Call("length", (field,))))
    leaves.append(
        st.builds(lambda field, number: n.Call("ifnull", (field, n.Number(number))), st.sampled_from(fields), INTEGERS)
    )
    plain = st.one_of(leaves)
    if not deep:
        return plain
    return plain | st.builds(n.Arithmetic, st.sampled_from("+-*/"), plain, plain)


def comparisons(data: Data) -> st.SearchStrategy[Any]:
    orders, equals = st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), st.sampled_from(["=", "!="])
    found: list[st.SearchStrategy[Any]] = [
        st.builds(n.Compare, orders, numbers(data), numbers(data)),
        st.builds(n.IsNull, st.sampled_from([n.Field(name) for name in data.kinds]), st.booleans()),
    ]
    for field in data.of("int", "double", "date", "datetime"):
        own = literals(data.kinds[field.name])
        found.append(st.builds(n.Compare, orders, st.just(field), own))
        found.append(st.builds(n.InRange, st.just(field), own, own, st.booleans(), st.booleans()))
    for field in data.of("int", "double", "text", "boolean"):
        own = literals(data.kinds[field.name])
        found.append(st.builds(n.InList, st.just(field), st.lists(own, min_size=1, max_size=3).map(tuple)))
        found.append(st.builds(n.Compare, equals, st.just(field), own))
    for field in data.of("text"):
        found.append(WORDS.map(lambda word, field=field: n.Call("startswith", (field, n.Text(word)))))
        lowered = n.Call("lower", (field,))
        found.append(st.builds(n.Compare, equals, st.just(lowered), WORDS.map(n.Text)))
    for field in data.of("boolean"):
        found += [st.just(field), st.builds(n.IsBoolean, st.just(field), st.booleans(), st.booleans())]
    for field in data.of("texts"):
        found.append(st.builds(n.InField, WORDS.map(n.Text), st.just(field)))
    for field in data.of("geo_point_2d"):
        found.append(_places(field))
    return st.one_of(found)


def _places(field: n.Field) -> st.SearchStrategy[Any]:
    area = n.Geometry("POLYGON((-0.55 43.9, 0.4 43.7, 0.6 44.45, -0.4 44.7, -0.55 43.9))")
    box = tuple(n.Number(value) for value in (43.5, -0.6, 44.3, 0.7))
    return st.sampled_from(
        [
            *(n.Call(relation, (field, area)) for relation in ("within", "intersects", "disjoint")),
            n.Call("in_bbox", (field, *box)),
            n.Call("within_distance", (field, n.Geometry("POINT(0.01 44.01)"), n.Measure(40, "km"))),
        ]
    )


def conditions(data: Data) -> st.SearchStrategy[Any]:
    return st.recursive(
        comparisons(data),
        lambda deeper: (
            st.builds(n.And, st.lists(deeper, min_size=2, max_size=3).map(tuple))
            | st.builds(n.Or, st.lists(deeper, min_size=2, max_size=3).map(tuple))
            | st.builds(n.Not, deeper)
        ),
        max_leaves=4,
    )


def aggregates(data: Data) -> st.SearchStrategy[Any]:
    measured = data.of("int", "double")
    ordered = data.of("int", "double", "date", "datetime")
    countable = [n.Field(name) for name, kind in data.kinds.items() if kind != "geo_point_2d"]

    def of(names: str, operands: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.builds(lambda name, operand: n.Call(name, (operand,)), st.sampled_from(names.split()), operands)

    return (
        st.just(n.Call("count", (n.Star(),)))
        | of("count", st.sampled_from(countable))
        | of("sum avg", numbers(data) | st.sampled_from(measured))
        | of("min max", st.sampled_from(ordered))
    )


def keys(data: Data) -> st.SearchStrategy[Any]:
    plain: list[st.SearchStrategy[Any]] = [
        st.sampled_from([n.Field(name) for name, kind in data.kinds.items() if kind != "geo_point_2d"])
    ]
    for field in data.of("date", "datetime"):
        interval = st.sampled_from([n.Measure(1, "day"), n.Measure(1, "month"), n.Measure(2, "d"), n.Measure(1, "w")])
        plain.append(interval.map(lambda width, field=field: n.Call("range", (field, width))))
        plain.append(st.sampled_from(["year", "month", "hour"]).map(lambda part, field=field: n.Call(part, (field,))))
        plain.append(st.just(n.Call("date_format", (field, n.Text("yyyy/MM 'w'ww e")))))
    for field in data.of("int", "double"):
        width = st.integers(1, 7).map(n.Number) | st.sampled_from([n.Number(0.5), n.Number(2.5)])
        plain.append(width.map(lambda width, field=field: n.Call("range", (field, width))))
        plain.append(st.just(n.Call("range", (field, n.Star(), n.Number(0), n.Number(5), n.Number(10)))))
        plain.append(st.just(n.Call("ifnull", (field, n.Number(0)))))
    for field in data.of("text"):
        plain.append(st.sampled_from([n.Call("lower", (field,)), n.Call("ifnull", (field, n.Text("none")))]))
    return st.one_of(plain)


def _directed(expressions: list[Node]) -> st.SearchStrategy[tuple[OrderKey, ...]]:
    one = st.builds(OrderKey, st.sampled_from(expressions), st.booleans())
    return st.lists(one, max_size=2, unique_by=lambda key: repr(key.expression)).map(tuple)


@st.composite
def questions(draw: st.DrawFn, data: Data) -> Question:
    where = draw(st.lists(conditions(data), max_size=2).map(tuple))
    limit = draw(st.none() | st.integers(0, 6))
    kind = draw(st.sampled_from(["rows", "rows", "groups", "groups", "aggregate"]))
    if kind == "rows":
        return draw(_rows(data, where, limit))
    found = draw(st.lists(aggregates(data), min_size=1, max_size=3))
    select = tuple(SelectItem(one, f"agg{place}") for place, one in enumerate(found))
    if kind == "aggregate":
        return Question(where=where, select=select)
    grouped = draw(st.lists(keys(data), min_size=1, max_size=2, unique_by=repr))
    group_by = tuple(
        GroupKey(one, None if isinstance(one, n.Field) else f"key{place}") for place, one in enumerate(grouped)
    )
    by_aggregate = draw(_directed([item.expression for item in select]))
    by_key = draw(_directed([n.Field(key.name) for key in group_by]))
    return Question(where=where, select=select, group_by=group_by, order_by=(*by_aggregate, *by_key), limit=limit)


@st.composite
def _rows(draw: st.DrawFn, data: Data, where: tuple[Node, ...], limit: int | None) -> Question:
    select = None
    names: list[Node] = [n.Field(name) for name, kind in data.kinds.items() if kind not in ("texts", "geo_point_2d")]
    if draw(st.booleans()):
        fields = draw(st.lists(st.sampled_from(list(data.kinds)), unique=True, max_size=3))
        computed = draw(st.lists(numbers(data), min_size=not fields, max_size=2))
        select = (
            *(SelectItem(n.Field(name)) for name in fields),
            *(SelectItem(one, f"out{place}") for place, one in enumerate(computed)),
        )
        names += [n.Field(f"out{place}") for place in range(len(computed))]
    refine = ()
    if data.of("text", "texts") and draw(st.integers(0, 3)) == 0:
        field = draw(st.sampled_from(data.of("text", "texts")))
        refine = tuple((field.name, word) for word in draw(st.lists(WORDS.filter(bool), min_size=1, max_size=2)))
    return Question(where=where, select=select, order_by=draw(_directed(names)), limit=limit, refine=refine)
