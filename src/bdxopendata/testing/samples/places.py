"""Where the samples are: the 28 communes of the metropolis, with real codes and names and simplified outlines.

The outlines are cells round each town, larger for larger communes. They tile the metropolis without a gap or an
overlap, and places drawn by `somewhere` are inside the outline of their commune. They are not the real boundaries: car
parks and bike stations stand near their real places, and a few of them outside the outline of their commune.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import cos, radians, sqrt
from random import Random

Position = tuple[float, float]

# Kilometres in one degree, at the latitude of Bordeaux.
KM_NORTH = 111.2
KM_EAST = KM_NORTH * cos(radians(44.84))

_OUTLINE: tuple[Position, ...] = (
    (-0.62, 44.735), (-0.53, 44.74), (-0.47, 44.78), (-0.435, 44.87), (-0.43, 44.97), (-0.46, 45.03), (-0.53, 45.05),
    (-0.62, 45.01), (-0.76, 44.96), (-0.85, 44.91), (-0.85, 44.83), (-0.74, 44.75),
)  # fmt: skip

_COMMUNES = """
33003|Ambarès-et-Lagrave|33440|-0.487|44.925|2.8
33004|Ambès|33810|-0.535|45.011|3.0
33013|Artigues-près-Bordeaux|33370|-0.484|44.857|1.5
33032|Bassens|33530|-0.516|44.902|1.8
33039|Bègles|33130|-0.548|44.802|1.8
33056|Blanquefort|33290|-0.640|44.925|3.3
33063|Bordeaux|33000|-0.574|44.847|4.0
33065|Bouliac|33270|-0.502|44.815|1.5
33069|Le Bouscat|33110|-0.606|44.866|2.9
33075|Bruges|33520|-0.605|44.893|2.2
33096|Carbon-Blanc|33560|-0.500|44.894|1.1
33119|Cenon|33150|-0.522|44.855|1.4
33162|Eysines|33320|-0.650|44.880|2.0
33167|Floirac|33270|-0.522|44.834|1.7
33192|Gradignan|33170|-0.615|44.771|2.2
33200|Le Haillan|33185|-0.678|44.870|1.7
33249|Lormont|33310|-0.521|44.877|1.5
33273|Martignas-sur-Jalle|33127|-0.772|44.841|2.9
33281|Mérignac|33700|-0.665|44.838|3.9
33312|Parempuyre|33290|-0.605|44.950|2.6
33318|Pessac|33600|-0.665|44.790|3.5
33376|Saint-Aubin-de-Médoc|33160|-0.725|44.912|3.3
33434|Saint-Louis-de-Montferrand|33440|-0.535|44.950|1.9
33449|Saint-Médard-en-Jalles|33160|-0.760|44.885|4.3
33487|Saint-Vincent-de-Paul|33440|-0.470|44.965|2.1
33519|Le Taillan-Médoc|33320|-0.668|44.910|2.2
33522|Talence|33400|-0.591|44.806|1.6
33550|Villenave-d'Ornon|33140|-0.562|44.772|2.6
"""


@dataclass(frozen=True, slots=True)
class Commune:
    """One of the 28 communes.

    Attributes
    ----------
    code
        INSEE code, five digits.
    name, postcode
        As usually written.
    lon, lat
        A place in its middle.
    radius
        Of the disc that the commune would be, in kilometres.
    """

    code: str
    name: str
    postcode: str
    lon: float
    lat: float
    radius: float


def _commune(line: str) -> Commune:
    code, name, postcode, lon, lat, radius = line.split("|")
    return Commune(code, name, postcode, float(lon), float(lat), float(radius))


COMMUNES: tuple[Commune, ...] = tuple(_commune(line) for line in _COMMUNES.split("\n") if line)
BY_CODE = {one.code: one for one in COMMUNES}


@cache
def outline(code: str) -> tuple[Position, ...]:
    """Corners of a commune's outline, convex, anticlockwise, the first one not repeated."""
    own = BY_CODE[code]
    cell = list(_OUTLINE)
    for other in COMMUNES:
        if other is not own:
            cell = _cut(cell, own, other)
    return tuple((round(lon, 6), round(lat, 6)) for lon, lat in cell)


def _cut(cell: list[Position], own: Commune, other: Commune) -> list[Position]:
    """Keep the part of `cell` that belongs to `own` rather than to `other` (one cut of a power diagram)."""

    def excess(place: Position) -> float:
        return _power(place, own) - _power(place, other)

    kept: list[Position] = []
    for start, end in zip(cell, [*cell[1:], cell[0]], strict=True):
        here, there = excess(start), excess(end)
        if here <= 0:
            kept.append(start)
        if here * there < 0:
            share = here / (here - there)
            kept.append((start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])))
    return kept


def _power(place: Position, commune: Commune) -> float:
    east = (place[0] - commune.lon) * KM_EAST
    north = (place[1] - commune.lat) * KM_NORTH
    return east * east + north * north - commune.radius * commune.radius


@cache
def _triangles(code: str) -> tuple[tuple[tuple[Position, Position, Position], ...], tuple[float, ...]]:
    first, *rest = outline(code)
    triangles = tuple((first, one, two) for one, two in pairwise(rest))
    sums: list[float] = []
    for (ax, ay), (bx, by), (cx, cy) in triangles:
        area = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2
        sums.append(area + (sums[-1] if sums else 0.0))
    return triangles, tuple(sums)


def somewhere(random: Random, code: str) -> Position:
    """Draw a place inside a commune, evenly over its surface."""
    triangles, sums = _triangles(code)
    (triangle,) = random.choices(triangles, cum_weights=sums)
    (ax, ay), (bx, by), (cx, cy) = triangle
    root, share = sqrt(random.random()), random.random()
    a, b, c = 1 - root, root * (1 - share), root * share
    return round(a * ax + b * bx + c * cx, 7), round(a * ay + b * by + c * cy, 7)


def nearby(random: Random, lon: float, lat: float, metres: float = 60.0) -> Position:
    """Draw a place within `metres`, east-west and north-south, of another."""
    reach = metres / 1000
    east, north = random.uniform(-reach, reach), random.uniform(-reach, reach)
    return round(lon + east / KM_EAST, 7), round(lat + north / KM_NORTH, 7)


def middle(ring: tuple[Position, ...] | list[Position]) -> Position:
    """Mean of the corners of a ring."""
    return (
        round(sum(lon for lon, _ in ring) / len(ring), 9),
        round(sum(lat for _, lat in ring) / len(ring), 9),
    )


def closed(ring: tuple[Position, ...] | list[Position]) -> list[list[float]]:
    """Corners of a ring as GeoJSON wants them: lists, the first one repeated."""
    return [[lon, lat] for lon, lat in (*ring, ring[0])]
