"""How many people are in the swimming pools, in real time.

Counters drift: the number of people can be negative or missing. Such rows stay, and say so.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bdxopendata.catalog import Catalog
from bdxopendata.topics import arguments, charts, choices, engine, live, oddities, when
from bdxopendata.topics.contract import load
from bdxopendata.topics.labels import Language, labelled, taking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["CONTRACT", "plot", "pools"]

CONTRACT = load("pools")

# A pool whose counter has not moved for a day is closed.
CLOSED_AFTER = timedelta(days=1)

NEGATIVE = "negative number of people, taken for none"
NOT_COUNTED = "nobody counted"
TOO_MANY = "more people than the capacity"
FROM_BEFORE = "older than a day: taken for closed"


@labelled
def pools(
    *,
    pool: str | None = None,
    open_only: bool = False,
    stale_after: when.Span | None = live.STANDING,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Tell how full the swimming pools are now.

    Parameters
    ----------
    pool
        Only this pool, whatever the case and accents.
    open_only
        Leave out the zones that are taken for closed.
    stale_after
        Warn when even the newest row is older: a timedelta, seconds, or text such as ``"2h"``; None never warns.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    pandas.DataFrame
        One row per zone of a pool: ``pool``, ``zone``, ``zone_number``, ``capacity``, ``people``, ``people_sent``,
        ``entries_today`` (`Int64`, people), ``occupancy`` (share of the capacity), ``open``, ``observed_at``
        (Europe/Paris), ``age`` and ``oddities``. Other columns of the portal follow.

    Raises
    ------
    ValueError
        If there is no such pool; the message names the nearest.
    DatasetNotFoundError, SchemaDriftError
        If the portal no longer has the dataset, or a column that is needed.

    Warns
    -----
    StaleDataWarning
        If the feed stands still.

    Notes
    -----
    Source: dataset ``bor_frequentation_piscine_tr``.
    """
    open_only = bool(arguments.flag("open_only", open_only))
    limit = when.span(stale_after, "stale_after")
    (source,) = engine.find(CONTRACT, catalog)
    known = None
    if pool is not None:
        known = choices.choose(pool, [name for (name,) in source.values("pool") if name is not None], "pool")
    query = source.query if known is None else source.query.where(source.field("pool") == known)
    frame = completed(engine.answer([source], lambda _: query), limit)
    return frame[frame["open"].fillna(False).astype(bool)].reset_index(drop=True) if open_only else frame


def completed(frame: Any, stale_after: timedelta | None) -> pd.DataFrame:
    """Add what the portal does not say itself."""
    sent = frame["people_sent"]
    frame["people"] = sent.clip(lower=0)
    capacity = frame["capacity"].astype("float64")
    frame["occupancy"] = frame["people"].astype("float64") / capacity.where(capacity > 0)
    live.observe(frame, stale_after=stale_after)
    frame["open"] = (frame["age"] < CLOSED_AFTER).astype("boolean").mask(frame["age"].isna())
    frame["oddities"] = oddities.tell(
        frame.index,
        {
            NEGATIVE: sent < 0,
            NOT_COUNTED: sent.isna(),
            TOO_MANY: sent > frame["capacity"],
            FROM_BEFORE: ~frame["open"],
        },
    )
    found: pd.DataFrame = frame
    return found


@taking
def plot(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many people are in each zone.

    Parameters
    ----------
    frame
        As `pools` returns it.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Lying bars, with the capacity behind each number and the source and licence underneath.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    rows = frame[frame["people"].notna()].sort_values("people", ascending=False, kind="stable")
    ax = charts.axes(ax, 8.0, 1.6 + 0.32 * max(len(rows), 3))
    names = (rows["pool"] + rows["zone"].map(lambda zone: f", {zone}", na_action="ignore").fillna("")).tolist()
    figures = rows[["people", "capacity"]].astype(object)
    pairs = figures.where(figures.notna(), None).itertuples(index=False)
    of = [charts.of(frame, people, capacity) for people, capacity in pairs]
    charts.bars(ax, names, rows["people"].astype("float64").tolist(), of)
    ax.set_xlabel(charts.say(frame, "people in the zone", "personnes dans la zone"), fontsize=9, color=charts.INK)
    charts.title(ax, f"{charts.say(frame, 'Swimming pools', 'Piscines')}{charts.observed(frame)}")
    charts.credit(ax, frame)
    return ax
