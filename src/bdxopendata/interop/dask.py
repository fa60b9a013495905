"""Answers as dask frames: each partition is a counted export of its own, or row groups of a file on disk.

A partition checks itself on the worker that reads it: its rows against the count made when the frame was made, and its
version. So the whole is what one machine would have read, or an error.

A key never travels: each worker takes its own from ``BDXOPENDATA_API_KEY``. All workers of one scheduler together have
at most ``max_in_flight`` requests under way, and one ledger of the calls that the portal has left: see `turns`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bdxopendata.answers import Answers
from bdxopendata.errors import (
    DatasetChangedError,
    IncompleteDataError,
    QuotaWarning,
    SchemaError,
    UnexpectedAnswerError,
)
from bdxopendata.fields import Schema
from bdxopendata.interop.extras import require
from bdxopendata.interop.ranges import LARGEST, ROWS, Range, ranges, row_bytes
from bdxopendata.interop.turns import CALLS, turn
from bdxopendata.lake import MANIFEST, Manifest
from bdxopendata.mirroring import INDEX, Index

if TYPE_CHECKING:
    import os

    import pandas as pd

    from bdxopendata.transport import Quota

EXTRA = "dask"


def to_dask(answers: Answers, *, partitions: int | None = None, by: str | None = None) -> Any:
    """Make a dask frame of an answer: partitions are disjoint ranges of a field.

    Making it asks the portal for counts and for one page of rows, by which the size of a partition is estimated: a few
    requests, and one for each partition. Computing asks four for each partition. No partition holds more than 256 MB
    by that estimate.

    Parameters
    ----------
    answers
        A `Dataset`, or a `Query` of rows.
    partitions
        About how many; uneven values may make fewer, and missing values have one of their own. By default one for
        each 250,000 rows, or more where rows are large.
    by
        The field of the ranges, of times or numbers; by default the first of times, else of whole numbers.

    Returns
    -------
    dask_geopandas.GeoDataFrame or dask.dataframe.DataFrame
        With geometry, where the answer has one. Columns and dtypes are those of `to_geopandas` or `to_pandas`.

    Raises
    ------
    ImportError
        If dask is not installed: it comes with ``bdxopendata[dask]``.
    TypeError, ValueError, UnknownFieldError
        If `partitions` is no number from 1 or more than there are rows, or no ranges can be made of `by`: it is not
        there, has no order, or is missing in every row. If a partition would hold more than 256 MB: there are too few
        `partitions`, or too many rows have one value of `by`, or none.
    IncompleteDataError
        If the counts of the ranges do not add up; for a partition, when it is computed.

    Warns
    -----
    QuotaWarning
        If computing takes more calls than the portal has left. `QuotaExceededError` is raised then when the frame is
        computed, by the first partition whose calls are not left; no call is made for it.
    """
    if not isinstance(answers, Answers):
        raise TypeError(f"to_dask takes a Dataset or a Query, not {type(answers).__name__}.")
    require("dask.dataframe", EXTRA)
    found = ranges(answers, partitions, by)
    parts = [Part(one) for one in found.parts]
    _warn_if_too_few(answers._reader.explore.transport.quota, len(parts))
    return _frame(_read, parts, found.schema, answers._reader.explore.timezone)


def from_parquet(path: str | os.PathLike[str], *, dataset: str | None = None, timezone: str | None = None) -> Any:
    """Make a dask frame of files that this library wrote; nothing is asked of the portal.

    Parameters
    ----------
    path
        A file of `to_parquet`, a folder of its partitions, or a mirror.
    dataset
        Which dataset of a mirror.
    timezone
        Zone in which times are shown; Europe/Paris by default.

    Returns
    -------
    dask_geopandas.GeoDataFrame or dask.dataframe.DataFrame
        As `to_dask`; a partition is one or more row groups, of about 250,000 rows and at most 256 MB as far as row
        groups allow.

    Raises
    ------
    ImportError
        If dask is not installed.
    ValueError
        If `path` is no mirror and `dataset` is given, or the mirror does not hold it.
    UnexpectedAnswerError
        If a file is not one that this library wrote, or a folder of partitions is not whole.
    """
    require("dask.dataframe", EXTRA)
    files = _files(Path(path).expanduser().absolute(), dataset)
    from bdxopendata.frames.geoparquet import describe

    said = [describe(one) for one in files]
    parts = [
        Groups(str(file), groups, one.schema)
        for file, one in zip(files, said, strict=True)
        for groups in _grouped(one.rows, one.row_groups, _row_bytes(file, one.schema))
    ]
    return _frame(_read_groups, parts, said[0].schema, timezone or "Europe/Paris")


def _warn_if_too_few(quota: Quota | None, partitions: int) -> None:
    needed = CALLS * partitions
    if quota is not None and quota.remaining is not None and quota.remaining < needed:
        until = f" until {quota.reset_at:%Y-%m-%d %H:%M} UTC" if quota.reset_at else ""
        warnings.warn(
            f"Computing {partitions:,} partitions takes {needed:,} calls, and {quota.host} accepts "
            f"{quota.remaining:,} more{until}. Make fewer partitions, set an API key where the workers run, or read "
            "files of to_parquet() or Catalog.mirror().",
            QuotaWarning,
            stacklevel=3,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A range as dask sees it: its name tells the question and no more."""

    range: Range

    def __dask_tokenize__(self) -> tuple[str | None, ...]:
        reader = self.range.query._reader
        return reader.explore.portal.host, reader.dataset_id, self.range.version, self.range.text

    def __repr__(self) -> str:
        return f"Part({self.range.query._reader.dataset_id}, {self.range.text or 'everything'}, {self.range.rows} rows)"


