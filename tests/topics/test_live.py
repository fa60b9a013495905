"""How old live data are, and when that is worth a warning."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta

import pandas as pd
import pytest

from bdxopendata.errors import StaleDataWarning
from bdxopendata.topics import live


def observed(*ago: timedelta | None, clock: datetime) -> pd.DataFrame:
    moments = [None if one is None else clock - one for one in ago]
    return pd.DataFrame(
        {"name": range(len(ago)), "observed_at": pd.Series(pd.to_datetime(moments, utc=True)), "free": 1}
    )


def test_moments_become_local_and_ages_follow_them(clock: datetime) -> None:
    frame = observed(timedelta(minutes=2), None, clock=clock)

    live.observe(frame)

    assert list(frame.columns) == ["name", "observed_at", "age", "free"]
    assert frame["observed_at"].dt.tz is not None
    assert str(frame["observed_at"].dt.tz) == "Europe/Paris"
    assert frame["age"].iloc[0] == timedelta(minutes=2)
    assert frame["age"].isna().tolist() == [False, True]


def test_a_clock_behind_the_portal_makes_nothing_younger_than_new(clock: datetime) -> None:
    frame = observed(-timedelta(seconds=30), clock=clock)

    live.observe(frame)

    assert frame["age"].tolist() == [timedelta(0)]


def test_a_feed_is_as_old_as_its_newest_row(clock: datetime) -> None:
    frame = observed(timedelta(days=900), timedelta(minutes=1), clock=clock)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        live.observe(frame)


def test_rows_that_never_move_do_not_hide_that_the_others_stand_still(clock: datetime) -> None:
    frame = observed(timedelta(minutes=1), timedelta(days=3), clock=clock)

    with pytest.warns(StaleDataWarning, match="is 3 days old"):
        live.observe(frame, moving=pd.Series([False, True]))


def test_a_feed_that_stands_still_is_told_at_the_line_that_asked(clock: datetime) -> None:
    frame = observed(timedelta(hours=30), clock=clock)
    frame.attrs = {"bdxopendata": {"dataset_id": "st_park_p"}}

    with pytest.warns(StaleDataWarning, match="'st_park_p' is 30 hours old.*stale_after=") as told:
        live.observe(frame)

    assert told[0].filename == __file__


@pytest.mark.parametrize("ago", [(), (None,)])
def test_no_row_and_no_moment_are_no_reason_to_warn(clock: datetime, ago: tuple[None, ...]) -> None:
    frame = observed(*ago, clock=clock)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        live.observe(frame)

    assert str(frame["age"].dtype) == "timedelta64[us]"


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=90), "90 seconds"),
        (timedelta(minutes=59), "59 minutes"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=3), "3 days"),
        (timedelta(days=1000), "2 years"),
    ],
)
def test_an_age_is_worded_as_people_say_it(age: timedelta, words: str) -> None:
    assert live.spoken(age) == words
