"""Samples of city services: public toilets, playgrounds, and how many people are in the swimming pools.

Their ids are ``bor_sigsanitaire``, ``bor_airejeux`` and ``bor_frequentation_piscine_tr``. Of the toilets only
the type ``URINOIR`` and the value ``OUI`` of ``handi`` are proven; the other codes are plausible.
"""

from __future__ import annotations

from random import Random

from bdxopendata.testing.sample import SampleDataset
from bdxopendata.testing.samples.describe import (
    BORDEAUX,
    CITIZENS,
    TERRITORY,
    Row,
    ago,
    column,
    dataset,
    feature,
    point,
    seeded,
)
from bdxopendata.testing.samples.places import KM_EAST, KM_NORTH, Position, closed, middle, somewhere

_CITY = "33063"
_STREETS = (
    "Place des Tilleuls", "Quai des Mariniers", "Rue du Jardin", "Cours du Fleuve", "Square des Roses",
    "Place de la Halle", "Allée du Port", "Esplanade du Lac", "Rue de la Source", "Parvis de l’Église",
)  # fmt: skip

TOILET_FIELDS = (
    column("geo_point_2d", "geo_point_2d", "Geo Point"),
    column("gml_id", "text", "gml_id"),
    column("gid", "int", "gid"),
    column("geom_o", "text", "geom_o"),
    column("adresse", "text", "adresse"),
    column("type", "text", "type", facet=True),
    column("handi", "text", "handi", "OUI pour un accès aux personnes à mobilité réduite.", facet=True),
    column("cdate", "datetime", "cdate"),
    column("mdate", "datetime", "mdate"),
)


def toilets(rows: int = 84, seed: int = 84) -> SampleDataset:
    """Make the public toilets of the city."""
    random = seeded(seed)
    made: list[Row] = []
    for number in range(rows):
        (kind,) = random.choices(("SANITAIRE_AUTOMATIQUE", "URINOIR", "CHALET_DE_NECESSITE"), (60, 36, 4))
        gid = 100 + number
        made.append(
            {
                "geo_point_2d": point(*somewhere(random, _CITY)),
                "gml_id": f"BOR_SIGSANITAIRE.{gid}",
                "gid": gid,
                "geom_o": "0",
                "adresse": random.choice(_STREETS) if number % 5 else f"{number} {random.choice(_STREETS)}",
                "type": kind,
                "handi": "OUI" if kind == "SANITAIRE_AUTOMATIQUE" else random.choice(("NON", None)),
                "cdate": "2015-03-02T09:00:00+00:00",
                "mdate": ago(days=random.randint(20, 1500)),
            }
        )
    return dataset(
        "bor_sigsanitaire",
        TOILET_FIELDS,
        made,
        title="Toilettes publiques",
        about=("Toilettes publiques de la ville de Bordeaux.", "Public toilets of the city of Bordeaux."),
        themes=[CITIZENS, TERRITORY],
        keywords=["toilettes", "sanitaire", "propreté"],
        publisher=BORDEAUX,
    )


PLAYGROUND_FIELDS = (
    column("gid", "int", "gid"),
    column("gml_id", "text", "gml_id"),
    column("nom_site", "text", "nom_site", sortable=True),
    column("nb_jeux", "int", "nb_jeux", "Nombre de jeux.", sortable=True),
    column("age_min", "double", "age_min", "Âge minimal.", unit="ans"),
    column("age_max", "double", "age_max", "Âge maximal.", unit="ans"),
    column("surface", "double", "surface"),
    column("geo_point_2d", "geo_point_2d", "Geo Point"),
    column("geo_shape", "geo_shape", "Geo Shape"),
)
_KNOWN_PLAYGROUNDS = (("Jardin des Dames de la Foi", 5, 1.5, 8.0), ("Place des Droits de l'Enfant", 11, 1.0, 12.0))
_SITES = ("Square", "Jardin", "Parc", "Place", "Aire de jeux")
_SITE_NAMES = ("des Érables", "du Belvédère", "des Lavandières", "de l’Île", "du Chêne vert", "des Écoliers", "du Pré")


def playgrounds(rows: int = 96, seed: int = 96) -> SampleDataset:
    """Make the playgrounds of the city; some are in two parts."""
    random = seeded(seed)
    return dataset(
        "bor_airejeux",
        PLAYGROUND_FIELDS,
        [_playground(random, number) for number in range(rows)],
        title="Aires de jeux",
        about=("Aires de jeux de la ville de Bordeaux.", "Playgrounds of the city of Bordeaux."),
        themes=[TERRITORY, CITIZENS],
        keywords=["jeux", "enfance", "parc"],
        publisher=BORDEAUX,
    )


