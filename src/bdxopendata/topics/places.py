"""The 28 communes of Bordeaux Métropole, points on the map, and distances between them.

A commune is found whatever the case, accents and hyphens, with or without its article, by its INSEE code, or by the
last three digits of it, as the address file has them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bdxopendata.topics.choices import folded, unknown
from bdxopendata.topics.labels import taking

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

# The conformal projection made for the latitude of Bordeaux: a metre in it is a metre on the ground to 1 in 10,000.
METRIC_CRS = 3945

# A box around the metropolis with room to spare, in degrees: west, south, east, north.
AROUND = (-1.6, 44.2, 0.4, 45.6)

_SAINT = re.compile(r"\bste?(?=[\s.-])\.?", re.IGNORECASE)
_ARTICLE = re.compile(r"(le|la|les)[\s-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Commune:
    """One commune: its name, and its INSEE code of five digits."""

    name: str
    code: str

    def __str__(self) -> str:
        return self.name


COMMUNES: tuple[Commune, ...] = tuple(
    Commune(name, code)
    for code, name in (
        ("33003", "Ambarès-et-Lagrave"),
        ("33004", "Ambès"),
        ("33013", "Artigues-près-Bordeaux"),
        ("33032", "Bassens"),
        ("33039", "Bègles"),
        ("33056", "Blanquefort"),
        ("33063", "Bordeaux"),
        ("33065", "Bouliac"),
        ("33069", "Le Bouscat"),
        ("33075", "Bruges"),
        ("33096", "Carbon-Blanc"),
        ("33119", "Cenon"),
        ("33162", "Eysines"),
        ("33167", "Floirac"),
        ("33192", "Gradignan"),
        ("33200", "Le Haillan"),
        ("33249", "Lormont"),
        ("33273", "Martignas-sur-Jalle"),
        ("33281", "Mérignac"),
        ("33312", "Parempuyre"),
        ("33318", "Pessac"),
        ("33376", "Saint-Aubin-de-Médoc"),
        ("33434", "Saint-Louis-de-Montferrand"),
        ("33449", "Saint-Médard-en-Jalles"),
        ("33487", "Saint-Vincent-de-Paul"),
        ("33519", "Le Taillan-Médoc"),
        ("33522", "Talence"),
        ("33550", "Villenave-d'Ornon"),
    )
)
BY_CODE = {one.code: one for one in COMMUNES}


def commune(wanted: str | Commune) -> Commune:
    """Find a commune by its name or its INSEE code.

    Raises
    ------
    TypeError
        If `wanted` is neither text nor a `Commune`.
    ValueError
        If there is no such commune; the message names the nearest.

    Examples
    --------
    >>> from bdxopendata.topics import places
    >>> places.commune("merignac")
    Commune(name='Mérignac', code='33281')
    >>> places.commune("st medard en jalles").code
    '33449'
    """
    if isinstance(wanted, Commune):
        return wanted
    if not isinstance(wanted, str):
        raise TypeError(f"A commune is its name or its INSEE code, as text, not {type(wanted).__name__}.")
    found = _found(wanted)
    if found is None:
        raise ValueError(unknown(wanted, [one.name for one in COMMUNES], "commune") + " places.COMMUNES has all 28.")
    return found


def communes(wanted: str | Commune | list[str | Commune] | tuple[str | Commune, ...]) -> tuple[Commune, ...]:
    """Find one commune or several, each once, in the order given; see `commune`."""
    several = wanted if isinstance(wanted, (list, tuple)) else (wanted,)
    if not several:
        raise ValueError("The list of communes is empty; leave it out to have all.")
    return tuple(dict.fromkeys(commune(one) for one in several))


def names_of(codes: pd.Series) -> pd.Series:
    """Name the commune of each INSEE code; missing where it is none of the 28."""
    from bdxopendata.topics.casts import TEXT

    return codes.map({one.code: one.name for one in COMMUNES}).astype(TEXT)


def codes_of(names: pd.Series) -> pd.Series:
    """Give the INSEE code of each commune name, however it is spelt; missing where it is none of the 28."""
    from bdxopendata.topics.casts import TEXT

    spelt = {name: code for name in names.dropna().unique() if (code := code_of(str(name))) is not None}
    return names.map(spelt).astype(TEXT)


def code_of(name: str) -> str | None:
    """Give the INSEE code of a commune name, however it is spelt; None where it is none of the 28."""
    found = _found(name)
    return None if found is None else found.code


def point(lon: object, lat: object) -> tuple[float, float]:
    """Check a place given in degrees, longitude first.

    Raises
    ------
    TypeError
        If one of them is no number.
    ValueError
        If they cannot be degrees, or were clearly given the wrong way round.
    """
    for name, value in (("lon", lon), ("lat", lat)):
        if isinstance(value, bool) or not hasattr(value, "__float__"):
            raise TypeError(f"{name} is a number of degrees, not {type(value).__name__}.")
    east, north = float(lon), float(lat)  # type: ignore[arg-type]  # what has __float__ was let through above
    if is_near(north, east) and not is_near(east, north):
        raise ValueError(f"lon={east:g}, lat={north:g} are swapped: longitude comes first, so ({north:g}, {east:g}).")
    for name, value, most in (("lon", east, 180), ("lat", north, 90)):
        if not math.isfinite(value) or abs(value) > most:
            raise ValueError(f"{name} is between -{most} and {most} degrees, not {value:g}; longitude comes first.")
    return east, north


@taking
def nearest(frame: gpd.GeoDataFrame, lon: float, lat: float, n: int = 5) -> gpd.GeoDataFrame:
    """Find the rows nearest to a place, by metres and not by degrees.

    Parameters
    ----------
    frame
        A frame with geometry, in any coordinate system.
    lon, lat
        The place, in degrees (EPSG:4326), longitude first.
    n
        Most rows to return, from 1.

    Returns
    -------
    geopandas.GeoDataFrame
        The rows, nearest first, with a column ``distance`` in metres as the crow flies (to the edge of a shape). Rows
        without a place cannot be measured and are not among them.

    Raises
    ------
    ValueError
        If the place cannot be one, was given the wrong way round, or `n` is below 1.
    """
    import geopandas as gpd
    import shapely

    place = gpd.GeoSeries([shapely.Point(*point(lon, lat))], crs=4326).to_crs(METRIC_CRS)
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"n is a whole number, not {type(n).__name__}.")
    if n < 1:
        raise ValueError(f"n is at least 1, not {n}.")
    shapes = frame.geometry.to_numpy()
    known = frame[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    distance = known.geometry.to_crs(METRIC_CRS).distance(place.iloc[0])
    found: gpd.GeoDataFrame = known.assign(distance=distance.round(1)).iloc[distance.argsort(kind="stable")[:n]]
    found.attrs = dict(frame.attrs)
    return found


def _found(wanted: str) -> Commune | None:
    text = wanted.strip()
    if text.isdigit():
        return BY_CODE.get(text if len(text) != 3 else f"33{text}")
    return _BY_FORM.get(folded(_SAINT.sub(_whole, text)))


def _whole(short: re.Match[str]) -> str:
    return "sainte" if "e" in short[0].lower() else "saint"


def is_near(lon: float, lat: float) -> bool:
    """Whether a point lies in or around the metropolis."""
    west, south, east, north = AROUND
    return west <= lon <= east and south <= lat <= north


_BY_FORM = {folded(form): one for one in COMMUNES for form in (_ARTICLE.sub("", one.name, count=1), one.name)}
