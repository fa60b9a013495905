"""Recorded observations: a folder of GeoParquet files, one folder a day, and the frame that they give back.

    <folder>/_bdxopendata                                     no rows: how the folder is recorded, how frames look
    <folder>/date=2026-06-15/poll-<number>-<random>.parquet   the new rows of one poll
    <folder>/date=2026-06-15/day-<number>-<random>.parquet    many of those put together

The day is that on which a row was observed, in Europe/Paris. So an observation can stand in one folder only, and
whether it is known is a matter of that folder. Files are whole or not there and never change.

Each row carries its mark (column ``_observation``). Two files may hold the same row for a moment, or for good after a
crash: when files are put together, the new one is there before the old ones go. Reading takes each mark once.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
import shapely

from bdxopendata.errors import UnexpectedAnswerError, excerpt
from bdxopendata.formats.shape import gather
from bdxopendata.frames.geoparquet import FACTS, GEOPARQUET
from bdxopendata.lineage import ATTRIBUTE
from bdxopendata.metadata import ATTRS
from bdxopendata.topics import casts, choices
from bdxopendata.topics.live import ZONE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FORMAT = 1
# Parquet too, but not for those who read all files with that ending.
HEAD = "_bdxopendata"
DAY = "date"
MARK = "_observation"
MARK_TYPE = pa.binary(16)
# The name that readers of such folders give to the missing value.
NO_DAY = "__HIVE_DEFAULT_PARTITION__"
POLL, WHOLE_DAY = "poll", "day"
# A folder whose files are put together while it is read is read again; so often at most.
REREADS = 20

_FILE = re.compile(r"(poll|day)-([0-9]{12})-[0-9a-f]{8}\.parquet\Z")
_FOLDER = re.compile(rf"{DAY}=([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}|{NO_DAY})\Z")
# Types whose gaps pandas would otherwise fill by turning whole numbers into others.
_EXACT: Mapping[pa.DataType, Any] = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}


def history(
    path: str | os.PathLike[str],
    *,
    start: date | datetime | None = None,
    end: date | datetime | None = None,
    columns: Sequence[str] | None = None,
) -> Any:
    """Read what `record` has written.

    Parameters
    ----------
    path
        The folder.
    start, end
        Only rows observed from `start` on, and before `end`: days, which begin at midnight in Europe/Paris, or aware
        moments. Rows without a moment are then left out.
    columns
        Only these columns, in this order.

    Returns
    -------
    pandas.DataFrame or geopandas.GeoDataFrame
        All observations, each once, ordered by when they were observed: the columns, dtypes and coordinate system that
        the topic gave, and in ``attrs`` the provenance of the last poll that brought something, with the moments of the
        first and the last such poll. ``age`` is the age when recorded. May be read while it is recorded.

    Raises
    ------
    FileNotFoundError
        If nothing was recorded there.
    ValueError
        If there is no such column, or `end` is not after `start`.
    """
    folder = Path(path).expanduser()
    head = Head.read(folder)
    if head is None:
        raise FileNotFoundError(f"Nothing was recorded in {folder}: there is no {HEAD} in it.")
    span = _Span.of(start, end)
    wanted = None if columns is None else _names(columns)
    pieces = [head.piece]
    for day in days(folder):
        if span.may_hold(day):
            pieces += _day(folder / f"{DAY}={day}", head.observed_at, span, wanted)
    return _joined(pieces, head.observed_at, wanted)


# Files


def days(folder: Path) -> list[str]:
    """List the days of a folder, as text, in order; the one of rows without a moment last."""
    found = (_FOLDER.match(one.name) for one in folder.iterdir())
    return sorted(one[1] for one in found if one is not None)


def files(folder: Path) -> list[Path]:
    """List the files of a day in the order in which they were written."""
    try:
        found = [(one, _FILE.match(one.name)) for one in folder.iterdir()]
    except FileNotFoundError:
        return []
    return [path for _, path in sorted((match[2], path) for path, match in found if match is not None)]


def number_of(path: Path) -> int:
    """Read the number of a file from its name."""
    match = _FILE.match(path.name)
    return int(match[2]) if match else 0


def marks_of(path: Path) -> set[bytes]:
    """Read the marks of a file."""
    return set(pq.read_table(path, columns=[MARK], partitioning=None).column(0).to_pylist())


@dataclass(frozen=True, slots=True)
class Head:
    """How a folder is recorded, and a frame without rows."""

    topic: str
    observed_at: str
    key: tuple[str, ...]
    portal: str | None
    piece: Piece

    @classmethod
    def read(cls, folder: Path) -> Head | None:
        """Read it; None where there is none.

        Raises
        ------
        UnexpectedAnswerError
            If it is none of this library, or one of a later format.
        """
        try:
            piece = read(folder / HEAD)
        except FileNotFoundError:
            return None
        facts = piece.notes.get("folder")
        if not isinstance(facts, dict):
            raise UnexpectedAnswerError(f"{HEAD} in {folder} is no file of record()")
        return cls(facts["topic"], facts["observed_at"], tuple(facts["key"]), facts["portal"], piece)


@dataclass(frozen=True, slots=True)
class Piece:
    """The rows of a file, and what it says of them."""

    table: pa.Table
    notes: Mapping[str, Any]


def read(path: Path, columns: Sequence[str] | None = None) -> Piece:
    """Read a file.

    Raises
    ------
    UnexpectedAnswerError
        If it cannot be read, or is of a later format.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            names = None if columns is None else [name for name in file.schema_arrow.names if name in columns]
            table = file.read(columns=names)
            notes = notes_of(file.schema_arrow)
    except (pa.ArrowInvalid, KeyError, ValueError) as error:
        raise UnexpectedAnswerError(f"{path.name} is no whole file of record()") from error
    return Piece(table.replace_schema_metadata(None), notes)


