"""Wording a question: immutable, lazy, and refused early where it is wrong."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from shapely.geometry import Point, box

from bdxopendata import F, agg
from bdxopendata.errors import FarAwayWarning, QueryError, UnknownFieldError
from bdxopendata.query import Query
from bdxopendata.testing import SampleDataset

if TYPE_CHECKING:
    from conftest import Serve, Served

TREES = SampleDataset(
    "trees",
    [
        {"name": "geo_point_2d", "type": "geo_point_2d"},
        {"name": "genre", "type": "text", "annotations": {"facet": True, "disjunctive": True}},
        {"name": "hauteur", "type": "double"},
        {"name": "insee", "type": "text", "annotations": {"facet": True}},
        {"name": "plante", "type": "datetime"},
    ],
    [
        {
            "geo_point_2d": {"lon": -0.58 + number / 1000, "lat": 44.84},
            "genre": ["Quercus", "Platanus", None][number % 3],
            "hauteur": None if number == 7 else float(number),
            "insee": "33063",
            "plante": f"2020-01-{number + 1:02}T12:00:00+00:00",
        }
        for number in range(30)
    ],
)


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve(TREES)


def test_every_verb_returns_a_new_question(served: Served) -> None:
    trees = served.dataset("trees")
    first = trees.where(F.hauteur > 20)

    steps = [
        first.where(F.genre == "Quercus"),
        first.refine(insee="33063"),
        first.exclude(genre="Platanus"),
        first.select("genre"),
        first.order_by("-hauteur"),
        first.limit(3),
        first.within(box(-1, 44, 0, 45)),
        first.bbox(-1, 44, 0, 45),
        first.near(-0.57, 44.84, 100),
        first.group_by("genre"),
    ]

    assert str(first) == "Query of 'trees': where hauteur > 20"
    assert len({str(step) for step in (first, *steps)}) == len(steps) + 1
    assert len(served.portal.requests) == 0


def test_conditions_add_up(served: Served) -> None:
    trees = served.dataset("trees")

    both = trees.where(F.hauteur > 20).where("genre = 'Quercus'")
    at_once = trees.where(F.hauteur > 20, "genre = 'Quercus'")

    assert both == at_once
    assert both.count() == sum(1 for row in TREES.rows if (row["hauteur"] or 0) > 20 and row["genre"] == "Quercus")


def test_one_condition_cannot_change_another(served: Served) -> None:
    trees = served.dataset("trees")

    with pytest.raises(QueryError):
        trees.where("genre = 'x') OR (hauteur > 0")

    query = trees.where(F.hauteur > 28).where("genre = 'x' OR hauteur > 0")
    assert query.count() == 1


@pytest.mark.parametrize("text", ["l'Été", '"', "'", "\\", "\\'", "a\nb", "' OR 1=1 --", "*", "é\\\\\"'", "\x00"])
def test_any_text_is_one_literal(serve: Serve, text: str) -> None:
    rows = [{"nom": text}, {"nom": "other"}]
    served = serve(SampleDataset("names", [{"name": "nom", "type": "text"}], rows))

    frame = served.dataset("names").where(F.nom == text).to_pandas()

    assert list(frame["nom"]) == [text]


def test_unknown_fields_are_refused_with_the_nearest_before_rows_are_asked_for(served: Served) -> None:
    trees = served.dataset("trees")
    queries = [
        trees.where(F.hauter > 20),
        trees.where("hauter > 20"),
        trees.select("hauter"),
        trees.select(cm=F.hauter * 100),
        trees.order_by("-hauter"),
        trees.group_by("hauter").select(n=agg.count()),
        trees.group_by("genre").select(n=agg.max("hauter")),
        trees.refine(hauter="20"),
        trees.exclude(hauter="20"),
        trees.bbox(-1, 44, 0, 45, field="hauter"),
    ]

    for query in queries:
        with pytest.raises(UnknownFieldError, match="Did you mean 'hauteur'"):
            query.to_pandas()

    assert served.asked("records") == []
    assert served.asked("parquet") == []


def test_columns_are_chosen_computed_and_ordered(served: Served) -> None:
    query = served.dataset("trees").select("hauteur", "genre", height_cm=F.hauteur * 100, one=1).order_by("-hauteur")

    frame = query.limit(2).to_pandas()

    assert list(frame.columns) == ["hauteur", "genre", "height_cm", "one"]
    assert list(frame["height_cm"]) == [2900.0, 2800.0]
    assert list(frame["one"]) == [1, 1]


def test_two_columns_of_one_name_are_refused(served: Served) -> None:
    trees = served.dataset("trees")

    with pytest.raises(ValueError, match="two columns named hauteur"):
        trees.select("hauteur", hauteur=F.hauteur * 2)
    with pytest.raises(ValueError, match="two columns named genre"):
        trees.group_by("genre", "genre")


def test_names_in_one_list_are_taken_one_by_one(served: Served) -> None:
    trees = served.dataset("trees")

    assert trees.select(["genre", "hauteur"]) == trees.select("genre", "hauteur")
    assert trees.order_by(["genre", "-hauteur"]) == trees.order_by("genre", "-hauteur")
    assert trees.group_by(["genre"]) == trees.group_by("genre")


def test_conditions_without_parentheses_are_refused_with_the_way_out() -> None:
    with pytest.raises(TypeError, match=r"\(F\.a > 1\) & \(F\.b < 2\)"):
        F.hauteur > 1 & F.genre == "Quercus"  # noqa: B015
    with pytest.raises(TypeError, match="parentheses"):
        F.hauteur > 1 | F.genre == "Quercus"  # noqa: B015


@pytest.mark.parametrize("crs", ["EPSG:999999", "nowhere", -1, object()])
def test_a_coordinate_system_that_is_none_is_refused_before_anything_is_asked(served: Served, crs: Any) -> None:
    with pytest.raises(ValueError, match="crs is a coordinate system"):
        served.dataset("trees").to_geopandas(crs=crs)

    assert len(served.portal.requests) == 0


def test_limit_is_the_total(served: Served) -> None:
    trees = served.dataset("trees")

    assert len(trees.limit(7).to_pandas()) == 7
    assert len(trees.limit(1000).to_pandas()) == 30
    assert trees.limit(7).count() == 7
    assert trees.limit(7).limit(None).count() == 30
    assert len(trees.limit(0).to_pandas()) == 0


@pytest.mark.parametrize("limit", [-1, -5, 10**30])
def test_a_negative_limit_is_refused(served: Served, limit: int) -> None:
    with pytest.raises(ValueError, match="whole number from 0"):
        served.dataset("trees").limit(limit)


@pytest.mark.parametrize("limit", [1.5, "3", True, [3]])
def test_a_limit_that_is_no_number_is_refused(served: Served, limit: Any) -> None:
    with pytest.raises(TypeError, match="whole number"):
        served.dataset("trees").limit(limit)


def test_rows_near_a_point_and_in_an_area_are_found(served: Served) -> None:
    trees = served.dataset("trees")
    area = box(-0.5805, 44.8, -0.5745, 44.9)

    by_point = trees.near(-0.58, 44.84, 200).to_geopandas()
    by_box = trees.bbox(*area.bounds).to_geopandas()
    by_area = trees.within(area).to_geopandas()

    assert len(by_point) == 3  # a thousandth of a degree of longitude is 79 m here
    assert len(by_box) == len(by_area) == 6
    assert by_area.geometry.within(area).all()


@pytest.mark.parametrize(
    "area",
    [
        box(-1, 44, 0, 45),
        {"type": "Polygon", "coordinates": [[[-1, 44], [0, 44], [0, 45], [-1, 44]]]},
        "POLYGON ((-1 44, 0 44, 0 45, -1 44))",
    ],
)
def test_an_area_is_anything_with_a_geometry(served: Served, area: Any) -> None:
    assert served.dataset("trees").within(area).count() >= 0


@pytest.mark.parametrize(
    ("verb", "arguments", "error"),
    [
        ("bbox", (0, 44, -1, 45), ValueError),
        ("bbox", (-1, 45, 0, 44), ValueError),
        ("bbox", (-1, 44, 0, 95), ValueError),
        ("bbox", (-1, 44, 0, math.nan), ValueError),
        ("bbox", (-1, 44, 0, "45"), TypeError),
        ("near", (-0.57, 44.84, 0), ValueError),
        ("near", (-0.57, 44.84, -5), ValueError),
        ("near", (-0.57, 44.84, math.inf), ValueError),
        ("near", (44.84, 95, 5), ValueError),
        ("near", ("x", 44.84, 5), TypeError),
        ("within", (Point(),), ValueError),
        ("within", (3,), TypeError),
        ("within", ("not wkt",), ValueError),
        ("where", (), TypeError),
        ("where", (3,), TypeError),
        ("where", (None,), TypeError),
        ("select", (None,), TypeError),
        ("group_by", (3,), TypeError),
        ("order_by", (None,), TypeError),
        ("select", (), TypeError),
        ("group_by", (), TypeError),
        ("order_by", (), TypeError),
        ("refine", (), TypeError),
        ("exclude", (), TypeError),
        ("refine", ({"insee": []},), ValueError),
        ("refine", ({"insee": ""},), ValueError),
        ("refine", ({"insee": {"a": 1}},), TypeError),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_asked(
    served: Served, verb: str, arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        getattr(served.dataset("trees"), verb)(*arguments)

    assert len(served.portal.requests) == 0


def test_unknown_keywords_are_refused(served: Served) -> None:
    with pytest.raises(TypeError):
        served.dataset("trees").limit(rows=3, offset=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        served.dataset("trees").to_pandas(labels=True)  # type: ignore[call-arg]


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        F.plante > datetime(2020, 1, 1)  # noqa: B015


def test_dates_and_moments_compare(served: Served) -> None:
    trees = served.dataset("trees")

    assert trees.where(F.plante >= datetime(2020, 1, 30, 12, tzinfo=UTC)).count() == 1
    assert trees.where(F.plante > date(2020, 1, 29)).count() == 2
    assert trees.where(F.plante.year == 2020).count() == 30


def test_missing_values_compare_as_the_portal_says(served: Served) -> None:
    trees = served.dataset("trees")

    assert trees.where(F.hauteur.is_null()).count() == 1
    assert trees.where(F.hauteur >= 0).count() == 29
    assert trees.where(~(F.hauteur >= 0)).count() == 1
    assert trees.where(F.genre == None).count() == 10  # noqa: E711  the expression that people write


def test_refined_values_of_a_disjunctive_field_are_joined_by_or(served: Served) -> None:
    trees = served.dataset("trees")

    assert trees.refine(genre=["Quercus", "Platanus"]).count() == 20
    assert trees.refine({"genre": "Quercus"}, insee="33063").count() == 10
    assert trees.exclude(genre="Quercus").count() == 20


def test_groups_are_whole_and_typed(served: Served) -> None:
    query = served.dataset("trees").group_by("genre").select(n=agg.count(), tallest=agg.max("hauteur"))

    frame = query.order_by("-n").to_pandas()

    assert list(frame.columns) == ["genre", "n", "tallest"]
    assert frame["n"].sum() == 30
    assert str(frame["n"].dtype) == "Int64"
    assert frame["genre"].isna().sum() == 1
    assert dict(zip(frame["genre"].fillna("?"), frame["tallest"], strict=True)) == {
        "Quercus": 27.0,
        "Platanus": 28.0,
        "?": 29.0,
    }


def test_groups_are_not_cut_at_ten(serve: Serve) -> None:
    rows = [{"code": f"{number:04}"} for number in range(500)]
    served = serve(SampleDataset("codes", [{"name": "code", "type": "text"}], rows))

    query = served.dataset("codes").group_by("code").select(n=agg.count())

    assert len(query.to_pandas()) == 500
    assert query.count() == 500
    assert len(query.limit(7).to_pandas()) == 7


@pytest.mark.parametrize("era", ["2021", "2026"])
def test_groups_are_whole_in_both_eras(serve: Serve, era: str) -> None:
    served = serve(TREES, era=era)

    assert len(served.dataset("trees").group_by("genre").select(n=agg.count()).to_pandas()) == 3


def test_a_name_given_to_a_group_key_in_select_names_the_key(served: Served) -> None:
    query = served.dataset("trees").group_by(F.plante.year).select(year=F.plante.year, n=agg.count())

    frame = query.to_pandas()

    assert frame.to_dict("list") == {"year": [2020], "n": [30]}


def test_group_keys_alone_are_the_distinct_values(served: Served) -> None:
    frame = served.dataset("trees").group_by("genre").to_pandas()

    assert list(frame.columns) == ["genre"]
    assert len(frame) == 3


def test_an_aggregate_without_groups_is_one_row(served: Served) -> None:
    query = served.dataset("trees").select(n=agg.count(), mean=agg.avg("hauteur"))

    frame = query.to_pandas()

    assert len(frame) == 1
    assert frame.loc[0, "n"] == 30
    assert query.count() == 1


def test_an_aggregate_over_nothing_is_still_one_row(served: Served) -> None:
    frame = served.dataset("trees").where(F.hauteur > 1000).select(n=agg.count(), m=agg.max("hauteur")).to_pandas()

    assert len(frame) == 1
    assert frame.loc[0, "n"] == 0
    assert frame["m"].isna().all()


def test_a_question_says_what_it_would_ask_without_asking(served: Served) -> None:
    query = served.dataset("trees").where(F.hauteur > 20).select("genre").limit(5)

    text, url = query.explain(), query.url()

    assert "where = hauteur > 20" in text
    assert "records" in text
    assert url.startswith(
        f"{served.portal.url}/api/explore/v2.1/catalog/datasets/trees/records?where=hauteur%20%3E%2020"
    )
    assert len(served.portal.requests) == 0


def test_an_address_answers_in_any_client(served: Served) -> None:
    import json
    from urllib.request import urlopen

    query = served.dataset("trees").where(F.genre == "Quercus").order_by("hauteur")

    with urlopen(query.url(format="json")) as answer:  # loopback
        rows = json.load(answer)

    assert len(rows) == 10


def test_a_question_is_no_list_and_no_truth_value_of_its_rows(served: Served) -> None:
    query = served.dataset("trees").limit(0)

    assert query
    with pytest.raises(TypeError, match="to_pandas"):
        list(query)
    with pytest.raises(TypeError, match="A Dataset is not a list"):
        list(served.dataset("trees"))


def test_questions_compare_and_can_be_keys(served: Served) -> None:
    trees = served.dataset("trees")

    assert trees.where(F.hauteur > 20) == trees.where(F.hauteur > 20)
    assert trees.where(F.hauteur > 20) != trees.where(F.hauteur > 21)
    assert isinstance({trees.limit(3): 1}, dict)


def test_a_dataset_without_geometry_cannot_be_asked_by_place(serve: Serve) -> None:
    served = serve(SampleDataset("codes", [{"name": "code", "type": "text"}], [{"code": "1"}]))

    with pytest.raises(ValueError, match="no field of points or shapes"):
        served.dataset("codes").near(-0.57, 44.84, 100).to_pandas()


def test_a_long_question_is_answered_from_the_whole_dataset(served: Served) -> None:
    many = [f"name number {number}" for number in range(2000)]

    frame = served.dataset("trees").where(F.genre.isin([*many, "Quercus"])).to_pandas()

    assert len(frame) == 10
    assert "trees/exports/parquet" in served.asked()
    assert isinstance(served.dataset("trees").where(F.genre.isin(many)), Query)


def test_a_point_or_a_line_is_no_area(served: Served) -> None:
    trees = served.dataset("trees")

    for place in (Point(-0.57, 44.84), "LINESTRING(0 0, 1 1)", {"type": "MultiPoint", "coordinates": [[0, 1]]}):
        with pytest.raises(ValueError, match=r"within\(\) wants an area.*near\("):
            trees.within(place)


def test_an_outline_that_crosses_itself_is_refused_with_the_place(served: Served) -> None:
    with pytest.raises(ValueError, match=r"Self-intersection\[0.5 0.5\].*make_valid"):
        served.dataset("trees").within("POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))")


def test_an_area_that_knows_its_coordinate_system_is_brought_to_degrees(served: Served) -> None:
    import geopandas as gpd

    area = gpd.GeoSeries([box(-0.5805, 44.83, -0.5695, 44.85)], crs=4326)

    trees = served.dataset("trees")
    assert trees.within(area.to_crs(2154)).count() == trees.within(area).count() > 0


BORDEAUX_BOX = (-1.3, 44.5, -0.1, 45.2)


@pytest.fixture
def known(served: Served) -> Any:
    """The trees on a portal that says where its data lie."""
    from bdxopendata import Catalog, Portal

    return Catalog(Portal("stand-in", (served.portal.url,), extent=BORDEAUX_BOX, stand_in=True))["trees"]


def test_coordinates_in_the_wrong_order_are_told(known: Any) -> None:
    with pytest.warns(FarAwayWarning, match=r"Longitude comes first.*near\(-0.57, 44.84, 500\)"):
        known.near(44.84, -0.57, 500)
    with pytest.warns(FarAwayWarning, match=r"bbox\(-1, 44, 0, 45\)"):
        known.bbox(44, -1, 45, 0)


def test_coordinates_in_order_or_elsewhere_are_left_alone(known: Any, served: Served) -> None:
    known.near(-0.57, 44.84, 500)
    known.bbox(-1, 44, 0, 45)
    known.near(2.35, 48.85, 500)
    # Nothing is known of where these lie.
    served.dataset("trees").near(44.84, -0.57, 500)


def test_where_a_dataset_lies_counts_more_than_where_its_portal_does(serve: Serve) -> None:
    corners = [[5.0, 45.0], [6.0, 45.0], [6.0, 46.0], [5.0, 46.0], [5.0, 45.0]]
    place = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [corners]}, "properties": {}}
    trees = serve(replace(TREES, metas={"default": {"bbox": place}})).dataset("trees")
    assert trees.info.extent == (5.0, 45.0, 6.0, 46.0)

    with pytest.warns(FarAwayWarning, match=r"near\(5.5, 45.5, 10\)"):
        trees.near(45.5, 5.5, 10)


@pytest.mark.parametrize("bbox", [None, {}, {"geometry": None}, {"geometry": {"coordinates": [[["a", "b"]]]}}, "x"])
def test_a_place_that_cannot_be_understood_is_unknown(serve: Serve, bbox: Any) -> None:
    assert serve(replace(TREES, metas={"default": {"bbox": bbox}})).dataset("trees").info.extent is None


def test_bordeaux_is_known_to_lie_where_it_lies() -> None:
    from bdxopendata import BORDEAUX, Dataset

    assert BORDEAUX.extent is not None
    with pytest.warns(FarAwayWarning, match="Longitude comes first"):
        Dataset("ec_arbre_p").near(44.84, -0.57, 500)
