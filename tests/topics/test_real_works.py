"""Real permits for works of October 2021, and real routes and parks, through their contracts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bdxopendata.topics import engine, works

NAME = "WildBenji__travaux_bordeaux__dataset.csv"


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Any:
    path = shared_data / "real" / "ci_acte_a" / NAME
    if not path.is_file():
        pytest.skip(f"{NAME} is not here")
    # A file of the first API, to which its author added columns: what is a row today stood in `fields`.
    whole = pd.read_csv(path)
    fields = [name for name in whole.columns if name.startswith("fields.")]
    return whole[fields].rename(columns=lambda name: name.removeprefix("fields."))


@pytest.fixture(scope="module")
def frame(raw: Any) -> Any:
    return works.completed(engine.apply(works.AS_SENT, raw, dataset="ci_acte_a"))


def test_every_permit_comes_through_with_its_days(raw: Any, frame: Any) -> None:
    assert len(raw) == len(frame) == 356
    assert frame["permit"].is_unique
    assert frame["permit"].str.fullmatch(r"202\d{6}").all()
    assert frame[["starts_on", "ends_on"]].notna().all(axis=None)
    assert (frame["ends_on"] >= frame["starts_on"]).all()


def test_worksites_have_several_permits(frame: Any) -> None:
    assert frame["worksite"].nunique() == 336


def test_footprints_measures_and_kinds_are_as_many_as_each_other(raw: Any, frame: Any) -> None:
    assert frame["footprints"].sum() == raw["gid_emprise"].str.count("/").sum() + len(raw) == 705
    assert frame["footprints"].max() == 17
    assert not frame["oddities"].fillna("").str.contains(works.UNLIKE).any()
    kinds = frame["kinds"].explode().value_counts().to_dict()
    assert kinds == {"EMPRISE": 570, "DEVIATION": 135}


def test_each_footprint_has_its_own_number(frame: Any) -> None:
    numbers = frame["footprint_ids"].explode()

    assert numbers.is_unique
    assert numbers.str.isdigit().all()


def test_slashes_of_addresses_keep_eight_permits_from_being_told_apart(frame: Any) -> None:
    odd = frame[frame["oddities"].fillna("") == works.NOT_APART]

    assert len(odd) == 8
    assert (odd["locations"].map(len) == 1).all()
    assert odd["locations"].explode().str.contains(r"\d/\d|/ |/1", regex=True).any()
    plain = frame[frame["oddities"].isna()]
    assert (plain["locations"].map(len) == plain["footprints"]).all()


def test_measures_are_lists_within_each_footprint(raw: Any, frame: Any) -> None:
    measures = frame["measures"].explode()

    assert not measures.str.contains("[;/]").any()
    assert {"Déviation", "Circulation interdite", "Interdiction de stationnement"} <= set(measures)
    parts = works.footprints(frame)
    assert len(parts) == 705
    # As many measures as signs between them, where none stands twice in one footprint.
    joined = raw["libelle"].str.replace("/", ";").str.split(";").explode().str.strip()
    assert parts["measures"].explode().value_counts().to_dict() == joined[joined != ""].value_counts().to_dict()


def test_a_road_is_closed_where_traffic_is_forbidden_or_interrupted(raw: Any, frame: Any) -> None:
    by_text = raw["libelle"].str.contains("Circulation interdite|Interruption de circulation").sum()

    assert frame["closed"].sum() == by_text
    assert 0 < by_text < len(raw)
