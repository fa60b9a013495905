"""Bike stations: where is none to take, where no dock to bring it back?

A bike share fails in two ways: no bike where you start, no dock where you arrive. One look at all stations shows which
of the two it is, and where.
"""

# %%
import bdxopendata as bdx

stations = bdx.bikes(in_service=True, stale_after=None)
stations["room"] = stations["bikes"] + stations["docks"]
stations["filled"] = stations["bikes"] / stations["room"].where(stations["room"] > 0)
print(f"{len(stations)} stations in service, {stations['bikes'].sum()} bikes, {stations['docks'].sum()} free docks")
print(f"{stations['electric'].sum() / stations['bikes'].sum():.0%} of the bikes are electric")

# %% [markdown]
# `stale_after=None` says that old rows are fine, since the samples are old on purpose. Leave it out when you ask the
# real portal: a feed that stands still then warns you.

# %%
import pandas as pd

states = pd.Series("fine", index=stations.index)
states[stations["bikes"] == 0] = "no bike"
states[stations["docks"] == 0] = "no dock"
stations["trouble"] = states
print(stations["trouble"].value_counts())

# %% [markdown]
# No bike is less of a problem when the next station is around the corner. For each station without bikes: how far is
# the nearest one that has three or more?

# %%
metric = stations.to_crs(2154)
empty = metric[metric["trouble"] == "no bike"]
full_enough = metric[metric["bikes"] >= 3]
other = empty[["name", "geometry"]].sjoin_nearest(full_enough[["name", "geometry"]], distance_col="metres")
print(other.sort_values("metres")[["name_left", "name_right", "metres"]].round().to_string(index=False))

# %%
from matplotlib import pyplot as plt

from bdxopendata.topics import charts

figure, ax = plt.subplots(figsize=(9, 7), layout="constrained")
points = charts.points(ax, stations, c=stations["filled"], cmap="PuOr", vmin=0, vmax=1, s=stations["room"] * 2.2,
                       edgecolor="#777777", linewidth=0.5)  # fmt: skip
charts.points(ax, stations[stations["trouble"] != "fine"], s=120, facecolor="none", edgecolor="#B00020", linewidth=1.4)
charts.finish_map(ax)
bar = figure.colorbar(points, shrink=0.5, label="share of docks that hold a bike")
bar.ax.yaxis.set_major_formatter("{x:.0%}")
ax.set_title("Bike stations: orange is empty, violet is full, ringed has none to give or take", loc="left", fontsize=11)
charts.credit(ax, stations, below=8)
figure.savefig("bike_stations.png")

# %% [markdown]
# ![Map of sample bike stations, coloured from empty to full, with rings round those without bikes or
# docks](bike_stations.png)
#
# ## What to notice
#
# - Empty stations are seldom alone: look at the distance to the next one with bikes.
# - A station without docks and bikes at once is out of order, whatever its `state` says.
#
# ## Limits
#
# - One moment says little. [Record a week](../topics/watching.md) and look at the same hours of each day.
# - A bike that is broken counts as a bike.
# - Distances are as the crow flies.
#
# More on the [page of bikes](../topics/bikes.md).
