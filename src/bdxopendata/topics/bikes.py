"""Bike share stations: bikes to take and docks to bring them back, in real time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bdxopendata.catalog import Catalog
from bdxopendata.query import Query
from bdxopendata.topics import charts, engine, live, nearby, oddities, places
from bdxopendata.topics.contract import load
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


def bikes(
    *,
    min_bikes: int | None = None,
    min_docks: int | None = None,
    in_service: bool | None = None,
    commune: str | places.Commune | None = None,
    near: tuple[float, float, float] | None = None,
    stale_after: timedelta | None = live.STANDING,
    catalog: Catalog | None = None,
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
        Warn when the feed is older; None never warns.
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
        If there is no such commune, or `near` can be no place near here or was given latitude first.
    DatasetNotFoundError, SchemaDriftError
        If the portal no longer has the dataset, or a column that is needed.

    Warns
    -----
    StaleDataWarning
        If the feed stands still.

    Notes
    -----
    Source: dataset ``ci_vcub_p``, refreshed about every two and a half minutes.
    """
    for name, least in (("min_bikes", min_bikes), ("min_docks", min_docks)):
        _check_least(name, least)
    if in_service is not None and not isinstance(in_service, bool):
        raise TypeError(f"in_service is True, False or None, not {type(in_service).__name__}.")
    circle = nearby.circle(near)
    code = None if commune is None else places.commune(commune).code
    (source,) = engine.find(CONTRACT, catalog)

    def ask(source: engine.Source) -> Query:
        query = source.query
        for column, least in (("bikes", min_bikes), ("docks", min_docks)):
            if least is not None:
                query = query.where(source.field(column) >= least)
        if in_service is not None:
            state = source.field("state")
            query = query.where(state == CONNECTED if in_service else state.not_null() & (state != CONNECTED))
        if code is not None:
            query = query.where(source.field("insee") == code)
        return query if circle is None else query.near(*circle)

    return completed(engine.answer([source], ask), stale_after)


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
        ax, frame[~serving], s=26, facecolors="none", edgecolors=charts.FAINT, linewidths=0.9, label="out of service"
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
    bar.set_label("bikes to take", fontsize=9, color=charts.INK)
    bar.outline.set_visible(False)
    ax.set_title(
        f"{int(frame['bikes'].sum()):,} bikes{charts.observed(frame)}", loc="left", fontsize=13, color=charts.INK
    )
    if (~serving).any():
        ax.legend(loc="lower right", frameon=False, fontsize=9)
    charts.credit(ax, frame, below=8)
    return ax


def _check_least(name: str, least: object) -> None:
    if least is None:
        return
    if isinstance(least, bool) or not isinstance(least, int):
        raise TypeError(f"{name} is a whole number, not {type(least).__name__}.")
    if least < 0:
        raise ValueError(f"{name} is a number from 0, not {least}.")
