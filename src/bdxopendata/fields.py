"""The portal's field types, and the column types that they become.

One row in `FIELD_TYPES` is one portal type. Everything that types a column reads this table, so the same field is
the same column by whichever road it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, overload

from bdxopendata import show
from bdxopendata.errors import UnknownFieldError, excerpt

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FieldType:
    """One portal type.

    Attributes
    ----------
    name
        The portal's name.
    dtype
        The pandas dtype, as text; ``zone`` stands for the time zone of the settings.
    family
        What can be done with it: ``text``, ``number``, ``time``, ``boolean``, ``point``, ``shape``, ``file`` or
        ``other``.
    """

    name: str
    dtype: str
    family: str


FIELD_TYPES: Mapping[str, FieldType] = {
    kind.name: kind
    for kind in (
        FieldType("text", "str", "text"),
        FieldType("int", "Int64", "number"),
        FieldType("double", "float64", "number"),
        FieldType("boolean", "boolean", "boolean"),
        FieldType("date", "datetime64[us]", "time"),
        FieldType("datetime", "datetime64[us, zone]", "time"),
        FieldType("geo_point_2d", "geometry", "point"),
        FieldType("geo_shape", "geometry", "shape"),
        FieldType("file", "object", "file"),
        FieldType(UNKNOWN, "object", "other"),
    )
}

# Older names that portals still send, and what they are called today.
LEGACY_TYPES: Mapping[str, str] = {"decimal": "double", "image": "file", "json": "text", "json_blob": "text"}


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a dataset, as the portal describes it.

    Attributes
    ----------
    name
        Technical name, which is also the column name in every frame.
    type
        Portal type, one of `FIELD_TYPES`; ``unknown`` for a type that the library does not know.
    label
        Name for people.
    description
        Longer text, where the publisher wrote one.
    unit
        Unit of measure, where the publisher gave one.
    precision
        For dates and times: ``year``, ``month``, ``day``, ``hour`` or ``minute``, where the portal says so.
    multivalued
        Whether a cell holds a list of texts.
    separator
        What joins the values of a multivalued or hierarchical field.
    hierarchical
        Whether a cell holds a path, such as ``Europe/Paris``.
    facet, disjunctive
        Whether values can be refined on, and whether two values of it are joined by OR.
    annotations
        Everything that the portal noted, each flag or list brought to one scalar.
    """

    name: str
    type: str
    label: str = ""
    description: str | None = None
    unit: str | None = None
    precision: str | None = None
    multivalued: bool = False
    separator: str = ","
    hierarchical: bool = False
    facet: bool = False
    disjunctive: bool = False
    annotations: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False)

    @property
    def kind(self) -> FieldType:
        """The row of `FIELD_TYPES` that types this field."""
        return FIELD_TYPES.get(self.type, FIELD_TYPES[UNKNOWN])

    @property
    def family(self) -> str:
        """What can be done with the field: see `FieldType.family`."""
        return self.kind.family

    @property
    def dtype(self) -> str:
        """The pandas dtype of the column, as text (``object`` for lists of text)."""
        if self.multivalued and self.family == "text":
            return "object"
        return self.kind.dtype

    @property
    def is_geometry(self) -> bool:
        """Whether the column holds points or shapes."""
        return self.family in ("point", "shape")

    def named(self, name: str) -> Field:
        """Return the same field under another column name."""
        return self if name == self.name else replace(self, name=name)

    def _repr_html_(self) -> str:
        facts = [
            ("label", self.label),
            ("type", self.type),
            ("dtype", self.dtype),
            ("unit", self.unit),
            ("precision", self.precision),
            ("several values", f"joined by '{self.separator}'" if self.multivalued else None),
            ("facet", "yes" if self.facet else None),
            ("description", self.description),
        ]
        return show.card(self.name, "field", facts)


