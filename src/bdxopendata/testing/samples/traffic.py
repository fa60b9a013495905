"""Samples about traffic: ``previsions_pont_chaban`` (closures of the Chaban-Delmas bridge) and ``ci_trafi_l`` (live).

Dates and times of the closures are made up, and so are the street sections. Times of the bridge are local and without
a zone; a reopening earlier than the closing is on the next day.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from bdxopendata.testing.sample import SampleDataset
from bdxopendata.testing.samples.describe import MOVING, STREETS, Row, ago, column, dataset, feature, point, seeded
from bdxopendata.testing.samples.places import BY_CODE, KM_EAST, KM_NORTH, middle, somewhere

_SHIPS = (
    "SIRENA", "SILVER MOON", "MARINA", "EUROPA", "STAR PRIDE", "SEABOURN QUEST", "AZAMARA QUEST", "IRIS", "AMADEA",
    "EUROPA 2", "WORLD EXPLORER", "SEVEN SEAS SPLENDOR", "BALMORAL", "BEAUTEMPS-BEAUPRE", "RAINBOW WARRIOR", "ATYLA",
    "BSAM GARONNE", "SCYLLA", "ELYSIAN",
)  # fmt: skip
_PARTLY = (
    "Partielle : la circulation est alternée sur une voie, les piétons et les cyclistes passent sur le trottoir amont"
)
_YEAR = 2026

CLOSURE_FIELDS = (
    column("bateau", "text", "Bateau", facet=True),
    column("date_passage", "date", "Date passage", "Jour de la fermeture.", facet=True, sortable=True),
    column("fermeture_a_la_circulation", "text", "Fermeture à la circulation", "Heure locale."),
    column("re_ouverture_a_la_circulation", "text", "Ré-ouverture à la circulation", "Heure locale."),
    column("type_de_fermeture", "text", "Type de fermeture", facet=True),
    column("fermeture_totale", "text", "Fermeture totale", facet=True),
)


def closures(seed: int = 17) -> SampleDataset:
    """Make one calendar year of closures.

    There are nights of works (the two nights on which the clocks change among them), days with two closures, and one
    closure of part of the roadway.
    """
    random = seeded(seed)
    nights = [date(_YEAR, 1, 18), date(_YEAR, 2, 15), date(_YEAR, 3, 28), date(_YEAR, 10, 24), date(_YEAR, 11, 29)]
    rows = [_closure("MAINTENANCE", night, 23 * 60, 5 * 60) for night in nights]
    spring = date(_YEAR, 4, 4)
    for number in range(58):
        day = spring + timedelta(days=random.randint(0, 215))
        ships = random.sample(_SHIPS, k=random.choices((1, 2, 3), (80, 15, 5))[0])
        start = random.randint(5 * 60, 21 * 60)
        rows.append(_closure(" / ".join(ships), day, start, start + random.randint(62, 130)))
        if number % 9 == 0:
            # The same ship leaves in the evening.
            rows.append(_closure(" / ".join(ships), day, 22 * 60 + 31, 23 * 60 + 58))
    rows.append(_closure("MAINTENANCE", date(_YEAR, 12, 6), 9 * 60, 17 * 60, _PARTLY))
    rows.append(_closure("SILVER MOON", date(_YEAR, 9, 12), 23 * 60 + 12, 24 * 60 + 41))
    rows.sort(key=lambda row: (row["date_passage"], row["fermeture_a_la_circulation"]))
    return dataset(
        "previsions_pont_chaban",
        CLOSURE_FIELDS,
        rows,
        title="Prévisions de fermeture du pont Chaban-Delmas",
        about=(
            "Fermetures annoncées du pont Chaban-Delmas à la circulation, en heure locale.",
            "Announced closures of the Chaban-Delmas bridge to traffic, in local time.",
        ),
        themes=[MOVING, STREETS],
        keywords=["pont", "circulation", "fermeture"],
        frequency="IRREG",
    )


def _closure(ships: str, day: date, start: int, end: int, kind: str = "Totale") -> Row:
    return {
        "bateau": ships,
        "date_passage": day.isoformat(),
        "fermeture_a_la_circulation": _clock(start),
        "re_ouverture_a_la_circulation": _clock(end),
        "type_de_fermeture": kind,
        "fermeture_totale": "oui" if kind == "Totale" else "non",
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


SECTION_FIELDS = (
    column("geo_point_2d", "geo_point_2d", "Geo Point"),
    column("geo_shape", "geo_shape", "Geo Shape"),
    column("gml_id", "text", "gml_id"),
    column("gid", "text", "gid"),
    column("ident", "text", "ident"),
    column("typevoie", "text", "typevoie", facet=True, disjunctive=True),
    column("etat", "text", "etat", "État du trafic.", facet=True, disjunctive=True),
    column("origine", "text", "origine", facet=True),
    column("commune", "text", "commune", facet=True, disjunctive=True),
    column("code_commune", "text", "code_commune"),
    column("cdate", "datetime", "cdate"),
    column("mdate", "datetime", "mdate", timeserie_precision="second"),
)
_ROADS = ("BOULEVARDS", "QUAIS", "COURS", "PENETRANTE", "A62", "A63", "A631", "A630", "N230")
_STATES = ("FLUIDE", "DENSE", "EMBOUTEILLE", "PARALYSE", "INCONNU")
_TOWNS = ("33063", "33281", "33318", "33522", "33039", "33249", "33119", "33069", "33550")


def sections(rows: int = 300, seed: int = 687) -> SampleDataset:
    """Make street sections with the state of their traffic."""
    random = seeded(seed)
    return dataset(
        "ci_trafi_l",
        SECTION_FIELDS,
        [_section(random, number) for number in range(rows)],
        title="État du trafic en temps réel",
        about=(
            "État du trafic par tronçon de rue, en temps réel.",
            "State of the traffic per street section, in real time.",
        ),
        themes=[MOVING, STREETS],
        keywords=["trafic", "circulation", "temps réel"],
        frequency="UPDATE_CONT",
    )


def _section(random: Random, number: int) -> Row:
    (code,) = random.choices(_TOWNS, (60, 10, 6, 6, 4, 4, 4, 3, 3))
    line = _line(random, code)
    gid = str(1900 + number)
    return {
        "geo_point_2d": point(*middle(line)),
        "geo_shape": feature("LineString", [list(place) for place in line]),
        "gml_id": f"CI_TRAFI_L.{gid}",
        "gid": gid,
        "ident": f"{random.choice('BCIQ')}{number}",
        "typevoie": random.choice(_ROADS),
        "etat": random.choices(_STATES, (62, 18, 9, 2, 9))[0],
        "origine": "PC_CIRCULATION",
        "commune": BY_CODE[code].name,
        "code_commune": code,
        "cdate": "2019-06-03T07:00:00+00:00",
        "mdate": ago(seconds=random.randint(5, 65)),
    }


def _line(random: Random, code: str) -> list[tuple[float, float]]:
    lon, lat = somewhere(random, code)
    east, north = random.uniform(-0.12, 0.12), random.uniform(-0.12, 0.12)
    line = [(lon, lat)]
    for _ in range(random.randint(1, 6)):
        lon += (east + random.uniform(-0.03, 0.03)) / KM_EAST
        lat += (north + random.uniform(-0.03, 0.03)) / KM_NORTH
        line.append((round(lon, 7), round(lat, 7)))
    return line
