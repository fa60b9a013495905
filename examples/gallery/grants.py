"""Who gets grants, for what, and does it grow?

The city publishes the grants that it decided. How much was it in each year, for which purposes, and how many grants
make half of the money?
"""

# %%
import bdxopendata as bdx

grants = bdx.subsidies()
print(grants[["fiscal_year", "purpose", "amount"]].head(3))

# %% [markdown]
# The warning is part of the answer: a few rows have no amount or no year. They stay in the frame, and here they are
# counted rather than dropped in silence.

# %%
known = grants[grants["amount"].notna() & grants["fiscal_year"].notna()]
print(f"{len(grants) - len(known)} of {len(grants)} rows have no amount or no year")

by_year = known.groupby("fiscal_year")["amount"].agg(["size", "sum", "median", "max"])
print(by_year)

# %% [markdown]
# Amounts are exact decimals, cent for cent: sums do not drift as those of floats do.
#
# Purposes are free text. The first word and a year in it are enough to see groups; real work would read more carefully.

# %%
purposes = known["purpose"].str.replace(r"\s*\b(19|20)\d\d\b", "", regex=True).str.strip()
top = known.groupby(purposes)["amount"].agg(["size", "sum"]).sort_values("sum", ascending=False)
print(top.head(8))

# %%
ordered = known["amount"].astype("float64").sort_values(ascending=False)
share = ordered.cumsum() / ordered.sum()
half = int((share < 0.5).sum()) + 1
print(f"{half} of {len(ordered)} grants ({half / len(ordered):.0%}) make half of the money")

# %%
from matplotlib import pyplot as plt

from bdxopendata.topics import charts

figure, (years, curve) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
years.bar(by_year.index.astype(str), by_year["sum"].astype("float64") / 1e6, color=charts.COLOURS[0], width=0.7)
years.set_ylabel("million euros")
years.set_title("Grants by year", loc="left")
years.grid(axis="y", color="#E6E6E6")
years.set_axisbelow(True)
curve.plot([(n + 1) / len(share) for n in range(len(share))], share, color=charts.COLOURS[5], linewidth=2)
curve.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=1, linestyle=":")
curve.set_xlabel("share of the grants, largest first")
curve.set_ylabel("share of the money")
curve.xaxis.set_major_formatter("{x:.0%}")
curve.yaxis.set_major_formatter("{x:.0%}")
curve.set_title("How unequal grants are", loc="left")
for ax in (years, curve):
    ax.spines[["top", "right"]].set_visible(False)
figure.supxlabel(charts.source(grants), x=0.01, ha="left", fontsize=7, color=charts.FAINT)
figure.savefig("grants.png")

# %% [markdown]
# ![Bars of the sum of sample grants by year, and the curve of their share of the money, largest first](grants.png)
#
# ## What to notice
#
# - `fiscal_year_from` says where a year comes from: from the row itself, from its decision, or from its period.
# - The median grant and the sum move apart where a few large grants decide: look at the curve.
#
# ## Limits
#
# - What is published is what was decided, not what was paid.
# - Below 23,000 euros in a year a city need not publish a grant: sums of small ones are at least what they say.
# - The first and the last year are seldom whole.
#
# More on the [page of subsidies](../topics/subsidies.md).
