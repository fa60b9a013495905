"""Areas and circles far from here: an empty answer with a hint."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from shapely import box

from bdxopendata.errors import FarAwayWarning
from bdxopendata.topics import bikes, nearby, trees, waste
from conftest import Serve

FAR = [
    (1, 2, 3, 4),
    (2.2, 48.8, 2.4, 48.9),
    box(2.2, 48.8, 2.4, 48.9),
    gpd.GeoSeries([box(650_000, 6_860_000, 655_000, 6_865_000)], crs=2154),
]


@pytest.mark.parametrize("area", FAR[:3], ids=["equator", "Paris", "shape"])
def test_trees_far_away_are_none_and_that_is_said(serve: Serve, area: Any) -> None:
    catalog = serve("ec_arbre_p").catalog
    with pytest.warns(FarAwayWarning, match=r"km away from Bordeaux .*Longitude comes first"):
        frame = trees.trees(area=area, catalog=catalog)

    assert len(frame) == 0
    assert list(frame.columns) == list(trees.trees(catalog=catalog).columns)


@pytest.mark.parametrize("area", FAR, ids=["equator", "Paris", "shape", "frame"])
def test_every_form_of_a_far_area_is_told(area: Any) -> None:
    with pytest.warns(FarAwayWarning, match=r"km away"):
        nearby.box(area)


@pytest.mark.parametrize(
    "area", [(-0.7, 44.7, -0.5, 44.9), (-10, 40, 10, 50), box(-0.6, 44.8, -0.5, 44.9), "POINT (1 2)", None]
)
def test_an_area_that_touches_the_surroundings_is_fine(area: Any) -> None:
    nearby.box(area)


def test_a_far_circle_is_told_with_its_distance(serve: Serve) -> None:
    with pytest.warns(FarAwayWarning, match=r"(499|500) km away"):
        frame = bikes.bikes(near=(2.3522, 48.8566, 500), catalog=serve("ci_vcub_p").catalog, stale_after=None)

    assert len(frame) == 0


def test_a_circle_as_large_as_the_way_to_here_is_fine() -> None:
    assert nearby.circle((2.3522, 48.8566, np.float64(600_000))) == (2.3522, 48.8566, 600_000)


def test_waste_of_another_town_is_told_and_not_taken_for_a_gap(serve: Serve) -> None:
    with pytest.warns(FarAwayWarning) as told:
        frame = waste.waste_collection(2.35, 48.86, at="2026-06-15", catalog=serve("en_frcol_s").catalog)

    assert len(frame) == 0
    assert len(told) == 1


def test_a_swapped_point_is_still_an_error() -> None:
    with pytest.raises(ValueError, match="swapped"):
        nearby.circle((44.84, -0.57, 500))
    with pytest.raises(ValueError, match="swapped"):
        nearby.box((44.8, -0.6, 44.9, -0.5))
