"""Answers as GeoParquet on disk: one file, or a folder with a file for each partition.

A file is written aside and moved into place when it is whole. A folder of partitions grows in a hidden folder beside
its final place, with a manifest of what is finished; it gets its name when all partitions are there and their counts
add up to the whole. What was interrupted is continued, as long as the portal has not processed the dataset again.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bdxopendata import disk, odsql
from bdxopendata.errors import DatasetChangedError, IncompleteDataError, OfflineError, name_list
from bdxopendata.exports import REREADS
from bdxopendata.metadata import DatasetInfo
from bdxopendata.odsql import GroupKey, OrderKey, Question, agg
from bdxopendata.reading import Bind, DamagedExport, Reader
from bdxopendata.source import Reading, question_text

if TYPE_CHECKING:
    from bdxopendata.fields import Schema

log: logging.Logger = logging.getLogger("bdxopendata")

MANIFEST = "_bdxopendata.json"
MANIFEST_FORMAT = 1
# The name that readers of such folders give to the missing value.
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
# Each partition costs a few requests; more of them are a mistake rather than a wish.
MOST_PARTITIONS = 1_000
# Longer names are refused by file systems.
LONGEST_NAME = 200
ROW_GROUP = 100_000
# Rows read at a time: while they are typed they need many times the room that they take in a row group.
PIECE = 25_000

# Equality of other types is a matter of rounding.
KEY_TYPES = ("text", "int", "boolean", "date")


@dataclass(frozen=True, slots=True)
class Wish:
    """How an answer is written: how its rows are ordered, how many make a row group, by which road they come."""

    order_by: tuple[OrderKey, ...] = ()
    size: int = ROW_GROUP
    format: str = "auto"


@dataclass(frozen=True, slots=True)
class Written:
    """One finished file."""

    rows: int
    bytes: int
    version: str | None


def write_file(reader: Reader, bind: Bind, path: Path, wish: Wish, of: Mapping[str, Any] | None = None) -> Written:
    """Write a whole answer to one file, which is complete or as it was before.

    `of` is what the provenance says of the larger answer of which this is a part. An export that came whole and cannot
    be read is fetched once more.
    """
    try:
        return _write_file(reader, bind, path, wish, of)
    except DamagedExport as damaged:
        reader.note_damaged(damaged.error)
    try:
        return _write_file(reader, bind, path, wish, of)
    except DamagedExport as damaged:
        error = damaged.error
    raise error


def _write_file(reader: Reader, bind: Bind, path: Path, wish: Wish, of: Mapping[str, Any] | None) -> Written:
    from bdxopendata.formats.shape import gather
    from bdxopendata.frames.geoparquet import GeoParquetFile

    disk.sweep_parts(path.parent)
    descriptor, part = disk.new_part(path.parent, ".parquet", private=False)
    os.close(descriptor)
    try:
        readings = _readings(reader, _ordered(bind, wish), wish)
        first = next(readings)
        with GeoParquetFile(part, first.schema, reader.explore.timezone) as file:
            file.write(first.table.slice(0, 0))
            for table in gather((reading.table for reading in chain([first], readings)), wish.size):
                file.write(table)
            facts = replace(first.provenance, rows=file.rows)
            file.close({**asdict(facts), "attribution": list(facts.attribution)}, of)
        written = Written(file.rows, part.stat().st_size, facts.version)
        disk.move_into_place(part, path)
    finally:
        disk.remove(part)
    disk.sync_folder(path.parent)
    return written


def _readings(reader: Reader, bind: Bind, wish: Wish) -> Iterator[Reading]:
    """Yield the pieces of an answer, and one of no rows where it is empty."""
    empty = True
    for reading in reader.pieces(bind, min(wish.size, PIECE), wish.format):
        empty = False
        yield reading
    if empty:
        yield reader.read(bind, wish.format)


def _ordered(bind: Bind, wish: Wish) -> Bind:
    return (lambda schema: replace(bind(schema), order_by=wish.order_by)) if wish.order_by else bind


# Partitions


@dataclass(frozen=True, slots=True)
class Partition:
    """The rows with one value of the key: where they go, and how many there must be."""

    value: Any
    folder: str
    rows: int
    condition: odsql.Node

    @property
    def file(self) -> str:
        """Path of its file in the folder."""
        return f"{self.folder}/part-{blake2b(self.folder.encode(), digest_size=4).hexdigest()}.parquet"

    def of(self, bind: Bind) -> Bind:
        """Ask for these rows only."""

        def narrowed(schema: Schema) -> Question:
            question = bind(schema)
            return replace(question, where=(*question.where, self.condition))

        return narrowed


def write_partitions(reader: Reader, bind: Bind, path: Path, by: Any, wish: Wish) -> Path:
    """Write a whole answer to a folder, a file for each value of the key `by`."""
    _refuse_foreign(path)
    if reader.explore.settings.offline:
        raise OfflineError(
            f"the partitions of '{reader.dataset_id}' are counted by the portal", "Leave partition_by= out."
        )
    for _ in range(REREADS + 1):
        info = reader.describe()
        question = reader.bound(bind, info)
        key = partition_key(question, info.schema, by)
        manifest = Manifest.of(reader, question, info, key, wish)
        if manifest.is_whole_at(path):
            log.info("%s is whole and current: nothing is fetched", path)
            return path
        growing = path.with_name(f".{path.name}{disk.PART}folder")
        seen = _grown(reader, bind, growing, manifest, key, wish)
        if seen in (info.version, None):
            _put_into_place(growing, path)
            return path
        log.info("%s was processed while its partitions were read; reading them again", reader.dataset_id)
    raise DatasetChangedError(reader.dataset_id, info.version, seen)


def partition_key(question: Question, schema: Schema, by: Any) -> GroupKey:
    """Settle what is partitioned by, and under which name; a ValueError says what cannot be."""
    if question.is_grouped or question.is_aggregate or question.limit is not None:
        raise ValueError("partition_by goes with rows: not with group_by, aggregates or limit.")
    keys = odsql.group_keys(by)
    if len(keys) != 1:
        raise ValueError("partition_by is one field or one expression, such as F.date.year.")
    key = keys[0]
    fields = odsql.field_names(key.expression)
    for name in fields:
        schema.require(name)
    if len(fields) != 1:
        raise ValueError("partition_by is made of one field.")
    field = schema[fields[0]]
    orderly = field.family in ("text", "number", "time", "boolean") and not field.multivalued
    output = odsql.outputs(Question(group_by=(key,), select=()), schema.types())[0] if orderly else None
    if output is None or output.type not in KEY_TYPES:
        raise ValueError(
            f"Rows cannot be parted by '{odsql.render(key.expression)}': a key is one value of type "
            f"{name_list(list(KEY_TYPES))}, such as F.date.year."
        )
    plain = output.field is not None
    # Readers guess the types of folder names, and '01' would become 1. So a field stays in the files with its type,
    # and the key in the folder's name is a column of its own.
    derived = f"by_{fields[0]}" if plain else f"{fields[0]}_{getattr(key.expression, 'name', 'key')}"
    name = key.alias or derived
    if name in schema:
        raise ValueError(f"The key cannot be called '{name}', like a field; give it a name with .alias('…').")
    return GroupKey(key.expression, name)


def partitions_of(reader: Reader, bind: Bind, key: GroupKey, total: int) -> list[Partition]:
    """List the values of the key with their counts, which add up to `total`."""

    def grouped(schema: Schema) -> Question:
        counted = odsql.select_items(n=agg.count())
        return replace(bind(schema), group_by=(key,), select=counted, order_by=())

    groups = reader.read(grouped).table
    found = dict(zip(groups.column(0).to_pylist(), groups.column(1).to_pylist(), strict=True))
    if len(found) > MOST_PARTITIONS:
        raise ValueError(
            f"'{key.name}' has {len(found):,} values, and each would be an export of its own; "
            f"at most {MOST_PARTITIONS:,} are made. Part by something coarser."
        )
    missing = found.pop(None, 0)
    if total and not found:
        raise ValueError(f"'{key.name}' is missing in every row, so rows cannot be parted by it.")
    left = total - sum(found.values())
    if left > 0 and missing != left:
        # Not every portal lists the group of missing values.
        missing = left
    if left < 0 or missing > left:
        raise IncompleteDataError(reader.dataset_id, total, sum(found.values()) + missing, "the counts of partitions")
    expression = odsql.Expression(key.expression)
    parts = [
        Partition(value, f"{key.name}={_folder_name(value)}", rows, odsql.conditions(expression == value)[0])
        for value, rows in found.items()
        if rows
    ]
    if missing:
        field = odsql.F[odsql.field_names(key.expression)[0]]
        parts.append(Partition(None, f"{key.name}={NULL_PARTITION}", missing, odsql.conditions(field.is_null())[0]))
    return parts


def _folder_name(value: object) -> str:
    if isinstance(value, bool):
        text = str(value).lower()
    else:
        text = value.isoformat() if isinstance(value, date) else str(value)
    name = quote(text, safe=" ")
    if not name or len(name) > LONGEST_NAME:
        raise ValueError(f"The value {text[:40]!r} cannot be the name of a folder; part by something shorter.")
    # A dot alone would lead elsewhere.
    return name.replace(".", "%2E") if set(name) == {"."} else name


class Manifest:
    """What a folder holds and what of it is finished, as JSON in the folder itself."""

    def __init__(self, facts: Mapping[str, Any], done: Mapping[str, Mapping[str, Any]], *, whole: bool) -> None:
        self.facts: dict[str, Any] = dict(facts)
        self.done: dict[str, Mapping[str, Any]] = dict(done)
        self.whole = whole

    @classmethod
    def of(cls, reader: Reader, question: Question, info: DatasetInfo, key: GroupKey, wish: Wish) -> Manifest:
        """Begin the manifest of this wish."""
        facts = {
            "manifest_format": MANIFEST_FORMAT,
            "portal": reader.explore.portal.host,
            "dataset_id": reader.dataset_id,
            "version": info.version,
            "question": question_text(question),
            "partition_by": odsql.render(key.expression),
            "key": key.name,
            "sort_by": [odsql.render(one) for one in wish.order_by],
            "row_group": wish.size,
        }
        return cls(facts, {}, whole=False)

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """Read the manifest of a folder; None where there is none that can be understood."""
        try:
            found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            return cls(found["facts"], found["done"], whole=bool(found["whole"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        """Write it, so that a reader finds the old or the new one."""
        said = {"facts": self.facts, "whole": self.whole, "rows": self.rows, "done": self.done}
        disk.write_whole(folder / MANIFEST, json.dumps(said, ensure_ascii=False, indent=1).encode())

    @property
    def version(self) -> str | None:
        """Version of the dataset that it is about."""
        version: str | None = self.facts["version"]
        return version

    @property
    def rows(self) -> int:
        """Rows of the finished partitions."""
        return sum(int(one["rows"]) for one in self.done.values())

    def has(self, folder: Path, part: Partition) -> bool:
        """Whether a partition is finished and its file as it was left."""
        found = self.done.get(part.file)
        return found is not None and found["rows"] == part.rows and _size(folder / part.file) == found["bytes"]

    def is_whole_at(self, folder: Path) -> bool:
        """Whether a folder holds all of this already."""
        found = Manifest.read(folder)
        return (
            found is not None
            and found.whole
            and found.facts == self.facts
            and self.version is not None
            and all(_size(folder / file) == one["bytes"] for file, one in found.done.items())
        )


def _grown(reader: Reader, bind: Bind, folder: Path, manifest: Manifest, key: GroupKey, wish: Wish) -> str | None:
    """Bring a folder to what the manifest says; return the version, another one where the portal moved on meanwhile."""
    total = reader.count(bind)
    parts = partitions_of(reader, bind, key, total)
    _refuse_alike(parts)
    before = Manifest.read(folder)
    if before is not None and before.facts == manifest.facts and manifest.version is not None:
        manifest.done = {part.file: before.done[part.file] for part in parts if before.has(folder, part)}
    else:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    manifest.write(folder)
    for part in parts:
        if part.file in manifest.done:
            continue
        target = folder / part.file
        target.parent.mkdir(exist_ok=True)
        of = {"question": manifest.facts["question"], "rows": total}
        written = write_file(reader, part.of(bind), target, wish, of)
        # A real-time dataset has no version to compare, only counts.
        if written.version not in (manifest.version, None):
            return written.version
        if written.rows != part.rows:
            raise IncompleteDataError(reader.dataset_id, part.rows, written.rows, f"the partition {part.folder}")
        manifest.done[part.file] = {"rows": written.rows, "bytes": written.bytes}
        manifest.write(folder)
    if manifest.rows != total:
        raise IncompleteDataError(reader.dataset_id, total, manifest.rows, "the partitions")
    manifest.whole = True
    manifest.write(folder)
    return manifest.version


def _put_into_place(folder: Path, path: Path) -> None:
    """Give a whole folder its name; what had it before is removed once it is."""
    old = path.with_name(f".{path.name}{disk.PART}old")
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        path.rename(old)
    try:
        folder.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
    disk.sync_folder(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def _refuse_foreign(path: Path) -> None:
    """Refuse to replace what this library did not write."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise FileExistsError(f"{path} is no folder; partitions are written to a folder.")
    if path.is_dir() and any(path.iterdir()) and Manifest.read(path) is None:
        raise FileExistsError(f"{path} holds files that are no partitions of this library; name another folder.")


def _refuse_alike(parts: Sequence[Partition]) -> None:
    """Refuse values that differ in case only: some file systems take their folders for one."""
    seen: dict[str, str] = {}
    for part in parts:
        other = seen.setdefault(part.folder.casefold(), part.folder)
        if other != part.folder:
            raise ValueError(
                f"Some file systems take '{other}' and '{part.folder}' for one folder; part by .lower() of the field."
            )


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
