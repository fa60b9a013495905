"""Every construct of the language is read, written, worded in Python and computed."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from bdxopendata.odsql import (
    FUNCTIONS,
    Expression,
    F,
    GroupKey,
    NotEvaluable,
    OrderKey,
    Question,
    SelectItem,
    agg,
    evaluate,
    now,
    parse_group_by,
    parse_order_by,
    parse_select,
    parse_where,
    render,
    search,
)
from bdxopendata.odsql.locality import only_the_portal
from bdxopendata.odsql.nodes import Call, Field, Measure, Number, Star, Text, walk
from bdxopendata.odsql.render import render_list
from support import language

PARSERS = {"select": parse_select, "group_by": parse_group_by, "order_by": parse_order_by}
TYPES = {
    "n": "int", "x": "double", "nom": "text", "path": "text", "tags": "text", "ok": "boolean", "jour": "date",
    "vu": "datetime", "g": "geo_point_2d", "s": "geo_shape", "year": "int", "12": "int", "odd `name`": "int",
}  # fmt: skip
MOMENT = dt.datetime(2020, 12, 24, 23, 30, tzinfo=dt.UTC)
TABLE = pa.table(
    {
        "n": pa.array([1, 4, None]),
        "x": pa.array([0.5, None, 200.0]),
        "nom": pa.array(["l'Été", "cours du Lac", None]),
        "path": pa.array(["a/b", "a", "c"]),
        "tags": pa.array([["a"], None, ["a", "b"]], pa.list_(pa.string())),
        "ok": pa.array([True, False, None]),
        "jour": pa.array([MOMENT.date(), None, dt.date(2017, 4, 3)], pa.date32()),
        "vu": pa.array([MOMENT, None, MOMENT - dt.timedelta(days=999)], pa.timestamp("us", tz="UTC")),
        "g": pa.array(
            [{"lon": -0.57, "lat": 44.84}, {"lon": 0.0, "lat": 0.0}, None],
            pa.struct([("lon", pa.float64()), ("lat", pa.float64())]),
        ),
        "s": pa.array([shapely.to_wkb(shapely.box(0, 0, 1, 1)), None, None], pa.binary()),
        "year": pa.array([2020, 2021, None]),
        "12": pa.array([10, 11, 12]),
        "odd `name`": pa.array([1, 2, 3]),
    }
)
WORDS = {
    "F": F, "agg": agg, "now": now, "search": search, "date": dt.date, "datetime": dt.datetime, "UTC": dt.UTC,
}  # fmt: skip

each_construct = pytest.mark.parametrize("construct", language.CONSTRUCTS, ids=lambda one: f"{one.clause}: {one.what}")


def read(construct: language.Construct) -> tuple:
    """The items of a clause; a condition is the only one of its own."""
    if construct.clause == "where":
        return (parse_where(construct.text),)
    return PARSERS[construct.clause](construct.text)


def question(construct: language.Construct) -> Question:
    items = read(construct)
    match construct.clause:
        case "where":
            return Question(where=items)
        case "select":
            return Question(select=items)
        case "group_by":
            return Question(select=parse_select("count(*) AS c"), group_by=items)
    return Question(order_by=items)


@each_construct
def test_a_construct_is_written_as_it_is_read(construct):
    items = read(construct)

    written = render_list(items) if construct.clause != "where" else render(items[0])
    again = parse_where(written) if construct.clause == "where" else PARSERS[construct.clause](written)

    assert (again if construct.clause != "where" else (again,)) == items


@pytest.mark.parametrize(
    "construct", [one for one in language.CONSTRUCTS if one.python], ids=lambda one: f"{one.clause}: {one.what}"
)
def test_a_construct_worded_in_python_is_the_same_question(construct):
    worded = eval(construct.python, dict(WORDS))

    bare = {item.expression if hasattr(item, "expression") else item for item in read(construct)}
    if isinstance(worded, Expression):
        assert worded.node in bare
    else:
        assert worded.expression in bare
        assert {getattr(item, "alias", None) for item in read(construct)} >= {getattr(worded, "alias", None)}


@each_construct
def test_a_construct_is_computed_or_the_portal_is_named_as_the_only_one(construct):
    asked = question(construct)
    if construct.text.partition("(")[0] in FUNCTIONS and not FUNCTIONS[construct.text.partition("(")[0]].evaluated:
        with pytest.raises(NotEvaluable):
            evaluate(asked, TABLE, TYPES)
        return

    answer = evaluate(asked, TABLE, TYPES)

    assert answer.table.num_rows <= 4
    if construct.clause == "where":
        # Each condition of the list is true of some row or of none, and never of a row and of its opposite.
        opposite = evaluate(Question(where=(parse_where(f"NOT ({construct.text})"),)), TABLE, TYPES)
        assert answer.total_count + opposite.total_count == TABLE.num_rows


def test_every_function_is_among_the_constructs():
    used = {
        node.name
        for construct in language.CONSTRUCTS
        for item in read(construct)
        if not hasattr(item, "patterns")
        for node in walk(getattr(item, "expression", item))
        if isinstance(node, Call)
    }

    parts = {"month", "day", "hour", "minute", "second"}
    vectors = {"vector_similarity", "vector_similarity_threshold"}
    assert set(FUNCTIONS) - used == parts | vectors


@pytest.mark.parametrize("construct", [one for one in language.CONSTRUCTS if one.clause == "where"], ids=str)
def test_what_stored_data_answer_is_told_before_it_is_computed(construct):
    inexact = ("words", "search", "suggest", "LIKE")

    reason = only_the_portal(question(construct), TYPES, TABLE.slice(0, 0))

    assert (reason is not None) == any(word in f"{construct.what} {construct.text}" for word in inexact)


fields = st.sampled_from(["a", "year", "odd name"]).map(Field)
whole = st.integers(-9, 99).map(Number)
ends = st.lists(whole | st.floats(-9, 9).map(Number), min_size=2, max_size=3)
keys = (
    fields
    | st.builds(lambda field, width: Call("range", (field, width)), fields, whole)
    | st.builds(
        lambda field, low, ends, high: Call("range", (field, *[Star()] * low, *ends, *[Star()] * high)),
        fields,
        st.booleans(),
        ends,
        st.booleans(),
    )
    | st.builds(
        lambda field, size, unit: Call("range", (field, Measure(size, unit))),
        fields,
        st.integers(1, 60),
        st.sampled_from(["ms", "s", "m", "h", "d", "w", "M", "q", "y", "day", "months"]),
    )
    | st.builds(lambda field, zoom: Call("geo_cluster", (field, Number(zoom))), fields, st.integers(0, 25))
    | st.builds(
        lambda field, text: Call("date_format", (field, Text(text))), fields, st.text("dMy'/ é\\\"", max_size=6)
    )
    | st.builds(lambda name, field: Call(name, (field,)), st.sampled_from(["year", "second", "lower"]), fields)
)
measured = (
    st.just(Call("count", (Star(),)))
    | st.builds(lambda field: Call("count", (field,), distinct=True), fields)
    | st.builds(lambda field: Call("count", (Call("ifnull", (field, Text("x"))),), distinct=True), fields)
    | st.builds(lambda field, part: Call("percentile", (field, part)), fields, st.floats(0, 100).map(Number))
    | st.builds(
        lambda name, field: Call(name, (field,)),
        st.sampled_from(["sum", "avg", "min", "max", "median", "envelope", "bbox"]),
        fields,
    )
)
aliases = st.none() | st.sampled_from(["k", "group", "l'été", "12"])
moments = st.dictionaries(
    st.sampled_from(["year", "day", "hour"]), st.integers(1, 23), max_size=3
).flatmap(
    lambda sets: st.dictionaries(st.sampled_from(["years", "mondays", "seconds"]), st.integers(-9, 9)).map(
        lambda adds: Call("now", named=tuple({**sets, **adds}.items()))
    )
)  # fmt: skip


@given(st.lists(st.builds(GroupKey, keys, aliases), min_size=1, max_size=3).map(tuple))
@settings(max_examples=150, deadline=None)
def test_group_keys_read_back_from_their_text_are_the_same(items):
    assert parse_group_by(render_list(items)) == items


@given(st.lists(st.builds(SelectItem, measured | moments, aliases), min_size=1, max_size=3).map(tuple))
@settings(max_examples=150, deadline=None)
def test_aggregates_and_the_present_read_back_from_their_text_are_the_same(items):
    assert parse_select(render_list(items)) == items


ordering = measured.filter(lambda call: call.name not in ("envelope", "bbox"))


@given(st.lists(st.builds(OrderKey, ordering | moments | fields, st.booleans()), min_size=1, max_size=3).map(tuple))
@settings(max_examples=100, deadline=None)
def test_order_by_aggregates_reads_back_from_its_text(items):
    assert parse_order_by(render_list(items)) == items


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(['"', "'"]))
@settings(max_examples=200, deadline=None)
def test_a_text_in_either_quote_with_its_escapes_is_the_text(text, quote):
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")

    assert parse_where(f"a = {quote}{escaped}{quote}").right == Text(text)


def test_the_page_about_the_language_is_current():
    page = language.PAGE.read_text(encoding="utf-8")

    assert page == language.renewed(page), "python tests/support/language.py writes its tables anew"
    assert all(f"\n| `{name}()` |" in page for name in FUNCTIONS)
    assert page.count("<!-- end -->") == len(language.tables())
