"""The endings of a question, one per shape of answer: shared by `Dataset` and `Query`.

What a question means is settled by `_bind`, once the dataset's fields are known; the `Reader` answers it, and each
ending turns the one table that comes back into its shape.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from bdxopendata import lake, odsql, saving
from bdxopendata.errors import name_list
from bdxopendata.exports import BULK_FORMATS
from bdxopendata.fields import Schema
from bdxopendata.lake import ROW_GROUP
from bdxopendata.lineage import Provenance
from bdxopendata.odsql import Question
from bdxopendata.reading import FORMATS, Bind, Reader
from bdxopendata.source import question_text

if TYPE_CHECKING:
    import os

    import geopandas as gpd
    import pandas as pd
    import pyarrow as pa

Format = Literal["auto", "parquet", "jsonl", "json", "geojson", "csv", "records", "store"]
Backend = Literal["numpy_nullable", "pyarrow"]

# Roads that are no export of the portal, so that there is no file of them.
NO_EXPORT = ("auto", "records", "store")


class Answers:
    """The endings of a question, one per shape of answer: shared by `Dataset` and `Query`."""

    __slots__ = ()

    @property
    def _reader(self) -> Reader:
        raise NotImplementedError

    @property
    def _needs_schema(self) -> bool:
        """Whether the question means something only once the fields are known."""
        return False

    def _bind(self, schema: Schema) -> Question:
        raise NotImplementedError

    def to_pandas(self, *, format: Format = "auto", dtype_backend: Backend | None = None) -> pd.DataFrame:
        """Read the whole answer as a DataFrame.

        Parameters
        ----------
        format
            The road; ``"auto"`` chooses.
        dtype_backend
            ``"pyarrow"`` for Arrow-backed columns.

        Returns
        -------
        pandas.DataFrame
            One row a record (or a group), columns named and ordered as in the schema or in `select`, typed as the
            portal declares them: text as text, ``int`` as ``Int64``, ``double`` as ``float64``, ``boolean`` as
            ``boolean``, ``date`` as naive ``datetime64[us]``, ``datetime`` as ``datetime64[us, zone]``. A point is two
            columns ``<name>_lon`` and ``<name>_lat`` in degrees (EPSG:4326), a shape is GeoJSON text. No row means an
            empty frame of the same columns.

        Raises
        ------
        IncompleteDataError
            If fewer or more rows arrive than announced.
        DatasetChangedError
            If the portal processes the dataset each time it is read.
        UnknownFieldError
            If the question names a field that is not there; raised before any data are asked for.
        NetworkError, PortalError, UnexpectedAnswerError, OfflineError
            If the portal cannot be reached, refuses, or answers nonsense, or the data are not stored.
        """
        _known_format(format)
        return self._pandas(self._bind, format, dtype_backend)

    def _pandas(self, bind: Bind, format: str, dtype_backend: Backend | None = None) -> pd.DataFrame:
        from bdxopendata import frames

        reading = self._reader.read(bind, format)
        frame = frames.to_pandas(
            reading.table, reading.schema, timezone=self._reader.explore.timezone, dtype_backend=dtype_backend
        )
        reading.provenance.attach(frame)
        return frame

    def to_geopandas(
        self, *, crs: Any = 4326, format: Format = "auto", dtype_backend: Backend | None = None
    ) -> gpd.GeoDataFrame:
        """Read the whole answer as a GeoDataFrame.

        Parameters
        ----------
        crs
            Coordinate system of the result, as anything that pyproj reads; the portal's own is EPSG:4326.
        format
            The road; ``"auto"`` chooses.
        dtype_backend
            ``"pyarrow"`` for Arrow-backed columns.

        Returns
        -------
        geopandas.GeoDataFrame
            As `to_pandas`, with geometry columns in `crs`. The shape is the active geometry where there is one, and a
            point field stays as a second geometry column. Rows with a missing or broken geometry are kept, with None.

        Raises
        ------
        ValueError
            If `crs` is no coordinate system, found before anything is asked; or if the answer has no geometry field.
        BdxOpenDataError
            As `to_pandas`.
        """
        from bdxopendata import frames

        crs = _crs(crs)
        _known_format(format)
        reading = self._reader.read(self._bind, format)
        frame = frames.to_geopandas(
            reading.table, reading.schema, crs=crs, timezone=self._reader.explore.timezone, dtype_backend=dtype_backend
        )
        reading.provenance.attach(frame)
        return frame

    def to_arrow(self, *, format: Format = "auto") -> pa.Table:
        """Read the whole answer as an Arrow table.

        Returns
        -------
        pyarrow.Table
            Times in UTC; geometry as WKB tagged ``geoarrow.wkb`` with its CRS, which geopandas, polars and DuckDB read.
            `provenance` reads where the rows come from in its metadata.

        Raises
        ------
        BdxOpenDataError
            As `to_pandas`.
        """
        from bdxopendata import frames

        _known_format(format)
        reading = self._reader.read(self._bind, format)
        return reading.provenance.attached(frames.to_arrow(reading.table, reading.schema))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Read the whole answer for another library: ``polars.DataFrame(query)``, ``pyarrow.table(query)`` and others.

        Parameters
        ----------
        requested_schema
            The schema that the other library would rather have, in a capsule of the Arrow C data interface.

        Returns
        -------
        object
            A capsule of an ``ArrowArrayStream`` that shares the memory of what `to_arrow` returns.
        """
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    @overload
    def batches(
        self, size: int = ..., *, kind: Literal["pandas"] = ..., format: Format = ...
    ) -> Iterator[pd.DataFrame]: ...
    @overload
    def batches(
        self, size: int = ..., *, kind: Literal["geopandas"], format: Format = ...
    ) -> Iterator[gpd.GeoDataFrame]: ...
    @overload
    def batches(self, size: int = ..., *, kind: Literal["arrow"], format: Format = ...) -> Iterator[pa.Table]: ...
    def batches(
        self,
        size: int = 50_000,
        *,
        kind: Literal["pandas", "geopandas", "arrow"] = "pandas",
        format: Format = "auto",
    ) -> Iterator[Any]:
        """Yield the whole answer in pieces of at most `size` rows, in bounded memory.

        The export is fetched to a temporary file and checked whole before the first piece comes out.

        Parameters
        ----------
        size
            Most rows a piece, from 1.
        kind
            ``"pandas"``, ``"geopandas"`` or ``"arrow"``: what each piece is.
        format
            The road; ``"auto"`` chooses.

        Yields
        ------
        pandas.DataFrame, geopandas.GeoDataFrame or pyarrow.Table
            Pieces with the columns and dtypes of the whole answer. An empty answer yields nothing.

        Raises
        ------
        BdxOpenDataError
            As `to_pandas`, before the first piece.
        """
        _batch_size(size)
        if kind not in ("pandas", "geopandas", "arrow"):
            raise ValueError(f"kind is 'pandas', 'geopandas' or 'arrow', not {kind!r}.")
        _known_format(format)
        return self._pieces(size, kind, format)

    def __bool__(self) -> bool:
        return True

    if not TYPE_CHECKING:
        # What people try who take a question for the frame that answers it. Type checkers refuse these by themselves.

        def __iter__(self):
            raise TypeError(
                f"A {type(self).__name__} is not a list of rows: use to_pandas(), to_geopandas(), batches() or head()."
            )

        def __len__(self):
            raise TypeError(f"A {type(self).__name__} has no length before it is asked: count() asks for it.")

        def __getitem__(self, key):
            one = repr(key) if isinstance(key, str) else "'field'"
            raise TypeError(
                f"A {type(self).__name__} is a question, and has no rows or columns yet: to_pandas()[{one}] reads "
                f"them, select({one}) asks for this column only, and where(F[{one}] == …) for some of the rows."
            )

        def __getattr__(self, name):
            if hasattr(type(self), name):
                # A property failed with an AttributeError of its own, which is the one to show.
                return object.__getattribute__(self, name)
            raise AttributeError(_no_attribute(self, name), name=name, obj=None)

    def _pieces(self, size: int, kind: str, format: str) -> Iterator[Any]:
        from bdxopendata import frames

        zone = self._reader.explore.timezone
        for reading in self._reader.batches(self._bind, size, format):
            if kind == "arrow":
                yield reading.provenance.attached(frames.to_arrow(reading.table, reading.schema))
                continue
            make = frames.to_geopandas if kind == "geopandas" else frames.to_pandas
            frame = make(reading.table, reading.schema, timezone=zone)
            reading.provenance.attach(frame)
            yield frame

    def to_parquet(
        self,
        path: str | os.PathLike[str],
        *,
        partition_by: odsql.Expression | odsql.SelectItem | str | None = None,
        sort_by: odsql.Expression | str | Sequence[odsql.Expression | str] | None = None,
        size: int = ROW_GROUP,
        format: Format = "auto",
    ) -> Path:
        """Write the whole answer as GeoParquet 1.1, in bounded memory.

        Geometry is WKB in EPSG:4326. The box of each row is a column of its own (``bbox``), by which readers leave out
        row groups. Where the rows come from stands in the file: `provenance` reads it from a frame made with
        ``pandas.read_parquet``, or with ``geopandas.read_parquet`` from 1.2 on.

        Parameters
        ----------
        path
            A file, or with `partition_by` a folder; the folder around it must exist. It is whole or as it was before.
        partition_by
            A field or an expression of one field, such as ``F.date.year``: one counted export, one file in a folder
            ``<key>=<value>`` for each value, one for missing values. The key is a column of its own, ``by_<field>``,
            ``<field>_<function>`` or the name given with ``.alias()``; all fields stay in the files. An interrupted
            folder is continued by the same call; partitions of the same version are not fetched again.
        sort_by
            Order of the rows, as in `order_by`. In order, row groups hold narrow ranges, and readers skip more.
        size
            Rows a row group, from 1: the memory that is needed here and by readers.
        format
            The road; ``"auto"`` chooses.

        Returns
        -------
        pathlib.Path
            The file or folder.

        Raises
        ------
        FileNotFoundError, FileExistsError
            If the folder around `path` does not exist, or `path` is a folder with other things.
        ValueError
            If rows cannot be parted by `partition_by`: not one value of text, whole numbers, booleans or dates, missing
            in every row, or with too many values.
        OSError
            If the disk is full; what was at `path` stays.
        BdxOpenDataError
            As `to_pandas`.
        """
        _batch_size(size)
        _known_format(format)
        target = saving.place_of(path) if partition_by is None else saving.folder_of(path)
        keys = () if sort_by is None else (sort_by,) if isinstance(sort_by, (str, odsql.Expression)) else tuple(sort_by)
        wish = lake.Wish(odsql.order_keys(*keys), size, format)
        if partition_by is not None:
            return lake.write_partitions(self._reader, self._bind, target, partition_by, wish)
        lake.write_file(self._reader, self._bind, target, wish)
        return target

    def save(self, path: str | os.PathLike[str], *, escape_formulas: bool = False, format: Format = "auto") -> Path:
        """Save the whole answer to a file that says where its rows come from; `bdxopendata.load` gives it back.

        Parameters
        ----------
        path
            Where to; its folder must exist. The ending says what it becomes: ``.parquet``, ``.geojson``, ``.fgb`` and
            ``.gpkg`` hold what `to_geopandas` returns (Parquet in bounded memory, as `to_parquet`), ``.csv`` and
            ``.xlsx`` what `to_pandas` returns. The file is whole, or as it was before.
        escape_formulas
            For CSV: see `bdxopendata.save`.
        format
            The road; ``"auto"`` chooses.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        ValueError, FileNotFoundError, ImportError
            As `bdxopendata.save`; where the name or the folder is mistaken, before anything is asked.
        BdxOpenDataError
            As `to_pandas`.
        """
        kind, target = saving.format_of(path), saving.place_of(path)
        if ".parquet" in kind.suffixes:
            return self.to_parquet(target, format=format)
        frame = self.to_geopandas(format=format) if kind.geometric else self.to_pandas(format=format)
        return saving.save(frame, target, escape_formulas=escape_formulas)

    def head(self, n: int = 5) -> pd.DataFrame:
        """Read the first `n` rows, as `to_pandas` does.

        Without `order_by`, the portal decides which rows are the first.
        """
        n = whole(n, "n")

        def first(schema: Schema) -> Question:
            question = self._bind(schema)
            return replace(question, limit=n if question.limit is None else min(n, question.limit))

        return self._pandas(first, "auto")

    def count(self) -> int:
        """Count the rows (or groups) of the answer without reading them, by the portal's own count."""
        return self._reader.count(self._bind)

    def download(self, path: str | os.PathLike[str], *, format: str | None = None) -> Path:
        """Save the portal's own export, checked, at `path`.

        The file is complete or not there: it is written aside, its rows are counted against the portal's count, and
        only then does it take the place of what was at `path`. Its types and columns are the portal's; `save` writes
        those of this library.

        Parameters
        ----------
        path
            Where to; its folder must exist.
        format
            Any export format of the dataset: ``parquet``, ``csv``, ``json``, ``jsonl``, ``geojson``, and others that
            the portal offers (``xlsx``, ``shp``, ``fgb``, ``kml`` …), whose rows cannot be counted here. By default
            the ending of the name says it, and a name without one is Parquet.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        FileNotFoundError
            If the folder of `path` does not exist.
        ValueError
            If `format` is no export format, or is not what the ending of the name says.
        BdxOpenDataError
            As `to_pandas`.
        """
        target = saving.place_of(path)
        return self._reader.download(self._bind, target, _export_of(target, format))

    def url(self, *, format: str = "auto") -> str:
        """Word the address that answers the question, for people and other programs; it never holds a key.

        Nothing is asked, but where the question needs the geometry field of a dataset not yet described, its
        description is.

        Parameters
        ----------
        format
            A road as in `to_pandas`, or an export format as in `download`.

        Raises
        ------
        ValueError
            If `format` cannot be one.
        """
        if format not in FORMATS:
            _require_export(format)
        question = self._bind(self._known_schema())
        plan = self._reader.plan(question, format, self._reader.seen) if format in FORMATS else None
        road = plan.road if plan and plan.road != "store" else (BULK_FORMATS[0] if plan else format)
        params = question.params()
        if question.limit is not None:
            params = [*params, ("limit", str(question.limit))]
        segments = ("records",) if road == "records" else ("exports", road)
        return self._reader.explore.url(self._reader.dataset_id, *segments, params=params)

    def explain(self, *, format: Format = "auto") -> str:
        """Tell what would be asked and by which road, without asking.

        Parameters
        ----------
        format
            The road; ``"auto"`` tells which one would be chosen, and why.
        """
        _known_format(format)
        question = self._bind(self._known_schema())
        plan = self._reader.plan(question, format, self._reader.seen)
        asked = "\n".join(f"          {name} = {value}" for name, value in question.params())
        lines = [
            f"dataset   {self._reader.dataset_id} at {self._reader.explore.portal.host}",
            f"road      {plan.road}: {plan.reason}",
            f"question  {'the whole dataset' if not asked else ''}".rstrip(),
            *([asked] if asked else []),
            *([f"limit     {question.limit}"] if question.limit is not None else []),
            f"address   {self.url(format=format)}",
        ]
        if self._reader.seen is None:
            lines.append("(the dataset has not been described yet: stored data may still be used)")
        return "\n".join(lines)

    def _known_schema(self) -> Schema:
        if self._reader.seen is None and self._needs_schema:
            return self._reader.info.schema
        return self._reader.seen.schema if self._reader.seen else Schema(())

    def _described(self) -> Provenance:
        """Say where its rows come from without reading any: what `cite` asks for."""
        info = self._reader.info
        return Provenance.of(
            info,
            question=question_text(self._bind(info.schema)),
            road="",
            rows=info.records_count or 0,
            fetched_at=datetime.now(UTC),
            version=info.version,
            stand_in=self._reader.explore.transport.stand_in,
        )


