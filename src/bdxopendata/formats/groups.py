"""Which row groups of a Parquet file can hold what is looked for, by what its footer says of their columns."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bdxopendata.fields import Field, Schema
from bdxopendata.odsql.spans import Span

Keep = Callable[[Mapping[str, Span]], bool]

_DAY = 86_400_000_000
# Microseconds of a unit of time: as a product, or a quotient that is rounded.
_UNITS = {"milliseconds": (1_000, 1), "microseconds": (1, 1), "nanoseconds": (1, 1_000)}


def kept(file: pq.ParquetFile, schema: Schema, keep: Keep) -> list[int]:
    """Choose the row groups of which `keep` says that they may hold a row."""
    leaves = dict(_leaves(file, schema))
    footer = file.metadata
    return [place for place in range(footer.num_row_groups) if keep(_spans(footer.row_group(place), leaves))]


def _leaves(file: pq.ParquetFile, schema: Schema) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield the columns whose values are those of their field, each with its place and the field's type."""
    places = {file.schema.column(place).path: place for place in range(len(file.schema))}
    for column in file.schema_arrow:
        if column.name not in schema or schema[column.name].multivalued:
            continue
        field = schema[column.name]
        if field.type == "geo_point_2d" and pa.types.is_struct(column.type):
            for side in ("lon", "lat"):
                if pa.types.is_float64(column.type.field(side).type) and f"{column.name}.{side}" in places:
                    yield f"{column.name}.{side}", (places[f"{column.name}.{side}"], "double")
        elif _is_itself(field, column.type) and "." not in column.name and column.name in places:
            yield column.name, (places[column.name], field.type)


def _is_itself(field: Field, kind: pa.DataType) -> bool:
    match field.type:
        case "int":
            return bool(pa.types.is_signed_integer(kind))
        case "double":
            return bool(pa.types.is_floating(kind) or pa.types.is_signed_integer(kind))
        case "text":
            return bool(pa.types.is_string(kind))
        case "date":
            return bool(pa.types.is_date32(kind))
        case "datetime":
            return bool(pa.types.is_timestamp(kind))
    return False


def _spans(group: pq.RowGroupMetaData, leaves: Mapping[str, tuple[int, str]]) -> dict[str, Span]:
    found = {name: _span(group.column(place), kind) for name, (place, kind) in leaves.items()}
    return {name: span for name, span in found.items() if span is not None}


def _span(chunk: pq.ColumnChunkMetaData, kind: str) -> Span | None:
    """Find the ends of a column in a row group; None where they are not known."""
    said = chunk.statistics if chunk.is_stats_set else None
    if said is None:
        return None
    if not said.has_min_max:
        return Span() if said.has_null_count and said.null_count == chunk.num_values else None
    ends = _ends(said, kind)
    if ends is None or any(isinstance(end, float) and math.isnan(end) for end in ends) or ends[0] > ends[1]:
        return None
    return Span(*ends)


def _ends(said: Any, kind: str) -> tuple[Any, Any] | None:
    least, most = said.min_raw, said.max_raw
    if kind == "date":
        return least * _DAY, most * _DAY
    if kind != "datetime":
        return least, most
    logical = json.loads(said.logical_type.to_json())
    times, parts = _UNITS.get(logical.get("timeUnit"), (0, 0))
    # What is more exact than a microsecond is rounded in one way or the other.
    return (least * times // parts - 1, most * times // parts + 1) if times else None
