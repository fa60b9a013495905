"""Points and shapes on a local table: distances in metres on a sphere, and who lies where, in degrees."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# The mean radius that search engines reckon with.
EARTH_RADIUS = 6_371_008.7714

_HEXADECIMAL = re.compile(r"\s*[0-9A-Fa-f]{10,}\s*\Z")


def read_geometry(text: str) -> shapely.Geometry:
    """Read the geometry of a literal: WKT, hexadecimal WKB or GeoJSON.

    Raises
    ------
    ValueError
        If it cannot be read, or is empty.
    """
    read: Callable[[str], shapely.Geometry] = shapely.from_wkt
    if text.lstrip().startswith("{"):
        read = shapely.from_geojson
    elif _HEXADECIMAL.match(text):
        read = shapely.from_wkb
    try:
        found = read(text.strip())
    except shapely.errors.ShapelyError as error:
        raise ValueError("the geometry cannot be read") from error
    if shapely.is_empty(found):
        raise ValueError("the geometry is empty")
    return found


def read_point(text: str) -> tuple[float, float]:
    """Longitude and latitude of a literal that must be a point; ValueError otherwise."""
    found = read_geometry(text)
    if not isinstance(found, shapely.Point):
        raise ValueError("a point is needed")
    return found.x, found.y


class Places:
    """A column of points or shapes."""

    def __init__(self, column: Any) -> None:
        self.is_points: bool = pa.types.is_struct(column.type)
        self.valid: Mask = pc.is_valid(column).to_numpy(zero_copy_only=False)
        if self.is_points:
            self.lon: Floats = _floats(pc.struct_field(column, "lon"))
            self.lat: Floats = _floats(pc.struct_field(column, "lat"))
            self.valid &= ~(np.isnan(self.lon) | np.isnan(self.lat))
        else:
            self.shapes: Any = shapely.from_wkb(column.to_numpy(zero_copy_only=False), on_invalid="ignore")
            self.valid &= ~(shapely.is_missing(self.shapes) | shapely.is_empty(self.shapes))

    def distances(self, lon: float, lat: float) -> Floats:
        """Metres to a point; NaN where there is no place."""
        if self.is_points:
            return haversine(self.lon, self.lat, lon, lat)
        # Near the point, degrees of longitude are shorter by this factor; the nearest spot is looked for in that
        # flat picture, and its distance is taken on the sphere.
        squeeze = max(float(np.cos(np.radians(lat))), 1e-9)

        def flattened(coordinates: Floats) -> Floats:
            return coordinates * (squeeze, 1.0)

        flat = shapely.transform(np.where(self.valid, self.shapes, None), flattened)
        lines = shapely.shortest_line(flat, shapely.Point(lon * squeeze, lat))
        nearest = shapely.get_point(lines, 0)
        return haversine(shapely.get_x(nearest) / squeeze, shapely.get_y(nearest), lon, lat)

    def within_distance(self, lon: float, lat: float, metres: float) -> Mask:
        """Places that are at most so far from a point."""
        if not self.is_points:
            return self.valid & (self.distances(lon, lat) <= metres)
        # Nothing is nearer than its difference in latitude; a little more is looked at, for what is lost in rounding.
        degrees = np.degrees(metres / EARTH_RADIUS) * (1 + 1e-6) + 1e-9
        near: Mask = self.valid & (np.abs(self.lat - lat) <= degrees)
        candidates = np.flatnonzero(near)
        near[candidates] = haversine(self.lon[candidates], self.lat[candidates], lon, lat) <= metres
        return near

    def touching(self, area: shapely.Geometry) -> Mask:
        """Places that share a spot with the area."""
        shapely.prepare(area)
        if self.is_points:
            return self._and(shapely.intersects_xy(area, np.nan_to_num(self.lon), np.nan_to_num(self.lat)))
        return self._and(shapely.intersects(area, self.shapes))

    def inside(self, area: shapely.Geometry) -> Mask:
        """Places that lie in the area entirely, its boundary included."""
        if self.is_points:
            return self.touching(area)
        shapely.prepare(area)
        return self._and(shapely.covers(area, self.shapes))

    def in_box(self, minx: float, miny: float, maxx: float, maxy: float) -> Mask:
        """Places that lie in the box entirely."""
        if self.is_points:
            return self._and((self.lon >= minx) & (self.lon <= maxx) & (self.lat >= miny) & (self.lat <= maxy))
        west, south, east, north = shapely.bounds(self.shapes).T
        return self._and((west >= minx) & (east <= maxx) & (south >= miny) & (north <= maxy))

    def _and(self, found: Any) -> Mask:
        both: Mask = self.valid & found
        return both


def haversine(lon: Floats, lat: Floats, to_lon: float | Floats, to_lat: float | Floats) -> Floats:
    """Metres along the sphere."""
    half_lat = np.radians(lat - to_lat) / 2
    half_lon = np.radians(lon - to_lon) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(np.radians(lat)) * np.cos(np.radians(to_lat)) * np.sin(half_lon) ** 2
    metres: Floats = 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return metres


def _floats(numbers: Any) -> Floats:
    found: Floats = numbers.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return found
