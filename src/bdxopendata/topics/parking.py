"""Car parks and their free places, in real time.

About a quarter of the car parks are not counted: they have neither free nor counted places, and their row may be years
old. Others contradict themselves. No row is dropped: ``oddities`` says what is odd.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bdxopendata.catalog import Catalog
from bdxopendata.query import Query
from bdxopendata.topics import arguments, charts, choices, engine, live, nearby, places, when
from bdxopendata.topics.contract import load
from bdxopendata.topics.labels import Language, labelled, taking
from bdxopendata.topics.oddities import tell as told
from bdxopendata.topics.places import nearest

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["CONTRACT", "nearest", "oddities", "parking", "plot_free", "plot_map"]

CONTRACT = load("parking")

# Names on a map of more car parks would stand on each other.
MOST_NAMED = 15

FREE_OF_CHARGE = "GRATUIT"
PARK_AND_RIDE = "PAYANT_TARIF_PARC_RELAIS"

MORE_FREE_THAN_PLACES = "more places free than there are"
NOT_COUNTED = "not counted"
HALF_COUNTED = "only one of free and counted places"
NEGATIVE = "negative number of places"
SHARED_IDENT = "identifier shared with another car park"
NOT_CONNECTED = "figures though not connected"
FULL_WITH_PLACES = "full, yet with places free"


@labelled
def parking(
    *,
    min_free: int | None = None,
    free_of_charge: bool | None = None,
    park_and_ride: bool | None = None,
    kind: str | None = None,
    near: tuple[float, float, float] | None = None,
    stale_after: when.Span | None = live.STANDING,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> gpd.GeoDataFrame:
    """Tell which car parks there are, and how many places are free now.

    Parameters
    ----------
    min_free
        Only car parks with at least so many places free; car parks that are not counted are then left out.
    free_of_charge
        True: only those that cost nothing; False: only those that have another tariff.
    park_and_ride
        True: only those with a park-and-ride tariff; False: only those with another tariff.
    kind
        How it is built: ``"SURFACE"``, ``"ENTERRE"``, ``"SILO"``, ``"MIXTE"`` or ``"ENCLOS"``, whatever the case and
        accents.
    near
        Longitude, latitude (degrees) and metres: only car parks at most so far away.
    stale_after
        Warn when even the newest row of a counted car park is older: a timedelta, seconds, or text such
        as ``"2h"``; None never warns.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per car park, points in EPSG:4326. Places are `Int64`, prices euros (missing: not offered, 0: free),
        ``height_limit`` metres, ``observed_at`` in Europe/Paris and ``age`` its age. ``occupancy`` is the share of
        counted places taken. ``oddities`` tells contradictions, joined by ``"; "``; no row is dropped for them. Other
        columns of the portal follow under their own names. No car park means an empty frame of the same columns.

    Raises
    ------
    ValueError
        If `kind` is unknown, or `near` can be no place or was given latitude first.
    DatasetNotFoundError, SchemaDriftError
        If the portal no longer has the dataset, or a column that is needed.

    Warns
    -----
    StaleDataWarning
        If the feed stands still.
    FarAwayWarning
        If `near` is far from here.

    Notes
    -----
    Source: dataset ``st_park_p``, refreshed about every two and a half minutes. A shared identifier is flagged among
    the rows of the answer.
    """
    min_free = arguments.whole("min_free", min_free)
    free_of_charge = arguments.flag("free_of_charge", free_of_charge)
    park_and_ride = arguments.flag("park_and_ride", park_and_ride)
    limit = when.span(stale_after, "stale_after")
    circle = nearby.circle(near)
    (source,) = engine.find(CONTRACT, catalog)
    known_kind = None if kind is None else choices.choose(kind, _kinds(source), "kind of car park")

    def ask(source: engine.Source) -> Query:
        query = source.query
        if min_free is not None:
            query = query.where(source.field("free") >= min_free)
        if known_kind is not None:
            query = query.where(source.field("kind") == known_kind)
        for wanted, tariff in ((free_of_charge, FREE_OF_CHARGE), (park_and_ride, PARK_AND_RIDE)):
            if wanted is not None:
                field = source.field("tariff")
                query = query.where(field == tariff if wanted else field.not_null() & (field != tariff))
        return query if circle is None else query.near(*circle)

    return completed(engine.answer([source], ask), limit)


@taking
def oddities(frame: pd.DataFrame) -> pd.Series:
    """Tell what is odd about each row of `parking`.

    Returns
    -------
    pandas.Series
        Texts joined by ``"; "`` on the index of `frame`; missing where nothing is odd.
    """
    free, counted = frame["free"], frame["counted"]
    odd = {
        MORE_FREE_THAN_PLACES: free > counted.fillna(frame["capacity"]),
        NOT_COUNTED: free.isna() & counted.isna(),
        HALF_COUNTED: free.isna() ^ counted.isna(),
        NEGATIVE: (free < 0) | (counted < 0) | (frame["capacity"] < 0),
        SHARED_IDENT: frame["ident"].notna() & frame["ident"].duplicated(keep=False),
        NOT_CONNECTED: free.notna() & ~frame["connected"].fillna(True),
        FULL_WITH_PLACES: (frame["status"] == "COMPLET") & (free > 0),
    }
    return told(frame.index, odd)


@taking
def plot_map(frame: gpd.GeoDataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw where the car parks are, how large, and how full; those that are not counted are grey rings.

    Parameters
    ----------
    frame
        As `parking` returns it.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The map, with its source and licence underneath.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    ax = charts.axes(ax, 9.0, 7.5)
    frame = frame[frame.geometry.notna()].sort_values("capacity", ascending=False)
    # The area of a circle is its places; the smallest can still be seen.
    sizes = frame["capacity"].astype("float64").fillna(0).clip(lower=80) / 4
    counted = frame["occupancy"].notna()
    charts.points(
        ax,
        frame[~counted],
        s=sizes[~counted],
        facecolors="none",
        edgecolors=charts.FAINT,
        linewidths=0.9,
        label=charts.say(frame, "not counted", "non comptés"),
    )
    drawn = charts.points(
        ax,
        frame[counted],
        s=sizes[counted],
        c=frame.loc[counted, "occupancy"],
        cmap="cividis_r",
        vmin=0,
        vmax=1,
        alpha=0.9,
        edgecolors="white",
        linewidths=0.6,
    )
    charts.finish_map(ax)
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.5, format=lambda share, _: charts.share(frame, share))
    bar.set_label(charts.say(frame, "places taken", "places occupées"), fontsize=9, color=charts.INK)
    bar.outline.set_visible(False)
    if len(frame) <= MOST_NAMED:
        where = zip(frame.geometry.x, frame.geometry.y, strict=True)
        under = dict(zip(frame["name"], sizes**0.5 / 2 + 2, strict=True))
        charts.labels(ax, dict(zip(frame["name"], where, strict=True)), under=under)
    charts.title(ax, _title(frame))
    if (~counted).any():
        ax.legend(loc="lower right", frameon=False, fontsize=9, markerscale=0.7)
    charts.credit(ax, frame, below=8)
    return ax


@taking
def plot_free(frame: pd.DataFrame, *, top: int = 20, ax: Axes | None = None) -> Axes:
    """Draw how many places are free where most are.

    Parameters
    ----------
    frame
        As `parking` returns it.
    top
        How many car parks.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Lying bars, most free places on top, each with free and counted places, and the source and licence underneath.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    rows = frame[frame["free"].notna()].sort_values("free", ascending=False, kind="stable").head(top)
    ax = charts.axes(ax, 8.0, 1.6 + 0.27 * max(len(rows), 3))
    of = [charts.of(frame, free, counted) for free, counted in _pairs(rows)]
    charts.bars(ax, rows["name"].tolist(), rows["free"].astype("float64").tolist(), of)
    ax.set_xlabel(charts.say(frame, "places free", "places libres"), fontsize=9, color=charts.INK)
    charts.title(ax, _title(frame))
    charts.credit(ax, frame)
    return ax


