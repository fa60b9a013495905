"""Sample of ``bor_subventions``, subsidies of the city.

Three fields are proven (``montant``, ``objet``, ``date_deb``) and only those are here. Amounts and purposes are made
up.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from bdxopendata.testing.sample import SampleDataset
from bdxopendata.testing.samples.describe import BORDEAUX, CITIZENS, Row, column, dataset, seeded

FIELDS = (
    column("montant", "double", "Montant", "Montant de la subvention.", unit="€", decimals=2, sortable=True),
    column("objet", "text", "Objet", "Objet de la subvention."),
    column("date_deb", "date", "Date de début", facet=True, sortable=True),
)

_PURPOSES = (
    "Fonctionnement général", "Festival d’été", "Ateliers de lecture", "École de musique", "Accueil de jour",
    "Tournoi de quartier", "Achat de matériel", "Saison culturelle", "Aide alimentaire", "Jardin partagé",
    "Soutien scolaire", "Exposition « Mémoires du port »", "Projet d’établissement", "Accompagnement à l'emploi",
)  # fmt: skip
_YEARS = (2021, 2022, 2023, 2024, 2025)


def sample(rows: int = 600, seed: int = 600) -> SampleDataset:
    """Make subsidies of five years: many small ones, a few large; some lack their amount, purpose or date."""
    random = seeded(seed)
    return dataset(
        "bor_subventions",
        FIELDS,
        [_row(random, number) for number in range(rows)],
        title="Subventions de la Ville de Bordeaux",
        about=("Subventions attribuées par la Ville de Bordeaux.", "Subsidies granted by the city of Bordeaux."),
        themes=[CITIZENS],
        keywords=["subvention", "association", "finances"],
        publisher=BORDEAUX,
        frequency="ANNUAL",
    )


def _row(random: Random, number: int) -> Row:
    year = random.choice(_YEARS)
    day = date(year, 1, 1) + timedelta(days=random.choice((0, 0, 0, random.randint(1, 364))))
    amount = float(round(random.lognormvariate(8.3, 1.2), -2)) or 100.0
    if number % 40 == 11:
        amount += 0.5
    return {
        "montant": None if number % 150 == 149 else amount,
        "objet": None if number % 97 == 60 else f"{random.choice(_PURPOSES)} {year}",
        "date_deb": None if number % 120 == 77 else day.isoformat(),
    }
