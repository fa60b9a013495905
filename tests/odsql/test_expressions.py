"""ODSQL worded in Python."""

from __future__ import annotations

import functools
import operator
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import shapely

from bdxopendata.errors import QueryError
from bdxopendata.odsql import F, agg, now, parse_group_by, parse_where, search

POINT = {"type": "Point", "coordinates": (1.0, 2.0)}
SQUARE = shapely.box(-0.6, 44.8, -0.5, 44.9)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (F.nom == "l'Été", 'nom = "l\'Été"'),
        ((F.hauteur > 20) & F.genre.isin(["Quercus", "Platanus"]), 'hauteur > 20 AND genre IN ("Quercus", "Platanus")'),
        ((F.a == 1) & (F.b == 2) & (F.c == 3), "a = 1 AND b = 2 AND c = 3"),
        ((F.a == 1) & ((F.b == 2) | (F.c == 3)), "a = 1 AND (b = 2 OR c = 3)"),
        (~((F.a == 1) | F.b), "NOT (a = 1 OR b)"),
        (F.a == None, "a IS NULL"),  # noqa: E711  # the comparison is what is tested
        (F.a != None, "a IS NOT NULL"),  # noqa: E711  # the comparison is what is tested
        (F.a == True, "a = TRUE"),  # noqa: E712  # the comparison is what is tested
        (F["odd name"].year == 2020, "year(`odd name`) = 2020"),
        (F.d >= date(2020, 1, 31), "d >= date'2020-01-31'"),
        (F.d >= datetime(2020, 1, 31, 12, tzinfo=timezone(timedelta(hours=1))), "d >= date'2020-01-31T11:00:00Z'"),
        (F.d < pd.Timestamp("2020-01-31", tz="UTC"), "d < date'2020-01-31T00:00:00Z'"),
        (F.x == 1e-7, "x = 0.0000001"),
        (F.x == Decimal("2.50"), "x = 2.5"),
        (F.x == Decimal("2.0"), "x = 2"),
        (F.x == np.float64(1.5), "x = 1.5"),
        (F.x == np.int64(3), "x = 3"),
        (F.x.between(1, 2), "x IN [1..2]"),
        (F.d.between(date(2020, 1, 1), date(2021, 1, 1), "left"), "d IN [date'2020-01-01'..date'2021-01-01'["),
        (F.x.length().between(1, 2, "neither"), "length(x) > 1 AND length(x) < 2"),
        (1 - F.x * 2 + F.y / 3, "1 - x * 2 + y / 3"),
        ((F.x + 1) * 2 - (F.y - F.z), "(x + 1) * 2 - (y - z)"),
        (-F.x, "-1 * x"),
        (F.x.if_null(0), "ifnull(x, 0)"),
        (F.tags.contains("x"), '"x" IN tags'),
        (F.nom.like("pla*"), 'nom LIKE "pla*"'),
        (F.nom.startswith("Pl"), 'startswith(nom, "Pl")'),
        (F.nom.search("pla"), 'search(nom, "pla")'),
        (search("pla", F.a, "b"), 'search(a, b, "pla")'),
        (search("pla"), 'search(*, "pla")'),
        (F.d < now(years=-1, day=1), "d < now(years=-1, day=1)"),
        (F.d.date_format("dd/MM"), 'date_format(d, "dd/MM")'),
        (F.g.within_distance(-0.57, 44.84, 500), "within_distance(g, geom'POINT(-0.57 44.84)', 500m)"),
        (F.g.in_bbox(-0.6, 44.8, -0.5, 44.9), "in_bbox(g, 44.8, -0.6, 44.9, -0.5)"),
        (F.g.distance(-0.57, 44), "distance(g, geom'POINT(-0.57 44)')"),
        (F.g.intersects(shapely.Point(1, 2, 3)), "intersects(g, geom'POINT(1 2)')"),
        (F.g.disjoint({"type": "Feature", "geometry": POINT}), "disjoint(g, geom'POINT(1 2)')"),
        (F.g.within("POLYGON((0 0,1 0,1 1,0 0))"), "within(g, geom'POLYGON((0 0, 1 0, 1 1, 0 0))')"),
        (agg.count(), "count(*)"),
        (agg.count("x"), "count(x)"),
        (agg.count_distinct(F.x), "count(distinct x)"),
        (agg.percentile("x", 95), "percentile(x, 95)"),
    ],
)  # fmt: skip
def test_the_text_of_an_expression_is_its_odsql(expression, text):
    assert str(expression) == text