def notes_of(schema: pa.Schema) -> dict[str, Any]:
    """Read what a file says of its rows."""
    notes: dict[str, Any] = json.loads((schema.metadata or {})[FACTS.encode()])["observations"]
    if notes["format"] > FORMAT:
        raise ValueError("recorded by a later version of the library")
    return notes


def schema_of(path: Path) -> pa.Schema:
    """Read the columns of a file."""
    return pq.read_schema(path)


def merge(paths: Sequence[Path], target: Path, seen: set[bytes], size: int) -> None:
    """Write the rows of files with the same columns into one, each once, in row groups of about `size` rows.

    No more than a few row groups are in memory, and the marks.
    """
    schemas = [schema_of(path) for path in paths]
    schema = schemas[-1].with_metadata(_merged(schemas))
    with pq.ParquetWriter(target, schema, compression="zstd", write_page_checksum=True) as writer:
        for table in gather(_groups(paths, seen), size):
            writer.write_table(table.replace_schema_metadata(schema.metadata), row_group_size=size)


def _groups(paths: Iterable[Path], seen: set[bytes]) -> Iterator[pa.Table]:
    for path in paths:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                yield unseen(file.read_row_group(group).replace_schema_metadata(None), seen)


def _merged(schemas: Sequence[pa.Schema]) -> dict[bytes, bytes]:
    """Say of many files what the last says, with the categories, kinds of geometry and first moment of all."""
    metadata = dict(schemas[-1].metadata)
    all_notes = [notes_of(schema) for schema in schemas]
    notes = all_notes[-1]
    for other in all_notes:
        for name, note in other["columns"].items():
            _keep_categories(notes["columns"], name, note)
    notes["recorded"] = [min(one["recorded"][0] for one in all_notes), notes["recorded"][1]]
    metadata[FACTS.encode()] = _json({"observations": notes})
    if b"geo" in metadata:
        geo = json.loads(metadata[b"geo"])
        for schema in schemas:
            for name, layer in json.loads(schema.metadata[b"geo"])["columns"].items():
                kinds = geo["columns"][name]["geometry_types"]
                geo["columns"][name]["geometry_types"] = sorted({*kinds, *layer["geometry_types"]})
        metadata[b"geo"] = _json(geo)
    return metadata


# A frame as a table, and back


def to_table(frame: pd.DataFrame, marks: Sequence[bytes], recorded_at: datetime, **facts: Any) -> pa.Table:
    """Turn rows into a table whose metadata say all that it takes to get the frame back, for other readers too.

    Raises
    ------
    TypeError
        If a column holds what Parquet cannot.
    """
    plain, notes, layers = _plain(frame)
    try:
        table = pa.Table.from_pandas(plain, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise TypeError(f"A column cannot be recorded: {excerpt(str(error), 200)}") from error
    table = table.append_column(pa.field(MARK, MARK_TYPE), pa.array(marks, MARK_TYPE))
    moment = recorded_at.astimezone(UTC).isoformat(timespec="seconds")
    said = {
        "format": FORMAT,
        "columns": notes,
        "geometry": frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) and layers else None,
        "attrs": dict(frame.attrs),
        "recorded": [moment, moment],
        **facts,
    }
    metadata = {**(table.schema.metadata or {}), FACTS.encode(): _json({"observations": said})}
    if layers:
        primary = said["geometry"] if said["geometry"] in layers else next(iter(layers))
        metadata[b"geo"] = _json({"version": GEOPARQUET, "primary_column": primary, "columns": layers})
    metadata[ATTRS.encode()] = _json(dict(frame.attrs))
    return table.replace_schema_metadata(metadata)


