"""Descriptions of datasets, of both eras and damaged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.metadata import DatasetInfo, attachment_url, dataset_id_of, moment_of, plain_text
from bdxopendata.portals import BORDEAUX


def described(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "dataset_id": "ec_arbre_p",
        "dataset_uid": "da_abcdef",
        "has_records": True,
        "data_visible": True,
        "features": ["geo"],
        "attachments": [],
        "fields": [{"name": "hauteur", "label": "Hauteur", "type": "double", "description": None, "annotations": {}}],
        "metas": {
            "default": {
                "title": "Arbres",
                "description": "<p>Les <b>arbres</b> &amp; plus</p><script>alert(1)</script>",
                "theme": ["Nature"],
                "keyword": ["arbre"],
                "license": "Licence Ouverte v2.0",
                "license_url": "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
                "publisher": "Bordeaux Métropole",
                "modified": "2026-01-02T03:04:05+00:00",
                "data_processed": "2026-01-02T03:04:06.123000+00:00",
                "records_count": 3,
            }
        },
    }
    return {**body, **changes}


def test_the_parts_of_a_description_are_read() -> None:
    info = DatasetInfo.from_json(described(), BORDEAUX)

    assert (info.dataset_id, info.uid, info.title, info.publisher) == (
        "ec_arbre_p",
        "da_abcdef",
        "Arbres",
        "Bordeaux Métropole",
    )
    assert info.description == "Les arbres & plus"
    assert info.themes == ("Nature",)
    assert info.records_count == 3
    assert info.modified == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert info.version == "2026-01-02T03:04:06.123000+00:00"
    assert info.page_url == "https://opendata.bordeaux-metropole.fr/explore/dataset/ec_arbre_p/"
    assert info.problems == ()


ERAS = {
    "2021": {
        "facet": [],
        "disjunctive": [],
        "multivalued": [";"],
        "unit": ["m"],
        "timeserie_precision": ["year"],
        "facetsort": ["-count"],
    },
    "2026": {
        "facet": True,
        "disjunctive": True,
        "multivalued": ";",
        "unit": "m",
        "timeserie_precision": "year",
        "facetsort": "-count",
    },
}


@pytest.mark.parametrize("era", ERAS)
def test_annotations_of_both_eras_mean_the_same(era: str) -> None:
    fields = [{"name": "x", "label": "X", "type": "text", "description": None, "annotations": ERAS[era]}]

    field = DatasetInfo.from_json(described(fields=fields), BORDEAUX).schema["x"]

    assert (field.facet, field.disjunctive, field.multivalued, field.separator) == (True, True, True, ";")
    assert (field.unit, field.precision) == ("m", "year")
    assert field.annotations["facetsort"] == "-count"


def test_a_flag_that_is_false_is_off() -> None:
    fields = [{"name": "x", "type": "text", "annotations": {"facet": False, "multivalued": False}}]

    field = DatasetInfo.from_json(described(fields=fields), BORDEAUX).schema["x"]

    assert not field.facet
    assert not field.multivalued


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"metas": None}, "no metadata"),
        ({"metas": {"default": []}}, "no metadata"),
        ({"fields": None}, "no list of fields"),
        ({"fields": "hauteur"}, "no list of fields"),
        ({"fields": [None, {"name": None}]}, "a field without a name"),
        ({"fields": [{"name": "x", "type": "hologram"}]}, "field 'x' of unknown type 'hologram'"),
        ({"fields": [{"name": "x", "type": "int"}, {"name": "x", "type": "text"}]}, "two fields named 'x'"),
        ({"attachments": [{"title": "notes"}]}, "an attachment without an id"),
        ({"metas": {"default": {"modified": "yesterday"}}}, "modified is no date: 'yesterday'"),
    ],
)
def test_what_cannot_be_understood_is_noted_and_the_rest_stays(changes: dict[str, Any], problem: str) -> None:
    info = DatasetInfo.from_json(described(**changes), BORDEAUX)

    assert problem in info.problems
    assert info.dataset_id == "ec_arbre_p"


def test_keys_that_are_not_there_are_no_problem() -> None:
    info = DatasetInfo.from_json({"dataset_id": "x", "fields": [], "metas": {"default": {}}}, BORDEAUX)

    assert info.problems == ()
    assert (info.title, info.licence, info.records_count, info.version) == ("x", None, None, None)
    assert info.has_records
    assert info.data_visible


@pytest.mark.parametrize(
    ("sent", "kind"), [("decimal", "double"), ("image", "file"), ("json", "text"), ("json_blob", "text")]
)
def test_older_type_names_are_understood(sent: str, kind: str) -> None:
    info = DatasetInfo.from_json(described(fields=[{"name": "x", "type": sent}]), BORDEAUX)

    assert info.schema["x"].type == kind


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("https://portal.example/a/notes.pdf", "https://portal.example/a/notes.pdf"),
        (
            "odsfile://notes.pdf",
            "https://opendata.bordeaux-metropole.fr/api/explore/v2.1/catalog/datasets/ec_arbre_p/attachments/notes_pdf",
        ),
        (
            "file:///etc/passwd",
            "https://opendata.bordeaux-metropole.fr/api/explore/v2.1/catalog/datasets/ec_arbre_p/attachments/notes_pdf",
        ),
        (
            None,
            "https://opendata.bordeaux-metropole.fr/api/explore/v2.1/catalog/datasets/ec_arbre_p/attachments/notes_pdf",
        ),
    ],
)
def test_an_attachment_has_an_address_in_both_eras(sent: str | None, expected: str) -> None:
    assert attachment_url(BORDEAUX, "ec_arbre_p", "notes_pdf", sent) == expected


@pytest.mark.parametrize("good", ["st_park_p", "met_points-d-eau", "en_l'air", "été_2024", "A" * 200, "a.b"])
def test_ids_of_the_portal_are_accepted(good: str) -> None:
    assert dataset_id_of(good) == good


@pytest.mark.parametrize(
    "bad",
    ["", " ", ".", "..", "../../x", "a/b", "a\\b", "a?b", "a#f", "a%2Fb", "a b", "a\0b", "a\nb", "x" * 10_000, "a..b"],
)
def test_what_cannot_be_an_id_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="is no dataset id"):
        dataset_id_of(bad)


@pytest.mark.parametrize("bad", [None, b"st_park_p", 3, ["st_park_p"]])
def test_an_id_is_text(bad: object) -> None:
    with pytest.raises(TypeError, match="A dataset id is text"):
        dataset_id_of(bad)


def test_a_moment_without_a_zone_is_utc() -> None:
    assert moment_of("2026-01-02T03:04:05") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_html_becomes_text_with_its_blocks_on_lines() -> None:
    assert plain_text("<h1>A</h1><p>b<br>c</p><style>x{}</style><ul><li>d</li></ul>") == "A\n\nb\nc\n\nd"


@pytest.mark.parametrize("name", ["ukpn/getDataset-live-faults.json", "enw/get-dataset.json"])
def test_recorded_descriptions_are_understood_whole(shared_data: Path, name: str) -> None:
    body = json.loads((shared_data / "recorded" / name).read_text(encoding="utf-8"))

    info = DatasetInfo.from_json(body, BORDEAUX)

    assert info.problems == ()
    assert len(info.schema) == len(body["fields"])
    assert info.version == body["metas"]["default"]["data_processed"]
    assert len(info.attachments) == len(body["attachments"])
