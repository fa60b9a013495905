"""Sample of ``fv_commu_s``: the 28 communes with their real codes and names, and simplified outlines."""

from __future__ import annotations

from bdxopendata.testing.sample import SampleDataset
from bdxopendata.testing.samples.describe import TERRITORY, Row, column, dataset, feature, point
from bdxopendata.testing.samples.places import COMMUNES, closed, middle, outline

FIELDS = (
    column("geo_point_2d", "geo_point_2d", "Geo Point"),
    column("geo_shape", "geo_shape", "Geo Shape"),
    column("gid", "int", "gid"),
    column("geom_err", "text", "geom_err", "Code d’erreur de géométrie : 9999 pour un polygone composé."),
    column("ident", "text", "ident"),
    column("nom", "text", "nom", "Nom de la commune.", facet=True, sortable=True),
    column("insee", "text", "insee", "Code INSEE.", facet=True),
)

# Its outline is given as a composite polygon, with the geometry code that goes with it.
_COMPOSITE = "33434"


def sample() -> SampleDataset:
    """Make the communes; the outlines tile the metropolis without overlap."""
    rows: list[Row] = []
    for number, commune in enumerate(COMMUNES, start=1):
        ring = outline(commune.code)
        composite = commune.code == _COMPOSITE
        rows.append(
            {
                "geo_point_2d": point(*middle(ring)),
                "geo_shape": feature("MultiPolygon", [[closed(ring)]])
                if composite
                else feature("Polygon", [closed(ring)]),
                "gid": number,
                "geom_err": "9999" if composite else None,
                "ident": commune.code[2:],
                "nom": commune.name,
                "insee": commune.code,
            }
        )
    return dataset(
        "fv_commu_s",
        FIELDS,
        rows,
        title="Communes de la métropole",
        about=(
            "Les 28 communes de Bordeaux Métropole ; les contours de ce jeu d’exemple sont très simplifiés.",
            "The 28 communes of Bordeaux Métropole; the outlines of this sample are very rough.",
        ),
        themes=[TERRITORY],
        keywords=["commune", "limite administrative"],
    )
