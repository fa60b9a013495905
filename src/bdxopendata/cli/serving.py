"""Sample data on this machine: ``stand-in`` serves them, ``demo`` shows the commands on them."""

from __future__ import annotations

import argparse
import shlex
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bdxopendata.cli.asking import Mistake
from bdxopendata.cli.statuses import ERROR, OK

if TYPE_CHECKING:
    from bdxopendata.cli.wording import Words

# Windows lets Ctrl-C through only between two waits.
WAIT_SECONDS = 0.5

SHOWN = (
    "search arbre",
    "schema ec_arbre_p",
    "head ec_arbre_p --where 'hauteur > 20' --order-by=-hauteur --limit 5",
    "get ec_arbre_p trees.gpkg --near -0.574,44.841,3000",
    "parking --near -0.574,44.841 --limit 5",
    "bridge",
    "topics births freq=Y --limit 5",
    "store list",
)


def add(commands: Any, say: Words) -> None:
    """Describe the commands."""
    one = commands.add("stand-in", stand_in, reads=False)
    one.add_argument("--port", type=port, default=0, help=say("help of --port"))
    commands.add("demo", demo, reads=False)


def stand_in(asked: argparse.Namespace) -> int:
    """Serve the stand-in portal; the first line printed is its address, for scripts to read."""
    from bdxopendata.testing import StandIn

    with interrupts() as stopped, StandIn(port=asked.port) as portal:
        print(portal.url, flush=True)
        print(asked.say("stand-in how", url=portal.url), flush=True)
        while not stopped.wait(WAIT_SECONDS):
            continue
    return OK


def demo(asked: argparse.Namespace) -> int:
    """Run some commands on the samples of the stand-in portal, in a folder that is gone afterwards."""
    import os
    from contextlib import chdir

    from bdxopendata.cli.running import main
    from bdxopendata.testing import StandIn

    print(asked.say("demo begins"))
    before = dict(os.environ)
    status = OK
    with tempfile.TemporaryDirectory() as folder, StandIn() as portal, chdir(folder):
        os.environ |= {"BDXOPENDATA_PORTAL": portal.url, "BDXOPENDATA_CACHE_DIR": str(Path(folder) / "store")}
        try:
            for one in SHOWN:
                print(f"\n$ bdx {one}", flush=True)
                if main(shlex.split(one)) != OK:
                    status = ERROR
        finally:
            os.environ.clear()
            os.environ.update(before)
    print(f"\n{asked.say('demo ends')}")
    return status


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C and a request to end set, in place of a traceback."""
    stopped = threading.Event()
    wanted = (signal.SIGINT, signal.SIGTERM)
    # Also where the shell started the command in the background with Ctrl-C ignored: whoever sends it means it.
    before = {one: signal.signal(one, lambda *_: stopped.set()) for one in wanted}
    try:
        yield stopped
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def port(text: str) -> int:
    """Read a port number."""
    if not text.isascii() or not text.isdigit() or not 0 <= int(text) <= 65_535:
        raise Mistake("mistake port", text)
    return int(text)
