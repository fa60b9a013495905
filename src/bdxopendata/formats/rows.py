"""Rows of JSON objects to raw Arrow columns.

Record pages, JSON, JSON lines and GeoJSON all carry the same objects. A column keeps its natural Arrow type where all
its values are of one kind; where they are not, or where Arrow has no room for a whole number, it becomes text: text as
it is, anything else as its JSON text. Shapes become the JSON text of their geometry, files and other objects their JSON
text, points two numbers.

Nothing is lost here and nothing judged, with one exception: half a surrogate pair cannot be written in UTF-8, so it is
replaced by U+FFFD; the column's metadata then say how often, and `frames.conform` counts it.

The same key twice in one object: the last one counts.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import pyarrow as pa

from bdxopendata.errors import UnexpectedAnswerError, excerpt
from bdxopendata.fields import Field, Schema

# Keys of column metadata, by which a raw column tells `frames.conform` what its values no longer show.
REPLACED = b"bdxopendata.replaced"
WIDE = b"bdxopendata.wide"

POINT = pa.struct([("lon", pa.float64()), ("lat", pa.float64())])

# One encoder for all: `json.dumps` makes a new one each time it is told how to write.
_encode = json.JSONEncoder(ensure_ascii=False).encode
_HALF_PAIR = re.compile("[\ud800-\udfff]")
# How a number that is too large for a double is written, so that it stays different from an infinity that was sent.
_OVERFLOW = "1e999"


def parse(text: bytes | str) -> Any:
    """Parse JSON that holds rows; `ValueError` or `RecursionError` where it cannot be.

    ``NaN`` and ``Infinity`` are no JSON, but some exporters write them: they come back as text, since a double that
    is infinite can then only be a number that was too large.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    return json.loads(text, parse_constant=str)


def rows_to_table(
    rows: Sequence[Mapping[str, Any]], schema: Schema, *, kinds: Mapping[str, pa.DataType] | None = None
) -> pa.Table:
    """Turn JSON objects into a raw table.

    Parameters
    ----------
    rows
        Parsed JSON objects, one per row.
    schema
        The fields that were asked for: they come first and in this order, where at least one row has them; keys
        that are no field follow, in the order in which they appear. Where no row has any key, all fields come.
    kinds
        Types that columns must have, by name: a stream learns them before its first batch. Only text can always be
        had.

    Raises
    ------
    UnexpectedAnswerError
        If something in `rows` is no object.
    """
    kinds = kinds or {}
    known = {one.name: one for one in schema}
    try:
        found = dict.fromkeys(chain.from_iterable(rows))
        names = [name for name in known if name in found or name in kinds]
        names += [name for name in found if name not in known]
        if not names:
            # Arrow knows the length of a table from its columns only.
            names = list(known)
        columns = _columns(rows, names)
    except (AttributeError, TypeError) as error:
        raise UnexpectedAnswerError("a row is no JSON object") from error
    built = [
        _column(name, values, known.get(name), kinds.get(name)) for name, values in zip(names, columns, strict=True)
    ]
    written = [field.name for field, _ in built]
    if len(set(written)) < len(written):
        raise UnexpectedAnswerError("two keys of a row differ only in characters that cannot be written")
    return pa.Table.from_arrays([array for _, array in built], schema=pa.schema([field for field, _ in built]))


def join(tables: Sequence[pa.Table], schema: Schema) -> pa.Table:
    """Join raw tables of parts of the same rows; a column that has several types becomes text as if read at once."""
    if len(tables) == 1:
        return tables[0]
    found = dict.fromkeys(chain.from_iterable(table.column_names for table in tables))
    names = [name for name in schema.names if name in found] + [name for name in found if name not in schema.types()]
    joined = [_joined(name, tables, schema) for name in names]
    return pa.Table.from_arrays([column for _, column in joined], schema=pa.schema([field for field, _ in joined]))


def _joined(name: str, tables: Sequence[pa.Table], schema: Schema) -> tuple[pa.Field, pa.ChunkedArray]:
    parts = [
        table.column(name).combine_chunks() if name in table.column_names else pa.nulls(table.num_rows)
        for table in tables
    ]
    kinds = {part.type for part in parts if not pa.types.is_null(part.type)}
    if len(kinds) < 2:
        kind = kinds.pop() if kinds else pa.null()
    elif kinds == {pa.int64(), pa.float64()} and schema.types().get(name) == "double":
        kind = pa.float64()
    else:
        kind = pa.string()
        parts = [part if part.type == kind else _text([*map(_as_text, part.to_pylist())])[0] for part in parts]
    fields = [table.schema.field(name) for table in tables if name in table.column_names]
    replaced = sum(int((field.metadata or {}).get(REPLACED, 0)) for field in fields)
    metadata = {REPLACED: str(replaced).encode()} if replaced else None
    return pa.field(name, kind, metadata=metadata), pa.chunked_array([part.cast(kind) for part in parts], kind)


