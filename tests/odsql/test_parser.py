"""Text becomes a tree, a tree becomes text, and nothing but complete clauses is accepted."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bdxopendata.errors import QueryError
from bdxopendata.odsql import (
    GroupKey,
    OrderKey,
    SelectItem,
    Star,
    field_names,
    nodes,
    parse_group_by,
    parse_order_by,
    parse_select,
    parse_where,
    render,
)
from bdxopendata.odsql.nodes import (
    And,
    Arithmetic,
    Boolean,
    Call,
    Compare,
    Date,
    Exclude,
    Field,
    Geometry,
    Include,
    InField,
    InList,
    InRange,
    IsBoolean,
    IsNull,
    Measure,
    Not,
    Number,
    Or,
    Pattern,
    Text,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = st.sampled_from(
    ["a", "date", "geom", "length", "Year", "and", "is", "12", "1e5", "5m", "x.y", "é`\\"]
) | texts.filter(bool)
fields = st.builds(Field, names)
numbers = st.builds(
    Number, st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0, -1, 1e300, 1e-300])
)
literals = st.builds(Text, texts) | numbers | st.builds(Boolean, st.booleans())
dates = st.sampled_from(["2017", "2017-04", "2017-04-03T08:02", "2018/04/01", "2017-04-03T08:02:01.5Z"]).map(Date)
scalars = st.recursive(
    fields | literals | dates | st.just(nodes.Null()),
    lambda deeper: (
        st.builds(Arithmetic, st.sampled_from("+-*/"), deeper, deeper)
        | st.builds(lambda one: Call("lower", (one,)), deeper)
        | st.builds(lambda one, two: Call("ifnull", (one, two)), deeper, deeper)
        | st.just(Call("now", named=(("years", -1), ("day", 31))))
    ),
    max_leaves=5,
)
geometries = st.builds(Geometry, texts)
comparisons = (
    st.builds(Compare, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "like"]), scalars, scalars)
    | st.builds(InList, fields, st.lists(literals, min_size=1, max_size=3).map(tuple))
    | st.builds(InRange, fields, numbers | dates, numbers | dates, st.booleans(), st.booleans())
    | st.builds(InField, literals, fields)
    | st.builds(IsNull, scalars, st.booleans())
    | st.builds(IsBoolean, scalars, st.booleans(), st.booleans())
    | st.builds(lambda one, area: Call("within", (one, area)), fields, geometries)
    | st.builds(
        lambda one, area, size, unit: Call("within_distance", (one, area, Measure(size, unit))),
        fields,
        geometries,
        st.integers(0, 10**6) | st.floats(0, 10**6),
        st.sampled_from(["km", "m", "mi"]),
    )
    | st.builds(lambda text: Call("search", (Star(), Text(text))), texts)
    | fields
    | st.builds(Text, texts)
)
conditions = st.recursive(
    comparisons,
    lambda deeper: (
        st.builds(And, st.lists(deeper, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(deeper, min_size=2, max_size=3).map(tuple))
        | st.builds(Not, deeper)
    ),
    max_leaves=8,
)


@given(conditions)
@settings(max_examples=300)
def test_a_condition_read_back_from_its_text_is_the_same(condition):
    assert parse_where(render(condition)) == condition


@given(st.lists(st.builds(SelectItem, scalars, st.none() | names), min_size=1, max_size=3))
def test_columns_read_back_from_their_text_are_the_same(items):
    assert parse_select(", ".join(map(render, items))) == tuple(items)


@given(st.lists(st.builds(OrderKey, fields, st.booleans()), min_size=1, max_size=3))
def test_keys_of_order_read_back_from_their_text_are_the_same(keys):
    assert parse_order_by(", ".join(map(render, keys))) == tuple(keys)


ALPHABET = """
a b and or not in is null like ( ) [ ] .. , = != < : * + - / 'x' "y" 12 1.5 date'2020' geom'POINT(1 2)' count( search(
true `q` ' " ` \\ date'x' 10km as desc distinct
"""
pieces = st.sampled_from(ALPHABET.split())


@given(st.lists(pieces, max_size=12).map(" ".join) | st.text(max_size=20))
@settings(max_examples=400)
@example("")
@example("\ud800")
@example("a = 9" + "9" * 5000)
@example("a = 1e999")
@example("date'2020-99-99' = d")
@example("``= 1")
def test_any_text_is_either_read_or_refused_with_a_query_error(text):
    for parse in (parse_where, parse_select, parse_group_by, parse_order_by):
        with contextlib.suppress(QueryError):
            assert parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f: 'x'", "f = 'x'"),
        ('A LiKe "x" aNd B iS nOt NuLl', "A LIKE 'x' AND B IS NOT NULL"),
        ("a in [1 to 10]", "a IN [1..10]"),
        ("a IN ]date'2017'..date'2018'[", "a IN ]date'2017' TO date'2018'["),
        ("a or b and c", "a OR (b AND c)"),
        ("not a and b", "(NOT a) AND b"),
        ("x>-3", "x > -3"),
        ("COUNT : 1 ".replace("COUNT", "`count`"), "`count` = 1"),
        ("within_distance(g,GEOM'POINT(1 2)',10 km)", "within_distance(g, geom'POINT(1 2)', 10km)"),
        ("a + b * c - d > 0", "((a + (b * c)) - d) > 0"),
    ],
)
def test_two_ways_of_writing_mean_the_same(text, expected):
    assert parse_where(text) == parse_where(expected)


def test_both_kinds_of_brackets_say_which_end_is_inside():
    assert parse_where("a IN ]1..10]") == InRange(Field("a"), Number(1), Number(10), False, True)
    assert parse_where("a IN [1..10[") == InRange(Field("a"), Number(1), Number(10), True, False)


@pytest.mark.parametrize(
    ("text", "position", "found"),
    [
        ("bogus(", 5, "("),
        ("BADSYNTAX((", 9, "("),
        ("a = 1) OR (b = 2", 5, ")"),
        ("a b", 2, "b"),
        ("a =", 3, "end"),
        ("d IN (date'2020')", 6, "d"),
        ("lower(a) IN ('x')", 9, "I"),
        ("year > 2000", 0, "y"),
        ("a = 'open", 4, "'"),
        ("5", 0, "5"),
        ("a = (b = 1)", 4, "("),
        ("now(foo=1) > d", 4, "f"),
    ],
)
def test_a_text_that_is_no_complete_condition_is_refused_in_the_portals_words(text, position, found):
    with pytest.raises(QueryError) as caught:
        parse_where(text)

    assert caught.value.code == "ODSQLSyntaxError"
    assert caught.value.position == position
    assert caught.value.clause == "where"
    assert caught.value.text == (
        f"ODSQL syntax exception: unexpected {found} at position {position} in {text}. "
        "Clause(s) containing the error(s): where."
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "a" + ")" * 10_000,
        "(" * 10_000,
        "NOT " * 10_000 + "a",
        "a = " + "-" * 10_000 + "b",
        "a = " + " + ".join("1" * 10_000),
        "lower(" * 10_000 + "a" + ")" * 10_000,
        "a = (1+" * 200 + "1" + ")" * 200,
    ],
)
def test_a_deeply_nested_text_is_refused_without_exhausting_the_stack(text):
    with pytest.raises(QueryError):
        parse_where(text)


def test_many_threads_can_read_at_once():
    texts = [f"a = {number} AND (b IN [1..{number}] OR NOT c)" for number in range(200)]

    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(parse_where, texts))

    assert read == [parse_where(text) for text in texts]


def test_a_long_flat_condition_is_read():
    node = parse_where(" OR ".join(f"a = {number}" for number in range(5_000)))

    assert isinstance(node, Or)
    assert len(node.parts) == 5_000
    assert parse_where(render(node)) == node


def test_a_column_without_alias_is_called_as_it_was_typed():
    items = parse_select("*, a, `b c`, COUNT( * ), count(distinct x) AS n, a*2 , 'hello', (a + 1)")

    named = [item.name for item in items if isinstance(item, SelectItem)]
    assert named == ["a", "b c", "COUNT( * )", "n", "a*2", "'hello'", "(a + 1)"]
    assert render(items[3]) == "COUNT( * )"
    assert items[0] == Star()


def test_include_and_exclude_take_the_beginnings_of_names():
    assert parse_select("include(pop*), exclude(a, `b c`*)") == (
        Include((Pattern("pop", True),)),
        Exclude((Pattern("a"), Pattern("b c", True))),
    )


def test_groups_by_ranges_intervals_and_clusters_are_read():
    assert parse_group_by(
        "year(d) AS y, range(x, *, 10, 2.5, *), range(d, 1 day), range(d, 1M), geo_cluster(g, 5)"
    ) == (
        GroupKey(Call("year", (Field("d"),)), "y"),
        GroupKey(Call("range", (Field("x"), Star(), Number(10), Number(2.5), Star()))),
        GroupKey(Call("range", (Field("d"), Measure(1, "day")))),
        GroupKey(Call("range", (Field("d"), Measure(1, "M")))),
        GroupKey(Call("geo_cluster", (Field("g"), Number(5)))),
    )


def test_a_minus_before_a_name_orders_from_the_greatest():
    assert parse_order_by("-a, b DESC, c asc, -`d e`") == (
        OrderKey(Field("a"), True),
        OrderKey(Field("b"), True),
        OrderKey(Field("c")),
        OrderKey(Field("d e"), True),
    )
    assert parse_order_by("-1 * a") == (OrderKey(Arithmetic("*", Number(-1), Field("a"))),)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_where, "count(*) > 1"),
        (parse_where, "distance(g, geom'POINT(1 2)') < 500"),
        (parse_where, "random(1) > 0"),
        (parse_select, "ifnull(a)"),
        (parse_select, "range(a, 10)"),
        (parse_group_by, "length(a)"),
        (parse_order_by, "envelope(g)"),
        (parse_select, "length(a, b)"),
    ],
)
def test_a_function_in_the_wrong_clause_or_with_wrong_arguments_is_refused(parse, text):
    with pytest.raises(QueryError, match="malformed"):
        parse(text)


def test_a_condition_cannot_be_selected():
    with pytest.raises(QueryError, match="A value is needed"):
        parse_select("search(a, 'x')")


def test_of_a_part_of_now_named_twice_only_the_last_counts():
    assert parse_where("now(day=31, month=2, day=1) > d") == parse_where("now(month=2, day=1) > d")


def test_names_of_fields_are_collected_once_in_order():
    where = parse_where("b = 1 AND lower(a) = 'x' OR b IN [1..2] AND 'z' IN c")
    select = parse_select("d, sum(e) AS f, include(g, h*)")

    assert field_names(where) == ("b", "a", "c")
    assert field_names(where, select) == ("b", "a", "c", "d", "e", "g")
