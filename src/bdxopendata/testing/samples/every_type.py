"""A data set that no portal has: one field of every type, each with what is hard about it.

``stand-in-every-type`` is for tests of types and formats. Each field is null in some rows; one row is null throughout.
"""

from __future__ import annotations

import struct
import zlib
from itertools import cycle, islice

from bdxopendata.testing.sample import JSON, Attachment, SampleDataset, StoredFile
from bdxopendata.testing.samples.describe import TERRITORY, Row, column, dataset, feature, point

DATASET_ID = "stand-in-every-type"

FIELDS = (
    column("code", "text", "Code", "Zéros de tête compris.", facet=True, id=True),
    column("texte", "text", "Texte libre"),
    column("2e_texte", "text", "Deuxième texte", "Nom technique qui commence par un chiffre."),
    column("liste", "text", "Liste de mots", facet=True, disjunctive=True, multivalued=";"),
    column("chemin", "text", "Chemin", facet=True, hierarchical="/"),
    column("entier", "int", "Entier", sortable=True),
    column("reel", "double", "Réel", unit="m", decimals=3, sortable=True),
    column("booleen", "boolean", "Booléen", facet=True),
    column("jour", "date", "Jour", facet=True, timeserie_precision="day"),
    column("mois", "date", "Mois", timeserie_precision="month"),
    column("annee", "date", "Année", facet=True, timeserie_precision="year"),
    column("instant", "datetime", "Instant", sortable=True, timeserie_precision="minute"),
    column("point", "geo_point_2d", "Point"),
    column("forme", "geo_shape", "Forme"),
    column("fichier", "file", "Fichier"),
    column("document", "json_blob", "Document JSON"),
)

TEXTS: tuple[JSON, ...] = (
    "Église Saint-Éloi, œuvre « à voir »",
    'Dit "Grosse Cloche"',
    "L'Alouette d'Ornon",
    "première ligne\nseconde ligne\r\ntroisième",
    "",
    " blancs autour ",
    "point-virgule ; virgule , tabulation \t fin",
    "barre \\ oblique / accent ` grave",
    "NULL",
    "=1+1",
    "日本語 🌳 e\u0301",
    "<b>gras</b> & {0} %s ${x}",
    None,
)
SECOND_TEXTS: tuple[JSON, ...] = ("nan", "12", "1e5", None, "true", "2026-06-15", "012")
CODES: tuple[JSON, ...] = ("00123", "01", "063", "2A004", "0", "33000", None, "1.0")
LISTS: tuple[JSON, ...] = (
    ["LUNDI"],
    ["MARDI", "VENDREDI"],
    None,
    ["avec, virgule", "avec ' apostrophe"],
    ["Été"],
    ["LUNDI", "MARDI", "MERCREDI", "JEUDI"],
)
PATHS: tuple[JSON, ...] = ("Europe/France/Bordeaux", "Europe/France", "Europe", None, "Amérique du Sud/Pérou")
INTEGERS: tuple[JSON, ...] = (
    0, 1, -1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 255, None, 42,
)  # fmt: skip
REALS: tuple[JSON, ...] = (
    0.0, -0.5, 1.5, 0.1 + 0.2, 27.400000000000002, 1e300, 5e-324, -12345678.875, 53550.0, None, 3.0,
)  # fmt: skip
BOOLEANS: tuple[JSON, ...] = (True, False, None)
DAYS: tuple[JSON, ...] = (
    "2026-06-15", "1789-07-14", "1899-12-31", "1900-01-01", "1970-01-01", "2262-04-12", "2500-02-28", "2024-02-29",
    None, "1600-02-29",
)  # fmt: skip
MONTHS: tuple[JSON, ...] = ("1988-01", "2026-12", None, "1850-06")
YEARS: tuple[JSON, ...] = ("2025", "1900", "1871", None, "2300")
INSTANTS: tuple[JSON, ...] = (
    "2026-06-15T10:00:00+00:00",
    # Spring: the clocks of Paris go from 01:59:59 to 03:00.
    "2026-03-29T00:59:59+00:00",
    "2026-03-29T01:00:00+00:00",
    # Autumn: 02:30 comes twice.
    "2026-10-25T00:30:00+00:00",
    "2026-10-25T01:30:00+00:00",
    # In Paris these belong to the next day, month and year.
    "2025-12-31T23:00:00+00:00",
    "2025-12-31T23:59:59.999000+00:00",
    "1850-01-01T12:00:00+00:00",
    "2500-07-01T12:00:00+00:00",
    "1970-01-01T00:00:00+00:00",
    None,
    "2026-01-15T08:30:00.250000+00:00",
)
POINTS: tuple[JSON, ...] = (
    point(-0.57918, 44.837789),
    point(-0.5, 45.0),
    None,
    point(0.0, 0.0),
    point(179.9, -89.5),
    point(-0.5781234567890123, 44.84),
    point(-1, 45),
)

