"""Exports on disk: whole, current, each for its key, or not there."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import pickle
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import bdxopendata.store as shelf
from bdxopendata import disk
from bdxopendata.errors import BdxOpenDataWarning
from bdxopendata.store import Entry, Store, StoreKey, StoreUnavailableError, locks, sweeping
from bdxopendata.store import files as files_module
from bdxopendata.store import store as store_module

KEY = StoreKey("opendata.bordeaux-metropole.fr", "st_park_p")
DATA = b"PAR1 some rows PAR1"


@pytest.fixture(autouse=True)
def as_in_a_new_process() -> Iterator[None]:
    yield
    forget()


def forget() -> None:
    store_module._WARNED.clear()
    store_module._VERIFIED.clear()
    sweeping._SWEPT.clear()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


def writes(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


def keep(store: Store, data: bytes = DATA, version: str = "v1", key: StoreKey = KEY, **record: Any) -> Entry:
    return store.put(key, version=version, rows=3, record=record, write=writes(data))


def files(root: Path, pattern: str = "*") -> list[str]:
    return sorted(path.name for path in root.rglob(pattern) if path.is_file() and path.suffix != ".lock")


# ---- keeping and finding


def test_what_was_kept_is_found_by_another_store_of_the_same_folder(root: Path) -> None:
    kept = keep(Store(root), description={"dataset_id": "st_park_p"}, stand_in=False)

    found = Store(root).find(KEY)

    assert found == kept
    assert found.path.read_bytes() == DATA
    assert (found.version, found.rows) == ("v1", 3)
    assert set(found.record) == {
        *("portal", "dataset_id", "question", "version", "file", "rows", "bytes", "hash", "fetched_at", "checked_at"),
        *("description", "stand_in", "format_version", "library_version"),
    }


def test_nothing_is_found_where_nothing_was_kept(root: Path) -> None:
    assert Store(root).find(KEY) is None
    assert not root.exists()


def test_a_new_version_takes_the_place_of_the_old(root: Path) -> None:
    store = Store(root)
    keep(store, b"old", "v1")
    keep(store, b"new", "v2")

    assert store.find(KEY, version="v1") is None
    assert store.find(KEY, version="v2") == store.find(KEY)
    assert len(files(root, "*.parquet")) == len(files(root, "*.json")) == 1


def test_the_same_version_kept_again_replaces_the_data(root: Path) -> None:
    store = Store(root)
    keep(store, b"old", "v1")
    keep(store, b"new", "v1")

    found = store.find(KEY, version="v1")

    assert found is not None
    assert found.path.read_bytes() == b"new"
    assert len(files(root, "*.parquet")) == len(files(root, "*.json")) == 1


@pytest.mark.parametrize(
    "other",
    [
        StoreKey("other.example", "st_park_p"),
        StoreKey(KEY.portal, "ST_PARK_P"),
        StoreKey(KEY.portal, "st_park_p", fingerprint="0" * 32),
        StoreKey(KEY.portal, "st_park_p", question="where=a"),
    ],
)
def test_each_portal_dataset_key_and_question_has_its_own(root: Path, other: StoreKey) -> None:
    store = Store(root)
    keep(store, b"mine")
    assert store.find(other) is None

    keep(store, b"theirs", key=other)

    assert [entry.path.read_bytes() for entry in (store.find(KEY), store.find(other)) if entry] == [b"mine", b"theirs"]


def test_no_fingerprint_of_a_key_is_written_down(root: Path) -> None:
    keep(Store(root), key=StoreKey(KEY.portal, "st_park_p", fingerprint="f00dfeed" * 4))

    content = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())

    assert b"f00dfeed" not in content
    assert not any("f00dfeed" in name for name in files(root))


def test_a_finished_file_is_taken_over(root: Path, tmp_path: Path) -> None:
    source = tmp_path / "export"
    source.write_bytes(DATA)

    entry = Store(root).put(KEY, version="v1", rows=3, record={}, source=source)
    source.unlink()

    assert entry.path.read_bytes() == DATA
    assert stat.S_IMODE(entry.path.stat().st_mode) == 0o600


def test_one_of_function_and_file_is_needed(root: Path) -> None:
    with pytest.raises(TypeError, match="either write= or source="):
        Store(root).put(KEY, version="v1", rows=3, record={})


@pytest.mark.parametrize("dataset_id", ["..", ".", "../../x", "a/b", "a\\b", "", " ", "a\0b", "x" * 256])
def test_what_is_no_dataset_id_is_refused(root: Path, tmp_path: Path, dataset_id: str) -> None:
    key = StoreKey(KEY.portal, dataset_id)

    with pytest.raises(ValueError, match="no dataset id"):
        keep(Store(root), key=key)
    with pytest.raises(ValueError, match="no dataset id"):
        Store(root).find(key)

    assert files(tmp_path) == []


@pytest.mark.parametrize("dataset_id", ["...", ".hidden", "con", "été à vélo", "x" * 255, "a:b*?", "trailing.", "a\nb"])
@pytest.mark.parametrize("portal", ["127.0.0.1:8080", "[::1]:80", "..", "../../up"])
def test_odd_names_stay_within_the_store(root: Path, tmp_path: Path, dataset_id: str, portal: str) -> None:
    key = StoreKey(portal, dataset_id)

    entry = keep(Store(root), key=key)

    assert Store(root).find(key) == entry
    assert entry.path.resolve().relative_to(root.resolve()).parts[-1] == entry.path.name
    assert len(entry.path.relative_to(root).parts) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


# ---- age


def test_the_age_counts_from_the_last_time_the_portal_was_asked(root: Path) -> None:
    store = Store(root)
    entry = keep(store)
    later = entry.fetched_at + timedelta(hours=5)

    marked = store.mark_checked(entry, later)

    assert entry.age(later) == 5 * 3600
    assert marked.age(later) == 0
    assert store.find(KEY) == marked
    assert marked.fetched_at == entry.fetched_at


def test_an_entry_from_the_future_is_of_no_age_that_counts(root: Path) -> None:
    entry = keep(Store(root))

    assert entry.age(entry.checked_at - timedelta(hours=1)) == float("inf")
    assert entry.age(entry.checked_at - timedelta(seconds=1)) == 0


def test_marking_does_not_bring_back_what_was_replaced(root: Path) -> None:
    store = Store(root)
    old = keep(store, b"old", "v1")
    keep(store, b"new", "v2")

    store.mark_checked(old)

    assert store.find(KEY, version="v1") is None
    assert len(files(root, "*.json")) == 1


def test_the_newest_is_found_by_its_time_and_not_by_its_version(root: Path) -> None:
    """Versions are compared for equality only: a portal's clock may go back."""
    store = Store(root)
    keep(store, b"old", "2031-01-01T00:00:00Z")
    keep(store, b"new", "2020-01-01T00:00:00Z")

    found = store.find(KEY)

    assert found is not None
    assert found.version == "2020-01-01T00:00:00Z"


