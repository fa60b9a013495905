"""Arguments that mean a place: a circle round a point."""

from __future__ import annotations

import math

from bdxopendata.topics import places


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
    if isinstance(metres, bool) or not isinstance(metres, (int, float)):
        raise TypeError(f"The metres in near are a number, not {type(metres).__name__}.")
    if not 0 < metres < math.inf:
        raise ValueError(f"The metres in near are above 0, not {metres}.")
    return lon, lat, metres
