"""Works in the streets: which permits there are, where, from when until when, and what they do to traffic.

One permit covers several footprints: the works themselves, and detours. The portal joins what it says of each by ``/``,
and the measures of one footprint by ``;``. Addresses have slashes of their own (``131/133 Rue …``), so locations cannot
always be told apart; then they stay one text, and ``oddities`` says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bdxopendata.catalog import Catalog
from bdxopendata.topics import arguments, charts, choices, engine, oddities, when
from bdxopendata.topics.contract import load
from bdxopendata.topics.labels import Language, labelled, taking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["CONTRACT", "completed", "footprints", "plot_measures", "works"]

CONTRACT = load("works")

# What is joined by slashes is read as text first.
PARSED = ("kinds", "footprint_ids", "measures", "locations")
AS_SENT = replace(
    CONTRACT,
    columns={name: replace(one, dtype="text") if name in PARSED else one for name, one in CONTRACT.columns.items()},
)

BETWEEN_FOOTPRINTS, BETWEEN_MEASURES = "/", ";"
CLOSING = ("Circulation interdite", "Interruption de circulation")

NOT_APART = "locations cannot be told apart"
UNLIKE = "not as many measures or kinds as footprints"
BACKWARDS = "ends before it starts"


@labelled
def works(
    *,
    on: when.When | None = None,
    measure: str | None = None,
    closed: bool | None = None,
    place: str | None = None,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Tell which works there are in the streets.

    Parameters
    ----------
    on
        Only works under way on this day, or on any day of this month or year: a date, ``"2026-06"``, ``2026``. Works
        whose end is not known go on.
    measure
        Only works with this measure, such as ``"Circulation alternée"``, whatever the case and accents.
    closed
        True: only works that close a road to traffic; False: only the others.
    place
        Only works whose location has this text, whatever the case and accents, such as ``"cours du medoc"``.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    pandas.DataFrame
        One row per permit, by its first day: ``permit``, ``worksite``, ``starts_on``, ``ends_on``, ``footprints``
        (`Int64`), ``kinds``, ``footprint_ids``, ``measures``, ``locations`` (lists of text), ``measures_sent``,
        ``closed`` and ``oddities``. No row is dropped for an oddity. Other columns of the portal follow; there is no
        geometry. `footprints` makes a row of each footprint.

    Raises
    ------
    TypeError, ValueError
        If `on` is no day, month or year, or no works have this measure; the message names the nearest.
    DatasetNotFoundError, SchemaDriftError
        If the portal no longer has the dataset, or a column that is needed.

    Notes
    -----
    Source: dataset ``ci_acte_a``. All permits are read, since the portal cannot ask about parts of a text.
    """
    first, last = when.stretch(on, on)
    closed = arguments.flag("closed", closed)
    for name, text in (("measure", measure), ("place", place)):
        if text is not None and not isinstance(text, str):
            raise TypeError(f"{name} is text, not {type(text).__name__}.")
    (source,) = engine.find(AS_SENT, catalog)
    frame = completed(engine.answer([source]))
    if first is not None and last is not None:
        import pandas as pd

        begun, over = frame["starts_on"] <= pd.Timestamp(last), frame["ends_on"] < pd.Timestamp(first)
        frame = frame[begun & ~over]
    if measure is not None:
        known = sorted({one for several in frame["measures"] for one in several})
        wanted = choices.choose(measure, known, "measure of works")
        frame = frame[[wanted in several for several in frame["measures"]]]
    if closed is not None:
        frame = frame[frame["closed"] == closed]
    if place is not None:
        form = choices.folded(place)
        frame = frame[[bool(form) and form in choices.folded(" ".join(several)) for several in frame["locations"]]]
    return frame.reset_index(drop=True)


