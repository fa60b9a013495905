"""Small JSON answers, kept for a short while by requests-cache.

Only its SQLite backend is used: its session would store an answer before the caller has checked it, and read
bodies without bound. Answers are apart by portal and by the fingerprint of the caller's key. The rows are JSON, never
pickles.

A cache is a convenience: if anything about it fails, the answer is asked of the portal as if there were none, with
one warning. It is opened at the first use, since the import alone costs more than an answer from it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bdxopendata import disk
from bdxopendata.errors import BdxOpenDataWarning

if TYPE_CHECKING:
    from requests_cache.backends.sqlite import SQLiteCache

log: logging.Logger = logging.getLogger("bdxopendata")
T = TypeVar("T")

# Without network even an old answer is better than none; after this it is removed.
KEPT = timedelta(days=30)
# Another process may hold the file. Nobody waits longer for it than asking the portal would take.
BUSY_SECONDS = 2.0
# After a failure the cache is left alone for a while, so that not each request waits for it again.
PAUSE_SECONDS = 60.0

_DIGEST = "X-Blake2b"


@dataclass(frozen=True, slots=True)
class Kept:
    """A body from the cache."""

    body: bytes
    fetched_at: datetime

    def is_fresh(self, seconds: float, now: datetime | None = None) -> bool:
        """Whether it is at most `seconds` old; what comes from the future, by a clock set back, is not."""
        age = ((now or datetime.now(UTC)) - self.fetched_at).total_seconds()
        return 0 <= age <= seconds


def answer_key(portal: str, fingerprint: str | None, path: str, params: Sequence[tuple[str, str]]) -> str:
    """Name an answer: one per portal, key and question, whichever of the portal's addresses was asked."""
    text = "\0".join([portal, fingerprint or "", path, *(f"{name}={value}" for name, value in sorted(params))])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class AnswerCache:
    """The cache of one folder in this process."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._cache: SQLiteCache | None = None
        self._lock = threading.Lock()
        self._paused_until = 0.0
        self._warned = False

    def get(self, key: str) -> Kept | None:
        """Find a body; None if it is not there, damaged, or the cache cannot be used."""
        return self._guarded(lambda cache: _read(cache, key))

    def put(self, key: str, url: str, body: bytes) -> None:
        """Keep a body that was checked."""
        self._guarded(lambda cache: _write(cache, key, url, body))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._close()

    def _guarded(self, use: Callable[[SQLiteCache], T]) -> T | None:
        problem: Exception | None = None
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            return None
        try:
            if time.monotonic() < self._paused_until:
                return None
            try:
                if self._cache is None:
                    self._cache = _open(disk.private_folder(disk.cache_root(self._folder)))
                return use(self._cache)
            # Whatever it is, a broken convenience must not cost the caller an answer.
            except Exception as error:
                problem = error
                self._paused_until = time.monotonic() + PAUSE_SECONDS
                self._close()
                self._remove_if_damaged(error)
        finally:
            self._lock.release()
        self._say(problem)
        return None

    def _say(self, problem: Exception) -> None:
        log.warning("The cache of small answers is not used for now: %s: %s", type(problem).__name__, problem)
        if not self._warned:
            self._warned = True
            reason = str(problem) if isinstance(problem, disk.FolderUnusableError) else type(problem).__name__
            warnings.warn(
                f"Small answers are not kept ({reason}); each is asked of the portal. "
                "Another folder can be named with Settings(cache_dir=…).",
                BdxOpenDataWarning,
                stacklevel=6,
            )

    def _close(self) -> None:
        cache, self._cache = self._cache, None
        if cache is not None:
            try:
                cache.close()  # type: ignore[no-untyped-call]  # requests-cache leaves this one untyped
            except sqlite3.Error as error:
                log.debug("Closing the cache of small answers failed: %s", error)

    def _remove_if_damaged(self, error: Exception) -> None:
        # OperationalError, its subclass, means busy, full or read-only: the content is sound.
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            folder = disk.cache_root(self._folder)
            for suffix in ("", "-journal", "-wal", "-shm"):
                disk.remove(folder / f"{disk.ANSWERS_FILE}{suffix}")
            self._paused_until = 0.0


class _BusyError(Exception):
    """The file stayed locked. No OperationalError: requests-cache would wait for ever on that."""


class _ImpatientConnection(sqlite3.Connection):
    """Gives up when the write lock cannot be had in time, where requests-cache tries again without end."""

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        try:
            return super().execute(sql, *args)
        except sqlite3.OperationalError as error:
            if sql == "BEGIN IMMEDIATE":
                raise _BusyError("another process holds it") from error
            raise


def _open(folder: Path) -> SQLiteCache:
    from requests_cache.backends.sqlite import SQLiteCache
    from requests_cache.serializers import json_serializer

    path = folder / disk.ANSWERS_FILE
    # Made here, so that nobody else can read it from the first byte on.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    cache = SQLiteCache(path, serializer=json_serializer, timeout=BUSY_SECONDS, factory=_ImpatientConnection)
    cache.delete(expired=True, vacuum=False)
    return cache


def _read(cache: SQLiteCache, key: str) -> Kept | None:
    found = cache.get_response(key)
    if found is None:
        return None
    body = found.content or b""
    if found.headers.get(_DIGEST) != _digest(key, body):
        cache.delete(key)
        log.warning("A damaged answer was removed from the cache")
        return None
    fetched_at = found.created_at if found.created_at.tzinfo else found.created_at.replace(tzinfo=UTC)
    return Kept(body, fetched_at)


def _write(cache: SQLiteCache, key: str, url: str, body: bytes) -> None:
    from requests.structures import CaseInsensitiveDict
    from requests_cache.models.request import CachedRequest
    from requests_cache.models.response import CachedResponse

    answer = CachedResponse(
        content=body,
        status_code=200,
        url=url,
        # Neither the headers sent nor those received are kept.
        headers=CaseInsensitiveDict({_DIGEST: _digest(key, body)}),
        request=CachedRequest(method="GET", url=url),
    )
    cache.save_response(answer, key, datetime.now(UTC) + KEPT)


def _digest(key: str, body: bytes) -> str:
    return blake2b(body, digest_size=16, key=key.encode()).hexdigest()


_CACHES: dict[tuple[int, str], AnswerCache] = {}
_CACHES_LOCK = threading.Lock()


def _renew_lock() -> None:
    global _CACHES_LOCK
    _CACHES_LOCK = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def answer_cache(folder: Path | None) -> AnswerCache:
    """Return this process's cache of a folder: an SQLite connection must not travel through a fork."""
    key = (os.getpid(), str(folder))
    with _CACHES_LOCK:
        return _CACHES.setdefault(key, AnswerCache(folder))
