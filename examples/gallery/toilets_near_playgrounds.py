"""Is there a toilet near the playground?

With small children this is the question. For each playground: how far is the nearest public toilet, and the nearest
that a wheelchair can use?
"""

# %%
import bdxopendata as bdx

METRES = 2154  # Lambert-93: a coordinate system of France in metres

playgrounds = bdx.facilities("playgrounds").to_crs(METRES)
toilets = bdx.facilities("toilets").to_crs(METRES)
print(len(playgrounds), "playgrounds and", len(toilets), "toilets,", toilets["accessible"].sum(), "accessible")

# %% [markdown]
# Distances in degrees mean nothing, so both frames are brought to metres first. Then one call of GeoPandas finds the
# nearest of each.

# %%
toilets["place"] = toilets["address"].fillna("no address")
near = playgrounds.sjoin_nearest(toilets[["place", "geometry"]], distance_col="metres")
near = near.sort_values("metres").drop_duplicates("gid")
usable = toilets[toilets["accessible"].fillna(False)]
wheels = playgrounds.sjoin_nearest(usable[["geometry"]], distance_col="wheels").groupby("gid")["wheels"].min()
near["wheels"] = near["gid"].map(wheels)
print(near[["name", "place", "metres", "wheels"]].round().tail(5).to_string(index=False))

# %%
for limit in (150, 300, 500):
    any_toilet, accessible = (near["metres"] <= limit).mean(), (near["wheels"] <= limit).mean()
    print(f"within {limit} m: {any_toilet:.0%} of the playgrounds, {accessible:.0%} with an accessible one")

# %%
from matplotlib import pyplot as plt

from bdxopendata.topics import charts

figure, ax = plt.subplots(figsize=(8, 7), layout="constrained")
bordeaux = bdx.Dataset("fv_commu_s").where('insee = "33063"').to_geopandas(crs=METRES)
bordeaux.plot(ax=ax, color="#F6F3EC", edgecolor="#C9C2B2")
toilets.plot(ax=ax, color="#8A8A8A", marker="x", markersize=16, linewidth=0.9, label="toilet")
far = near["metres"] > 300
near[~far].plot(ax=ax, color=charts.COLOURS[2], markersize=34, edgecolor="white", label="playground, at most 300 m")
near[far].plot(ax=ax, color=charts.COLOURS[5], markersize=34, edgecolor="white", label="playground, farther")
ax.set_axis_off()
ax.legend(loc="upper left", frameon=False)
ax.set_title("Playgrounds by the distance of the nearest toilet", loc="left", fontsize=13)
charts.credit(ax, playgrounds, below=8)
figure.savefig("toilets_near_playgrounds.png")

# %% [markdown]
# ![Map of sample playgrounds in Bordeaux, green where a toilet is within 300 metres, orange where it is
# farther](toilets_near_playgrounds.png)
#
# ## What to notice
#
# - Where two toilets are equally near, the join gives the playground twice: `drop_duplicates` keeps one.
# - `accessible` is missing where nobody says. Here that counts as no, on purpose: who needs it cannot rely on it.
#
# ## Limits
#
# - Distances are as the crow flies. A river or a railway makes the walk longer.
# - Toilets in cafés, libraries and schools are not in the data, nor are opening hours.
# - Both datasets are of the city of Bordeaux; other communes are not there.
#
# More on the [page of facilities](../topics/facilities.md).
