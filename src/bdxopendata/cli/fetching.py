"""Rows: ``head`` shows some, ``get`` saves all that fit."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bdxopendata.cli import asking, printing
from bdxopendata.cli.statuses import NOTHING_FOUND, OK

if TYPE_CHECKING:
    from bdxopendata.cli.wording import Words
    from bdxopendata.query import Query

# Name of the format: ending of the file.
FORMATS = {
    "parquet": ".parquet",
    "geoparquet": ".parquet",
    "csv": ".csv",
    "geojson": ".geojson",
    "flatgeobuf": ".fgb",
    "fgb": ".fgb",
    "gpkg": ".gpkg",
    "excel": ".xlsx",
    "xlsx": ".xlsx",
}
# What may be written to a pipe: text, without a file beside it that would be lost.
STREAMED = (".csv", ".geojson")


def add(commands: Any, say: Words) -> None:
    """Describe the commands."""
    one = commands.add("head", head)
    one.add_argument("dataset", metavar=say("DATASET"), help=say("help of dataset"))
    asking.add_limit(one, say, default=10)
    asking.add_conditions(one, say)

    one = commands.add("get", get, epilog=say("epilog of get"))
    one.add_argument("dataset", metavar=say("DATASET"), help=say("help of dataset"))
    one.add_argument("file", nargs="?", metavar=say("FILE"), help=say("help of file"))
    one.add_argument(
        "--format", choices=FORMATS, metavar="FORMAT", help=say("help of --format", known=", ".join(FORMATS))
    )
    one.add_argument("--escape-formulas", action="store_true", help=say("help of --escape-formulas"))
    asking.add_limit(one, say)
    asking.add_conditions(one, say)


def head(asked: argparse.Namespace) -> int:
    """Print the first rows."""
    rows = asking.query_of(asked).head(asked.limit)
    if asked.json:
        printing.as_json(printing.records(rows))
    elif len(rows):
        printing.frame(rows, asked.say)
    else:
        printing.lines([asked.say("no row")])
    return OK if len(rows) else NOTHING_FOUND


def get(asked: argparse.Namespace) -> int:
    """Save the rows that fit, whole or not at all."""
    query = asking.query_of(asked).limit(asked.limit)
    if asked.file == "-":
        return _stream(query, asked)
    target = target_of(asked.file, asked.format, asked.dataset, asked.say)
    rows = save(query, target, asked.escape_formulas)
    if asked.json:
        said = {"file": str(target), "rows": rows, "bytes": target.stat().st_size}
        printing.as_json(said | {"dataset_id": asked.dataset, "licence": _licence(query)})
    else:
        size = printing.size(target.stat().st_size, asked.say)
        printing.lines([asked.say("saved", file=shown(target), rows=asked.say.rows(rows), size=size)])
        if _licence(query):
            printing.lines([asked.say("under", licence=printing.cell(_licence(query)))])
    return OK if rows else NOTHING_FOUND


def target_of(file: str | None, format: str | None, dataset: str, say: Words) -> Path:
    """Choose where rows are saved: the name that was given, with the ending of the format."""
    known = {ending: name for name, ending in reversed(FORMATS.items())} | {".geoparquet": "parquet", ".pq": "parquet"}
    name = Path(file) if file else Path(dataset)
    suffix = name.suffix.lower() if file else ""
    if format is None and suffix and suffix not in known:
        raise ValueError(say("unknown ending", ending=suffix, known=", ".join(dict.fromkeys(FORMATS.values()))))
    if format is not None and suffix in known and FORMATS[known[suffix]] != FORMATS[format]:
        raise ValueError(say("two formats", file=name, format=format))
    target = name if suffix in known else name.with_name(name.name + FORMATS[format or "parquet"])
    target = target.expanduser().absolute()
    if not target.parent.is_dir():
        raise ValueError(say("no folder", folder=target.parent))
    return target


def shown(target: Path) -> str:
    """Name a file as people in its folder do."""
    here = Path.cwd()
    return str(target.relative_to(here) if target.is_relative_to(here) else target)


def save(query: Query, target: Path, escape_formulas: bool) -> int:
    """Save the answer; return how many rows it has."""
    from bdxopendata import saving

    kind = saving.format_of(target)
    if ".parquet" in kind.suffixes:
        # In bounded memory, however many rows there are.
        from pyarrow import parquet

        return int(parquet.read_metadata(query.to_parquet(target)).num_rows)
    frame = query.to_geopandas() if kind.geometric else query.to_pandas()
    saving.save(frame, target, escape_formulas=escape_formulas)
    return len(frame)


def _stream(query: Query, asked: argparse.Namespace) -> int:
    ending = FORMATS.get(asked.format or "csv", "")
    if ending not in STREAMED:
        raise ValueError(asked.say("no stream", format=asked.format))
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / f"{asked.dataset}{ending}"
        rows = save(query, part, asked.escape_formulas)
        # Only now is it known that the answer is whole.
        if sys.stdout.isatty():
            # Programs get the data as they are; a terminal would obey what is in them.
            with part.open(encoding="utf-8", newline="") as text:
                printing.lines(one.rstrip("\r\n") for one in text)
            return OK if rows else NOTHING_FOUND
        with part.open("rb") as source:
            shutil.copyfileobj(source, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    return OK if rows else NOTHING_FOUND


def _licence(query: Query) -> str | None:
    licence: str | None = query._reader.info.licence
    return licence
