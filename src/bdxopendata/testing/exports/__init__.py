"""Export formats, one file each: a sheet in, the pieces of a file out.

`FORMATS` is the table; a format is one module and one row. Formats of the contract whose layout nobody has recorded
are not served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bdxopendata.testing.exports import csv, fgb, geojson, parquet, rows, xlsx
from bdxopendata.testing.exports.task import Task


@dataclass(frozen=True, slots=True)
class Format:
    """One export format.

    Attributes
    ----------
    name
        Name in the path.
    suffix
        Ending of the offered file name.
    content_type
        Its media type. Recorded for csv, json and fgb; unverified for the others.
    write
        Makes the file, piece by piece.
    text
        Whether it is gzipped for those who accept that.
    geographic
        Whether only datasets with a geo field offer it.
    parameters
        Its own parameters, beside those of every export.
    """

    name: str
    suffix: str
    content_type: str
    write: Callable[[Task], Iterable[bytes]]
    text: bool = True
    geographic: bool = False
    parameters: tuple[str, ...] = ()


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format(
            "csv",
            "csv",
            "text/csv; charset=utf-8",
            csv.write,
            parameters=("delimiter", "list_separator", "quote_all", "with_bom"),
        ),
        Format("json", "json", "application/json; charset=utf-8", rows.write_json),
        Format("jsonl", "jsonl", "application/jsonl; charset=utf-8", rows.write_lines),
        Format(
            "parquet",
            "parquet",
            "application/vnd.apache.parquet",
            parquet.write,
            text=False,
            parameters=("parquet_compression",),
        ),
        # Portals list it for datasets without geometry too.
        Format("geojson", "geojson", "application/geo+json", geojson.write),
        Format("fgb", "fgb", "application/octet-stream; charset=utf-8", fgb.write, text=False, geographic=True),
        Format(
            "xlsx",
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            xlsx.write,
            text=False,
        ),
    )
}

# In the contract, but with a layout that no recording shows: refused rather than invented.
UNKNOWN_LAYOUTS = ("gpx", "jsonld", "kml", "n3", "ov2", "rdfxml", "shp", "turtle", "ical", "mvt")