def _playground(random: Random, number: int) -> Row:
    if number < len(_KNOWN_PLAYGROUNDS):
        name, games, youngest, oldest = _KNOWN_PLAYGROUNDS[number]
    else:
        name = f"{random.choice(_SITES)} {random.choice(_SITE_NAMES)} {number}"
        games, youngest = random.randint(1, 12), random.choice((1.0, 1.5, 2.0, 3.0, 6.0))
        oldest = youngest + random.choice((4.0, 6.0, 7.0))
    # An area one metre wider for each game, of four corners, sometimes with an annex to the east.
    reach = (9.0 + games) / 2000
    lon, lat = somewhere(random, _CITY)
    ring = _area(random, lon, lat, reach)
    annexed = number % 12 == 5
    annex = _area(random, lon + 4 * reach / KM_EAST, lat, reach / 2)
    shape = (
        feature("MultiPolygon", [[closed(ring)], [closed(annex)]]) if annexed else feature("Polygon", [closed(ring)])
    )
    gid = 300 + 3 * number
    return {
        "gid": gid,
        "gml_id": f"BOR_AIREJEUX.{gid}",
        "nom_site": name,
        "nb_jeux": games,
        "age_min": None if number % 31 == 30 else youngest,
        "age_max": None if number % 31 == 30 else oldest,
        "surface": round((2000 * reach) ** 2 * (1.25 if annexed else 1.0) * random.uniform(0.9, 1.0), 2),
        "geo_point_2d": point(*middle(ring)),
        "geo_shape": shape,
    }


def _area(random: Random, lon: float, lat: float, reach: float) -> list[Position]:
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return [
        (
            round(lon + east * reach * random.uniform(0.9, 1.1) / KM_EAST, 7),
            round(lat + north * reach * random.uniform(0.9, 1.1) / KM_NORTH, 7),
        )
        for east, north in corners
    ]


POOL_FIELDS = (
    column("etablissement_etalib", "text", "Établissement", facet=True),
    column("fmizonlib", "text", "Zone", facet=True),
    column("fmizonnum", "int", "Numéro de la zone"),
    column("fmizonmax", "int", "Capacité", "Personnes que la zone peut accueillir."),
    column("fmicourante", "int", "Fréquentation", "Personnes présentes ; peut être négatif."),
    column("entree", "int", "Entrées", "Entrées du jour."),
    column("datemiseajour", "datetime", "Mise à jour", timeserie_precision="second"),
)
# pool | zone | capacity | people (- for none known) | entries of the day (- for none known) | hours since the update
_ZONES = """
Piscine Judaïque Jean Boiteux|Ouest|500|118|402|0.05
Piscine Judaïque Jean Boiteux|Est|500|0|0|0.05
Piscine Galin|Bassins|350|64|210|0.05
Piscine Galin|Extérieur|200|-3|12|0.05
Piscine du Grand Parc|Bassins|300|87|254|0.05
Piscine Tissot|Bassins|250|-|-|53
Stade nautique Tissot|Plage|120|-|0|0.05
Piscine Stéhélin|Bassins|280|41|133|0.05
"""


def pools() -> SampleDataset:
    """Make the zones of the pools: one count is negative, two are unknown, one pool has been silent for two days."""
    made: list[Row] = []
    for number, line in enumerate(line for line in _ZONES.split("\n") if line):
        pool, zone, capacity, people, entries, hours = line.split("|")
        made.append(
            {
                "etablissement_etalib": pool,
                "fmizonlib": zone,
                "fmizonnum": 11 + number,
                "fmizonmax": int(capacity),
                "fmicourante": None if people == "-" else int(people),
                "entree": None if entries == "-" else int(entries),
                "datemiseajour": ago(hours=float(hours)),
            }
        )
    return dataset(
        "bor_frequentation_piscine_tr",
        POOL_FIELDS,
        made,
        title="Fréquentation des piscines en temps réel",
        about=(
            "Nombre de personnes présentes dans les piscines de la ville de Bordeaux, en temps réel.",
            "People present in the swimming pools of the city of Bordeaux, in real time.",
        ),
        themes=[CITIZENS],
        keywords=["piscine", "fréquentation", "temps réel"],
        publisher=BORDEAUX,
        frequency="UPDATE_CONT",
    )
