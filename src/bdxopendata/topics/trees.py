"""The trees of the metropolis: which species stand where, and how diverse they are.

``ec_arbre_p`` has the trees of all communes, ``bor_arbres`` was the older inventory of the city of Bordeaux. One of
them is read, not both: the same tree may stand in both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from bdxopendata.catalog import Catalog
from bdxopendata.odsql import Expression
from bdxopendata.query import Query
from bdxopendata.topics import arguments, charts, choices, engine, nearby, places
from bdxopendata.topics.contract import load
from bdxopendata.topics.families import FAMILIES
from bdxopendata.topics.labels import Language, labelled, taking

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["CONTRACT", "diversity", "plot_map", "plot_species", "species_counts", "trees"]

CONTRACT = load("trees")

Texts = str | Sequence[str]
Pair = tuple[str | None, str | None]

# Santamour's rule of thumb: at most so much of one species, one genus, one family.
RULE = {"species": 0.10, "genus": 0.20, "family": 0.30}


@labelled
def trees(
    *,
    genus: Texts | None = None,
    species: Texts | None = None,
    commune: Texts | None = None,
    area: Any = None,
    min_height: float | None = None,
    max_height: float | None = None,
    dataset: str | None = None,
    labels: Language | None = None,
    catalog: Catalog | str | None = None,
) -> gpd.GeoDataFrame:
    """Tell which trees there are.

    Parameters
    ----------
    genus
        One genus or several, such as ``"Quercus"``, whatever the case.
    species
        One species or several: ``"robur"``, or with the genus, ``"Quercus robur"``.
    commune
        One commune or several, by name or INSEE code, whatever the spelling.
    area
        Only trees within it: west, south, east, north in degrees, or anything that `Query.within` takes.
    min_height, max_height
        Only trees of a known height from and up to it, in the portal's unit (nobody states it; metres are likely).
    dataset
        Id of the dataset to read; by default ``ec_arbre_p``, else ``bor_arbres``, else what the catalogue has.
    labels
        ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical names.
    catalog
        Where to ask; Bordeaux Métropole by default.

    Returns
    -------
    geopandas.GeoDataFrame
        One row per tree, points in EPSG:4326 (a few trees have none). Columns that the portal lacks are there without
        values; ``frame.attrs["bdxopendata"]["topic"]["missing"]`` names them. ``dataset`` is the id of the dataset.
        Other columns of the portal follow. No tree means an empty frame of the same columns.

    Raises
    ------
    ValueError
        If a genus, species or commune is unknown (the message names the nearest), or the area cannot be one.
    DatasetNotFoundError, SchemaDriftError
        If the portal has no dataset of trees, or lacks the column that is asked about.

    Warns
    -----
    FarAwayWarning
        If the area is far from here, so that there are none.

    Notes
    -----
    Source: dataset ``ec_arbre_p`` (or ``bor_arbres``). Families that the portal lacks follow from the genus.
    """
    wanted_communes = None if commune is None else places.communes(_several(commune, "commune"))
    genera, kinds = _several(genus, "genus"), _several(species, "species")
    low, high = arguments.measure("min_height", min_height), arguments.measure("max_height", max_height)
    if low is not None and high is not None and low > high:
        raise ValueError(f"min_height={min_height} is above max_height={max_height}.")
    box = nearby.box(area)
    (source,) = engine.find(CONTRACT, catalog, dataset)
    named = _named(source, genera, kinds)

    def ask(source: engine.Source) -> Query:
        query = source.query if named is None else source.query.where(named)
        if wanted_communes is not None:
            query = query.where(_in_communes(source, wanted_communes))
        if low is not None:
            query = query.where(source.field("height") >= low)
        if high is not None:
            query = query.where(source.field("height") <= high)
        if box is not None:
            return query.bbox(*box)
        return query if area is None else query.within(area)

    return completed(engine.answer([source], ask))


def completed(frame: Any) -> gpd.GeoDataFrame:
    """Add what follows from other columns: names from their parts and parts from names, family, commune and code."""
    from bdxopendata.topics.casts import TEXT

    parts = frame["scientific_name"].str.extract(r"^\s*(\S+)(?:\s+(\S.*?))?\s*$")
    pairs = frame["genus"].str.cat(frame["species"], sep="\x1f")
    bare = {pair: _bare(*pair.split("\x1f", 1)) for pair in pairs.dropna().unique()}
    frame["species"] = pairs.map(bare).astype(TEXT).fillna(frame["species"])
    joined = frame["genus"].str.cat(frame["species"].fillna(""), sep=" ").str.strip()
    family = frame["genus"].fillna(parts[0]).str.capitalize().map(FAMILIES).astype(TEXT)
    derived = {
        "genus": parts[0],
        "species": parts[1],
        "scientific_name": joined,
        "family": family,
        "commune": places.names_of(frame["insee"]),
        "insee": places.codes_of(frame["commune"]),
    }
    for column, values in derived.items():
        if (frame[column].isna() & values.notna()).any():
            engine.fill(frame, column, values)
    trees: gpd.GeoDataFrame = frame
    return trees


@taking
def species_counts(frame: pd.DataFrame) -> pd.DataFrame:
    """Count the trees of each species.

    Parameters
    ----------
    frame
        As `trees` returns it.

    Returns
    -------
    pandas.DataFrame
        ``genus``, ``species``, ``count`` (trees) and ``share`` (of all trees of `frame`, 0 to 1), most frequent first.
        Trees whose genus or species is unknown are counted under a missing value, so that the counts add up.
    """
    counts = frame.groupby(["genus", "species"], dropna=False, observed=True).size().rename("count").reset_index()
    counts = counts.sort_values(["count", "genus", "species"], ascending=[False, True, True], ignore_index=True)
    counts["share"] = counts["count"] / max(len(frame), 1)
    counts.attrs = dict(frame.attrs)
    return counts


@taking
def diversity(frame: pd.DataFrame) -> pd.Series:
    """Measure how diverse trees are.

    Parameters
    ----------
    frame
        As `trees` returns it.

    Returns
    -------
    pandas.Series
        ``trees``; ``identified`` (trees of a known genus and species, of which all else is computed); ``species``,
        ``genera``, ``families`` (numbers of each); ``shannon`` (in nats: 0 for one species only); ``simpson`` (the
        probability that two trees are of different species, 0 to 1); ``top_species``, ``top_genus``, ``top_family``
        and their shares ``top_species_share``, ``top_genus_share``, ``top_family_share``; ``rule_10``, ``rule_20``,
        ``rule_30``: whether no species has more than 10 %, no genus more than 20 %, no family more than 30 % of the
        trees, and ``rule_10_20_30``: all three. Without trees, measures are missing. A family that is not known
        counts as none, so that ``top_family_share`` is at least what it says.
    """
    import pandas as pd

    known = frame[frame["genus"].notna() & frame["species"].notna()]
    names = {
        "species": known["genus"].str.cat(known["species"], sep=" "),
        "genus": known["genus"],
        "family": known["family"],
    }
    shares = {level: values.value_counts() / max(len(known), 1) for level, values in names.items()}
    measures: dict[str, Any] = {
        "trees": len(frame),
        "identified": len(known),
        "species": len(shares["species"]),
        "genera": len(shares["genus"]),
        "families": len(shares["family"]),
        "shannon": -sum(share * math.log(share) for share in shares["species"]) if len(known) else math.nan,
        "simpson": 1 - float((shares["species"] ** 2).sum()) if len(known) else math.nan,
    }
    for level, share in shares.items():
        measures[f"top_{level}"] = share.index[0] if len(share) else None
        measures[f"top_{level}_share"] = float(share.iloc[0]) if len(share) else math.nan
    kept = {level: bool(share.iloc[0] <= RULE[level]) if len(share) else None for level, share in shares.items()}
    measures |= {f"rule_{RULE[level]:.0%}".rstrip("%"): value for level, value in kept.items()}
    measures["rule_10_20_30"] = None if None in kept.values() else all(kept.values())
    return pd.Series(measures, name="diversity", dtype=object)


@taking
def plot_map(frame: gpd.GeoDataFrame, *, top: int = 7, ax: Axes | None = None) -> Axes:
    """Draw where the trees stand, in a colour for each of the most frequent genera.

    Parameters
    ----------
    frame
        As `trees` returns it.
    top
        How many genera have a colour of their own, from 1 to 8; all others are grey.
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
    if not 1 <= top <= len(charts.COLOURS):
        raise ValueError(f"top is from 1 to {len(charts.COLOURS)}, the colours that can be told apart, not {top}.")
    ax = charts.axes(ax, 9.0, 7.5)
    frame = frame[frame.geometry.notna()]
    genera = frame["genus"].value_counts().index[:top]
    size = min(14.0, max(1.5, 40_000 / max(len(frame), 1) ** 1.1))
    others = frame[~frame["genus"].isin(genera)]
    charts.points(
        ax,
        others,
        s=size,
        color=charts.OTHERS,
        linewidths=0,
        label=f"{charts.say(frame, 'others', 'autres')} ({charts.number(frame, len(others))})",
    )
    for genus, colour in zip(genera, charts.COLOURS, strict=False):
        some = frame[frame["genus"] == genus]
        charts.points(
            ax,
            some,
            s=size,
            color=colour,
            linewidths=0,
            label=f"{charts.plain(genus)} ({charts.number(frame, len(some))})",
        )
    charts.finish_map(ax)
    known = frame[frame["commune"].notna()]
    middles = known.geometry.get_coordinates().groupby(known["commune"]).median()
    order = known["commune"].value_counts().index
    charts.labels(ax, {name: (middles.loc[name, "x"], middles.loc[name, "y"]) for name in order})
    count = charts.number(frame, len(frame))
    title = charts.say(frame, f"{count} trees by genus", f"{count} arbres par genre")
    charts.title(ax, title)
    ax.legend(loc="upper left", bbox_to_anchor=(0.9, 1.0), frameon=False, fontsize=9, markerscale=max(1, 5 / size**0.5))
    charts.credit(ax, frame, below=8)
    return ax


