"""GeoJSON: a FeatureCollection, parsed as the JSON that it is.

Libraries that guess a format by its content can be led to open other files and addresses; here the top-level type is
looked at, and nothing else is ever opened.

The geometry of a feature goes back to the field that it came from: the first shape of the schema, else the first point.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from bdxopendata.fields import Field, Schema
from bdxopendata.formats.json import load
from bdxopendata.formats.rows import rows_to_table
from bdxopendata.formats.shape import check_rows, cut, refuse, refusing
from bdxopendata.formats.wide import mark_wide, wide_columns

# The coordinate systems that mean longitude and latitude in WGS 84.
_WGS84 = ("CRS84", "4326")


def read(path: Path, schema: Schema, *, labels: bool, list_separator: str, max_rows: int | None) -> pa.Table:
    """Read a whole file."""
    features = _features(path)
    check_rows(len(features), max_rows, path)
    with refusing(path, "GeoJSON"):
        return rows_to_table([_row(feature, schema.geometry, path) for feature in features], schema)


def batches(path: Path, schema: Schema, size: int, *, labels: bool, list_separator: str) -> Iterator[pa.Table]:
    """Read a whole file and cut it: a collection can only be trusted once it closed."""
    table = read(path, schema, labels=labels, list_separator=list_separator, max_rows=None)
    yield from cut(mark_wide(table, wide_columns([table], schema)), size)


def count_rows(path: Path) -> int:
    """Count features by parsing."""
    return len(_features(path))


def _features(path: Path) -> list[Any]:
    collection = load(path, b"}", "GeoJSON FeatureCollection")
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        raise refuse("it is no GeoJSON FeatureCollection", path)
    features = collection.get("features")
    if not isinstance(features, list):
        raise refuse("the GeoJSON FeatureCollection has no list of features", path)
    _check_crs(collection.get("crs"), path)
    return features


def _check_crs(crs: object, path: Path) -> None:
    """Refuse a file that says its coordinates are others: they would be placed wrongly without a word."""
    if crs is None:
        return
    try:
        name = str(crs["properties"]["name"])  # type: ignore[index]  # whatever is no object is refused below
    except (TypeError, KeyError):
        raise refuse("its coordinate system cannot be read", path) from None
    if not name.endswith(_WGS84):
        raise refuse("its coordinates are not longitude and latitude in WGS 84", path)


def _row(feature: Any, geometry: Field | None, path: Path) -> dict[str, Any]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise refuse("a member of the GeoJSON collection is no feature", path)
    properties = feature.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, dict):
        raise refuse("the properties of a GeoJSON feature are no object", path)
    if geometry is None or properties.get(geometry.name) is not None:
        return properties
    place = feature.get("geometry")
    if geometry.family == "point":
        place = _as_point(place)
    # The schema's order is restored later, so the place in this row does not matter.
    return {**properties, geometry.name: place}


def _as_point(geometry: Any) -> Any:
    """Two named numbers for a plain Point; anything else stays what it is and is judged with the other values."""
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        coordinates = geometry.get("coordinates")
        if isinstance(coordinates, list) and len(coordinates) >= 2:
            return {"lon": coordinates[0], "lat": coordinates[1]}
    return geometry
