"""The one engine behind all topics: find the dataset, ask it, give its columns their names and types.

    sources = find(CONTRACT, catalog)          which datasets, and which of their fields is which column
    source.field("capacity") >= 100            a condition, on the field as the portal calls it
    read(CONTRACT, catalog=…, ask=…)           the frame: own columns first, then whatever else the portal has
    apply(CONTRACT, frame)                     the same for a frame that is already here

What was found, what was missing and which units nobody states travels in ``frame.attrs["bdxopendata"]["topic"]``.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bdxopendata.catalog import Catalog
from bdxopendata.dataset import Dataset
from bdxopendata.errors import SchemaDriftError, excerpt
from bdxopendata.lineage import ATTRIBUTE, Facts
from bdxopendata.odsql import Expression, F, agg
from bdxopendata.query import Query
from bdxopendata.topics import labels
from bdxopendata.topics.contract import UNKNOWN_UNIT, Contract
from bdxopendata.topics.finding import Found, catalog_of, found, match, worded

if TYPE_CHECKING:
    import pandas as pd

# Where a portal column that no contract names has the name of one of ours.
PORTAL_SUFFIX = "_portal"

# A label of the portal is shown as a name of a column; what is longer is a sentence.
LONGEST_LABEL = 80


@dataclass(frozen=True)
class Source:
    """One dataset that answers a topic, and which of its fields is which column.

    Attributes
    ----------
    contract
        What the topic expects.
    dataset
        The dataset.
    how
        How it was found: ``candidate``, ``year`` (the same id with another year), ``search``, or ``asked``.
    fields
        Names of the dataset's fields for each column that it has, best first.
    """

    contract: Contract
    dataset: Dataset
    how: str
    fields: Mapping[str, tuple[str, ...]]

    @property
    def geometry(self) -> str | None:
        """Name of the field that becomes the geometry: of the kind that the contract names where there are two."""
        if self.contract.geometry is None:
            return None
        fields = [field for field in self.dataset.schema if field.is_geometry]
        fields.sort(key=lambda field: field.family != self.contract.geometry)
        return fields[0].name

    @property
    def query(self) -> Query:
        """The question for everything, to which conditions are added."""
        return Query.of(self.dataset)

    def has(self, *columns: str) -> bool:
        """Whether the dataset offers all these columns."""
        return all(column in self.fields for column in columns)

    def field(self, column: str) -> Expression:
        """Word the field behind a column, for a condition.

        Raises
        ------
        SchemaDriftError
            If the dataset does not offer the column, so that it cannot be asked about.
        """
        self.require(column)
        return F[self.fields[column][0]]

    def require(self, *columns: str) -> None:
        """Raise `SchemaDriftError` unless the dataset offers all these columns."""
        lacking = [worded(self.contract.columns[column]) for column in columns if column not in self.fields]
        if lacking:
            raise SchemaDriftError(self.dataset.id, lacking, self.dataset.schema.names)

    def values(self, *columns: str) -> list[tuple[Any, ...]]:
        """List the distinct values of columns together, as the portal has them, missing ones as None.

        The portal counts them, so not a single row is read.
        """
        groups = self.dataset.group_by(*[self.field(column) for column in columns]).select(n=agg.count()).to_pandas()
        keys = groups.iloc[:, : len(columns)]
        return [tuple(row) for row in keys.astype(object).where(keys.notna(), None).itertuples(index=False)]

    @cached_property
    def notes(self) -> dict[str, Any]:
        """What was found and what was not, as plain values."""
        columns = self.contract.columns.values()
        return {
            "dataset": self.dataset.id,
            "found_by": self.how,
            "columns": {name: fields[0] for name, fields in self.fields.items()},
            "missing": [one.name for one in columns if not one.is_derived and one.name not in self.fields],
        }


def find(contract: Contract, catalog: Catalog | str | None = None, dataset: str | None = None) -> tuple[Source, ...]:
    """Find the datasets that answer a topic.

    Parameters
    ----------
    contract
        What is looked for.
    catalog
        Where: a catalogue, or the address of a portal; Bordeaux Métropole by default.
    dataset
        The id of the dataset to use, instead of looking for one.

    Returns
    -------
    tuple of Source
        One, or all of them where the contract combines; never none.

    Raises
    ------
    DatasetNotFoundError
        If there is none; the message says what was looked for, and which datasets look alike.
    SchemaDriftError
        If a candidate lacks a column that the topic cannot do without.
    ValueError
        If `dataset` is about something else.
    """
    return tuple(_source(contract, one) for one in found(contract, catalog_of(catalog), dataset))


def _source(contract: Contract, one: Found) -> Source:
    labels.note(contract)
    schema = one.dataset.schema
    fields = match(contract, {field.name: field.label for field in schema})
    _require(contract, fields, one.dataset.id, schema.names)
    if contract.geometry and schema.geometry is None:
        raise SchemaDriftError(one.dataset.id, ["a geometry"], schema.names)
    return Source(contract, one.dataset, one.how, fields)


def read(
    contract: Contract,
    *,
    catalog: Catalog | str | None = None,
    dataset: str | None = None,
    ask: Callable[[Source], Query] | None = None,
) -> Any:
    """Answer a topic.

    Parameters
    ----------
    contract
        What is asked for.
    catalog, dataset
        As in `find`.
    ask
        Makes the question to a source: usually ``source.query`` with conditions on ``source.field(…)``. By default
        everything.

    Returns
    -------
    pandas.DataFrame or geopandas.GeoDataFrame
        The contract's columns in order, typed, those that the portal lacks without values; ``dataset``, the id of the
        dataset that each row is from; then every other column of the portal under its own name. With a geometry, the
        column ``geometry`` is the active one (EPSG:4326).

    Raises
    ------
    DatasetNotFoundError, SchemaDriftError
        As `find`.
    BdxOpenDataError
        As `Query.to_pandas`.
    """
    return answer(find(contract, catalog, dataset), ask)


def answer(sources: Sequence[Source], ask: Callable[[Source], Query] | None = None) -> Any:
    """Ask sources that were found, and put their answers one below the other; see `read`."""
    frames = []
    for source in sources:
        query = ask(source) if ask else source.query
        raw = query.to_geopandas() if source.contract.geometry else query.to_pandas()
        frame = _applied(source.contract, raw, source.fields, source.dataset.id, source.geometry)
        frame.attrs = dict(raw.attrs)
        frames.append(frame)
    return _joined(sources, frames)


def _joined(sources: Sequence[Source], frames: Sequence[Any]) -> Any:
    import pandas as pd

    contract = sources[0].contract
    facts = [dict(frame.attrs.get(ATTRIBUTE, {})) for frame in frames]
    for frame in frames:
        # Attributes that differ would be compared by pandas, and lost.
        frame.attrs = {}
    whole = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
    topic = {
        "name": contract.topic,
        "sources": [source.notes for source in sources],
        "missing": [
            column.name
            for column in contract.columns.values()
            if not column.is_derived and not any(source.has(column.name) for source in sources)
        ],
        "units": {one.name: one.unit for one in contract.columns.values() if one.unit},
        "unknown_units": [one.name for one in contract.columns.values() if one.unit == UNKNOWN_UNIT],
        "field_labels": _field_labels(sources, whole),
    }
    if len(facts) > 1:
        topic["provenance"] = facts
    whole.attrs = {ATTRIBUTE: Facts({**facts[0], "rows": len(whole), "topic": Facts(topic)})}
    return whole


def _field_labels(sources: Sequence[Source], frame: pd.DataFrame) -> dict[str, str]:
    """List the portal's own labels of the columns that no contract names, where they say more than the names."""
    known = {field.name: field.label for source in reversed(sources) for field in source.dataset.schema}
    own = sources[0].contract.columns
    found = {}
    for name in map(str, frame.columns):
        field = name
        while field not in known and field.endswith(PORTAL_SUFFIX):
            field = field.removesuffix(PORTAL_SUFFIX)
        label = excerpt(known.get(field, "").strip(), LONGEST_LABEL)
        if name not in own and label and label != field and name != "geometry":
            found[name] = label
    return found


