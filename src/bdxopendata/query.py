"""A question about a dataset: immutable and lazy.

Every verb returns a new `Query`; nothing is asked until an ending (`Answers`) wants an answer. The verbs collect what
is meant; what needs the dataset's fields, such as which of them holds the geometry, is settled when it is asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from bdxopendata import lake, odsql, saving
from bdxopendata.fields import Schema
from bdxopendata.lake import ROW_GROUP
from bdxopendata.odsql import F, Question
from bdxopendata.odsql.geometries import geometry_text
from bdxopendata.reading import BULK_FORMATS, FORMATS, Reader

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

    @property
    def _reader(self) -> Reader:
        raise NotImplementedError

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
        from bdxopendata import frames

        reading = self._reader.read(self._bind, format)
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

        Raises
        ------
        BdxOpenDataError
            As `to_pandas`.
        """
        from bdxopendata import frames

        reading = self._reader.read(self._bind, format)
        return frames.to_arrow(reading.table, reading.schema)

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

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(
            f"A {type(self).__name__} is not a list of rows: use to_pandas(), to_geopandas(), batches() or head()."
        )

    def _pieces(self, size: int, kind: str, format: str) -> Iterator[Any]:
        from bdxopendata import frames

        zone = self._reader.explore.timezone
        for reading in self._reader.batches(self._bind, size, format):
            if kind == "arrow":
                yield frames.to_arrow(reading.table, reading.schema)
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
        ``pandas.read_parquet`` or ``geopandas.read_parquet``.

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
        target = Path(path).expanduser().absolute()
        if not target.parent.is_dir():
            raise FileNotFoundError(f"The folder {target.parent} does not exist; make it first.")
        keys = () if sort_by is None else (sort_by,) if isinstance(sort_by, (str, odsql.Expression)) else tuple(sort_by)
        wish = lake.Wish(odsql.order_keys(*keys), size, format)
        if partition_by is not None:
            return lake.write_partitions(self._reader, self._bind, target, partition_by, wish)
        if target.is_dir():
            raise FileExistsError(f"{target} is a folder; name a file, or say partition_by=.")
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
        n = _whole(n, "n")
        return Query.of(self).limit(n).to_pandas()

    def count(self) -> int:
        """Count the rows (or groups) of the answer without reading them, by the portal's own count."""
        return self._reader.count(self._bind)

    def download(self, path: str | os.PathLike[str], *, format: str = "parquet") -> Path:
        """Save the portal's own export, checked, at `path`.

        The file is complete or not there: it is written aside, its rows are counted against the portal's count, and
        only then does it take the place of what was at `path`.

        Parameters
        ----------
        path
            Where to; its folder must exist.
        format
            Any export format of the dataset: ``parquet``, ``csv``, ``json``, ``jsonl``, ``geojson``, and others that
            the portal offers (``xlsx``, ``shp``, ``fgb``, ``kml`` …), whose rows cannot be counted here.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        FileNotFoundError
            If the folder of `path` does not exist.
        BdxOpenDataError
            As `to_pandas`.
        """
        target = Path(path).expanduser().absolute()
        if not target.parent.is_dir():
            raise FileNotFoundError(f"The folder {target.parent} does not exist; make it first.")
        _require_export(format)
        return self._reader.download(self._bind, target, format)

    def url(self, *, format: str = "auto") -> str:
        """Word the address that answers the question, for people and other programs; it never holds a key.

        Nothing is asked, but where the question needs the geometry field of a dataset not yet described, its
        description is.
        """
        question = self._bind(self._known_schema())
        plan = self._reader.plan(question, format, self._reader.seen) if format in FORMATS else None
        road = plan.road if plan and plan.road != "store" else (BULK_FORMATS[0] if plan else format)
        params = question.params()
        if question.limit is not None:
            params = [*params, ("limit", str(question.limit))]
        segments = ("records",) if road == "records" else ("exports", road)
        return self._reader.explore.url(self._reader.dataset_id, *segments, params=params)

    def explain(self) -> str:
        """Tell what would be asked and by which road, without asking."""
        question = self._bind(self._known_schema())
        plan = self._reader.plan(question, "auto", self._reader.seen)
        asked = "\n".join(f"          {name} = {value}" for name, value in question.params())
        lines = [
            f"dataset   {self._reader.dataset_id} at {self._reader.explore.portal.host}",
            f"road      {plan.road}: {plan.reason}",
            f"question  {'the whole dataset' if not asked else ''}".rstrip(),
            *([asked] if asked else []),
            *([f"limit     {question.limit}"] if question.limit is not None else []),
            f"address   {self.url()}",
        ]
        if self._reader.seen is None:
            lines.append("(the dataset has not been described yet: stored data may still be used)")
        return "\n".join(lines)

    def _known_schema(self) -> Schema:
        if self._reader.seen is None and Query.of(self)._needs_schema:
            return self._reader.info.schema
        return self._reader.seen.schema if self._reader.seen else Schema(())


