"""Distances are looked for where they can be small, and come out as if all were computed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bdxopendata.odsql import places
from bdxopendata.odsql.places import EARTH_RADIUS, Places, haversine

LONGITUDES = st.one_of(st.floats(-180, 180), st.sampled_from([-180.0, 180.0, 0.0, -0.57]))
LATITUDES = st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, 90.0, 0.0, 44.84]))
PLACES = st.one_of(st.none(), st.tuples(LONGITUDES, LATITUDES))
METRES = st.one_of(
    st.floats(0, 2.1e7), st.sampled_from([0.0, 1e-3, 500.0, np.pi * EARTH_RADIUS, np.pi * EARTH_RADIUS / 2])
)


@settings(deadline=None)
@given(st.lists(PLACES, max_size=20), LONGITUDES, LATITUDES, METRES, st.booleans())
def test_what_is_near_is_what_is_no_farther(
    some: list[tuple[float, float] | None], lon: float, lat: float, metres: float, touching: bool
) -> None:
    points = [None if one is None else {"lon": one[0], "lat": one[1]} for one in some]
    column = Places(pa.array(points, pa.struct([("lon", pa.float64()), ("lat", pa.float64())])))
    distances = haversine(column.lon, column.lat, lon, lat)
    if touching and len(distances) and not np.isnan(distances[0]):
        # A place exactly as far as is asked for.
        metres = float(distances[0])

    found = column.within_distance(lon, lat, metres)

    assert found.tolist() == (column.valid & (distances <= metres)).tolist()


def test_far_places_are_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [{"lon": -0.57, "lat": lat} for lat in np.linspace(40, 50, 1_000)]
    column = Places(pa.array(points, pa.struct([("lon", pa.float64()), ("lat", pa.float64())])))
    computed: list[int] = []

    def counted(lon: np.ndarray, *more: float) -> np.ndarray:
        computed.append(len(lon))
        return haversine(lon, *more)

    monkeypatch.setattr(places, "haversine", counted)

    assert column.within_distance(-0.57, 45.0, 10_000).sum() == 18
    assert computed == [18]
