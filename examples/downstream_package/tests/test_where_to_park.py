"""Tests of a package that depends on bdxopendata: rows of its own, bad days on request, no network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from where_to_park import CAR_PARKS, NotNowError, Room, export_car_parks, where_to_park

import bdxopendata as bdx
from bdxopendata.testing import SampleDataset, StandIn

HERE = (-0.5773, 44.8378)


def park(name: str, free: int | None, lon: float = HERE[0]) -> dict[str, object]:
    return {"nom": name, "libres": free, "geo_point_2d": {"lon": lon, "lat": HERE[1]}}


@pytest.fixture(autouse=True)
def _impatient(bdx_portal: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for a portal that has a bad day: these tests are about what comes after."""
    monkeypatch.setenv("BDXOPENDATA_RETRIES", "0")
    monkeypatch.setenv("BDXOPENDATA_TIMEOUT", "5")


def test_the_roomiest_car_park_comes_first(bdx_portal: StandIn) -> None:
    bdx_portal.set_rows(CAR_PARKS, [park("Tourny", 12), park("Bourse", 0), park("Mériadeck", 340)])

    assert where_to_park(*HERE) == [Room("Mériadeck", 340), Room("Tourny", 12)]


def test_far_and_silent_car_parks_are_left_out(bdx_portal: StandIn) -> None:
    bdx_portal.set_rows(CAR_PARKS, [park("Aéroport", 900, lon=-0.70), park("Silent", None)])

    assert where_to_park(*HERE) == []


def test_only_one_question_is_asked(bdx_portal: StandIn) -> None:
    where_to_park(*HERE)

    assert len(bdx_portal.requests.to("/records")) + len(bdx_portal.requests.to("/parquet")) <= 2


@pytest.mark.parametrize("status", [500, 503])
def test_a_portal_in_trouble_is_told(bdx_portal: StandIn, status: int) -> None:
    bdx_portal.fail(status)

    with pytest.raises(NotNowError):
        where_to_park(*HERE)


def test_trouble_passes(bdx_portal: StandIn) -> None:
    with bdx_portal.fail(503) as trouble, pytest.raises(NotNowError):
        where_to_park(*HERE)

    assert trouble.happened > 0
    assert where_to_park(*HERE, metres=50_000)


def test_a_page_for_people_is_no_answer(bdx_portal: StandIn) -> None:
    bdx_portal.answer_html()

    with pytest.raises(NotNowError):
        where_to_park(*HERE)


def test_a_quota_that_is_used_up_says_when_to_ask_again(bdx_portal: StandIn) -> None:
    tomorrow = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    bdx_portal.quota(limit=100, remaining=0, reset_at=tomorrow)

    with pytest.raises(NotNowError) as raised:
        where_to_park(*HERE)
    assert raised.value.again_at == tomorrow


def test_lost_rows_are_noticed(bdx_portal: StandIn, tmp_path: Path) -> None:
    bdx_portal.drop_rows(CAR_PARKS, 3)

    with pytest.raises(bdx.IncompleteDataError):
        export_car_parks(str(tmp_path / "parks.parquet"))
    assert not list(tmp_path.iterdir())


def test_a_torn_answer_is_noticed(bdx_portal: StandIn, tmp_path: Path) -> None:
    bdx_portal.cut(after=500)

    with pytest.raises(bdx.BdxOpenDataError):
        export_car_parks(str(tmp_path / "parks.parquet"))


def test_a_portal_that_answers_too_slowly_is_given_up(bdx_portal: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDXOPENDATA_TIMEOUT", "0.2")
    bdx_portal.slow(30)

    with pytest.raises(NotNowError):
        where_to_park(*HERE)


def test_a_dataset_that_is_gone_is_told(bdx_portal: StandIn) -> None:
    bdx_portal.remove(CAR_PARKS)

    with pytest.raises(NotNowError, match=CAR_PARKS):
        where_to_park(*HERE)


def test_without_a_network_what_was_stored_still_answers(bdx_portal: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = len(bdx.Dataset(CAR_PARKS).to_pandas(format="store"))
    bdx_portal.close()
    monkeypatch.setenv("BDXOPENDATA_OFFLINE", "1")

    assert len(bdx.Dataset(CAR_PARKS).to_pandas()) == stored


@pytest.mark.bdx_portal(
    SampleDataset(CAR_PARKS, [{"name": "nom", "type": "text"}, {"name": "libres", "type": "text"}], [{"nom": "A"}]),
    era="2021",
)
def test_a_portal_that_changed_its_fields_is_an_error(bdx_portal: StandIn) -> None:
    with pytest.raises((bdx.BdxOpenDataError, ValueError)):
        where_to_park(*HERE)
