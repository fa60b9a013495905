"""Maps to move about in: what they show, and that nothing of a portal acts in them."""

from __future__ import annotations

import html
from datetime import datetime
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

import bdxopendata
from bdxopendata.topics import maps, parking, traffic
from conftest import Serve

pytest.importorskip("folium")
pytest.importorskip("mapclassify")


@pytest.fixture
def parked(serve: Serve, clock: datetime) -> Any:
    return parking.parking(catalog=serve("st_park_p").catalog)


def page_of(frame: Any, *args: Any, **asked: Any) -> str:
    page: str = maps.explore_map(frame, *args, tiles=None, **asked).get_root().render()
    return page


def test_a_map_to_move_about_in_is_a_public_call_and_tells_labels(parked: Any) -> None:

    page = bdxopendata.explore_map(bdxopendata.labels(parked, "fr"), tiles=None).get_root().render()

    assert "Places libres" in page
    assert "Exploitant" in page


def test_texts_of_an_explorable_map_cannot_act_as_html() -> None:
    frame = gpd.GeoDataFrame(
        {"<b>": ["<script>alert(1)</script>", None, "x"], "n": [1, 2, 3]},
        geometry=[Point(0, 0), Point(1, 1), None],
        crs=4326,
    )

    safe = maps.escaped(frame, ["<b>", "n"])

    assert safe.columns.tolist() == ["&lt;b&gt;", "n", "geometry"]
    assert safe.iloc[0, 0] == "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert len(safe) == 2
    assert safe.crs == frame.crs


def test_an_explorable_map_shows_texts_and_acts_on_none(parked: Any) -> None:
    parked.loc[0, "name"] = "<img src=x onerror=alert(1)>"

    page = maps.explore_map(parked, ["name", "free"], tiles=None).get_root().render()

    assert r"\u0026lt;img src=x onerror=alert(1)\u0026gt;" in page
    assert r"\u003cimg src=x" not in page
    assert "<img src=x" not in page


def test_an_explorable_map_names_its_source_in_the_corner(parked: Any) -> None:
    said_of_it = {"attribution": ["<b>Ville</b> {{ 7 * 7 }}"], "licence": "Licence Ouverte v2.0"}
    parked.attrs["bdxopendata"] = {**parked.attrs["bdxopendata"], **said_of_it}

    page = maps.explore_map(parked, ["name"], tiles=None).get_root().render()

    (said,) = [line for line in page.splitlines() if "addAttribution" in line]
    assert "Licence Ouverte v2.0" in said
    assert r"\u0026lt;b\u0026gt;Ville" in said
    assert r"\u0026#123;\u0026#123; 7 * 7 \u0026#125;\u0026#125;" in said


@pytest.mark.parametrize("text", ["a {{ 7 * 7 }} b", "x {% raw %} y", "{# z", "{{ ''.__class__.__mro__ }}"])
def test_an_explorable_map_runs_no_template(parked: Any, text: str) -> None:
    parked.loc[0, "name"] = text
    named = parked.rename(columns={"free": f"{text} free"})

    page = maps.explore_map(named, ["name", f"{text} free"], tiles=None).get_root().render()

    shown = page.replace(r"\u0026", "&").replace(r"\u0027", "'").replace("&#123;", "{").replace("&#125;", "}")
    assert text in html.unescape(shown)


def test_numbers_colour_by_a_scale_with_its_label(parked: Any) -> None:
    parked.loc[0, "free"] = None

    page = page_of(bdxopendata.labels(parked, "fr"), column="free")

    assert "Places libres" in page
    assert page.count(maps.OTHERS) >= 1
    assert len({line for line in page.split('"') if line.startswith("#")}) > 5


def test_states_colour_by_a_legend_in_their_order(serve: Serve, clock: datetime) -> None:
    busy = traffic.traffic(catalog=serve("ci_trafi_l").catalog)

    page = page_of(busy, column="state")

    places = [page.index(f"></span>{state}") for state in traffic.STATES]
    assert places == sorted(places)


def test_a_column_that_is_not_there_cannot_colour(parked: Any) -> None:
    with pytest.raises(KeyError, match="colour"):
        maps.explore_map(parked, column="colour")


def test_points_can_be_hit_and_the_scale_is_seen(parked: Any) -> None:
    page = page_of(parked)

    assert f'"radius": {maps.RADIUS}' in page
    assert "maxWidth = '75vw'" in page


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [
        (0.42685129440096325, "0.4269", "0,4269"),
        (3.0, "3", "3"),
        (367_012.56, "367012.56", "367012,56"),
        (True, "yes", "oui"),
        (pd.Timestamp("2026-06-15 11:59:48.5+02:00"), "2026-06-15 11:59", "2026-06-15 11:59"),
        (pd.Timestamp("2026-06-15"), "2026-06-15", "2026-06-15"),
        (pd.Timedelta("162 days 02:52:35.219735"), "162 days 02:52:35", "162 days 02:52:35"),
    ],
)
def test_values_are_worded_as_people_read_them(parked: Any, value: Any, english: str, french: str) -> None:
    assert maps.worded(parked, value) == english
    assert maps.worded(bdxopendata.labels(parked, "fr"), value) == french


def test_only_the_most_frequent_values_have_a_colour_of_their_own(parked: Any) -> None:
    parked["name"] = [f"often {place % 8}" if place < 80 else f"once {place}" for place in range(len(parked))]

    page = page_of(parked, column="name")

    assert page.count("></span>often") == 8
    assert page.count("></span>once") == 0
    assert page.count("></span>others") == 1
