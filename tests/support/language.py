"""Every construct of ODSQL, as text and as it is worded in Python; and the tables of the page about the language.

Run as a program, this writes the tables anew:

    python tests/support/language.py
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from bdxopendata.odsql.functions import FORMS, FUNCTIONS, Function

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "odsql.md"
CLAUSES = ("select", "where", "group_by", "order_by")

_TABLE = re.compile(r"(?P<start><!-- (?P<name>functions|constructs) -->\n\n).*?\n?<!-- end -->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Construct:
    """One construct: its clause, its text, and its wording in Python, empty where there is only text."""

    what: str
    clause: str
    text: str
    python: str = ""


CONSTRUCTS = (
    Construct("text", "where", "nom = \"l'Été\"", 'F.nom == "l\'Été"'),
    Construct("text with both quotes", "where", r'nom = "it\'s \"x\" \\ y"', "F.nom == 'it\\'s \"x\" \\\\ y'"),
    Construct("whole number", "where", "n = -3", "F.n == -3"),
    Construct("decimal number", "where", "x > 108.7", "F.x > 108.7"),
    Construct("date", "where", "jour >= date'2017-04-03'", "F.jour >= date(2017, 4, 3)"),
    Construct("date by its year or month", "where", "jour >= date'2017' AND jour < date'2018-04'"),
    Construct("date with slashes", "where", "jour = date'2018/04/01'"),
    Construct("moment", "where", "vu < date'2017-04-03T08:02:00Z'", "F.vu < datetime(2017, 4, 3, 8, 2, tzinfo=UTC)"),
    Construct("boolean", "where", "ok = TRUE", "F.ok == True"),
    Construct("boolean, with a colon", "where", "ok: FALSE"),
    Construct("missing", "where", "nom IS NULL", "F.nom == None"),
    Construct("not missing", "where", "nom IS NOT NULL", "F.nom.not_null()"),
    Construct("geometry as WKT", "where", "within(g, geom'POLYGON((0 0, 9 0, 9 9, 0 0))')",
              "F.g.within('POLYGON((0 0, 9 0, 9 9, 0 0))')"),
    Construct("geometry as GeoJSON", "where", 'intersects(g, geom\'{"type": "Point", "coordinates": [0, 0]}\')'),
    Construct("geometry as WKB", "where", f"disjoint(g, geom'0101000000{'0' * 32}')"),
    Construct("name that is a reserved word", "where", "`year` = 2020", "F['year'] == 2020"),
    Construct("name of digits only", "where", "`12` > 10", "F['12'] > 10"),
    Construct("name with other characters", "where", r"`odd \`name\`` = 1", "F['odd `name`'] == 1"),
    Construct("arithmetic", "where", "n * 2 + x / 4 - 1 > 3", "F.n * 2 + F.x / 4 - 1 > 3"),
    Construct("unequal", "where", 'nom != "x"', 'F.nom != "x"'),
    Construct("and, or, not", "where", "NOT (n = 1 OR n = 2) AND ok = TRUE",
              "~((F.n == 1) | (F.n == 2)) & (F.ok == True)"),
    Construct("range with both ends", "where", "n IN [1..10]", "F.n.between(1, 10)"),
    Construct("range without its ends", "where", "n IN ]1..10[", "F.n.between(1, 10, 'neither')"),
    Construct("range with its first end", "where", "x IN [0.5..2.5[", "F.x.between(0.5, 2.5, 'left')"),
    Construct("range with TO", "where", "n IN [1 TO 10]"),
    Construct("range of dates", "where", "jour IN [date'2017-01-01'..date'2018-01-01']",
              "F.jour.between(date(2017, 1, 1), date(2018, 1, 1))"),
    Construct("one of a list", "where", 'nom IN ("a", "b")', 'F.nom.isin(["a", "b"])'),
    Construct("none of a list", "where", 'NOT nom IN ("a", "b")', '~F.nom.isin(["a", "b"])'),
    Construct("among several values", "where", '"a" IN tags', 'F.tags.contains("a")'),
    Construct("boolean field", "where", "ok"),
    Construct("boolean field, with IS", "where", "ok IS TRUE OR ok IS NOT FALSE"),
    Construct("words anywhere", "where", '"two words"'),
    Construct("words, nearly", "where", 'search(*, "two wor")', 'search("two wor")'),
    Construct("words, nearly, in some fields", "where", 'search(nom, path, "lac")', 'search("lac", F.nom, F.path)'),
    Construct("beginning of a word", "where", 'suggest(nom, "la")', 'F.nom.suggest("la")'),
    Construct("beginning of the text", "where", 'startswith(nom, "La")', 'F.nom.startswith("La")'),
    Construct("pattern of words", "where", 'nom LIKE "la*"', 'F.nom.like("la*")'),
    Construct("part of a date", "where", "year(jour) = 2020", "F.jour.year == 2020"),
    Construct("date as text", "where", "date_format(jour, \"'le' dd/MM/yyyy\") = \"le 24/12/2020\"",
              "F.jour.date_format(\"'le' dd/MM/yyyy\") == 'le 24/12/2020'"),
    Construct("the present", "where", "vu > now(hour=0, minute=0, mondays=-1)",
              "F.vu > now(hour=0, minute=0, mondays=-1)"),
    Construct("value or another", "where", 'ifnull(nom, "none") = "none"', 'F.nom.if_null("none") == "none"'),
    Construct("length and lower case", "where", "length(nom) > 3 AND lower(nom) = \"été\"",
              '(F.nom.length() > 3) & (F.nom.lower() == "été")'),
    Construct("circle", "where", "within_distance(g, geom'POINT(-0.57 44.84)', 500m)",
              "F.g.within_distance(-0.57, 44.84, 500)"),
    Construct("circle in other units", "where", "within_distance(g, geom'POINT(-0.57 44.84)', 1.5 mi)"),
    Construct("box, latitude first", "where", "in_bbox(g, 44, -1, 45, 0)", "F.g.in_bbox(-1, 44, 0, 45)"),
    Construct("older names", "where", "distance(g, geom'POINT(0 0)', 1km) OR geometry(g, geom'POINT(0 0)', INTERSECTS) "
              "OR polygon(g, geom'POLYGON((0 0, 1 0, 1 1, 0 0))')"),
    Construct("all fields and more", "select", "*, n * 2 AS double_n", "(F.n * 2).alias('double_n')"),
    Construct("fields by their beginning", "select", "include(n*), exclude(nom)"),
    Construct("constants", "select", "'x' AS a, 1 AS b, 2.5 AS c, TRUE AS d, null AS e, date'2020' AS f"),
    Construct("distance", "select", "distance(g, geom'POINT(0 0)') AS d", "F.g.distance(0, 0).alias('d')"),
    Construct("text as JSON", "select", "json_format(nom, null)"),
    Construct("counts", "select", "count(*), count(nom), count(distinct nom)", "agg.count_distinct(F.nom)"),
    Construct("distinct with the missing", "select", "count(distinct ifnull(nom, 'x'))",
              "agg.count_distinct(F.nom.if_null('x'))"),
    Construct("statistics", "select", "sum(x), avg(x), min(jour), max(vu), median(x), percentile(x, 95)",
              "agg.percentile(F.x, 95)"),
    Construct("outlines", "select", "envelope(g), bbox(g)", "agg.bbox(F.g)"),
    Construct("computed of aggregates", "select", "max(n) - min(n) AS span",
              "(agg.max(F.n) - agg.min(F.n)).alias('span')"),
    Construct("groups of values", "group_by", "nom, year(jour) AS y", "F.jour.year.alias('y')"),
    Construct("groups by bounds", "group_by", "range(n, *, 10, 50, *)", "F.n.range(10, 50, below=True, above=True)"),
    Construct("groups by bounds, dates", "group_by", "range(jour, date'2020-11-13', date'2021-01-01')",
              "F.jour.range(date(2020, 11, 13), date(2021, 1, 1))"),
    Construct("groups of equal width", "group_by", "range(n, 15)", "F.n.range(15)"),
    Construct("groups of equal times", "group_by", "range(vu, 1 month), range(vu, 15m)", "F.vu.range('1 month')"),
    Construct("groups of computed text", "group_by", "date_format(vu, 'EEEE'), lower(nom), ifnull(nom, '-')"),
    Construct("clusters of points", "group_by", "geo_cluster(g, 12, 30)", "F.g.geo_cluster(12, 30)"),
    Construct("order", "order_by", "n DESC, nom", "F.n.desc()"),
    Construct("order with a minus", "order_by", "-n"),
    Construct("order by what is computed", "order_by", "n * 2, length(nom) DESC", "F.nom.length().desc()"),
    Construct("order by distance", "order_by", "distance(g, geom'POINT(0 0)')", "F.g.distance(0, 0)"),
    Construct("random order", "order_by", "random(1)"),
)  # fmt: skip


def tables() -> dict[str, str]:
    """Write the tables of the page, by their names."""
    functions = [
        "| ODSQL | kind | clauses | in Python | from stored data | reason or difference |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_function_row(one) for one in (*FUNCTIONS.values(), *FORMS.values())),
    ]
    constructs = [
        "| construct | clause | ODSQL | in Python |",
        "| --- | --- | --- | --- |",
        *(_construct_row(one) for one in CONSTRUCTS),
    ]
    return {"functions": "\n".join(functions) + "\n", "constructs": "\n".join(constructs) + "\n"}


def _function_row(function: Function) -> str:
    clauses = "all" if len(function.clauses) == len(CLAUSES) else ", ".join(c for c in CLAUSES if c in function.clauses)
    named = function.name if function.name in FORMS else f"{function.name}()"
    here = "answered here" if function.local else "only asked of the portal"
    return f"| {_code(named)} | {function.kind} | {clauses} | {_worded(function.worded)} | {here} | {function.reason} |"


def _construct_row(construct: Construct) -> str:
    worded = _worded(construct.python or "raw text")
    return f"| {construct.what} | {construct.clause} | {_code(construct.text)} | {worded} |"


def _worded(python: str) -> str:
    return python if python == "raw text" else _code(python)


def _code(text: str) -> str:
    shown = f"`` {text} ``" if "`" in text else f"`{text}`"
    return shown.replace("|", "\\|")


def renewed(page: str) -> str:
    """Put the tables into the text of the page."""
    written = tables()
    return _TABLE.sub(lambda found: f"{found['start']}{written[found['name']]}\n<!-- end -->", page)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}\n")
