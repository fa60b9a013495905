"""How much of the road network is jammed, and where?

The portal gives the state of each stretch of the main roads. Counting stretches is easy and wrong, since some are a
hundred metres long and some two kilometres: this counts kilometres.
"""

# %%
import bdxopendata as bdx

segments = bdx.traffic(stale_after=None).to_crs(2154)
segments["km"] = segments.length / 1000
print(f"{len(segments)} stretches, {segments['km'].sum():.0f} km")
by_state = segments.groupby("state", observed=False, dropna=False)["km"].agg(["size", "sum"])
print(by_state.round(1))

# %% [markdown]
# `state` is ordered from flowing to standing, so it can be compared. What the portal does not know is missing, and is
# left out of shares.

# %%
known = segments[segments["state"].notna()]
slow = known[known["state"] >= "EMBOUTEILLE"]
share = (slow.groupby("road_kind")["km"].sum() / known.groupby("road_kind")["km"].sum()).fillna(0)
print(share.sort_values(ascending=False).map("{:.0%}".format).head(6))

# %%
from matplotlib import pyplot as plt

from bdxopendata.topics import charts

COLOURS = {"FLUIDE": "#7FBF9B", "DENSE": "#F2C14E", "EMBOUTEILLE": "#E4572E", "PARALYSE": "#7B1E1E"}

figure, (where, kinds) = plt.subplots(1, 2, figsize=(11, 5.6), layout="constrained", width_ratios=(1.3, 1))
west, south, east, north = segments.total_bounds
bdx.Dataset("fv_commu_s").to_geopandas(crs=2154).boundary.plot(ax=where, color="#E3DED2", linewidth=0.8)
where.set(xlim=(west - 500, east + 500), ylim=(south - 500, north + 500))
segments[segments["state"].isna()].plot(ax=where, color="#CCCCCC", linewidth=1.2)
for state, colour in COLOURS.items():
    some = known[known["state"] == state]
    some.plot(ax=where, color=colour, linewidth=1.4 + 0.7 * list(COLOURS).index(state), label=state.lower())
where.set_axis_off()
where.legend(loc="lower left", frameon=False)
where.set_title("State of the main roads" + charts.observed(segments), loc="left", fontsize=11)

parts = known.pivot_table("km", "road_kind", "state", aggfunc="sum", observed=False, fill_value=0)
parts = parts.loc[parts.sum(axis=1).sort_values().index]
left = 0
for state, colour in COLOURS.items():
    kinds.barh(parts.index, parts[state], left=left, color=colour, height=0.7)
    left = left + parts[state]
kinds.set_xlabel("km")
kinds.spines[["top", "right"]].set_visible(False)
kinds.set_title("By kind of road", loc="left", fontsize=11)
figure.supxlabel(charts.source(segments), x=0.01, ha="left", fontsize=7, color=charts.FAINT)
figure.savefig("traffic_now.png")

# %% [markdown]
# ![Map of sample road stretches in the colour of their state, and kilometres by kind of road and
# state](traffic_now.png)
#
# ## What to notice
#
# - `to_crs(2154)` comes before `length`: the length of a line in degrees is no length.
# - “Not known” is a state of its own. As long as it is a few per cent it can be left out; at night it may be more.
#
# ## Limits
#
# - The state is an estimate of the control centre for main roads; small streets are not in the data.
# - One moment is no rush hour. [Watch it](../topics/watching.md) for a day before you say anything of a road.
#
# More on the [page of traffic](../topics/traffic.md).
