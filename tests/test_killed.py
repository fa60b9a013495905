"""Runs that are killed at once: nothing half-done is taken for whole, and nothing finished is fetched again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from bdxopendata import disk
from bdxopendata.testing import SampleDataset
from test_lake import places

if TYPE_CHECKING:
    from conftest import Serve, Served

BEGIN = """
import sys
from bdxopendata.catalog import Catalog
from bdxopendata.config import Settings
from bdxopendata.portals import Portal
url, cache, folder = sys.argv[1:]
settings = Settings(cache_dir=cache, max_in_flight=1, progress=False)
catalog = Catalog(Portal("stand-in", (url,), stand_in=True), settings=settings)
"""
PARTITIONS = BEGIN + 'catalog["places"].to_parquet(folder, partition_by="code", format="parquet")\n'
FILE = BEGIN + 'catalog["places"].to_parquet(folder, size=10, format="parquet")\n'
MIRROR = BEGIN + "catalog.mirror(folder)\n"


@contextmanager
def killed_at(served: Served, program: str, folder: Path, cache: Path, export: int) -> Iterator[None]:
    """Run a program that is killed when it asks for its n-th export."""
    child: list[subprocess.Popen[bytes]] = []
    exports: list[str] = []

    def kill(request: Any) -> None:
        if "/exports/" in request.path:
            exports.append(request.path)
            if len(exports) == export:
                child[0].kill()
                child[0].wait()

    remove = served.portal.before_answer(kill)
    command = [sys.executable, "-c", program, served.portal.url, str(cache), str(folder)]
    child.append(subprocess.Popen(command))
    assert child[0].wait(timeout=120) == -9
    # The request during which it was killed ends by itself.
    time.sleep(0.1)
    remove()
    yield


def exports(served: Served, since: int) -> list[str]:
    return [one.path for one in served.portal.requests[since:] if "/exports/" in one.path]


def test_a_folder_of_partitions_is_continued_after_a_kill(serve: Serve, tmp_path: Path) -> None:
    served = serve(places())
    folder = tmp_path / "places"

    with killed_at(served, PARTITIONS, folder, tmp_path / "cache", export=3):
        assert not folder.exists()
        before = len(served.portal.requests)
        served.dataset("places").to_parquet(folder, partition_by="code", format="parquet")

    assert len(exports(served, before)) == 1
    assert sorted(pd.read_parquet(folder, partitioning=None)["taille"]) == [number / 10 for number in range(300)]
    assert [one.name for one in tmp_path.iterdir() if one.name != "cache"] == ["places"]


def test_a_killed_file_leaves_the_one_of_before(serve: Serve, tmp_path: Path) -> None:
    served = serve(places())
    target = served.dataset("places").limit(7).to_parquet(tmp_path / "places.parquet")
    before = target.read_bytes()

    with killed_at(served, FILE, target, tmp_path / "cache", export=1):
        assert target.read_bytes() == before


@pytest.mark.parametrize("ending", ["to_parquet", "download"])
def test_what_a_killed_run_left_beside_a_file_goes_with_the_next_one(serve: Serve, tmp_path: Path, ending: str) -> None:
    served = serve(places())
    with killed_at(served, FILE, tmp_path / "other.parquet", tmp_path / "cache", export=1):
        left = [one for one in tmp_path.iterdir() if one.name.startswith(disk.PART)]
    assert len(left) == 1
    dataset = served.dataset("places")

    def write() -> None:
        if ending == "download":
            dataset.download(tmp_path / "places.parquet")
        else:
            dataset.to_parquet(tmp_path / "places.parquet")

    write()
    # It could be of a run under way.
    assert left[0].exists()
    os.utime(left[0], (1, 1))
    write()

    assert not left[0].exists()


def test_a_mirror_is_continued_after_a_kill(serve: Serve, tmp_path: Path) -> None:
    names = ["aa", "bb", "cc"]
    fields = [{"name": "a", "type": "int"}]
    served = serve(*(SampleDataset(name, fields, [{"a": one} for one in range(150)]) for name in names))
    folder = tmp_path / "mirror"

    with killed_at(served, MIRROR, folder, tmp_path / "cache", export=3):
        whole = sorted(one.parent.name for one in folder.rglob("data.parquet"))
        before = len(served.portal.requests)
        report = served.catalog.mirror(folder)

    assert whole == ["aa", "bb"]
    assert report["state"].tolist() == ["current", "current", "fetched"]
    asked = served.portal.requests[before:]
    # One listing, and what was left: description, count, export, description.
    assert [one.path.endswith("/catalog/datasets") for one in asked].count(True) == 1
    assert len(asked) <= 5
    assert {one.path.rpartition("/datasets/")[2].split("/")[0] for one in asked[1:]} == {"cc"}


@pytest.mark.parametrize("place", ["places", "."])
def test_a_part_that_a_killed_run_left_is_not_read_and_is_swept(serve: Serve, tmp_path: Path, place: str) -> None:
    served = serve(places())
    served.catalog.mirror(tmp_path)
    left = tmp_path / place / f"{disk.PART}0123456789abcdef.parquet"
    left.write_bytes(b"PAR1")
    os.utime(left, (1, 1))
    served.portal.reprocess("places")

    report = served.again().catalog.mirror(tmp_path)

    assert report["state"].tolist() == ["fetched"]
    assert not left.exists()
