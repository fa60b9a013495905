"""Real exported files as the frames that the portal's own answers would be, without a portal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bdxopendata import formats, frames
from bdxopendata.fields import Field, Schema
from bdxopendata.frames import Quality
from bdxopendata.testing import samples


def schema_of(dataset_id: str) -> Schema:
    """The fields of a sample, which are those of the real dataset."""
    fields = [
        Field(one["name"], one["type"], one.get("label") or "", multivalued=bool(one["annotations"].get("multivalued")))
        for one in samples.make(dataset_id).fields
    ]
    return Schema(fields, dataset_id=dataset_id)


def read(path: Path, format: str, schema: Schema, *, labels: bool = False, geometry: bool = True) -> Any:
    """Read a file as `Query.to_geopandas` (or `to_pandas`) would return it."""
    raw = formats.read(path, format, schema, labels=labels)
    table = frames.conform(raw, schema, Quality())
    return frames.to_geopandas(table, schema) if geometry else frames.to_pandas(table, schema)