@dataclass(frozen=True, slots=True)
class _ByPlace:
    """A condition on the geometry field, which only the schema names; `prefer` says which kind of field comes first."""

    method: str
    arguments: tuple[Any, ...]
    prefer: str

    def on(self, name: str) -> odsql.Expression:
        condition: odsql.Expression = getattr(F[name], self.method)(*self.arguments)
        return condition


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the verbs collected, in the order in which they came."""

    where: tuple[Any, ...] = ()
    places: tuple[_ByPlace, ...] = ()
    select: tuple[odsql.SelectItem, ...] | None = None
    group_by: tuple[odsql.GroupKey, ...] = ()
    order_by: tuple[odsql.OrderKey, ...] = ()
    refine: tuple[tuple[str, str], ...] = ()
    exclude: tuple[tuple[str, str], ...] = ()
    limit: int | None = None


class Query(Answers):
    """A question about one dataset; made by the verbs of `Dataset`, never changed.

    Examples
    --------
    >>> from bdxopendata import Dataset, F, agg
    >>> trees = Dataset("ec_arbre_p")
    >>> tall = trees.where(F.hauteur > 20).select("genre", "hauteur").order_by("-hauteur").limit(10)
    >>> print(tall)
    Query of 'ec_arbre_p': where hauteur > 20 · select genre, hauteur · order_by hauteur DESC · limit 10
    """

    __slots__ = ("_parts", "_source")

    def __init__(self, source: Reader, parts: _Parts = _Parts()) -> None:
        self._source = source
        self._parts = parts

    @classmethod
    def of(cls, answers: Answers) -> Query:
        """Return the query that asks what `answers` asks."""
        return answers if isinstance(answers, Query) else cls(answers._reader)

    @property
    def _reader(self) -> Reader:
        return self._source

    @property
    def _needs_schema(self) -> bool:
        return bool(self._parts.places)

    def _with(self, **changes: Any) -> Query:
        return Query(self._source, replace(self._parts, **changes))

    def where(self, *conditions: odsql.Expression | str) -> Query:
        """Keep rows that satisfy every condition, in addition to those given before.

        Parameters
        ----------
        conditions
            Expressions such as ``F.hauteur > 20``, or raw ODSQL text. Text is parsed here: what is not one whole
            condition is refused.

        Raises
        ------
        QueryError
            If a text is not ODSQL; the message shows where.
        TypeError
            If a condition is neither.
        """
        if not conditions:
            raise TypeError("where() wants at least one condition, such as F.hauteur > 20.")
        for one in conditions:
            if not isinstance(one, (str, odsql.Expression)):
                raise TypeError(
                    f"A condition is an expression such as F.hauteur > 20, or ODSQL text, not {type(one).__name__}."
                )
        return self._with(where=(*self._parts.where, *odsql.conditions(*conditions)))

    def within(self, area: Any, *, field: str | None = None) -> Query:
        """Keep rows whose geometry lies within an area.

        Parameters
        ----------
        area
            Anything with ``__geo_interface__`` (a shapely geometry, a GeoSeries of one row …), a GeoJSON mapping or WKT
            text, in degrees, longitude first (EPSG:4326).
        field
            The geometry field; by default the dataset's own (a shape before a point).
        """
        # What is no area is refused here, not when the question is asked.
        return self._by_place(_ByPlace("within", (geometry_text(area),), "shape"), field)

    def bbox(self, minx: float, miny: float, maxx: float, maxy: float, *, field: str | None = None) -> Query:
        """Keep rows inside a box of longitudes and latitudes, in degrees: west, south, east, north."""
        west, east = _degrees(minx, "minx", 180), _degrees(maxx, "maxx", 180)
        south, north = _degrees(miny, "miny", 90), _degrees(maxy, "maxy", 90)
        if west > east or south > north:
            raise ValueError("A box is minx, miny, maxx, maxy: west before east, south before north.")
        return self._by_place(_ByPlace("in_bbox", (west, south, east, north), "point"), field)

    def near(self, lon: float, lat: float, metres: float, *, field: str | None = None) -> Query:
        """Keep rows at most `metres` from a point, given in degrees, longitude first."""
        lon, lat = _degrees(lon, "lon", 180), _degrees(lat, "lat", 90)
        if isinstance(metres, bool) or not isinstance(metres, (int, float)):
            raise TypeError(f"metres is a number, not {type(metres).__name__}.")
        if not 0 < metres < math.inf:
            raise ValueError(f"metres is above 0, not {metres}.")
        return self._by_place(_ByPlace("within_distance", (lon, lat, metres), "point"), field)

    def _by_place(self, condition: _ByPlace, field: str | None) -> Query:
        if field is not None:
            return self.where(condition.on(field))
        return self._with(places=(*self._parts.places, condition))

    def refine(self, facets: Mapping[str, Any] | None = None, /, **more: Any) -> Query:
        """Keep records with these facet values: ``refine(insee="33063")``; a list gives several values.

        Different facets are joined by AND; several values of one by OR where the field is disjunctive, else by AND.
        """
        return self._with(refine=(*self._parts.refine, *_facets(facets, more, "refine")))

    def exclude(self, facets: Mapping[str, Any] | None = None, /, **more: Any) -> Query:
        """Leave out records with these facet values."""
        return self._with(exclude=(*self._parts.exclude, *_facets(facets, more, "exclude")))

    def select(
        self, *columns: odsql.Expression | odsql.Selection | str, **named: odsql.Expression | str | float
    ) -> Query:
        """Choose the columns of the answer; it replaces an earlier choice.

        Parameters
        ----------
        columns
            Field names, expressions, or raw ODSQL text such as ``"count(*) as n"``.
        named
            Computed columns: ``height_cm=F.hauteur * 100``, ``n=agg.count()``.

        Raises
        ------
        ValueError
            If two columns get the same name.
        """
        if not columns and not named:
            raise TypeError("select() wants at least one column.")
        items = odsql.select_items(*_one_by_one(columns), **{alias: _computed(value) for alias, value in named.items()})
        _refuse_double([item.name for item in items if isinstance(item, odsql.SelectItem)], "select")
        return self._with(select=items)

    def group_by(self, *keys: odsql.Expression | odsql.SelectItem | str) -> Query:
        """Group rows; `select` then names aggregates. All groups come back, whatever their number."""
        if not keys:
            raise TypeError("group_by() wants at least one key.")
        groups = odsql.group_keys(*_one_by_one(keys))
        _refuse_double([group.name for group in groups], "group_by")
        return self._with(group_by=groups)

    def order_by(self, *keys: odsql.Expression | odsql.OrderKey | str) -> Query:
        """Order rows; ``"-hauteur"`` or ``F.hauteur.desc()`` for the largest first; missing values come last."""
        if not keys:
            raise TypeError("order_by() wants at least one key.")
        return self._with(order_by=odsql.order_keys(*_one_by_one(keys)))

    def limit(self, rows: int | None) -> Query:
        """Answer at most so many rows in all; None takes a limit away."""
        return self._with(limit=None if rows is None else _whole(rows, "limit"))

    def _bind(self, schema: Schema) -> Question:
        parts = self._parts
        places = odsql.conditions(*(place.on(_geometry_name(schema, place.prefer)) for place in parts.places))
        select, group_by = _with_named_keys(parts.select, parts.group_by)
        return Question(
            where=(*parts.where, *places),
            select=select if select is not None or not group_by else (),
            group_by=group_by,
            order_by=parts.order_by,
            refine=parts.refine,
            exclude=parts.exclude,
            limit=parts.limit,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Query) and self._source is other._source and self._parts == other._parts

    def __hash__(self) -> int:
        return hash((id(self._source), self._parts))

    def __str__(self) -> str:
        parts = self._parts
        shown = [f"where {odsql.render(one)}" for one in parts.where]
        shown += [f"{place.method} of the geometry" for place in parts.places]
        for name, items in (("group_by", parts.group_by), ("select", parts.select or ()), ("order_by", parts.order_by)):
            if items:
                shown.append(f"{name} {', '.join(odsql.render(one) for one in items)}")
        shown += [f"refine {field}={value}" for field, value in parts.refine]
        shown += [f"exclude {field}={value}" for field, value in parts.exclude]
        if parts.limit is not None:
            shown.append(f"limit {parts.limit}")
        return f"Query of '{self._source.dataset_id}': {' · '.join(shown) or 'everything'}"

    __repr__ = __str__

    def __bool__(self) -> bool:
        return True


def _with_named_keys(
    select: tuple[odsql.Selection, ...] | None, group_by: tuple[odsql.GroupKey, ...]
) -> tuple[tuple[odsql.Selection, ...] | None, tuple[odsql.GroupKey, ...]]:
    """Move the names that `select` gives to group keys into `group_by`.

    The portal answers null under a name that only `select` gives to a grouped expression.
    """
    if select is None or not group_by:
        return select, group_by
    named = {item.expression: item for item in select if isinstance(item, odsql.SelectItem) and item.alias}
    moved = {key.expression for key in group_by if key.alias is None and key.expression in named}
    keys = tuple(
        odsql.GroupKey(key.expression, named[key.expression].alias) if key.expression in moved else key
        for key in group_by
    )
    return tuple(item for item in select if getattr(item, "expression", None) not in moved), keys


def _one_by_one(given: tuple[Any, ...]) -> tuple[Any, ...]:
    """Take one list of names for the names in it, as people write it for pandas."""
    if len(given) == 1 and isinstance(given[0], (list, tuple)):
        return tuple(given[0])
    return given


def _computed(value: object) -> odsql.Expression | str:
    """Take a constant for an expression; a text is a field name or raw ODSQL, as elsewhere in `select`."""
    return value if isinstance(value, (odsql.Expression, str)) else odsql.Expression(odsql.literal(value))


def _geometry_name(schema: Schema, prefer: str) -> str:
    for family in (prefer, "point" if prefer == "shape" else "shape"):
        for one in schema:
            if one.family == family:
                return one.name
    raise ValueError(
        f"'{schema.dataset_id}' has no field of points or shapes, so it cannot be asked by place; "
        f"its fields are {', '.join(schema.names)}."
    )


def _facets(facets: Mapping[str, Any] | None, more: Mapping[str, Any], verb: str) -> list[tuple[str, str]]:
    given = {**(facets or {}), **more}
    if not given:
        raise TypeError(f"{verb}() wants at least one facet, such as {verb}(insee='33063').")
    return [(name, text) for name, value in given.items() for text in _facet_texts(name, value)]


def _facet_texts(name: str, value: object) -> Iterator[str]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        yield _facet_text(name, value)
        return
    values = list(value)
    if not values:
        raise ValueError(f"The list of values for '{name}' is empty.")
    for one in values:
        yield _facet_text(name, one)


def _facet_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        if value == "":
            raise ValueError(
                f"The value for '{name}' is empty; missing values are asked for with F['{name}'].is_null()."
            )
        return str(value)
    if isinstance(value, (date, datetime)):
        return value.strftime("%Y/%m/%d")
    raise TypeError(f"A facet value is text, a number, a boolean or a date, not {type(value).__name__}.")


def _refuse_double(names: list[str], verb: str) -> None:
    double = {name for name in names if names.count(name) > 1}
    if double:
        raise ValueError(f"{verb}() got two columns named {', '.join(sorted(double))}; give one of them another name.")


def _whole(value: object, name: str) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is a whole number, not {type(value).__name__}.")
    number = int(value.__index__())
    if number < 0:
        raise ValueError(f"{name} is a whole number from 0, not {number}.")
    if number >= 2**63:
        raise ValueError(f"{name} is a whole number from 0, and less than 2**63.")
    return number


def _degrees(value: object, name: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number of degrees, not {type(value).__name__}.")
    if not -most <= value <= most:
        raise ValueError(f"{name} is between -{most} and {most} degrees, not {value}; longitude comes before latitude.")
    return float(value)


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
