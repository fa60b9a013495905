"""Rows of JSON values, the typed Arrow table that ODSQL is evaluated on, and back again.

The stored row stays the truth: an answer that shows a field shows the row's own value. The table serves filters,
expressions and Parquet, so a value that does not fit its column's type is null there and unchanged in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

POINT = pa.struct([("lon", pa.float64()), ("lat", pa.float64())])
FILE = pa.struct([(name, pa.string()) for name in ("filename", "url", "mimetype", "id")])
INSTANT = pa.timestamp("us", tz="UTC")

# Names that portals gave to types once, and the types that they are.
OLD_TYPES: Mapping[str, str] = {"decimal": "double", "image": "file", "json": "unknown", "json_blob": "unknown"}


def is_on(annotations: Mapping[str, Any], flag: str) -> bool:
    """Whether a flag is set: it is there and not false."""
    return annotations.get(flag, False) is not False


def is_multivalued(field: Mapping[str, Any]) -> bool:
    """Whether a cell of this field holds a list."""
    return is_on(field.get("annotations") or {}, "multivalued")


def portal_type(field: Mapping[str, Any]) -> str:
    """Type of a field under its present name."""
    return OLD_TYPES.get(field["type"], str(field["type"]))


def parse_instant(value: Any) -> datetime | None:
    """Return a moment in UTC from ISO text; None from anything else."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_day(value: Any) -> date | None:
    """Return a day from ISO text; of a year or a month, its first day."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value + "-01-01"[len(value) - 4 :] if len(value) in (4, 7) else value[:10])
    except ValueError:
        return None


def _double(value: Any) -> Any:
    # Whole numbers of a double field are stored and shown as doubles: 60.0, not 60.
    return float(value) if type(value) is int and abs(value) < 2**1000 else value


def _instant_text(value: Any) -> Any:
    moment = parse_instant(value)
    return value if moment is None else moment.isoformat()


STORED: Mapping[str, Callable[[Any], Any]] = {"double": _double, "datetime": _instant_text}


def stored_rows(rows: Sequence[Mapping[str, Any]], fields: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows as the portal keeps them: every field there, in schema order, numbers and moments in their one form."""
    plan = [(field["name"], STORED.get(portal_type(field))) for field in fields]
    return [{name: row.get(name) if change is None else change(row.get(name)) for name, change in plan} for row in rows]


