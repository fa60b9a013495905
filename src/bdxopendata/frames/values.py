"""Steps that the conversions share: Arrow casts a whole column; what it refuses is looked at value by value.

Every conversion takes one Arrow array (never a chunked one) and returns one of the same length.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

# A column that Arrow refuses is halved until the pieces are this small; only they are looked at in Python.
SMALL = 64


def cast_or_look(array: pa.Array, kind: pa.DataType, look: Callable[[Any], Any]) -> pa.Array:
    """Cast an array, and use `look` for the values in the neighbourhood of those that cannot be cast.

    `look` gets a Python value that is not None and returns the value for the new column, or None.
    """
    try:
        return array.cast(kind)
    except pa.ArrowException:
        pass
    if len(array) <= SMALL:
        return pa.array([None if one is None else look(one) for one in array.to_pylist()], kind)
    half = len(array) // 2
    parts = [cast_or_look(part, kind, look) for part in (array.slice(0, half), array.slice(half))]
    return pa.concat_arrays(parts)


def trimmed(array: pa.Array) -> pa.Array:
    """Text without blanks around it, and missing where nothing is left."""
    text = pc.utf8_trim_whitespace(array)
    return nulled(text, pc.equal(pc.binary_length(text), 0))


def nulled(array: pa.Array, where: pa.Array) -> pa.Array:
    """Give the array with missing values where `where` is true (a missing `where` counts as false)."""
    if not pc.any(where).as_py():
        return array
    return pc.if_else(pc.fill_null(where, False), pa.scalar(None, array.type), array)


def lost(before: pa.Array, after: pa.Array) -> int:
    """How many values a step has made missing."""
    return int(after.null_count - before.null_count)


def plain(array: pa.Array) -> pa.Array:
    """Give the array in the simplest layout of its kind: no dictionary, no extension type, no large or view layout."""
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return plain(array.storage)
    if pa.types.is_dictionary(kind):
        return plain(array.dictionary_decode())
    if pa.types.is_large_string(kind) or kind == pa.string_view():
        return array.cast(pa.string())
    if pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind) or kind == pa.binary_view():
        return array.cast(pa.binary())
    if pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return array.cast(pa.list_(kind.value_type))
    return array


def json_text(value: Any) -> str | None:
    """Text as it is, anything else as its JSON text."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def parsed(text: Any) -> Any:
    """Read the value of a JSON text, or None where it is none."""
    try:
        return json.loads(text, parse_constant=str)
    except (ValueError, RecursionError, TypeError):
        return None
