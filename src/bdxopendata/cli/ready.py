"""Ready questions about Bordeaux: ``topics``, ``parking``, ``bridge``, ``check``, ``record``."""

from __future__ import annotations

import argparse
import inspect
import re
from typing import TYPE_CHECKING, Any

from bdxopendata.cli import asking, fetching, printing
from bdxopendata.cli.serving import interrupts
from bdxopendata.cli.statuses import ERROR, NOTHING_FOUND, OK

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from bdxopendata.cli.wording import Words
    from bdxopendata.errors import BdxOpenDataError

TOPICS = (
    "bikes",
    "births",
    "bridge_closures",
    "deaths",
    "facilities",
    "first_names",
    "parking",
    "pools",
    "population_change",
    "subsidies",
    "traffic",
    "trees",
    "waste_collection",
)
LIVE = ("parking", "bikes", "traffic", "pools")
ROWS = 20
# Arguments that mean something only in Python.
NOT_HERE = ("catalog", "stale_after")
UNITS = {"": 1, "s": 1, "min": 60, "m": 60, "h": 3600}


def add(commands: Any, say: Words) -> None:
    """Describe the commands."""
    one = commands.add("topics", topics, epilog=say("epilog of topics"))
    one.add_argument("topic", nargs="?", choices=TOPICS, metavar=say("TOPIC"), help=say("help of topic"))
    one.add_argument("arguments", nargs="*", type=asking.pair, metavar=say("PAIR"), help=say("help of topic arguments"))
    one.add_argument("-o", "--output", metavar=say("FILE"), help=say("help of --output"))
    asking.add_limit(one, say)

    one = commands.add("parking", parking)
    one.add_argument("--near", type=asking.numbers(2, 3), metavar="LON,LAT[,METRES]", help=say("help of parking near"))
    one.add_argument("--min-free", type=asking.count, metavar="N", help=say("help of --min-free"))
    asking.add_limit(one, say, default=10)

    one = commands.add("bridge", bridge)
    asking.add_limit(one, say, default=5)

    one = commands.add("check", check)
    one.add_argument("topics", nargs="*", metavar=say("TOPIC"), help=say("help of checked topics"))

    one = commands.add("record", record)
    one.add_argument("topic", choices=LIVE, metavar=say("TOPIC"), help=say("help of live topic", known=", ".join(LIVE)))
    one.add_argument("folder", metavar=say("FOLDER"), help=say("help of record folder"))
    one.add_argument("--every", type=duration, required=True, metavar=say("DURATION"), help=say("help of --every"))
    one.add_argument("--times", type=asking.count, metavar="N", help=say("help of --times"))


def topics(asked: argparse.Namespace) -> int:
    """List the topics, or ask one."""
    if asked.topic is None:
        return _list(asked)
    import bdxopendata

    topic = getattr(bdxopendata, asked.topic)
    rows = topic(**_arguments(topic, asked), catalog=asking.catalog_of(asked))
    if asked.output:
        from bdxopendata import saving

        target = fetching.target_of(asked.output, None, asked.topic, asked.say)
        saving.save(rows, target)
        size = printing.size(target.stat().st_size, asked.say)
        printing.lines([asked.say("saved", file=fetching.shown(target), rows=asked.say.rows(len(rows)), size=size)])
    elif asked.json:
        printing.as_json(printing.records(rows if asked.limit is None else rows.head(asked.limit)))
    else:
        _print(rows.reset_index() if rows.index.name else rows, asked)
    return OK if len(rows) else NOTHING_FOUND


def _list(asked: argparse.Namespace) -> int:
    import bdxopendata

    say = asked.say
    known = {name: [*_parameters(getattr(bdxopendata, name))] for name in TOPICS}
    if asked.json:
        printing.as_json([{"topic": name, "about": say(f"topic {name}"), "arguments": known[name]} for name in TOPICS])
    else:
        rows = [[name, say(f"topic {name}"), " ".join(f"{one}=" for one in known[name])] for name in TOPICS]
        printing.table([say("topic"), say("about"), say("arguments")], rows, say)
    return OK


def _parameters(topic: Callable[..., Any]) -> dict[str, str]:
    """Arguments of a topic that can be typed, and what they are, as the function says."""
    given = inspect.signature(topic).parameters.values()
    return {one.name: str(one.annotation) for one in given if one.name not in NOT_HERE}


def _arguments(topic: Callable[..., Any], asked: argparse.Namespace) -> dict[str, Any]:
    known = _parameters(topic)
    given: dict[str, Any] = {}
    for name, text in asked.arguments:
        if name not in known:
            raise ValueError(asked.say("no argument", topic=asked.topic, name=name, known=", ".join(known)))
        given[name] = value(text, known[name])
    needed = [
        one.name
        for one in inspect.signature(topic).parameters.values()
        if one.default is inspect.Parameter.empty and one.name not in given
    ]
    if needed:
        raise ValueError(asked.say("argument needed", topic=asked.topic, name=needed[0]))
    return given


