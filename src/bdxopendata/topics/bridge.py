"""The Chaban-Delmas bridge: when it closes to let ships pass or to be looked after, and its state now.

The portal announces a day and two hours of local time, without a zone. They become moments here: a reopening earlier
than its closing is on the next day, and nights on which the clocks change are as long as they are.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bdxopendata import disk
from bdxopendata.catalog import Catalog
from bdxopendata.errors import DataQualityWarning, StaleDataWarning, levels_up
from bdxopendata.lineage import ATTRIBUTE
from bdxopendata.topics import arguments, charts, choices, engine, live, oddities, when
from bdxopendata.topics.contract import load
from bdxopendata.topics.labels import Language, labelled, taking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "CONTRACT",
    "STATE",
    "bridge_closures",
    "bridge_state",
    "completed",
    "is_closed",
    "plot_closures",
    "to_ics",
    "upcoming",
]

CONTRACT = load("bridge")
STATE = load("bridge_state")

# Ships come joined by slashes, and files of other years have other dates: both are read as text first.
PARSED = ("boats", "closing_day")
AS_SENT = replace(
    CONTRACT,
    columns={name: replace(one, dtype="text") if name in PARSED else one for name, one in CONTRACT.columns.items()},
)

NO_TIME = "day or hour not read"
SAME_TIME = "closes and opens at the same hour"
NOT_TOLD = "not told whether total or partial"
TWO_KINDS = "said to be total and partial"
SHIFTED = "an hour that the clocks skip or have twice"

# What works are called where a ship's name would stand.
WORKS = "maintenance"

WORDS = {
    "en": {"total": "Chaban-Delmas bridge closed: ", "partial": "Chaban-Delmas bridge partly closed: "},
    "fr": {"total": "Pont Chaban-Delmas fermé : ", "partial": "Pont Chaban-Delmas fermé en partie : "},
}
PLACE = "Pont Jacques-Chaban-Delmas, Bordeaux"
# Most bytes of a line of a calendar, its end not among them.
LINE = 75

_HOUR = re.compile(r"\s*(\d{1,2})\s*[:hH]\s*(\d{2})?(?::\d{2})?\s*")


@labelled
def bridge_closures(
    start: when.When | None = None,
    end: when.When | None = None,
    *,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Tell when the bridge is closed to traffic.

    Parameters
    ----------
    start, end
        Only closures that touch the days from `start` to `end`: dates, years or ISO text (``"2026-05"`` for a whole
        month). By default all that are announced.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    pandas.DataFrame
        One row per closure, by time, several a day where that is so: ``start`` and ``end`` in Europe/Paris, ``boats``
        (lists of text, empty for maintenance), ``reason`` (``"boat"`` or ``"maintenance"``), ``total`` (False where a
        part of the roadway stays open), ``closure`` (as announced), and ``oddities``. A row whose day or hours cannot
        be read has no moments and comes last; none is dropped for it. Other columns of the portal follow.

    Raises
    ------
    ValueError
        If `start` or `end` is no day, or the end is before the start.
    DatasetNotFoundError, SchemaDriftError
        If the portal no longer has the dataset, or its day and hours.

    Warns
    -----
    DataQualityWarning
        Counts what is odd.

    Notes
    -----
    Source: dataset ``previsions_pont_chaban``: forecasts of one calendar year, which change. Of an hour that is there
    twice on the night the clocks go back, a closing takes the first one and a reopening the second.
    """
    first, last = when.stretch(start, end)
    (source,) = engine.find(AS_SENT, catalog)
    frame = completed(engine.answer([source]))
    if first is not None:
        frame = frame[frame["end"] > _midnight(first)]
    if last is not None:
        frame = frame[frame["start"] < _midnight(last + timedelta(days=1))]
    return frame.reset_index(drop=True)


