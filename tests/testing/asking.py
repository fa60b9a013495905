"""A small dataset with a field of every type, and a way to ask a portal without the library's client."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import requests

from bdxopendata.testing import Attachment, SampleDataset, StandIn, StoredFile

API = "/api/explore/v2.1"
Ask = Callable[..., requests.Response]

SQUARE = {"coordinates": [[[-0.6, 44.8], [-0.5, 44.8], [-0.5, 44.9], [-0.6, 44.8]]], "type": "Polygon"}

FIELDS: list[dict[str, Any]] = [
    {"name": "code", "label": "Code INSEE", "type": "text", "description": None, "annotations": {"facet": True}},
    {
        "name": "zone",
        "label": "Zone",
        "type": "text",
        "annotations": {"facet": True, "hierarchical": "/", "facetsort": "alphanum"},
    },
    {"name": "tags", "label": "Étiquettes", "type": "text", "annotations": {"facet": True, "multivalued": ","}},
    {"name": "places", "label": "Places", "type": "int", "annotations": {"decimals": 0}},
    {"name": "ratio", "label": "Ratio", "type": "double", "annotations": {"unit": "%"}},
    {"name": "open", "label": "Ouvert", "type": "boolean", "annotations": {}},
    {
        "name": "annee",
        "label": "Année",
        "type": "date",
        "annotations": {"timeserie_precision": "year", "disjunctive": True, "facet": True},
    },
    {"name": "jour", "label": "Jour", "type": "date", "annotations": {"facet": True}},
    {"name": "seen", "label": "Vu", "type": "datetime", "annotations": {"facet": True, "timeserie_precision": "hour"}},
    {"name": "geo_point_2d", "label": "Geo Point", "type": "geo_point_2d", "annotations": {}},
    {"name": "geo_shape", "label": "Geo Shape", "type": "geo_shape", "annotations": {}},
    {"name": "photo", "label": "Photo", "type": "file", "annotations": {}},
]
ROWS: list[dict[str, Any]] = [
    {
        "code": "01063",
        "zone": "Nord/Lac",
        "tags": ["a", "b"],
        "places": 248,
        "ratio": 60,
        "open": True,
        "annee": "2019",
        "jour": "2020-11-24",
        "seen": "2026-07-01T04:00:00+00:00",
        "geo_point_2d": {"lon": -0.55, "lat": 44.85},
        "geo_shape": {"type": "Feature", "geometry": SQUARE, "properties": {}},
        "photo": {"filename": "a.jpg", "format": "JPEG", "mimetype": "image/jpeg", "id": "f1"},
    },
    {
        "code": 'say "é"; twice',
        "zone": "Nord/Grand Parc",
        "tags": ["b"],
        "places": 2**40,
        "ratio": 1.95,
        "open": False,
        "annee": "2020",
        "jour": "2020-12-01",
        "seen": "2026-01-01T23:30:00.123456+00:00",
        "geo_point_2d": {"lon": -0.56, "lat": 44.86},
        "geo_shape": None,
        "photo": None,
    },
    {"code": "33063"},
]
METAS = {
    "default": {
        "title": "Tout",
        "description": "<p>Chaque type</p>",
        "theme": ["Mobilité", "Espace public"],
        "keyword": ["arbre"],
        "publisher": "Bordeaux Métropole",
        "license": "Licence Ouverte v2.0",
        "modified": "2020-12-24T10:00:00+00:00",
    },
    "custom": {"data-owner": "service"},
}


def everything(**changes: Any) -> SampleDataset:
    """The dataset with every type."""
    given: dict[str, Any] = {
        "dataset_id": "everything",
        "fields": FIELDS,
        "rows": ROWS,
        "metas": METAS,
        "attachments": [Attachment("notes_pdf", "notes.pdf", "application/pdf", b"%PDF-1.4")],
        "files": [StoredFile("f1", "a.jpg", "image/jpeg", b"\xff\xd8\xff")],
    }
    return SampleDataset(**(given | changes))


def numbers(count: int, **changes: Any) -> SampleDataset:
    """A dataset with the numbers from 0, each with its own name and one of seven groups."""
    fields = [
        {"name": "n", "type": "int", "label": "N", "annotations": {}},
        {"name": "name", "type": "text", "label": "Name", "annotations": {"facet": True}},
        {"name": "team", "type": "text", "label": "Group", "annotations": {"facet": True, "disjunctive": True}},
    ]
    rows = [{"n": n, "name": f"name {n:05}", "team": f"g{n % 7}"} for n in range(count)]
    return SampleDataset("numbers", fields, rows, **changes)


def asker(portal: StandIn) -> Ask:
    """A function that asks a portal: path below the base, then parameters."""
    session = requests.Session()
    session.trust_env = False

    def ask(path: str, headers: dict[str, str] | None = None, **parameters: Any) -> requests.Response:
        return session.get(f"{portal.url}{API}{path}", params=parameters, headers=headers, timeout=20)

    return ask


def results(answer: requests.Response) -> list[dict[str, Any]]:
    """The rows of a page, once it is one."""
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def refused(answer: requests.Response) -> tuple[int, str, str]:
    """Status, code and message of an error."""
    body = json.loads(answer.text)
    assert list(body) == ["error_code", "message"], body
    return answer.status_code, body["error_code"], body["message"]
