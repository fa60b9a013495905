"""The searches of the first version of the API; its downloads are tested by a client of that time."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from bdxopendata.testing import StandIn
from testing.asking import METAS


def old(portal: StandIn, path: str, **parameters: Any) -> Any:
    return requests.get(f"{portal.url}{path}", params=parameters, timeout=20).json()


def test_records_are_searched_with_rows_and_start(portal: StandIn) -> None:
    body = old(portal, "/api/records/1.0/search/", dataset="numbers", rows=2, start=1, sort="-n")

    assert list(body) == ["nhits", "parameters", "records"]
    assert body["nhits"] == 250
    assert [record["fields"]["n"] for record in body["records"]] == [1, 2]
    assert {record["datasetid"] for record in body["records"]} == {"numbers"}


@pytest.mark.parametrize(
    ("asked", "hits"),
    [
        ({"refine.team": "g1"}, 36),
        ({"exclude.team": "g1"}, 214),
        ({"refine.team": ["g1", "g2"], "disjunctive.team": "true"}, 72),
        ({"q": "00017"}, 1),
    ],
)
def test_records_are_refined_and_found(portal: StandIn, asked: dict[str, Any], hits: int) -> None:
    assert old(portal, "/api/records/1.0/search/", dataset="numbers", **asked)["nhits"] == hits


def test_datasets_are_searched(portal: StandIn) -> None:
    everything = old(portal, "/api/datasets/1.0/search/", q="chaque type")
    paged = old(portal, "/api/datasets/1.0/search/", rows=1, start=1)

    (found,) = everything["datasets"]
    assert found["datasetid"] == "everything"
    assert found["metas"]["title"] == METAS["default"]["title"]
    assert (paged["nhits"], [one["datasetid"] for one in paged["datasets"]]) == (2, ["numbers"])


def test_errors_have_the_envelope_of_then(portal: StandIn) -> None:
    assert old(portal, "/api/records/1.0/search/", dataset="nothing") == {
        "errorcode": 404,
        "error": "The requested dataset nothing does not exist.",
    }
