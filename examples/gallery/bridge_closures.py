"""When is the Chaban-Delmas bridge closed?

The bridge is lifted for ships and closed at night for maintenance. Whoever crosses it every day wants to know: in
which months, at which hours, and for how long in all?
"""

# %%
import bdxopendata as bdx

closures = bdx.bridge_closures()
closures["hours"] = (closures["end"] - closures["start"]).dt.total_seconds() / 3600
print(len(closures), "closures,", round(closures["hours"].sum()), "hours in all")
print(closures.groupby("reason", observed=True)["hours"].agg(["count", "median", "sum"]).round(1))

# %% [markdown]
# By month and by reason. `start` and `end` are moments in Europe/Paris: a bridge that reopens at 5:00 reopens the day
# after, and in the night in which the clocks change the closure is an hour shorter or longer.

# %%
month = closures["start"].dt.month
months = closures.pivot_table("hours", month, "reason", aggfunc="sum", fill_value=0, observed=True)
print(months.round(1))

# %% [markdown]
# At which hour is it closed? Each closure is cut into minutes, and the minutes are counted by the hour of the day.

# %%
import pandas as pd

minutes = pd.concat(
    [pd.Series(pd.date_range(one.start, one.end, freq="min", inclusive="left")) for one in closures.itertuples()]
)
by_hour = (minutes.dt.hour.value_counts().sort_index() / 60).reindex(range(24), fill_value=0)
rush = by_hour[[7, 8, 17, 18]].sum()
print(f"{rush:.1f} of {by_hour.sum():.0f} hours fall between 7 and 9, or between 17 and 19")

# %%
from matplotlib import pyplot as plt

from bdxopendata.topics import charts

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
months = months.reindex(range(1, 13), fill_value=0)
bottom = pd.Series(0.0, months.index)
for reason, colour in zip(months.columns, charts.COLOURS, strict=False):
    left.bar(months.index, months[reason], bottom=bottom, color=colour, label=reason, width=0.8)
    bottom += months[reason]
left.set_xticks(range(1, 13), list("JFMAMJJASOND"))
left.set_ylabel("hours closed")
left.set_title("By month", loc="left")
left.legend(frameon=False)
right.bar(by_hour.index, by_hour, color=charts.COLOURS[4], width=0.9)
right.axvspan(6.5, 8.5, color="#EDE7DC", zorder=0)
right.axvspan(16.5, 18.5, color="#EDE7DC", zorder=0)
right.set_xticks(range(0, 24, 3))
right.set_xlabel("hour of the day (rush hours shaded)")
right.set_title("By hour", loc="left")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#E6E6E6")
    ax.set_axisbelow(True)
figure.suptitle("Closures of the Chaban-Delmas bridge", x=0.01, ha="left", fontsize=13)
figure.supxlabel(charts.source(closures), x=0.01, ha="left", fontsize=7, color=charts.FAINT)
figure.savefig("bridge_closures.png")

# %% [markdown]
# ![Bars of the hours in which the bridge is closed, by month and reason, and by hour of the day](bridge_closures.png)
#
# ## What to notice
#
# - A few nights of maintenance weigh as much as many passages of ships: count hours, not closures.
# - Minutes are counted by the hour in which they lie. To count each closure by the hour of its start would put a whole
#   night at 23:00.
#
# ## Limits
#
# - These are announcements. They change, and a late ship keeps the bridge closed for longer.
# - The dataset has held one calendar year at a time, so that months of different years cannot be compared.
#
# `topics.bridge.to_ics` makes a calendar of it for your phone; see the [page of the bridge](../topics/bridge.md).
