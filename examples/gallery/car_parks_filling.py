"""When do car parks fill up?

The portal says how many places are free now, and forgets. Who wants to know how a day goes has to write it down. This
looks at a day that was recorded: which car parks fill in the morning, which in the evening, and when is it too late?
"""

# %%
from pathlib import Path

import bdxopendata as bdx

if not Path("car-parks").exists():
    bdx.record("parking", "car-parks", every=300, times=288)  # a day, a poll every five minutes

parks = bdx.history("car-parks")
parks = parks[parks["occupancy"].notna() & (parks["counted"] >= 50)]
print(f"{len(parks)} observations of {parks['name'].nunique()} car parks")
print(parks["observed_at"].min(), "to", parks["observed_at"].max())

# %% [markdown]
# `record` runs for as long as you let it, and can be stopped and started again: nothing is written twice. On this page
# the day is made up, one observation each hour.
#
# A table with a row for each hour and a column for each car park:

# %%
slots = parks["observed_at"].dt.floor("h")
today = slots.dt.date == slots.max().date()
filling = parks[today].pivot_table("occupancy", slots[today], "name")
print(filling.iloc[::3, :3].round(2))

# %% [markdown]
# A car park for work is fullest around noon, one for going out in the evening. When is it 90 % full for the first time?

# %%
import pandas as pd

busy = filling.loc[:, filling.max() >= 0.9]
first = busy.ge(0.9).idxmax().dt.strftime("%H:%M").rename("full from")
table = pd.concat([first, busy.max().round(2).rename("at most")], axis=1).sort_values("full from")
print(table.head(8))
evening = busy.idxmax().dt.hour >= 18
print(f"{len(busy.columns)} of {len(filling.columns)} car parks were 90 % full, {evening.sum()} of them in the evening")

# %%
from matplotlib import pyplot as plt

from bdxopendata.topics import charts

order = filling.idxmax().sort_values().index
hours = filling.index.hour
figure, (every, whole) = plt.subplots(2, 1, figsize=(9, 7.5), layout="constrained", height_ratios=(2.4, 1), sharex=True)
image = every.pcolormesh(hours, range(len(order)), filling[order].T, cmap="magma_r", vmin=0, vmax=1, shading="nearest")
every.set_yticks([])
every.set_ylabel(f"{len(order)} car parks, those that fill first below")
every.set_title("How full the car parks were in the course of a day", loc="left", fontsize=13)
figure.colorbar(image, ax=every, format=lambda share, _: f"{share:.0%}", label="taken")
kinds = filling.columns.isin(filling.idxmax()[filling.idxmax().dt.hour >= 18].index)
whole.plot(hours, filling.loc[:, ~kinds].mean(axis=1), color=charts.COLOURS[0], label="fullest by day")
whole.plot(hours, filling.loc[:, kinds].mean(axis=1), color=charts.COLOURS[5], label="fullest in the evening")
whole.yaxis.set_major_formatter("{x:.0%}")
whole.set_ylim(0, 1)
whole.set_xticks(range(6, 25, 3), [f"{hour}:00" for hour in range(6, 25, 3)])
whole.grid(axis="y", color="#E6E6E6")
whole.spines[["top", "right"]].set_visible(False)
whole.legend(frameon=False)
figure.supxlabel(charts.source(parks), x=0.01, ha="left", fontsize=7, color=charts.FAINT)
figure.savefig("car_parks_filling.png")

# %% [markdown]
# ![Occupancy of each car park in the course of a made-up day as colours, and the mean of those that fill by day and in
# the evening](car_parks_filling.png)
#
# ## What to notice
#
# - The colours show what a mean hides: two groups that are never full at the same time.
# - About a quarter of the car parks are never counted; `occupancy` is missing there and they are left out, rather than
#   taken for empty.
#
# ## Limits
#
# - One day is an anecdote. Record some weeks, and look at each weekday by itself.
# - What happened between two polls is not known.
# - `counted` is often less than `capacity`: the share is of the places that are counted live.
#
# More on [watching and recording](../topics/watching.md) and on the [page of car parks](../topics/parking.md).
