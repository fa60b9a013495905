"""A question about a dataset: immutable and lazy.

Every verb returns a new `Query`; nothing is asked until an ending (`Answers`) wants an answer. The verbs collect what
is meant; what needs the dataset's fields, such as which of them holds the geometry, is settled when it is asked.
"""

from __future__ import annotations

import math
import secrets
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from bdxopendata import odsql, show
from bdxopendata.answers import Answers, whole
from bdxopendata.errors import FarAwayWarning, excerpt, levels_up, printable
from bdxopendata.fields import Schema
from bdxopendata.odsql import F, Question
from bdxopendata.odsql.geometries import geometry_text
from bdxopendata.reading import Reader


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

    __slots__ = ("__weakref__", "_parts", "_source")

    _parts: _Parts
    _source: Reader

    def __init__(self, source: Reader, parts: _Parts = _Parts()) -> None:
        object.__setattr__(self, "_source", source)
        object.__setattr__(self, "_parts", parts)

    if not TYPE_CHECKING:

        def __setattr__(self, name, value):
            raise AttributeError(f"A Query is never changed, so '{name}' cannot be set: each verb returns a new Query.")

        def __delattr__(self, name):
            raise AttributeError(f"A Query is never changed, so '{name}' cannot be deleted.")

    def __reduce__(self) -> tuple[type[Query], tuple[Reader, _Parts]]:
        return type(self), (self._source, self._parts)

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
            A polygon or several: anything with ``__geo_interface__`` (a shapely geometry, a GeoSeries of one row …), a
            GeoJSON mapping or WKT text, in degrees, longitude first (EPSG:4326). What knows its coordinate system, as
            frames of GeoPandas do, is brought to degrees.
        field
            The geometry field; by default the dataset's own (a shape before a point).

        Raises
        ------
        ValueError
            If it is no area, such as a point; if its outline crosses itself; or if it is not in degrees.
        TypeError
            If it is no geometry.
        """
        # What is no area is refused here, not when the question is asked.
        return self._by_place(_ByPlace("within", (_area_text(area),), "shape"), field)

    def bbox(self, minx: float, miny: float, maxx: float, maxy: float, *, field: str | None = None) -> Query:
        """Keep rows inside a box of longitudes and latitudes, in degrees: west, south, east, north.

        Warns
        -----
        FarAwayWarning
            If the data lie elsewhere, and around the same box with latitude before longitude.
        """
        west, east = _degrees(minx, "minx", 180), _degrees(maxx, "maxx", 180)
        south, north = _degrees(miny, "miny", 90), _degrees(maxy, "maxy", 90)
        if west > east or south > north:
            raise ValueError("A box is minx, miny, maxx, maxy: west before east, south before north.")
        self._hint_at_order((west, south, east, north), f"bbox({south:g}, {west:g}, {north:g}, {east:g})")
        return self._by_place(_ByPlace("in_bbox", (west, south, east, north), "point"), field)

    def near(self, lon: float, lat: float, metres: float, *, field: str | None = None) -> Query:
        """Keep rows at most `metres` from a point, given in degrees, longitude first.

        Warns
        -----
        FarAwayWarning
            If the data lie elsewhere, and around the same point with latitude before longitude.
        """
        lon, lat = _degrees(lon, "lon", 180), _degrees(lat, "lat", 90)
        if isinstance(metres, bool) or not isinstance(metres, (int, float)):
            raise TypeError(f"metres is a number, not {type(metres).__name__}.")
        if not 0 < metres < math.inf:
            raise ValueError(f"metres is above 0, not {metres}.")
        self._hint_at_order((lon, lat, lon, lat), f"near({lat:g}, {lon:g}, {metres:g})")
        return self._by_place(_ByPlace("within_distance", (lon, lat, metres), "point"), field)

    def _hint_at_order(self, box: tuple[float, float, float, float], meant: str) -> None:
        """Warn of coordinates that find nothing where they are and something the other way round."""
        seen = self._source.seen
        extent = (seen.extent if seen else None) or self._source.explore.portal.extent
        west, south, east, north = box
        if extent is not None and not _meet(box, extent) and _meet((south, west, north, east), extent):
            warnings.warn(
                FarAwayWarning(
                    f"Longitude comes first, and the data are elsewhere: {meant} is where they are "
                    f"(longitudes from {extent[0]:g} to {extent[2]:g}, latitudes from {extent[1]:g} to {extent[3]:g})."
                ),
                stacklevel=levels_up(),
            )

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
        return self._with(limit=None if rows is None else whole(rows, "limit"))

    def sample(self, rows: int, *, seed: int | None = None) -> Query:
        """Answer rows chosen by chance, in the portal's random order; it takes the place of `order_by`.

        Parameters
        ----------
        rows
            How many.
        seed
            The same number chooses the same rows, as long as the data stay the same; by default a new one is drawn now.

        Raises
        ------
        ValueError
            If there is a limit already, or groups.
        """
        if self._parts.limit is not None or self._parts.group_by:
            raise ValueError("sample() chooses from all rows that fit: not after limit() or group_by().")
        seed = secrets.randbelow(2**31) if seed is None else whole(seed, "seed")
        return self.order_by(f"random({seed})").limit(rows)

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

    def _said(self) -> list[tuple[str, str]]:
        """Word what the verbs collected: a verb and what it was given."""
        parts = self._parts
        said = [("where", odsql.render(one)) for one in parts.where]
        said += [(f"{place.method} of the geometry", _places_said(place)) for place in parts.places]
        for name, items in (("group_by", parts.group_by), ("select", parts.select or ()), ("order_by", parts.order_by)):
            if items:
                said.append((name, ", ".join(odsql.render(one) for one in items)))
        said += [("refine", f"{field}={value}") for field, value in parts.refine]
        said += [("exclude", f"{field}={value}") for field, value in parts.exclude]
        if parts.limit is not None:
            said.append(("limit", str(parts.limit)))
        return said

    def __str__(self) -> str:
        said = " · ".join(verb if verb.endswith("geometry") else f"{verb} {value}" for verb, value in self._said())
        return printable(f"Query of '{self._source.dataset_id}': {said or 'everything'}")

    def __repr__(self) -> str:
        return excerpt(str(self), 1_000)

    def _repr_html_(self) -> str:
        facts = [(verb, show.code(value[:1_000])) for verb, value in self._said()] or [
            ("rows", show.code("everything"))
        ]
        ask = "Nothing is asked before an ending: to_pandas(), to_geopandas(), count(), save(…) …"
        return show.card(
            f"Query of {self._source.dataset_id}", self._source.explore.portal.name, facts, show.paragraph(ask)
        )


def _places_said(place: _ByPlace) -> str:
    return ", ".join(str(one) for one in place.arguments)


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
        f"its fields are {excerpt(', '.join(schema.names), 1000)}."
    )


def _area_text(area: Any) -> str:
    """WKT of an area in degrees; what is none is refused."""
    crs = getattr(area, "crs", None)
    if crs is not None and hasattr(area, "to_crs"):
        area = area.to_crs(4326)
    text = geometry_text(area)
    import shapely  # heavy, and only needed for places

    shape = shapely.from_wkt(text)
    if shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise ValueError(
            f"within() wants an area, and a {shape.geom_type} has none: near(lon, lat, metres) keeps what is around a "
            "point, and .buffer(…) of a geometry in metres makes an area of it."
        )
    if not shape.is_valid:
        raise ValueError(
            f"The outline of the area is not sound ({shapely.is_valid_reason(shape)}), so what lies within is unclear; "
            "shapely.make_valid(area) repairs it."
        )
    return text


def _meet(box: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two boxes (west, south, east, north) have a point in common."""
    return box[0] <= other[2] and other[0] <= box[2] and box[1] <= other[3] and other[1] <= box[3]


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


def _degrees(value: object, name: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number of degrees, not {type(value).__name__}.")
    if not -most <= value <= most:
        raise ValueError(f"{name} is between -{most} and {most} degrees, not {value}; longitude comes before latitude.")
    return float(value)
