"""Looks for API keys in everything that each test produces, and fails the test that leaves one anywhere.

It knows the keys by watching them being made, besides those that begin as keys of tests do. It listens to logs below
their levels, to errors and warnings where they are made, to whatever a test takes of its outputs and of processes that
it starts, to what portals of tests receive, and reads the folders of the test when it is over.
"""

from __future__ import annotations

import gzip
import logging
import os
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bdxopendata.config import Secret
from bdxopendata.errors import BdxOpenDataError, BdxOpenDataWarning
from bdxopendata.testing import StandIn
from bdxopendata.transport.auth import KeyAuth
from support.faulty_portal import FaultyPortal

# Keys of tests begin like this, so that they are found also where the library refuses to make a key of them.
KEYS_BEGIN = "k3y-"
# Shorter keys are found anywhere by chance.
SHORTEST = 7
LARGEST_SEARCHED = 16 * 1024**2
LOGGERS = ("bdxopendata", "urllib3", "requests", "requests_cache", "filelock")
# Packed inside, so that a plain search is blind.
PACKED = (".parquet", ".xlsx", ".zip", ".gz")


class KeyGuard:
    """The plugin, which holds what it knows of the test that is running."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self.keys: set[str] = set()
        self.homes: dict[str, set[int]] = {}
        self.found: list[str] = []

    def look(self, place: str, text: str | bytes) -> None:
        """Note the place if a key is in this text."""
        if self.holds_key(text):
            with self._lock:
                self.found.append(place)

    def holds_key(self, text: str | bytes) -> bool:
        """Whether any key that is known is in a text."""
        marks = (KEYS_BEGIN, *self.keys)
        if isinstance(text, bytes):
            return any(one.encode() in text for one in marks)
        return any(one in text for one in marks)

    def learn(self, key: str) -> None:
        """Know a key from now on."""
        if len(key) >= SHORTEST:
            self.keys.add(key)

    # What pytest calls

    def pytest_configure(self) -> None:
        """Begin to listen, for as long as this process lives."""
        _listen_to_logs(self)
        _watch(Secret, "__init__", lambda _, value: self.learn(value))
        _watch(KeyAuth, "__init__", self._note_home)
        _watch(BdxOpenDataError, "__init__", lambda one, *facts: self.look(f"a {type(one).__name__}", repr(facts)))
        _watch(BdxOpenDataWarning, "__init__", lambda one, *facts: self.look(f"a {type(one).__name__}", repr(facts)))
        _watch(FaultyPortal, "_next", lambda portal, seen: self._look_at(portal.url, seen.target, seen.headers))
        _watch(StandIn, "answer", lambda portal, asked: self._look_at(portal.url, repr(asked.query), asked.headers))
        _watch_result(pytest.CaptureFixture, "readouterr", self._look_at_outputs)
        _watch_result(subprocess.Popen, "communicate", self._look_at_outputs)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Know nothing yet of the test that begins."""
        self._forget()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Fail whatever test left a key."""
        report = yield
        if call.when == "call" and report.passed and item.get_closest_marker("leaves_keys") is None:
            places = [*self.found, *(name for name, text in report.sections if self.holds_key(text))]
            folders = [getattr(item, "funcargs", {}).get("tmp_path"), os.environ.get("BDXOPENDATA_CACHE_DIR")]
            places += [place for folder in folders if folder for place in self._in_files(Path(folder))]
            if places:
                report.outcome = "failed"
                report.longrepr = f"A key was left in {', '.join(dict.fromkeys(places))}"
        return report

    # What it looks at

    def _note_home(self, auth: KeyAuth, key: Secret | None, origins: frozenset[tuple[str, str, int]]) -> None:
        if key is not None:
            self.homes.setdefault(key.reveal(), set()).update(port for _, _, port in origins)

    def _look_at(self, url: str, asked: str, headers: Any) -> None:
        self.look("the address of a request", asked)
        port = urlsplit(url).port
        for key in self.homes:
            if port not in self.homes[key] and any(key in str(one) for one in dict(headers).values()):
                with self._lock:
                    self.found.append(f"a request to a foreign host ({url})")

    def _look_at_outputs(self, outputs: Any) -> None:
        for name, text in zip(("stdout", "stderr"), outputs, strict=True):
            self.look(name, text or "")

    def _in_files(self, folder: Path) -> Iterator[str]:
        for path in folder.rglob("*"):
            try:
                if self.holds_key(path.name):
                    yield f"the name of {path}"
                if not path.is_file() or path.stat().st_size > LARGEST_SEARCHED:
                    continue
                if self.holds_key(path.read_bytes()):
                    yield str(path)
                elif self.keys and path.suffix in PACKED and any(map(self.holds_key, _unpacked(path))):
                    yield f"{path}, packed"
            except (OSError, EOFError, ValueError, zipfile.BadZipFile):
                # Not readable on purpose, or gone meanwhile: then it is not left behind either.
                continue


def _unpacked(path: Path) -> Iterator[bytes]:
    """What a plain search cannot see in a file."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        # In the footer, and once more in the schema that Arrow keeps there in base64, of each column too.
        yield repr(pq.read_metadata(path).metadata).encode()
        schema = pq.read_schema(path)
        yield repr([schema.metadata, *(one.metadata for one in schema)]).encode()
        # What the pages hold.
        for column in pq.read_table(path).columns:
            yield repr(column.to_pylist()[:10_000]).encode()
    elif path.suffix == ".gz":
        yield gzip.decompress(path.read_bytes())
    else:
        with zipfile.ZipFile(path) as archive:
            for one in archive.infolist():
                if one.file_size <= LARGEST_SEARCHED:
                    yield archive.read(one)


def _listen_to_logs(guard: KeyGuard) -> None:
    """Hear all lines of these loggers, whatever level they are set to; others hear what they would have heard."""

    class Overheard(logging.Logger):
        def isEnabledFor(self, level: int) -> bool:
            return True

        def handle(self, record: logging.LogRecord) -> None:
            guard.look(f"the log of {record.name}", f"{record.getMessage()} {record.args!r}")
            if record.exc_info:
                guard.look(f"the log of {record.name}", logging.Formatter().formatException(record.exc_info))
            if not self.manager.disable >= record.levelno >= 0 and record.levelno >= self.getEffectiveLevel():
                super().handle(record)

    names = [one for one in logging.root.manager.loggerDict if one.partition(".")[0] in LOGGERS]
    for name in {*LOGGERS, *names, "urllib3.connectionpool", "urllib3.util.retry"}:
        log = logging.getLogger(name)
        if type(log) is logging.Logger:
            log.__class__ = Overheard


def _watch(owner: type, name: str, look: Callable[..., object]) -> None:
    """Have a method looked at each time it is called."""
    inner = getattr(owner, name)

    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        look(self, *args, **kwargs)
        return inner(self, *args, **kwargs)

    setattr(owner, name, watched)


def _watch_result(owner: type, name: str, look: Callable[[Any], object]) -> None:
    """Have what a method gives looked at."""
    inner = getattr(owner, name)

    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = inner(self, *args, **kwargs)
        look(result)
        return result

    setattr(owner, name, watched)
