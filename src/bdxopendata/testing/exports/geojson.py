"""GeoJSON: one Feature per record.

The first shape becomes the geometry and leaves the properties; a point beside it stays there. Without a shape the
first point becomes the geometry, and stays in the properties too (unverified for this version of the API; older ones
kept it).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bdxopendata.testing.bodies import json_text
from bdxopendata.testing.exports.projection import asked_epsg, project_geometry
from bdxopendata.testing.exports.task import Task
from bdxopendata.testing.tables import bare_geometry


def write(task: Task) -> Iterable[bytes]:
    """Write the collection."""
    # What epsg does to this format is unverified; the contract says that geometries are projected.
    code = asked_epsg(task.parameters)
    return _pieces(task, code)


def _pieces(task: Task, code: int) -> Iterable[bytes]:
    column = task.first("geo_shape", "geo_point_2d")
    yield b'{"type": "FeatureCollection", "features": ['
    for number, record in enumerate(task.sheet.records(task.zone)):
        geometry = None
        if column is not None:
            value = record.pop(column.name) if column.type == "geo_shape" else record[column.name]
            geometry = project_geometry(_geometry(value), code)
        feature = {"type": "Feature", "geometry": geometry, "properties": record}
        yield (", " if number else "").encode() + json_text(feature).encode()
    yield b"]}"


def _geometry(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Mapping) and "lon" in value:
        return {"type": "Point", "coordinates": [value["lon"], value["lat"]]}
    geometry = bare_geometry(value)
    return dict(geometry) if isinstance(geometry, Mapping) else None
