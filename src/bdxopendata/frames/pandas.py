"""The canonical table as a pandas or a GeoPandas frame.

One row in `ARRAYS` is one kind of column. Geometry is made without a loop over rows, and the coordinate system is
built once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyproj
from geopandas.array import GeometryArray

from bdxopendata.errors import excerpt, name_list
from bdxopendata.fields import UNKNOWN, Field, Schema
from bdxopendata.frames.arrow import WGS84, crs_of
from bdxopendata.frames.decoded import SAME
from bdxopendata.frames.geometry import Geometries, geojson_text

Backend = Literal["numpy_nullable", "pyarrow"]
# Whether text has a type of its own by default.
NEW_TEXT = int(pd.__version__.partition(".")[0]) >= 3
BACKENDS = (None, "numpy_nullable", "pyarrow")


def to_pandas(
    table: pa.Table,
    schema: Schema,
    *,
    timezone: str = "Europe/Paris",
    dtype_backend: Backend | None = None,
) -> pd.DataFrame:
    """Make a plain frame.

    Parameters
    ----------
    table
        A canonical table.
    schema
        Its fields.
    timezone
        Zone in which moments are shown.
    dtype_backend
        ``"pyarrow"`` for Arrow-backed columns throughout, ``"numpy_nullable"`` for the nullable types of pandas, as
        in the readers of pandas.

    Returns
    -------
    pandas.DataFrame
        Columns in the order of the schema. A point is two columns, ``<name>_lon`` and ``<name>_lat``, in degrees; a
        shape is GeoJSON text; a file is a dict; a multivalued text is a list.
    """
    _check_backend(dtype_backend)
    columns: dict[str, Any] = {}
    for name, field, column in _columns(table, schema):
        if field.family == "point" and pa.types.is_struct(column.type):
            taken = {*table.column_names, *columns}
            for part, values in zip(("lon", "lat"), _coordinates(column), strict=True):
                columns[_free(f"{name}_{part}", taken)] = _doubles(values, dtype_backend)
        elif field.family == "shape" and pa.types.is_binary(column.type):
            texts = pa.chunked_array([geojson_text(chunk) for chunk in column.chunks], pa.string())
            columns[name] = _texts(texts, dtype_backend)
        else:
            columns[name] = _array(column, field, timezone, dtype_backend)
    return pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows), copy=False)


def to_geopandas(
    table: pa.Table,
    schema: Schema,
    *,
    crs: Any = 4326,
    timezone: str = "Europe/Paris",
    dtype_backend: Backend | None = None,
) -> gpd.GeoDataFrame:
    """Make a frame with geometry.

    The first shape is the active geometry, else the first point; other geometries stay as further geometry columns.
    Rows without geometry stay, with None.

    Parameters
    ----------
    table
        A canonical table.
    schema
        Its fields.
    crs
        Coordinate system wanted; the portal's is EPSG:4326.
    timezone, dtype_backend
        As in `to_pandas`.

    Raises
    ------
    ValueError
        If no field is geometry.
    """
    _check_backend(dtype_backend)
    active = schema.geometry
    if active is None:
        raise ValueError(_no_geometry(schema))
    wgs84 = crs_of(WGS84)
    wanted = _wanted_crs(crs)
    columns: dict[str, Any] = {}
    maker = Geometries()
    for name, field, column in _columns(table, schema):
        if field.is_geometry:
            known = (table.schema.field(name).metadata or {}).get(SAME)
            made = maker.named(name, column, known.decode() if known else None)
            columns[name] = _projected(GeometryArray(made, crs=wgs84), wanted)
        else:
            columns[name] = _array(column, field, timezone, dtype_backend)
    frame = pd.DataFrame(columns, index=pd.RangeIndex(table.num_rows), copy=False)
    return gpd.GeoDataFrame(frame, geometry=active.name, copy=False)


def _no_geometry(schema: Schema) -> str:
    of = f" of '{schema.dataset_id}'" if schema.dataset_id else ""
    fields = f"its fields are {excerpt(', '.join(schema.names), 1000)}" if len(schema) else "there are no fields"
    return f"No field{of} is geometry ({fields}): use to_pandas(), or keep a geometry field in select()."


def _check_backend(backend: object) -> None:
    if backend not in BACKENDS:
        known = name_list([one for one in BACKENDS if one is not None])
        raise ValueError(f"dtype_backend must be {known}, or left out, not {backend!r}")


def _columns(table: pa.Table, schema: Schema) -> list[tuple[str, Field, pa.ChunkedArray]]:
    return [
        (name, schema[name] if name in schema else Field(name, UNKNOWN), column)
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]


def _free(name: str, taken: set[str]) -> str:
    """Make a column name that no field has: portals may well have a field of that name."""
    while name in taken:
        name += "_"
    return name


def _wanted_crs(crs: Any) -> pyproj.CRS:
    return crs_of(crs) if isinstance(crs, str | int) else pyproj.CRS.from_user_input(crs)


def _projected(geometry: GeometryArray, wanted: pyproj.CRS) -> GeometryArray:
    return geometry if wanted is geometry.crs or wanted == geometry.crs else geometry.to_crs(wanted)


def _coordinates(column: pa.ChunkedArray) -> list[pa.ChunkedArray]:
    parts = [chunk.flatten() for chunk in column.chunks]
    return [pa.chunked_array([part[place] for part in parts], pa.float64()) for place in (0, 1)]


def _array(column: pa.ChunkedArray, field: Field, timezone: str, backend: Backend | None) -> Any:
    """Make the pandas array of a column that is no geometry."""
    if field.type == "datetime" and pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", timezone))
    elif pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us"))
    if backend == "pyarrow":
        return _from_arrow(pd.ArrowDtype(column.type), column)
    for fits, make in ARRAYS:
        if field.type != UNKNOWN and fits(column.type):
            return make(column, backend)
    return _objects(column, backend)


def _texts(column: pa.ChunkedArray, backend: Backend | None) -> Any:
    if backend == "pyarrow":
        return _from_arrow(pd.ArrowDtype(column.type), column)
    return _from_arrow(_text_dtype(backend), column)


def _from_arrow(dtype: Any, column: pa.ChunkedArray) -> Any:
    """Use the protocol by which pandas takes an Arrow column for a type; the stubs leave it out."""
    return dtype.__from_arrow__(column)


def _text_dtype(backend: Backend | None) -> Any:
    """Choose the string type of this pandas: its new default where that is on, else the nullable one."""
    if backend is None and NEW_TEXT:
        return pd.StringDtype("pyarrow", na_value=np.nan)
    return pd.StringDtype("pyarrow")


def _doubles(column: pa.ChunkedArray, backend: Backend | None) -> Any:
    if backend == "pyarrow":
        return _from_arrow(pd.ArrowDtype(column.type), column)
    if backend == "numpy_nullable":
        return _from_arrow(pd.Float64Dtype(), column)
    return _own(column.to_numpy())


def _own(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give an array that may be written to: people change values in frames, and Arrow's memory is not for that."""
    return values if values.flags.writeable else values.copy()


