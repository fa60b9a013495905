"""Facilities of every kind by the stand-in portal."""

from __future__ import annotations

from typing import Any

import pytest

from bdxopendata.errors import DatasetNotFoundError, SchemaDriftError
from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import facilities as topic
from bdxopendata.topics.facilities import facilities
from conftest import Serve

SAMPLES = {"toilets": "bor_sigsanitaire", "playgrounds": "bor_airejeux", "bike_racks": "st_arceau_p"}


def test_kinds_are_listed_and_each_has_a_contract() -> None:
    assert facilities.kinds() == topic.KINDS
    assert all(topic.contract(kind).topic == kind for kind in facilities.kinds())


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_facility_is_a_row_with_the_common_columns(serve: Serve, kind: str) -> None:
    frame = facilities(kind, catalog=serve(SAMPLES[kind]).catalog)

    assert len(frame) == len(samples.make(SAMPLES[kind]).rows)
    assert list(frame.columns[:7]) == ["kind", "name", "detail", "address", "accessible", "insee", "commune"]
    assert set(frame["kind"]) == {kind}
    assert frame["commune"].notna().all()
    assert frame.crs == "EPSG:4326"


def test_a_kind_is_found_whatever_its_case(serve: Serve) -> None:
    assert len(facilities("Bike racks", catalog=serve("st_arceau_p").catalog)) == 800


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="Did you mean 'toilets'"):
        facilities("toilet")


def test_toilets_are_filtered_by_access(serve: Serve) -> None:
    catalog = serve("bor_sigsanitaire").catalog
    everything = facilities("toilets", catalog=catalog)

    usable, not_usable = (facilities("toilets", accessible=one, catalog=catalog) for one in (True, False))

    assert usable["accessible"].all()
    assert len(usable) + len(not_usable) + everything["accessible"].isna().sum() == len(everything)


def test_playgrounds_have_ages_and_games(serve: Serve) -> None:
    frame = facilities("playgrounds", catalog=serve("bor_airejeux").catalog)

    assert 1.5 in set(frame["min_age"])
    assert str(frame["equipment"].dtype) == "Int64"
    assert "area" in frame.attrs["bdxopendata"]["topic"]["unknown_units"]


def test_the_citys_own_facilities_are_in_the_city(serve: Serve) -> None:
    frame = facilities("toilets", commune="Bordeaux", catalog=serve("bor_sigsanitaire").catalog)

    assert set(frame["insee"]) == {"33063"}
    assert {"insee", "commune"} <= set(frame.attrs["bdxopendata"]["topic"]["derived"])


def test_facilities_near_a_point_are_asked_of_the_portal(serve: Serve) -> None:
    served = serve("st_arceau_p")

    frame = facilities("bike_racks", near=(-0.574, 44.841, 2000), catalog=served.catalog)

    assert 0 < len(frame) < 800
    assert any("within_distance" in str(request.get("where")) for request in served.portal.requests)


def test_a_kind_without_a_known_dataset_is_found_through_the_catalogue(serve: Serve) -> None:
    sports = SampleDataset(
        "met_equipements",
        [
            {"name": "designation", "type": "text", "label": "Désignation"},
            {"name": "geo_point_2d", "type": "geo_point_2d", "label": "Geo Point"},
        ],
        [{"designation": "Stade", "geo_point_2d": {"lon": -0.57, "lat": 44.84}}],
        {"default": {"title": "Équipements sportifs de la métropole"}},
    )

    frame = facilities("sports", catalog=serve(sports, "bor_airejeux").catalog)

    assert list(frame["name"]) == ["Stade"]
    assert frame.attrs["bdxopendata"]["topic"]["sources"][0]["found_by"] == "search"


@pytest.mark.parametrize("kind", ["defibrillators", "wifi", "sports"])
def test_a_kind_that_is_nowhere_says_what_was_looked_for(serve: Serve, kind: str) -> None:
    with pytest.raises(DatasetNotFoundError, match=f"topic '{kind}'.*search"):
        facilities(kind, catalog=serve("bor_airejeux").catalog)


def test_asking_for_access_where_nobody_tells_it_is_an_error(serve: Serve) -> None:
    with pytest.raises(SchemaDriftError, match="accessible"):
        facilities("playgrounds", accessible=True, catalog=serve("bor_airejeux").catalog)


@pytest.mark.parametrize(
    ("asked", "error"),
    [({"accessible": 1}, TypeError), ({"commune": "Lyon"}, ValueError), ({"near": (44.8, -0.5, 3)}, ValueError)],
)
def test_wrong_arguments_are_refused(serve: Serve, asked: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        facilities("toilets", catalog=serve("bor_sigsanitaire").catalog, **asked)


def test_the_map_has_a_point_for_each_facility(serve: Serve) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    frame = facilities("playgrounds", catalog=serve("bor_airejeux").catalog)

    ax = topic.plot_map(frame)

    assert len(ax.collections[0].get_offsets()) == len(frame)
