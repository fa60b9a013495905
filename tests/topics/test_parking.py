"""Car parks by the stand-in portal."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from bdxopendata.errors import SchemaDriftError, StaleDataWarning
from bdxopendata.lineage import cite, provenance
from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import engine, parking
from conftest import Serve

CENTRE = (-0.574, 44.841)


def ask(serve: Serve, **asked: Any) -> Any:
    return parking.parking(catalog=serve("st_park_p").catalog, **asked)


def test_every_car_park_is_a_row_with_the_columns_of_the_contract_first(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert len(frame) == len(samples.make("st_park_p").rows)
    own = list(parking.CONTRACT.columns)
    assert list(frame.columns[: len(own) + 2]) == [*own, "dataset", "geometry"]
    assert frame.crs == "EPSG:4326"
    assert set(frame.geom_type) == {"Point"}


def test_columns_of_the_portal_that_the_contract_does_not_name_follow(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert {"siret", "url", "typgest", "cdate", "geo_shape"} <= set(frame.columns)
    assert {"libres", "nom", "geo_point_2d"}.isdisjoint(frame.columns)


def test_places_are_whole_numbers_that_may_be_missing(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert {str(frame[name].dtype) for name in ("free", "counted", "capacity", "ev_places")} == {"Int64"}
    assert frame["free"].isna().any()
    assert (frame["free"].isna() == frame["counted"].isna()).all()


def test_occupancy_is_the_share_of_counted_places_taken(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)
    counted = frame[frame["occupancy"].notna()]

    assert (counted["occupancy"] == 1 - counted["free"].astype(float) / counted["counted"].astype(float)).all()
    assert frame["occupancy"].dropna().between(0, 1).all()


def test_a_car_park_with_more_free_places_than_places_stays_and_is_told(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    odd = frame[frame["free"] > frame["counted"]]
    assert odd["oddities"].tolist() == [parking.MORE_FREE_THAN_PLACES]
    assert odd["occupancy"].isna().all()


def test_a_shared_identifier_and_a_missing_pair_are_told(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    shared = frame[frame["ident"] == "CUBPK110"]
    assert len(shared) == 2
    assert shared["oddities"].str.contains(parking.SHARED_IDENT).all()
    assert frame.loc[frame["free"].isna(), "oddities"].str.contains(parking.NOT_COUNTED).all()


def test_a_car_park_with_nothing_odd_has_no_oddities(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    plain = frame[(frame["status"] == "LIBRE") & (frame["free"] <= frame["counted"]) & frame["connected"]]
    assert len(plain) > 10
    assert plain["oddities"].isna().all()


def test_oddities_of_half_a_count_and_of_negative_places_are_told() -> None:
    frame = pd.DataFrame(
        {
            "ident": ["a", "b", "c"],
            "free": pd.array([3, -1, 2], dtype="Int64"),
            "counted": pd.array([None, 10, 10], dtype="Int64"),
            "capacity": pd.array([10, 10, 10], dtype="Int64"),
            "connected": pd.array([True, True, None], dtype="boolean"),
            "status": ["LIBRE", "LIBRE", "COMPLET"],
        }
    )

    assert parking.oddities(frame).tolist() == [parking.HALF_COUNTED, parking.NEGATIVE, parking.FULL_WITH_PLACES]


def test_the_commune_is_named_from_its_code(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert frame.loc[frame["insee"] == "33281", "commune"].unique().tolist() == ["Mérignac"]
    assert engine.topic_of(frame)["derived"] == ["commune"]


def test_at_least_so_many_free_places_are_asked_of_the_portal(serve: Serve, clock: datetime) -> None:
    frame = ask(serve, min_free=100)

    assert 0 < len(frame) < 90
    assert (frame["free"] >= 100).all()
    assert "libres >= 100" in provenance(frame).question


def test_free_of_charge_and_its_opposite_leave_out_what_has_no_tariff(serve: Serve, clock: datetime) -> None:
    free, paid, every = (ask(serve, free_of_charge=wanted) for wanted in (True, False, None))

    assert set(free["tariff"]) == {"GRATUIT"}
    assert free["free_of_charge"].all()
    assert not paid["free_of_charge"].any()
    assert len(free) + len(paid) + every["tariff"].isna().sum() == len(every)


def test_park_and_ride_is_its_tariff_or_its_places(serve: Serve, clock: datetime) -> None:
    frame = ask(serve, park_and_ride=True)

    assert len(frame) > 20
    assert frame["park_and_ride"].all()


@pytest.mark.parametrize("kind", ["ENTERRE", "enterré", "Enterre"])
def test_a_kind_is_found_whatever_the_case_and_accents(serve: Serve, clock: datetime, kind: str) -> None:
    assert set(ask(serve, kind=kind)["kind"]) == {"ENTERRE"}


def test_an_unknown_kind_names_the_nearest(serve: Serve) -> None:
    with pytest.raises(ValueError, match=r"There is no kind of car park 'sufrace'. Did you mean 'SURFACE'"):
        ask(serve, kind="sufrace")


def test_near_keeps_what_is_so_many_metres_away(serve: Serve, clock: datetime) -> None:
    frame = ask(serve, near=(*CENTRE, 500))

    measured = parking.nearest(ask(serve), *CENTRE, n=100)
    assert sorted(frame["name"]) == sorted(measured.loc[measured["distance"] <= 500, "name"])


def test_near_with_latitude_first_is_told_so_before_anything_is_asked(serve: Serve) -> None:
    served = serve("st_park_p")

    with pytest.raises(ValueError, match="swapped"):
        parking.parking(near=(44.841, -0.574, 500), catalog=served.catalog)

    assert served.asked() == []


@pytest.mark.parametrize(
    "asked",
    [
        {"min_free": 1.5},
        {"min_free": True},
        {"free_of_charge": 1},
        {"park_and_ride": "yes"},
        {"near": CENTRE},
        {"near": (*CENTRE, "500")},
    ],
)
def test_arguments_of_another_kind_are_refused_before_anything_is_asked(serve: Serve, asked: dict[str, Any]) -> None:
    served = serve("st_park_p")

    with pytest.raises(TypeError):
        parking.parking(catalog=served.catalog, **asked)

    assert served.asked() == []


@pytest.mark.parametrize("metres", [0, -5, float("nan"), float("inf")])
def test_near_wants_a_distance_above_nothing(serve: Serve, metres: float) -> None:
    served = serve("st_park_p")

    with pytest.raises(ValueError, match="above 0"):
        parking.parking(near=(*CENTRE, metres), catalog=served.catalog)

    assert served.asked() == []


def test_no_car_park_is_an_empty_frame_of_the_same_columns(serve: Serve, clock: datetime) -> None:
    every, none = ask(serve), ask(serve, min_free=1_000_000)

    assert len(none) == 0
    assert none.dtypes.to_dict() == every.dtypes.to_dict()
    assert none.crs == every.crs


def test_the_nearest_car_parks_come_first(serve: Serve, clock: datetime) -> None:
    found = parking.nearest(ask(serve), *CENTRE, n=3)

    assert found["name"].iloc[0] == "Camille Jullian"
    assert found["distance"].is_monotonic_increasing
    assert cite(found)


def test_the_age_of_a_row_is_how_long_ago_it_was_observed(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert str(frame["observed_at"].dtype) == "datetime64[us, Europe/Paris]"
    assert (frame["observed_at"] + frame["age"] == clock).all()
    assert frame["age"].min() < timedelta(minutes=5)
    # Car parks that are not counted keep rows of years ago.
    assert frame["age"].max() > timedelta(days=365)


def test_a_feed_that_stands_still_is_told(serve: Serve) -> None:
    with pytest.warns(StaleDataWarning, match="The newest row of 'st_park_p' .sample rows of the stand-in portal. is"):
        ask(serve)


def test_the_threshold_of_a_stale_feed_can_be_set_and_taken_away(serve: Serve, clock: datetime) -> None:
    with pytest.warns(StaleDataWarning):
        ask(serve, stale_after=timedelta(seconds=1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(ask(serve, stale_after=None))


def test_a_portal_without_the_free_places_is_a_drift_that_names_them(serve: Serve) -> None:
    whole = samples.make("st_park_p")
    fields = [one for one in whole.fields if one["name"] != "libres"]
    served = serve(SampleDataset("st_park_p", fields, whole.rows, whole.metas))

    with pytest.raises(SchemaDriftError, match=r"'st_park_p' no longer has 'free \(libres\)'"):
        parking.parking(catalog=served.catalog)


def test_a_filter_on_what_the_portal_lacks_is_a_drift_too(serve: Serve) -> None:
    whole = samples.make("st_park_p")
    fields = [one for one in whole.fields if one["name"] != "ta_type"]
    served = serve(SampleDataset("st_park_p", fields, whole.rows, whole.metas))

    with pytest.raises(SchemaDriftError, match=r"tariff \(ta_type\)"):
        parking.parking(free_of_charge=True, catalog=served.catalog)
