"""The vendor's OpenAPI documents against the stand-in portal: generated calls, and answers that must validate.

What the stand-in answers otherwise than a document says is listed here, each with its reason; anything else fails.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings

from bdxopendata.testing import StandIn
from testing.asking import API, everything, numbers

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
checks = pytest.importorskip("schemathesis.checks")

DOCUMENTS = {
    "sdk": "openapi-explore-v2.1.json",
    "served": "openapi-explore-v2.1-served-2026.json",
}

# Where a document contradicts what portals were recorded to answer, or itself: place, what stands there in its stead
# (None: nothing), reason. Of two names for one place, each document has one.
AMENDMENTS: tuple[tuple[tuple[str, ...], Any, str], ...] = (
    (
        ("components", "schemas", "links", "properties", "rel", "enum"),
        None,
        "recorded lists of links name formats (csv, json …) and, for facets of a catalogue, 'source'",
    ),
    (
        ("components", "schemas", "record|record-v2.1", "additionalProperties"),
        {},
        "'any' is no type of JSON schema",
    ),
    (
        ("paths", "/catalog/datasets/{dataset_id}", "get", "responses", "200", "content"),
        lambda content: {"application/json": next(iter(content.values()))},
        "'application/json; charset=utf-8json' is no media type",
    ),
)
# Statuses that the documents do not declare anywhere.
UNDECLARED_STATUSES: Mapping[int, str] = {
    403: "recorded for records that are not public",
    404: "recorded for unknown datasets and addresses",
    501: "the stand-in's own word for formats whose layout nobody has recorded",
}
# Keys that the documents do not declare; vendors promise that keys may be added.
UNDECLARED_KEYS: Mapping[str, Mapping[str, str]] = {
    "visibility": dict.fromkeys(DOCUMENTS, "recorded in every dataset object of 2026"),
    "alternative_exports": dict.fromkeys(DOCUMENTS, "recorded in every dataset object of 2026"),
    "links": {"sdk": "that document writes _links; recordings have links, as the served document says"},
}
# Formats that the documents have and the stand-in does not write: 501 NotReproduced.
NOT_REPRODUCED: Mapping[str, str] = {
    **dict.fromkeys(
        ("gpx", "jsonld", "kml", "n3", "ov2", "rdfxml", "shp", "turtle"), "no recorded export of a dataset in it"
    ),
    **dict.fromkeys(
        ("data.json", "dublin_core", "rdf", "rss", "ttl", "xlsx of the catalogue"),
        "no recorded export of a catalogue in it",
    ),
    "dcat": "no recorded export of a catalogue in it, nor in any of its national profiles",
}

DATASETS = ["everything", "numbers", "hidden", "nothing"]
# Values that mean something to this portal, in place of any text at all.
TOLD: Mapping[str, list[str]] = {
    "dataset_id": DATASETS,
    "select": ["*", "n, name", "places, ratio * 2 AS twice", "count(*) AS n", "dataset_id, title"],
    "where": ["n > 3", "places IS NOT NULL", '"chaque"', 'code = "01063"', "dataset_id IN ('everything')", "true"],
    "order_by": ["n desc", "places", "dataset_id"],
    "group_by": ["team", "zone", "publisher", "jour"],
    "refine": ["team:g1", "zone:Nord", "jour:2020/11", "publisher:Bordeaux Métropole"],
    "exclude": ["team:g2", "theme:Mobilité"],
    "facet": ["team", "zone", 'facet(name="team", sort="-count")', "publisher"],
    "timezone": ["UTC", "Europe/Paris"],
    "list_separator": [",", "|"],
}
EPSG = [4326, 2154, 3857]
ONE_PASS = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def portal() -> Iterator[StandIn]:
    with StandIn([everything(), numbers(250), everything(dataset_id="hidden", data_visible=False)]) as portal:
        yield portal


def read(shared_data: Path, name: str) -> dict[str, Any]:
    path = shared_data.parent / "reference" / DOCUMENTS[name]
    if not path.is_file():
        pytest.skip(f"the vendor's document {path.name} is not here")
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def amended(document: dict[str, Any]) -> dict[str, Any]:
    document = copy.deepcopy(document)
    for place, value, _ in AMENDMENTS:
        *parents, last = place
        node = document
        for step in parents:
            (found,) = [name for name in step.split("|") if name in node]
            node = node[found]
        assert last in node, f"the amendment at {'/'.join(place)} is no longer needed"
        if value is None:
            del node[last]
        else:
            node[last] = value(node[last]) if callable(value) else value
    # Whether a key is asked for is tested elsewhere: this portal asks for none.
    document.pop("security")
    return document


def narrowed(document: dict[str, Any], portal: StandIn, *, names: set[str]) -> dict[str, Any]:
    """Let parameters have only values that mean something to this portal."""
    document = copy.deepcopy(document)
    held = [portal.stock.get(name) for name in DATASETS[:2]]
    told = {**TOLD, "record_id": [one.record_ids[0] for one in held] + ["unknown"]}
    shared = document["components"]["parameters"].values()
    inline = [one for path in document["paths"].values() for one in path["get"].get("parameters", [])]
    for parameter in [*shared, *inline]:
        name = parameter.get("name")
        if name in told and name in names:
            parameter["schema"] = {"type": "string", "enum": told[name]}
        elif name == "epsg" and name in names:
            parameter["schema"] = {"type": "integer", "enum": EPSG}
        parameter.pop("examples", None)
    return document


def operations(document: dict[str, Any], portal: StandIn) -> list[Any]:
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=f"{portal.url}{API}")
    return [operation.ok() for operation in schema.get_all_operations()]


def format_of(case: Any) -> str:
    """The format that an export is asked in, under the name that it has above."""
    last: str = case.formatted_path.rsplit("/", 1)[1]
    if last.startswith("dcat"):
        return "dcat"
    return f"{last} of the catalogue" if last == "xlsx" and "dataset_id" not in case.path_parameters else last


def run(operation: Any) -> Counter[int]:
    """Send generated calls; every answer must be declared and valid, or excepted above. Counts the statuses."""
    seen: Counter[int] = Counter()

    @ONE_PASS
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = case.call()
        seen[answer.status_code] += 1
        if answer.status_code == 501:
            assert answer.json()["error_code"] == "NotReproduced"
            assert format_of(case) in NOT_REPRODUCED, f"{case.formatted_path} is not listed as not reproduced"
            return
        wanted = [checks.not_a_server_error, checks.content_type_conformance, checks.response_schema_conformance]
        if answer.status_code not in UNDECLARED_STATUSES:
            wanted.append(checks.status_code_conformance)
        case.validate_response(answer, checks=wanted)

    ask()
    return seen


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_operation_answers_and_every_answer_validates(portal: StandIn, shared_data: Path, name: str) -> None:
    document = narrowed(amended(read(shared_data, name)), portal, names={*TOLD, "record_id", "epsg"})
    unanswered = []

    for operation in operations(document, portal):
        seen = run(operation)
        only = operation.path.rsplit("/", 1)[1].partition("{")[0]
        if not seen[200] and not (set(seen) <= {403, 404, 501} and only in NOT_REPRODUCED):
            unanswered.append((operation.label, dict(seen)))

    assert not unanswered


def test_no_text_at_all_makes_the_portal_fail(portal: StandIn, shared_data: Path) -> None:
    document = narrowed(amended(read(shared_data, "served")), portal, names={"dataset_id"})

    seen = sum((run(operation) for operation in operations(document, portal)), Counter[int]())

    assert seen[200] > 20
    assert seen[400] > 20
    assert not [status for status in seen if status >= 500 and status != 501]


PAGES = {
    "/catalog/datasets": "/catalog/datasets?include_links=true",
    "/catalog/datasets/{dataset_id}": "/catalog/datasets/everything?include_links=true&include_app_metas=true",
    "/catalog/exports": "/catalog/exports",
    "/catalog/facets": "/catalog/facets",
    "/catalog/datasets/{dataset_id}/records": "/catalog/datasets/everything/records?include_links=true&limit=0",
    "/catalog/datasets/{dataset_id}/exports": "/catalog/datasets/everything/exports",
    "/catalog/datasets/{dataset_id}/facets": "/catalog/datasets/everything/facets",
    "/catalog/datasets/{dataset_id}/attachments": "/catalog/datasets/everything/attachments",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_answers_have_no_key_that_a_document_does_not_declare(portal: StandIn, shared_data: Path, name: str) -> None:
    document = read(shared_data, name)
    odd = set()

    for path, asked in PAGES.items():
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        declared = resolve(next(iter(content.values()))["schema"], document)
        body = requests.get(f"{portal.url}{API}{asked}", timeout=20).json()
        odd |= {key for key in undeclared(body, declared, document) if name not in UNDECLARED_KEYS.get(key, {})}

    assert not odd


def resolve(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def undeclared(value: Any, schema: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    """Keys that are not in the schema; annotations and metadata templates have any."""
    schema = resolve(schema, document)
    if isinstance(value, list):
        for one in value:
            yield from undeclared(one, schema.get("items", {}), document)
    known = schema.get("properties", {})
    free = "properties" not in schema or schema.get("additionalProperties", {}) != {}
    for key, one in value.items() if isinstance(value, dict) else ():
        if key in known:
            yield from undeclared(one, known[key], document)
        elif not free:
            yield key
