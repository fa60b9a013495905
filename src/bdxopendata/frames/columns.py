"""The Arrow type of each portal type: the columns of the canonical table.

One row in `ARROW_TYPES` is one portal type; a type without a row keeps the type in which it was sent.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from bdxopendata.fields import Field, Schema

POINT = pa.struct([("lon", pa.float64()), ("lat", pa.float64())])
FILE = pa.struct([("filename", pa.string()), ("url", pa.string()), ("mimetype", pa.string())])
TEXTS = pa.list_(pa.string())
MOMENT = pa.timestamp("us", "UTC")

ARROW_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "int": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": MOMENT,
    "geo_point_2d": POINT,
    "geo_shape": pa.binary(),
    "file": FILE,
}


def arrow_type(field: Field) -> pa.DataType:
    """Arrow type of a field's column (text for a field of unknown type, which may also keep what was sent)."""
    if field.multivalued and field.family == "text":
        return TEXTS
    return ARROW_TYPES.get(field.type, pa.string())


def canonical_schema(schema: Schema) -> pa.Schema:
    """Arrow schema of the canonical table of a schema."""
    return pa.schema([pa.field(one.name, arrow_type(one)) for one in schema])


def empty_table(schema: Schema) -> pa.Table:
    """Canonical table without rows."""
    return canonical_schema(schema).empty_table()
