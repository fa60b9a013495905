"""On which days waste is collected at an address.

The zones are surfaces; some come without a shape, since their geometry is broken at the source. An address in such a
zone cannot be told, and a warning says where that may be so.
"""

from __future__ import annotations

import warnings
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from bdxopendata.catalog import Catalog
from bdxopendata.errors import DataQualityWarning, levels_up
from bdxopendata.topics import charts, choices, engine, live, nearby, oddities, places, when
from bdxopendata.topics.contract import load
from bdxopendata.topics.labels import Language, labelled, taking

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["CONTRACT", "next_collection", "plot_map", "waste_collection", "waste_zones"]

CONTRACT = load("waste")

# Days as the portal writes them, in the order of ISO numbers.
DAYS = {
    "LUNDI": "Monday",
    "MARDI": "Tuesday",
    "MERCREDI": "Wednesday",
    "JEUDI": "Thursday",
    "VENDREDI": "Friday",
    "SAMEDI": "Saturday",
    "DIMANCHE": "Sunday",
}
NUMBERS = {english: number for number, english in enumerate(DAYS.values(), start=1)}
WASTE = {"OM": "household", "TRI": "sorted"}

NO_SHAPE = "no shape: no address can be found in it"
NO_DAYS = "no day of collection"
ODD_DAY = "a day that is no weekday"


@labelled
def waste_zones(
    *, commune: str | places.Commune | None = None, labels: Language | None = None, catalog: Catalog | str | None = None
) -> gpd.GeoDataFrame:
    """List the zones of waste collection with their days.

    Parameters
    ----------
    commune
        Only zones of this commune, by name or INSEE code, whatever the case, accents and hyphens.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per zone and kind of waste, surfaces in EPSG:4326 (None where the source has no valid one): ``zone``,
        ``waste``, ``days`` (English), ``weekdays`` (ISO numbers, 1 is Monday), ``at_night``, ``insee``, ``commune``,
        ``oddities``. Other columns of the portal follow.

    Raises
    ------
    ValueError
        If there is no such commune.
    DatasetNotFoundError, SchemaDriftError
        If the portal no longer has the dataset, or a column that is needed.

    Notes
    -----
    Source: dataset ``en_frcol_s``. Seven of the 28 communes are not served by it.
    """
    code = None if commune is None else places.commune(commune).code
    (source,) = engine.find(CONTRACT, catalog)
    query = source.query if code is None else source.query.where(source.field("insee") == code)
    return completed(engine.answer([source], lambda _: query))