def canonical_table(rows: Sequence[Mapping[str, Any]], fields: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Make the typed table of stored rows."""
    columns = {field["name"]: canonical_column([row[field["name"]] for row in rows], field) for field in fields}
    return pa.table(columns) if columns else pa.table({"_": pa.nulls(len(rows))}).select([])


def canonical_column(values: list[Any], field: Mapping[str, Any]) -> pa.Array:
    """One typed column."""
    kind = portal_type(field)
    if kind == "text" and is_multivalued(field):
        return pa.array([_texts(value) for value in values], pa.list_(pa.string()))
    return COLUMNS.get(kind, _unknown)(values)


def _scalars(arrow_type: pa.DataType, *python_types: type) -> Callable[[list[Any]], pa.Array]:
    def column(values: list[Any]) -> pa.Array:
        if all(value is None or type(value) in python_types for value in values):
            try:
                return pa.array(values, arrow_type)
            except (OverflowError, pa.ArrowInvalid):
                pass  # one value is too large for the type: the slow road finds which
        return pa.array([_fitting(value, arrow_type, python_types) for value in values], arrow_type)

    return column


def _fitting(value: Any, arrow_type: pa.DataType, python_types: tuple[type, ...]) -> Any:
    if type(value) not in python_types:
        return None
    try:
        return pa.scalar(value, arrow_type).as_py()
    except (OverflowError, pa.ArrowInvalid):
        return None


def _text(values: list[Any]) -> pa.Array:
    return pa.array([_plain_text(value) for value in values], pa.string())


def _plain_text(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    # Arrow text is UTF-8, which has no lone surrogates.
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _texts(value: Any) -> list[str | None] | None:
    if value is None:
        return None
    return [_plain_text(one) for one in value] if isinstance(value, list) else [_plain_text(value)]


def _unknown(values: list[Any]) -> pa.Array:
    return pa.array([None if value is None else _plain_text(value) for value in values], pa.string())


def _points(values: list[Any]) -> pa.Array:
    places = [_lon_lat(value) for value in values]
    lon = pa.array([place[0] for place in places], pa.float64())
    lat = pa.array([place[1] for place in places], pa.float64())
    missing = pa.array([place[0] is None for place in places], pa.bool_())
    return pa.StructArray.from_arrays([lon, lat], fields=list(POINT), mask=missing)


def _lon_lat(value: Any) -> tuple[float, float] | tuple[None, None]:
    try:
        return float(value["lon"]), float(value["lat"])
    except (TypeError, KeyError, ValueError):
        return None, None


def _shapes(values: list[Any]) -> pa.Array:
    shapes = shapely.from_geojson([_geometry_text(value) for value in values], on_invalid="ignore")
    return pa.array(shapely.to_wkb(shapes, byte_order=1), pa.binary())


def bare_geometry(value: Any) -> Any:
    """Return the geometry of a Feature, or a geometry as it is."""
    if isinstance(value, Mapping) and value.get("type") == "Feature":
        return value.get("geometry")
    return value


def _geometry_text(value: Any) -> str | None:
    geometry = bare_geometry(value)
    return json.dumps(geometry) if isinstance(geometry, Mapping) else None


def _files(values: list[Any]) -> pa.Array:
    return pa.array(
        [{key: value.get(key) for key in FILE.names} if isinstance(value, Mapping) else None for value in values],
        FILE,
    )


COLUMNS: Mapping[str, Callable[[list[Any]], pa.Array]] = {
    "text": _text,
    "int": _scalars(pa.int64(), int),
    "double": _scalars(pa.float64(), float),
    "boolean": _scalars(pa.bool_(), bool),
    "date": lambda values: pa.array([parse_day(value) for value in values], pa.date32()),
    "datetime": lambda values: pa.array([parse_instant(value) for value in values], INSTANT),
    "geo_point_2d": _points,
    "geo_shape": _shapes,
    "file": _files,
}


# From the table back to JSON: only for values that no stored row holds, such as sums and group keys.


def json_values(column: pa.ChunkedArray | pa.Array, kind: str, zone: tzinfo, precision: str | None = None) -> list[Any]:
    """Print the values of a typed column as the API prints them."""
    values: list[Any] = column.to_pylist()
    if kind == "datetime":
        return [None if value is None else value.astimezone(zone).isoformat() for value in values]
    if kind == "date":
        length = {"year": 4, "month": 7}.get(precision or "", 10)
        return [None if value is None else value.isoformat()[:length] for value in values]
    if kind == "geo_shape":
        return [feature(value) for value in values]
    return values


def feature(wkb: bytes | None) -> dict[str, Any] | None:
    """Show a shape as the API prints it: a Feature with empty properties."""
    if wkb is None:
        return None
    geometry = json.loads(shapely.to_geojson(shapely.from_wkb(wkb)))
    return {
        "type": "Feature",
        "geometry": {"coordinates": geometry["coordinates"], "type": geometry["type"]},
        "properties": {},
    }


def point_wkb(points: pa.StructArray | pa.ChunkedArray) -> pa.Array:
    """Points as little-endian WKB, 21 bytes each, without a loop."""
    if isinstance(points, pa.ChunkedArray):
        points = points.combine_chunks()
    present = points.is_valid().to_numpy(zero_copy_only=False)
    lon, lat = (points.field(name).to_numpy(zero_copy_only=False) for name in ("lon", "lat"))
    packed = np.zeros(int(present.sum()), dtype=[("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
    packed["order"], packed["kind"] = 1, 1
    packed["x"], packed["y"] = lon[present], lat[present]
    ends = np.concatenate([[0], np.cumsum(present)]).astype(np.int32) * packed.dtype.itemsize
    mask = None if present.all() else pa.array(present).buffers()[1]
    return pa.Array.from_buffers(
        pa.binary(), len(present), [mask, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(packed.tobytes())]
    )
