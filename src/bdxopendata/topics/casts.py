"""Values of a portal column as the dtype that a contract names: one function per dtype, misfits counted.

A value that does not fit becomes missing and is counted; nothing is guessed and no row is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from bdxopendata.frames import Quality
from bdxopendata.frames.pandas import NEW_TEXT
from bdxopendata.frames.quality import NOT_A_DATE, NOT_A_NUMBER, NOT_A_TIME, NOT_BOOLEAN, NOT_WHOLE
from bdxopendata.topics.choices import folded
from bdxopendata.topics.contract import Column
from bdxopendata.topics.live import ZONE

TRUE = ("true", "vrai", "oui", "o", "yes", "1")
FALSE = ("false", "faux", "non", "n", "no", "0")
UNEXPECTED = "not among the known values, kept"

# Money to the cent; the digits before the point are more than any budget has.
MONEY = pa.decimal128(20, 2)
# The end of a moment whose offset from UTC is written.
OFFSET = r"[T ]\d\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$"
# As `frames` gives text.
TEXT: Any = pd.StringDtype("pyarrow", na_value=np.nan) if NEW_TEXT else pd.StringDtype("pyarrow")

EMPTY: Mapping[str, Any] = {
    "text": TEXT,
    "int": pd.Int64Dtype(),
    "double": np.dtype("float64"),
    "boolean": pd.BooleanDtype(),
    "date": np.dtype("datetime64[us]"),
    "datetime": pd.DatetimeTZDtype("us", ZONE),
    "decimal": pd.ArrowDtype(MONEY),
    "category": pd.CategoricalDtype(),
    "duration": np.dtype("timedelta64[us]"),
    "list": np.dtype("object"),
}


def missing(column: Column, index: pd.Index) -> pd.Series:
    """Make a column of the right dtype without any value."""
    dtype = _categories(column) if column.dtype == "category" else EMPTY[column.dtype]
    one = pd.Series([None], dtype=dtype, name=column.name)
    return one.iloc[[0] * len(index)].set_axis(index)


def cast(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    """Bring values to the dtype of `column`; what does not fit is missing and counted under the column's name."""
    return CASTS[column.dtype](values, column, quality).rename(column.name)


def _text(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    if values.dtype == TEXT:
        return values
    return values.map(_word, na_action="ignore").astype(TEXT)


def _word(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "; ".join(map(str, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _numbers(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    """Make Float64 of what is a number, in digits or in text with a decimal comma."""
    if values.dtype.kind in "iuf":
        return values.astype("Float64")
    texts = _text(values, column, quality).str.strip().replace("", None)
    found = pd.to_numeric(texts.str.replace(",", ".", regex=False), errors="coerce")
    quality.add(column.name, NOT_A_NUMBER, int((found.isna() & texts.notna()).sum()))
    return found.astype("Float64")


def _double(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    if values.dtype == np.dtype("float64"):
        return values
    return _numbers(values, column, quality).astype("float64")


def _int(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    if values.dtype.kind in "iu":
        return values.astype("Int64")
    found = _numbers(values, column, quality)
    # NaN would be a value of its own in a nullable column.
    broken = ((found % 1) != 0).fillna(False) | ~np.isfinite(found.to_numpy("float64", na_value=0.0))
    quality.add(column.name, NOT_WHOLE, int(broken.sum()))
    return found.mask(broken).astype("Int64")


def _boolean(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    if values.dtype.kind == "b":
        return values.astype("boolean")
    known = {folded(one): True for one in column.true or TRUE}
    # Where only what is true is known, all else is false: some datasets mark nothing but the one case.
    known |= {folded(one): False for one in column.false or (() if column.true else FALSE)}
    default = False if column.true and not column.false else None
    texts = _text(values, column, quality).str.strip()
    found = texts.map(lambda text: known.get(folded(text), default), na_action="ignore")
    quality.add(column.name, NOT_BOOLEAN, int((found.isna() & texts.notna()).sum()))
    return found.astype("boolean")


def _date(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    days: pd.Series = values
    if values.dtype.kind != "M":
        days = _parsed_days(values, column, quality)
    elif values.dt.tz is not None:
        days = values.dt.tz_convert(ZONE).dt.tz_localize(None)
    made: pd.Series = days.dt.normalize().astype(EMPTY["date"])
    return made


def _datetime(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    if values.dtype.kind != "M":
        texts = _text(values, column, quality)
        values = _moments(texts)
        quality.add(column.name, NOT_A_TIME, int((values.isna() & texts.notna()).sum()))
    # A moment without a zone is read as UTC, as everywhere in the library.
    aware = values if values.dt.tz is not None else values.dt.tz_localize("UTC")
    made: pd.Series = aware.dt.tz_convert(ZONE).astype(EMPTY["datetime"])
    return made


def _parsed_days(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    """Days of texts: of a moment with an offset the day that it is in Bordeaux, else the day that is written."""
    texts = _text(values, column, quality)
    with_offset = texts.str.contains(OFFSET, regex=True, na=False)
    here = _moments(texts.where(with_offset)).dt.tz_convert(ZONE).dt.tz_localize(None)
    days: pd.Series = here.where(with_offset, _moments(texts.where(~with_offset)).dt.tz_localize(None))
    quality.add(column.name, NOT_A_DATE, int((days.isna() & texts.notna()).sum()))
    return days


def _moments(texts: pd.Series) -> pd.Series:
    """Moments of texts, in UTC where no offset is written; missing where they are none."""
    moments: pd.Series = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
    return moments.astype("datetime64[us, UTC]")


def _decimal(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    made = values.map(_money, na_action="ignore")
    quality.add(column.name, NOT_A_NUMBER, int((made.isna() & values.notna()).sum()))
    amounts = [one if isinstance(one, Decimal) else None for one in made]
    return pd.Series(pd.array(amounts, dtype=EMPTY["decimal"]), index=values.index)


def _money(value: Any) -> Decimal | None:
    """Read an amount to the cent: the shortest text of a double is what was typed, without the noise."""
    try:
        amount = Decimal(str(value).strip().replace(",", "."))
        return amount.quantize(Decimal("0.01")) if amount.is_finite() and abs(amount) < 10**17 else None
    except InvalidOperation:
        return None


def _category(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    texts = _text(values, column, quality)
    by_form = {folded(one): one for one in column.values}
    texts = texts.map(lambda text: by_form.get(folded(text), text), na_action="ignore").astype(TEXT)
    new = sorted(set(texts.dropna().unique()) - set(column.values))
    if column.values:
        quality.add(column.name, UNEXPECTED, int(texts.isin(new).sum()))
    return texts.astype(pd.CategoricalDtype([*column.values, *new], ordered=column.ordered))


def _categories(column: Column) -> pd.CategoricalDtype:
    return pd.CategoricalDtype(list(column.values), ordered=column.ordered)


def _duration(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    return values.astype(EMPTY["duration"])


def _list(values: pd.Series, column: Column, quality: Quality) -> pd.Series:
    return values.astype(object).where(values.notna(), None).map(_parts, na_action="ignore")


def _parts(value: Any) -> Any:
    return [part.strip() for part in value.split(";")] if isinstance(value, str) else value


CASTS: Mapping[str, Callable[[pd.Series, Column, Quality], pd.Series]] = {
    "text": _text,
    "int": _int,
    "double": _double,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "decimal": _decimal,
    "category": _category,
    "duration": _duration,
    "list": _list,
}
