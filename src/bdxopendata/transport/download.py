"""A body on its way into a file: written aside, checked, and only then given its name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from bdxopendata import disk

T = TypeVar("T")

_SWEPT: set[tuple[int, Path]] = set()


def resolved_target(target: str | os.PathLike[str]) -> Path:
    """Find the file that a name means: a link is followed, so that it stays a link and its file is replaced.

    Raises
    ------
    FileNotFoundError
        If the folder is missing.
    IsADirectoryError
        If it is a folder itself.
    """
    path = Path(os.path.realpath(target))
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} to write {path.name} into; make it first.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name the file in it.")
    return path


@contextmanager
def part_file(target: Path | None, folder: Path | None, suffix: str) -> Iterator[Path]:
    """Provide a path to write to; whatever is still there afterwards is removed."""
    place = target.parent if target is not None else folder or Path(tempfile.gettempdir())
    if (os.getpid(), place) not in _SWEPT:
        _SWEPT.add((os.getpid(), place))
        disk.sweep_parts(place)
    descriptor, part = disk.new_part(place, suffix, private=target is None)
    os.close(descriptor)
    try:
        yield part
    finally:
        disk.remove(part)


def fill(part: Path, blocks: Iterator[bytes]) -> None:
    """Write the blocks, replacing what an earlier attempt left."""
    with part.open("wb") as file:
        for block in blocks:
            file.write(block)


def finish(part: Path, target: Path | None, check: Callable[[Path], T]) -> T:
    """Check the file and give it its final name, if it has one and `check` did not move it away."""
    result = check(part)
    if target is not None and part.exists():
        disk.move_into_place(part, target)
        disk.sync_folder(target.parent)
        if result == part:
            # Who wants the file's path wants the one that it has now.
            return target  # type: ignore[return-value]  # T is Path then
    return result
