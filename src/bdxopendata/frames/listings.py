"""Small frames about the catalogue itself: facets and datasets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa

from bdxopendata.fields import Field, Schema
from bdxopendata.frames.columns import canonical_schema
from bdxopendata.frames.pandas import to_pandas
from bdxopendata.metadata import DatasetInfo

FACETS = Schema([Field("facet", "text"), Field("value", "text"), Field("count", "int")])
INFOS = Schema(
    [
        Field("dataset_id", "text"),
        Field("title", "text"),
        Field("publisher", "text"),
        Field("licence", "text"),
        Field("themes", "text", multivalued=True),
        Field("keywords", "text", multivalued=True),
        Field("records_count", "int"),
        Field("modified", "datetime"),
        Field("geometry", "boolean"),
        Field("page_url", "text"),
    ]
)

OUTCOMES = Schema(
    [
        Field("dataset", "text"),
        Field("state", "text"),
        Field("rows", "int"),
        Field("version", "text"),
        Field("error", "text"),
    ]
)


class Counted(Protocol):
    """A facet's value with its count."""

    @property
    def facet(self) -> str:
        """Name of the facet."""

    @property
    def value(self) -> str:
        """Text of the value."""

    @property
    def count(self) -> int:
        """How many have it."""


def facets_frame(values: Iterable[Counted]) -> pd.DataFrame:
    """Make a frame of facet values: columns ``facet``, ``value`` (text) and ``count``."""
    return _frame(({"facet": one.facet, "value": one.value, "count": one.count} for one in values), FACETS)


def infos_frame(infos: Iterable[DatasetInfo]) -> pd.DataFrame:
    """Make a frame of datasets, one row each, with ``modified`` in UTC."""
    return _frame(map(_info_row, infos), INFOS)


def outcomes_frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Make a frame of what became of datasets: columns ``dataset``, ``state``, ``rows``, ``version``, ``error``."""
    return _frame(rows, OUTCOMES)


def _info_row(info: DatasetInfo) -> dict[str, Any]:
    return {
        "dataset_id": info.dataset_id,
        "title": info.title,
        "publisher": info.publisher,
        "licence": info.licence,
        "themes": list(info.themes),
        "keywords": list(info.keywords),
        "records_count": info.records_count,
        "modified": info.modified,
        "geometry": info.schema.geometry is not None,
        "page_url": info.page_url,
    }


def _frame(rows: Iterable[dict[str, Any]], schema: Schema) -> pd.DataFrame:
    return to_pandas(pa.Table.from_pylist(list(rows), canonical_schema(schema)), schema, timezone="UTC")