def _pairs(rows: pd.DataFrame) -> list[tuple[int, int | None]]:
    figures = rows[["free", "counted"]].astype(object)
    return [(free, counted) for free, counted in figures.where(figures.notna(), None).itertuples(index=False)]


def _title(frame: pd.DataFrame) -> str:
    free = charts.number(frame, int(frame["free"].sum()))
    return charts.say(frame, f"{free} places free", f"{free} places libres") + charts.observed(
        frame[frame["free"].notna()]
    )


def completed(frame: Any, stale_after: timedelta | None) -> gpd.GeoDataFrame:
    """Add what the portal does not say itself."""
    occupancy = 1 - frame["free"].astype("float64") / frame["counted"].astype("float64").where(frame["counted"] > 0)
    frame["occupancy"] = occupancy.where(occupancy.between(0, 1))
    frame["free_of_charge"] = (frame["tariff"] == FREE_OF_CHARGE).astype("boolean").mask(frame["tariff"].isna())
    relay = (frame["tariff"] == PARK_AND_RIDE) | (frame["park_and_ride_places"] > 0).fillna(False)
    nobody_says = frame["tariff"].isna() & frame["park_and_ride_places"].isna()
    frame["park_and_ride"] = relay.astype("boolean").mask(nobody_says)
    engine.fill(frame, "commune", places.names_of(frame["insee"]))
    frame["oddities"] = oddities(frame)
    # Nobody touches the rows of car parks that are not counted.
    live.observe(frame, stale_after=stale_after, moving=frame["free"].notna())
    found: gpd.GeoDataFrame = frame
    return found


def _kinds(source: engine.Source) -> list[str]:
    return [kind for (kind,) in source.values("kind") if kind is not None]
