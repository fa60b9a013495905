"""Playgrounds for toddlers: a topic that another package adds to bdxopendata."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bdxopendata.catalog import Catalog
from bdxopendata.query import Query
from bdxopendata.topics import engine
from bdxopendata.topics.contract import Contract

if TYPE_CHECKING:
    import geopandas as gpd

CONTRACT = Contract.from_toml(Path(__file__).with_name("toddlers.toml"))


def toddlers(*, age: float = 2.0, catalog: Catalog | None = None) -> gpd.GeoDataFrame:
    """Read the playgrounds that take children of this age (years).

    Examples
    --------
    >>> toddlers(age=2).iloc[0]["name"]  # doctest: +SKIP
    'Jardin des Dames de la Foi'
    """

    def ask(source: engine.Source) -> Query:
        return source.query.where(source.field("from_age") <= age)

    return engine.read(CONTRACT, catalog=catalog, ask=ask)