# What people call things elsewhere, and what does it here.
ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(
        ("collect", "execute", "fetch", "get", "load", "read", "to_dataframe", "to_df", "df"), "to_pandas()"
    ),
    **dict.fromkeys(("to_gdf", "gdf", "to_geodataframe", "to_shapely"), "to_geopandas()"),
    **dict.fromkeys(("plot", "explore", "to_crs", "sjoin", "buffer", "geometry", "crs"), "to_geopandas().{name}"),
    **dict.fromkeys(("filter", "query"), "where(…)"),
    **dict.fromkeys(("sort", "sort_by", "sort_values", "orderby"), "order_by('field')"),
    **dict.fromkeys(("groupby", "agg", "aggregate"), "group_by('field').select(n=agg.count())"),
    **dict.fromkeys(("value_counts", "unique", "nunique"), "group_by('field').select(n=agg.count()).to_pandas()"),
    **dict.fromkeys(("columns", "dtypes", "fields"), "schema of the Dataset, or head().{name}"),
    **dict.fromkeys(("shape", "size", "n_rows"), "count()"),
    **dict.fromkeys(("to_csv", "to_excel", "to_file", "to_json", "write"), "save('rows.csv')"),
    **dict.fromkeys(("tail", "first", "take"), "order_by('-field').head()"),
    **dict.fromkeys(("iterrows", "itertuples", "iter_rows"), "batches()"),
    **dict.fromkeys(("to_polars", "pl"), "polars.DataFrame(…) of it"),
    "intersects": "within(area)",
    "drop": "select(…) of what is to stay",
    "rename": "select(new_name=F.old_name)",
    "assign": "select(…, new=F.field * 2)",
    "describe": "select(mean=agg.avg('field'), largest=agg.max('field')), or to_pandas().describe()",
    **dict.fromkeys(
        ("to_dict", "info", "isna", "merge", "join", "loc", "iloc", "values", "apply"), "to_pandas().{name}"
    ),
}