def value(text: str, annotation: str) -> Any:
    """Read what was typed as what the function takes; what cannot be read is left for the function to refuse."""
    if "bool" in annotation:
        return {"true": True, "yes": True, "oui": True, "false": False, "no": False, "non": False}.get(
            text.lower(), text
        )
    if "Sequence[" in annotation or "tuple[" in annotation or "Texts" in annotation:
        parts = [value(one, annotation.partition("[")[2] or "str") for one in text.split(",")]
        return parts[0] if len(parts) == 1 else tuple(parts) if "tuple[" in annotation else parts
    if annotation == "date | None":
        from datetime import date

        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    kinds: list[type[int] | type[float]] = [int] if "int" in annotation or "When" in annotation else []
    kinds += [float] if "float" in annotation else []
    for kind in kinds:
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _print(rows: pd.DataFrame, asked: argparse.Namespace) -> None:
    if len(rows):
        printing.frame(rows, asked.say, limit=ROWS if asked.limit is None else asked.limit)
    else:
        printing.lines([asked.say("no row")])


def parking(asked: argparse.Namespace) -> int:
    """Print car parks with the places that are free, the nearest first or the one with most places."""
    from bdxopendata.topics.parking import nearest
    from bdxopendata.topics.parking import parking as parks

    near = asked.near if asked.near and len(asked.near) == 3 else None
    rows = parks(min_free=asked.min_free, near=near, catalog=asking.catalog_of(asked))
    if asked.near and len(rows):
        rows = nearest(rows, asked.near[0], asked.near[1], max(asked.limit, 1)).head(asked.limit)
    else:
        rows = rows.sort_values("free", ascending=False, kind="stable").head(asked.limit)
    if asked.json:
        printing.as_json(printing.records(rows))
        return OK if len(rows) else NOTHING_FOUND
    heads = {name: asked.say(f"parking {name}") for name in ("name", "free", "capacity", "distance", "observed_at")}
    shown = rows[[name for name in heads if name in rows]]
    observed = ["" if moment != moment else _clock(moment, asked.say) for moment in shown["observed_at"]]
    _print(shown.assign(observed_at=observed).rename(columns=heads), asked)
    return OK if len(rows) else NOTHING_FOUND


def bridge(asked: argparse.Namespace) -> int:
    """Print whether the Chaban-Delmas bridge is closed now, and when it closes next."""
    from datetime import UTC, datetime

    from bdxopendata.topics.bridge import bridge_closures, is_closed, upcoming

    say, now = asked.say, datetime.now(UTC)
    closures = bridge_closures(catalog=asking.catalog_of(asked))
    coming = upcoming(closures, at=now, n=asked.limit)
    closed, partly = is_closed(now, frame=closures), is_closed(now, partly=True, frame=closures)
    if asked.json:
        printing.as_json({"closed": closed, "partly_closed": partly, "upcoming": printing.records(coming)})
        return OK
    printing.lines([say("bridge closed" if closed else "bridge partly" if partly else "bridge open")])
    if len(coming):
        rows = [
            [
                _clock(one.start, say),
                _clock(one.end, say),
                say("total" if one.total else "partial"),
                printing.cell(one.boats),
            ]
            for one in coming.itertuples()
        ]
        printing.lines(["", say("next closures")])
        printing.table([say(key) for key in ("closes", "opens", "closure", "boats")], rows, say)
    else:
        printing.lines([say("no closure")])
    return OK


def _clock(moment: Any, say: Words) -> str:
    return f"{moment:%d/%m/%Y %H:%M}" if say.language == "fr" else f"{moment:%Y-%m-%d %H:%M}"


def check(asked: argparse.Namespace) -> int:
    """Print what differs between the contracts and the portal, and a line for each topic that does not."""
    from bdxopendata.topics import check as checks

    findings = checks.check(*asked.topics, catalog=asking.catalog_of(asked))
    if asked.json:
        printing.as_json(printing.records(findings))
    else:
        printing.lines([checks.table(findings)])
    return ERROR if len(checks.drifted(findings)) else OK


def record(asked: argparse.Namespace) -> int:
    """Append what a live topic says to a folder, until Ctrl-C."""
    from bdxopendata.topics.recording import record as recording

    def told(error: BdxOpenDataError) -> None:
        import sys

        from bdxopendata.cli.wording import LONGEST, error_text
        from bdxopendata.errors import excerpt

        print(f"bdx: {excerpt(error_text(error, asked.say), LONGEST)}", file=sys.stderr)

    with interrupts() as stopped:
        if not asked.json:
            print(asked.say("recording", topic=asked.topic, folder=asked.folder), flush=True)
        done = recording(
            asked.topic,
            asked.folder,
            every=asked.every,
            times=asked.times,
            stop=stopped,
            on_error=told,
            catalog=asking.catalog_of(asked),
        )
    if asked.json:
        printing.as_json(
            {name: getattr(done, name) for name in ("polls", "failures", "new", "known")} | {"folder": str(done.path)}
        )
    else:
        number = asked.say.number
        printing.lines(
            [asked.say("recorded", polls=number(done.polls), new=number(done.new), failures=number(done.failures))]
        )
    return OK


def duration(text: str) -> float:
    """Read seconds, or a number with ``s``, ``m`` (minutes) or ``h``."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|m|h)?", text.strip().lower())
    if found is None or not float(found[1]):
        raise asking.Mistake("mistake duration", text)
    return float(found[1]) * UNITS[found[2] or ""]