@taking
def plot_species(frame: pd.DataFrame, *, top: int = 15, ax: Axes | None = None) -> Axes:
    """Draw how many trees there are of each of the most frequent species.

    Parameters
    ----------
    frame
        As `trees` returns it.
    top
        How many species.
    ax
        Where to draw; by default on a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Lying bars, the most frequent species on top, with the source and licence underneath.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    counts = species_counts(frame).dropna(subset=["genus", "species"]).head(top)
    ax = charts.axes(ax, 8.0, 1.6 + 0.3 * max(len(counts), 3))
    names = counts["genus"].str.cat(counts["species"], sep=" ").tolist()
    texts = [
        f"{charts.number(frame, count)}  ({charts.share(frame, share, 1)})"
        for count, share in zip(counts["count"], counts["share"], strict=True)
    ]
    charts.bars(ax, names, counts["count"].tolist(), texts, charts.COLOURS[2])
    for label in ax.get_yticklabels():
        label.set_fontstyle("italic")
    ax.set_xlabel(charts.say(frame, "trees", "arbres"), fontsize=9, color=charts.INK)
    title = charts.say(
        frame, f"The {len(counts)} most frequent species", f"Les {len(counts)} espèces les plus fréquentes"
    )
    charts.title(ax, title)
    charts.credit(ax, frame)
    return ax


def _named(source: engine.Source, genera: list[str] | None, kinds: list[str] | None) -> Expression | None:
    """Word the condition for genera and species, in the spelling that the portal has."""
    if genera is None and kinds is None:
        return None
    pairs = _pairs(source)
    known_genera = [genus for genus, _ in pairs if genus]
    if genera is not None:
        meant = {choices.choose(one, known_genera, "genus") for one in genera}
        pairs = [pair for pair in pairs if pair[0] in meant]
    if kinds is not None:
        pairs = [pair for one in kinds for pair in _of_species(one, pairs)]
    if not source.has("genus"):
        return _by_scientific_name(source, pairs)
    if kinds is None:
        return source.field("genus").isin([genus for genus, _ in pairs if genus])
    by_genus = [
        (source.field("genus") == genus) & (source.field("species") == species)
        for genus, species in dict.fromkeys(pairs)
    ]
    return reduce(or_, by_genus)


def _pairs(source: engine.Source) -> list[Pair]:
    """List genera and species that there are, in the portal's spelling."""
    if source.has("genus", "species"):
        return [(genus, species) for genus, species in source.values("genus", "species")]
    if source.has("genus"):
        return [(genus, None) for (genus,) in source.values("genus")]
    names = [name.split(maxsplit=1) for (name,) in source.values("scientific_name") if name and name.strip()]
    return [(parts[0], parts[1] if len(parts) > 1 else None) for parts in names]


