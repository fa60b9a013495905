"""Real exports of bikes, racks, waste, buildings, parks, toilets and works, through their contracts."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from bdxopendata import formats, frames
from bdxopendata.errors import DataQualityWarning
from bdxopendata.fields import Field, Schema
from bdxopendata.frames import Quality
from bdxopendata.topics import bikes, engine, facilities, pools, waste
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


def test_kinds_and_states_of_stations_and_days_on_which_they_were_made(stations: Any) -> None:
    assert stations["kind"].value_counts().to_dict() == {"VLS": 126, "VLS+": 42}
    assert stations["state"].value_counts().to_dict() == {
        "CONNECTEE": 155,
        "DECONNECTEE": 7,
        "MAINTENANCE": 5,
        "OUT_OF_SERVICE": 1,
    }
    assert stations["in_service"].sum() == 155
    assert (stations["cdate"].dt.year == 2011).sum() == 166


def test_numbers_of_2021_came_as_text_beside_numbers(shared_data: Path) -> None:
    path = found(shared_data, "ci_vcub_p/etalab__transport-site__vcub_v1_record.json")
    (record,) = json.loads(path.read_text(encoding="utf-8"))["records"]
    fields = {name: value for name, value in record["fields"].items() if not name.startswith("geo_")}
    assert (fields["nbelec"], fields["nbclassiq"], fields["nbvelos"]) == ("6", "15", 21)
    plain = replace(bikes.CONTRACT, geometry=None)

    row = engine.apply(plain, pd.DataFrame([fields]), dataset="ci_vcub_p").iloc[0]

    assert (row["electric"], row["classic"], row["bikes"], row["docks"]) == (6, 15, 21, 20)
    assert str(row["observed_at"]) == "2021-11-04 12:43:44+01:00"


def test_racks_have_no_error_and_no_turn(racks: Any) -> None:
    assert racks["geom_err"].isna().all()
    assert set(racks["geom_o"]) == {"0"}
    assert racks["gid"].is_unique
    assert racks["insee"].str.fullmatch(r"33\d{3}").all()


def test_zones_are_simple_and_multiple_and_22_have_an_error(zones: Any) -> None:
    assert zones.geometry.geom_type.value_counts().to_dict() == {"Polygon": 107, "MultiPolygon": 15}
    assert zones["geom_err"].value_counts().to_dict() == {"13356": 13, "13349": 9}
    assert zones["zone"].map(type).eq(str).all()


def test_zones_of_both_kinds_of_waste_often_share_their_middle(zones: Any) -> None:
    kinds = zones.groupby(zones["geo_point_2d"].to_wkt())["waste"].nunique()

    assert (kinds == 2).sum() > 20


def test_buildings_are_all_in_the_city_with_many_postcodes_and_gaps(buildings: Any) -> None:
    assert set(buildings["commune"]) == {"BORDEAUX"}
    assert buildings["code_postal"].nunique() == 42
    assert buildings["detail"].isna().sum() == 500
    assert round(buildings["adresse_2"].isna().mean(), 2) == 0.94
    assert round(buildings["canton"].isna().mean(), 2) == 0.56


def test_each_of_four_codes_is_read_as_it_is_meant(buildings: Any) -> None:
    assert buildings["sleeping"].sum() == 99 + 5
    assert buildings["city_owned"].sum() == 329 + 13
    assert buildings[["sleeping", "city_owned"]].notna().all(axis=None)


def test_no_visitors_at_all_is_kept_as_it_is_said(buildings: Any) -> None:
    assert (buildings["visitors_max"] == 0).sum() == 2541


def test_parks_have_one_kind_and_few_labels(shared_data: Path) -> None:
    path = found(shared_data, "bor_parcjardin/AdrienVH__m2geopo-carto-bdd__parcs_attributes.csv")
    frame = engine.apply(facilities.contract("parks"), pd.read_csv(path, sep=";", dtype=str), dataset="bor_parcjardin")

    assert set(frame["detail"]) == {"Parc, jardin et square"}
    assert frame["upkeep"].value_counts().to_dict() == {"C2": 76, "C3": 4, "NON_RENSEIGNEE": 3, "C1": 1}
    assert frame["label"].notna().sum() == 20
    assert frame["gid"].is_unique
    assert set(frame["geom_err"].dropna()) <= {"13349", "13349.0", "13356", "13356.0"}


def test_counters_of_pools_go_below_zero_and_are_taken_for_none(shared_data: Path) -> None:
    name = "bor_frequentation_piscine_tr/WilliamOlivers__piscine-scrapper__historique_piscine.csv"
    rows = pd.read_csv(found(shared_data, name))
    # Its author renamed the columns, and polled for five days.
    sent = pd.DataFrame(
        {
            "etablissement_etalib": "Piscine",
            "fmizonlib": rows["zone"],
            "fmizonmax": rows["capacite"],
            "fmicourante": rows["frequentation"],
            "datemiseajour": pd.to_datetime(rows["date"]).dt.tz_localize("Europe/Paris"),
        }
    )

    frame = pools.completed(engine.apply(pools.CONTRACT, sent, dataset="bor_frequentation_piscine_tr"), None)

    assert len(frame) == 416
    assert set(frame["zone"]) == {"Ouest", "Est"}
    assert set(frame["capacity"]) == {500}
    assert frame["people_sent"].min() == -17
    assert frame["people"].min() == 0
    below = frame["oddities"].fillna("").str.contains(pools.NEGATIVE)
    assert below.sum() == (rows["frequentation"] < 0).sum() > 0
