"""Frames as files that know where they come from, and back.

A file says what it holds: the type of each column, the coordinate system, and where the rows come from. Parquet,
GeoPackage and Excel carry that inside; CSV, GeoJSON and FlatGeobuf have a small JSON file beside them. `load` gives the
frame back as it was saved, so far as the format can hold it.

One module is one kind of file: it takes a frame and writes it to a path, or reads it from there. What they share, the
types of columns, is in `columns`; what a file says of itself is in `description`.
"""

from __future__ import annotations

from bdxopendata.saving.files import FORMATS, folder_of, format_of, load, place_of, save

__all__ = ["FORMATS", "folder_of", "format_of", "load", "place_of", "save"]
