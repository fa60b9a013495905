"""The answer to a question about records, before it takes the shape of a format.

A column that is a plain field shows the stored rows' own values; a computed column shows what was computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from bdxopendata.testing.stock import Held
from bdxopendata.testing.tables import is_multivalued, json_values, parse_instant


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an answer.

    Attributes
    ----------
    name
        Key in JSON, header in CSV.
    type
        Portal type.
    field
        The field that it shows, where it is nothing but a field.
    bound
        Whether it is the minimum or maximum of moments, whose text form is unverified.
    """

    name: str
    type: str
    field: Mapping[str, Any] | None = None
    bound: bool = False

    @property
    def multivalued(self) -> bool:
        """Whether cells hold lists."""
        return self.type == "text" and self.field is not None and is_multivalued(self.field)

    @property
    def label(self) -> str:
        """Name for people."""
        return str(self.field.get("label") or self.name) if self.field else self.name

    @property
    def precision(self) -> str | None:
        """How much of a date is shown: ``year``, ``month`` or all."""
        annotations = (self.field or {}).get("annotations") or {}
        value = annotations.get("timeserie_precision")
        value = value[0] if isinstance(value, list) and value else value
        return value if isinstance(value, str) else None


@dataclass(frozen=True)
class Sheet:
    """Columns and rows of an answer.

    Attributes
    ----------
    positions
        Which stored rows are shown, in order; None where the answer shows no stored rows (groups, aggregates).
    computed
        Typed columns that no stored row holds, by name, one value per row of the answer.
    """

    held: Held
    columns: Sequence[Column]
    positions: np.ndarray | None
    computed: pa.Table
    time_bounds: Literal["offset", "milliseconds"] = "offset"

    def __len__(self) -> int:
        return len(self.positions) if self.positions is not None else int(self.computed.num_rows)

    @cached_property
    def whole(self) -> bool:
        """Whether every stored row is shown, in stored order."""
        here = self.positions
        return here is not None and len(here) == len(self.held.rows) and bool((here == np.arange(len(here))).all())

    def _stored(self, column: Column) -> bool:
        return self.positions is not None and column.field is not None

    def arrow(self, column: Column) -> pa.ChunkedArray:
        """Return the typed values of a column."""
        if not self._stored(column):
            return self.computed[column.name]
        assert column.field is not None
        assert self.positions is not None
        values = self.held.table[column.field["name"]]
        return values if self.whole else values.take(pa.array(self.positions))

    def values(self, column: Column, zone: tzinfo) -> list[Any]:
        """Return the values of a column as JSON prints them."""
        if not self._stored(column):
            values = json_values(self.computed[column.name], column.type, zone, column.precision)
            return [_milliseconds(value) for value in values] if self._bound_in_utc(column) else values
        assert column.field is not None
        assert self.positions is not None
        rows, name = self.held.rows, column.field["name"]
        shown = [rows[position][name] for position in self.positions.tolist()]
        return [in_zone(value, zone) for value in shown] if column.type == "datetime" else shown

    def _bound_in_utc(self, column: Column) -> bool:
        return column.bound and column.type == "datetime" and self.time_bounds == "milliseconds"

    def records(self, zone: tzinfo) -> Iterator[dict[str, Any]]:
        """Return the rows as JSON objects."""
        names = [column.name for column in self.columns]
        columns = [self.values(column, zone) for column in self.columns]
        if not columns:
            return iter([{} for _ in range(len(self))])
        return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))


def in_zone(value: Any, zone: tzinfo) -> Any:
    """Print a stored moment under the offset of a zone; anything else as it is."""
    if not isinstance(value, str) or (zone_is_utc(zone) and value.endswith("+00:00")):
        return value
    moment = parse_instant(value)
    return value if moment is None else moment.astimezone(zone).isoformat()


def zone_is_utc(zone: tzinfo) -> bool:
    """Whether the zone is UTC itself."""
    return zone is UTC or getattr(zone, "key", None) == "UTC"


def _milliseconds(text: str | None) -> str | None:
    # The form that v2.0 gave to bounds: 2020-12-07T23:02:57.000Z.
    if text is None:
        return None
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
