"""The state of traffic on the main roads, sensors, and what they counted.

The state is live. Counts over time are large, so only the range that is asked for leaves the portal.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from bdxopendata.catalog import Catalog
from bdxopendata.query import Query
from bdxopendata.topics import charts, choices, engine, live, nearby, places, when
from bdxopendata.topics.contract import load
from bdxopendata.topics.labels import Language, labelled, taking

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["CONTRACT", "STATES", "plot_map", "traffic", "traffic_counts", "traffic_sensors"]

CONTRACT = load("traffic")

STATES = CONTRACT.columns["state"].values
UNKNOWN = "INCONNU"
WORDS = dict(
    zip(
        STATES,
        (("flowing", "fluide"), ("dense", "dense"), ("jammed", "embouteillé"), ("at a standstill", "paralysé")),
        strict=True,
    )
)
COLOURS = dict(zip(STATES, charts.GRADES, strict=True))

SENSORS = {"road": load("road_counters"), "bike": load("bike_counters")}
COUNTS = {"road": load("road_counts"), "bike": load("bike_counts")}
Vehicle = Literal["road", "bike"]


@labelled
def traffic(
    *,
    at_least: str | None = None,
    road_kind: str | None = None,
    commune: str | places.Commune | None = None,
    near: tuple[float, float, float] | None = None,
    stale_after: when.Span | None = live.STANDING,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> gpd.GeoDataFrame:
    """Tell how traffic flows now.

    Parameters
    ----------
    at_least
        Only segments in this state or a worse one: ``"FLUIDE"``, ``"DENSE"``, ``"EMBOUTEILLE"`` or ``"PARALYSE"``.
    road_kind
        Only this kind of road, such as ``"QUAIS"``, whatever the case.
    commune
        Only this commune, by name or INSEE code.
    near
        Longitude, latitude (degrees) and metres: only segments that come so near.
    stale_after
        Warn when even the newest segment is older: a timedelta, seconds, or text such as ``"2h"``; None never warns.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per segment, lines in EPSG:4326: ``segment``, ``state`` (ordered categorical from flowing to standing;
        missing where unknown), ``state_sent`` (as the portal says it), ``road_kind``, ``origin``, ``insee``,
        ``commune``, ``observed_at`` (Europe/Paris), ``age``. Other columns of the portal follow.

    Raises
    ------
    ValueError
        If there is no such state, kind of road or commune, or `near` can be no place.
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
    Source: dataset ``ci_trafi_l``, refreshed every minute.
    """
    limit = when.span(stale_after, "stale_after")
    circle = nearby.circle(near)
    code = None if commune is None else places.commune(commune).code
    worst = None if at_least is None else choices.choose(at_least, STATES, "state of traffic")
    (source,) = engine.find(CONTRACT, catalog)
    kind = None
    if road_kind is not None:
        known = [one for (one,) in source.values("road_kind") if one is not None]
        kind = choices.choose(road_kind, known, "kind of road")

    def ask(source: engine.Source) -> Query:
        query = source.query
        if worst is not None:
            query = query.where(source.field("state_sent").isin(STATES[STATES.index(worst) :]))
        if kind is not None:
            query = query.where(source.field("road_kind") == kind)
        if code is not None:
            query = query.where(source.field("insee") == code)
        return query if circle is None else query.near(*circle)

    return completed(engine.answer([source], ask), limit)


def completed(frame: Any, stale_after: timedelta | None) -> gpd.GeoDataFrame:
    """Add what the portal does not say itself."""
    import pandas as pd

    sent = frame["state_sent"]
    states = sent.where(sent.isin(STATES))
    frame["state"] = pd.Categorical(states, categories=list(STATES), ordered=True)
    live.observe(frame, stale_after=stale_after)
    found: gpd.GeoDataFrame = frame
    return found


@labelled
def traffic_sensors(
    vehicle: Vehicle = "road", *, labels: Language | None = None, catalog: Catalog | str | None = None
) -> gpd.GeoDataFrame:
    """List the sensors that count road traffic or bicycles, with what they last counted where the portal says so.

    Parameters
    ----------
    vehicle
        ``"road"`` or ``"bike"``.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per sensor, points in EPSG:4326: ``sensor``, ``name``, ``kind``, ``count_5min`` (`Int64`), ``commune``,
        ``observed_at`` (Europe/Paris), ``age``. Columns that the portal lacks are missing, others of the portal follow.

    Raises
    ------
    ValueError
        For another kind of vehicle.
    DatasetNotFoundError, SchemaDriftError
        If the portal has no such dataset, or not the columns that are needed.

    Notes
    -----
    Source: datasets ``pc_capte_p`` and ``pc_captv_p``.
    """
    frame = engine.read(SENSORS[_vehicle(vehicle)], catalog=catalog)
    live.observe(frame, stale_after=None)
    found: gpd.GeoDataFrame = frame
    return found


@labelled
def traffic_counts(
    start: when.When,
    end: when.When,
    *,
    vehicle: Vehicle = "road",
    sensor: str | list[str] | None = None,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Read what sensors counted in a range of time; only this range is asked of the portal.

    Parameters
    ----------
    start, end
        Days or aware moments, as dates, ISO text or those of pandas: from `start` on, and before `end`. A day begins
        at midnight in Europe/Paris, a year (``2025``) or a month (``"2025-05"``) with its first day.
    vehicle
        ``"road"`` or ``"bike"``.
    sensor
        Only this sensor, or these.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    pandas.DataFrame
        One row per sensor and interval, ordered by time: ``sensor``, ``time`` (Europe/Paris), then the portal's own
        columns with the counts, whose names differ between datasets. No row in the range means an empty frame.

    Raises
    ------
    ValueError
        If `end` is not after `start`, a moment has no zone, or for another kind of vehicle.
    DatasetNotFoundError, SchemaDriftError
        If the portal keeps no such history, or not with the columns that are needed.

    Notes
    -----
    Source: datasets ``pc_capte_p_histo_jour``, ``pc_velo_p`` and ``pc_captv_p_histo_heure``.
    """
    first, last = (when.moment(one, name, whole_days=True) for one, name in ((start, "start"), (end, "end")))
    if last <= first:
        raise ValueError("end comes after start: the range is from start on, and before end.")
    sensors = None if sensor is None else [sensor] if isinstance(sensor, str) else list(sensor)
    (source,) = engine.find(COUNTS[_vehicle(vehicle)], catalog)

    def ask(source: engine.Source) -> Query:
        at = source.field("time")
        query = source.query.where((at >= first) & (at < last))
        if sensors is not None:
            query = query.where(source.field("sensor").isin(sensors))
        return query.order_by(source.fields["time"][0], source.fields["sensor"][0])

    frame = engine.answer([source], ask)
    frame["time"] = frame["time"].dt.tz_convert(live.ZONE)
    found: pd.DataFrame = frame
    return found


@taking
def plot_map(frame: gpd.GeoDataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the segments in the colour of their state; unknown ones are grey.

    Parameters
    ----------
    frame
        As `traffic` returns it.
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
    unknown = frame[frame["state"].isna()]
    if len(unknown):
        unknown.plot(
            ax=ax,
            color=charts.OTHERS,
            linewidth=1.6,
            label=f"{charts.say(frame, 'unknown', 'inconnu')} ({len(unknown)})",
        )
    for state in STATES:
        part = frame[frame["state"] == state]
        if len(part):
            part.plot(
                ax=ax, color=COLOURS[state], linewidth=2.4, label=f"{charts.say(frame, *WORDS[state])} ({len(part)})"
            )
    charts.finish_map(ax)
    charts.title(ax, f"{charts.say(frame, 'Traffic', 'Circulation')}{charts.observed(frame)}")
    ax.legend(loc="lower right", frameon=False, fontsize=9)
    charts.credit(ax, frame, below=8)
    return ax


def _vehicle(vehicle: str) -> str:
    return choices.choose(vehicle, SENSORS, "kind of vehicle")
