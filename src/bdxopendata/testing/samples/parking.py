"""Samples about parking: ``st_park_p`` (car parks, live) and ``st_arceau_p`` (racks for bicycles and motorcycles).

Numbers, names, rough places and rough sizes of the car parks are facts; everything else in a row is drawn, prices and
free places included. The oddities of the real data are there: see `oddities`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from bdxopendata.testing.sample import SampleDataset
from bdxopendata.testing.samples.describe import (
    MOVING,
    STREETS,
    Field,
    Row,
    ago,
    column,
    dataset,
    feature,
    point,
    seeded,
    stamp,
)
from bdxopendata.testing.samples.places import BY_CODE, COMMUNES, nearby, somewhere

# number | name | commune | sector | kind | tariff | operator | spaces | lon | lat
# (sectors: HC hyper-centre, C centre, P periphery; tariffs: H by the hour, R park-and-ride, A subscribers, G free)
_CAR_PARKS = """
02|Bourse - Jaures|33063|HC|ENTERRE|H|INDIGO_TPS|1660|-0.570|44.844
03|Tourny|33063|HC|ENTERRE|H|INDIGO_TPS|960|-0.577|44.844
04|Meunier - Saint Jean|33063|C|ENTERRE|H|INDIGO_TPS|330|-0.563|44.829
05|Salinieres|33063|HC|ENTERRE|H|INDIGO_TPS|410|-0.564|44.835
06|Camille Jullian|33063|HC|ENTERRE|H|INDIGO_PARK|340|-0.572|44.839
07|Grands Hommes|33063|HC|ENTERRE|H|METPARK|420|-0.577|44.843
08|Chu Groupe Hospitalier Pellegrin|33063|C|SURFACE|H|INDIGO_PARK|2230|-0.603|44.829
09|Aeroport P0 Confort|33281|P|SURFACE|H|INDIGO_PARK|340|-0.702|44.831
10|Aeroport P1 Proxi|33281|P|SURFACE|H|INDIGO_PARK|380|-0.701|44.832
11|Aeroport P2 Flexi|33281|P|SURFACE|H|INDIGO_PARK|3380|-0.698|44.833
12|Aeroport P4 Longue Duree|33281|P|SURFACE|H|INDIGO_PARK|3430|-0.692|44.828
13|Aeroport Pr Express|33281|P|SURFACE|H|INDIGO_PARK|110|-0.701|44.831
14|Bord'Eau Village|33063|C|SILO|H|Q_PARK|570|-0.563|44.856
15|Clemenceau|33063|HC|ENTERRE|H|Q_PARK|380|-0.580|44.842
16|Victor Hugo|33063|HC|SILO|H|METPARK|660|-0.572|44.835
17|Alsace Lorraine|33063|HC|ENTERRE|A|METPARK|120|-0.569|44.838
18|Allees De Chartres|33063|HC|SURFACE|H|METPARK|410|-0.573|44.846
19|Capucins|33063|C|SILO|H|GERAUD|270|-0.567|44.830
22|Leroy|33063|C|ENTERRE|A|EFFIA_STATIONNEMENT|140|-0.559|44.827
24|Gambetta|33063|HC|ENTERRE|H|METPARK|480|-0.583|44.840
25|Pey Berland - Saint Christoly|33063|HC|ENTERRE|H|METPARK|660|-0.576|44.838
26|Republique|33063|HC|ENTERRE|H|METPARK|390|-0.580|44.835
27|Cite Mondiale|33063|HC|ENTERRE|H|METPARK|840|-0.570|44.850
28|Front Du Medoc|33063|HC|SILO|H|METPARK|580|-0.586|44.839
29|Victoire|33063|HC|ENTERRE|H|METPARK|470|-0.572|44.831
30|Centre Commercial Meriadeck|33063|HC|MIXTE|H|METPARK|1290|-0.584|44.839
31|Bonnac|33063|HC|ENTERRE|A|METPARK|160|-0.583|44.840
32|Lhote|33063|HC|SILO|A|METPARK|110|-0.579|44.845
33|Gare Saint Jean|33063|C|ENTERRE|H|METPARK|390|-0.557|44.826
34|Huit Mai 45|33063|HC|SILO|H|METPARK|450|-0.586|44.836
35|Porte De Bordeaux|33063|C|ENTERRE|H|METPARK|570|-0.598|44.833
36|Bergonie|33063|C|ENTERRE|H|METPARK|70|-0.579|44.824
37|Croix De Seguey|33063|C|SURFACE|A|METPARK|50|-0.589|44.851
38|Liberation|33069|P|ENTERRE|H|METPARK|140|-0.596|44.855
39|Merignac Centre|33281|P|ENTERRE|H|METPARK|280|-0.648|44.843
40|Pessac Centre|33318|P|ENTERRE|H|METPARK|350|-0.632|44.805
41|Parc-Relais Arlac|33281|P|SILO|R|KEOLIS|400|-0.625|44.827
42|Parc-Relais Arts Et Metiers|33522|P|SILO|R|KEOLIS|590|-0.601|44.806
43|Parc-Relais Bougnard|33318|P|SURFACE|R|KEOLIS|170|-0.635|44.794
44|Parc-Relais Brandenburg|33063|P|SURFACE|R|KEOLIS|210|-0.544|44.875
45|Parc-Relais Buttiniere|33249|P|SILO|R|KEOLIS|580|-0.525|44.865
47|Parc-Relais Floirac Dravemont|33167|P|SURFACE|R|KEOLIS|50|-0.511|44.845
48|Parc-Relais Galin|33063|C|SURFACE|R|KEOLIS|280|-0.546|44.849
49|Parc-Relais La Gardette Nord|33032|P|SURFACE|R|KEOLIS|240|-0.518|44.888
50|Parc-Relais La Gardette Sud|33249|P|SURFACE|R|KEOLIS|150|-0.518|44.888
51|Parc-Relais Lauriers|33249|P|SURFACE|R|KEOLIS|190|-0.519|44.879
52|Parc-Relais Les Aubiers|33063|P|SURFACE|R|KEOLIS|230|-0.575|44.873
53|Parc-Relais Quatre Chemins|33281|P|SILO|R|KEOLIS|400|-0.646|44.832
54|Parc-Relais Ravezies Le Bouscat|33069|P|SILO|R|KEOLIS|370|-0.576|44.867
55|Parc-Relais Stalingrad|33063|P|SURFACE|R|KEOLIS|210|-0.557|44.838
56|Parc-Relais Unitec|33318|P|SURFACE|R|KEOLIS|250|-0.622|44.794
57|Parc-Relais Le Haillan Rostand|33200|P|SURFACE|R|KEOLIS|200|-0.668|44.859
58|Parc-Relais Les Pins|33281|P|SURFACE|R|KEOLIS|220|-0.659|44.856
59|Parc-Relais Gare De Pessac Alouette|33318|P|SURFACE|R|KEOLIS|150|-0.657|44.793
60|Parc-Relais Gare De Begles|33039|P|SURFACE|R|KEOLIS|190|-0.553|44.797
72|Begles Les Secheries|33039|P|SILO|H|METPARK|400|-0.540|44.808
73|Nicolas Beaujon|33063|P|SILO|H|METPARK|90|-0.593|44.854
74|Laharpe|33069|P|SURFACE|H|METPARK|80|-0.597|44.854
75|120 Rue De Begles|33063|C|ENTERRE|A|METPARK|60|-0.566|44.825
76|Parc-Relais Gare De Blanquefort|33075|P|SURFACE|R|KEOLIS|210|-0.622|44.919
77|Parc-Relais Gare De Bruges|33075|P|SURFACE|R|KEOLIS|60|-0.611|44.888
78|Paludate - Saint Jean|33063|C|SILO|H|METPARK|560|-0.554|44.830
79|Megarama|33063|C|ENTERRE|H|METPARK|520|-0.560|44.842
80|Cite Du Vin|33063|C|SILO|H|INTERPARKING|400|-0.550|44.864
81|P3 Belcier - Gare Saint Jean|33063|C|SILO|H|INDIGO_PARK|800|-0.555|44.822
82|Floirac Arena|33167|P|SILO|H|METPARK|960|-0.530|44.824
83|Talence 7e Art|33522|P|ENTERRE|H|METPARK|320|-0.593|44.811
84|Parc-Relais Quarante Journaux|33063|P|SURFACE|R|KEOLIS|200|-0.569|44.884
85|Ars - Belcier|33063|C|SILO|H|INDIGO_PARK|520|-0.546|44.823
86|Carrefour - Saint Jean|33063|C|SURFACE|H|INDIGO_TPS|140|-0.556|44.829
87|Ups Carrefour Bastide|33063|C|ENTERRE|H|INDIGO_TPS|160|-0.559|44.843
88|Parc-Relais Cap Metiers|33318|P|SILO|R|KEOLIS|150|-0.651|44.788
90|Blanquefort Gare|33075|P|SURFACE|G|BORDEAUX_METROPOLE|150|-0.623|44.919
91|Parc-Relais Villenave Pyrenees|33550|P|SILO|R|KEOLIS|750|-0.564|44.774
92|Bastide Niel|33063|C|SURFACE|A|INTERPARKING|250|-0.559|44.851
94|P4 Belcier -  Gare Saint Jean|33063|C|SILO|H|INDIGO_PARK|710|-0.555|44.822
95|Grand Parc|33063|C|SILO|H|METPARK|360|-0.579|44.863
96|Gare De Parempuyre|33312|P|SURFACE|G|BORDEAUX_METROPOLE|150|-0.618|44.945
97|Parc-Relais Cantinolle|33162|P|SILO|R|KEOLIS|620|-0.670|44.892
98|Parc-Relais De L'Hippodrome|33069|P|SURFACE|R|KEOLIS|250|-0.627|44.874
99|Centre Commerçant Ginko|33063|P|ENTERRE|H|INDIGO_PARK|950|-0.568|44.880
100|Bassins À Flots|33063|C|SILO|H|EFFIA_STATIONNEMENT|540|-0.556|44.863
102|Gare Saint Jean Arret Minute P2 Sud|33063|C|ENTERRE|H|METPARK|100|-0.557|44.825
103|Les Bassins|33063|C|SILO|H|INDIGO_PARK|420|-0.564|44.869
104|Brienne|33063|C|SILO|H|INDIGO_PARK|410|-0.549|44.825
105|Gare Saint Jean Arret Minute P1 Nord|33063|C|ENTERRE|H|METPARK|50|-0.556|44.828
108|Gare Saint Jean - Arret Minute P3 Belcier|33063|C|SILO|H|INDIGO_PARK|70|-0.555|44.822
109|Amedee St Germain|33063|C|ENTERRE|H|METPARK|300|-0.561|44.820
110|Park Cars Tourisme Allees De Bristol Metpark|33063|HC|ENCLOS|H|METPARK|0|-0.572|44.847
110|Saint Jean Armagnac|33063|C|SILO|-|INTERPARKING|500|-0.556|44.820
112|Amplitude Metpark|33063|C|SILO|H|METPARK|400|-0.555|44.839
113|Belvedere Indigo Park|33063|P|ENTERRE|H|INDIGO_PARK|110|-0.552|44.836
114|Parc Relais Lycee Sud Medoc|33376|P|ENCLOS|R|KEOLIS|180|-0.715|44.906
"""

_SECTORS = {"HC": "HYPER_CENTRE", "C": "CENTRE", "P": "PERIPHERIE"}
_TARIFFS = {
    "H": "PAYANT_TARIF_HORAIRE",
    "R": "PAYANT_TARIF_PARC_RELAIS",
    "A": "PAYANT_RESERVE_ABONNES",
    "G": "GRATUIT",
    "-": None,
}

# operator: (SIRET, who manages it how, holder, owner, page); the numbers are made up, their two spellings are not.
_OPERATORS: dict[str, tuple[str, str, str, str, str | None]] = {
    "METPARK": ("453 000 001 00010", "REGIE_AUTONOME", "METPARK", "BORDEAUX_METROPOLE", "https://example.org/metpark"),
    "KEOLIS": (
        "80800000200012",
        "DELEGATION_DE_SERVICE_PUBLIC_POUR_BORDEAUX_METROPOLE",
        "TBM",
        "BORDEAUX_METROPOLE",
        "https://example.org/parcs-relais",
    ),
    "INDIGO_PARK": ("320 000 004 05241", "GESTION_PRIVEE", "INDIGO_PARK", "AUTRE", "https://example.org/indigo"),
    "INDIGO_TPS": (
        "43100000400062",
        "DELEGATION_DE_SERVICE_PUBLIC_POUR_BORDEAUX_METROPOLE",
        "BP3000",
        "BORDEAUX_METROPOLE",
        "https://example.org/indigo",
    ),
    "INTERPARKING": ("692 000 003 00102", "GESTION_PRIVEE", "INTERPARKING", "INTERPARKING", None),
    "EFFIA_STATIONNEMENT": ("435 000 006 01814", "GESTION_PRIVEE", "AUTRE", "SNCF", "https://example.org/effia"),
    "Q_PARK": ("37800000401562", "CONCESSION_DE_SERVICE", "Q_PARK", "AUTRE", "https://example.org/q-park"),
    "GERAUD": ("39400000700023", "CONCESSION_DE_SERVICE", "AUTRE", "BORDEAUX_METROPOLE", None),
    "BORDEAUX_METROPOLE": ("243 000 006 00011", "AUTRE", "BORDEAUX_METROPOLE", "BORDEAUX_METROPOLE", None),
}

_NOTES = (
    None,
    None,
    "Vélos : abonnement au mois ou à l’année",
    "Abonnés seulement la nuit",
    "Forfait court séjour pour tous les occupants du véhicule",
    'Entrée limitée à 1,90 m ; "borne" à droite',
)
_STREETS = (
    "Rue des Acacias", "Rue du Moulin", "Cours de la Gironde", "Place du Marché", "Allée des Tilleuls",
    "Avenue de l’Océan", "Quai du Port", "Rue de l’Église", "Boulevard des Pins", "Rue Neuve",
)  # fmt: skip


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# The portal's order.
_ORDER = _words(
    "geo_point_2d geo_shape insee ident siret infor adresse exploit th_heur th_nuit ta_moivel th_quar th_10 np_pmr "
    "ta_type ta_nres7j ta_titul libres np_veltot np_2rele np_hgsup np_stlav np_covoit prepaye nb_niv th_4 ta_ntitul "
    "th_3 th_2 th_24 gabari_max mdate url np_vle np_fourr th_demi secteur np_global np_velec gid gabari_std titul "
    "propr np_mobalt ta_handi np_hginf connecte np_pr etat nom total typgest type an_serv ta_resmoi np_2rmot cdate "
    "np_total tv_1h ta_moimot"
)
_COUNTS = _words(
    "np_pmr libres np_veltot np_2rele np_hgsup np_stlav np_covoit nb_niv np_vle np_fourr np_global np_velec np_mobalt "
    "np_hginf connecte np_pr total np_2rmot np_total"
)
_PRICES = _words(
    "th_heur th_nuit ta_moivel th_quar th_10 ta_nres7j ta_titul prepaye th_4 ta_ntitul th_3 th_2 th_24 th_demi "
    "ta_resmoi tv_1h ta_moimot"
)
_HEADROOMS = _words("gabari_max gabari_std")
_FACETS = _words("insee exploit ta_type secteur etat typgest type")

_DESCRIPTIONS = {
    "libres": "Places libres.",
    "total": "Places comptées en temps réel.",
    "np_total": "Nombre total de places.",
    "np_pmr": "Places réservées aux personnes à mobilité réduite.",
    "np_vle": "Places pour véhicules électriques.",
    "np_veltot": "Places pour vélos.",
    "np_2rmot": "Places pour deux-roues motorisés.",
    "nb_niv": "Nombre de niveaux.",
    "gabari_max": "Hauteur maximale.",
    "gabari_std": "Hauteur standard.",
    "th_heur": "Tarif d’une heure.",
    "an_serv": "Année de mise en service.",
    "mdate": "Dernière modification de la ligne.",
    "cdate": "Création de la ligne.",
}


def _field(name: str) -> Field:
    about = _DESCRIPTIONS.get(name)
    if name == "geo_point_2d":
        return column(name, "geo_point_2d", "Geo Point")
    if name == "geo_shape":
        return column(name, "geo_shape", "Geo Shape")
    if name in ("mdate", "cdate"):
        return column(name, "datetime", description=about, timeserie_precision="second", sortable=True)
    if name in _PRICES:
        return column(name, "double", description=about, unit="€", decimals=2)
    if name in _HEADROOMS:
        return column(name, "double", description=about, unit="m", decimals=2)
    if name in _COUNTS:
        return column(name, "int", description=about, sortable=True)
    if name in _FACETS:
        return column(name, "text", description=about, facet=True, disjunctive=True)
    return column(name, "text", description=about)


CAR_PARK_FIELDS = tuple(_field(name) for name in _ORDER)


@dataclass(frozen=True, slots=True)
class _CarPark:
    number: str
    name: str
    insee: str
    sector: str
    kind: str
    tariff: str
    operator: str
    spaces: int
    lon: float
    lat: float


def _known() -> list[_CarPark]:
    parks = []
    for line in _CAR_PARKS.split("\n"):
        if line:
            number, name, insee, sector, kind, tariff, operator, spaces, lon, lat = line.split("|")
            place = float(lon), float(lat)
            parks.append(_CarPark(number, name, insee, sector, kind, tariff, operator, int(spaces), *place))
    return parks


def car_parks(seed: int = 1309) -> SampleDataset:
    """Make ``st_park_p`` as it may look at one moment of a morning."""
    random = seeded(seed)
    rows = [_car_park(random, number, known) for number, known in enumerate(_known())]
    oddities(rows)
    return dataset(
        "st_park_p",
        CAR_PARK_FIELDS,
        rows,
        title="Parking hors voirie",
        about=(
            "Parcs de stationnement hors voirie, avec les places libres en temps réel.",
            "Off-street car parks, with their free places in real time.",
        ),
        themes=[MOVING, STREETS],
        keywords=["parking", "stationnement", "temps réel"],
        frequency="UPDATE_CONT",
    )


def _car_park(random: Random, number: int, known: _CarPark) -> Row:
    siret, management, holder, owner, page = _OPERATORS[known.operator]
    lon, lat = nearby(random, known.lon, known.lat)
    spaces = max(0, known.spaces + random.randint(-4, 4)) if known.spaces else 0
    relay, free = known.tariff == "R", known.tariff == "G"
    height = random.choice((2.1, 4.0) if known.kind == "SURFACE" else (1.8, 1.85, 1.9, 1.9, 2.0, 2.1, 2.2))
    commune = BY_CODE[known.insee]
    street = f"{random.randint(1, 140)} {random.choice(_STREETS)} {commune.postcode} {commune.name}"
    row: Row = dict.fromkeys(_ORDER)
    row |= {
        "geo_point_2d": point(lon, lat),
        "geo_shape": feature("Point", [lon, lat]),
        "insee": known.insee,
        "ident": f"CUBPK{known.number}",
        "siret": siret,
        "infor": random.choice(_NOTES),
        "adresse": street,
        "exploit": known.operator,
        "ta_type": _TARIFFS[known.tariff],
        "secteur": _SECTORS[known.sector],
        "gid": str(200 + 7 * number),
        "titul": holder,
        "propr": owner,
        "typgest": management,
        "type": known.kind,
        "nom": known.name,
        "url": page,
        "an_serv": str(random.choice((1975, 1984, 1990, 1997, 2003, 2004, 2008, 2011, 2015, 2017, 2019, 2021))),
        "ta_handi": "GRATUIT" if free else "AUTRE" if relay else "NORMAL_PAYANT",
        "gabari_std": height,
        "gabari_max": height,
        "nb_niv": 1 if known.kind == "SURFACE" else random.randint(2, 7),
        "np_total": spaces,
        "np_global": spaces + random.choice((0, 0, 0, 10, 40)),
        "np_pr": spaces if relay else 0,
        "np_pmr": max(2, spaces // 50),
        "np_vle": random.choice((0, 0, 2, 4, 6, 10)),
        "np_covoit": random.choice((5, 10)) if relay else 0,
        "np_mobalt": 0,
        "np_2rmot": random.choice((0, 0, 5, 10, 20, 40)),
        "np_2rele": 0,
        "np_veltot": random.choice((0, 0, 20, 30, 60)),
        "np_velec": random.choice((0, 0, 0, 4, 6)),
        "np_stlav": random.choice((0, 0, 0, 0, 2)),
        "np_fourr": 0,
        "np_hgsup": 0,
        "np_hginf": 0,
        "prepaye": 0.0,
        "cdate": stamp(datetime(2018, 6, 1, tzinfo=UTC)),
        "tv_1h": {"HC": 2.5, "C": 1.8, "P": 0.0}[known.sector],
    }
    row |= _prices(random, known)
    row |= _live(random, known, spaces)
    return row


def _prices(random: Random, known: _CarPark) -> Row:
    hours = ("th_quar", "th_demi", "th_heur", "th_2", "th_3", "th_4", "th_10")
    if known.tariff == "G":
        return dict.fromkeys((*hours, "th_24", "th_nuit", "ta_resmoi", "ta_nres7j", "ta_moimot", "ta_moivel"), 0.0)
    if known.tariff == "R":
        ticket = random.choice((3.9, 4.7))
        return {**dict.fromkeys(hours, ticket), "ta_titul": 0.0, "ta_ntitul": ticket, "ta_moivel": 0.0}
    month = float(random.choice((58, 72, 85, 90, 110)))
    if known.tariff != "H":
        return {"ta_resmoi": month, "ta_nres7j": month + 25.0}
    # Not rounded: the portal shows the noise of such sums too.
    quarter = random.choice((0.55, 0.65, 0.75, 0.85))
    return {
        "th_quar": quarter,
        "th_demi": 2 * quarter,
        "th_heur": 4 * quarter,
        "th_2": 8 * quarter,
        "th_3": 11 * quarter,
        "th_4": 14 * quarter,
        "th_10": 22.0,
        "th_24": random.choice((22.0, 26.0, None)),
        "th_nuit": random.choice((6.5, 3.5, None)),
        "ta_resmoi": random.choice((month, None)),
        "ta_nres7j": random.choice((month + 35.0, None)),
        "ta_moimot": random.choice((38.5, 44.5, None)),
        "ta_moivel": random.choice((5.5, None)),
    }


def _live(random: Random, known: _CarPark, spaces: int) -> Row:
    if known.tariff in "AG-" or spaces == 0 or random.random() < 0.17:
        # Not counted: no figures, and a row that nobody has touched for long.
        return {
            "etat": "OUVERT",
            "libres": None,
            "total": None,
            "connecte": 0,
            "mdate": ago(days=random.randint(60, 800), seconds=random.randint(0, 86_399)),
        }
    total = spaces if random.random() < 0.45 else max(10, spaces - random.randint(1, 60))
    free = round(total * random.betavariate(1.4, 1.8))
    return {
        "etat": "LIBRE" if free > 5 else "COMPLET",
        "libres": free,
        "total": total,
        "connecte": 1,
        "mdate": ago(seconds=random.randint(20, 170)),
    }


def oddities(rows: list[Row]) -> None:
    """Give `rows` what surprises readers of the real data, at fixed places.

    One car park has one place more free than it has places; one is full, one closed, one unknown; one is counted
    though it is not connected. That one ident stands for two car parks, and that half the car parks have fewer counted
    places than places, comes from the figures themselves.
    """
    counted = [row for row in rows if row["libres"] is not None]
    counted[3]["libres"] = counted[3]["total"] + 1
    counted[7] |= {"libres": 0, "etat": "COMPLET"}
    counted[11] |= {"libres": 0, "etat": "FERME"}
    counted[17] |= {"etat": "INCONNU"}
    counted[23] |= {"connecte": 0, "mdate": ago(hours=7, minutes=12)}
    uncounted = [row for row in rows if row["libres"] is None]
    uncounted[2]["mdate"] = stamp(datetime(2023, 1, 19, 8, 42, 11, tzinfo=UTC))


RACK_FIELDS = (
    column("geo_point_2d", "geo_point_2d", "Geo Point"),
    column("gid", "int", "gid", "Clé primaire."),
    column("geom_o", "text", "geom_o"),
    column("geom_err", "text", "geom_err"),
    column("typologie", "text", "typologie", facet=True, disjunctive=True),
    column("nombre", "int", "nombre", "Nombre d’arceaux.", sortable=True),
    column("insee", "text", "insee", facet=True, disjunctive=True),
    column("cdate", "datetime", "cdate"),
    column("mdate", "datetime", "mdate"),
)


def racks(rows: int = 800, seed: int = 4148) -> SampleDataset:
    """Make ``st_arceau_p``: every commune has some, places repeat, and no row has a date."""
    random = seeded(seed)
    codes = [one.code for one in COMMUNES]
    weights = [40.0 if code == "33063" else 2.0 for code in codes]
    made: list[Row] = []
    for number in range(rows):
        code = codes[number] if number < len(codes) else random.choices(codes, weights)[0]
        again = number % 90 == 89
        place = made[-1]["geo_point_2d"] if again else point(*somewhere(random, code))
        (kind,) = random.choices(("ARCEAU_VELO", "ARCEAU_MOTO", "ARCEAU_VELO_CARGO"), (93, 5, 2))
        made.append(
            {
                "geo_point_2d": place,
                "gid": 70_000 + 13 * number,
                "geom_o": "0",
                "geom_err": None,
                "typologie": kind,
                "nombre": 1 + min(30, int(random.expovariate(0.22))),
                "insee": made[-1]["insee"] if again else code,
                "cdate": None,
                "mdate": None,
            }
        )
    return dataset(
        "st_arceau_p",
        RACK_FIELDS,
        made,
        title="Arceaux de stationnement",
        about=(
            "Arceaux pour vélos et motos ; nombre compte les arceaux.",
            "Racks for bicycles and motorcycles; nombre counts the hoops.",
        ),
        themes=[MOVING, STREETS],
        keywords=["vélo", "moto", "stationnement"],
    )
