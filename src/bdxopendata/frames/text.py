"""Text, lists of text, and files: what stays as it was written."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from bdxopendata.fields import Field
from bdxopendata.frames.columns import FILE, TEXTS
from bdxopendata.frames.quality import NOT_A_FILE, NOT_TEXT, Quality
from bdxopendata.frames.values import json_text, lost, parsed


def to_text(array: pa.Array, field: Field, quality: Quality) -> pa.Array:
    """Text as it came; numbers as they are written, lists joined by the field's separator, objects as JSON text."""
    kind = array.type
    if pa.types.is_string(kind):
        return array
    if pa.types.is_integer(kind) or pa.types.is_date(kind):
        return array.cast(pa.string())
    if pa.types.is_binary(kind):
        return _decoded(array, field, quality)
    if pa.types.is_list(kind) and pa.types.is_string(kind.value_type):
        present = pc.list_flatten(array)
        if not present.null_count:
            return pc.binary_join(array, field.separator)
    if pa.types.is_timestamp(kind):
        return pa.array([None if one is None else one.isoformat() for one in array.to_pylist()], pa.string())
    return pa.array([json_text(one) for one in array.to_pylist()], pa.string())


def _decoded(array: pa.Array, field: Field, quality: Quality) -> pa.Array:
    texts: list[str | None] = []
    for value in array.to_pylist():
        try:
            texts.append(None if value is None else value.decode("utf-8"))
        except UnicodeDecodeError:
            texts.append(None)
    decoded = pa.array(texts, pa.string())
    quality.add(field.name, NOT_TEXT, lost(array, decoded))
    return decoded


def to_texts(array: pa.Array, field: Field, list_separator: str | None, quality: Quality) -> pa.Array:
    """Give lists of text as they came; joined text is split by `list_separator`, or the field's own separator."""
    kind = array.type
    if kind == TEXTS:
        return array
    if pa.types.is_list(kind):
        if pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type):
            return array.cast(TEXTS)
        lists = array.to_pylist()
        return pa.array([None if one is None else [json_text(value) for value in one] for one in lists], TEXTS)
    text = to_text(array, field, quality)
    return pc.split_pattern(text, list_separator or field.separator or ",").cast(TEXTS)


def to_file(array: pa.Array, field: Field, files_url: str | None, quality: Quality) -> pa.Array:
    """Files as three texts; text is an address, or the JSON text of an object.

    A file without an address, as older portals send it, gets the one that its id has below `files_url`.
    """
    kind = array.type
    if kind == FILE:
        return array
    if pa.types.is_string(kind) and not pc.any(pc.starts_with(pc.utf8_ltrim_whitespace(array), "{")).as_py():
        empty = pa.nulls(len(array), pa.string())
        blank = pc.equal(pc.fill_null(array, ""), "")
        return pa.StructArray.from_arrays([empty, array, empty], fields=list(FILE), mask=blank)
    files = pa.array([_file(one, files_url) for one in array.to_pylist()], FILE)
    quality.add(field.name, NOT_A_FILE, lost(array, files))
    return files


def _file(value: Any, files_url: str | None) -> dict[str, str | None] | None:
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        value = parsed(value)
    if isinstance(value, str) and value:
        return {"filename": None, "url": value, "mimetype": None}
    if not isinstance(value, dict):
        return None
    parts = {name: value.get(name) for name in ("filename", "url", "mimetype")}
    if parts["url"] is None and files_url is not None and isinstance(value.get("id"), str):
        parts["url"] = files_url + quote(value["id"], safe="")
    if not any(isinstance(part, str) for part in parts.values()):
        return None
    return {name: part if isinstance(part, str) else None for name, part in parts.items()}
