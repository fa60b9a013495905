"""Faults on request, as other packages ask for them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

import bdxopendata as bdx
from bdxopendata.testing import SampleDataset, StandIn

API = "/api/explore/v2.1/catalog/datasets"
NUMBERS = SampleDataset("numbers", [{"name": "n", "type": "int"}], [{"n": one} for one in range(5)])
LETTERS = SampleDataset("letters", [{"name": "a", "type": "text"}], [{"a": "x"}])


@pytest.fixture
def portal() -> Iterator[StandIn]:
    with StandIn([NUMBERS, LETTERS]) as portal:
        yield portal


def ask(portal: StandIn, path: str = "numbers/records", **options: Any) -> requests.Response:
    return requests.get(f"{portal.url}{API}/{path}", timeout=options.pop("timeout", 10), **options)


def test_an_error_is_answered_until_it_is_taken_away(portal: StandIn) -> None:
    trouble = portal.fail(503, message="Come back later.")

    assert [ask(portal).status_code for _ in range(3)] == [503, 503, 503]
    assert ask(portal).json()["message"] == "Come back later."
    assert trouble.happened == 4
    trouble.end()
    trouble.end()
    assert ask(portal).status_code == 200


def test_an_error_happens_so_often(portal: StandIn) -> None:
    trouble = portal.fail(times=2)

    assert [ask(portal).status_code for _ in range(3)] == [500, 500, 200]
    assert trouble.happened == 2


def test_a_block_ends_the_error(portal: StandIn) -> None:
    with portal.fail():
        assert ask(portal).status_code == 500
    assert ask(portal).status_code == 200


def test_an_error_is_about_one_dataset_or_path(portal: StandIn) -> None:
    portal.fail(dataset="numbers", path="/exports/")

    statuses = {
        path: ask(portal, path).status_code
        for path in ("numbers/exports/json", "numbers/records", "numbers", "letters/exports/json")
    }

    assert statuses == {
        "numbers/exports/json": 500,
        "numbers/records": 200,
        "numbers": 200,
        "letters/exports/json": 200,
    }


def test_names_that_begin_alike_are_two_datasets(portal: StandIn) -> None:
    portal.fail(dataset="number")

    assert ask(portal, "numbers").status_code == 200


def test_a_page_comes_in_place_of_data(portal: StandIn) -> None:
    portal.answer_html(times=1)

    answer = ask(portal)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert ask(portal).json()["total_count"] == 5


def test_an_answer_breaks_off(portal: StandIn) -> None:
    portal.cut(after=10, times=1)

    with pytest.raises(requests.RequestException):
        ask(portal, headers={"accept-encoding": "identity"})
    assert ask(portal).status_code == 200


def test_a_slow_answer_comes_late_and_never_keeps_a_test_waiting(portal: StandIn) -> None:
    portal.slow(60, path="/records")
    begun = time.monotonic()

    with pytest.raises(requests.Timeout):
        ask(portal, timeout=0.2)
    portal.close()

    # A bound on hanging, no measure of speed.
    assert time.monotonic() - begun < 30


def test_lost_rows_are_still_counted(portal: StandIn) -> None:
    portal.drop_rows("numbers", 2)

    said = ask(portal).json()

    assert (said["total_count"], len(said["results"])) == (5, 3)
    assert ask(portal, "numbers").json()["metas"]["default"]["records_count"] == 5
    assert len(ask(portal, "numbers/exports/json").json()) == 3
    with pytest.raises(ValueError, match="cannot be lost"):
        portal.drop_rows("numbers", 4)


def test_a_number_of_times_below_one_is_refused(portal: StandIn) -> None:
    with pytest.raises(ValueError, match="times is at least 1"):
        portal.fail(times=0)


def test_the_fixture_takes_the_place_of_bordeaux(bdx_portal: StandIn) -> None:
    bdx_portal.set_rows("st_park_p", [{"nom": "Tourny", "libres": 3}])

    frame = bdx.Dataset("st_park_p").to_pandas()

    assert frame["nom"].tolist() == ["Tourny"]
    assert bdx.provenance(frame).stand_in
    assert bdx.Catalog().portal.addresses == (bdx_portal.url,)


@pytest.mark.bdx_portal("st_park_p", NUMBERS, era="2021")
def test_the_marker_says_what_is_served(bdx_portal: StandIn) -> None:
    assert sorted(bdx.Catalog()) == ["numbers", "st_park_p"]
    assert bdx_portal.options.era == "2021"


def test_the_fixture_leaves_settings_of_the_person_out(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("BDXOPENDATA_OFFLINE", "1")
    monkeypatch.setenv("BDXOPENDATA_API_KEY", "s3cret")

    portal = request.getfixturevalue("bdx_portal")

    assert bdx.Settings().offline is False
    assert bdx.Dataset("st_park_p").count() > 0
    assert all("s3cret" not in str(one.headers) for one in portal.requests)
