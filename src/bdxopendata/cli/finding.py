"""Finding data: ``search``, ``info``, ``schema``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bdxopendata.cli import asking, printing
from bdxopendata.cli.statuses import NOTHING_FOUND, OK

if TYPE_CHECKING:
    from bdxopendata.cli.wording import Words


def add(commands: Any, say: Words) -> None:
    """Describe the commands."""
    one = commands.add("search", search)
    one.add_argument("text", nargs="*", metavar=say("WORD"), help=say("help of words"))
    one.add_argument("--theme", metavar=say("NAME"), help=say("help of --theme"))
    one.add_argument("--keyword", metavar=say("NAME"), help=say("help of --keyword"))
    one.add_argument("--publisher", metavar=say("NAME"), help=say("help of --publisher"))
    one.add_argument("--geometry", action="store_true", help=say("help of --geometry"))
    one.add_argument("--since", metavar="YYYY-MM-DD", help=say("help of --since"))
    asking.add_limit(one, say)

    one = commands.add("info", info)
    one.add_argument("dataset", metavar=say("DATASET"), help=say("help of dataset"))

    one = commands.add("schema", schema)
    one.add_argument("dataset", metavar=say("DATASET"), help=say("help of dataset"))


def search(asked: argparse.Namespace) -> int:
    """Print the datasets that fit."""
    found = asking.catalog_of(asked).search(
        " ".join(asked.text) or None,
        theme=asked.theme,
        keyword=asked.keyword,
        publisher=asked.publisher,
        has_geometry=True if asked.geometry else None,
        updated_since=asked.since,
        limit=asked.limit,
    )
    if asked.json:
        printing.as_json(printing.records(found.to_pandas()))
    elif found:
        rows = [[one.id, _rows(one.info, asked.say), printing.cell(one.info.title)] for one in found]
        heads = [asked.say(key) for key in ("dataset", "rows", "title")]
        printing.table(heads, rows, asked.say, {1})
    else:
        printing.lines([asked.say("no dataset")])
    return OK if found else NOTHING_FOUND


def info(asked: argparse.Namespace) -> int:
    """Print what the portal says of a dataset."""
    from bdxopendata.dataset import Dataset

    said, say = Dataset(asked.dataset, catalog=asking.catalog_of(asked)).info, asked.say
    facts = {
        "dataset": said.dataset_id,
        "title": said.title,
        "publisher": said.publisher,
        "licence": said.licence,
        "attribution": ", ".join(said.attribution),
        "themes": ", ".join(said.themes),
        "keywords": ", ".join(said.keywords),
        "rows": _rows(said, say),
        "fields": say.number(len(said.schema)),
        "modified": said.modified,
        "version": said.version,
        "attachments": ", ".join(one.title for one in said.attachments),
        "page": said.page_url,
    }
    if asked.json:
        printing.as_json(
            {
                "dataset_id": said.dataset_id,
                **{name: getattr(said, name) for name in _TOLD},
                "attachments": [
                    {"title": one.title, "mimetype": one.mimetype, "url": one.url} for one in said.attachments
                ],
                "fields": printing.records(said.schema.to_pandas()),
            }
        )
        return OK
    told = {say(name): value if name in COUNTS else printing.cell(value) for name, value in facts.items() if value}
    width = max(map(printing.wide, told))
    printing.lines(f"{printing.padded(name, width, False)}  {value}" for name, value in told.items())
    if said.description:
        printing.lines(["", *(printing.cell(line) for line in said.description.splitlines())])
    return OK


# Worded here, with the blanks that French has in numbers.
COUNTS = ("rows", "fields")
_TOLD = (
    *("title", "description", "publisher", "licence", "licence_url", "attribution", "themes", "keywords"),
    *("records_count", "modified", "version", "update_frequency", "page_url", "portal"),
)


def schema(asked: argparse.Namespace) -> int:
    """Print the fields of a dataset."""
    from bdxopendata.dataset import Dataset

    fields, say = Dataset(asked.dataset, catalog=asking.catalog_of(asked)).schema, asked.say
    if asked.json:
        printing.as_json(printing.records(fields.to_pandas()))
    else:
        dtypes = fields.dtypes()
        rows = [[one.name, one.type, dtypes[one.name], one.unit or "", one.label] for one in fields]
        heads = [say(key) for key in ("field", "type", "dtype", "unit", "label")]
        printing.table(heads, [[printing.cell(text) for text in row] for row in rows], say)
    return OK


def _rows(said: Any, say: Words) -> str:
    if not said.has_records:
        return say("no table")
    return "?" if said.records_count is None else say.number(said.records_count)
