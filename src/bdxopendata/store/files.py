"""Data files: hashed, taken over, and removed only while nobody reads them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from bdxopendata import disk
from bdxopendata.store import names

if os.name != "nt":
    import fcntl


def glob(folder: Path, pattern: str) -> list[Path]:
    """List what matches, in order; nothing where the folder cannot be read."""
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def hash_of(path: Path) -> str:
    """Hash the content of a file, 128 bits in hexadecimal."""
    hasher = blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(1024 * 1024):
            hasher.update(block)
    return hasher.hexdigest()


@contextmanager
def hashed_beside(path: Path) -> Iterator[Future[str]]:
    """Hash a file in a thread of its own; the hash is there when this ends, the file may then be moved."""
    with ThreadPoolExecutor(1, "bdxopendata-hash") as thread:
        yield thread.submit(hash_of, path)


def take_over(source: Path, part: Path) -> None:
    """Give the content of `source` another name, without writing it again where both are on one disk."""
    try:
        disk.remove(part)
        part.hardlink_to(source)
        part.chmod(0o600)
    except OSError:
        shutil.copyfile(source, part)


@contextmanager
def reading(path: Path) -> Iterator[Path]:
    """Keep a file from being removed by `remove_unless_busy`, in any process, while it is read."""
    with path.open("rb") as file:
        if os.name != "nt":
            # Without working locks the worst is that the file is gone before it is opened.
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield path


def remove_data(path: Path) -> None:
    """Remove a data file and its decoded copy, each unless somebody is in `reading`."""
    for one in (names.decoded_of(path), path):
        remove_unless_busy(one)


def remove_unless_busy(path: Path) -> bool:
    """Remove a file unless somebody is in `reading`; the sweep comes by again."""
    if os.name != "nt":
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        except OSError:
            # Locks do not work here. A reader then fetches again.
            return disk.remove(path)
    return disk.remove(path)
