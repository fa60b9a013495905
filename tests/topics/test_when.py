"""Times as people have them: numbers, text, dates, those of NumPy and pandas; and what is none."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bdxopendata.topics import when

YEARS = [2023, np.int64(2023), 2023.0, "2023", "2023-05", date(2023, 5, 17), pd.Timestamp("2023-05-17")]
YEARS += [np.datetime64("2023-05"), pd.Period("2023")]


@pytest.mark.parametrize("given", YEARS, ids=repr)
def test_a_year_is_taken_in_every_form(given: Any) -> None:
    assert when.years(given) == [2023]
    assert when.years([given, 2024]) == [2023, 2024]
    assert when.stretch(given, None)[0] in (date(2023, 1, 1), date(2023, 5, 1), date(2023, 5, 17))


def test_several_years_come_in_any_collection() -> None:
    for several in ((2021, 2022), {2021, 2022}, range(2021, 2023), np.array([2021, 2022]), pd.Series([2021, 2022])):
        assert sorted(when.years(several) or []) == [2021, 2022]


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        (2024, date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024-12", date(2024, 12, 1), date(2024, 12, 31)),
        ("2024-2-9", date(2024, 2, 9), date(2024, 2, 9)),
        ("2024-02-09T23:00", date(2024, 2, 9), date(2024, 2, 9)),
        (pd.Period("2024-02"), date(2024, 2, 1), date(2024, 2, 29)),
        # One in the morning in Paris is still the day before elsewhere.
        (datetime(2024, 6, 30, 23, tzinfo=UTC), date(2024, 7, 1), date(2024, 7, 1)),
        (9999, date(9999, 1, 1), date(9999, 12, 31)),
    ],
)
def test_a_year_or_a_month_stands_for_all_its_days(given: Any, first: date, last: date) -> None:
    assert when.stretch(given, given) == (first, last)


@pytest.mark.parametrize("given", ["soon", "2023-13", "23", 99, "17/05/2023", float("nan"), pd.NaT, ""])
def test_what_is_no_time_is_refused_with_what_is_taken(given: Any) -> None:
    for read in (when.years, lambda one: when.stretch(one, None), lambda one: when.day(one, "at")):
        with pytest.raises(ValueError, match=r"such as|is missing"):
            read(given)


@pytest.mark.parametrize("given", [True, b"2023", {"year": 2023}, 1999.5, timedelta(1)])
def test_another_type_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match="start is a date, a year"):
        when.stretch(given, None)


@pytest.mark.parametrize("text", ["2d", "48h", "2 days", "48H"])
@pytest.mark.filterwarnings("error")
def test_no_spelling_of_a_unit_warns(text: str) -> None:
    assert when.span(text, "stale_after") == timedelta(days=2)


def test_one_day_is_no_month() -> None:
    assert when.day("2026-06-15", "at") == when.day(pd.Timestamp("2026-06-15 10:00"), "at") == date(2026, 6, 15)
    with pytest.raises(ValueError, match="at is one day"):
        when.day("2026-06", "at")


def test_a_moment_needs_a_zone_and_a_day_of_pandas_has_none() -> None:
    eight = datetime(2026, 6, 15, 6, tzinfo=UTC)
    for given in ("2026-06-15T08:00+02:00", pd.Timestamp("2026-06-15 08:00", tz="Europe/Paris"), eight):
        assert when.moment(given, "at") == eight
    assert when.moment(pd.Timestamp("2026-06-15"), "start", whole_days=True) == datetime(2026, 6, 14, 22, tzinfo=UTC)
    for naive in ("2026-06-15T08:00", datetime(2026, 6, 15, 8)):
        with pytest.raises(ValueError, match="has no time zone"):
            when.moment(naive, "at", whole_days=True)


@pytest.mark.parametrize(
    "given",
    [timedelta(hours=2), 7200, 7200.0, np.int64(7200), "2h", "120 min", pd.Timedelta("2h"), np.timedelta64(2, "h")],
)
def test_a_span_is_taken_in_every_form(given: Any) -> None:
    assert when.span(given, "stale_after") == timedelta(hours=2)
    assert type(when.span(given, "stale_after")) is timedelta


@pytest.mark.parametrize(
    ("given", "problem"),
    [("60", ValueError), ("long", ValueError), (-1, ValueError), (float("inf"), ValueError), (pd.NaT, ValueError),
     (True, TypeError), ([60], TypeError), (date(2026, 1, 1), TypeError)],
)  # fmt: skip
def test_what_is_no_span_is_refused(given: Any, problem: type[Exception]) -> None:
    with pytest.raises(problem, match="stale_after is a timedelta, seconds, or text"):
        when.span(given, "stale_after")
