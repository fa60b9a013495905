"""Arguments that mean a place: a circle round a point, a box, a shape; and a hint where it is far from here."""

from __future__ import annotations

import math
import warnings
from typing import Any

from bdxopendata.errors import FarAwayWarning, levels_up
from bdxopendata.topics import places

# The middle of the city, and how many metres a degree of latitude has.
CENTRE = (-0.58, 44.84)
METRES_A_DEGREE = 111_320


def circle(near: object) -> tuple[float, float, float] | None:
    """Check longitude, latitude and metres; None stays None.

    Raises
    ------
    TypeError
        If it is not three numbers.
    ValueError
        If it can be no place near here, latitude was given first, or the metres are not above 0.
    """
    if near is None:
        return None
    if not isinstance(near, (tuple, list)) or len(near) != 3:
        raise TypeError("near is three numbers: longitude, latitude and metres, such as (-0.574, 44.841, 500).")
    lon, lat = places.point(near[0], near[1])
    metres = near[2]
    if isinstance(metres, (bool, str)) or not hasattr(metres, "__float__"):
        raise TypeError(f"The metres in near are a number, not {type(metres).__name__}.")
    metres = float(metres)
    if not 0 < metres < math.inf:
        raise ValueError(f"The metres in near are above 0, not {metres}.")
    degrees = metres / METRES_A_DEGREE
    tell_if_far(lon - degrees, lat - degrees, lon + degrees, lat + degrees)
    return lon, lat, metres


def box(area: object) -> tuple[float, float, float, float] | None:
    """Check west, south, east and north; anything but four numbers is None, and left to `Query.within`.

    Raises
    ------
    ValueError
        If it can be no box, or latitude was given first.
    """
    if not isinstance(area, (tuple, list)):
        _tell_of_shape(area)
        return None
    if len(area) != 4:
        raise ValueError("A box is four numbers: west, south, east, north.")
    west, south = places.point(area[0], area[1])
    east, north = places.point(area[2], area[3])
    if west <= east and south <= north:
        tell_if_far(west, south, east, north)
    return west, south, east, north


def tell_if_far(west: float, south: float, east: float, north: float) -> None:
    """Warn of an area in which there can be nothing, since it does not touch the surroundings of the metropolis.

    Warns
    -----
    FarAwayWarning
        If it does not; the answer is then empty.
    """
    around = places.AROUND
    if west <= around[2] and east >= around[0] and south <= around[3] and north >= around[1]:
        return
    lon, lat = (west + east) / 2, (south + north) / 2
    kilometres = _kilometres(lon, lat, *CENTRE)
    text = (
        f"The place that is asked about, longitude {lon:.4g}, latitude {lat:.4g}, is {kilometres:,.0f} km away from "
        f"Bordeaux ({CENTRE[0]}, {CENTRE[1]}), so nothing is found there. Longitude comes first: west, south, east, "
        "north for an area; longitude, latitude, metres for a circle."
    )
    warnings.warn(FarAwayWarning(text), stacklevel=levels_up())


def _tell_of_shape(area: Any) -> None:
    """Look at the bounds of a shape, or of a frame in whatever coordinate system."""
    if hasattr(area, "to_crs") and getattr(area, "crs", None) is not None:
        area = area.to_crs(4326)
    bounds = getattr(area, "total_bounds", None)
    bounds = getattr(area, "bounds", None) if bounds is None else bounds
    if bounds is not None and len(bounds) == 4 and all(math.isfinite(float(one)) for one in bounds):
        west, south, east, north = (float(one) for one in bounds)
        tell_if_far(west, south, east, north)


def _kilometres(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Measure along a great circle of a round Earth, which is near enough for a hint."""
    phi, other_phi, turn = math.radians(lat), math.radians(other_lat), math.radians(lon - other_lon)
    cosine = math.sin(phi) * math.sin(other_phi) + math.cos(phi) * math.cos(other_phi) * math.cos(turn)
    return 6371 * math.acos(min(1.0, max(-1.0, cosine)))
