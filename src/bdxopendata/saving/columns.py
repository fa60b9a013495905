"""Columns of a pandas frame as Arrow columns that any format can hold, and back.

One row in `KINDS` is one kind of column. Texts stay texts, whatever they look like; what a format has no type for is
text of a fixed form: geometry as WKT, lists and mappings as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely

from bdxopendata.frames.pandas import NEW_TEXT
from bdxopendata.saving.description import Column, Description

JSON = (list, dict, np.ndarray, str, int, float, bool)

# A whole number of microseconds is exact as seconds in a double for some centuries.
_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of column is told, and how it is written and read."""

    fits: Callable[[pd.Series], bool]
    write: Callable[[pd.Series], pa.Array]
    read: Callable[[pa.ChunkedArray, Column], Any]


def described(frame: pd.DataFrame, provenance: Mapping[str, Any], *, escaped: bool) -> tuple[pd.DataFrame, Description]:
    """Look at a frame: return it with a named index as columns, and what is to be said of it.

    Raises
    ------
    TypeError, ValueError
        If a column cannot be written so that it comes back.
    """
    names = [name for name in frame.index.names if name is not None]
    keeps_index = len(names) == frame.index.nlevels
    geometry = frame.active_geometry_name if isinstance(frame, gpd.GeoDataFrame) else None
    plain = pd.DataFrame(frame)
    if keeps_index:
        _refuse_double([*names, *plain.columns])
        plain = plain.reset_index()
    _refuse_double(list(plain.columns))
    columns = tuple(_column(name, plain[name]) for name in plain.columns)
    said = Description(
        provenance,
        columns,
        len(plain),
        index=len(names) if keeps_index else 0,
        geometry=None if geometry is None else str(geometry),
        escaped=escaped,
    )
    return plain, said


def _refuse_double(names: list[Any]) -> None:
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"Names of columns are texts, not {name!r}: rename it, as with frame.columns.map(str).")
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise ValueError(f"Two columns are called {', '.join(double)}; rename one of them.")


def _column(name: str, series: pd.Series) -> Column:
    kind = kind_of(series)
    column = Column(name, kind, str(series.dtype))
    if kind == "geometry":
        crs = gpd.GeoSeries(series).crs
        return replace(column, crs=None if crs is None else crs.to_json_dict())
    if kind == "category":
        values = pd.Series(series.cat.categories)
        inner = kind_of(values)
        stored = flat(values, Column(name, inner, str(values.dtype)), clock=True).to_pylist()
        return replace(
            column, dtype=str(values.dtype), of=inner, categories=tuple(stored), ordered=bool(series.cat.ordered)
        )
    return column


def kind_of(series: pd.Series) -> str:
    """Name the kind of a column.

    Raises
    ------
    TypeError
        If it is none that can be written.
    """
    for name, kind in KINDS.items():
        if kind.fits(series):
            return name
    raise TypeError(f"The column '{series.name}' is {series.dtype}, which no file can hold; convert it first.")


def flat(series: pd.Series, column: Column, *, clock: bool = False) -> pa.ChunkedArray:
    """Write a column as Arrow; with `clock`, moments and dates as text as well."""
    if column.kind == "category":
        values = series.astype(series.cat.categories.dtype)
        return flat(values, replace(column, kind=column.of or "text"), clock=clock)
    made = KINDS[column.kind].write(series)
    chunked = made if isinstance(made, pa.ChunkedArray) else pa.chunked_array([made])
    return clock_text(chunked) if clock else chunked


def restored(values: pa.ChunkedArray, column: Column) -> Any:
    """Read a column as `flat` wrote it, or a format made of that.

    Raises
    ------
    ValueError
        If the values are none of this kind any more.
    """
    try:
        if column.kind == "category":
            inner = replace(column, kind=column.of or "text")
            categories = restored(pa.chunked_array([pa.array(column.categories or [])]), inner)
            of = pd.CategoricalDtype(pd.Index(categories), ordered=column.ordered)
            return pd.Series(restored(values, inner)).astype(of)
        return KINDS[column.kind].read(values, column)
    except (pa.ArrowException, ValueError, TypeError, ArithmeticError, shapely.errors.ShapelyError) as error:
        raise ValueError(
            f"The column '{column.name}' no longer holds what was saved ({column.kind}): {error}"
        ) from error


