"""The vendor's JavaScript client, run by node against the stand-in portal."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.testing import SampleDataset, StandIn
from testing.asking import everything

HERE = Path(__file__).parent
ROWS = [{"n": n, "team": ("g1", "it's", "G2", None)[n % 4], "jour": f"2026-01-{n + 1:02}"} for n in range(12)]
TEAMS = SampleDataset(
    "teams",
    [
        {"name": "n", "type": "int"},
        {"name": "team", "type": "text", "annotations": {"facet": True}},
        {"name": "jour", "type": "date"},
    ],
    ROWS,
    metas={"default": {"publisher": "Somebody"}},
)


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not here, which runs the vendor's JavaScript client")
    if not (HERE / "node_modules" / "@opendatasoft" / "api-client").is_dir():
        pytest.skip("the vendor's JavaScript client is not here; `make clients` installs it")
    with StandIn([everything(), TEAMS]) as portal:
        told = subprocess.run(
            [node, "ask.cjs", portal.url, "teams"],
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        yield json.loads(told.stdout)


def test_catalogue_is_listed_found_and_exported(answers: dict[str, Any]) -> None:
    listed, found = answers["catalogue"], answers["catalogueFound"]

    assert (listed["total_count"], [one["dataset_id"] for one in listed["results"]]) == (2, ["everything", "teams"])
    assert (found["total_count"], found["results"][0]["dataset_id"]) == (1, "teams")
    assert answers["catalogueExport"] == [{"dataset_id": "everything"}, {"dataset_id": "teams"}]
    assert answers["dataset"] == found["results"][0]


def test_records_are_ordered_paged_and_filtered(answers: dict[str, Any]) -> None:
    assert answers["records"] == {"total_count": 12, "results": [ROWS[10], ROWS[9], ROWS[8]]}
    assert answers["filtered"]["results"] == [ROWS[1], ROWS[4], ROWS[5], ROWS[8], ROWS[9]]
    assert answers["refined"]["results"] == [ROWS[1], ROWS[5], ROWS[9]]
    assert answers["exported"] == ROWS[:2]


def test_groups_are_counted(answers: dict[str, Any]) -> None:
    assert {row["team"]: row["n"] for row in answers["groups"]["results"]} == dict.fromkeys(
        ["g1", "it's", "G2", None], 3
    )
    assert [row["lower(team)"] for row in answers["computedGroups"]["results"]] == [None, "g1", "g2", "it's"]


def test_facets_are_enumerated(answers: dict[str, Any]) -> None:
    (team,), (publisher,) = answers["facets"]["facets"], answers["catalogueFacets"]["facets"]

    assert {one["value"]: one["count"] for one in team["facets"]} == dict.fromkeys(["g1", "it's", "G2"], 3)
    assert {one["value"]: one["count"] for one in publisher["facets"]} == {"Somebody": 1, "Bordeaux Métropole": 1}


@pytest.mark.parametrize(
    ("question", "kind", "status", "code"),
    [
        ("badQuestion", "user", 400, "ODSQLError"),
        ("unreadable", "user", 400, "ODSQLSyntaxError"),
        ("tooMany", "user", 400, "InvalidRESTParameterError"),
        ("unknown", "not found", 404, "NotFoundResource"),
        ("badKey", "authentication", 401, "AuthenticationError"),
    ],
)
def test_errors_become_the_clients_own(
    answers: dict[str, Any], question: str, kind: str, status: int, code: str
) -> None:
    told = answers[question]

    assert (told["kind"], told["status"], told["details"]["error_code"]) == (kind, status, code)