# ---- damage


DAMAGES: dict[str, Callable[[Path], object]] = {
    "truncated": lambda path: path.write_bytes(DATA[:-5]),
    "longer": lambda path: path.write_bytes(DATA + b"x"),
    "zeroed": lambda path: path.write_bytes(bytes(len(DATA))),
    "flipped": lambda path: path.write_bytes(bytes([DATA[0] ^ 1]) + DATA[1:]),
    "empty": lambda path: path.write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_data_are_removed_with_a_warning(root: Path, damage: str) -> None:
    store = Store(root)
    entry = keep(store)
    DAMAGES[damage](entry.path)
    forget()

    with pytest.warns(BdxOpenDataWarning, match="'st_park_p' was damaged .* fetched again when needed") as caught:
        assert store.find(KEY) is None

    assert len(caught) == 1
    assert files(root) == []
    assert store.find(KEY) is None
    keep(store)
    assert store.find(KEY) is not None


def test_damage_after_the_first_use_in_a_process_is_found_too(root: Path) -> None:
    store = Store(root)
    entry = keep(store)
    assert store.find(KEY) is not None

    time.sleep(0.01)
    DAMAGES["flipped"](entry.path)

    with pytest.warns(BdxOpenDataWarning, match="damaged"):
        assert store.find(KEY) is None


def test_the_hash_is_computed_once_per_process(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(Store(root))
    forget()
    hashed: list[Path] = []
    real = files_module.hash_of

    def hash_of(path: Path) -> str:
        hashed.append(path)
        return real(path)

    monkeypatch.setattr(files_module, "hash_of", hash_of)

    for _ in range(3):
        assert Store(root).find(KEY) is not None

    assert len(hashed) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 300,
        b"{",
        b"[]",
        b"null",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"format_version": 1}',
        b'{"format_version": 1, "rows": "3"}',
    ],
)
def test_a_damaged_record_is_removed_with_a_warning(root: Path, content: bytes) -> None:
    store = Store(root)
    keep(store).record_path.write_bytes(content)

    with pytest.warns(BdxOpenDataWarning, match="its record cannot be read"):
        assert store.find(KEY) is None

    assert files(root, "*.json") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("file", "../../../../etc/passwd"),
        ("file", "/etc/passwd"),
        ("fetched_at", "yesterday"),
        ("dataset_id", "another"),
        ("version", "another"),
        ("question", "another"),
        ("portal", "another"),
    ],
)
def test_a_record_that_was_changed_is_not_believed(root: Path, name: str, value: str) -> None:
    store = Store(root)
    path = keep(store).record_path
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))

    with pytest.warns(BdxOpenDataWarning, match="damaged"):
        assert store.find(KEY) is None