def apply(contract: Contract, frame: pd.DataFrame, *, dataset: str = "") -> Any:
    """Give a frame of the portal the columns of a contract.

    Parameters
    ----------
    contract
        What the columns become.
    frame
        As `Query.to_pandas` or `Query.to_geopandas` returns it; not changed.
    dataset
        The id of the dataset it is from.

    Returns
    -------
    pandas.DataFrame or geopandas.GeoDataFrame
        As `read`, on the index of `frame`: every row of it, and every column.

    Raises
    ------
    SchemaDriftError
        If a required column is not there.

    Warns
    -----
    DataQualityWarning
        If values do not fit their type: they are missing then, and counted.
    """
    names = [str(name) for name in frame.columns]
    fields = match(contract, dict.fromkeys(names, ""))
    _require(contract, fields, dataset, names)
    applied = _applied(contract, frame, fields, dataset, _active(contract, frame))
    applied.attrs = dict(frame.attrs)
    return applied


def _applied(
    contract: Contract, frame: Any, fields: Mapping[str, tuple[str, ...]], dataset: str, shape: str | None
) -> Any:
    import pandas as pd

    from bdxopendata.frames import Quality
    from bdxopendata.topics import casts

    quality = Quality()
    columns: dict[str, Any] = {}
    for column in contract.columns.values():
        if column.name not in fields:
            columns[column.name] = casts.missing(column, frame.index)
            continue
        first, *others = (casts.cast(frame[name], column, quality) for name in fields[column.name])
        for other in others:
            first = first.where(first.notna(), other)
        columns[column.name] = first
    columns["dataset"] = pd.Series([dataset] * len(frame), index=frame.index, dtype=casts.TEXT)
    taken = {names[0] for names in fields.values()}
    if shape is not None:
        columns["geometry"] = frame[shape]
        taken.add(shape)
    for name in frame.columns:
        if name not in taken:
            columns[_free_name(str(name), columns)] = frame[name]
    quality.warn(dataset or None)
    made = pd.DataFrame(columns, index=frame.index)
    if shape is None:
        return made
    import geopandas as gpd

    return gpd.GeoDataFrame(made, geometry="geometry")


