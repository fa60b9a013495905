"""The pictures on the pages of topics, drawn anew from the sample rows of the stand-in portal.

python tests/support/pictures.py
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib

from bdxopendata.catalog import Catalog
from bdxopendata.testing import StandIn
from bdxopendata.topics import (
    bikes,
    births,
    bridge,
    facilities,
    live,
    parking,
    pools,
    subsidies,
    traffic,
    trees,
    waste,
    works,
)

FOLDER = Path(__file__).parents[2] / "docs" / "topics" / "images"
# Two minutes after the samples were "last refreshed".
NOW = datetime(2026, 6, 15, 10, 2, tzinfo=UTC)

PICTURES: dict[str, Callable[[Catalog], Any]] = {
    "trees-map": lambda catalog: trees.plot_map(trees.trees(catalog=catalog)),
    "trees-species": lambda catalog: trees.plot_species(trees.trees(catalog=catalog)),
    "parking-map": lambda catalog: parking.plot_map(parking.parking(catalog=catalog)),
    "parking-free": lambda catalog: parking.plot_free(parking.parking(catalog=catalog)),
    "subsidies-years": lambda catalog: subsidies.plot_totals(subsidies.subsidies(catalog=catalog)),
    "births-years": lambda catalog: births.plot_years(births.births(freq="Y", catalog=catalog)),
    "bridge-closures": lambda catalog: bridge.plot_closures(bridge.bridge_closures(catalog=catalog)),
    "bikes-map": lambda catalog: bikes.plot_map(bikes.bikes(catalog=catalog)),
    "traffic-map": lambda catalog: traffic.plot_map(traffic.traffic(catalog=catalog)),
    "waste-map": lambda catalog: waste.plot_map(waste.waste_zones(catalog=catalog)),
    "works-measures": lambda catalog: works.plot_measures(works.works(catalog=catalog)),
    "parking-free-fr": lambda catalog: parking.plot_free(parking.parking(labels="fr", catalog=catalog)),
    "births-years-fr": lambda catalog: births.plot_years(births.births(freq="Y", labels="fr", catalog=catalog)),
    "trees-map-fr": lambda catalog: trees.plot_map(trees.trees(labels="fr", catalog=catalog)),
    "subsidies-years-fr": lambda catalog: subsidies.plot_totals(subsidies.subsidies(labels="fr", catalog=catalog)),
    "pools": lambda catalog: pools.plot(pools.pools(catalog=catalog)),
    "playgrounds-map": lambda catalog: facilities.plot_map(facilities.facilities("playgrounds", catalog=catalog)),
}


def draw(wanted: list[str]) -> None:
    """Draw these pictures, or all."""
    matplotlib.use("Agg")
    live.now = lambda: NOW
    with StandIn() as portal, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        catalog = Catalog(portal.url)
        for name in wanted or PICTURES:
            figure = PICTURES[name](catalog).figure
            figure.savefig(FOLDER / f"{name}.png", dpi=80)
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    draw(sys.argv[1:])
