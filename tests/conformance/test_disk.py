"""Folders and files that are not as they should be: full, read-only, foreign, damaged bit by bit."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from bdxopendata import disk
from bdxopendata.dataset import Dataset
from bdxopendata.errors import BdxOpenDataWarning
from bdxopendata.store import Store
from bdxopendata.testing import StandIn
from support.forks import Children

from .children import catalog
from .test_processes import ROWS, is_whole, moving, rows

NOBODY = 65534


@pytest.fixture
def portal() -> Iterator[StandIn]:
    with StandIn([moving()]) as portal:
        yield portal


def fetched(portal: StandIn, cache: Path) -> tuple[pd.DataFrame, list[str]]:
    """The dataset, and the warnings of the library that came with it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = Dataset("moving", catalog=catalog(portal.url, str(cache))).to_pandas()
    return frame, [str(one.message) for one in caught if issubclass(one.category, BdxOpenDataWarning)]


# A disk that is full


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 256 kB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.name == "nt" or os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk here")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no small disk can be mounted here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path, leave: int = 0) -> Path:
    """Write a file until the disk is full, then make some room again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 1024)
        except OSError:
            file.truncate(max(0, file.tell() - leave))
    return filler


@pytest.mark.parametrize("leave", [0, 4096, 8192, 12288, 16384, 24576])
def test_a_full_disk_keeps_nobody_from_the_data(small_disk: Path, tmp_path: Path, portal: StandIn, leave: int) -> None:
    cache = small_disk / "cache"
    fetched(portal, cache)
    kept = {entry.version for entry in Store(cache).entries()}
    assert kept
    filler = fill(small_disk, leave)
    portal.set_rows("moving", rows(1))

    frame, said = fetched(portal, cache)
    again, said_again = fetched(portal, cache)

    assert is_whole(frame)
    assert frame["version"].unique().tolist() == [1]
    assert again.equals(frame)
    assert len([*said, *said_again]) <= 2, (said, said_again)
    if leave == 0:
        assert any("No space left on device" in one for one in said)
    assert not list(small_disk.rglob(f"{disk.PART}*"))
    filler.unlink()
    # Nothing is corrupt, and with room it is stored again.
    after, said = fetched(portal, cache)
    assert after.equals(frame)
    assert said == []


def test_a_full_disk_leaves_the_file_that_a_person_named(small_disk: Path, tmp_path: Path, portal: StandIn) -> None:
    target = small_disk / "moving.csv"
    target.write_text("the old one")
    fill(small_disk)
    dataset = Dataset("moving", catalog=catalog(portal.url, str(tmp_path / "cache")))

    for save in (lambda: dataset.download(target, format="csv"), lambda: dataset.to_parquet(target)):
        with pytest.raises(OSError, match="No space left"):
            save()

    assert target.read_text() == "the old one"
    assert sorted(one.name for one in small_disk.iterdir()) == ["filler", "moving.csv"]


# Folders


def _read_only(cache: Path) -> None:
    cache.mkdir()
    cache.chmod(0o500)


def _foreign(cache: Path) -> None:
    cache.mkdir(mode=0o700)
    os.chown(cache, NOBODY, NOBODY)


def _open_to_all(cache: Path) -> None:
    cache.mkdir()
    cache.chmod(0o777)


def _link(cache: Path) -> None:
    (cache.parent / "elsewhere").mkdir(mode=0o700)
    cache.symlink_to(cache.parent / "elsewhere", target_is_directory=True)


def _file(cache: Path) -> None:
    cache.write_text("I am a file")


def _below_a_file(cache: Path) -> None:
    # The folder that would hold it cannot be made.
    cache.parent.write_text("")


UNFIT: dict[str, Callable[[Path], None]] = {
    "foreign": _foreign,
    "open to all": _open_to_all,
    "a link": _link,
    "a file": _file,
    "below a file": _below_a_file,
}


@pytest.mark.parametrize("kind", UNFIT)
def test_a_folder_that_is_unfit_is_not_used_and_said_once(tmp_path: Path, portal: StandIn, kind: str) -> None:
    if kind == "foreign" and (os.name == "nt" or os.geteuid() != 0):
        pytest.skip("only root can give a folder away")
    cache = tmp_path / ("wall/cache" if kind == "below a file" else "cache")
    UNFIT[kind](cache)
    before = sorted(str(one) for one in tmp_path.rglob("*"))

    frame, said = fetched(portal, cache)
    again, said_again = fetched(portal, cache)

    assert is_whole(frame)
    assert again.equals(frame)
    assert len([one for one in said if "Nothing is stored" in one]) == 1
    assert len(said) <= 2
    assert said_again == []
    assert sorted(str(one) for one in tmp_path.rglob("*")) == before
    assert len(portal.requests.to("/exports/parquet")) == 2


def test_a_folder_that_is_missing_is_made_for_its_owner_alone(tmp_path: Path, portal: StandIn) -> None:
    cache = tmp_path / "not" / "there" / "yet"

    frame, said = fetched(portal, cache)

    assert is_whole(frame)
    assert said == []
    assert cache.stat().st_mode & 0o777 == 0o700
    assert {one.stat().st_mode & 0o077 for one in cache.rglob("*")} == {0}


def test_a_folder_that_can_only_be_read_is_read(portal: StandIn) -> None:
    """By a person without rights to write there: root would write all the same."""
    if os.name == "nt" or os.geteuid() != 0 or not Path("/dev/shm").is_dir():
        pytest.skip("only root can become somebody else, and only in a folder that everyone can enter")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, Children("conformance.children") as here:
        cache = Path(folder) / "cache"
        fetched(portal, cache)
        for one in [Path(folder), cache, *cache.rglob("*")]:
            os.chown(one, NOBODY, NOBODY)
            one.chmod(0o500 if one.is_dir() and one != Path(folder) else 0o700 if one.is_dir() else 0o400)
        before = {one: one.stat().st_mtime_ns for one in cache.rglob("*")}
        asked = len(portal.requests.to("/exports/parquet"))
        child = here.begin("read_as", NOBODY, portal.url, str(cache), f"{folder}/said.json")
        status = here.wait(child)
        said = json.loads(Path(folder, "said.json").read_text())
        after = {one: one.stat().st_mtime_ns for one in cache.rglob("*")}

    assert status == 0
    # Its own export before it became somebody else, and none afterwards.
    assert len(portal.requests.to("/exports/parquet")) == asked + 1
    assert said["rows"] == [ROWS, ROWS]
    assert len(said["warnings"]) <= 1
    assert after == before


# Files


def _cut(data: bytes, place: float) -> bytes:
    return data[: int(len(data) * place)]


def _zeroed(data: bytes, place: float) -> bytes:
    return bytes(len(data))


def _flipped(data: bytes, place: float) -> bytes:
    if not data:
        return b"\x10"
    at = min(int(len(data) * place), len(data) - 1)
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def _other(data: bytes, place: float) -> bytes:
    return os.urandom(len(data))


@pytest.fixture
def small_ones_are_decoded(monkeypatch: pytest.MonkeyPatch) -> bool:
    """Give a decoded copy to small entries too, where the store makes such copies."""
    makes_copies = importlib.util.find_spec("bdxopendata.kept") is not None
    if makes_copies:
        monkeypatch.setattr("bdxopendata.kept.DECODED_ROWS", 1)
    return makes_copies


DAMAGE: dict[str, Callable[[bytes, float], bytes]] = {
    "cut": _cut,
    "zeroed": _zeroed,
    "one bit": _flipped,
    "garbage": _other,
}


@pytest.mark.parametrize("place", [0.0, 0.3, 0.77, 1.0])
@pytest.mark.parametrize("kind", DAMAGE)
def test_whatever_file_is_damaged_the_data_are_right(
    tmp_path: Path, portal: StandIn, small_ones_are_decoded: bool, kind: str, place: float
) -> None:
    """Each file of the store in turn, whatever it is for: entries, records, decoded copies, small answers."""
    cache = tmp_path / "cache"
    right, _ = fetched(portal, cache)
    fetched(portal, cache)
    fetched(portal, cache)
    kinds = {one.suffix for one in cache.rglob("*") if one.is_file()}
    assert {".parquet", ".json", ".lock"} <= kinds
    assert len(kinds) == 3 + small_ones_are_decoded, kinds

    for suffix in sorted(kinds):
        shutil.rmtree(cache)
        fetched(portal, cache)
        fetched(portal, cache)
        fetched(portal, cache)
        for path in cache.rglob(f"*{suffix}"):
            if path.is_file():
                path.write_bytes(DAMAGE[kind](path.read_bytes(), place))

        frame, said = fetched(portal, cache)
        again, said_again = fetched(portal, cache)

        assert frame.equals(right), suffix
        assert again.equals(right), suffix
        assert len(said) <= 2, said
        assert said_again == [], suffix
