"""Whole numbers, doubles and booleans: exact, or missing and counted."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bdxopendata.fields import Field
from bdxopendata.frames.quality import (
    BEYOND_64_BITS,
    NOT_A_NUMBER,
    NOT_BOOLEAN,
    NOT_WHOLE,
    TOO_LARGE,
    Quality,
)
from bdxopendata.frames.values import cast_or_look, lost, nulled, trimmed

SMALLEST, LARGEST = -(2**63), 2**63 - 1
# Above this, a double no longer tells one whole number from the next.
EXACT = 2**53
# A number of more digits is nothing that a person counts; Python would refuse to read it as well.
MOST_DIGITS = 1000

_WHOLE = re.compile(r"[+-]?[0-9]+")
_FORMS = ("", "nan", "inf", "infinity")
_TRUE, _FALSE = ("true", "1", "1.0"), ("false", "0", "0.0")


def to_whole(
    chunks: list[pa.Array], field: Field, quality: Quality, *, wide: bool
) -> tuple[pa.DataType, list[pa.Array]]:
    """Whole numbers of 64 bits; the whole column as text where one of them needs more, or where `wide` says so."""
    typed = [_whole(chunk) for chunk in chunks]
    beyond = sum(count for _, count in typed)
    if not beyond and not wide:
        numbers = [array for array, _ in typed]
        quality.add(field.name, NOT_WHOLE, sum(map(lost, chunks, numbers)) - _blanks(chunks))
        return pa.int64(), numbers
    texts = [_whole_text(chunk) for chunk in chunks]
    quality.add(field.name, NOT_WHOLE, sum(map(lost, chunks, texts)) - _blanks(chunks))
    quality.add(field.name, BEYOND_64_BITS, beyond)
    return pa.string(), texts


def _blanks(chunks: list[pa.Array]) -> int:
    """Empty text says that nothing is there; it is missing without being a misfit."""
    texts = [chunk for chunk in chunks if pa.types.is_string(chunk.type)]
    return sum(lost(chunk, trimmed(chunk)) for chunk in texts)


def _whole(array: pa.Array) -> tuple[pa.Array, int]:
    """Numbers (missing where a value is none, or too large) and how many were too large."""
    kind = array.type
    if kind == pa.int64():
        return array, 0
    if pa.types.is_signed_integer(kind):
        return array.cast(pa.int64()), 0
    if pa.types.is_floating(kind):
        whole = pc.and_(pc.equal(pc.floor(array), array), pc.less_equal(pc.abs(array), float(EXACT)))
        return nulled(array, pc.invert(whole)).cast(pa.int64()), 0
    if pa.types.is_string(kind):
        text = trimmed(array)
        # Arrow also reads "0x1f"; a code like that is no number that somebody meant.
        digits = pc.match_substring_regex(text, r"^-?[0-9]{1,18}$")
        simple = nulled(text, pc.invert(digits)).cast(pa.int64())
        rest = nulled(text, digits)
        if rest.null_count == len(rest):
            return simple, 0
        return _looked_at(simple, rest)
    if pa.types.is_unsigned_integer(kind) or pa.types.is_decimal(kind):
        return _looked_at(pa.nulls(len(array), pa.int64()), array)
    return pa.nulls(len(array), pa.int64()), 0


def _looked_at(simple: pa.Array, rest: pa.Array) -> tuple[pa.Array, int]:
    values = [None if one is None else _as_whole(one) for one in rest.to_pylist()]
    beyond = sum(value is not None and not SMALLEST <= value <= LARGEST for value in values)
    fitting = [value if value is not None and SMALLEST <= value <= LARGEST else None for value in values]
    return pc.coalesce(simple, pa.array(fitting, pa.int64())), beyond


def _as_whole(value: Any) -> int | None:
    if isinstance(value, int | Decimal):
        return int(value) if value == int(value) else None
    text = value.strip()
    if len(text) > MOST_DIGITS:
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        number = float(text) if "_" not in text else math.nan
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) <= EXACT else None


def _whole_text(array: pa.Array) -> pa.Array:
    def text(value: Any) -> str | None:
        if isinstance(value, bool):
            return None
        if isinstance(value, float):
            return str(int(value)) if value.is_integer() and abs(value) <= EXACT else None
        whole = _as_whole(value)
        return None if whole is None else str(whole)

    return pa.array([None if one is None else text(one) for one in array.to_pylist()], pa.string())


def to_double(array: pa.Array, field: Field, quality: Quality) -> pa.Array:
    """Doubles. Not a number and infinities stay where they were sent; a number that is too large becomes missing."""
    kind = array.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return array.cast(pa.float64(), safe=False)
    if not pa.types.is_string(kind):
        quality.add(field.name, NOT_A_NUMBER, len(array) - array.null_count)
        return pa.nulls(len(array), pa.float64())
    text = trimmed(array)
    numbers = cast_or_look(text, pa.float64(), _as_double)
    quality.add(field.name, NOT_A_NUMBER, lost(text, numbers))
    infinite = pc.is_inf(numbers)
    if not pc.any(infinite).as_py():
        return numbers
    sent = pc.match_substring_regex(text, r"(?i)^[+-]?inf(inity)?$")
    kept = nulled(numbers, pc.and_(infinite, pc.invert(sent)))
    quality.add(field.name, TOO_LARGE, lost(numbers, kept))
    return kept


def _as_double(text: str) -> float | None:
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def to_boolean(array: pa.Array, field: Field, quality: Quality) -> pa.Array:
    """Booleans, from true and false in any case, and from 1 and 0."""
    kind = array.type
    if pa.types.is_boolean(kind):
        return array
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        text = array.cast(pa.float64(), safe=False).cast(pa.string())
    elif pa.types.is_string(kind):
        text = pc.utf8_lower(trimmed(array))
        array = trimmed(array)
    else:
        quality.add(field.name, NOT_BOOLEAN, len(array) - array.null_count)
        return pa.nulls(len(array), pa.bool_())
    true = pc.is_in(text, pa.array(_TRUE))
    known = pc.or_(true, pc.is_in(text, pa.array(_FALSE)))
    flags = pc.if_else(known, true, pa.scalar(None, pa.bool_()))
    quality.add(field.name, NOT_BOOLEAN, lost(array, flags))
    return flags
