"""Each command, as people and programs use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest

import bdxopendata

if TYPE_CHECKING:
    from cli.conftest import Bdx


def test_search_lists_ids_rows_and_titles(bdx: Bdx) -> None:
    ran = bdx("search arbre")

    assert ran.status == 0
    assert ran.out.splitlines()[1].split() == ["ec_arbre_p", "1,500", "Patrimoine", "arboré"]


def test_search_that_finds_nothing_says_so_by_status_3(bdx: Bdx) -> None:
    ran = bdx("search xyzzy")

    assert (ran.status, ran.out, ran.err) == (3, "No dataset fits.\n", "")
    assert json.loads(bdx("search xyzzy --json").out) == []


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ("search arbre", {"dataset_id", "title", "records_count"}),
        ("schema ec_arbre_p", {"name", "type", "dtype", "label"}),
        ("head ec_arbre_p -n 2 --order-by -hauteur", {"genre", "hauteur", "geo_point_2d_lon"}),
        ("topics", {"topic", "about", "arguments"}),
        ("topics facilities kind=toilets -n 2", {"kind", "geometry"}),
        ("parking -n 2", {"name", "free", "observed_at"}),
        ("check parking", {"topic", "verdict"}),
    ],
)
def test_programs_get_lists_of_json(bdx: Bdx, line: str, keys: set[str]) -> None:
    rows = json.loads(bdx(f"{line} --json").out)

    assert rows
    assert keys <= set(rows[0])


def test_programs_get_json_of_one_thing(bdx: Bdx) -> None:
    info = json.loads(bdx("info st_park_p --json").out)

    assert (info["dataset_id"], info["records_count"]) == ("st_park_p", 93)
    assert len(info["fields"]) == 60
    assert {"closed", "partly_closed", "upcoming"} == set(json.loads(bdx("bridge --json").out))
    assert json.loads(bdx("store size --json").out)["entries"] >= 1


def test_values_in_json_are_whole_and_typed(bdx: Bdx) -> None:
    (row,) = json.loads(bdx("topics facilities kind=toilets -n 1 --json").out)

    assert row["geometry"]["type"] == "Point"
    assert row["accessible"] is False
    assert row["cdate"].startswith("2015-03-02T10:00:00+01:00")


def test_head_takes_conditions_columns_and_order(bdx: Bdx) -> None:
    ran = bdx("head ec_arbre_p --where 'hauteur > 20' --select genre,hauteur --order-by=-hauteur --limit 2")

    lines = ran.out.splitlines()
    assert lines[0].split() == ["genre", "hauteur"]
    assert len(lines) == 3
    assert float(lines[1].split()[-1]) >= float(lines[2].split()[-1]) > 20


@pytest.mark.parametrize("name", ["t.parquet", "t.geoparquet", "t.csv", "t.geojson", "t.fgb", "t.gpkg", "t.xlsx"])
def test_get_saves_every_format_and_says_where_rows_come_from(bdx: Bdx, tmp_path: Path, name: str) -> None:
    if name.endswith(".xlsx"):
        pytest.importorskip("openpyxl")

    ran = bdx(f"get ec_arbre_p {name} --near -0.574,44.841,500 --limit 5")

    assert ran.status == 0, ran.err
    assert f"{name}: 5 rows" in ran.out
    frame = bdxopendata.load(tmp_path / name)
    assert len(frame) == 5
    assert bdxopendata.provenance(frame).dataset_id == "ec_arbre_p"


def test_get_names_the_file_itself_where_none_is_named(bdx: Bdx, tmp_path: Path) -> None:
    assert bdx("get st_park_p").status == 0
    assert bdx("get st_park_p --format geojson").status == 0
    assert bdx("get st_park_p parks --format gpkg").status == 0

    assert isinstance(gpd.read_parquet(tmp_path / "st_park_p.parquet"), gpd.GeoDataFrame)
    assert {one.name for one in tmp_path.iterdir()} >= {"st_park_p.geojson", "parks.gpkg"}


def test_get_writes_to_the_output_and_leaves_nothing_behind(tmp_path: Path, samples_url: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bdxopendata", "get", "ec_arbre_p", "-", "--select", "genre,hauteur", "--limit", "3"],
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"BDXOPENDATA_PORTAL": samples_url},
        timeout=60,
    )

    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.splitlines()[0] == b'"genre","hauteur"'
    assert len(ran.stdout.splitlines()) == 4
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_as_it_was_where_getting_fails(bdx: Bdx, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("before")

    ran = bdx("get ec_arbre_p t.csv --where 'hauteurs > 2'")

    assert ran.status == 1
    assert (tmp_path / "t.csv").read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["t.csv"]


def test_an_answer_without_rows_is_a_file_and_status_3(bdx: Bdx, tmp_path: Path) -> None:
    assert bdx("get ec_arbre_p none.csv --where 'hauteur > 2000'").status == 3

    assert list(pd.read_csv(tmp_path / "none.csv").columns)[2:4] == ["hauteur", "diametre_tronc"]


@pytest.mark.parametrize(
    ("line", "status", "told"),
    [
        ("info st_prk_p", 1, "Did you mean 'st_park_p'"),
        ("head ec_arbre_p --where 'hauteurs > 2'", 1, "Did you mean 'hauteur'"),
        ("head ec_arbre_p --where 'hauteur > > 2'", 1, "position 10"),
        ("head 'two words'", 1, "is no dataset id"),
        ("get ec_arbre_p t.dat", 1, ".gpkg"),
        ("get ec_arbre_p t.csv --format gpkg", 1, "change one of them"),
        ("get ec_arbre_p nowhere/t.csv", 1, "make it first"),
        ("get ec_arbre_p - --format gpkg", 1, "name a file"),
        ("get ec_arbre_p --near 1,2", 2, "longitude comes before latitude"),
        ("topics facilities", 1, "kind="),
        ("topics trees colour=red", 1, "min_height"),
        ("topics trees red", 2, "NAME=VALUE"),
        ("topics trees min_height=tall", 1, "min_height is a number"),
        ("parking --near 44.841,-0.574", 1, "longitude comes first"),
        ("check bikess", 1, "'bikes'"),
        ("store clean", 2, "list"),
        ("record parking rec --every fast", 2, "90s"),
        ("head ec_arbre_p --limit many", 2, "whole number"),
        ("search --portal http://127.0.0.1:9", 1, "--offline"),
        ("--portal http://127.0.0.1:9 search", 1, "--offline"),
        ("head st_arceau_p --offline", 1, "store list"),
        ("--portal '' search", 1, "empty"),
    ],
)
def test_a_mistake_is_one_line_with_the_way_out(bdx: Bdx, line: str, status: int, told: str) -> None:
    ran = bdx(line)

    assert ran.status == status
    assert ran.out == ""
    assert ran.err.startswith("bdx: ")
    assert told in ran.err.splitlines()[-1]
    assert len([one for one in ran.err.splitlines() if not one.startswith("bdx: warning:")]) == 1


def test_topics_are_asked_with_typed_arguments(bdx: Bdx, tmp_path: Path) -> None:
    births = bdx("topics births freq=Y start=1914 end=1918 --json")
    trees = bdx("topics trees genus=Quercus,Platanus min_height=15 commune=Bordeaux -o oaks.gpkg")
    waste = bdx("topics waste_collection lon=-0.57 lat=44.84 at=2026-06-15 --json")
    near = bdx("topics facilities kind=toilets near=-0.574,44.841,800 accessible=true --json")

    assert [row["date"][:4] for row in json.loads(births.out)] == ["1914", "1915", "1916", "1917", "1918"]
    assert all(row["next"] >= "2026-06-15" for row in json.loads(waste.out))
    assert trees.status == 0
    assert set(bdxopendata.load(tmp_path / "oaks.gpkg")["genus"]) == {"Quercus", "Platanus"}
    assert all(row["accessible"] for row in json.loads(near.out))


def test_every_topic_that_is_listed_can_be_asked(bdx: Bdx) -> None:
    from bdxopendata.cli.ready import TOPICS

    listed = [one["topic"] for one in json.loads(bdx("topics --json").out)]

    assert listed == list(TOPICS)
    assert all(callable(getattr(bdxopendata, name)) for name in TOPICS)


def test_car_parks_come_nearest_first(bdx: Bdx) -> None:
    rows = json.loads(bdx("parking --near -0.574,44.841 -n 5 --json").out)

    distances = [row["distance"] for row in rows]
    assert len(distances) == 5
    assert distances == sorted(distances)
    within = json.loads(bdx("parking --near -0.574,44.841,400 -n 50 --json").out)
    assert 0 < len(within) < 50
    assert all(row["distance"] <= 400 for row in within)


def test_the_bridge_tells_its_next_closures(bdx: Bdx) -> None:
    ran = bdx("bridge -n 2", LC_ALL="fr_FR.UTF-8")

    assert ran.status == 0
    assert ran.out.startswith("Le pont Chaban-Delmas est ")


def test_the_store_is_listed_measured_and_cleared(bdx: Bdx) -> None:
    bdx("get st_park_p parks.gpkg")
    bdx("get ec_arbre_p trees.gpkg")

    listed = bdx("store list").out
    cleared = bdx("store clear st_park_p")

    assert "st_park_p" in listed
    assert "Removed from the store: 1" in cleared.out
    assert "st_park_p" not in bdx("store list").out
    assert bdx("head ec_arbre_p --offline").status == 0
    assert bdx("store clear").status == 0
    assert bdx("store list").out == "Nothing is stored.\n"


def test_a_live_topic_is_recorded(bdx: Bdx, tmp_path: Path) -> None:
    ran = bdx("record parking kept --every 1s --times 1 --json")

    assert json.loads(ran.out)["new"] == 93
    assert len(bdxopendata.history(tmp_path / "kept")) == 93


def test_the_demo_runs_to_its_end_and_leaves_nothing(bdx: Bdx, tmp_path: Path) -> None:
    ran = bdx("demo")

    assert ran.status == 0, ran.err
    assert ran.out.count("\n$ bdx ") == 8
    assert list(tmp_path.iterdir()) == []
