"""Areas and points, as the text of a geometry literal.

Takes whatever knows its ``__geo_interface__``, GeoJSON-like mappings, and WKT. Coordinates are lon lat, in degrees.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bdxopendata.odsql.render import number_text


def geometry_text(area: object) -> str:
    """WKT of an area or a point.

    Raises
    ------
    TypeError
        If it is no geometry.
    ValueError
        If it is empty, has missing coordinates, or is not in degrees.
    """
    geometry = _interface(area)
    kind = geometry.get("type")
    writer = _WRITERS.get(str(kind))
    if writer is None:
        raise ValueError(f"A {kind} cannot be asked with; use a point, line or polygon, or their multiples.")
    coordinates = geometry.get("coordinates")
    if not isinstance(coordinates, Sequence) or not coordinates:
        raise ValueError("The geometry is empty, so nothing could be found with it.")
    return f"{str(kind).upper()}{writer(coordinates)}"


def point_text(lon: float, lat: float) -> str:
    """WKT of a point."""
    return f"POINT({_position((lon, lat))})"


def require_degrees(lon: float, lat: float) -> None:
    """Refuse what cannot be a longitude and a latitude."""
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise ValueError("A coordinate is missing or infinite.")
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(
            f"({lon:g}, {lat:g}) is no longitude and latitude in degrees; bring the geometry to EPSG:4326 first."
        )


def _interface(area: object) -> Mapping[str, Any]:
    if isinstance(area, str):
        return _from_wkt(area)
    found = area if isinstance(area, Mapping) else getattr(area, "__geo_interface__", None)
    if not isinstance(found, Mapping):
        raise TypeError(f"A geometry is needed, or its WKT, not {type(area).__name__}.")
    if found.get("type") == "FeatureCollection":
        features: Sequence[Any] = found.get("features") or ()
        if len(features) != 1:
            raise ValueError(f"One geometry is needed, not {len(features)}; join them with .union_all() first.")
        found = features[0]
    if found.get("type") == "Feature":
        found = found.get("geometry") or {"type": "Point", "coordinates": ()}
    return found


def _from_wkt(text: str) -> Mapping[str, Any]:
    import shapely  # heavy, and only needed for WKT

    try:
        shape = shapely.from_wkt(text)
    except shapely.errors.ShapelyError as error:
        raise ValueError(f"{text[:60]!r} is no WKT: {error}") from error
    if shape.is_empty:
        raise ValueError("The geometry is empty, so nothing could be found with it.")
    interface: Mapping[str, Any] = shape.__geo_interface__
    return interface


def _position(position: Sequence[float]) -> str:
    # Heights are left out: the portal's geometry has none.
    lon, lat = (float(number) for number in position[:2])
    require_degrees(lon, lat)
    return f"{_degrees(lon)} {_degrees(lat)}"


def _degrees(value: float) -> str:
    return number_text(int(value) if value.is_integer() else value)


def _one(position: Sequence[Any]) -> str:
    return f"({_position(position)})"


def _many(of: Callable[[Sequence[Any]], str]) -> Callable[[Sequence[Any]], str]:
    def write(parts: Sequence[Any]) -> str:
        if not parts:
            raise ValueError("A part of the geometry is empty.")
        return f"({', '.join(of(part) for part in parts)})"

    return write


_line = _many(_position)
_WRITERS: Mapping[str, Callable[[Sequence[Any]], str]] = {
    "Point": _one,
    "MultiPoint": _many(_one),
    "LineString": _line,
    "LinearRing": _line,
    "MultiLineString": _many(_line),
    "Polygon": _many(_line),
    "MultiPolygon": _many(_many(_line)),
}
