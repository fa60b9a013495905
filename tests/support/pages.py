"""Pages whose Python blocks run, and whose outputs are what the blocks print.

The blocks of a page run top to bottom in one namespace, against the portal that the environment names. A ``text``
block right after one is its output. Run as a program, this writes the outputs of all pages anew:

    python tests/support/pages.py
"""

from __future__ import annotations

import io
import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = sorted(page for page in (ROOT / "docs").rglob("*.md") if "```python\n" in page.read_text(encoding="utf-8"))

# Only plain fences run; {.python .no-run} does not, and {.text .example} is not compared.
_BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:\n^```text\n(?P<output>.*?)^```\n)?", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One Python block, where it begins, and the output shown after it."""

    code: str
    output: str | None
    line: int


def blocks(page: Path) -> list[Block]:
    """Read the blocks of a page that run."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(found["code"], found["output"], text.count("\n", 0, found.start()) + 2) for found in _BLOCK.finditer(text)
    ]


def printed(page: Path) -> Iterator[tuple[Block, str]]:
    """Run the blocks of a page and give what each printed."""
    import pandas as pd

    namespace: dict[str, Any] = {"__name__": "__main__"}
    with _own_log(), warnings.catch_warnings(), pd.option_context("display.width", 100, "display.max_columns", 12):
        warnings.simplefilter("default")
        for block in blocks(page):
            out = io.StringIO()
            # Empty lines before the code, so that a traceback names the line of the page.
            code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
            with redirect_stdout(out):
                exec(code, namespace)
            yield block, shown(out.getvalue())


@contextmanager
def _own_log() -> Iterator[None]:
    """Take back what a page sets up for the log."""
    log = logging.getLogger("bdxopendata")
    level, handlers = log.level, [*log.handlers]
    try:
        yield
    finally:
        log.setLevel(level)
        log.handlers[:] = handlers


def shown(text: str) -> str:
    """Bring an output to the form in which pages show it: the same port and day each time, no blanks at line ends."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8000", text)
    text = re.sub(r"(fetched on |urldate = {)[\d-]{10}", r"\g<1>2026-06-16", text)
    text = re.sub(r"consulté le \d+(er)? \w+ \d{4}", "consulté le 16 juin 2026", text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@contextmanager
def stand_in_environment(folder: Path) -> Iterator[None]:
    """Serve the samples and point the environment at them, with `folder` for files and the store."""
    from bdxopendata.testing import StandIn

    before = dict(os.environ)
    with StandIn() as portal, chdir(folder):
        os.environ |= {"BDXOPENDATA_PORTAL": portal.url, "BDXOPENDATA_CACHE_DIR": str(folder / "store")}
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def rewrite(page: Path) -> None:
    """Put what the blocks print into the page."""
    with tempfile.TemporaryDirectory() as folder, stand_in_environment(Path(folder)):
        outputs = iter([output for _, output in printed(page)])

    def renewed(found: re.Match[str]) -> str:
        output = next(outputs)
        whole = found.group()
        if found["output"] is None:
            return whole
        start = found.start("output") - found.start()
        return f"{whole[:start]}{output}{whole[start + len(found['output']) :]}"

    page.write_text(_BLOCK.sub(renewed, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    for one in [Path(name).resolve() for name in sys.argv[1:]] or PAGES:
        rewrite(one)
        sys.stdout.write(f"{one.relative_to(ROOT)}\n")