def _plain(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any], dict[str, Any]]:
    """Turn geometry into WKB and categories into their values; note what they were."""
    columns: dict[str, Any] = {}
    notes: dict[str, Any] = {}
    layers: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        notes[name] = {"dtype": str(column.dtype)}
        if column.dtype == "geometry":
            crs = column.crs.to_json_dict() if column.crs is not None else None
            notes[name] |= {"crs": crs}
            kinds = {*column.dropna().geom_type}
            layers[name] = {"encoding": "WKB", "geometry_types": sorted(kinds) if kinds else [], "crs": crs}
            columns[name] = pd.Series(shapely.to_wkb(column.to_numpy()), index=frame.index, dtype=object)
        elif isinstance(column.dtype, pd.CategoricalDtype):
            notes[name] |= {
                "dtype": "category",
                "categories": column.cat.categories.tolist(),
                "ordered": bool(column.cat.ordered),
            }
            columns[name] = column.astype(object)
        else:
            columns[name] = column
    return pd.DataFrame(columns, index=frame.index), notes, layers


def _json(value: Any) -> bytes:
    return json.dumps(value, default=str).encode()


def _joined(pieces: Sequence[Piece], observed_at: str, wanted: Sequence[str] | None) -> Any:
    """Make one frame of all pieces, with the columns and dtypes of the newest."""
    newest = max(pieces, key=lambda piece: str(piece.notes["recorded"][1]))
    notes: dict[str, Any] = {}
    for piece in [newest, *pieces]:
        for name, note in piece.notes["columns"].items():
            notes.setdefault(name, note)
            _keep_categories(notes, name, note)
    if wanted is not None:
        for name in wanted:
            if name not in notes:
                raise ValueError(choices.unknown(name, notes, "recorded column"))
    names = list(notes) if wanted is None else list(wanted)
    tables = [piece.table for piece in pieces]
    moments = pc.sort_indices(_gathered(tables, observed_at))
    frame = pd.DataFrame(
        {name: _restored(_gathered(tables, name).take(moments), notes[name]) for name in names},
        index=pd.RangeIndex(len(moments)),
    )
    active = newest.notes["geometry"]
    if any("crs" in notes[name] for name in names):
        frame = gpd.GeoDataFrame(frame, geometry=active if active in names else None)
    frame.attrs.update(_attrs(newest, pieces, len(frame)))
    return frame


def _attrs(newest: Piece, pieces: Sequence[Piece], rows: int) -> dict[str, Any]:
    attrs = dict(newest.notes["attrs"])
    first = min(str(piece.notes["recorded"][0]) for piece in pieces)
    facts = {**attrs.get(ATTRIBUTE, {}), "rows": rows}
    attrs[ATTRIBUTE] = facts | {"recorded": {"first": first, "last": newest.notes["recorded"][1]}}
    return attrs


def _keep_categories(notes: dict[str, Any], name: str, note: Mapping[str, Any]) -> None:
    """Let a category that is no more stay one, or its rows would lose it."""
    known = notes[name].get("categories")
    if known is not None:
        gone = [one for one in note.get("categories", []) if one not in known]
        notes[name] = {**notes[name], "categories": [*known, *gone]}


