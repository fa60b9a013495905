"""Births in Bordeaux since 1900: what two wars did.

The city counts its births day by day since 1900. How deep did the world wars cut, how high did births rise after
them, and how many children are “missing”, if births before each war are taken as what was to be expected?
"""

# %%
import bdxopendata as bdx

years = bdx.births(freq="Y")
whole = years[~years["partial"]].set_index("date")["count"].astype("float64")
whole.index = whole.index.year
print(f"{len(whole)} whole years, {whole.index.min()} to {whole.index.max()}")

# %% [markdown]
# A year that has only begun is marked `partial`; it would look like a collapse, so it is left out. A day for which the
# portal has no row is missing in the count, not zero, and `missing_days` says how many there are.
#
# Each war is compared with the mean of the five years before it.

# %%
import pandas as pd

WARS = {"First World War": (1914, 1918), "Second World War": (1939, 1945)}

rows = []
for war, (first, last) in WARS.items():
    before = whole.loc[first - 5 : first - 1].mean()
    during = whole.loc[first:last]
    rows.append(
        {
            "war": war,
            "before": round(before),
            "lowest year": int(during.idxmin()),
            "births then": int(during.min()),
            "change": f"{during.min() / before - 1:+.0%}",
            "missing in all": int((before - during).sum()),
            "peak after": int(whole.loc[last + 1 : last + 5].max()),
        }
    )
print(pd.DataFrame(rows).set_index("war").T)

# %%
from matplotlib import pyplot as plt

from bdxopendata.topics import charts

figure, ax = plt.subplots(figsize=(9, 4.8), layout="constrained")
for war, (first, last) in WARS.items():
    ax.axvspan(first, last + 1, color="#EDE7DC", linewidth=0)
    ax.text((first + last + 1) / 2, whole.max() * 1.08, war.replace(" W", "\nW"), ha="center", va="top", fontsize=9)
ax.plot(whole.index, whole, color="#BBBBBB", linewidth=1.2, label="births of the year")
ax.plot(whole.index, whole.rolling(5, center=True).mean(), color=charts.COLOURS[0], linewidth=2.2,
        label="mean of five years")  # fmt: skip
ax.set_ylim(0, whole.max() * 1.12)
ax.set_xlim(whole.index.min(), whole.index.max())
ax.yaxis.set_major_formatter("{x:,.0f}")
ax.set_ylabel("births in a year")
ax.grid(axis="y", color="#E6E6E6")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(loc="lower right", frameon=False)
ax.set_title("Births in Bordeaux", loc="left", fontsize=13)
charts.credit(ax, years)
figure.savefig("births_and_wars.png")

# %% [markdown]
# ![Line of the sample births of each year since 1900, with both world wars shaded](births_and_wars.png)
#
# ## What to notice
#
# - The scale begins at zero. Cut off at the bottom, the same line would look far more dramatic.
# - The mean of five years lags: it makes the edges of a war softer than they were. The grey line has the edges.
# - A war can have the lowest year and yet more births in all than were to be expected: then “missing in all” is
#   negative.
# - “Missing in all” depends on what is expected without a war. Five years before is a choice, not a law: try ten.
#
# ## Limits
#
# - Births are counted where they took place. Maternity wards of Bordeaux serve the whole region, so the series is not
#   that of the inhabitants, and a new ward elsewhere changes it.
# - From the end of the series nothing can be said of the present: look at `years["date"].max()`.
#
# More on the [page of births](../topics/births.md).