def _no_attribute(answers: Answers, name: str) -> str:
    """Say what somebody may have meant."""
    kind = type(answers).__name__
    said = f"'{kind}' has no attribute '{name}'"
    if name.startswith("_"):
        return said
    known = [one for one in dir(type(answers)) if not one.startswith("_")]
    near = get_close_matches(name, known, n=2, cutoff=0.75)
    pandas = sys.modules.get("pandas")
    if near:
        return f"{said}. Did you mean {name_list(near)}?"
    for other in (name, *get_close_matches(name, ELSEWHERE, n=1, cutoff=0.85)):
        if other in ELSEWHERE:
            return f"{said}. A {kind} is a question, not a frame: use {ELSEWHERE[other].format(name=other)}."
    reader: Reader | None = getattr(answers, "_reader", None)
    if reader is not None and reader.seen is not None and name in reader.seen.schema:
        return f"{said}. It is a field of the dataset: F.{name} in conditions, select('{name}') for its values."
    if pandas is not None and hasattr(pandas.DataFrame, name):
        return f"{said}. A {kind} is a question, not a frame: to_pandas().{name} is of the frame that answers it."
    return f"{said}."


# Endings of names, and the export formats that have them.
EXPORTS: Mapping[str, str] = {
    **{f".{name}": name for name in ("parquet", "csv", "json", "jsonl", "geojson", "xlsx", "fgb", "kml", "gpx", "shp")},
    ".geoparquet": "parquet",
    ".ndjson": "jsonl",
    ".xls": "xls",
    ".ics": "ical",
    ".ttl": "turtle",
    ".n3": "n3",
    ".rdf": "rdfxml",
    ".jsonld": "jsonld",
}


