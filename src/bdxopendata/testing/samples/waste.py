"""Sample of ``en_frcol_s``, on which days waste is collected where.

As in the real data days are a list, seven communes are not served, some shapes are missing although the point is there,
and the zones of household and of sorted waste share their outline.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from bdxopendata.testing.sample import SampleDataset
from bdxopendata.testing.samples.describe import METROPOLE, TERRITORY, Row, column, dataset, feature, point, seeded
from bdxopendata.testing.samples.places import BY_CODE, COMMUNES, Position, closed, middle, outline

FIELDS = (
    column("geo_point_2d", "geo_point_2d", "geo_point_2d"),
    column("geo_shape", "geo_shape", "geo_shape"),
    column("gid", "text", "gid"),
    column("geom_err", "text", "geom_err", "Code d’erreur de géométrie."),
    column("type", "text", "type", "OM : ordures ménagères, TRI : tri sélectif.", facet=True),
    column("jour_col", "text", "jour_col", "Jours de collecte.", facet=True, disjunctive=True, multivalued=";"),
    column("passage", "text", "passage", facet=True),
    column("cdate", "datetime", "cdate"),
    column("mdate", "datetime", "mdate"),
    column("commune", "text", "commune", facet=True, disjunctive=True),
    column("code_commune", "text", "code_commune"),
)

DAYS = ("LUNDI", "MARDI", "MERCREDI", "JEUDI", "VENDREDI", "SAMEDI")
# Collected by somebody else.
_NOT_SERVED = frozenset({"33013", "33032", "33065", "33096", "33119", "33167", "33249"})
_PARTS = {"33063": 18, "33281": 16, "33449": 5, "33318": 3, "33069": 2, "33075": 2, "33200": 2}


def sample(seed: int = 132) -> SampleDataset:
    """Make the zones of the 21 served communes, two kinds of waste for each zone."""
    random = seeded(seed)
    rows: list[Row] = []
    for commune in COMMUNES:
        if commune.code not in _NOT_SERVED:
            for zone in _zones(outline(commune.code), _PARTS.get(commune.code, 1)):
                for kind in ("OM", "TRI"):
                    rows.append(_row(random, len(rows), commune.code, kind, zone))
    return dataset(
        "en_frcol_s",
        FIELDS,
        rows,
        title="Fréquence de collecte des déchets",
        about=(
            "Jours de collecte des ordures ménagères et du tri, par secteur.",
            "Days on which household and sorted waste is collected, by zone.",
        ),
        themes=[TERRITORY],
        keywords=["déchets", "collecte", "tri"],
        publisher=METROPOLE,
    )


def _zones(ring: tuple[Position, ...], count: int) -> list[list[Position]]:
    """Cut a commune into `count` fans about its middle."""
    if count == 1:
        return [list(ring)]
    centre = middle(ring)
    corners = [_along(ring, number / count) for number in range(count + 1)]
    return [[centre, start, end] for start, end in pairwise(corners)]


def _along(ring: tuple[Position, ...], share: float) -> Position:
    at = share * len(ring)
    whole = int(at)
    (lon, lat), (next_lon, next_lat) = ring[whole % len(ring)], ring[(whole + 1) % len(ring)]
    part = at - whole
    return round(lon + part * (next_lon - lon), 7), round(lat + part * (next_lat - lat), 7)


def _row(random: Random, number: int, code: str, kind: str, zone: list[Position]) -> Row:
    (often,) = random.choices((1, 2, 5), (91, 7, 2))
    days = sorted(random.sample(DAYS, often), key=DAYS.index)
    wrong = number % 6 == 5
    if wrong and number % 12 == 11:
        shape = None
    elif number % 9 == 4:
        shape = feature("MultiPolygon", [[closed(zone)]])
    else:
        shape = feature("Polygon", [closed(zone)])
    return {
        "geo_point_2d": point(*middle(zone)),
        "geo_shape": shape,
        "gid": str(5000 + number),
        "geom_err": ("13349" if number % 4 == 1 else "13356") if wrong else None,
        "type": kind,
        "jour_col": days,
        "passage": "NUIT" if random.random() < 0.13 else "JOUR",
        "cdate": "2025-01-08T09:31:15+00:00",
        "mdate": f"2025-01-{random.randint(9, 28):02}T{random.randint(7, 17):02}:{random.randint(0, 59):02}:00+00:00",
        "commune": BY_CODE[code].name,
        "code_commune": code,
    }
