"""Real exports of bikes, racks, waste, buildings, parks, toilets and works, through their contracts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from bdxopendata import formats, frames
from bdxopendata.errors import DataQualityWarning
from bdxopendata.fields import Field, Schema
from bdxopendata.frames import Quality
from bdxopendata.topics import bikes, engine, facilities, waste
from support import real


def found(shared_data: Path, name: str) -> Path:
    path = shared_data / "real" / name
    if not path.is_file():
        pytest.skip(f"{name} is not here")
    return path


@pytest.fixture
def stations(shared_data: Path) -> Any:
    path = found(shared_data, "ci_vcub_p/americium-241__YNOV_PFE__ci_vcub_p.csv")
    raw = real.read(path, "csv", real.schema_of("ci_vcub_p"), labels=True)
    return bikes.completed(engine.apply(bikes.CONTRACT, raw, dataset="ci_vcub_p"), None)


def test_every_station_of_2023_comes_through(stations: Any) -> None:
    assert len(stations) == 168
    assert stations["station"].is_unique
    assert str(stations["observed_at"].dt.tz) == "Europe/Paris"
    assert stations["observed_at"].nunique() == 1


def test_the_portals_gid_is_not_the_station_number(stations: Any) -> None:
    assert (stations["station"] != stations["gid"]).sum() == 161


def test_electric_and_classic_bikes_add_up_in_2023(stations: Any) -> None:
    assert (stations["electric"] + stations["classic"] == stations["bikes"]).all()
    assert not stations["oddities"].fillna("").str.contains(bikes.NOT_THE_SUM).any()


def test_eight_gaps_of_the_insee_code_are_filled_from_the_commune(stations: Any) -> None:
    assert stations["insee_portal"].isna().sum() == 8
    assert stations["insee"].notna().all()
    assert stations["commune"].nunique() == 13


@pytest.fixture
def racks(shared_data: Path) -> Any:
    path = found(shared_data, "st_arceau_p/axelbellec__boop__opendata-bordeaux-st_arceau_p.geojson")
    schema = Schema([*real.schema_of("st_arceau_p")])
    raw = real.read(path, "geojson", schema)
    return facilities.completed(
        "bike_racks", engine.apply(facilities.contract("bike_racks"), raw, dataset="st_arceau_p")
    )


def test_every_rack_of_2024_comes_through(racks: Any) -> None:
    assert len(racks) == 4148
    assert racks["detail"].value_counts().to_dict() == {
        "ARCEAU_VELO": 3864,
        "ARCEAU_MOTO": 191,
        "ARCEAU_VELO_CARGO": 93,
    }
    assert racks["equipment"].min() >= 1
    assert racks["commune"].nunique() == 28


def test_racks_share_points_and_have_no_dates(racks: Any) -> None:
    assert racks.geometry.to_wkb().nunique() == 4100
    assert racks["cdate"].isna().all()
    assert racks["mdate"].isna().all()


@pytest.fixture
def zones(shared_data: Path) -> Any:
    path = found(shared_data, "en_frcol_s/zlahmar__EcoTri-APPMOBILE__en_frcol_s.json")
    raw = real.read(path, "json", real.schema_of("en_frcol_s"))
    return waste.completed(engine.apply(waste.CONTRACT, raw, dataset="en_frcol_s"))


def test_every_zone_of_waste_comes_through(zones: Any) -> None:
    assert len(zones) == 132
    assert zones["waste"].value_counts().to_dict() == {"household": 67, "sorted": 65}
    assert zones["at_night"].sum() == 17
    assert zones["commune"].nunique() == 21
    assert zones["weekdays"].map(lambda days: set(days) <= set(range(1, 7))).all()


def test_ten_zones_have_no_shape_and_a_geometry_error(zones: Any) -> None:
    shapeless = zones[zones.geometry.isna()]

    assert len(shapeless) == 10
    assert (shapeless["oddities"] == waste.NO_SHAPE).all()
    assert shapeless["geom_err"].isin(["13349", "13356"]).all()
    assert shapeless["geo_point_2d"].notna().all()


def test_an_address_of_merignac_has_its_days(zones: Any) -> None:
    centre = zones[(zones["commune"] == "Mérignac") & zones.geometry.notna()].geometry.iloc[0].representative_point()

    frame = waste.at_point(zones, centre.x, centre.y, pd.Timestamp("2026-06-15").date())

    assert set(frame["waste"]) <= {"household", "sorted"}
    assert len(frame)


@pytest.fixture
def buildings(shared_data: Path) -> Any:
    path = found(shared_data, "bor_erp/the-wam__spark__bor_erp.csv")
    header = path.read_text(encoding="utf-8").partition("\n")[0].strip().split(";")
    types = {"categorie": "double", "effectif_personnel": "int", "nb_visiteurs_max": "int", "geometrie": "geo_point_2d"}
    schema = Schema([Field(name, types.get(name, "text")) for name in header])
    raw = frames.to_geopandas(frames.conform(formats.read(path, "csv", schema), schema, Quality()), schema)
    return facilities.completed(
        "public_buildings", engine.apply(facilities.contract("public_buildings"), raw, dataset="bor_erp")
    )


def test_every_building_comes_through_with_its_geometry_under_another_name(buildings: Any) -> None:
    assert isinstance(buildings, gpd.GeoDataFrame)
    assert len(buildings) == 9243
    assert buildings.geometry.isna().sum() == 713


def test_categories_are_whole_numbers_though_sent_as_decimals(buildings: Any) -> None:
    assert set(buildings["category"].dropna()) == {1, 2, 3, 4, 5}
    assert buildings["category"].isna().sum() == 559
    assert buildings["detail"].nunique() == 26


def test_four_codes_are_two_meanings(buildings: Any) -> None:
    assert set(buildings["city_owned"].dropna()) == {True, False}
    assert set(buildings["sleeping"].dropna()) == {True, False}


def test_parks_keep_labels_and_upkeep(shared_data: Path) -> None:
    path = found(shared_data, "bor_parcjardin/AdrienVH__m2geopo-carto-bdd__parcs_attributes.csv")
    raw = pd.read_csv(path, sep=";", dtype=str)
    frame = engine.apply(facilities.contract("parks"), raw, dataset="bor_parcjardin")

    assert len(frame) == 84
    assert frame["name"].notna().all()
    assert set(frame["upkeep"].dropna()) <= {"C1", "C2", "C3", "NON_RENSEIGNEE"}
    assert frame["label"].isna().mean() > 0.5


def test_the_old_toilets_are_not_taken_for_the_present_ones(shared_data: Path) -> None:
    path = found(shared_data, "bor_sigsanitaire/anthill__ToilettesBordeaux__toilettes_odata_2014.json")
    rows = pd.DataFrame(json.loads(path.read_text(encoding="utf-8"))["d"])

    frame = engine.apply(facilities.contract("toilets"), rows, dataset="sigsanitaire")

    assert len(frame) == 74
    assert frame["address"].notna().all()
    assert frame["name"].notna().sum() > 60
    # The kind and the access stand under other names in 2014: they follow, and are not guessed.
    assert frame["detail"].isna().all()
    assert frame["typologie"].value_counts().to_dict() == {
        "Sanitaire automatique": 45,
        "Urinoir": 26,
        "Chalet de nécessité": 2,
        "Sanitaire automatique avec urinoir": 1,
    }


def test_a_code_that_is_neither_yes_nor_no_is_counted() -> None:
    rows = pd.DataFrame({"handi": ["OUI", "NON", "PEUT-ETRE"], "adresse": ["a", "b", "c"]})

    with pytest.warns(DataQualityWarning, match="accessible"):
        frame = engine.apply(facilities.contract("toilets"), rows)

    assert frame["accessible"].tolist() == [True, False, pd.NA]
