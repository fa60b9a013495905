"""How pictures look: the same for all topics, each with its source and licence underneath.

Matplotlib is asked for when a picture is made, not before; it comes with the extra ``plot``.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bdxopendata.lineage import ATTRIBUTE
from bdxopendata.topics.labels import language_of

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which people with any colour vision tell apart; black stays for text.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#6A4C93")
# From good to bad.
GRADES = ("#009E73", "#F0E442", "#E69F00", "#B2182B")
OTHERS = "#C4C4C4"
INK = "#333333"
FAINT = "#6B6B6B"

METRES_A_DEGREE = 111_320

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip


def say(frame: pd.DataFrame, english: str, french: str) -> str:
    """Choose the words in the language of a frame's labels."""
    return french if language_of(frame) == "fr" else english


def number(frame: pd.DataFrame, value: int) -> str:
    """Word a whole number with its thousands apart, by a comma in English and by a narrow blank in French."""
    return say(frame, f"{value:,}", f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}"))


def share(frame: pd.DataFrame, value: float, decimals: int = 0) -> str:
    """Word a share as a percentage."""
    english = f"{value:.{decimals}%}"
    return say(frame, english, english.replace(".", ",").replace("%", "\N{NARROW NO-BREAK SPACE}%"))


def of(frame: pd.DataFrame, part: int, whole: int | None) -> str:
    """Word a part of a whole, where that is known."""
    if whole is None:
        return number(frame, part)
    return f"{number(frame, part)} {say(frame, 'of', 'sur')} {number(frame, whole)}"


def axes(ax: Axes | None, width: float = 8.0, height: float = 6.0) -> Axes:
    """Return the axes to draw on: those that were given, else new ones in a figure of this size in inches.

    Raises
    ------
    ImportError
        If matplotlib is not installed; the message says how to have it.
    """
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("Pictures need matplotlib: install bdxopendata[plot].") from error
    _, made = plt.subplots(figsize=(width, height), layout="constrained")
    return made


def bars(
    ax: Axes, names: Sequence[str], values: Sequence[float], texts: Sequence[str], colour: str = COLOURS[0]
) -> None:
    """Draw lying bars, the first on top, each with its text at its end."""
    places = range(len(names))
    ax.barh(list(places), list(values), color=colour, height=0.72)
    ax.set_yticks(list(places), [plain(name) for name in names])
    ax.set_ylim(max(len(names), 1) - 0.4, -0.6)
    for place, value, text in zip(places, values, texts, strict=True):
        ax.annotate(text, (value, place), (4, 0), textcoords="offset points", va="center", fontsize=8, color=INK)
    # Room for the texts.
    ax.set_xlim(0, max([*values, 1]) * 1.2)
    tidy(ax)
    ax.tick_params(axis="y", length=0)


def title(ax: Axes, text: str) -> None:
    """Write what a picture shows above it."""
    ax.set_title(text, loc="left", fontsize=13, color=INK)