def _gathered(tables: Sequence[pa.Table], name: str) -> pa.ChunkedArray:
    """Put a column of all tables together; where its type changed beyond what can be joined, as text."""
    columns = [table.column(name) if name in table.column_names else None for table in tables]
    kinds = {column.type for column in columns if column is not None}
    try:
        schemas = [pa.schema([(name, kind)]) for kind in kinds]
        whole = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        whole = pa.string()
    chunks: list[pa.Array] = []
    for table, column in zip(tables, columns, strict=True):
        if column is None:
            chunks.append(pa.nulls(table.num_rows, whole))
        else:
            chunks += (_as_text(column) if whole == pa.string() else column.cast(whole)).chunks
    return pa.chunked_array(chunks, whole)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_nested(column.type):
        texts = [None if one is None else json.dumps(one, default=str) for one in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    return column.cast(pa.string())


def _restored(column: pa.ChunkedArray, note: Mapping[str, Any]) -> Any:
    """Give a column the dtype that it had in the frame."""
    dtype = note["dtype"]
    if "crs" in note and pa.types.is_binary(column.type):
        values: npt.NDArray[np.object_] = column.to_numpy(zero_copy_only=False)
        return gpd.GeoSeries.from_wkb(pd.Series(values, dtype=object), crs=_crs(note["crs"]))
    if dtype.endswith("[pyarrow]"):
        return pd.Series(pd.array(column.combine_chunks(), dtype=pd.ArrowDtype(column.type)))
    if pa.types.is_nested(column.type):
        return pd.Series(column.to_pylist(), dtype=object)
    series: pd.Series = column.to_pandas(types_mapper=_EXACT.get)
    if dtype == "category":
        # Categories that JSON cannot say would lose their values.
        if not {*series.dropna().astype(object)} <= {*note["categories"]}:
            return series.astype("category")
        return series.astype(pd.CategoricalDtype(note["categories"], ordered=note["ordered"]))
    if dtype in ("str", "string"):
        # Not `str` by name: before pandas 3 that would write out what is missing.
        return series.astype(casts.TEXT if dtype == "str" else pd.StringDtype("pyarrow"))
    if str(series.dtype) == dtype:
        return series
    try:
        return series.astype(dtype)
    except (TypeError, ValueError):
        # Gaps, or values from when the column was another: they stay, in the dtype that holds them.
        return series


def _crs(described: Mapping[str, Any] | None) -> pyproj.CRS | None:
    if described is None:
        return None
    crs = pyproj.CRS.from_json_dict(dict(described))
    authority = crs.to_authority()
    named = pyproj.CRS.from_authority(*authority) if authority is not None else crs
    # The same system, under the short name by which people know it.
    return named if named == crs else crs


# Days


def _day(folder: Path, observed_at: str, span: _Span, wanted: Sequence[str] | None) -> list[Piece]:
    for _ in range(REREADS):
        names = files(folder)
        try:
            pieces = list(_pieces(names, observed_at, span, wanted))
        except FileNotFoundError:
            continue
        new = {*files(folder)} - {*names}
        # Files that were put together while they were listed may have been missed, old and new.
        if {*names} <= {*files(folder)} and not any(path.name.startswith(WHOLE_DAY) for path in new):
            return pieces
    raise OSError(f"{folder} changes faster than it can be read.")


def _pieces(names: Iterable[Path], observed_at: str, span: _Span, wanted: Sequence[str] | None) -> Iterator[Piece]:
    columns = None if wanted is None else [*wanted, observed_at, MARK]
    seen: set[bytes] = set()
    paths = list(names)
    for path in paths:
        piece = read(path, columns)
        table = span.of_table(piece.table, observed_at)
        if len(paths) > 1:
            table = unseen(table, seen)
        yield Piece(table, piece.notes)


def unseen(table: pa.Table, seen: set[bytes]) -> pa.Table:
    """Leave out rows whose mark is in `seen`, and add those of the others to it."""
    keep = []
    for mark in table.column(MARK).to_pylist():
        keep.append(mark not in seen)
        seen.add(mark)
    return table if all(keep) else table.filter(pa.array(keep, pa.bool_()))


@dataclass(frozen=True, slots=True)
class _Span:
    """A range of time."""

    start: datetime | None
    end: datetime | None
    _days: tuple[str, str] = field(default=("", ""))

    @classmethod
    def of(cls, start: date | datetime | None, end: date | datetime | None) -> _Span:
        first, last = _moment("start", start), _moment("end", end)
        if first is not None and last is not None and last <= first:
            raise ValueError("end comes after start: the range is from start on, and before end.")
        zone = ZoneInfo(ZONE)
        bounds = [one.astimezone(zone).date().isoformat() if one else "" for one in (first, last)]
        return cls(first, last, (bounds[0], bounds[1]))

    def may_hold(self, day: str) -> bool:
        if self.start is None and self.end is None:
            return True
        first, last = self._days
        return day != NO_DAY and day >= first and (not last or day <= last)

    def of_table(self, table: pa.Table, observed_at: str) -> pa.Table:
        moments = table.column(observed_at)
        for compare, bound in ((pc.greater_equal, self.start), (pc.less, self.end)):
            if bound is not None:
                table = table.filter(compare(moments, pa.scalar(bound, moments.type)))
                moments = table.column(observed_at)
        return table


def _moment(name: str, value: object) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{name} has no zone: add one, such as ZoneInfo('{ZONE}'), or give a day.")
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(), ZoneInfo(ZONE))
    raise TypeError(f"{name} is a day or an aware moment, not {type(value).__name__}.")


def _names(columns: object) -> list[str]:
    if isinstance(columns, str) or not isinstance(columns, Sequence):
        raise TypeError("columns is a list of names.")
    return list(dict.fromkeys(columns))
