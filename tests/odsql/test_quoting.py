"""Whatever a value holds, it comes back as that one value and changes nothing around it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bdxopendata.odsql import F, parse_select, parse_where, quote_field, quote_text, read_facet
from bdxopendata.odsql.nodes import And, Compare, Field, InList, Or, SelectItem, Text

texts = st.text(st.characters(exclude_categories=["Cs"]))
nasty = st.text(st.sampled_from("'\"\\`*()[], \n\t\0éANDor=1%#&+-"), max_size=12)
anything = texts | nasty
names = anything.filter(bool)


@given(anything)
@example("l'Été")
@example("\\")
@example("\\\\'\"")
@example("both ' and \"")
@example("a' OR 1=1 --")
@example("\0")
def test_any_text_comes_back_as_one_literal_of_the_same_value(value):
    assert parse_where(quote_text(value)) == Text(value)


@given(anything)
def test_a_compared_text_stays_one_literal(value):
    assert parse_where(str(F.x == value)) == Compare("=", Field("x"), Text(value))


@given(anything, anything)
def test_a_text_within_a_larger_condition_stays_where_it_is(one, other):
    expression = (F.a == one) & ((F.b == other) | F.c.isin([one + "!", other + "?", "z"]))

    node = parse_where(str(expression))

    assert node == expression.node
    assert isinstance(node, And)
    assert isinstance(node.parts[1], Or)
    assert isinstance(node.parts[1].parts[1], InList)


@given(names)
@example("12")
@example("and")
@example("Select")
@example("in")
@example("a b")
@example("`")
@example("\\`")
@example("été")
@example("9lives")
def test_any_field_name_comes_back(name):
    assert parse_where(str(F[name] == 1)) == (F[name] == 1).node
    assert parse_select(quote_field(name)) == (SelectItem(Field(name)),)


@given(names)
def test_any_alias_comes_back(name):
    from bdxopendata.odsql import render

    item = F.x.alias(name)

    assert parse_select(render(item)) == (item,)


@given(names, anything)
def test_a_facet_filter_is_read_back(name, value):
    assert read_facet(f"{quote_field(name)}:{quote_text(value)}") == (name, value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("modified:2020/12", ("modified", "2020/12")),
        ("insee:'33063'", ("insee", "33063")),
        ("time:10:30", ("time", "10:30")),
        ("kind:", ("kind", "")),
        ("kind:l'Été", ("kind", "l'Été")),
    ],
)
def test_a_bare_facet_filter_is_read(text, expected):
    assert read_facet(text) == expected


def test_a_facet_filter_without_a_colon_is_refused():
    with pytest.raises(ValueError, match="name:value"):
        read_facet("modified")


def test_a_text_takes_the_quote_that_it_does_not_contain():
    assert quote_text("plain") == '"plain"'
    assert quote_text("l'Été") == '"l\'Été"'
    assert quote_text('say "hi"') == "'say \"hi\"'"
    assert quote_text("'\"") == '"\'\\""'


def test_plain_names_stay_bare_and_odd_ones_get_back_quotes():
    assert quote_field("hauteur_2") == "hauteur_2"
    assert quote_field("default.title") == "default.title"
    assert quote_field("12") == "`12`"
    assert quote_field("Year") == "`Year`"
    assert quote_field("custom.data-owner") == "`custom.data-owner`"


def test_half_of_a_surrogate_pair_is_refused():
    with pytest.raises(ValueError, match="surrogate"):
        quote_text("\ud800")


def test_an_empty_name_is_refused():
    with pytest.raises(ValueError, match="empty"):
        quote_field("")
