"""The tables of columns in the pages of topics, written from the contracts.

A page ``docs/topics/<topic>.md`` (and ``docs/fr/<topic>.md``) has the table of its contract between two marks; where it
tells of several contracts, the mark names the one that is meant. Run as a program, this writes all tables anew:

    python tests/support/topic_pages.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bdxopendata.topics.contract import UNKNOWN_UNIT, Column, contracts

ROOT = Path(__file__).parents[2]
FOLDERS = {"docs/topics": "en", "docs/fr": "fr"}

_TABLE = re.compile(r"(?P<begin><!-- columns: (?P<topic>\w+) -->\n)(?P<table>.*?)(?P<end><!-- /columns -->)", re.DOTALL)

HEADS = {
    "en": ("column", "dtype", "unit", "on the portal", "evidence", "what it is"),
    "fr": ("colonne", "dtype", "unité", "sur le portail", "source du nom"),
}
WORDS = {
    "en": {"derived": "derived", "label": "labelled", "unit": "not stated"},
    "fr": {
        "derived": "calculée",
        "label": "libellé",
        "unit": "non précisée",
        "data": "fichier",
        "code": "programme",
        "text": "texte",
        "inferred": "déduit",
        "unknown": "inconnue",
        "places": "places",
        "share": "part",
        "years": "ans",
    },
}
# As pandas shows them.
DTYPES = {
    "text": "str",
    "int": "Int64",
    "double": "float64",
    "date": "datetime64[us]",
    "datetime": "datetime64[us, Europe/Paris]",
    "decimal": "decimal128(20, 2)",
    "duration": "timedelta64[us]",
    "list": "object (lists)",
}


def pages() -> Iterator[Path]:
    """Give the pages that have such a table."""
    for folder in FOLDERS:
        for page in sorted((ROOT / folder).glob("*.md")):
            if _TABLE.search(page.read_text(encoding="utf-8")):
                yield page


def written(page: Path) -> str:
    """Give the text of a page with its tables as the contracts have them now."""
    language = FOLDERS[str(page.parent.relative_to(ROOT).as_posix())]
    text = page.read_text(encoding="utf-8")
    return _TABLE.sub(lambda found: found["begin"] + table(found["topic"], language) + found["end"], text)


def table(topic: str, language: str) -> str:
    """Write the columns of a contract as Markdown."""
    heads = HEADS[language]
    rows = [_cells(column, language) for column in contracts()[topic].columns.values()]
    lines = [heads, ("---",) * len(heads), *[row[: len(heads)] for row in rows]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(column: Column, language: str) -> tuple[str, ...]:
    words = WORDS[language]
    names = [f"`{name}`" for name in column.sources]
    names += [f"{words['label']} “{label}”" for label in column.labels]
    unit = words["unit"] if column.unit == UNKNOWN_UNIT else words.get(column.unit or "", column.unit or "")
    evidence = words["derived"] if column.is_derived else words.get(column.evidence, column.evidence)
    dtype = DTYPES.get(column.dtype, column.dtype)
    return f"`{column.name}`", f"`{dtype}`", unit, ", ".join(names), evidence, column.description.replace("|", "\\|")


if __name__ == "__main__":
    for one in pages():
        one.write_text(written(one), encoding="utf-8")
