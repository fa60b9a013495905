"""The catalogue: listing, filters, dataset objects, facets, exports and the contract, beside recorded answers."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.testing import SampleDataset, StandIn
from testing.asking import API, METAS, Ask, asker, everything, numbers, refused, results


def recorded(shared_data: Path, *parts: str) -> Any:
    path = shared_data.joinpath("recorded", *parts)
    if not path.is_file():
        pytest.skip(f"the recorded answer {path.name} is not here")
    return json.loads(path.read_text(encoding="utf-8"))


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["dataset_id"] for row in rows]


def test_listing_rows_are_the_dataset_objects(ask: Ask) -> None:
    body = ask("/catalog/datasets", order_by="dataset_id").json()

    assert list(body) == ["total_count", "results"]
    assert body["total_count"] == 2
    assert body["results"][0] == ask("/catalog/datasets/everything").json()


def test_dataset_object_has_the_recorded_keys_in_order(ask: Ask, shared_data: Path) -> None:
    theirs = recorded(shared_data, "ukpn", "getDataset-live-faults.json")
    mine = ask("/catalog/datasets/everything").json()

    assert list(mine) == list(theirs)
    assert list(mine["metas"]["default"]) == list(theirs["metas"]["default"])
    assert list(mine["fields"][0]) == list(theirs["fields"][0])


def test_missing_metadata_are_filled_in(ask: Ask) -> None:
    default = ask("/catalog/datasets/numbers").json()["metas"]["default"]

    assert default["title"] == "numbers"
    assert default["records_count"] == 250
    assert default["theme"] is None
    assert default["data_processed"].endswith("+00:00")


def test_older_era_has_lists_pseudo_addresses_and_older_keys() -> None:
    with StandIn([everything()], era="2021") as portal:
        ask = asker(portal)
        old = ask("/catalog/datasets/everything").json()
        row = results(ask("/catalog/datasets/everything/records", limit=1))[0]

    notes = {field["name"]: field["annotations"] for field in old["fields"]}
    assert notes["code"] == {"facet": []}
    assert notes["zone"] == {"facet": [], "hierarchical": ["/"], "facetsort": ["alphanum"]}
    assert notes["tags"]["multivalued"] == [","]
    assert old["attachments"][0]["url"] == "odsfile://notes.pdf"
    assert "geometry_types" not in old["metas"]["default"]
    assert "geographic_area" in old["metas"]["default"]
    assert "url" not in row["photo"]


@pytest.mark.parametrize(
    "where",
    [
        'dataset_id = "everything"',
        "records_count < 10",
        'theme = "Mobilité"',
        'default.publisher = "Bordeaux Métropole"',
        'features = "geo"',
        '"chaque"',
        "modified > date'2020' and modified < date'2021'",
        '`custom.data-owner` = "service"',
    ],
)
def test_listing_is_filtered(ask: Ask, where: str) -> None:
    assert ids(results(ask("/catalog/datasets", where=where))) == ["everything"]


@pytest.mark.parametrize("refine", ["modified:2020", "modified:2020/12", "modified:2020/12/24", 'keyword:"arbre"'])
def test_listing_is_refined(ask: Ask, refine: str) -> None:
    assert ids(results(ask("/catalog/datasets", refine=refine))) == ["everything"]
    assert ids(results(ask("/catalog/datasets", exclude=refine))) == ["numbers"]


def test_listing_is_ordered_and_paged(ask: Ask) -> None:
    body = ask("/catalog/datasets", order_by="dataset_id desc", limit=1, offset=1).json()

    assert body["total_count"] == 2
    assert ids(body["results"]) == ["everything"]
    assert refused(ask("/catalog/datasets", limit=101))[1] == "InvalidRESTParameterError"


def test_select_puts_keys_at_the_root(ask: Ask) -> None:
    rows = results(
        ask("/catalog/datasets", select="dataset_id, title, default.title, fields", order_by="dataset_id", limit=1)
    )

    assert list(rows[0]) == ["dataset_id", "title", "default.title", "fields"]
    assert rows[0]["title"] == rows[0]["default.title"] == "Tout"
    assert rows[0]["fields"] == ask("/catalog/datasets/everything").json()["fields"]


def test_select_works_on_a_single_dataset(ask: Ask) -> None:
    assert ask("/catalog/datasets/everything", select="dataset_id, records_count").json() == {
        "dataset_id": "everything",
        "records_count": 3,
    }


def test_catalogue_can_be_grouped(ask: Ask) -> None:
    groups = results(ask("/catalog/datasets", group_by="publisher", select="publisher, count(*) as n"))

    assert groups == [{"publisher": None, "n": 1}, {"publisher": "Bordeaux Métropole", "n": 1}]


def test_data_visible_cannot_be_filtered_on(ask: Ask) -> None:
    assert refused(ask("/catalog/datasets", where="data_visible = true")) == (
        400,
        "ODSQLError",
        "ODSQL query is malformed: Field data_visible is not allowed in the current clause. "
        "Clause(s) containing the error(s): where.",
    )


def test_unknown_dataset_and_unknown_path_have_their_texts(ask: Ask) -> None:
    assert refused(ask("/catalog/datasets/Everything")) == (
        404,
        "NotFoundResource",
        "The requested dataset Everything does not exist.",
    )
    assert refused(ask("/catalog/nothing")) == (404, "NotFoundURI", "The requested URI does not exist.")
    assert refused(ask("/openapi.json"))[1] == "NotFoundURI"


def test_aggregates_are_gone(ask: Ask) -> None:
    assert ask("/catalog/datasets/everything/aggregates").status_code == 410


def test_entry_page_leads_to_the_datasets(ask: Ask, portal: StandIn) -> None:
    links = {link["rel"]: link["href"] for link in ask("/catalog").json()["links"]}

    assert links["datasets"] == f"{portal.url}{API}/catalog/datasets"


def test_catalogue_exports_have_the_recorded_list_form(ask: Ask, shared_data: Path) -> None:
    theirs = recorded(shared_data, "enw", "list-export-formats.json")
    mine = ask("/catalog/exports").json()

    assert list(mine) == list(theirs)
    assert [list(link) for link in mine["links"]] == [["rel", "href"]] * len(mine["links"])
    assert {link["rel"] for link in mine["links"]} <= {link["rel"] for link in theirs["links"]}


def test_catalogue_csv_has_a_column_per_template_key_and_the_id_last(ask: Ask) -> None:
    answer = ask("/catalog/exports/csv", order_by="dataset_id")

    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert answer.headers["content-disposition"] == 'attachment; filename="datasets.csv"'
    assert next(iter(rows[0])) == "default.title"
    assert list(rows[0])[-1] == "datasetid"
    assert rows[0]["default.theme"] == "Mobilité,Espace public"
    assert rows[0]["default.federated"] == "False"
    assert rows[0]["custom.data-owner"] == "service"
    assert rows[0]["datasetid"] == "everything"


def test_catalogue_json_holds_the_dataset_objects(ask: Ask) -> None:
    assert ask("/catalog/exports/json").json() == ask("/catalog/datasets").json()["results"]


def test_attachments_are_listed_and_sent(ask: Ask, portal: StandIn) -> None:
    body = ask("/catalog/datasets/everything/attachments").json()
    link = f"{portal.url}{API}/catalog/datasets/everything/attachments/notes_pdf"

    assert body == {
        "links": [],
        "attachments": [{"href": link, "metas": {"mime-type": "application/pdf", "title": "notes.pdf"}}],
    }
    assert ask("/catalog/datasets/everything").json()["attachments"][0]["url"] == link
    sent = ask("/catalog/datasets/everything/attachments/notes_pdf")
    assert (sent.headers["content-type"], sent.content) == ("application/pdf", b"%PDF-1.4")
    assert ask("/catalog/datasets/everything/attachments/other").status_code == 404


def test_files_of_file_fields_are_sent(ask: Ask) -> None:
    sent = ask("/catalog/datasets/everything/files/f1")

    assert (sent.headers["content-type"], sent.content) == ("image/jpeg", b"\xff\xd8\xff")
    assert ask("/catalog/datasets/everything/files/f2").status_code == 404


def test_contract_names_every_endpoint_and_parameter(ask: Ask) -> None:
    document = ask("/swagger.json").json()

    assert document["openapi"].startswith("3.0")
    named = parameters_of(document, "/catalog/datasets/{dataset_id}/exports/parquet").keys()
    assert {"dataset_id", "select", "where", "limit", "timezone", "parquet_compression"} <= named
    references = [
        one["$ref"].rsplit("/", 1)[1]
        for item in document["paths"].values()
        for one in item["get"]["parameters"]
        if "$ref" in one
    ]
    assert set(references) <= document["components"]["parameters"].keys()


def test_contract_agrees_with_the_served_one(ask: Ask, shared_data: Path) -> None:
    path = shared_data.parent / "reference" / "openapi-explore-v2.1-served-2026.json"
    if not path.is_file():
        pytest.skip("the vendor's contract is not here")
    theirs, mine = json.loads(path.read_text(encoding="utf-8")), ask("/swagger.json").json()
    # Formats without a recorded layout, and the asset catalogue, are not served.
    shared = theirs["paths"].keys() & mine["paths"].keys()

    for name in shared:
        known, own = (parameters_of(document, name) for document in (theirs, mine))
        assert known.keys() <= own.keys(), name
        for parameter in known.keys() - {"dataset_id", "record_id", "format"}:
            assert own[parameter].get("default") == known[parameter].get("default"), (name, parameter)

    assert len(shared) >= 10


def parameters_of(document: dict[str, Any], path: str) -> dict[str, dict[str, Any]]:
    """Schemas of an endpoint's parameters by name."""
    components = document["components"]["parameters"]
    listed = document["paths"][path]["get"].get("parameters", [])
    resolved = [components[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one for one in listed]
    return {one["name"]: one["schema"] for one in resolved}


def test_custom_templates_are_kept(ask: Ask) -> None:
    assert ask("/catalog/datasets/everything").json()["metas"]["custom"] == METAS["custom"]


def test_empty_catalogue_answers_with_nothing() -> None:
    with StandIn([]) as portal:
        ask = asker(portal)

        assert ask("/catalog/datasets").json() == {"total_count": 0, "results": []}
        assert ask("/catalog/facets").json()["facets"] == []


def test_unstable_order_reaches_the_listing() -> None:
    samples = [SampleDataset(f"d{number:03}", []) for number in range(60)]
    with StandIn(samples, unstable_order=True) as portal:
        ask = asker(portal)
        pages = [ids(results(ask("/catalog/datasets", limit=60))) for _ in range(2)]

    assert pages[0] != pages[1]
    assert sorted(pages[0]) == sorted(pages[1])


def test_numbers_dataset_counts_rows_of_the_present_version() -> None:
    with StandIn([numbers(3)]) as portal:
        ask = asker(portal)
        before = ask("/catalog/datasets/numbers").json()["metas"]["default"]
        portal.set_rows("numbers", [{"n": 1}])
        after = ask("/catalog/datasets/numbers").json()["metas"]["default"]

    assert (before["records_count"], after["records_count"]) == (3, 1)
    assert before["data_processed"] < after["data_processed"]
