"""Whatever is asked has an answer or an error of its own: no clause, however odd, ends in a stranger's exception."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from bdxopendata.errors import QueryError
from bdxopendata.odsql import (
    FUNCTIONS,
    NotEvaluable,
    Question,
    evaluate,
    outputs,
    parse_group_by,
    parse_order_by,
    parse_select,
    parse_where,
    quote_field,
    render,
)
from bdxopendata.odsql.values import ARROW_TYPES, is_list

TYPES = {
    "n": "text", "i": "int", "x": "double", "b": "boolean", "d": "date", "t": "datetime", "g": "geo_point_2d",
    "s": "geo_shape", "m": "text", "12": "int", "and": "text", "u": "unknown",
}  # fmt: skip
POINT = pa.struct([("lon", pa.float64()), ("lat", pa.float64())])
TABLE = pa.table(
    {
        "n": pa.array(["a", None, "Été"]),
        "i": pa.array([1, 2**62, None]),
        "x": pa.array([1.5, None, -1e300]),
        "b": pa.array([True, None, False]),
        "d": pa.array([dt.date(2020, 1, 1), None, dt.date(1, 1, 1)], pa.date32()),
        "t": pa.array([dt.datetime(2020, 1, 1, tzinfo=dt.UTC), None, None], pa.timestamp("us", tz="UTC")),
        "g": pa.array([{"lon": 0.5, "lat": 0.25}, None, {"lon": 180.0, "lat": -90.0}], POINT),
        "s": pa.array([shapely.to_wkb(shapely.Point(1, 1)), None, b"no shape"], pa.binary()),
        "m": pa.array([["a"], None, []], pa.list_(pa.string())),
        "12": pa.array([1, 2, 3]),
        "and": pa.array(["x", "y", ""]),
        "u": pa.array(["{}", None, "[]"]),
    }
)

FIELDS = st.sampled_from([quote_field(name) for name in TYPES])
LITERALS = st.sampled_from([
    '"a"', "'2020'", '""', "5", "-3", "2.5", "0", "TRUE", "false", "null", "date'2020'", "date'2020-01-01T00:00'",
    "date'0001'", "date'9999-12-31'", "geom'POINT(1 1)'", "geom'POLYGON((0 0,1 0,1 1,0 0))'", "geom'nonsense'",
    "geom'POINT EMPTY'", "10km", "1 day", "2 M", "*", "9223372036854775807", "99999999999999999999", "1e308",
    "now()", "now(years=-3000)", "now(days=99999999999)", "now(year=1, days=-1)", "now(month=13)", "now(nope=1)",
])  # fmt: skip


def call(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A function with arguments that may be too few, too many, or of the wrong kind."""

    def written(name: str, extra: int, distinct: bool, given: list[str], field: str) -> str:
        fewest = max(0, FUNCTIONS[name].arguments[0] + extra)
        return f"{name}({'distinct ' * distinct}{', '.join([field, *given][:fewest])})"

    return st.builds(
        written,
        st.sampled_from(sorted(FUNCTIONS)),
        st.sampled_from([0, 0, 0, 0, 0, 1, -1]),
        st.sampled_from([False] * 9 + [True]),
        st.lists(parts, min_size=5, max_size=5),
        FIELDS | parts,
    )


EXPRESSIONS = st.recursive(
    FIELDS | LITERALS,
    lambda parts: call(parts) | st.builds("{} {} {}".format, parts, st.sampled_from("+-*/"), parts),
    max_leaves=6,
)
CONDITIONS = st.recursive(
    st.builds("{} {} {}".format, EXPRESSIONS, st.sampled_from(["=", "!=", "<", ">=", ":", "LIKE"]), EXPRESSIONS)
    | st.builds("{} IN ({}, {})".format, FIELDS, LITERALS, LITERALS)
    | st.builds("{} IN {}{}..{}[".format, FIELDS, st.sampled_from("[]"), LITERALS, LITERALS)
    | st.builds("{} IN {}".format, LITERALS, FIELDS)
    | st.builds("{} IS NOT NULL".format, EXPRESSIONS)
    | st.builds("{} IS TRUE".format, EXPRESSIONS)
    | EXPRESSIONS,
    lambda parts: st.builds("({} {} NOT {})".format, parts, st.sampled_from(["AND", "OR"]), parts),
    max_leaves=3,
)
CLAUSES = st.one_of(
    st.fixed_dictionaries({"where": CONDITIONS}),
    st.fixed_dictionaries({"select": EXPRESSIONS}),
    st.fixed_dictionaries({"order_by": EXPRESSIONS}),
    st.fixed_dictionaries({
        "group_by": EXPRESSIONS,
        "select": st.builds("{} AS a, {}".format, EXPRESSIONS, EXPRESSIONS),
        "order_by": EXPRESSIONS | st.just("a"),
    }),
)  # fmt: skip
PARSERS = {
    "where": lambda text: (parse_where(text),),
    "select": parse_select,
    "group_by": parse_group_by,
    "order_by": parse_order_by,
}


