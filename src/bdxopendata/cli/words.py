"""The table of texts: English and French, side by side."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    # The command itself
    "bdx": (
        "The open data of Bordeaux Métropole, from the terminal.",
        "Les données ouvertes de Bordeaux Métropole, depuis le terminal.",
    ),
    "bdx epilog": (
        "exit status:\n"
        "  0    done\n"
        "  1    an error, told in one line, or a portal that drifted (check)\n"
        "  2    the command was mistyped\n"
        "  3    asked and answered, and nothing fits\n"
        "  130  interrupted\n\n"
        "'bdx COMMAND --help' tells more of a command. BDXOPENDATA_PORTAL, BDXOPENDATA_CACHE_DIR, BDXOPENDATA_API_KEY\n"
        "and others of that kind set what each run would be told otherwise.",
        "code de sortie :\n"
        "  0    fait\n"
        "  1    une erreur, dite en une ligne, ou un portail qui s'écarte (check)\n"
        "  2    la commande est mal écrite\n"
        "  3    demandé et répondu, mais rien ne convient\n"
        "  130  interrompu\n\n"
        "« bdx COMMANDE --help » en dit plus sur une commande. BDXOPENDATA_PORTAL, BDXOPENDATA_CACHE_DIR,\n"
        "BDXOPENDATA_API_KEY et d'autres variables de ce genre règlent ce qu'il faudrait dire à chaque fois.",
    ),
    "commands": ("commands", "commandes"),
    "common options": ("options of all commands that read", "options de toutes les commandes de lecture"),
    "question": ("which rows and columns", "quelles lignes et colonnes"),
    "see help": ("See '{command} --help'.", "Voir « {command} --help »."),
    "help of help": ("show this help and exit", "montrer cette aide et sortir"),
    "help of version": ("show the version and exit", "montrer la version et sortir"),
    # Names of arguments
    "COMMAND": ("COMMAND", "COMMANDE"),
    "DATASET": ("DATASET", "JEU"),
    "WORD": ("WORD", "MOT"),
    "NAME": ("NAME", "NOM"),
    "FIELDS": ("FIELDS", "CHAMPS"),
    "FILE": ("FILE", "FICHIER"),
    "FOLDER": ("FOLDER", "DOSSIER"),
    "TOPIC": ("TOPIC", "THÈME"),
    "PAIR": ("NAME=VALUE", "NOM=VALEUR"),
    "BOX": ("WEST,SOUTH,EAST,NORTH", "OUEST,SUD,EST,NORD"),
    "DURATION": ("DURATION", "DURÉE"),
    # What commands do
    "help of search": ("find datasets", "chercher des jeux de données"),
    "help of info": ("tell what a dataset is", "dire ce qu'est un jeu de données"),
    "help of schema": ("list the fields of a dataset", "lister les champs d'un jeu de données"),
    "help of head": ("show the first rows of a dataset", "montrer les premières lignes d'un jeu de données"),
    "help of get": (
        "save a dataset, or the rows of it that fit, to a file",
        "enregistrer un jeu de données, ou les lignes voulues, dans un fichier",
    ),
    "help of topics": (
        "list the ready questions about Bordeaux, or ask one",
        "lister les questions toutes prêtes sur Bordeaux, ou en poser une",
    ),
    "help of parking": (
        "show car parks and how many places are free now",
        "montrer les parkings et leurs places libres en ce moment",
    ),
    "help of bridge": (
        "tell whether the Chaban-Delmas bridge is closed, and when next",
        "dire si le pont Chaban-Delmas est fermé, et quand il le sera",
    ),
    "help of check": (
        "compare what the topics expect with the portal; status 1 where it drifted",
        "comparer ce que les thèmes attendent avec le portail ; code 1 s'il s'en écarte",
    ),
    "help of record": (
        "append what a live topic says to a folder, until Ctrl-C",
        "ajouter ce que dit un thème en temps réel à un dossier, jusqu'à Ctrl-C",
    ),
    "help of store": (
        "list, measure or clear what is stored on this machine",
        "lister, mesurer ou effacer ce qui est stocké sur cette machine",
    ),
    "help of stand-in": (
        "serve a stand-in portal with sample rows on this machine, until Ctrl-C",
        "servir un portail de substitution, aux lignes inventées, sur cette machine, jusqu'à Ctrl-C",
    ),
    "help of demo": (
        "show some commands at work on sample rows",
        "montrer quelques commandes à l'œuvre sur des lignes inventées",
    ),
    "help of completion": (
        "print a script for completion by Tab in the shell",
        "écrire un script de complétion par Tab pour le shell",
    ),
    # Options
    "help of --portal": (
        "address of another portal; by default Bordeaux Métropole",
        "adresse d'un autre portail ; par défaut Bordeaux Métropole",
    ),
    "help of --offline": ("only from what is stored here", "seulement d'après ce qui est stocké ici"),
    "help of --json": ("print JSON, for programs", "écrire du JSON, pour des programmes"),
    "help of words": ("words to look for; none lists all", "mots à chercher ; sans mot, tout est listé"),
    "help of --theme": ("only of this theme", "seulement de ce thème"),
    "help of --keyword": ("only with this keyword", "seulement avec ce mot-clé"),
    "help of --publisher": ("only of this publisher", "seulement de ce producteur"),
    "help of --geometry": ("only with points or shapes", "seulement avec des points ou des formes"),
    "help of --since": ("only modified since that day", "seulement modifiés depuis ce jour"),
    "help of dataset": (
        "id of the dataset, such as ec_arbre_p; search finds ids",
        "identifiant du jeu, par exemple ec_arbre_p ; search les trouve",
    ),
    "help of --limit": ("at most so many rows", "au plus tant de lignes"),
    "help of --where": (
        "condition, such as 'hauteur > 20'; several must all hold",
        "condition, par exemple 'hauteur > 20' ; toutes doivent être vraies",
    ),
    "help of --select": (
        "only these columns, such as genre,hauteur",
        "seulement ces colonnes, par exemple genre,hauteur",
    ),
    "help of --order-by": (
        "order of the rows, such as --order-by=-hauteur,genre for the largest first",
        "ordre des lignes, par exemple --order-by=-hauteur,genre pour les plus grandes d'abord",
    ),
    "help of --near": (
        "only around a place in degrees, such as -0.574,44.841,500",
        "seulement autour d'un lieu en degrés, par exemple -0.574,44.841,500",
    ),
    "help of --bbox": ("only inside a box in degrees", "seulement dans un rectangle en degrés"),
    "help of --refine": (
        "only with this value of a field, such as insee=33063",
        "seulement avec cette valeur d'un champ, par exemple insee=33063",
    ),
    "help of --exclude": ("only without this value of a field", "seulement sans cette valeur d'un champ"),
    "help of file": (
        "where to save; its ending says the format, '-' writes CSV or GeoJSON to the output; by default "
        "DATASET.parquet",
        "où enregistrer ; la fin du nom dit le format, « - » écrit du CSV ou du GeoJSON en sortie ; par défaut "
        "JEU.parquet",
    ),
    "help of --format": ("one of: {known}", "un de : {known}"),
    "help of --escape-formulas": (
        "in CSV, mark texts that a spreadsheet would take for formulas",
        "en CSV, marquer les textes qu'un tableur prendrait pour des formules",
    ),
    "epilog of get": (
        "The file is whole, or as it was before: rows are counted and written aside first.\n"
        "Endings: .parquet (GeoParquet where there is geometry), .csv, .geojson, .fgb, .gpkg, .xlsx (needs the extra\n"
        "'excel'). CSV, GeoJSON and FlatGeobuf get a file beside them that tells where the rows come from.\n\n"
        "  bdx get ec_arbre_p trees.gpkg --where 'hauteur > 20'\n"
        "  bdx get st_park_p - --select nom,libres | head",
        "Le fichier est entier, ou tel qu'il était : les lignes sont comptées et écrites à part d'abord.\n"
        "Fins de nom : .parquet (GeoParquet s'il y a une géométrie), .csv, .geojson, .fgb, .gpkg, .xlsx (demande\n"
        "l'extra « excel »). CSV, GeoJSON et FlatGeobuf ont un fichier à côté d'eux qui dit d'où ils viennent.\n\n"
        "  bdx get ec_arbre_p arbres.gpkg --where 'hauteur > 20'\n"
        "  bdx get st_park_p - --select nom,libres | head",
    ),
    "help of topic": (
        "the topic to ask; without one, all are listed",
        "le thème demandé ; sans thème, tous sont listés",
    ),
    "help of topic arguments": (
        "arguments of the topic, such as min_height=20",
        "arguments du thème, par exemple min_height=20",
    ),
    "help of --output": (
        "save to this file; its ending says the format",
        "enregistrer ici ; la fin du nom dit le format",
    ),
    "epilog of topics": (
        "  bdx topics trees genus=Quercus min_height=20\n  bdx topics facilities kind=toilets -o toilets.geojson",
        "  bdx topics trees genus=Quercus min_height=20\n  bdx topics facilities kind=toilets -o toilettes.geojson",
    ),
    "help of parking near": (
        "the nearest first, seen from a place in degrees",
        "les plus proches d'abord, vus d'un lieu en degrés",
    ),
    "help of --min-free": ("only with at least so many free places", "seulement avec au moins tant de places libres"),
    "help of checked topics": ("topics to check; by default all", "thèmes à vérifier ; par défaut tous"),
    "help of live topic": ("one of {known}", "un de {known}"),
    "help of record folder": ("where to; made if need be, and gone on with", "où ; créé au besoin, et poursuivi"),
    "help of --every": ("how often, such as 90s, 5m or 1h", "à quel rythme, par exemple 90s, 5m ou 1h"),
    "help of --times": ("stop after so many times", "arrêter après tant de fois"),
    "help of store what": ("what to do", "que faire"),
    "help of store dataset": ("only of this dataset", "seulement de ce jeu"),
    "help of --port": ("port to listen on; by default any free one", "port à écouter ; par défaut un port libre"),
    "help of shell": ("the shell", "le shell"),
    "epilog of completion": (
        'In ~/.bashrc or ~/.zshrc:  eval "$(bdx completion bash)"',
        'Dans ~/.bashrc ou ~/.zshrc :  eval "$(bdx completion bash)"',
    ),
    # Heads of tables
    "dataset": ("dataset", "jeu"),
    "rows": ("rows", "lignes"),
    "row": ("row", "ligne"),
    "title": ("title", "titre"),
    "publisher": ("publisher", "producteur"),
    "licence": ("licence", "licence"),
    "attribution": ("attribution", "mention"),
    "themes": ("themes", "thèmes"),
    "keywords": ("keywords", "mots-clés"),
    "fields": ("fields", "champs"),
    "modified": ("modified", "modifié"),
    "version": ("version", "version"),
    "attachments": ("attachments", "pièces jointes"),
    "page": ("page", "page"),
    "field": ("field", "champ"),
    "type": ("type", "type"),
    "dtype": ("dtype", "dtype"),
    "unit": ("unit", "unité"),
    "label": ("label", "libellé"),
    "size": ("size", "taille"),
    "fetched": ("fetched", "reçu"),
    "question of": ("question", "question"),
    "portal": ("portal", "portail"),
    "topic": ("topic", "thème"),
    "about": ("about", "sujet"),
    "arguments": ("arguments", "arguments"),
    "parking name": ("car park", "parking"),
    "parking free": ("free", "libres"),
    "parking capacity": ("places", "places"),
    "parking distance": ("metres", "mètres"),
    "parking observed_at": ("observed", "observé"),
    "closes": ("closes", "fermeture"),
    "opens": ("opens", "ouverture"),
    "closure": ("closure", "type"),
    "boats": ("ships", "bateaux"),
    "total": ("total", "totale"),
    "partial": ("partial", "partielle"),
    # Topics
    "topic bikes": ("bikes and docks free now", "vélos et bornes libres en ce moment"),
    "topic births": ("births by day, month or year", "naissances par jour, mois ou année"),
    "topic bridge_closures": ("closures of the Chaban-Delmas bridge", "fermetures du pont Chaban-Delmas"),
    "topic deaths": ("deaths by day, month or year", "décès par jour, mois ou année"),
    "topic facilities": ("toilets, playgrounds, fountains …", "toilettes, aires de jeux, fontaines …"),
    "topic first_names": ("first names given most", "prénoms les plus donnés"),
    "topic parking": ("car parks and free places now", "parkings et places libres en ce moment"),
    "topic pools": ("how full the swimming pools are now", "affluence dans les piscines en ce moment"),
    "topic population_change": ("births and deaths side by side", "naissances et décès côte à côte"),
    "topic subsidies": ("subsidies granted", "subventions accordées"),
    "topic traffic": ("how traffic flows now", "état du trafic en ce moment"),
    "topic trees": ("trees of public space", "arbres de l'espace public"),
    "topic waste_collection": (
        "which waste is collected at a place, and when",
        "quels déchets sont collectés en un lieu, et quand",
    ),
    # What is told
    "warning": ("warning:", "avertissement :"),
    "no dataset": ("No dataset fits.", "Aucun jeu de données ne convient."),
    "no row": ("No row fits.", "Aucune ligne ne convient."),
    "no table": ("no table", "sans table"),
    "more rows": (
        "… more rows: {count}; --limit shows more, --json all",
        "… autres lignes : {count} ; --limit en montre plus, --json toutes",
    ),
    "more columns": ("… more columns ({count}): {names}", "… autres colonnes ({count}) : {names}"),
    "saved": ("{file}: {rows}, {size}", "{file} : {rows}, {size}"),
    "under": ("Terms: {licence}", "Conditions : {licence}"),
    "nothing stored": ("Nothing is stored.", "Rien n'est stocké."),
    "stored": ("Stored answers: {count}, {size}", "Réponses stockées : {count}, {size}"),
    "cleared": ("Removed from the store: {count}", "Effacé du stock : {count}"),
    "whole": ("all of it", "tout"),
    "bridge closed": ("The Chaban-Delmas bridge is closed now.", "Le pont Chaban-Delmas est fermé en ce moment."),
    "bridge partly": (
        "The Chaban-Delmas bridge is partly closed now.",
        "Le pont Chaban-Delmas est fermé en partie en ce moment.",
    ),
    "bridge open": ("The Chaban-Delmas bridge is open now.", "Le pont Chaban-Delmas est ouvert en ce moment."),
    "next closures": ("Next closures (time in Bordeaux):", "Prochaines fermetures (heure de Bordeaux) :"),
    "no closure": ("No closure is announced.", "Aucune fermeture n'est annoncée."),
    "recording": (
        "Recording {topic} to {folder}; Ctrl-C stops it.",
        "Enregistrement de {topic} dans {folder} ; Ctrl-C l'arrête.",
    ),
    "recorded": (
        "Asked: {polls}, new rows: {new}, failures: {failures}.",
        "Demandes : {polls}, lignes nouvelles : {new}, échecs : {failures}.",
    ),
    "stand-in how": (
        "Sample rows, no real data. Use it with: BDXOPENDATA_PORTAL={url} python your_script.py (Ctrl-C stops it)",
        "Lignes inventées, pas de vraies données. Pour s'en servir : BDXOPENDATA_PORTAL={url} python votre_script.py "
        "(Ctrl-C l'arrête)",
    ),
    "demo begins": (
        "The rows below are samples of the stand-in portal, not real data.",
        "Les lignes ci-dessous sont inventées par le portail de substitution : ce ne sont pas de vraies données.",
    ),
    "demo ends": (
        "The same commands without the demo ask Bordeaux Métropole. Nothing was left on this machine.",
        "Les mêmes commandes hors de la démonstration interrogent Bordeaux Métropole. Rien n'est resté sur cette "
        "machine.",
    ),
    # Mistakes
    "did you mean": ("Did you mean {near}?", "Vouliez-vous dire {near} ?"),
    "mistake count": ("'{text}' is no whole number from 0", "« {text} » n'est pas un nombre entier à partir de 0"),
    "mistake numbers": (
        "'{text}' is not {wanted} numbers with commas between them; longitude comes before latitude",
        "« {text} » n'est pas une suite de {wanted} nombres séparés par des virgules ; la longitude vient avant la "
        "latitude",
    ),
    "mistake pair": ("'{text}' is not NAME=VALUE", "« {text} » n'est pas de la forme NOM=VALEUR"),
    "mistake port": (
        "'{text}' is no port, a number from 0 to 65535",
        "« {text} » n'est pas un port, un nombre de 0 à 65535",
    ),
    "mistake duration": (
        "'{text}' is no duration, such as 90s, 5m or 1h",
        "« {text} » n'est pas une durée, par exemple 90s, 5m ou 1h",
    ),
    "unknown ending": (
        "No format ends in '{ending}'; take one of {known}, or name it with --format.",
        "Aucun format ne finit en « {ending} » ; prenez l'un de {known}, ou nommez-le avec --format.",
    ),
    "two formats": (
        "'{file}' says another format than --format {format}; change one of them.",
        "« {file} » dit un autre format que --format {format} ; changez l'un des deux.",
    ),
    "no folder": (
        "The folder {folder} does not exist; make it first.",
        "Le dossier {folder} n'existe pas ; créez-le d'abord.",
    ),
    "no stream": (
        "Only CSV and GeoJSON can be written to the output, not {format}; name a file.",
        "Seuls CSV et GeoJSON peuvent être écrits en sortie, pas {format} ; nommez un fichier.",
    ),
    "no argument": (
        "{topic} has no argument '{name}'; it has: {known}.",
        "{topic} n'a pas d'argument « {name} » ; il a : {known}.",
    ),
    "argument needed": ("{topic} needs {name}=….", "{topic} a besoin de {name}=…."),
}

# What argparse says by itself. Its other words are for those who write parsers.
ARGPARSE: Mapping[str, str] = {
    "usage: ": "usage : ",
    "%(heading)s:": "%(heading)s :",
    "%(prog)s: error: %(message)s\n": "%(prog)s : %(message)s\n",
    "positional arguments": "arguments",
    "options": "options",
    "argument %(argument_name)s: %(message)s": "argument %(argument_name)s : %(message)s",
    "unrecognized arguments: %s": "arguments inconnus : %s.",
    "ambiguous option: %(option)s could match %(matches)s": "option ambiguë : %(option)s peut être %(matches)s.",
    "invalid choice: %(value)r (choose from %(choices)s)": "%(value)r n'est pas possible (au choix : %(choices)s).",
    "unknown parser %(parser_name)r (choices: %(choices)s)": "%(parser_name)r est inconnu (au choix : %(choices)s).",
    "expected one argument": "une valeur est attendue.",
    "expected at most one argument": "une valeur au plus est attendue.",
    "expected at least one argument": "une valeur au moins est attendue.",
    "expected %s argument": "%s valeur est attendue.",
    "expected %s arguments": "%s valeurs sont attendues.",
    "invalid %(type)s value: %(value)r": "%(value)r n'est pas une valeur possible.",
    "the following arguments are required: %s": "il manque : %s.",
    "one of the arguments %s is required": "il faut l'un de : %s.",
    "not allowed with argument %s": "pas avec %s.",
    "ignored explicit argument %r": "valeur %r en trop.",
    "show this help message and exit": "montrer cette aide et sortir",
}

# Errors of the library, told to who types commands. {name} is a fact of the error. Others are told as they are.
ERRORS: Mapping[str, tuple[str, str]] = {
    "DeadlineExceededError": (
        "{host} gave {reason}. Ask for less with --where or --limit, or set BDXOPENDATA_DEADLINE.",
        "{host} n'a pas répondu en entier en {deadline:g} s. Demandez moins avec --where ou --limit, ou réglez "
        "BDXOPENDATA_DEADLINE.",
    ),
    "NetworkError": (
        "{host} cannot be reached ({reason}). Check the connection and --portal, or ask what is stored with --offline.",
        "{host} est injoignable ({reason}). Vérifiez la connexion et --portal, ou demandez ce qui est stocké avec "
        "--offline.",
    ),
    "AuthenticationError": (
        "{host} does not give this without a key (status {status_code}). Set BDXOPENDATA_API_KEY.",
        "{host} ne donne pas cela sans clé (code {status_code}). Donnez BDXOPENDATA_API_KEY.",
    ),
    "DatasetNotFoundError": (
        "{host} has no dataset '{dataset}'. {near} 'bdx search WORD' finds datasets.",
        "{host} n'a pas de jeu « {dataset} ». {near} « bdx search MOT » en trouve.",
    ),
    "TopicNotFoundError": (
        "{host} has no dataset for the topic '{topic}'. {near} It may be another portal, or have changed: 'bdx check'.",
        "{host} n'a pas de jeu pour le thème « {topic} ». {near} C'est peut-être un autre portail, ou il a changé : "
        "« bdx check ».",
    ),
    "UnknownFieldError": (
        "'{dataset}' has no field '{name}'. {near} 'bdx schema {dataset}' lists them.",
        "« {dataset} » n'a pas de champ « {name} ». {near} « bdx schema {dataset} » les liste.",
    ),
    "IncompleteDataError": (
        "Of '{dataset}' {expected} rows were announced, and {got} came. Nothing is kept; try again.",
        "Du jeu « {dataset} », {expected} lignes étaient annoncées, {got} sont venues. Rien n'est gardé ; réessayez.",
    ),
    "DatasetChangedError": (
        "'{dataset}' changes while it is read. Try again later.",
        "« {dataset} » change pendant qu'il est lu. Réessayez plus tard.",
    ),
    "ServerError": (
        "{host} failed with status {status_code}. Try again later, or ask what is stored with --offline.",
        "{host} est en panne (code {status_code}). Réessayez plus tard, ou demandez ce qui est stocké avec --offline.",
    ),
    "OfflineError": (
        "Offline: this is not stored here. Run it once without --offline; 'bdx store list' tells what is stored.",
        "Hors ligne : cela n'est pas stocké ici. Lancez-le une fois sans --offline ; « bdx store list » dit ce qui "
        "l'est.",
    ),
}

# Warnings of the library. In English they are told as the library tells them; the facts that French leaves in
# brackets are those of the portal and of columns.
WARNINGS: Mapping[str, str] = {
    "StaleDataWarning": "les données les plus récentes sont anciennes : le flux est arrêté, ou elles étaient stockées.",
    "DataQualityWarning": "des valeurs n'ont pas la forme attendue ({text})",
    "SchemaDriftWarning": "le jeu de données a changé de forme ({text})",
    "FarAwayWarning": "le lieu demandé est loin de toutes les données ; la longitude vient avant la latitude.",
    "QuotaWarning": "le portail n'accepte bientôt plus de demandes aujourd'hui ; une clé en permet davantage.",
    "ApiDeprecationWarning": "le portail annonce la fin de cette interface ({text})",
}
