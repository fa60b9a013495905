"""The gallery: analyses in ``examples/gallery``, run while the documentation is built, and made into pages.

A script of the gallery is a program that anyone can run. Its docstring is the title and the beginning of its page,
``# %% [markdown]`` begins prose, ``# %%`` begins code. Code is shown with what it prints, and what it saves as a
picture is there for the prose to show.

Here it runs against the stand-in portal, with the clock on one day, so that each build gives the same pages. Anything
that goes wrong in a script ends the build. ``mkdocs.yml`` names this file among its hooks.
"""

from __future__ import annotations

import ast
import io
import os
import re
import runpy
import sys
import tempfile
import textwrap
import traceback
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "gallery"
SCRIPTS = sorted(one for one in FOLDER.glob("*.py") if not one.name.startswith("_"))

# A Monday, two minutes after the samples were last refreshed.
NOW = datetime(2026, 6, 15, 10, 2, tzinfo=UTC)

_CELL = re.compile(r"^# %%(?P<prose> \[markdown\])?\n", re.MULTILINE)
_PICTURE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<name>[\w-]+\.png)\)")

FOOT = """
## Run it

The rows above are **samples** of the [stand-in portal](../guides/testing.md), made up for this documentation, and the
clock stood at 15 June 2026: numbers and shapes are no findings about Bordeaux. The code is the same for real rows.
[Download the script]({name}.py) and ask the real portal with

```sh
python {name}.py
```

or the stand-in portal, without a network: start `bdx stand-in` in another terminal, and

```sh
BDXOPENDATA_PORTAL=http://127.0.0.1:8000 python {name}.py
```
"""

INDEX = """---
title: Gallery
---

# Gallery

Ten questions, answered from the first line to the picture. Each page is a script, run against the
[stand-in portal](../guides/testing.md) while this site was built: **its rows are samples**, not findings about
Bordeaux. Each page says how to run it on the real portal, what to notice and where its limits are.

<div class="grid cards" markdown>

{cards}
</div>
"""


class GalleryError(Exception):
    """A script of the gallery failed; the build must not go on."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Prose, or code with the line on which it begins."""

    text: str
    line: int
    is_prose: bool


@dataclass(slots=True)
class Page:
    """A script that ran: its page, and the pictures that it saved."""

    name: str
    title: str
    text: str
    pictures: dict[str, bytes] = field(default_factory=dict)

    @property
    def first_picture(self) -> tuple[str, str]:
        """File name and description of the picture that the page shows first."""
        found = _PICTURE.search(self.text)
        assert found is not None, f"{self.name} shows no picture"
        return found["name"], found["alt"]


def cells(source: str) -> list[Cell]:
    """Cut a script into its cells; its docstring is not among them."""
    marks = list(_CELL.finditer(source))
    ends = [*(mark.start() for mark in marks[1:]), len(source)]
    found = []
    for mark, end in zip(marks, ends, strict=True):
        text, is_prose = source[mark.end() : end].strip("\n"), mark["prose"] is not None
        if is_prose:
            text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
        # One line for each line break before the cell's own, counted from 1.
        found.append(Cell(text, source.count("\n", 0, mark.end()) + 1, is_prose))
    return found


def run(script: Path) -> Page:
    """Run a script in the working folder, against the portal that the environment names, and write its page.

    Raises
    ------
    GalleryError
        If the script fails, with the line.
    """
    source = script.read_text(encoding="utf-8")
    title, _, opening = (ast.get_docstring(ast.parse(source)) or "").partition("\n")
    parts = [f"# {title.rstrip('.')}", opening.strip()]
    namespace: dict[str, Any] = {"__name__": "__main__", "__file__": str(script)}
    for cell in cells(source):
        parts.append(cell.text if cell.is_prose else f"```python\n{cell.text}\n```")
        if not cell.is_prose:
            output = _ran(cell, script, namespace)
            parts += [f"```text\n{output}```"] if output else []
    return Page(script.stem, title.rstrip("."), "\n\n".join(parts) + "\n", pictures())


