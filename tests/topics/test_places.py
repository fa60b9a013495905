"""Communes found whatever their spelling, and distances in metres."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pyproj
import pytest
from shapely import Point, box

from bdxopendata.topics import places


def test_there_are_28_communes_each_with_a_code_of_five_digits() -> None:
    assert len(places.COMMUNES) == len(places.BY_CODE) == 28
    assert all(len(code) == 5 and code.startswith("33") for code in places.BY_CODE)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Mérignac", "Mérignac"),
        ("MERIGNAC", "Mérignac"),
        ("  mérignac ", "Mérignac"),
        ("33281", "Mérignac"),
        ("281", "Mérignac"),
        ("saint médard en jalles", "Saint-Médard-en-Jalles"),
        ("St-Medard-en-Jalles", "Saint-Médard-en-Jalles"),
        ("ST. AUBIN DE MEDOC", "Saint-Aubin-de-Médoc"),
        ("villenave d’ornon", "Villenave-d'Ornon"),
        ("bouscat", "Le Bouscat"),
        ("Le Taillan Médoc", "Le Taillan-Médoc"),
        ("MÃ©rignac", "Mérignac"),
    ],
)
def test_a_commune_is_found_whatever_its_spelling(written: str, meant: str) -> None:
    assert places.commune(written).name == meant


@pytest.mark.parametrize("one", places.COMMUNES, ids=str)
def test_every_commune_is_found_in_capitals_without_accents_and_hyphens(one: places.Commune) -> None:
    plain = places.folded(one.name).upper()

    assert places.commune(plain) == places.commune(one.code) == places.commune(one) == one


def test_an_unknown_commune_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"'Mérinac'\. Did you mean 'Mérignac'"):
        places.commune("Mérinac")


def test_a_commune_elsewhere_is_no_commune() -> None:
    with pytest.raises(ValueError, match=r"places\.COMMUNES has all 28"):
        places.commune("75056")


@pytest.mark.parametrize("wrong", [33063, None, 1.5])
def test_a_commune_is_text(wrong: object) -> None:
    with pytest.raises(TypeError, match="as text"):
        places.commune(wrong)  # type: ignore[arg-type]


def test_several_communes_are_each_there_once() -> None:
    found = places.communes(["Pessac", "33318", "talence"])

    assert [one.name for one in found] == ["Pessac", "Talence"]


def test_no_communes_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="empty"):
        places.communes([])


def test_codes_and_names_of_a_column_translate_into_each_other() -> None:
    names = pd.Series(["MERIGNAC", None, "Paris"])

    codes = places.codes_of(names)

    assert codes.isna().tolist() == [False, True, True]
    assert places.names_of(codes).iloc[0] == "Mérignac"


def test_a_place_with_latitude_first_is_told_so() -> None:
    with pytest.raises(ValueError, match=r"are swapped: longitude comes first, so \(-0.574, 44.841\)"):
        places.point(44.841, -0.574)


@pytest.mark.parametrize("wrong", [(float("nan"), 44.8), (-0.5, float("inf")), (200.0, 44.8), (-0.5, 95.0)])
def test_a_place_off_the_earth_is_refused(wrong: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="degrees"):
        places.point(*wrong)


@pytest.mark.parametrize("wrong", [("-0.5", 44.8), (True, 44.8), (None, 44.8)])
def test_a_place_is_two_numbers(wrong: tuple[object, float]) -> None:
    with pytest.raises(TypeError, match="lon is a number of degrees"):
        places.point(*wrong)


def test_nearest_measures_metres_as_the_earth_does() -> None:
    around = [Point(-0.574 + east / 100, 44.841 + north / 100) for east in range(-3, 4) for north in range(-3, 4)]
    frame = gpd.GeoDataFrame({"n": range(len(around))}, geometry=around, crs=4326)

    found = places.nearest(frame, -0.574, 44.841, n=10)

    _, _, true = pyproj.Geod(ellps="WGS84").inv(
        [-0.574] * 10, [44.841] * 10, found.geometry.x.to_numpy(), found.geometry.y.to_numpy()
    )
    assert found["distance"].to_numpy() == pytest.approx(true, rel=2e-4, abs=0.1)
    assert found["distance"].is_monotonic_increasing
    # A hundredth of a degree is 1,111 m to the north and 790 m to the east: by degrees, north would come as early.
    assert found["n"].iloc[0] == 24
    assert set(found["n"].iloc[1:3]) == {17, 31}


def test_nearest_measures_to_the_edge_of_a_shape_and_in_any_coordinate_system() -> None:
    shape = gpd.GeoDataFrame(geometry=[box(-0.58, 44.83, -0.57, 44.85)], crs=4326).to_crs(2154)

    assert places.nearest(shape, -0.574, 44.841)["distance"].tolist() == [0.0]


def test_nearest_leaves_out_what_has_no_place() -> None:
    frame = gpd.GeoDataFrame(geometry=[None, Point(-0.5, 44.8), Point()], crs=4326)

    assert places.nearest(frame, -0.574, 44.841).index.tolist() == [1]


def test_nearest_of_nothing_is_empty() -> None:
    frame = gpd.GeoDataFrame({"n": []}, geometry=[], crs=4326)

    assert list(places.nearest(frame, -0.574, 44.841).columns) == ["n", "geometry", "distance"]


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_nearest_wants_at_least_one(n: object, error: type[Exception]) -> None:
    frame = gpd.GeoDataFrame(geometry=[Point(-0.5, 44.8)], crs=4326)

    with pytest.raises(error, match="n is"):
        places.nearest(frame, -0.574, 44.841, n)  # type: ignore[arg-type]
