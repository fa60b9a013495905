"""Sample of ``ci_vcub_p``, the bike share, as it may look at one moment.

Numbers, names and rough places of the stations are facts; bikes and docks are drawn. As in the real data ``gid`` is not
``ident``, ``insee`` has gaps where ``code_commune`` has none, and the counts of ``nbelec`` and ``nbclassiq`` are text.
"""

from __future__ import annotations

from bdxopendata.testing.sample import SampleDataset
from bdxopendata.testing.samples.describe import MOVING, Row, ago, column, dataset, feature, point, seeded
from bdxopendata.testing.samples.places import BY_CODE, nearby

# number | name | commune | type | lon | lat
_STATIONS = """
1|Meriadeck|33063|VLS|-0.584|44.838
2|St Bruno|33063|VLS|-0.590|44.838
3|Piscine Judaique|33063|VLS|-0.593|44.841
4|St Seurin|33063|VLS|-0.585|44.842
5|Place Gambetta|33063|VLS|-0.581|44.841
6|Square Andre Lhote|33063|VLS|-0.582|44.838
7|Palais de Justice|33063|VLS|-0.582|44.836
9|Gavinies|33063|VLS|-0.593|44.833
10|Stade Chaban Delmas|33063|VLS|-0.599|44.832
11|Cite Administrative|33063|VLS|-0.600|44.842
12|Grand Lebrun|33063|VLS|-0.609|44.851
13|Barriere St Medard|33063|VLS|-0.598|44.848
14|Dubreuil Turenne|33063|VLS|-0.592|44.848
15|Rue de la Croix Blanche|33063|VLS|-0.592|44.845
16|Galin|33063|VLS|-0.545|44.849
17|Palais Gallien|33063|VLS|-0.582|44.847
18|Huguerie|33063|VLS|-0.582|44.844
19|Place Tourny|33063|VLS|-0.577|44.845
20|Grands Hommes|33063|VLS|-0.577|44.843
21|Puy Paulin|33063|VLS|-0.576|44.841
22|Hotel de Ville|33063|VLS|-0.576|44.838
23|Republique|33063|VLS|-0.580|44.835
24|Liberation|33063|VLS|-0.583|44.833
25|Francois de Sourdis|33063|VLS|-0.587|44.831
26|Xaintrailles|33063|VLS|-0.593|44.828
27|Bordeaux II|33063|VLS|-0.602|44.827
28|Hopital Pellegrin|33063|VLS|-0.604|44.830
29|St Augustin|33063|VLS|-0.610|44.833
30|Place Mondesir|33281|VLS|-0.617|44.838
31|Cauderan|33063|VLS+|-0.614|44.852
32|Parc Bordelais|33063|VLS|-0.599|44.853
33|Barriere du Medoc|33063|VLS|-0.593|44.854
34|Tivoli|33063|VLS|-0.589|44.854
35|Croix de Seguey|33063|VLS|-0.585|44.850
36|Place de Longchamps|33063|VLS|-0.582|44.850
37|Jardin Public|33063|VLS|-0.576|44.848
38|Fondaudege Museum|33063|VLS|-0.580|44.846
39|Quinconces|33063|VLS|-0.574|44.844
40|Grand Theatre|33063|VLS|-0.574|44.843
41|Place St Projet|33063|VLS|-0.575|44.839
42|Camille Jullian|33063|VLS|-0.572|44.839
43|St Paul|33063|VLS|-0.573|44.837
44|Musee d'Aquitaine|33063|VLS|-0.575|44.836
45|Place Ste Eulalie|33063|VLS|-0.577|44.833
46|Belcier Tram|33063|VLS|-0.553|44.823
47|Magendie|33063|VLS|-0.586|44.828
48|Barriere de Pessac|33063|VLS|-0.590|44.826
49|Emile Zola|33069|VLS|-0.600|44.863
50|Mandron Godard|33063|VLS|-0.589|44.860
51|Place Ampere|33063|VLS|-0.583|44.863
52|Place de l'Europe|33063|VLS|-0.581|44.859
53|Parc Riviere|33063|VLS|-0.587|44.854
54|Rue St Vincent de Paul|33063|VLS|-0.557|44.826
55|Camille Godard|33063|VLS|-0.574|44.855
56|Place Paul Doumer|33063|VLS|-0.574|44.852
57|Eglise St Louis|33063|VLS|-0.572|44.852
58|Chartrons|33063|VLS|-0.567|44.853
59|CAPC|33063|VLS|-0.570|44.850
60|Allees de Chartres|33063|VLS|-0.571|44.847
61|Parc aux Angeliques|33063|VLS|-0.565|44.846
62|Cenon Gare|33119|VLS+|-0.534|44.856
63|Francois Mitterrand|33167|VLS+|-0.527|44.830
64|La Benauge|33063|VLS|-0.556|44.840
65|Stalingrad|33063|VLS|-0.560|44.840
66|Gare d'Orleans|33063|VLS|-0.562|44.841
67|Allee de Serr Abadie|33063|VLS|-0.558|44.844
68|Jardin Botanique|33063|VLS|-0.556|44.843
69|Cours Le Rouzic|33063|VLS|-0.550|44.843
70|Buttiniere|33249|VLS+|-0.524|44.864
72|Jean Zay|33119|VLS+|-0.513|44.854
73|Terres Neuves|33039|VLS+|-0.551|44.815
74|Place du 14 juillet|33039|VLS+|-0.548|44.808
75|Begles Poste|33039|VLS+|-0.560|44.808
76|Pont de la Maye|33550|VLS+|-0.566|44.782
78|Bougnard|33318|VLS+|-0.635|44.794
80|Gare Pessac Alouette|33318|VLS+|-0.658|44.793
82|La Chataigneraie|33318|VLS+|-0.647|44.793
83|Pessac Centre|33318|VLS+|-0.633|44.804
84|Le Burck|33281|VLS+|-0.634|44.815
85|Merignac Quatre Chemins|33281|VLS+|-0.646|44.832
86|Merignac Soleil|33281|VLS+|-0.655|44.832
88|Merignac Capeyron|33281|VLS+|-0.645|44.851
89|Merignac Centre|33281|VLS+|-0.646|44.842
90|Fontaine d'Arlac|33281|VLS+|-0.626|44.827
93|Place Florale|33162|VLS+|-0.636|44.869
95|Bruges Hotel de Ville|33075|VLS+|-0.613|44.881
96|Les Aubiers|33063|VLS+|-0.574|44.874
97|Claveau|33063|VLS+|-0.544|44.877
98|Bassins a flot|33063|VLS|-0.554|44.860
99|Les Hangars|33063|VLS|-0.558|44.858
100|Cours du Medoc|33063|VLS|-0.563|44.856
101|Place Jean Jaures|33063|VLS|-0.570|44.843
102|Place de la Bourse|33063|VLS|-0.569|44.840
103|Place du Palais|33063|VLS|-0.570|44.838
104|Grosse Cloche|33063|VLS|-0.572|44.835
105|Rue du Mirail|33063|VLS|-0.571|44.833
106|Place de la Victoire|33063|VLS|-0.573|44.831
107|St Nicolas|33063|VLS|-0.576|44.828
108|Bergonie|33063|VLS|-0.578|44.825
109|Barriere St Genes|33063|VLS|-0.582|44.822
110|Forum|33522|VLS|-0.591|44.812
111|Peixotto|33522|VLS|-0.592|44.807
112|Arts et Metiers|33522|VLS|-0.602|44.806
113|Ecole de Management|33522|VLS|-0.602|44.797
114|Compostelle|33192|VLS|-0.605|44.793
115|CREPS|33522|VLS|-0.597|44.801
116|Montaigne Montesquieu|33318|VLS|-0.617|44.797
117|Doyen Brus|33318|VLS|-0.610|44.800
118|Place Ravezies|33069|VLS|-0.576|44.867
119|Grand Parc|33063|VLS|-0.576|44.863
120|St Louis Haussmann|33063|VLS|-0.567|44.863
121|Place St Martial|33063|VLS|-0.566|44.859
122|Cours St Louis Medoc|33063|VLS|-0.570|44.858
123|Porte de Bourgogne|33063|VLS|-0.567|44.838
124|Parc des Sports|33063|VLS|-0.563|44.834
125|Conservatoire|33063|VLS|-0.560|44.832
126|Quai de Paludate|33063|VLS|-0.550|44.827
127|Gare St Jean|33063|VLS|-0.557|44.826
128|Sacre Coeur|33063|VLS|-0.563|44.822
129|Barriere de Begles|33039|VLS|-0.564|44.813
130|Barriere de Toulouse|33063|VLS|-0.571|44.814
131|Nansouty|33063|VLS|-0.572|44.820
132|Cours de la Somme|33063|VLS|-0.572|44.826
133|Capucins|33063|VLS|-0.568|44.830
134|Place du Maucaillou|33063|VLS|-0.567|44.832
135|Place St Michel|33063|VLS|-0.565|44.835
136|Eglise Ste Croix|33063|VLS|-0.561|44.831
137|Place Andre Meunier|33063|VLS|-0.562|44.828
138|Barbey|33063|VLS|-0.565|44.827
140|Charles Perrens|33063|VLS|-0.601|44.823
141|Medoquine|33522|VLS|-0.600|44.819
142|Bourranville|33281|VLS|-0.629|44.839
143|Pins Francs|33063|VLS|-0.623|44.858
144|Jean Moulin|33075|VLS|-0.585|44.878
145|Berges du Lac|33063|VLS+|-0.571|44.879
146|Palais des Congres|33063|VLS+|-0.568|44.889
147|Parc des Expositions|33063|VLS+|-0.566|44.893
148|Berges de Garonne|33063|VLS+|-0.541|44.886
149|Lauriers|33249|VLS+|-0.518|44.879
151|Dravemont|33167|VLS+|-0.511|44.846
152|Hopital Robert Picque|33550|VLS|-0.570|44.800
153|Parc Sourreil|33550|VLS+|-0.582|44.792
154|Thouars|33522|VLS+|-0.592|44.792
155|Village 6 IUT|33192|VLS+|-0.613|44.791
156|Hotel de Ville Merignac|33281|VLS|-0.659|44.844
157|Les Pins|33281|VLS+|-0.660|44.857
159|Camping International|33075|VLS+|-0.583|44.898
162|Gare de Begles|33039|VLS+|-0.552|44.798
163|Lycee Vaclav Havel|33039|VLS+|-0.566|44.786
166|Centre commercial du Lac|33063|VLS+|-0.565|44.882
169|Bruges La Vache|33075|VLS+|-0.591|44.872
170|Lucien Faure|33063|VLS|-0.561|44.866
171|Place Amedee Larrieu|33063|VLS|-0.581|44.830
172|La Cite du Vin|33063|VLS|-0.551|44.862
173|Rue Achard|33063|VLS|-0.548|44.867
174|Darwin|33063|VLS|-0.562|44.849
175|Arena|33167|VLS|-0.532|44.826
176|Musee Mer Marine|33063|VLS|-0.556|44.869
177|Cite numerique|33039|VLS|-0.555|44.813
178|Jean Jaures|33119|VLS|-0.538|44.854
179|Rue Paulin|33063|VLS|-0.588|44.847
180|Sainte-Germaine|33069|VLS+|-0.614|44.871
181|Mairie du Bouscat|33069|VLS+|-0.605|44.866
182|Hippodrome|33069|VLS+|-0.629|44.874
184|Lormont bas|33249|VLS+|-0.534|44.878
185|Place Latule|33063|VLS|-0.566|44.869
186|Bagatelle|33522|VLS|-0.575|44.807
251|Belcier Gare|33063|VLS|-0.555|44.823
"""