def clock_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write moments as ISO 8601 text, those with a zone in UTC; leave other columns alone."""
    if pa.types.is_date(values.type):
        return values.cast(pa.string())
    if not pa.types.is_timestamp(values.type):
        return values
    try:
        values = values.cast(pa.timestamp("s", values.type.tz))
    except pa.ArrowInvalid:
        # There are parts of seconds.
        values = values.cast(pa.timestamp("us", values.type.tz), safe=False)
    return pc.replace_substring(values.cast(pa.string()), " ", "T")


# Telling kinds


def _all(kind: type) -> Callable[[pd.Series], bool]:
    def fits(series: pd.Series) -> bool:
        # A datetime is a date as well, and is not meant here.
        return series.dtype == object and all(type(one) is kind for one in series if not is_missing(one))

    return fits


def is_missing(value: object) -> bool:
    """Whether a value is one of the ways in which pandas says that there is none."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def _is_plain_json(series: pd.Series) -> bool:
    if series.dtype != object and not isinstance(series.dtype, pd.ArrowDtype):
        return False
    return all(isinstance(one, JSON) for one in series if not is_missing(one))


# Writing


def _strings(series: pd.Series) -> pa.Array:
    return pa.array(series, type=pa.string(), from_pandas=True)


def _whole(series: pd.Series) -> pa.Array:
    return pa.array(series, from_pandas=True).cast(pa.int64())


def _doubles(series: pd.Series) -> pa.Array:
    return pa.array(series, from_pandas=True).cast(pa.float64())


def _moments(series: pd.Series) -> pa.Array:
    written = pa.array(series, from_pandas=True)
    return written if written.type.tz is None else written.cast(pa.timestamp(written.type.unit, "UTC"))


def _seconds(series: pd.Series) -> pa.Array:
    written = pa.array(series, from_pandas=True)
    return pc.divide(written.cast(pa.int64()).cast(pa.float64()), float(_TICKS[written.type.unit]))


def _wkt(series: pd.Series) -> pa.Array:
    return pa.array(shapely.to_wkt(np.asarray(series, dtype=object), rounding_precision=-1), type=pa.string())


def _json(series: pd.Series) -> pa.Array:
    return pa.array([None if is_missing(one) else _json_text(one) for one in series], type=pa.string())


def _json_text(value: Any) -> str:
    return json.dumps(value.tolist() if isinstance(value, np.ndarray) else value, ensure_ascii=False)


def _texts_of(series: pd.Series) -> pa.Array:
    return pa.array([None if is_missing(one) else str(one) for one in series], type=pa.string())


def _dates(series: pd.Series) -> pa.Array:
    return pa.array([None if is_missing(one) else one for one in series], type=pa.date32())


# Reading


def _typed(values: pa.ChunkedArray, column: Column) -> Any:
    """Give a column its own pandas type back."""
    return pd.Series(values.to_pandas(types_mapper=NULLABLE.get), dtype=_dtype(column))


NULLABLE: Mapping[pa.DataType, Any] = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def _dtype(column: Column) -> Any:
    # Pandas reads this name as a type of its own, whose name is the next one.
    if column.dtype == "string[pyarrow]":
        return pd.ArrowDtype(pa.string())
    # Texts of the library are kept by Arrow, whichever way pandas prefers.
    if column.dtype == "string":
        return pd.StringDtype("pyarrow")
    return pd.api.types.pandas_dtype(column.dtype)


def _read_text(values: pa.ChunkedArray, column: Column) -> Any:
    values = values.cast(pa.string())
    if column.dtype == "object":
        return _series(values.to_pylist())
    # What older pandas calls "string" by default newer ones call "str"; numpy's own texts are meant by neither.
    wanted = pd.StringDtype("pyarrow") if column.dtype == "str" and not NEW_TEXT else _dtype(column)
    return pd.array(values.to_pylist(), dtype=wanted) if len(values) else pd.array([], dtype=wanted)


def _read_whole(values: pa.ChunkedArray, column: Column) -> Any:
    return _typed(values.cast(pa.int64()), column)


def _read_doubles(values: pa.ChunkedArray, column: Column) -> Any:
    return _typed(values.cast(pa.float64()), column)


def _read_booleans(values: pa.ChunkedArray, column: Column) -> Any:
    return _typed(values.cast(pa.bool_()), column)


def zone_of(column: Column) -> Any:
    """Time zone of a column of moments; None where they have none."""
    dtype = _dtype(column)
    return getattr(dtype, "tz", None) or getattr(getattr(dtype, "pyarrow_dtype", None), "tz", None)


def _read_moments(values: pa.ChunkedArray, column: Column) -> Any:
    zone = zone_of(column)
    if not pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("us", "UTC" if zone else None))
    elif bool(zone) != bool(values.type.tz):
        # Some formats know one of the two kinds only; the clock they keep is that of UTC.
        values = values.cast(pa.timestamp(values.type.unit, "UTC" if zone else None))
    return pd.Series(values.to_pandas()).astype(_dtype(column))


