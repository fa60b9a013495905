"""Files that are whole or not there, in folders that nobody else can write into.

A file is written aside under a name that nobody can guess, synced, and moved into place: whoever reads the final name
sees the old file or the new one, never a part. What a killed process leaves behind is recognised by its name and swept
after a day.

Knows neither portals nor data: the store and the cache of small answers both stand on it.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
from pathlib import Path

import platformdirs

APPLICATION = "bdxopendata"
ANSWERS_FILE = "bdxopendata-answers.sqlite"
PART = ".bdxopendata-part-"

# Long enough that no download under way is taken for an orphan.
ORPHAN_AGE = 24 * 3600.0

# Windows refuses to replace or remove a file while a virus scanner or a reader has it open, mostly for a moment.
_SHARING_TRIES = 5
_SHARING_PAUSE = 0.05


class FolderUnusableError(Exception):
    """A folder cannot be had, or others can write into it. The library goes on without; callers say so once."""


def cache_root(folder: Path | None) -> Path:
    """Folder that holds what is kept: the one named, else the user's cache folder.

    Raises
    ------
    FolderUnusableError
        If there is no home to put it in.
    """
    if folder is not None:
        return folder
    try:
        return platformdirs.user_cache_path(APPLICATION, appauthor=False)
    except (RuntimeError, OSError, KeyError) as error:
        raise FolderUnusableError("there is no home folder") from error


def private_folder(path: Path) -> Path:
    """Make a folder for the owner alone, or check the one that is there.

    Raises
    ------
    FolderUnusableError
        If it cannot be made, is a link or a file, belongs to somebody else, or others can write into it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = path.lstat()
    except (OSError, ValueError) as error:
        raise FolderUnusableError(f"{path} cannot be made ({_reason(error)})") from error
    if stat.S_ISLNK(found.st_mode):
        raise FolderUnusableError(f"{path} is a symbolic link; name its destination instead")
    if not stat.S_ISDIR(found.st_mode):
        raise FolderUnusableError(f"{path} is not a folder")
    if hasattr(os, "geteuid"):
        if found.st_uid != os.geteuid():
            raise FolderUnusableError(f"{path} belongs to another user")
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise FolderUnusableError(f"others can write into {path}; forbid it with chmod go-w")
    return path


def new_part(folder: Path, suffix: str = "", *, private: bool = True) -> tuple[int, Path]:
    """Create a file of an unguessable name to write into; return its descriptor and path.

    With ``private=False`` its rights are those of any new file of the user, for exports to a place that the user named.
    """
    path = folder / f"{PART}{secrets.token_hex(8)}{suffix}"
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o600 if private else 0o666), path


def move_into_place(part: Path, target: Path) -> None:
    """Sync a finished file and give it its final name, replacing what was there."""
    descriptor = os.open(part, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    for tried in range(1, _SHARING_TRIES + 1):
        try:
            part.replace(target)
        except PermissionError:
            if os.name != "nt" or tried == _SHARING_TRIES:
                raise
            time.sleep(_SHARING_PAUSE * tried)
        else:
            return


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a loss of power, where the system can do that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(target: Path, data: bytes, *, private: bool = True) -> None:
    """Write a small file so that readers see the old content or the new; `private` as in `new_part`."""
    descriptor, part = new_part(target.parent, private=private)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        move_into_place(part, target)
    finally:
        remove(part)


def remove(path: Path) -> bool:
    """Remove a file; return whether it is gone. A file in use elsewhere may stay."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def sweep_parts(folder: Path) -> None:
    """Remove parts that killed processes of this user left in a folder more than a day ago."""
    try:
        found = [path for path in folder.iterdir() if path.name.startswith(PART) and is_old(path)]
    except OSError:
        return
    for path in found:
        remove(path)


def is_old(path: Path, age: float = ORPHAN_AGE) -> bool:
    """Whether a file was last written longer ago than `age` seconds; False where it is gone."""
    try:
        return time.time() - path.lstat().st_mtime > age
    except OSError:
        return False


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
