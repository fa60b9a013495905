"""Would one pest fell a town's trees? The 10-20-30 rule, commune by commune.

A rule of thumb for town trees: no species more than 10 %, no genus more than 20 %, no family more than 30 % of all, so
that one disease does not take them all. Which communes keep it?
"""

# %%
import bdxopendata as bdx
from bdxopendata.topics.trees import diversity

trees = bdx.trees()
enough = trees.groupby("commune").filter(lambda some: len(some) >= 40)
by_commune = {commune: diversity(some) for commune, some in enough.groupby("commune")}

# %% [markdown]
# `diversity` counts trees of known genus and species only, and says how many these are. Communes with fewer than 40
# trees are left out: among ten trees, two of a species are 20 %, and that says nothing.

# %%
import pandas as pd

table = pd.DataFrame(by_commune).T.sort_values("top_species_share")
shown = ["identified", "top_species", "top_species_share", "top_genus_share", "top_family_share", "rule_10_20_30"]
print(table[shown].astype({name: float for name in shown if name.endswith("share")}).round(2).to_string())

# %%
kept = table["rule_10_20_30"].astype(bool)
print(f"{kept.sum()} of {len(table)} communes keep all three")
print(table[["rule_10", "rule_20", "rule_30"]].astype(bool).sum().to_string())

# %%
from matplotlib import pyplot as plt

from bdxopendata.topics import charts

LEVELS = {"species": 0.10, "genus": 0.20, "family": 0.30}

figure, axes = plt.subplots(1, 3, figsize=(10, 4.8), sharey=True, layout="constrained")
for ax, (level, most) in zip(axes, LEVELS.items(), strict=True):
    shares = table[f"top_{level}_share"].astype(float)
    colours = [charts.COLOURS[5] if share > most else charts.COLOURS[2] for share in shares]
    ax.hlines(range(len(table)), 0, shares, color="#DDDDDD")
    ax.scatter(shares, range(len(table)), color=colours, zorder=3, s=42)
    ax.axvline(most, color=charts.INK, linewidth=1, linestyle=":")
    ax.set_yticks(range(len(table)), table.index)
    ax.set_xlim(0, 0.5)
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    ax.set_title(f"most frequent {level}", loc="left", fontsize=10)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
figure.suptitle("Share of the most frequent; the dotted line is what the rule allows", x=0.01, ha="left", fontsize=13)
figure.supxlabel(charts.source(trees), x=0.01, ha="left", fontsize=7, color=charts.FAINT)
figure.savefig("tree_diversity.png")

# %% [markdown]
# ![Dots for the share of the most frequent species, genus and family of sample trees in each commune, orange where the
# share is above what the rule allows](tree_diversity.png)
#
# ## What to notice
#
# - The three parts are not the same: a commune can keep the rule for species and break it for genera.
# - Few trees make the share of the most frequent one large by chance. Read `identified` beside each share.
#
# ## Limits
#
# - The names of genus and species are inferred fields: see the [page of trees](../topics/trees.md#columns).
# - Families follow from the genus. One that is not known counts as none, so the share of the top family is at least
#   what it says.
# - It is a rule of thumb, argued about; the age and place of trees matter as well.