def _export_of(target: Path, format: str | None) -> str:
    suffix = target.suffix.lower()
    said = EXPORTS.get(suffix)
    if format is None:
        if said is None and suffix:
            raise ValueError(
                f"No export format ends in '{suffix}'; say which one is meant with format='csv' and so on."
            )
        return said or BULK_FORMATS[0]
    _require_export(format)
    if said is not None and said != format and suffix.removeprefix(".") != format:
        raise ValueError(f"'{target.name}' looks like {said}, and format is '{format}'; change one of them.")
    return format


def whole(value: object, name: str) -> int:
    """Check a number of rows: whole, from 0."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is a whole number, not {type(value).__name__}.")
    number = int(value.__index__())
    if number < 0:
        raise ValueError(f"{name} is a whole number from 0, not {number}.")
    if number >= 2**63:
        raise ValueError(f"{name} is a whole number from 0, and less than 2**63.")
    return number


def _batch_size(size: object) -> None:
    if isinstance(size, bool) or not isinstance(size, int):
        raise TypeError(f"size is a whole number, not {type(size).__name__}.")
    if size < 1:
        raise ValueError(f"size is at least 1, not {size}.")


def _crs(crs: Any) -> Any:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        return CRS.from_user_input(crs)
    except CRSError as error:
        raise ValueError(
            f"crs is a coordinate system, such as 4326, 2154 or 'EPSG:3945', not {str(crs)[:60]!r}."
        ) from error


def _require_export(format: object) -> None:
    name = format if isinstance(format, str) else ""
    if not re.fullmatch(r"[a-z][\w.]{0,30}", name) or name in NO_EXPORT:
        raise ValueError(f"format is the name of an export format, such as 'parquet', not {format!r}.")


def _known_format(format: str) -> None:
    if format not in FORMATS:
        raise ValueError(f"format is one of {', '.join(FORMATS)}, not {format!r}.")
