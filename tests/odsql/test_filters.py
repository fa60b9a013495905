"""Conditions on a local table, against a reading of the rules one row at a time."""

from __future__ import annotations

import datetime as dt
import operator

import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from bdxopendata.errors import QueryError
from bdxopendata.odsql import F, NotEvaluable, Question, conditions, evaluate, render
from bdxopendata.odsql.nodes import (
    And,
    Boolean,
    Compare,
    Date,
    Field,
    InField,
    InList,
    InRange,
    IsBoolean,
    IsNull,
    Not,
    Number,
    Or,
    Text,
)

TYPES = {"row": "int", "i": "int", "x": "double", "n": "text", "b": "boolean", "d": "date", "m": "text"}
SCHEMA = pa.schema(
    {
        "row": pa.int64(),
        "i": pa.int64(),
        "x": pa.float64(),
        "n": pa.string(),
        "b": pa.bool_(),
        "d": pa.date32(),
        "m": pa.list_(pa.string()),
    }
)
small = st.integers(-2, 3)
halves = st.sampled_from([-1.5, -1.0, 0.0, 0.5, 1.0, 2.0])
words = st.sampled_from(["", "a", "A", "é", "b c"])
days = st.sampled_from([dt.date(2019, 12, 31), dt.date(2020, 1, 1), dt.date(2020, 2, 29), dt.date(2021, 1, 1)])
rows = st.fixed_dictionaries(
    {
        "i": st.none() | small,
        "x": st.none() | halves,
        "n": st.none() | words,
        "b": st.none() | st.booleans(),
        "d": st.none() | days,
        "m": st.none() | st.lists(words, max_size=3),
    }
)
number_fields = st.sampled_from(["i", "x"]).map(Field)
numbers = st.builds(Number, small | halves)
dates = days.map(lambda day: Date(day.isoformat()))
orders = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
equals = st.sampled_from(["=", "!="])
comparisons = (
    st.builds(Compare, orders, number_fields, numbers | number_fields)
    | st.builds(Compare, orders, numbers, number_fields)
    | st.builds(Compare, orders, st.just(Field("d")), dates)
    | st.builds(Compare, equals, st.just(Field("n")), words.map(Text))
    | st.builds(Compare, equals, st.just(Field("b")), st.booleans().map(Boolean))
    | st.builds(Compare, equals, st.just(Field("m")), words.map(Text))
    | st.builds(InList, number_fields, st.lists(numbers, min_size=1, max_size=3).map(tuple))
    | st.builds(
        InList, st.sampled_from(["n", "m"]).map(Field), st.lists(words.map(Text), min_size=1, max_size=3).map(tuple)
    )
    | st.builds(InRange, number_fields, numbers, numbers, st.booleans(), st.booleans())
    | st.builds(InRange, st.just(Field("d")), dates, dates, st.booleans(), st.booleans())
    | st.builds(InField, words.map(Text), st.just(Field("m")))
    | st.builds(IsNull, st.sampled_from("ixnbdm").map(Field), st.booleans())
    | st.builds(IsBoolean, st.just(Field("b")), st.booleans(), st.booleans())
    | st.just(Field("b"))
)
trees = st.recursive(
    comparisons,
    lambda deeper: (
        st.builds(And, st.lists(deeper, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(deeper, min_size=2, max_size=3).map(tuple))
        | st.builds(Not, deeper)
    ),
    max_leaves=6,
)
OPERATORS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(node, row) -> bool:
    """The rules, one row at a time."""
    match node:
        case And(parts):
            return all(holds(part, row) for part in parts)
        case Or(parts):
            return any(holds(part, row) for part in parts)
        case Not(part):
            return not holds(part, row)
        case Field(name):
            return row[name] is True
        case Compare(sign, left, right):
            return compared(sign, worth(left, row), worth(right, row))
        case InList(operand, values):
            return any(compared("=", worth(operand, row), worth(value, row)) for value in values)
        case InRange(operand, low, high, includes_low, includes_high):
            value = worth(operand, row)
            above = compared(">=" if includes_low else ">", value, worth(low, row))
            return above and compared("<=" if includes_high else "<", value, worth(high, row))
        case InField(value, operand):
            return compared("=", worth(operand, row), worth(value, row))
        case IsNull(operand, negated):
            return (worth(operand, row) is None) != negated
        case IsBoolean(operand, value, negated):
            return (worth(operand, row) is value) != negated
    raise AssertionError(node)


def worth(node, row):
    match node:
        case Field(name):
            return row[name]
        case Date(text):
            return dt.date.fromisoformat(text)
    return node.value


def compared(sign, left, right) -> bool:
    if left is None or right is None:
        return False
    if isinstance(left, list):
        return (right in left) if sign == "=" else (right not in left)
    return OPERATORS[sign](left, right)


@given(st.lists(rows, max_size=8), trees)
@settings(max_examples=400, deadline=None)
def test_a_filter_keeps_the_rows_for_which_the_condition_holds(data, condition):
    numbered = [{"row": place, **row} for place, row in enumerate(data)]
    table = pa.Table.from_pylist(numbered, SCHEMA)

    kept = evaluate(Question(where=(condition,)), table, TYPES)

    expected = [row["row"] for row in numbered if holds(condition, row)]
    assert kept.table["row"].to_pylist() == expected, render(condition)
    assert kept.total_count == len(expected)


UTC = dt.UTC
PLACES = pa.table(
    {
        "k": pa.array(["alone", "two words", "Été indien", None, "a*b"]),
        "v": pa.array([["Red", "blue"], ["blue"], None, [], ["red"]], pa.list_(pa.string())),
        "t": pa.array(
            [
                dt.datetime(2020, 1, 1, 22, 30, tzinfo=UTC),
                dt.datetime(2020, 1, 1, 23, 30, tzinfo=UTC),
                None,
                dt.datetime(2020, 7, 1, 21, 30, tzinfo=UTC),
                dt.datetime(2020, 7, 1, 22, 30, tzinfo=UTC),
            ],
            pa.timestamp("us", tz="UTC"),
        ),
        "g": pa.array(
            [
                {"lon": -0.57, "lat": 44.84},
                {"lon": -0.5712, "lat": 44.84},
                None,
                {"lon": 2.35, "lat": 48.85},
                {"lon": 0.0, "lat": 0.0},
            ],
            pa.struct([("lon", pa.float64()), ("lat", pa.float64())]),
        ),
        "s": pa.array(
            [
                shapely.to_wkb(shapely.box(0, 0, 1, 1)),
                shapely.to_wkb(shapely.LineString([(0.5, 0.5), (2, 2)])),
                None,
                b"broken",
                shapely.to_wkb(shapely.box(5, 5, 6, 6)),
            ],
            pa.binary(),
        ),
        "u": pa.array([1, 2, 3, 4, 5]),
    }
)
PLACE_TYPES = {"k": "text", "v": "text", "t": "datetime", "g": "geo_point_2d", "s": "geo_shape", "u": "int"}


def kept(where, **options) -> list[int]:
    return evaluate(Question(where=conditions(where)), PLACES, PLACE_TYPES, **options).table["u"].to_pylist()


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('"WORDS"', [2]),
        ('"words two"', [2]),
        ('"word"', []),
        ('"ete"', [3]),
        ('"red"', [1, 5]),
        ('"red" OR "alone"', [1, 5]),
        ('NOT "blue"', [3, 4, 5]),
        ('""', []),
        ('k LIKE "été"', [3]),
        ('k LIKE "wo*"', [2]),
        ('k LIKE "*"', []),
        ('search(k, "wodrs")', []),
        ('search(k, "wods")', [2]),
        ('search(k, "two wor")', [2]),
        ('search(*, "blu")', [1, 2]),
        ('search("indein")', [3]),
        ('suggest(k, "wor")', [2]),
        ('suggest(k, v, "RE")', [1, 5]),
        ('startswith(k, "Été")', [3]),
        ('startswith(k, "été")', []),
        ('startswith(v, "re")', [5]),
        ('"blue" IN v', [1, 2]),
        ('v = "red"', [5]),
        ('lower(v) = "red"', [1, 5]),
        ("length(k) = 5", [1]),
        ('lower(k) = "été indien"', [3]),
        ('ifnull(k, "none") = "none"', [4]),
        ("u * 2 > 6", [4, 5]),
        ("u / 0 > 0", []),
        ("u - 1 = 0 OR u + 0.5 = 5.5", [1, 5]),
    ],
)
def test_words_and_values_are_found(where, expected):
    assert kept(where) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("within_distance(g, geom'POINT(-0.57 44.84)', 90m)", [1]),
        ("within_distance(g, geom'POINT(-0.57 44.84)', 0.1km)", [1, 2]),
        ('within_distance(g, geom\'{"type": "Point", "coordinates": [-0.57, 44.84]}\', 500km)', [1, 2, 4]),
        ("distance(g, geom'POINT(-0.57 44.84)', 110yd)", [1, 2]),
        ("in_bbox(g, 44, -1, 45, 0)", [1, 2]),
        ("in_bbox(g, 45, 0, 44, -1)", [1, 2]),
        ("within(g, geom'POLYGON((-0.58 44.8, -0.57 44.8, -0.57 44.9, -0.58 44.9, -0.58 44.8))')", [1, 2]),
        ("NOT disjoint(g, geom'POINT(0 0)')", [3, 5]),
        ("disjoint(g, geom'POINT(0 0)')", [1, 2, 4]),
        ("intersects(s, geom'POINT(0.75 0.75)')", [1, 2]),
        ("geometry(s, geom'POINT(0.75 0.75)', INTERSECTS)", [1, 2]),
        ("within(s, geom'POLYGON((0 0, 1 0, 1 1, 0 1, 0 0))')", [1]),
        ("disjoint(s, geom'POLYGON((0 0, 1 0, 1 1, 0 1, 0 0))')", [5]),
        ("in_bbox(s, 0, 0, 3, 3)", [1, 2]),
        ("within_distance(s, geom'POINT(0.5 1.5)', 60km)", [1]),
        ("within_distance(s, geom'POINT(0.5 1.5)', 79km)", [1, 2]),
    ],
)
def test_places_are_found(where, expected):
    assert kept(where) == expected


