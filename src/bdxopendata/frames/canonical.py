"""A raw table to the canonical one: one conversion per portal type, in the order of the schema."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from bdxopendata.fields import Field, Schema
from bdxopendata.frames import geometry, numbers, text, times
from bdxopendata.frames.columns import arrow_type
from bdxopendata.frames.quality import REPLACED, Quality
from bdxopendata.frames.values import plain

Convert = Callable[[pa.Array, Field, Quality], pa.Array]

# A value of the right type may still be off the earth or the calendar in these.
JUDGED = ("point", "shape", "time")

# Marks that `formats` leaves on raw columns.
_REPLACED = b"bdxopendata.replaced"
_WIDE = b"bdxopendata.wide"

# A conversion per portal type; `text`, `int` and `file` need more than a column and stand below.
CONVERSIONS: dict[str, Convert] = {
    "double": numbers.to_double,
    "boolean": numbers.to_boolean,
    "date": times.to_date,
    "datetime": times.to_moment,
    "geo_point_2d": geometry.to_points,
    "geo_shape": geometry.to_shapes,
}


def conform(
    raw: pa.Table,
    schema: Schema,
    quality: Quality,
    *,
    list_separator: str | None = None,
    files_url: str | None = None,
) -> pa.Table:
    """Give every column the type that the schema says.

    A table that is canonical already comes back unchanged. Whole numbers are the one case where the values decide
    the type: if one of them is beyond 64 bits, the column is text. `formats.batches` marks such columns in every batch,
    so that the batches of one file agree.

    Parameters
    ----------
    raw
        Columns as a format carries them.
    schema
        The fields of the answer.
    quality
        Counts the values that do not fit; they are missing in the result.
    list_separator
        What joins the values of multivalued fields that come as text; without it, each field's own separator.
    files_url
        Address to which the id of a file is appended where the portal sends no address.

    Returns
    -------
    pyarrow.Table
        The fields in the order of `schema`, typed, and missing throughout where `raw` lacks them; then the columns
        that are no field, as they were sent.
    """
    columns: list[pa.ChunkedArray] = []
    fields: list[pa.Field] = []
    for field in schema:
        place = raw.schema.get_field_index(field.name)
        if place < 0:
            column = pa.chunked_array([pa.nulls(raw.num_rows, arrow_type(field))])
        else:
            column = _converted(raw.column(place), raw.schema.field(place), field, quality, list_separator, files_url)
        columns.append(column)
        fields.append(pa.field(field.name, column.type))
    for name in raw.column_names:
        if name not in schema:
            column = _as_sent(raw.column(name))
            columns.append(column)
            fields.append(pa.field(name, column.type))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _converted(
    column: pa.ChunkedArray,
    sent: pa.Field,
    field: Field,
    quality: Quality,
    list_separator: str | None,
    files_url: str | None,
) -> pa.ChunkedArray:
    metadata = sent.metadata or {}
    quality.add(field.name, REPLACED, int(metadata.get(_REPLACED, b"0")))
    wanted = arrow_type(field)
    if column.type == wanted and field.family not in JUDGED:
        return column
    if pa.types.is_null(column.type):
        return pa.chunked_array([pa.nulls(len(column), wanted)])
    chunks = [plain(chunk) for chunk in column.chunks]
    if field.type == "int":
        kind, chunks = numbers.to_whole(chunks, field, quality, wide=_WIDE in metadata)
        return pa.chunked_array(chunks, kind)
    if field.multivalued and field.family == "text":
        return pa.chunked_array([text.to_texts(one, field, list_separator, quality) for one in chunks], wanted)
    if field.family == "text":
        return pa.chunked_array([text.to_text(one, field, quality) for one in chunks], wanted)
    if field.family == "file":
        return pa.chunked_array([text.to_file(one, field, files_url, quality) for one in chunks], wanted)
    convert = CONVERSIONS.get(field.type)
    if convert is None:
        return _as_sent(column)
    return pa.chunked_array([convert(one, field, quality) for one in chunks], wanted)


def _as_sent(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Keep a column of unknown type: as it came, but never without a type, and text where nothing is known."""
    if pa.types.is_null(column.type):
        return pa.chunked_array([pa.nulls(len(column), pa.string())])
    chunks = [plain(chunk) for chunk in column.chunks]
    return pa.chunked_array(chunks, chunks[0].type) if chunks else column