def test_an_entry_copied_to_another_keys_name_is_not_believed(root: Path) -> None:
    store = Store(root)
    entry = keep(store)
    other = StoreKey(KEY.portal, KEY.dataset_id, fingerprint="0" * 32)
    entry.record_path.rename(entry.record_path.with_name(f"{other.entry_name('v1')}.json"))

    with pytest.warns(BdxOpenDataWarning, match="that of another entry"):
        assert store.find(other) is None


def test_an_entry_of_another_format_is_a_miss_and_goes(root: Path) -> None:
    store = Store(root)
    path = keep(store).record_path
    path.write_text(json.dumps({**json.loads(path.read_text()), "format_version": 0}))

    assert store.find(KEY) is None
    assert files(root, "*.json") == []


def test_text_of_every_kind_is_kept_as_it_is(root: Path) -> None:
    description = {"title": "\u202e é 😀 \ud800 \x00 \ufeff", "n": 10**30, "f": float("inf")}

    keep(Store(root), description=description)
    found = Store(root).find(KEY)

    assert found is not None
    assert found.record["description"] == description


# ---- a store that cannot be used


@pytest.mark.parametrize(
    ("obstacle", "reason"),
    [
        ("a file", "cannot be made"),
        ("a file above", "cannot be made"),
        ("a link", "symbolic link"),
        ("writable by others", "chmod go-w"),
    ],
)
def test_an_unsafe_folder_is_gone_without_and_said_once(root: Path, tmp_path: Path, obstacle: str, reason: str) -> None:
    store = Store(root)
    if obstacle == "a file":
        root.write_text("mine")
    elif obstacle == "a file above":
        root.write_text("mine")
        store = Store(root / "below")
    elif obstacle == "a link":
        (tmp_path / "elsewhere").mkdir()
        root.symlink_to(tmp_path / "elsewhere")
    else:
        root.mkdir()
        root.chmod(0o777)

    with pytest.warns(BdxOpenDataWarning, match=reason) as caught:
        assert store.try_put(KEY, version="v1", rows=3, record={}, write=writes(DATA)) is None
    assert store.try_put(KEY, version="v1", rows=3, record={}, write=writes(DATA)) is None
    assert store.find(KEY) is None
    assert store.workspace() is None
    assert list(store.entries()) == []
    assert Store(store._named).clear() == 0

    assert len(caught) == 1
    assert "Settings(cache_dir=…)" in str(caught[0].message)
    assert not list(tmp_path.rglob("*.json"))
    with pytest.raises(StoreUnavailableError, match=reason):
        keep(store)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners are POSIX")
def test_a_folder_of_somebody_else_is_not_used(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: root.stat().st_uid + 1)

    with pytest.warns(BdxOpenDataWarning, match="belongs to another user"):
        assert Store(root).try_put(KEY, version="v1", rows=3, record={}, write=writes(DATA)) is None


