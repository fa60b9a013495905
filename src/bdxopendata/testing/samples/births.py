"""Sample of ``bor_naissances1900``, births registered in Bordeaux per day.

Like the real series it runs from 1900-01-01 to 2016-05-24 without 1915-12-10 and 1936-02-29, for days without a birth
have no row. Yearly totals follow the known history: few in the First World War, many after each war, most about 1972.
The daily figures are drawn.

How the portal types ``annee`` today is not known, so the sample is made with either type.
"""

from __future__ import annotations

from calendar import isleap
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from bdxopendata.testing.sample import SampleDataset
from bdxopendata.testing.samples.describe import BORDEAUX, CITIZENS, Row, column, dataset, seeded

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2016, 5, 24)
MISSING_DAYS = frozenset({date(1915, 12, 10), date(1936, 2, 29)})

# Births of a year, in round figures; the years between lie on the line from one to the next.
TOTALS = {
    1900: 5100, 1904: 4700, 1910: 4550, 1914: 4400, 1915: 3300, 1916: 3200, 1917: 3900, 1919: 4300, 1920: 6250,
    1922: 5350, 1925: 5200, 1929: 4700, 1934: 4250, 1937: 3950, 1939: 4300, 1941: 3600, 1943: 4650, 1945: 5300,
    1947: 6950, 1950: 6350, 1954: 5950, 1957: 7400, 1963: 7750, 1968: 7850, 1972: 8700, 1974: 8400, 1977: 7550,
    1980: 8350, 1986: 7500, 1993: 6550, 1996: 6900, 2001: 8300, 2005: 7900, 2009: 8500, 2012: 8100, 2016: 8100,
}  # fmt: skip

# Share of a usual day, by month and, for the years in which births are planned, by day of the week from Monday.
_MONTHS = (0.98, 1.02, 1.03, 1.02, 1.02, 1.00, 1.01, 0.99, 1.00, 0.99, 0.97, 0.97)
_WEEK = (1.03, 1.07, 1.05, 1.06, 1.06, 0.91, 0.82)
_PLANNED_FROM = 1975


def sample(annee: Literal["text", "int", "date"] = "text", seed: int = 1900) -> SampleDataset:
    """Make the series; `annee` is the portal type of the field of that name (``date`` has the precision of a year)."""
    precision = {"timeserie_precision": "year"} if annee == "date" else {}
    fields = (
        column("type", "text", "Type", facet=True),
        column("annee", annee, "ANNEE", "Année de la naissance.", facet=True, sortable=True, **precision),
        column("dateevenement", "text", "DateEvenement", "Jour de la naissance, AAAAMMJJ.", sortable=True),
        column("nombre", "int", "Nombre", "Naissances enregistrées ce jour.", sortable=True),
    )
    return dataset(
        "bor_naissances1900",
        fields,
        _rows(seed, as_number=annee == "int"),
        title="Naissances à Bordeaux depuis 1900",
        about=(
            "Naissances enregistrées à Bordeaux, par jour ; un jour sans naissance n’a pas de ligne.",
            "Births registered in Bordeaux per day; a day without a birth has no row.",
        ),
        themes=[CITIZENS],
        keywords=["état civil", "naissance", "population"],
        publisher=BORDEAUX,
        refreshed=datetime(2016, 5, 25, 4, 0, tzinfo=UTC),
    )


def total(year: int) -> float:
    """Births that the drawn days of `year` add up to, but for chance."""
    before = max(known for known in TOTALS if known <= year)
    after = min(known for known in TOTALS if known >= year)
    if before == after:
        return TOTALS[before]
    share = (year - before) / (after - before)
    return TOTALS[before] + share * (TOTALS[after] - TOTALS[before])


def _rows(seed: int, *, as_number: bool) -> list[Row]:
    gauss = seeded(seed).gauss
    days: list[Row] = []
    for year in range(FIRST_DAY.year, LAST_DAY.year + 1):
        usual = total(year) / (366 if isleap(year) else 365)
        week = _WEEK if year >= _PLANNED_FROM else (1.0,) * 7
        shown = year if as_number else str(year)
        day = date(year, 1, 1)
        while day.year == year and day <= LAST_DAY:
            mean = usual * _MONTHS[day.month - 1] * week[day.weekday()]
            # A count of independent events spreads by the root of its mean.
            count = max(1, round(gauss(mean, mean**0.5)))
            if day not in MISSING_DAYS:
                written = f"{year}{day.month:02}{day.day:02}"
                days.append({"type": "Naissances", "annee": shown, "dateevenement": written, "nombre": count})
            day += timedelta(days=1)
    return days
