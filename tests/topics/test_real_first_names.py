"""A file that somebody derived from the real first names, 1921 to 2020, through the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bdxopendata.topics import births, engine

NAME = "WildBenji__palmares-noms-de-bordeaux__full_dataset.csv"


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Any:
    path = shared_data / "real" / "palmares_prenoms_bordeaux" / NAME
    if not path.is_file():
        pytest.skip(f"{NAME} is not here")
    return pd.read_csv(path)


@pytest.fixture(scope="module")
def frame(raw: Any) -> Any:
    return engine.apply(births.FIRST_NAMES, raw, dataset="palmares_prenoms_bordeaux")


def test_every_row_comes_through_with_its_types(raw: Any, frame: Any) -> None:
    assert len(raw) == len(frame) == 10_000
    assert {str(frame[name].dtype) for name in ("year", "rank", "count")} == {"Int64"}
    assert frame[["year", "rank", "name", "count"]].notna().all(axis=None)


def test_each_year_from_1921_to_2020_has_its_hundred(frame: Any) -> None:
    sizes = frame.groupby("year").size()

    assert sizes.index.tolist() == list(range(1921, 2021))
    assert set(sizes) == {100}


def test_ranks_are_unique_within_a_year(frame: Any) -> None:
    assert not frame.duplicated(["year", "rank"]).any()
    assert frame["rank"].between(1, 100).all()


def test_girls_and_boys_share_one_order(frame: Any) -> None:
    # The file says of some names that their sex is unknown: its author guessed it, the portal did not tell.
    assert set(frame["sex"].dropna()) == {"male", "female", "unknown"}
    top = frame[frame["rank"] <= 10]
    assert (top.groupby("year")["sex"].nunique() > 1).sum() > 90


def test_a_lower_rank_never_has_more_children(frame: Any) -> None:
    ordered = frame.sort_values(["year", "rank"])

    assert (ordered.groupby("year")["count"].diff().dropna() <= 0).all()
