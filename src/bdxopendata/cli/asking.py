"""What several commands take: the catalogue that is asked, and the conditions of a question."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bdxopendata.catalog import Catalog
    from bdxopendata.cli.wording import Words
    from bdxopendata.query import Query


def catalog_of(asked: argparse.Namespace) -> Catalog:
    """Make the catalogue that ``--portal`` and ``--offline`` mean."""
    from bdxopendata.catalog import Catalog
    from bdxopendata.config import Settings

    return Catalog(asked.portal, settings=Settings(offline=True) if asked.offline else Settings())


def add_conditions(one: argparse.ArgumentParser, say: Words) -> None:
    """Add the options that make a question of a dataset."""
    group = one.add_argument_group(say("question"))
    group.add_argument("--where", action="append", default=[], metavar="ODSQL", help=say("help of --where"))
    group.add_argument("--select", action="append", default=[], metavar=say("FIELDS"), help=say("help of --select"))
    group.add_argument("--order-by", action="append", default=[], metavar=say("FIELDS"), help=say("help of --order-by"))
    group.add_argument("--near", type=numbers(3), metavar="LON,LAT,METRES", help=say("help of --near"))
    group.add_argument("--bbox", type=numbers(4), metavar=say("BOX"), help=say("help of --bbox"))
    group.add_argument(
        "--refine", action="append", default=[], type=pair, metavar=say("PAIR"), help=say("help of --refine")
    )
    group.add_argument(
        "--exclude", action="append", default=[], type=pair, metavar=say("PAIR"), help=say("help of --exclude")
    )


def add_limit(one: argparse.ArgumentParser, say: Words, *, default: int | None = None) -> None:
    """Add how many rows are wanted."""
    one.add_argument("-n", "--limit", type=count, default=default, metavar="N", help=say("help of --limit"))


def query_of(asked: argparse.Namespace) -> Query:
    """Make the question that was asked of a dataset."""
    from bdxopendata.dataset import Dataset
    from bdxopendata.query import Query

    query = Query.of(Dataset(asked.dataset, catalog=catalog_of(asked)))
    if asked.where:
        query = query.where(*asked.where)
    if asked.near:
        query = query.near(*asked.near)
    if asked.bbox:
        query = query.bbox(*asked.bbox)
    for name, value in asked.refine:
        query = query.refine({name: value})
    for name, value in asked.exclude:
        query = query.exclude({name: value})
    if asked.select:
        query = query.select(*split(asked.select))
    if asked.order_by:
        query = query.order_by(*split(asked.order_by))
    return query


def split(given: list[str]) -> list[str]:
    """Part lists of names at their commas, but at those inside brackets."""
    parts: list[str] = []
    for text in given:
        depth, begun = 0, ""
        for one in text:
            depth += {"(": 1, ")": -1}.get(one, 0)
            if one == "," and depth == 0:
                parts.append(begun.strip())
                begun = ""
            else:
                begun += one
        parts.append(begun.strip())
    return [one for one in parts if one]


def count(text: str) -> int:
    """Read a number of rows, from 0."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise Mistake("mistake count", text)
    return number


def numbers(*wanted: int) -> Any:
    """Read so many numbers with commas between them."""

    def read(text: str) -> tuple[float, ...]:
        try:
            found = tuple(float(one) for one in text.replace(";", ",").split(","))
        except ValueError:
            found = ()
        if len(found) not in wanted or not all(abs(one) < 1e9 for one in found):
            raise Mistake("mistake numbers", text, wanted=wanted[-1])
        return found

    return read


def pair(text: str) -> tuple[str, str]:
    """Read ``field=value``."""
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise Mistake("mistake pair", text)
    return name, value


class Mistake(argparse.ArgumentTypeError):
    """An argument that cannot be read, told in the language of the person."""

    def __init__(self, key: str, text: str, **facts: object) -> None:
        import os

        from bdxopendata.cli.wording import Words, language
        from bdxopendata.errors import excerpt

        super().__init__(Words(language(os.environ))(key, text=excerpt(text, 60), **facts))
