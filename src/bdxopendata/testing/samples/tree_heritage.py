"""Sample of ``ec_arbre_p``, the tree heritage of the metropolis.

Only the six fields that public programs prove are here; the portal's other fields, its labels and its units are not
known. Heights are drawn as metres and trunks as centimetres.
"""

from __future__ import annotations

from itertools import accumulate

from bdxopendata.testing.sample import SampleDataset
from bdxopendata.testing.samples.describe import NATURE, Row, column, dataset, point, seeded
from bdxopendata.testing.samples.places import somewhere

# genus | species | weight | usual height of a grown tree | trunk per metre of height
_SPECIES = """
Platanus|x hispanica|110|17|3.6
Quercus|robur|90|14|2.9
Tilia|tomentosa|55|12|3.0
Acer|platanoides|45|10|2.6
Acer|pseudoplatanus|40|12|2.7
Acer|campestre|35|8|2.6
Quercus|ilex|45|10|2.8
Quercus|rubra|35|14|2.9
Pinus|pinaster|60|17|2.4
Pinus|pinea|20|12|3.2
Celtis|australis|45|11|2.8
Lagerstroemia|indica|45|4|2.4
Magnolia|grandiflora|30|8|2.8
Fraxinus|excelsior|30|12|2.6
Fraxinus|angustifolia|30|10|2.5
Liquidambar|styraciflua|35|10|2.4
Liriodendron|tulipifera|20|14|2.9
Populus|nigra|30|18|2.7
Betula|pendula|30|10|1.9
Prunus|cerasifera|30|5|2.6
Pyrus|calleryana|28|6|2.3
Ginkgo|biloba|15|8|2.3
Robinia|pseudoacacia|22|12|2.6
Carpinus|betulus|35|9|2.3
Cedrus|atlantica|14|15|3.8
Cedrus|libani|6|17|4.4
Ulmus|minor|12|9|2.6
Olea|europaea|14|4|4.4
Aesculus|hippocastanum|16|13|3.4
Alnus|glutinosa|22|11|2.2
Salix|alba|14|11|3.5
Koelreuteria|paniculata|16|6|2.5
Gleditsia|triacanthos|18|10|2.4
Taxodium|distichum|10|14|3.2
"""
_KINDS = tuple(
    (genus, species, float(weight), float(height), float(trunk))
    for genus, species, weight, height, trunk in (line.split("|") for line in _SPECIES.split("\n") if line)
)

# Share of the trees in each commune. Not every commune has handed in its trees.
_SHARES = {
    "33063": 38.0, "33281": 13.0, "33318": 9.0, "33522": 5.0, "33449": 5.0, "33039": 4.0, "33550": 4.0, "33192": 4.0,
    "33119": 3.0, "33249": 3.0, "33167": 2.5, "33075": 2.5, "33162": 2.0, "33069": 2.0, "33056": 1.5, "33200": 1.0,
    "33032": 0.5,
}  # fmt: skip

FIELDS = (
    column("geo_point_2d", "geo_point_2d", "Geo Point"),
    column("hauteur", "double", "Hauteur", "Hauteur de l’arbre.", sortable=True),
    column("diametre_tronc", "double", "Diamètre du tronc", sortable=True),
    column("insee", "text", "Code INSEE", "Code INSEE de la commune.", facet=True, disjunctive=True),
    column("genre", "text", "Genre", facet=True, disjunctive=True),
    column("espece", "text", "Espèce", facet=True),
)


def sample(rows: int = 1500, seed: int = 33) -> SampleDataset:
    """Plant `rows` trees over the metropolis, the same ones for the same `seed`."""
    return dataset(
        "ec_arbre_p",
        FIELDS,
        _rows(rows, seed),
        title="Patrimoine arboré",
        about=("Arbres de l’espace public de la métropole.", "Trees of the public space of the metropolis."),
        themes=[NATURE],
        keywords=["arbre", "patrimoine", "végétation"],
        frequency="ANNUAL",
    )


def _rows(count: int, seed: int) -> list[Row]:
    random = seeded(seed)
    kinds = random.choices(_KINDS, cum_weights=list(accumulate(kind[2] for kind in _KINDS)), k=count)
    codes = random.choices(list(_SHARES), cum_weights=list(accumulate(_SHARES.values())), k=count)
    draw = random.random
    trees: list[Row] = []
    for number, ((genus, species, _, usual, trunk), code) in enumerate(zip(kinds, codes, strict=True)):
        # A triangle of ages with its tip at two thirds grown, and a few giants.
        height = max(1.0, round(usual * (draw() + draw() + 0.25) / 1.6, 1))
        width = max(3.0, float(round(height * trunk * (0.75 + 0.5 * draw()))))
        measured, girthed, named = draw() > 0.04, draw() > 0.05, draw() > 0.015
        trees.append(
            {
                # About one in two hundred has no place; one always is among the first.
                "geo_point_2d": None if number % 211 == 17 else point(*somewhere(random, code)),
                "hauteur": height if measured else None,
                "diametre_tronc": width if girthed else None,
                "insee": code,
                "genre": genus,
                "espece": species if named else None,
            }
        )
    return trees