def _whole(column: pa.ChunkedArray, backend: Backend | None) -> Any:
    return _from_arrow(pd.Int64Dtype(), column)


def _booleans(column: pa.ChunkedArray, backend: Backend | None) -> Any:
    return _from_arrow(pd.BooleanDtype(), column)


def _moments(column: pa.ChunkedArray, backend: Backend | None) -> Any:
    if column.type.tz is None:
        return _own(column.to_numpy())
    return _from_arrow(pd.DatetimeTZDtype(column.type.unit, column.type.tz), column).copy()


def _objects(column: pa.ChunkedArray, backend: Backend | None) -> Any:
    # A series says that the type is meant; of a bare array, pandas would guess one.
    try:
        values = column.to_pylist()
    except (OverflowError, ValueError):
        # Moments that Python's calendar does not reach, in a column of no known type.
        values = column.cast(pa.string()).to_pylist()
    return pd.Series(values, index=pd.RangeIndex(len(column)), dtype=object)


ARRAYS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[pa.ChunkedArray, Backend | None], Any]], ...] = (
    (pa.types.is_string, _texts),
    (pa.types.is_int64, _whole),
    (pa.types.is_float64, _doubles),
    (pa.types.is_boolean, _booleans),
    (pa.types.is_timestamp, _moments),
)
