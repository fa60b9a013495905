"""What changed between the portals of 2021 and those of 2026 makes no difference to who asks with the library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bdxopendata import F, agg
from bdxopendata.dataset import Dataset
from conftest import Serve, Served

EVERY_TYPE = "stand-in-every-type"
CAR_PARKS = "st_park_p"
ROADS = ["parquet", "csv", "json", "jsonl", "geojson"]
# Keys of the older metadata, which the library shows as unset.
ONLY_NEWER = {"geometry_types", "update_frequency"}


@pytest.fixture(params=["2021", "2026"])
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def portal(serve: Serve, era: str) -> Served:
    return serve(EVERY_TYPE, CAR_PARKS, era=era)


@pytest.fixture
def eras(serve: Serve) -> tuple[Served, Served]:
    return serve(EVERY_TYPE, CAR_PARKS, era="2021"), serve(EVERY_TYPE, CAR_PARKS, era="2026")


def alike(frame: pd.DataFrame, served: Served) -> pd.DataFrame:
    """The frame with the portal's own address taken out of its cells."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(one) for key, one in value.items()}
        return value.replace(served.portal.url, "") if isinstance(value, str) else value

    return pd.DataFrame(
        {name: frame[name].map(without) if frame[name].dtype == object else frame[name] for name in frame}
    )


def same(eras: tuple[Served, Served], ask: Callable[[Dataset], pd.DataFrame], dataset_id: str = EVERY_TYPE) -> None:
    older, newer = (alike(ask(served.dataset(dataset_id)), served) for served in eras)
    assert len(newer) > 0
    pd.testing.assert_frame_equal(older, newer)


@pytest.mark.parametrize("road", ROADS)
@pytest.mark.parametrize("dataset_id", [EVERY_TYPE, CAR_PARKS])
def test_frames_are_equal_by_every_road(eras: tuple[Served, Served], road: Any, dataset_id: str) -> None:
    def ask(dataset: Dataset) -> pd.DataFrame:
        frame = dataset.to_pandas(format=road)
        # Older portals sent files without an address in these formats, and nothing to build it from.
        return frame.drop(columns="fichier", errors="ignore") if road in ("csv", "parquet") else frame

    same(eras, ask, dataset_id)


def test_annotations_mean_the_same(eras: tuple[Served, Served]) -> None:
    older, newer = (served.dataset(EVERY_TYPE).schema for served in eras)

    assert older == newer
    assert newer["liste"].multivalued
    assert newer["liste"].separator == ";"
    assert newer["reel"].unit == "m"
    assert newer["annee"].precision == "year"
    assert newer["chemin"].hierarchical


def test_descriptions_are_equal(eras: tuple[Served, Served]) -> None:
    older, newer = (served.catalog[EVERY_TYPE].info for served in eras)

    odd = {
        name
        for name in newer.__dataclass_fields__
        if name not in ("raw", "attachments", "page_url") and getattr(older, name) != getattr(newer, name)
    }
    assert odd <= ONLY_NEWER
    assert older.problems == newer.problems == ()
    assert older.raw.keys() ^ newer.raw.keys() == {"visibility"}


def test_catalogues_are_equal(eras: tuple[Served, Served]) -> None:
    older, newer = (served.catalog for served in eras)

    assert set(older) == {CAR_PARKS, EVERY_TYPE}
    assert list(older) == list(newer)
    pd.testing.assert_frame_equal(older.facets("publisher", "theme"), newer.facets("publisher", "theme"))
    assert [one.id for one in older.search("stationnement")] == [one.id for one in newer.search("stationnement")]


def test_groups_come_without_a_count_too(eras: tuple[Served, Served]) -> None:
    same(eras, lambda dataset: dataset.group_by("code").select(n=agg.count()).order_by("code").to_pandas())
    same(eras, lambda dataset: dataset.group_by("code", "texte", "liste").select(n=agg.count()).limit(7).to_pandas())
    same(eras, lambda dataset: dataset.select(n=agg.count(), most=agg.max(F.entier)).to_pandas())


def test_filters_and_facets_are_equal(eras: tuple[Served, Served]) -> None:
    same(eras, lambda dataset: dataset.where(F.entier > 0).order_by("entier").to_pandas().drop(columns="fichier"))
    same(eras, lambda dataset: dataset.refine(liste=["LUNDI", "MARDI"]).to_pandas().drop(columns="fichier"))
    same(eras, lambda dataset: dataset.refine(chemin="Europe/France").to_pandas().drop(columns="fichier"))
    same(eras, lambda dataset: dataset.facets("chemin", "liste", "booleen"))


def test_attachments_are_found_and_saved(portal: Served, tmp_path: Path) -> None:
    (attachment,) = portal.dataset(EVERY_TYPE).attachments

    saved = portal.dataset(EVERY_TYPE).download_attachment(attachment, tmp_path)

    assert attachment.url == (
        f"{portal.portal.url}/api/explore/v2.1/catalog/datasets/{EVERY_TYPE}/attachments/notice_txt"
    )
    assert "Sample note" in saved.read_text(encoding="utf-8")


@pytest.mark.parametrize("road", ["json", "jsonl", "geojson"])
def test_files_are_saved_with_or_without_an_address(portal: Served, tmp_path: Path, road: Any) -> None:
    dataset = portal.dataset(EVERY_TYPE)
    cell = next(value for value in dataset.to_pandas(format=road)["fichier"] if isinstance(value, dict))

    saved = dataset.download_file(cell, tmp_path)

    assert saved.read_bytes().startswith(b"\x89PNG")