@labelled
def waste_collection(
    lon: float,
    lat: float,
    *,
    at: when.When | None = None,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Tell which waste is collected at a point, on which days, and when next.

    Parameters
    ----------
    lon, lat
        The point in degrees, longitude first.
    at
        The day from which on the next collection is meant, as a date or ISO text; today in Europe/Paris by default.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    pandas.DataFrame
        One row per kind of waste: ``waste``, ``days``, ``weekdays``, ``at_night``, ``next`` (a date, `at` or later),
        ``zone``, ``insee``, ``commune``. Empty where the point is in no zone.

    Raises
    ------
    ValueError
        If the point can be none, or latitude was given first.
    DatasetNotFoundError, SchemaDriftError
        If the portal no longer has the dataset, or a column that is needed.

    Warns
    -----
    DataQualityWarning
        If no zone holds the point, and there are zones without a shape that might.
    FarAwayWarning
        If the point is far from here.

    Notes
    -----
    Source: dataset ``en_frcol_s``.
    """
    lon, lat = places.point(lon, lat)
    day = _day(at)
    nearby.tell_if_far(lon, lat, lon, lat)
    return at_point(waste_zones(catalog=catalog), lon, lat, day)


def at_point(zones: gpd.GeoDataFrame, lon: float, lat: float, day: date) -> pd.DataFrame:
    """Choose the zones that hold a point."""
    import pandas as pd
    from shapely import Point

    here = zones[zones.geometry.notna() & zones.geometry.intersects(Point(lon, lat))]
    # Neighbouring zones share their border: a point on it has both.
    here = here.drop_duplicates(["waste", "zone"]).sort_values(["waste", "zone"])
    if here.empty and places.is_near(lon, lat):
        _warn_of_shapeless(zones)
    frame = pd.DataFrame(here[["waste", "days", "weekdays", "at_night", "zone", "insee", "commune"]])
    following = [next_collection(days, day) for days in frame["weekdays"]]
    frame.insert(4, "next", pd.Series(following, index=frame.index, dtype="datetime64[us]"))
    frame.attrs = dict(zones.attrs)
    return frame.reset_index(drop=True)


def next_collection(weekdays: list[int] | None, day: date) -> date | None:
    """Find the first of these ISO weekdays on or after a day; None for no weekday at all."""
    if not weekdays:
        return None
    return min(day + timedelta(days=(number - day.isoweekday()) % 7) for number in weekdays)


def completed(frame: Any) -> gpd.GeoDataFrame:
    """Bring kinds and days to English, and say what is odd."""
    import pandas as pd

    sent = frame["days"].map(lambda days: days if isinstance(days, list) else [])
    known = [sorted({DAYS[day] for day in days if day in DAYS}, key=NUMBERS.__getitem__) for days in sent]
    frame["waste"] = frame["waste"].map(lambda kind: WASTE.get(kind, kind), na_action="ignore")
    frame["days"] = pd.Series([days or None for days in known], index=frame.index, dtype="object")
    numbers = [[NUMBERS[day] for day in days] or None for days in known]
    frame["weekdays"] = pd.Series(numbers, index=frame.index, dtype="object")
    strange = pd.Series([any(day not in DAYS for day in days) for days in sent], index=frame.index)
    frame["oddities"] = oddities.tell(
        frame.index, {NO_SHAPE: frame.geometry.isna(), NO_DAYS: frame["days"].isna(), ODD_DAY: strange}
    )
    found: gpd.GeoDataFrame = frame
    return found


@taking
def plot_map(frame: gpd.GeoDataFrame, *, waste: str = "household", ax: Axes | None = None) -> Axes:
    """Draw the zones in the colour of how often they are collected in a week.

    Parameters
    ----------
    frame
        As `waste_zones` returns it.
    waste
        The kind of waste: ``"household"`` or ``"sorted"``.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The map, with its source and licence underneath.

    Raises
    ------
    ValueError
        If there is no such kind of waste.
    ImportError
        If matplotlib is not installed.
    """
    kind = choices.choose(waste, WASTE.values(), "kind of waste")
    ax = charts.axes(ax, 9.0, 7.5)
    zones = frame[(frame["waste"] == kind) & frame.geometry.notna()]
    often = zones["weekdays"].map(len, na_action="ignore").fillna(0).astype(int)
    for count in sorted(set(often)):
        part = zones[often == count]
        colour = charts.COLOURS[(count - 1) % len(charts.COLOURS)] if count else charts.OTHERS
        part.plot(ax=ax, color=colour, edgecolor="white", linewidth=0.6)
        # Surfaces make no entry of their own in a legend.
        ax.scatter(
            [],
            [],
            marker="s",
            s=60,
            color=colour,
            label=charts.say(frame, f"{count} a week", f"{count} par semaine") + f" ({len(part)} zones)",
        )
    charts.finish_map(ax)
    french = {"household": "des ordures ménagères", "sorted": "du tri"}[kind]
    charts.title(ax, charts.say(frame, f"Collections of {kind} waste", f"Collecte {french}"))
    ax.legend(loc="lower right", frameon=False, fontsize=9)
    charts.credit(ax, frame, below=8)
    return ax


def _warn_of_shapeless(zones: gpd.GeoDataFrame) -> None:
    shapeless = zones[zones.geometry.isna()]
    if len(shapeless):
        where = ", ".join(sorted(set(shapeless["commune"].dropna())))
        warnings.warn(
            f"No zone holds this point, but {len(shapeless)} zones have no shape ({where}): it may be in one of them.",
            DataQualityWarning,
            stacklevel=levels_up(),
        )


def _day(at: object) -> date:
    from zoneinfo import ZoneInfo

    return live.now().astimezone(ZoneInfo(live.ZONE)).date() if at is None else when.day(at, "at")
