"""What a portal might send for the fields of `targets.SCHEMA`, in each format, and questions of every kind."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from targets import HEADER

SQUARE = {"type": "Polygon", "coordinates": [[[-0.6, 44.8], [-0.5, 44.8], [-0.5, 44.9], [-0.6, 44.8]]]}
ROW = {
    "name": 'Été; "l\'été"',
    "whole": 42,
    "number": 27.5,
    "flag": True,
    "day": "2026-05-01",
    "moment": "2026-06-27T04:00:00+00:00",
    "point": {"lon": -0.57, "lat": 44.88},
    "shape": {"type": "Feature", "geometry": SQUARE, "properties": {}},
    "kinds": ["a", "b"],
    "picture": {"filename": "a.jpg", "url": "https://portal.example/1", "mimetype": "image/jpeg"},
    "odd": {"x": [1, None]},
}
ODD = {
    "name": "\x00\ufeff\u202e\U0001f6b2",
    "whole": 2**70,
    "number": 1e308,
    "flag": "maybe",
    "day": "0001",
    "moment": "9999-12-31T23:59:59.999+14:00",
    "point": [200, 100],
    "shape": {"type": "GeometryCollection", "geometries": []},
    "kinds": "a,b",
    "picture": "x",
    "odd": [[[]]],
}
EMPTY = dict.fromkeys(ROW)
ROWS = [ROW, EMPTY, ODD, ROW]

QUESTIONS = (
    "libres > 5 AND NOT (nom = 'a' OR `un nom` IS NULL)",
    'search(nom, "caserne") OR nom LIKE "a*b" OR nom : "x"',
    "x IN [1..5[ OR y IN (1, 2.5, -3) OR date'2020-01-01' IN d OR x IS NOT TRUE",
    "within_distance(g, geom'POINT(1 2)', 10km) AND in_bbox(g, 1, 2, 3, 4)",
    "count(*) AS n, sum(a + b * -2) AS s, include(a*), exclude(b)",
    "range(a, 5) AS r, year(d) AS y, geo_cluster(g, 3, 2)",
    "a DESC, -b, length(c) ASC",
    "now(years=-1, day=1) > d AND round(a, 2) != 1e-3",
)


def _lines(rows: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _jsons() -> list[bytes]:
    features = [{"type": "Feature", "geometry": SQUARE, "properties": row} for row in ROWS]
    collection = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    # The first byte tells the target which of the three it is.
    many = [b"\x00" + json.dumps([row]).encode() for row in ROWS]
    return [*many, b"\x00[]", b"\x01" + collection, *(b"\x02" + _lines(ROWS[:count]) for count in range(5))]


def _csvs() -> list[bytes]:
    cells = ["a", "42", "1.5", "True", "2026-05-01", "2026-06-27T04:00:00Z", '"44.8, -0.5"', "", "a␟b", "u", "{}"]
    point = json.dumps(SQUARE).replace('"', '""')
    row = ";".join(cells)
    return [
        b"x" + f"{row}\n".encode(),
        b"x" + f'{row}\r\n"a ""b""\n";{2**70};;;;;;"{point}";;;\r\n;;;;;;;;;;\r\n'.encode(),
        b"x",
        b"\0" + b"\xef\xbb\xbf" + HEADER,
    ]


def _parquets() -> list[bytes]:
    point = shapely.to_wkb(shapely.Point(1, 2))
    typed = {
        "name": pa.array(["a", None]),
        "whole": pa.array([1, None]),
        "number": pa.array([1.5, None]),
        "flag": pa.array([True, None]),
        "day": pa.array(["2026-05-01", None]).cast(pa.date32()),
        "moment": pa.array(["2026-05-01T00:00:00Z", None]).cast(pa.timestamp("ms", "UTC")),
        "point": pa.array([point, None]),
        "shape": pa.array([shapely.to_wkb(shapely.geometry.shape(SQUARE)), b"no shape"]),
        "kinds": pa.array([["a", "b"], None]),
        "picture": pa.array([ROW["picture"], None]),
        "odd": pa.array([1, 2], pa.int16()),
    }
    texts = {name: pa.array([str(value), None]) for name, value in ODD.items()}
    written = []
    for columns in (typed, texts, {"name": pa.array(["a"]).dictionary_encode()}, {"whole": pa.array([], pa.uint64())}):
        for compression in ("none", "zstd", "snappy"):
            file = io.BytesIO()
            pq.write_table(pa.table(columns), file, compression=compression, write_page_checksum=False)
            written.append(file.getvalue())
    return written


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "odsql": lambda: [one.encode() for one in QUESTIONS],
    "csv": _csvs,
    "json": _jsons,
    "parquet": _parquets,
}
