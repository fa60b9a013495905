"""Keeping and finding entries in one folder."""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from bdxopendata import disk
from bdxopendata.errors import BdxOpenDataWarning, excerpt
from bdxopendata.store import files, locks, names, records, sweeping
from bdxopendata.store.entries import Entry, StoreKey
from bdxopendata.store.records import Useless
from bdxopendata.version import __version__

log: logging.Logger = logging.getLogger("bdxopendata")

# How often a reader looks for an entry that is being replaced at that moment.
_LOOKS = 3
# With less free space than this, temporary files go where the system keeps its own.
_LEAST_FREE = 64 * 1024**2

_WARNED: set[tuple[int, str]] = set()
# Files whose hash this process has compared: path, size, time and inode, so that a changed file is compared again.
_VERIFIED: dict[tuple[str, int, int, int], str] = {}


class StoreUnavailableError(Exception):
    """Nothing can be kept: the folder is missing, unsafe, read-only or full. Callers go on without."""


class _State(Enum):
    WHOLE = 1
    GONE = 2
    DAMAGED = 3


class Store:
    """Entries in one folder, by default in the user's cache folder."""

    def __init__(self, root: Path | None = None) -> None:
        self._named = root

    def __repr__(self) -> str:
        return f"Store({str(self._named) if self._named else ''})"

    def __reduce__(self) -> tuple[type[Store], tuple[Path | None]]:
        return Store, (self._named,)

    @property
    def root(self) -> Path:
        """The folder; StoreUnavailableError if there is no home to put it in."""
        try:
            return disk.cache_root(self._named)
        except disk.FolderUnusableError as error:
            raise StoreUnavailableError(str(error)) from error

    # ---- reading

    def find(self, key: StoreKey, version: str | None = None, *, decoded: bool = False) -> Entry | None:
        """Find the entry of a version, or the newest; None if there is none that is whole.

        The file's size is always compared with the record, its hash at the first use in a process. A damaged entry is
        removed, with a warning. With `decoded`, the hash of an entry that has a decoded copy is left out: for callers
        who read the copy, and ask `is_whole` before they read the data after all.
        """
        folder = self._readable_folder(key)
        if folder is None:
            return None
        pattern = f"{key.digest}-{names.digest(version) if version is not None else '*'}.json"
        for _ in range(_LOOKS):
            entries = [entry for path in files.glob(folder, pattern) if (entry := self._entry(path, key)) is not None]
            states = []
            for entry in sorted(entries, key=lambda one: one.fetched_at, reverse=True):
                states.append(self._state(entry, hashed=not (decoded and entry.decoded.is_file())))
                if states[-1] is _State.WHOLE:
                    return entry
            # A file that went away between record and file was superseded: look again for what came in its place.
            if _State.GONE not in states:
                break
        return None

    def entries(self) -> Iterator[Entry]:
        """Go through all entries, without looking into their files."""
        root = self._safe_root(create=False)
        for path in files.glob(root, "*/*/*.json") if root is not None else ():
            record = records.read(path)
            if isinstance(record, dict) and (path.parent / record["file"]).is_file():
                yield Entry(path.parent / record["file"], record, path)

    def _entry(self, path: Path, key: StoreKey) -> Entry | None:
        record = records.read(path)
        if record is Useless.DAMAGED:
            self._damaged(path, key.dataset_id, "its record cannot be read")
        if record is Useless.OUTDATED:
            log.info("An entry of '%s' in another format is removed", key.dataset_id)
            disk.remove(path)
        if isinstance(record, Useless):
            return None
        facts = (record["portal"], record["dataset_id"], record["question"], key.entry_name(record["version"]))
        # The name of the data tells for which key they were kept, which the record does not.
        if facts != (key.portal, key.dataset_id, key.question, path.stem) or not record["file"].startswith(path.stem):
            self._damaged(path, key.dataset_id, "its record is that of another entry")
            return None
        return Entry(path.parent / record["file"], record, path)

    def is_whole(self, entry: Entry) -> bool:
        """Whether the data of an entry are there and as they were written; damaged ones are removed, with a warning."""
        return self._state(entry) is _State.WHOLE

    def _state(self, entry: Entry, *, hashed: bool = True) -> _State:
        try:
            found = entry.path.lstat()
            mark = (str(entry.path), found.st_size, found.st_mtime_ns, found.st_ino)
            if found.st_size == entry.record["bytes"] and not hashed:
                return _State.WHOLE
            if found.st_size == entry.record["bytes"] and (
                _VERIFIED.get(mark) == entry.record["hash"] or files.hash_of(entry.path) == entry.record["hash"]
            ):
                _VERIFIED[mark] = str(entry.record["hash"])
                return _State.WHOLE
        except FileNotFoundError:
            return _State.GONE
        except OSError as error:
            log.warning("An entry of '%s' cannot be read: %s", entry.record["dataset_id"], error.strerror)
            return _State.DAMAGED
        self._damaged(entry.record_path, str(entry.record["dataset_id"]), "its file is not what was written")
        for path in (entry.path, entry.decoded):
            disk.remove(path)
        return _State.DAMAGED

    @staticmethod
    def _damaged(record_path: Path, dataset_id: str, how: str) -> None:
        disk.remove(record_path)
        log.warning("A stored export of '%s' was damaged (%s); it is fetched again", excerpt(dataset_id, 80), how)
        warnings.warn(
            f"A stored export of '{excerpt(dataset_id, 80)}' was damaged ({how}) and has been removed; "
            "it is fetched again when needed.",
            BdxOpenDataWarning,
            stacklevel=4,
        )

    # ---- writing

    def put(
        self,
        key: StoreKey,
        *,
        version: str,
        rows: int,
        record: Mapping[str, Any],
        write: Callable[[Path], None] | None = None,
        source: Path | None = None,
        content: str | None = None,
    ) -> Entry:
        """Keep an export.

        Parameters
        ----------
        key, version
            What it answers, and the portal's stamp of the data.
        rows
            Number of rows in the file.
        record
            Facts to keep beside it, JSON values and no secrets.
        write, source
            A function that writes the parquet file to the path it is given, or a finished file that nobody writes to
            any more. One of the two.
        content
            The hash of `source`, where it is known already.

        Raises
        ------
        StoreUnavailableError
            If it cannot be kept. Nothing half-done stays. What `write` raises itself, other than OSError, passes.
        """
        if (write is None) == (source is None):
            raise TypeError("put() takes either write= or source=.")
        try:
            folder = self._writable_folder(key)
            descriptor, part = disk.new_part(folder, ".parquet")
            os.close(descriptor)
            try:
                if write is not None:
                    write(part)
                elif source is not None:
                    files.take_over(source, part)
                return self._keep(key, folder, part, version, rows, record, content or files.hash_of(part))
            finally:
                disk.remove(part)
        except OSError as error:
            raise StoreUnavailableError(f"{self.root} cannot be written ({error.strerror or error})") from error

    def try_put(
        self,
        key: StoreKey,
        *,
        version: str,
        rows: int,
        record: Mapping[str, Any],
        write: Callable[[Path], None] | None = None,
        source: Path | None = None,
        content: str | None = None,
    ) -> Entry | None:
        """Keep an export if that is possible; warn once per process and folder if it is not."""
        try:
            return self.put(key, version=version, rows=rows, record=record, write=write, source=source, content=content)
        except StoreUnavailableError as error:
            self._unavailable(str(error))
            return None

    def add_decoded(self, entry: Entry, size: int, write: Callable[[Path], None]) -> bool:
        """Add a decoded copy of about `size` bytes to an entry; return whether it is there.

        `write` writes it to the path that it is given. A copy spares time and no more, so a disk that is full or cannot
        be written to is no reason to warn. What else `write` raises passes.
        """
        try:
            if shutil.disk_usage(entry.path.parent).free < 2 * size + _LEAST_FREE:
                log.warning("No decoded copy of '%s': the disk is nearly full", excerpt(entry.record["dataset_id"], 80))
                return False
            descriptor, part = disk.new_part(entry.path.parent, ".arrow")
            os.close(descriptor)
            try:
                write(part)
                found = records.read(entry.record_path)
                if not isinstance(found, dict) or found["file"] != entry.path.name:
                    return False
                part.replace(entry.decoded)
            finally:
                disk.remove(part)
        except OSError as error:
            log.warning("No decoded copy of '%s': %s", excerpt(entry.record["dataset_id"], 80), error.strerror)
            return False
        return True

    def mark_checked(self, entry: Entry, now: datetime | None = None) -> Entry:
        """Note that the portal still has this version; return the entry with its new age."""
        record = {**entry.record, "checked_at": records.text(now or datetime.now(UTC))}
        marked = replace(entry, record=record)
        found = records.read(entry.record_path)
        if isinstance(found, dict) and found["hash"] == record["hash"]:
            try:
                disk.write_whole(entry.record_path, records.encode(record))
            except OSError as error:
                log.debug("The time of checking could not be kept: %s", error.strerror)
        return marked

    @contextmanager
    def lock(self, key: StoreKey, timeout: float | None = None) -> Iterator[bool]:
        """Let one process or thread at a time fetch an entry; yield whether the lock is held.

        Best effort: where it cannot be had within `timeout` (30 s), or locks do not work, the caller goes on without.
        All that costs is a second download.
        """
        try:
            folder = self._writable_folder(key)
        except StoreUnavailableError as error:
            log.info("No lock for '%s': %s", excerpt(key.dataset_id, 80), error)
            yield False
            return
        with locks.lock(folder / f".{key.digest}.lock", timeout, excerpt(key.dataset_id, 80)) as held:
            yield held

    def _keep(
        self, key: StoreKey, folder: Path, part: Path, version: str, rows: int, record: Mapping[str, Any], content: str
    ) -> Entry:
        name = key.entry_name(version)
        now = records.text(datetime.now(UTC))
        full = {
            **record,
            "portal": key.portal,
            "dataset_id": key.dataset_id,
            "question": key.question,
            "version": version,
            "file": f"{name}-{content}.parquet",
            "rows": rows,
            "bytes": part.stat().st_size,
            "hash": content,
            "fetched_at": now,
            "checked_at": now,
            "format_version": records.FORMAT_VERSION,
            "library_version": __version__,
        }
        entry = Entry(folder / str(full["file"]), full, folder / f"{name}.json")
        data = records.encode(full)
        with self.lock(key):
            found = [(path, records.read(path)) for path in files.glob(folder, f"{key.digest}-*.json")]
            superseded = {path: old["file"] for path, old in found if isinstance(old, dict)}
            disk.move_into_place(part, entry.path)
            try:
                disk.write_whole(entry.record_path, data)
            except OSError:
                if entry.path.name not in superseded.values():
                    disk.remove(entry.path)
                raise
            for path, file in superseded.items():
                if path != entry.record_path:
                    disk.remove(path)
                if file != entry.path.name:
                    files.remove_data(folder / file)
        sweeping.sweep(self.root)
        return entry

    # ---- folders

    def workspace(self) -> Path | None:
        """Folder for temporary files on the store's own disk; None where the store cannot be used or is nearly full."""
        root = self._safe_root(create=True)
        if root is None:
            return None
        try:
            free = shutil.disk_usage(root).free
            return disk.private_folder(root / sweeping.WORKSPACE) if free >= _LEAST_FREE else None
        except (OSError, disk.FolderUnusableError) as error:
            log.info("No temporary files in the store: %s", error)
            return None

    def clear(self, dataset_id: str | None = None) -> int:
        """Remove all entries, or those of a dataset; return how many. A file that is being read stays until later."""
        removed = 0
        for entry in list(self.entries()):
            if dataset_id in (None, entry.record["dataset_id"]) and disk.remove(entry.record_path):
                files.remove_data(entry.path)
                removed += 1
        root = self._safe_root(create=False)
        if dataset_id is None and root is not None:
            sweeping.remove_all(root)
        return removed

    def _folder(self, key: StoreKey) -> Path:
        return self.root / names.folder_name(key.portal) / names.folder_name(names.checked_id(key.dataset_id))

    def _readable_folder(self, key: StoreKey) -> Path | None:
        names.checked_id(key.dataset_id)
        if self._safe_root(create=False) is None:
            return None
        folder = self._folder(key)
        return folder if folder.is_dir() and not folder.is_symlink() else None

    def _writable_folder(self, key: StoreKey) -> Path:
        folder = self._folder(key)
        try:
            for one in (self.root, folder.parent, folder):
                disk.private_folder(one)
        except disk.FolderUnusableError as error:
            raise StoreUnavailableError(str(error)) from error
        return folder

    def _safe_root(self, *, create: bool) -> Path | None:
        try:
            root = self.root
            if not create and not os.path.lexists(root):
                return None
            return disk.private_folder(root)
        except (disk.FolderUnusableError, StoreUnavailableError) as error:
            self._unavailable(str(error))
            return None

    def _unavailable(self, reason: str) -> None:
        log.warning("The store is not used: %s", reason)
        mark = (os.getpid(), str(self._named))
        if mark not in _WARNED:
            _WARNED.add(mark)
            warnings.warn(
                f"Nothing is stored: {reason}. Data are fetched anew each time; "
                "another folder can be named with Settings(cache_dir=…).",
                BdxOpenDataWarning,
                stacklevel=4,
            )