def _ran(cell: Cell, script: Path, namespace: dict[str, Any]) -> str:
    out = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, redirect_stdout(out):
        warnings.simplefilter("always")
        # As Python itself does: what is deprecated inside of a library is for those who write it.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("always", category=DeprecationWarning, module="__main__")
        try:
            # Empty lines before the code, so that a traceback names the line of the script.
            exec(compile("\n" * (cell.line - 1) + cell.text, str(script), "exec"), namespace)
        except Exception as error:
            raise GalleryError(f"{script.name} failed:\n{traceback.format_exc()}") from error
    said = [line for one in caught for line in textwrap.wrap(f"{one.category.__name__}: {one.message}", 96)]
    return "".join(f"{line.rstrip()}\n" for line in [*out.getvalue().splitlines(), *said])


def pictures() -> dict[str, bytes]:
    """Read the pictures in the working folder."""
    return {one.name: one.read_bytes() for one in sorted(Path().glob("*.png"))}


@contextmanager
def portal() -> Iterator[None]:
    """Serve the samples, make the clock stand on their day, and begin in a folder of its own for each script."""
    import matplotlib as mpl
    import pandas as pd
    import time_machine

    from bdxopendata.testing import StandIn

    before = dict(os.environ)
    with ExitStack() as held:
        held.callback(lambda: (os.environ.clear(), os.environ.update(before)))
        held.enter_context(time_machine.travel(NOW, tick=True))
        held.enter_context(pd.option_context("display.width", 100, "display.max_columns", 10))
        held.enter_context(mpl.rc_context({"savefig.dpi": 90, "font.size": 10}))
        mpl.use("Agg")
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        served = held.enter_context(StandIn())
        os.environ |= {"BDXOPENDATA_PORTAL": served.url, "BDXOPENDATA_CACHE_DIR": str(folder / "store")}
        yield


def run_all(scripts: list[Path]) -> list[Page]:
    """Run these scripts, each in an empty folder, or one that ``_<script>.py`` beside it has prepared."""
    from matplotlib import pyplot as plt

    made = []
    with portal():
        for script in scripts:
            with tempfile.TemporaryDirectory() as folder, chdir(folder):
                before = script.with_name(f"_{script.name}")
                if before.exists():
                    runpy.run_path(str(before), run_name="__main__")
                made.append(run(script))
                plt.close("all")
    return made


def cards(pages: list[Page]) -> str:
    """Write a card for each page: its title and its first picture."""
    written = []
    for page in pages:
        name, alt = page.first_picture
        written.append(
            f"-   [![{alt}]({name}){{ loading=lazy }}]({page.name}.md)\n\n    **[{page.title}]({page.name}.md)**\n"
        )
    return "\n".join(written)


def on_files(files: Any, config: Any) -> Any:
    """Give mkdocs the pages of the gallery (it calls this by its name)."""
    from mkdocs.exceptions import PluginError
    from mkdocs.structure.files import File

    try:
        pages = run_all(SCRIPTS)
    except GalleryError as error:
        raise PluginError(str(error)) from error
    made: dict[str, str | bytes] = {"index.md": INDEX.format(cards=cards(pages))}
    for page in pages:
        made[f"{page.name}.md"] = page.text + FOOT.format(name=page.name)
        made[f"{page.name}.py"] = (FOLDER / f"{page.name}.py").read_bytes()
        made |= page.pictures
    for name, content in made.items():
        files.append(File.generated(config, f"gallery/{name}", content=content))
    return files


if __name__ == "__main__":
    # For a look at pages without building the site.
    for one in run_all([Path(name).resolve() for name in sys.argv[1:]] or SCRIPTS):
        sys.stdout.write(f"{one.text}\n")
        for file, content in one.pictures.items():
            Path(file).write_bytes(content)
