"""A folder that mirrors a catalogue: a sub-folder with a GeoParquet file for each dataset, and an index.

One listing says which datasets the portal has processed since; only they are fetched. The index is written after each
of them, so that an interrupted run is continued by the next. What the portal no longer has stays, and is marked. Any
program that reads Parquet opens the files; the index is plain JSON.
"""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bdxopendata import disk
from bdxopendata.dataset import Dataset
from bdxopendata.errors import BdxOpenDataError, DatasetNotFoundError, excerpt
from bdxopendata.metadata import DatasetInfo
from bdxopendata.progress import Progress
from bdxopendata.store.names import folder_name

INDEX = "index.json"
INDEX_FORMAT = 1
DATA = "data.parquet"
KIND = "bdxopendata mirror"

FETCHED, CURRENT, VANISHED, NO_TABLE, NOT_READABLE, FAILED = (
    "fetched",
    "current",
    "vanished",
    "no table",
    "not readable",
    "failed",
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one dataset."""

    dataset: str
    state: str
    rows: int | None = None
    version: str | None = None
    error: str | None = None


class Index:
    """What a mirror holds, by dataset: path, version, rows, bytes, title, licence, when it was fetched and vanished."""

    def __init__(self, folder: Path, portal: str, datasets: Mapping[str, Mapping[str, Any]]) -> None:
        self.folder = folder
        self.portal = portal
        self.datasets: dict[str, dict[str, Any]] = {name: dict(facts) for name, facts in datasets.items()}
        self._lock = threading.Lock()

    @classmethod
    def read(cls, folder: Path) -> Index:
        """Read the index of a mirror.

        Raises
        ------
        ValueError
            If the folder is no mirror.
        """
        try:
            found = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            if found["kind"] != KIND or found["index_format"] != INDEX_FORMAT:
                raise ValueError
            index = cls(folder, str(found["portal"]), found["datasets"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(
                f"{folder} is no mirror: it has no {INDEX} that Catalog.mirror wrote. Name an empty or new folder."
            ) from None
        # The index may come from a stranger: what it names must not lead out of the folder.
        for facts in index.datasets.values():
            if folder.resolve() not in (folder / str(facts.get("path"))).resolve().parents:
                raise ValueError(f"{folder} is no mirror: its {INDEX} names a file outside of it.")
        return index

    @classmethod
    def opened(cls, folder: Path, portal: str) -> Index:
        """Read the index of a mirror of this portal, or begin one in a folder that is empty or not there."""
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"{folder} is no folder.")
        if not folder.exists() or not any(folder.iterdir()):
            folder.mkdir(parents=True, exist_ok=True)
            index = cls(folder, portal, {})
            index.write()
            return index
        index = cls.read(folder)
        if index.portal != portal:
            raise ValueError(f"{folder} mirrors {index.portal}, not {portal}; name another folder.")
        return index

    def write(self) -> None:
        """Write it, so that readers find the old or the new one."""
        said = {
            "kind": KIND,
            "index_format": INDEX_FORMAT,
            "portal": self.portal,
            "updated_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "datasets": dict(sorted(self.datasets.items())),
        }
        disk.write_whole(self.folder / INDEX, json.dumps(said, ensure_ascii=False, indent=1).encode())

    def note(self, dataset_id: str, facts: Mapping[str, Any]) -> None:
        """Keep facts of one dataset, from whichever thread."""
        with self._lock:
            self.datasets[dataset_id] = dict(facts)
            self.write()

    def has(self, info: DatasetInfo) -> bool:
        """Whether the file of this version is there as it was written."""
        facts = self.datasets.get(info.dataset_id)
        if facts is None or info.version is None or facts["version"] != info.version:
            return False
        try:
            return bool((self.folder / facts["path"]).stat().st_size == facts["bytes"])
        except OSError:
            return False

    def path(self, dataset_id: str) -> Path:
        """Find the file of a dataset.

        Raises
        ------
        ValueError
            If the mirror does not hold it.
        """
        facts = self.datasets.get(dataset_id)
        if facts is None:
            raise ValueError(f"The mirror {self.folder} does not hold {dataset_id!r}.")
        return self.folder / str(facts["path"])


def mirror(
    index: Index,
    listing: Mapping[str, DatasetInfo],
    dataset_of: Callable[[DatasetInfo], Dataset],
    *,
    ids: Sequence[str] | None,
    threads: int,
    progress: bool | None,
) -> list[Outcome]:
    """Bring a mirror up to date; one `Outcome` a dataset, in the order of their ids.

    Parameters
    ----------
    index
        The mirror.
    listing
        What the portal has now.
    dataset_of
        Makes a dataset of its description.
    ids
        Which datasets; None for all.
    threads
        How many are fetched at once.
    progress
        Whether a bar is shown; None where a person watches.

    Raises
    ------
    DatasetNotFoundError
        If an id is neither in the listing nor in the mirror.
    OSError
        If the disk is full: what is finished stays.
    """
    wanted = sorted(set(ids)) if ids is not None else sorted({*listing, *index.datasets})
    for one in wanted:
        if one not in listing and one not in index.datasets:
            raise DatasetNotFoundError(one, index.portal)
    disk.sweep_parts(index.folder)
    found: dict[str, Outcome] = {}
    changed: list[DatasetInfo] = []
    for one in wanted:
        outcome = _known(index, one, listing.get(one))
        if outcome is None:
            changed.append(listing[one])
        else:
            found[one] = outcome
    with Progress("datasets", progress, unit="", total=len(changed)) as bar, ThreadPoolExecutor(threads) as pool:
        waiting = [pool.submit(_fetched, index, info, dataset_of) for info in changed]
        try:
            for done in as_completed(waiting):
                outcome = done.result()
                found[outcome.dataset] = outcome
                bar.add(1)
        except BaseException:
            # What is on its way is finished and noted; nothing new begins.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [found[one] for one in wanted]


def _known(index: Index, dataset_id: str, info: DatasetInfo | None) -> Outcome | None:
    """Settle a dataset without asking for it; None where it must be fetched."""
    facts = index.datasets.get(dataset_id, {})
    if info is None:
        if facts.get("vanished_at") is None:
            index.note(dataset_id, {**facts, "vanished_at": datetime.now(UTC).isoformat(timespec="seconds")})
        return Outcome(dataset_id, VANISHED, facts.get("rows"), facts.get("version"))
    if not info.has_records:
        return Outcome(dataset_id, NO_TABLE)
    if not info.data_visible:
        return Outcome(dataset_id, NOT_READABLE, facts.get("rows"), facts.get("version"))
    if index.has(info):
        if facts.get("vanished_at") is not None:
            index.note(dataset_id, {**facts, "vanished_at": None})
        return Outcome(dataset_id, CURRENT, facts["rows"], facts["version"])
    return None


def _fetched(index: Index, info: DatasetInfo, dataset_of: Callable[[DatasetInfo], Dataset]) -> Outcome:
    from bdxopendata.frames.geoparquet import describe

    place = Path(folder_name(info.dataset_id)) / DATA
    path = index.folder / place
    before = index.datasets.get(info.dataset_id, {})
    try:
        path.parent.mkdir(exist_ok=True)
        disk.sweep_parts(path.parent)
        dataset_of(info).to_parquet(path)
        said = describe(path)
        version = said.provenance.get("version")
        index.note(
            info.dataset_id,
            {
                "path": place.as_posix(),
                "version": version,
                "rows": said.rows,
                "bytes": path.stat().st_size,
                "title": info.title,
                "licence": info.licence,
                "fetched_at": said.provenance.get("fetched_at"),
                "vanished_at": None,
            },
        )
    # Arrow's own errors are ValueErrors. One dataset that cannot be written does not stop the others.
    except (BdxOpenDataError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        text = excerpt(f"{type(error).__name__}: {error}", 300)
        return Outcome(info.dataset_id, FAILED, before.get("rows"), before.get("version"), text)
    return Outcome(info.dataset_id, FETCHED, said.rows, version)
