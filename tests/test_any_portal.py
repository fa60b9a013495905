"""Datasets of other portals, as those portals describe them: they list, load and read without code of their own."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bdxopendata import Catalog, F, Portal, agg
from bdxopendata.testing import SampleDataset, StandIn
from support.recorded import ART, ART_NOTES, CARBON, fields_of, recorded, sample_of

ROADS = ["parquet", "csv", "json", "jsonl", "geojson"]


def served(*samples: SampleDataset, zone: str) -> Iterator[Catalog]:
    with StandIn(samples, language="en") as portal:
        yield Catalog(Portal("another portal", (portal.url,), timezone=zone, language="en", stand_in=True))


@pytest.fixture(scope="module")
def ukpn_objects(shared_data: Path) -> dict[str, Mapping[str, Any]]:
    listed = recorded(shared_data, "ukpn", "getDatasets.json")["results"]
    one = recorded(shared_data, "ukpn", "getDataset-live-faults.json")
    return {described["dataset_id"]: described for described in [*listed, one]}


@pytest.fixture(scope="module")
def faults(shared_data: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = recorded(shared_data, "ukpn", "getRecords-live-faults.json")["results"]
    return rows


@pytest.fixture
def ukpn(
    ukpn_objects: dict[str, Mapping[str, Any]], faults: list[dict[str, Any]], shared_data: Path
) -> Iterator[Catalog]:
    carbon = recorded(shared_data, "ukpn", "getRecords-carbon-intensity.json")["results"]
    samples = [sample_of(one, faults if name == "ukpn-live-faults" else ()) for name, one in ukpn_objects.items()]
    yield from served(*samples, SampleDataset("carbon", fields_of(CARBON), carbon), zone="Europe/London")


@pytest.fixture
def enw(shared_data: Path) -> Iterator[Catalog]:
    listed = recorded(shared_data, "enw", "list-datasets.json")["results"]
    yield from served(
        *map(sample_of, [*listed, recorded(shared_data, "enw", "get-dataset.json")]), zone="Europe/London"
    )


@pytest.fixture(scope="module")
def works(shared_data: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = recorded(shared_data, "vancouver_art", "public-art.json")
    return rows


@pytest.fixture
def vancouver(works: list[dict[str, Any]]) -> Iterator[Catalog]:
    yield from served(SampleDataset("public-art", fields_of(ART, ART_NOTES), works), zone="America/Vancouver")


def test_descriptions_are_read_without_a_problem(ukpn: Catalog, ukpn_objects: dict[str, Mapping[str, Any]]) -> None:
    assert set(ukpn) == {*ukpn_objects, "carbon"}
    for name, described in ukpn_objects.items():
        info = ukpn[name].info
        assert info.problems == ()
        assert info.schema.types() == {one["name"]: one["type"] for one in described["fields"]}
        assert [one.id for one in info.attachments] == [one["id"] for one in described["attachments"]]
        assert info.version == described["metas"]["default"]["data_processed"]
        assert "<" not in info.description


def test_datasets_without_public_records_say_so(enw: Catalog) -> None:
    frame = enw.to_pandas()

    assert len(frame) == len(enw) == 3
    assert not any(enw[name].info.data_visible for name in enw)
    assert max(len(enw[name].schema) for name in enw) == 101


def test_catalogue_is_searched(ukpn: Catalog) -> None:
    assert [one.id for one in ukpn.search("noise")] == ["ukpn-noise-contours"]


@pytest.mark.parametrize("road", ROADS)
def test_recorded_rows_come_back_by_every_road(ukpn: Catalog, faults: list[dict[str, Any]], road: Any) -> None:
    frame = ukpn["ukpn-live-faults"].to_pandas(format=road)

    assert frame["incidentreference"].tolist() == [row["incidentreference"] for row in faults]
    assert frame["incidenttype"].tolist() == [row["incidenttype"] for row in faults]
    # This publisher keeps moments as text; the portal's type stands.
    assert pd.api.types.is_string_dtype(frame["creationdatetime"].dtype)


def test_moments_are_shown_in_the_zone_of_the_portal(ukpn: Catalog) -> None:
    frame = ukpn["carbon"].to_pandas()

    assert str(frame["half_hour_period"].dtype) == "datetime64[us, Europe/London]"
    assert frame["half_hour_period"].iloc[0] == pd.Timestamp("2026-06-27 04:00", tz="UTC")
    assert frame["sgt_energy_kwh"].isna().all()


@pytest.mark.parametrize("road", ROADS)
def test_works_of_art_come_back_by_every_road(vancouver: Catalog, works: list[dict[str, Any]], road: Any) -> None:
    frame = vancouver["public-art"].to_pandas(format=road).set_index("registryid")

    expected = {row["registryid"]: row for row in works}
    assert set(frame.index) == set(expected)
    assert frame["artists"].map(lambda value: value if isinstance(value, list) else None).to_dict() == {
        key: row["artists"] for key, row in expected.items()
    }
    placed = {key: row["geo_point_2d"]["lon"] for key, row in expected.items() if row["geo_point_2d"]}
    assert frame["geo_point_2d_lon"].dropna().to_dict() == placed
    assert frame["yearofinstallation"].dt.year.to_dict() == {
        key: int(row["yearofinstallation"][:4]) for key, row in expected.items()
    }


def test_works_of_art_become_geometries(vancouver: Catalog, works: list[dict[str, Any]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = vancouver["public-art"].to_geopandas()

    assert frame.geometry.name == "geom"
    assert frame.geometry.notna().sum() == sum(row["geom"] is not None for row in works)
    first = works[0]["geom"]["geometry"]
    (found,) = frame.loc[frame["registryid"] == works[0]["registryid"], "geom"]
    assert json.loads(json.dumps(found.__geo_interface__["coordinates"])) == first["coordinates"]


def test_works_of_art_are_asked_about(vancouver: Catalog, works: list[dict[str, Any]]) -> None:
    dataset = vancouver["public-art"]

    groups = dataset.group_by("ownership").select(n=agg.count()).to_pandas()
    old = dataset.where(F.yearofinstallation.year < 1950).count()

    assert groups["n"].sum() == len(works)
    assert old == sum(int(row["yearofinstallation"][:4]) < 1950 for row in works)