def completed(frame: pd.DataFrame) -> pd.DataFrame:
    """Split what is joined, and tell what is odd; rows by their first day.

    Parameters
    ----------
    frame
        Columns of `AS_SENT`.
    """
    import pandas as pd

    made = frame.copy()
    made.attrs = dict(frame.attrs)
    ids, kinds, groups, places = (
        [_parts(text, BETWEEN_FOOTPRINTS) for text in frame[name].astype(object)]
        for name in ("footprint_ids", "kinds", "measures", "locations")
    )
    apart = [len(some) == len(every) for some, every in zip(places, ids, strict=True)]
    whole = [[text] if isinstance(text, str) else [] for text in frame["locations"].astype(object)]
    lists = {
        "kinds": kinds,
        "footprint_ids": ids,
        "measures": [_measures(several) for several in groups],
        "locations": [some if told else one for some, one, told in zip(places, whole, apart, strict=True)],
    }
    for name, values in lists.items():
        made[name] = pd.Series(values, index=frame.index, dtype=object)
    made["footprints"] = pd.Series([len(one) for one in ids], index=frame.index, dtype="Int64")
    made["measures_sent"] = frame["measures"]
    closing = [any(one in CLOSING for one in several) for several in lists["measures"]]
    made["closed"] = pd.Series(closing, index=frame.index, dtype="boolean")
    unlike = [not len(a) == len(b) == len(c) for a, b, c in zip(ids, kinds, groups, strict=True)]
    made["oddities"] = oddities.tell(
        made.index,
        {
            NOT_APART: ~pd.Series(apart, index=frame.index, dtype=bool),
            UNLIKE: pd.Series(unlike, index=frame.index, dtype=bool),
            BACKWARDS: made["ends_on"] < made["starts_on"],
        },
    )
    return made.sort_values(["starts_on", "permit"], kind="stable", ignore_index=True)


@taking
def footprints(frame: pd.DataFrame) -> pd.DataFrame:
    """Make a row of each footprint of works.

    Parameters
    ----------
    frame
        As `works` returns it.

    Returns
    -------
    pandas.DataFrame
        ``permit``, ``worksite``, ``starts_on``, ``ends_on``, ``footprint_id``, ``kind``, ``measures`` (a list) and
        ``location``; a location that cannot be told apart from others is missing, and so is the kind of a footprint
        and its measures where there are not as many as footprints.
    """
    import pandas as pd

    from bdxopendata.topics.casts import TEXT

    rows: list[dict[str, Any]] = []
    for row in frame.to_dict("records"):
        count = len(row["footprint_ids"])
        groups = _parts(row["measures_sent"], BETWEEN_FOOTPRINTS)
        each = {"kind": row["kinds"], "measures": [_measures([one]) for one in groups], "location": row["locations"]}
        for place, number in enumerate(row["footprint_ids"]):
            told = {name: values[place] if len(values) == count else None for name, values in each.items()}
            own = {name: row[name] for name in ("permit", "worksite", "starts_on", "ends_on")}
            rows.append({**own, "footprint_id": number, **told})
    columns = ["permit", "worksite", "starts_on", "ends_on", "footprint_id", "kind", "measures", "location"]
    made = pd.DataFrame(rows, columns=columns)
    dtypes = dict.fromkeys(("permit", "worksite", "footprint_id", "kind", "location"), TEXT)
    made = made.astype({**dtypes, "starts_on": "datetime64[us]", "ends_on": "datetime64[us]", "measures": object})
    made.attrs = dict(frame.attrs)
    return made


@taking
def plot_measures(frame: pd.DataFrame, *, top: int = 12, ax: Axes | None = None) -> Axes:
    """Draw what works do to traffic, the most frequent measure on top.

    Parameters
    ----------
    frame
        As `works` returns it.
    top
        How many measures.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Lying bars: how many permits have each measure, with the source and licence underneath.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    counts = frame["measures"].explode().dropna().value_counts().head(top)
    ax = charts.axes(ax, 8.0, 1.6 + 0.3 * max(len(counts), 3))
    numbers = [int(count) for count in counts]
    charts.bars(ax, list(counts.index), numbers, [charts.number(frame, one) for one in numbers], charts.COLOURS[1])
    ax.set_xlabel(charts.say(frame, "permits", "arrêtés"), fontsize=9, color=charts.INK)
    count = charts.number(frame, len(frame))
    charts.title(ax, charts.say(frame, f"What {count} permits for works do to traffic", f"Mesures de {count} arrêtés"))
    charts.credit(ax, frame)
    return ax


def _parts(text: object, sign: str) -> list[str]:
    return [part.strip() for part in text.split(sign)] if isinstance(text, str) and text.strip() else []


def _measures(groups: list[str]) -> list[str]:
    """List the measures of some footprints, each once, in their order."""
    every = [one for group in groups for one in _parts(group, BETWEEN_MEASURES)]
    return list(dict.fromkeys(one for one in every if one))
