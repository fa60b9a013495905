"""The real series of births, 1900 to 2016, through the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bdxopendata.topics import births, engine
from support import real

NAME = "PBatignes__Naissances1900__naissances_depuis_1900.csv"


@pytest.fixture(scope="module")
def raw(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = shared_data / "real" / "bor_naissances1900" / NAME
    if not path.is_file():
        pytest.skip(f"{NAME} is not here")
    # This file is of the earlier portal, and its last line does not end; one of today that does not is refused.
    ended = tmp_path_factory.mktemp("births") / NAME
    ended.write_bytes(path.read_bytes() + b"\n")
    return real.read(ended, "csv", real.schema_of("bor_naissances1900"), labels=True, geometry=False)


def born(raw: Any, **asked: Any) -> Any:
    applied = engine.apply(births.BIRTHS, raw, dataset="bor_naissances1900")
    return births.completed(applied, births.BIRTHS, **asked)


def test_every_row_comes_through_and_two_days_of_the_calendar_have_none(raw: Any) -> None:
    frame = born(raw)

    assert len(raw) == 42_511
    assert len(frame) == 42_513
    assert frame["count"].notna().sum() == len(raw)
    assert frame.loc[frame["count"].isna(), "date"].tolist() == [
        pd.Timestamp("1915-12-10"),
        pd.Timestamp("1936-02-29"),
    ]


def test_the_series_runs_from_1900_to_a_day_in_may_2016(raw: Any) -> None:
    frame = born(raw)

    assert (frame["date"].iloc[0], frame["date"].iloc[-1]) == (pd.Timestamp("1900-01-01"), pd.Timestamp("2016-05-24"))
    assert frame["date"].is_unique
    assert frame["date"].is_monotonic_increasing


def test_counts_are_1_to_48_a_day_and_never_zero(raw: Any) -> None:
    counts = born(raw)["count"].dropna()

    assert (counts.min(), counts.max()) == (1, 48)


def test_the_kind_is_always_births_and_the_year_repeats_the_day(raw: Any) -> None:
    frame = born(raw)
    known = frame[frame["count"].notna()]

    assert set(known["event"]) == {"Naissances"}
    assert (known["annee"].astype(int) == known["date"].dt.year).all()


def test_about_5000_were_born_in_1900_and_8100_in_2015(raw: Any) -> None:
    years = born(raw, freq="Y")
    by_year = years.set_index(years["date"].dt.year)["count"]

    assert 4_900 < by_year[1900] < 5_300
    assert 8_000 < by_year[2015] < 8_200
    assert years["count"].sum() == raw["nombre"].sum()


def test_only_the_last_year_is_partial(raw: Any) -> None:
    years = born(raw, freq="Y")

    assert years.loc[years["partial"], "date"].dt.year.tolist() == [2016]
    assert years.loc[years["missing_days"] > 0, "date"].dt.year.tolist() == [1915, 1936, 2016]
