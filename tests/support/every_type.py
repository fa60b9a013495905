"""A small data set that holds every field type, with missing values and with values that break naive readers."""

from __future__ import annotations

from typing import Any

from bdxopendata.fields import Field, Schema

SCHEMA = Schema(
    [
        Field("place", "geo_point_2d", "Place"),
        Field("code", "text", "Code"),
        Field("note", "text", "Note", description="any text"),
        Field("tags", "text", "Tags", multivalued=True),
        Field("count", "int", "Count"),
        Field("ratio", "double", "Ratio"),
        Field("open", "boolean", "Open"),
        Field("day", "date", "Day"),
        Field("year", "date", "Year", precision="year"),
        Field("seen", "datetime", "Seen"),
        Field("shape", "geo_shape", "Shape"),
        Field("photo", "file", "Photo"),
        Field("nothing", "double", "Nothing"),
    ],
    dataset_id="every_type",
)


def feature(geometry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": {}}


SQUARE = {"type": "Polygon", "coordinates": [[[-0.6, 44.8], [-0.5, 44.8], [-0.5, 44.9], [-0.6, 44.8]]]}
LINE = {"type": "LineString", "coordinates": [[-0.6, 44.8], [-0.5123456789012345, 44.9]]}
MANY = {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"], [[[1, 1], [2, 1], [2, 2], [1, 1]]]]}
POINT = {"type": "Point", "coordinates": [-0.57, 44.84]}

FULL: dict[str, Any] = {
    "place": {"lon": -0.5691310000000001, "lat": 44.8837545},
    "code": "0033063",
    "note": 'Été; "l\'été"',
    "tags": ["MARDI", "VENDREDI"],
    "count": 42,
    "ratio": 27.400000000000002,
    "open": True,
    "day": "2026-05-01",
    "year": "1988",
    "seen": "2026-06-27T04:00:00+00:00",
    "shape": feature(SQUARE),
    "photo": {"filename": "a.jpg", "url": "https://portal.example/files/1", "mimetype": "image/jpeg"},
    "nothing": None,
}
EMPTY: dict[str, Any] = dict.fromkeys(FULL)

ROWS: list[dict[str, Any]] = [
    FULL,
    EMPTY,
    {**FULL, "count": 2**53 + 1, "code": "1e5", "note": "line\r\nbreak\nand \x00 and \t", "shape": feature(MANY)},
    {**FULL, "count": -(2**63), "code": "-0", "note": "\ufeffBOM \u202ertl e\u0301 🚲", "tags": ["one, two", "a;b"]},
    {**FULL, "seen": "0001-01-01T00:00:00+00:00", "day": "0001-01-01", "shape": feature(LINE)},
    {**FULL, "seen": "9999-12-31T23:59:59.123456+00:00", "day": "9999-12-31", "shape": feature(POINT)},
    {**FULL, "seen": "2026-03-29T02:30:00+01:00", "day": "1850-02-28", "ratio": -0.0},
    {**FULL, "seen": "2026-10-25T02:30:00+02:00", "open": False, "ratio": 1e308},
    {**FULL, "seen": "2026-10-25T02:30:00+01:00", "tags": ["x"], "year": "2025"},
    {**EMPTY, "code": "00"},
    {**EMPTY, "place": {"lat": 0.0, "lon": 0}, "count": 0, "ratio": 0.0},
]
# CSV cannot tell a missing value from an empty one, so these are rows for the other roads.
HOLLOW = {**FULL, "note": "", "tags": [], "code": ""}
