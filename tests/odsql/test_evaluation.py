"""Columns, groups and order computed on a local table."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict

import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from bdxopendata.errors import QueryError
from bdxopendata.odsql import (
    F,
    NotEvaluable,
    Question,
    agg,
    conditions,
    evaluate,
    group_keys,
    order_keys,
    outputs,
    select_items,
)

TYPES = {
    "n": "text",
    "i": "int",
    "x": "double",
    "b": "boolean",
    "d": "date",
    "t": "datetime",
    "g": "geo_point_2d",
    "m": "text",
}
POINT = pa.struct([("lon", pa.float64()), ("lat", pa.float64())])
TABLE = pa.table(
    {
        "n": pa.array(["b", None, "a", "b", "c"]),
        "i": pa.array([1, 2, None, 4, 15]),
        "x": pa.array([1.5, None, 0.0, -2.0, 20.0]),
        "b": pa.array([True, False, None, True, False]),
        "d": pa.array(
            [dt.date(2020, 1, 1), dt.date(2020, 12, 24), None, dt.date(2021, 5, 6), dt.date(1999, 2, 28)], pa.date32()
        ),
        "t": pa.array(
            [dt.datetime(2020, 1, 1, 23, 30, tzinfo=dt.UTC), None]
            + [dt.datetime(2021, 7, 1, hour, tzinfo=dt.UTC) for hour in (0, 21, 22)],
            pa.timestamp("us", tz="UTC"),
        ),
        "g": pa.array(
            [{"lon": 0.0, "lat": 0.0}, {"lon": 0.001, "lat": 0.0}, None, {"lon": 9, "lat": 9}, {"lon": 9, "lat": 9}],
            POINT,
        ),
        "m": pa.array([["a", "b"], ["b"], None, [], ["c", "c"]], pa.list_(pa.string())),
    }
)  # fmt: skip


def asked(select=None, *, where=(), group_by=(), order_by=(), limit=None, offset=0, table=TABLE, **options):
    question = Question(
        where=conditions(*where),
        select=None if select is None else select_items(*([select] if isinstance(select, str) else select)),
        group_by=group_keys(*([group_by] if isinstance(group_by, str) else group_by)),
        order_by=order_keys(*([order_by] if isinstance(order_by, str) else order_by)),
        limit=limit,
        offset=offset,
    )
    answer = evaluate(question, table, TYPES, **options)
    declared = outputs(question, TYPES)
    assert answer.table.column_names == [column.name for column in declared] == list(answer.types)
    assert list(answer.types.values()) == [column.type for column in declared]
    return answer


def rows(*arguments, **options):
    return [tuple(row.values()) for row in asked(*arguments, **options).table.to_pylist()]


def column(*arguments, **options):
    return [row[0] for row in rows(*arguments, **options)]


def test_columns_are_computed_and_named():
    answer = asked("i*2, i + x AS sum_, x / 0 AS nothing, 'k' AS k, length(n), year(d)", limit=2)

    assert answer.table.to_pylist() == [
        {"i*2": 2, "sum_": 2.5, "nothing": None, "k": "k", "length(n)": 1, "year(d)": 2020},
        {"i*2": 4, "sum_": None, "nothing": None, "k": "k", "length(n)": None, "year(d)": 2020},
    ]
    assert answer.types == {
        "i*2": "int",
        "sum_": "double",
        "nothing": "double",
        "k": "text",
        "length(n)": "int",
        "year(d)": "int",
    }
    assert answer.total_count == 5


@pytest.mark.parametrize("where", ["i > 100", "i > 0"])
def test_columns_keep_their_types_whatever_is_found(where):
    answer = asked("i, x*1 AS x, n, date_format(d, 'yyyy') AS y, now() AS t, null AS z, g, m", where=[where])

    assert answer.table.schema.types == [
        pa.int64(), pa.float64(), pa.string(), pa.string(), pa.timestamp("us", tz="UTC"), pa.string(), POINT,
        pa.list_(pa.string()),
    ]  # fmt: skip


def test_include_and_exclude_choose_fields_by_the_beginning_of_their_names():
    assert asked("include(n*), i").table.column_names == ["n", "i"]
    assert asked("exclude(n), exclude(g*)").table.column_names == ["i", "x", "b", "d", "t", "m"]
    assert asked("*, i + 1 AS j, exclude(t)").table.column_names == ["n", "i", "x", "b", "d", "g", "m", "j"]


def test_limit_and_offset_cut_after_the_order():
    assert column("i", order_by="-i", limit=2, offset=1) == [4, 2]
    assert column("i", limit=-1) == [1, 2, None, 4, 15]
    assert asked("i", limit=0).total_count == 5


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("i", [1, 2, 4, 15, None]),
        ("-i", [15, 4, 2, 1, None]),
        ("n, -i", [None, 4, 1, 15, 2]),
        ("b DESC, i", [1, 4, 2, 15, None]),
        ("-d", [4, 2, 1, 15, None]),
        ("distance(g, geom'POINT(9 9)'), i DESC", [15, 4, 2, 1, None]),
        ("i * -1", [15, 4, 2, 1, None]),
        ("ifnull(i, 3)", [1, 2, None, 4, 15]),
    ],
)
def test_missing_values_come_last_in_both_directions(order, expected):
    assert column("i", order_by=order) == expected


def test_an_alias_can_be_ordered_by():
    assert column("i, 10 - i AS rest", order_by="rest") == [15, 4, 2, 1, None]


def test_a_random_order_is_the_same_for_the_same_seed():
    table = TABLE.take(list(range(5)) * 20)

    first, again, other = (column("i", order_by=f"random({seed})", table=table) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_aggregates_without_groups_make_one_row():
    answer = asked(
        "count(*), count(n), count(distinct n), count(distinct m), sum(i), sum(x), avg(i), min(d), max(t), median(x), "
        "percentile(x, 25) AS p, max(i) - min(i) AS span"
    )

    assert answer.aggregate
    assert answer.total_count == 5
    assert [tuple(row.values()) for row in answer.table.to_pylist()] == [
        (5, 4, 3, 3, 22, 19.5, 5.5, dt.date(1999, 2, 28), dt.datetime(2021, 7, 1, 22, tzinfo=dt.UTC), 0.75, -0.5, 14)
    ]


def test_aggregates_of_no_rows_are_missing_but_for_counts():
    answer = asked("count(*), sum(i), median(x), max(d), bbox(g)", where=["i > 100"])

    assert [tuple(row.values()) for row in answer.table.to_pylist()] == [(0, None, None, None, None)]
    assert answer.total_count == 0


def test_outlines_of_points_are_shapes():
    answer = asked("envelope(g) AS hull, bbox(g) AS box")

    hull, box = (shapely.from_wkb(answer.table[name][0].as_py()) for name in ("hull", "box"))
    assert hull.equals(shapely.Polygon([(0, 0), (0.001, 0), (9, 9)]))
    assert box.equals(shapely.box(0, 0, 9, 9))


def test_groups_ascend_by_their_keys_with_the_missing_one_first():
    answer = asked("count(*) AS c, sum(i)", group_by="n")

    assert answer.table.to_pylist() == [
        {"n": None, "c": 1, "sum(i)": 2},
        {"n": "a", "c": 1, "sum(i)": None},
        {"n": "b", "c": 2, "sum(i)": 5},
        {"n": "c", "c": 1, "sum(i)": 15},
    ]
    assert answer.total_count == 4
    assert not answer.aggregate


def test_groups_by_two_keys_hold_each_pair_once():
    assert rows("count(*)", group_by="b, n") == [
        (None, "a", 1),
        (False, None, 1),
        (False, "c", 1),
        (True, "b", 2),
    ]


def test_a_row_with_several_values_is_in_the_group_of_each():
    assert rows("count(*)", group_by="m") == [(None, 2), ("a", 1), ("b", 2), ("c", 1)]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("count(*) DESC, n", ["b", "a", "c", None]),
        ("c DESC, -n", ["b", "c", "a", None]),
        ("sum(i) DESC", ["c", "b", None, "a"]),
        ("-n", ["c", "b", "a", None]),
        ("max(i) - min(i) DESC, lower(n)", ["b", "c", None, "a"]),
    ],
)
def test_groups_are_ordered_by_aggregates_aliases_and_keys(order, expected):
    assert column("count(*) AS c", group_by="n", order_by=order) == expected


def test_limit_cuts_groups():
    answer = asked("count(*)", group_by="n", order_by="-n", limit=2)

    assert answer.table["n"].to_pylist() == ["c", "b"]
    assert answer.total_count == 4


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("year(d) AS k", [(None, 1), (1999, 1), (2020, 2), (2021, 1)]),
        ("date_format(d, 'yyyy/MM') AS k", [(None, 1), ("1999/02", 1), ("2020/01", 1), ("2020/12", 1), ("2021/05", 1)]),
        ("ifnull(n, '-') AS k", [("-", 1), ("a", 1), ("b", 2), ("c", 1)]),
        ("lower(n) AS k", [(None, 1), ("a", 1), ("b", 2), ("c", 1)]),
        ("range(i, 1, 3, *) AS k", [(None, 1), ("[1, 2]", 2), ("[3, *]", 2)]),
        ("range(i, *, 2) AS k", [(None, 1), ("[*, 1]", 1)]),
        ("range(x, *, 0, 10.5, *) AS k", [(None, 1), ("[*, 0[", 1), ("[0, 10.5[", 2), ("[10.5, *[", 1)]),
        ("range(i, 5) AS k", [(None, 1), ("[0, 4]", 3), ("[15, 19]", 1)]),
        ("range(x, 10) AS k", [(None, 1), ("[-10, 0[", 1), ("[0, 10[", 2), ("[20, 30[", 1)]),
        ("range(x, 2.5) AS k", [(None, 1), ("[-2.5, 0.0[", 1), ("[0.0, 2.5[", 2), ("[20.0, 22.5[", 1)]),
        (
            "range(d, 1 y) AS k",
            [
                (None, 1),
                ("[1999-01-01T00:00:00.000Z, 2000-01-01T00:00:00.000Z[", 1),
                ("[2020-01-01T00:00:00.000Z, 2021-01-01T00:00:00.000Z[", 2),
                ("[2021-01-01T00:00:00.000Z, 2022-01-01T00:00:00.000Z[", 1),
            ],
        ),
        (
            "range(d, *, date'2020-11-13', date'2021-01-01') AS k",
            [
                (None, 1),
                ("[*, 2020-11-13T00:00:00.000Z[", 2),
                ("[2020-11-13T00:00:00.000Z, 2021-01-01T00:00:00.000Z[", 1),
            ],
        ),
    ],
)
def test_computed_keys_make_groups(key, expected):
    assert rows("count(*)", group_by=key) == expected


def test_days_are_cut_on_the_wall_clock_and_called_in_utc():
    assert rows("count(*)", group_by="range(t, 1 day) AS k", where=["t IS NOT NULL"], timezone="Europe/Paris") == [
        ("[2020-01-01T23:00:00.000Z, 2020-01-02T23:00:00.000Z[", 1),
        ("[2021-06-30T22:00:00.000Z, 2021-07-01T22:00:00.000Z[", 2),
        ("[2021-07-01T22:00:00.000Z, 2021-07-02T22:00:00.000Z[", 1),
    ]


def test_intervals_hold_when_the_clocks_change():
    first = dt.datetime(2021, 10, 30, 23, 30, tzinfo=dt.UTC)
    moments = [first + dt.timedelta(minutes=30 * step) for step in range(6)]
    table = pa.table({"t": pa.array(moments, pa.timestamp("us", tz="UTC"))})

    hours = rows("count(*)", group_by="range(t, 1 h) AS k", table=table, timezone="Europe/Paris")
    days = rows("count(*)", group_by="range(t, 1 day) AS k", table=table, timezone="Europe/Paris")

    assert [label[1:25] for label, _ in hours] == [
        f"2021-10-{day}:00:00.000Z" for day in ("30T23", "31T00", "31T01", "31T02")
    ]
    assert [count for _, count in hours] == [1, 2, 2, 1]
    assert days == [("[2021-10-30T22:00:00.000Z, 2021-10-31T23:00:00.000Z[", 6)]


def test_points_that_lie_close_together_are_one_cluster():
    answer = rows("count(*)", group_by="geo_cluster(g, 5) AS k", where=["g IS NOT NULL"])

    middles = [({"lat": 0.0, "lon": 0.0005}, 2), ({"lat": 9.0, "lon": 9.0}, 2)]
    assert [(found["cluster_centroid"], count) for found, count in answer] == middles
    assert len(rows("count(*)", group_by="geo_cluster(g, 25)", where=["g IS NOT NULL"])) == 3


def test_an_alias_given_in_select_to_a_key_without_one_is_empty_as_on_the_portal():
    assert asked("year(d) AS y, count(*)", group_by="year(d)", where=["i = 1"]).table.to_pylist() == [
        {"year(d)": 2020, "y": None, "count(*)": 1}
    ]


@pytest.mark.parametrize(
    ("options", "text", "clause"),
    [
        ({"select": "nope"}, "Unknown field: nope.", "select"),
        ({"group_by": "nope"}, "Unknown field: nope.", "group_by"),
        ({"order_by": "nope"}, "Unknown field: nope.", "order_by"),
        ({"select": "sum(n)"}, "StatAggregation only supports numeric or date expression.", "select"),
        ({"group_by": "g"}, "Aggregation on geo point field is not possible. Use the geo_cluster", "group_by"),
        ({"select": "i AS a, x AS a"}, "Alias 'a' is declared several times.", "select"),
        ({"select": "year(d) AS a", "group_by": "year(d) AS a"}, "Alias 'a' is declared several times.", "select"),
        ({"select": "x", "group_by": "n"}, "Field x is not in the group_by clause.", "select"),
        ({"select": "x, count(*)"}, "Field x is not in the group_by clause.", "select"),
        ({"group_by": "n", "order_by": "x"}, "Field x is not in the group_by clause.", "order_by"),
        ({"group_by": "n", "order_by": "n, count(*)"}, "Aggregations must come before fields.", "order_by"),
        ({"order_by": "count(*)"}, "Aggregations need a group_by clause.", "order_by"),
        ({"select": "sum(avg(x))"}, "cannot take another aggregation", "select"),
        ({"select": "ifnull(n, 1)"}, "two values of one type", "select"),
        ({"group_by": "range(n, 10)"}, "numeric or date field", "group_by"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_in_the_portals_words(options, text, clause):
    with pytest.raises(QueryError) as caught:
        asked(**options)

    assert text in caught.value.text
    assert caught.value.text.endswith(f"Clause(s) containing the error(s): {clause}.")
    assert caught.value.clause == clause


@pytest.mark.parametrize(
    "options",
    [
        {"select": "json_format(n)"},
        {"select": "count(distinct g)"},
        {"select": "count(distinct *)"},
        {"select": "avg(d)"},
        {"select": "date_format(d, 'hh')"},
        {"select": "date_format(d, 'MMMM')", "lang": "eu"},
        {"select": "i * 9223372036854775807"},
        {"select": "sum(i * 2000000000000000000)", "where": ["i < 5"]},
        {"order_by": "g"},
        {"order_by": "vector_similarity('x')"},
    ],
)
def test_what_cannot_be_reproduced_is_said_not_guessed(options):
    with pytest.raises(NotEvaluable):
        asked(**options)


def test_a_field_with_values_beyond_its_type_is_shown_but_not_computed_with():
    wide = TABLE.set_column(1, "i", pa.array([str(2**70), "1", "2", "3", None]))

    assert column("i", table=wide, order_by="n", limit=2) == ["2", str(2**70)]
    for options in ({"where": ["i > 1"]}, {"select": "max(i)"}, {"order_by": "i"}, {"group_by": "i"}):
        with pytest.raises(NotEvaluable, match="not all of its values are of type int"):
            asked(table=wide, **options)


records = st.fixed_dictionaries(
    {
        "n": st.none() | st.sampled_from(["a", "b", "é"]),
        "b": st.none() | st.booleans(),
        "i": st.none() | st.integers(-5, 5),
        "x": st.none() | st.sampled_from([0.5, 1.25, -3.0]),
    }
)
SCHEMA = pa.schema({"n": pa.string(), "b": pa.bool_(), "i": pa.int64(), "x": pa.float64()})


def null_first(key):
    return [(part is not None, part if part is not None else 0) for part in key]


@given(st.lists(records, min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_groups_hold_what_counting_by_hand_gives(data):
    table = pa.Table.from_pylist(data, SCHEMA)
    question = Question(
        select=select_items(
            rows=agg.count(), values=agg.count("x"), different=agg.count_distinct("x"), total=agg.sum("i"),
            mean=agg.avg("i"), least=agg.min("x"), most=agg.max("x"), middle=agg.median("x"),
        ),
        group_by=group_keys("n", F.b),
    )  # fmt: skip

    answer = evaluate(question, table, {"n": "text", "b": "boolean", "i": "int", "x": "double"})

    groups = defaultdict(list)
    for row in data:
        groups[row["n"], row["b"]].append(row)
    expected = []
    for key in sorted(groups, key=null_first):
        xs = [row["x"] for row in groups[key] if row["x"] is not None]
        numbers = [row["i"] for row in groups[key] if row["i"] is not None]
        expected.append(
            (*key, len(groups[key]), len(xs), len(set(xs)), sum(numbers) if numbers else None,
             pytest.approx(statistics.fmean(numbers)) if numbers else None,
             min(xs, default=None), max(xs, default=None),
             pytest.approx(statistics.median(xs)) if xs else None)
        )  # fmt: skip
    assert [tuple(row.values()) for row in answer.table.to_pylist()] == expected


@given(
    st.lists(records, max_size=12), st.lists(st.sampled_from(["n", "-n", "b", "-b", "i", "-i", "x", "-x"]), max_size=3)
)
@settings(max_examples=150, deadline=None)
def test_rows_are_ordered_as_sorting_by_hand_does(data, order):
    table = pa.Table.from_pylist(data, SCHEMA)

    answer = evaluate(
        Question(order_by=order_keys(*order)), table, {"n": "text", "b": "boolean", "i": "int", "x": "double"}
    )

    expected = list(data)
    for key in reversed(order):
        name = key.removeprefix("-")
        there = [row for row in expected if row[name] is not None]
        missing = [row for row in expected if row[name] is None]
        expected = sorted(there, key=lambda row: row[name], reverse=key != name) + missing
    assert answer.table.to_pylist() == expected


@pytest.mark.parametrize("select", ["i" + " + 1" * 95, "ifnull(i, " * 95 + "0" + ")" * 95])
def test_the_deepest_text_that_is_read_is_also_computed(select):
    def deep(levels):
        return deep(levels - 1) if levels else asked(f"{select} AS s", where=["NOT " * 96 + "b"], order_by="s")

    assert deep(300).total_count == 2
