"""Export formats: a file in, a raw Arrow table out.

One file per format, one row in `FORMATS` per format that the library reads. A format knows how its bytes are laid
out and refuses a file that is cut or is something else; what a value means is the business of `frames`. So the columns
of a raw table are what the format carries: text for CSV, WKB for Parquet, text of JSON for a shape that came as JSON.

Every reader refuses with `UnexpectedAnswerError`, whatever the library underneath raises.

Knows no HTTP and no portal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from bdxopendata.fields import Schema
from bdxopendata.formats import csv, geojson, json, jsonl, parquet
from bdxopendata.formats.groups import Keep
from bdxopendata.formats.parquet import decoded_bytes
from bdxopendata.formats.parquet import write as write_parquet
from bdxopendata.formats.rows import rows_to_table
from bdxopendata.formats.shape import LIST_SEPARATOR

__all__ = [
    "FORMATS",
    "LIST_SEPARATOR",
    "Format",
    "batches",
    "count_rows",
    "decoded_bytes",
    "read",
    "rows_to_table",
    "write_parquet",
]


class Reader(Protocol):
    """Reads a whole file."""

    def __call__(
        self, path: Path, schema: Schema, *, labels: bool, list_separator: str, max_rows: int | None
    ) -> pa.Table: ...


class BatchReader(Protocol):
    """Reads a file piece by piece."""

    def __call__(
        self, path: Path, schema: Schema, size: int, *, labels: bool, list_separator: str
    ) -> Iterator[pa.Table]: ...


class Counter(Protocol):
    """Counts the rows of a file."""

    def __call__(self, path: Path) -> int: ...


@dataclass(frozen=True, slots=True)
class Format:
    """One export format.

    Attributes
    ----------
    name
        As the portal calls it.
    suffix
        Ending of file names.
    parameters
        What the library sends, so that the answer is easy to read and loses as little as the format allows.
    read, batches, count_rows
        How a file of it is opened.
    streams
        Whether `batches` needs no more memory than a batch (and a block of the file).
    """

    name: str
    suffix: str
    parameters: tuple[tuple[str, str], ...]
    read: Reader
    batches: BatchReader
    count_rows: Counter
    streams: bool


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format(
            "parquet",
            ".parquet",
            (("parquet_compression", "zstd"),),
            parquet.read,
            parquet.batches,
            parquet.count_rows,
            True,
        ),
        Format("jsonl", ".jsonl", (), jsonl.read, jsonl.batches, jsonl.count_rows, True),
        Format("json", ".json", (), json.read, json.batches, json.count_rows, False),
        Format("geojson", ".geojson", (), geojson.read, geojson.batches, geojson.count_rows, False),
        Format(
            "csv",
            ".csv",
            (
                ("delimiter", csv.DELIMITER),
                ("list_separator", LIST_SEPARATOR),
                ("quote_all", "false"),
                ("with_bom", "false"),
                ("use_labels", "false"),
            ),
            csv.read,
            csv.batches,
            csv.count_rows,
            True,
        ),
    )
}


def read(
    path: Path,
    format: str,
    schema: Schema,
    *,
    labels: bool = False,
    list_separator: str = LIST_SEPARATOR,
    max_rows: int | None = None,
    columns: Sequence[str] | None = None,
    keep: Keep | None = None,
) -> pa.Table:
    """Read a whole export as a raw table.

    Parameters
    ----------
    path
        A file that is complete on disk.
    format
        A name in `FORMATS`.
    schema
        The fields that were asked for.
    labels
        Whether the header of a CSV file holds labels instead of names.
    list_separator
        What joins the values of a multivalued field in a CSV file.
    max_rows
        Refuse a file with more rows, before its rows are read where the format tells.
    columns
        Leave out all other columns, which spares reading them: only of Parquet.
    keep
        Says of the ends of columns in a row group whether one of its rows may be wanted; others are not read. Only of
        Parquet.

    Raises
    ------
    UnexpectedAnswerError
        If the file is cut, is not of this format, or holds more than `max_rows` rows.
    """
    if columns is not None or keep is not None:
        _require_columns(format)
        return parquet.read(
            path, schema, labels=labels, list_separator=list_separator, max_rows=max_rows, columns=columns, keep=keep
        )
    reader = _format(format).read
    return reader(path, schema, labels=labels, list_separator=list_separator, max_rows=max_rows)


def batches(
    path: Path,
    format: str,
    schema: Schema,
    size: int,
    *,
    labels: bool = False,
    list_separator: str = LIST_SEPARATOR,
    columns: Sequence[str] | None = None,
    typed: bool = False,
    keep: Keep | None = None,
) -> Iterator[pa.Table]:
    """Read an export in raw tables of `size` rows (the last one may be shorter).

    All batches have the same columns of the same types, and joined they are what `read` gives once `frames.conform`
    typed them. Where a format leaves the type of a column open (whole numbers beyond 64 bits, fields of unknown type),
    the file is looked through once before the first batch, so that the first batch already knows.

    With `typed`, the cells of a CSV file may come as numbers, times and booleans already, which is much faster; what
    `frames.conform` makes of them is the same. Batches then may differ in the types of their columns.

    With `keep`, as `read`, row groups of Parquet are left out.

    Memory stays bounded by a batch for the formats that stream; JSON and GeoJSON are read whole and cut.

    Raises
    ------
    UnexpectedAnswerError
        As `read`; for damage far into the file, when the batch is due.
    """
    if size < 1:
        raise ValueError(f"size must be at least 1, not {size}")
    if columns is not None or keep is not None:
        _require_columns(format)
        return parquet.batches(
            path, schema, size, labels=labels, list_separator=list_separator, columns=columns, keep=keep
        )
    if typed and format == "csv":
        return csv.typed_batches(path, schema, size, labels=labels, list_separator=list_separator)
    return _format(format).batches(path, schema, size, labels=labels, list_separator=list_separator)


def count_rows(path: Path, format: str) -> int:
    """Count the rows of an export: from the footer of Parquet, from line ends of JSON lines, else by parsing."""
    return _format(format).count_rows(path)


def _require_columns(format: str) -> None:
    if format != "parquet":
        raise ValueError(f"columns and row groups can be left out of parquet, not of {format!r}")


def _format(name: str) -> Format:
    try:
        return FORMATS[name]
    except KeyError:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, not {name!r}") from None
