"""A first look at the open data of Bordeaux Métropole: the catalogue, trees, car parks and births, a map and a chart.

python examples/demo.py               the real portal, or the stand-in portal where that cannot be reached
python examples/demo.py --live        the real portal, or an error
python examples/demo.py --stand-in    the stand-in portal, whose rows are samples
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, StrMethodFormatter

import bdxopendata as bdx
from bdxopendata import F, agg
from bdxopendata.testing import StandIn

OUTPUT = Path("demo-output")
SETTINGS = bdx.Settings(cache_dir=OUTPUT / "store", progress=False)
# Long enough for a slow line, short enough to wait for.
QUICK = bdx.Settings(cache_dir=OUTPUT / "store", timeout=4, deadline=8, retries=0)

# The palest greens would be lost on the map.
GREENS = ListedColormap(mpl.colormaps["YlGn"](np.linspace(0.3, 1, 256)))

LAMBERT_93 = 2154
CENTRE = (-0.5740, 44.8410)  # longitude, latitude: Grand Théâtre, place de la Comédie
TALL = 20


def main() -> int:
    options = argparse.ArgumentParser(description="A first look at the open data of Bordeaux Métropole.")
    which = options.add_mutually_exclusive_group()
    which.add_argument("--live", action="store_true", help="ask the real portal, or fail")
    which.add_argument("--stand-in", action="store_true", help="ask the stand-in portal, with sample rows")
    chosen = options.parse_args()

    OUTPUT.mkdir(exist_ok=True)
    mpl.use("Agg")
    pd.set_option("display.width", 100, "display.max_columns", 10, "display.max_colwidth", 40)
    try:
        with portal(live=chosen.live, stand_in=chosen.stand_in) as catalog:
            show_catalogue(catalog)
            trees = tall_trees(catalog)
            parks = nearest_car_parks(catalog)
            births = births_per_year(catalog)
            heading("Pictures")
            print(draw_map(catalog, trees, parks))
            print(draw_chart(births))
    except bdx.BdxOpenDataError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def portal(*, live: bool, stand_in: bool) -> Iterator[bdx.Catalog]:
    """Give the catalogue of the real portal, or of the stand-in portal where the real one cannot be reached."""
    if not stand_in:
        try:
            len(bdx.Catalog(bdx.BORDEAUX, settings=SETTINGS if live else QUICK))
        except bdx.BdxOpenDataError as error:
            if live:
                raise
            reason = type(error).__name__
            print(f"{bdx.BORDEAUX.host} cannot be used ({reason}): stand-in portal, sample rows.")
        else:
            print(f"This is {bdx.BORDEAUX.host}.")
            yield bdx.Catalog(bdx.BORDEAUX, settings=SETTINGS)
            return
    else:
        print("This is the stand-in portal, with sample rows.")
    with StandIn() as server:
        yield bdx.Catalog(bdx.Portal(**server.portal_arguments, stand_in=True), settings=SETTINGS)


def show_catalogue(catalog: bdx.Catalog) -> None:
    heading("The catalogue")
    print(f"{len(catalog)} datasets, such as:\n")
    table = catalog.to_pandas()
    print(table[["dataset_id", "records_count", "title"]].head(6).to_string(index=False))
    print("\nTheir themes:\n")
    print(catalog.facets("theme")[["value", "count"]].to_string(index=False))


def tall_trees(catalog: bdx.Catalog) -> gpd.GeoDataFrame:
    heading(f"Trees taller than {TALL}")
    found = catalog.search("arbre", has_geometry=True)
    print(f"{found}\n")
    trees = next(dataset for dataset in found if "hauteur" in dataset.schema.names)

    question = trees.where(F.hauteur > TALL).order_by("-hauteur")
    frame = question.to_geopandas(crs=LAMBERT_93)

    print(f"{question}\n{len(frame):,} of {trees.count():,} trees:\n")
    print(frame.head())
    print(f"\n{frame.dtypes.to_string()}")
    return frame


def nearest_car_parks(catalog: bdx.Catalog) -> gpd.GeoDataFrame:
    heading("Car parks near the Grand Théâtre")
    parks = catalog["st_park_p"].where(F.libres.not_null()).to_geopandas(crs=LAMBERT_93)

    here = gpd.GeoSeries.from_xy([CENTRE[0]], [CENTRE[1]], crs=4326).to_crs(LAMBERT_93).iloc[0]
    parks["metres"] = parks.distance(here).round().astype("Int64")
    nearest = parks.sort_values("metres")[["nom", "libres", "total", "metres"]]

    print(nearest.head(8).to_string(index=False))
    return parks


def births_per_year(catalog: bdx.Catalog) -> pd.DataFrame:
    heading("Births per year")
    births = catalog["bor_naissances1900"]
    # How the portal types the year is not known: as text, as a number, or as a date.
    annee = births.schema["annee"]
    year = F.annee.year if annee.family == "time" else F.annee

    question = births.group_by(year.alias("year")).select(births=agg.sum("nombre"), days=agg.count())
    frame = question.to_pandas().astype({"year": "Int64"}).sort_values("year", ignore_index=True)

    print(f"{len(frame)} years from {births.count():,} days:\n")
    print(frame.tail(4).to_string(index=False))
    return frame


def draw_map(catalog: bdx.Catalog, trees: gpd.GeoDataFrame, parks: gpd.GeoDataFrame) -> Path:
    figure, axes = plt.subplots(figsize=(9, 8.7), layout="constrained")
    axes.set_facecolor("#f1eee6")
    sources = [trees, parks]
    if "fv_commu_s" in catalog:
        communes = catalog["fv_commu_s"].to_geopandas(crs=LAMBERT_93)
        communes.plot(ax=axes, color="#fdfcfa", edgecolor="#b9b4a7", linewidth=0.8)
        sources.append(communes)

    parks.plot(ax=axes, color="#2b5c8a", marker="s", markersize=18, label=f"car parks ({len(parks):,})")
    trees.plot(
        ax=axes, column="hauteur", cmap=GREENS, vmin=TALL, edgecolor="#1d3314", linewidth=0.5,
        markersize=46 if len(trees) < 500 else 6, label=f"trees taller than {TALL} ({len(trees):,})",
        legend=True, legend_kwds={"label": "height of the tree (unit not published)", "shrink": 0.5, "pad": 0.02},
    )  # fmt: skip
    axes.set_aspect("equal")
    for axis, name in ((axes.xaxis, "east"), (axes.yaxis, "north")):
        axis.set_major_formatter(FuncFormatter(lambda metres, _: f"{metres / 1000:,.0f}"))
        axis.set_label_text(f"{name}, km (Lambert-93)", fontsize=10)
    axes.legend(loc="lower left", framealpha=0.95)
    axes.set_title("Tall trees and car parks of Bordeaux Métropole", loc="left", fontsize=14, weight="bold", pad=12)
    return saved(figure, "map.png", *sources)


def draw_chart(births: pd.DataFrame) -> Path:
    figure, axes = plt.subplots(figsize=(10, 5.6), layout="constrained")
    # A year that has only begun would look like a collapse.
    whole = births[births["days"] >= 364].astype("float64")
    for first, last, war in ((1914, 1918, "First\nWorld War"), (1939, 1945, "Second\nWorld War")):
        axes.axvspan(first, last, color="#e6e3dc", linewidth=0)
        axes.text((first + last) / 2, 0.98, war, transform=axes.get_xaxis_transform(), ha="center", va="top",
                  fontsize=9, color="#444444")  # fmt: skip
    axes.plot(whole["year"], whole["births"], color="#13716b", linewidth=2)
    axes.set_xlim(whole["year"].min() - 1, whole["year"].max() + 1)
    axes.set_ylim(0, whole["births"].max() * 1.18)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel("year (incomplete years are left out)")
    axes.set_ylabel("births registered in a year")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("Births in Bordeaux", loc="left", fontsize=14, weight="bold", pad=12)
    return saved(figure, "births.png", births)


def saved(figure: Figure, name: str, *sources: pd.DataFrame) -> Path:
    """Write the source under the picture and save it."""
    facts = [bdx.provenance(frame) for frame in sources]
    datasets = ", ".join(f"{one.title} ({one.dataset_id})" for one in facts)
    licences = ", ".join(sorted({one.licence or "licence not stated" for one in facts}))
    sample = "Sample rows, not real data. " if any(one.stand_in for one in facts) else ""
    source = f"{sample}Source: {datasets}, {facts[0].portal}. {licences}."
    figure.supxlabel(textwrap.fill(source, 150), x=0.01, ha="left", fontsize=8, color="#555555")
    path = OUTPUT / name
    figure.savefig(path, dpi=130)
    plt.close(figure)
    return path


def heading(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m\n" if sys.stdout.isatty() else f"\n{text}\n{'-' * len(text)}\n")


if __name__ == "__main__":
    sys.exit(main())
