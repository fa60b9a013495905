"""What holds for every sample: its rows fit its fields, it says that it is a sample, it is the same every time."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bdxopendata.testing import samples
from bdxopendata.testing.sample import SampleDataset

IDS = samples.ids()
LAST_KNOWN = "2026-06-15T10:00:00+00:00"
LON, LAT = (-180.0, 180.0), (-90.0, 90.0)
DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
DATE_FORMS = {
    "year": re.compile(r"\d{4}\Z"),
    "month": re.compile(r"\d{4}-(0[1-9]|1[0-2])\Z"),
    "day": re.compile(r"\d{4}-\d\d-\d\d\Z"),
}


@pytest.fixture(scope="module")
def loaded() -> dict[str, SampleDataset]:
    return {one.dataset_id: one for one in samples.load()}


def _is_text(value: Any, annotations: dict[str, Any]) -> bool:
    if annotations.get("multivalued", False):
        return isinstance(value, list) and bool(value) and all(isinstance(part, str) for part in value)
    return isinstance(value, str)


def _is_int(value: Any, annotations: dict[str, Any]) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def _is_date(value: Any, annotations: dict[str, Any]) -> bool:
    precision = annotations.get("timeserie_precision", "day")
    if not isinstance(value, str) or not DATE_FORMS[precision].match(value):
        return False
    return precision != "day" or date.fromisoformat(value).isoformat() == value


def _is_datetime(value: Any, annotations: dict[str, Any]) -> bool:
    moment = datetime.fromisoformat(value)
    return moment.utcoffset() == timedelta(0) and moment.isoformat() == value


def _is_point(value: Any, annotations: dict[str, Any]) -> bool:
    return set(value) == {"lon", "lat"} and LON[0] <= value["lon"] <= LON[1] and LAT[0] <= value["lat"] <= LAT[1]


def _is_shape(value: Any, annotations: dict[str, Any]) -> bool:
    return list(value) in (["type", "geometry", "properties"],) and _is_geometry(value["geometry"])


def _is_geometry(geometry: dict[str, Any]) -> bool:
    if geometry["type"] == "GeometryCollection":
        return all(_is_geometry(part) for part in geometry["geometries"])
    return _are_positions(geometry["coordinates"], DEPTH[geometry["type"]])


def _are_positions(coordinates: Any, depth: int) -> bool:
    if depth:
        return bool(coordinates) and all(_are_positions(part, depth - 1) for part in coordinates)
    lon, lat, *height = coordinates
    return LON[0] <= lon <= LON[1] and LAT[0] <= lat <= LAT[1] and len(height) <= 1


def _is_file(value: Any, annotations: dict[str, Any]) -> bool:
    return {"filename", "mimetype", "id"} <= set(value)


FITS: dict[str, Callable[[Any, dict[str, Any]], bool]] = {
    "text": _is_text,
    "int": _is_int,
    "double": lambda value, annotations: type(value) is float,
    "boolean": lambda value, annotations: type(value) is bool,
    "date": _is_date,
    "datetime": _is_datetime,
    "geo_point_2d": _is_point,
    "geo_shape": _is_shape,
    "file": _is_file,
    "json_blob": lambda value, annotations: isinstance(value, str),
}


def test_the_ids_are_those_of_the_portal_and_three_that_no_portal_has():
    assert sorted(IDS) == [
        "bor_airejeux",
        "bor_frequentation_piscine_tr",
        "bor_naissances1900",
        "bor_sigsanitaire",
        "bor_subventions",
        "ci_acte_a",
        "ci_trafi_l",
        "ci_vcub_p",
        "ec_arbre_p",
        "en_frcol_s",
        "fv_commu_s",
        "previsions_pont_chaban",
        "st_arceau_p",
        "st_park_p",
        "stand-in-documents",
        "stand-in-every-type",
        "stand-in-not-public",
    ]


def test_each_sample_has_the_id_it_is_asked_for_by(loaded):
    assert tuple(loaded) == IDS


def test_chosen_samples_come_in_the_order_asked_for():
    chosen = samples.load("st_park_p", "bor_airejeux")

    assert [one.dataset_id for one in chosen] == ["st_park_p", "bor_airejeux"]


def test_an_unknown_id_is_an_error():
    with pytest.raises(KeyError, match="st_parc_p"):
        samples.load("st_parc_p")


@pytest.mark.parametrize("dataset_id", IDS)
def test_rows_have_exactly_the_declared_fields(loaded, dataset_id):
    one = loaded[dataset_id]
    names = {field["name"] for field in one.fields}

    assert len(names) == len(one.fields)
    assert [row for row in one.rows if set(row) != names] == []


@pytest.mark.parametrize("dataset_id", IDS)
def test_values_fit_the_declared_types(loaded, dataset_id):
    one = loaded[dataset_id]
    misfits = [
        (field["name"], row[field["name"]])
        for field in one.fields
        for row in one.rows
        if row[field["name"]] is not None and not FITS[field["type"]](row[field["name"]], field["annotations"])
    ]

    assert misfits == []


# The moments of stand-in-every-type lie in all centuries on purpose.
@pytest.mark.parametrize("dataset_id", [one for one in IDS if one != "stand-in-every-type"])
def test_no_row_is_younger_than_the_reference_moment(loaded, dataset_id):
    one = loaded[dataset_id]
    moments = [name for name, kind in one.types().items() if kind == "datetime"]

    later = [row[name] for row in one.rows for name in moments if row[name] is not None and row[name] > LAST_KNOWN]

    assert later == []


@pytest.mark.parametrize("dataset_id", IDS)
def test_the_description_says_in_two_languages_that_the_rows_are_made_up(loaded, dataset_id):
    told = loaded[dataset_id].metas["default"]["description"]

    assert "les lignes sont inventées" in told
    assert "they are made up and are not the portal’s data" in told


@pytest.mark.parametrize("dataset_id", IDS)
def test_the_metadata_name_title_publisher_licence_and_size(loaded, dataset_id):
    one = loaded[dataset_id]
    default = one.metas["default"]

    assert default["title"]
    assert default["theme"]
    assert default["publisher"] in {"Bordeaux Métropole", "Ville de Bordeaux"}
    assert default["license"] == "Licence Ouverte v2.0 (Etalab)"
    assert default["records_count"] == len(one.rows)
    assert default["data_processed"] <= LAST_KNOWN


@pytest.mark.parametrize("dataset_id", IDS)
def test_the_extent_holds_every_point_and_only_datasets_with_places_have_one(loaded, dataset_id):
    one = loaded[dataset_id]
    default = one.metas["default"]
    names = [name for name, kind in one.types().items() if kind == "geo_point_2d"]
    points = [row[name] for row in one.rows for name in names if row[name] is not None]
    if not points:
        assert default["bbox"] is None
        assert default["geometry_types"] is None
        return

    corners = default["bbox"]["geometry"]["coordinates"][0]
    lons, lats = [lon for lon, _ in corners], [lat for _, lat in corners]

    assert "Point" in default["geometry_types"]
    assert min(lons) <= min(place["lon"] for place in points) <= max(place["lon"] for place in points) <= max(lons)
    assert min(lats) <= min(place["lat"] for place in points) <= max(place["lat"] for place in points) <= max(lats)


@pytest.mark.parametrize("dataset_id", IDS)
def test_a_sample_is_the_same_each_time_and_shares_no_row_with_the_last(loaded, dataset_id):
    again = samples.make(dataset_id)

    assert again == loaded[dataset_id]
    if again.rows:
        assert again.rows[0] is not loaded[dataset_id].rows[0]


def test_a_sample_is_the_same_in_another_process_with_other_hashing(loaded):
    code = (
        "import json, hashlib; from bdxopendata.testing import samples;"
        "print(*(hashlib.sha256(json.dumps(list(one.rows)).encode()).hexdigest() for one in samples.load()))"
    )

    printed = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]

    assert printed[0] == printed[1]
    assert len(printed[0].split()) == len(IDS)


def test_asking_for_one_sample_imports_no_other():
    code = (
        "import sys; from bdxopendata.testing import samples; samples.load('fv_commu_s');"
        "print([name for name in sys.modules if name.startswith('bdxopendata.testing.samples.')])"
    )

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert "samples.communes" in printed
    assert "samples.births" not in printed


def test_the_records_of_one_dataset_are_not_public(loaded):
    hidden = [one.dataset_id for one in loaded.values() if not one.data_visible]

    assert hidden == ["stand-in-not-public"]
    assert loaded["stand-in-not-public"].has_records
    assert len(loaded["stand-in-not-public"].rows) == 12


def test_one_dataset_has_documents_instead_of_records(loaded):
    (bare,) = [one for one in loaded.values() if not one.has_records]

    assert bare.dataset_id == "stand-in-documents"
    assert list(bare.rows) == []
    assert [one.id for one in bare.attachments] == ["plan_pdf", "codes_csv"]
    assert all(one.content for one in bare.attachments)
    assert set(bare.alternative_exports[0]) == {"id", "title", "mimetype", "url", "description"}
