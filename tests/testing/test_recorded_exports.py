"""Recorded exports go in as samples and must come out as they were."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from bdxopendata.testing import SampleDataset, StandIn
from testing.asking import asker

VELIB = "velib-disponibilite-en-temps-reel"


def recorded(shared_data: Path, *parts: str) -> Path:
    path = shared_data.joinpath("recorded", *parts)
    if not path.is_file():
        pytest.skip(f"the recorded export {path.name} is not here")
    return path


def velib_sample(csv_text: str, names: list[str]) -> SampleDataset:
    labels, *lines = csv.reader(io.StringIO(csv_text, newline=""), delimiter=";")
    kinds = dict.fromkeys(names, "text") | {"duedate": "datetime", "coordonnees_geo": "geo_point_2d"}
    kinds |= dict.fromkeys(["capacity", "numdocksavailable", "numbikesavailable", "mechanical", "ebike"], "int")

    def value(kind: str, cell: str) -> Any:
        if cell == "":
            return None
        if kind == "geo_point_2d":
            lat, lon = cell.split(", ")
            return {"lon": float(lon), "lat": float(lat)}
        return int(cell) if kind == "int" else cell

    fields = [{"name": name, "type": kinds[name], "label": label} for name, label in zip(names, labels, strict=True)]
    rows = [{name: value(kinds[name], cell) for name, cell in zip(names, line, strict=True)} for line in lines]
    return SampleDataset("velib", fields, rows)


def test_recorded_csv_comes_out_byte_for_byte(shared_data: Path) -> None:
    theirs = recorded(shared_data, "velib", f"{VELIB}.labels.csv").read_bytes()
    names = pq.read_schema(recorded(shared_data, "velib", f"{VELIB}.parquet")).names

    with StandIn([velib_sample(theirs.decode("utf-8-sig"), names)]) as portal:
        mine = asker(portal)("/catalog/datasets/velib/exports/csv", use_labels="true", timezone="Europe/Paris").content

    assert mine == theirs


def kind_of(values: list[Any]) -> dict[str, Any]:
    value = next((value for value in values if value is not None), "")
    if isinstance(value, dict):
        kind = "geo_point_2d" if "lon" in value else "file" if "filename" in value else "geo_shape"
        return {"type": kind}
    if isinstance(value, list):
        return {"type": "text", "annotations": {"multivalued": ","}}
    return {"type": {int: "int", float: "double", bool: "boolean"}.get(type(value), "text")}


@pytest.mark.parametrize("name", ["public-art", "road-closures"])
def test_recorded_json_comes_out_with_the_same_values(shared_data: Path, name: str) -> None:
    theirs = json.loads(recorded(shared_data, "vancouver_art", f"{name}.json").read_text(encoding="utf-8"))
    fields = [{"name": key} | kind_of([row[key] for row in theirs]) for key in theirs[0]]

    with StandIn([SampleDataset(name, fields, theirs)]) as portal:
        text = asker(portal)(f"/catalog/datasets/{name}/exports/json").text
        parquet = asker(portal)(f"/catalog/datasets/{name}/exports/parquet").content

    here = text.replace(portal.url, "https://opendata.vancouver.ca")
    assert json.loads(here) == theirs
    assert "},{" in here
    geo = json.loads(pq.read_metadata(io.BytesIO(parquet)).metadata[b"geo"])
    assert geo["columns"][geo["primary_column"]]["encoding"] == "WKB"


def test_fixtures_load_nothing_heavy() -> None:
    script = (
        "import sys, bdxopendata.testing, bdxopendata.testing.fixtures;"
        "print([name for name in ('pandas', 'pyarrow', 'shapely', 'requests', 'lark') if name in sys.modules])"
    )

    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"