def test_ranges_and_clusters_to_group_by_are_read_back():
    keys = [F.x.range(10), F.x.range(1, 2.5, below=True, above=True), F.d.range("1 day"), F.g.geo_cluster(5, 20)]

    assert [key.expression for key in parse_group_by(", ".join(map(str, keys)))] == [key.node for key in keys]


@pytest.mark.parametrize("area", [SQUARE, shapely.MultiPolygon([SQUARE, shapely.box(0, 0, 1, 1)]), SQUARE.boundary])
def test_an_area_keeps_its_shape(area):
    node = parse_where(str(F.g.within(area))).arguments[1]

    assert shapely.from_wkt(node.text).equals(area)


def test_dates_in_a_list_and_functions_become_equalities_since_portals_cannot_list_them():
    dates = F.d.isin([date(2020, 1, 1), date(2021, 1, 1)])

    assert str(dates) == "d = date'2020-01-01' OR d = date'2021-01-01'"
    assert str(F.x.lower().isin(["a", "b"])) == 'lower(x) = "a" OR lower(x) = "b"'


def test_a_missing_value_in_a_list_is_asked_for_as_such():
    assert str(F.x.isin(["a", None])) == 'x IS NULL OR x IN ("a")'


def test_an_empty_list_is_never_true():
    assert str(F.x.isin([])) == "x IS NULL AND x IS NOT NULL"


def test_thousands_of_conditions_can_be_joined_one_by_one():
    joined = functools.reduce(operator.or_, [F.x == number for number in range(3_000)])

    assert len(joined.node.parts) == 3_000


def test_an_expression_that_is_nested_too_deep_is_refused_when_it_is_made():
    with pytest.raises(QueryError, match="nested"):
        functools.reduce(operator.add, [F.x] * 500)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: F.x == float("nan"),
        lambda: F.x == float("inf"),
        lambda: F.x == Decimal("NaN"),
        lambda: F.d == datetime(2020, 1, 1),
        lambda: F.d == pd.NaT,
        lambda: F.x.between(1, 2, "left-ish"),
        lambda: F.g.within("POLYGON EMPTY"),
        lambda: F.g.within("nonsense"),
        lambda: F.g.within({"type": "Polygon", "coordinates": [[[0, 0], [float("nan"), 0], [1, 1], [0, 0]]]}),
        lambda: F.g.within(shapely.box(417_000, 6_420_000, 418_000, 6_421_000)),
        lambda: F.g.within({"type": "FeatureCollection", "features": []}),
        lambda: F.g.within(shapely.GeometryCollection([SQUARE])),
        lambda: F.g.in_bbox(1, 0, 0, 1),
        lambda: F.g.in_bbox(0, -91, 1, 1),
        lambda: F.g.within_distance(0, 0, -1),
        lambda: F.d.range("2 months"),
        lambda: F.g.geo_cluster(26),
        lambda: agg.percentile("x", 101),
        lambda: now(month=13),
        lambda: F.x.alias(""),
    ],
)
def test_a_value_that_cannot_be_asked_for_is_a_value_error(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        wrong()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: bool(F.x == 1),
        lambda: 1 < F.x < 2,
        lambda: F.x in [1, 2],
        lambda: list(F.x),
        lambda: list(F),
        lambda: F.x < None,
        lambda: F.x == object(),
        lambda: F.x & True,
        lambda: F.x + "a",
        lambda: F.x.isin("abc"),
        lambda: F.x.like(3),
        lambda: F.g.within(3),
        lambda: F.x.lower().contains("x"),
        lambda: now(foo=1),
        lambda: now(days=1.5),
        lambda: F[""],
        lambda: hash(F.x),
    ],
)
def test_a_wrong_use_is_a_type_error(wrong):
    with pytest.raises(TypeError):
        wrong()


def test_private_names_are_no_fields_unless_asked_for_by_text():
    assert not hasattr(F, "_repr_html_")
    assert str(F["_x"] == 1) == "_x = 1"


def test_times_are_sent_in_utc_with_microseconds_only_where_there_are_some():
    assert str(F.d == datetime(2020, 1, 1, 0, 0, 0, 5, tzinfo=UTC)) == "d = date'2020-01-01T00:00:00.000005Z'"


def test_wording_a_question_loads_nothing_heavy():
    code = (
        "import sys; from bdxopendata.odsql import F, agg, Question, render, outputs; str(F.a == 1); "
        "heavy = {'pyarrow', 'lark', 'numpy', 'pandas', 'shapely'} & set(sys.modules); assert not heavy, heavy"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