def _read_seconds(values: pa.ChunkedArray, column: Column) -> Any:
    dtype = _dtype(column)
    unit = np.datetime_data(dtype)[0] if isinstance(dtype, np.dtype) else "us"
    if pa.types.is_duration(values.type):
        return pd.Series(values.to_pandas()).astype(dtype)
    ticks = pc.round(pc.multiply(values.cast(pa.float64()), float(_TICKS[unit]))).cast(pa.int64())
    return pd.Series(ticks.cast(pa.duration(unit)).to_pandas()).astype(dtype)


def _read_geometry(values: pa.ChunkedArray, column: Column) -> Any:
    crs = None if column.crs is None else pyproj.CRS.from_json_dict(dict(column.crs))
    written = np.array(values.to_pylist(), dtype=object)
    made = shapely.from_wkb(written) if pa.types.is_binary(values.type) else shapely.from_wkt(written)
    return gpd.array.GeometryArray(np.atleast_1d(made).astype(object), crs=crs)


def _read_json(values: pa.ChunkedArray, column: Column) -> Any:
    if not pa.types.is_string(values.type) and not pa.types.is_large_string(values.type):
        return _series(values.to_pylist())
    return _series([None if one is None else json.loads(one) for one in values.to_pylist()])


def _read_decimals(values: pa.ChunkedArray, column: Column) -> Any:
    return _series([None if one is None else Decimal(one) for one in values.to_pylist()])


def _read_dates(values: pa.ChunkedArray, column: Column) -> Any:
    return _series(values.cast(pa.date32()).to_pylist())


def _series(values: list[Any]) -> pd.Series:
    # A series says that the type is meant; of a bare list, pandas would guess one.
    return pd.Series(values, index=pd.RangeIndex(len(values)), dtype=object)


def _is_geometry(series: pd.Series) -> bool:
    return str(series.dtype) == "geometry"


def _is_category(series: pd.Series) -> bool:
    return isinstance(series.dtype, pd.CategoricalDtype)


def _is_string(series: pd.Series) -> bool:
    return series.dtype != object and pd.api.types.is_string_dtype(series.dtype)


def _is_float(series: pd.Series) -> bool:
    return pd.api.types.is_float_dtype(series.dtype)


KINDS: Mapping[str, Kind] = {
    "geometry": Kind(_is_geometry, _wkt, _read_geometry),
    "category": Kind(_is_category, _strings, _read_text),
    "text": Kind(lambda one: _is_string(one) or _all(str)(one), _strings, _read_text),
    "boolean": Kind(
        lambda one: pd.api.types.is_bool_dtype(one.dtype), lambda one: pa.array(one, from_pandas=True), _read_booleans
    ),
    "int": Kind(lambda one: pd.api.types.is_integer_dtype(one.dtype), _whole, _read_whole),
    "double": Kind(_is_float, _doubles, _read_doubles),
    "moment": Kind(lambda one: pd.api.types.is_datetime64_any_dtype(one.dtype), _moments, _read_moments),
    "duration": Kind(lambda one: pd.api.types.is_timedelta64_dtype(one.dtype), _seconds, _read_seconds),
    "decimal": Kind(_all(Decimal), _texts_of, _read_decimals),
    "date": Kind(_all(date), _dates, _read_dates),
    "json": Kind(_is_plain_json, _json, _read_json),
}


def arrow_table(plain: pd.DataFrame, said: Description, *, clock: bool = False) -> pa.Table:
    """Write all columns as Arrow: see `flat`."""
    columns = [flat(plain[one.name], one, clock=clock) for one in said.columns]
    return pa.table(columns, names=[one.name for one in said.columns])


def frame_of(table: pa.Table, said: Description) -> pd.DataFrame:
    """Make the frame that was saved: a GeoDataFrame where it was one."""
    missing = [one.name for one in said.columns if one.name not in table.column_names and table.num_rows]
    if missing:
        raise ValueError(f"the columns {', '.join(missing)} are not there any more")
    index = pd.RangeIndex(table.num_rows)
    values = {}
    for one in said.columns:
        place = table.schema.get_field_index(one.name)
        column = table.column(place) if place >= 0 else pa.chunked_array([pa.nulls(0, pa.string())])
        values[one.name] = pd.Series(restored(column, one), index=index)
    frame = pd.DataFrame(values, index=index)
    if said.geometry is not None:
        frame = gpd.GeoDataFrame(frame, geometry=said.geometry)
    if said.index:
        frame = frame.set_index([one.name for one in said.columns[: said.index]])
    return frame