def _of_species(wanted: str, pairs: Sequence[Pair]) -> list[Pair]:
    """Find the pairs that a species means, written with its genus or without."""
    form = choices.folded(wanted)
    found: list[Pair] = [
        (genus, species)
        for genus, species in pairs
        if species and form in {choices.folded(one) for one in (species, _bare(genus, species), f"{genus} {species}")}
    ]
    if not found:
        known = [f"{genus} {species}" for genus, species in pairs if species]
        known += [species for _, species in pairs if species and " " not in wanted]
        raise ValueError(choices.unknown(wanted, known, "species"))
    return found


def _bare(genus: Any, species: Any) -> Any:
    """Take the genus off a species that repeats it."""
    if isinstance(genus, str) and isinstance(species, str) and species.casefold().startswith(f"{genus} ".casefold()):
        return species[len(genus) :].strip()
    return species


def _by_scientific_name(source: engine.Source, pairs: Sequence[Pair]) -> Expression:
    meant = {tuple(part for part in pair if part) for pair in pairs}
    names = [name for (name,) in source.values("scientific_name") if name and tuple(name.split(maxsplit=1)) in meant]
    return source.field("scientific_name").isin(names)


def _in_communes(source: engine.Source, wanted: tuple[places.Commune, ...]) -> Expression:
    if source.has("insee") or not source.has("commune"):
        return source.field("insee").isin([one.code for one in wanted])
    codes = {one.code for one in wanted}
    spelt = [name for (name,) in source.values("commune") if name and places.code_of(name) in codes]
    return source.field("commune").isin(spelt)


def _several(wanted: Any, what: str) -> Any:
    if wanted is None or isinstance(wanted, places.Commune):
        return wanted
    several = [wanted] if isinstance(wanted, str) else wanted
    if not isinstance(several, (list, tuple, set, frozenset)):
        raise TypeError(f"{what} is text or a list of texts, not {type(wanted).__name__}.")
    if not several:
        raise ValueError(f"The list of {what} is empty; leave it out to have all.")
    return list(several)