@labelled
@taking
def upcoming(
    frame: pd.DataFrame | None = None,
    *,
    at: datetime | str | None = None,
    n: int | None = None,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Tell which closures are under way or still to come.

    Parameters
    ----------
    frame
        As `bridge_closures` returns it; by default it is asked for.
    at
        An aware moment, as a datetime or ISO text with its offset; now by default.
    n
        Most closures to return.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask, without a `frame`.

    Returns
    -------
    pandas.DataFrame
        The rows that end after `at`, the next one first.

    Raises
    ------
    ValueError
        If `at` has no time zone.

    Warns
    -----
    StaleDataWarning
        If nothing is announced of the year of `at`, so that no closure known does not mean none.
    """
    moment = _moment(at)
    n = arguments.whole("n", n, least=1)
    closures = bridge_closures(catalog=catalog) if frame is None else frame
    _warn_beyond(closures, moment)
    coming = closures[closures["end"] > moment].sort_values(["start", "end"], kind="stable", ignore_index=True)
    return coming if n is None else coming.head(n)


@taking
def is_closed(
    at: datetime | str | None = None,
    *,
    partly: bool = False,
    frame: pd.DataFrame | None = None,
    catalog: Catalog | str | None = None,
) -> bool:
    """Tell whether the bridge is announced to be closed at a moment.

    Parameters
    ----------
    at
        An aware moment, as a datetime or ISO text with its offset; now by default.
    partly
        Whether a closure of a part of the roadway counts too.
    frame
        As `bridge_closures` returns it; by default it is asked for.
    catalog
        Where to ask, without a `frame`.

    Returns
    -------
    bool
        True from the moment of closing until before the moment of reopening. A closure that is not told to be total
        or partial counts as total.

    Raises
    ------
    ValueError
        If `at` has no time zone.

    Warns
    -----
    StaleDataWarning
        If nothing is announced of the year of `at`, so that the answer is worth nothing.

    Notes
    -----
    Forecasts change; `bridge_state` tells what the portal says of the bridge now.
    """
    moment = _moment(at)
    closures = bridge_closures(catalog=catalog) if frame is None else frame
    _warn_beyond(closures, moment)
    under_way = (closures["start"] <= moment) & (closures["end"] > moment)
    if not partly:
        under_way &= closures["total"].fillna(True).astype(bool)
    return bool(under_way.any())


@labelled
def bridge_state(
    *,
    stale_after: when.Span | None = live.STANDING,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Tell the state of the bridge now.

    Parameters
    ----------
    stale_after
        Warn when the state is older: a timedelta, seconds, or text such as ``"2h"``; None never warns.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    pandas.DataFrame
        One row: ``ident``, ``state`` (text as the portal words it, for nobody wrote down its values), ``observed_at``
        (Europe/Paris) and ``age``, both missing where the portal gives no time; then the portal's other columns.

    Raises
    ------
    DatasetNotFoundError, SchemaDriftError
        If the portal no longer has the dataset, or the state.

    Warns
    -----
    StaleDataWarning
        If the feed stands still.

    Notes
    -----
    Source: dataset ``ci_passa_p``, refreshed about every two and a half minutes.
    """
    limit = when.span(stale_after, "stale_after")
    frame: pd.DataFrame = engine.read(STATE, catalog=catalog)
    live.observe(frame, stale_after=limit)
    return frame


@taking
def to_ics(
    path: str | PathLike[str],
    frame: pd.DataFrame | None = None,
    *,
    language: Language = "en",
    catalog: Catalog | str | None = None,
) -> Path:
    """Write closures as a calendar that phones and mail programs read (RFC 5545).

    Parameters
    ----------
    path
        Where to write; a file that is there is replaced once the new one is whole.
    frame
        As `bridge_closures` or `upcoming` returns it; by default all closures are asked for.
    language
        ``"en"`` or ``"fr"``, for the titles.
    catalog
        Where to ask, without a `frame`.

    Returns
    -------
    pathlib.Path
        The file. Each event keeps its identifier from one export to the next as long as its day and its ships stay,
        so that a calendar updates what it has instead of doubling it. Moments are in UTC.

    Raises
    ------
    ValueError
        If the language is none of the two.
    OSError
        If the file cannot be written.

    Warns
    -----
    DataQualityWarning
        Counts closures without moments, which no calendar can hold.
    """
    if language not in WORDS:
        raise ValueError(f"language is 'en' or 'fr', not {language!r}.")
    target = Path(path)
    closures = bridge_closures(catalog=catalog) if frame is None else frame
    known = closures[closures["start"].notna() & closures["end"].notna()]
    if lost := len(closures) - len(known):
        text = f"{lost} of {len(closures)} closures have no moments, and are not in {target.name}."
        warnings.warn(DataQualityWarning(text), stacklevel=levels_up())
    lines = [one for line in _calendar(known, language) for one in _folded(line)]
    data = "".join(f"{line}\r\n" for line in lines).encode()
    disk.write_whole(target.absolute(), data, private=False)
    return target


@taking
def plot_closures(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw on which days and at which hours the bridge is closed.

    Parameters
    ----------
    frame
        As `bridge_closures` returns it.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A bar a closure: its day to the right, its hours downwards, one that goes past midnight in two parts; with the
        source and licence underneath.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    ax = charts.axes(ax, 9.0, 5.0)
    known = frame[frame["start"].notna() & frame["end"].notna()]
    names = {"boat": charts.say(frame, "boats", "bateaux"), WORKS: WORKS}
    for (reason, name), colour in zip(names.items(), charts.COLOURS, strict=False):
        rows = known[known["reason"] == reason]
        parts = [part for pair in zip(rows["start"], rows["end"], strict=True) for part in _parts(*pair)]
        if parts:
            days, begins, hours = zip(*parts, strict=True)
            ax.bar(days, hours, width=1.6, bottom=begins, color=colour, linewidth=0, label=name)
    charts.tidy(ax)
    ax.grid(visible=False, axis="x")
    ax.grid(axis="y", color="#E6E6E6", linewidth=0.8)
    ax.set_ylim(24, 0)
    ax.set_yticks(range(0, 25, 4), [f"{hour}:00" for hour in range(0, 25, 4)])
    if len(known):
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator()  # type: ignore[no-untyped-call]  # matplotlib's dates have no types
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # as above
        ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=9)
    several = "" if len(known) == 1 else "s"
    title = charts.say(
        frame,
        f"{len(known)} closure{several} of the Chaban-Delmas bridge",
        f"{len(known)} fermeture{several} du pont Chaban-Delmas",
    )
    charts.title(ax, title)
    charts.credit(ax, frame, below=40)
    return ax


def completed(frame: pd.DataFrame) -> pd.DataFrame:
    """Make moments of days and hours, lists of ships, and tell what is odd; rows by time.

    Parameters
    ----------
    frame
        Columns of `AS_SENT`.

    Warns
    -----
    DataQualityWarning
        Counts what is odd.
    """
    import pandas as pd

    from bdxopendata.frames import Quality
    from bdxopendata.topics.casts import EMPTY

    made = frame.copy()
    made.attrs = dict(frame.attrs)
    made["boats"] = pd.Series([_ships(text) for text in frame["boats"]], index=frame.index, dtype=object)
    made["reason"] = frame["boats"].map(_reason, na_action="ignore").astype(pd.CategoricalDtype(["boat", WORKS]))
    made["closing_day"] = _days(frame["closing_day"])
    closes, opens = (_minutes(frame[one]) for one in ("closing_time", "reopening_time"))
    overnight = (opens <= closes).fillna(False).astype(bool)
    start = made["closing_day"] + pd.to_timedelta(closes.astype("float64"), unit="min")
    end = made["closing_day"] + pd.to_timedelta(opens.astype("float64") + 24 * 60 * overnight, unit="min")
    # The longer reading, where the clocks leave a choice: a bridge that is open after all is the lesser surprise.
    made["start"], made["end"] = _local(start, first=True), _local(end, first=False)
    unread = made["start"].isna() | made["end"].isna()
    made.loc[unread, ["start", "end"]] = pd.NaT
    made[["start", "end"]] = made[["start", "end"]].astype(EMPTY["datetime"])
    said = frame["closure"].map(_is_total, na_action="ignore").astype("boolean")
    odd = {
        NO_TIME: unread,
        SAME_TIME: (opens == closes).fillna(False),
        TWO_KINDS: (said != frame["total"]).fillna(False),
        NOT_TOLD: said.isna() & frame["total"].isna(),
        SHIFTED: _shifted(start, made["start"]) | _shifted(end, made["end"]),
    }
    made["total"] = frame["total"].fillna(said)
    made["oddities"] = oddities.tell(made.index, odd)
    quality = Quality()
    for text, where in odd.items():
        quality.add("start" if where is unread else "closure", f"({text})", int(where.fillna(False).sum()))
    quality.warn("; ".join(sorted(made["dataset"].dropna().unique())) or None)
    return made.sort_values(["start", "end"], kind="stable", ignore_index=True)


def _ships(text: object) -> list[str]:
    """List the ships: what stands between slashes, works not among them."""
    parts = [part.strip() for part in text.split("/")] if isinstance(text, str) else []
    return [part for part in parts if part and WORKS not in choices.folded(part)]


def _reason(text: str) -> str:
    return WORKS if WORKS in choices.folded(text) else "boat"


def _is_total(text: str) -> bool | None:
    form = choices.folded(text)
    return True if form.startswith("total") else False if form.startswith("partiel") else None


def _days(texts: pd.Series) -> pd.Series:
    """Read days as the portal writes them today, and as it did in 2017."""
    import pandas as pd

    days = pd.to_datetime(texts.str.slice(0, 10), format="%Y-%m-%d", errors="coerce")
    found: pd.Series = days.fillna(pd.to_datetime(texts, format="%d/%m/%Y", errors="coerce")).astype("datetime64[us]")
    return found


def _minutes(texts: pd.Series) -> pd.Series:
    """Read hours as minutes after midnight; missing where they are none."""
    import pandas as pd

    def minutes(text: str) -> int | None:
        found = _HOUR.fullmatch(text)
        if found is None:
            return None
        total = int(found[1]) * 60 + int(found[2] or 0)
        return total if total <= 24 * 60 and int(found[2] or 0) < 60 else None

    return pd.Series(
        pd.array([minutes(text) if isinstance(text, str) else None for text in texts], dtype="Int64"), index=texts.index
    )


def _local(naive: pd.Series, *, first: bool) -> pd.Series:
    """Give local times their zone: of an hour that is there twice the first or the second, of one skipped the next."""
    import numpy as np

    chosen = np.full(len(naive), first)
    made: pd.Series = naive.dt.tz_localize(live.ZONE, ambiguous=chosen, nonexistent="shift_forward")
    return made


def _shifted(naive: pd.Series, aware: pd.Series) -> pd.Series:
    """Find times that the change of the clocks skips or has twice."""
    skipped = aware.dt.tz_localize(None) != naive
    twice = naive.dt.tz_localize(live.ZONE, ambiguous="NaT", nonexistent="shift_forward").isna()
    found: pd.Series = (skipped | twice) & aware.notna()
    return found


def _midnight(day: date) -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp(day).tz_localize(live.ZONE)


def _moment(at: datetime | str | None) -> datetime:
    return live.now() if at is None else when.moment(at, "at")


def _warn_beyond(closures: pd.DataFrame, moment: datetime) -> None:
    import pandas as pd

    year = pd.Timestamp(moment).tz_convert(live.ZONE).year
    known = sorted({*closures["start"].dt.year.dropna().astype(int), *closures["end"].dt.year.dropna().astype(int)})
    if year not in known:
        told = f"closures of {', '.join(map(str, known))}" if known else "no closure"
        text = f"Nothing is announced of {year}: the frame has {told}, and says nothing about that moment."
        warnings.warn(StaleDataWarning(text), stacklevel=levels_up())


def _calendar(closures: pd.DataFrame, language: str) -> Iterator[str]:
    facts = closures.attrs.get(ATTRIBUTE, {})
    fetched = facts.get("fetched_at")
    stamp = datetime.fromisoformat(fetched) if fetched else live.now()
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield "PRODID:-//bdxopendata//bridge//EN"
    yield "CALSCALE:GREGORIAN"
    yield "METHOD:PUBLISH"
    yield f"X-WR-CALNAME:{_escaped(PLACE)}"
    source = charts.source(closures).replace(r"\$", "$")
    seen: dict[str, int] = {}
    partly = closures["total"].eq(False).fillna(False)
    for row, part in zip(closures.to_dict("records"), partly, strict=True):
        # English and French have the same word for the works.
        what = " / ".join(row["boats"]) or WORKS
        told = [row["closure"]] if isinstance(row["closure"], str) else []
        # The hours of a closure change more often than its day and its ships.
        key = f"{row['start']:%Y-%m-%d} {choices.folded(what)}"
        seen[key] = seen.get(key, 0) + 1
        yield "BEGIN:VEVENT"
        yield f"UID:{blake2b(f'{key} {seen[key]}'.encode(), digest_size=12).hexdigest()}@bdxopendata"
        yield f"DTSTAMP:{_utc(stamp)}"
        yield f"DTSTART:{_utc(row['start'])}"
        yield f"DTEND:{_utc(row['end'])}"
        yield f"SUMMARY:{_escaped(WORDS[language]['partial' if part else 'total'] + what)}"
        yield f"LOCATION:{_escaped(PLACE)}"
        yield f"DESCRIPTION:{_escaped(chr(10).join([*told, source]))}"
        yield "TRANSP:TRANSPARENT"
        yield "END:VEVENT"
    yield "END:VCALENDAR"


def _utc(moment: Any) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """Escape what a calendar would read as its own signs; control characters have no place in it."""
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    # Some readers end a line at each of these.
    text = re.sub("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", r"\\n", text)
    return "".join(one for one in text if one >= " " and one != "\x7f")


def _folded(line: str) -> Iterator[str]:
    """Cut a line into pieces of at most 75 bytes, never within a character; all but the first begin with a blank."""
    piece, size = "", 0
    for sign in line:
        width = len(sign.encode())
        if size + width > LINE:
            yield piece
            piece, size = " ", 1
        piece += sign
        size += width
    yield piece


def _parts(start: Any, end: Any) -> Iterator[tuple[Any, float, float]]:
    """Cut a closure at midnight: day, hour at which it begins, and hours that it lasts by the clock."""
    while start < end:
        day = start.normalize()
        until = min(end, (day + timedelta(days=1, hours=2)).normalize())
        begin = start.hour + start.minute / 60
        last = 24.0 if until.date() > start.date() else until.hour + until.minute / 60
        yield day.tz_localize(None), begin, max(last - begin, 0.0)
        start = until