FIELDS = (
    column("geo_point_2d", "geo_point_2d", "Geo Point"),
    column("geo_shape", "geo_shape", "Geo Shape"),
    column("insee", "text", "INSEE", facet=True),
    column("commune", "text", "commune", facet=True, disjunctive=True),
    column("gml_id", "text", "gml_id"),
    column("gid", "int", "GID", "Clé primaire ; ce n’est pas le numéro de la station."),
    column("ident", "int", "IDENT", "Numéro de la station."),
    column("type", "text", "TYPE", facet=True),
    column("nom", "text", "NOM", sortable=True),
    column("etat", "text", "ETAT", facet=True, disjunctive=True),
    column("nbplaces", "int", "NBPLACES", "Places libres.", sortable=True),
    column("nbvelos", "int", "NBVELOS", "Vélos disponibles.", sortable=True),
    column("nbelec", "text", "NBELEC", "Vélos électriques disponibles."),
    column("nbclassiq", "text", "NBCLASSIQ", "Vélos classiques disponibles."),
    column("cdate", "datetime", "CDATE"),
    column("mdate", "datetime", "MDATE"),
    column("code_commune", "text", "code_commune"),
    column("geom_o", "text", "GEOM_O"),
)

# Where `insee` is empty although `code_commune` is not.
_INSEE_GAPS = frozenset({29, 51, 68, 77, 93, 104, 131, 160})
_NEW_STATIONS = frozenset({31, 90})
_OUT_OF_ORDER = {
    12: "DECONNECTEE",
    40: "MAINTENANCE",
    75: "DECONNECTEE",
    99: "MAINTENANCE",
    118: "OUT_OF_SERVICE",
    150: "DECONNECTEE",
}


