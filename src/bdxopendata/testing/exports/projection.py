"""Geometries in the projection that ``epsg`` names."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pyproj
import shapely

from bdxopendata.testing.bodies import bad_parameter
from bdxopendata.testing.parameters import Parameters

WGS84 = 4326


def asked_epsg(parameters: Parameters) -> int:
    """Check the code that is asked for."""
    code = parameters.integer("epsg", WGS84)
    try:
        pyproj.CRS.from_epsg(code)
    except pyproj.exceptions.CRSError:
        raise bad_parameter("epsg", code, "an EPSG code") from None
    return code


@cache
def _transformer(code: int) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(WGS84, code, always_xy=True)


def project(shapes: np.ndarray, code: int) -> np.ndarray:
    """Shapes in longitude and latitude, projected."""
    if code == WGS84:
        return shapes

    def move(places: np.ndarray) -> np.ndarray:
        return np.column_stack(_transformer(code).transform(places[:, 0], places[:, 1]))

    moved: np.ndarray = shapely.transform(shapes, move)
    return moved


def project_geometry(geometry: dict[str, Any] | None, code: int) -> dict[str, Any] | None:
    """One GeoJSON geometry, projected."""
    if geometry is None or code == WGS84:
        return geometry
    shape = shapely.from_geojson(json.dumps(geometry))
    moved: dict[str, Any] = json.loads(shapely.to_geojson(project(np.array([shape]), code)[0]))
    return moved
