"""Parquet in the shape of the recorded export.

One row group, every column optional, technical names; moments in milliseconds under the zone that was asked for (what
a row has below a millisecond is cut); points and shapes as little-endian WKB, named in the file metadata key ``geo``
without a coordinate system. Types that no recording settles follow the `ParquetVariant`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from bdxopendata.testing.exports.task import Task
from bdxopendata.testing.options import ParquetVariant
from bdxopendata.testing.sheets import Column, zone_is_utc
from bdxopendata.testing.tables import point_wkb

GEO_VERSION = "1.1.0-dev"
# GeoParquet's names, by shapely's type numbers.
SHAPE_NAMES = {
    0: "Point",
    1: "LineString",
    3: "Polygon",
    4: "MultiPoint",
    5: "MultiLineString",
    6: "MultiPolygon",
    7: "GeometryCollection",
}


def write(task: Task) -> Iterable[bytes]:
    """Write the file, in one piece: a footer cannot be written before the rows."""
    compression = task.parameters.choice("parquet_compression")
    table = arrow_table(task)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression=compression, row_group_size=max(len(table), 1))
    return [sink.getvalue()]


def arrow_table(task: Task) -> pa.Table:
    """Return the columns as this format types them, kept with the version when the whole dataset is shown."""
    sheet, kept = task.sheet, task.sheet.held.kept
    columns = []
    for column in sheet.columns:
        key = ("parquet", column.name, task.variant) if sheet.whole and _is_kept(column) else None
        values = kept.get(key) if key else None
        if values is None:
            values = typed(sheet.arrow(column), column, task)
            if key:
                kept[key] = values
        columns.append(_in_zone(values, task))
    table = pa.table(columns, names=[column.name for column in sheet.columns])
    geo = geo_metadata(task, table)
    return table.replace_schema_metadata({"geo": json.dumps(geo)} if geo else None)


def _is_kept(column: Column) -> bool:
    return column.field is not None and column.name == column.field["name"]


def _in_zone(values: pa.ChunkedArray | pa.Array, task: Task) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_timestamp(values.type) and values.type.tz and not zone_is_utc(task.zone):
        return values.cast(pa.timestamp("ms", tz=task.parameters.zone_name()))
    return values


def typed(values: pa.ChunkedArray | pa.Array, column: Column, task: Task) -> pa.Array | pa.ChunkedArray:
    """One column in its Parquet type."""
    if pa.types.is_list(values.type):
        return pc.binary_join(values, ",") if task.variant.multivalued == "joined" else values
    if column.type == "file":
        return _files(values, task)
    change = TYPED.get(column.type)
    return values if change is None else change(values, task.variant)


def _instants(values: pa.ChunkedArray, variant: ParquetVariant) -> pa.ChunkedArray:
    # Times before 1970 must be cut downwards too, which a plain cast would not do.
    return pc.floor_temporal(values, unit="millisecond").cast(pa.timestamp("ms", tz="UTC"))


def _days(values: pa.ChunkedArray, variant: ParquetVariant) -> pa.ChunkedArray:
    wanted = {"date32": pa.date32(), "timestamp": pa.timestamp("ms"), "string": pa.string()}[variant.date]
    return values.cast(wanted)


def _booleans(values: pa.ChunkedArray, variant: ParquetVariant) -> pa.ChunkedArray:
    return pc.if_else(values, "True", "False") if variant.boolean == "string" else values


def _files(values: pa.ChunkedArray, task: Task) -> pa.Array:
    # Objects of the older era have an id and no address.
    names = ("filename", "id" if task.sheet.held.era == "2021" else "url", "mimetype")
    told = values.to_pylist()
    if task.variant.file == "url":
        return pa.array([None if one is None else task.sheet.held.file_address(one) for one in told], pa.string())
    shown = [None if one is None else {name: one[name] for name in names} for one in told]
    if task.variant.file == "struct":
        return pa.array(shown, pa.struct([(name, pa.string()) for name in names]))
    return pa.array([None if one is None else json.dumps(one) for one in shown], pa.string())


def _points(values: pa.ChunkedArray, variant: ParquetVariant) -> pa.Array:
    return point_wkb(values)


TYPED: Mapping[str, Callable[[pa.ChunkedArray, ParquetVariant], pa.ChunkedArray | pa.Array]] = {
    "datetime": _instants,
    "date": _days,
    "boolean": _booleans,
    "geo_point_2d": _points,
}


def geo_metadata(task: Task, table: pa.Table) -> dict[str, object] | None:
    """Return the key ``geo`` of the file: the shape, else the point."""
    primary = task.first("geo_shape", "geo_point_2d")
    if primary is None or not task.variant.geo_key:
        return None
    geographic = [column for column in task.sheet.columns if column.type in ("geo_shape", "geo_point_2d")]
    listed = geographic if task.variant.geo_columns == "all" else [primary]
    columns = {
        column.name: {"encoding": "WKB", "geometry_types": _shape_names(column, table[column.name])}
        for column in listed
    }
    return {"version": GEO_VERSION, "primary_column": primary.name, "columns": columns}


def _shape_names(column: Column, wkb: pa.ChunkedArray) -> list[str]:
    if column.type == "geo_point_2d":
        return ["Point"]
    numbers = set(shapely.get_type_id(shapely.from_wkb(wkb.to_numpy())).tolist())
    return [name for number, name in SHAPE_NAMES.items() if number in numbers]
