"""The commands and their options: what ``bdx --help`` tells, in the language of the person."""

from __future__ import annotations

import argparse
import shutil
from typing import Any

from bdxopendata.cli import completing, fetching, finding, ready, serving, stored
from bdxopendata.cli.statuses import USAGE
from bdxopendata.cli.wording import Words

GROUPS = (finding, fetching, ready, stored, serving, completing)


class Parser(argparse.ArgumentParser):
    """A parser with the headings of the language, whose mistakes are one line with the way out."""

    words: Words

    def __init__(self, *, words: Words, **options: Any) -> None:
        options.setdefault("formatter_class", Formatter)
        super().__init__(add_help=False, allow_abbrev=False, **options)
        self.words = words
        self.add_argument("-h", "--help", action="help", help=words("help of help"))

    def error(self, message: str) -> Any:
        """Refuse what was typed."""
        said = " ".join(message.split()).rstrip(".")
        self.exit(USAGE, f"bdx: {said}. {self.words('see help', command=self.prog)}\n")


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, and no wider than is good to read; lines of the end stay as they are."""

    def __init__(self, prog: str, **options: Any) -> None:
        width = min(max(shutil.get_terminal_size().columns - 1, 40), 100)
        super().__init__(prog, max_help_position=26, width=width, **options)
        # Commands stand further in than argparse reckons.
        self._action_max_length = 14


def parser(say: Words) -> argparse.ArgumentParser:
    """Describe all commands; each group adds its own."""
    bdx = Parser(prog="bdx", description=say("bdx"), epilog=say("bdx epilog"), words=say)
    bdx.add_argument("--version", action="version", version=f"bdx {_version()}", help=say("help of version"))
    _common(bdx, {"portal": None, "offline": False, "json": False})
    commands = bdx.add_subparsers(title=say("commands"), metavar=say("COMMAND"), required=True, dest="command")
    for group in GROUPS:
        group.add(Commands(commands, say), say)
    return bdx


class Commands:
    """Adds commands, each with what all of them take."""

    def __init__(self, commands: Any, say: Words) -> None:
        self._commands, self._say = commands, say

    def add(self, name: str, run: Any, *, reads: bool = True, epilog: str | None = None) -> argparse.ArgumentParser:
        """Add a command; those that read take the portal and JSON."""
        about = self._say(f"help of {name}")
        one: argparse.ArgumentParser = self._commands.add_parser(
            name, help=about, description=f"{about[0].upper()}{about[1:]}.", epilog=epilog, words=self._say
        )
        one.set_defaults(run=run)
        if reads:
            _common(one, dict.fromkeys(("portal", "offline", "json"), argparse.SUPPRESS), self._say)
        return one


def _common(one: argparse.ArgumentParser, defaults: dict[str, Any], say: Words | None = None) -> None:
    # Before the command they are taken and not shown, since each command shows them.
    def told(key: str) -> str:
        return say(key) if say else argparse.SUPPRESS

    group = one.add_argument_group(say("common options")) if say else one
    group.add_argument("--portal", metavar="URL", default=defaults["portal"], help=told("help of --portal"))
    group.add_argument("--offline", action="store_true", default=defaults["offline"], help=told("help of --offline"))
    group.add_argument("--json", action="store_true", default=defaults["json"], help=told("help of --json"))


def _version() -> str:
    from bdxopendata import __version__

    return __version__