class Schema:
    """The fields of a dataset or of an answer, in order.

    Indexed by place or by name; ``"hauteur" in schema`` asks for a name. A sequence of `Field` in all but its base
    class, since a sequence of fields could not be asked for a text.
    """

    __slots__ = ("_by_name", "_fields", "dataset_id", "timezone")

    def __init__(self, fields: Iterable[Field], *, dataset_id: str | None = None, timezone: str | None = None) -> None:
        self._fields = tuple(fields)
        self._by_name = {one.name: one for one in self._fields}
        self.dataset_id: str | None = dataset_id
        # The zone in which frames show its moments, where it is known.
        self.timezone: str | None = timezone

    @property
    def names(self) -> tuple[str, ...]:
        """Field names, in order."""
        return tuple(one.name for one in self._fields)

    @property
    def geometry(self) -> Field | None:
        """The field that gives a frame its geometry: the first shape, else the first point."""
        for family in ("shape", "point"):
            for one in self._fields:
                if one.family == family:
                    return one
        return None

    def types(self) -> dict[str, str]:
        """Portal type by field name."""
        return {one.name: one.type for one in self._fields}

    def near(self, name: str, count: int = 3) -> tuple[str, ...]:
        """Names that look like `name`, best first."""
        folded = {known.casefold(): known for known in self.names}
        return tuple(folded[match] for match in get_close_matches(name.casefold(), folded, n=count, cutoff=0.5))

    def require(self, name: str) -> Field:
        """Return the field of this name; `UnknownFieldError` with the nearest names otherwise."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownFieldError(name, self.near(name), self.dataset_id) from None

    @overload
    def __getitem__(self, key: int | str) -> Field: ...
    @overload
    def __getitem__(self, key: slice) -> Schema: ...
    def __getitem__(self, key: int | str | slice) -> Field | Schema:
        if isinstance(key, str):
            return self.require(key)
        if isinstance(key, slice):
            return Schema(self._fields[key], dataset_id=self.dataset_id, timezone=self.timezone)
        return self._fields[key]

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name or (isinstance(name, Field) and name in self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash(self._fields)

    def dtypes(self) -> dict[str, str]:
        """Pandas dtype by field name, as text, with the zone in which frames show moments."""
        return {one.name: one.dtype.replace(", zone]", f", {self.timezone or 'zone'}]") for one in self._fields}

    def to_pandas(self) -> pd.DataFrame:
        """One row a field.

        Returns
        -------
        pandas.DataFrame
            Columns ``name``, ``label``, ``type`` (of the portal), ``dtype`` (of the frame), ``unit``, ``description``
            (text, missing where the publisher wrote none), ``multivalued`` and ``facet`` (``boolean``); in the order of
            the fields.
        """
        import pandas as pd

        # The text dtype of the frames, whichever pandas is installed.
        text = pd.Series(["a"]).convert_dtypes().dtype if int(pd.__version__.partition(".")[0]) < 3 else "str"
        dtypes = self.dtypes()
        columns = {
            "name": [one.name for one in self],
            "label": [one.label for one in self],
            "type": [one.type for one in self],
            "dtype": [dtypes[one.name] for one in self],
            "unit": [one.unit for one in self],
            "description": [one.description for one in self],
        }
        frame = pd.DataFrame({name: pd.Series(values, dtype=text) for name, values in columns.items()})
        frame["multivalued"] = pd.Series([one.multivalued for one in self], dtype="boolean")
        frame["facet"] = pd.Series([one.facet for one in self], dtype="boolean")
        return frame

    def _ipython_key_completions_(self) -> list[str]:
        # What would act on the terminal that shows the choice is not offered.
        return [one for one in self.names if one.isprintable()]

    def __repr__(self) -> str:
        dtypes = self.dtypes()
        cells = [
            (excerpt(one.name, 40), one.type, dtypes[one.name], one.label if one.label != one.name else "")
            for one in self
        ]
        widths = [max((len(row[place]) for row in cells), default=0) for place in range(3)]
        rows = [
            f"  {name:<{widths[0]}}  {kind:<{widths[1]}}  {dtype:<{widths[2]}}  {excerpt(label, 40)}".rstrip()
            for name, kind, dtype, label in cells
        ]
        return show.screen([self._heading(), *rows], "to_pandas() has them all")

    def _heading(self) -> str:
        of = f" of {self.dataset_id}" if self.dataset_id else ""
        return f"Schema{of}: {len(self)} field{'s' if len(self) != 1 else ''}"

    def _repr_html_(self) -> str:
        return show.table(self.drawn(self._heading()), alone=True)

    def drawn(self, caption: str) -> show.Table:
        """Make a table of the fields, to be shown."""
        dtypes = self.dtypes()
        units = any(one.unit for one in self)
        rows = []
        for one in self:
            about = "" if one.label == one.name else one.label
            text: show.Cell = show.both(about, one.description) if one.description else about
            unit = [one.unit] if units else []
            rows.append([show.code(one.name), one.type, dtypes[one.name], *unit, text])
        return show.Table(caption, ["field", "type", "dtype", *(["unit"] if units else []), "label"], rows)
