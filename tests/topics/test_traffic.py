"""State of traffic, sensors and counts by the stand-in portal."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bdxopendata.errors import DatasetNotFoundError
from bdxopendata.testing import SampleDataset, samples
from bdxopendata.topics import traffic
from conftest import Serve

HISTORY = SampleDataset(
    "pc_capte_p_histo_jour",
    [
        {"name": "time", "type": "datetime"},
        {"name": "ident", "type": "text"},
        {"name": "comptage", "type": "int"},
    ],
    [
        {"time": f"2026-03-{day:02}T00:00:00+00:00", "ident": sensor, "comptage": day}
        for day in range(1, 32)
        for sensor in ("Z1", "Z2")
    ],
)


def ask(serve: Serve, **asked: Any) -> Any:
    return traffic.traffic(catalog=serve("ci_trafi_l").catalog, **asked)


def test_every_segment_is_a_row_with_an_ordered_state(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert len(frame) == len(samples.make("ci_trafi_l").rows)
    assert frame["state"].dtype == pd.CategoricalDtype(traffic.STATES, ordered=True)
    assert frame["state"].max() == "PARALYSE"
    assert set(frame.geom_type) == {"LineString"}


def test_an_unknown_state_is_missing_and_stays_as_it_was_sent(serve: Serve, clock: datetime) -> None:
    frame = ask(serve)

    assert set(frame.loc[frame["state"].isna(), "state_sent"]) == {"INCONNU"}


def test_segments_are_filtered_by_the_portal(serve: Serve, clock: datetime) -> None:
    assert set(ask(serve, at_least="Embouteillé")["state"]) == {"EMBOUTEILLE", "PARALYSE"}
    assert set(ask(serve, road_kind="quais")["road_kind"]) == {"QUAIS"}
    assert set(ask(serve, commune="33281")["commune"]) == {"Mérignac"}
    assert 0 < len(ask(serve, near=(-0.57, 44.84, 1500))) < len(ask(serve))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"at_least": "BOUCHE"}, "no state of traffic"),
        ({"road_kind": "QUAI"}, "Did you mean 'QUAIS'"),
        ({"near": (44.84, -0.57, 100)}, "(?i)longitude"),
    ],
)
def test_wrong_arguments_name_the_right_ones(serve: Serve, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask(serve, **asked)


def test_only_the_range_that_is_asked_for_leaves_the_portal(serve: Serve) -> None:
    served = serve(HISTORY)

    frame = traffic.traffic_counts(date(2026, 3, 3), date(2026, 3, 6), sensor="Z1", catalog=served.catalog)

    assert list(frame["comptage"]) == [3, 4, 5]
    assert str(frame["time"].dt.tz) == "Europe/Paris"
    wheres = [request.get("where") for request in served.portal.requests if request.get("where")]
    assert wheres
    assert all("2026" in str(where) and "Z1" in str(where) for where in wheres)


def test_a_range_without_counts_is_an_empty_typed_frame(serve: Serve) -> None:
    frame = traffic.traffic_counts(date(1990, 1, 1), date(1991, 1, 1), catalog=serve(HISTORY).catalog)

    assert len(frame) == 0
    assert str(frame["time"].dtype) == "datetime64[us, Europe/Paris]"


@pytest.mark.parametrize(
    ("start", "end", "error"),
    [
        (date(2026, 3, 3), date(2026, 3, 3), ValueError),
        (datetime(2026, 3, 3, 8), date(2026, 3, 4), ValueError),
        ("2026-03-03T08:00", date(2026, 3, 4), ValueError),
        ("March", date(2026, 3, 4), ValueError),
        (["2026-03-03"], date(2026, 3, 4), TypeError),
    ],
)
def test_wrong_ranges_are_refused(serve: Serve, start: Any, end: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        traffic.traffic_counts(start, end, catalog=serve(HISTORY).catalog)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-03", "2026-03-04"),
        (pd.Timestamp("2026-03-03"), np.datetime64("2026-03-04")),
        ("2026-03-03T00:00+01:00", pd.Timestamp("2026-03-04", tz="Europe/Paris")),
    ],
)
def test_days_and_moments_are_taken_in_every_form(serve: Serve, start: Any, end: Any) -> None:
    asked = traffic.traffic_counts(start, end, catalog=serve(HISTORY).catalog)

    plain = traffic.traffic_counts(date(2026, 3, 3), date(2026, 3, 4), catalog=serve(HISTORY).catalog)
    assert len(plain)
    assert asked["time"].tolist() == plain["time"].tolist()


def test_moments_of_any_zone_are_understood(serve: Serve) -> None:
    start, end = datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)

    assert len(traffic.traffic_counts(start, end, catalog=serve(HISTORY).catalog)) == 2


def test_a_history_that_the_portal_does_not_keep_is_said_so(serve: Serve) -> None:
    with pytest.raises(DatasetNotFoundError, match="pc_velo_p"):
        traffic.traffic_counts(date(2026, 3, 3), date(2026, 3, 4), vehicle="bike", catalog=serve("ci_trafi_l").catalog)


def test_sensors_have_what_the_portal_has(serve: Serve, clock: datetime) -> None:
    fields = [
        {"name": "gid", "type": "int"},
        {"name": "libelle", "type": "text"},
        {"name": "ident", "type": "text"},
        {"name": "type", "type": "text"},
        {"name": "comptage_5m", "type": "int"},
        {"name": "mdate", "type": "datetime"},
        {"name": "geo_point_2d", "type": "geo_point_2d"},
    ]
    rows = [
        {"gid": 1, "ident": "Z2903CT6", "type": "BOUCLE", "comptage_5m": 4, "mdate": "2026-06-15T09:59:00+00:00",
         "geo_point_2d": {"lon": -0.57, "lat": 44.84}},
        {"gid": 2, "ident": "P52.2", "type": "PONCTUEL", "comptage_5m": None, "mdate": "2021-04-01T00:00:00+00:00",
         "geo_point_2d": {"lon": -0.58, "lat": 44.84}},
    ]  # fmt: skip

    frame = traffic.traffic_sensors("bike", catalog=serve(SampleDataset("pc_captv_p", fields, rows)).catalog)

    assert list(frame["sensor"]) == ["Z2903CT6", "P52.2"]
    assert frame["commune"].isna().all()
    assert frame["age"].iloc[1].days > 1000


def test_the_map_has_a_line_for_each_state(serve: Serve, clock: datetime) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    frame = ask(serve)

    ax = traffic.plot_map(frame)

    assert len(ax.collections) == frame["state"].nunique() + int(frame["state"].isna().any())
