"""Frames as Parquet, and those with geometry as GeoParquet 1.1, with what they are in the footer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from bdxopendata.config import Settings
from bdxopendata.fields import Schema
from bdxopendata.frames import to_geopandas, to_pandas
from bdxopendata.frames.geoparquet import FACTS, GEOPARQUET, Layer, describe, read_groups
from bdxopendata.metadata import ATTRS
from bdxopendata.portals import BORDEAUX
from bdxopendata.saving import columns
from bdxopendata.saving.description import MARK, Column, Description

SAVED = MARK.encode()


def write(plain: pd.DataFrame, said: Description, path: Path) -> None:
    """Write a frame."""
    own = {one.name for one in said.columns if one.kind in ("geometry", "json")}
    plainest = pa.Table.from_pandas(plain.drop(columns=list(own)), preserve_index=False)
    made, layers = {}, {}
    for one in said.columns:
        if one.kind == "geometry":
            made[one.name] = pa.array(shapely.to_wkb(plain[one.name].to_numpy(), flavor="iso"), type=pa.binary())
            layer = Layer(one.crs)
            layer.note(made[one.name])
            layers[one.name] = layer.described()
        else:
            made[one.name] = _nested(plain[one.name], one) if one.name in own else plainest.column(one.name)
    table = pa.table(made, metadata=plainest.schema.metadata)
    notes: dict[str, Any] = {MARK: json.loads(said.text()), ATTRS: {FACTS: said.provenance}}
    if layers:
        primary = said.geometry if said.geometry is not None else next(iter(layers))
        notes["geo"] = {"version": GEOPARQUET, "primary_column": primary, "columns": layers}
    metadata = {**table.schema.metadata, **{name.encode(): json.dumps(one).encode() for name, one in notes.items()}}
    pq.write_table(table.replace_schema_metadata(metadata), path, compression="zstd", write_page_checksum=True)


def _nested(series: pd.Series, column: Column) -> pa.ChunkedArray:
    """Write lists and mappings as such where all of them have one type, else as JSON text."""
    values = series.tolist()
    try:
        made = pa.array(values, from_pandas=True)
    except pa.ArrowException:
        return columns.flat(series, column)
    kept = made.to_pylist() == [None if columns.is_missing(one) else one for one in values]
    return made if kept and pa.types.is_nested(made.type) else columns.flat(series, column)


def read(path: Path, _: Description | None) -> tuple[pa.Table, Description] | pd.DataFrame | None:
    """Read a file that `write` wrote, or the frame of one that `Dataset.to_parquet` wrote; None for another one."""
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        metadata = file.metadata.metadata or {}
        if FACTS.encode() in metadata:
            return _answer(path)
        if SAVED not in metadata:
            return None
        return file.read(), Description.read(metadata[SAVED])


def _answer(path: Path) -> pd.DataFrame:
    """Make of the canonical table in a file what it would have been without the file."""
    return _together([path])


def read_folder(folder: Path) -> pd.DataFrame | None:
    """Read the partitions that `Dataset.to_parquet` wrote, in the order of their keys; None for another folder."""
    parts = sorted(path for path in folder.rglob("*.parquet") if not path.name.startswith("."))
    return (
        _together(parts) if parts and all(FACTS.encode() in pq.read_metadata(one).metadata for one in parts) else None
    )


def _together(parts: Sequence[Path]) -> pd.DataFrame:
    described = [describe(path) for path in parts]
    first = described[0]
    if any(one.schema != first.schema for one in described):
        raise ValueError("its files have different columns")
    tables = [
        read_groups(path, range(one.row_groups), first.schema) for path, one in zip(parts, described, strict=True)
    ]
    table = pa.concat_tables(tables)
    schema = Schema([first.schema[name] for name in table.column_names])
    make = to_pandas if schema.geometry is None else to_geopandas
    frame = make(table, schema, timezone=first.timezone or Settings().timezone or BORDEAUX.timezone)
    with pq.ParquetFile(parts[0]) as file:
        # In a partition, this tells of the whole.
        frame.attrs = json.loads(file.metadata.metadata.get(ATTRS.encode(), b"{}"))
    return frame
