"""``geo_cluster(…)`` of group_by: points that lie close together on a map.

Points share a cell of the geohash grid first; cells whose middles are closer than the radius are joined then.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from bdxopendata.odsql.places import EARTH_RADIUS, Places, haversine
from bdxopendata.odsql.ranges import MISSING

Codes = npt.NDArray[np.int64]

DEFAULT_RADIUS = 40
_TILE = 256
_EQUATOR = 2 * np.pi * EARTH_RADIUS
_DEEPEST = 12


def clustered(places: Places, zoom: int, radius: int = DEFAULT_RADIUS) -> tuple[Codes, Any]:
    """Give the code of each row, and the middle of each cluster from west to east."""
    metres = radius * _EQUATOR / (_TILE * 2**zoom)
    valid = places.valid
    lon, lat = places.lon[valid], places.lat[valid]
    _, cells = np.unique(_cells(lon, lat, _precision(metres)), return_inverse=True)
    middles = _means(lon, lat, cells)
    clusters = _joined(*middles, metres)[cells] if len(cells) else cells
    lons, lats = _means(lon, lat, clusters)
    order = np.lexsort((lats, lons))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    codes = np.full(len(valid), MISSING, np.int64)
    codes[valid] = ranks[clusters] if len(order) else clusters
    middle = pa.StructArray.from_arrays([pa.array(lats[order]), pa.array(lons[order])], ["lat", "lon"])
    return codes, pa.StructArray.from_arrays([middle], ["cluster_centroid"])


def _precision(metres: float) -> int:
    """Find the finest grid whose cells are larger than the radius."""
    for precision in range(_DEEPEST, 1, -1):
        lon_bits, lat_bits = _bits(precision)
        if metres < min(_EQUATOR / 2**lon_bits, _EQUATOR / 2 / 2**lat_bits):
            return precision
    return 1


def _bits(precision: int) -> tuple[int, int]:
    return (5 * precision + 1) // 2, 5 * precision // 2


def _cells(lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], precision: int) -> Codes:
    lon_bits, lat_bits = _bits(precision)
    column = np.clip(np.floor((lon + 180) / 360 * 2**lon_bits), 0, 2**lon_bits - 1).astype(np.int64)
    row = np.clip(np.floor((lat + 90) / 180 * 2**lat_bits), 0, 2**lat_bits - 1).astype(np.int64)
    cells: Codes = column * 2**lat_bits + row
    return cells


def _means(
    lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], codes: Codes
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    counts = np.bincount(codes)
    return np.bincount(codes, lon) / counts, np.bincount(codes, lat) / counts


def _joined(lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], metres: float) -> Codes:
    """Give a number to each cell, the same for cells that are joined."""
    points = np.atleast_1d(np.asarray(shapely.points(lon, lat)))
    # Wide enough in degrees for the radius at every latitude of the points; the true distance decides.
    widest = np.degrees(metres / EARTH_RADIUS) / max(float(np.cos(np.radians(np.abs(lat).max()))), 1e-3)
    left, right = shapely.STRtree(points).query(points, predicate="dwithin", distance=widest)
    close = (left < right) & (haversine(lon[left], lat[left], lon[right], lat[right]) < metres)
    leader = list(range(len(lon)))

    def find(cell: int) -> int:
        while leader[cell] != cell:
            leader[cell] = leader[leader[cell]]
            cell = leader[cell]
        return cell

    for one, other in zip(left[close].tolist(), right[close].tolist(), strict=True):
        leader[find(one)] = find(other)
    _, numbers = np.unique([find(cell) for cell in range(len(lon))], return_inverse=True)
    return numbers.astype(np.int64)
