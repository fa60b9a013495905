"""Days of waste collection by the stand-in portal."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from bdxopendata.errors import DataQualityWarning
from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import waste
from conftest import Serve

BORDEAUX = (-0.57, 44.84)


def test_zones_have_days_in_english_and_as_numbers(serve: Serve) -> None:
    frame = waste.waste_zones(catalog=serve("en_frcol_s").catalog)

    assert len(frame) == len(samples.make("en_frcol_s").rows)
    assert set(frame["waste"]) == {"household", "sorted"}
    assert all(waste.NUMBERS[day] == number for days, numbers in zip(frame["days"], frame["weekdays"], strict=True)
               for day, number in zip(days, numbers, strict=True))  # fmt: skip
    assert str(frame["at_night"].dtype) == "boolean"


def test_zones_without_a_shape_stay_and_are_told(serve: Serve) -> None:
    frame = waste.waste_zones(catalog=serve("en_frcol_s").catalog)

    assert (frame["oddities"] == waste.NO_SHAPE).sum() == frame.geometry.isna().sum() == 10


def test_an_address_has_its_days_and_the_next_collection(serve: Serve) -> None:
    monday = date(2026, 6, 15)

    frame = waste.waste_collection(*BORDEAUX, at=monday, catalog=serve("en_frcol_s").catalog)

    assert list(frame["waste"]) == ["household", "sorted"]
    assert (frame["commune"] == "Bordeaux").all()
    for row in frame.itertuples():
        assert monday <= row.next.date()
        assert row.next.date().isoweekday() in row.weekdays


@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [([1], date(2026, 6, 15)), ([2, 5], date(2026, 6, 16)), ([7], date(2026, 6, 21)), ([], None), (None, None)],
)
def test_the_next_collection_is_today_or_later(weekdays: list[int] | None, expected: date | None) -> None:
    assert waste.next_collection(weekdays, date(2026, 6, 15)) == expected


def test_today_is_that_of_bordeaux(serve: Serve, clock: datetime) -> None:
    frame = waste.waste_collection(*BORDEAUX, catalog=serve("en_frcol_s").catalog)

    assert (frame["next"] >= "2026-06-15").all()


def test_a_point_in_no_zone_warns_of_zones_without_a_shape(serve: Serve) -> None:
    with pytest.warns(DataQualityWarning, match="10 zones have no shape"):
        frame = waste.waste_collection(-0.9, 44.6, catalog=serve("en_frcol_s").catalog)

    assert len(frame) == 0
    assert list(frame.columns)[:5] == ["waste", "days", "weekdays", "at_night", "next"]


def test_swapped_coordinates_are_said_to_be_swapped(serve: Serve) -> None:
    with pytest.raises(ValueError, match=r"(?i)longitude"):
        waste.waste_collection(44.84, -0.57, catalog=serve("en_frcol_s").catalog)


def test_a_day_that_is_none_is_told_and_no_row_is_lost(serve: Serve) -> None:
    sample = samples.make("en_frcol_s")
    rows: list[dict[str, Any]] = [
        {**sample.rows[0], "jour_col": ["FERIE", "LUNDI"]},
        {**sample.rows[1], "jour_col": None},
    ]
    served = serve(SampleDataset(sample.dataset_id, sample.fields, rows, sample.metas))

    frame = waste.waste_zones(catalog=served.catalog)

    assert frame["days"].tolist() == [["Monday"], None]
    assert frame["oddities"].tolist() == [waste.ODD_DAY, waste.NO_DAYS]


def test_zones_of_one_commune_are_asked_of_the_portal(serve: Serve) -> None:
    frame = waste.waste_zones(commune="Mérignac", catalog=serve("en_frcol_s").catalog)

    assert set(frame["commune"]) == {"Mérignac"}


def test_the_map_has_an_entry_for_each_frequency(serve: Serve) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    frame = waste.waste_zones(catalog=serve("en_frcol_s").catalog)

    ax = waste.plot_map(frame, waste="Sorted")

    sorted_waste = frame[(frame["waste"] == "sorted") & frame.geometry.notna()]
    assert len(ax.get_legend().get_texts()) == sorted_waste["weekdays"].map(len).nunique()
    with pytest.raises(ValueError, match="Did you mean 'household'"):
        waste.plot_map(frame, waste="households")
