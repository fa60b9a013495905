"""Writes rows as each export format carries them, in the way that a portal does: the other side of `formats`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from bdxopendata.fields import Field, Schema
from bdxopendata.formats import LIST_SEPARATOR

Rows = Sequence[Mapping[str, Any]]


def geometry_of(value: Any) -> Any:
    return value["geometry"] if value else None


def write_json(rows: Rows, schema: Schema) -> bytes:
    return ("[" + ",".join(json.dumps(row, ensure_ascii=False) for row in rows) + "]").encode()


def write_jsonl(rows: Rows, schema: Schema) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def write_geojson(rows: Rows, schema: Schema) -> bytes:
    main = schema.geometry
    features = []
    for row in rows:
        properties = dict(row)
        geometry = None
        if main is not None and main.family == "shape":
            geometry = geometry_of(properties.pop(main.name))
        elif main is not None and (point := row[main.name]):
            geometry = {"type": "Point", "coordinates": [point["lon"], point["lat"]]}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def write_csv(rows: Rows, schema: Schema, *, labels: bool = False, bom: bool = False) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([one.label if labels else one.name for one in schema])
    for row in rows:
        writer.writerow([csv_cell(row[one.name], one) for one in schema])
    return (b"\xef\xbb\xbf" if bom else b"") + out.getvalue().encode()


def csv_cell(value: Any, field: Field) -> str:
    if value is None:
        return ""
    if field.multivalued:
        return LIST_SEPARATOR.join(value)
    if field.type == "geo_point_2d":
        return f"{value['lat']!r}, {value['lon']!r}"
    if field.type == "geo_shape":
        return json.dumps(geometry_of(value))
    if field.type == "file":
        return str(value["url"])
    if field.type == "boolean":
        return "True" if value else "False"
    return str(value)


def write_parquet(rows: Rows, schema: Schema) -> bytes:
    columns = [parquet_column([row[one.name] for row in rows], one) for one in schema]
    out = io.BytesIO()
    pq.write_table(pa.table(dict(zip(schema.names, columns, strict=True))), out)
    return out.getvalue()


def parquet_column(values: list[Any], field: Field) -> pa.Array:
    if field.type == "geo_point_2d":
        points = [None if one is None else shapely.Point(one["lon"], one["lat"]) for one in values]
        return pa.array(shapely.to_wkb(points), pa.binary())
    if field.type == "geo_shape":
        texts = [None if one is None else json.dumps(geometry_of(one)) for one in values]
        return pa.array(shapely.to_wkb(shapely.from_geojson(texts)), pa.binary())
    if field.type == "datetime":
        return pa.array(values, pa.string()).cast(pa.timestamp("us", "UTC"))
    if field.type == "date":
        days = [None if one is None else one + "-01-01"[len(one) - 4 :] for one in values]
        return pa.array(days, pa.string()).cast(pa.date32())
    if field.type == "int" and any(one is not None and abs(one) >= 2**63 for one in values):
        return pa.array([None if one is None else str(one) for one in values], pa.string())
    kinds = {"text": pa.string(), "int": pa.int64(), "double": pa.float64(), "boolean": pa.bool_()}
    if field.multivalued:
        return pa.array(values, pa.list_(pa.string()))
    return pa.array(values, kinds.get(field.type))


WRITERS: dict[str, Callable[[Rows, Schema], bytes]] = {
    "parquet": write_parquet,
    "csv": write_csv,
    "jsonl": write_jsonl,
    "json": write_json,
    "geojson": write_geojson,
}


def write(rows: Rows, schema: Schema, format: str, folder: Path) -> Path:
    path = folder / f"export.{format}"
    path.write_bytes(WRITERS[format](rows, schema))
    return path
