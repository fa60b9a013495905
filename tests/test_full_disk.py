"""A disk that really fills up under a file, a folder or a mirror: a clear error, and what was there stays."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from bdxopendata.config import Settings
from bdxopendata.testing import SampleDataset
from test_lake import places
from test_reading import trees

if TYPE_CHECKING:
    from conftest import Serve


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 256 kilobytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(mounting, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    # Lazily: frames that were read may still map their files.
    subprocess.run(["umount", "-l", str(place)], check=True)


def large() -> SampleDataset:
    """A dataset that does not fit."""
    fields = [{"name": "gid", "type": "int"}, {"name": "code", "type": "text"}, {"name": "noise", "type": "text"}]
    rows = [
        {"gid": number, "code": f"0{number % 4}", "noise": f"{(number + 1) ** 97 % 10**230:0230}"}
        for number in range(6_000)
    ]
    return SampleDataset("places", fields, rows)


def names(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def test_a_file_of_before_stays_when_the_disk_is_full(serve: Serve, small_disk: Path) -> None:
    target = small_disk / "places.parquet"
    serve(places(100)).dataset("places").to_parquet(target)
    before = target.read_bytes()

    with pytest.raises(OSError, match="No space left") as caught:
        serve(large()).dataset("places").to_parquet(target)

    assert caught.value.errno == errno.ENOSPC
    assert target.read_bytes() == before
    assert names(small_disk) == ["places.parquet"]


def test_a_folder_of_partitions_is_not_there_or_whole(serve: Serve, small_disk: Path) -> None:
    served = serve(large())

    with pytest.raises(OSError, match="No space left"):
        served.dataset("places").to_parquet(small_disk / "places", partition_by="code")

    assert not (small_disk / "places").exists()
    assert not [one for one in names(small_disk) if ".bdxopendata-part-" in Path(one).name]


def test_partitions_are_continued_where_the_disk_was_full(serve: Serve, small_disk: Path) -> None:
    served = serve(large())
    filler = small_disk / "filler"
    filler.write_bytes(bytes(100_000))
    rows = [{**row, "noise": "" if row["code"] < "03" else row["noise"]} for row in large().rows]
    served.portal.set_rows("places", rows)
    with pytest.raises(OSError, match="No space left"):
        served.dataset("places").to_parquet(small_disk / "places", partition_by="code", format="parquet")
    before = len(served.portal.requests)

    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    path = served.dataset("places").to_parquet(small_disk / "places", partition_by="code", format="parquet")

    again = [one for one in served.portal.requests[before:] if "/exports/" in one.path]
    assert len(again) == 1
    assert len(pd.read_parquet(path)) == 6_000


def test_a_mirror_keeps_what_is_finished_when_the_disk_is_full(serve: Serve, small_disk: Path) -> None:
    big = SampleDataset("zz", large().fields, large().rows)
    served = serve(trees(), big, settings=Settings(max_in_flight=1))

    with pytest.raises(OSError, match="No space left"):
        served.catalog.mirror(small_disk / "mirror")

    assert names(small_disk) == ["mirror/index.json", "mirror/trees/data.parquet"]
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    after = served.again().catalog.mirror(small_disk / "mirror")
    assert dict(zip(after["dataset"], after["state"], strict=True)) == {"trees": "current", "zz": "fetched"}
