"""Free places of the city: toilets, playgrounds, fountains, racks, parks and more.

Each kind is a contract of its own. Of some kinds the portal's dataset is not known; they are looked for in the
catalogue when they are asked for.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from bdxopendata.catalog import Catalog
from bdxopendata.query import Query
from bdxopendata.topics import arguments, charts, choices, engine, nearby, places
from bdxopendata.topics.contract import Contract, load
from bdxopendata.topics.labels import Language, labelled, taking

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes

__all__ = ["KINDS", "facilities", "plot_map"]

KINDS = (
    "bike_racks",
    "defibrillators",
    "drinking_fountains",
    "parks",
    "playgrounds",
    "public_buildings",
    "sports",
    "toilets",
    "wifi",
)

FRENCH = {
    "bike_racks": "supports à vélos",
    "defibrillators": "défibrillateurs",
    "drinking_fountains": "fontaines à boire",
    "parks": "parcs et jardins",
    "playgrounds": "aires de jeux",
    "public_buildings": "établissements recevant du public",
    "sports": "équipements sportifs",
    "toilets": "toilettes publiques",
    "wifi": "bornes wifi",
}

# Datasets whose id begins so are the city's own, and everything in them is in the city.
CITY_OF_BORDEAUX = "bor_"
BORDEAUX = "33063"


class Facilities:
    """Facilities of a kind, with their place: call it with a kind, one of `kinds`."""

    @labelled
    def __call__(
        self,
        kind: str,
        *,
        commune: str | places.Commune | None = None,
        accessible: bool | None = None,
        near: tuple[float, float, float] | None = None,
        labels: Language | None = None,
        catalog: Catalog | str | None = None,
    ) -> gpd.GeoDataFrame:
        """Read where the facilities of a kind are.

        Parameters
        ----------
        kind
            One of `kinds`, such as ``"toilets"``, whatever the case.
        commune
            Only this commune, by name or INSEE code. Datasets that name no commune and are the city of Bordeaux's own
            are all in Bordeaux.
        accessible
            True: only those that disabled people can use; False: only those that they cannot.
        near
            Longitude, latitude (degrees) and metres: only those at most so far away.
        labels
            ``"fr"`` or ``"en"`` to have columns named for people, as `bdxopendata.labels` does; by default technical
            names.
        catalog
            Where to ask; Bordeaux Métropole by default.

        Returns
        -------
        geopandas.GeoDataFrame
            One row per facility in EPSG:4326: ``kind``, then the columns of its contract (``name``, ``detail``,
            ``address``, ``accessible``, ``insee``, ``commune`` and what is known of this kind, such as ``equipment``,
            ``min_age``), typed, missing where the portal does not say; then the portal's other columns.

        Raises
        ------
        ValueError
            If there is no such kind or commune, or `near` can be no place.
        DatasetNotFoundError
            If the portal has no dataset of it; the message says what was looked for, and what looks alike.
        SchemaDriftError
            If the dataset lacks a column that is needed, or that a filter asks about.

        Warns
        -----
        FarAwayWarning
            If `near` is far from here.
        """
        wanted = choices.choose(kind, KINDS, "kind of facility")
        accessible = arguments.flag("accessible", accessible)
        circle = nearby.circle(near)
        town = None if commune is None else places.commune(commune)
        (source,) = engine.find(contract(wanted), catalog)

        def ask(source: engine.Source) -> Query:
            return source.query if circle is None else source.query.near(*circle)

        frame = completed(wanted, engine.answer([source], ask))
        if accessible is not None:
            source.require("accessible")
            frame = frame[(frame["accessible"] == accessible).fillna(False).astype(bool)]
        if town is not None:
            if frame["insee"].isna().all() and frame["commune"].isna().all() and len(frame):
                source.require("insee")
            frame = frame[(frame["insee"] == town.code) | (frame["commune"] == town.name)]
        return frame.reset_index(drop=True)

    def kinds(self) -> tuple[str, ...]:
        """List the kinds of facilities that can be asked for."""
        return KINDS

    def __repr__(self) -> str:
        return f"facilities(kind), with kind one of {', '.join(KINDS)}"


facilities: Facilities = Facilities()


@cache
def contract(kind: str) -> Contract:
    """Read the contract of a kind."""
    return load(kind)


def completed(kind: str, frame: Any) -> gpd.GeoDataFrame:
    """Add what the portal does not say itself."""
    import pandas as pd

    from bdxopendata.topics.casts import TEXT

    if frame["insee"].isna().all() and frame["dataset"].str.startswith(CITY_OF_BORDEAUX).all() and len(frame):
        code = pd.Series(BORDEAUX, index=frame.index, dtype=TEXT)
        engine.fill(frame, "insee", code)
    engine.fill(frame, "commune", places.names_of(frame["insee"]))
    engine.fill(frame, "insee", places.codes_of(frame["commune"]))
    frame["kind"] = pd.Series(kind, index=frame.index, dtype=TEXT)
    found: gpd.GeoDataFrame = frame
    return found


@taking
def plot_map(frame: gpd.GeoDataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw where facilities are.

    Parameters
    ----------
    frame
        As `facilities` returns it.
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
    placed = frame[frame.geometry.notna()]
    centres = placed.set_geometry(placed.geometry.representative_point())
    charts.points(ax, centres, s=22, color=charts.COLOURS[0], alpha=0.75, edgecolors="white", linewidths=0.4)
    charts.finish_map(ax)
    kinds = sorted({str(kind) for kind in frame["kind"].dropna()})
    words = ", ".join(charts.say(frame, kind.replace("_", " "), FRENCH.get(kind, kind)) for kind in kinds)
    charts.title(ax, f"{charts.number(frame, len(frame))} {words}")
    charts.credit(ax, frame, below=8)
    return ax