def tidy(ax: Axes) -> None:
    """Take away what says nothing: the frame, and lines that are darker than the data."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="x", color="#E6E6E6", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=9, colors=INK)


def points(ax: Axes, frame: gpd.GeoDataFrame, **drawn: Any) -> Any:
    """Draw the points of a frame (EPSG:4326) as a scatter, and return it; rows without a place are left out."""
    where = frame[frame.geometry.notna()].geometry
    return ax.scatter(where.x, where.y, **drawn)


def finish_map(ax: Axes) -> None:
    """Make axes of degrees a map: true proportions, a bar of metres, no numbers."""
    ax.set_axis_off()
    ax.margins(0.04)
    ax.autoscale_view()
    south, north = ax.get_ylim()
    # A strip below the data, for the bar and a legend.
    south -= 0.07 * (north - south)
    ax.set_ylim(south, north)
    shrink = math.cos(math.radians((south + north) / 2))
    ax.set_aspect(1 / shrink)
    west, east = ax.get_xlim()
    metres = round_length((east - west) * shrink * METRES_A_DEGREE / 5)
    length = metres / (shrink * METRES_A_DEGREE)
    left, low = west + 0.02 * (east - west), south + 0.015 * (north - south)
    ax.plot([left, left + length], [low, low], color=INK, linewidth=2, solid_capstyle="butt")
    text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    ax.annotate(text, (left + length / 2, low), (0, 3), textcoords="offset points", ha="center", fontsize=8, color=INK)


def round_length(metres: float) -> float:
    """Round down to 1, 2 or 5 and zeros."""
    step = 10.0 ** math.floor(math.log10(metres)) if metres > 0 else 1.0
    return max(one * step for one in (1, 2, 5) if one * step <= max(metres, step))


def labels(
    ax: Axes,
    places: Mapping[str, tuple[float, float]],
    *,
    apart: float = 0.05,
    under: Mapping[str, float] | None = None,
) -> None:
    """Write names at places, the first ones first; a name that would stand on another is left out.

    Parameters
    ----------
    ax
        A map.
    places
        Longitude and latitude of each name.
    apart
        The least distance between two names in heights of the map; sideways they need four times as much.
    under
        How many points below its place each name stands; by default right on it.
    """
    from matplotlib.patheffects import withStroke

    south, north = ax.get_ylim()
    size = max(north - south, 1e-9)
    written: list[tuple[float, float]] = []
    for name, (lon, lat) in places.items():
        if any(abs(lat - y) < apart * size and abs(lon - x) < 4 * apart * size for x, y in written):
            continue
        down = 0.0 if under is None else under[name]
        text = ax.annotate(
            plain(name),
            (lon, lat),
            (0, -down),
            textcoords="offset points",
            ha="center",
            va="top" if down else "center",
            fontsize=8,
            color=INK,
        )
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])
        written.append((lon, lat))


def credit(ax: Axes, frame: pd.DataFrame, *, below: float = 34) -> None:
    """Write source and licence under a picture, `below` points under its axes."""
    pictures = [one for one in ax.figure.axes if one.get_label() != "<colorbar>"]
    alone = len(pictures) == 1
    # A picture of its own has the whole width of the figure; one of several, its share.
    width = ax.figure.bbox.width / ax.figure.dpi / (1 if alone else max(len(pictures) / 2, 2))
    text = "\n".join(textwrap.wrap(source(frame), max(int(width * 16), 30)))
    ax.annotate(
        text,
        (0.0, 0.0),
        (5 if alone else 0, -below),
        xycoords=("figure fraction" if alone else "axes fraction", "axes fraction"),
        textcoords="offset points",
        va="top",
        fontsize=7,
        color=FAINT,
        annotation_clip=False,
    )


def source(frame: pd.DataFrame) -> str:
    """Word where a frame is from, as short as a picture needs it."""
    facts = frame.attrs.get(ATTRIBUTE)
    if not facts:
        return "Source: unknown, the frame carries no provenance."
    french = language_of(frame) == "fr"
    named = "; ".join(facts.get("attribution") or ()) or facts.get("publisher") or facts.get("portal", "")
    every = facts.get("topic", {}).get("provenance") or [facts]
    ids = ", ".join(str(one.get("dataset_id")) for one in every)
    terms = facts.get("licence") or say(frame, "licence not stated", "licence non précisée")
    told = say(
        frame,
        " Sample rows of the stand-in portal, not real data.",
        " Lignes d’exemple du portail de substitution, pas des données réelles.",
    )
    sample = told if facts.get("stand_in") else ""
    if french:
        year, month, day = facts.get("fetched_at", "0000-00-00")[:10].split("-")
        return plain(f"Source : {named}, {ids}, consulté le {day}/{month}/{year}. {terms}.{sample}")
    return plain(f"Source: {named}, {ids}, fetched on {facts.get('fetched_at', '')[:10]}. {terms}.{sample}")


def observed(frame: pd.DataFrame) -> str:
    """Word when the newest row of a live frame was observed, for a title: `` at 11:58 on 15 June 2026``."""
    newest = frame["observed_at"].max()
    if newest != newest:
        return ""
    french = f", le {newest.day} {MONTHS[newest.month - 1]} {newest.year} à {newest:%H:%M}"
    return say(frame, f" at {newest:%H:%M on %d %B %Y}", french)


def plain(text: object) -> str:
    """Take from a text of the portal what matplotlib would read as mathematics."""
    return str(text).replace("$", r"\$")
