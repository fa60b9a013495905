"""Raw Arrow tables to typed ones, and typed ones to pandas and GeoPandas frames.

`conform` is the only place where values get their types, by the portal's schema and never by guessing. What comes
out is the canonical table: the same for the same data by whichever road they came. The rest hands it over.
"""

from __future__ import annotations

from bdxopendata.frames.arrow import to_arrow
from bdxopendata.frames.canonical import conform
from bdxopendata.frames.columns import arrow_type, canonical_schema, empty_table
from bdxopendata.frames.listings import facets_frame, infos_frame, outcomes_frame
from bdxopendata.frames.pandas import to_geopandas, to_pandas
from bdxopendata.frames.quality import Quality

__all__ = [
    "Quality",
    "arrow_type",
    "canonical_schema",
    "conform",
    "empty_table",
    "facets_frame",
    "infos_frame",
    "outcomes_frame",
    "to_arrow",
    "to_geopandas",
    "to_pandas",
]