_SQUARE = [[-0.60, 44.80], [-0.56, 44.80], [-0.56, 44.84], [-0.60, 44.84], [-0.60, 44.80]]
_HOLE = [[-0.59, 44.81], [-0.59, 44.83], [-0.57, 44.83], [-0.57, 44.81], [-0.59, 44.81]]
_ISLE = [[-0.52, 44.86], [-0.51, 44.86], [-0.51, 44.87], [-0.52, 44.86]]
_BOW_TIE = [[-0.60, 44.80], [-0.56, 44.84], [-0.56, 44.80], [-0.60, 44.84], [-0.60, 44.80]]
SHAPES: tuple[JSON, ...] = (
    feature("Point", [-0.57918, 44.837789]),
    feature("LineString", [[-0.58, 44.83], [-0.57, 44.84], [-0.56, 44.85]]),
    feature("Polygon", [_SQUARE]),
    feature("Polygon", [_SQUARE, _HOLE]),
    feature("MultiPolygon", [[_SQUARE, _HOLE], [_ISLE]]),
    feature("MultiLineString", [[[-0.58, 44.83], [-0.57, 44.84]], [[-0.55, 44.83], [-0.54, 44.84]]]),
    feature("MultiPoint", [[-0.58, 44.83], [-0.57, 44.84]]),
    {
        "type": "Feature",
        "geometry": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Point", "coordinates": [-0.57, 44.84]},
                {"type": "LineString", "coordinates": [[-0.58, 44.83], [-0.57, 44.84]]},
            ],
        },
        "properties": {},
    },
    None,
    feature("Polygon", [_BOW_TIE]),
    feature("Polygon", [[*([lon, lat, 12.5] for lon, lat in _ISLE)]]),
)
DOCUMENTS: tuple[JSON, ...] = ('{"a": 1, "b": [true, null]}', "[]", None, '{"é": "\\"guillemets\\""}', '"texte"')


def png(red: int, green: int, blue: int) -> bytes:
    """Draw a PNG of one pixel of this colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes((0, red, green, blue)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


FILES = (
    StoredFile("5f0c3a1e9b7d4c2a8e6f1b3d5a7c9e01", "façade rouge.png", "image/png", png(178, 34, 34)),
    StoredFile("5f0c3a1e9b7d4c2a8e6f1b3d5a7c9e02", "parc.png", "image/png", png(34, 139, 34)),
)
ATTACHMENTS = (
    Attachment(
        "notice_txt",
        "notice.txt",
        "text/plain",
        "Notice d’exemple du portail de substitution.\nSample note of the stand-in portal.\n".encode(),
    ),
)


def _file(stored: StoredFile) -> dict[str, JSON]:
    return {
        "thumbnail": True,
        "filename": stored.filename,
        "width": 1,
        "height": 1,
        "format": "PNG",
        "etag": f"{zlib.crc32(stored.content):08x}",
        "mimetype": stored.mimetype,
        "id": stored.id,
        "last_synchronized": "2026-06-15T09:58:00.123456",
        "color_summary": ["rgba(178, 34, 34, 1.00)"],
    }


def sample(rows: int = 60) -> SampleDataset:
    """Combine the values of each field round and round into `rows` rows, after a first one that is null throughout."""
    values: dict[str, tuple[JSON, ...]] = {
        "code": CODES,
        "texte": TEXTS,
        "2e_texte": SECOND_TEXTS,
        "liste": LISTS,
        "chemin": PATHS,
        "entier": INTEGERS,
        "reel": REALS,
        "booleen": BOOLEANS,
        "jour": DAYS,
        "mois": MONTHS,
        "annee": YEARS,
        "instant": INSTANTS,
        "point": POINTS,
        "forme": SHAPES,
        "fichier": (_file(FILES[0]), None, _file(FILES[1])),
        "document": DOCUMENTS,
    }
    empty: Row = dict.fromkeys(values)
    columns = [islice(cycle(known), max(0, rows - 1)) for known in values.values()]
    made: list[Row] = [dict(zip(values, row, strict=True)) for row in zip(*columns, strict=True)]
    return dataset(
        DATASET_ID,
        FIELDS,
        [empty, *made][:rows],
        title="Tous les types (jeu d’essai)",
        about=(
            "Un champ de chaque type, avec ses cas difficiles. Ce jeu n’existe sur aucun portail.",
            "One field of every type, with its hard cases. No portal has this data set.",
        ),
        themes=[TERRITORY],
        keywords=["essai", "types"],
        attachments=ATTACHMENTS,
        files=FILES,
    )
