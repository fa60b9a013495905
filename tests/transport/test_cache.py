"""Small answers are kept for a while, each for the key it was given to; a broken cache costs nothing but time."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bdxopendata import disk
from bdxopendata.errors import AuthenticationError, BdxOpenDataWarning, OfflineError, QueryError
from bdxopendata.transport import cache
from support.faulty_portal import FaultyPortal, answer

from .conftest import Connect

WHERE = ("catalog", "datasets")
ONE, TWO = {"results": [1]}, {"results": [2]}


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """The file of the cache that `connect` names, as a new process would find it."""
    yield tmp_path / "cache" / disk.ANSWERS_FILE
    forget_caches()


def forget_caches() -> None:
    for one in cache._CACHES.values():
        one.close()
    cache._CACHES.clear()


def test_a_kept_answer_is_not_asked_again(connect: Connect, file: Path) -> None:
    with FaultyPortal(answer(ONE), answer(TWO)) as portal:
        assert connect(portal).get_json(WHERE, cached=True) == ONE
        forget_caches()
        assert connect(portal).get_json(WHERE, cached=True) == ONE
        assert connect(portal).get_json(WHERE) == TWO

    assert len(portal.requests) == 2
    assert file.exists()


def test_another_question_is_another_answer(connect: Connect, file: Path) -> None:
    with FaultyPortal(answer(ONE), answer(TWO)) as portal:
        transport = connect(portal)
        assert transport.get_json(WHERE, [("q", "a")], cached=True) == ONE
        assert transport.get_json(WHERE, [("q", "b")], cached=True) == TWO
        assert transport.get_json(WHERE, [("q", "a")], cached=True) == ONE

    assert len(portal.requests) == 2


def test_each_key_finds_its_own_answers_only(connect: Connect, file: Path) -> None:
    def seen_by(key: str | None) -> object:
        return connect(portal, api_key=key).get_json(WHERE, cached=True)

    with FaultyPortal(answer({"for": "a"}), answer({"for": "b"}), answer({"for": "all"})) as portal:
        first = [seen_by("key-a"), seen_by("key-b"), seen_by(None)]
        again = [seen_by("key-a"), seen_by("key-b"), seen_by(None)]

    assert first == again == [{"for": "a"}, {"for": "b"}, {"for": "all"}]
    assert len(portal.requests) == 3


def test_neither_keys_nor_pickles_are_at_rest(connect: Connect, file: Path) -> None:
    with FaultyPortal(answer(ONE)) as portal:
        connect(portal, api_key="k3y-of-mine").get_json(WHERE, cached=True)
    forget_caches()

    rows = sqlite3.connect(file).execute("SELECT value FROM responses").fetchall()

    assert len(rows) == 1
    assert rows[0][0].startswith("{")
    everything = b"".join(path.read_bytes() for path in file.parent.rglob("*") if path.is_file())
    assert b"k3y-of-mine" not in everything
    assert b"Authorization" not in everything
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refusal_is_not_kept(connect: Connect, file: Path, status: int) -> None:
    with FaultyPortal(answer({}, status), answer(ONE)) as portal:
        transport = connect(portal)
        with pytest.raises((AuthenticationError, QueryError)):
            transport.get_json(WHERE, cached=True)
        assert transport.get_json(WHERE, cached=True) == ONE

    assert portal.fired[f"answer {status}"] == 1


def test_a_refused_key_does_not_find_what_was_kept_for_another(connect: Connect, file: Path) -> None:
    with FaultyPortal(answer({"for": "a"}), answer({}, 401)) as portal:
        connect(portal, api_key="key-a").get_json(WHERE, cached=True)
        with pytest.raises(AuthenticationError):
            connect(portal, api_key="key-b").get_json(WHERE, cached=True)

    assert portal.fired["answer 401"] == 1


@pytest.mark.parametrize(
    ("settings", "age", "kept"),
    [
        ({}, 299, True),
        ({}, 301, False),
        ({"max_age": 3600}, 3599, True),
        ({"max_age": 3600}, 3601, False),
        ({"max_age": 0}, 0, False),
        ({}, -10, False),
        ({"offline": True}, 86_400, True),
        ({"offline": True, "max_age": 0}, 86_400, True),
    ],
)
def test_an_answer_is_used_for_as_long_as_max_age_allows(
    connect: Connect, file: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, float], age: float, kept: bool
) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(seconds=age)

    with FaultyPortal(answer(ONE), *[answer(TWO)] * (not kept)) as portal:
        connect(portal).get_json(WHERE, cached=True)
        monkeypatch.setattr(cache, "datetime", Later)
        found = connect(portal, **settings).get_json(WHERE, cached=True)

    assert found == (ONE if kept else TWO)


def test_offline_what_is_not_kept_is_an_error(connect: Connect, file: Path) -> None:
    with FaultyPortal() as portal, pytest.raises(OfflineError, match="'catalog/datasets' is not kept"):
        connect(portal, offline=True).get_json(WHERE, cached=True)

    assert portal.connections == 0


def test_a_damaged_answer_is_asked_again(connect: Connect, file: Path) -> None:
    with FaultyPortal(answer(ONE), answer(TWO)) as portal:
        connect(portal).get_json(WHERE, cached=True)
        forget_caches()
        with sqlite3.connect(file) as database:
            (text,) = database.execute("SELECT value FROM responses").fetchone()
            # The body is held in base64; this turns the 1 in it into a 0.
            assert "WzFd" in text
            database.execute("UPDATE responses SET value = ?", (text.replace("WzFd", "WzBd"),))
        assert connect(portal).get_json(WHERE, cached=True) == TWO

    assert len(portal.requests) == 2


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"\0" * 4096])
def test_a_corrupt_file_is_replaced_with_one_warning(connect: Connect, file: Path, content: bytes) -> None:
    file.parent.mkdir(mode=0o700)
    file.write_bytes(content)

    with FaultyPortal(answer(ONE)) as portal:
        with pytest.warns(BdxOpenDataWarning, match=r"not kept \(DatabaseError\)") as caught:
            assert connect(portal).get_json(WHERE, cached=True) == ONE
        assert connect(portal).get_json(WHERE, cached=True) == ONE

    assert len(caught) == 1
    assert len(portal.requests) == 1
    assert file.read_bytes().startswith(b"SQLite format 3")


def test_a_file_cut_in_the_middle_is_replaced(connect: Connect, file: Path) -> None:
    with FaultyPortal(*[answer({"results": ["x" * 50_000]})] * 3) as portal:
        connect(portal).get_json(WHERE, [("q", "1")], cached=True)
        forget_caches()
        with file.open("r+b") as database:
            database.truncate(5000)
        with pytest.warns(BdxOpenDataWarning, match="DatabaseError"):
            connect(portal).get_json(WHERE, [("q", "1")], cached=True)
        connect(portal).get_json(WHERE, [("q", "2")], cached=True)
        connect(portal).get_json(WHERE, [("q", "2")], cached=True)

    assert len(portal.requests) == 3


def test_a_file_that_another_process_holds_is_waited_for_only_shortly(
    connect: Connect, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "BUSY_SECONDS", 0.05)
    program = """
        import sqlite3, sys
        database = sqlite3.connect(sys.argv[1], isolation_level=None)
        database.execute("BEGIN EXCLUSIVE")
        print("held", flush=True)
        sys.stdin.read()
    """

    with FaultyPortal(answer(ONE), answer(TWO), answer(TWO)) as portal:
        connect(portal).get_json(WHERE, cached=True)
        forget_caches()
        holder = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.warns(BdxOpenDataWarning, match="asked of the portal"):
            assert connect(portal).get_json(WHERE, cached=True) == TWO
        assert connect(portal).get_json(WHERE, cached=True) == TWO
        holder.communicate("")

    assert holder.returncode == 0
    assert len(portal.requests) == 3


@pytest.mark.parametrize(
    ("obstacle", "reason"),
    [("file", "cannot be made"), ("link", "symbolic link"), ("writable by others", "chmod go-w")],
)
def test_an_unsafe_folder_is_not_used(connect: Connect, tmp_path: Path, obstacle: str, reason: str) -> None:
    folder = tmp_path / "cache"
    if obstacle == "file":
        folder.write_text("mine")
    elif obstacle == "link":
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.mkdir()
        folder.chmod(0o777)

    with FaultyPortal(answer(ONE), answer(TWO)) as portal:
        transport = connect(portal)
        with pytest.warns(BdxOpenDataWarning, match=reason) as caught:
            assert transport.get_json(WHERE, cached=True) == ONE
        assert transport.get_json(WHERE, cached=True) == TWO

    assert len(portal.requests) == 2
    assert len(caught) == 1
    assert not list(tmp_path.rglob(disk.ANSWERS_FILE))
    forget_caches()


def test_any_failure_of_the_cache_is_a_detour_and_no_error(
    connect: Connect, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[str] = []

    def fail(*_: object) -> None:
        faults.append("fired")
        raise MemoryError("made up")

    monkeypatch.setattr(cache, "_write", fail)

    with FaultyPortal(answer(ONE)) as portal, pytest.warns(BdxOpenDataWarning, match="MemoryError"):
        assert connect(portal).get_json(WHERE, cached=True) == ONE

    assert faults == ["fired"]


def test_requests_cache_is_loaded_only_when_it_is_needed() -> None:
    program = "import sys, bdxopendata.transport; print('requests_cache' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