def test_every_question_has_an_answer_of_the_declared_types_or_an_error_that_names_its_clause() -> None:
    seen: Counter[str] = Counter()

    @given(CLAUSES, st.sampled_from(["UTC", "Europe/Paris", "America/Lima"]))
    @settings(max_examples=1500, deadline=None)
    def check(clauses: dict[str, str], zone: str) -> None:
        try:
            read = {name: PARSERS[name](text) for name, text in clauses.items()}
            for name, things in read.items():
                assert PARSERS[name](", ".join(render(one) for one in things)) == things
            question = Question(**read)
            declared = outputs(question, TYPES)
            answer = evaluate(question, TABLE, TYPES, timezone=zone)
        except QueryError as error:
            refused = error
        except NotEvaluable:
            seen["only the portal"] += 1
            return
        else:
            refused = None
        if refused is not None:
            assert refused.clause in clauses
            assert refused.clause in str(refused)
            seen["refused"] += 1
            return
        seen["answered"] += 1
        assert answer.table.column_names == [one.name for one in declared]
        for one in declared:
            found = answer.table[one.name]
            assert found.type == ARROW_TYPES.get(one.type, found.type) or (one.type == "text" and is_list(found))

    check()

    assert min(seen["answered"], seen["refused"]) > 150


@pytest.mark.parametrize(
    "where",
    ["15 IN m", "'a' IN i", "TRUE IN n", "5 IN g", "i IN ('a', 'b')", "n IN [1..2]", "d IN [1..2]", "i = 'a'", "t: 5"],
)  # fmt: skip
def test_types_that_do_not_meet_are_refused(where: str) -> None:
    with pytest.raises(QueryError) as caught:
        evaluate(Question(where=(parse_where(where),)), TABLE, TYPES)

    assert caught.value.code == "IncompatibleTypesInComparisonFilter"
    assert caught.value.clause == "where"


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("i > 0.5", [1, 2**62]),
        ("i = 4611686018427387904", [2**62]),
        ("i IN (1.0, 99999999999999999999)", [1]),
        ("i < 99999999999999999999", [1, 2**62]),
        ("i * 1.0 / 9223372036854775807 > 0.4", [2**62]),
        ("ifnull(x, 9223372036854775807) > 1", [1, 2**62]),
    ],
)
def test_whole_numbers_that_no_decimal_can_tell_are_still_compared_with_decimals(where: str, found: list[int]) -> None:
    question = Question(where=(parse_where(where),), select=parse_select("i"))

    assert evaluate(question, TABLE, TYPES).table["i"].to_pylist() == found


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/Lima"])
def test_dates_at_the_ends_of_time_are_compared(zone: str) -> None:
    conditions = ("t > date'0001-01-01'", "t < date'9999-12-31T23:59'", "d >= date'0001'", "d < date'9999-12-31'")
    counts = [
        evaluate(Question(where=(parse_where(one),)), TABLE, TYPES, timezone=zone).total_count for one in conditions
    ]

    assert counts == [1, 1, 2, 2]


@pytest.mark.parametrize("clause", PARSERS)
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("(" * 10_000, 10_000),
        ("(" * 10_000 + "i" + ")" * 10_000, None),
        ("length(" * 5_000 + "n" + ")" * 5_000, None),
        ("- " * 10_000 + "i", None),
        ("i +" * 10_000, 30_000),
        ("NOT " * 10_000, None),
        ("i ? 1", 2),
        ("bogus(1)", 5),
        ("'open", 0),
        ("`open", 0),
        ("i, ", 3),
        ("", 0),
        ("   ", 3),
        ("i \x00", 2),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else "",
)
def test_malformed_text_is_refused_with_its_place(clause: str, text: str, place: int | None) -> None:
    with pytest.raises(QueryError) as caught:
        PARSERS[clause](text)

    error = caught.value
    assert error.code == "ODSQLSyntaxError"
    assert error.clause == clause
    assert error.position is not None
    assert f"at position {error.position} in " in error.text
    assert len(str(error)) < 1_200
    if place is not None and not (clause == "where" and text == "i, "):
        assert error.position == place