def test_without_a_home_there_is_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home(*_: object, **__: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("platformdirs.user_cache_path", no_home)

    with pytest.warns(BdxOpenDataWarning, match="no home folder"):
        assert Store().find(KEY) is None
    assert Store().try_put(KEY, version="v1", rows=3, record={}, write=writes(DATA)) is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
@pytest.mark.parametrize("step", ["part", "data", "record"])
def test_a_full_or_read_only_disk_is_gone_without_and_leaves_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    store = Store(root)
    keep(store, b"old", "v1")
    before = files(root)
    faults: list[str] = []

    def fail(*_: object, **__: object) -> Any:
        faults.append(step)
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        if step == "record":
            patch.setattr(disk, "write_whole", fail)
        else:
            patch.setattr(disk, {"part": "new_part", "data": "move_into_place"}[step], fail)
        with pytest.warns(BdxOpenDataWarning, match="Nothing is stored") as caught:
            assert store.try_put(KEY, version="v2", rows=3, record={}, write=writes(DATA)) is None
        assert store.try_put(KEY, version="v2", rows=3, record={}, write=writes(DATA)) is None

    assert faults == [step] * 2
    assert len(caught) == 1
    assert os.strerror(number) in str(caught[0].message)
    assert files(root) == before
    found = store.find(KEY)
    assert found is not None
    assert found.version == "v1"


@pytest.mark.skipif(os.name == "nt", reason="limits on file sizes are POSIX")
def test_a_limit_of_the_system_on_file_sizes_is_gone_without(root: Path) -> None:
    """A fault that the kernel makes: writing ends with an error in the middle of the data."""
    program = """
        import resource, sys, warnings
        from pathlib import Path
        from bdxopendata.store import Store, StoreKey

        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            entry = Store(Path(sys.argv[1])).try_put(
                StoreKey("p", "d"), version="v", rows=1, record={}, write=lambda part: part.write_bytes(bytes(100_000))
            )
        print(entry, len(caught), "cannot be written" in str(caught[0].message))
    """

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(root)], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["None", "1", "True"]
    assert files(root) == []


def test_a_store_that_can_only_be_read_is_still_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keep(Store(root))
    forget()
    faults: list[str] = []

    def read_only(*_: object, **__: object) -> Any:
        faults.append("fired")
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(disk, "new_part", read_only)

    found = Store(root).find(KEY)
    assert found == kept
    marked = Store(root).mark_checked(found)

    assert faults == ["fired"]
    assert marked.checked_at > kept.checked_at


def test_what_the_callers_function_raises_passes_and_leaves_nothing(root: Path) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(DATA)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Store(root).put(KEY, version="v1", rows=3, record={}, write=fail)

    assert files(root) == []


def test_an_interrupt_while_writing_leaves_nothing(root: Path) -> None:
    def interrupt(path: Path) -> None:
        path.write_bytes(DATA)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Store(root).try_put(KEY, version="v1", rows=3, record={}, write=interrupt)

    assert files(root) == []


@pytest.mark.skipif(os.name == "nt", reason="rights are POSIX")
def test_nobody_else_can_read_what_is_kept(root: Path) -> None:
    umask = os.umask(0)
    try:
        keep(Store(root))
    finally:
        os.umask(umask)

    modes = {stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in [root, *root.rglob("*")] if path.is_dir()} == {0o700}


# ---- tidying up


def test_nothing_of_the_users_own_is_swept(root: Path) -> None:
    """The folder may be one that holds other things too."""
    folder = keep(Store(root)).path.parent
    own = [
        root / "answers.sqlite",
        root / "a" / "b" / "c.json",
        root / "a" / "b" / "c.lock",
        folder / "x.parquet",
        folder / ".x.lock",
    ]
    for path in own:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
        os.utime(path, (0, 0))
    forget()

    keep(Store(root), b"new", "v2")
    Store(root).clear()

    assert all(path.read_bytes() == b"mine" for path in own)
    assert len(files(root)) == len([path for path in own if path.suffix != ".lock"])


def test_clearing_takes_what_cannot_be_read_too(root: Path) -> None:
    keep(Store(root)).record_path.write_bytes(b"{")

    Store(root).clear()

    assert files(root) == []


def test_the_same_data_that_cannot_be_kept_again_stay(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keep(Store(root))
    faults: list[str] = []

    def full(*_: object) -> None:
        faults.append("fired")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "write_whole", full)

    with pytest.raises(StoreUnavailableError, match="No space left"):
        keep(Store(root))

    assert faults == ["fired"]
    assert Store(root).find(KEY) == kept


def test_orphans_are_swept_after_a_day(root: Path) -> None:
    store = Store(root)
    entry = keep(store)
    folder = entry.path.parent
    orphans = [
        folder / f"{disk.PART}0123.parquet",
        folder / f"{'0' * 32}-{'1' * 32}-{'2' * 32}.parquet",
    ]
    workspace = store.workspace()
    assert workspace is not None
    left = workspace / "bdxopendata-x"
    left.mkdir()
    (left / "export").write_bytes(b"x")
    for path in orphans:
        path.write_bytes(b"x")

    forget()
    keep(store, b"again", "v2")
    young = [path.exists() for path in [*orphans, left]]
    for path in [*orphans, left]:
        os.utime(path, (0, time.time() - disk.ORPHAN_AGE - 60))
    forget()
    kept = keep(store, b"and again", "v3")

    assert young == [True] * 3
    assert [path.exists() for path in [*orphans, left]] == [False] * 3
    assert store.find(KEY) == kept