def sample(seed: int = 221) -> SampleDataset:
    """Make the stations, most of them connected."""
    lines = [line for line in _STATIONS.split("\n") if line]
    return dataset(
        "ci_vcub_p",
        FIELDS,
        _rows(lines, seed),
        title="Stations vélo en libre-service : disponibilité en temps réel",
        about=(
            "Vélos et places disponibles à chaque station, en temps réel.",
            "Bikes and docks available at each station, in real time.",
        ),
        themes=[MOVING],
        keywords=["vélo", "libre-service", "temps réel"],
        frequency="UPDATE_CONT",
    )


def _rows(lines: list[str], seed: int) -> list[Row]:
    random = seeded(seed)
    gids = random.sample(range(1, 2 * len(lines)), len(lines))
    stations: list[Row] = []
    for number, (gid, line) in enumerate(zip(gids, lines, strict=True)):
        ident, name, code, kind, rough_lon, rough_lat = line.split("|")
        lon, lat = nearby(random, float(rough_lon), float(rough_lat), 40)
        state = _OUT_OF_ORDER.get(number, "CONNECTEE")
        docks = random.choice((14, 18, 20, 22, 26, 32, 40))
        bikes = 0 if state == "OUT_OF_SERVICE" else round(docks * random.betavariate(1.2, 1.5))
        electric = sum(random.random() < 0.5 for _ in range(bikes))
        stations.append(
            {
                "geo_point_2d": point(lon, lat),
                "geo_shape": feature("Point", [lon, lat]),
                "insee": None if number in _INSEE_GAPS else code,
                "commune": BY_CODE[code].name,
                "gml_id": f"CI_VCUB_P.{gid}",
                "gid": gid,
                "ident": int(ident),
                "type": kind,
                "nom": name,
                "etat": state,
                "nbplaces": 0 if state == "OUT_OF_SERVICE" else docks - bikes,
                "nbvelos": bikes,
                "nbelec": str(electric),
                "nbclassiq": str(bikes - electric),
                "cdate": "2023-09-02T02:19:00+00:00" if number in _NEW_STATIONS else "2011-01-01T00:00:00+00:00",
                "mdate": ago(seconds=75),
                "code_commune": code,
                "geom_o": "0",
            }
        )
    return stations
