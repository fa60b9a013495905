"""Births, deaths and first names in Bordeaux, since 1900 and 1920.

The portal has no row for a day on which nobody was born, or none was written down: the calendar given here is whole,
and such a day is there with a missing count, not a zero. Nobody knows the dataset of deaths or that of first names by
its id, so both are looked for in the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from bdxopendata.catalog import Catalog
from bdxopendata.errors import TopicNotFoundError, name_list
from bdxopendata.lineage import ATTRIBUTE
from bdxopendata.topics import charts, choices, engine, when
from bdxopendata.topics.contract import Contract, load
from bdxopendata.topics.finding import catalog_of
from bdxopendata.topics.labels import Language, labelled, taking

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "BIRTHS",
    "DEATHS",
    "FIRST_NAMES",
    "births",
    "completed",
    "deaths",
    "first_names",
    "plot_years",
    "population_change",
]

BIRTHS = load("births")
DEATHS = load("deaths")
FIRST_NAMES = load("first_names")

Frequency = Literal["D", "M", "Y"]
When = when.When | None

FREQUENCIES: tuple[Frequency, ...] = ("D", "M", "Y")
# How other words for them begin: those of pandas, English and French.
NEAR: dict[str, tuple[str, ...]] = {"D": ("D", "J"), "M": ("M",), "Y": ("Y", "A")}

# By what a dataset, or a row, is known to be about births or deaths.
WORDS: dict[str, tuple[str, ...]] = {"births": ("naissance",), "deaths": ("deces", "mortalite")}

SEVERAL_ROWS = "on a day that has several rows, added up"
NO_DAY = "without a day, in no period"


@labelled
def births(
    start: When = None,
    end: When = None,
    *,
    freq: Frequency = "D",
    dataset: str | None = None,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Tell how many children were born in the city, by day, month or year.

    Parameters
    ----------
    start, end
        First and last day wanted: a date, a year such as ``1999``, or ISO text (``"1999"``, ``"1999-05"``); the whole
        year or month is meant. By default all there is.
    freq
        ``"D"`` for one row a day, ``"M"`` a month, ``"Y"`` a year, in either case.
    dataset
        Id of the dataset to read; by default ``bor_naissances1900``, else what the catalogue has.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    pandas.DataFrame
        One row for each day, month or year between the first and the last day that the series has, none left out:
        ``date`` (the first day), ``count`` (`Int64`; missing where no day of the period has a row, never zero for
        that), ``missing_days`` (days of the period without a row) and ``partial``: whether only a part of the month or
        year is covered, by the series (as its last one is) or by what was asked for; for days, whether the series
        covers only a part of the year they are in. By day, ``event``, ``dataset`` and the portal's other columns are
        there too. Years out of range mean an empty frame of the same columns.

    Raises
    ------
    ValueError
        If `freq` is none of the three, or the end is before the start.
    DatasetNotFoundError, SchemaDriftError
        If the portal has no such dataset, or one without its days or counts.

    Warns
    -----
    DataQualityWarning
        Counts days that have several rows, and rows without a day.

    Notes
    -----
    Births are counted where they took place: mothers who live in other communes are among them. The series is read
    whole whatever is asked, since its end tells which year is partial; it is small, and kept in the store.
    """
    first, last, freq = _asked(start, end, freq)
    source = _source(BIRTHS, catalog, dataset)
    return completed(engine.answer([source]), BIRTHS, freq, first, last)