def _free_name(name: str, taken: Container[str]) -> str:
    while name in taken:
        name += PORTAL_SUFFIX
    return name


def _active(contract: Contract, frame: Any) -> str | None:
    """Choose the geometry column of a frame without its schema."""
    if contract.geometry is None or not hasattr(frame, "geometry"):
        return None
    if contract.geometry == "point":
        for name in frame.columns:
            if frame[name].dtype == "geometry" and (frame[name].dropna().geom_type == "Point").all():
                return str(name)
    return str(frame.geometry.name)


def _require(contract: Contract, fields: Mapping[str, tuple[str, ...]], dataset: str, names: Iterable[str]) -> None:
    lacking = [worded(one) for one in contract.required if one.name not in fields]
    if lacking:
        raise SchemaDriftError(dataset, lacking, tuple(names))


def fill(frame: Any, column: str, values: pd.Series) -> None:
    """Fill the gaps of a column with derived values, in place, and note that they are derived."""
    frame[column] = frame[column].fillna(values)
    facts = frame.attrs.get(ATTRIBUTE, {})
    if "topic" not in facts:
        return
    topic = facts["topic"]
    noted = {
        "missing": [name for name in topic["missing"] if name != column],
        "derived": [*topic.get("derived", []), column],
    }
    frame.attrs[ATTRIBUTE] = Facts({**facts, "topic": Facts({**topic, **noted})})


def topic_of(frame: pd.DataFrame) -> dict[str, Any]:
    """Tell what a topic found on the portal for a frame: sources, columns, missing ones, units.

    Raises
    ------
    ValueError
        If the frame is of no topic, or an operation dropped its ``attrs``.
    """
    topic = frame.attrs.get(ATTRIBUTE, {}).get("topic")
    if not isinstance(topic, dict):
        raise ValueError("This frame carries no facts of a topic: some operations drop them. Read them before.")
    return topic
