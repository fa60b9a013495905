"""A question as one value, as parameters, and as the columns it will give."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bdxopendata.errors import QueryError
from bdxopendata.odsql import (
    FUNCTIONS,
    F,
    Question,
    agg,
    conditions,
    group_keys,
    order_keys,
    outputs,
    parse_group_by,
    parse_order_by,
    parse_select,
    parse_where,
    select_items,
)
from bdxopendata.odsql.nodes import And, Field, OrderKey, SelectItem, Text

TYPES = {
    "genre": "text",
    "hauteur": "int",
    "x": "double",
    "d": "date",
    "t": "datetime",
    "g": "geo_point_2d",
    "s": "geo_shape",
}


def test_parameters_are_worded_as_the_api_wants_them():
    question = Question(
        where=conditions("a = 1 OR b = 2", F.c > 3),
        select=select_items("genre", "COUNT( * )", tallest=agg.max("hauteur")),
        group_by=group_keys("genre", F.d.year.alias("an")),
        order_by=order_keys("-tallest", "genre"),
        refine=(("genre", 'a "b" c'), ("year", "2020/12")),
        exclude=(("genre", "it's"),),
        limit=10,
        offset=5,
    )

    assert question.params() == [
        ("where", "(a = 1 OR b = 2) AND (c > 3)"),
        ("select", "genre, COUNT( * ), max(hauteur) AS tallest"),
        ("group_by", "genre, year(d) AS an"),
        ("order_by", "tallest DESC, genre"),
        ("refine", "genre:'a \"b\" c'"),
        ("refine", '`year`:"2020/12"'),
        ("exclude", 'genre:"it\'s"'),
    ]


def test_an_empty_question_has_no_parameters():
    assert Question().params() == []
    assert not Question().is_grouped
    assert not Question().is_aggregate


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4))
def test_no_condition_reaches_into_another(values):
    question = Question(where=conditions(*(F.x == value for value in values)))

    (name, text), *_ = question.params()

    assert name == "where"
    node = parse_where(text)
    assert isinstance(node, And)
    assert [part.right for part in node.parts] == [Text(value) for value in values]


@pytest.mark.parametrize("text", ["a = 1) OR (1 = 1", "a = 1 -- ", "a = 1; b = 2", "", "a = 'x"])
def test_raw_text_that_is_not_one_condition_is_refused(text):
    with pytest.raises(QueryError):
        conditions(text)


def test_names_are_taken_as_fields_even_where_they_are_reserved():
    assert select_items("year", "genre") == (SelectItem(Field("year")), SelectItem(Field("genre")))
    assert order_keys("-year", "count(*) DESC, x") == (
        OrderKey(Field("year"), True),
        *order_keys("count(*) DESC", "x"),
    )
    assert group_keys("year", an="year(d)")[1].name == "an"


def test_wrong_parts_of_a_question_are_refused():
    with pytest.raises(TypeError):
        conditions(F.x + 1)
    with pytest.raises(ValueError, match="not one expression"):
        select_items(a="b, c")
    with pytest.raises(QueryError, match="not allowed"):
        Question(where=conditions(agg.count() > 3))


def test_a_question_is_a_value():
    question = Question(where=conditions(F.x > 1), select=select_items("x"))

    assert pickle.loads(pickle.dumps(question)) == question
    assert hash(question) == hash(Question(where=conditions("x > 1"), select=select_items("x")))


def test_kinds_of_questions_are_told_apart():
    assert Question(select=select_items("count(*)")).is_aggregate
    assert not Question(select=select_items("x")).is_aggregate
    grouped = Question(select=select_items("count(*)"), group_by=group_keys("x"))
    assert grouped.is_grouped
    assert not grouped.is_aggregate


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("hauteur * 100", "int"),
        ("hauteur * 1.5", "double"),
        ("hauteur / 2", "double"),
        ("genre", "text"),
        ("lower(genre)", "text"),
        ("length(genre)", "int"),
        ("ifnull(hauteur, 0)", "int"),
        ("ifnull(hauteur, 0.5)", "double"),
        ("ifnull(genre, null)", "text"),
        ("year(t)", "int"),
        ("date_format(d, 'yyyy')", "text"),
        ("distance(g, geom'POINT(0 0)')", "double"),
        ("now()", "datetime"),
        ("'x'", "text"),
        ("1", "int"),
        ("1.0", "double"),
        ("TRUE", "boolean"),
        ("date'2020'", "date"),
        ("date'2020-01-01T10:00'", "datetime"),
        ("json_format(genre)", "text"),
    ],
)
def test_a_column_has_the_type_of_its_expression(expression, kind):
    (column,) = outputs(Question(select=select_items(expression)), TYPES)

    assert column.type == kind
    assert column.name == expression
    assert column.field == (expression if expression == "genre" else None)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("count(*)", "int"),
        ("count(distinct genre)", "int"),
        ("sum(hauteur)", "int"),
        ("sum(x)", "double"),
        ("avg(hauteur)", "double"),
        ("median(hauteur)", "double"),
        ("percentile(hauteur, 5)", "double"),
        ("min(hauteur)", "int"),
        ("max(d)", "date"),
        ("max(t)", "datetime"),
        ("envelope(g)", "geo_shape"),
        ("bbox(s)", "geo_shape"),
        ("max(hauteur) - min(hauteur)", "int"),
    ],
)
def test_an_aggregate_has_its_type_with_and_without_groups(expression, kind):
    alone = outputs(Question(select=select_items(expression)), TYPES)
    grouped = outputs(Question(select=select_items(expression), group_by=group_keys("genre")), TYPES)

    assert [(column.name, column.type) for column in alone] == [(expression, kind)]
    assert [(column.name, column.type) for column in grouped] == [("genre", "text"), (expression, kind)]


def test_all_fields_are_given_where_nothing_is_selected():
    columns = outputs(Question(), TYPES)

    assert {column.name: column.type for column in columns} == TYPES
    assert all(column.field == column.name for column in columns)


def test_a_renamed_field_still_says_which_field_it_is():
    (column,) = outputs(Question(select=select_items(h="hauteur")), TYPES)

    assert (column.name, column.field, column.type) == ("h", "hauteur", "int")


PARSERS = {"select": parse_select, "where": parse_where, "group_by": parse_group_by, "order_by": parse_order_by}


# distance() takes another number of arguments in where, and has tests of its own.
@pytest.mark.parametrize(
    "function", [one for name, one in FUNCTIONS.items() if name != "distance"], ids=lambda one: one.name
)
def test_every_function_of_the_table_is_read_where_it_may_stand_and_nowhere_else(function):
    text = f"{function.name}({', '.join('a' * function.arguments[0])})"
    for clause, parse in PARSERS.items():
        worded = f"{text} = 1" if clause == "where" and function.kind != "predicate" else text
        if clause in function.clauses:
            assert parse(worded)
        else:
            with pytest.raises(QueryError):
                parse(worded)
    assert function.evaluated or function.reason
