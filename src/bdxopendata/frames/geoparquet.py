"""The canonical table as GeoParquet 1.1, written piece by piece.

A file says all that is needed to open it without this library: geometry as WKB with its coordinate system, the box of
each row in a column of its own, by which readers leave out row groups, the box of the file, the pandas type of each
column, and where the rows come from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from bdxopendata.errors import UnexpectedAnswerError
from bdxopendata.fields import Field, Schema
from bdxopendata.frames.arrow import WGS84, crs_of
from bdxopendata.frames.canonical import conform
from bdxopendata.frames.columns import empty_table
from bdxopendata.frames.geometry import coordinates_of, points_wkb, read_wkb
from bdxopendata.frames.quality import Quality
from bdxopendata.metadata import ATTRS

GEOPARQUET = "1.1.0"
# Metadata keys of the file: ours, and the one in which pandas looks for the types of columns.
FACTS = "bdxopendata"
PANDAS = "pandas"
BOX = ("xmin", "ymin", "xmax", "ymax")
_FAR = float(np.finfo(np.float64).max)
EMPTY = (_FAR, _FAR, -_FAR, -_FAR)

# Pandas types that Arrow alone would not give back: whole numbers and booleans with gaps.
NULLABLE: Mapping[pa.DataType, str] = {pa.int64(): "Int64", pa.bool_(): "boolean"}

_KINDS = {
    0: "Point",
    1: "LineString",
    2: "LineString",
    3: "Polygon",
    4: "MultiPoint",
    5: "MultiLineString",
    6: "MultiPolygon",
    7: "GeometryCollection",
}


class GeoParquetFile:
    """A file that is being written: one row group for each table.

    Parameters
    ----------
    path
        The file.
    schema
        Fields of the tables.
    timezone
        Zone in which moments are to be shown, noted for readers; in the file they are in UTC.
    """

    def __init__(self, path: Path, schema: Schema, timezone: str | None = None) -> None:
        self.rows: int = 0
        self._path = path
        self._schema = schema
        self._timezone = timezone
        self._writer: pq.ParquetWriter | None = None
        self._layers: dict[str, Layer] = {}
        self._box = ""

    def write(self, table: pa.Table) -> None:
        """Add the rows of a canonical table; an empty one only settles the columns."""
        writer = self._writer or self._opened(table)
        if table.num_rows:
            writer.write_table(self._geometric(table).cast(writer.schema), row_group_size=table.num_rows)
            self.rows += table.num_rows

    def close(self, facts: Mapping[str, Any] | None = None, attrs: Mapping[str, Any] | None = None) -> None:
        """Write the footer.

        Parameters
        ----------
        facts
            Where the rows come from, as JSON values without secrets.
        attrs
            The same for frames that are read from the file, where it is a part of a larger whole.
        """
        if self._writer is None:
            self._opened(empty_table(self._schema))
        assert self._writer is not None
        said: dict[str, Any] = {
            FACTS: {
                "provenance": facts,
                "fields": [_described(one) for one in self._schema],
                "timezone": self._timezone,
            }
        }
        if facts is not None:
            said[ATTRS] = {FACTS: {**facts, **(attrs or {})}}
        if self._layers:
            said["geo"] = self._geo()
        said[PANDAS] = _pandas(self._writer.schema)
        self._writer.add_key_value_metadata({name: json.dumps(value) for name, value in said.items()})
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def _opened(self, table: pa.Table) -> pq.ParquetWriter:
        names = [one.name for one in self._schema if one.is_geometry and one.name in table.column_names]
        self._layers = {name: Layer(crs_of(WGS84).to_json_dict()) for name in names}
        if self._schema.geometry is not None and names:
            self._box = "bbox"
            while self._box in table.column_names:
                self._box += "_"
        arrow = self._geometric(table.slice(0, 0)).schema
        # Without a copy of the Arrow schema, readers take what the footer says, which is known at the end only.
        self._writer = pq.ParquetWriter(
            self._path, arrow, compression="zstd", write_page_checksum=True, store_schema=False
        )
        return self._writer

    def _geometric(self, table: pa.Table) -> pa.Table:
        """Write geometry as WKB, and note its extent."""
        box: pa.Array | None = None
        for name, layer in self._layers.items():
            place = table.schema.get_field_index(name)
            column = table.column(place).combine_chunks()
            bounds = layer.note(column)
            if self._schema.geometry is not None and name == self._schema.geometry.name:
                box = _boxes(bounds)
            if pa.types.is_struct(column.type):
                column = points_wkb(column)
            table = table.set_column(place, pa.field(name, pa.binary()), column)
        return table if box is None else table.append_column(self._box, box)

    def _geo(self) -> dict[str, Any]:
        assert self._schema.geometry is not None
        primary = self._schema.geometry.name
        columns = {name: layer.described() for name, layer in self._layers.items()}
        columns[primary]["covering"] = {"bbox": {side: [self._box, side] for side in BOX}}
        return {"version": GEOPARQUET, "primary_column": primary, "columns": columns}


class Layer:
    """What is seen of one geometry column while it is written; `crs` is its coordinate system as PROJJSON."""

    def __init__(self, crs: Mapping[str, Any] | None) -> None:
        self._crs = crs
        self._kinds: set[str] = set()
        self._box: npt.NDArray[np.float64] | None = None

    def note(self, column: pa.Array) -> npt.NDArray[np.float64]:
        """Return the box of each row, NaN where there is no geometry."""
        coordinates = coordinates_of(column) if len(column) else np.empty((0, 2))
        if coordinates is None:
            geometries = read_wkb(column)
            bounds: npt.NDArray[np.float64] = shapely.bounds(geometries)
            third = np.array(["", " Z"])[shapely.has_z(geometries).astype(int)]
            kinds = zip(shapely.get_type_id(geometries).tolist(), third.tolist(), strict=True)
            self._kinds |= {f"{_KINDS[kind]}{z}" for kind, z in set(kinds) if kind in _KINDS}
        else:
            whole = self._spread(coordinates, column)
            bounds = np.column_stack([whole, whole])
            if not np.isnan(whole).all():
                self._kinds.add("Point")
        seen = bounds[~np.isnan(bounds[:, 0])]
        if len(seen):
            box = np.concatenate([seen[:, :2].min(axis=0), seen[:, 2:].max(axis=0)])
            if self._box is not None:
                box = np.concatenate([np.minimum(box, self._box)[:2], np.maximum(box, self._box)[2:]])
            self._box = box
        return bounds

    @staticmethod
    def _spread(coordinates: npt.NDArray[np.float64], column: pa.Array) -> npt.NDArray[np.float64]:
        whole = np.array(coordinates, dtype=float, copy=True)
        if column.null_count:
            whole[column.is_null().to_numpy(zero_copy_only=False)] = np.nan
        return whole

    def described(self) -> dict[str, Any]:
        """Say what the metadata of the file have to say of it."""
        found: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": sorted(self._kinds),
            "crs": self._crs,
        }
        if self._box is not None:
            found["bbox"] = self._box.tolist()
        return found


def _boxes(bounds: npt.NDArray[np.float64]) -> pa.Array:
    """Boxes as a column; a row without geometry has an empty box, which begins where no number is and ends before it.

    Not null: Arrow, and geopandas with it, could not leave out a row group of which a single box is missing. Not NaN:
    geopandas takes all rows that do not lie beside its box. Not infinite: DuckDB would not trust the least and the
    largest of the column.
    """
    missing = np.isnan(bounds[:, 0])
    sides = [pa.array(np.where(missing, EMPTY[place], bounds[:, place])) for place in range(len(BOX))]
    return pa.StructArray.from_arrays(sides, names=list(BOX))


def _described(field: Field) -> dict[str, Any]:
    """Keep what types a column: the annotations of the portal stay behind."""
    return {name: value for name, value in asdict(field).items() if name != "annotations"}


def _pandas(schema: pa.Schema) -> dict[str, Any]:
    """Say the types of columns in the way of pandas, so that its readers give the same ones as the library."""
    columns = [
        {
            "name": field.name,
            "field_name": field.name,
            "pandas_type": str(field.type),
            "numpy_type": NULLABLE[field.type],
            "metadata": None,
        }
        for field in schema
        if field.type in NULLABLE
    ]
    return {"index_columns": [], "column_indexes": [], "columns": columns, "creator": {"library": FACTS}}


@dataclass(frozen=True, slots=True)
class Described:
    """What a file of `GeoParquetFile` says of itself."""

    rows: int
    row_groups: int
    schema: Schema
    provenance: Mapping[str, Any]
    timezone: str | None = None


def describe(path: Path) -> Described:
    """Read what a file says of itself.

    Raises
    ------
    UnexpectedAnswerError
        If it is no file that this library wrote, or a part of one.
    """
    try:
        metadata = pq.read_metadata(path)
        facts = json.loads((metadata.metadata or {})[FACTS.encode()])
        schema = Schema(Field(**one) for one in facts["fields"])
        return Described(
            metadata.num_rows, metadata.num_row_groups, schema, facts["provenance"] or {}, facts.get("timezone")
        )
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswerError(f"{path.name} is no GeoParquet file of this library") from error


def read_groups(path: Path, groups: Iterable[int], schema: Schema) -> pa.Table:
    """Read row groups of a file of `GeoParquetFile` as a canonical table."""
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        names = [name for name in file.schema_arrow.names if name in schema]
        raw = file.read_row_groups(list(groups), columns=names)
    return conform(raw, schema, Quality())
