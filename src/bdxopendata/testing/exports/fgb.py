"""FlatGeobuf as recorded: layer ``Layer1``, geometry not repeated as a column, dates typed as date-times."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import shapely

from bdxopendata.testing.bodies import Refusal
from bdxopendata.testing.exports.csv import cell_values
from bdxopendata.testing.exports.projection import asked_epsg, project
from bdxopendata.testing.exports.task import Task

LAYER = "Layer1"


def write(task: Task) -> Iterable[bytes]:
    """Write the file, in one piece: it begins with an index of all rows."""
    geometry = task.first("geo_shape", "geo_point_2d")
    if geometry is None:
        # Unverified: no recording asks for a geographic format without a geometry.
        raise Refusal(400, "InvalidRESTParameterError", "The dataset has no geometry to export in fgb.")
    code = asked_epsg(task.parameters)
    typed = task.sheet.arrow(geometry)
    if geometry.type == "geo_shape":
        shapes = shapely.from_wkb(typed.to_numpy())
    else:
        lon, lat = (pc.struct_field(typed, name).to_numpy() for name in ("lon", "lat"))
        missing = pc.is_null(typed).to_numpy()
        shapes = np.where(missing, None, shapely.points(np.nan_to_num(lon), np.nan_to_num(lat)))
    if len(set(shapely.has_z(shapes[shapely.is_geometry(shapes)]).tolist())) > 1:
        # The format holds one kind of coordinates, and heights cannot be made up for the shapes without.
        shapes = shapely.force_2d(shapes)
    frame = geopandas.GeoDataFrame(_columns(task), geometry=project(shapes, code), crs=code)
    # The format has no index over rows without a geometry.
    index = "NO" if frame.geometry.isna().any() else "YES"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.fgb"
        pyogrio.write_dataframe(frame, path, driver="FlatGeobuf", layer=LAYER, SPATIAL_INDEX=index)
        return [path.read_bytes()]


def _columns(task: Task) -> dict[str, pd.Series]:
    columns = {}
    for column in task.sheet.columns:
        if column.type in ("geo_shape", "geo_point_2d"):
            continue
        typed = task.sheet.arrow(column)
        if column.type in ("date", "datetime"):
            # By Arrow, since older pandas counts in nanoseconds, and those end in 2262.
            moments = typed.cast(pa.timestamp("ms")) if column.type == "date" else typed
            columns[column.name] = moments.to_pandas()
        elif column.type in ("int", "double", "boolean"):
            kind = {"int": "Int64", "double": "float64", "boolean": "boolean"}[column.type]
            columns[column.name] = pd.Series(typed.to_pylist(), dtype=kind)
        else:
            columns[column.name] = pd.Series(cell_values(task.sheet, column, task.zone, ","), dtype=object)
    return columns
