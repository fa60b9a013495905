"""Values as the dtype of a contract: what fits is kept exactly, what does not is missing and counted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bdxopendata.frames import Quality
from bdxopendata.topics import casts
from bdxopendata.topics.contract import DTYPES, Column


def made(values: Any, dtype: str, **facts: Any) -> tuple[list[Any], Quality]:
    quality = Quality()
    column = Column.of("x", {"dtype": dtype, "from": ["x"], **facts})
    cast = casts.cast(pd.Series(values), column, quality)
    assert cast.name == "x"
    return cast.astype(object).where(cast.notna(), None).tolist(), quality


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_missing_column_has_the_type_of_a_filled_one(dtype: str) -> None:
    column = Column.of("x", {"dtype": dtype})
    index = pd.Index([3, 5])

    lacking = casts.missing(column, index)
    cast = casts.cast(lacking, column, Quality())

    assert lacking.isna().all()
    assert list(lacking.index) == [3, 5]
    assert cast.dtype == lacking.dtype
    assert casts.missing(column, index[:0]).dtype == lacking.dtype


def test_text_keeps_its_zeros_and_lists_become_one_text() -> None:
    assert made(["033", None, "é"], "text")[0] == ["033", None, "é"]
    assert made([["a", "b"], None], "text")[0] == ["a; b", None]
    assert made([1.0, 2.5], "text")[0] == ["1", "2.5"]


def test_numbers_are_read_from_digits_and_from_text_with_a_comma() -> None:
    assert made(["1,5", " 2 ", "", None], "double")[0] == [1.5, 2.0, None, None]
    assert made(["6", "15", None], "int")[0] == [6, 15, None]
    assert made(pd.array([1, None], dtype="Int64"), "double")[0] == [1.0, None]


def test_what_is_no_number_is_missing_and_counted() -> None:
    values, quality = made(["six", "7"], "int")

    assert values == [None, 7]
    assert str(quality) == "x: 1 value no number, now missing"


def test_what_is_no_whole_number_is_missing_and_counted() -> None:
    values, quality = made([1.0, 1.5, np.inf, np.nan], "int")

    assert values == [1, None, None, None]
    assert len(quality) == 2


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["oui", "NON", None], [True, False, None]),
        (["Vrai", "faux", "x"], [True, False, None]),
        ([1, 0, 1], [True, False, True]),
        ([True, False, True], [True, False, True]),
        (["O", "N", "1"], [True, False, True]),
    ],
)
def test_truth_is_read_in_french_in_english_and_in_digits(values: list[Any], expected: list[Any]) -> None:
    assert made(values, "boolean")[0] == expected


def test_where_only_what_is_true_is_known_all_else_is_false() -> None:
    assert made(["OUI", "peut-être", None], "boolean", true=["OUI"])[0] == [True, False, None]


def test_a_date_drops_the_hour_in_local_time() -> None:
    late = pd.to_datetime(["2026-06-14T22:30:00+00:00"], utc=True)

    assert made(late, "date")[0] == [pd.Timestamp("2026-06-15")]
    assert made(["2026-06-15", "15/06/2026"], "date")[0] == [pd.Timestamp("2026-06-15"), None]


def test_days_with_and_without_an_offset_stand_in_one_column() -> None:
    mixed = ["2026-06-14T22:30:00+00:00", "2026-06-14T22:30:00", "2026-06-14", "2026-06-14 23:30:00Z", None]
    fifteenth, fourteenth = pd.Timestamp("2026-06-15"), pd.Timestamp("2026-06-14")

    assert made(mixed, "date")[0] == [fifteenth, fourteenth, fourteenth, fifteenth, None]
    assert made(mixed[:1] * 2, "date")[0] == [fifteenth] * 2


def test_a_moment_is_local_and_one_without_a_zone_is_read_as_utc() -> None:
    aware = made(["2026-06-15T10:00:00+00:00", "never"], "datetime")
    naive = made(pd.to_datetime(["2026-06-15T10:00:00"]), "datetime")

    assert aware[0] == [pd.Timestamp("2026-06-15T12:00", tz="Europe/Paris"), None]
    assert len(aware[1]) == 1
    assert naive[0] == aware[0][:1]


def test_amounts_are_exact_to_the_cent() -> None:
    values, quality = made([27.400000000000002, "1 234,5", "12,3", None, float("nan")], "decimal")

    assert values == [Decimal("27.40"), None, Decimal("12.30"), None, None]
    assert len(quality) == 1


@pytest.mark.parametrize("amount", ["Infinity", "1e30", "NaN", "twelve"])
def test_what_is_no_amount_is_missing_and_counted(amount: str) -> None:
    values, quality = made([amount], "decimal")

    assert values == [None]
    assert len(quality) == 1


def test_a_category_keeps_its_order_its_spelling_and_values_that_are_new() -> None:
    quality = Quality()
    column = Column.of("state", {"dtype": "category", "from": ["etat"], "values": ["FLUIDE", "DENSE"], "ordered": True})

    cast = casts.cast(pd.Series(["dense", "FLUIDE", "NEIGE", None]), column, quality)

    assert cast.cat.categories.tolist() == ["FLUIDE", "DENSE", "NEIGE"]
    assert cast.cat.ordered
    assert cast.astype(object).tolist()[:3] == ["DENSE", "FLUIDE", "NEIGE"]
    assert str(quality) == f"state: 1 value {casts.UNEXPECTED}"


def test_a_list_is_split_where_it_came_as_text() -> None:
    assert made(["LUNDI;JEUDI", None], "list")[0] == [["LUNDI", "JEUDI"], None]
    assert made([["LUNDI"], None], "list")[0] == [["LUNDI"], None]
