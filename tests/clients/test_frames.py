"""Readers that know nothing of portals, on the addresses of exports."""

from __future__ import annotations

import io
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import geopandas
import pandas as pd
import pytest

from bdxopendata.testing import StandIn, samples
from testing.asking import API, everything

PLACES = "bor_airejeux"


@pytest.fixture(scope="module")
def portal() -> Iterator[StandIn]:
    with StandIn([everything(), samples.make(PLACES)]) as portal:
        yield portal


def address(portal: StandIn, dataset_id: str, form: str, query: str = "") -> str:
    return f"{portal.url}{API}/catalog/datasets/{dataset_id}/exports/{form}{query}"


def rows(portal: StandIn) -> int:
    return len(portal.stock.get(PLACES).rows)


def test_pandas_reads_the_csv(portal: StandIn) -> None:
    frame = pd.read_csv(address(portal, "everything", "csv"), sep=";", dtype={"code": "str"})

    assert frame["code"].tolist() == ["01063", 'say "é"; twice', "33063"]
    assert frame["places"].tolist()[:2] == [248, 2**40]
    assert pd.to_datetime(frame["seen"], format="ISO8601").iloc[0] == pd.Timestamp("2026-07-01 04:00", tz="UTC")


@pytest.mark.parametrize(("form", "lines"), [("json", False), ("jsonl", True)])
def test_pandas_reads_json_and_lines(portal: StandIn, form: str, lines: bool) -> None:
    frame = pd.read_json(address(portal, "everything", form), lines=lines, dtype=False)

    assert frame["code"].tolist() == ["01063", 'say "é"; twice', "33063"]
    assert frame["tags"].iloc[0] == ["a", "b"]
    assert frame["geo_point_2d"].iloc[0] == {"lon": -0.55, "lat": 44.85}


@pytest.mark.parametrize("compression", ["snappy", "zstd"])
def test_pandas_reads_parquet(portal: StandIn, compression: str) -> None:
    frame = pd.read_parquet(address(portal, "everything", "parquet", f"?parquet_compression={compression}"))

    assert frame["places"].tolist()[:2] == [248, 2**40]
    assert str(frame["seen"].dtype) == "datetime64[ms, UTC]"
    assert [None if value is None else len(value) for value in frame["geo_point_2d"]] == [21, 21, None]


@pytest.mark.parametrize("form", ["fgb", "geojson"])
def test_geopandas_reads_geographic_files(portal: StandIn, form: str) -> None:
    frame = geopandas.read_file(address(portal, PLACES, form))

    assert len(frame) == rows(portal)
    assert frame.crs == "EPSG:4326"
    west, south, east, north = frame.total_bounds
    assert -1 < west <= east < 0
    assert 44 < south <= north < 46


def test_geopandas_reads_the_same_geometries_from_parquet(portal: StandIn) -> None:
    link = address(portal, PLACES, "parquet")
    with urllib.request.urlopen(link) as answer:
        parquet = geopandas.read_parquet(io.BytesIO(answer.read()))

    # Without a system of its own, such a file is in CRS84: the same degrees under another name.
    assert parquet.crs == "OGC:CRS84"
    geojson = geopandas.read_file(address(portal, PLACES, "geojson")).to_crs(parquet.crs)
    assert geojson.geometry.geom_equals(parquet.geometry).all()


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_duckdb_reads_what_was_downloaded(portal: StandIn, form: str, tmp_path: Path) -> None:
    # Its reader of addresses is an extension that it would download first, so the file is downloaded here.
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    path = tmp_path / f"places.{form}"
    with urllib.request.urlopen(address(portal, PLACES, form)) as answer:
        path.write_bytes(answer.read())
    reader = {"csv": "read_csv", "parquet": "read_parquet", "jsonl": "read_json"}[form]

    ((count, distinct),) = duckdb.sql(f"select count(*), count(distinct gid) from {reader}('{path}')").fetchall()

    stored = portal.stock.get(PLACES).rows
    assert (count, distinct) == (len(stored), len({row["gid"] for row in stored}))
