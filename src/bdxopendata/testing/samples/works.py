"""Sample of ``ci_acte_a``, permits for works in the streets.

As in the real data a permit covers several footprints, whose numbers, kinds, measures and locations are each joined by
``/``, the measures of one footprint by ``;``; some addresses have a slash of their own.
"""

from __future__ import annotations

from datetime import timedelta
from random import Random

from bdxopendata.testing.sample import SampleDataset
from bdxopendata.testing.samples.describe import METROPOLE, REFERENCE, STREETS, Row, column, dataset, seeded

FIELDS = (
    column("gid", "int", "gid"),
    column("gml_id", "text", "gml_id"),
    column("numero_acte", "int", "numero_acte", "Numéro de l’arrêté."),
    column("gid_acte", "int", "gid_acte"),
    column("rs_chantier", "int", "rs_chantier"),
    column("date_debut", "date", "date_debut", "Premier jour."),
    column("date_fin", "date", "date_fin", "Dernier jour."),
    column("libelle", "text", "libelle", "Mesures de circulation."),
    column("type_emprise", "text", "type_emprise"),
    column("gid_emprise", "text", "gid_emprise"),
    column("localisation_emprise", "text", "localisation_emprise"),
)

_MEASURES = (
    "Circulation alternée", "Circulation interdite", "Interdiction de stationnement", "Interruption de circulation",
    "Limitation de vitesse", "Mise en impasse", "Neutralisation de voie", "Rétrécissement de largeur de voie",
)  # fmt: skip
_STREETS = (
    "Rue des Tilleuls", "Cours du Fleuve", "Quai des Mariniers", "Avenue du Belvédère", "Rue de la Source",
    "Place de la Halle", "Allée du Port", "Rue des Lavandières",
)  # fmt: skip


def sample(rows: int = 120, seed: int = 356) -> SampleDataset:
    """Make permits of the months around the day on which the samples stand still."""
    random = seeded(seed)
    return dataset(
        "ci_acte_a",
        FIELDS,
        [_row(random, number) for number in range(rows)],
        title="Arrêtés de circulation pour travaux",
        about=("Travaux sur la voirie et mesures de circulation.", "Works in the streets and what they do to traffic."),
        themes=[STREETS],
        keywords=["travaux", "chantier", "voirie"],
        publisher=METROPOLE,
    )


def _row(random: Random, number: int) -> Row:
    (count,) = random.choices((1, 2, 3, 5), (60, 24, 12, 4))
    kinds = ["EMPRISE", *random.choices(("EMPRISE", "DEVIATION"), (75, 25), k=count - 1)]
    groups = [_group(random) if kind == "EMPRISE" else "Déviation" for kind in kinds]
    locations = [_location(random) for _ in kinds]
    if number % 40 == 7:
        locations[0] = f"{number}/{number + 2} {random.choice(_STREETS)}"
    begins = REFERENCE + timedelta(days=random.randint(-150, 40))
    gid = 210_000 + 7 * number
    return {
        "gid": gid,
        "gml_id": f"CI_ACTE_A.{gid}",
        "numero_acte": 202_600_000 + 31 * number,
        "gid_acte": gid,
        "rs_chantier": 120_000 + number // 2,
        "date_debut": begins.date().isoformat(),
        "date_fin": (begins + timedelta(days=random.randint(0, 120))).date().isoformat(),
        "libelle": "/".join(groups),
        "type_emprise": "/".join(kinds),
        "gid_emprise": "/".join(str(300_000 + 10 * number + place) for place in range(count)),
        "localisation_emprise": "/".join(locations),
    }


def _group(random: Random) -> str:
    return ";".join(random.sample(_MEASURES, random.choice((1, 1, 2, 3))))


def _location(random: Random) -> str:
    street, start, end = random.sample(_STREETS, 3)
    return random.choice((f"{street}, de la {start} jusqu'à la {end}", f"au droit du {random.randint(1, 90)} {street}"))
