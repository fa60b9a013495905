"""What is stored of one dataset, and how it is read back.

An entry is read from its Parquet file once more; by then it has proved that it is used again, and gets a decoded copy,
from which later readings take the columns that they need without decoding or typing anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bdxopendata import disk
from bdxopendata.fields import Schema
from bdxopendata.metadata import DatasetInfo
from bdxopendata.odsql import Question
from bdxopendata.source import Source, question_text
from bdxopendata.store import Entry, Store, StoreKey
from bdxopendata.version import __version__

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from bdxopendata.formats.groups import Keep
    from bdxopendata.frames import Quality
    from bdxopendata.frames.decoded import Decoded

log: logging.Logger = logging.getLogger("bdxopendata")

# Decoding fewer rows takes no time; more bytes than this are read where they are, a column at a time.
DECODED_ROWS = 10_000
DECODED_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Kept:
    """The stored answers of one dataset, as seen with one key."""

    source: Source
    store: Store

    def key(self, question: str = "") -> StoreKey:
        """Key of the answer to a question, by default of the whole dataset."""
        return StoreKey(
            portal=self.source.explore.portal.host,
            dataset_id=self.source.dataset_id,
            fingerprint=self.source.explore.transport.fingerprint,
            question=question,
        )

    def find(self, question: str = "", version: str | None = None) -> Entry | None:
        """Find the answer to a question, by default the whole dataset, for `table` or `whole`."""
        return self.store.find(self.key(question), version=version, decoded=True)

    def answers(self) -> Iterator[Entry]:
        """Yield what is stored for this caller: the whole, and answers to questions."""
        mine = (self.source.explore.portal.host, self.source.dataset_id)
        for stored in self.store.entries():
            if (stored.record["portal"], stored.record["dataset_id"]) == mine:
                # Found by its key again, since entries of another API key are not shown to this one.
                entry = self.find(stored.record["question"])
                if entry is not None:
                    yield entry

    def info(self, entry: Entry) -> DatasetInfo:
        """Describe the dataset as it was when the entry was kept."""
        explore = self.source.explore
        return DatasetInfo.from_json(entry.record["description"], explore.portal, timezone=explore.timezone)

    def keep(
        self,
        question: Question,
        info: DatasetInfo,
        table: pa.Table,
        schema: Schema,
        source: Path | None = None,
        content: str | None = None,
    ) -> None:
        """Keep an answer under its version.

        `source` is the portal's own parquet file, and `content` its hash; without, a file is written here.
        """
        assert info.version is not None
        key = self.key(question_text(question))
        record = {"description": dict(info.raw), "stand_in": self.source.explore.transport.stand_in}
        if source is not None:
            self.store.try_put(
                key, version=info.version, rows=table.num_rows, record=record, source=source, content=content
            )
            return
        from bdxopendata import formats

        self.store.try_put(
            key,
            version=info.version,
            rows=table.num_rows,
            record=record,
            write=lambda target: formats.write_parquet(table, target, schema),
        )

    def table(self, entry: Entry, schema: Schema, needed: Schema | None = None, keep: Keep | None = None) -> pa.Table:
        """Read an entry as a canonical table, or the columns of it that are `needed`.

        With `keep`, rows may be left out that are in row groups of which it says that none is wanted.

        Raises
        ------
        FileNotFoundError
            If it is gone, or was damaged: then it has been removed.
        """
        wanted = (needed or schema).names
        copy = self._copy(entry, schema)
        if copy is not None:
            read = self._from_copy(copy, wanted, lambda: copy.read(wanted))
            if read is not None:
                return read
        if not self.store.is_whole(entry):
            raise FileNotFoundError(entry.path)
        with entry.reading() as path:
            if entry.rows < DECODED_ROWS or not self._may_be_decoded(path):
                return self.source.opened(path, "parquet", needed or schema, some=needed is not None, keep=keep)
            from bdxopendata import frames

            quality = frames.Quality()
            table = self.source.opened(path, "parquet", schema, counted=quality)
        self._decode(entry, schema, table, quality)
        quality.of(wanted).warn(self.source.dataset_id)
        return table if needed is None else table.select(wanted)

    def chosen(
        self,
        entry: Entry,
        schema: Schema,
        wanted: Sequence[str],
        looked_at: Sequence[str],
        choose: Callable[[pa.Table], npt.NDArray[np.bool_]],
    ) -> pa.Table | None:
        """Read the rows that `choose` takes by some columns, as a canonical table; None without a decoded copy."""
        copy = self._copy(entry, schema) if looked_at else None
        if copy is None:
            return None
        return self._from_copy(copy, wanted, lambda: copy.chosen(wanted, looked_at, choose))

    def _copy(self, entry: Entry, schema: Schema) -> Decoded | None:
        """Open the decoded copy of an entry; a damaged one, or one of something else, is removed."""
        if not entry.decoded.is_file():
            return None
        from bdxopendata.frames.decoded import DamagedFileError, Decoded

        try:
            copy = Decoded(entry.decoded)
        except FileNotFoundError:
            return None
        except DamagedFileError as error:
            self._damaged(entry.decoded, error)
            return None
        if copy.made_of == self._made_of(entry, schema):
            return copy
        log.info("The decoded copy of '%s' was made by other rules; it is made again", self.source.dataset_id)
        disk.remove(entry.decoded)
        return None

    def _from_copy(self, copy: Decoded, wanted: Sequence[str], read: Callable[[], pa.Table]) -> pa.Table | None:
        """Read from a decoded copy; None where it is gone, or was damaged and has been removed."""
        from bdxopendata.frames.decoded import DamagedFileError

        try:
            table = read()
        except FileNotFoundError:
            return None
        except DamagedFileError as error:
            self._damaged(copy.path, error)
            return None
        copy.quality(wanted).warn(self.source.dataset_id)
        return table

    def _damaged(self, path: Path, error: Exception) -> None:
        """Remove a damaged copy; nothing is lost, since the data are there, so this is noted and not warned of."""
        log.warning("The decoded copy of '%s' was damaged (%s); it is made again", self.source.dataset_id, error)
        disk.remove(path)

    def _may_be_decoded(self, path: Path) -> bool:
        from bdxopendata import formats

        return formats.decoded_bytes(path) <= DECODED_BYTES

    def _decode(self, entry: Entry, schema: Schema, table: pa.Table, quality: Quality) -> None:
        from bdxopendata.frames import decoded

        made_of = self._made_of(entry, schema)
        try:
            self.store.add_decoded(entry, table.nbytes, lambda path: decoded.write(table, path, made_of, quality))
        except ValueError as error:
            log.info("No decoded copy of '%s': %s", self.source.dataset_id, error)

    def _made_of(self, entry: Entry, schema: Schema) -> dict[str, Any]:
        """Say what a canonical table follows from: the data, the fields, the rules of this version of the library."""
        return {
            "data": entry.record["hash"],
            "fields": [[one.name, one.type, one.multivalued, one.separator] for one in schema],
            "files": self.source.explore.file_url(self.source.dataset_id, ""),
            "library": __version__,
        }
