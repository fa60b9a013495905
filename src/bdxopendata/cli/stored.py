"""What is stored on this machine: ``store list``, ``store size``, ``store clear``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bdxopendata.cli import printing
from bdxopendata.cli.statuses import OK

if TYPE_CHECKING:
    from bdxopendata.cli.wording import Words


def add(commands: Any, say: Words) -> None:
    """Describe the command."""
    one = commands.add("store", store, reads=False)
    one.add_argument("what", choices=tuple(_DO), metavar="list|size|clear", help=say("help of store what"))
    one.add_argument("dataset", nargs="?", metavar=say("DATASET"), help=say("help of store dataset"))
    one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=say("help of --json"))


def store(asked: argparse.Namespace) -> int:
    """List, measure or clear what is stored."""
    return _DO[asked.what](asked)


def _list(asked: argparse.Namespace) -> int:
    from bdxopendata import store as kept

    say = asked.say
    entries = [one for one in kept.list() if asked.dataset in (None, one["dataset_id"])]
    if asked.json:
        printing.as_json(entries)
        return OK
    if not entries:
        printing.lines([say("nothing stored")])
        return OK
    rows = [
        [
            one["dataset_id"],
            say.number(one["rows"]),
            printing.size(one["bytes"], say),
            f"{one['fetched_at'].astimezone():%Y-%m-%d %H:%M}",
            printing.cell(one["question"] or say("whole")),
            one["portal"],
        ]
        for one in entries
    ]
    heads = [say(key) for key in ("dataset", "rows", "size", "fetched", "question of", "portal")]
    printing.table(heads, rows, say, {1, 2})
    return OK


def _size(asked: argparse.Namespace) -> int:
    from bdxopendata import store as kept

    entries = [one for one in kept.list() if asked.dataset in (None, one["dataset_id"])]
    total = sum(int(one["bytes"]) for one in entries)
    if asked.json:
        printing.as_json({"entries": len(entries), "bytes": total})
    else:
        printing.lines(
            [asked.say("stored", count=asked.say.number(len(entries)), size=printing.size(total, asked.say))]
        )
    return OK


def _clear(asked: argparse.Namespace) -> int:
    from bdxopendata import store as kept

    removed = kept.clear(asked.dataset)
    if asked.json:
        printing.as_json({"removed": removed})
    else:
        printing.lines([asked.say("cleared", count=asked.say.number(removed))])
    return OK


_DO = {"list": _list, "size": _size, "clear": _clear}
