"""Attendance of swimming pools by the stand-in portal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import pools
from conftest import Serve

ID = "bor_frequentation_piscine_tr"


def ask(serve: Serve, dataset: Any = ID, **asked: Any) -> Any:
    return pools.pools(catalog=serve(dataset).catalog, **asked)


def changed(*changes: dict[str, Any]) -> SampleDataset:
    sample = samples.make(ID)
    rows = [{**row, **change} for row, change in zip(sample.rows, changes, strict=False)]
    return SampleDataset(sample.dataset_id, sample.fields, rows, sample.metas)


def test_every_zone_is_a_row(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert len(frame) == len(samples.make(ID).rows)
    assert list(frame.columns[: len(pools.CONTRACT.columns)]) == list(pools.CONTRACT.columns)
    assert frame["people"].dropna().ge(0).all()


def test_a_negative_number_is_none_and_told(serve: Serve, clock: datetime) -> None:
    frame = ask(serve, changed({"fmicourante": -7}, {"fmicourante": None}, {"fmicourante": 10_000}))

    assert frame["people"].tolist()[:1] == [0]
    assert frame["people_sent"].tolist()[:1] == [-7]
    assert frame["oddities"].tolist() == [pools.NEGATIVE, pools.NOT_COUNTED, pools.TOO_MANY]


def test_a_row_of_yesterday_is_a_closed_pool(serve: Serve, clock: datetime) -> None:
    dataset = changed({"datemiseajour": "2026-06-10T10:00:00+00:00"}, {})

    frame, still_open = ask(serve, dataset), ask(serve, dataset, open_only=True)

    assert frame["open"].tolist() == [False, True]
    assert frame.loc[0, "oddities"] == pools.FROM_BEFORE
    assert len(still_open) == 1


def test_a_pool_is_found_whatever_the_case_and_accents(serve: Serve, clock: datetime) -> None:
    frame = ask(serve, pool="piscine judaique jean boiteux")

    assert set(frame["pool"]) == {"Piscine Judaïque Jean Boiteux"}


def test_an_unknown_pool_names_the_nearest(serve: Serve, clock: datetime) -> None:
    with pytest.raises(ValueError, match="Did you mean 'Piscine Judaïque"):
        ask(serve, pool="Piscine Judaique Jean")


def test_occupancy_is_the_share_of_the_capacity(serve: Serve, clock: datetime) -> None:
    frame = ask(serve).dropna(subset=["occupancy"])

    assert (frame["occupancy"] == frame["people"].astype(float) / frame["capacity"].astype(float)).all()


def test_the_picture_shows_each_zone_that_was_counted(serve: Serve, clock: datetime) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    frame = ask(serve)

    ax = pools.plot(frame)

    assert len(ax.patches) == frame["people"].notna().sum()
