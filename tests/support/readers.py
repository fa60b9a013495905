"""What readers of Parquet give, which is not the same in all releases that are supported."""

from __future__ import annotations

import json
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq

from bdxopendata.frames.pandas import NEW_TEXT


@cache
def geopandas_gives_attrs() -> bool:
    """Whether geopandas reads `attrs` where pandas writes them; if not, no file can make it give them."""
    written = BytesIO()
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=gpd.GeoSeries.from_wkt(["POINT (0 0)"]))
    frame.to_parquet(written)
    table = pq.read_table(BytesIO(written.getvalue()))
    known = {**table.schema.metadata, b"PANDAS_ATTRS": json.dumps({"said": True}).encode()}
    again = BytesIO()
    pq.write_table(table.replace_schema_metadata(known), again)
    return bool(gpd.read_parquet(BytesIO(again.getvalue())).attrs)


def frames_with_attrs(path: Path) -> list[Any]:
    """The frames that pandas and geopandas make of a file, as far as they give `attrs`."""
    readers = [pd.read_parquet, gpd.read_parquet] if geopandas_gives_attrs() else [pd.read_parquet]
    return [read(path) for read in readers]


def with_text_of(found: Any, expected: Any) -> Any:
    """Give text the type that it has in `expected`, where readers make plain objects of it: before pandas 3."""
    if NEW_TEXT:
        return found
    texts = {name: dtype for name, dtype in expected.dtypes.items() if dtype == "string"}
    assert {found.dtypes[name] for name in texts} == {pd.Series(dtype=object).dtype}
    return found.astype(texts)
