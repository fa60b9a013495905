"""The real closures announced for 2022, through the contract."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from bdxopendata.topics import bridge, engine

NAME = "YannSTEFANUTTI__Pont-Chaban-Delmas__previsions_pont_chaban.json"
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Any:
    path = shared_data / "real" / "previsions_pont_chaban" / NAME
    if not path.is_file():
        pytest.skip(f"{NAME} is not here")
    # A file of the first API: what is a row today stood in `fields`.
    return pd.DataFrame([one["fields"] for one in json.loads(path.read_text(encoding="utf-8"))])


@pytest.fixture(scope="module")
def frame(raw: Any) -> Any:
    return bridge.completed(engine.apply(bridge.AS_SENT, raw, dataset="previsions_pont_chaban"))


def test_every_row_comes_through_without_an_oddity(raw: Any, frame: Any) -> None:
    assert len(raw) == len(frame) == 75
    assert frame["oddities"].isna().all()
    assert frame[["start", "end", "reason", "total"]].notna().all(axis=None)


def test_the_file_holds_one_calendar_year(frame: Any) -> None:
    assert set(frame["closing_day"].dt.year) == {2022}
    assert (str(frame["start"].min())[:10], str(frame["start"].max())[:10]) == ("2022-01-16", "2022-11-06")


def test_all_closures_of_2022_are_total(frame: Any) -> None:
    assert frame["total"].all()
    assert set(frame["closure"]) == {"Totale"}


def test_overnight_closures_are_those_of_maintenance_and_end_the_next_day(frame: Any) -> None:
    overnight = frame[frame["end"].dt.date > frame["start"].dt.date]

    assert len(overnight) == 7
    assert set(overnight["reason"]) == {"maintenance"}
    assert ((overnight["end"] - overnight["start"]) <= timedelta(hours=9)).all()


def test_no_closure_lasts_longer_than_a_night(frame: Any) -> None:
    lasting = frame["end"] - frame["start"]

    assert lasting.min() >= timedelta(minutes=60)
    assert lasting.max() == timedelta(hours=9)


def test_works_have_no_ships_and_all_else_has(frame: Any) -> None:
    works = frame["reason"] == "maintenance"

    assert works.sum() == 9
    assert (frame["boats"].map(len)[works] == 0).all()
    assert (frame["boats"].map(len)[~works] > 0).all()


def test_several_ships_pass_at_once(frame: Any) -> None:
    several = frame[frame["boats"].map(len) == 3]

    assert [len(ships) for ships in several["boats"]] == [3, 3]
    assert not frame["boats"].explode().dropna().str.contains("/").any()


def test_four_days_have_two_closures_each(frame: Any) -> None:
    a_day = frame.groupby("closing_day").size()

    assert (a_day == 2).sum() == 4
    assert a_day.max() == 2


def test_summer_and_winter_have_their_own_offset(frame: Any) -> None:
    offsets = frame["start"].map(lambda start: start.utcoffset())

    assert set(offsets[frame["closing_day"].dt.month.isin([1, 2, 11])]) == {timedelta(hours=1)}
    assert set(offsets[frame["closing_day"].dt.month.between(4, 9)]) == {timedelta(hours=2)}


def test_the_bridge_was_closed_on_a_night_in_january(frame: Any) -> None:
    assert bridge.is_closed(datetime(2022, 1, 17, 3, 0, tzinfo=PARIS), frame=frame)
    assert not bridge.is_closed(datetime(2022, 1, 16, 3, 0, tzinfo=PARIS), frame=frame)


def test_all_of_it_is_a_calendar_with_an_identifier_each(frame: Any, tmp_path: Path) -> None:
    text = bridge.to_ics(tmp_path / "bridge.ics", frame).read_text(encoding="utf-8")

    identifiers = [line for line in text.splitlines() if line.startswith("UID:")]
    assert len(set(identifiers)) == 75
