"""Where a download is put: whole, or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from bdxopendata import disk
from bdxopendata.transport import download
from support.faulty_portal import FaultyPortal, answer, stall

from .conftest import Connect

WHERE = ("catalog", "datasets", "x", "exports", "csv")


def size(path: Path) -> int:
    return path.stat().st_size


def test_a_file_that_is_there_is_replaced_by_the_new_one(connect: Connect, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_bytes(b"old")
    seen: list[bytes] = []

    with FaultyPortal(answer(b"new content")) as portal:
        connect(portal).download(WHERE, [], lambda part: seen.append(target.read_bytes()), target=target)

    assert seen == [b"old"]
    assert target.read_bytes() == b"new content"


def test_a_link_stays_a_link_and_its_file_is_replaced(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x.csv").write_bytes(b"old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real" / "x.csv")

    with FaultyPortal(answer(b"new")) as portal:
        connect(portal).download(WHERE, [], size, target=tmp_path / "link.csv")

    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real" / "x.csv").read_bytes() == b"new"


def test_a_missing_folder_is_said_before_any_request(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal() as portal:
        with pytest.raises(FileNotFoundError, match="make it first"):
            connect(portal).download(WHERE, [], size, target=tmp_path / "missing" / "x.csv")
        with pytest.raises(IsADirectoryError, match="is a folder"):
            connect(portal).download(WHERE, [], size, target=tmp_path)

    assert portal.connections == 0


@pytest.mark.skipif(os.name == "nt", reason="rights are POSIX")
def test_a_named_file_has_the_rights_of_any_new_file_and_a_temporary_one_is_private(
    connect: Connect, tmp_path: Path
) -> None:
    def mode(path: Path) -> int:
        return stat.S_IMODE(path.stat().st_mode)

    umask = os.umask(0o022)
    try:
        with FaultyPortal(answer(b"x"), answer(b"x")) as portal:
            connect(portal).download(WHERE, [], size, target=tmp_path / "x.csv")
            private = connect(portal).download(WHERE, [], mode, folder=tmp_path, suffix=".csv")
    finally:
        os.umask(umask)

    assert mode(tmp_path / "x.csv") == 0o644
    assert private == 0o600


def test_a_check_may_move_the_file_away(connect: Connect, tmp_path: Path) -> None:
    with FaultyPortal(answer(b"x")) as portal:
        moved = connect(portal).download(WHERE, [], lambda part: part.rename(tmp_path / "mine"), folder=tmp_path)

    assert moved.read_bytes() == b"x"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_full_disk_leaves_the_old_file(connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x.csv"
    target.write_bytes(b"old")
    faults: list[str] = []

    def full(part: Path, blocks: object) -> None:
        faults.append(part.name)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "fill", full)

    with FaultyPortal(answer(b"new")) as portal, pytest.raises(OSError, match="No space left"):
        connect(portal).download(WHERE, [], size, target=target)

    assert len(faults) == len(portal.requests) == 1
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.skipif(os.name == "nt", reason="limits on file sizes are POSIX")
def test_a_limit_of_the_system_on_file_sizes_leaves_the_old_file(tmp_path: Path) -> None:
    """A fault that the kernel makes: writing ends with an error in the middle of the body."""
    target = tmp_path / "x.csv"
    target.write_bytes(b"old")
    program = """
        import resource, sys
        from pathlib import Path
        from bdxopendata.config import Settings
        from bdxopendata.portals import Portal
        from bdxopendata.transport import Transport

        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            Transport(Portal("p", (sys.argv[1],)), Settings(cache_dir=sys.argv[3])).download(
                ("x",), [], lambda part: part.stat().st_size, target=sys.argv[2]
            )
        except OSError as error:
            print(type(error).__name__, error.errno)
    """

    with FaultyPortal(answer(b"x" * 1_000_000)) as portal:
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program), portal.url, str(target), str(tmp_path / "cache")],
            capture_output=True,
            text=True,
            check=True,
        )

    assert done.stdout.split() == ["OSError", str(errno.EFBIG)]
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_a_killed_download_leaves_the_old_file_and_a_part_that_is_swept_after_a_day(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "x.csv"
    target.write_bytes(b"old")
    program = """
        import os, signal, sys
        from bdxopendata.config import Settings
        from bdxopendata.portals import Portal
        from bdxopendata.transport import Transport

        Transport(Portal("p", (sys.argv[1],)), Settings(cache_dir=sys.argv[3])).download(
            ("x",), [], lambda part: 0, target=sys.argv[2], on_bytes=lambda _: os.kill(os.getpid(), signal.SIGKILL)
        )
    """

    with FaultyPortal(stall(b"x" * 100_000, 50_000)) as portal:
        killed = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program), portal.url, str(target), str(tmp_path / "cache")],
            check=False,
        )
        left = [path for path in tmp_path.iterdir() if path.name.startswith(disk.PART)]
        portal.script(answer(b"newer"), answer(b"newest"))
        monkeypatch.setattr(download, "_SWEPT", set())
        connect(portal).download(WHERE, [], size, target=target)
        still_there = left[0].exists()
        os.utime(left[0], (0, time.time() - 2 * disk.ORPHAN_AGE))
        monkeypatch.setattr(download, "_SWEPT", set())
        connect(portal).download(WHERE, [], size, target=target)

    assert killed.returncode == -9
    assert len(left) == 1
    assert still_there
    assert not left[0].exists()
    assert target.read_bytes() == b"newest"


def test_bytes_on_the_wire_are_told(connect: Connect, tmp_path: Path) -> None:
    told: list[int] = []

    with FaultyPortal(answer(b"x" * 100_000)) as portal:
        connect(portal).download(WHERE, [], size, folder=tmp_path, on_bytes=told.append)

    assert sum(told) == 100_000
    assert len(portal.requests) == 1
