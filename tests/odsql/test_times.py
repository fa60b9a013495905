"""Date literals, the moment of asking, and dates as text."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest

from bdxopendata.odsql.dates import is_date_literal, read_date, write_date
from bdxopendata.odsql.times import formatted, shifted

UTC = dt.UTC
ASKED = dt.datetime(2021, 5, 6, 12, 34, 55, 450_500, UTC)  # a Thursday


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ((), "2021-05-06T12:34:55.450500+00:00"),
        ((("year", 2000),), "2000-05-06T12:34:55.450500+00:00"),
        ((("years", -1),), "2020-05-06T12:34:55.450500+00:00"),
        ((("year", 2001), ("months", -1)), "2001-04-06T12:34:55.450500+00:00"),
        ((("day", 31), ("month", 2)), "2021-02-28T12:34:55.450500+00:00"),
        ((("months", 9), ("day", 31)), "2022-02-28T12:34:55.450500+00:00"),
        ((("weekday", 0),), "2021-05-10T12:34:55.450500+00:00"),
        ((("weekday", 3),), "2021-05-06T12:34:55.450500+00:00"),
        ((("mondays", 1),), "2021-05-10T12:34:55.450500+00:00"),
        ((("mondays", -1),), "2021-05-03T12:34:55.450500+00:00"),
        ((("mondays", 2),), "2021-05-17T12:34:55.450500+00:00"),
        ((("hour", 0), ("minute", 0), ("second", 0), ("microsecond", 0)), "2021-05-06T00:00:00+00:00"),
        ((("days", -6), ("hours", 12), ("seconds", 5)), "2021-05-01T00:35:00.450500+00:00"),
    ],
)
def test_now_is_set_and_shifted_from_left_to_right(named, expected):
    assert shifted(ASKED, named).isoformat() == expected


def test_a_year_beyond_the_calendar_is_an_overflow():
    with pytest.raises(OverflowError):
        shifted(ASKED, (("years", 9_000),))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("dd/MM/YYYY", "20/11/2007"),
        ("'The date is 'dd/MM/YYYY", "The date is 20/11/2007"),
        ("'The date is '''dd/MM/YYYY''", "The date is '20/11/2007'"),
        ("E", "mar."),
        ("EEEE", "mardi"),
        ("H", "1"),
        ("HH", "01"),
        ("yy", "07"),
        ("yyyy", "2007"),
        ("M", "11"),
        ("MMMM", "novembre"),
        ("e", "2"),
        ("D", "324"),
        ("DDD", "324"),
        ("ww", "47"),
        ("xxxx-w", "2007-47"),
        ("m:s mm:ss", "23:45 23:45"),
        ("", ""),
        ("'%s {0}'", "%s {0}"),
    ],
)
def test_a_date_is_written_as_its_pattern_says(pattern, expected):
    moments = pa.array([dt.datetime(2007, 11, 20, 1, 23, 45, tzinfo=UTC), None], pa.timestamp("us", tz="UTC"))

    assert formatted(moments, pattern, "UTC", "fr").to_pylist() == [expected, None]


def test_weeks_belong_to_the_year_of_their_thursday():
    days = pa.array([dt.date(2021, 1, 3), dt.date(2024, 12, 30)], pa.date32())

    assert formatted(days, "xxxx-ww xx", "UTC", "fr").to_pylist() == ["2020-53 20", "2025-01 25"]


def test_a_moment_is_written_as_the_wall_clock_shows_it():
    moments = pa.array([dt.datetime(2020, 7, 1, 22, 30, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))

    assert formatted(moments, "d MMMM HH:mm", "Europe/Paris", "en").to_pylist() == ["2 July 00:30"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017", dt.datetime(2017, 1, 1)),
        ("2017-04", dt.datetime(2017, 4, 1)),
        ("2017/4/3", dt.datetime(2017, 4, 3)),
        ("2017-04-03T08:02", dt.datetime(2017, 4, 3, 8, 2)),
        ("2017-04-03 08:02:01.25", dt.datetime(2017, 4, 3, 8, 2, 1, 250_000)),
        ("2017-04-03T08:02:01Z", dt.datetime(2017, 4, 3, 8, 2, 1, tzinfo=UTC)),
        ("2017-04-03T08:02+01:30", dt.datetime(2017, 4, 3, 6, 32, tzinfo=UTC)),
    ],
)
def test_a_literal_is_read(text, expected):
    assert read_date(text) == expected


@pytest.mark.parametrize(
    "text", ["", "17", "2017-13", "2017-02-30", "2017-04-03T25:00", "03/04/2017", "2017-1-1T", "x"]
)
def test_what_is_no_date_is_told(text):
    assert not is_date_literal(text)


def test_a_written_moment_is_read_back():
    moment = dt.datetime(987, 7, 1, 22, 30, 0, 7, tzinfo=dt.timezone(dt.timedelta(hours=2)))

    assert read_date(write_date(moment)) == moment