def _columns(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[list[Any]]:
    if len(names) > 1 and rows:
        # The portal sends every field in every row; where it does, taking them all at once is several times faster.
        try:
            return [list(column) for column in zip(*map(itemgetter(*names), rows), strict=True)]
        except KeyError:
            pass
    return [[row.get(name) for row in rows] for name in names]


def _column(name: str, values: list[Any], field: Field | None, kind: pa.DataType | None) -> tuple[pa.Field, pa.Array]:
    family = field.family if field is not None else "other"
    if family == "point":
        array, replaced = _points(values)
    elif family == "shape":
        array, replaced = _text([_geometry_text(value) for value in values])
    elif field is not None and field.multivalued and family == "text":
        array, replaced = _lists(values)
    elif kind is not None and pa.types.is_string(kind):
        array, replaced = _text([_as_text(value) for value in values])
    else:
        array, replaced = _scalars(values, field)
    metadata = {REPLACED: str(replaced).encode()} if replaced else {}
    if kind is not None:
        if pa.types.is_null(array.type):
            array = pa.nulls(len(array), kind)
        if field is not None and field.type == "int" and pa.types.is_string(kind):
            metadata[WIDE] = b"1"
    return pa.field(_writable(name), array.type, metadata=metadata or None), array


def _scalars(values: list[Any], field: Field | None) -> tuple[pa.Array, int]:
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return pa.nulls(len(values)), 0
    if kinds == {str}:
        return _text(values)
    if kinds == {bool}:
        return pa.array(values, pa.bool_()), 0
    if kinds == {int}:
        try:
            return pa.array(values, pa.int64()), 0
        except (OverflowError, pa.ArrowInvalid):
            return _text([_as_text(value) for value in values])
    if kinds == {float} or (kinds == {int, float} and field is not None and field.type == "double"):
        return _doubles(values)
    if field is not None and field.family == "text" and kinds == {list} and _are_lists_of_text(values):
        return _lists(values)
    return _text([_as_text(value) for value in values])


def _doubles(values: list[Any]) -> tuple[pa.Array, int]:
    if any(isinstance(value, float) and math.isinf(value) for value in values):
        return _text([_as_text(value) for value in values])
    try:
        return pa.array([None if value is None else float(value) for value in values], pa.float64()), 0
    except OverflowError:
        return _text([_as_text(value) for value in values])


def _are_lists_of_text(values: Iterable[Any]) -> bool:
    return all(value is None or all(isinstance(one, str) for one in value) for value in values)


def _lists(values: list[Any]) -> tuple[pa.Array, int]:
    if not any(isinstance(value, list) for value in values):
        return _scalars(values, None)
    lists = [_as_list(value) for value in values]
    replaced = 0
    try:
        return pa.array(lists, pa.list_(pa.string())), 0
    except UnicodeEncodeError:
        cleaned: list[list[str | None] | None] = []
        for one in lists:
            if one is None:
                cleaned.append(None)
                continue
            clean = [None if text is None else _writable(text) for text in one]
            replaced += clean != one
            cleaned.append(clean)
        return pa.array(cleaned, pa.list_(pa.string())), replaced


def _as_list(value: Any) -> list[str | None] | None:
    if value is None:
        return None
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    return [_as_text(value)]


def _text(values: list[str | None]) -> tuple[pa.Array, int]:
    try:
        return pa.array(values, pa.string()), 0
    except UnicodeEncodeError:
        cleaned = [None if value is None else _writable(value) for value in values]
        replaced = sum(before != after for before, after in zip(values, cleaned, strict=True))
        return pa.array(cleaned, pa.string()), replaced


def _writable(text: str) -> str:
    return _HALF_PAIR.sub("\ufffd", text)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and math.isinf(value):
        return _OVERFLOW if value > 0 else f"-{_OVERFLOW}"
    try:
        return _encode(value)
    except RecursionError as error:
        raise UnexpectedAnswerError(f"a value is nested too deeply ({excerpt(str(error))})") from error


def _points(values: list[Any]) -> tuple[pa.Array, int]:
    """Two numbers for each value, or the JSON text of all values where one is something else."""
    lons: list[float | None] = []
    lats: list[float | None] = []
    for value in values:
        if value is None:
            lons.append(None)
            lats.append(None)
            continue
        try:
            lon, lat = value["lon"], value["lat"]
        except (TypeError, KeyError, IndexError):
            return _text([_as_text(one) for one in values])
        if type(lon) not in (int, float) or type(lat) not in (int, float):
            return _text([_as_text(one) for one in values])
        lons.append(lon)
        lats.append(lat)
    missing = pa.array([value is None for value in values], pa.bool_())
    try:
        children = [pa.array(lons, pa.float64()), pa.array(lats, pa.float64())]
    except (OverflowError, pa.ArrowInvalid):
        return _text([_as_text(one) for one in values])
    if not values:
        return pa.array([], POINT), 0
    return pa.StructArray.from_arrays(children, fields=list(POINT), mask=missing), 0


def _geometry_text(value: Any) -> str | None:
    if isinstance(value, dict) and value.get("type") == "Feature" and "geometry" in value:
        value = value["geometry"]
    return _as_text(value)
