"""The samples are made up: no row of a real file is in them. Runs where the real files are."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from bdxopendata.testing import samples

Rows = list[dict[str, Any]]

# Moments are left out: a copied row would not be less copied for being dated anew.
MOMENTS = {"cdate", "mdate", "datemiseajour"}


def _json(path: Path) -> Rows:
    return json.loads(path.read_text(encoding="utf-8"))


def _records_v1(path: Path) -> Rows:
    return [record["fields"] for record in _json(path)]


def _geojson(path: Path) -> Rows:
    return [feature["properties"] for feature in json.loads(path.read_text(encoding="utf-8"))["features"]]


def _csv(path: Path) -> Rows:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{name.lower(): value for name, value in row.items()} for row in csv.DictReader(file, delimiter=";")]


REAL: dict[str, tuple[str, Callable[[Path], Rows]]] = {
    "st_park_p": ("*.json", _json),
    "en_frcol_s": ("*.json", _json),
    "st_arceau_p": ("*.geojson", _geojson),
    "previsions_pont_chaban": ("*.json", _records_v1),
    "ci_vcub_p": ("*.csv", _csv),
}
TABLES = {"st_park_p": ("*.csv", _csv)}


def _real(shared_data: Path, dataset_id: str, pattern: str, read: Callable[[Path], Rows]) -> Rows:
    folder = shared_data / "real" / dataset_id
    paths = sorted(folder.glob(pattern))
    if not paths:
        pytest.skip(f"no real file of {dataset_id} here")
    return [row for path in paths for row in read(path)]


def _comparable(rows: Iterable[dict[str, Any]], names: list[str]) -> set[str]:
    return {json.dumps([_plain(row[name]) for name in names], sort_keys=True) for row in rows}


def _plain(value: Any) -> Any:
    """One spelling for the same value in a CSV and in JSON."""
    if value is None or value == "":
        return ""
    return value if isinstance(value, (dict, list)) else str(value)


@pytest.mark.parametrize(
    ("dataset_id", "pattern", "read"),
    [(name, *how) for table in (REAL, TABLES) for name, how in table.items()],
)
def test_no_row_is_a_row_of_the_real_file(shared_data, dataset_id, pattern, read):
    real = _real(shared_data, dataset_id, pattern, read)
    made = samples.make(dataset_id)
    shared = [name for name in made.types() if name in real[0] and name not in MOMENTS]
    # The two geometry columns have labels of their own in a CSV; the rest must be there to be compared.
    assert len(shared) >= 0.7 * (len(made.types()) - len(MOMENTS & set(made.types())))

    same = _comparable(made.rows, shared) & _comparable(real, shared)

    assert same == set()


def test_fields_are_those_of_the_real_file(shared_data):
    for dataset_id in ("st_park_p", "en_frcol_s", "st_arceau_p"):
        real = _real(shared_data, dataset_id, *REAL[dataset_id])

        assert list(samples.make(dataset_id).types()) == list(real[0])


def test_daily_births_agree_with_the_real_ones_no_more_often_than_chance(shared_data):
    # A row is a day and a number of about twenty, so some rows agree though each is drawn: about 0.28 of them, divided
    # by the spread of a day's number, which is four to five.
    real = {row["dateevenement"]: int(row["nombre"]) for row in _real(shared_data, "bor_naissances1900", "*.csv", _csv)}
    made = {row["dateevenement"]: row["nombre"] for row in samples.make("bor_naissances1900").rows}

    same = sum(made[day] == number for day, number in real.items())

    assert set(made) == set(real)
    assert same / len(real) < 0.10