def test_an_area_worded_in_python_finds_the_same_places():
    area = shapely.box(-0.58, 44.8, -0.56, 44.9)

    assert kept(F.g.within(area)) == [1, 2]
    assert kept(F.g.in_bbox(-0.58, 44.8, -0.56, 44.9)) == [1, 2]
    assert kept(~F.g.intersects(area) & F.g.not_null()) == [4, 5]


def test_a_shape_is_as_far_as_its_nearest_spot():
    # One degree of latitude is about 111.2 km.
    assert kept("within_distance(s, geom'POINT(0.5 2)', 111km) AND u = 1") == []
    assert kept("within_distance(s, geom'POINT(0.5 2)', 112km) AND u = 1") == [1]


def test_a_date_without_a_zone_is_a_time_on_the_wall_of_the_question():
    assert kept("t >= date'2020-01-02'", timezone="UTC") == [4, 5]
    assert kept("t >= date'2020-01-02'", timezone="Europe/Paris") == [2, 4, 5]
    assert kept("t >= date'2020-01-02T00:00:00Z'", timezone="Europe/Paris") == [4, 5]


def test_parts_of_a_moment_are_those_of_the_wall_clock():
    assert kept("day(t) = 2", timezone="UTC") == []
    assert kept("day(t) = 2", timezone="Europe/Paris") == [2, 5]
    assert kept("hour(t) = 0", timezone="Europe/Paris") == [2, 5]


