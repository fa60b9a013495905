"""The page of commands, whose outputs are what the commands print.

A line of a ``console`` block that begins with ``$ bdx`` runs against the samples; what follows it is its output. Blocks
with ``{.console .example}`` do not run. Run as a program, this writes the outputs anew:

    python tests/support/terminal_page.py
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import pages  # the folder above is found by the line before

PAGE = pages.ROOT / "docs" / "guides" / "terminal.md"

_BLOCK = re.compile(r"^```console\n(?P<lines>.*?)^```\n", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ bdx (?P<line>.*)\n", re.MULTILINE)


def blocks(text: str) -> list[re.Match[str]]:
    """Find the blocks that run."""
    return list(_BLOCK.finditer(text))


def rewritten(text: str) -> str:
    """Give the text of the page with what its commands print now."""
    with tempfile.TemporaryDirectory() as folder, pages.stand_in_environment(Path(folder)):
        outputs = iter(list(_printed(text)))
    return _BLOCK.sub(lambda _: f"```console\n{next(outputs)}```\n", text)


def _printed(text: str) -> Iterator[str]:
    from bdxopendata.cli import main

    for name in ("LC_MESSAGES", "LANG", "LANGUAGE", "CI"):
        os.environ.pop(name, None)
    os.environ["COLUMNS"] = "100"
    for block in blocks(text):
        shown = ""
        for command in _COMMAND.finditer(block["lines"]):
            line, out = command["line"], io.StringIO()
            words = shlex.split(line)
            # A shell would take these as the environment of the command.
            os.environ["LC_ALL"] = "C"
            # argparse ends the process after help and mistakes.
            with redirect_stdout(out), redirect_stderr(out), suppress(SystemExit):
                main(words)
            shown += f"$ bdx {line}\n{_steady(out.getvalue())}"
        yield shown


def _steady(text: str) -> str:
    return pages.shown(re.sub(r"is \d+ days old", "is 160 days old", text))


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
