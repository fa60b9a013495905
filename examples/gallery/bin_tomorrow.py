"""Which bin goes out tomorrow?

Where you live decides when waste is collected. Given an address as longitude and latitude, this says which bin goes out
tonight, and draws the week of each commune.
"""

# %%
from datetime import date, timedelta

import bdxopendata as bdx

LON, LAT = -0.57, 44.84  # in the centre of Bordeaux; put your own here

tomorrow = date.today() + timedelta(days=1)
collected = bdx.waste_collection(LON, LAT, at=tomorrow)
print(collected[["waste", "days", "at_night", "next"]])

due = collected[collected["next"].dt.date == tomorrow]
print(f"Tomorrow, {tomorrow:%A %d %B}:", ", ".join(due["waste"]) or "nothing is collected")

# %% [markdown]
# The next seven days, from tomorrow on:

# %%
for offset in range(7):
    day = tomorrow + timedelta(days=offset)
    what = bdx.waste_collection(LON, LAT, at=day)
    names = what.loc[what["next"].dt.date == day, "waste"]
    print(f"{day:%a %d %b}  {', '.join(names) or '-'}")

# %% [markdown]
# All zones are read once and kept, so the seven questions cost the portal one answer.
#
# And the whole Métropole: how many times a week is household waste collected where?

# %%
from matplotlib import pyplot as plt
from matplotlib.patches import Patch

from bdxopendata.topics import charts
from bdxopendata.topics.waste import waste_zones

zones = waste_zones()
household = zones[(zones["waste"] == "household") & zones.geometry.notna()].to_crs(2154)
household["times"] = household["weekdays"].str.len()
print(household["times"].value_counts().sort_index())

figure, ax = plt.subplots(figsize=(8, 7), layout="constrained")
greens = {1: "#CFE8D5", 2: "#8CC99B", 3: "#4DA167", 4: "#2B7A4B", 5: "#185C37", 6: "#0B3D22", 7: "#04200F"}
household.plot(ax=ax, color=household["times"].map(greens), edgecolor="white", linewidth=0.6)
ax.set_axis_off()
seen = sorted(household["times"].unique())
ax.legend(handles=[Patch(color=greens[n], label=f"{n} a week") for n in seen], loc="upper left", frameon=False)
ax.set_title("Collections of household waste a week", loc="left", fontsize=13)
charts.credit(ax, zones, below=8)
figure.savefig("bin_tomorrow.png")

# %% [markdown]
# ![Map of sample zones, darker where household waste is collected more often](bin_tomorrow.png)
#
# ## What to notice
#
# - `at` is the day from which on the next collection is meant. A bin that is collected on the day itself counts.
# - `at_night` says when the truck comes: for a collection in the night, the bin goes out in the evening.
# - Zones overlap nowhere for one kind of waste, but household and sorted waste have zones of their own.
#
# ## Limits
#
# - Holidays are not in the data, nor are changes of the week: the town hall says so, the portal does not.
# - The dataset serves 21 of the 28 communes. Elsewhere the frame is empty, which means “not known”, not “never”.
# - Some zones have no shape, since their geometry is broken at the source. No address can be found in them.
#
# More on the [page of waste](../topics/waste.md).