@pytest.mark.skipif(os.name == "nt", reason="there an open file stays by itself")
def test_a_file_that_is_being_read_stays_until_it_was_read(root: Path) -> None:
    store = Store(root)
    entry = keep(store, b"old", "v1")

    with entry.reading() as path:
        keep(store, b"new", "v2")
        store.clear()
        during = path.read_bytes()
    store.clear()

    assert during == b"old"
    assert store.find(KEY) is None
    assert files(root) == []


def test_a_reader_who_comes_too_late_is_told(root: Path) -> None:
    store = Store(root)
    entry = keep(store)
    store.clear()

    with pytest.raises(FileNotFoundError), entry.reading():
        pass


def test_a_reader_looks_again_when_an_entry_is_replaced_meanwhile(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(root)
    keep(store, b"old", "v1")
    real = store._state
    replaced: list[str] = []

    def replace_first(entry: Entry, **more: Any) -> Any:
        if not replaced:
            replaced.append(entry.version)
            keep(Store(root), b"new", "v2")
        return real(entry, **more)

    monkeypatch.setattr(store, "_state", replace_first)
    found = store.find(KEY)

    assert replaced == ["v1"]
    assert found is not None
    assert found.path.read_bytes() == b"new"


# ---- locks


def test_one_at_a_time_fetches(root: Path) -> None:
    store = Store(root)
    fetched: list[int] = []

    def fetch(number: int) -> bytes:
        with Store(root).lock(KEY) as held:
            assert held
            found = store.find(KEY)
            if found is None:
                fetched.append(number)
                found = keep(store)
            return found.path.read_bytes()

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(fetch, range(16)))

    assert answers == [DATA] * 16
    assert len(fetched) == 1


HOLDER = """
    import sys
    from pathlib import Path
    from bdxopendata.store import Store, StoreKey

    with Store(Path(sys.argv[1])).lock(StoreKey(sys.argv[2], sys.argv[3])) as held:
        print(held, flush=True)
        sys.stdin.read()
"""


def hold_lock(root: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDER), str(root), KEY.portal, KEY.dataset_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    return holder


def test_a_lock_that_is_held_for_ever_is_gone_without(root: Path) -> None:
    """Nor is it waited for a second time, with the full patience, when the data are kept."""
    holder = hold_lock(root)

    with Store(root).lock(KEY, timeout=0.05) as held:
        assert not held
        keep(Store(root))

    holder.communicate("")
    assert holder.returncode == 0
    assert Store(root).find(KEY) is not None


def test_a_lock_whose_holder_dies_is_free(root: Path) -> None:
    holder = hold_lock(root)
    holder.kill()
    holder.communicate()

    with Store(root).lock(KEY, timeout=10) as held:
        assert held


def test_a_thread_does_not_wait_for_itself(root: Path) -> None:
    store = Store(root)

    with store.lock(KEY, timeout=5) as outer, store.lock(KEY, timeout=5) as inner:
        keep(store)

    assert (outer, inner) == (True, True)
    with store.lock(KEY, timeout=5) as again:
        assert again


