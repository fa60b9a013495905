"""Bike share stations by the stand-in portal."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from bdxopendata.errors import StaleDataWarning
from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import bikes
from conftest import Serve

CENTRE = (-0.574, 44.841)


def ask(serve: Serve, **asked: Any) -> Any:
    return bikes.bikes(catalog=serve("ci_vcub_p").catalog, **asked)


def changed(**values: Any) -> SampleDataset:
    sample = samples.make("ci_vcub_p")
    rows = [{**sample.rows[0], **values}, *sample.rows[1:3]]
    return SampleDataset(sample.dataset_id, sample.fields, rows, sample.metas)


def test_every_station_is_a_row_with_the_columns_of_the_contract_first(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    own = list(bikes.CONTRACT.columns)
    assert len(frame) == len(samples.make("ci_vcub_p").rows)
    assert list(frame.columns[: len(own) + 2]) == [*own, "dataset", "geometry"]
    assert set(frame.geom_type) == {"Point"}


def test_texts_of_digits_become_numbers_that_add_up(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert {str(frame[name].dtype) for name in ("bikes", "electric", "classic", "docks", "station")} == {"Int64"}
    assert (frame["electric"] + frame["classic"] == frame["bikes"]).all()
    assert set(frame["oddities"].dropna()) <= {bikes.BIKES_OUT_OF_SERVICE}


def test_the_station_number_is_that_of_people_and_not_of_the_portal(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert (frame["station"] != frame["gid"]).any()
    assert frame["station"].is_unique


def test_gaps_of_the_insee_code_are_filled(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert frame["insee_portal"].isna().any()
    assert frame["insee"].notna().all()


def test_stations_are_filtered_by_the_portal(serve: Serve, clock: datetime) -> None:
    everything = ask(serve)

    assert (ask(serve, min_bikes=5)["bikes"] >= 5).all()
    assert (ask(serve, min_docks=5)["docks"] >= 5).all()
    assert set(ask(serve, in_service=True)["state"]) == {"CONNECTEE"}
    assert "CONNECTEE" not in set(ask(serve, in_service=False)["state"])
    assert set(ask(serve, commune="merignac")["commune"]) == {"Mérignac"}
    assert 0 < len(ask(serve, near=(*CENTRE, 600))) < len(everything)


def test_contradictions_stay_and_are_told(serve: Serve, clock: datetime) -> None:
    served = serve(changed(nbvelos=3, nbelec="9", nbclassiq="-2", etat="MAINTENANCE"))

    frame = bikes.bikes(catalog=served.catalog)

    assert len(frame) == 3
    assert frame.loc[0, "oddities"].split("; ") == [bikes.NOT_THE_SUM, bikes.NEGATIVE, bikes.BIKES_OUT_OF_SERVICE]


def test_a_feed_that_stands_still_is_warned_of(serve: Serve) -> None:
    with pytest.warns(StaleDataWarning, match="stands still"):
        ask(serve)


def test_the_age_counts_from_the_last_refresh(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert str(frame["observed_at"].dt.tz) == "Europe/Paris"
    assert frame["age"].max() < timedelta(minutes=10)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"min_bikes": -1}, ValueError),
        ({"min_docks": "3"}, TypeError),
        ({"in_service": 1}, TypeError),
        ({"commune": "Paris"}, ValueError),
        ({"near": (44.84, -0.57, 100)}, ValueError),
        ({"near": (-0.57, 44.84)}, TypeError),
    ],
)
def test_wrong_arguments_are_refused(serve: Serve, asked: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(serve, **asked)


def test_the_map_says_where_it_is_from(serve: Serve, clock: datetime) -> None:
    pytest.importorskip("matplotlib").use("Agg")

    ax = bikes.plot_map(ask(serve))

    assert "bikes at" in ax.get_title(loc="left")
