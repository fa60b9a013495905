"""The command ``bdx``, a thin reader of what the library has: one function a command.

What a command needs is imported by the command, so that ``bdx --help`` answers at once. An error is one line on the
error output and status 1; a traceback is only ever a mistake in the library.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bdxopendata.errors import BdxOpenDataError, excerpt

# Windows lets Ctrl-C through only between two waits.
WAIT_SECONDS = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command named in `arguments` (by default those of the process) and return its exit status."""
    asked = parser().parse_args(arguments)
    try:
        status: int = asked.run(asked)
    except (BdxOpenDataError, OSError, ValueError) as error:
        print(f"bdx: {excerpt(str(error), 600)}", file=sys.stderr)
        return 1
    return status


def parser() -> argparse.ArgumentParser:
    """Describe the commands; adding one is adding its words here and its function below."""
    from bdxopendata import __version__

    bdx = argparse.ArgumentParser(prog="bdx", description="The open data of Bordeaux Métropole, from the terminal.")
    bdx.add_argument("--version", action="version", version=f"bdx {__version__}")
    commands = bdx.add_subparsers(title="commands", metavar="COMMAND", required=True)

    about = "serve a stand-in portal with sample rows on this machine, until Ctrl-C"
    one = commands.add_parser("stand-in", help=about, description=f"{about[0].upper()}{about[1:]}.")
    one.add_argument("--port", type=port, default=0, help="port to listen on; by default any free one")
    one.set_defaults(run=stand_in)

    about = "compare what the topics expect with the portal; status 1 where it drifted"
    one = commands.add_parser("check", help=about, description=f"{about[0].upper()}{about[1:]}.")
    one.add_argument("topics", nargs="*", metavar="TOPIC", help="topics to check; by default all")
    one.set_defaults(run=check)
    return bdx


def stand_in(asked: argparse.Namespace) -> int:
    """Serve the stand-in portal; the first line printed is its address, for scripts to read."""
    from bdxopendata.testing import StandIn

    with interrupts() as stopped, StandIn(port=asked.port) as portal:
        print(portal.url, flush=True)
        print(
            f"Sample rows, no real data. Use it with: BDXOPENDATA_PORTAL={portal.url} python your_script.py"
            " (Ctrl-C stops it)",
            flush=True,
        )
        while not stopped.wait(WAIT_SECONDS):
            continue
    return 0


def check(asked: argparse.Namespace) -> int:
    """Print what differs between the contracts and the portal, and a line for each topic that does not."""
    from bdxopendata.topics import check as checks

    findings = checks.check(*asked.topics)
    print(checks.table(findings))
    return 1 if len(checks.drifted(findings)) else 0


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
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {number}")
    return number


if __name__ == "__main__":
    sys.exit(main())