def test_now_is_the_moment_that_the_question_is_asked():
    now = dt.datetime(2020, 7, 2, tzinfo=UTC)

    assert kept("t > now(days=-1)", now=now) == [4, 5]
    assert kept("t > now(months=-12) AND t < now(month=6)", now=now) == [1, 2]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (Question(refine=(("t", "2020"),)), [1, 2, 4, 5]),
        (Question(refine=(("t", "2020/07"),)), [4, 5]),
        (Question(refine=(("t", "2020/01/02"),)), [2]),
        (Question(refine=(("k", "alone"),)), [1]),
        (Question(refine=(("v", "blue"), ("v", "Red"))), [1]),
        (Question(refine=(("v", "red"), ("v", "Red")), disjunctive=frozenset({"v"})), [1, 5]),
        (Question(refine=(("u", "3"),)), [3]),
        (Question(exclude=(("v", "blue"), ("u", "5"))), [3, 4]),
    ],
)
def test_facets_are_refined_and_excluded(question, expected):
    assert evaluate(question, PLACES, PLACE_TYPES, timezone="Europe/Paris").table["u"].to_pylist() == expected


def test_a_path_is_refined_by_its_beginning_where_the_field_is_hierarchical():
    table = pa.table({"p": ["a", "a/b", "ab", "a/b/c", None]})
    question = Question(refine=(("p", "a/b"),))

    assert evaluate(question, table, {"p": "text"}).table["p"].to_pylist() == ["a/b"]
    found = evaluate(question, table, {"p": "text"}, separators={"p": "/"})
    assert found.table["p"].to_pylist() == ["a/b", "a/b/c"]


@pytest.mark.parametrize(
    ("where", "code", "text"),
    [
        ("nope = 1", "ODSQLError", "Unknown field: nope."),
        ("t = '2020'", "IncompatibleTypesInComparisonFilter", "datetime and text"),
        ("u = '1'", "IncompatibleTypesInComparisonFilter", "int and text"),
        ("u", "ODSQLError", "not a boolean field"),
        ("k + 1 = 2", "ODSQLError", "Arithmetic operators are only defined on numeric values."),
        ("within(k, geom'POINT(0 0)')", "ODSQLError", "geo field"),
        ("within(g, geom'POINT(0')", "ODSQLError", "cannot be read"),
        ("within_distance(g, geom'LINESTRING(0 0, 1 1)', 1km)", "ODSQLError", "a point is needed"),
        ("year(k) = 2020", "ODSQLError", "takes a date"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_in_the_portals_words(where, code, text):
    with pytest.raises(QueryError) as caught:
        kept(where)

    assert caught.value.code == code
    assert text in caught.value.text
    assert caught.value.text.endswith("Clause(s) containing the error(s): where.")
    assert caught.value.clause == "where"


def test_an_unknown_field_comes_with_names_that_look_alike():
    with pytest.raises(QueryError, match="Did you mean 'k'"):
        evaluate(Question(where=conditions("K = 'x'")), PLACES, PLACE_TYPES)


def test_what_only_the_portal_knows_is_said_by_name():
    with pytest.raises(NotEvaluable, match="vector_similarity_threshold"):
        kept("vector_similarity_threshold('tree')")
    with pytest.raises(NotEvaluable, match="documented"):
        kept("k > 'a'")