@labelled
def deaths(
    start: When = None,
    end: When = None,
    *,
    freq: Frequency = "D",
    dataset: str | None = None,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Tell how many people died in the city, by day, month or year.

    All is as for `births`, except that no id is known: a dataset about deaths that has a day and a number is looked for
    in the catalogue. It says in ``frame.attrs["bdxopendata"]["topic"]["sources"]`` which one it found.

    Parameters
    ----------
    start, end, freq, catalog
        As for `births`.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    dataset
        Id of the dataset to read, instead of looking for one.

    Returns
    -------
    pandas.DataFrame
        As from `births`.

    Raises
    ------
    ValueError
        As for `births`.
    DatasetNotFoundError
        If the catalogue has no such dataset; the message says what was looked for, and which datasets look alike.

    Warns
    -----
    DataQualityWarning
        As for `births`.
    """
    first, last, freq = _asked(start, end, freq)
    source = _source(DEATHS, catalog, dataset)
    return completed(engine.answer([source]), DEATHS, freq, first, last)


@labelled
def population_change(
    start: When = None,
    end: When = None,
    *,
    freq: Frequency = "Y",
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Put births and deaths side by side.

    Parameters
    ----------
    start, end, freq, catalog
        As for `births`; by year by default.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.

    Returns
    -------
    pandas.DataFrame
        One row for each period that either series has: ``date``, ``births``, ``deaths``, ``change`` (births less
        deaths), ``births_missing_days``, ``deaths_missing_days`` and ``partial`` (whether either series covers only a
        part). ``change`` is missing where a count is, and where one series covers less of a partial period than the
        other. People who move are not in it: this is no change of the number of inhabitants.

    Raises
    ------
    ValueError, DatasetNotFoundError
        As `births` and `deaths`.
    """
    import pandas as pd

    freq = _frequency(freq)
    born, died = (one(start, end, freq=freq, catalog=catalog) for one in (births, deaths))
    joined = pd.merge(
        born[["date", "count", "missing_days", "partial"]].rename(columns={"count": "births"}),
        died[["date", "count", "missing_days", "partial"]].rename(columns={"count": "deaths"}),
        on="date",
        how="outer",
        sort=True,
        suffixes=("_births", "_deaths"),
    )
    gaps = [joined["missing_days_births"], joined["missing_days_deaths"]]
    partial = joined["partial_births"].fillna(False) | joined["partial_deaths"].fillna(False)
    # A whole year less the first five months of one tells nothing.
    unlike = partial & (gaps[0] != gaps[1]).fillna(True) if freq != "D" else partial & False
    made = pd.DataFrame(
        {
            "date": joined["date"],
            "births": joined["births"],
            "deaths": joined["deaths"],
            "change": (joined["births"] - joined["deaths"]).mask(unlike.astype(bool)),
            "births_missing_days": gaps[0],
            "deaths_missing_days": gaps[1],
            "partial": partial.astype("boolean"),
        }
    )
    facts = [dict(one.attrs[ATTRIBUTE]) for one in (born, died)]
    topic = {
        "name": "population_change",
        "contract": "births",
        "provenance": facts,
        "units": {"births": "births", "deaths": "deaths"},
    }
    made.attrs = {ATTRIBUTE: {**facts[0], "rows": len(made), "topic": topic}}
    return made


@labelled
def first_names(
    *,
    year: when.Year | Iterable[when.Year] | None = None,
    name: str | None = None,
    dataset: str | None = None,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> pd.DataFrame:
    """Tell which first names were given most in each year.

    Parameters
    ----------
    year
        One year or several: numbers, text, or dates in them. A year that is not there gives no row.
    name
        One first name, whatever the case and accents.
    dataset
        Id of the dataset to read, instead of looking for one.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    pandas.DataFrame
        One row per name and year: ``year``, ``rank``, ``name``, ``count`` (children), ``sex`` (without values where
        the portal does not tell it), in order of year and rank. Only the names given most are there, so a year in
        which a name is missing had fewer of it, not none.

    Raises
    ------
    ValueError
        If the name is in no year; the message names the nearest.
    DatasetNotFoundError
        If the catalogue has no such dataset; the message says what was looked for, and which datasets look alike.
    """
    years = when.years(year)
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name is text, not {type(name).__name__}.")
    (source,) = engine.find(FIRST_NAMES, catalog, dataset)
    frame = engine.answer([source]).sort_values(["year", "rank"], kind="stable")
    if name is not None:
        choices.choose(name, frame["name"].dropna().unique(), "first name")
        form = choices.folded(name)
        # The same name may be spelt with its accent in one year and without in another.
        frame = frame[frame["name"].map(choices.folded, na_action="ignore") == form]
    if years is not None:
        frame = frame[frame["year"].isin(years)]
    found: pd.DataFrame = frame.reset_index(drop=True)
    return found


@taking
def plot_years(frame: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw births or deaths year by year, or both with what lies between them.

    Parameters
    ----------
    frame
        As `births` or `deaths` returns it with ``freq="Y"``, or `population_change`.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        A line from year to year, from zero, with its source and licence underneath. Years of which the series covers
        only a part are left out, and the title says so.

    Raises
    ------
    ValueError
        If the frame is not one row a year.
    ImportError
        If matplotlib is not installed.
    """
    whole = frame[~frame["partial"]]
    days = frame["date"].dt
    if not ((days.month == 1).all() and (days.day == 1).all() and frame["date"].is_unique):
        raise ValueError("The picture is of years: ask with freq='Y'.")
    topic = frame.attrs.get(ATTRIBUTE, {}).get("topic", {}).get("name", "count")
    french = {"births": "naissances", "deaths": "décès", "count": "nombre"}
    lines = ["births", "deaths"] if "births" in frame else ["count"]
    ax = charts.axes(ax, 9.0, 5.0)
    years = whole["date"].dt.year.to_numpy()
    drawn = {name: whole[name].astype("float64").to_numpy() for name in lines}
    if len(drawn) == 2:
        ax.fill_between(years, drawn["births"], drawn["deaths"], color=charts.OTHERS, alpha=0.35, linewidth=0)
    for (name, values), colour in zip(drawn.items(), charts.COLOURS, strict=False):
        ax.plot(years, values, color=colour, linewidth=1.8)
        known = ~whole[name].isna().to_numpy()
        if len(drawn) == 2 and known.any():
            # A name at the end of a line needs no legend.
            ax.annotate(
                charts.say(frame, name, french[name]),
                (years[known][-1], values[known][-1]),
                (6, 0),
                textcoords="offset points",
                va="center",
                color=colour,
                fontsize=10,
            )
    charts.tidy(ax)
    ax.grid(axis="y", color="#E6E6E6", linewidth=0.8)
    ax.grid(visible=False, axis="x")
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(lambda value, _: charts.number(frame, round(value)))
    ax.set_ylabel(charts.say(frame, "a year", "par an"), fontsize=9, color=charts.INK)
    partial = frame.loc[frame["partial"], "date"].dt.year.tolist()
    some = ", ".join(map(str, partial))
    without = charts.say(frame, f" (without {some}: not whole)", f" (sans {some}, incomplet)")
    missing = without if 0 < len(partial) <= 3 else ""
    both = len(lines) == 2
    what = charts.say(
        frame,
        "Births and deaths" if both else topic.capitalize(),
        "Naissances et décès" if both else french.get(topic, topic).capitalize(),
    )
    charts.title(ax, f"{what} {charts.say(frame, 'in', 'à')} Bordeaux{missing}")
    charts.credit(ax, frame, below=30)
    return ax


def completed(
    frame: pd.DataFrame, contract: Contract, freq: Frequency = "D", first: date | None = None, last: date | None = None
) -> pd.DataFrame:
    """Make the calendar whole: a row for each period between the first and the last day of the series.

    Parameters
    ----------
    frame
        Days as `engine.answer` gives them.
    contract
        `BIRTHS` or `DEATHS`; rows that say that they count something else are not among what is asked for.
    freq, first, last
        What is wanted of the series.
    """
    days, others = _days(frame, contract)
    series = _calendar(days.index, None, None)
    whole = days.reindex(_calendar(series, first, last))
    made = _by_day(whole, others, series) if freq == "D" else _by_period(whole, freq)
    made.attrs = dict(frame.attrs)
    if ATTRIBUTE in made.attrs:
        made.attrs[ATTRIBUTE] = {**made.attrs[ATTRIBUTE], "rows": len(made)}
    return made


def _calendar(days: pd.Index, first: date | None, last: date | None) -> pd.DatetimeIndex:
    """List every day from the first to the last of `days`, but none before `first` or after `last`."""
    import pandas as pd

    if len(days):
        begin = max(days.min(), pd.Timestamp(first or date.min.replace(year=1700)))
        finish = min(days.max(), pd.Timestamp(last or date.max.replace(year=2200)))
        if begin <= finish:
            return pd.date_range(begin, finish).as_unit("us")
    return pd.DatetimeIndex([], dtype="datetime64[us]")


def _days(frame: pd.DataFrame, contract: Contract) -> tuple[pd.Series, pd.DataFrame]:
    """Add up the rows of each day; return counts by day, and one row a day of everything else."""
    from bdxopendata.frames import Quality

    quality = Quality()
    rows = frame[_about(frame["event"], contract.topic)]
    quality.add("date", NO_DAY, int(rows["date"].isna().sum()))
    rows = rows[rows["date"].notna()]
    quality.add("date", SEVERAL_ROWS, int(rows["date"].duplicated(keep=False).sum()))
    quality.warn("; ".join(sorted(frame["dataset"].dropna().unique())) or None)
    counts = rows.groupby("date")["count"].sum(min_count=1)
    own = [name for name in rows.columns if name not in ("count", "missing_days", "partial")]
    return counts, rows[own].drop_duplicates("date").set_index("date")


def _by_day(counts: pd.Series, others: pd.DataFrame, series: pd.DatetimeIndex) -> pd.DataFrame:
    import pandas as pd

    calendar = pd.DatetimeIndex(counts.index)
    made = pd.DataFrame({"date": calendar, "count": counts.to_numpy()}).astype({"count": "Int64"})
    made["missing_days"] = made["count"].isna().astype("Int64")
    # Every day lies in the series; what may be partial is the year it is in.
    made["partial"] = (_uncovered(calendar.to_period("Y"), series) > 0).astype("boolean")
    rest = others.reindex(calendar).reset_index(drop=True)
    rest["dataset"] = rest["dataset"].fillna(", ".join(sorted(others["dataset"].dropna().unique())))
    event = [name for name in ("event",) if name in rest]
    return pd.concat(
        [made[["date", "count"]], rest[event], made[["missing_days", "partial"]], rest.drop(columns=event)], axis=1
    )


def _by_period(counts: pd.Series, freq: str) -> pd.DataFrame:
    import pandas as pd

    calendar = pd.DatetimeIndex(counts.index)
    periods = calendar.to_period(freq)
    groups = counts.groupby(periods)
    sums = groups.sum(min_count=1)
    outside = _uncovered(sums.index, calendar)
    gaps = groups.apply(lambda days: days.isna().sum()) if len(counts) else sums
    made = pd.DataFrame(
        {
            "date": pd.PeriodIndex(sums.index, freq=freq).to_timestamp().as_unit("us"),
            "count": sums.to_numpy(),
            "missing_days": gaps.to_numpy() + outside.to_numpy(),
            "partial": outside.to_numpy() > 0,
        }
    )
    return made.astype({"count": "Int64", "missing_days": "Int64", "partial": "boolean"})


def _uncovered(periods: Any, calendar: pd.DatetimeIndex) -> pd.Series:
    """Count the days of each period that lie before the first or after the last day of a calendar."""
    import pandas as pd

    if not len(periods):
        return pd.Series([], dtype="int64")
    periods = pd.PeriodIndex(periods)
    starts, ends = periods.start_time.normalize(), periods.end_time.normalize()
    before = (calendar.min() - starts).days
    after = (ends - calendar.max()).days
    return pd.Series(before).clip(lower=0) + pd.Series(after).clip(lower=0)


def _source(contract: Contract, catalog: Catalog | str | None, dataset: str | None) -> engine.Source:
    """Find the dataset; what only a search found must also be about births or deaths, not just look like it."""
    catalog = catalog_of(catalog)
    (first,) = engine.find(contract, catalog, dataset)
    if first.how == "asked" and first.dataset.id not in contract.candidates and first.has("event"):
        _refuse_the_other_kind(first, contract.topic)
    if _tells(first, contract.topic):
        return first
    every = engine.find(replace(contract, combine="all"), catalog)
    for source in every:
        if _tells(source, contract.topic):
            return source
    near = tuple(source.dataset.id for source in every)
    raise TopicNotFoundError(
        contract.topic, catalog.portal.host, contract.candidates, contract.search, near, contract.gone
    )


def _refuse_the_other_kind(source: engine.Source, topic: str) -> None:
    """Refuse a dataset that a person named where all of its rows say that they count something else."""
    events = [event for (event,) in source.values("event") if event]
    kinds = [_kinds(event) for event in events]
    if kinds and all(kind and topic not in kind for kind in kinds):
        raise ValueError(
            f"dataset='{source.dataset.id}' has nothing of the topic '{topic}': its rows are about "
            f"{name_list(sorted(events)[:3])}. Leave dataset= out to have the topic look for its own."
        )


def _tells(source: engine.Source, topic: str) -> bool:
    if source.how != "search":
        return True
    if source.has("event"):
        kinds = [_kinds(event) for (event,) in source.values("event") if event]
        if any(kinds):
            return any(topic in kind for kind in kinds)
    return topic in _kinds(f"{source.dataset.id} {source.dataset.info.title}")


def _about(events: pd.Series, topic: str) -> pd.Series:
    """Find the rows that count what is asked for: all but those of the other kind, where none names its own."""
    kinds = {one: _kinds(one) for one in events.dropna().unique()}
    named = any(topic in kind for kind in kinds.values())
    wanted = {one: topic in kind or not (named or kind) for one, kind in kinds.items()}
    found: pd.Series = events.map(wanted, na_action="ignore").astype("boolean").fillna(True).astype(bool)
    return found


def _kinds(text: str) -> set[str]:
    """Tell what a text speaks of: births, deaths, both or neither."""
    form = choices.folded(text)
    return {topic for topic, words in WORDS.items() if any(word in form for word in words)}


def _asked(start: When, end: When, freq: str) -> tuple[date | None, date | None, Frequency]:
    return *when.stretch(start, end), _frequency(freq)


def _frequency(freq: object) -> Frequency:
    """Read a frequency whatever its case; other words for it are told, as pandas has different ones."""
    for one in FREQUENCIES:
        if isinstance(freq, str) and freq.upper() == one:
            return one
    meant = next((one for one in FREQUENCIES if str(freq).upper().startswith(NEAR[one])), None)
    hint = f" Did you mean '{meant}'?" if meant else ""
    raise ValueError(f"freq is 'D', 'M' or 'Y', not {freq!r}.{hint}")
