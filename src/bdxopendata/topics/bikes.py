"""Bike share stations: bikes to take and docks to bring them back, in real time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bdxopendata.catalog import Catalog
from bdxopendata.query import Query
from bdxopendata.topics import arguments, charts, engine, live, nearby, oddities, places, when
from bdxopendata.topics.contract import load
from bdxopendata.topics.labels import Language, labelled, taking
from bdxopendata.topics.places import nearest

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

__all__ = ["CONTRACT", "bikes", "nearest", "plot_map"]

CONTRACT = load("bikes")

CONNECTED = "CONNECTEE"

NOT_THE_SUM = "electric and classic bikes do not add up"
NEGATIVE = "negative number"
SHARED_NUMBER = "station number shared with another row"
BIKES_OUT_OF_SERVICE = "bikes though not in service"


@labelled
def bikes(
    *,
    min_bikes: int | None = None,
    min_docks: int | None = None,
    in_service: bool | None = None,
    commune: str | places.Commune | None = None,
    near: tuple[float, float, float] | None = None,
    stale_after: when.Span | None = live.STANDING,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> gpd.GeoDataFrame:
    """Tell where bikes can be taken and brought back now.

    Parameters
    ----------
    min_bikes, min_docks
        Only stations with at least so many bikes, or free docks.
    in_service
        True: only stations in service; False: only the others.
    commune
        Only stations of this commune, by name or INSEE code, whatever the case, accents and hyphens.
    near
        Longitude, latitude (degrees) and metres: only stations at most so far away.
    stale_after
        Warn when the feed is older: a timedelta, seconds, or text such as ``"2h"``; None never warns.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per station, points in EPSG:4326: ``station`` (the number that people see), ``name``, ``kind``,
        ``state``, ``in_service``, ``bikes``, ``electric``, ``classic``, ``docks`` (`Int64`), ``insee``, ``commune``,
        ``observed_at`` (Europe/Paris), ``age`` and ``oddities``. No row is dropped for an oddity. Other columns of the
        portal follow. No station means an empty frame of the same columns.

    Raises
    ------
    ValueError
        If there is no such commune, or `near` can be no place or was given latitude first.
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
    Source: dataset ``ci_vcub_p``, refreshed about every two and a half minutes.
    """
    least_of = {"bikes": arguments.whole("min_bikes", min_bikes), "docks": arguments.whole("min_docks", min_docks)}
    in_service = arguments.flag("in_service", in_service)
    limit = when.span(stale_after, "stale_after")
    circle = nearby.circle(near)
    code = None if commune is None else places.commune(commune).code
    (source,) = engine.find(CONTRACT, catalog)

    def ask(source: engine.Source) -> Query:
        query = source.query
        for column, least in least_of.items():
            if least is not None:
                query = query.where(source.field(column) >= least)
        if in_service is not None:
            state = source.field("state")
            query = query.where(state == CONNECTED if in_service else state.not_null() & (state != CONNECTED))
        if code is not None:
            query = query.where(source.field("insee") == code)
        return query if circle is None else query.near(*circle)

    return completed(engine.answer([source], ask), limit)


def completed(frame: Any, stale_after: timedelta | None) -> gpd.GeoDataFrame:
    """Add what the portal does not say itself."""
    frame["in_service"] = (frame["state"] == CONNECTED).astype("boolean").mask(frame["state"].isna())
    engine.fill(frame, "commune", places.names_of(frame["insee"]))
    total = frame["electric"] + frame["classic"]
    figures = frame[["bikes", "docks", "electric", "classic"]]
    frame["oddities"] = oddities.tell(
        frame.index,
        {
            NOT_THE_SUM: total != frame["bikes"],
            NEGATIVE: (figures < 0).any(axis=1),
            SHARED_NUMBER: frame["station"].notna() & frame["station"].duplicated(keep=False),
            BIKES_OUT_OF_SERVICE: ~frame["in_service"] & (frame["bikes"] > 0),
        },
    )
    live.observe(frame, stale_after=stale_after)
    found: gpd.GeoDataFrame = frame
    return found


@taking
def plot_map(frame: gpd.GeoDataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the stations, coloured by how many bikes there are; stations out of service are grey rings.

    Parameters
    ----------
    frame
        As `bikes` returns it.
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
    frame = frame[frame.geometry.notna()]
    serving = frame["in_service"].fillna(False).astype(bool)
    charts.points(
        ax,
        frame[~serving],
        s=26,
        facecolors="none",
        edgecolors=charts.FAINT,
        linewidths=0.9,
        label=charts.say(frame, "out of service", "hors service"),
    )
    drawn = charts.points(
        ax,
        frame[serving],
        s=34,
        c=frame.loc[serving, "bikes"].astype("float64"),
        cmap="viridis_r",
        vmin=0,
        edgecolors="white",
        linewidths=0.5,
    )
    charts.finish_map(ax)
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.5)
    bar.set_label(charts.say(frame, "bikes to take", "vélos à prendre"), fontsize=9, color=charts.INK)
    bar.outline.set_visible(False)
    count = charts.number(frame, int(frame["bikes"].sum()))
    charts.title(ax, f"{count} {charts.say(frame, 'bikes', 'vélos')}{charts.observed(frame)}")
    if (~serving).any():
        ax.legend(loc="lower right", frameon=False, fontsize=9)
    charts.credit(ax, frame, below=8)
    return ax