@dataclass(frozen=True, slots=True)
class Groups:
    """Row groups of a file."""

    path: str
    groups: tuple[int, ...]
    schema: Schema

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        found = Path(self.path).stat()
        return self.path, self.groups, found.st_size, found.st_mtime_ns


def _frame(read: Any, parts: list[Any], schema: Schema, timezone: str) -> Any:
    import dask
    import dask.dataframe as dd

    from bdxopendata import frames

    if schema.geometry is not None:
        require("dask_geopandas", EXTRA)
    meta = _typed(frames.empty_table(schema), schema, timezone)
    # Otherwise dask gives text another type than pandas has.
    with dask.config.set({"dataframe.convert-string": False}):
        make: Any = dd.from_map
        return make(read, parts, meta=meta, timezone=timezone, dtypes=_dtypes(meta), enforce_metadata=False)


def _typed(table: Any, schema: Schema, timezone: str) -> pd.DataFrame:
    from bdxopendata import frames

    make = frames.to_pandas if schema.geometry is None else frames.to_geopandas
    return make(table, schema, timezone=timezone)


def _dtypes(frame: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(dtype)) for name, dtype in frame.dtypes.items())


def _read(part: Part, timezone: str, dtypes: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """Read one range, on whichever worker, and check that it is what was counted."""
    query = part.range.query
    reader = query._reader
    with turn(reader.explore.transport):
        reading = reader.read(query._bind)
    if reading.table.num_rows != part.range.rows:
        raise IncompleteDataError(reader.dataset_id, part.range.rows, reading.table.num_rows, "a partition")
    if reading.provenance.version not in (part.range.version, None):
        raise DatasetChangedError(reader.dataset_id, part.range.version, reading.provenance.version)
    frame = _typed(reading.table, reading.schema, timezone)
    reading.provenance.attach(frame)
    _refuse_other_types(frame, dtypes, reader.dataset_id)
    return frame


def _read_groups(part: Groups, timezone: str, dtypes: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    from bdxopendata.frames.geoparquet import read_groups

    frame = _typed(read_groups(Path(part.path), part.groups, part.schema), part.schema, timezone)
    _refuse_other_types(frame, dtypes, Path(part.path).name)
    return frame


def _refuse_other_types(frame: pd.DataFrame, dtypes: tuple[tuple[str, str], ...], what: str) -> None:
    """Whole numbers beyond 64 bits make a column text, but only in the partition that has them."""
    different = [
        f"{name} is {got}" for (name, got), known in zip(_dtypes(frame), dtypes, strict=True) if known[1] != got
    ]
    if different:
        raise SchemaError(
            f"A partition of '{what}' has other types than the rest: {', '.join(different)}. "
            "Leave these columns out with select(), or read on one machine."
        )


def _files(path: Path, dataset: str | None) -> list[Path]:
    if dataset is not None or (path / INDEX).is_file():
        index = Index.read(path)
        if dataset is None:
            raise ValueError(f"{path} is a mirror: say which dataset=.")
        return [index.path(dataset)]
    if not path.is_dir():
        return [path]
    manifest = Manifest.read(path)
    if manifest is None or not manifest.whole:
        raise UnexpectedAnswerError(f"{path} has no {MANIFEST} that says that its partitions are whole")
    return [path / name for name in sorted(manifest.done)]


def _row_bytes(path: Path, schema: Schema) -> int:
    """Estimate the memory of a row of a file, by the first ones."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        names = [name for name in file.schema_arrow.names if name in schema]
        first = next(file.iter_batches(1_000, columns=names), None)
    return 0 if first is None else row_bytes(first, schema)


def _grouped(rows: int, groups: int, each: int) -> list[tuple[int, ...]]:
    """Put neighbouring row groups together: a partition has about the usual number of rows, or fewer large ones."""
    if not groups:
        return [()]
    most = min(ROWS, LARGEST // (2 * max(each, 1)))
    together = max(1, most * groups // max(rows, 1))
    return [tuple(range(start, min(start + together, groups))) for start in range(0, groups, together)]