def test_locks_that_do_not_work_cost_nothing_but_work(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults: list[str] = []

    def broken(*_: object, **__: object) -> Any:
        faults.append("fired")
        raise NotImplementedError("no locks here")

    monkeypatch.setattr(locks, "FileLock", broken)

    with Store(root).lock(KEY) as held:
        keep(Store(root), b"one", "v1")
    keep(Store(root), b"two", "v2")

    found = Store(root).find(KEY)
    assert not held
    assert len(faults) == 2
    assert found is not None
    assert found.path.read_bytes() == b"two"


@pytest.mark.skipif(os.name == "nt", reason="flock is POSIX")
def test_a_file_system_that_ignores_locks_still_holds_whole_entries(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ignored: list[int] = []
    monkeypatch.setattr("fcntl.flock", lambda file, how: ignored.append(how))

    def fetch(number: int) -> bool:
        with Store(root).lock(KEY):
            keep(Store(root), content(number), f"v{number % 3}")
        found = Store(root).find(KEY)
        try:
            return found is None or is_whole(found.path.read_bytes())
        except FileNotFoundError:
            return True

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(fetch, range(40)))

    assert ignored
    assert all(answers)
    keep(Store(root), DATA, "last")
    found = Store(root).find(KEY)
    assert found is not None
    assert found.path.read_bytes() == DATA


# ---- many processes


def content(number: int) -> bytes:
    """Rows that tell whether they are whole: one byte, repeated, of a length that follows from it."""
    return bytes([number % 251]) * (40_000 + 101 * (number % 251))


def is_whole(data: bytes) -> bool:
    return len(set(data)) == 1 and data == content(data[0])


def churn(root: str, seed: int, seconds: float, report: Any) -> None:
    """Put and find the same keys until the time is over; report torn entries and warnings."""
    warnings.simplefilter("error")
    locks.LOCK_SECONDS = 0.2
    store, torn, found = Store(Path(root)), 0, 0
    end = time.monotonic() + seconds
    number = seed
    while time.monotonic() < end:
        number += 1
        if number % 3 == 0:
            store.try_put(KEY, version=f"v{number % 5}", rows=1, record={}, write=writes(content(number)))
        entry = store.find(KEY)
        if entry is not None:
            try:
                with entry.reading() as path:
                    torn += not is_whole(path.read_bytes())
                    found += 1
            except FileNotFoundError:
                continue
    if report is not None:
        report.put((torn, found))


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
def test_no_process_ever_reads_a_torn_entry_whatever_is_killed(root: Path) -> None:
    context = multiprocessing.get_context("fork")
    report = context.SimpleQueue()
    steady = [context.Process(target=churn, args=(str(root), 1000 * seed, 3.0, report)) for seed in range(4)]
    for process in steady:
        process.start()

    kills = 0
    while kills < 24:
        victims = [context.Process(target=churn, args=(str(root), 77 * kills + seed, 60.0, None)) for seed in range(4)]
        for process in victims:
            process.start()
        time.sleep(0.05 + 0.013 * (kills % 7))
        for process in victims:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            kills += process.exitcode == -signal.SIGKILL
    for process in steady:
        process.join(30)

    results = [report.get() for _ in steady]
    assert [process.exitcode for process in steady] == [0] * 4
    assert sum(torn for torn, _ in results) == 0
    assert all(found > 0 for _, found in results)
    assert kills == 24
    last = Store(root).find(KEY)
    assert last is None or is_whole(last.path.read_bytes())
    keep(Store(root), content(5), "after")
    after = Store(root).find(KEY, version="after")
    assert after is not None
    assert is_whole(after.path.read_bytes())


def test_a_store_travels_between_processes(root: Path) -> None:
    kept = keep(Store(root))

    assert pickle.loads(pickle.dumps(Store(root))).find(KEY) == kept


def test_a_reader_in_another_thread_does_not_disturb(root: Path) -> None:
    stop = threading.Event()
    store = Store(root)
    keep(store, content(1), "v0")
    seen: list[bool] = []

    def read() -> None:
        while not stop.is_set():
            entry = store.find(KEY)
            try:
                if entry is not None:
                    with entry.reading() as path:
                        seen.append(is_whole(path.read_bytes()))
            except FileNotFoundError:
                continue

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        keep(store, content(number), f"v{number}")
    stop.set()
    reader.join()

    assert seen
    assert all(seen)


# ---- for people


def test_people_see_what_is_stored_and_clear_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDXOPENDATA_CACHE_DIR", str(root))
    before = datetime.now(UTC)
    keep(Store(root))
    keep(Store(root), b"12345", key=StoreKey(KEY.portal, "ec_arbre_p", question="where=a"))

    rows = shelf.list()

    assert [{name: row[name] for name in row if name != "fetched_at"} for row in rows] == [
        {
            "portal": KEY.portal,
            "dataset_id": dataset_id,
            "version": "v1",
            "rows": 3,
            "bytes": size,
            "question": question,
        }
        for dataset_id, size, question in [("ec_arbre_p", 5, "where=a"), ("st_park_p", len(DATA), "")]
    ]
    assert all(row["fetched_at"] >= before for row in rows)
    assert shelf.size() == 5 + len(DATA)
    assert shelf.clear("unknown") == 0
    assert shelf.clear("st_park_p") == 1
    assert [row["dataset_id"] for row in shelf.list()] == ["ec_arbre_p"]
    (root / disk.ANSWERS_FILE).write_bytes(b"small answers")
    assert shelf.clear() == 1
    assert files(root) == []
    assert (shelf.list(), shelf.size(), shelf.clear()) == ([], 0, 0)


def test_temporary_files_have_a_place_on_the_same_disk(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Store(root).workspace()

    assert workspace is not None
    assert workspace.parent == root
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    assert Store(root).workspace() is None
