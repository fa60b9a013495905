"""The canonical table for other programs that speak Arrow."""

from __future__ import annotations

import json
from functools import lru_cache

import pyarrow as pa
import pyproj

from bdxopendata.fields import Schema
from bdxopendata.frames.geometry import points_wkb

WGS84 = "EPSG:4326"


@lru_cache(maxsize=8)
def crs_of(text: str | int) -> pyproj.CRS:
    """Build a coordinate system; reading its definition takes long, so each is read once."""
    return pyproj.CRS.from_user_input(text)


@lru_cache(maxsize=1)
def _geometry_metadata() -> dict[str, str]:
    crs = {"crs": crs_of(WGS84).to_json_dict(), "crs_type": "projjson"}
    return {"ARROW:extension:name": "geoarrow.wkb", "ARROW:extension:metadata": json.dumps(crs)}


def to_arrow(table: pa.Table, schema: Schema) -> pa.Table:
    """Write points and shapes as WKB, and say in the way of GeoArrow that they are geometry in EPSG:4326.

    GeoPandas, Polars and DuckDB read the result with its geometry and its coordinate system.

    Parameters
    ----------
    table
        A canonical table.
    schema
        Its fields.
    """
    for place, name in enumerate(table.column_names):
        if name not in schema or not schema[name].is_geometry:
            continue
        column = table.column(place)
        if schema[name].family == "point" and pa.types.is_struct(column.type):
            column = pa.chunked_array([points_wkb(chunk) for chunk in column.chunks], pa.binary())
        table = table.set_column(place, pa.field(name, pa.binary(), metadata=_geometry_metadata()), column)
    return table
