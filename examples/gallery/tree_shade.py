"""Which communes have the trees that give shade?

Young trees give little shade; tall ones much. This counts the tall trees of each commune by its surface, and asks where
the trees that will be tall one day stand.
"""

# %%
import bdxopendata as bdx

trees = bdx.trees()
print(len(trees), "trees,", trees["height"].notna().sum(), "of them measured")
print(trees["height"].describe().round(1).loc[["mean", "50%", "max"]])

# %% [markdown]
# The surface of a commune comes from its outline, in metres: degrees are no measure of surface, so the outlines are
# asked for in Lambert-93 (`crs=2154`). The join is by INSEE code, which is text on both sides and keeps its zeros.

# %%
TALL = 12

communes = bdx.Dataset("fv_commu_s").to_geopandas(crs=2154).set_index("insee")
measured = trees[trees["height"].notna()]
table = measured.groupby("insee")["height"].agg(
    measured="size", median="median", tall=lambda heights: (heights >= TALL).sum()
)
table["name"] = communes["nom"]
table["tall_per_km2"] = table["tall"] / (communes.area / 1e6)
table["share_tall"] = table["tall"] / table["measured"]
print(table.sort_values("tall_per_km2", ascending=False).head(8).round(2).set_index("name"))

# %%
from matplotlib import pyplot as plt

from bdxopendata.topics import charts

figure, (where, who) = plt.subplots(1, 2, figsize=(11, 5.4), layout="constrained", width_ratios=(1.25, 1))
communes["tall_per_km2"] = table["tall_per_km2"]
communes.plot(
    ax=where, column="tall_per_km2", cmap="Greens", edgecolor="white", linewidth=0.6, legend=True,
    legend_kwds={"shrink": 0.5, "label": f"trees of {TALL} and more for each km²"},
    missing_kwds={"color": "#EEEEEE"},
)  # fmt: skip
where.set_axis_off()
where.set_title("Where tall trees stand close together", loc="left")

order = measured["insee"].value_counts().index[:8]
shares = measured.groupby("insee")["height"].quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack().loc[order]
names = communes.loc[order, "nom"]
who.hlines(names, shares[0.05], shares[0.95], color=charts.INK, linewidth=1)
who.barh(names, shares[0.75] - shares[0.25], left=shares[0.25], height=0.6, color="#CFE8D5", edgecolor=charts.INK)
who.plot(shares[0.5], names, "|", color=charts.INK, markersize=18, markeredgewidth=2)
who.invert_yaxis()
who.set_xlabel("height (unit not published, metres are likely)\nbox: half of the trees, line: nine of ten")
who.spines[["top", "right"]].set_visible(False)
who.set_title("Heights where most trees were measured", loc="left")
figure.supxlabel(charts.source(trees), x=0.01, ha="left", fontsize=7, color=charts.FAINT)
figure.savefig("tree_shade.png")

# %% [markdown]
# ![Map of communes, darker with more tall sample trees a square kilometre, and boxes of the heights of trees in eight
# communes](tree_shade.png)
#
# ## What to notice
#
# - Trees without a height are left out of both sides of a share: they are unknown, not small.
# - A grey commune has no measured tree in the data. That says something of the survey, not of the commune.
# - Many tall trees and many trees are two things: compare `tall_per_km2` with `share_tall`.
#
# ## Limits
#
# - Shade is made by crowns, and no field of a crown is known on the portal. Height stands for it, roughly.
# - Only trees that a public owner looks after are there. Gardens and forests give shade, too.
# - The unit of `hauteur` is not published.
#
# More on the [page of trees](../topics/trees.md); how mixed the trees are is in [another analysis](tree_diversity.md).
